//! A role, assumed with a token of an OpenID Connect provider: pods of EKS (IRSA), GitHub Actions, GKE.
//!
//! | setting | variable | |
//! |---|---|---|
//! | token | `AWS_WEB_IDENTITY_TOKEN_FILE` | a file, read at each fetch: the kubelet exchanges it while the process runs |
//! | role | `AWS_ROLE_ARN` | |
//! | session name | `AWS_ROLE_SESSION_NAME` | else `aws-credential-chain-` and the time |
//!
//! `AssumeRoleWithWebIdentity` of STS is not signed: the token goes in the body, never in a URL. Region and endpoint
//! are found as for [`AssumeRole`](super::AssumeRole).
//!
//! No token file: not configured. A token file without a role: failed, naming the variable that is missing. Everything
//! else that goes wrong is a failure, which stops the chain: a pod must never slide into the role of its node.
//!
//! That STS cannot reach the identity provider, or cannot get its keys, passes; so does a token that has expired: the
//! file is exchanged. That it does not know the provider, or the role does not trust it, does not.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role-web.html>

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::assume_role::generated_session_name;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::host::Host;
use crate::provider::CredentialsProvider;
use crate::providers::retry::Retry;
use crate::region::Region;
use crate::role::Role;
use crate::service::{Hints, ServiceSettings};
use crate::source::{Source, SourceKind};
use crate::sts::{Call, Refused};
use crate::wire::sts::{self as wire, Action, Asked, Caller, Session};

/// Assumes a role with a web identity token.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, Role, providers::WebIdentity};
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// // As the environment says:
/// let cache = CredentialsCache::new(WebIdentity::new());
/// // As the program says:
/// let role = Role::builder("arn:aws:iam::123456789012:role/deploy").build()?;
/// let cache = CredentialsCache::new(WebIdentity::from_file(role, "/var/run/secrets/token"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct WebIdentity {
    host: Host,
    settings: ServiceSettings,
    given: Option<Given>,
    retry: std::sync::OnceLock<Retry>,
}

/// What is asked for, and the place where the token lies.
#[derive(Clone, Debug)]
struct Given {
    role: Role,
    token_file: PathBuf,
    /// Who names the file, for errors.
    named_by: String,
}

impl WebIdentity {
    /// As the environment says.
    pub fn new() -> Self {
        Self::of(Host::default())
    }

    /// This role, with the token in this file. The role may have a session name, a duration and session policies;
    /// STS takes nothing else here.
    pub fn from_file(role: Role, token_file: impl Into<PathBuf>) -> Self {
        let given = Given { role, token_file: token_file.into(), named_by: "code".to_owned() };
        Self { given: Some(given), ..Self::new() }
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.host = world.host();
        self
    }

    /// The region whose STS is asked.
    pub fn region(mut self, region: Region) -> Self {
        self.settings.region = Some(region);
        self
    }

