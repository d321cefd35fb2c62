//! A call that the credentials of a source sign.
//!
//! The source is asked through a cache of its own: whatever is made from it shares its session. STS refusing its
//! credentials (`ExpiredToken`, `InvalidClientTokenId`) invalidates them there, and the call is made once more with the
//! new ones.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use secrecy::SecretString;

use super::{Call, Refused};
use crate::cache::{self, CredentialsCache};
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::host::Host;
use crate::provider::{CredentialsProvider, SharedProvider};
use crate::providers::mfa::{CodeFor, MfaDevice, PERSON_LIMIT};
use crate::providers::retry::Retry;
use crate::region::Region;
use crate::role::Role;
use crate::service::{Endpoint, Hints, ServiceSettings};
use crate::source::{Hop, SourceKind};
use crate::wire::sts::{Action, Asked, Caller, Mfa, Problem};

/// Who signs, and where the call goes.
#[derive(Debug)]
pub(crate) struct SignedBy {
    pub(crate) host: Host,
    pub(crate) settings: ServiceSettings,
    pub(crate) provider: SharedProvider,
    // Made at the first call: until then the machine it lives in may be exchanged.
    parts: OnceLock<Parts>,
}

#[derive(Debug)]
struct Parts {
    source: CredentialsCache,
    retry: Retry,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Order<'a> {
    /// The provider's name, with which its errors begin.
    pub(crate) provider: &'static str,
    pub(crate) action: Action,
    /// The role that is assumed, if one is.
    pub(crate) role: Option<&'a Role>,
    /// Whose session, if it is no role's; for errors.
    pub(crate) target: Option<&'a str>,
    /// In which partition, if nobody has set a region.
    pub(crate) partition: &'a str,
}

impl SignedBy {
    pub(crate) fn new(provider: impl CredentialsProvider) -> Self {
        Self::of(Host::default(), ServiceSettings::default(), SharedProvider::new(provider))
    }

    pub(crate) fn of(host: Host, settings: ServiceSettings, provider: SharedProvider) -> Self {
        Self { host, settings, provider, parts: OnceLock::new() }
    }

    /// How long a call may take, with what its source may, and the person who is asked for a code.
    pub(crate) fn time_limit(&self, device: Option<&MfaDevice>) -> Duration {
        let source = self.provider.time_limit();
        // However many hops: a chain answers or fails within this time.
        let hops = source.saturating_add(STEP_LIMIT).min(crate::chain::CHAIN_TIME_LIMIT.max(source));
        let asks_a_person = device.is_some_and(MfaDevice::asks_a_person);
        if asks_a_person { hops.saturating_add(PERSON_LIMIT) } else { hops }
    }

    /// Asks, and reads the answer; `read` is given the credentials that signed.
    pub(crate) async fn send<T>(
        &self,
        order: &Order<'_>,
        body: &SecretString,
        read: impl Fn(&Credentials, &[u8]) -> Result<T, Problem>,
    ) -> Result<T, Error> {
        self.healing(order, None, body, read).await
    }

    /// Whether there is something to sign with, and a code can be had if there is a device: before anybody is asked for
    /// anything.
    pub(crate) async fn ready(
        &self,
        order: &Order<'_>,
        device: Option<&MfaDevice>,
    ) -> Result<Credentials, Error> {
        if let Some(device) = device {
            device.can_answer(order.code_for())?;
        }
        self.source(order).await
    }

    /// Asks for a session, with a code of the device if there is one. `read` brings what else the answer tells.
    pub(crate) async fn session<X>(
        &self,
        order: &Order<'_>,
        device: Option<&MfaDevice>,
        body: impl Fn(Option<&Mfa>) -> SecretString,
        read: impl Fn(&Credentials, &[u8]) -> Result<(Credentials, X), Problem>,
    ) -> Result<(Credentials, X), Error> {
        let Some(device) = device else { return self.healing(order, None, &body(None), read).await };
        // First: nobody is asked for a code that nothing can be signed with.
        self.ready(order, Some(device)).await?;
        let code = device.code(&self.host, order.code_for()).await?;
        let with_code = Some(code.serial_number());
        device.used(self.healing(order, with_code, &body(Some(&code)), read).await)
    }

