//! A minute of the service under load, on an instance whose credentials live for seconds.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aws_credential_chain::interop::client_builder;
use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route};
use aws_credential_chain::{CredentialsCache, DefaultChain, Event};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::last_four;
use super::service::Service;
use super::termination::Termination;

pub(super) async fn show(length: Duration) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let mut interrupted = Termination::listen()?;
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    let lifetime = (length / 6).max(LIFETIME_MIN);
    aws.metadata().role("ec2-service").credentials_lifetime(lifetime);
    aws.fault(Route::MetadataToken, Fault::delay(BOOT));
    let world = aws.world();

    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).observer(
        move |event: &Event| {
            if let Event::Refreshed { access_key_id, took, .. } = event {
                let keys = last_four(access_key_id);
                say(started, &format!("credentials {keys}, fetched in {} ms", took.as_millis()));
            }
        },
    );
    let service = Service::new(cache, Sts::in_world(&world))?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let at = format!("http://{}", listener.local_addr()?);
    writeln!(stdout(), "the service is at {at}; credentials live {} s here", lifetime.as_secs_f32())?;
    let (end, ended) = oneshot::channel::<()>();
    let until_told = async {
        let _ = ended.await;
    };

    let load = async {
        let client = client_builder().await?.no_proxy().timeout(CLIENT_MAX).build()?;
        let first = status(&client, &format!("{at}/ready")).await?;
        say(started, &format!("/ready answers {first} while the metadata service is slow to come up"));
        while status(&client, &format!("{at}/ready")).await? != 200 {
            if started.elapsed() > READY_MAX {
                return Err("the service does not become ready".into());
            }
        }
        say(started, "/ready answers 200");

        let callers: Vec<_> = (0..CALLERS)
            .map(|_| tokio::spawn(call_all_the_time(client.clone(), format!("{at}/identity"))))
            .collect();
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = interrupted.wait() => {}
        }
        STOP.store(true, Ordering::Relaxed);
        let mut total = Total::default();
        for caller in callers {
            let Total { requests, errors } = caller.await?;
            total.requests += requests;
            total.errors += errors;
        }

        let metrics = client.get(format!("{at}/metrics")).send().await?.text().await?;
        aws.fault(Route::GetCallerIdentity, Fault::delay(UNDER_WAY));
        let asked = aws.count(Route::GetCallerIdentity);
        let last = tokio::spawn(async move { status(&client, &format!("{at}/identity")).await });
        while aws.count(Route::GetCallerIdentity) == asked && !last.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        say(started, "told to end while a request is under way");
        drop(end);
        Ok::<_, Box<dyn Error>>((total, metrics, last.await??))
    };

    let (all_ended, loaded) = tokio::join!(service.run(listener, until_told, DRAIN), load);
    let (total, metrics, last) = loaded?;
    say(started, &format!("that request was answered {last}, and the service has ended"));

    let mut out = stdout();
    writeln!(out, "\n{} requests by {CALLERS} callers, {} errors", total.requests, total.errors)?;
    let requests = aws.requests();
    let used: BTreeSet<_> = requests.iter().filter_map(|request| request.signed_by()).collect();
    writeln!(out, "signed with {} sets of credentials, one after the other", used.len())?;
    writeln!(out, "/metrics said:")?;
    let ours = |line: &&str| line.starts_with("aws_credentials_") && !line.contains("_bucket{");
    for line in metrics.lines().filter(ours) {
        writeln!(out, "  {line}")?;
    }
    match (total.errors, last, all_ended?) {
        (0, 200, true) if used.len() > 1 => Ok(()),
        _ => Err("credentials were not exchanged, or somebody noticed".into()),
    }
}

#[derive(Default)]
struct Total {
    requests: u64,
    errors: u64,
}

async fn call_all_the_time(client: reqwest::Client, url: String) -> Total {
    let mut total = Total::default();
    while !STOP.load(Ordering::Relaxed) {
        total.requests += 1;
        total.errors += u64::from(!matches!(status(&client, &url).await, Ok(200)));
        tokio::time::sleep(PAUSE).await;
    }
    total
}

async fn status(client: &reqwest::Client, url: &str) -> reqwest::Result<u16> {
    let answer = client.get(url).send().await?;
    let status = answer.status().as_u16();
    answer.bytes().await?;
    Ok(status)
}

fn say(started: Instant, what: &str) {
    let _ = writeln!(stdout(), "  {:>5.2} s  {what}", started.elapsed().as_secs_f32());
}

static STOP: AtomicBool = AtomicBool::new(false);
const CALLERS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(20);
const LIFETIME_MIN: Duration = Duration::from_secs(4);
/// How long the metadata service takes for its first answer: more than one probe waits.
const BOOT: Duration = Duration::from_millis(800);
const READY_MAX: Duration = Duration::from_secs(20);
const UNDER_WAY: Duration = Duration::from_millis(800);
const CLIENT_MAX: Duration = Duration::from_secs(10);
const DRAIN: Duration = Duration::from_secs(5);
