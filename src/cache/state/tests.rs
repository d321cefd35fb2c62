//! The table of states: what a read does, and what each outcome of a refresh makes of it.

mod by_hand;
mod policies;

use super::*;

#[derive(Clone, Debug, PartialEq)]
struct Value {
    name: &'static str,
    expiry: Option<WallTime>,
    stale_servable: bool,
    stale: bool,
    asks_for: Option<&'static str>,
}

impl Perishable for Value {
    fn expiry(&self) -> Option<WallTime> {
        self.expiry
    }
    fn mark(&self) -> u64 {
        self.name.bytes().fold(0, |mark, byte| mark << 8 | u64::from(byte))
    }
    fn is_stale_servable(&self) -> bool {
        self.stale_servable
    }
    fn marked_stale(&self) -> Self {
        Self { stale: true, ..self.clone() }
    }
    fn is_stale(&self) -> bool {
        self.stale
    }
    fn origin(&self) -> String {
        self.name.to_owned()
    }
    fn asks_for(&self) -> Option<&str> {
        self.asks_for
    }
}

const fn at(seconds: i64) -> WallTime {
    WallTime::from_unix(seconds, 0)
}

/// An hour's credentials, obtained at 0: advisory from 2700, mandatory from 3540, expired from 3600.
fn value(name: &'static str, stale_servable: bool) -> Value {
    Value { name, expiry: Some(at(3600)), stale_servable, stale: false, asks_for: None }
}

fn failure(kind: FailureKind) -> Error {
    Failure::new(kind, "test", "failed").into()
}

const TRANSIENT: FailureKind = FailureKind::Unavailable;
const PERMANENT: FailureKind = FailureKind::Refused;
const DRAWS: Draws = Draws { window: 0.0, pause: 1.0 };

fn arrival(now: i64, policy: &RefreshPolicy) -> Arrival<'_> {
    Arrival { now: at(now), policy, draws: DRAWS, rejected: &[], look_after: None }
}

fn after(snapshot: &Snapshot<Value>, outcome: Result<Value, Error>, now: i64) -> Snapshot<Value> {
    snapshot.landed(outcome, Departure::default(), &arrival(now, &RefreshPolicy::default()))
}

fn fresh(stale_servable: bool) -> Snapshot<Value> {
    after(&Snapshot::empty(), Ok(value("a", stale_servable)), 0)
}

/// A decision in one word, for the tables.
fn read(snapshot: &Snapshot<Value>, now: i64) -> &'static str {
    read_by(&RefreshPolicy::default(), snapshot, now)
}

fn read_by(policy: &RefreshPolicy, snapshot: &Snapshot<Value>, now: i64) -> &'static str {
    match snapshot.decide(at(now), policy) {
        Decision::Serve { refresh: false, .. } => "serve",
        Decision::Serve { refresh: true, .. } => "serve, refresh behind",
        Decision::ServeStale { refresh: false, .. } => "stale",
        Decision::ServeStale { refresh: true, .. } => "stale, refresh behind",
        Decision::Join { patience: Patience::ToTheEnd } => "wait to the end",
        Decision::Join { patience: Patience::WhileValid { .. } } => "wait while valid",
        Decision::Join { patience: Patience::PastExpiry } => "wait past expiry",
        Decision::Fail(_) => "fail",
    }
}

#[test]
fn reads_without_any_failure() {
    assert_eq!(read(&Snapshot::empty(), 0), "wait to the end");
    for (now, custom, servable) in [
        (0, "serve", "serve"),
        (2699, "serve", "serve"),
        (2700, "serve, refresh behind", "serve, refresh behind"),
        (3539, "serve, refresh behind", "serve, refresh behind"),
        (3540, "wait while valid", "wait while valid"),
        (3599, "wait while valid", "wait while valid"),
        (3600, "wait to the end", "wait past expiry"),
        (99_999, "wait to the end", "wait past expiry"),
    ] {
        assert_eq!(read(&fresh(false), now), custom, "{now}");
        assert_eq!(read(&fresh(true), now), servable, "{now}");
    }
}

