//! The sources, one file each, named as AWS names them.
//!
//! [`DefaultChain`](crate::DefaultChain) puts them in AWS's order; each also works alone, or in a
//! [`ProviderChain`](crate::ProviderChain) of your own.

#[cfg(any(
    test,
    not(all(
        feature = "profile",
        feature = "process",
        feature = "sts",
        feature = "container",
        feature = "imds"
    ))
))]
mod absent;
#[cfg(feature = "sts")]
mod assume_role;
#[cfg(feature = "sts")]
mod assume_root;
#[cfg(feature = "sts")]
pub(crate) mod callback;
#[cfg(feature = "container")]
mod container;
#[cfg(feature = "sts")]
mod delegated_access;
mod env;
#[cfg(feature = "sts")]
mod federation_token;
#[cfg(feature = "imds")]
mod imds;
#[cfg(any(feature = "profile", feature = "sts"))]
pub(crate) mod mfa;
#[cfg(feature = "sts")]
pub(crate) mod person;
#[cfg(feature = "process")]
mod process;
#[cfg(feature = "profile")]
mod profile;
#[cfg(feature = "_http")]
pub(crate) mod retry;
#[cfg(feature = "sts")]
mod saml;
#[cfg(feature = "sts")]
mod session_token;
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
#[cfg(feature = "sts")]
pub use self::assume_root::{AssumeRoot, RootTask};
#[cfg(feature = "container")]
pub use self::container::Container;
#[cfg(feature = "sts")]
pub use self::delegated_access::DelegatedAccess;
pub use self::env::Environment;
#[cfg(feature = "sts")]
pub use self::federation_token::FederationToken;
#[cfg(feature = "imds")]
pub use self::imds::{EndpointMode, InstanceMetadata};
#[cfg(any(feature = "profile", feature = "sts"))]
pub use self::mfa::MfaPrompt;
#[cfg(feature = "process")]
pub use self::process::Process;
#[cfg(feature = "profile")]
pub use self::profile::ProfileFile;
#[cfg(feature = "sts")]
pub use self::saml::Saml;
#[cfg(feature = "sts")]
pub use self::session_token::SessionToken;
pub use self::static_keys::{Anonymous, StaticKeys};
#[cfg(feature = "sts")]
pub use self::web_identity::WebIdentity;
