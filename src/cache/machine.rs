//! What all clones of a refresher share: the snapshot, the lock over what changes it, and what is asked.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::cache::asked_by::AskedBy;
use crate::cache::flight::{self, Fetch, Flight, News};
use crate::cache::policy::RefreshPolicy;
use crate::cache::scheduler::{Kept, Watch};
use crate::cache::slot::Slot;
use crate::cache::state::{Arrival, Decision, Departure, Draws, Perishable, Phase, Snapshot};
use crate::error::Error;
use crate::host::{Clock, Env};
use crate::sync::{AtomicBool, Mutex, MutexGuard};
use crate::wall_time::WallTime;

pub(super) struct Machine<V> {
    pub(super) slot: Slot<Snapshot<V>>,
    tower: Mutex<Tower<V>>,
    pub(super) setting: Arc<Setting>,
    /// Whether a look at the files is under way.
    pub(super) looking: AtomicBool,
    /// Whether it was told that the value in hand has expired.
    expiry_told: AtomicBool,
    source: Box<dyn Fetch<V>>,
}

/// How and where a value is kept fresh: the caches of a pool share it.
pub(super) struct Setting {
    pub(super) policy: RefreshPolicy,
    pub(super) clock: Clock,
    pub(super) env: Env,
}

/// What may change only under the lock. Readers on the common path never take it.
pub(super) struct Tower<V> {
    pub(super) flight: Option<Arc<Flight<V>>>,
    /// Counts `forget`s: what a flight of an earlier era brings is not kept.
    pub(super) era: u32,
    /// Counts flights.
    flights: u32,
    // Boxed: most have none of it.
    rare: Option<Box<Rare>>,
    random: fastrand::Rng,
    window_draw: f64,
}

#[derive(Default)]
struct Rare {
    /// What services refused while the flight is up, by mark.
    rejected: Vec<u64>,
    /// Schedulers that keep the value fresh.
    watches: Vec<Watch>,
}

/// Why somebody wants a flight.
#[derive(Clone, Copy, Debug)]
pub(super) enum Why {
    /// The snapshot says that one is due.
    IfDue,
    /// What is in hand does not last as long as somebody needs it.
    ToLast,
    /// Whatever it says.
    OnDemand,
}

pub(super) enum Boarding<V> {
    Boarded { flight: Arc<Flight<V>>, started: bool },
    NothingDue,
}

/// What was known before a flight landed and is known after it, and how long it took.
pub(super) struct Landed<V> {
    pub(super) before: Arc<Snapshot<V>>,
    pub(super) after: Arc<Snapshot<V>>,
    pub(super) at: WallTime,
    pub(super) took: Duration,
}

impl<V: Perishable> Machine<V> {
    pub(super) fn new(source: Box<dyn Fetch<V>>, setting: Arc<Setting>) -> Self {
        let mut random = setting.clock.random();
        let window_draw = random.f64();
        Self {
            slot: Slot::new(Snapshot::empty()),
            tower: Mutex::new(Tower { flight: None, era: 0, flights: 0, rare: None, random, window_draw }),
            setting,
            looking: AtomicBool::new(false),
            expiry_told: AtomicBool::new(false),
            source,
        }
    }

    /// Joins the flight that is up, or starts one if it is (still) due.
    pub(super) fn board(self: &Arc<Self>, now: WallTime, why: Why) -> Result<Boarding<V>, Error> {
        let runtime = flight::runtime(self.source.name())?;
        let (flight, landing) = {
            let mut tower = self.tower();
            if let Some(flight) = tower.flight.as_ref().filter(|flight| !flight.is_overdue()) {
                return Ok(Boarding::Boarded { flight: Arc::clone(flight), started: false });
            }
            let snapshot = self.slot.snapshot();
            // Between the look and the lock a flight may have landed.
            let due = match why {
                Why::OnDemand => true,
                Why::ToLast => snapshot.may_last_longer(now, &self.setting.policy),
                Why::IfDue => match snapshot.decide(now, &self.setting.policy) {
                    Decision::Join { .. } => true,
                    Decision::Serve { refresh, .. } | Decision::ServeStale { refresh, .. } => refresh,
                    Decision::Fail(_) => false,
                },
            };
            if !due {
                return Ok(Boarding::NothingDue);
            }
            let knew_of_rejection = snapshot.held().is_some_and(|held| held.rejected);
            tower.flights = tower.flights.wrapping_add(1);
            let asked_by = AskedBy::of(why, snapshot.held().is_none());
            let departure = Departure { knew_of_rejection, asked_by };
            let (flight, landing) = Flight::new(self, departure, tower.era, tower.flights);
            let flight = Arc::new(flight);
            tower.flight = Some(Arc::clone(&flight));
            if let Some(rare) = &mut tower.rare {
                rare.rejected.clear();
            }
            (flight, landing)
        };
        self.source.tell(News::Started);
        flight.take_off(&runtime, landing);
        Ok(Boarding::Boarded { flight, started: true })
    }

    /// After a flight: what those are told who waited for it, and what is to be reported. Nothing is, if everything
    /// was forgotten in the meantime, or if the flight was given up and another took its place.
    pub(super) fn land(
        &self,
        outcome: Result<V, Error>,
        departure: Departure,
        era: u32,
        number: u32,
    ) -> (Result<V, Error>, Option<Landed<V>>) {
        let now = self.setting.clock.now();
        let look_after = self.source.look_after();
        let mut tower = self.tower();
        let Some(flight) = tower.flight.take_if(|flight| flight.number == number) else {
            return (outcome, None);
        };
        let took = flight.started.elapsed();
        if era != tower.era {
            return (outcome, None);
        }
        let draws = Draws { window: tower.window_draw, pause: tower.draw(now) };
        let arrival =
            Arrival { now, policy: &self.setting.policy, draws, rejected: tower.rejected(), look_after };
        let before = self.slot.snapshot();
        let after = before.landed(outcome, departure, &arrival);
        // They are told what the snapshot says, with the time of the next attempt.
        let told = match (after.trouble(), after.held()) {
            (Some(trouble), _) => Err(trouble.error.clone()),
            (None, Some(held)) => Ok(held.value.clone()),
            (None, None) => Err(flight::interrupted(self.source.name())),
        };
        self.expiry_told.fetch_and(after.trouble().is_some(), Ordering::Relaxed);
        (told, Some(Landed { before, after: self.place(after), at: now, took }))
    }