#[test]
fn reads_after_a_failure() {
    // failure at, of kind, stale servable; then reads
    type Reads = &'static [(i64, &'static str)];
    let cases: [(i64, FailureKind, bool, Reads); 8] = [
        (
            2700,
            TRANSIENT,
            false,
            &[(2700, "serve"), (2701, "serve, refresh behind"), (3540, "wait while valid")],
        ),
        (2700, PERMANENT, false, &[(2700, "serve"), (2701, "serve, refresh behind")]),
        (3540, TRANSIENT, false, &[(3540, "serve"), (3541, "wait while valid"), (3600, "wait to the end")]),
        (3540, PERMANENT, false, &[(3540, "fail"), (3544, "fail"), (3545, "wait while valid")]),
        (3600, TRANSIENT, false, &[(3600, "fail"), (3601, "wait to the end")]),
        (3600, TRANSIENT, true, &[(3600, "stale"), (3659, "stale"), (3660, "stale, refresh behind")]),
        (3600, PERMANENT, false, &[(3600, "fail"), (3604, "fail"), (3605, "wait to the end")]),
        (3600, PERMANENT, true, &[(3600, "fail"), (3604, "fail"), (3605, "wait past expiry")]),
    ];
    for (failed_at, kind, stale_servable, reads) in cases {
        let snapshot = after(&fresh(stale_servable), Err(failure(kind)), failed_at);
        for (now, expected) in reads {
            assert_eq!(
                read(&snapshot, *now),
                *expected,
                "{kind:?} at {failed_at}, stale {stale_servable}, read at {now}"
            );
        }
    }
}

#[test]
fn a_failure_with_nothing_in_hand_is_remembered_for_a_moment() {
    for (kind, until) in [(TRANSIENT, 1), (PERMANENT, 5)] {
        let snapshot = after(&Snapshot::empty(), Err(failure(kind)), 0);
        assert_eq!(read(&snapshot, 0), "fail");
        assert_eq!(read(&snapshot, until), "wait to the end");
        assert!(snapshot.in_hand(at(0), &RefreshPolicy::default()).is_none());
    }
}

#[test]
fn a_success_forgets_the_failures() {
    let failed = after(&after(&fresh(false), Err(failure(TRANSIENT)), 2700), Err(failure(TRANSIENT)), 2710);
    assert_eq!(failed.trouble().unwrap().failures, 2);
    let healed = after(&failed, Ok(Value { expiry: Some(at(9000)), ..value("b", false) }), 2720);
    assert!(healed.trouble().is_none());
    assert_eq!(healed.held().unwrap().value.name, "b");
    assert_eq!(read(&healed, 2720), "serve");
}

#[test]
fn what_may_be_returned_without_waiting() {
    let policy = RefreshPolicy::default();
    let never = RefreshPolicy::default().stale(crate::cache::StaleRule::Never);
    let shown = |value: Option<Value>| value.map(|value| value.stale);
    for (snapshot, now, policy, in_hand, make_do) in [
        (fresh(false), 3599, &policy, Some(false), Some(false)),
        (fresh(false), 3600, &policy, None, None),
        (fresh(true), 3600, &policy, Some(true), Some(true)),
        (fresh(true), 3600, &never, None, None),
        (after(&fresh(true), Err(failure(TRANSIENT)), 3550), 3550, &policy, Some(false), Some(false)),
        // Raised to those who wait; a program that cannot wait keeps what is valid.
        (after(&fresh(true), Err(failure(PERMANENT)), 3550), 3550, &policy, Some(false), None),
        (after(&fresh(true), Err(failure(PERMANENT)), 3550), 3600, &policy, Some(true), None),
    ] {
        assert_eq!(shown(snapshot.in_hand(at(now), policy)), in_hand, "in hand at {now}");
        assert_eq!(shown(snapshot.make_do(at(now), policy)), make_do, "making do at {now}");
    }
}

#[test]
fn rejected_goes_the_mandatory_way_and_is_kept() {
    let rejected = fresh(false).rejected();
    assert!(rejected.quiet(at(1)).is_none());
    assert_eq!(read(&rejected, 1), "wait while valid");
    let failed = after(&rejected, Err(failure(TRANSIENT)), 1);
    assert_eq!(read(&failed, 1), "serve");
    // A running pause stays.
    let paused = after(&fresh(false), Err(failure(TRANSIENT)), 2700).rejected();
    assert_eq!(read(&paused, 2700), "serve");
}

