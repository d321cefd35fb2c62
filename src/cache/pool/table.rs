//! Who is in a pool, in shards, each under a lock of its own.
//!
//! A read takes its shard's lock for reading, finds the tenant, and notes that it was read: by a stamp that moves on with each
//! newcomer and with each second, so that a hit writes only if somebody has come meanwhile. The stamp holds the seconds, too:
//! no hit asks a clock.

use std::cell::Cell;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::cache::machine::Machine;
use crate::cache::{CredentialsCache, Refresher};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::wall_time::WallTime;

pub(super) struct Table<K> {
    shards: Box<[Shard<K>]>,
    /// Seeded by chance. Keys that collide nevertheless make a shard slower, and no shard large.
    hasher: DefaultHashBuilder,
    capacity: usize,
    len: AtomicUsize,
    /// The seconds, and newcomers within the second.
    stamp: AtomicU64,
}

struct Shard<K> {
    tenants: RwLock<Tenants<K>>,
    /// Held while a provider is made: nobody who only reads waits for that.
    making: Mutex<()>,
}

struct Tenants<K> {
    present: HashTable<Tenant<K>>,
    /// Whose cache somebody held as they left.
    left: HashTable<Left<K>>,
}

struct Tenant<K> {
    key: K,
    cache: CredentialsCache,
    read_at: AtomicU64,
}

struct Left<K> {
    key: K,
    machine: Weak<Machine<Credentials>>,
}

/// What a sweep of one shard found.
#[derive(Default)]
pub(super) struct Swept {
    pub(super) idle: usize,
    /// To be renewed.
    pub(super) due: Vec<CredentialsCache>,
}

/// What a sweep looks for, in seconds since the pool was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    /// Those leave that were last read before this.
    pub(super) idle_before: u64,
    /// Those are renewed that were read since.
    pub(super) hot_since: u64,
    pub(super) now: WallTime,
    /// At most so many.
    pub(super) due_max: usize,
}

