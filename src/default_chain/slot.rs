//! One place of the default chain.

use std::fmt;

use crate::provider::{CredentialsProvider, SharedProvider};

/// One place of the chain.
pub(super) enum Slot {
    Standard,
    Replaced(SharedProvider),
    Removed,
}

impl Slot {
    /// What stands in it, if anything does.
    pub(super) fn provider<P: CredentialsProvider>(
        &self,
        standard: impl FnOnce() -> P,
    ) -> Option<SharedProvider> {
        match self {
            Self::Standard => Some(SharedProvider::new(standard())),
            Self::Replaced(provider) => Some(provider.clone()),
            Self::Removed => None,
        }
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
