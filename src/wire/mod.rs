//! Wire formats: bytes to answers and back. Pure, tested from fixtures, without a server.

#[cfg(feature = "sts")]
#[cfg_attr(not(test), expect(dead_code, reason = "for the providers of roles, which are yet to come"))]
pub(crate) mod endpoints;
#[cfg(any(feature = "imds", feature = "container"))]
pub(crate) mod metadata_json;
#[cfg(feature = "sts")]
#[cfg_attr(not(test), expect(dead_code, reason = "for the providers of roles, which are yet to come"))]
pub(crate) mod sts;
