//! Credentials for other programs: one process has them, the others ask it as they would ask the agent of a container.
//!
//! Without arguments a short show: a server in front of an embedded local AWS, and a client that knows nothing but the two
//! variables. `credentials_server --serve [ADDR]` vends the default chain of its environment, at 127.0.0.1:0 unless
//! told otherwise, until SIGTERM or Ctrl-C. Once it listens it prints two lines, for the environment of whoever asks:
//!
//! ```text
//! AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:40123/credentials
//! AWS_CONTAINER_AUTHORIZATION_TOKEN=9f0b…
//! ```
#![allow(clippy::disallowed_methods, reason = "it is its own host")]

#[path = "ec2_service/termination.rs"]
mod termination;

use std::error::Error;
use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::process::ExitCode;

use aws_credential_chain::interop::CredentialsServer;
use aws_credential_chain::testing::{Clock, LocalAws, World};
use aws_credential_chain::{CredentialsCache, DefaultChain};
use termination::Termination;

fn main() -> ExitCode {
    termination::run(program()).unwrap_or_else(|error| {
        explain(&error.to_string());
        ExitCode::FAILURE
    })
}

async fn program() -> ExitCode {
    // `args` would panic at one that is not UTF-8.
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let arguments: Vec<String> = arguments.collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => show().await,
        ["--serve"] => serve(SocketAddr::from(([127, 0, 0, 1], 0))).await,
        ["--serve", at] => match at.replacen("localhost:", "127.0.0.1:", 1).parse() {
            Ok(at) => serve(at).await,
            Err(_) => return misused(&format!("{at:?} is no address: write it like 127.0.0.1:4321")),
        },
        _ => return misused("these arguments are not known"),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn misused(wrong: &str) -> ExitCode {
    explain(&format!("{wrong}\nusage: credentials_server [--serve [ADDR]]"));
    ExitCode::from(2)
}

/// `eprintln!` would panic where nobody reads any more.
fn explain(what: &str) {
    let _ = writeln!(std::io::stderr(), "credentials_server: {what}");
}

async fn serve(at: SocketAddr) -> Result<(), Box<dyn Error>> {
    let mut end = Termination::listen()?;
    let server = CredentialsServer::start_at(CredentialsCache::new(DefaultChain::new()), at).await?;
    let mut out = stdout();
    for (name, value) in server.variables() {
        writeln!(out, "{name}={value}")?;
    }
    out.flush()?;
    end.wait().await;
    Ok(())
}

async fn show() -> Result<(), Box<dyn Error>> {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    aws.metadata().role("web");
    let world = aws.world();
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    let server = CredentialsServer::start(cache).await?;
    let mut out = stdout();
    writeln!(out, "vending the role of a (local) instance at {}", server.uri())?;

    // Another program, in whichever language: it has the two variables and nothing else.
    let mut client = World::new();
    for (name, value) in server.variables() {
        client = client.env(name, value);
    }
    let theirs = CredentialsCache::builder(DefaultChain::in_world(&client)).in_world(&client).build();
    let credentials = theirs.credentials().await?;
    writeln!(out, "the client has {} from {}", credentials.access_key_id(), credentials.source())?;

    let stranger = client.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a-guess");
    let stranger = CredentialsCache::builder(DefaultChain::in_world(&stranger)).in_world(&stranger).build();
    match stranger.credentials().await {
        Ok(_) => Err("a stranger got credentials".into()),
        Err(error) => Ok(writeln!(out, "a stranger hears: {error}")?),
    }
}
