//! How often, and how many at once, STS is asked with the credentials of one account.
//!
//! STS counts calls for each calling account and region: 600 a second, of all programs of the account together.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-requests>
//!
//! Each exchange takes a place, in the order of coming, and then waits for its turn. A place is held while STS is asked and
//! no longer: not while a source is, and not in the pauses between attempts.

mod pace;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::pace::Pace;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::host::Stopwatch;
use crate::service::Endpoint;

/// Holds a [`CachePool`](crate::CachePool)'s calls to STS within the quota of the account that makes them.
///
/// Each calling account has limits of its own in each region, as each has a quota of its own there. Clones share them: give one
/// limiter to all pools of a process that assume roles with the same account.
///
/// ```
/// use std::time::Duration;
/// use aws_credential_chain::sts::StsLimiter;
///
/// let limiter = StsLimiter::new().per_second(100).at_once(16).patience(Duration::from_secs(5));
/// ```
///
/// If STS throttles, half as many calls are made, at most once a second half of that again, and within a minute as many as
/// before. A call that would wait longer than its patience is given up with an error that names the limiter; the caches it
/// was for ask again as after any failure that passes.
#[derive(Clone)]
#[must_use]
pub struct StsLimiter {
    settings: Settings,
    lanes: Arc<Mutex<HashMap<Lane, Arc<Queue>>>>,
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    per_second: u32,
    at_once: u32,
    patience: Duration,
}

/// Which quota a call counts towards.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Lane {
    /// Empty for all whose account is not known: with one source they are of the same.
    account: Box<str>,
    /// As the call is signed: one endpoint may stand before several.
    region: Box<str>,
    endpoint: Box<str>,
}

struct Queue {
    places: Arc<Semaphore>,
    pace: Mutex<Pace>,
    started: Stopwatch,
    waiting: AtomicUsize,
}

impl StsLimiter {
    /// 300 calls a second, 64 at once, and ten seconds of patience: half of what STS takes from an account in a region.
    pub fn new() -> Self {
        Self::with(Settings { per_second: PER_SECOND, at_once: AT_ONCE, patience: PATIENCE })
    }

    /// How many calls a second, at least one.
    pub fn per_second(self, calls: u32) -> Self {
        Self::with(Settings { per_second: calls.max(1), ..self.settings })
    }

    /// How many calls at once, at least one.
    pub fn at_once(self, calls: u32) -> Self {
        Self::with(Settings { at_once: calls.max(1), ..self.settings })
    }

    /// How long a call waits at most.
    pub fn patience(self, longest: Duration) -> Self {
        Self::with(Settings { patience: longest, ..self.settings })
    }

