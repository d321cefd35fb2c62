//! What connects the caches with other libraries and with programs of other kinds, each behind a feature of its own.

#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "reqwest-middleware")]
mod middleware;
#[cfg(feature = "sign")]
mod presign;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "sign")]
mod sign;

#[cfg(feature = "metrics")]
pub use self::metrics::Metrics;
#[cfg(feature = "reqwest-middleware")]
pub use self::middleware::SigningMiddleware;
#[cfg(feature = "sign")]
pub use self::presign::Presigned;
#[cfg(feature = "reqwest")]
pub use self::reqwest::{SendError, client_builder};
#[cfg(feature = "server")]
pub use self::server::CredentialsServer;
#[cfg(feature = "sign")]
pub use self::sign::{Payload, RequestSigner, rejects_credentials};