    /// Another endpoint than AWS's own: scheme, host and port.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.settings.endpoint_url = Some(url.into());
        self
    }

    pub(crate) fn of(host: Host) -> Self {
        Self { host, settings: ServiceSettings::default(), given: None, retry: std::sync::OnceLock::new() }
    }

    /// As a profile says; `named_by` is where.
    #[cfg(feature = "profile")]
    pub(crate) fn of_profile(
        host: Host,
        settings: ServiceSettings,
        role: Role,
        token_file: PathBuf,
        named_by: String,
    ) -> Self {
        let given = Some(Given { role, token_file, named_by });
        Self { settings, given, ..Self::of(host) }
    }

    fn wanted(&self) -> Result<Given, Error> {
        match &self.given {
            Some(given) => Ok(given.clone()),
            None => from_variables(
                self.host.env.get(TOKEN_FILE),
                self.host.env.get(ROLE_ARN),
                self.host.env.get(SESSION_NAME),
            ),
        }
    }

    async fn token(&self, given: &Given) -> Result<SecretString, Error> {
        let place = format!("the token file {} ({})", given.token_file.display(), given.named_by);
        let bytes = self.host.files.read(&given.token_file, TOKEN_MAX).await.map_err(|error| {
            Failure::new(FailureKind::Unreadable, NAME, format!("{place} {error}"))
                .with_remedy("check that the token is mounted, and that this process may read it")
        })?;
        token(&bytes, &place)
    }

    async fn assume(&self, given: &Given) -> Result<Credentials, Refused> {
        let token = self.token(given).await.map_err(Refused::Failed)?;
        let hints = Hints { partition: given.role.arn().partition(), instance_region: None };
        let found = self.settings.look(&self.host).await.map_err(Refused::Failed)?;
        let endpoint = found.sts(hints).map_err(Refused::Failed)?;
        let origin = given.token_file.display().to_string();
        let asked = Asked {
            provider: NAME,
            action: Action::AssumeRoleWithWebIdentity,
            url: &endpoint.url,
            role: Some(&given.role),
            caller: Caller::Token { origin: &origin },
            mfa_device: None,
        };
        let name = generated_session_name(self.host.clock.now());
        let request = wire::AssumeRoleWithWebIdentity::new(&given.role, &name, &token).map_err(|flaw| {
            let message = format!("{} ({}): {}", given.token_file.display(), given.named_by, flaw.what);
            Refused::Failed(
                Failure::new(FailureKind::Misconfigured, NAME, message).with_remedy(flaw.remedy).into(),
            )
        })?;
        let retry = self.retry.get_or_init(|| Retry::new(&self.host.clock));
        let call = Call { host: &self.host, endpoint: &endpoint, retry, asked };
        let read = |answer: &[u8]| {
            let path = Source::new(SourceKind::WebIdentity).with_detail(given.role.arn().to_string());
            Session::parse(Action::AssumeRoleWithWebIdentity, answer)?.into_credentials(path)
        };
        call.send(&request.body(), None, read).await
    }
}

impl Default for WebIdentity {
    fn default() -> Self {
        Self::new()
    }
}

impl CredentialsProvider for WebIdentity {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        self.assume(&self.wanted()?).await.map_err(Refused::into_error)
    }

    fn time_limit(&self) -> Duration {
        LIMIT
    }
}

/// What the variables say.
fn from_variables(
    token_file: Option<String>,
    role_arn: Option<String>,
    session_name: Option<String>,
) -> Result<Given, Error> {
    let Some(token_file) = token_file else {
        return Err(Error::not_configured(NAME, format!("{TOKEN_FILE} is not set")));
    };
    let Some(role_arn) = role_arn else {
        let message = format!("{TOKEN_FILE} is set, and {ROLE_ARN} is not");
        return Err(Failure::new(FailureKind::Misconfigured, NAME, message)
            .with_remedy(format!("set {ROLE_ARN} too, or unset {TOKEN_FILE} to use another source"))
            .into());
    };
    let mut role = Role::builder(role_arn);
    if let Some(name) = session_name {
        role = role.session_name(name);
    }
    let role = role.build().map_err(|error| {
        Failure::new(FailureKind::Misconfigured, NAME, format!("{ROLE_ARN} or {SESSION_NAME}: {error}"))
    })?;
    Ok(Given { role, token_file: token_file.into(), named_by: TOKEN_FILE.to_owned() })
}

/// The token without the line break at its end. Its shape is not looked at: STS says best what is wrong with it.
fn token(bytes: &[u8], place: &str) -> Result<SecretString, Error> {
    let wrong = |why: &str| {
        Failure::new(FailureKind::Unreadable, NAME, format!("{place} {why}"))
            .with_remedy("check what writes it: a token is one line of text")
    };
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("is not text"))?.trim();
    if text.is_empty() {
        return Err(wrong("is empty").into());
    }
    Ok(SecretString::from(text))
}

const NAME: &str = SourceKind::WebIdentity.name();
const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
const ROLE_ARN: &str = "AWS_ROLE_ARN";
const SESSION_NAME: &str = "AWS_ROLE_SESSION_NAME";
/// STS takes 20,000 characters.
const TOKEN_MAX: u64 = 64 * 1024;
/// Two attempts at STS and the pauses between.
const LIMIT: Duration = Duration::from_secs(30);