    /// How many calls wait for their turn now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lanes().values().map(|queue| queue.waiting.load(Ordering::Relaxed)).sum()
    }

    fn with(settings: Settings) -> Self {
        Self { settings, lanes: Arc::default() }
    }

    async fn place(&self, account: Option<&str>, endpoint: &Endpoint) -> Result<(Place, Duration), Error> {
        let queue = self.queue(account, endpoint);
        let came = Stopwatch::start();
        let waiting = Waiting::on(&queue);
        let too_long = || self.too_long(account, endpoint, &queue);
        let patience = self.settings.patience;
        let place = tokio::time::timeout(patience, Arc::clone(&queue.places).acquire_owned());
        // It is never closed.
        let Ok(Ok(permit)) = place.await else { return Err(too_long()) };
        let left = patience.saturating_sub(came.elapsed());
        let turn = queue.pace().turn(queue.started.elapsed(), left, fastrand::f64());
        let Some(turn) = turn else { return Err(too_long()) };
        if !turn.is_zero() {
            tokio::time::sleep(turn).await;
        }
        drop(waiting);
        Ok((Place { queue, _permit: permit }, came.elapsed()))
    }

    fn queue(&self, account: Option<&str>, endpoint: &Endpoint) -> Arc<Queue> {
        let mut lanes = self.lanes();
        if lanes.len() >= LANES_MAX {
            lanes.retain(|_, queue| Arc::strong_count(queue) > 1);
        }
        let lane = Lane {
            account: account.unwrap_or_default().into(),
            region: endpoint.signing_region.as_str().into(),
            endpoint: endpoint.url.as_str().into(),
        };
        let queue = lanes.entry(lane).or_insert_with(|| Arc::new(Queue::new(self.settings)));
        Arc::clone(queue)
    }

    fn too_long(&self, account: Option<&str>, endpoint: &Endpoint, queue: &Queue) -> Error {
        let Settings { per_second, at_once, patience } = self.settings;
        let of = account.map(|account| format!(" for account {account}")).unwrap_or_default();
        let slowed = match queue.pace().per_second() {
            now if now < f64::from(per_second) => format!(", {now:.0} at present because STS throttles"),
            _ => String::new(),
        };
        let message = format!(
            "no turn at {} in {}{of} within {} s: at most {per_second} calls a second{slowed}, {at_once} at once, and {} \
             wait; STS was not asked",
            endpoint.url,
            endpoint.signing_region,
            patience.as_secs_f32(),
            queue.waiting.load(Ordering::Relaxed),
        );
        Failure::new(FailureKind::TimedOut, NAME, message)
            .with_remedy(
                "fill the pool more slowly, or raise the limits if the account's quota has room for it",
            )
            .into()
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Lane, Arc<Queue>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for StsLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for StsLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StsLimiter")
            .field("settings", &self.settings)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}

impl Queue {
    fn new(settings: Settings) -> Self {
        Self {
            places: Arc::new(Semaphore::new(
                usize::try_from(settings.at_once).unwrap_or(Semaphore::MAX_PERMITS),
            )),
            pace: Mutex::new(Pace::new(settings.per_second)),
            started: Stopwatch::start(),
            waiting: AtomicUsize::new(0),
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that waits; given up with its call.
struct Waiting(Arc<Queue>);

impl Waiting {
    fn on(queue: &Arc<Queue>) -> Self {
        queue.waiting.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(queue))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call that may be made: until it is dropped.
pub(crate) struct Place {
    queue: Arc<Queue>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// STS wants fewer calls.
    pub(crate) fn throttled(&self) {
        self.queue.pace().throttled(self.queue.started.elapsed());
    }
}

/// What holds for the calls to STS of one fetch.
#[derive(Clone)]
pub(crate) struct Limited {
    pub(crate) limiter: StsLimiter,
    /// Told how long a call waited.
    pub(crate) tell: Arc<dyn Fn(Duration) + Send + Sync>,
}

impl Limited {
    /// The longest that one call is held up.
    pub(crate) fn patience(&self) -> Duration {
        self.limiter.settings.patience
    }

    /// Runs it under this limiter. Tasks that it spawns are not: the session of a source is everybody's.
    pub(crate) fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        HERE.scope(self.clone(), future)
    }
}

/// A place for a call that is signed with these credentials, where a limiter counts it.
pub(crate) async fn place(
    signed_by: Option<&Credentials>,
    endpoint: &Endpoint,
) -> Result<Option<Place>, Error> {
    let Ok(limited) = HERE.try_with(Limited::clone) else { return Ok(None) };
    let account = signed_by.and_then(Credentials::account_id);
    let (place, waited) = limited.limiter.place(account, endpoint).await?;
    if !waited.is_zero() {
        (limited.tell)(waited);
    }
    Ok(Some(place))
}

tokio::task_local! {
    static HERE: Limited;
}

const NAME: &str = "STS limiter";
/// Half of the quota.
const PER_SECOND: u32 = 300;
/// At a fifth of a second for each they make the calls above.
const AT_ONCE: u32 = 64;
const PATIENCE: Duration = Duration::from_secs(10);
/// Those of callers whose account is exchanged for another one go when there are so many.
const LANES_MAX: usize = 64;
