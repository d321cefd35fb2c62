//! AWS credentials from wherever they are, kept fresh.

mod cache;
mod chain;
mod credentials;
mod error;
mod host;
mod provider;
#[cfg(feature = "test-util")]
pub mod testing;
mod wall_time;

pub use cache::{
    CacheState, CredentialsCache, CredentialsCacheBuilder, RefreshMode, RefreshPolicy, Rejected, StaleRule,
    Status,
};
pub use chain::ProviderChain;
pub use credentials::{Credentials, CredentialsBuilder, Hop, Source, SourceKind};
pub use error::{Attempt, Error, Failure, FailureKind, NotConfigured};
pub use provider::{CredentialsProvider, ProviderFn, SharedProvider, provider_fn};
