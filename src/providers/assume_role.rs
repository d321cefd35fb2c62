//! A role, assumed with the credentials of another source.
//!
//! `AssumeRole` of STS, signed by the source's credentials, gives credentials of the role for an hour or as long as
//! was asked for. The source is asked through a cache of its own: a thousand roles on one cache share its session, and
//! a refresh of the role asks the source only if that is due itself.
//!
//! STS refusing the source's credentials (`ExpiredToken`, `InvalidClientTokenId`) invalidates them in the source's
//! cache, and the role is assumed once more with the new ones.
//!
//! | setting | |
//! |---|---|
//! | region | code; `AWS_REGION`; `AWS_DEFAULT_REGION`; the profile; the instance's own if its role is the source; else the global region of the role's partition |
//! | endpoint | code; `AWS_ENDPOINT_URL_STS`; `AWS_ENDPOINT_URL`; the profile; else by region, FIPS and dual stack |
//! | session name | the role's; else `aws-credential-chain-` and the time |
//!
//! ```xml
//! <AssumeRoleResponse><AssumeRoleResult>
//!   <Credentials>
//!     <AccessKeyId>ASIA…</AccessKeyId><SecretAccessKey>…</SecretAccessKey>
//!     <SessionToken>…</SessionToken><Expiration>2026-11-23T18:00:00Z</Expiration>
//!   </Credentials>
//!   <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/reports/session</Arn>…</AssumedRoleUser>
//! </AssumeRoleResult></AssumeRoleResponse>
//!
//! <ErrorResponse><Error><Code>AccessDenied</Code><Message>…</Message></Error></ErrorResponse>
//! ```
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

mod explained;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::cache::CredentialsCache;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::explain::Examined;
use crate::host::Host;
use crate::provider::{CredentialsProvider, SharedProvider};
use crate::providers::retry::Retry;
use crate::region::Region;
use crate::role::Role;
use crate::service::{Hints, ServiceSettings};
use crate::source::{Hop, SourceKind};
use crate::sts::{Call, Refused};
use crate::wall_time::WallTime;
use crate::wire::sts::{self as wire, Action, Asked, Caller, Session};

/// Assumes a role with the credentials of a source. Made by [`ProviderExt::assume`](crate::ProviderExt::assume).
///
/// ```
/// use aws_credential_chain::{CredentialsCache, DefaultChain, ProviderExt, Role};
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let base = CredentialsCache::new(DefaultChain::new());
/// let hub = CredentialsCache::new(base.clone().assume(Role::builder("arn:aws:iam::111111111111:role/hub").build()?));
/// let spoke = Role::builder("arn:aws:iam::222222222222:role/spoke").external_id("x-42").build()?;
/// let spoke = CredentialsCache::new(hub.assume(spoke));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct AssumeRole {
    by: Arc<Assumer>,
    role: Role,
}

/// With whose credentials roles are assumed, and where STS is asked. A pool's roles share one.
#[derive(Debug)]
pub(crate) struct Assumer {
    pub(crate) host: Host,
    pub(crate) settings: ServiceSettings,
    provider: SharedProvider,
    // Made at the first fetch: until then the machine it lives in may be exchanged.
    parts: OnceLock<Parts>,
}

#[derive(Debug)]
struct Parts {
    source: CredentialsCache,
    retry: Retry,
}

impl Assumer {
    pub(crate) fn new(provider: impl CredentialsProvider) -> Self {
        Self {
            host: Host::default(),
            settings: ServiceSettings::default(),
            provider: SharedProvider::new(provider),
            parts: OnceLock::new(),
        }
    }

    fn parts(&self) -> &Parts {
        self.parts.get_or_init(|| Parts {
            source: CredentialsCache::within(&self.host, self.provider.clone()),
            retry: Retry::new(&self.host.clock),
        })
    }
}

/// For one that is set up otherwise.
impl Clone for Assumer {
    fn clone(&self) -> Self {
        let Self { host, settings, provider, .. } = self;
        Self {
            host: host.clone(),
            settings: settings.clone(),
            provider: provider.clone(),
            parts: OnceLock::new(),
        }
    }
}

impl AssumeRole {
    pub(crate) fn new(provider: impl CredentialsProvider, role: Role) -> Self {
        Self::by(Arc::new(Assumer::new(provider)), role)
    }

    pub(crate) fn of(host: Host, settings: ServiceSettings, provider: SharedProvider, role: Role) -> Self {
        Self::by(Arc::new(Assumer { host, settings, provider, parts: OnceLock::new() }), role)
    }

    pub(crate) fn by(by: Arc<Assumer>, role: Role) -> Self {
        Self { by, role }
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        Arc::make_mut(&mut self.by).host = world.host();
        self
    }

    /// The region whose STS is asked.
    pub fn region(mut self, region: Region) -> Self {
        Arc::make_mut(&mut self.by).settings.region = Some(region);
        self
    }

