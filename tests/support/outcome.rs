//! What became of a call.

use aws_credential_chain::{Error, FailureKind};

/// The kind of a failure; `None` if the source is not set up.
pub fn kind(error: &Error) -> Option<FailureKind> {
    match error {
        Error::Failed(failure) => Some(failure.kind()),
        _ => None,
    }
}

/// Lets every task that is ready go on, without time passing.
pub async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}
