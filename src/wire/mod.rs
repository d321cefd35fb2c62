//! Wire formats: bytes to answers and back. Pure, tested from fixtures, without a server.

#[cfg(feature = "sts")]
pub(crate) mod endpoints;
#[cfg(any(
    feature = "imds",
    feature = "container",
    feature = "process",
    all(feature = "profile", feature = "sts")
))]
pub(crate) mod metadata_json;
#[cfg(feature = "sts")]
pub(crate) mod sts;
