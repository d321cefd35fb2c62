//! Codes of MFA devices, and the people who are asked for them.
//!
//! A role can ask for a second factor: the six digits that a device shows, each good for one call. STS takes them from users
//! with keys of their own; a session, as that of another role, has no device. A user can also open a session with a code,
//! and everything that is done with the session counts as done with the second factor.
//!
//! | a person is asked by | |
//! |---|---|
//! | a read that finds nothing in hand: the first one, the first after `forget` | yes |
//! | `renew` of the cache | yes |
//! | `renew` of a cache that is made from this session | if the session is over |
//! | `retrieve`, called on a provider without a cache | yes |
//! | anything else: the time before expiry and after it, `keep_fresh`, `invalidate`, `valid_for`, a file that changed | no |
//!
//! So the session is kept to its end, and what is made from it is renewed in silence as long. After that an error names role
//! and device. Whatever goes wrong once somebody was asked is remembered until `renew`: nobody is asked twice because a
//! program tried again.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_sample-code.html>

#[cfg(feature = "sts")]
mod device;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::error::printable;

#[cfg(feature = "sts")]
pub(crate) use self::device::{CodeFor, Codes, MfaDevice};

/// What a callback is told that gives codes of MFA devices. Written out it is a line to show to a person:
/// `MFA code of arn:aws:iam::123456789012:mfa/alice for arn:aws:iam::210987654321:role/admin (profile prod)`.
#[derive(Clone, Debug)]
pub struct MfaPrompt {
    serial_number: String,
    role_arn: Option<String>,
    profile: Option<String>,
}

impl MfaPrompt {
    /// The device: the serial number of a piece of hardware, or the ARN of a virtual one.
    #[must_use]
    pub fn serial_number(&self) -> &str {
        &self.serial_number
    }

    /// The role that is assumed with the code; `None` if it is for a session of the user with the device
    /// ([`SessionToken`](super::SessionToken)).
    #[must_use]
    pub fn role_arn(&self) -> Option<&str> {
        self.role_arn.as_deref()
    }

    /// The profile with that role, if one describes it.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }
}

impl fmt::Display for MfaPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let purpose = self.role_arn.as_deref().unwrap_or(OWN_SESSION);
        write!(f, "MFA code of {} for {purpose}", self.serial_number)?;
        self.profile.as_ref().map_or(Ok(()), |profile| write!(f, " (profile {})", printable(profile)))
    }
}

/// Whom to ask. Clones ask the same person, who gets one question at a time.
#[derive(Clone)]
pub(crate) struct MfaCallback(Arc<Asking>);

struct Asking {
    ask: Box<dyn Fn(MfaPrompt) -> Answer + Send + Sync>,
    turn: Mutex<()>,
}

type Answer = Pin<Box<dyn Future<Output = Result<SecretString, BoxError>> + Send>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl MfaCallback {
    pub(crate) fn new<F, Fut, C>(ask: F) -> Self
    where
        F: Fn(MfaPrompt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, BoxError>> + Send + 'static,
        C: Into<SecretString>,
    {
        let ask = move |prompt| -> Answer {
            let answer = ask(prompt);
            Box::pin(async move { answer.await.map(Into::into) })
        };
        Self(Arc::new(Asking { ask: Box::new(ask), turn: Mutex::new(()) }))
    }

    #[cfg(feature = "sts")]
    async fn code(&self, prompt: MfaPrompt) -> Result<SecretString, BoxError> {
        let _turn = self.0.turn.lock().await;
        (self.0.ask)(prompt).await
    }
}

impl fmt::Debug for MfaCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MfaCallback").finish_non_exhaustive()
    }
}

const OWN_SESSION: &str = "a session of its user";
/// How long a person has, also for waiting until others were asked.
pub(crate) const PERSON_LIMIT: Duration = Duration::from_secs(300);
