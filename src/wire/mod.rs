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
#[cfg(any(feature = "aws-sdk", feature = "sign"))]
pub(crate) mod rejection;
#[cfg(feature = "sts")]
pub(crate) mod sts;
#[cfg(feature = "_sigv4")]
pub(crate) mod xml;
