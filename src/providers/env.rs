//! Keys in environment variables.
//!
//! | variable | |
//! |---|---|
//! | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` | both, or neither |
//! | `AWS_SESSION_TOKEN` | of temporary keys |
//! | `AWS_ACCOUNT_ID` | where known |
//! | `AWS_CREDENTIAL_EXPIRATION` | RFC 3339; the variables are read again ahead of it |
//!
//! Neither key: not configured. One of them: failed, naming the other. Blank values count as unset. An expiration
//! that cannot be read fails: without it, keys would be kept beyond their end.
//!
//! AWS Lambda sets these for the role of a function, and never changes them; under SnapStart it sets the variables of a
//! container instead.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html>

mod explained;

use crate::credentials::{Credentials, Places};
use crate::error::{Error, Failure, FailureKind};
use crate::explain::Examined;
use crate::host::{Env, Standing};
use crate::provider::CredentialsProvider;
use crate::source::{Source, SourceKind};
use crate::wall_time::WallTime;

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and their companions, read at each retrieve.
///
/// ```
/// use aws_credential_chain::{CredentialsProvider, providers::Environment};
///
/// # async fn read() -> Result<(), aws_credential_chain::Error> {
/// let credentials = Environment::new().retrieve().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Environment {
    env: Env,
}

impl Environment {
    /// Those of the process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn of(env: Env) -> Self {
        Self { env }
    }

    fn read(&self) -> Result<Credentials, Error> {
        let lambda = self.env.is_lambda();
        let variables = Variables {
            access_key_id: self.env.get(ACCESS_KEY_ID),
            secret_access_key: self.env.get(SECRET_ACCESS_KEY),
            session_token: self.env.get(SESSION_TOKEN),
            account_id: self.env.get(ACCOUNT_ID),
            expiration: self.env.get(EXPIRATION),
            are_blank: [ACCESS_KEY_ID, SECRET_ACCESS_KEY]
                .map(|name| self.env.stands(name) == Standing::Blank),
        };
        variables.credentials(lambda)
    }
}

impl CredentialsProvider for Environment {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        self.read()
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::Environment
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        std::future::ready(explained::examine(self))
    }
}

/// The variables as they were read; what follows from them needs no environment.
struct Variables {
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    session_token: Option<String>,
    account_id: Option<String>,
    expiration: Option<String>,
    /// Whether the keys are set, and blank.
    are_blank: [bool; 2],
}

impl Variables {
    fn credentials(self, lambda: bool) -> Result<Credentials, Error> {
        let (id, secret) = match (self.access_key_id, self.secret_access_key) {
            (Some(id), Some(secret)) => (id, secret),
            (None, None) => {
                return Err(Error::not_configured(NAME, absent(self.are_blank)));
            }
            (Some(_), None) => return Err(half(ACCESS_KEY_ID, SECRET_ACCESS_KEY)),
            (None, Some(_)) => return Err(half(SECRET_ACCESS_KEY, ACCESS_KEY_ID)),
        };
        let source = Source::new(SourceKind::Environment);
        // The role of the function, and not what somebody typed: whoever reads a log wants to know.
        let source = if lambda { source.with_detail("AWS Lambda") } else { source };
        let mut builder = Credentials::builder(id, secret).source(source);
        if let Some(token) = self.session_token {
            builder = builder.session_token(token);
        }
        if let Some(account_id) = self.account_id {
            builder = builder.account_id(account_id);
        }
        if let Some(expiration) = self.expiration {
            let expiry = WallTime::parse_rfc3339(&expiration).ok_or_else(unreadable_expiration)?;
            builder = builder.expiry(std::time::SystemTime::from(expiry));
        }
        builder.build_from(&Places {
            access_key_id: ACCESS_KEY_ID,
            secret_access_key: SECRET_ACCESS_KEY,
            session_token: SESSION_TOKEN,
            account_id: ACCOUNT_ID,
        })
    }
}

/// A blank one is often a secret that a CI system did not hand out.
fn absent(are_blank: [bool; 2]) -> &'static str {
    match are_blank {
        [false, false] => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
        [true, false] => "AWS_ACCESS_KEY_ID is blank, and AWS_SECRET_ACCESS_KEY is not set",
        [false, true] => "AWS_ACCESS_KEY_ID is not set, and AWS_SECRET_ACCESS_KEY is blank",
        [true, true] => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set, and blank",
    }
}

fn half(present: &str, absent: &str) -> Error {
    Failure::new(FailureKind::Misconfigured, NAME, format!("{present} is set, and {absent} is not"))
        .with_remedy(format!("set {absent} too, or unset {present} to use another source"))
        .into()
}

fn unreadable_expiration() -> Error {
    Failure::new(FailureKind::Misconfigured, NAME, format!("{EXPIRATION} is no RFC 3339 time"))
        .with_remedy("write it like 2026-11-23T20:00:00Z, or unset it")
        .into()
}

const NAME: &str = SourceKind::Environment.name();
const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
const ACCOUNT_ID: &str = "AWS_ACCOUNT_ID";
const EXPIRATION: &str = "AWS_CREDENTIAL_EXPIRATION";
