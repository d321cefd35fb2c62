//! A source that hangs: the chain ends in time, and its error names the source and what it waited for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{
    Credentials, CredentialsCache, CredentialsProvider, DefaultChain, Error, FailureKind, ProviderChain,
    Timeouts, provider_fn,
};
use support::outcome::kind;

const SECOND: Duration = Duration::from_secs(1);

/// Waits for ever, within a limit of its own.
#[derive(Debug)]
struct Hanging(Duration);

impl CredentialsProvider for Hanging {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        std::future::pending().await
    }

    fn time_limit(&self) -> Duration {
        self.0
    }
}

fn absent() -> impl CredentialsProvider {
    provider_fn(|| async { Err(Error::not_configured("first", "is not here")) })
}

async fn timed(provider: &impl CredentialsProvider) -> (Error, Duration) {
    let began = tokio::time::Instant::now();
    let error = provider.retrieve().await.unwrap_err();
    (error, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn each_source_of_a_chain_is_held_to_its_own_limit() {
    let chain = ProviderChain::new().then(absent()).then(Hanging(7 * SECOND));
    let (error, took) = timed(&chain).await;
    assert_eq!(kind(&error), Some(FailureKind::TimedOut), "{error}");
    assert_eq!(took, 7 * SECOND);
    let text = error.to_string();
    assert!(text.contains("custom provider: no answer within 7.0 s (source 2 of the chain)"), "{text}");
    assert_eq!(error.attempts().len(), 1, "what came before is told too: {error}");
}

#[tokio::test(start_paused = true)]
async fn a_default_chain_ends_within_its_limit_without_a_cache_too() {
    let world = World::new().env("AWS_EC2_METADATA_DISABLED", "true");
    let chain = DefaultChain::in_world(&world).container(Hanging(49 * SECOND));
    let slow = provider_fn(|| async {
        tokio::time::sleep(20 * SECOND).await;
        Err(Error::not_configured("slow", "took its time"))
    });
    let (error, took) = timed(&chain.web_identity(slow)).await;
    assert_eq!(kind(&error), Some(FailureKind::TimedOut), "{error}");
    assert!(took <= 50 * SECOND, "{took:?}");
    assert!(error.to_string().contains("source 4 of the chain"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn behind_a_cache_the_error_names_the_source_too() {
    let chain = ProviderChain::new().then(absent()).then(Hanging(300 * SECOND));
    let world = World::new();
    let cache = CredentialsCache::builder(chain).in_world(&world).build();
    let error = cache.credentials().await.unwrap_err();
    assert!(error.to_string().contains("source 2 of the chain"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_a_source_waited_for_is_told_without_a_query() {
    let aws = LocalAws::start().await.unwrap();
    aws.fault(Route::ContainerCredentials, Fault::hang().forever());
    let uri = format!("{}?id=CANARY-query", aws.container_uri());
    let world = World::with_clock(aws.clock().clone()).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
    let chain = DefaultChain::in_world(&world).timeouts(Timeouts::new().answer(300 * SECOND));
    let (error, took) = timed(&chain).await;
    assert_eq!(took, 30 * SECOND);
    let text = error.to_string();
    assert!(text.contains("container: no answer within 30.0 s"), "{text}");
    let asked = format!("the last that it asked for was GET {};", aws.container_uri());
    assert!(text.contains(&asked) && !text.contains("CANARY"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_a_hop_of_a_profile_waited_for_is_told_through_the_caches_between() {
    let aws = LocalAws::start().await.unwrap();
    let (id, secret) = aws.sts().user("111111111111", "alice");
    aws.fault(Route::AssumeRole, Fault::hang().forever());
    let role = |name| format!("role_arn = arn:aws:iam::111111111111:role/{name}");
    let files = format!(
        "[profile a]\n{}\nsource_profile = b\n[profile b]\n{}\nsource_profile = c\n[profile c]\n{}\nsource_profile = d\n\
         [profile d]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n",
        role("a"),
        role("b"),
        role("c"),
    );
    let world = aws.world().env("AWS_PROFILE", "a").file("~/.aws/config", files);
    let (error, took) = timed(&DefaultChain::in_world(&world)).await;
    assert!(took <= 50 * SECOND, "{took:?}");
    let text = error.to_string();
    assert!(text.contains(&format!("POST {}", aws.endpoint())) && text.contains("role/c"), "{text}");
    assert!(!text.contains(&secret), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_credential_source_keeps_to_the_timeouts_of_the_chain() {
    for (source, route) in
        [("EcsContainer", Route::ContainerCredentials), ("Ec2InstanceMetadata", Route::MetadataToken)]
    {
        let aws = LocalAws::start().await.unwrap();
        aws.fault(route, Fault::hang().forever());
        let files =
            format!("[default]\nrole_arn = arn:aws:iam::111111111111:role/a\ncredential_source = {source}\n");
        let world = aws
            .world()
            .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_uri())
            .file("~/.aws/config", files);
        let timeouts = Timeouts::new().connect(SECOND / 20).answer(SECOND / 20);
        let (_, took) = timed(&DefaultChain::in_world(&world).timeouts(timeouts)).await;
        assert!(took < 2 * SECOND, "{source}: {took:?}");
    }
}

/// In a runtime without timers, where asking for one is a panic that would be seen on stderr.
#[test]
fn a_source_that_answers_at_once_needs_no_timers() {
    thread_local! {
        static PANICKED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICKED.set(true);
        hook(panic);
    }));
    let world = World::new().env("AWS_ACCESS_KEY_ID", "AKIAENV").env("AWS_SECRET_ACCESS_KEY", "s");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let credentials = runtime.block_on(DefaultChain::in_world(&world).retrieve()).unwrap();
    assert_eq!(credentials.access_key_id(), "AKIAENV");
    assert!(!PANICKED.get());
}
