//! The one place of the snapshot. Besides `sync`, no file names `arc_swap`.
//!
//! A guard is lent to a closure and never handed out: held over an await it would keep old secrets in memory and
//! slow every later load.

use std::sync::Arc;

use crate::sync::ArcSwap;

#[derive(Debug)]
pub(crate) struct Slot<S>(ArcSwap<S>);

impl<S> Slot<S> {
    pub(crate) fn new(first: S) -> Self {
        Self(ArcSwap::from_pointee(first))
    }

    /// Looks at the snapshot in place: no lock, no allocation, no shared reference count.
    #[inline]
    pub(crate) fn look<R>(&self, look: impl FnOnce(&S) -> R) -> R {
        look(&self.0.load())
    }

    /// The snapshot itself, for those who keep it longer than a look.
    pub(crate) fn snapshot(&self) -> Arc<S> {
        self.0.load_full()
    }

    /// Swaps the whole snapshot.
    pub(crate) fn replace(&self, next: S) -> Arc<S> {
        let next = Arc::new(next);
        self.0.store(Arc::clone(&next));
        next
    }
}

#[cfg(all(test, not(aws_credential_chain_model)))]
mod tests;
