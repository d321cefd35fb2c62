//! One refresh at a time, in a task of its own, shared by everybody who needs its result.
//!
//! A caller that gives up does not end it. A provider that panics or hangs, and a runtime that is shut down, end it
//! with an error for those who wait, and leave the cache able to start the next.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::cache::policy::{self, RefreshMode, RefreshPolicy};
use crate::cache::slot::Slot;
use crate::cache::state::{Decision, Departure, Draws, Patience, Perishable, Snapshot};
use crate::error::{Error, Failure, FailureKind};
use crate::host::{Clock, Env};
use crate::wall_time::WallTime;

/// What a flight fetches from. Object-safe, so that the machinery has one type parameter only.
pub(crate) trait Fetch<V>: Send + Sync + 'static {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<V, Error>> + Send + '_>>;
    fn time_limit(&self) -> Duration;
    /// For errors that the source itself cannot give: it hangs, or it panicked.
    fn name(&self) -> &'static str;
    /// Told after each flight, outside of any lock.
    fn report(&self, _after: &Snapshot<V>, _took: Duration) {}
}

/// Keeps one value fresh: slot, flight and decision over any value that expires.
pub(crate) struct Refresher<V>(Arc<Machine<V>>);

struct Machine<V> {
    slot: Slot<Snapshot<V>>,
    tower: Mutex<Tower<V>>,
    policy: RefreshPolicy,
    clock: Clock,
    env: Env,
    source: Box<dyn Fetch<V>>,
}

/// What may change only under the lock. Readers on the common path never take it.
struct Tower<V> {
    flight: Option<Arc<Flight<V>>>,
    /// Counts `forget`s: what a flight of an earlier era brings is not kept.
    era: u64,
    draw: fastrand::Rng,
    window_draw: f64,
}

struct Flight<V> {
    outcome: watch::Receiver<Option<Result<V, Error>>>,
    started: WallTime,
    era: u64,
    passengers: Arc<AtomicUsize>,
}

impl<V: Perishable> Refresher<V> {
    pub(crate) fn new(source: impl Fetch<V>, policy: RefreshPolicy, clock: Clock, env: Env) -> Self {
        let mut draw = clock.random();
        let window_draw = draw.f64();
        Self(Arc::new(Machine {
            slot: Slot::new(Snapshot::empty()),
            tower: Mutex::new(Tower { flight: None, era: 0, draw, window_draw }),
            policy,
            clock,
            env,
            source: Box::new(source),
        }))
    }

    /// The common read: a look at the snapshot and a comparison with the coarse clock.
    #[inline]
    pub(crate) fn quiet<R>(&self, look: impl FnOnce(&V) -> R) -> Option<R> {
        let now = self.0.clock.coarse_now();
        self.0.slot.look(|snapshot| snapshot.quiet(now).map(look))
    }

    /// Everything else: whatever the decision says.
    pub(crate) async fn read(&self) -> Result<V, Error> {
        loop {
            let machine = &*self.0;
            let now = machine.clock.now();
            let snapshot = machine.slot.snapshot();
            match snapshot.decide(now, &machine.policy) {
                Decision::Fail(error) => return Err(error.clone()),
                Decision::Serve { value, refresh: false } => return Ok(value.clone()),
                Decision::ServeStale { value, refresh: false } => return Ok(value.marked_stale()),
                Decision::Serve { value, refresh: true } => {
                    let value = value.clone();
                    return Ok(self.refresh_behind(now, &snapshot).await.unwrap_or(value));
                }
                Decision::ServeStale { value, refresh: true } => {
                    let value = value.marked_stale();
                    return Ok(self.refresh_behind(now, &snapshot).await.unwrap_or(value));
                }
                Decision::Join { patience } => match self.board(now, Why::IfDue) {
                    // No runtime: what is in hand is better than an error.
                    Err(error) => return snapshot.make_do(now, &machine.policy).ok_or(error),
                    Ok(Boarding::NothingDue) => {}
                    Ok(Boarding::Boarded { flight, .. }) => {
                        let ended = flight.wait(patience, now).await;
                        if let Some(answer) = self.after_waiting(&flight, ended) {
                            return answer;
                        }
                    }
                },
            }
        }
    }

    /// What is in hand and has not expired, or may be served all the same: no waiting, and nothing is started.
    pub(crate) fn in_hand(&self) -> Option<V> {
        self.0.slot.snapshot().in_hand(self.0.clock.now(), &self.0.policy)
    }

    /// Asks the source now, whatever the snapshot says; joins a flight that is already up.
    pub(crate) async fn renew(&self) -> Result<V, Error> {
        loop {
            let now = self.0.clock.now();
            let Boarding::Boarded { flight, .. } = self.board(now, Why::OnDemand)? else { continue };
            match flight.wait(Patience::ToTheEnd, now).await {
                _ if flight.era != self.0.tower().era => {}
                Some(outcome) => return outcome,
                None => return Err(interrupted(self.0.source.name())),
            }
        }
    }

