//! What was seen so far, and what follows from it by the rules in `docs/design.md`: written anew, not taken from the cache.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use aws_credential_chain::{FailureKind, SourceKind};
use tokio::time::Instant;

use crate::plan::{Name, Plan};

/// Timers go by milliseconds.
pub(crate) const TOLERANCE: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub(crate) struct Ledger {
    plan: std::sync::Arc<Plan>,
    /// Of all runtimes before this one, and the beginning of this one.
    before: Duration,
    began: Option<Instant>,
    pub(crate) up: u32,
    pub(crate) calls: u32,
    /// The last key.
    pub(crate) key: u32,
    /// Expiry and lifetime of each key, as it was given last.
    pub(crate) given: HashMap<u32, (Option<SystemTime>, Duration)>,
    pub(crate) held: Option<Held>,
    failures: u32,
    first_failure: SystemTime,
    /// When the last call ended, and how long after it the next one may begin: `None`, not before somebody wants it.
    quiet: Option<(Duration, Option<Duration>, &'static str)>,
    /// Somebody wants a call whatever the pause: renew, forget, a clock that was set.
    pub(crate) forced: bool,
    /// Somebody wants other credentials than those in hand, which may be fresh.
    pub(crate) wanted: bool,
    /// The flight that is up was forgotten.
    pub(crate) unkept: bool,
    pub(crate) rejected: HashSet<u32>,
    /// Whatever changes the meaning of a read that is waiting.
    pub(crate) upheavals: u32,
    pub(crate) complaint: Option<String>,
    /// Kept only if somebody wants to read it.
    pub(crate) trace: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) key: u32,
    pub(crate) expiry: Option<SystemTime>,
    pub(crate) lifetime: Duration,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Gave { key: u32, expiry: Option<SystemTime>, repeated: bool },
    Failed(FailureKind),
    Wants(Duration),
    NotConfigured,
}

