//! A session of a user: the rights of the keys that ask, for a while.
//!
//! `GetSessionToken` of STS, signed by the long-lived keys of an IAM user, gives temporary credentials of the same user,
//! for 12 hours or as long as was asked for. With them the long-lived keys need not travel further. STS refuses them to
//! IAM, and refuses this call to sessions.
//!
//! Opened with a code of an MFA device, the session is one with a second factor: one code for all the roles that ask for one.
//!
//! Region and endpoint are found as for [`AssumeRole`](super::AssumeRole).
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>

use std::future::Future;
use std::time::Duration;

use secrecy::SecretString;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::provider::CredentialsProvider;
use crate::providers::mfa::{MfaDevice, MfaPrompt};
use crate::source::SourceKind;
use crate::sts::{Order, SignedBy, service_settings, whole_seconds};
use crate::wire::sts::{Action, GetSessionToken, Mfa, Session};

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
    mfa: Option<MfaDevice>,
}

impl SessionToken {
    /// A session of the user whose keys `provider` gives.
    pub fn new(provider: impl CredentialsProvider) -> Self {
        Self { signed: SignedBy::new(provider), duration: None, mfa: None }
    }

    /// How long the session is to last: whole seconds, 15 minutes to 36 hours; for root an hour at most. Without it 12
    /// hours.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// A second factor: the session is opened with a code of this MFA device of the user (the serial number of a piece of
    /// hardware, or the ARN of a virtual one), which `code` asks a person for. Roles that ask for a second factor take the
    /// session without another code, as do services.
    ///
    /// ```no_run
    /// use aws_credential_chain::providers::{Environment, SessionToken};
    /// use aws_credential_chain::{CredentialsCache, ProviderExt, Role};
    ///
    /// # fn main() -> Result<(), aws_credential_chain::Error> {
    /// let session = SessionToken::new(Environment::new()).mfa("arn:aws:iam::123456789012:mfa/alice", |prompt| async move {
    ///     println!("{prompt}:");
    ///     let line = tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await?;
    ///     Ok(line.ok_or("there is no terminal")??)
    /// });
    /// let session = CredentialsCache::new(session);
    /// let admin = session.clone().assume(Role::builder("arn:aws:iam::123456789012:role/admin").build()?);
    /// let audit = session.assume(Role::builder("arn:aws:iam::123456789012:role/audit").build()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Who is asked when, and when not, is told at [`AssumeRole::mfa`](super::AssumeRole::mfa): by the first read of a cache and by
    /// [`renew`](crate::CredentialsCache::renew), and never unbidden. [`MfaPrompt::role_arn`] is `None`.
    pub fn mfa<F, Fut, C>(mut self, serial_number: impl Into<String>, code: F) -> Self
    where
        F: Fn(MfaPrompt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
        C: Into<SecretString>,
    {
        self.mfa = Some(MfaDevice::with_person(serial_number, code));
        self
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.signed.host = world.host();
        self
    }

    service_settings!(|this| this.signed.settings);
}

impl CredentialsProvider for SessionToken {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        whole_seconds(self.duration, SECONDS).map_err(|flaw| flaw.of(NAME))?;
        let order = Order {
            provider: NAME,
            action: Action::GetSessionToken,
            role: None,
            target: None,
            partition: "aws",
        };
        let body = |mfa: Option<&Mfa>| GetSessionToken { duration: self.duration, mfa }.body();
        self.signed
            .session(&order, self.mfa.as_ref(), body, |source, answer| {
                let path = source.source().clone().further(SourceKind::SessionToken);
                let session = Session::parse(Action::GetSessionToken, answer)?;
                Ok((session.of_account(source.account_id()).into_credentials(path)?, ()))
            })
            .await
            .map(|(credentials, ())| credentials)
    }

    fn time_limit(&self) -> Duration {
        self.signed.time_limit(self.mfa.as_ref())
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::SessionToken
    }
}

const NAME: &str = SourceKind::SessionToken.name();
/// Of root an hour at most, which only STS can tell.
const SECONDS: std::ops::RangeInclusive<u64> = 900..=129_600;
