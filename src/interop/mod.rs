//! What connects the caches with other libraries, each behind a feature of its own.
//!
//! A [`CredentialsCache`](crate::CredentialsCache) implements their traits itself:
//!
//! | library | feature | trait |
//! |---|---|---|
//! | AWS SDK for Rust | `aws-sdk` | `aws_credential_types::provider::ProvideCredentials` |
//! | `object_store` | `object-store` | `object_store::CredentialProvider` |
//! | reqsign, OpenDAL | `reqsign` | `reqsign_core::ProvideCredential` |

#[cfg(feature = "aws-sdk")]
mod aws_sdk;
#[cfg(any(feature = "aws-sdk", feature = "object-store"))]
mod forms;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "object-store")]
mod object_store;
#[cfg(feature = "aws-sdk")]
mod rejection;
#[cfg(feature = "reqsign")]
mod reqsign;

#[cfg(feature = "aws-sdk")]
pub use self::aws_sdk::ExpiredTokenRecovery;
#[cfg(any(feature = "aws-sdk", feature = "object-store"))]
pub(crate) use self::forms::Forms;
#[cfg(feature = "metrics")]
pub use self::metrics::Metrics;
#[cfg(feature = "reqsign")]
pub use self::reqsign::PresigningCredentials;
