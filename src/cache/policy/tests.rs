//! The table of windows and the pacing of failures, case by case.
#![allow(clippy::unwrap_used, clippy::unchecked_time_subtraction, reason = "tests")]

use super::*;
use crate::error::{Error, Failure, FailureKind};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn windows_follow_the_lifetime() {
    let cases = [
        // lifetime, advisory before expiry, mandatory before expiry
        (s(15 * 60), s(5 * 60), s(60)),
        (s(20 * 60), s(5 * 60), s(60)),
        (s(20 * 60 + 1), s(601) - ms(500), s(60)), // half the lifetime is less than 15 min
        (s(30 * 60), s(15 * 60), s(60)),
        (s(60 * 60), s(15 * 60), s(60)),
        (s(90 * 60) - ms(1), s(15 * 60), s(60)),
        (s(90 * 60), s(45 * 60), s(60)), // half the lifetime is less than an hour
        (s(2 * 3600), s(3600), s(60)),
        (s(6 * 3600), s(3600), s(60)),
        (s(60), s(30), s(6)),
        (s(10), s(5), s(1)),
        (s(1), ms(500), ms(100)),
        (Duration::ZERO, Duration::ZERO, Duration::ZERO),
    ];
    for (lifetime, advisory, mandatory) in cases {
        let windows = RefreshPolicy::default().windows(lifetime, true, 0.0);
        assert_eq!(windows, Windows { advisory, mandatory }, "{lifetime:?}");
    }
}

#[test]
fn a_fleet_spreads_over_a_tenth_of_the_window_and_only_earlier() {
    let at = |draw| RefreshPolicy::default().windows(s(3600), true, draw).advisory;
    assert_eq!(at(0.0), s(900));
    assert_eq!(at(0.5), s(945));
    assert_eq!(at(1.0), s(990));
    // A draw out of range, or not a number, moves nothing out of range.
    assert_eq!(at(7.0), s(990));
    assert_eq!(at(-1.0), s(900));
}

#[test]
fn a_window_of_the_users_replaces_the_table_within_reason() {
    let with = |window| RefreshPolicy::default().advisory_window(window).windows(s(3600), true, 0.0);
    assert_eq!(with(s(600)), Windows { advisory: s(600), mandatory: s(60) });
    assert_eq!(with(s(7200)).advisory, s(1800));
    assert_eq!(with(Duration::ZERO), Windows { advisory: s(1), mandatory: s(1) });
    assert_eq!(with(s(30)), Windows { advisory: s(30), mandatory: s(30) });
}

/// The shortest and the longest pause of a case.
fn pauses(policy: &RefreshPolicy, kind: FailureKind, failures: u32, in_hand: InHand) -> (Duration, Duration) {
    let error = Error::from(Failure::new(kind, "x", "y"));
    let may_heal = error.is_transient();
    let pause =
        |draw| policy.pause(&AfterFailure { error: &error, may_heal, failures, in_hand }, draw).unwrap();
    (pause(0.0), pause(1.0))
}

