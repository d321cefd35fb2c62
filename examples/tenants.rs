//! A service that acts in the accounts of a hundred thousand customers: one pool, one session that all of them share, one
//! limiter towards STS.
//!
//! Starts a local AWS in a process of its own, which checks every signature, fills a pool from it, reads all of it, and tells
//! what a tenant takes (with the session tokens of the local AWS, which are shorter than AWS's own: `benches` has the figures
//! with those of 1,024 bytes). Built without optimization it does so with 2,000 tenants, because signing and checking take most of
//! the time then; with `--release` with 100,000. `--tenants N` says otherwise.
#![allow(
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "it measures, and it starts a process"
)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::sts::StsLimiter;
use aws_credential_chain::testing::{Clock, LocalAws};
use aws_credential_chain::{CachePool, CredentialsCache, Error, ProviderExt, Role};

type Anything = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Anything> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => fill_and_read(if cfg!(debug_assertions) { 2_000 } else { 100_000 }).await,
        ["--tenants", number] => fill_and_read(number.parse()?).await,
        ["--local-aws", tenants] => serve(tenants.parse()?).await,
        _ => Err("usage: tenants [--tenants N]".into()),
    }
}

async fn fill_and_read(tenants: usize) -> Result<(), Anything> {
    let mut out = std::io::stdout();
    if cfg!(debug_assertions) {
        writeln!(
            out,
            "a build without optimization: for 100,000 tenants use `cargo run --release --example tenants`"
        )?;
    }
    let aws = LocalAwsProcess::start(tenants)?;

    // In a program of yours: DefaultChain::new() in place of the keys, and no endpoint.
    let keys = StaticKeys::new(aws.key_id.clone(), aws.secret.clone(), None)?;
    let hub = Role::builder(HUB).build()?;
    let hub = CredentialsCache::new(keys.assume(hub).endpoint_url(&aws.endpoint));
    let pool = CachePool::of_roles(hub)
        .endpoint_url(&aws.endpoint)
        .capacity(tenants)
        // The local AWS has no quota.
        .limiter(StsLimiter::new().per_second(1_000_000))
        .build();

    pool.credentials(&role(0)?).await?;
    let before = resident();
    let started = Instant::now();
    let next = Arc::new(AtomicUsize::new(1));
    let fillers: Vec<_> =
        (0..FILLERS).map(|_| tokio::spawn(fill(pool.clone(), Arc::clone(&next), tenants))).collect();
    for filler in fillers {
        filler.await??;
    }
    writeln!(out, "{} tenants have come in {:.1} s", pool.len(), started.elapsed().as_secs_f32())?;
    if let (Some(before), Some(now)) = (before, resident()) {
        writeln!(
            out,
            "  {} bytes of memory each, credentials and all",
            now.saturating_sub(before) / tenants
        )?;
    }

    let roles = (0..tenants).map(role).collect::<Result<Vec<_>, _>>()?;
    let started = Instant::now();
    for role in &roles {
        pool.credentials(role).await?;
    }
    let each = started.elapsed().as_secs_f64() * 1e9 / tenants as f64;
    writeln!(out, "  {each:.0} ns a read, each of another tenant")?;

    let one = pool.credentials(&roles[tenants / 2]).await?;
    writeln!(out, "  one of them: {}", one.source())?;
    let distinct: std::collections::HashSet<_> = roles
        .iter()
        .filter_map(|role| pool.with_current(role, |held| held.access_key_id().to_owned()))
        .collect();
    if distinct.len() != tenants {
        return Err("two tenants share a session".into());
    }
    writeln!(out, "  no two share a session")?;
    Ok(())
}

async fn fill(pool: CachePool<Role>, next: Arc<AtomicUsize>, tenants: usize) -> Result<(), Error> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= tenants {
            return Ok(());
        }
        pool.credentials(&role(number)?).await?;
    }
}

/// A customer's role: an account, a name, an external id.
fn role(number: usize) -> Result<Role, Error> {
    Role::builder(arn(number)).external_id(format!("tenant-{number:012}")).build()
}

fn arn(number: usize) -> String {
    format!("arn:aws:iam::{:012}:role/acme/reader", 100_000_000_000 + number)
}

/// The local AWS: its memory is not that of the pool.
struct LocalAwsProcess {
    process: Child,
    endpoint: String,
    key_id: String,
    secret: String,
}

impl LocalAwsProcess {
    fn start(tenants: usize) -> Result<Self, Anything> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--local-aws", &tenants.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no pipe")?).read_line(&mut line)?;
        let mut told = line.split_whitespace().map(str::to_owned);
        let mut next = || told.next().ok_or("the local AWS did not start");
        Ok(Self { endpoint: next()?, key_id: next()?, secret: next()?, process })
    }
}

impl Drop for LocalAwsProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until whoever has started it is gone. The keys it tells are good for itself only.
async fn serve(tenants: usize) -> Result<(), Anything> {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    let (key_id, secret) = aws.sts().user("111111111111", "service");
    aws.sts().role(HUB).trusts("111111111111");
    for number in 0..tenants {
        aws.sts().role(arn(number)).trusts(HUB).requires_external_id(format!("tenant-{number:012}"));
    }
    writeln!(std::io::stdout(), "{} {key_id} {secret}", aws.endpoint())?;
    // Its end of the pipe is closed with its process.
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    Ok(())
}

/// The process's resident memory in bytes, where `/proc` tells it, by pages of 4 KiB.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split_whitespace().nth(1)?.parse::<usize>().ok()? * 4096)
}

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const FILLERS: usize = 8;
