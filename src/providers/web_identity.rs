//! A role, assumed with a token of an OpenID Connect provider: pods of EKS (IRSA), GitHub Actions, GKE.
//!
//! | setting | variable | |
//! |---|---|---|
//! | token | `AWS_WEB_IDENTITY_TOKEN_FILE` | a file, read at each fetch: the kubelet exchanges it while the process runs; in code also a callback |
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

mod explained;

use std::error::Error as StdError;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::assume_role::generated_session_name;
use super::callback::Callback;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::explain::Examined;
use crate::host::Host;
use crate::provider::CredentialsProvider;
use crate::role::Role;
use crate::service::ServiceSettings;
use crate::source::SourceKind;
use crate::sts::{Bearer, Claim, service_settings};
use crate::wire::sts::{self as wire, Action};

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
    bearer: Bearer,
    given: Option<Given>,
}

/// What is asked for, and with which token.
#[derive(Clone, Debug)]
struct Given {
    role: Role,
    token: Token,
}

#[derive(Clone, Debug)]
enum Token {
    File {
        path: PathBuf,
        /// Who names the file, for errors.
        named_by: String,
    },
    Callback(Callback),
}

impl WebIdentity {
    /// As the environment says.
    pub fn new() -> Self {
        Self::of(Host::default())
    }

    /// This role, with the token in this file. The role may have a session name, a duration and session policies;
    /// STS takes nothing else here.
    pub fn from_file(role: Role, token_file: impl Into<PathBuf>) -> Self {
        let token = Token::File { path: token_file.into(), named_by: "code".to_owned() };
        Self { given: Some(Given { role, token }), ..Self::new() }
    }

    /// This role, with the token that `token` gives at each fetch, within 30 s: of a CI server, of a user who has logged
    /// in, of another cloud's metadata service.
    ///
    /// The callback may fail with any error; with an [`Error`] of this crate it says itself whether asking again later
    /// makes sense.
    pub fn from_fn<F, Fut, E>(role: Role, token: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<SecretString, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let token = Token::Callback(Callback::new(token));
        Self { given: Some(Given { role, token }), ..Self::new() }
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.bearer.host = world.host();
        self
    }

    service_settings!(|this| this.bearer.settings);

    pub(crate) fn of(host: Host) -> Self {
        Self { bearer: Bearer::new(host, ServiceSettings::default()), given: None }
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
        let token = Token::File { path: token_file, named_by };
        Self { bearer: Bearer::new(host, settings), given: Some(Given { role, token }) }
    }

    fn wanted(&self) -> Result<Given, Error> {
        let env = &self.bearer.host.env;
        match &self.given {
            Some(given) => Ok(given.clone()),
            None => from_variables(env.get(TOKEN_FILE), env.get(ROLE_ARN), env.get(SESSION_NAME)),
        }
    }

    async fn assume(&self, given: &Given) -> Result<Credentials, Error> {
        let host = &self.bearer.host;
        let (token, origin, place) = match &given.token {
            Token::File { path, named_by } => {
                let file = path.display();
                let token = read_token(host, path, named_by).await?;
                (token, file.to_string(), format!("{file} ({named_by})"))
            }
            Token::Callback(callback) => {
                let token = callback.ask_within(PATIENCE, NAME, "web identity token").await?;
                (token, "the callback".to_owned(), "the callback".to_owned())
            }
        };
        let name = generated_session_name(host.clock.now());
        let request = wire::AssumeRoleWithWebIdentity::new(&given.role, &name, &token).map_err(|flaw| {
            let message = format!("{place}: {}", flaw.what);
            Failure::new(FailureKind::Misconfigured, NAME, message).with_remedy(flaw.remedy)
        })?;
        let claim = Claim {
            kind: SourceKind::WebIdentity,
            action: Action::AssumeRoleWithWebIdentity,
            role: &given.role,
            origin: &origin,
            body: request.body(),
            ends: None,
        };
        self.bearer.assume(claim).await
    }
}

impl Default for WebIdentity {
    fn default() -> Self {
        Self::new()
    }
}

impl CredentialsProvider for WebIdentity {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        self.assume(&self.wanted()?).await
    }

    fn time_limit(&self) -> Duration {
        match &self.given {
            Some(Given { token: Token::Callback(_), .. }) => LIMIT.saturating_add(PATIENCE),
            _ => LIMIT,
        }
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::WebIdentity
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        explained::examine(self)
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
    let token = Token::File { path: token_file.into(), named_by: TOKEN_FILE.to_owned() };
    Ok(Given { role, token })
}

async fn read_token(host: &Host, path: &Path, named_by: &str) -> Result<SecretString, Error> {
    let place = format!("the token file {} ({named_by})", path.display());
    let bytes = host.files.read(path, TOKEN_MAX).await.map_err(|error| {
        Failure::new(FailureKind::Unreadable, NAME, format!("{place} {error}"))
            .with_remedy("check that the token is mounted, and that this process may read it")
    })?;
    token(&bytes, &place)
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
/// With what a callback may take.
const PATIENCE: Duration = Duration::from_secs(30);
