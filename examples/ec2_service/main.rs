//! A web service on EC2, in ECS or in EKS: ready once it has credentials, with metrics, ended by SIGTERM without cutting
//! off a request, and its credentials renewed under load while nobody waits.
//!
//! Without arguments it shows a minute of this by itself, on a local AWS whose credentials live ten seconds, under load;
//! `--seconds N` shows another while. `ec2_service --serve [ADDR]` is the service itself, at 127.0.0.1:0 unless told
//! otherwise and on the default chain of its environment, until SIGTERM or Ctrl-C. `--drain SECONDS` is how long requests
//! that are under way may take from then on. Once it listens it prints one line on stdout:
//!
//! ```text
//! listening on http://127.0.0.1:40123
//! ```
//!
//! `service.rs` is what to copy; `docs/services.md` says more of readiness, hop limits and alerts.
#![allow(clippy::disallowed_methods, reason = "it is its own host, and measures what happens")]

mod service;
mod show;
mod termination;

use std::error::Error;
use std::io::{Write, stderr, stdout};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use aws_credential_chain::sts::Sts;
use aws_credential_chain::{CredentialsCache, DefaultChain, Event};
use service::Service;
use termination::Termination;
use tokio::net::TcpListener;

fn main() -> ExitCode {
    termination::run(program()).unwrap_or_else(|error| {
        explain(&error.to_string());
        ExitCode::FAILURE
    })
}

async fn program() -> ExitCode {
    // `args` would panic at one that is not UTF-8.
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let arguments = match Arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            explain(&format!("{wrong}\nusage: ec2_service [--seconds N | --serve [ADDR] [--drain SECONDS]]"));
            return ExitCode::from(2);
        }
    };
    let outcome = match arguments {
        Arguments::Show(length) => show::show(length).await,
        Arguments::Serve(at, drain) => serve(at, drain).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn serve(at: SocketAddr, drain: Duration) -> Result<(), Box<dyn Error>> {
    let mut end = Termination::listen()?;
    let chain = DefaultChain::new();
    let listener = TcpListener::bind(at).await.map_err(|error| format!("cannot listen at {at}: {error}"))?;
    // Where the settings say: another partition does not know these credentials. A metadata service that hangs is asked for
    // seconds.
    let region = tokio::select! {
        region = chain.resolve_region() => region.ok(),
        () = end.wait() => return Ok(()),
    };
    let endpoint_url = chain.resolve_endpoint_url("STS").await?;
    let sts = region.into_iter().fold(Sts::new(), Sts::region);
    let sts = endpoint_url.into_iter().fold(sts, Sts::endpoint_url);
    let service = Service::new(CredentialsCache::builder(chain).observer(log), sts)?;

    writeln!(stdout(), "listening on http://{}", listener.local_addr()?)?;
    if !service.run(listener, end.wait(), drain).await? {
        explain("ended with requests under way");
    }
    Ok(())
}

/// What happens to the credentials, for the log. The library sends the same to `tracing`.
fn log(event: &Event) {
    match event {
        Event::Refreshed { source, access_key_id, lifetime, .. } => {
            let life = lifetime.map_or("without end".to_owned(), |life| format!("for {} s", life.as_secs()));
            explain(&format!("credentials {} from {source}, {life}", last_four(access_key_id)));
        }
        Event::Failed { error, left, .. } => {
            let left = left.map_or("none in hand".to_owned(), |left| format!("{} s left", left.as_secs()));
            explain(&format!("no new credentials ({left}): {error}"));
        }
        Event::Expired { access_key_id, stale, .. } => {
            let all_the_same = if *stale { ", and are used all the same" } else { "" };
            explain(&format!("credentials {} have expired{all_the_same}", last_four(access_key_id)));
        }
        _ => {}
    }
}

/// Enough to tell keys from each other.
fn last_four(access_key_id: &str) -> String {
    let from = access_key_id.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    format!("…{}", &access_key_id[from..])
}

/// `println!` and `eprintln!` would panic where nobody reads any more.
fn explain(what: &str) {
    let _ = writeln!(stderr(), "ec2_service: {what}");
}

enum Arguments {
    Show(Duration),
    Serve(SocketAddr, Duration),
}

impl Arguments {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.peekable();
        let seconds = |arguments: &mut dyn Iterator<Item = String>, name: &str| {
            let given = arguments.next().and_then(|given| given.parse().ok());
            let seconds = given.filter(|seconds| (1..=SECONDS_MAX).contains(seconds));
            seconds.map(Duration::from_secs).ok_or(format!("{name} takes whole seconds, up to {SECONDS_MAX}"))
        };
        let parsed = match arguments.next().as_deref() {
            None => Self::Show(MINUTE),
            Some("--seconds") => Self::Show(seconds(&mut arguments, "--seconds")?),
            Some("--serve") => {
                let at = match arguments.next_if(|next| !next.starts_with("--")) {
                    None => SocketAddr::from(([127, 0, 0, 1], 0)),
                    Some(at) => at
                        .replacen("localhost:", "127.0.0.1:", 1)
                        .parse()
                        .map_err(|_| format!("{at:?} is no address: write it like 127.0.0.1:8080"))?,
                };
                let drain = match arguments.next_if_eq("--drain") {
                    None => DRAIN,
                    Some(_) => seconds(&mut arguments, "--drain")?,
                };
                Self::Serve(at, drain)
            }
            Some(other) => return Err(format!("{other:?} is not known")),
        };
        match arguments.next() {
            None => Ok(parsed),
            Some(more) => Err(format!("{more:?} is not known here")),
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const SECONDS_MAX: u64 = 3600;
/// ECS and Kubernetes kill 30 s after SIGTERM, unless told otherwise.
const DRAIN: Duration = Duration::from_secs(20);
