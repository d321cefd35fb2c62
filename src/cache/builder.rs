//! Makes caches.

use std::fmt;
use std::sync::Arc;

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
    clock: Clock,
    env: Env,
}

impl CredentialsCacheBuilder {
    pub(super) fn new(provider: impl CredentialsProvider) -> Self {
        Self {
            provider: SharedProvider::new(provider),
            policy: RefreshPolicy::default(),
            observers: Vec::new(),
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

    /// The cache. If the provider is a cache already, that one is returned, with its own policy and its own observers.
    #[must_use]
    pub fn build(self) -> CredentialsCache {
        if let Some(cache) = self.provider.shared_cache() {
            return cache.clone();
        }
        let around = Arc::new(Around::of(self.observers));
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
            .finish_non_exhaustive()
    }
}
