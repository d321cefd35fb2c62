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
//! not, [`AssumeRole::mfa`] says. Whether somebody has to approve each session, and who is told of it: [`AssumeRole::gated`],
//! [`AssumeRole::notify`].
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
mod guards;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use self::guards::Guards;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::explain::Examined;
use crate::host::Host;
use crate::notice::Issued;
use crate::provider::{CredentialsProvider, SharedProvider};
use crate::providers::mfa::{MfaDevice, MfaPrompt};
use crate::role::{Role, SessionPolicy};
use crate::service::ServiceSettings;
use crate::source::SourceKind;
use crate::sts::{Order, SignedBy, service_settings};
use crate::wall_time::WallTime;
use crate::wire::sts::{self as wire, Action, Mfa, Session};

/// Assumes a role with the credentials of a source. Made by [`ProviderExt::assume`](crate::ProviderExt::assume) and
/// [`assume_with`](crate::ProviderExt::assume_with).
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
#[derive(Clone, Debug)]
#[must_use]
pub struct AssumeRole {
    signed: Arc<SignedBy>,
    request: Request,
    mfa: Option<Box<MfaDevice>>,
    // Boxed: most roles have none.
    guards: Option<Box<Guards>>,
}

/// What STS is asked for.
#[derive(Clone)]
enum Request {
    Same(Role),
    /// Another one at each fetch.
    Made(Arc<dyn Fn() -> Result<Role, Error> + Send + Sync>),
}

impl AssumeRole {
    pub(crate) fn new(provider: impl CredentialsProvider, role: Role) -> Self {
        Self::by(Arc::new(SignedBy::new(provider)), role)
    }

    pub(crate) fn made(
        provider: impl CredentialsProvider,
        role: impl Fn() -> Result<Role, Error> + Send + Sync + 'static,
    ) -> Self {
        let signed = Arc::new(SignedBy::new(provider));
        Self { signed, request: Request::Made(Arc::new(role)), mfa: None, guards: None }
    }

    pub(crate) fn of(host: Host, settings: ServiceSettings, provider: SharedProvider, role: Role) -> Self {
        Self::by(Arc::new(SignedBy::of(host, settings, provider)), role)
    }

    pub(crate) fn by(signed: Arc<SignedBy>, role: Role) -> Self {
        Self { signed, request: Request::Same(role), mfa: None, guards: None }
    }

    pub(crate) fn with_device(mut self, device: MfaDevice) -> Self {
        self.mfa = Some(Box::new(device));
        self
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.signed().host = world.host();
        self
    }

    service_settings!(|this| this.signed().settings);

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
    /// The person is asked by the first read of a cache and by [`renew`](crate::CredentialsCache::renew), and never unbidden: the
    /// session is kept to its end, and what is made from it is renewed in silence as long. After that reads are an
    /// [error](crate::FailureKind::Withheld) that names role and device, until `renew` asks anew; so they are if the callback gives an
    /// error, if nothing comes within five minutes, if what comes is not six digits, or if STS refuses it. Blanks around the
    /// code are cut. The code is a secret: it appears in no error and in no log. The text of an error of the callback does.
    pub fn mfa<F, Fut, C>(self, serial_number: impl Into<String>, code: F) -> Self
    where
        F: Fn(MfaPrompt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
        C: Into<SecretString>,
    {
        self.with_device(MfaDevice::with_person(serial_number, code))
    }

    /// The role that is assumed; `None` if it is [made for each refresh](crate::ProviderExt::assume_with).
    #[must_use]
    pub fn role(&self) -> Option<&Role> {
        match &self.request {
            Request::Same(role) => Some(role),
            Request::Made(_) => None,
        }
    }

    /// The same role with fewer permissions: a session that may do what both the role and `policy` allow. It is set up as this
    /// one is, and both share the session of the source, so a thousand narrowed ones ask the source once.
    ///
    /// ```
    /// use aws_credential_chain::policy::Statement;
    /// use aws_credential_chain::{CredentialsCache, DefaultChain, ProviderExt, Role, SessionPolicy};
    ///
    /// # fn main() -> Result<(), aws_credential_chain::Error> {
    /// let reports = DefaultChain::new().assume(Role::builder("arn:aws:iam::123456789012:role/reports").build()?);
    /// let read = SessionPolicy::builder()
    ///     .statement(Statement::allow(["s3:Get*"]).on(["arn:aws:s3:::reports/*"]))
    ///     .build()?;
    /// let reader = CredentialsCache::new(reports.scoped(read)?);
    /// let writer = CredentialsCache::new(reports);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The role has session policies already: see [`Role::scoped`]. A role that is [made for each
    /// fetch](crate::ProviderExt::assume_with) tells so at the fetch.
    pub fn scoped(&self, policy: SessionPolicy) -> Result<Self, Error> {
        let request = match &self.request {
            Request::Same(role) => Request::Same(role.scoped(policy)?),
            Request::Made(make) => {
                let make = Arc::clone(make);
                Request::Made(Arc::new(move || make()?.scoped(policy.clone())))
            }
        };
        Ok(Self { request, ..self.clone() })
    }

    /// A session of this role, and what else STS tells of it.
    async fn session(&self, role: &Role, made_up_session_name: &str) -> Result<(Credentials, Issued), Error> {
        let body = |mfa: Option<&Mfa>| wire::AssumeRole { role, made_up_session_name, mfa }.body();
        let read = |source: &Credentials, answer: &[u8]| {
            let path = source.source().clone().then_role(role);
            let session = Session::parse(Action::AssumeRole, answer)?;
            let issued = Issued { source: source.clone(), facts: session.facts.clone() };
            Ok((session.into_credentials(path)?, issued))
        };
        self.signed.session(&order(role), self.mfa.as_deref(), body, read).await
    }

    fn made_up_session_name(&self) -> String {
        generated_session_name(self.signed.host.clock.now())
    }

    /// To set it up otherwise than those it may be shared with.
    fn signed(&mut self) -> &mut SignedBy {
        Arc::make_mut(&mut self.signed)
    }
}

impl CredentialsProvider for AssumeRole {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let role = match &self.request {
            Request::Same(role) => role.clone(),
            Request::Made(make) => make()?,
        };
        match &self.guards {
            Some(guards) => guards.issue(self, &role).await,
            None => {
                self.session(&role, &self.made_up_session_name()).await.map(|(credentials, _)| credentials)
            }
        }
    }

    fn time_limit(&self) -> Duration {
        let guards = self.guards.as_ref().map_or(Duration::ZERO, |guards| guards.time_limit());
        self.signed.time_limit(self.mfa.as_deref()).saturating_add(guards)
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::AssumeRole
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        explained::examine(self)
    }
}

fn order(role: &Role) -> Order<'_> {
    let partition = role.arn().partition();
    Order { provider: NAME, action: Action::AssumeRole, role: Some(role), target: None, partition }
}

/// Names the program that asks, and tells sessions apart in CloudTrail.
pub(super) fn generated_session_name(now: WallTime) -> String {
    format!("aws-credential-chain-{}", now.unix_millis())
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(role) => role.fmt(f),
            Self::Made(_) => f.write_str("made for each refresh"),
        }
    }
}

const NAME: &str = SourceKind::AssumeRole.name();
