//! One cache for each of many tenants.
//!
//! | file | |
//! |---|---|
//! | `builder` | settings |
//! | `table` | who is there: shards, who leaves, who is found again |
//! | `sweep` | once a second, in the task of the scheduler: the idle leave, those that are read are renewed |

mod builder;
mod sweep;
mod table;

use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::runtime::Id;

pub use self::builder::{CachePoolBuilder, PerKey, Roles};
use self::table::Table;
use crate::cache::machine::Setting;
use crate::cache::observed::{Around, Observed};
use crate::cache::{CredentialsCache, KeepFresh, Refresher, Rejected};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::host::Stopwatch;
use crate::observe::{Event, Leaving};
use crate::provider::CredentialsProvider;
use crate::role::Role;
use crate::sts::StsLimiter;

/// One [`CredentialsCache`] for each of many tenants, for a service that acts in the accounts of others. Clone it: clones
/// share everything.
///
/// [`of_roles`](Self::of_roles) is the safe default: its key is the whole [`Role`], everything that is asked of STS, and so
/// no two tenants can share a session by accident.
///
/// ```
/// use aws_credential_chain::{CachePool, DefaultChain, Role};
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let pool = CachePool::of_roles(DefaultChain::new()).capacity(100_000).build();
/// let role = Role::builder("arn:aws:iam::222222222222:role/reader").external_id("tenant-42").build()?;
/// # async fn serve(pool: CachePool<Role>, role: Role) -> Result<(), aws_credential_chain::Error> {
/// let credentials = pool.credentials(&role).await?;
/// # Ok(())
/// # }
/// # Ok(())
/// # }
/// ```
///
/// With a key of your own a closure says what it stands for. Whatever makes one session another has to be part of the key:
/// two tenants whose keys are equal are one.
///
/// ```
/// use aws_credential_chain::{CachePool, CredentialsCache, DefaultChain, ProviderExt, Role};
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let hub = Role::builder("arn:aws:iam::111111111111:role/hub").build()?;
/// let hub = CredentialsCache::new(DefaultChain::new().assume(hub));   // one session for all
/// let pool = CachePool::builder(move |account: &String| {
///     let role = Role::builder(format!("arn:aws:iam::{account}:role/reader")).external_id(account).build()?;
///     Ok(hub.clone().assume(role))
/// })
/// .build();
/// # let _ = pool;
/// # Ok(())
/// # }
/// ```
///
/// # Who is there
///
/// A tenant comes with its first read, and leaves when nobody has read it for [an hour](CachePoolBuilder::idle), or when the
/// pool is [full](CachePoolBuilder::capacity) and it is the one that has not been read for longest. Whose cache somebody
/// still [holds](Self::cache) is found again, with the session it has, also after it has left.
///
/// # What is renewed
///
/// The credentials of tenants that were read in the last quarter of an hour are renewed ahead of their expiry, whether they
/// are read just then or not: by the task that [keeps caches fresh](CredentialsCache::keep_fresh). Those of others go when
/// they go, and are fetched at the next read.
///
/// # What is asked of STS
///
/// The source of all roles is asked through one cache: a hundred thousand tenants share its session. Calls to STS go through
/// a [limiter](StsLimiter). A tenant whose role cannot be assumed is paced by its own cache and touches nobody else.
/// Connections are kept while there are calls for them, and closed five seconds after the last.
///
/// # At three in the morning
///
/// | what is seen | what it is, and what to do |
/// |---|---|
/// | one tenant fails, others do not | its error says what STS answered, as that the role does not trust the caller or wants another external id; `pool.cache(&key)?.status()` says since when, and when it is asked for again. Once it is mended, a read after that succeeds; [`forget`](Self::forget) makes the next one ask at once |
/// | all fail with `no credentials to assume …` | the source that all share; it goes on by itself once that is well |
/// | errors begin with `STS limiter: no turn at …` | more tenants want credentials than calls are let through, as after a start: they say how many wait, and whether STS throttles. It passes once those that wait are served; [`StsLimiter`] has the limits, and [`waiting`](StsLimiter::waiting) |
/// | calls to STS for each read, `aws_credentials_tenants_left_total` rises with `because="capacity"` | more tenants are read than there is [room](CachePoolBuilder::capacity) for |
/// | a service refuses the credentials of one tenant | [`invalidate`](Self::invalidate): others keep theirs |
///
/// Whether a read waits, and for how long, and what is served if STS cannot be reached is as in every
/// [`CredentialsCache`]; what all of it looks like over time `interop::Metrics` counts, for all tenants together.
pub struct CachePool<K>(Arc<Inner<K>>);

struct Inner<K> {
    table: Table<K>,
    make: Make<K>,
    kit: Kit,
    idle: Duration,
    /// Since the first sweep: a pool may be made outside of the runtime whose time counts.
    age: OnceLock<Stopwatch>,
    /// Of the runtime in which it was last registered.
    kept: Mutex<Option<(Id, KeepFresh)>>,
}

