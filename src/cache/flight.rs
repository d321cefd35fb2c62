//! One refresh at a time, in a task of its own, shared by everybody who needs its result.
//!
//! A caller that gives up does not end it. A provider that panics or hangs, and a runtime that is shut down, end it
//! with an error for those who wait, and leave the cache able to start the next.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::cache::asked_by::{AskedBy, Asking};
use crate::cache::machine::{Landed, Machine, Why};
use crate::cache::scheduler::Watch;
use crate::cache::state::{Departure, Held, Perishable, Snapshot};
use crate::error::{Error, Failure, FailureKind, Person};
use crate::host::{LastAsked, Stopwatch};
use crate::provider::Notice;
use crate::sync::{Handle, Mutex, MutexGuard, Notify, sleep, timeout};
use crate::wall_time::WallTime;

/// What a flight fetches from. Object-safe, so that the machinery has one type parameter only.
pub(crate) trait Fetch<V>: Send + Sync + 'static {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<V, Error>> + Send + '_>>;
    fn time_limit(&self) -> Duration;
    /// For errors that the source itself cannot give: it hangs, or it panicked.
    fn name(&self) -> &'static str;
    /// Whom it asks, for the pace of schedulers; `held`: what it brought last.
    fn asks(&self, _held: Option<&V>) -> &'static str {
        self.name()
    }
    /// How long after a fetch to look whether what the value was made from has changed; `None`: it does not.
    fn look_after(&self) -> Option<Duration> {
        None
    }
    /// Whether it has.
    fn has_changed<'a>(&'a self, _held: &'a V) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(std::future::ready(false))
    }
    /// What this cache lets those further down know.
    fn notice(&self, _notice: Notice<'_>) {}
    /// Whether each value that is handed out is recorded first. Then no read is a quiet one.
    fn is_audited(&self) -> bool {
        false
    }
    /// Records that this value is handed out.
    fn audit(&self, _value: &V, _at: WallTime) -> Result<(), Error> {
        Ok(())
    }
    /// Told what happens, outside of any lock.
    fn tell(&self, _news: News<'_, V>) {}
}

/// What happens in a refresher.
pub(crate) enum News<'a, V> {
    Started,
    Landed {
        before: &'a Snapshot<V>,
        after: &'a Snapshot<V>,
        at: WallTime,
        took: Duration,
    },
    Rejected(&'a Held<V>),
    /// Somebody noticed: told once for each value.
    Expired {
        held: &'a Held<V>,
        stale: bool,
    },
    /// A read waited for a flight.
    Waited(Duration),
    ServedStale {
        expired_for: Duration,
    },
}

/// A refresh that is up, as those see it who wait for it.
pub(super) struct Flight<V> {
    outcome: Arc<Outcome<V>>,
    pub(super) started: Stopwatch,
    /// What was forgotten in the meantime is told by the number: see `Refresher::forget`.
    pub(super) era: u32,
    /// Tells it from those before and after it.
    pub(super) number: u32,
    pub(super) asked_by: AskedBy,
    limit: Duration,
    passengers: Arc<AtomicUsize>,
}

/// Whether a read waits for the flight this code runs in. Retries inside a flight are for readers; without one, the
/// next flight is soon enough. Outside of any flight somebody called `retrieve` and waits.
pub(crate) fn a_read_waits() -> bool {
    PASSENGERS.try_with(|passengers| passengers.load(Ordering::Relaxed) > 0).unwrap_or(true)
}

impl<V: Perishable> Flight<V> {
    /// A flight, and what it takes off with.
    pub(super) fn new(
        machine: &Arc<Machine<V>>,
        departure: Departure,
        era: u32,
        number: u32,
    ) -> (Self, Landing<V>) {
        let outcome = Arc::new(Outcome { told: Mutex::new(None), landed: Notify::new() });
        let landing = Landing {
            machine: Arc::clone(machine),
            outcome: Arc::clone(&outcome),
            departure,
            era,
            number,
            asking: Asking::default(),
            landed: false,
        };
        let flight = Self {
            outcome,
            started: Stopwatch::start(),
            era,
            number,
            asked_by: departure.asked_by,
            limit: machine.source().time_limit().saturating_add(OVERDUE),
            passengers: Arc::new(AtomicUsize::new(0)),
        };
        (flight, landing)
    }

    /// Whether it should have landed long ago: its runtime is there, and nobody drives it any more. The next who comes
    /// starts another.
    pub(super) fn is_overdue(&self) -> bool {
        self.started.elapsed() >= self.limit
    }

    /// Whether it ended where somebody would have had to be asked, and who is here now may ask for more than those it
    /// started for. Where somebody was asked in vain, that is the answer: nobody is asked twice.
    pub(super) fn is_asked_by_less(&self, why: Why, is_empty: bool, error: &Error) -> bool {
        error.person() == Some(Person::Unasked) && self.asked_by < AskedBy::of(why, is_empty)
    }

    /// Takes off. Not to be called under the lock: a runtime that is shutting down drops the task at once, and with
    /// that lands the flight.
    pub(super) fn take_off(&self, runtime: &Handle, landing: Landing<V>) {
        let asked = LastAsked::here();
        let asking = landing.asking.clone();
        let flight = PASSENGERS.scope(Arc::clone(&self.passengers), asking.noted(fly(landing)));
        runtime.spawn(self.asked_by.behind(asked.of(flight)));
    }

    /// Waits until it has landed, or as long as `limit` allows. `None`: that was not long enough.
    pub(super) async fn wait(&self, limit: Option<Duration>) -> Option<Result<V, Error>> {
        let _seat = a_read_waits().then(|| Seat::take(&self.passengers));
        if limit == Some(Duration::ZERO) {
            return None;
        }
        let overdue = self.limit.saturating_sub(self.started.elapsed());
        let limit = limit.map_or(overdue, |limit| limit.min(overdue));
        // Made before the look: what lands in between wakes it all the same.
        let landed = self.outcome.landed.notified();
        if let Some(told) = self.outcome.told() {
            return Some(told);
        }
        // Too late, perhaps, and told all the same.
        let _ = timeout(limit, landed).await;
        self.outcome.told()
    }
}

/// What a flight brings: told once, to all who wait, in the order in which they came.
struct Outcome<V> {
    told: Mutex<Option<Result<V, Error>>>,
    landed: Notify,
}

impl<V: Clone> Outcome<V> {
    fn tell(&self, outcome: Result<V, Error>) {
        *self.place() = Some(outcome);
        self.landed.notify_waiters();
    }

    fn told(&self) -> Option<Result<V, Error>> {
        self.place().clone()
    }

    fn place(&self) -> MutexGuard<'_, Option<Result<V, Error>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader that waits; given up with the reader.
struct Seat(Arc<AtomicUsize>);

impl Seat {
    fn take(passengers: &Arc<AtomicUsize>) -> Self {
        passengers.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(passengers))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn fly<V: Perishable>(mut landing: Landing<V>) {
    let machine = Arc::clone(&landing.machine);
    let source = machine.source();
    let limit = source.time_limit();
    let outcome = timeout(limit, source.fetch()).await;
    landing.land(outcome.unwrap_or_else(|_| Err(hung(source.name(), limit, &LastAsked::here()))));
}

/// Ends the flight whatever happens to its task: also dropped unfinished, it lands.
pub(super) struct Landing<V: Perishable> {
    machine: Arc<Machine<V>>,
    outcome: Arc<Outcome<V>>,
    departure: Departure,
    era: u32,
    number: u32,
    asking: Asking,
    landed: bool,
}

impl<V: Perishable> Landing<V> {
    fn land(&mut self, outcome: Result<V, Error>) {
        self.landed = true;
        let outcome = self.asking.end(outcome);
        let (told, landed) = self.machine.land(outcome, self.departure, self.era, self.number);
        self.outcome.tell(told);
        self.machine.tell_watches(Watch::landed);
        // Last, and outside of the lock: an observer may be slow, and may call the cache.
        if let Some(Landed { before, after, at, took }) = landed {
            self.machine.source().tell(News::Landed { before: &before, after: &after, at, took });
        }
    }
}

impl<V: Perishable> Drop for Landing<V> {
    fn drop(&mut self) {
        if !self.landed {
            let name = self.machine.source().name();
            self.land(Err(if std::thread::panicking() { panicked(name) } else { interrupted(name) }));
        }
    }
}

/// Checked before anything is spawned, so that nothing can panic in a caller.
pub(super) fn runtime(source: &'static str) -> Result<Handle, Error> {
    let missing = |message: &'static str, remedy: &'static str| {
        Error::from(Failure::new(FailureKind::NoRuntime, source, message).with_remedy(remedy))
    };
    let runtime = Handle::try_current().map_err(|_| {
        missing(
            "a refresh needs a tokio runtime, and none runs on this thread",
            "call from within tokio (`#[tokio::main]`, `Runtime::block_on`), or read with `current()`",
        )
    })?;
    // Tokio has no question for this, only a panic.
    std::panic::catch_unwind(|| drop(sleep(Duration::ZERO))).map_err(|_| {
        missing(
            "the tokio runtime has no timers",
            "build it with `enable_all()`, or with `enable_time()` and `enable_io()`",
        )
    })?;
    Ok(runtime)
}

fn hung(source: &'static str, limit: Duration, asked: &LastAsked) -> Error {
    let message =
        format!("no answer within {} s, the limit of this provider{}", limit.as_secs_f32(), asked.told());
    Failure::new(FailureKind::TimedOut, source, message)
        .with_remedy("check what the provider waits for")
        .into()
}

fn panicked(source: &'static str) -> Error {
    Failure::new(FailureKind::Interrupted, source, "the provider panicked")
        .with_remedy("its message is on stderr; a runtime built without `enable_all()` is a common cause")
        .into()
}

pub(super) fn interrupted(source: &'static str) -> Error {
    Failure::new(FailureKind::Interrupted, source, "the refresh was cut off before it had an answer")
        .with_remedy("the tokio runtime it ran in was shut down, if not the whole process")
        .into()
}

tokio::task_local! {
    static PASSENGERS: Arc<AtomicUsize>;
}

/// How long after its limit a flight that has not landed is given up.
const OVERDUE: Duration = Duration::from_secs(1);
