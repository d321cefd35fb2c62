//! Who starts when.

use super::*;

const fn at(seconds: i64) -> WallTime {
    WallTime::from_unix(seconds, 0)
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What is kept here is the name of its source.
fn start(agenda: &mut Agenda<&'static str>, now: i64) -> Vec<u64> {
    let mut started = agenda.start(at(now), s(now.unsigned_abs()), |kept| kept);
    started.sort_unstable();
    started
}

#[test]
fn each_starts_when_it_is_due_and_not_twice() {
    let mut agenda = Agenda::new();
    agenda.add(1, "sts", at(10));
    agenda.add(2, "sts", at(20));
    assert_eq!(agenda.pause(at(0)), Some(s(10)));
    assert!(start(&mut agenda, 9).is_empty());
    assert_eq!(start(&mut agenda, 10), [1]);
    assert!(start(&mut agenda, 19).is_empty());
    assert_eq!(agenda.pause(at(19)), Some(s(1)));
    assert_eq!(start(&mut agenda, 25), [2]);
    assert_eq!(agenda.pause(at(25)), None);
    agenda.down(1, at(100));
    agenda.down(2, at(50));
    assert_eq!(agenda.pause(at(25)), Some(s(25)));
    assert_eq!(start(&mut agenda, 100), [1, 2]);
}

#[test]
fn what_changes_its_mind_moves() {
    let mut agenda = Agenda::new();
    agenda.add(1, "sts", at(1000));
    agenda.due(1, at(5));
    assert_eq!(start(&mut agenda, 5), [1]);
    // Up: when it is due again is known when it is down.
    agenda.due(1, at(6));
    assert!(start(&mut agenda, 100).is_empty());
    agenda.down(1, at(2000));
    agenda.due(1, WallTime::NEVER);
    assert!(start(&mut agenda, 5000).is_empty());
}

#[test]
fn whatever_a_policy_says_nobody_is_asked_more_than_once_a_second() {
    let mut agenda = Agenda::new();
    agenda.add(1, "sts", WallTime::ALWAYS_PAST);
    assert_eq!(start(&mut agenda, 10), [1]);
    agenda.down(1, WallTime::ALWAYS_PAST);
    assert!(start(&mut agenda, 10).is_empty());
    assert_eq!(agenda.pause(at(10)), Some(s(1)));
    assert_eq!(start(&mut agenda, 11), [1]);
}

#[test]
fn a_source_is_asked_at_a_pace() {
    let mut agenda = Agenda::new();
    for number in 0..10_000 {
        agenda.add(number, "sts", at(0));
    }
    let mut started = 0;
    for tenth in 0..=100 {
        for number in agenda.start(at(0), Duration::from_millis(100 * tenth), |kept| kept) {
            started += 1;
            agenda.down(number, WallTime::NEVER);
        }
    }
    // Ten seconds, and the burst before them.
    assert_eq!(started, 2050);
    let pause = agenda.pause(at(0)).unwrap();
    assert!(pause >= Duration::from_millis(5) && pause <= Duration::from_millis(100), "{pause:?}");
}

#[test]
fn flights_are_bounded_by_source_and_in_all() {
    let mut agenda = Agenda::new();
    for number in 0..1000 {
        agenda.add(number, ["sts", "imds", "custom"][usize::try_from(number % 3).unwrap()], at(0));
    }
    let mut up = Vec::new();
    for second in 0..60 {
        up.extend(agenda.start(at(0), s(second), |kept| kept));
    }
    assert_eq!(up.len(), UP_MAX);
    assert!(agenda.pause(at(0)).is_none(), "nothing to do before one of them lands");
    let of = |number: &u64| usize::try_from(number % 3).unwrap();
    let mut by_source = [0; 3];
    for number in &up {
        by_source[of(number)] += 1;
    }
    assert!(by_source.iter().all(|up| *up <= LANE_UP_MAX), "{by_source:?}");
    // One that is removed gives its place up, as one does that lands.
    agenda.remove(up[0]);
    agenda.down(up[1], WallTime::NEVER);
    assert_eq!(agenda.start(at(0), s(100), |kept| kept).len(), 2);
}

#[test]
fn one_source_that_hangs_leaves_room_for_another() {
    let mut agenda = Agenda::new();
    for number in 0..500 {
        agenda.add(number, "hangs", at(0));
    }
    for second in 0..60 {
        agenda.start(at(0), s(second), |kept| kept);
    }
    agenda.add(1000, "works", at(0));
    assert_eq!(agenda.start(at(0), s(61), |kept| kept), [1000]);
}

#[test]
fn what_is_removed_never_starts() {
    let mut agenda = Agenda::new();
    for number in 0..200 {
        agenda.add(number, "sts", at(0));
    }
    let first = agenda.start(at(0), s(0), |kept| kept);
    for number in (0..200).filter(|number| !first.contains(number)) {
        agenda.remove(number);
    }
    assert!(agenda.start(at(0), s(100), |kept| kept).is_empty());
    assert!(agenda.get(first[0]).is_some() && !agenda.is_empty());
    for number in &first {
        agenda.remove(*number);
    }
    assert!(agenda.is_empty() && agenda.pause(at(0)).is_none());
}

#[test]
fn a_clock_that_is_set_back_puts_nothing_off() {
    let mut agenda = Agenda::new();
    agenda.add(1, "sts", at(100_000));
    agenda.add(2, "sts", at(100_000));
    assert_eq!(start(&mut agenda, 100_000), [1, 2]);
    agenda.down(1, at(100_060));
    agenda.reconsider(|_| at(50));
    agenda.down(2, at(50));
    assert_eq!(start(&mut agenda, 50), [1, 2]);
}
