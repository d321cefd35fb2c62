//! What connects the caches with other libraries and with programs of other kinds, each behind a feature of its own.
//!
//! A [`CredentialsCache`](crate::CredentialsCache) implements the traits of other libraries itself:
//!
//! | library | feature | trait |
//! |---|---|---|
//! | AWS SDK for Rust | `aws-sdk` | `aws_credential_types::provider::ProvideCredentials` |
//! | `object_store` | `object-store` | `object_store::CredentialProvider` |
//! | reqsign, OpenDAL | `reqsign` | `reqsign_core::ProvideCredential` |

#[cfg(feature = "aws-sdk")]
mod aws_sdk;
#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(any(feature = "aws-sdk", feature = "reqwest"))]
mod exchange;
#[cfg(any(feature = "aws-sdk", feature = "object-store"))]
mod forms;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "reqwest-middleware")]
mod middleware;
#[cfg(feature = "object-store")]
mod object_store;
#[cfg(feature = "sign")]
mod presign;
#[cfg(feature = "reqsign")]
mod reqsign;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "sign")]
mod sign;

#[cfg(feature = "aws-sdk")]
pub use self::aws_sdk::ExpiredTokenRecovery;
#[cfg(any(feature = "aws-sdk", feature = "object-store"))]
pub(crate) use self::forms::Forms;
#[cfg(feature = "metrics")]
pub use self::metrics::Metrics;
#[cfg(feature = "reqwest-middleware")]
pub use self::middleware::SigningMiddleware;
#[cfg(feature = "sign")]
pub use self::presign::Presigned;
#[cfg(feature = "reqsign")]
pub use self::reqsign::PresigningCredentials;
#[cfg(feature = "reqwest")]
pub use self::reqwest::{SendError, client_builder};
#[cfg(feature = "server")]
pub use self::server::CredentialsServer;
#[cfg(feature = "sign")]
pub use self::sign::{Payload, RequestSigner, rejects_credentials};