type Make<K> = Box<dyn Fn(&K, &Kit) -> Result<CredentialsCache, Error> + Send + Sync>;

/// What all caches of a pool are made with.
struct Kit {
    setting: Arc<Setting>,
    around: Arc<Around>,
}

impl Kit {
    /// In front of a provider; if that is a cache itself, it is the one.
    fn cache(&self, provider: impl CredentialsProvider) -> CredentialsCache {
        if let Some(cache) = provider.shared_cache() {
            return cache.clone();
        }
        let source = Observed { provider, around: Arc::clone(&self.around) };
        CredentialsCache { refresher: Refresher::within(source, Arc::clone(&self.setting)) }
    }
}

impl CachePool<Role> {
    /// A pool of roles, each assumed with the credentials of `source`.
    pub fn of_roles(source: impl CredentialsProvider) -> CachePoolBuilder<Roles> {
        CachePoolBuilder::new(Roles::new(source))
    }
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> CachePool<K> {
    /// A pool with keys of your own. `make` says where the credentials of a key come from; it runs once for each key as long
    /// as its tenant is there, and should do no IO. Its error is that of the read, and is not remembered.
    pub fn builder<P: CredentialsProvider>(
        make: impl Fn(&K) -> Result<P, Error> + Send + Sync + 'static,
    ) -> CachePoolBuilder<PerKey<K>> {
        CachePoolBuilder::new(PerKey::new(make))
    }

    /// The credentials of a tenant, as [`CredentialsCache::credentials`] gives them.
    ///
    /// # Errors
    /// Those of the tenant's cache; those of the closure that makes providers; and, naming the limiter, that the calls to
    /// STS which go before are too many.
    pub async fn credentials(&self, key: &K) -> Result<Credentials, Error> {
        match self.0.table.find(key, |cache| cache.refresher.quiet(Credentials::clone)) {
            Some(Some(credentials)) => Ok(credentials),
            // In a box: the future of the common read stays a few words small.
            _ => Box::pin(async { self.cache(key)?.credentials().await }).await,
        }
    }

    /// What is in hand for a tenant, as [`CredentialsCache::current`] gives it: never waits, and starts nothing. `None` also
    /// if the tenant is not there.
    #[must_use]
    pub fn current(&self, key: &K) -> Option<Credentials> {
        self.0.table.find(key, CredentialsCache::current)?
    }

    /// The same, lent.
    pub fn with_current<R>(&self, key: &K, look: impl FnOnce(&Credentials) -> R) -> Option<R> {
        // Cloned: what somebody else does in `look` is not done under a lock of ours.
        self.0.table.find(key, CredentialsCache::clone)?.with_current(look)
    }

    /// The cache of a tenant. As long as a clone of it is held, the pool finds this one for the tenant, and no other.
    ///
    /// # Errors
    /// Those of the closure that makes providers.
    pub fn cache(&self, key: &K) -> Result<CredentialsCache, Error> {
        if let Some(cache) = self.0.table.find(key, CredentialsCache::clone) {
            self.0.keep();
            return Ok(cache);
        }
        let (cache, left) = self.0.table.find_or_make(key, || (self.0.make)(key, &self.0.kit))?;
        for _ in 0..left {
            self.0.left(Leaving::Capacity);
        }
        self.0.keep();
        Ok(cache)
    }

    /// A service refused these credentials of a tenant: see [`CredentialsCache::invalidate`].
    pub fn invalidate<'a>(&self, key: &K, rejected: impl Into<Rejected<'a>>) -> bool {
        let rejected = rejected.into();
        let cache = self.0.table.find(key, CredentialsCache::clone);
        cache.is_some_and(|cache| cache.invalidate(rejected.access_key_id))
    }

    /// Drops what is in hand for a tenant, also for those who hold its cache, and lets it leave. Answers whether it was
    /// there.
    pub fn forget(&self, key: &K) -> bool {
        let cache = self.0.table.remove(key);
        if let Some(cache) = &cache {
            cache.forget();
        }
        cache.is_some()
    }
}

impl<K> CachePool<K> {
    /// How many tenants are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.table.len()
    }

    /// Whether nobody is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The limiter through which its calls to STS go.
    #[must_use]
    pub fn limiter(&self) -> Option<&StsLimiter> {
        self.0.kit.around.limited.as_ref().map(|limited| &limited.limiter)
    }
}

impl<K> Inner<K> {
    fn left(&self, because: Leaving) {
        tracing::debug!(?because, "a tenant leaves the pool");
        self.kit.around.tell(&Event::TenantLeft { because });
    }
}

impl<K> Clone for CachePool<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> fmt::Debug for CachePool<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachePool")
            .field("len", &self.len())
            .field("idle", &self.0.idle)
            .finish_non_exhaustive()
    }
}
