//! What a cache knows, and what follows from it. Pure: every function takes the time and answers with data; the
//! flight and the read path only obey.
//!
//! ```text
//! obtained ──────────── advisory ─────────── mandatory ──── expiry
//!    reads return      reads return, one     reads wait,     stale if it may be,
//!                      flight is started     bounded         else the failure
//! ```

mod landing;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

pub(crate) use self::landing::{Arrival, Departure, Draws};
use crate::cache::asked_by::AskedBy;
use crate::cache::policy::RefreshPolicy;
use crate::error::{Error, Failure, FailureKind, Person};
use crate::wall_time::WallTime;

/// A value that expires: credentials, and the session tokens that sources use on the way to them.
pub(crate) trait Perishable: Clone + Send + Sync + 'static {
    fn expiry(&self) -> Option<WallTime>;
    /// The same for the same value under whatever new wrapping, and no secret: a hash, to be compared only.
    fn mark(&self) -> u64;
    /// Whether its source is one whose values may be served past expiry: tokens are not.
    fn is_stale_servable(&self) -> bool {
        false
    }
    /// The value, marked as past its expiry.
    fn marked_stale(&self) -> Self {
        self.clone()
    }
    /// Whether it is marked so.
    fn is_stale(&self) -> bool {
        false
    }
    /// Where it came from, for errors.
    fn origin(&self) -> String;
    /// What somebody has to give before its source makes another, for errors: such a value is renewed only by hand.
    fn asks_for(&self) -> Option<&str> {
        None
    }
}

