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
//! A role that asks for a second factor is assumed with a code of an MFA device, for which a person is asked: when, and when
//! not, [`AssumeRole::mfa`] says.
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

use secrecy::SecretString;

use crate::cache::{self, CredentialsCache};
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::explain::Examined;
use crate::host::Host;
use crate::provider::{CredentialsProvider, SharedProvider};
use crate::providers::mfa::{Codes, MfaCallback, MfaDevice, MfaPrompt, PERSON_LIMIT};
use crate::providers::retry::Retry;
use crate::region::Region;
use crate::role::Role;
use crate::service::{Hints, ServiceSettings};
use crate::source::{Hop, SourceKind};
use crate::sts::{Call, Refused};
use crate::wall_time::WallTime;
use crate::wire::sts::{self as wire, Action, Asked, Caller, Mfa, Session};

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
    mfa: Option<Arc<MfaDevice>>,
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
            mfa: None,
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
        let Self { host, settings, provider, mfa, .. } = self;
        Self {
            host: host.clone(),
            settings: settings.clone(),
            provider: provider.clone(),
            mfa: mfa.clone(),
            parts: OnceLock::new(),
        }
    }
}

impl AssumeRole {
    pub(crate) fn new(provider: impl CredentialsProvider, role: Role) -> Self {
        Self::by(Arc::new(Assumer::new(provider)), role)
    }

    pub(crate) fn of(host: Host, settings: ServiceSettings, provider: SharedProvider, role: Role) -> Self {
        Self::by(Arc::new(Assumer { host, settings, provider, mfa: None, parts: OnceLock::new() }), role)
    }

    pub(crate) fn by(by: Arc<Assumer>, role: Role) -> Self {
        Self { by, role }
    }

    pub(crate) fn with_device(mut self, device: MfaDevice) -> Self {
        Arc::make_mut(&mut self.by).mfa = Some(Arc::new(device));
        self
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

    /// A second factor: the role is assumed with a code of this MFA device (the serial number of a piece of hardware, or
    /// the ARN of a virtual one), which `code` asks a person for. The source has to be keys of the device's user.
    ///
    /// ```no_run
    /// use aws_credential_chain::{CredentialsCache, DefaultChain, ProviderExt, Role};
    ///
    /// # fn main() -> Result<(), aws_credential_chain::Error> {
    /// let admin = Role::builder("arn:aws:iam::123456789012:role/admin").build()?;
    /// let admin = DefaultChain::new().assume(admin).mfa("arn:aws:iam::123456789012:mfa/alice", |prompt| async move {
    ///     println!("{prompt}:");
    ///     let line = tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await?;
    ///     Ok(line.ok_or("there is no terminal")??)
    /// });
    /// let cache = CredentialsCache::new(admin);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The person is asked by the first read of a cache and by [`renew`](CredentialsCache::renew), and never unbidden: the
    /// session is kept to its end, and what is made from it is renewed in silence as long. After that reads are an
    /// [error](FailureKind::Withheld) that names role and device, until `renew` asks anew; so they are if the callback gives an
    /// error, if nothing comes within five minutes, if what comes is not six digits, or if STS refuses it. Blanks around the
    /// code are cut. The code is a secret: it appears in no error and in no log. The text of an error of the callback does.
    pub fn mfa<F, Fut, C>(self, serial_number: impl Into<String>, code: F) -> Self
    where
        F: Fn(MfaPrompt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
        C: Into<SecretString>,
    {
        let codes = Codes::Person(MfaCallback::new(code));
        self.with_device(MfaDevice { serial_number: serial_number.into(), place: None, codes })
    }

    /// The role that is assumed.
    #[must_use]
    pub fn role(&self) -> &Role {
        &self.role
    }

    async fn source(&self) -> Result<Credentials, Error> {
        let source =
            cache::as_called(self.by.parts().source.retrieve()).await.map_err(|error| match error {
                // Nothing is set up at all: a chain may go on.
                Error::NotConfigured(_) => error,
                Error::Failed(failure) => self.without_source(&failure),
            })?;
        if source.is_anonymous() {
            let message = format!("{} cannot be assumed with anonymous credentials", self.role.arn());
            return Err(Failure::new(FailureKind::Misconfigured, NAME, message)
                .with_remedy("use a source that has keys")
                .into());
        }
        Ok(source)
    }

    /// A session of the role.
    async fn issue(&self, mfa: Option<&Mfa>) -> Result<Credentials, Error> {
        let source = self.source().await?;
        let rejected = match self.assume(&source, mfa).await {
            Ok(credentials) => return Ok(credentials),
            Err(Refused::Failed(error)) => return Err(error),
            Err(Refused::Source(error)) => error,
        };
        // Somebody exchanged or revoked the source's keys: it may have new ones, once.
        self.by.parts().source.invalidate(&source);
        match self.source().await {
            Ok(renewed) if renewed.access_key_id() != source.access_key_id() => {
                self.assume(&renewed, mfa).await.map_err(Refused::into_error)
            }
            Err(error) if error.person().is_some() => Err(error),
            _ => Err(rejected),
        }
    }

    async fn assume(&self, source: &Credentials, mfa: Option<&Mfa>) -> Result<Credentials, Refused> {
        let endpoint = self.endpoint(source).await.map_err(Refused::Failed)?;
        let now = self.by.host.clock.now();
        let request =
            wire::AssumeRole { role: &self.role, made_up_session_name: &generated_session_name(now), mfa };
        let asked = Asked {
            provider: NAME,
            action: Action::AssumeRole,
            url: &endpoint.url,
            role: Some(&self.role),
            target: None,
            caller: Caller::Credentials { access_key_id: source.access_key_id(), source: source.source() },
            mfa_device: mfa.map(Mfa::serial_number),
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
        if let Some(person) = failure.person() {
            wrapped = wrapped.with_person(person);
        }
        wrapped.into()
    }
}

impl CredentialsProvider for AssumeRole {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let Some(device) = &self.by.mfa else { return self.issue(None).await };
        let role_arn = self.role.arn().as_str();
        device.can_answer(role_arn)?;
        // First: nobody is asked for a code that nothing can be signed with.
        self.source().await?;
        let code = device.code(&self.by.host, role_arn).await?;
        device.used(self.issue(Some(&code)).await)
    }

    fn time_limit(&self) -> Duration {
        let source = self.by.provider.time_limit();
        let hops = source.saturating_add(STEP_LIMIT).min(HOPS_LIMIT.max(source));
        let asks_a_person = self.by.mfa.as_ref().is_some_and(|device| device.asks_a_person());
        if asks_a_person { hops.saturating_add(PERSON_LIMIT) } else { hops }
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
