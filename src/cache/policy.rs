//! When credentials are renewed, and how failures are paced. Pure: times and draws in, times out.
//!
//! A policy is data: one of the named sets of `rules`, and what a user has set on top. Nothing else in the cache asks
//! which policy it is.

mod rules;

use std::time::Duration;

use self::rules::{AWS, ON_DEMAND, OURS, Rules};
pub(crate) use self::rules::{AfterFailure, InHand, Windows};
use crate::cache::state::Patience;

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
///
/// | | default | [`aws()`](Self::aws) | [`on_demand()`](Self::on_demand) |
/// |---|---|---|---|
/// | who waits for a refresh ahead of expiry | nobody | the read that starts it | there is none |
/// | processes started together | spread over a tenth of the window | refresh together | |
/// | a read in the last minute waits | 5 s at most, and never into the last 5 s | as long as the source takes | not at all |
/// | the source is unreachable, credentials in hand | tried again after 1 s to 5 min, by what is left | after 5 to 10 min | |
/// | the same, nothing in hand | after 100 ms to 5 s | at each read | after `renew()` |
/// | the source says no for good | raised in the last minute | raised at once | raised to who renewed, and after expiry |
/// | `Retry-After` | counts | does not | does not |
/// | the source repeats itself | left alone up to a minute | asked at each read | |
/// | a provider of your own, a process, the environment | as all others, never past expiry | renewed 10 s ahead, never past expiry | never past expiry |
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct RefreshPolicy {
    rules: &'static Rules,
    advisory: Option<Duration>,
    mode: RefreshMode,
    stale: StaleRule,
}

impl RefreshPolicy {
    /// The rules that AWS's own SDKs move to in 2026, to the letter: for programs that have to behave as the others
    /// of a fleet do.
    ///
    /// A refresh is made by the read that finds it due. After a failure that may heal the source is left alone for
    /// 5 to 10 min, also if the credentials expire meanwhile, which are served on; what cannot heal is raised at
    /// once. [`advisory_window`](Self::advisory_window) replaces the table of windows. Credentials that are never
    /// served past their expiry (of processes, providers of your own, the environment) have no window: they are
    /// kept until 10 s before it, and no failure of theirs is remembered.
    pub fn aws() -> Self {
        Self { rules: &AWS, advisory: None, mode: RefreshMode::Inline, stale: StaleRule::BySource }
    }

    /// For break-glass credentials: the first read fetches them, and then nothing is issued unless
    /// [`renew`](crate::CredentialsCache::renew) asks for it.
    ///
    /// Once they have expired, or a service has refused them, a read is an error that says so; so it is after a
    /// failure, whatever its kind: nobody is paged twice because a program tried again.
    pub fn on_demand() -> Self {
        Self { rules: &ON_DEMAND, advisory: None, mode: RefreshMode::Background, stale: StaleRule::Never }
    }

    /// How long before expiry a refresh starts while the present credentials go on being served.
    ///
    /// Replaces the table: credentials that live at most 20 min are renewed 5 min ahead, under 90 min 15 min
    /// ahead, longer ones an hour ahead. In any case at least a second and, but for [`aws`](Self::aws), at most half
    /// the lifetime.
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

    /// Whether what is in hand is ever renewed without somebody asking for it.
    pub(crate) fn renews(&self) -> bool {
        self.rules.renews
    }

    /// Whether a failure that cannot heal is raised although the credentials are far from their end.
    pub(crate) fn raises_early(&self) -> bool {
        self.rules.raises_early
    }

    /// How long before expiry the advisory and the mandatory instant lie, for credentials that have `lifetime`
    /// left as they are obtained. `draw` in 0..1 moves the advisory instant earlier, so that processes started
    /// together do not refresh together.
    pub(crate) fn windows(&self, lifetime: Duration, stale_servable: bool, draw: f64) -> Windows {
        self.rules.windows(self.advisory, lifetime, stale_servable, draw)
    }

    /// How long the source is left alone after a failure; `None`: until somebody asks for a renewal. `draw` in 0..1.
    pub(crate) fn pause(&self, after: &AfterFailure<'_>, draw: f64) -> Option<Duration> {
        self.rules.pause(after, draw)
    }

    /// How long a refresh that brought nothing new is not repeated, with this much left until expiry: no hot loop on
    /// a source that repeats itself.
    pub(crate) fn pause_after_repetition(&self, left: Duration) -> Duration {
        self.rules.pause_after_repetition(left)
    }

    /// How long a read waits for a flight that started `elapsed` ago; `None`: until it has landed.
    pub(crate) fn patience(&self, patience: Patience, elapsed: Duration) -> Option<Duration> {
        let most = self.rules.read_patience?;
        let rest = most.saturating_sub(elapsed);
        match patience {
            Patience::ToTheEnd => None,
            Patience::WhileValid { left } => Some(rest.min(left.saturating_sub(most))),
            Patience::PastExpiry => Some(rest),
        }
    }
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self { rules: &OURS, advisory: None, mode: RefreshMode::Auto, stale: StaleRule::BySource }
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
    /// Those of the metadata service and of containers are: AWS often accepts them on while only the source has an
    /// outage. Those of static keys, the environment, files and your own providers are not.
    #[default]
    BySource,
    /// Never.
    Never,
}

#[cfg(test)]
mod tests;
