//! Code of the application's own, called where its panic must not end what it is called for.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// What it answers; `None` if it panicked.
pub(crate) fn contained<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

/// The same of what takes its time. Once it has panicked it is not polled again.
#[cfg(feature = "sts")]
pub(crate) async fn contained_async<F: Future>(call: F) -> Option<F::Output> {
    let mut call = pin!(call);
    std::future::poll_fn(|context| match contained(|| call.as_mut().poll(context)) {
        Some(Poll::Pending) => Poll::Pending,
        Some(Poll::Ready(answer)) => Poll::Ready(Some(answer)),
        None => Poll::Ready(None),
    })
    .await
}

/// In words, after who it was.
pub(crate) const PANICKED: &str = "it panicked; the message is on stderr";