impl<K> Table<K> {
    pub(super) fn new(capacity: usize) -> Self {
        let shards = (capacity / TENANTS_A_SHARD).clamp(1, SHARDS_MAX).next_power_of_two();
        Self {
            shards: (0..shards).map(|_| Shard::new()).collect(),
            hasher: DefaultHashBuilder::default(),
            capacity,
            len: AtomicUsize::new(0),
            stamp: AtomicU64::new(0),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(super) fn shards(&self) -> usize {
        self.shards.len()
    }

    /// So many seconds have passed since the pool was made.
    pub(super) fn is_second(&self, second: u64) {
        self.stamp.fetch_max(second << SECOND, Ordering::Relaxed);
    }
}

impl<K: Clone + Eq + Hash> Table<K> {
    /// Looks at a tenant's cache, under the lock of its shard.
    #[inline]
    pub(super) fn find<R>(&self, key: &K, look: impl FnOnce(&CredentialsCache) -> R) -> Option<R> {
        let hash = self.hasher.hash_one(key);
        let tenants = self.shard(hash).read();
        let tenant = tenants.present.find(hash, |tenant| tenant.key == *key)?;
        let stamp = self.stamp.load(Ordering::Relaxed);
        if tenant.read_at.load(Ordering::Relaxed) != stamp {
            tenant.read_at.store(stamp, Ordering::Relaxed);
        }
        Some(look(&tenant.cache))
    }

    /// Finds a tenant's cache, also if it has left and is still held, or lets it come. Answers with how many had to leave
    /// for it.
    pub(super) fn find_or_make(
        &self,
        key: &K,
        make: impl FnOnce() -> Result<CredentialsCache, Error>,
    ) -> Result<(CredentialsCache, usize), Error> {
        let hash = self.hasher.hash_one(key);
        let shard = self.shard(hash);
        // One provider for each key: whoever comes second finds that of the first.
        let turn = Turn::take(&shard.making);
        let found = shard.write().still_held(hash, key);
        let cache = match found {
            Some(Found::Present(cache)) => return Ok((cache, 0)),
            Some(Found::Left(cache)) => cache,
            None => make()?,
        };
        let stamp = self.stamp.fetch_add(1, Ordering::Relaxed) + 1;
        {
            let mut tenants = shard.write();
            // A provider that was made from within the making of another one.
            if let Some(tenant) = tenants.present.find(hash, |tenant| tenant.key == *key) {
                return Ok((tenant.cache.clone(), 0));
            }
            let tenant = Tenant { key: key.clone(), cache: cache.clone(), read_at: AtomicU64::new(stamp) };
            tenants.present.insert_unique(hash, tenant, |tenant| self.hasher.hash_one(&tenant.key));
        }
        drop(turn);
        let is_over = self.len.fetch_add(1, Ordering::Relaxed) >= self.capacity;
        Ok((cache, if is_over { self.make_room(hash, stamp) } else { 0 }))
    }

    /// Takes a tenant out. Who holds its cache is found again.
    pub(super) fn remove(&self, key: &K) -> Option<CredentialsCache> {
        let hash = self.hasher.hash_one(key);
        let mut tenants = self.shard(hash).write();
        let tenant = tenants.present.find_entry(hash, |tenant| tenant.key == *key).ok()?.remove().0;
        self.len.fetch_sub(1, Ordering::Relaxed);
        let cache = tenant.cache.clone();
        self.leave(&mut tenants, tenant);
        Some(cache)
    }

    /// Looks through one shard.
    pub(super) fn sweep(&self, shard: usize, sweep: &Sweep) -> Swept {
        let mut swept = Swept::default();
        let Some(shard) = self.shards.get(shard) else { return swept };
        let mut gone = Vec::new();
        {
            let mut tenants = shard.write();
            let is_idle = |tenant: &mut Tenant<K>| second(tenant) < sweep.idle_before;
            gone.extend(tenants.present.extract_if(is_idle));
            swept.idle = gone.len();
            self.len.fetch_sub(swept.idle, Ordering::Relaxed);
            for tenant in gone.drain(..) {
                self.leave(&mut tenants, tenant);
            }
            tenants.left.retain(|left| left.machine.strong_count() > 0);
            tenants.give_back(|key| self.hasher.hash_one(key));
        }
        let tenants = shard.read();
        let is_due = |tenant: &&Tenant<K>| {
            second(tenant) >= sweep.hot_since && tenant.cache.refresher.is_due(sweep.now)
        };
        let due = tenants.present.iter().filter(is_due).take(sweep.due_max);
        swept.due = due.map(|tenant| tenant.cache.clone()).collect();
        swept
    }

    /// Lets the one leave that was not read for longest: of this shard, or of the next one in which there is another than the
    /// newcomer.
    fn make_room(&self, hash: u64, newcomer: u64) -> usize {
        let first = self.index(hash);
        let (before, from) = self.shards.split_at(first);
        for shard in from.iter().chain(before) {
            let mut tenants = shard.write();
            let others = tenants.present.iter().filter(|tenant| stamp(tenant) != newcomer);
            let Some(oldest) = others.min_by_key(|tenant| stamp(tenant)) else { continue };
            let (key, hash) = (oldest.key.clone(), self.hasher.hash_one(&oldest.key));
            let Ok(entry) = tenants.present.find_entry(hash, |tenant| tenant.key == key) else { continue };
            let tenant = entry.remove().0;
            self.len.fetch_sub(1, Ordering::Relaxed);
            self.leave(&mut tenants, tenant);
            return 1;
        }
        0
    }

    fn leave(&self, tenants: &mut Tenants<K>, tenant: Tenant<K>) {
        let Tenant { key, cache, .. } = tenant;
        let machine = Arc::downgrade(cache.refresher.machine());
        drop(cache);
        if machine.strong_count() > 0 {
            let hash = self.hasher.hash_one(&key);
            tenants.left.insert_unique(hash, Left { key, machine }, |left| self.hasher.hash_one(&left.key));
        }
    }

    fn shard(&self, hash: u64) -> &Shard<K> {
        &self.shards[self.index(hash)]
    }

    /// By bits that the tables of the shards do not look at first.
    fn index(&self, hash: u64) -> usize {
        // As many as there are shards, which are a power of two.
        usize::try_from(hash >> SHARD_BITS).unwrap_or_default() & (self.shards.len() - 1)
    }
}

enum Found {
    Present(CredentialsCache),
    Left(CredentialsCache),
}

impl<K: Eq> Tenants<K> {
    /// Also one that has left, which is taken out for it.
    fn still_held(&mut self, hash: u64, key: &K) -> Option<Found> {
        if let Some(tenant) = self.present.find(hash, |tenant| tenant.key == *key) {
            return Some(Found::Present(tenant.cache.clone()));
        }
        let left = self.left.find_entry(hash, |left| left.key == *key).ok()?.remove().0;
        let machine = left.machine.upgrade()?;
        Some(Found::Left(CredentialsCache { refresher: Refresher::of(machine) }))
    }

    /// Memory that a crowd has left behind.
    fn give_back(&mut self, hash: impl Fn(&K) -> u64) {
        let wanted = self.present.len() * 2;
        if self.present.capacity() > wanted * 2 + TENANTS_A_SHARD {
            self.present.shrink_to(wanted, |tenant| hash(&tenant.key));
        }
        if self.left.capacity() > self.left.len() * 4 + TENANTS_A_SHARD {
            self.left.shrink_to(self.left.len() * 2, |left| hash(&left.key));
        }
    }
}

impl<K> Shard<K> {
    fn new() -> Self {
        let tenants = Tenants { present: HashTable::new(), left: HashTable::new() };
        Self { tenants: RwLock::new(tenants), making: Mutex::new(()) }
    }

    // Nothing under the locks can be left half done: a panic elsewhere does not spoil it.
    fn read(&self) -> RwLockReadGuard<'_, Tenants<K>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tenants<K>> {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to make a provider. Whoever makes one from within the making of another goes without: waiting for itself it
/// would wait for ever.
struct Turn<'a> {
    _held: Option<MutexGuard<'a, ()>>,
    was_making: bool,
}

impl<'a> Turn<'a> {
    fn take(making: &'a Mutex<()>) -> Self {
        let was_making = MAKING.get();
        let held = (!was_making).then(|| making.lock().unwrap_or_else(PoisonError::into_inner));
        MAKING.set(true);
        Self { _held: held, was_making }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        MAKING.set(self.was_making);
    }
}

thread_local! {
    static MAKING: Cell<bool> = const { Cell::new(false) };
}

fn stamp<K>(tenant: &Tenant<K>) -> u64 {
    tenant.read_at.load(Ordering::Relaxed)
}

fn second<K>(tenant: &Tenant<K>) -> u64 {
    stamp(tenant) >> SECOND
}

/// Newcomers within one second have so many bits.
const SECOND: u32 = 24;
const SHARD_BITS: u32 = 40;
/// Few enough to be looked through by whoever comes to a full one.
const TENANTS_A_SHARD: usize = 256;
const SHARDS_MAX: usize = 4096;
