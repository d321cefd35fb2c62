//! Makes pools.

use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::{CachePool, Inner, Kit, Make, Table};
use crate::cache::RefreshPolicy;
use crate::cache::machine::Setting;
use crate::cache::observed::Around;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::explain::Examined;
use crate::host::{Clock, Env};
use crate::observe::{Event, Observer};
use crate::provider::CredentialsProvider;
use crate::providers::AssumeRole;
use crate::role::Role;
use crate::source::SourceKind;
use crate::sts::{Limited, SignedBy, StsLimiter, service_settings};

/// Makes a [`CachePool`]: of [`Roles`], or [`PerKey`] of your own.
#[must_use]
pub struct CachePoolBuilder<M> {
    from: M,
    capacity: usize,
    idle: Duration,
    policy: RefreshPolicy,
    observers: Vec<Arc<dyn Observer>>,
    limiter: StsLimiter,
    clock: Clock,
    env: Env,
}

impl<M> CachePoolBuilder<M> {
    pub(super) fn new(from: M) -> Self {
        Self {
            from,
            capacity: CAPACITY,
            idle: IDLE,
            policy: RefreshPolicy::default(),
            observers: Vec::new(),
            limiter: StsLimiter::new(),
            clock: Clock::default(),
            env: Env::default(),
        }
    }

    /// How many tenants are there at most: 10,000, unless said otherwise. Beyond that, those leave that nobody has read for
    /// longest (nearly: each comes to one of many shards, and one of that shard leaves). Each takes about 2 KiB with its
    /// credentials, most of it the session token.
    pub fn capacity(mut self, tenants: usize) -> Self {
        self.capacity = tenants.max(1);
        self
    }

    /// How long a tenant is there that nobody reads: an hour, unless said otherwise. It is looked at every ten seconds.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// When and how credentials are renewed: one policy for all.
    pub fn refresh(mut self, policy: RefreshPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Tells `observer` what happens in all caches. There may be several. Which tenant an event is of, its source and its
    /// error tell.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Through which limiter calls to STS go.
    pub fn limiter(mut self, limiter: StsLimiter) -> Self {
        self.limiter = limiter;
        self
    }

    fn pool<K>(self, make: impl FnOnce(M) -> Make<K>) -> CachePool<K> {
        let tellers = self.observers.clone();
        let tell = move |waited| {
            Around::of(tellers.clone()).tell(&Event::Limited { waited });
        };
        let limited = Limited { limiter: self.limiter, tell: Arc::new(tell) };
        let around = Arc::new(Around { limited: Some(limited), ..Around::of(self.observers) });
        let setting = Arc::new(Setting { policy: self.policy, clock: self.clock, env: self.env });
        CachePool(Arc::new(Inner {
            table: Table::new(self.capacity),
            make: make(self.from),
            kit: Kit { setting, around },
            idle: self.idle,
            age: OnceLock::new(),
            kept: Mutex::new(None),
        }))
    }
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> CachePoolBuilder<PerKey<K>> {
    /// Lives in a world made for a test: its clock and its environment.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        let host = world.host();
        (self.clock, self.env) = (host.clock, host.env);
        self
    }

    /// The pool. Does no IO and spawns nothing.
    #[must_use]
    pub fn build(self) -> CachePool<K> {
        self.pool(|from| from.0)
    }
}

impl CachePoolBuilder<Roles> {
    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        let host = world.host();
        (self.clock, self.env) = (host.clock.clone(), host.env.clone());
        self.from.0.host = host;
        self
    }

    service_settings!(|this| this.from.0.settings);

    /// The pool. Does no IO and spawns nothing.
    #[must_use]
    pub fn build(self) -> CachePool<Role> {
        self.pool(|Roles(signed)| {
            let signed = Arc::new(signed);
            Box::new(move |role: &Role, kit: &Kit| {
                Ok(kit.cache(Tenant { signed: Arc::clone(&signed), role: role.clone() }))
            })
        })
    }
}

impl<M> fmt::Debug for CachePoolBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachePoolBuilder")
            .field("capacity", &self.capacity)
            .field("idle", &self.idle)
            .field("policy", &self.policy)
            .field("observers", &self.observers.len())
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}

/// What a [`CachePool::of_roles`] is made from.
#[derive(Debug)]
pub struct Roles(SignedBy);

impl Roles {
    pub(super) fn new(source: impl CredentialsProvider) -> Self {
        Self(SignedBy::new(source))
    }
}

/// What [`AssumeRole`] does, and all that one of a hundred thousand needs for it.
struct Tenant {
    signed: Arc<SignedBy>,
    role: Role,
}

impl Tenant {
    fn assumed(&self) -> AssumeRole {
        AssumeRole::by(Arc::clone(&self.signed), self.role.clone())
    }
}

impl CredentialsProvider for Tenant {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        self.assumed().retrieve().await
    }

    fn time_limit(&self) -> Duration {
        self.assumed().time_limit()
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::AssumeRole
    }

    async fn examine(&self) -> Examined {
        self.assumed().examine().await
    }
}

/// What a [`CachePool::builder`] makes a pool from.
pub struct PerKey<K>(Make<K>);

impl<K> PerKey<K> {
    pub(super) fn new<P: CredentialsProvider>(
        make: impl Fn(&K) -> Result<P, Error> + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(move |key, kit: &Kit| Ok(kit.cache(make(key)?))))
    }
}

impl<K> fmt::Debug for PerKey<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerKey").finish_non_exhaustive()
    }
}

const CAPACITY: usize = 10_000;
/// Most sessions have expired by then.
const IDLE: Duration = Duration::from_secs(3600);
