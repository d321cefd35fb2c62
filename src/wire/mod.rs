//! Wire formats: bytes to answers and back. Pure, tested from fixtures, without a server.

#[cfg(feature = "imds")]
pub(crate) mod metadata_json;
