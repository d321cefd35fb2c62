//! What connects the caches with other libraries and programs, each behind a feature of its own.

#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "server")]
mod server;

#[cfg(feature = "metrics")]
pub use self::metrics::Metrics;
#[cfg(feature = "server")]
pub use self::server::CredentialsServer;