    async fn healing<T>(
        &self,
        order: &Order<'_>,
        mfa_device: Option<&str>,
        body: &SecretString,
        read: impl Fn(&Credentials, &[u8]) -> Result<T, Problem>,
    ) -> Result<T, Error> {
        let source = self.source(order).await?;
        let rejected = match self.exchange(order, mfa_device, body, &source, &read).await {
            Ok(answer) => return Ok(answer),
            Err(Refused::Failed(error)) => return Err(error),
            Err(Refused::Source(error)) => error,
        };
        // Somebody exchanged or revoked the source's keys: it may have new ones, once.
        self.parts().source.invalidate(&source);
        match self.source(order).await {
            Ok(renewed) if renewed.access_key_id() != source.access_key_id() => {
                self.exchange(order, mfa_device, body, &renewed, &read).await.map_err(Refused::into_error)
            }
            Err(error) if error.person().is_some() => Err(error),
            _ => Err(rejected),
        }
    }

    fn parts(&self) -> &Parts {
        self.parts.get_or_init(|| Parts {
            source: CredentialsCache::within(&self.host, self.provider.clone()),
            retry: Retry::new(&self.host.clock),
        })
    }

    async fn source(&self, order: &Order<'_>) -> Result<Credentials, Error> {
        let source = cache::as_called(self.parts().source.retrieve()).await.map_err(|error| match error {
            // Nothing is set up at all: a chain may go on.
            Error::NotConfigured(_) => error,
            Error::Failed(failure) => order.without_source(&failure),
        })?;
        if source.is_anonymous() {
            let message = match order.role {
                Some(role) => format!("{} cannot be assumed with anonymous credentials", role.arn()),
                None => format!("{} cannot be signed with anonymous credentials", order.action.name()),
            };
            return Err(Failure::new(FailureKind::Misconfigured, order.provider, message)
                .with_remedy("use a source that has keys")
                .into());
        }
        Ok(source)
    }

    async fn exchange<T>(
        &self,
        order: &Order<'_>,
        mfa_device: Option<&str>,
        body: &SecretString,
        source: &Credentials,
        read: &impl Fn(&Credentials, &[u8]) -> Result<T, Problem>,
    ) -> Result<T, Refused> {
        let endpoint = self.endpoint(order, source).await.map_err(Refused::Failed)?;
        let asked = Asked {
            provider: order.provider,
            action: order.action,
            url: &endpoint.url,
            role: order.role,
            target: order.target,
            caller: Caller::Credentials { access_key_id: source.access_key_id(), source: source.source() },
            mfa_device,
        };
        let call = Call { host: &self.host, endpoint: &endpoint, retry: &self.parts().retry, asked };
        call.send(body, Some(source), |answer| read(source, answer)).await
    }

    async fn endpoint(&self, order: &Order<'_>, source: &Credentials) -> Result<Endpoint, Error> {
        let found = self.settings.look(&self.host).await?;
        let instance_region = if found.has_region() { None } else { self.instance_region(source).await };
        found.sts(Hints { partition: order.partition, instance_region: instance_region.as_ref() })
    }

    /// The region of the instance whose role is the source.
    #[cfg(feature = "imds")]
    async fn instance_region(&self, source: &Credentials) -> Option<Region> {
        let base = source.source().hops().next().map(Hop::kind);
        if base != Some(SourceKind::InstanceMetadata) {
            return None;
        }
        let metadata = crate::providers::InstanceMetadata::of(self.host.clone(), self.host.timeouts);
        metadata.region().await.ok()
    }

    #[cfg(not(feature = "imds"))]
    #[allow(clippy::unused_async, clippy::unused_self, reason = "its twin asks")]
    async fn instance_region(&self, _source: &Credentials) -> Option<Region> {
        None
    }
}

/// For one that is set up otherwise.
impl Clone for SignedBy {
    fn clone(&self) -> Self {
        let Self { host, settings, provider, parts: _ } = self;
        Self::of(host.clone(), settings.clone(), provider.clone())
    }
}

impl Order<'_> {
    fn code_for(&self) -> CodeFor<'_> {
        CodeFor { provider: self.provider, role: self.role.map(Role::arn) }
    }

    fn without_source(&self, failure: &Failure) -> Error {
        let message = format!("no credentials to {self} with: {failure}");
        let mut wrapped =
            Failure::new(failure.kind(), self.provider, message).after(failure.attempts().to_vec());
        if let Some(wait) = failure.retry_after() {
            wrapped = wrapped.with_retry_after(wait);
        }
        if let Some(person) = failure.person() {
            wrapped = wrapped.with_person(person);
        }
        wrapped.into()
    }
}

/// `assume arn:aws:iam::123456789012:role/reports`, or `sign GetSessionToken`
impl fmt::Display for Order<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Some(role) => write!(f, "assume {}", role.arn()),
            None => write!(f, "sign {}", self.action.name()),
        }
    }
}

/// Two attempts at STS and the pauses between.
const STEP_LIMIT: Duration = Duration::from_secs(25);
