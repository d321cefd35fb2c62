//! A call that the credentials of a source sign.
//!
//! The source is asked through a cache of its own: whatever is made from it shares its session. STS refusing its
//! credentials (`ExpiredToken`, `InvalidClientTokenId`) invalidates them there, and the call is made once more with the
//! new ones.

use std::sync::OnceLock;
use std::time::Duration;

use secrecy::SecretString;

use super::{Call, Refused};
use crate::cache::CredentialsCache;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::host::Host;
use crate::provider::{CredentialsProvider, SharedProvider};
use crate::providers::retry::Retry;
use crate::service::{Hints, ServiceSettings};
use crate::wire::sts::{Action, Asked, Caller, Problem};

/// Who signs, and where the call goes.
#[derive(Debug)]
pub(crate) struct SignedBy {
    host: Host,
    pub(crate) settings: ServiceSettings,
    provider: SharedProvider,
    // Made at the first call: until then the machine it lives in may be exchanged.
    parts: OnceLock<Parts>,
}

#[derive(Debug)]
struct Parts {
    source: CredentialsCache,
    retry: Retry,
}

/// What is asked for.
pub(crate) struct Order<'a> {
    /// The provider's name, with which its errors begin.
    pub(crate) provider: &'static str,
    pub(crate) action: Action,
    /// Whose session, for errors.
    pub(crate) target: Option<&'a str>,
    /// In which partition, if nobody has set a region.
    pub(crate) partition: &'a str,
    /// The MFA device of which a code goes with it.
    pub(crate) mfa_device: Option<&'a str>,
    pub(crate) body: SecretString,
}

impl SignedBy {
    pub(crate) fn new(provider: impl CredentialsProvider) -> Self {
        Self {
            host: Host::default(),
            settings: ServiceSettings::default(),
            provider: SharedProvider::new(provider),
            parts: OnceLock::new(),
        }
    }

    #[cfg(feature = "test-util")]
    pub(crate) fn move_to(&mut self, host: Host) {
        self.host = host;
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// How long a call may take, with what its source may.
    pub(crate) fn time_limit(&self) -> Duration {
        let source = self.provider.time_limit();
        source.saturating_add(STEP_LIMIT).min(crate::chain::CHAIN_TIME_LIMIT.max(source))
    }

    /// Asks, and reads the answer; `read` is given the credentials that signed.
    pub(crate) async fn send<T>(
        &self,
        order: &Order<'_>,
        read: impl Fn(&Credentials, &[u8]) -> Result<T, Problem>,
    ) -> Result<T, Error> {
        let source = self.source(order).await?;
        let rejected = match self.exchange(order, &source, &read).await {
            Ok(answer) => return Ok(answer),
            Err(Refused::Failed(error)) => return Err(error),
            Err(Refused::Source(error)) => error,
        };
        // Somebody exchanged or revoked the source's keys: it may have new ones, once.
        self.parts().source.invalidate(&source);
        match self.source(order).await {
            Ok(renewed) if renewed.access_key_id() != source.access_key_id() => {
                self.exchange(order, &renewed, &read).await.map_err(Refused::into_error)
            }
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
        let credentials = self.parts().source.credentials().await.map_err(|error| match error {
            // Nothing is set up at all: a chain may go on.
            Error::NotConfigured(_) => error,
            Error::Failed(failure) => without_source(order, &failure),
        })?;
        if credentials.is_anonymous() {
            let message = format!("{} cannot be signed with anonymous credentials", order.action.name());
            return Err(Failure::new(FailureKind::Misconfigured, order.provider, message)
                .with_remedy("use a source that has keys")
                .into());
        }
        Ok(credentials)
    }

    async fn exchange<T>(
        &self,
        order: &Order<'_>,
        source: &Credentials,
        read: &impl Fn(&Credentials, &[u8]) -> Result<T, Problem>,
    ) -> Result<T, Refused> {
        let found = self.settings.look(&self.host).await.map_err(Refused::Failed)?;
        let hints = Hints { partition: order.partition, instance_region: None };
        let endpoint = found.sts(hints).map_err(Refused::Failed)?;
        let asked = Asked {
            provider: order.provider,
            action: order.action,
            url: &endpoint.url,
            role: None,
            target: order.target,
            caller: Caller::Credentials { access_key_id: source.access_key_id(), source: source.source() },
            mfa_device: order.mfa_device,
        };
        let call = Call { host: &self.host, endpoint: &endpoint, retry: &self.parts().retry, asked };
        call.send(&order.body, Some(source), |answer| read(source, answer)).await
    }
}

fn without_source(order: &Order<'_>, failure: &Failure) -> Error {
    let message = format!("no credentials to sign {} with: {failure}", order.action.name());
    let mut wrapped =
        Failure::new(failure.kind(), order.provider, message).after(failure.attempts().to_vec());
    if let Some(wait) = failure.retry_after() {
        wrapped = wrapped.with_retry_after(wait);
    }
    wrapped.into()
}

/// Two attempts at STS and the pauses between.
const STEP_LIMIT: Duration = Duration::from_secs(25);
