//! Where credentials come from: the trait, a clonable handle, a closure as a provider.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::CredentialsCache;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::explain::Examined;
use crate::source::SourceKind;

/// A source of credentials. [`retrieve`](Self::retrieve) asks it, every time; a
/// [`CredentialsCache`] in front keeps what it gave.
///
/// Write it with `async fn`:
///
/// ```
/// use aws_credential_chain::{Credentials, CredentialsCache, CredentialsProvider, Error};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// impl CredentialsProvider for Vault {
///     async fn retrieve(&self) -> Result<Credentials, Error> {
///         // Ask the vault here, then:
///         Credentials::builder("AKIAIOSFODNN7EXAMPLE", "secret").source_name("vault").build()
///     }
/// }
///
/// let cache = CredentialsCache::new(Vault);
/// ```
///
/// A provider answers [`Error::NotConfigured`] where it does not apply (a chain goes on), and
/// [`Error::Failed`] where it is set up and does not work (a chain stops). It need not be quick or careful with
/// repeated calls: the cache runs one call at a time, in a task of its own, within
/// [`time_limit`](Self::time_limit), and survives its panics.
pub trait CredentialsProvider: Send + Sync + 'static {
    /// Fetches one set of credentials from the source. Never answers from a cache of its own.
    fn retrieve(&self) -> impl Future<Output = Result<Credentials, Error>> + Send;

    /// How long one call may take before a cache gives it up: 30 s, unless the provider says otherwise (five
    /// minutes, say, where a person has to act).
    fn time_limit(&self) -> Duration {
        DEFAULT_TIME_LIMIT
    }

    /// The cache behind this provider, if it is one: wrapping a cache shares it instead of caching twice.
    #[doc(hidden)]
    fn shared_cache(&self) -> Option<&CredentialsCache> {
        None
    }

    /// What kind of source it is, for errors that it cannot give itself.
    #[doc(hidden)]
    fn source_kind(&self) -> SourceKind {
        SourceKind::Custom
    }

    /// What it looks at, for an explanation. Asks nobody over the network, and starts nothing.
    #[doc(hidden)]
    fn examine(&self) -> impl Future<Output = Examined> + Send {
        std::future::ready(Examined::nothing())
    }

    /// What the cache in front lets those know who remember something.
    #[doc(hidden)]
    fn notice(&self, _notice: Notice<'_>) {}

    /// Whether the credentials are made from what may change without anybody asking, as files do.
    #[doc(hidden)]
    fn may_change(&self) -> bool {
        false
    }

    /// Whether it has changed since `held` was made. Asked once in a while, and no read waits for it.
    #[doc(hidden)]
    fn has_changed(&self, held: &Credentials) -> impl Future<Output = bool> + Send {
        let _ = held;
        std::future::ready(false)
    }
}

/// What a cache lets the provider behind it know.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// `forget` was called: whatever is remembered goes.
    Forgotten,
    /// A service refused these keys. Caches further down may hold them too.
    Rejected { access_key_id: &'a str },
}

/// What every provider can do besides.
#[cfg(feature = "sts")]
pub trait ProviderExt: CredentialsProvider + Sized {
    /// Assumes `role` with this provider's credentials. Write hops in the order in which they are walked:
    ///
    /// ```
    /// use aws_credential_chain::{CredentialsCache, DefaultChain, ProviderExt, Role};
    ///
    /// # fn main() -> Result<(), aws_credential_chain::Error> {
    /// let hub = Role::builder("arn:aws:iam::111111111111:role/hub").build()?;
    /// let spoke = Role::builder("arn:aws:iam::222222222222:role/spoke").external_id("x-42").build()?;
    /// let cache = CredentialsCache::new(DefaultChain::new().assume(hub).assume(spoke));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Each hop keeps the session of the hop before it; a [`CredentialsCache`] is shared by all roles that are
    /// assumed with it.
    fn assume(self, role: crate::Role) -> crate::providers::AssumeRole {
        crate::providers::AssumeRole::new(self, role)
    }

    /// Assumes the role that `role` gives, which is called once for each fetch: for tags, session names or policies that
    /// change with time.
    ///
    /// ```
    /// use aws_credential_chain::{CredentialsCache, DefaultChain, ProviderExt, Role};
    ///
    /// # fn release() -> String { String::new() }
    /// let cache = CredentialsCache::new(DefaultChain::new().assume_with(|| {
    ///     Role::builder("arn:aws:iam::123456789012:role/deploy").tag("release", release()).build()
    /// }));
    /// ```
    ///
    /// What it fails with is what the fetch fails with. It must not block; whatever takes time belongs elsewhere. The
    /// partition is the role's, so `role` may even change that.
    fn assume_with<F>(self, role: F) -> crate::providers::AssumeRole
    where
        F: Fn() -> Result<crate::Role, Error> + Send + Sync + 'static,
    {
        crate::providers::AssumeRole::made(self, role)
    }

    /// Assumes `role` with fewer permissions than it has: those that `policy` allows too. With a [`CredentialsCache`] for the
    /// base, whatever is narrowed shares its session.
    ///
    /// ```
    /// use aws_credential_chain::policy::PolicyTemplate;
    /// use aws_credential_chain::{CredentialsCache, DefaultChain, ProviderExt, Role};
    ///
    /// # fn main() -> Result<(), aws_credential_chain::Error> {
    /// # let json = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject",
    /// #     "Resource": "arn:aws:s3:::data/{{tenant}}/*" }] }"#;
    /// let base = CredentialsCache::new(DefaultChain::new());
    /// let (role, template) = (Role::builder("arn:aws:iam::123456789012:role/app").build()?, PolicyTemplate::from_json(json)?);
    /// let of = |tenant: &str| base.clone().scoped_to(role.clone(), template.fill([("tenant", tenant)])?);
    /// let (acme, globex) = (CredentialsCache::new(of("acme")?), CredentialsCache::new(of("globex")?));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A role that narrows itself, as `role` assumed by its own session, has to trust itself.
    ///
    /// # Errors
    /// The role has session policies already: see [`Role::scoped`](crate::Role::scoped).
    fn scoped_to(
        self,
        role: crate::Role,
        policy: crate::SessionPolicy,
    ) -> Result<crate::providers::AssumeRole, Error> {
        Ok(self.assume(role.scoped(policy)?))
    }
}

