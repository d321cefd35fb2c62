//! Keeps caches fresh that nobody reads: one task in a runtime, however many caches.
//!
//! It sleeps until the next one is due, and at most half a minute: timers do not count the time in which a machine
//! sleeps, and know nothing of a clock that is set. What is due, the snapshot of each cache says; in which order and at
//! which pace they start, the [`agenda`].

mod agenda;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use self::agenda::Agenda;
use crate::cache::CredentialsCache;
use crate::cache::asked_by::AskedBy;
use crate::cache::ready::WALL_CLOCK_LOOK;
use crate::error::Error;
use crate::host::{Clock, Stopwatch};
use crate::sync::{Handle, Id};
use crate::wall_time::WallTime;

/// What can be kept fresh.
pub(super) trait Kept: Send + Sync + 'static {
    /// When something is to be done that nobody has asked for.
    fn due_at(&self) -> WallTime;
    /// Whom it asks, for the pace.
    fn asks(&self) -> &'static str;
    /// Does what is due. Answers whether a flight is up, of which it will tell when it has landed.
    fn attend(self: Arc<Self>) -> bool;
    /// Is to tell this scheduler of its changes.
    fn watched_by(&self, watch: Watch);
    /// No longer.
    fn unwatched(&self, number: u64);
}

/// How one that is kept tells its scheduler.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    scheduler: Weak<Scheduler>,
    pub(super) number: u64,
}

impl Watch {
    /// It may be due at another time than it was.
    pub(super) fn changed(&self) {
        self.with(Agenda::due);
    }

    /// A flight is down.
    pub(super) fn landed(&self) {
        self.with(Agenda::down);
    }

    fn with(&self, change: impl FnOnce(&mut Agenda<Arc<dyn Kept>>, u64, WallTime)) {
        let Some(scheduler) = self.scheduler.upgrade() else { return };
        {
            let mut state = scheduler.state();
            let Some(due) = state.agenda.get(self.number).map(|kept| kept.due_at()) else { return };
            change(&mut state.agenda, self.number, due);
        }
        scheduler.wake.notify_one();
    }
}

/// Keeps a cache fresh as long as it lives. Made by
/// [`CredentialsCache::keep_fresh`](crate::CredentialsCache::keep_fresh).
#[must_use = "dropped, it keeps nothing fresh"]
pub struct KeepFresh {
    scheduler: Arc<Scheduler>,
    kept: Arc<dyn Kept>,
    number: u64,
}

impl KeepFresh {
    pub(super) fn new(kept: Arc<dyn Kept>, runtime: &Handle, clock: &Clock) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let scheduler = Scheduler::of(runtime, clock);
        // First: what changes from here on is told.
        kept.watched_by(Watch { scheduler: Arc::downgrade(&scheduler), number });
        scheduler.add(number, Arc::clone(&kept), runtime);
        Self { scheduler, kept, number }
    }

    /// Whether its runtime still has the task that attends to it.
    #[cfg(feature = "sts")]
    pub(super) fn is_attended(&self) -> bool {
        self.scheduler.state().is_running
    }
}

impl Drop for KeepFresh {
    fn drop(&mut self) {
        self.kept.unwatched(self.number);
        self.scheduler.state().agenda.remove(self.number);
        // It may have been the last.
        self.scheduler.wake.notify_one();
    }
}

impl fmt::Debug for KeepFresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeepFresh").finish_non_exhaustive()
    }
}

/// One for each runtime and clock: where nothing is tested, for each runtime.
pub(super) struct Scheduler {
    runtime: Id,
    clock: Clock,
    state: Mutex<State>,
    wake: Notify,
    started: Stopwatch,
}

struct State {
    agenda: Agenda<Arc<dyn Kept>>,
    is_running: bool,
}

