//! Keeps one value fresh: reads, refreshes, rejections, over whatever expires.
//!
//! The snapshot decides (`state`), the flight fetches (`flight`); this obeys.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cache::flight::{self, Fetch, Flight};
use crate::cache::policy::{RefreshMode, RefreshPolicy};
use crate::cache::slot::Slot;
use crate::cache::state::{Decision, Departure, Draws, Patience, Perishable, Snapshot};
use crate::error::Error;
use crate::host::{Clock, Env};
use crate::wall_time::WallTime;

/// Keeps one value fresh: slot, flight and decision over any value that expires.
pub(crate) struct Refresher<V>(Arc<Machine<V>>);

/// What all clones share.
pub(super) struct Machine<V> {
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
                None => return Err(flight::interrupted(self.0.source.name())),
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
        let runtime = flight::runtime(machine.source.name())?;
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
            let knew_of_rejection = snapshot.held().is_some_and(|held| held.rejected);
            let (flight, landing) = Flight::new(machine, Departure { knew_of_rejection }, now, tower.era);
            let flight = Arc::new(flight);
            tower.flight = Some(Arc::clone(&flight));
            (flight, landing)
        };
        flight.take_off(&runtime, landing);
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

#[derive(Clone, Copy, Debug)]
enum Why {
    IfDue,
    OnDemand,
}

enum Boarding<V> {
    Boarded { flight: Arc<Flight<V>>, started: bool },
    NothingDue,
}

/// What is known after a flight, and how long it took.
type News<V> = (Arc<Snapshot<V>>, Duration);

impl<V: Perishable> Machine<V> {
    /// After a flight: what those are told who waited for it, and what is to be reported. Nothing is, if everything
    /// was forgotten in the meantime.
    pub(super) fn land(
        &self,
        outcome: Result<V, Error>,
        departure: Departure,
        era: u64,
    ) -> (Result<V, Error>, Option<News<V>>) {
        let now = self.clock.now();
        let mut tower = self.tower();
        let took = tower.flight.take().map_or(Duration::ZERO, |flight| flight.started.until(now));
        if era != tower.era {
            return (outcome, None);
        }
        let draws = Draws { window: tower.window_draw, pause: tower.draw.f64() };
        let after = self.slot.snapshot().landed(outcome, departure, now, &self.policy, draws);
        // They are told what the snapshot says, with the time of the next attempt.
        let told = match (after.trouble(), after.held()) {
            (Some(trouble), _) => Err(trouble.error.clone()),
            (None, Some(held)) => Ok(held.value.clone()),
            (None, None) => Err(flight::interrupted(self.source.name())),
        };
        (told, Some((self.slot.replace(after), took)))
    }
}

impl<V> Machine<V> {
    pub(super) fn source(&self) -> &dyn Fetch<V> {
        &*self.source
    }

    fn tower(&self) -> MutexGuard<'_, Tower<V>> {
        // Nothing under the lock can be left half done: a panic elsewhere does not spoil it.
        self.tower.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