#[cfg(feature = "sts")]
impl<P: CredentialsProvider> ProviderExt for P {}

/// A provider behind a handle that clones and has no type parameter.
#[derive(Clone)]
pub struct SharedProvider(Arc<dyn DynProvider>);

impl SharedProvider {
    /// Puts `provider` behind a handle.
    pub fn new(provider: impl CredentialsProvider) -> Self {
        Self(Arc::new(provider))
    }
}

impl CredentialsProvider for SharedProvider {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        self.0.retrieve_boxed().await
    }

    fn time_limit(&self) -> Duration {
        self.0.time_limit_dyn()
    }

    fn shared_cache(&self) -> Option<&CredentialsCache> {
        self.0.shared_cache_dyn()
    }

    fn source_kind(&self) -> SourceKind {
        self.0.source_kind_dyn()
    }

    async fn examine(&self) -> Examined {
        self.0.examine_boxed().await
    }

    fn notice(&self, notice: Notice<'_>) {
        self.0.notice_dyn(notice);
    }

    fn may_change(&self) -> bool {
        self.0.may_change_dyn()
    }

    async fn has_changed(&self, held: &Credentials) -> bool {
        self.0.has_changed_boxed(held).await
    }
}

impl fmt::Debug for SharedProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedProvider").finish_non_exhaustive()
    }
}

/// A closure as a provider: `provider_fn(|| async { … })`.
///
/// ```
/// use aws_credential_chain::{Credentials, CredentialsCache, provider_fn};
///
/// let cache = CredentialsCache::new(provider_fn(|| async {
///     Credentials::builder("AKIAIOSFODNN7EXAMPLE", "secret").build()
/// }));
/// ```
pub fn provider_fn<F, Fut>(retrieve: F) -> ProviderFn<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Credentials, Error>> + Send + 'static,
{
    ProviderFn(retrieve)
}

/// What [`provider_fn`] returns.
#[derive(Clone)]
pub struct ProviderFn<F>(F);

impl<F, Fut> CredentialsProvider for ProviderFn<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Credentials, Error>> + Send + 'static,
{
    fn retrieve(&self) -> impl Future<Output = Result<Credentials, Error>> + Send {
        (self.0)()
    }
}

impl<F> fmt::Debug for ProviderFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderFn").finish_non_exhaustive()
    }
}

impl<P: CredentialsProvider> CredentialsProvider for Arc<P> {
    fn retrieve(&self) -> impl Future<Output = Result<Credentials, Error>> + Send {
        P::retrieve(self)
    }

    fn time_limit(&self) -> Duration {
        P::time_limit(self)
    }

    fn shared_cache(&self) -> Option<&CredentialsCache> {
        P::shared_cache(self)
    }

    fn source_kind(&self) -> SourceKind {
        P::source_kind(self)
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        P::examine(self)
    }

    fn notice(&self, notice: Notice<'_>) {
        P::notice(self, notice);
    }

    fn may_change(&self) -> bool {
        P::may_change(self)
    }

    fn has_changed(&self, held: &Credentials) -> impl Future<Output = bool> + Send {
        P::has_changed(self, held)
    }
}

/// The object-safe twin: one box per refresh, none per read.
trait DynProvider: Send + Sync + 'static {
    fn retrieve_boxed(&self) -> Pin<Box<dyn Future<Output = Result<Credentials, Error>> + Send + '_>>;
    fn time_limit_dyn(&self) -> Duration;
    fn shared_cache_dyn(&self) -> Option<&CredentialsCache>;
    fn source_kind_dyn(&self) -> SourceKind;
    fn examine_boxed(&self) -> Pin<Box<dyn Future<Output = Examined> + Send + '_>>;
    fn notice_dyn(&self, notice: Notice<'_>);
    fn may_change_dyn(&self) -> bool;
    fn has_changed_boxed<'a>(
        &'a self,
        held: &'a Credentials,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>>;
}

impl<P: CredentialsProvider> DynProvider for P {
    fn retrieve_boxed(&self) -> Pin<Box<dyn Future<Output = Result<Credentials, Error>> + Send + '_>> {
        Box::pin(self.retrieve())
    }

    fn time_limit_dyn(&self) -> Duration {
        self.time_limit()
    }

    fn shared_cache_dyn(&self) -> Option<&CredentialsCache> {
        self.shared_cache()
    }

    fn source_kind_dyn(&self) -> SourceKind {
        self.source_kind()
    }

    fn examine_boxed(&self) -> Pin<Box<dyn Future<Output = Examined> + Send + '_>> {
        Box::pin(self.examine())
    }

    fn notice_dyn(&self, notice: Notice<'_>) {
        self.notice(notice);
    }

    fn may_change_dyn(&self) -> bool {
        self.may_change()
    }

    fn has_changed_boxed<'a>(
        &'a self,
        held: &'a Credentials,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(self.has_changed(held))
    }
}

/// The limit of `refresh.md`'s point 8 for sources that no person has to act for.
const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(30);
