//! When credentials are renewed, and how failures are paced. Pure: times and draws in, times out.

use std::time::Duration;

use crate::error::{Error, FailureKind};
use crate::wall_time::WallTime;

/// When a cache renews what it holds.
///
/// The default suits nearly everybody. It refreshes ahead of expiry in the background, five minutes to an hour
/// before it depending on how long the credentials live, and lets reads wait only in their last minute.
///
/// ```
/// use std::time::Duration;
/// use aws_credential_chain::{CredentialsCache, DefaultChain, RefreshMode, RefreshPolicy};
///
/// let policy = RefreshPolicy::default().advisory_window(Duration::from_secs(600)).mode(RefreshMode::Inline);
/// let cache = CredentialsCache::builder(DefaultChain::new()).refresh(policy).build();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RefreshPolicy {
    advisory: Option<Duration>,
    mode: RefreshMode,
    stale: StaleRule,
}

impl RefreshPolicy {
    /// How long before expiry a refresh starts while the present credentials go on being served.
    ///
    /// Replaces the table: credentials that live at most 20 min are renewed 5 min ahead, under 90 min 15 min
    /// ahead, longer ones an hour ahead. In any case at least a second and at most half the lifetime.
    pub fn advisory_window(mut self, window: Duration) -> Self {
        self.advisory = Some(window);
        self
    }

    /// Who waits for a refresh ahead of expiry.
    pub fn mode(mut self, mode: RefreshMode) -> Self {
        self.mode = mode;
        self
    }

    /// Whether credentials are served past their expiry while the source cannot be reached.
    pub fn stale(mut self, rule: StaleRule) -> Self {
        self.stale = rule;
        self
    }

    pub(crate) fn refresh_mode(&self) -> RefreshMode {
        self.mode
    }

    pub(crate) fn allows_stale(&self, by_source: bool) -> bool {
        match self.stale {
            StaleRule::BySource => by_source,
            StaleRule::Never => false,
        }
    }

    /// How long before expiry the advisory and the mandatory instant lie, for credentials that have `lifetime`
    /// left as they are obtained. `draw` in 0..1 moves the advisory instant earlier, so that processes started
    /// together do not refresh together.
    pub(crate) fn windows(&self, lifetime: Duration, draw: f64) -> Windows {
        let by_table = if lifetime <= SHORT_LIFETIME {
            ADVISORY_SHORT
        } else if lifetime < LONG_LIFETIME {
            ADVISORY_MEDIUM
        } else {
            ADVISORY_LONG
        };
        let advisory = self.advisory.unwrap_or(by_table).max(ADVISORY_MIN).min(lifetime / 2);
        Windows {
            advisory: advisory.saturating_add(advisory.mul_f64(draw.clamp(0.0, 1.0) * FLEET_SPREAD)),
            mandatory: MANDATORY.min(lifetime / 10).min(advisory),
        }
    }

    /// How long the source is left alone after a failure. `draw` in 0..1.
    #[expect(clippy::unused_self, reason = "the policy of the AWS rules will pause otherwise")]
    pub(crate) fn pause(&self, after: &AfterFailure<'_>, draw: f64) -> Duration {
        let draw = draw.clamp(0.0, 1.0);
        if let Some(wait) = retry_after(after.error) {
            return spread_up(wait.min(RETRY_AFTER_MAX), draw);
        }
        match after.in_hand {
            InHand::Valid { left, mandatory: true } if !after.may_heal => {
                within(&PERMANENT_MEMORY, draw).min(left)
            }
            InHand::Valid { .. } | InHand::Stale { .. } if is_throttled(after.error) => {
                spread_up(THROTTLED, draw)
            }
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
}

/// Who waits for a refresh that starts ahead of expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshMode {
    /// In the background; on AWS Lambda, which freezes tasks between invocations, inline.
    #[default]
    Auto,
    /// Nobody waits: the refresh runs in a task of its own.
    Background,
    /// The one reader that starts the refresh waits for it, at most as long as in the mandatory window. All
    /// others do not.
    Inline,
}

/// Whether credentials are served past their expiry, marked by
/// [`Credentials::is_stale`](crate::Credentials::is_stale).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StaleRule {
    /// Those of the metadata service are: AWS often accepts them on while only the source has an outage. Those of
    /// static keys, the environment, files and your own providers are not.
    #[default]
    BySource,
    /// Never.
    Never,
}

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
    Valid { left: Duration, mandatory: bool },
    Stale { outage: Duration },
}

/// How long a refresh that brought the same key is not repeated: no hot loop on a source that repeats itself.
pub(crate) fn pause_after_repetition(left: Duration) -> Duration {
    (left / 4).clamp(REPETITION_MIN, REPETITION_MAX)
}

/// How long a read may wait for a flight that started `elapsed` ago, with `left` until expiry.
pub(crate) fn patience(left: Duration, elapsed: Duration) -> Duration {
    READ_PATIENCE.saturating_sub(elapsed).min(left.saturating_sub(READ_PATIENCE))
}

/// How long a read of expired credentials that may be served stale waits for the first flight.
pub(crate) fn patience_expired(elapsed: Duration) -> Duration {
    READ_PATIENCE.saturating_sub(elapsed)
}

pub(crate) fn next_attempt(now: WallTime, pause: Duration) -> WallTime {
    now.plus(pause)
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
// The read path's coarse clock is some milliseconds behind; no read may return what has expired meanwhile.
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
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);
const REPETITION_MIN: Duration = Duration::from_secs(1);
const REPETITION_MAX: Duration = Duration::from_secs(60);
const READ_PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
