//! What a cache knows, and what follows from it. Pure: every function takes the time and answers with data; the
//! flight and the read path only obey.
//!
//! ```text
//! obtained ──────────── advisory ─────────── mandatory ──── expiry
//!    reads return      reads return, one     reads wait,     stale if it may be,
//!                      flight is started     bounded         else the failure
//! ```

use std::time::Duration;

use crate::cache::policy::{self, AfterFailure, InHand, RefreshPolicy};
use crate::error::{Error, Failure, FailureKind};
use crate::wall_time::WallTime;

/// A value that expires: credentials, and the session tokens that sources use on the way to them.
pub(crate) trait Perishable: Clone + Send + Sync + 'static {
    fn expiry(&self) -> Option<WallTime>;
    /// Whether a refresh brought the same value again, under whatever new wrapping.
    fn repeats(&self, other: &Self) -> bool;
    /// Whether its source is one whose values may be served past expiry.
    fn is_stale_servable(&self) -> bool;
    /// The value, marked as past its expiry.
    fn marked_stale(&self) -> Self;
    /// Where it came from, for errors.
    fn origin(&self) -> String;
}

/// Everything a cache knows. Immutable: each change makes a new one.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot<V> {
    held: Option<Held<V>>,
    trouble: Option<Trouble>,
    /// Until here a read has nothing to decide. Follows from the rest; it makes the common read a comparison.
    quiet_until: WallTime,
}

/// A value in hand, with the instants that follow from its lifetime.
#[derive(Clone, Debug)]
pub(crate) struct Held<V> {
    pub(crate) value: V,
    pub(crate) obtained: WallTime,
    pub(crate) advisory: WallTime,
    pub(crate) mandatory: WallTime,
    pub(crate) expiry: WallTime,
    /// A source that repeats itself is not asked again before this.
    not_before: WallTime,
    /// A service refused it: the next read goes the mandatory way.
    pub(crate) rejected: bool,
}

/// Failures since the last success.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) error: Error,
    may_heal: bool,
    since: WallTime,
    last: WallTime,
    pub(crate) failures: u32,
    pub(crate) next_attempt: WallTime,
}

/// What a read does.
#[derive(Debug)]
pub(crate) enum Decision<'a, V> {
    /// Returns this. `refresh`: a flight is due, and nobody waits for it.
    Serve { value: &'a V, refresh: bool },
    /// Returns this, marked as past its expiry.
    ServeStale { value: &'a V, refresh: bool },
    /// Joins the flight; after `patience` it makes do with what is in hand.
    Join { patience: Patience },
    /// The failure is remembered: no contact with the source yet.
    Fail(&'a Error),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Until the flight has landed: there is nothing else to return.
    ToTheEnd,
    /// At most as long as the policy lets a read wait while there is something in hand, with this much left until
    /// expiry.
    WhileValid { left: Duration },
    /// The same, past expiry.
    PastExpiry,
}

/// What a flight knew as it started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Departure {
    pub(crate) knew_of_rejection: bool,
}

/// Random shares in 0..1, drawn by the caller so that this file stays pure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws {
    /// Drawn once for each cache.
    pub(crate) window: f64,
    /// Drawn for each failure.
    pub(crate) pause: f64,
}

impl<V: Perishable> Snapshot<V> {
    pub(crate) fn empty() -> Self {
        Self { held: None, trouble: None, quiet_until: WallTime::ALWAYS_PAST }
    }

    pub(crate) fn held(&self) -> Option<&Held<V>> {
        self.held.as_ref()
    }

    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// The common read: something is in hand and nothing is due.
    #[inline]
    pub(crate) fn quiet(&self, now: WallTime) -> Option<&V> {
        if now < self.quiet_until { self.held.as_ref().map(|held| &held.value) } else { None }
    }

