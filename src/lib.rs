//! AWS credentials from wherever they are, kept fresh.
//!
//! ```no_run
//! use aws_credential_chain::{CredentialsCache, DefaultChain};
//!
//! # async fn f() -> Result<(), aws_credential_chain::Error> {
//! let cache = CredentialsCache::new(DefaultChain::new()); // no IO yet
//! let credentials = cache.credentials().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Two verbs, kept apart: **`retrieve` asks a provider** ([`CredentialsProvider`]), **`credentials` reads a cache**
//! ([`CredentialsCache`]). Hold one cache for each identity that a program acts as, and clone it wherever it is needed.
//!
//! # The order of sources
//!
//! [`DefaultChain`] asks, in this order:
//!
//! 1. the environment: [`providers::Environment`]
//! 2. the shared files, one profile: `providers::ProfileFile` (feature `profile`)
//! 3. the role and the token file that the environment names: `providers::WebIdentity` (feature `sts`)
//! 4. the agent of a container, as of ECS and EKS: `providers::Container` (feature `container`)
//! 5. the metadata service of an EC2 instance: `providers::InstanceMetadata` (feature `imds`)
//!
//! The first that is configured wins. One that is configured and fails stops the chain. A chain of your own is a
//! [`ProviderChain`]; a source of your own implements [`CredentialsProvider`], or is a closure: [`provider_fn`].
//! Every variable and profile key that is read stands in `docs/settings.md`.
//!
//! # Roles
//!
//! Any provider can be the source of a role: `provider.assume(role)`, see `ProviderExt` (feature `sts`). Profiles with
//! `role_arn` are carried out by the chain. Where a code of an MFA device is needed, `DefaultChain::mfa` asks a person for it,
//! and never unbidden. Where somebody has to approve each session, see `gate`; where others are to be told of each, `notice`
//! (feature `sts`); a record of each read is [`audit`]'s.
//!
//! # What a read does
//!
//! | the credentials are | [`credentials`](CredentialsCache::credentials) | [`current`](CredentialsCache::current) |
//! |---|---|---|
//! | not there yet | waits for the first fetch | `None` |
//! | fresh | returns them | returns them |
//! | to be renewed (5 min to an hour before expiry) | returns them, a refresh starts in the background | returns them |
//! | in their last minute, or rejected by a service | waits up to 5 s for the refresh | returns them |
//! | expired | waits for the refresh; then an error, or, from some sources, the old ones marked [stale](Credentials::is_stale) | `None`, or the old ones marked |
//!
//! All of it is a [`RefreshPolicy`]. How a cache stands, [`status`](CredentialsCache::status) tells; what happens in it,
//! an [`Observer`] is told, and `tracing`.
//!
//! # Without reads, before them, and for long
//!
//! [`keep_fresh`](CredentialsCache::keep_fresh) renews what nobody reads; [`ready`](CredentialsCache::ready) waits for the
//! first credentials; [`valid_for`](CredentialsCache::valid_for) asks for such that last. What a service rejected is
//! reported by [`invalidate`](CredentialsCache::invalidate).
//!
//! # When something goes wrong
//!
//! An [`Error`] says what was tried, where, what came back and what to do, and never a secret. It is either
//! [`NotConfigured`](Error::NotConfigured), with the list of all that was looked at, or [`Failed`](Error::Failed), with a
//! [`FailureKind`]; [`is_transient`](Error::is_transient) tells whether trying again may help. The cache tries by itself.
//!
//! Where it works and yet is the wrong identity, [`DefaultChain::explain`] tells what each source looked at, which one is
//! used and why the others are not.
//!
//! # Tests
//!
//! The feature `test-util` brings `testing`: a local AWS that can be told to fail, and a machine with its own
//! environment, files and clock.
//!
//! # Runtime
//!
//! A refresh needs a tokio runtime with time and IO enabled; reading what is in hand needs none. Outside of a runtime a
//! refresh is an error, never a panic.

// What only some sources use is dead where they are switched off; with all of them on, nothing may be.
#![cfg_attr(
    not(all(
        feature = "profile",
        feature = "process",
        feature = "sts",
        feature = "container",
        feature = "imds",
        feature = "_tls"
    )),
    allow(dead_code, unused_imports, reason = "sources are switched off")
)]

pub mod audit;
mod cache;
mod chain;
#[cfg(feature = "profile")]
mod cli_cache;
#[cfg(any(feature = "profile", feature = "process"))]
mod config;
mod contained;
mod credentials;
mod default_chain;
#[cfg(any(feature = "profile", feature = "sts"))]
mod endpoint_variables;
mod error;
mod explain;
#[cfg(feature = "sts")]
pub mod gate;
mod host;
#[cfg(any(
    feature = "aws-sdk",
    feature = "blocking",
    feature = "metrics",
    feature = "object-store",
    feature = "reqsign",
    feature = "server",
    feature = "sign"
))]
pub mod interop;
#[cfg(feature = "sts")]
pub mod notice;
mod observe;
#[cfg(feature = "sts")]
pub mod policy;
mod provider;
pub mod providers;
#[cfg(feature = "sts")]
mod record;
mod region;
#[cfg(feature = "sts")]
mod role;
#[cfg(feature = "sts")]
mod service;
mod setting;
#[cfg(feature = "profile")]
mod shared_files;
#[cfg(feature = "_sigv4")]
mod sigv4;
mod source;
#[cfg(feature = "sts")]
pub mod sts;
mod sync;
#[cfg(feature = "test-util")]
pub mod testing;
mod wall_time;
mod wire;

#[cfg(feature = "sts")]
pub use cache::{CachePool, CachePoolBuilder, PerKey, Roles};
pub use cache::{
    CacheState, CredentialsCache, CredentialsCacheBuilder, KeepFresh, Lasting, RefreshMode, RefreshPolicy,
    Rejected, StaleRule, Status,
};
pub use chain::ProviderChain;
#[cfg(all(feature = "profile", feature = "sts"))]
pub use cli_cache::CliCache;
pub use credentials::{Credentials, CredentialsBuilder};
pub use default_chain::DefaultChain;
pub use error::{Attempt, Error, Failure, FailureKind, NotConfigured};
pub use explain::{ExplainedSource, Explanation, Look, Verdict};
#[cfg(feature = "_http")]
pub use host::http::Timeouts;
#[cfg(feature = "sts")]
pub use observe::Leaving;
pub use observe::{Event, Observer};
#[cfg(feature = "sts")]
pub use provider::ProviderExt;
pub use provider::{CredentialsProvider, ProviderFn, SharedProvider, provider_fn};
pub use region::Region;
#[cfg(feature = "sts")]
pub use role::{Role, RoleArn, RoleBuilder, SessionPolicy, SessionTag};
pub use source::{Hop, Source, SourceKind};
