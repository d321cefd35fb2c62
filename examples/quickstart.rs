//! Credentials that are exchanged under constant reads, none of which waits; and a role in another account.
//!
//! Starts a local AWS in this process, resolves the default chain from its metadata service, and lets credentials that
//! live four seconds be renewed several times while eight tasks read them all the time. Then assumes a role with them,
//! and asks STS who that is.
#![allow(clippy::disallowed_methods, reason = "it measures what happens, and when")]

use std::future::poll_fn;
use std::io::Write;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::{Clock, LocalAws, Route};
use aws_credential_chain::{Credentials, CredentialsCache, DefaultChain, Error, ProviderExt, Role};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    aws.metadata().role("quickstart").credentials_lifetime(LIFETIME);
    let world = aws.world();
    // `println!` would panic where somebody reads the first lines only.
    let mut out = std::io::stdout();
    writeln!(out, "a local AWS listens at {}", aws.endpoint())?;

    // In a program of yours: CredentialsCache::new(DefaultChain::new())
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();

    let started = Instant::now();
    let first = cache.credentials().await?;
    writeln!(out, "\nfrom {}, account {}", first.source(), first.account_id().unwrap_or("unknown"))?;
    writeln!(out, "  {:>5.2} s  {}", started.elapsed().as_secs_f32(), first.access_key_id())?;

    let readers: Vec<_> = (0..READERS).map(|_| tokio::spawn(read_all_the_time(cache.clone()))).collect();
    let mut shown = first;
    let mut swaps = 0;
    while swaps < SWAPS {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let current = cache.credentials().await?;
        if current.generation() != shown.generation() {
            writeln!(
                out,
                "  {:>5.2} s  {}  takes over, {:.1} s before {} expires",
                started.elapsed().as_secs_f32(),
                current.access_key_id(),
                left(&shown, &world.clock().now()).as_secs_f32(),
                shown.access_key_id(),
            )?;
            shown = current;
            swaps += 1;
        }
    }

    STOP.store(true, Ordering::Relaxed);
    let (mut reads, mut waited) = (0, 0);
    for reader in readers {
        let (read, of_these_waited) = reader.await??;
        reads += read;
        waited += of_these_waited;
    }
    writeln!(out, "\n{reads} reads after the first by {READERS} tasks, {waited} of them waited")?;
    writeln!(
        out,
        "{} requests to the metadata service: {} for a session token, {} for the role, {} for credentials",
        aws.requests().len(),
        aws.count(Route::MetadataToken),
        aws.count(Route::MetadataRoles),
        aws.count(Route::MetadataCredentials),
    )?;
    if waited > 0 {
        return Err("a read waited".into());
    }

    aws.sts().role(REPORTS).trusts("123456789012").requires_external_id("x-42");
    let reports = Role::builder(REPORTS).external_id("x-42").session_name("quickstart").build()?;
    // In a program of yours without `in_world`, which makes this one live in the local AWS.
    let reports = CredentialsCache::builder(cache.assume(reports).in_world(&world)).in_world(&world).build();
    let assumed = reports.credentials().await?;
    writeln!(out, "\n{}", assumed.source())?;
    let identity = Sts::in_world(&world).caller_identity(&assumed).await?;
    writeln!(out, "  STS says: {}", identity.arn())?;
    Ok(())
}

/// Counts the reads, and those that were not ready at once.
async fn read_all_the_time(cache: CredentialsCache) -> Result<(u64, u64), Error> {
    let (mut reads, mut waited) = (0, 0);
    while !STOP.load(Ordering::Relaxed) {
        let mut read = pin!(cache.credentials());
        let mut was_pending = false;
        poll_fn(|context| {
            let polled = read.as_mut().poll(context);
            was_pending |= polled.is_pending();
            polled
        })
        .await?;
        reads += 1;
        waited += u64::from(was_pending);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok((reads, waited))
}

fn left(credentials: &Credentials, now: &SystemTime) -> Duration {
    credentials.expiry().and_then(|expiry| expiry.duration_since(*now).ok()).unwrap_or_default()
}

static STOP: AtomicBool = AtomicBool::new(false);
const LIFETIME: Duration = Duration::from_secs(4);
const READERS: u64 = 8;
const SWAPS: u32 = 5;
const REPORTS: &str = "arn:aws:iam::222222222222:role/reports";
