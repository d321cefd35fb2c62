//! Whether there are credentials to begin with, for readiness probes.

use std::time::Duration;

use crate::cache::CredentialsCache;
use crate::cache::flight;
use crate::error::{Error, Failure, FailureKind};
use crate::host::Clock;
use crate::wall_time::WallTime;

impl CredentialsCache {
    /// Whether a read would be answered with what is in hand: the question of a readiness probe. Like
    /// [`current`](Self::current) it never waits and never starts anything.
    ///
    /// Credentials that the policy serves past their expiry count: an outage of the metadata service must not take all
    /// machines out of service at once. [`status`](Self::status) tells them apart.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.refresher.has_in_hand()
    }

    /// Waits until there are credentials, at most as long as `limit`: for the start of a program, or for a probe that may
    /// start the first fetch.
    ///
    /// ```
    /// use std::time::Duration;
    /// # async fn start(cache: aws_credential_chain::CredentialsCache) -> Result<(), aws_credential_chain::Error> {
    /// cache.ready(Duration::from_secs(10)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Meanwhile the source is asked again whenever the policy allows it, whatever the failure: a network that is not up
    /// yet looks like a machine without a metadata service, and a role that was just created like one that is refused.
    ///
    /// # Errors
    /// The last failure; or that nothing came within the limit. At once where waiting is of no use: outside of a
    /// runtime, and where nothing is issued before somebody asks by [`renew`](Self::renew).
    pub async fn ready(&self, limit: Duration) -> Result<(), Error> {
        if self.is_ready() {
            return Ok(());
        }
        flight::runtime(self.refresher.source().name())?;
        let mut last = None;
        match tokio::time::timeout(limit, self.until_ready(&mut last)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(last.unwrap_or_else(|| not_within(self.refresher.source().name(), limit))),
        }
    }

    async fn until_ready(&self, last: &mut Option<Error>) -> Result<(), Error> {
        loop {
            let Err(error) = self.refresher.decided().await else { return Ok(()) };
            if is_final(&error) {
                return Err(error);
            }
            let now = self.refresher.now();
            let pause = match error.next_attempt() {
                Some(at) => now.until(WallTime::from(at)).min(WALL_CLOCK_LOOK),
                None => pause(self.refresher.clock()),
            };
            *last = Some(error);
            tokio::time::sleep(pause).await;
        }
    }
}

/// Waiting changes nothing.
fn is_final(error: &Error) -> bool {
    let has_no_runtime = matches!(error, Error::Failed(failure) if failure.kind() == FailureKind::NoRuntime);
    has_no_runtime || error.person().is_some()
}

/// Where the policy remembers no failure.
fn pause(clock: &Clock) -> Duration {
    PAUSE / 2 + (PAUSE / 2).mul_f64(clock.random().f64())
}

fn not_within(source: &'static str, limit: Duration) -> Error {
    let message = format!("none within {} s, and the source has not answered yet", limit.as_secs_f32());
    Failure::new(FailureKind::TimedOut, source, message)
        .with_remedy("wait longer, or see in the events what the source is waiting for")
        .into()
}

const PAUSE: Duration = Duration::from_secs(1);
/// Timers do not count the time in which a machine sleeps.
pub(super) const WALL_CLOCK_LOOK: Duration = Duration::from_secs(30);
