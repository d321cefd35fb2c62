//! How a cache stands, for readiness probes, dashboards and people.

use std::time::{Duration, SystemTime};

use crate::cache::Refresher;
use crate::cache::state::{Phase, Trouble};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::source::Source;
use crate::wall_time::WallTime;

/// How a cache stands at one moment. Holds no secrets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Where the credentials stand between their making and their end.
    pub state: CacheState,
    /// Where they came from.
    pub source: Option<Source>,
    /// Which keys they are.
    pub access_key_id: Option<String>,
    /// How much of the room for session policies and tags they take, in percent, where STS tells it.
    pub packed_policy_size: Option<u8>,
    /// Counts up in this process with each set that is made.
    pub generation: Option<u64>,
    /// Whether they have expired, and are served all the same, marked as stale.
    pub stale: bool,
    /// How long ago they were obtained.
    pub age: Option<Duration>,
    /// When they expire; `None` also for those that do not.
    pub expiry: Option<SystemTime>,
    /// When a refresh ahead of expiry is due; `None` for those that do not expire, and for those that nobody renews unless
    /// [`renew`](crate::CredentialsCache::renew) asks for it.
    pub refresh_due: Option<SystemTime>,
    /// Whether a refresh is under way.
    pub refreshing: bool,
    /// Whether a scheduler keeps them fresh: see [`keep_fresh`](crate::CredentialsCache::keep_fresh).
    pub kept_fresh: bool,
    /// The last failure since the last success.
    pub last_failure: Option<Error>,
    /// Failures in a row since the last success.
    pub failures: u32,
    /// After a failure: the source is left alone until then. `None` also if it is until somebody asks for a renewal.
    pub next_attempt: Option<SystemTime>,
}

/// Where credentials stand between their making and their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheState {
    /// Nothing in hand.
    Empty,
    /// Nothing is due.
    Fresh,
    /// The next read starts a refresh and does not wait for it.
    Advisory,
    /// Close to expiry, or rejected by a service: the next read waits for a refresh, for a bounded time.
    Mandatory,
    /// Past expiry.
    Expired,
}

impl Status {
    pub(crate) fn of(refresher: &Refresher<Credentials>) -> Self {
        let now = refresher.now();
        let (snapshot, refreshing) = refresher.snapshot();
        let held = snapshot.held();
        let trouble = snapshot.trouble();
        let unless_never = |at: WallTime| (at != WallTime::NEVER).then(|| at.into());
        Self {
            state: held.map_or(CacheState::Empty, |held| match held.phase(now) {
                Phase::Fresh => CacheState::Fresh,
                Phase::Advisory => CacheState::Advisory,
                Phase::Mandatory => CacheState::Mandatory,
                Phase::Expired => CacheState::Expired,
            }),
            source: held.map(|held| held.value.source().clone()),
            access_key_id: held.map(|held| held.value.access_key_id().to_owned()),
            packed_policy_size: held.and_then(|held| held.value.packed_policy_size()),
            generation: held.map(|held| held.value.generation()),
            stale: snapshot
                .in_hand(now, refresher.policy())
                .is_some_and(|credentials| credentials.is_stale()),
            age: held.map(|held| held.obtained.until(now)),
            expiry: held.and_then(|held| unless_never(held.expiry)),
            refresh_due: held
                .filter(|held| held.advisory < held.expiry)
                .and_then(|held| unless_never(held.advisory)),
            refreshing,
            kept_fresh: refresher.is_kept_fresh(),
            last_failure: trouble.map(|trouble| trouble.error.clone()),
            failures: trouble.map_or(0, |trouble| trouble.failures),
            next_attempt: trouble.and_then(Trouble::next_attempt).map(Into::into),
        }
    }
}
