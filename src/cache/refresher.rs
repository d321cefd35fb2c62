//! Keeps one value fresh: reads, refreshes, rejections, over whatever expires.
//!
//! The snapshot decides (`state`), the flight fetches (`flight`); this obeys.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::asked_by::AskedBy;
use crate::cache::flight::{self, Fetch, Flight, News};
use crate::cache::machine::{Boarding, Machine, Setting, Why};
use crate::cache::policy::{RefreshMode, RefreshPolicy};
use crate::cache::scheduler::KeepFresh;
use crate::cache::state::{Decision, Patience, Perishable, Snapshot, has_expired, shortfall};
use crate::error::Error;
use crate::host::{Clock, Env, Stopwatch};
use crate::provider::Notice;
use crate::wall_time::WallTime;

/// Keeps one value fresh: slot, flight and decision over any value that expires.
pub(crate) struct Refresher<V>(Arc<Machine<V>>);

impl<V: Perishable> Refresher<V> {
    pub(crate) fn new(source: impl Fetch<V>, policy: RefreshPolicy, clock: Clock, env: Env) -> Self {
        Self::within(source, Arc::new(Setting { policy, clock, env }))
    }

    /// One of many that share their setting.
    pub(super) fn within(source: impl Fetch<V>, setting: Arc<Setting>) -> Self {
        Self(Arc::new(Machine::new(Box::new(source), setting)))
    }

    /// The common read: a look at the snapshot and a comparison with the coarse clock.
    #[inline]
    pub(crate) fn quiet<R>(&self, look: impl FnOnce(&V) -> R) -> Option<R> {
        let now = self.0.setting.clock.coarse_now();
        self.0.slot.look(|snapshot| snapshot.quiet(now).map(look))
    }

    /// Everything else: whatever the decision says.
    pub(crate) async fn read(&self) -> Result<V, Error> {
        self.0.served(self.decided().await?)
    }

    /// The same without handing it out.
    pub(crate) async fn decided(&self) -> Result<V, Error> {
        loop {
            let machine = &*self.0;
            let now = machine.setting.clock.now();
            let snapshot = machine.slot.snapshot();
            machine.look_for_expiry(&snapshot, now);
            if AskedBy::this_flight() == Some(AskedBy::Renewal)
                && snapshot.waits_for_renewal(now, &machine.setting.policy)
            {
                // Somebody has called `renew` further out, and this is in the way of it.
                return self.renewed().await;
            }
            let (make_do, refresh) = match snapshot.decide(now, &machine.setting.policy) {
                Decision::Fail(error) => return Err(error),
                Decision::Serve { value, refresh } => (value.clone(), refresh),
                Decision::ServeStale { value, refresh } => (value.marked_stale(), refresh),
                Decision::Join { patience } => match self.0.board(now, Why::IfDue) {
                    // No runtime: what is in hand is better than an error.
                    Err(error) => return snapshot.make_do(now, &machine.setting.policy).ok_or(error),
                    Ok(Boarding::NothingDue) => continue,
                    Ok(Boarding::Boarded { flight, .. }) => match self.wait(&flight, patience).await {
                        Some(answer) => return answer,
                        None => continue,
                    },
                },
            };
            if !refresh {
                self.0.look(now);
                return Ok(make_do);
            }
            let Ok(Boarding::Boarded { flight, started: true }) = self.0.board(now, Why::IfDue) else {
                return Ok(make_do);
            };
            if !self.is_inline() {
                return Ok(make_do);
            }
            let left = snapshot.held().map_or(Duration::ZERO, |held| now.until(held.expiry));
            if let Some(answer) = self.wait(&flight, patience(left)).await {
                return answer;
            }
        }
    }

    /// A value that lasts as long as needed, or the longest there is and by how much it falls short.
    pub(crate) async fn lasting(&self, needed: Duration) -> Result<(V, Duration), Error> {
        let value = self.longest(needed).await?;
        let by = shortfall(&value, self.0.setting.clock.now(), needed);
        Ok((self.0.served(value)?, by))
    }

    async fn longest(&self, needed: Duration) -> Result<V, Error> {
        let value = self.decided().await?;
        let now = self.0.setting.clock.now();
        if shortfall(&value, now, needed).is_zero() {
            return Ok(value);
        }
        let Ok(Boarding::Boarded { flight, .. }) = self.0.board(now, Why::ToLast) else {
            return Ok(value);
        };
        let left = value.expiry().map_or(Duration::ZERO, |expiry| now.until(expiry));
        // Whatever becomes of it: what is in hand then is the answer.
        self.wait(&flight, patience(left)).await;
        self.decided().await
    }

    /// What is in hand and has not expired, or may be served all the same: no waiting, and nothing is started.
    pub(crate) fn in_hand(&self) -> Option<V> {
        self.0.in_hand()
    }

    /// Whether there is something, without handing it out.
    pub(crate) fn has_in_hand(&self) -> bool {
        self.quiet(|_| ()).is_some() || self.0.held_in_hand().is_some()
    }

    /// Asks the source now, whatever the snapshot says; joins a flight that is already up.
    pub(crate) async fn renew(&self) -> Result<V, Error> {
        self.0.served(self.renewed().await?)
    }

