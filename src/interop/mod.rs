//! What connects the caches with other libraries, each behind a feature of its own.

#[cfg(feature = "metrics")]
mod metrics;

#[cfg(feature = "metrics")]
pub use self::metrics::Metrics;
