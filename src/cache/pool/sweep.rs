//! Once a second, by the scheduler's task: a tenth of the shards is looked through. The idle leave, and those whose
//! credentials are to be renewed, and that were read lately, are.
//!
//! The scheduler keeps the pool, not its tenants: an entry for each of them would cost as much as a quarter of the tenant.

use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::{Handle, Id};

use super::Inner;
use super::table::Sweep;
use crate::cache::scheduler::{Kept, Watch};
use crate::cache::{KeepFresh, flight};
use crate::host::{Clock, Stopwatch};
use crate::observe::Leaving;
use crate::wall_time::WallTime;

struct Sweeper<K> {
    pool: Weak<Inner<K>>,
    clock: Clock,
    next: Mutex<WallTime>,
    /// The shard with which the next sweep begins.
    shard: AtomicUsize,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Inner<K> {
    /// Is kept by the scheduler of this runtime, from the first tenant on until the last has left. Where there is none,
    /// tenants stay until the pool is full, and are renewed by reads.
    pub(super) fn keep(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut kept = self.kept();
        if kept.as_ref().is_some_and(|(id, _)| *id == runtime.id()) || flight::runtime("pool").is_err() {
            return;
        }
        let sweeper = Sweeper {
            pool: Arc::downgrade(self),
            clock: self.kit.setting.clock.clone(),
            next: Mutex::new(self.kit.setting.clock.now().plus(PERIOD)),
            shard: AtomicUsize::new(0),
        };
        let before = kept
            .replace((runtime.id(), KeepFresh::new(Arc::new(sweeper), &runtime, &self.kit.setting.clock)));
        drop(kept);
        drop(before);
    }

    fn sweep(&self, from: usize) -> usize {
        let second = self.age.get_or_init(Stopwatch::start).elapsed().as_secs();
        self.table.is_second(second);
        let shards = self.table.shards();
        let count = shards.div_ceil(ROUND);
        let is_crowded =
            self.kit.around.limited.as_ref().is_some_and(|limited| limited.limiter.waiting() > 0);
        let sweep = Sweep {
            idle_before: second.saturating_sub(self.idle.as_secs()),
            hot_since: second.saturating_sub(HOT.as_secs()),
            now: self.kit.setting.clock.now(),
            // Whoever waits for credentials goes before those who have some.
            due_max: if is_crowded { 0 } else { BEGUN_AT_ONCE.div_ceil(count) },
        };
        for shard in (from..from + count).map(|shard| shard % shards) {
            let swept = self.table.sweep(shard, &sweep);
            for cache in swept.due {
                cache.refresher.refresh_if_due(sweep.now);
            }
            for _ in 0..swept.idle {
                self.left(Leaving::Idle);
            }
        }
        (from + count) % shards
    }
}

impl<K> Inner<K> {
    fn kept(&self) -> MutexGuard<'_, Option<(Id, KeepFresh)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Kept for Sweeper<K> {
    fn due_at(&self) -> WallTime {
        // Not later, although the clock was set back.
        self.next().min(self.clock.now().plus(PERIOD))
    }

    fn asks(&self) -> &'static str {
        "pool"
    }

    fn attend(self: Arc<Self>) -> bool {
        let Some(pool) = self.pool.upgrade() else { return false };
        let shard = pool.sweep(self.shard.load(Ordering::Relaxed));
        self.shard.store(shard, Ordering::Relaxed);
        *self.next() = self.clock.now().plus(PERIOD);
        let over = {
            let mut kept = pool.kept();
            // Under the lock: whoever comes next registers anew.
            if pool.table.len() == 0 { kept.take() } else { None }
        };
        drop(over);
        false
    }

    // It tells nobody of changes: it is looked at each second.
    fn watched_by(&self, _watch: Watch) {}

    fn unwatched(&self, _number: u64) {}
}

impl<K> Sweeper<K> {
    fn next(&self) -> MutexGuard<'_, WallTime> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PERIOD: Duration = Duration::from_secs(1);
/// In so many periods every shard has had its turn.
const ROUND: usize = 10;
/// Renewals that one sweep begins: as many a second as the scheduler begins for one source.
const BEGUN_AT_ONCE: usize = 200;
/// Whoever was read within this is likely to be read again while its next session lasts; as long as the advisory window of
/// sessions of an hour.
const HOT: Duration = Duration::from_secs(15 * 60);
