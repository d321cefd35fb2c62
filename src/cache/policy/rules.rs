//! The named sets of rules, and what follows from them.

use std::time::Duration;

use crate::error::{Error, FailureKind, Person};

/// What the policies differ in.
#[derive(Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each answers one question, and they are named where they are set"
)]
pub(super) struct Rules {
    pub(super) renews: bool,
    pub(super) raises_early: bool,
    /// The longest wait of a read with something in hand; `None`: as long as the source takes.
    pub(super) read_patience: Option<Duration>,
    /// Where set: credentials that are never served past their expiry are kept until so long before it.
    cached_until: Option<Duration>,
    /// Windows shrink with the lifetime, and spread over a fleet.
    adapts_windows: bool,
    backoff: Backoff,
    guards_repetition: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Backoff {
    /// By what is left: docs/design.md, "Pacing".
    Paced,
    /// Anywhere between the two, whatever is left; none where nothing may be served meanwhile.
    Uniform(Duration, Duration),
    /// No attempt follows by itself.
    UntilRenewed,
}

pub(super) const OURS: Rules = Rules {
    renews: true,
    raises_early: false,
    read_patience: Some(READ_PATIENCE),
    cached_until: None,
    adapts_windows: true,
    backoff: Backoff::Paced,
    guards_repetition: true,
};

/// AWS's refresh rules of 2026.
pub(super) const AWS: Rules = Rules {
    renews: true,
    raises_early: true,
    read_patience: None,
    cached_until: Some(Duration::from_secs(10)),
    adapts_windows: false,
    backoff: Backoff::Uniform(Duration::from_secs(300), Duration::from_secs(600)),
    guards_repetition: false,
};

pub(super) const ON_DEMAND: Rules = Rules {
    renews: false,
    raises_early: false,
    read_patience: Some(READ_PATIENCE),
    cached_until: None,
    adapts_windows: true,
    backoff: Backoff::UntilRenewed,
    guards_repetition: false,
};

/// Distances before expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    pub(crate) advisory: Duration,
    pub(crate) mandatory: Duration,
}

/// What a pause depends on.
#[derive(Debug)]
pub(crate) struct AfterFailure<'a> {
    pub(crate) error: &'a Error,
    /// Trying again may help: everything but what only a person can change.
    pub(crate) may_heal: bool,
    /// Failures in a row before this one.
    pub(crate) failures: u32,
    pub(crate) in_hand: InHand,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum InHand {
    Nothing,
    /// `steady`: kept through a failure, so that a pause takes nothing away.
    Valid {
        left: Duration,
        mandatory: bool,
        steady: bool,
    },
    Stale {
        outage: Duration,
    },
}

impl Rules {
    pub(super) fn windows(
        &self,
        set: Option<Duration>,
        lifetime: Duration,
        stale_servable: bool,
        draw: f64,
    ) -> Windows {
        if !self.renews {
            return Windows { advisory: Duration::ZERO, mandatory: Duration::ZERO };
        }
        if let Some(window) = self.cached_until.filter(|_| !stale_servable) {
            return Windows { advisory: window, mandatory: window };
        }
        let by_table = if lifetime <= SHORT_LIFETIME {
            ADVISORY_SHORT
        } else if lifetime < LONG_LIFETIME {
            ADVISORY_MEDIUM
        } else {
            ADVISORY_LONG
        };
        let advisory = set.unwrap_or(by_table).max(ADVISORY_MIN);
        if !self.adapts_windows {
            return Windows { advisory, mandatory: MANDATORY.min(advisory) };
        }
        let advisory = advisory.min(lifetime / 2);
        Windows {
            advisory: advisory.saturating_add(advisory.mul_f64(draw.clamp(0.0, 1.0) * FLEET_SPREAD)),
            mandatory: MANDATORY.min(lifetime / 10).min(advisory),
        }
    }

    pub(super) fn pause(&self, after: &AfterFailure<'_>, draw: f64) -> Option<Duration> {
        let draw = draw.clamp(0.0, 1.0);
        if after.error.person() == Some(Person::Asked) {
            return None;
        }
        match &self.backoff {
            Backoff::Paced => Some(paced(after, draw)),
            Backoff::Uniform(..) if !after.may_heal => Some(within(&PERMANENT_MEMORY, draw)),
            Backoff::Uniform(from, to) => Some(match after.in_hand {
                InHand::Stale { .. } | InHand::Valid { steady: true, .. } => within(&(*from, *to), draw),
                InHand::Nothing | InHand::Valid { .. } => Duration::ZERO,
            }),
            Backoff::UntilRenewed => None,
        }
    }

