//! What an application holds: one provider's credentials, renewed ahead of their expiration.

mod asked_by;
mod builder;
mod flight;
mod lasting;
mod look;
mod machine;
#[cfg(all(test, aws_credential_chain_model))]
mod model;
mod observed;
mod policy;
#[cfg(feature = "sts")]
mod pool;
mod ready;
mod refresher;
mod scheduler;
mod slot;
mod state;
mod status;

use std::fmt;
use std::time::{Duration, SystemTime};

#[cfg(feature = "sts")]
pub(crate) use self::asked_by::{AskedBy, as_called, note_asking};
pub use self::builder::CredentialsCacheBuilder;
pub(crate) use self::flight::Fetch;
#[cfg(feature = "_http")]
pub(crate) use self::flight::a_read_waits;
pub use self::lasting::Lasting;
pub use self::policy::{RefreshMode, RefreshPolicy, StaleRule};
#[cfg(feature = "sts")]
pub use self::pool::{CachePool, CachePoolBuilder, PerKey, Roles};
pub(crate) use self::refresher::Refresher;
pub use self::scheduler::KeepFresh;
pub(crate) use self::state::{Perishable, mark};
pub use self::status::{CacheState, Status};

use crate::credentials::Credentials;
use crate::error::{Error, Person};
use crate::provider::{CredentialsProvider, Notice};

/// Credentials of one provider, kept fresh. Clone it: clones share everything.
///
/// A read that finds credentials in hand takes no lock, allocates nothing and does no IO. Ahead of expiry a
/// refresh runs in a task of its own while reads go on returning what is there; only in the last minute does a read
/// wait for it, and then for at most five seconds. However many tasks ask at once, the provider is asked once.
///
/// ```
/// use std::sync::LazyLock;
/// use aws_credential_chain::{CredentialsCache, DefaultChain};
///
/// // No IO, nothing spawned: it fits a static.
/// static AWS: LazyLock<CredentialsCache> = LazyLock::new(|| CredentialsCache::new(DefaultChain::new()));
///
/// # async fn sign() -> Result<(), aws_credential_chain::Error> {
/// let credentials = AWS.credentials().await?;
/// # Ok(())
/// # }
/// ```
///
/// A cache is itself a provider. Wrapped in another, it is found and shared instead of caching twice.
#[derive(Clone)]
pub struct CredentialsCache {
    refresher: Refresher<Credentials>,
}

impl CredentialsCache {
    /// A cache in front of `provider`, under the default [`RefreshPolicy`]. Does no IO and spawns nothing.
    pub fn new(provider: impl CredentialsProvider) -> Self {
        Self::builder(provider).build()
    }

    /// A cache with a policy of its own.
    pub fn builder(provider: impl CredentialsProvider) -> CredentialsCacheBuilder {
        CredentialsCacheBuilder::new(provider)
    }

    /// A cache that lives in the same machine as its owner.
    #[cfg(feature = "sts")]
    pub(crate) fn within(host: &crate::host::Host, provider: impl CredentialsProvider) -> Self {
        Self::builder(provider).within(host.clock.clone(), host.env.clone()).build()
    }

    /// The credentials. Waits only if there are none, or if they are about to expire.
    ///
    /// # Errors
    /// Nothing is in hand and the provider gave nothing; or it said no for good, and what is in hand is about to
    /// expire. A failure is remembered for a moment, with [`Error::next_attempt`]: reads in between get it at once,
    /// and the source is left alone.
    pub async fn credentials(&self) -> Result<Credentials, Error> {
        match self.refresher.quiet(Credentials::clone) {
            Some(credentials) => Ok(credentials),
            // In a box: the future of the common read stays a few words small.
            None => Box::pin(self.refresher.read()).await,
        }
    }

    /// What is in hand, if there is nothing to decide about it.
    #[cfg(feature = "blocking")]
    pub(crate) fn quiet(&self) -> Option<Credentials> {
        self.refresher.quiet(Credentials::clone)
    }

    /// What is in hand: never waits, never starts anything, works outside of a runtime.
    ///
    /// `None` while nothing has been fetched, or if it has expired. Credentials that the policy allows to be served
    /// past their expiry say so by [`Credentials::is_stale`].
    ///
    /// A program that only ever calls this is never refreshed: something has to call
    /// [`credentials`](Self::credentials) now and then, or [`keep_fresh`](Self::keep_fresh) once.
    #[must_use]
    pub fn current(&self) -> Option<Credentials> {
        self.refresher.quiet(Credentials::clone).or_else(|| self.refresher.in_hand())
    }

