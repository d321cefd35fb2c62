//! Access that a customer has delegated to a partner of AWS, for a while.
//!
//! The customer approves a request of the partner, AWS hands the partner a token to trade in, and
//! `GetDelegatedAccessToken` of STS, signed by the partner's own credentials, gives credentials for it. A token is good once:
//! the application gives another one at each fetch, through an async callback.
//!
//! Region and endpoint are found as for [`AssumeRole`](super::AssumeRole).
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetDelegatedAccessToken.html>

use std::error::Error as StdError;
use std::future::Future;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::callback::Callback;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::provider::CredentialsProvider;
use crate::source::SourceKind;
use crate::sts::{Order, SignedBy, service_settings};
use crate::wire::sts::{Action, GetDelegatedAccessToken, Session};

/// Trades tokens in for credentials of the customer who delegated the access.
#[derive(Debug)]
#[must_use]
pub struct DelegatedAccess {
    signed: SignedBy,
    trade_in_token: Callback,
}

impl DelegatedAccess {
    /// Trades in what `trade_in_token` gives, with the credentials that `provider` gives.
    ///
    /// The callback may fail with any error; with an [`Error`] of this crate it says itself whether asking again later
    /// makes sense. It may take 30 s.
    pub fn new<F, Fut, E>(provider: impl CredentialsProvider, trade_in_token: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<SecretString, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self { signed: SignedBy::new(provider), trade_in_token: Callback::new(trade_in_token) }
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.signed.host = world.host();
        self
    }

    service_settings!(|this| this.signed.settings);
}

impl CredentialsProvider for DelegatedAccess {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let token = self.trade_in_token.ask_within(PATIENCE, NAME, "token to trade in").await?;
        if token.expose_secret().trim().is_empty() {
            let message = "the callback brought an empty token to trade in";
            return Err(Failure::new(FailureKind::Misconfigured, NAME, message).into());
        }
        let order = Order {
            provider: NAME,
            action: Action::GetDelegatedAccessToken,
            role: None,
            target: None,
            partition: "aws",
        };
        self.signed
            .send(&order, &GetDelegatedAccessToken { trade_in_token: &token }.body(), |source, answer| {
                let path = source.source().clone().further(SourceKind::DelegatedAccess);
                Session::parse(Action::GetDelegatedAccessToken, answer)?.into_credentials(path)
            })
            .await
    }

    fn time_limit(&self) -> Duration {
        self.signed.time_limit(None).saturating_add(PATIENCE)
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::DelegatedAccess
    }
}

const NAME: &str = SourceKind::DelegatedAccess.name();
const PATIENCE: Duration = Duration::from_secs(30);