    /// Another endpoint than AWS's own: scheme, host and port. A VPC endpoint, for example.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.by).settings.endpoint_url = Some(url.into());
        self
    }

    /// Whether STS's FIPS endpoint is asked.
    pub fn use_fips(mut self, fips: bool) -> Self {
        Arc::make_mut(&mut self.by).settings.fips = Some(fips);
        self
    }

    /// Whether STS's endpoint for IPv4 and IPv6 is asked.
    pub fn use_dual_stack(mut self, dual_stack: bool) -> Self {
        Arc::make_mut(&mut self.by).settings.dual_stack = Some(dual_stack);
        self
    }

    /// The role that is assumed.
    #[must_use]
    pub fn role(&self) -> &Role {
        &self.role
    }

    async fn source(&self) -> Result<Credentials, Error> {
        self.by.parts().source.credentials().await.map_err(|error| match error {
            // Nothing is set up at all: a chain may go on.
            Error::NotConfigured(_) => error,
            Error::Failed(failure) => self.without_source(&failure),
        })
    }

    async fn assume(&self, source: &Credentials) -> Result<Credentials, Refused> {
        let endpoint = self.endpoint(source).await.map_err(Refused::Failed)?;
        let now = self.by.host.clock.now();
        let request = wire::AssumeRole {
            role: &self.role,
            made_up_session_name: &generated_session_name(now),
            mfa: None,
        };
        let asked = Asked {
            provider: NAME,
            action: Action::AssumeRole,
            url: &endpoint.url,
            role: Some(&self.role),
            target: None,
            caller: Caller::Credentials { access_key_id: source.access_key_id(), source: source.source() },
            with_mfa: false,
        };
        let call = Call { host: &self.by.host, endpoint: &endpoint, retry: &self.by.parts().retry, asked };
        let read = |answer: &[u8]| {
            let path = source.source().clone().then(SourceKind::AssumeRole, self.role.arn().shared());
            Session::parse(Action::AssumeRole, answer)?.into_credentials(path)
        };
        call.send(&request.body(), Some(source), read).await
    }

    async fn endpoint(&self, source: &Credentials) -> Result<crate::service::Endpoint, Error> {
        let found = self.by.settings.look(&self.by.host).await?;
        let instance_region = if found.has_region() { None } else { self.instance_region(source).await };
        found.sts(Hints { partition: self.role.arn().partition(), instance_region: instance_region.as_ref() })
    }

    /// The region of the instance whose role is the source.
    #[cfg(feature = "imds")]
    async fn instance_region(&self, source: &Credentials) -> Option<Region> {
        let base = source.source().hops().next().map(Hop::kind);
        if base != Some(SourceKind::InstanceMetadata) {
            return None;
        }
        super::InstanceMetadata::of(self.by.host.clone(), self.by.host.timeouts).region().await.ok()
    }

    #[cfg(not(feature = "imds"))]
    #[allow(clippy::unused_async, clippy::unused_self, reason = "its twin asks")]
    async fn instance_region(&self, _source: &Credentials) -> Option<Region> {
        None
    }

    fn without_source(&self, failure: &Failure) -> Error {
        let message = format!("no credentials to assume {} with: {failure}", self.role.arn());
        let mut wrapped = Failure::new(failure.kind(), NAME, message).after(failure.attempts().to_vec());
        if let Some(wait) = failure.retry_after() {
            wrapped = wrapped.with_retry_after(wait);
        }
        wrapped.into()
    }
}

impl CredentialsProvider for AssumeRole {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let source = self.source().await?;
        if source.is_anonymous() {
            return Err(Failure::new(
                FailureKind::Misconfigured,
                NAME,
                format!("{} cannot be assumed with anonymous credentials", self.role.arn()),
            )
            .with_remedy("use a source that has keys")
            .into());
        }
        let rejected = match self.assume(&source).await {
            Ok(credentials) => return Ok(credentials),
            Err(Refused::Failed(error)) => return Err(error),
            Err(Refused::Source(error)) => error,
        };
        // Somebody exchanged or revoked the source's keys: it may have new ones, once.
        self.by.parts().source.invalidate(&source);
        match self.source().await {
            Ok(renewed) if renewed.access_key_id() != source.access_key_id() => {
                self.assume(&renewed).await.map_err(Refused::into_error)
            }
            _ => Err(rejected),
        }
    }

    fn time_limit(&self) -> Duration {
        let source = self.by.provider.time_limit();
        source.saturating_add(STEP_LIMIT).min(HOPS_LIMIT.max(source))
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::AssumeRole
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        explained::examine(self)
    }
}

/// Names the program that asks, and tells sessions apart in CloudTrail.
pub(super) fn generated_session_name(now: WallTime) -> String {
    format!("aws-credential-chain-{}", now.unix_millis())
}

const NAME: &str = SourceKind::AssumeRole.name();
/// Two attempts at STS and the pauses between.
const STEP_LIMIT: Duration = Duration::from_secs(25);
/// However many hops: a chain answers or fails within this time.
const HOPS_LIMIT: Duration = crate::chain::CHAIN_TIME_LIMIT;
