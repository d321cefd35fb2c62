//! Wire formats: bytes to answers and back. Pure, tested from fixtures, without a server.

#[cfg(any(feature = "imds", feature = "container", feature = "process"))]
pub(crate) mod metadata_json;