    /// Like [`current`](Self::current), lent: on machines with many cores it spares the shared reference count.
    ///
    /// ```
    /// # let cache = aws_credential_chain::CredentialsCache::new(aws_credential_chain::DefaultChain::new());
    /// let key_id = cache.with_current(|credentials| credentials.access_key_id().to_owned());
    /// ```
    pub fn with_current<R>(&self, look: impl FnOnce(&Credentials) -> R) -> Option<R> {
        // A closure can be called once, and the two branches exclude each other; the option tells the compiler.
        let mut look = Some(look);
        if let Some(looked) = self.refresher.quiet(|credentials| look.take().map(|look| look(credentials))) {
            return looked;
        }
        let credentials = self.refresher.in_hand()?;
        look.map(|look| look(&credentials))
    }

    /// A service refused these credentials (`ExpiredToken`, `ExpiredTokenException`, `InvalidToken`; not
    /// `AccessDenied`, not a complaint about the clock). The next read asks the source again.
    ///
    /// Acts only if the cache still holds what was rejected, and answers whether it did: a late report cannot throw
    /// away newer credentials. They are kept in case the refresh fails, and a source that is being left alone stays
    /// so.
    ///
    /// ```
    /// # async fn call(cache: aws_credential_chain::CredentialsCache) -> Result<(), aws_credential_chain::Error> {
    /// let credentials = cache.credentials().await?;
    /// // … a service answers ExpiredToken:
    /// cache.invalidate(&credentials);
    /// // or, where only the id is known:
    /// cache.invalidate("ASIAIOSFODNN7EXAMPLE");
    /// # Ok(())
    /// # }
    /// ```
    pub fn invalidate<'a>(&self, rejected: impl Into<Rejected<'a>>) -> bool {
        let Rejected { access_key_id } = rejected.into();
        let held = self.refresher.invalidate(mark(access_key_id));
        self.refresher.source().notice(Notice::Rejected { access_key_id });
        held
    }

    /// Asks the source now, and waits for its answer; joins a refresh that is already under way. What is in hand
    /// is kept if it fails.
    ///
    /// Where a person gives something for each session, as a code of an MFA device, this asks for it; so does the first
    /// read. Nothing else does: such a session is kept to its end. If one further down is over that this one is made
    /// from, it is renewed too.
    pub async fn renew(&self) -> Result<Credentials, Error> {
        self.refresher.renew().await
    }

    /// Drops what is in hand and what is remembered, for example at a logout. A refresh that is under way still
    /// answers those who wait for it, and is not kept.
    pub fn forget(&self) {
        self.refresher.forget();
    }

    /// The time by AWS's clocks, as far as their answers have told it: sign with it.
    ///
    /// It is this machine's time, unless the metadata service or STS has shown in the `Date` of an answer that the
    /// machine's clock is off by more than a few seconds. Expirations are judged by it too. It is known for all of the
    /// process, and given up when the clock is set right.
    #[must_use]
    pub fn signing_time(&self) -> SystemTime {
        self.refresher.now().into()
    }

    /// How it stands: age, source, expiry, last failure, next attempt. Holds no secrets.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::of(&self.refresher)
    }
}

impl CredentialsProvider for CredentialsCache {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        // What waits for somebody is remembered here: the cache in front may go on asking, and bothers nobody.
        self.credentials().await.map_err(|error| match error.person() {
            Some(_) => error.with_person(Person::Unasked),
            None => error,
        })
    }

    /// A read waits for a whole fetch.
    fn time_limit(&self) -> Duration {
        self.refresher.source().time_limit()
    }

    fn shared_cache(&self) -> Option<&CredentialsCache> {
        Some(self)
    }

    fn may_change(&self) -> bool {
        self.refresher.source().look_after().is_some()
    }

    /// A read of this cache looks too; what it has by then is what counts.
    async fn has_changed(&self, held: &Credentials) -> bool {
        Box::pin(self.refresher.decided())
            .await
            .is_ok_and(|present| present.generation() != held.generation())
    }

    /// What is forgotten in front of a cache is forgotten there: this one is shared.
    fn notice(&self, notice: Notice<'_>) {
        if let Notice::Rejected { access_key_id } = notice {
            self.invalidate(access_key_id);
        }
    }
}

impl fmt::Debug for CredentialsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsCache").field("status", &self.status()).finish()
    }
}

/// What a service rejected: a set of credentials, or an access key id.
#[derive(Clone, Copy, Debug)]
pub struct Rejected<'a> {
    access_key_id: &'a str,
}

impl<'a> From<&'a Credentials> for Rejected<'a> {
    fn from(credentials: &'a Credentials) -> Self {
        Self { access_key_id: credentials.access_key_id() }
    }
}

impl<'a> From<&'a str> for Rejected<'a> {
    fn from(access_key_id: &'a str) -> Self {
        Self { access_key_id }
    }
}