#[test]
fn failures_are_paced_by_what_is_left() {
    use FailureKind::{Refused, Throttled, Unavailable};
    let valid = |left| InHand::Valid { left, mandatory: false, steady: false };
    let mandatory = |left| InHand::Valid { left, mandatory: true, steady: false };
    let stale = |outage| InHand::Stale { outage };
    let cases = [
        // Doubling from one second, while there is time.
        (Unavailable, 0, valid(s(900)), (ms(500), s(1))),
        (Unavailable, 1, valid(s(900)), (s(1), s(2))),
        (Unavailable, 5, valid(s(900)), (s(16), s(32))),
        // Up to a quarter of what is left, at most 300 s and at least 5 s.
        (Unavailable, 9, valid(s(400)), (s(50), s(100))),
        (Unavailable, 30, valid(s(100_000)), (s(150), s(300))),
        (Unavailable, 200, valid(s(100_000)), (s(150), s(300))),
        (Unavailable, 9, valid(s(8)), (ms(2500), s(5))),
        (Unavailable, 9, mandatory(s(40)), (s(5), s(10))),
        // What only a person can mend is asked as seldom while it does not matter yet, then raised and remembered.
        (Refused, 0, valid(s(900)), (ms(500), s(1))),
        (Refused, 9, mandatory(s(40)), (s(1), s(5))),
        (Refused, 9, mandatory(s(2)), (s(1), s(2))),
        (Refused, 0, InHand::Nothing, (s(1), s(5))),
        (Refused, 0, stale(s(60)), (s(1), s(5))),
        // Nothing in hand.
        (Unavailable, 0, InHand::Nothing, (ms(50), ms(100))),
        (Unavailable, 3, InHand::Nothing, (ms(400), ms(800))),
        (Unavailable, 60, InHand::Nothing, (ms(2500), s(5))),
        // Past expiry the pause grows with the outage.
        (Unavailable, 4, stale(Duration::ZERO), (s(30), s(60))),
        (Unavailable, 4, stale(s(600)), (s(60), s(120))),
        (Unavailable, 4, stale(s(36_000)), (s(90), s(180))),
        // Throttled without saying until when.
        (Throttled, 0, valid(s(900)), (s(300), s(330))),
        (Throttled, 0, valid(s(100)), (s(50), s(55))),
        (Throttled, 0, mandatory(s(8)), (s(5), ms(5500))),
        (Throttled, 0, stale(s(900)), (s(300), s(330))),
        (Throttled, 3, InHand::Nothing, (ms(400), ms(800))),
    ];
    for (kind, failures, in_hand, expected) in cases {
        let policy = RefreshPolicy::default();
        assert_eq!(pauses(&policy, kind, failures, in_hand), expected, "{kind:?} {failures} {in_hand:?}");
    }
}

#[test]
fn retry_after_counts_up_to_five_minutes() {
    for (asked, shortest, longest) in [(s(20), s(20), s(22)), (s(4000), s(300), s(330)), (s(0), s(0), s(0))] {
        let error = Error::from(Failure::new(FailureKind::Unavailable, "x", "y").with_retry_after(asked));
        let after = AfterFailure { error: &error, may_heal: true, failures: 0, in_hand: InHand::Nothing };
        assert_eq!(RefreshPolicy::default().pause(&after, 0.0), Some(shortest));
        assert_eq!(RefreshPolicy::default().pause(&after, 1.0), Some(longest));
    }
}

#[test]
fn a_read_waits_five_seconds_at_most_and_never_into_the_last_five() {
    let cases = [
        // left until expiry, flight's age, patience
        (s(60), s(0), s(5)),
        (s(60), s(2), s(3)),
        (s(60), s(9), s(0)),
        (s(8), s(0), s(3)),
        (s(5), s(0), s(0)),
        (s(1), s(0), s(0)),
    ];
    for (left, elapsed, expected) in cases {
        let patience = Patience::WhileValid { left };
        assert_eq!(
            RefreshPolicy::default().patience(patience, elapsed),
            Some(expected),
            "{left:?} {elapsed:?}"
        );
        // By AWS's rules as long as the source takes.
        assert_eq!(RefreshPolicy::aws().patience(patience, elapsed), None);
    }
    assert_eq!(RefreshPolicy::default().patience(Patience::PastExpiry, s(2)), Some(s(3)));
    assert_eq!(RefreshPolicy::default().patience(Patience::ToTheEnd, s(2)), None);
}

#[test]
fn a_repetition_is_left_alone_for_a_quarter_of_what_is_left() {
    for (left, pause) in [(s(300), s(60)), (s(40), s(10)), (s(2), s(1)), (s(1_000_000), s(60)), (s(0), s(1))]
    {
        assert_eq!(RefreshPolicy::default().pause_after_repetition(left), pause, "{left:?}");
        assert_eq!(RefreshPolicy::aws().pause_after_repetition(left), Duration::ZERO);
    }
}