    /// The one decision of the read path.
    pub(crate) fn decide(&self, now: WallTime, policy: &RefreshPolicy) -> Decision<'_, V> {
        let trouble = self.trouble.as_ref();
        let remembered = trouble.filter(|trouble| lies_within(trouble.last, trouble.next_attempt, now));
        let Some(held) = &self.held else {
            return match remembered {
                Some(trouble) => Decision::Fail(&trouble.error),
                None => Decision::Join { patience: Patience::ToTheEnd },
            };
        };
        let value = &held.value;
        let due = remembered.is_none() && !lies_within(held.obtained, held.not_before, now);
        match held.phase(now) {
            Phase::Fresh => Decision::Serve { value, refresh: false },
            Phase::Advisory => Decision::Serve { value, refresh: due },
            Phase::Mandatory => match remembered {
                Some(trouble) if !trouble.may_heal => Decision::Fail(&trouble.error),
                _ if due => {
                    Decision::Join { patience: Patience::WhileValid { left: now.until(held.expiry) } }
                }
                _ => Decision::Serve { value, refresh: false },
            },
            Phase::Expired => {
                let stale = policy.allows_stale(value.is_stale_servable());
                match trouble {
                    Some(trouble) if remembered.is_some() && !(stale && trouble.may_heal) => {
                        Decision::Fail(&trouble.error)
                    }
                    Some(trouble) if stale && trouble.may_heal => {
                        Decision::ServeStale { value, refresh: remembered.is_none() }
                    }
                    _ if stale => Decision::Join { patience: Patience::PastExpiry },
                    _ => Decision::Join { patience: Patience::ToTheEnd },
                }
            }
        }
    }

    /// What may be returned to somebody who does not wait: valid, or marked as past its expiry.
    pub(crate) fn in_hand(&self, now: WallTime, policy: &RefreshPolicy) -> Option<V> {
        let held = self.held.as_ref()?;
        match held.phase(now) {
            Phase::Expired => {
                policy.allows_stale(held.value.is_stale_servable()).then(|| held.value.marked_stale())
            }
            _ => Some(held.value.clone()),
        }
    }

    /// The same for somebody who has waited: from the mandatory instant on, a failure that only a person can mend
    /// is raised instead.
    pub(crate) fn make_do(&self, now: WallTime, policy: &RefreshPolicy) -> Option<V> {
        let held = self.held.as_ref()?;
        let may_heal = self.trouble.as_ref().is_none_or(|trouble| trouble.may_heal);
        let raised = !may_heal && matches!(held.phase(now), Phase::Mandatory | Phase::Expired);
        if raised { None } else { self.in_hand(now, policy) }
    }

    /// After a flight has landed.
    pub(crate) fn landed(
        &self,
        outcome: Result<V, Error>,
        departure: Departure,
        now: WallTime,
        policy: &RefreshPolicy,
        draws: Draws,
    ) -> Self {
        match outcome {
            Ok(value) if value.expiry().is_some_and(|expiry| expiry <= now) => {
                self.failed(already_expired(&value), now, policy, draws)
            }
            Ok(value) => self.refreshed(value, departure, now, policy, draws),
            Err(error) => self.failed(error, now, policy, draws),
        }
    }

    /// A service refused the value in hand. It is kept in case the refresh fails, and a running pause stays.
    pub(crate) fn rejected(&self) -> Self {
        let mut next = self.clone();
        if let Some(held) = &mut next.held {
            held.rejected = true;
        }
        next.settled()
    }

    fn refreshed(
        &self,
        value: V,
        departure: Departure,
        now: WallTime,
        policy: &RefreshPolicy,
        draws: Draws,
    ) -> Self {
        let expiry = value.expiry().unwrap_or(WallTime::NEVER);
        let repeated = self.held.as_ref().filter(|held| held.value.repeats(&value));
        let (advisory, mandatory) = if expiry == WallTime::NEVER {
            (WallTime::NEVER, WallTime::NEVER)
        } else {
            let windows = policy.windows(now.until(expiry), draws.window);
            (expiry.minus(windows.advisory), expiry.minus(windows.mandatory))
        };
        let not_before = match repeated {
            Some(_) => now.plus(policy::pause_after_repetition(now.until(expiry))),
            None => WallTime::ALWAYS_PAST,
        };
        // A rejection that came while the flight was up speaks of what it brings, if it brings the same.
        let rejected = repeated.is_some_and(|held| held.rejected) && !departure.knew_of_rejection;
        let held = Held { value, obtained: now, advisory, mandatory, expiry, not_before, rejected };
        Self { held: Some(held), trouble: None, quiet_until: WallTime::ALWAYS_PAST }.settled()
    }

    fn failed(&self, error: Error, now: WallTime, policy: &RefreshPolicy, draws: Draws) -> Self {
        let (since, failures) = match &self.trouble {
            Some(trouble) => (trouble.since, trouble.failures),
            None => (now, 0),
        };
        // "Not configured" of a source that gave credentials before is a half-written file or a lost route.
        let may_heal = error.is_transient() || error.is_not_configured();
        let in_hand = match &self.held {
            None => InHand::Nothing,
            Some(held) => match held.phase(now) {
                Phase::Expired if policy.allows_stale(held.value.is_stale_servable()) => {
                    InHand::Stale { outage: since.until(now) }
                }
                Phase::Expired => InHand::Nothing,
                phase => InHand::Valid { left: now.until(held.expiry), mandatory: phase == Phase::Mandatory },
            },
        };
        let pause = policy.pause(&AfterFailure { error: &error, may_heal, failures, in_hand }, draws.pause);
        let next_attempt = policy::next_attempt(now, pause);
        let error = error.with_next_attempt(next_attempt);
        let failures = failures.saturating_add(1);
        let trouble = Trouble { error, may_heal, since, last: now, failures, next_attempt };
        Self { held: self.held.clone(), trouble: Some(trouble), quiet_until: WallTime::ALWAYS_PAST }.settled()
    }

    fn settled(mut self) -> Self {
        self.quiet_until = match &self.held {
            Some(held) if !held.rejected => held.advisory,
            _ => WallTime::ALWAYS_PAST,
        };
        self
    }
}

impl<V> Held<V> {
    pub(crate) fn phase(&self, now: WallTime) -> Phase {
        if now >= self.expiry {
            Phase::Expired
        } else if self.rejected || now >= self.mandatory {
            Phase::Mandatory
        } else if now >= self.advisory {
            Phase::Advisory
        } else {
            Phase::Fresh
        }
    }
}

/// Where a value stands between its making and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Fresh,
    Advisory,
    Mandatory,
    Expired,
}

/// Whether `now` is in a pause. A clock that was stepped back to before the pause began ends it: otherwise the pause
/// would last as long as the step was wide.
fn lies_within(began: WallTime, ends: WallTime, now: WallTime) -> bool {
    now < ends && now >= began.minus(CLOCK_SLEW)
}

fn already_expired<V: Perishable>(value: &V) -> Error {
    let at = value.expiry().unwrap_or(WallTime::ALWAYS_PAST);
    let message = format!("answered with credentials that expired at {at}");
    Failure::new(FailureKind::Expired, value.origin(), message)
        .with_remedy("let whoever issues them renew them; if that was done, check this machine's clock")
        .into()
}

/// A clock that is being corrected in small steps has not been turned back.
const CLOCK_SLEW: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
