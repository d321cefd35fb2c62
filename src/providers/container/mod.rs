//! The credentials of a container: ECS tasks, EKS Pod Identity, Lambda SnapStart, Greengrass, CloudShell.
//!
//! | setting | variable |
//! |---|---|
//! | where | `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, below `http://169.254.170.2`; else `AWS_CONTAINER_CREDENTIALS_FULL_URI` |
//! | authorization | the file that `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names, read at each fetch; else `AWS_CONTAINER_AUTHORIZATION_TOKEN` |
//!
//! A full URI may be `https` with any host, or `http` with a loopback address, 169.254.170.2 (ECS), 169.254.170.23 or
//! `fd00:ec2::23` (EKS). A name is resolved, every address of it has to be one of these, and the request goes to the
//! address that was checked.
//!
//! ```json
//! { "AccessKeyId": "ASIA…", "SecretAccessKey": "…", "Token": "…", "Expiration": "2026-11-23T18:00:00Z",
//!   "AccountId": "123456789012" }
//! { "code": "ExpiredTokenException", "message": "…" }
//! ```
//!
//! An empty `Token` is none, with keys that are no session's: a program that vends long-lived keys has to write something.
//!
//! Neither variable is set: not configured. Everything else that goes wrong is a failure, which stops the chain: a
//! container must never slide into the role of its node.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

mod answers;
mod endpoint;
mod explained;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HOST, HeaderName};
use secrecy::SecretString;

use self::answers::TokenFile;
use self::endpoint::{Endpoint, Target};
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::explain::Examined;
use crate::host::Host;
use crate::host::http::{Answer, Connection, HttpError, Limits, LinkLocal, Outgoing, Timeouts};
use crate::provider::CredentialsProvider;
use crate::providers::retry::Retry;
use crate::source::SourceKind;

/// The credentials that a container's agent gives.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, providers::Container};
///
/// let cache = CredentialsCache::new(Container::new());
/// ```
#[derive(Debug)]
pub struct Container {
    host: Host,
    timeouts: Timeouts,
    parts: OnceLock<Parts>,
}

/// What is made at the first fetch.
#[derive(Debug)]
struct Parts {
    http: LinkLocal,
    retry: Retry,
}

impl Container {
    /// As the environment says.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Host::default(), Timeouts::default())
    }

    pub(crate) fn of(host: Host, timeouts: Timeouts) -> Self {
        Self { host, timeouts, parts: OnceLock::new() }
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn in_world(world: &crate::testing::World) -> Self {
        Self::of(world.host(), Timeouts::default())
    }

    /// How long to wait for a connection and for an answer; two and five seconds unless set.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    fn parts(&self) -> &Parts {
        self.parts.get_or_init(|| Parts {
            http: LinkLocal::new(LIMITS.adjusted(self.timeouts)),
            retry: Retry::new(&self.host.clock),
        })
    }

    /// Where the variables point.
    fn endpoint(&self) -> Result<Endpoint, Error> {
        let variable = |name| self.host.env.get(name);
        Endpoint::of(variable(RELATIVE_URI).as_deref(), variable(FULL_URI).as_deref())
    }

    /// One request to an endpoint that was checked.
    async fn ask(&self, endpoint: &Endpoint, target: &Target) -> Result<(Answer, Authorization), Asked> {
        let authorization = self.authorization().await.map_err(Asked::Misconfigured)?;
        let mut headers: Vec<(HeaderName, SecretString)> = Vec::new();
        headers.extend(authorization.value.clone().map(|value| (AUTHORIZATION, value)));
        let sent = match target {
            Target::Address(url) => {
                headers.push((HOST, endpoint.host_header().into()));
                self.parts().http.send(Outgoing::get(url, &headers)).await
            }
            Target::Tls(url) => {
                let request = Outgoing::get(url, &headers);
                self.host.public.send(&self.host, None, request, Connection::Closed).await
            }
        };
        sent.map(|answer| (answer, authorization)).map_err(Asked::NoAnswer)
    }

    /// What an error says about it: how old it is tells whether it is still exchanged.
    async fn token_file(&self, answer: &Answer, authorization: Authorization) -> Option<TokenFile> {
        let path = authorization.file?;
        let about = if answer.status == 200 { None } else { self.host.files.about(&path).await.ok() };
        let written = about.and_then(|about| about.written);
        Some(TokenFile { path, written })
    }

    /// Read anew for each request: the kubelet exchanges its file while the process runs.
    async fn authorization(&self) -> Result<Authorization, Error> {
        if let Some(path) = self.host.env.path(TOKEN_FILE) {
            let bytes = self.host.files.read(&path, TOKEN_MAX).await.map_err(|error| {
                let message = format!("the file {} ({TOKEN_FILE}) {error}", path.display());
                Failure::new(FailureKind::Unreadable, NAME, message).with_remedy(
                    "it is mounted by the agent or the kubelet; look at the pod's or the task's definition",
                )
            })?;
            let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            let place = format!("the file {} ({TOKEN_FILE})", path.display());
            if text.is_empty() {
                // It may just be written.
                return Err(Failure::new(FailureKind::Unreadable, NAME, format!("{place} is empty"))
                    .with_remedy("let the agent or the kubelet write a token into it")
                    .into());
            }
            let value = endpoint::authorization(&text, &place)?;
            return Ok(Authorization { value: Some(value), file: Some(path) });
        }
        match self.host.env.get(TOKEN) {
            Some(token) => {
                Ok(Authorization { value: Some(endpoint::authorization(&token, TOKEN)?), file: None })
            }
            None => Ok(Authorization { value: None, file: None }),
        }
    }
}

impl Default for Container {
    fn default() -> Self {
        Self::new()
    }
}

impl CredentialsProvider for Container {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let endpoint = self.endpoint()?;
        let target = endpoint.resolve().await?;
        let mut attempt = 1;
        loop {
            let outcome = match self.ask(&endpoint, &target).await {
                Err(Asked::Misconfigured(error)) => return Err(error),
                Err(Asked::NoAnswer(error)) => Err(error),
                Ok((answer, authorization)) => {
                    let token_file = self.token_file(&answer, authorization).await;
                    match answers::credentials(&answer, &endpoint, token_file.as_ref()) {
                        Ok(credentials) => return Ok(credentials),
                        Err(error) if answers::is_worth_retrying(&error) && Retry::again(attempt) => Ok(()),
                        Err(error) => return Err(error),
                    }
                }
            };
            if let Err(error) = outcome
                && (!error.is_passing() || !Retry::again(attempt))
            {
                return Err(answers::no_answer(&error, &endpoint));
            }
            self.parts().retry.pause(attempt).await;
            attempt += 1;
        }
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::Container
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        explained::examine(self)
    }
}

/// Why a request brought nothing.
enum Asked {
    Misconfigured(Error),
    NoAnswer(HttpError),
}

/// What is sent as `Authorization`, as it is, without a scheme.
struct Authorization {
    value: Option<SecretString>,
    file: Option<PathBuf>,
}

const NAME: &str = SourceKind::Container.name();
const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_MAX: u64 = 64 * 1024;
/// What AWS's SDKs allow it: the agent may have to ask AWS first.
const LIMITS: Limits = Limits { connect: Duration::from_secs(2), answer: Duration::from_secs(5) };
