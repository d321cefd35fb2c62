//! Keys in environment variables.
//!
//! | variable | | also as |
//! |---|---|---|
//! | `AWS_ACCESS_KEY_ID` | with the next one, or neither | `AWS_ACCESS_KEY` |
//! | `AWS_SECRET_ACCESS_KEY` | | `AWS_SECRET_KEY`, `SECRET_ACCESS_KEY` |
//! | `AWS_SESSION_TOKEN` | of temporary keys | `AWS_SECURITY_TOKEN` |
//! | `AWS_ACCOUNT_ID` | where known | |
//! | `AWS_CREDENTIAL_EXPIRATION` | RFC 3339; the variables are read again ahead of it | |
//!
//! Neither key: not configured. One of them: failed, naming the other. Blank values count as unset. An expiration
//! that cannot be read fails: without it, keys would be kept beyond their end.
//!
//! The other names are looked at where AWS's own name is not set, and those of keys only to complete a pair of which one
//! half has AWS's own: the SDKs for Go and Rust know one or the other of them, and nobody else does. A pair that has
//! nothing but other names was meant for some other program on most machines, and is named in the error.
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
        let is_blank = |name: &str| self.env.stands(name) == Standing::Blank;
        Variables::read(|name| self.env.get(name), is_blank).credentials(lambda)
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
    access_key_id: Option<Set>,
    secret_access_key: Option<Set>,
    session_token: Option<Set>,
    /// Whether the token's two names hold two tokens.
    has_two_tokens: bool,
    account_id: Option<String>,
    expiration: Option<String>,
    /// Whether the keys are set, and blank.
    are_blank: [bool; 2],
}

/// The value of a variable, and which one it is.
struct Set {
    name: &'static str,
    value: String,
}

impl Variables {
    fn read(get: impl Fn(&str) -> Option<String>, is_blank: impl Fn(&str) -> bool) -> Self {
        let mut tokens = all_set(&get, &SESSION_TOKEN);
        let session_token = tokens.next();
        let has_two_tokens =
            tokens.any(|other| Some(other.value) != session_token.as_ref().map(|token| token.value.clone()));
        Self {
            access_key_id: all_set(&get, &ACCESS_KEY_ID).next(),
            secret_access_key: all_set(&get, &SECRET_ACCESS_KEY).next(),
            session_token,
            has_two_tokens,
            account_id: get(ACCOUNT_ID),
            expiration: get(EXPIRATION),
            are_blank: [is_blank(ACCESS_KEY_ID[0]), is_blank(SECRET_ACCESS_KEY[0])],
        }
    }

    fn credentials(self, lambda: bool) -> Result<Credentials, Error> {
        let (id, secret) = pair(self.access_key_id, self.secret_access_key, self.are_blank)?;
        if self.has_two_tokens {
            tracing::warn!("AWS_SESSION_TOKEN and AWS_SECURITY_TOKEN hold two tokens: the first is used");
        }
        let source = Source::new(SourceKind::Environment);
        // The role of the function, and not what somebody typed: whoever reads a log wants to know.
        let source = if lambda { source.with_detail("AWS Lambda") } else { source };
        let mut builder = Credentials::builder(id.value, secret.value).source(source);
        let token_name = self.session_token.as_ref().map_or(SESSION_TOKEN[0], |token| token.name);
        if let Some(token) = self.session_token {
            builder = builder.session_token(token.value);
        }
        if let Some(account_id) = self.account_id {
            builder = builder.account_id(account_id);
        }
        if let Some(expiration) = self.expiration {
            let expiry = WallTime::parse_rfc3339(&expiration).ok_or_else(unreadable_expiration)?;
            builder = builder.expiry(std::time::SystemTime::from(expiry));
        }
        builder.build_from(&Places {
            access_key_id: id.name,
            secret_access_key: secret.name,
            session_token: token_name,
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

/// Those of `names` that are set, in this order.
fn all_set(get: impl Fn(&str) -> Option<String>, names: &[&'static str]) -> impl Iterator<Item = Set> {
    names.iter().filter_map(move |name| Some(Set { name, value: get(name)? }))
}

/// Both keys, of which one at least has AWS's own name.
fn pair(id: Option<Set>, secret: Option<Set>, are_blank: [bool; 2]) -> Result<(Set, Set), Error> {
    let is_own = |key: &Option<Set>, names: &[&str]| key.as_ref().is_some_and(|key| key.name == names[0]);
    let has_own = is_own(&id, &ACCESS_KEY_ID) || is_own(&secret, &SECRET_ACCESS_KEY);
    let message = absent(are_blank);
    match (id, secret) {
        (Some(id), Some(secret)) if has_own => Ok((id, secret)),
        (Some(id), None) if has_own => Err(half(id.name, SECRET_ACCESS_KEY[0])),
        (None, Some(secret)) if has_own => Err(half(secret.name, ACCESS_KEY_ID[0])),
        (Some(id), Some(secret)) => {
            let others =
                format!("{} and {} are, and count only beside one of AWS's own names", id.name, secret.name);
            tracing::info!("{message}; {others}");
            Err(Error::not_configured(NAME, format!("{message} ({others})")))
        }
        _ => Err(Error::not_configured(NAME, message)),
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
// AWS's own name first. The other names of keys are those of the SDKs for Go and Rust, that of the token is boto's.
const ACCESS_KEY_ID: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"];
const SECRET_ACCESS_KEY: [&str; 3] = ["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "SECRET_ACCESS_KEY"];
const SESSION_TOKEN: [&str; 2] = ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"];
const ACCOUNT_ID: &str = "AWS_ACCOUNT_ID";
const EXPIRATION: &str = "AWS_CREDENTIAL_EXPIRATION";
