//! What happens in a cache, told to whoever wants to know.

use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::source::Source;

/// Told what happens in a cache. Given to it by
/// [`CredentialsCacheBuilder::observer`](crate::CredentialsCacheBuilder::observer); any closure is one.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, DefaultChain, Event};
///
/// let cache = CredentialsCache::builder(DefaultChain::new())
///     .observer(|event: &Event| {
///         if let Event::Failed { error, next_attempt, .. } = event {
///             eprintln!("no new credentials: {error}; next attempt {next_attempt:?}");
///         }
///     })
///     .build();
/// ```
///
/// It is called outside of all locks, in the task in which the event happened: it may call the cache, and it should be
/// quick. If it panics, that is logged, and the cache goes on. The same events go to `tracing`, without those of
/// single reads.
pub trait Observer: Send + Sync + 'static {
    /// Something has happened.
    fn on_event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync + 'static> Observer for F {
    fn on_event(&self, event: &Event) {
        self(event);
    }
}

/// What happens in a cache. Holds no secrets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A refresh has begun: the source is being asked.
    Started,
    /// It brought credentials.
    #[non_exhaustive]
    Refreshed {
        /// Where they came from.
        source: Source,
        /// Which keys they are.
        access_key_id: String,
        /// How long they live from now on; `None`: for ever.
        lifetime: Option<Duration>,
        /// How long the refresh took.
        took: Duration,
    },
    /// It did not.
    #[non_exhaustive]
    Failed {
        /// Why. It names the source.
        error: Error,
        /// Until when the source is left alone; `None`: until somebody asks for a renewal.
        next_attempt: Option<SystemTime>,
        /// Failures in a row, with this one.
        failures: u32,
        /// How long the credentials in hand are still valid; `None`: there are none, or they do not expire.
        left: Option<Duration>,
        /// How long the refresh took.
        took: Duration,
    },
    /// A refresh brought credentials of another source than before.
    #[non_exhaustive]
    SourceChanged {
        /// Where they came from so far.
        from: Source,
        /// Where they come from now.
        to: Source,
    },
    /// A service refused the credentials in hand, and [`invalidate`](crate::CredentialsCache::invalidate) was called.
    #[non_exhaustive]
    Invalidated {
        /// Which keys they are.
        access_key_id: String,
    },
    /// The credentials in hand have expired, and somebody noticed: told once for each set.
    #[non_exhaustive]
    Expired {
        /// Where they came from.
        source: Source,
        /// Which keys they are.
        access_key_id: String,
        /// When they expired.
        expiry: SystemTime,
        /// Whether they are served all the same, marked as stale.
        stale: bool,
    },
    /// A read waited for a refresh.
    #[non_exhaustive]
    Waited {
        /// How long.
        waited: Duration,
    },
    /// A call to STS waited for its turn: see [`StsLimiter`](crate::sts::StsLimiter).
    #[cfg(feature = "sts")]
    #[non_exhaustive]
    Limited {
        /// How long.
        waited: Duration,
    },
    /// A tenant has left a [`CachePool`](crate::CachePool).
    #[cfg(feature = "sts")]
    #[non_exhaustive]
    TenantLeft {
        /// Why.
        because: Leaving,
    },
    /// A read was answered with credentials past their expiry.
    #[non_exhaustive]
    ServedStale {
        /// How long ago they expired.
        expired_for: Duration,
    },
}

/// Why a tenant has left a [`CachePool`](crate::CachePool).
#[cfg(feature = "sts")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Leaving {
    /// The pool was full, and nobody had read this one for longer than any other.
    Capacity,
    /// Nobody had read it for as long as the pool lets tenants be idle.
    Idle,
}
