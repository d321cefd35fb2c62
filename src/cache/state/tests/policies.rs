//! The same table under the other named policies.

use super::*;

/// Reads at these seconds, and what each does.
type Reads = &'static [(i64, &'static str)];

/// By AWS's rules: an hour's credentials obtained at 0.
fn after_by_aws(snapshot: &Snapshot<Value>, outcome: Result<Value, Error>, now: i64) -> Snapshot<Value> {
    snapshot.landed(outcome, Departure::default(), &arrival(now, &RefreshPolicy::aws()))
}

#[test]
fn reads_by_the_rules_of_aws() {
    let aws = RefreshPolicy::aws();
    let served = after_by_aws(&Snapshot::empty(), Ok(value("a", true)), 0);
    let cached = after_by_aws(&Snapshot::empty(), Ok(value("a", false)), 0);
    for (now, expected_served, expected_cached) in [
        (2699, "serve", "serve"),
        (2700, "serve, refresh behind", "serve"),
        (3539, "serve, refresh behind", "serve"),
        (3540, "wait while valid", "serve"),
        (3589, "wait while valid", "serve"),
        (3590, "wait while valid", "wait while valid"),
        (3600, "wait past expiry", "wait to the end"),
    ] {
        assert_eq!(read_by(&aws, &served, now), expected_served, "{now}");
        assert_eq!(read_by(&aws, &cached, now), expected_cached, "{now}");
    }
    let cases: [(i64, FailureKind, bool, Reads); 7] = [
        // The pause is 600 s here, whatever becomes of the credentials.
        (2700, TRANSIENT, true, &[(2701, "serve"), (3299, "serve"), (3300, "serve, refresh behind")]),
        (
            3540,
            TRANSIENT,
            true,
            &[(3541, "serve"), (3600, "stale"), (4139, "stale"), (4140, "stale, refresh behind")],
        ),
        (3600, TRANSIENT, true, &[(3600, "stale"), (4199, "stale"), (4200, "stale, refresh behind")]),
        (3590, TRANSIENT, false, &[(3590, "wait while valid"), (3600, "wait to the end")]),
        (2700, PERMANENT, true, &[(2700, "fail"), (2704, "fail"), (2705, "serve, refresh behind")]),
        (3540, PERMANENT, true, &[(3544, "fail"), (3545, "wait while valid")]),
        (3600, PERMANENT, true, &[(3604, "fail"), (3605, "wait past expiry")]),
    ];
    for (failed_at, kind, stale_servable, reads) in cases {
        let before = if stale_servable { &served } else { &cached };
        let snapshot = after_by_aws(before, Err(failure(kind)), failed_at);
        for (now, expected) in reads {
            assert_eq!(read_by(&aws, &snapshot, *now), *expected, "{kind:?} at {failed_at}, read at {now}");
        }
    }
    let empty = after_by_aws(&Snapshot::empty(), Err(failure(TRANSIENT)), 0);
    assert_eq!(read_by(&aws, &empty, 0), "wait to the end", "the next call tries again at once");
    assert!(empty.trouble().unwrap().error.next_attempt().is_none());
    let refused = after_by_aws(&Snapshot::empty(), Err(failure(PERMANENT)), 0);
    assert_eq!(read_by(&aws, &refused, 4), "fail");
    assert_eq!(read_by(&aws, &refused, 5), "wait to the end");
    // Raised to the one that waited, although what is in hand is valid.
    let raised = after_by_aws(&served, Err(failure(PERMANENT)), 2700);
    assert!(raised.make_do(at(2700), &aws).is_none() && raised.in_hand(at(2700), &aws).is_some());
}

#[test]
fn on_demand_nothing_follows_by_itself() {
    let policy = RefreshPolicy::on_demand();
    let after = |snapshot: &Snapshot<Value>, outcome, now| {
        snapshot.landed(outcome, Departure::default(), &arrival(now, &policy))
    };
    assert_eq!(read_by(&policy, &Snapshot::empty(), 0), "wait to the end");
    let held = after(&Snapshot::empty(), Ok(value("a", true)), 0);
    assert_eq!(read_by(&policy, &held, 3599), "serve");
    assert_eq!(read_by(&policy, &held, 3600), "fail");
    let Decision::Fail(error) = held.decide(at(3600), &policy) else { panic!("served") };
    assert_eq!(
        error.to_string(),
        "a: the credentials expired at 1970-01-01T01:00:00Z, and this cache never renews them by itself; \
         call `renew()` where somebody means it"
    );
    assert_eq!(read_by(&policy, &held.rejected(), 1), "fail");
    assert_eq!(held.due_at(at(0), &policy), WallTime::NEVER);
    for kind in [TRANSIENT, PERMANENT] {
        let failed = after(&Snapshot::empty(), Err(failure(kind)), 0);
        assert_eq!(read_by(&policy, &failed, i64::MAX / 2_000_000_000), "fail");
        // Not even a clock that is turned back asks again.
        assert_eq!(read_by(&policy, &failed, -100_000), "fail");
        assert!(failed.trouble().unwrap().next_attempt().is_none());
        // What is valid is served on; then the failure is the answer.
        let renewal_failed = after(&held, Err(failure(kind)), 100);
        assert_eq!(read_by(&policy, &renewal_failed, 200), "serve");
        assert!(
            matches!(renewal_failed.decide(at(3600), &policy), Decision::Fail(error) if error.to_string() == "test: failed")
        );
    }
}

#[test]
fn a_gate_that_refused_is_not_asked_again_by_any_policy() {
    for policy in [RefreshPolicy::default(), RefreshPolicy::aws()] {
        let after = |snapshot: &Snapshot<Value>, outcome, now| {
            snapshot.landed(outcome, Departure::default(), &arrival(now, &policy))
        };
        let refused = after(&Snapshot::empty(), Err(failure(FailureKind::Withheld)), 0);
        assert_eq!(read_by(&policy, &refused, 1_000_000), "fail");
        assert_eq!(refused.due_at(at(0), &policy), WallTime::NEVER);
    }
    let while_valid = after(&fresh(false), Err(failure(FailureKind::Withheld)), 2700);
    assert_eq!(read(&while_valid, 3539), "serve");
    assert_eq!(read(&while_valid, 3540), "fail");
}
