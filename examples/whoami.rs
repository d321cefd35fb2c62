//! Who this machine is to AWS: resolves the default chain of the real environment, says where the credentials come
//! from, and asks STS whose they are.
//!
//! `whoami [--profile NAME]`; exit code 1 if there are no credentials, or STS does not accept them.
#![allow(clippy::disallowed_methods, reason = "it tells a person how long there is left")]

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use aws_credential_chain::providers::MfaPrompt;
use aws_credential_chain::sts::Sts;
use aws_credential_chain::{Credentials, CredentialsCache, DefaultChain};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // `args` would panic at one that is not UTF-8.
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let arguments: Vec<String> = arguments.collect();
    let chain = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => DefaultChain::new(),
        ["--profile", name] => DefaultChain::new().profile(*name),
        _ => {
            explain("usage: whoami [--profile NAME]");
            return ExitCode::from(2);
        }
    };
    match show(chain.mfa(ask)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&format!("whoami: {error:#}"));
            let asked_before = error.downcast_ref::<aws_credential_chain::Error>();
            for attempt in asked_before.into_iter().flat_map(aws_credential_chain::Error::attempts) {
                explain(&format!("  asked before: {attempt}"));
            }
            ExitCode::FAILURE
        }
    }
}

/// Asks for a code on the terminal, where a profile needs one.
async fn ask(prompt: MfaPrompt) -> Result<String, Box<dyn Error + Send + Sync>> {
    let _ = write!(std::io::stderr(), "{prompt}: ");
    let line = tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await?;
    Ok(line.ok_or("stdin is closed")??)
}

/// `println!` would panic where nobody reads any more.
async fn show(chain: DefaultChain) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    // Where the profile says: another partition does not know these credentials.
    let region = chain.resolve_region().await.ok();
    let endpoint_url = chain.resolve_endpoint_url("STS").await?;
    let cache = CredentialsCache::new(chain);
    let credentials = cache.credentials().await?;
    writeln!(out, "source      {}", credentials.source())?;
    writeln!(out, "access key  {}", credentials.access_key_id())?;
    writeln!(out, "account     {}", credentials.account_id().unwrap_or("not told by the source"))?;
    writeln!(out, "expires     {}", expiry(&credentials))?;
    let sts = region.into_iter().fold(Sts::new(), Sts::region);
    let sts = endpoint_url.into_iter().fold(sts, Sts::endpoint_url);
    let identity = sts.caller_identity(&credentials).await?;
    writeln!(out, "identity    {}", identity.arn())?;
    writeln!(out, "            account {}, user id {}", identity.account_id(), identity.user_id())?;
    Ok(())
}

fn explain(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

fn expiry(credentials: &Credentials) -> String {
    let Some(expiry) = credentials.expiry() else { return "never by themselves".to_owned() };
    match expiry.duration_since(SystemTime::now()) {
        Ok(left) => format!("in {}", minutes(left)),
        Err(_) => "in the past".to_owned(),
    }
}

fn minutes(left: Duration) -> String {
    let minutes = left.as_secs() / 60;
    format!("{} h {} min", minutes / 60, minutes % 60)
}
