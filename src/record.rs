//! What records have in common in JSON: those of sessions that were issued, and those of reads.

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use crate::source::{Hop, Source};
use crate::wall_time::WallTime;

/// The path of hops: `[{"kind": "environment", "detail": null}, {"kind": "assume role", "detail": "arn:…"}]`.
pub(crate) struct Hops<'a>(pub(crate) &'a Source);

impl Serialize for Hops<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hops = serializer.serialize_seq(None)?;
        for hop in self.0.hops() {
            hops.serialize_element(&OneHop(hop))?;
        }
        hops.end()
    }
}

struct OneHop<'a>(&'a Hop);

impl Serialize for OneHop<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hop = serializer.serialize_struct("Hop", 2)?;
        hop.serialize_field("kind", self.0.kind().name())?;
        hop.serialize_field("detail", &self.0.detail())?;
        hop.end()
    }
}

/// RFC 3339, to the second, in UTC.
pub(crate) struct Rfc3339(pub(crate) WallTime);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
