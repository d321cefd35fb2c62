//! The same table, where a person has to give something for each value.

use super::*;

/// As [`value`], and the next one needs a code.
fn by_hand(name: &'static str) -> Value {
    Value { asks_for: Some("a code"), ..value(name, false) }
}

fn failed(snapshot: &Snapshot<Value>, person: Person, asked_by: AskedBy, now: i64) -> Snapshot<Value> {
    let departure = Departure { asked_by, ..Departure::default() };
    let error = failure(FailureKind::Withheld).with_person(person);
    snapshot.landed(Err(error), departure, &arrival(now, &RefreshPolicy::default()))
}

#[test]
fn a_value_that_needs_a_person_is_kept_to_its_end_and_left_alone() {
    let policies = [RefreshPolicy::default(), RefreshPolicy::aws(), RefreshPolicy::on_demand()];
    for policy in policies {
        let look = Arrival { look_after: Some(Duration::from_secs(60)), ..arrival(0, &policy) };
        let held = Snapshot::empty().landed(Ok(by_hand("a")), Departure::default(), &look);
        for now in [0, 2700, 3540, 3599] {
            assert_eq!(read_by(&policy, &held, now), "serve", "{now}");
            assert!(!held.is_look_due(at(now)) && !held.may_last_longer(at(now), &policy), "{now}");
            assert!(!held.waits_for_renewal(at(now), &policy), "{now}");
        }
        assert_eq!(held.due_at(at(0), &policy), WallTime::NEVER);
        for over in [held.clone(), held.rejected()] {
            assert_eq!(read_by(&policy, &over, 3600), "fail");
            assert_eq!(over.due_at(at(3600), &policy), WallTime::NEVER);
            assert_eq!(over.waits_for_renewal(at(3600), &policy), policy.renews());
        }
        assert_eq!(read_by(&policy, &held.rejected(), 1), "fail");
    }
}

#[test]
fn what_it_says_after_its_end() {
    let held = after(&Snapshot::empty(), Ok(by_hand("a")), 0);
    let policy = RefreshPolicy::default();
    let says = |snapshot: &Snapshot<Value>| match snapshot.decide(at(3600), &policy) {
        Decision::Fail(error) => error.to_string(),
        _ => panic!("served"),
    };
    let over = "a: the credentials expired at 1970-01-01T01:00:00Z, and new ones need a code, for which nobody is asked \
                unbidden; call `renew()` where somebody can give it";
    assert_eq!(says(&held), over);
    // A renewal that failed before anybody was asked has nothing to do with it.
    assert_eq!(says(&after(&held, Err(failure(TRANSIENT)), 100)), over);
    assert_eq!(says(&failed(&held, Person::Asked, AskedBy::Renewal, 100)), "test: failed");
}

#[test]
fn an_empty_cache_asks_again_only_for_somebody_who_asks_for_more() {
    for (person, asked_by, expected) in [
        (Person::Unasked, AskedBy::Nobody, "wait to the end"),
        (Person::Unasked, AskedBy::FirstRead, "fail"),
        (Person::Unasked, AskedBy::Renewal, "fail"),
        (Person::Asked, AskedBy::FirstRead, "fail"),
        (Person::Asked, AskedBy::Nobody, "fail"),
    ] {
        let empty = failed(&Snapshot::empty(), person, asked_by, 0);
        assert_eq!(read(&empty, 0), expected, "{person:?} {asked_by:?}");
        // Schedulers look again whether it has been given meanwhile, but not where a person was asked.
        let due = empty.due_at(at(0), &RefreshPolicy::default());
        assert_eq!(due, if person == Person::Unasked { at(60) } else { WallTime::NEVER });
        assert_eq!(empty.waits_for_renewal(at(0), &RefreshPolicy::default()), expected == "fail");
    }
}

#[test]
fn what_is_made_from_it_is_served_to_its_own_end_and_not_past_it() {
    for policy in [RefreshPolicy::default(), RefreshPolicy::aws()] {
        let error = || failure(FailureKind::Withheld).with_person(Person::Unasked);
        let before =
            Snapshot::empty().landed(Ok(value("a", true)), Departure::default(), &arrival(0, &policy));
        for now in [2700, 3540, 3599] {
            let failed = before.landed(Err(error()), Departure::default(), &arrival(now, &policy));
            assert_eq!(read_by(&policy, &failed, now), "serve", "{now}");
            assert!(failed.make_do(at(now), &policy).is_some(), "{now}");
        }
        let failed = before.landed(Err(error()), Departure::default(), &arrival(3600, &policy));
        assert_eq!(read_by(&policy, &failed, 3600), "fail");
        assert!(failed.make_do(at(3600), &policy).is_none());
        // Soon somebody looks again.
        assert_eq!(read_by(&policy, &failed, 3660), "wait past expiry");
    }
}