#[test]
fn windows_of_aws_are_its_table_to_the_letter() {
    let cases = [
        // lifetime, served past expiry, window set by the user, advisory, mandatory
        (s(10 * 60), true, None, s(5 * 60), s(60)),
        (s(20 * 60), true, None, s(5 * 60), s(60)),
        (s(20 * 60 + 1), true, None, s(15 * 60), s(60)),
        (s(90 * 60) - ms(1), true, None, s(15 * 60), s(60)),
        (s(90 * 60), true, None, s(3600), s(60)),
        (s(6 * 3600), true, None, s(3600), s(60)),
        // No shrinking: what lives as short as its window is due from the beginning.
        (s(60), true, None, s(300), s(60)),
        (s(3600), true, Some(s(120)), s(120), s(60)),
        (s(3600), true, Some(s(30)), s(30), s(30)),
        (s(3600), true, Some(s(7200)), s(7200), s(60)),
        // Kept until shortly before expiry, whatever the window.
        (s(3600), false, None, s(10), s(10)),
        (s(3600), false, Some(s(120)), s(10), s(10)),
    ];
    for (lifetime, stale_servable, set, advisory, mandatory) in cases {
        let policy = match set {
            Some(window) => RefreshPolicy::aws().advisory_window(window),
            None => RefreshPolicy::aws(),
        };
        for draw in [0.0, 0.5, 1.0] {
            let windows = policy.windows(lifetime, stale_servable, draw);
            assert_eq!(
                windows,
                Windows { advisory, mandatory },
                "{lifetime:?} {stale_servable} {set:?} {draw}"
            );
        }
    }
}

#[test]
fn pauses_of_aws_ask_for_nothing_but_the_kind_of_failure() {
    use FailureKind::{Refused, Throttled, Unavailable};
    let valid = |steady| InHand::Valid { left: s(900), mandatory: false, steady };
    for kind in [Unavailable, Throttled] {
        for failures in [0, 9] {
            let pauses = |in_hand| pauses(&RefreshPolicy::aws(), kind, failures, in_hand);
            assert_eq!(pauses(valid(true)), (s(300), s(600)));
            assert_eq!(pauses(InHand::Stale { outage: s(9000) }), (s(300), s(600)));
            assert_eq!(pauses(valid(false)), (s(0), s(0)));
            assert_eq!(pauses(InHand::Nothing), (s(0), s(0)));
        }
    }
    for in_hand in [valid(true), valid(false), InHand::Nothing, InHand::Stale { outage: s(0) }] {
        assert_eq!(pauses(&RefreshPolicy::aws(), Refused, 3, in_hand), (s(1), s(5)));
    }
    let error = Error::from(Failure::new(Unavailable, "x", "y").with_retry_after(s(20)));
    let after = AfterFailure { error: &error, may_heal: true, failures: 0, in_hand: valid(true) };
    assert_eq!(RefreshPolicy::aws().pause(&after, 0.0), Some(s(300)), "no Retry-After in its table");
}

#[test]
fn what_a_person_withholds_is_not_asked_for_again() {
    let withheld = Error::from(Failure::new(FailureKind::Withheld, "x", "y"));
    let failed = Error::from(Failure::new(FailureKind::Unavailable, "x", "y"));
    let pause = |policy: RefreshPolicy, error| {
        policy.pause(&AfterFailure { error, may_heal: true, failures: 0, in_hand: InHand::Nothing }, 0.0)
    };
    assert_eq!(pause(RefreshPolicy::default(), &withheld), None);
    assert_eq!(pause(RefreshPolicy::aws(), &withheld), None);
    // On demand nothing follows by itself, whatever the failure.
    assert_eq!(pause(RefreshPolicy::on_demand(), &failed), None);
}