    /// A service refused the value of this mark. Answers whether that one is in hand.
    pub(super) fn reject(&self, mark: u64) -> bool {
        let snapshot = {
            let mut tower = self.tower();
            let snapshot = self.slot.snapshot();
            if snapshot.held().is_some_and(|held| held.value.mark() == mark) {
                self.place(snapshot.rejected());
            }
            // It may be what the flight brings: where caches are nested, others have had it already.
            if tower.flight.is_some()
                && !tower.rejected().contains(&mark)
                && tower.rejected().len() < REJECTED_MAX
            {
                tower.rare().rejected.push(mark);
            }
            snapshot
        };
        let held = snapshot.held().filter(|held| held.value.mark() == mark);
        if let Some(held) = held.filter(|held| !held.rejected) {
            self.tell_watches(Watch::changed);
            self.source.tell(News::Rejected(held));
        }
        held.is_some()
    }

    /// What is in hand and has not expired, or may be served all the same: handed out.
    // Apart from the common read, so that this costs none of its registers.
    #[cold]
    #[inline(never)]
    pub(super) fn in_hand(&self) -> Option<V> {
        self.held_in_hand().and_then(|value| self.served(value).ok())
    }

    /// The same without handing it out.
    pub(super) fn held_in_hand(&self) -> Option<V> {
        let now = self.setting.clock.now();
        let snapshot = self.slot.snapshot();
        self.look_for_expiry(&snapshot, now);
        snapshot.in_hand(now, &self.setting.policy)
    }

    /// Swaps the snapshot. Under the lock.
    pub(super) fn place(&self, snapshot: Snapshot<V>) -> Arc<Snapshot<V>> {
        self.slot.replace(if self.source.is_audited() { snapshot.never_quiet() } else { snapshot })
    }

    /// Tells that the value in hand has expired, once.
    pub(super) fn look_for_expiry(&self, snapshot: &Snapshot<V>, now: WallTime) {
        let Some(held) = snapshot.held().filter(|held| held.phase(now) == Phase::Expired) else { return };
        if !self.expiry_told.swap(true, Ordering::Relaxed) {
            let stale = self.setting.policy.allows_stale(held.value.is_stale_servable());
            self.source.tell(News::Expired { held, stale });
        }
    }

    /// Tells that the value which is handed out has expired, if it has, and records it.
    pub(super) fn served(&self, value: V) -> Result<V, Error> {
        self.source.audit(&value, self.setting.clock.now())?;
        if let Some(expiry) = value.expiry().filter(|_| value.is_stale()) {
            self.source.tell(News::ServedStale { expired_for: expiry.until(self.setting.clock.now()) });
        }
        Ok(value)
    }

    /// Drops what is in hand, and what a flight that is up will bring.
    pub(super) fn forget(&self) {
        {
            let mut tower = self.tower();
            tower.era = tower.era.wrapping_add(1);
            self.slot.replace(Snapshot::empty());
        }
        self.tell_watches(Watch::changed);
    }
}

impl<V: Perishable> Kept for Machine<V> {
    fn due_at(&self) -> WallTime {
        let now = self.setting.clock.now();
        self.slot.look(|snapshot| snapshot.due_at(now, &self.setting.policy))
    }

    fn asks(&self) -> &'static str {
        self.slot.look(|snapshot| self.source.asks(snapshot.held().map(|held| &held.value)))
    }

    fn attend(self: Arc<Self>) -> bool {
        let now = self.setting.clock.now();
        self.look(now);
        matches!(self.board(now, Why::IfDue), Ok(Boarding::Boarded { .. }))
    }

    fn watched_by(&self, watch: Watch) {
        self.tower().rare().watches.push(watch);
    }

    fn unwatched(&self, number: u64) {
        self.tower().rare().watches.retain(|watch| watch.number != number);
    }
}

impl<V> Machine<V> {
    /// Outside of the lock: a scheduler has one of its own.
    pub(super) fn tell_watches(&self, what: impl Fn(&Watch)) {
        let Some(watches) = self.tower().rare.as_ref().map(|rare| rare.watches.clone()) else { return };
        watches.iter().for_each(what);
    }

    pub(super) fn is_watched(&self) -> bool {
        self.tower().rare.as_ref().is_some_and(|rare| !rare.watches.is_empty())
    }

    pub(super) fn source(&self) -> &dyn Fetch<V> {
        &*self.source
    }

    pub(super) fn tower(&self) -> MutexGuard<'_, Tower<V>> {
        // Nothing under the lock can be left half done: a panic elsewhere does not spoil it.
        self.tower.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Tower<V> {
    fn rejected(&self) -> &[u64] {
        self.rare.as_ref().map_or(&[], |rare| &rare.rejected)
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Processes that were restored from one snapshot have one generator, but not one time.
    fn draw(&mut self, now: WallTime) -> f64 {
        fastrand::Rng::with_seed(self.random.u64(..) ^ now.seed()).f64()
    }
}

/// Rejections that are remembered while one flight is up.
const REJECTED_MAX: usize = 16;
