//! A function of AWS Lambda, as one to copy from: it answers with who it is to AWS, and until when.
//!
//! `ROLE_ARN`, and `EXTERNAL_ID` if that role asks for one, name a role in another account to act as; without them it is the
//! role of the function. `RUST_LOG` says how much is logged.
//!
//! Without the runtime API of Lambda in its environment it plays some invocations by itself, on a local AWS, and ends: see
//! `show.rs`. What matters on Lambda, and why, stands in `docs/lambda.md`.
#![allow(clippy::disallowed_methods, reason = "it is its own host")]

mod show;

use std::env;

use aws_credential_chain::sts::Sts;
use aws_credential_chain::{Credentials, CredentialsCache, DefaultChain, Error, ProviderExt, Role};
use lambda_runtime::{Diagnostic, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing_subscriber::EnvFilter;

// One thread: a function answers one event at a time, and no task of ours has to run beside it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none_or(|at| at.is_empty()) {
        return show::show().await;
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // The log of a function has the time in front of each line already.
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).without_time().init();

    // As a sentence: what `main` returns is printed for programmers.
    let function = Function::from_environment().map_err(|error| format!("{error:#}"))?;
    run(service_fn(|event| function.answer(event))).await
}

/// What lives as long as the execution environment: all invocations share it.
struct Function {
    cache: CredentialsCache,
    sts: Sts,
}

impl Function {
    /// Does no IO: it costs the start nothing, and a snapshot that is taken after it holds no credentials.
    fn from_environment() -> Result<Self, Error> {
        // Keys from the environment; under SnapStart, where there are none, from the agent that its variables name.
        let own = CredentialsCache::new(DefaultChain::new());
        let cache = match env::var("ROLE_ARN") {
            Ok(arn) => CredentialsCache::new(own.assume(role(arn)?)),
            Err(_) => own,
        };
        Ok(Self { cache, sts: Sts::new() })
    }

    async fn answer(&self, _event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        // Read at each invocation and not kept beyond it: the environment may be frozen for hours before the next one. The
        // read looks at the wall clock, and waits for new ones if these are near their end.
        let credentials = self.cache.credentials().await.map_err(|error| diagnostic(&error))?;
        let identity = self.sts.caller_identity(&credentials).await.map_err(|error| diagnostic(&error))?;
        Ok(json!({
            "arn": identity.arn(),
            "account": identity.account_id(),
            "source": credentials.source().to_string(),
            "access_key_id": credentials.access_key_id(),
            // Keys in the environment of a function have no end of their own: Lambda replaces the environment before.
            "expires": expires(&credentials),
            "stale": credentials.is_stale(),
        }))
    }
}

fn role(arn: String) -> Result<Role, Error> {
    let role = Role::builder(arn).session_name(SESSION);
    match env::var("EXTERNAL_ID") {
        Ok(id) => role.external_id(id).build(),
        Err(_) => role.build(),
    }
}

/// What the caller of the function sees. Errors of this crate name what to do, and no secret.
fn diagnostic(error: &Error) -> Diagnostic {
    let kind = if error.is_transient() { "CredentialsUnavailable" } else { "CredentialsMisconfigured" };
    Diagnostic { error_type: kind.to_owned(), error_message: format!("{error:#}") }
}

fn expires(credentials: &Credentials) -> Option<String> {
    credentials.expiry().and_then(|expiry| OffsetDateTime::from(expiry).format(&Rfc3339).ok())
}

/// What `CloudTrail` shows in the other account.
const SESSION: &str = "lambda-example";
