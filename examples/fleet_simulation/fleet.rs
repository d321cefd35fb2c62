//! One fleet in virtual time: each machine a real cache, all of them in front of one source.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_chain::testing::{Clock, World};
use aws_credential_chain::{CredentialsCache, Event};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::scenario::{Scenario, Size};
use crate::source::Source;

/// What a fleet went through, from the start of the outage until [`WATCHED_AFTER`] its end.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Machines that at some time held only expired credentials.
    pub affected: u32,
    /// The share of all machines' time in which they did.
    pub expired_share: f64,
    /// From the end of the outage until no machine did any more; zero if none did by then.
    pub all_fresh_after: Duration,
    /// Machines of which a read waited.
    pub waited: u32,
    pub worst_wait: Duration,
    /// Reads that were answered with an error.
    pub errors: u32,
    /// Reads that were answered with expired credentials that do not say so.
    pub unmarked: u32,
    /// Requests to the source in a second, on average while it was away.
    pub mean_load: f64,
    /// The most in one second while it was away.
    pub peak_away: u32,
    /// The most in one second afterwards.
    pub peak_after: u32,
}

/// Lets a fleet run: the machines start one after another, so that their renewals are spread evenly; when all are
/// there, the source goes away.
pub(crate) fn run(scenario: Scenario, size: Size) -> io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(simulate(scenario, size))
}

async fn simulate(scenario: Scenario, size: Size) -> io::Result<Outcome> {
    let Scenario { life, outage, policy } = scenario;
    let away_from = life.renewed_after();
    let away = (away_from, away_from + outage);
    let end = away.1 + WATCHED_AFTER;
    let clock = Clock::default();
    clock.seed(size.seed);
    let world = World::with_clock(clock.clone());
    let source = Source::new(&clock, life.lifetime, size.capacity(), away);

    // The same for both policies.
    let mut random = fastrand::Rng::with_seed(size.seed);
    let mut machines = JoinSet::new();
    for _ in 0..size.machines {
        let start = away_from.mul_f64(random.f64());
        let landed = Arc::new(Notify::new());
        let heard = Arc::clone(&landed);
        let cache = CredentialsCache::builder(source.clone())
            .refresh(policy.rules())
            .in_world(&world)
            .observer(move |event: &Event| {
                if matches!(event, Event::Refreshed { .. } | Event::Failed { .. }) {
                    heard.notify_one();
                }
            })
            .build();
        let machine = Machine { cache, landed, source: source.clone(), clock: clock.clone(), away, end };
        machines.spawn(async move {
            tokio::time::sleep(start).await;
            machine.live().await
        });
    }
    let lives = machines.join_all().await;
    Ok(Outcome::of(&lives, &source.load(), away, outage + WATCHED_AFTER))
}

struct Machine {
    cache: CredentialsCache,
    /// A flight of the cache has.
    landed: Arc<Notify>,
    source: Source,
    clock: Clock,
    away: (Duration, Duration),
    end: Duration,
}

/// What one machine went through.
#[derive(Default)]
struct Life {
    expired: Duration,
    /// Until when, counted from the opening of the source.
    expired_until: Duration,
    waited: bool,
    worst_wait: Duration,
    errors: u32,
    unmarked: u32,
}

impl Machine {
    async fn live(self) -> Life {
        let mut life = Life::default();
        let mut expiry = None;
        loop {
            let began = self.source.elapsed();
            let answer = self.cache.credentials().await;
            let now = self.source.elapsed().min(self.end);
            if began >= self.away.0 {
                life.note_wait(now.saturating_sub(began));
            }
            match answer {
                Err(_) => life.errors += 1,
                Ok(credentials) => {
                    let until = self.counted(credentials.expiry());
                    life.unmarked += u32::from(until <= now && !credentials.is_stale());
                    if let Some(until) = expiry.replace(until).filter(|before| *before < until) {
                        life.note_expired(until.max(self.away.0), now);
                    }
                }
            }
            if now >= self.end {
                break;
            }
            self.until_something_is_due(now).await;
        }
        if let Some(until) = expiry {
            life.note_expired(until.max(self.away.0), self.end);
        }
        life
    }

    /// Until a read has something to do, or finds something new.
    async fn until_something_is_due(&self, now: Duration) {
        let status = self.cache.status();
        if status.refreshing {
            return self.landed.notified().await;
        }
        let refresh = status.refresh_due.map_or(now, |due| self.counted(Some(due)));
        let attempt = status.next_attempt.map_or(now, |due| self.counted(Some(due)));
        let expiry = status.expiry.map(|expiry| self.counted(Some(expiry))).filter(|expiry| *expiry > now);
        let due = refresh.max(attempt).min(expiry.unwrap_or(Duration::MAX)).min(self.end);
        tokio::time::sleep(due.saturating_sub(now).max(A_MOMENT)).await;
    }

    /// Counted from the opening of the source.
    fn counted(&self, at: Option<SystemTime>) -> Duration {
        let (elapsed, now) = (self.source.elapsed(), self.clock.now());
        match at.map(|at| at.duration_since(now)) {
            Some(Ok(ahead)) => elapsed + ahead,
            Some(Err(ago)) => elapsed.saturating_sub(ago.duration()),
            None => Duration::MAX,
        }
    }
}

impl Life {
    fn note_wait(&mut self, waited: Duration) {
        self.waited |= !waited.is_zero();
        self.worst_wait = self.worst_wait.max(waited);
    }

    fn note_expired(&mut self, from: Duration, to: Duration) {
        if from < to {
            self.expired += to.saturating_sub(from);
            self.expired_until = to;
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "shares and averages, shown with few digits")]
impl Outcome {
    fn of(lives: &[Life], load: &[u32], away: (Duration, Duration), watched: Duration) -> Self {
        let count = |which: fn(&Life) -> bool| {
            u32::try_from(lives.iter().filter(|life| which(life)).count()).unwrap_or(u32::MAX)
        };
        let expired: Duration = lives.iter().map(|life| life.expired).sum();
        let last = lives.iter().map(|life| life.expired_until).max().unwrap_or_default();
        let second = |at: Duration| usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        let (before, after) = load.split_at(second(away.1).min(load.len()));
        let meanwhile = before.get(second(away.0)..).unwrap_or_default();
        let requests: u32 = meanwhile.iter().sum();
        Self {
            affected: count(|life| !life.expired.is_zero()),
            expired_share: expired.as_secs_f64() / watched.as_secs_f64() / lives.len().max(1) as f64,
            all_fresh_after: last.saturating_sub(away.1),
            waited: count(|life| life.waited),
            worst_wait: lives.iter().map(|life| life.worst_wait).max().unwrap_or_default(),
            errors: lives.iter().map(|life| life.errors).sum(),
            unmarked: lives.iter().map(|life| life.unmarked).sum(),
            mean_load: f64::from(requests) / away.1.saturating_sub(away.0).as_secs_f64(),
            peak_away: meanwhile.iter().copied().max().unwrap_or_default(),
            peak_after: after.iter().copied().max().unwrap_or_default(),
        }
    }
}

/// Longer than any pause of either policy.
pub(crate) const WATCHED_AFTER: Duration = Duration::from_secs(30 * 60);
/// The smallest step of tokio's timers.
const A_MOMENT: Duration = Duration::from_millis(1);
