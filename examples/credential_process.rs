//! Resolves the default chain and prints the credentials in the format of `credential_process`, so that every AWS
//! tool can use this crate as its source:
//!
//! ```ini
//! [profile through-the-chain]
//! credential_process = /usr/local/bin/credential_process --profile dev
//! ```
//!
//! `credential_process [--profile NAME]` prints one JSON object on stdout and exits with 0. On failure it prints
//! nothing on stdout, an explanation on stderr, and exits with 1 (2 if the arguments are wrong). It ends within 60 s
//! whatever the other side does.
//!
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html>

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use aws_credential_chain::{Credentials, CredentialsCache, DefaultChain};
use secrecy::ExposeSecret;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

fn main() -> ExitCode {
    let profile = match profile(std::env::args_os().skip(1)) {
        Ok(profile) => profile,
        Err(wrong) => {
            explain(&format!("{wrong}\nusage: credential_process [--profile NAME]"));
            return ExitCode::from(2);
        }
    };
    match run(profile) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(profile: Option<String>) -> Result<(), Box<dyn Error>> {
    if stdout_is_closed() {
        return Err("stdout is closed: nobody would get the credentials".into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let resolved = runtime.block_on(async {
        let chain = profile.into_iter().fold(DefaultChain::new(), DefaultChain::profile);
        let cache = CredentialsCache::new(chain);
        // The chain's own limit is shorter; this one is the promise of the program.
        tokio::time::timeout(LIMIT, cache.credentials()).await
    });
    // A file system that hangs must not hold up the end.
    runtime.shutdown_background();
    let credentials = resolved.map_err(|_| "no answer within the time limit")??;
    let line = format!("{}\n", json(&credentials)?);
    std::io::stdout().write_all(line.as_bytes())?;
    Ok(())
}

/// The standard library puts the null device in the place of what is closed, so that writing succeeds. It opens it for
/// reading, too; who names it on a command line opens it for writing alone.
#[cfg(unix)]
fn stdout_is_closed() -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
    let stdout = std::io::stdout();
    let is_both_ways = fcntl_getfl(&stdout).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR);
    let is_null = || Some(fstat(&stdout).ok()?.st_rdev == stat("/dev/null").ok()?.st_rdev);
    is_both_ways && is_null().unwrap_or(false)
}

#[cfg(not(unix))]
fn stdout_is_closed() -> bool {
    false
}

/// Where stderr cannot be written either, the exit code has to do: `eprintln!` would panic.
fn explain(what: &str) {
    let _ = std::io::stderr().write_all(format!("credential_process: {what}\n").as_bytes());
}

fn json(credentials: &Credentials) -> Result<serde_json::Value, Box<dyn Error>> {
    let mut object = serde_json::json!({
        "Version": 1,
        "AccessKeyId": credentials.access_key_id(),
        "SecretAccessKey": credentials.secret_access_key().expose_secret(),
    });
    if let Some(token) = credentials.session_token() {
        object["SessionToken"] = token.expose_secret().into();
    }
    if let Some(expiry) = credentials.expiry() {
        // In whole seconds, and never later than it is: not everybody reads fractions.
        let expiry = OffsetDateTime::from(expiry).replace_nanosecond(0)?;
        object["Expiration"] = expiry.format(&Rfc3339)?.into();
    }
    if let Some(account_id) = credentials.account_id() {
        object["AccountId"] = account_id.into();
    }
    Ok(object)
}

fn profile(arguments: impl Iterator<Item = OsString>) -> Result<Option<String>, String> {
    let mut profile = None;
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        let name = match argument.strip_prefix("--profile") {
            Some("") => arguments.next().ok_or("--profile needs a name")?,
            Some(name) if name.starts_with('=') => name[1..].to_owned(),
            _ => return Err(format!("unknown argument {argument:?}")),
        };
        if name.trim().is_empty() {
            return Err("--profile needs a name".into());
        }
        if profile.replace(name).is_some() {
            return Err("--profile can be given once".into());
        }
    }
    Ok(profile)
}

const LIMIT: Duration = Duration::from_secs(55);