#[test]
fn a_rejection_is_lost_only_to_a_flight_that_knew_of_it_or_to_another_key() {
    let rejected = fresh(false).rejected();
    let land = |name, knew_of_rejection| {
        let value = Value { expiry: Some(at(7200)), ..value(name, false) };
        let departure = Departure { knew_of_rejection, ..Departure::default() };
        rejected.landed(Ok(value), departure, &arrival(10, &RefreshPolicy::default()))
    };
    assert!(land("a", false).held().unwrap().rejected);
    assert!(!land("a", true).held().unwrap().rejected);
    assert!(!land("b", false).held().unwrap().rejected);
    // The repetition is not asked for again at once.
    assert_eq!(read(&land("a", false), 11), "serve");
    assert_eq!(read(&land("a", false), 70), "wait while valid");
}

#[test]
fn without_an_expiry_nothing_is_ever_due() {
    let forever = after(&Snapshot::empty(), Ok(Value { expiry: None, ..value("a", false) }), 0);
    assert_eq!(read(&forever, i64::MAX / 2_000_000_000), "serve");
    assert!(forever.quiet(WallTime::NEVER.minus(Duration::from_secs(1))).is_some());
}

#[test]
fn an_expired_answer_is_a_failure_that_may_heal() {
    let snapshot = after(&fresh(false), Ok(value("b", false)), 3600);
    assert_eq!(snapshot.held().unwrap().value.name, "a");
    assert!(
        snapshot
            .trouble()
            .unwrap()
            .error
            .to_string()
            .starts_with("b: answered with credentials that expired at 1970-01-01T01:00:00Z")
    );
}

#[test]
fn the_common_read_agrees_with_the_decision() {
    // Every snapshot of the tables above, at every second that matters.
    let snapshots = [
        Snapshot::empty(),
        fresh(true),
        fresh(false).rejected(),
        after(&fresh(true), Err(failure(TRANSIENT)), 2700),
        after(&fresh(true), Err(failure(PERMANENT)), 3545),
    ];
    for snapshot in snapshots {
        for now in (0..4000).step_by(5) {
            if snapshot.quiet(at(now)).is_some() {
                assert_eq!(read(&snapshot, now), "serve", "{now}");
            }
        }
    }
}

#[test]
fn a_clock_that_steps_back_ends_pauses() {
    let failed = after(&Snapshot::empty(), Err(failure(PERMANENT)), 10_000);
    assert_eq!(read(&failed, 10_000), "fail");
    assert_eq!(read(&failed, 9_999), "fail", "a clock that is slewed was not turned back");
    assert_eq!(read(&failed, 9_000), "wait to the end");
}

#[test]
fn files_that_changed_are_read_behind_the_reads_and_kept_if_they_cannot_be() {
    let policy = RefreshPolicy::default();
    let arrival = Arrival { look_after: Some(Duration::from_secs(60)), ..arrival(0, &policy) };
    let forever = Value { expiry: None, ..value("a", false) };
    let held = Snapshot::empty().landed(Ok(forever), Departure::default(), &arrival);
    assert!(!held.is_look_due(at(59)) && held.is_look_due(at(60)));
    assert!(held.quiet(at(59)).is_some() && held.quiet(at(60)).is_none());
    assert_eq!(read(&held, 60), "serve");
    assert_eq!(held.due_at(at(0), &policy), at(60));
    let unchanged = held.unchanged(at(120));
    assert_eq!(unchanged.due_at(at(60), &policy), at(120));
    let changed = held.changed();
    assert_eq!(read(&changed, 60), "serve, refresh behind");
    assert!(changed.due_at(at(60), &policy) <= at(60) && !changed.is_look_due(at(60)));
    // Half a file: a permanent failure by its kind, but the next reading may be whole.
    for policy in [RefreshPolicy::default(), RefreshPolicy::aws()] {
        let failed = changed.landed(
            Err(failure(FailureKind::Misconfigured)),
            Departure::default(),
            &Arrival { now: at(60), policy: &policy, ..arrival },
        );
        assert_eq!(read_by(&policy, &failed, 60), "serve");
        assert!(failed.make_do(at(60), &policy).is_some());
    }
}