    /// A service refused the value for which `is_rejected` holds. Answers whether that one is still in hand.
    pub(crate) fn invalidate(&self, is_rejected: impl FnOnce(&V) -> bool) -> bool {
        let _tower = self.0.tower();
        let snapshot = self.0.slot.snapshot();
        let matches = snapshot.held().is_some_and(|held| is_rejected(&held.value));
        if matches {
            self.0.slot.replace(snapshot.rejected());
        }
        matches
    }

    /// Drops what is in hand, and what a flight that is up will bring.
    pub(crate) fn forget(&self) {
        let mut tower = self.0.tower();
        tower.era = tower.era.wrapping_add(1);
        self.0.slot.replace(Snapshot::empty());
    }

    pub(crate) fn snapshot(&self) -> (Arc<Snapshot<V>>, bool) {
        let tower = self.0.tower();
        (self.0.slot.snapshot(), tower.flight.is_some())
    }

    pub(crate) fn now(&self) -> WallTime {
        self.0.clock.now()
    }

    /// Starts a flight for the next readers. Inline, the reader that started it waits for it, as on AWS Lambda,
    /// where a task may be frozen as soon as nobody waits.
    async fn refresh_behind(&self, now: WallTime, snapshot: &Snapshot<V>) -> Option<V> {
        let machine = &*self.0;
        let Ok(Boarding::Boarded { flight, started: true }) = self.board(now, Why::IfDue) else {
            return None;
        };
        let inline = match machine.policy.refresh_mode() {
            RefreshMode::Inline => true,
            RefreshMode::Background => false,
            RefreshMode::Auto => machine.env.is_lambda(),
        };
        if !inline {
            return None;
        }
        let patience = match snapshot.held().map(|held| now.until(held.expiry)) {
            Some(Duration::ZERO) | None => Patience::PastExpiry,
            Some(left) => Patience::WhileValid { left },
        };
        flight.wait(patience, now).await?.ok()
    }

    fn after_waiting(&self, flight: &Flight<V>, ended: Option<Result<V, Error>>) -> Option<Result<V, Error>> {
        if flight.era != self.0.tower().era {
            // Forgotten while it was up: what it brought belongs to those who came before.
            return None;
        }
        if let Some(Ok(value)) = ended {
            return Some(Ok(value));
        }
        let snapshot = self.0.slot.snapshot();
        if let Some(value) = snapshot.make_do(self.0.clock.now(), &self.0.policy) {
            return Some(Ok(value));
        }
        // Neither an answer nor anything to make do with: the clock has jumped past expiry. Decide again.
        ended.or_else(|| snapshot.trouble().map(|trouble| Err(trouble.error.clone())))
    }

    /// Joins the flight that is up, or starts one if it is (still) due.
    fn board(&self, now: WallTime, why: Why) -> Result<Boarding<V>, Error> {
        let machine = &self.0;
        let runtime = runtime(machine.source.name())?;
        let (flight, landing) = {
            let mut tower = machine.tower();
            if let Some(flight) = &tower.flight {
                return Ok(Boarding::Boarded { flight: Arc::clone(flight), started: false });
            }
            let snapshot = machine.slot.snapshot();
            // Between the look and the lock a flight may have landed.
            let due = match snapshot.decide(now, &machine.policy) {
                Decision::Join { .. } => true,
                Decision::Serve { refresh, .. } | Decision::ServeStale { refresh, .. } => refresh,
                Decision::Fail(_) => false,
            };
            if !due && matches!(why, Why::IfDue) {
                return Ok(Boarding::NothingDue);
            }
            let (sender, outcome) = watch::channel(None);
            let era = tower.era;
            let flight =
                Arc::new(Flight { outcome, started: now, era, passengers: Arc::new(AtomicUsize::new(0)) });
            tower.flight = Some(Arc::clone(&flight));
            let knew_of_rejection = snapshot.held().is_some_and(|held| held.rejected);
            let departure = Departure { knew_of_rejection };
            let landing = Landing { machine: Arc::clone(machine), sender, departure, era, landed: false };
            (flight, landing)
        };
        // Outside the lock: a runtime that is shutting down drops the task at once, and with it lands the flight.
        runtime.spawn(PASSENGERS.scope(Arc::clone(&flight.passengers), fly(landing)));
        Ok(Boarding::Boarded { flight, started: true })
    }
}

impl<V> Clone for Refresher<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: 'static> fmt::Debug for Refresher<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresher").field("source", &self.0.source.name()).finish_non_exhaustive()
    }
}

