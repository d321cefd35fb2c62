//! Makes caches.

use std::fmt;
use std::sync::Arc;

use crate::audit::AuditSink;
use crate::cache::observed::{Around, Observed};
use crate::cache::{CredentialsCache, RefreshPolicy, Refresher};
use crate::host::{Clock, Env};
use crate::observe::Observer;
use crate::provider::{CredentialsProvider, SharedProvider};

/// Makes a [`CredentialsCache`].
#[must_use]
pub struct CredentialsCacheBuilder {
    provider: SharedProvider,
    policy: RefreshPolicy,
    observers: Vec<Arc<dyn Observer>>,
    audit: Option<Box<dyn AuditSink>>,
    clock: Clock,
    env: Env,
}

impl CredentialsCacheBuilder {
    pub(super) fn new(provider: impl CredentialsProvider) -> Self {
        Self {
            provider: SharedProvider::new(provider),
            policy: RefreshPolicy::default(),
            observers: Vec::new(),
            audit: None,
            clock: Clock::default(),
            env: Env::default(),
        }
    }

    /// When and how credentials are renewed.
    pub fn refresh(mut self, policy: RefreshPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Tells `observer` what happens in the cache. There may be several.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Records each read in `sink` before credentials are handed out, and hands out none if it cannot: see
    /// [`audit`](crate::audit). A second call puts another sink in place of the first.
    pub fn audit(mut self, sink: impl AuditSink) -> Self {
        self.audit = Some(Box::new(sink));
        self
    }

    /// Lives in a world made for a test: its clock and its environment.
    #[cfg(feature = "test-util")]
    pub fn in_world(self, world: &crate::testing::World) -> Self {
        let host = world.host();
        self.within(host.clock, host.env)
    }

    /// Lives in the same machine as its owner.
    #[cfg(any(feature = "sts", feature = "test-util"))]
    pub(super) fn within(mut self, clock: Clock, env: Env) -> Self {
        self.clock = clock;
        self.env = env;
        self
    }

    /// The cache. If the provider is a cache already, that one is returned, with its own policy and its own observers; unless
    /// this one is to be [audited](Self::audit): then it stands in front of the other, whose own reads are not recorded.
    #[must_use]
    pub fn build(self) -> CredentialsCache {
        if let Some(cache) = self.provider.shared_cache().filter(|_| self.audit.is_none()) {
            return cache.clone();
        }
        let around = Arc::new(Around { audit: self.audit, ..Around::of(self.observers) });
        let source = Observed { provider: self.provider, around };
        CredentialsCache { refresher: Refresher::new(source, self.policy, self.clock, self.env) }
    }
}

impl fmt::Debug for CredentialsCacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsCacheBuilder")
            .field("provider", &self.provider)
            .field("policy", &self.policy)
            .field("observers", &self.observers.len())
            .field("audited", &self.audit.is_some())
            .finish_non_exhaustive()
    }
}
