//! A refresh never changes the source behind the user's back; caches that stand behind one another agree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use aws_credential_chain::testing::{LocalAws, Route, World};
use aws_credential_chain::{
    CredentialsCache, CredentialsProvider, DefaultChain, Error, FailureKind, ProviderChain, RefreshPolicy,
};
use support::script::{Script, Step};
use tokio::time::{advance, sleep};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Two sources; the second one's keys begin at `AKIA101`.
fn two(world: &World, first: Step, second: Step) -> (Script, Script, CredentialsCache) {
    let first = Script::new(world, [], first);
    let second = Script::new(world, [], second).numbered_from(101);
    let chain = ProviderChain::new().then(first.clone()).then(second.clone());
    let cache = CredentialsCache::builder(chain).in_world(world).build();
    (first, second, cache)
}

async fn key(cache: &CredentialsCache) -> Result<String, Error> {
    cache.credentials().await.map(|credentials| credentials.access_key_id().to_owned())
}

#[tokio::test(start_paused = true)]
async fn the_winner_that_is_not_configured_any_more_is_not_passed_over() {
    let world = World::new();
    let (first, second, cache) = two(&world, Step::Live(HOUR), Step::Live(HOUR));
    assert_eq!(key(&cache).await.unwrap(), "AKIA1");
    first.then_always(Step::NotConfigured);
    advance(HOUR - 30 * SECOND).await;
    assert_eq!(key(&cache).await.unwrap(), "AKIA1", "valid ones are kept");
    advance(MINUTE).await;
    let error = key(&cache).await.unwrap_err();
    assert!(matches!(&error, Error::Failed(failure) if failure.kind() == FailureKind::Vanished), "{error}");
    assert!(error.is_transient());
    let text = error.to_string();
    assert!(
        text.starts_with(
            "script: gave the credentials so far, and is not configured any more (as the script says); "
        ),
        "{text}"
    );
    assert_eq!(second.calls(), 0);
    // It comes back, and is the source as before.
    first.then_always(Step::Live(HOUR));
    sleep(5 * SECOND).await;
    assert_eq!(key(&cache).await.unwrap(), "AKIA2");
}

#[tokio::test(start_paused = true)]
async fn forgetting_opens_the_way_to_the_next_source() {
    let world = World::new();
    let (first, second, cache) = two(&world, Step::Live(HOUR), Step::Live(HOUR));
    assert_eq!(key(&cache).await.unwrap(), "AKIA1");
    first.then_always(Step::NotConfigured);
    assert!(cache.renew().await.is_err());
    cache.forget();
    assert_eq!(key(&cache).await.unwrap(), "AKIA101");
    assert_eq!(second.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_began_before_the_forgetting_does_not_bring_it_back() {
    let world = World::new();
    let (first, _second, cache) = two(&world, Step::Live(HOUR).after(2 * SECOND), Step::Live(HOUR));
    let before = tokio::spawn({
        let cache = cache.clone();
        async move { key(&cache).await }
    });
    sleep(SECOND).await;
    first.then_always(Step::NotConfigured);
    cache.forget();
    sleep(5 * SECOND).await;
    assert_eq!(key(&cache).await.unwrap(), "AKIA101");
    before.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_source_in_front_that_newly_applies_wins() {
    let world = World::new();
    let (first, second, cache) = two(&world, Step::NotConfigured, Step::Live(HOUR));
    assert_eq!(key(&cache).await.unwrap(), "AKIA101");
    first.then_always(Step::Live(HOUR));
    assert_eq!(cache.renew().await.unwrap().access_key_id(), "AKIA1");
    // From here on it is the one that is not passed over.
    first.then_always(Step::NotConfigured);
    assert!(cache.renew().await.is_err());
    assert_eq!(second.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_in_front_that_newly_fails_stops_the_refresh_and_takes_nothing_away() {
    let world = World::new();
    let (first, second, cache) = two(&world, Step::NotConfigured, Step::Live(HOUR));
    assert_eq!(key(&cache).await.unwrap(), "AKIA101");
    first.then_always(Step::Permanent);
    assert!(cache.renew().await.is_err());
    assert_eq!((key(&cache).await.unwrap().as_str(), second.calls()), ("AKIA101", 1));
}

#[tokio::test(start_paused = true)]
async fn each_clone_of_a_chain_remembers_for_itself() {
    let world = World::new();
    let first = Script::new(&world, [Step::Live(HOUR)], Step::NotConfigured);
    let second = Script::new(&world, [], Step::Live(HOUR)).numbered_from(101);
    let chain = ProviderChain::new().then(first).then(second);
    let before = chain.clone();
    assert_eq!(chain.retrieve().await.unwrap().access_key_id(), "AKIA1");
    let after = chain.clone();
    assert_eq!(before.retrieve().await.unwrap().access_key_id(), "AKIA101");
    assert!(chain.retrieve().await.is_err() && after.retrieve().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_is_gone_for_a_moment_does_not_become_the_role_of_the_machine() {
    let aws = LocalAws::start().await.unwrap();
    let profile = "[default]\naws_access_key_id = AKIAMINE\naws_secret_access_key = s\n";
    let world = aws.world().file("~/.aws/credentials", profile);
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    assert_eq!(key(&cache).await.unwrap(), "AKIAMINE");
    // An editor truncates the file and has not written it yet; a service rejects the keys just now.
    let world = world.file("~/.aws/credentials", "");
    assert!(cache.invalidate("AKIAMINE"));
    assert_eq!(key(&cache).await.unwrap(), "AKIAMINE");
    assert!(
        cache
            .status()
            .last_failure
            .unwrap()
            .to_string()
            .starts_with("profile file: gave the credentials so far")
    );
    assert_eq!(aws.count(Route::MetadataCredentials), 0);
    let _world = world.file("~/.aws/credentials", profile.replace("MINE", "NEW"));
    sleep(5 * MINUTE).await;
    assert_eq!(key(&cache).await.unwrap(), "AKIANEW");
}

#[tokio::test(start_paused = true)]
async fn a_rejection_reaches_the_cache_behind_a_chain() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let inner = script.cache(&world);
    let outer = CredentialsCache::builder(ProviderChain::new().then(inner.clone())).in_world(&world).build();
    assert_eq!(key(&outer).await.unwrap(), "AKIA1");
    assert_eq!(inner.current().unwrap().generation(), outer.current().unwrap().generation());
    assert!(outer.invalidate("AKIA1"));
    assert_eq!(key(&outer).await.unwrap(), "AKIA2");
    assert_eq!(key(&inner).await.unwrap(), "AKIA2");
    assert_eq!(script.calls(), 2);
    // Forgetting is the business of each: others may be using the inner one.
    outer.forget();
    assert!(inner.current().is_some());
}

#[tokio::test(start_paused = true)]
async fn an_inner_cache_that_had_the_key_first_has_its_rejection_heard() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let inner = script.cache(&world);
    key(&inner).await.unwrap();
    let slow = support::script::Slow { inner: inner.clone(), delay: SECOND };
    let outer = CredentialsCache::builder(slow).refresh(RefreshPolicy::default()).in_world(&world).build();
    let waiting = tokio::spawn({
        let outer = outer.clone();
        async move { key(&outer).await }
    });
    sleep(SECOND / 2).await;
    // Whoever had the key from the inner one reports it to the outer one, whose flight has it on board.
    assert!(!outer.invalidate("AKIA1"));
    assert_eq!(waiting.await.unwrap().unwrap(), "AKIA1");
    inner.invalidate("AKIA1");
    assert_eq!(key(&outer).await.unwrap(), "AKIA2");
}