#[test]
fn a_rejection_during_a_flight_is_not_lost_where_nothing_is_held_yet() {
    let policy = RefreshPolicy::default();
    let rejected = [value("b", false).mark()];
    let arrival = Arrival { rejected: &rejected, ..arrival(0, &policy) };
    let land = |name| Snapshot::empty().landed(Ok(value(name, false)), Departure::default(), &arrival);
    assert!(land("b").held().unwrap().rejected);
    assert!(!land("c").held().unwrap().rejected);
}

#[test]
fn what_is_already_in_its_window_is_not_asked_for_in_a_loop() {
    let short = Value { expiry: Some(at(2)), ..value("a", true) };
    let window = RefreshPolicy::default().advisory_window(Duration::from_secs(3600));
    // Half the lifetime is the limit of ours; the window of AWS reaches back to before the credentials came.
    for (policy, expected) in [(window, "serve"), (RefreshPolicy::aws(), "wait while valid")] {
        let held = Snapshot::empty().landed(Ok(short.clone()), Departure::default(), &arrival(0, &policy));
        assert_eq!(read_by(&policy, &held, 0), expected);
    }
}

#[test]
fn longer_lasting_ones_are_asked_for_if_the_source_can_give_them_and_not_at_each_call() {
    let policy = RefreshPolicy::default();
    let held = fresh(false);
    let short = |snapshot: &Snapshot<Value>, now| {
        shortfall(&snapshot.held().unwrap().value, at(now), Duration::from_secs(3600))
    };
    assert_eq!(short(&held, 0), Duration::ZERO);
    assert_eq!(short(&held, 600), Duration::from_secs(600));
    assert!(!held.may_last_longer(at(359), &policy));
    assert!(held.may_last_longer(at(360), &policy));
    let failed = after(&held, Err(failure(TRANSIENT)), 360);
    assert!(!failed.may_last_longer(at(360), &policy), "a source that is left alone is");
    // A source that repeats itself gives nothing longer.
    let repeated = after(&held, Ok(value("a", false)), 360);
    assert!(!repeated.may_last_longer(at(361), &policy) && !repeated.may_last_longer(at(640), &policy));
    assert!(!held.may_last_longer(at(1000), &RefreshPolicy::on_demand()));
    let forever = after(&Snapshot::empty(), Ok(Value { expiry: None, ..value("a", false) }), 0);
    assert_eq!(short(&forever, 99_999), Duration::ZERO);
}

#[test]
fn what_is_due_without_a_read_is_what_a_read_would_find_due() {
    for policy in [RefreshPolicy::default(), RefreshPolicy::aws()] {
        let after = |snapshot: &Snapshot<Value>, outcome, now| {
            snapshot.landed(outcome, Departure::default(), &arrival(now, &policy))
        };
        let held = after(&Snapshot::empty(), Ok(value("a", true)), 0);
        for (snapshot, known_at) in [
            (Snapshot::empty(), 0),
            (after(&Snapshot::empty(), Err(failure(TRANSIENT)), 0), 0),
            (after(&Snapshot::empty(), Err(failure(PERMANENT)), 0), 0),
            (held.clone(), 0),
            (held.clone(), 3000),
            (held.rejected(), 1),
            (after(&held, Err(failure(TRANSIENT)), 2700), 2700),
            (after(&held, Err(failure(PERMANENT)), 2700), 2700),
            (after(&held, Err(failure(TRANSIENT)), 3700), 3700),
            (after(&held, Ok(value("a", true)), 2700), 2700),
            // The clock was set back: pauses that begin in the future are none.
            (after(&Snapshot::empty(), Err(failure(PERMANENT)), 10_000), 0),
            (after(&held.rejected(), Err(failure(TRANSIENT)), 3000), 0),
            (after(&held, Ok(value("a", true)), 2700).rejected(), 0),
        ] {
            let is_due = |now: WallTime| match snapshot.decide(now, &policy) {
                Decision::Join { .. } => true,
                Decision::Serve { refresh, .. } | Decision::ServeStale { refresh, .. } => refresh,
                Decision::Fail(_) => false,
            };
            let now = at(known_at);
            let due_at = snapshot.due_at(now, &policy);
            assert!(is_due(due_at.max(now)), "{snapshot:?} at {due_at}");
            if due_at > now {
                assert!(!is_due(due_at.minus(Duration::from_millis(1))), "{snapshot:?} before {due_at}");
            }
        }
    }
}
