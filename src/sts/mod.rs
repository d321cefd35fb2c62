//! Talking to STS, AWS's Security Token Service.
//!
//! Providers for roles do this by themselves; [`Sts`] is for programs that ask it something else.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

mod bearer;
mod call;
mod limiter;
mod outbound;
mod settings;
mod signed;

use std::ops::RangeInclusive;
use std::time::Duration;

pub(crate) use self::bearer::{Bearer, Claim};
pub(crate) use self::call::{Call, Refused};
pub(crate) use self::limiter::Limited;
pub use self::limiter::StsLimiter;
pub use self::outbound::{IdentityToken, IdentityTokens, OutboundIdentity, SigningAlgorithm};
pub(crate) use self::settings::service_settings;
pub(crate) use self::signed::{Order, SignedBy};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::host::Host;
use crate::providers::retry::Retry;
use crate::role::Flaw;
use crate::service::{Hints, ServiceSettings};
pub use crate::wire::sts::CallerIdentity;
use crate::wire::sts::{Action, Asked, Caller, get_caller_identity};

/// A client for STS: region and endpoint are found as [`AssumeRole`](crate::providers::AssumeRole) finds them.
///
/// ```no_run
/// use aws_credential_chain::{CredentialsCache, DefaultChain, sts::Sts};
///
/// # async fn whoami() -> Result<(), aws_credential_chain::Error> {
/// let cache = CredentialsCache::new(DefaultChain::new());
/// let identity = Sts::new().caller_identity(&cache.credentials().await?).await?;
/// println!("{} in account {}", identity.arn(), identity.account_id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Sts {
    host: Host,
    settings: ServiceSettings,
}

impl Sts {
    /// As the environment and the shared files say.
    pub fn new() -> Self {
        Self::default()
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(world: &crate::testing::World) -> Self {
        Self { host: world.host(), settings: ServiceSettings::default() }
    }

    service_settings!(|this| this.settings);

    /// Whose credentials these are. Needs no permission: AWS always answers.
    ///
    /// # Errors
    /// STS cannot be reached, or refuses the credentials.
    pub async fn caller_identity(&self, credentials: &Credentials) -> Result<CallerIdentity, Error> {
        let hints = Hints { partition: "aws", instance_region: None };
        let endpoint = self.settings.look(&self.host).await?.sts(hints)?;
        let retry = Retry::new(&self.host.clock);
        let asked = Asked {
            provider: NAME,
            action: Action::GetCallerIdentity,
            url: &endpoint.url,
            role: None,
            target: None,
            caller: Caller::Credentials {
                access_key_id: credentials.access_key_id(),
                source: credentials.source(),
            },
            mfa_device: None,
        };
        let call = Call { host: &self.host, endpoint: &endpoint, retry: &retry, asked };
        let body = get_caller_identity();
        call.send(&body, Some(credentials), CallerIdentity::parse).await.map_err(Refused::into_error)
    }
}

/// That a duration is one that STS takes.
pub(crate) fn whole_seconds(duration: Option<Duration>, limits: RangeInclusive<u64>) -> Result<(), Flaw> {
    let Some(duration) = duration else { return Ok(()) };
    if duration.subsec_nanos() == 0 && limits.contains(&duration.as_secs()) {
        return Ok(());
    }
    let (least, most) = limits.into_inner();
    let what = format!("the duration, {} s, is not what STS takes", duration.as_secs_f64());
    Err(Flaw::new(what, format!("write {least} to {most} whole seconds")))
}

const NAME: &str = "STS";
