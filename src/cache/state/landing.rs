//! What a flight, a rejection and a look at the files make of a snapshot.

use std::time::Duration;

use super::{Held, Perishable, Phase, Snapshot, Trouble, has_expired};
use crate::cache::asked_by::AskedBy;
use crate::cache::policy::{AfterFailure, InHand, RefreshPolicy};
use crate::error::{Error, Failure, FailureKind};
use crate::wall_time::WallTime;

/// What a flight knew as it started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Departure {
    pub(crate) knew_of_rejection: bool,
    pub(crate) asked_by: AskedBy,
}

/// What is known as it lands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) now: WallTime,
    pub(crate) policy: &'a RefreshPolicy,
    pub(crate) draws: Draws,
    /// Values that a service refused while it was up, by their [`mark`](Perishable::mark).
    pub(crate) rejected: &'a [u64],
    /// How long after this a look at the files is due, if the value was made from files.
    pub(crate) look_after: Option<Duration>,
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
    /// After a flight has landed.
    pub(crate) fn landed(
        &self,
        outcome: Result<V, Error>,
        departure: Departure,
        arrival: &Arrival<'_>,
    ) -> Self {
        match outcome {
            Ok(value) if has_expired(&value, arrival.now) => {
                self.failed(already_expired(&value), departure, arrival)
            }
            Ok(value) => self.refreshed(value, departure, arrival),
            Err(error) => self.failed(error, departure, arrival),
        }
    }

    /// A service refused the value in hand. It is kept in case the refresh fails, and a running pause stays.
    pub(crate) fn rejected(&self) -> Self {
        self.with_held(|held| held.rejected = true)
    }

    /// The files that the value was made from have changed. It is kept in case they cannot be read.
    pub(crate) fn changed(&self) -> Self {
        self.with_held(|held| held.changed = true)
    }

    /// They have not; the next look is due then.
    pub(crate) fn unchanged(&self, look_at: WallTime) -> Self {
        self.with_held(|held| held.look_at = look_at)
    }

    fn with_held(&self, change: impl FnOnce(&mut Held<V>)) -> Self {
        let mut next = self.clone();
        if let Some(held) = &mut next.held {
            change(held);
        }
        next.settled()
    }

    fn refreshed(&self, value: V, departure: Departure, arrival: &Arrival<'_>) -> Self {
        let Arrival { now, policy, draws, .. } = *arrival;
        let expiry = value.expiry().unwrap_or(WallTime::NEVER);
        let left = now.until(expiry);
        let renews = policy.renews() && value.asks_for().is_none();
        let (advisory, mandatory) = if expiry == WallTime::NEVER || !renews {
            (expiry, expiry)
        } else {
            let windows = policy.windows(left, value.is_stale_servable(), draws.window);
            (expiry.minus(windows.advisory), expiry.minus(windows.mandatory))
        };
        let mark = value.mark();
        let repeated = self.held.as_ref().filter(|held| held.value.mark() == mark);
        let nothing_new = repeated.is_some() || advisory.min(mandatory) <= now;
        let not_before =
            if nothing_new { now.plus(policy.pause_after_repetition(left)) } else { WallTime::ALWAYS_PAST };
        // A rejection that came while the flight was up speaks of what it brings, if it brings the same.
        let rejected = arrival.rejected.contains(&mark)
            || repeated.is_some_and(|held| held.rejected) && !departure.knew_of_rejection;
        let look_at = match arrival.look_after {
            Some(after) if renews => now.plus(after),
            _ => WallTime::NEVER,
        };
        let held = Held {
            value,
            obtained: now,
            advisory,
            mandatory,
            expiry,
            not_before,
            look_at,
            changed: false,
            rejected,
        };
        Self { held: Some(held), trouble: None, quiet_until: WallTime::ALWAYS_PAST }.settled()
    }

    fn failed(&self, error: Error, departure: Departure, arrival: &Arrival<'_>) -> Self {
        let Arrival { now, policy, draws, .. } = *arrival;
        let (since, failures) = match &self.trouble {
            Some(trouble) => (trouble.since, trouble.failures),
            None => (now, 0),
        };
        let may_heal = self.may_heal(&error, now);
        let in_hand = match &self.held {
            None => InHand::Nothing,
            Some(held) => {
                let stale_servable = held.value.is_stale_servable();
                match held.phase(now) {
                    Phase::Expired if policy.allows_stale(stale_servable) => {
                        InHand::Stale { outage: since.until(now) }
                    }
                    Phase::Expired => InHand::Nothing,
                    phase => InHand::Valid {
                        left: now.until(held.expiry),
                        mandatory: phase == Phase::Mandatory,
                        steady: stale_servable || held.changed,
                    },
                }
            }
        };
        let pause = policy.pause(&AfterFailure { error: &error, may_heal, failures, in_hand }, draws.pause);
        let next_attempt = pause.map_or(WallTime::NEVER, |pause| now.plus(pause));
        let error = match pause {
            // The next read asks again, or nobody does before somebody says so.
            Some(Duration::ZERO) | None => error,
            Some(_) => error.with_next_attempt(next_attempt),
        };
        let failures = failures.saturating_add(1);
        let asked_by = departure.asked_by;
        let trouble = Trouble { error, may_heal, asked_by, since, last: now, failures, next_attempt };
        Self { held: self.held.clone(), trouble: Some(Box::new(trouble)), quiet_until: WallTime::ALWAYS_PAST }
            .settled()
    }

    fn may_heal(&self, error: &Error, now: WallTime) -> bool {
        match error {
            // "Not configured" of a source that gave credentials before is a half-written file or a lost route.
            Error::NotConfigured(_) => true,
            Error::Failed(_) if error.person().is_some() => false,
            // A file that is being written cannot be read, or says half of it.
            Error::Failed(_) => {
                let reloading =
                    self.held.as_ref().is_some_and(|held| held.changed && held.phase(now) == Phase::Advisory);
                reloading || error.is_transient()
            }
        }
    }
}

fn already_expired<V: Perishable>(value: &V) -> Error {
    let at = value.expiry().unwrap_or(WallTime::ALWAYS_PAST);
    let message = format!("answered with credentials that expired at {at}");
    Failure::new(FailureKind::Expired, value.origin(), message)
        .with_remedy("let whoever issues them renew them; if that was done, check this machine's clock")
        .into()
}