/// Whether a read waits for the flight this code runs in. Retries inside a flight are for readers; without one, the
/// next flight is soon enough. Outside of any flight somebody called `retrieve` and waits.
pub(crate) fn a_read_waits() -> bool {
    PASSENGERS.try_with(|passengers| passengers.load(Ordering::Relaxed) > 0).unwrap_or(true)
}

#[derive(Clone, Copy, Debug)]
enum Why {
    IfDue,
    OnDemand,
}

enum Boarding<V> {
    Boarded { flight: Arc<Flight<V>>, started: bool },
    NothingDue,
}

impl<V: Perishable> Flight<V> {
    /// `None`: patience ran out first, or the flight ended without an answer.
    async fn wait(&self, patience: Patience, now: WallTime) -> Option<Result<V, Error>> {
        let elapsed = self.started.until(now);
        let limit = match patience {
            Patience::ToTheEnd => None,
            Patience::WhileValid { left } => Some(policy::patience(left, elapsed)),
            Patience::PastExpiry => Some(policy::patience_expired(elapsed)),
        };
        let _seat = a_read_waits().then(|| Seat::take(&self.passengers));
        let mut outcome = self.outcome.clone();
        let landed =
            async { outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone()) };
        match limit {
            None => landed.await,
            Some(Duration::ZERO) => None,
            Some(limit) => tokio::time::timeout(limit, landed).await.ok().flatten(),
        }
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
    let limit = machine.source.time_limit();
    let outcome = tokio::time::timeout(limit, machine.source.fetch()).await;
    landing.land(outcome.unwrap_or_else(|_| Err(hung(machine.source.name(), limit))));
}

/// Ends the flight whatever happens to its task: also dropped unfinished, it lands.
struct Landing<V: Perishable> {
    machine: Arc<Machine<V>>,
    sender: watch::Sender<Option<Result<V, Error>>>,
    departure: Departure,
    era: u64,
    landed: bool,
}

impl<V: Perishable> Landing<V> {
    fn land(&mut self, outcome: Result<V, Error>) {
        self.landed = true;
        let machine = &*self.machine;
        let now = machine.clock.now();
        let mut news = None;
        let mut tower = machine.tower();
        let started = tower.flight.take().map_or(now, |flight| flight.started);
        let outcome = if self.era == tower.era {
            let draws = Draws { window: tower.window_draw, pause: tower.draw.f64() };
            let before = machine.slot.snapshot();
            let after = before.landed(outcome, self.departure, now, &machine.policy, draws);
            // What the waiters get is what the snapshot says now, with the time of the next attempt.
            let told = match (after.trouble(), after.held()) {
                (Some(trouble), _) => Err(trouble.error.clone()),
                (None, Some(held)) => Ok(held.value.clone()),
                (None, None) => Err(interrupted(machine.source.name())),
            };
            news = Some(machine.slot.replace(after));
            told
        } else {
            outcome
        };
        // Outside the lock: a subscriber may call the cache.
        drop(tower);
        if let Some(news) = news {
            machine.source.report(&news, started.until(now));
        }
        self.sender.send_replace(Some(outcome));
    }
}

impl<V: Perishable> Drop for Landing<V> {
    fn drop(&mut self) {
        if !self.landed {
            let name = self.machine.source.name();
            self.land(Err(if std::thread::panicking() { panicked(name) } else { interrupted(name) }));
        }
    }
}

impl<V> Machine<V> {
    fn tower(&self) -> MutexGuard<'_, Tower<V>> {
        // Nothing under the lock can be left half done: a panic elsewhere does not spoil it.
        self.tower.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checked before anything is spawned, so that nothing can panic in a caller.
fn runtime(source: &'static str) -> Result<Handle, Error> {
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
    std::panic::catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO))).map_err(|_| {
        missing(
            "the tokio runtime has no timers",
            "build it with `enable_all()`, or with `enable_time()` and `enable_io()`",
        )
    })?;
    Ok(runtime)
}

fn hung(source: &'static str, limit: Duration) -> Error {
    let message = format!("no answer within {} s, the limit of this provider", limit.as_secs_f32());
    Failure::new(FailureKind::TimedOut, source, message)
        .with_remedy("check what the provider waits for")
        .into()
}

fn panicked(source: &'static str) -> Error {
    Failure::new(FailureKind::Interrupted, source, "the provider panicked")
        .with_remedy("its message is on stderr; a runtime built without `enable_all()` is a common cause")
        .into()
}

fn interrupted(source: &'static str) -> Error {
    Failure::new(FailureKind::Interrupted, source, "the refresh was cut off before it had an answer")
        .with_remedy("the tokio runtime it ran in was shut down, if not the whole process")
        .into()
}

tokio::task_local! {
    static PASSENGERS: Arc<AtomicUsize>;
}