/// The [mark](Perishable::mark) of what this text names or is: an access key id, a token.
pub(crate) fn mark(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Everything a cache knows. Immutable: each change makes a new one.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot<V> {
    held: Option<Held<V>>,
    // Boxed: most have none.
    trouble: Option<Box<Trouble>>,
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
    /// When to look whether the files it was made from have changed.
    look_at: WallTime,
    /// They have: a refresh is due, and nobody waits for it.
    changed: bool,
    /// A service refused it: the next read goes the mandatory way.
    pub(crate) rejected: bool,
}

/// Failures since the last success.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) error: Error,
    may_heal: bool,
    /// For whom the source was asked.
    asked_by: AskedBy,
    since: WallTime,
    last: WallTime,
    pub(crate) failures: u32,
    /// [`WallTime::NEVER`]: not before somebody asks for it.
    next_attempt: WallTime,
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
    Fail(Error),
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

impl<V: Perishable> Snapshot<V> {
    pub(crate) fn empty() -> Self {
        Self { held: None, trouble: None, quiet_until: WallTime::ALWAYS_PAST }
    }

    pub(crate) fn held(&self) -> Option<&Held<V>> {
        self.held.as_ref()
    }

    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_deref()
    }

    /// The common read: something is in hand and nothing is due.
    #[inline]
    pub(crate) fn quiet(&self, now: WallTime) -> Option<&V> {
        if now < self.quiet_until { self.held.as_ref().map(|held| &held.value) } else { None }
    }

    /// The one decision of the read path.
    pub(crate) fn decide(&self, now: WallTime, policy: &RefreshPolicy) -> Decision<'_, V> {
        let remembered = self.remembered(now);
        let Some(held) = &self.held else {
            return match remembered {
                // A read may ask for more than whoever met it.
                Some(trouble) if !trouble.is_nobodys() => Decision::Fail(trouble.error.clone()),
                _ => Decision::Join { patience: Patience::ToTheEnd },
            };
        };
        let value = &held.value;
        let due = self.renews(policy) && remembered.is_none() && !held.is_repetition(now);
        let phase = held.phase(now);
        match phase {
            Phase::Fresh => Decision::Serve { value, refresh: false },
            Phase::Advisory => match remembered {
                Some(trouble) if trouble.is_raised(held, phase, policy) => {
                    Decision::Fail(trouble.error.clone())
                }
                _ => Decision::Serve { value, refresh: due },
            },
            Phase::Mandatory | Phase::Expired if !self.renews(policy) => Decision::Fail(self.unrenewed(held)),
            Phase::Mandatory => match remembered {
                Some(trouble) if trouble.is_raised(held, phase, policy) => {
                    Decision::Fail(trouble.error.clone())
                }
                _ if due => {
                    Decision::Join { patience: Patience::WhileValid { left: now.until(held.expiry) } }
                }
                _ => Decision::Serve { value, refresh: false },
            },
            Phase::Expired => {
                let stale = policy.allows_stale(value.is_stale_servable());
                match &self.trouble {
                    Some(trouble) if remembered.is_some() && !(stale && trouble.may_heal) => {
                        Decision::Fail(trouble.error.clone())
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

    /// The same for somebody who has waited: from the mandatory instant on, by AWS's rules from the advisory one, a
    /// failure that only a person can mend is raised instead.
    pub(crate) fn make_do(&self, now: WallTime, policy: &RefreshPolicy) -> Option<V> {
        let held = self.held.as_ref()?;
        let phase = held.phase(now);
        let raised = self.trouble.as_ref().is_some_and(|trouble| trouble.is_raised(held, phase, policy));
        if raised { None } else { self.in_hand(now, policy) }
    }

    /// Whether to look now if the files that the value was made from have changed.
    pub(crate) fn is_look_due(&self, now: WallTime) -> bool {
        self.held.as_ref().is_some_and(|held| now >= held.look_at && !held.changed)
    }

    /// Whether the source, asked now, is likely to give a value that lasts noticeably longer than the one in hand:
    /// it gave that one a longer life. A tenth of it has to be gone, so that nobody is asked at each call.
    pub(crate) fn may_last_longer(&self, now: WallTime, policy: &RefreshPolicy) -> bool {
        self.renews(policy)
            && self.remembered(now).is_none()
            && self.held.as_ref().is_some_and(|held| {
                let lifetime = held.obtained.until(held.expiry);
                let gone = lifetime.saturating_sub(now.until(held.expiry));
                !held.is_repetition(now) && gone >= (lifetime / 10).max(LASTING_GAIN_MIN)
            })
    }

    /// When something is to be done that no read has asked for: a refresh, or a look at the files.
    pub(crate) fn due_at(&self, now: WallTime, policy: &RefreshPolicy) -> WallTime {
        if !self.renews(policy) {
            return WallTime::NEVER;
        }
        let pause_ends = self.remembered(now).map_or(WallTime::ALWAYS_PAST, |trouble| trouble.next_attempt);
        let Some(held) = &self.held else { return pause_ends };
        let ripe = if held.rejected || held.changed {
            WallTime::ALWAYS_PAST
        } else {
            held.advisory.min(held.mandatory)
        };
        let repeated = if held.is_repetition(now) { held.not_before } else { WallTime::ALWAYS_PAST };
        let look_at = if held.changed { WallTime::NEVER } else { held.look_at };
        ripe.max(repeated).max(pause_ends).min(look_at)
    }

    /// Whether a read gets nothing before somebody asks by hand, although the policy would renew.
    pub(crate) fn waits_for_renewal(&self, now: WallTime, policy: &RefreshPolicy) -> bool {
        let is_by_hand = self.held.as_ref().is_some_and(|held| held.value.asks_for().is_some());
        let waits = self.trouble.as_ref().is_some_and(|trouble| trouble.error.person().is_some());
        policy.renews() && (is_by_hand || waits) && matches!(self.decide(now, policy), Decision::Fail(_))
    }

    /// Whether what is in hand is renewed without somebody asking for it.
    fn renews(&self, policy: &RefreshPolicy) -> bool {
        policy.renews() && self.held.as_ref().is_none_or(|held| held.value.asks_for().is_none())
    }

    fn remembered(&self, now: WallTime) -> Option<&Trouble> {
        self.trouble.as_deref().filter(|trouble| {
            let until_asked_for = trouble.next_attempt == WallTime::NEVER;
            until_asked_for || lies_within(trouble.last, trouble.next_attempt, now)
        })
    }

    /// Why what is never renewed by itself is not returned any more.
    fn unrenewed(&self, held: &Held<V>) -> Error {
        let asks_for = held.value.asks_for();
        if let Some(trouble) = &self.trouble
            && (asks_for.is_none() || trouble.next_attempt == WallTime::NEVER)
        {
            return trouble.error.clone();
        }
        let what = if held.rejected {
            "were refused by a service".to_owned()
        } else {
            format!("expired at {}", held.expiry)
        };
        let (why, remedy) = match asks_for {
            None => (
                "this cache never renews them by itself".to_owned(),
                "call `renew()` where somebody means it",
            ),
            Some(asked) => (
                format!("new ones need {asked}, for which nobody is asked unbidden"),
                "call `renew()` where somebody can give it",
            ),
        };
        let message = format!("the credentials {what}, and {why}");
        Failure::new(FailureKind::Withheld, held.value.origin(), message).with_remedy(remedy).into()
    }

    /// Leaves something to decide at each read.
    pub(crate) fn never_quiet(self) -> Self {
        Self { quiet_until: WallTime::ALWAYS_PAST, ..self }
    }

    fn settled(mut self) -> Self {
        self.quiet_until = match &self.held {
            Some(held) if !held.rejected && !held.changed => {
                let ahead_of_expiry = held.expiry.minus(COARSE_CLOCK_LAG);
                held.advisory.min(held.mandatory).min(held.look_at).min(ahead_of_expiry)
            }
            _ => WallTime::ALWAYS_PAST,
        };
        self
    }
}

/// By how much a value does not last as long as needed; zero if it does.
pub(crate) fn shortfall(value: &impl Perishable, now: WallTime, needed: Duration) -> Duration {
    value.expiry().map_or(Duration::ZERO, |expiry| needed.saturating_sub(now.until(expiry)))
}

pub(crate) fn has_expired(value: &impl Perishable, now: WallTime) -> bool {
    value.expiry().is_some_and(|expiry| expiry <= now)
}

impl<V> Held<V> {
    pub(crate) fn phase(&self, now: WallTime) -> Phase {
        if now >= self.expiry {
            Phase::Expired
        } else if self.rejected || now >= self.mandatory {
            Phase::Mandatory
        } else if self.changed || now >= self.advisory {
            Phase::Advisory
        } else {
            Phase::Fresh
        }
    }

    fn is_repetition(&self, now: WallTime) -> bool {
        lies_within(self.obtained, self.not_before, now)
    }
}

impl Trouble {
    /// Only somebody who asks by hand mends it: what is in hand is served to its end, and not past it, nor after a
    /// service has refused it.
    fn waits_for_somebody(&self) -> bool {
        self.error.person() == Some(Person::Unasked)
    }

    /// The same, and nobody had asked.
    fn is_nobodys(&self) -> bool {
        self.waits_for_somebody() && self.asked_by == AskedBy::Nobody
    }

    /// Whether it is raised although something is in hand.
    fn is_raised<V>(&self, held: &Held<V>, phase: Phase, policy: &RefreshPolicy) -> bool {
        !self.may_heal
            && match phase {
                Phase::Fresh => false,
                Phase::Advisory => policy.raises_early() && !self.waits_for_somebody(),
                Phase::Mandatory => held.rejected || !self.waits_for_somebody(),
                Phase::Expired => true,
            }
    }

    /// `None`: not before somebody asks for it.
    pub(crate) fn next_attempt(&self) -> Option<WallTime> {
        (self.next_attempt != WallTime::NEVER).then_some(self.next_attempt)
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

/// A clock that is being corrected in small steps has not been turned back.
const CLOCK_SLEW: Duration = Duration::from_secs(1);
/// More than the coarse clock of the read path is ever behind: no read may return what has expired meanwhile.
const COARSE_CLOCK_LAG: Duration = Duration::from_millis(20);
const LASTING_GAIN_MIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