    pub(super) fn pause_after_repetition(&self, left: Duration) -> Duration {
        if self.guards_repetition { (left / 4).clamp(REPETITION_MIN, REPETITION_MAX) } else { Duration::ZERO }
    }
}

fn paced(after: &AfterFailure<'_>, draw: f64) -> Duration {
    if after.error.person() == Some(Person::Unasked) {
        return spread_down(UNASKED, draw);
    }
    if let Some(wait) = retry_after(after.error) {
        return spread_up(wait.min(RETRY_AFTER_MAX), draw);
    }
    match after.in_hand {
        InHand::Valid { left, mandatory: true, .. } if !after.may_heal => {
            within(&PERMANENT_MEMORY, draw).min(left)
        }
        // Half of what is left: five minutes are longer than the last ones.
        InHand::Valid { left, .. } if is_throttled(after.error) => {
            spread_up((left / 2).clamp(PAUSE_CAP_MIN, THROTTLED), draw)
        }
        InHand::Stale { .. } if is_throttled(after.error) => spread_up(THROTTLED, draw),
        InHand::Valid { left, .. } => {
            let cap = (left / 4).clamp(PAUSE_CAP_MIN, PAUSE_CAP_MAX);
            spread_down(doubled(PAUSE_FIRST, after.failures).min(cap), draw)
        }
        InHand::Stale { outage } if after.may_heal => {
            // Grows with the age of the outage: at its start a quick recovery is likely.
            spread_down((PAUSE_STALE_MIN + outage / 10).min(PAUSE_STALE_MAX), draw)
        }
        InHand::Stale { .. } | InHand::Nothing if !after.may_heal => within(&PERMANENT_MEMORY, draw),
        InHand::Stale { .. } | InHand::Nothing => {
            spread_down(doubled(PAUSE_EMPTY_FIRST, after.failures).min(PAUSE_EMPTY_MAX), draw)
        }
    }
}

fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::Failed(failure) => failure.retry_after(),
        Error::NotConfigured(_) => None,
    }
}

fn is_throttled(error: &Error) -> bool {
    matches!(error, Error::Failed(failure) if failure.kind() == FailureKind::Throttled)
}

fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX))
}

/// Between half and the whole.
fn spread_down(pause: Duration, draw: f64) -> Duration {
    pause / 2 + (pause / 2).mul_f64(draw)
}

/// Between the whole and a tenth more: somebody else said how long.
fn spread_up(pause: Duration, draw: f64) -> Duration {
    pause + (pause / 10).mul_f64(draw)
}

fn within(range: &(Duration, Duration), draw: f64) -> Duration {
    range.0 + range.1.saturating_sub(range.0).mul_f64(draw)
}

// The table of AWS's refresh rules of 2026.
const SHORT_LIFETIME: Duration = Duration::from_secs(20 * 60);
const LONG_LIFETIME: Duration = Duration::from_secs(90 * 60);
const ADVISORY_SHORT: Duration = Duration::from_secs(5 * 60);
const ADVISORY_MEDIUM: Duration = Duration::from_secs(15 * 60);
const ADVISORY_LONG: Duration = Duration::from_secs(60 * 60);
const MANDATORY: Duration = Duration::from_secs(60);
const PERMANENT_MEMORY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

// Ours: docs/design.md, "Pacing".
const ADVISORY_MIN: Duration = Duration::from_secs(1);
const FLEET_SPREAD: f64 = 0.1;
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_CAP_MIN: Duration = Duration::from_secs(5);
const PAUSE_CAP_MAX: Duration = Duration::from_secs(300);
const PAUSE_STALE_MIN: Duration = Duration::from_secs(60);
const PAUSE_STALE_MAX: Duration = Duration::from_secs(180);
const PAUSE_EMPTY_FIRST: Duration = Duration::from_millis(100);
const PAUSE_EMPTY_MAX: Duration = Duration::from_secs(5);
const THROTTLED: Duration = Duration::from_secs(300);
/// It costs nothing to look whether somebody has given meanwhile what is missing.
const UNASKED: Duration = Duration::from_secs(60);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);
const REPETITION_MIN: Duration = Duration::from_secs(1);
const REPETITION_MAX: Duration = Duration::from_secs(60);
const READ_PATIENCE: Duration = Duration::from_secs(5);
