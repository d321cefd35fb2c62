//! A session of a user: the rights of the keys that ask, for a while.
//!
//! `GetSessionToken` of STS, signed by the long-lived keys of an IAM user, gives temporary credentials of the same user,
//! for 12 hours or as long as was asked for. With them the long-lived keys need not travel further. STS refuses them to
//! IAM, and refuses this call to sessions.
//!
//! Region and endpoint are found as for [`AssumeRole`](super::AssumeRole).
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>

use std::time::Duration;

use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::provider::CredentialsProvider;
use crate::source::SourceKind;
use crate::sts::{Order, SignedBy, service_settings, whole_seconds};
use crate::wire::sts::{Action, GetSessionToken, Session};

/// Opens a session with the keys of a user.
///
/// ```
/// use aws_credential_chain::providers::{Environment, SessionToken};
/// use aws_credential_chain::CredentialsCache;
///
/// let cache = CredentialsCache::new(SessionToken::new(Environment::new()));
/// ```
#[derive(Debug)]
#[must_use]
pub struct SessionToken {
    signed: SignedBy,
    duration: Option<Duration>,
}

impl SessionToken {
    /// A session of the user whose keys `provider` gives.
    pub fn new(provider: impl CredentialsProvider) -> Self {
        Self { signed: SignedBy::new(provider), duration: None }
    }

    /// How long the session is to last: whole seconds, 15 minutes to 36 hours; for root an hour at most. Without it 12
    /// hours.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.signed.move_to(world.host());
        self
    }

    service_settings!(signed.settings);
}

impl CredentialsProvider for SessionToken {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        whole_seconds(self.duration, SECONDS).map_err(|(what, remedy)| {
            Failure::new(FailureKind::Misconfigured, NAME, what).with_remedy(remedy)
        })?;
        let order = Order {
            provider: NAME,
            action: Action::GetSessionToken,
            target: None,
            partition: "aws",
            mfa_device: None,
            body: GetSessionToken { duration: self.duration, mfa: None }.body(),
        };
        self.signed
            .send(&order, |source, answer| {
                let path = source.source().clone().further(SourceKind::SessionToken);
                let session = Session::parse(Action::GetSessionToken, answer)?;
                session.of_account(source.account_id()).into_credentials(path)
            })
            .await
    }

    fn time_limit(&self) -> Duration {
        self.signed.time_limit()
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::SessionToken
    }
}

const NAME: &str = SourceKind::SessionToken.name();
/// Of root an hour at most, which only STS can tell.
const SECONDS: std::ops::RangeInclusive<u64> = 900..=129_600;
