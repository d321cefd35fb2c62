//! The one source of the fleet: it takes so many requests a second, and is away for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_chain::testing::Clock;
use aws_credential_chain::{Credentials, CredentialsProvider, Error, Failure, FailureKind, SourceKind};

/// Clones are the same source.
#[derive(Clone, Debug)]
pub(crate) struct Source(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    clock: Clock,
    opened: SystemTime,
    lifetime: Duration,
    /// Requests it takes in a second; others are told to slow down.
    capacity: u32,
    /// From when to when it is away, counted from its opening.
    away: (Duration, Duration),
    /// Requests in each second since its opening.
    seconds: Mutex<Vec<u32>>,
}

impl Source {
    pub(crate) fn new(clock: &Clock, lifetime: Duration, capacity: u32, away: (Duration, Duration)) -> Self {
        let (clock, opened) = (clock.clone(), clock.now());
        Self(Arc::new(Parts { clock, opened, lifetime, capacity, away, seconds: Mutex::default() }))
    }

    /// How long it has been open.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.clock.now().duration_since(self.0.opened).unwrap_or_default()
    }

    /// Requests in each second so far.
    pub(crate) fn load(&self) -> Vec<u32> {
        self.seconds().clone()
    }

    /// Answers with how many there were in this second.
    fn arrived(&self, at: Duration) -> u32 {
        let second = usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        let mut seconds = self.seconds();
        while seconds.len() <= second {
            seconds.push(0);
        }
        seconds.last_mut().map_or(0, |requests| {
            *requests += 1;
            *requests
        })
    }

    fn seconds(&self) -> MutexGuard<'_, Vec<u32>> {
        self.0.seconds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CredentialsProvider for Source {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let at = self.elapsed();
        let in_this_second = self.arrived(at);
        if (self.0.away.0..self.0.away.1).contains(&at) {
            tokio::time::sleep(NO_ANSWER).await;
            return Err(Failure::new(FailureKind::Unavailable, "source", "is away").into());
        }
        tokio::time::sleep(ANSWER).await;
        if in_this_second > self.0.capacity {
            return Err(Failure::new(FailureKind::Throttled, "source", "too many requests").into());
        }
        // A kind whose credentials AWS lets be served past their expiry.
        Credentials::builder("ASIAIOSFODNN7EXAMPLE", "secret")
            .expiry(self.0.clock.now() + self.0.lifetime)
            .source_kind(SourceKind::AssumeRole)
            .build()
    }
}

const ANSWER: Duration = Duration::from_millis(50);
/// What a connection waits for a source that is away.
const NO_ANSWER: Duration = Duration::from_secs(1);
