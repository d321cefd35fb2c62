//! A closure of the application that gives a token, as providers ask it.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::error::{Error, Failure, FailureKind, printable};

/// Asked for a token at each fetch.
#[derive(Clone)]
pub(crate) struct Callback(Arc<dyn Fn() -> Answer + Send + Sync>);

type Answer = Pin<Box<dyn Future<Output = Result<SecretString, Box<dyn StdError + Send + Sync>>> + Send>>;

impl Callback {
    pub(crate) fn new<F, Fut, E>(ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<SecretString, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self(Arc::new(move || {
            let answer = ask();
            Box::pin(async move { answer.await.map_err(Into::into) })
        }))
    }

    /// The token, if it comes within this time.
    pub(crate) async fn ask_within(
        &self,
        patience: Duration,
        provider: &'static str,
        what: &str,
    ) -> Result<SecretString, Error> {
        tokio::time::timeout(patience, self.ask(provider, what)).await.unwrap_or_else(|_| {
            let message = format!("the callback brought no {what} within {} s", patience.as_secs());
            Err(Failure::new(FailureKind::TimedOut, provider, message).into())
        })
    }

    /// The token. An [`Error`] of ours goes through as it is; any other one counts as what may pass.
    async fn ask(&self, provider: &'static str, what: &str) -> Result<SecretString, Error> {
        (self.0)().await.map_err(|error| match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(error) => {
                let message = format!("the callback brought no {what}: {}", printable(&error.to_string()));
                Failure::new(FailureKind::Unavailable, provider, message).into()
            }
        })
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").finish_non_exhaustive()
    }
}
