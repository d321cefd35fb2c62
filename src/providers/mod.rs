//! The sources, one file each, named as AWS names them.
//!
//! [`DefaultChain`](crate::DefaultChain) puts them in AWS's order; each also works alone, or in a
//! [`ProviderChain`](crate::ProviderChain) of your own.

#[cfg(not(all(
    feature = "profile",
    feature = "process",
    feature = "sts",
    feature = "container",
    feature = "imds"
)))]
mod absent;
#[cfg(feature = "sts")]
mod assume_role;
#[cfg(feature = "container")]
mod container;
mod env;
#[cfg(feature = "imds")]
mod imds;
#[cfg(any(feature = "profile", feature = "sts"))]
pub(crate) mod mfa;
#[cfg(feature = "process")]
mod process;
#[cfg(feature = "profile")]
mod profile;
#[cfg(feature = "_http")]
pub(crate) mod retry;
mod static_keys;
#[cfg(feature = "sts")]
mod web_identity;

#[cfg(not(all(
    feature = "profile",
    feature = "process",
    feature = "sts",
    feature = "container",
    feature = "imds"
)))]
pub(crate) use self::absent::Absent;
#[cfg(feature = "sts")]
pub use self::assume_role::AssumeRole;
#[cfg(feature = "container")]
pub use self::container::Container;
pub use self::env::Environment;
#[cfg(feature = "imds")]
pub use self::imds::{EndpointMode, InstanceMetadata};
#[cfg(any(feature = "profile", feature = "sts"))]
pub use self::mfa::MfaPrompt;
#[cfg(feature = "process")]
pub use self::process::Process;
#[cfg(feature = "profile")]
pub use self::profile::ProfileFile;
pub use self::static_keys::{Anonymous, StaticKeys};
#[cfg(feature = "sts")]
pub use self::web_identity::WebIdentity;
