//! One place of the default chain.

use std::fmt;

use crate::provider::{CredentialsProvider, SharedProvider};
use crate::source::SourceKind;

/// One place of the chain.
pub(super) enum Slot {
    Standard,
    Replaced(SharedProvider),
    Removed,
}

/// A place, and what stands in it.
pub(super) struct Place {
    pub(super) name: SourceKind,
    /// Or why nothing does.
    pub(super) provider: Result<SharedProvider, &'static str>,
}

impl Slot {
    /// `named`: a profile was named in code, and its own source gives way to that.
    pub(super) fn place<P: CredentialsProvider>(
        &self,
        name: SourceKind,
        named: bool,
        standard: impl FnOnce() -> P,
    ) -> Place {
        let provider = match self {
            Self::Standard if named => Err("a profile was named in code, which means that one"),
            Self::Standard => Ok(SharedProvider::new(standard())),
            Self::Replaced(provider) => Ok(provider.clone()),
            Self::Removed => Err("taken out of the chain in code"),
        };
        Place { name, provider }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Replaced(_) => "replaced",
            Self::Removed => "removed",
        })
    }
}