impl Scheduler {
    fn of(runtime: &Handle, clock: &Clock) -> Arc<Self> {
        static ALL: Mutex<Vec<Weak<Scheduler>>> = Mutex::new(Vec::new());
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|scheduler| scheduler.strong_count() > 0);
        let is_it = |scheduler: &Arc<Self>| scheduler.runtime == runtime.id() && scheduler.clock.is(clock);
        if let Some(scheduler) = all.iter().filter_map(Weak::upgrade).find(is_it) {
            return scheduler;
        }
        let scheduler = Arc::new(Self {
            runtime: runtime.id(),
            clock: clock.clone(),
            state: Mutex::new(State { agenda: Agenda::new(), is_running: false }),
            wake: Notify::new(),
            started: Stopwatch::start(),
        });
        all.push(Arc::downgrade(&scheduler));
        scheduler
    }

    fn add(self: &Arc<Self>, number: u64, kept: Arc<dyn Kept>, runtime: &Handle) {
        let was_running = {
            let mut state = self.state();
            let due = kept.due_at();
            state.agenda.add(number, kept, due);
            std::mem::replace(&mut state.is_running, true)
        };
        if was_running {
            self.wake.notify_one();
        } else {
            let running = Running { scheduler: Arc::clone(self), ended: false };
            runtime.spawn(AskedBy::Nobody.behind(running.run()));
        }
    }

    async fn run(&self) {
        let mut last = self.clock.now();
        loop {
            let now = self.clock.now();
            let started = {
                let mut state = self.state();
                if state.agenda.is_empty() {
                    // Under the lock: whoever registers next starts another task.
                    state.is_running = false;
                    return;
                }
                if now.plus(CLOCK_SLEW) < last {
                    state.agenda.reconsider(|kept| kept.due_at());
                }
                let started = state.agenda.start(now, self.started.elapsed(), |kept| kept.asks());
                let kept = |number| Some((number, Arc::clone(state.agenda.get(number)?)));
                started.into_iter().filter_map(kept).collect::<Vec<_>>()
            };
            last = now;
            for (number, kept) in started {
                if !Arc::clone(&kept).attend() {
                    let due = kept.due_at();
                    self.state().agenda.down(number, due);
                }
            }
            let pause = self.state().agenda.pause(self.clock.now()).unwrap_or(WALL_CLOCK_LOOK);
            // A landing, a change, a newcomer, or time: all of them are looked at above.
            let _ = tokio::time::timeout(pause.min(WALL_CLOCK_LOOK), self.wake.notified()).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("runtime", &self.runtime).finish_non_exhaustive()
    }
}

/// The task of a scheduler: if it ends with its runtime, the next one to register finds that out.
struct Running {
    scheduler: Arc<Scheduler>,
    ended: bool,
}

impl Running {
    async fn run(mut self) {
        self.scheduler.run().await;
        self.ended = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.scheduler.state().is_running = false;
        }
    }
}

impl CredentialsCache {
    /// Keeps the credentials fresh, and fetches them if there are none, although nobody reads: as long as what is
    /// returned lives.
    ///
    /// ```no_run
    /// # async fn f(cache: aws_credential_chain::CredentialsCache) -> Result<(), aws_credential_chain::Error> {
    /// let _fresh = cache.keep_fresh()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// All caches of a runtime share one task, which starts with the first of them and ends with the last: a hundred
    /// thousand are kept fresh by it. It asks one source at most 200 times a second, and of one cache nothing more than
    /// once a second. When and whether there is something to do says the [`RefreshPolicy`](crate::RefreshPolicy);
    /// under [`on_demand`](crate::RefreshPolicy::on_demand) there never is, and where a person would have to be asked, as
    /// for a code of an MFA device, that waits for a read or for [`renew`](Self::renew).
    ///
    /// # Errors
    /// There is no tokio runtime with timers on this thread. One that is shut down ends what was begun in it; reads go
    /// on refreshing, and another runtime may keep the cache fresh.
    pub fn keep_fresh(&self) -> Result<KeepFresh, Error> {
        self.refresher.keep_fresh()
    }
}

/// Deadlines that are wrong by less harm nobody.
const CLOCK_SLEW: Duration = Duration::from_secs(1);