impl Ledger {
    pub(crate) fn new(plan: std::sync::Arc<Plan>, traced: bool) -> Self {
        Self {
            plan,
            before: Duration::ZERO,
            began: None,
            up: 0,
            calls: 0,
            key: 0,
            given: HashMap::new(),
            held: None,
            failures: 0,
            first_failure: SystemTime::UNIX_EPOCH,
            quiet: None,
            forced: false,
            wanted: false,
            unkept: false,
            rejected: HashSet::new(),
            upheavals: 0,
            complaint: None,
            trace: traced.then(Vec::new),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.before + self.began.map_or(Duration::ZERO, |began| began.elapsed())
    }

    /// Another runtime goes on.
    pub(crate) fn runtime_begins(&mut self) {
        self.began = Some(Instant::now());
    }

    pub(crate) fn runtime_ends(&mut self) {
        self.before = self.elapsed();
        self.began = None;
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        let at = self.elapsed();
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>14.3} s  {}", at.as_secs_f64(), what()));
        }
    }

    pub(crate) fn complain(&mut self, what: String) {
        self.note(|| format!("BROKEN: {what}"));
        self.complaint.get_or_insert(what);
    }

    /// The source is asked.
    pub(crate) fn begins(&mut self, now: SystemTime) {
        self.calls += 1;
        self.up += 1;
        if self.up > 1 {
            self.complain(format!("{} flights at once", self.up));
        }
        let at = self.elapsed();
        if let Some((ended, pause, why)) = self.quiet.filter(|_| !self.forced) {
            match pause {
                None => self.complain(format!("asked again by itself after {why}")),
                Some(pause) if at + TOLERANCE < ended + pause => {
                    let after = at - ended;
                    self.complain(format!("asked again {after:?} after {why}, and not after {pause:?}"));
                }
                Some(_) => {}
            }
        }
        if !self.forced && !self.wanted && self.is_fresh(now) {
            self.complain("asked although what is in hand is fresh".to_owned());
        }
    }

    /// It has answered, or was given up.
    pub(crate) fn ends(&mut self, now: SystemTime, end: End) {
        self.note(|| format!("source: {end:?}"));
        self.up -= 1;
        let (forced, wanted) = (std::mem::take(&mut self.forced), std::mem::take(&mut self.wanted));
        if std::mem::take(&mut self.unkept) {
            // Whatever was forgotten may be wanted again.
            (self.forced, self.wanted) = (forced, wanted);
            return;
        }
        let at = self.elapsed();
        match end {
            End::Gave { key, expiry, repeated } if expiry.is_none_or(|expiry| expiry > now) => {
                let left = left(expiry, now);
                self.failures = 0;
                self.held = Some(Held { key, expiry, lifetime: left });
                let pause = match self.plan.rules.name {
                    Name::Ours if repeated => (left / 4).clamp(SECOND, 60 * SECOND).min(left),
                    _ => Duration::ZERO,
                };
                self.quiet = Some((at, Some(pause), "it repeated itself"));
            }
            _ => {
                let failures = self.failures;
                if failures == 0 {
                    self.first_failure = now;
                }
                self.quiet = Some((at, self.least_pause(now, end, failures), "it failed"));
                self.failures += 1;
            }
        }
    }

    pub(crate) fn clock_was_set(&mut self) {
        self.forced = true;
        self.upheavals += 1;
    }

    pub(crate) fn forget(&mut self, flight_is_up: bool) {
        self.held = None;
        self.failures = 0;
        self.quiet = None;
        self.unkept |= flight_is_up;
        self.upheavals += 1;
    }

    /// By our rules: neither past the advisory instant, as early as it may lie, nor without an end in sight.
    fn is_fresh(&self, now: SystemTime) -> bool {
        let Some(held) = self.held.filter(|held| !self.rejected.contains(&held.key)) else { return false };
        if self.plan.rules.name != Name::Ours {
            return false;
        }
        let window = self.plan.rules.window.unwrap_or(match held.lifetime.as_secs() {
            0..=1200 => 300 * SECOND,
            1201..5400 => 900 * SECOND,
            _ => 3600 * SECOND,
        });
        let window = window.max(SECOND).min(held.lifetime / 2);
        left(held.expiry, now) > window.mul_f64(1.1) + TOLERANCE
    }

    /// The table "Pacing", with the draw that makes it shortest.
    fn least_pause(&self, now: SystemTime, end: End, failures: u32) -> Option<Duration> {
        let rules = &self.plan.rules;
        let kind = match end {
            End::Failed(kind) => kind,
            End::Gave { .. } => FailureKind::Expired,
            End::Wants(_) | End::NotConfigured => FailureKind::Unavailable,
        };
        if rules.name == Name::OnDemand || kind == FailureKind::Withheld {
            return None;
        }
        let servable = self.plan.kind != SourceKind::Custom;
        let stale = servable && !rules.never_stale;
        let left = self.held.map(|held| left(held.expiry, now));
        let heals = kind.is_transient();
        if rules.name == Name::Aws {
            let steady = match left {
                Some(Duration::ZERO) => stale,
                Some(_) => servable,
                None => false,
            };
            return Some(match (heals, steady) {
                (false, _) => SECOND,
                (true, true) => 300 * SECOND,
                (true, false) => Duration::ZERO,
            });
        }
        if let End::Wants(wait) = end {
            return Some(wait.min(300 * SECOND));
        }
        let doubled = |first: Duration| first.saturating_mul(1 << failures.min(20));
        Some(match left {
            Some(left) if !left.is_zero() => {
                if kind == FailureKind::Throttled {
                    (left / 2).clamp(5 * SECOND, 300 * SECOND)
                } else {
                    let paced = doubled(SECOND).min((left / 4).clamp(5 * SECOND, 300 * SECOND)) / 2;
                    if heals { paced } else { paced.min(SECOND).min(left) }
                }
            }
            Some(_) if stale && kind == FailureKind::Throttled => 300 * SECOND,
            Some(_) if stale && heals => {
                (60 * SECOND + now.duration_since(self.first_failure).unwrap_or_default() / 10)
                    .min(180 * SECOND)
                    / 2
            }
            _ if !heals => SECOND,
            _ => doubled(Duration::from_millis(100)).min(5 * SECOND) / 2,
        })
    }
}

pub(crate) fn left(expiry: Option<SystemTime>, now: SystemTime) -> Duration {
    expiry.map_or(Duration::MAX / 4, |expiry| expiry.duration_since(now).unwrap_or_default())
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);
