//! What was asked last outside: for the error about somebody who never came back.
//!
//! Whoever sets a time limit for others opens a [`LastAsked`] around them; the doors note what they ask. It follows a
//! call into the flights that it starts.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// Where the doors note it. Clones are the same note.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastAsked(Arc<Mutex<Option<String>>>);

impl LastAsked {
    /// That of the code that runs; a new one outside of any.
    pub(crate) fn here() -> Self {
        LAST_ASKED.try_with(Clone::clone).unwrap_or_default()
    }

    /// Whatever `work` asks is noted here.
    pub(crate) fn of<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        LAST_ASKED.scope(self.clone(), work)
    }

    /// As the end of a sentence; nothing where nothing was asked.
    pub(crate) fn told(&self) -> String {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(what) => format!("; the last that it asked for was {what}"),
            None => String::new(),
        }
    }
}

/// `what` is fit for an error: a path, a URL without its query.
pub(crate) fn note(what: impl FnOnce() -> String) {
    // Outside of any scope nobody will ask.
    let _ = LAST_ASKED.try_with(|last| *last.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(what()));
}

tokio::task_local! {
    static LAST_ASKED: LastAsked;
}
