//! AWS credentials from wherever they are, kept fresh.

// What only some sources use is dead where they are switched off; with all of them on, nothing may be.
#![cfg_attr(
    not(all(feature = "profile", feature = "imds", feature = "_tls")),
    allow(dead_code, unused_imports, reason = "sources are switched off")
)]

mod cache;
mod chain;
#[cfg(feature = "profile")]
mod config;
mod credentials;
mod default_chain;
mod error;
mod host;
mod provider;
pub mod providers;
mod region;
#[cfg(feature = "profile")]
mod shared_files;
#[cfg(feature = "test-util")]
pub mod testing;
mod wall_time;
mod wire;

pub use cache::{
    CacheState, CredentialsCache, CredentialsCacheBuilder, RefreshMode, RefreshPolicy, Rejected, StaleRule,
    Status,
};
pub use chain::ProviderChain;
pub use credentials::{Credentials, CredentialsBuilder, Hop, Source, SourceKind};
pub use default_chain::DefaultChain;
pub use error::{Attempt, Error, Failure, FailureKind, NotConfigured};
#[cfg(feature = "_http")]
pub use host::http::Timeouts;
pub use provider::{CredentialsProvider, ProviderFn, SharedProvider, provider_fn};
pub use region::Region;
