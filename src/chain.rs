//! Providers in order: the first that is configured wins, a failure stops.

use std::time::Duration;

use crate::credentials::Credentials;
use crate::error::{Attempt, Error, Failure, NotConfigured};
use crate::provider::{CredentialsProvider, SharedProvider};

/// An order of sources of your own. [`DefaultChain`](crate::DefaultChain) is the one that AWS's SDKs share.
///
/// Only [`Error::NotConfigured`] goes on to the next source. A source that is set up and fails stops the chain:
/// otherwise a typo would exchange one identity for another.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, ProviderChain, provider_fn, Credentials, Error};
///
/// let chain = ProviderChain::new()
///     .then(provider_fn(|| async { Err(Error::not_configured("vault", "VAULT_ADDR is not set")) }))
///     .then(provider_fn(|| async { Credentials::builder("AKIAIOSFODNN7EXAMPLE", "secret").build() }));
/// let cache = CredentialsCache::new(chain);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ProviderChain {
    providers: Vec<SharedProvider>,
}

impl ProviderChain {
    /// A chain without a source.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source behind those that are there.
    pub fn then(mut self, provider: impl CredentialsProvider) -> Self {
        self.providers.push(SharedProvider::new(provider));
        self
    }
}

impl CredentialsProvider for ProviderChain {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let mut before: Vec<Attempt> = Vec::new();
        for provider in &self.providers {
            match provider.retrieve().await {
                Ok(credentials) => return Ok(credentials),
                Err(Error::NotConfigured(absent)) => before.extend_from_slice(absent.attempts()),
                Err(Error::Failed(failure)) => return Err(failed_after(before, failure)),
            }
        }
        Err(Error::NotConfigured(NotConfigured::from(before)))
    }

    fn time_limit(&self) -> Duration {
        let sum = self
            .providers
            .iter()
            .map(SharedProvider::time_limit)
            .fold(Duration::ZERO, Duration::saturating_add);
        // Sources mostly answer "not configured" at once; only one where a person acts may take longer.
        let longest = self.providers.iter().map(SharedProvider::time_limit).max().unwrap_or_default();
        sum.min(longest.max(CHAIN_TIME_LIMIT))
    }
}

/// A chain inside a chain has a list of its own, which belongs behind ours.
fn failed_after(mut before: Vec<Attempt>, failure: Failure) -> Error {
    before.extend_from_slice(failure.attempts());
    failure.after(before).into()
}

/// A whole chain answers or fails within this time.
pub(crate) const CHAIN_TIME_LIMIT: Duration = Duration::from_secs(50);