    async fn renewed(&self) -> Result<V, Error> {
        loop {
            let now = self.0.setting.clock.now();
            let Boarding::Boarded { flight, .. } = self.0.board(now, Why::OnDemand)? else { continue };
            match flight.wait(None).await {
                _ if flight.era != self.0.tower().era => {}
                Some(Err(error)) if flight.is_asked_by_less(Why::OnDemand, false, &error) => {}
                Some(Ok(value)) if has_expired(&value, self.0.setting.clock.now()) => {}
                Some(outcome) => return outcome,
                None if flight.is_overdue() => {}
                None => return Err(flight::interrupted(self.0.source().name())),
            }
        }
    }

    /// A service refused the value of this [`mark`](Perishable::mark). Answers whether that one is still in hand.
    pub(crate) fn invalidate(&self, mark: u64) -> bool {
        self.0.reject(mark)
    }

    /// Drops what is in hand, and what a flight that is up will bring.
    pub(crate) fn forget(&self) {
        // Before: a flight that starts right after must find nothing remembered.
        self.0.source().notice(Notice::Forgotten);
        self.0.forget();
    }

    /// Starts a refresh of what is in hand, if one is due and none is up.
    #[cfg(feature = "sts")]
    pub(super) fn refresh_if_due(&self, now: WallTime) -> bool {
        self.0.look(now);
        matches!(self.0.board(now, Why::IfDue), Ok(Boarding::Boarded { started: true, .. }))
    }

    /// Whether something is in hand that is to be renewed, and nobody has begun to.
    #[cfg(feature = "sts")]
    pub(super) fn is_due(&self, now: WallTime) -> bool {
        let is_due = |snapshot: &Snapshot<V>| {
            snapshot.held().is_some() && snapshot.due_at(now, &self.0.setting.policy) <= now
        };
        self.0.slot.look(is_due) && self.0.tower().flight.is_none()
    }

    /// What clones share.
    #[cfg(feature = "sts")]
    pub(super) fn machine(&self) -> &Arc<Machine<V>> {
        &self.0
    }

    #[cfg(feature = "sts")]
    pub(super) fn of(machine: Arc<Machine<V>>) -> Self {
        Self(machine)
    }

    pub(crate) fn source(&self) -> &dyn Fetch<V> {
        self.0.source()
    }

    pub(crate) fn policy(&self) -> &RefreshPolicy {
        &self.0.setting.policy
    }

    /// Registers with the scheduler of this runtime.
    pub(crate) fn keep_fresh(&self) -> Result<KeepFresh, Error> {
        let runtime = flight::runtime(self.0.source().name())?;
        Ok(KeepFresh::new(Arc::<Machine<V>>::clone(&self.0), &runtime, &self.0.setting.clock))
    }

    pub(crate) fn is_kept_fresh(&self) -> bool {
        self.0.is_watched()
    }

    pub(crate) fn snapshot(&self) -> (Arc<Snapshot<V>>, bool) {
        let tower = self.0.tower();
        (self.0.slot.snapshot(), tower.flight.is_some())
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.setting.clock
    }

    pub(crate) fn now(&self) -> WallTime {
        self.0.setting.clock.now()
    }

    /// Whether the reader that started a flight waits for it, as on AWS Lambda, where a task may be frozen as soon as
    /// nobody waits.
    fn is_inline(&self) -> bool {
        match self.0.setting.policy.refresh_mode() {
            RefreshMode::Inline => true,
            RefreshMode::Background => false,
            RefreshMode::Auto => self.0.setting.env.is_lambda(),
        }
    }

    /// Waits for a flight, as long as the policy has a read wait, and answers with what it brought or with what can be
    /// made do with. `None`: decide again.
    async fn wait(&self, flight: &Flight<V>, patience: Patience) -> Option<Result<V, Error>> {
        let limit = self.0.setting.policy.patience(patience, flight.started.elapsed());
        let waited = Stopwatch::start();
        let ended = flight.wait(limit).await;
        if limit != Some(Duration::ZERO) {
            self.0.source().tell(News::Waited(waited.elapsed()));
        }
        if flight.era != self.0.tower().era {
            // Forgotten while it was up: what it brought belongs to those who came before.
            return None;
        }
        let now = self.0.setting.clock.now();
        // Between the landing and this turn the machine may have slept.
        let ended = ended.filter(|ended| !ended.as_ref().is_ok_and(|value| has_expired(value, now)));
        if let Some(Ok(value)) = ended {
            return Some(Ok(value));
        }
        let snapshot = self.0.slot.snapshot();
        if let Some(value) = snapshot.make_do(now, &self.0.setting.policy) {
            return Some(Ok(value));
        }
        if ended.is_none() && flight.is_overdue() {
            return None;
        }
        if let Some(Err(error)) = &ended
            && flight.is_asked_by_less(Why::IfDue, snapshot.held().is_none(), error)
        {
            return None;
        }
        // Neither an answer nor anything to make do with: the clock has jumped past expiry. Decide again.
        ended.or_else(|| snapshot.trouble().map(|trouble| Err(trouble.error.clone())))
    }
}

/// How long to wait with something in hand that has so long left.
fn patience(left: Duration) -> Patience {
    if left.is_zero() { Patience::PastExpiry } else { Patience::WhileValid { left } }
}

impl<V> Clone for Refresher<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: 'static> fmt::Debug for Refresher<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresher").field("source", &self.0.source().name()).finish_non_exhaustive()
    }
}
