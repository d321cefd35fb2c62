//! Files that change are seen, and no read waits for that.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_credential_chain::testing::World;
use aws_credential_chain::{
    Credentials, CredentialsCache, CredentialsProvider, DefaultChain, Error, RefreshPolicy, SourceKind,
};
use support::seen::Seen;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn profile(id: &str) -> String {
    format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = CANARY{id}\n")
}

fn cache(world: &World) -> CredentialsCache {
    cache_with(world, RefreshPolicy::default())
}

fn cache_with(world: &World, policy: RefreshPolicy) -> CredentialsCache {
    let chain = DefaultChain::in_world(world).no_instance_metadata();
    CredentialsCache::builder(chain).in_world(world).refresh(policy).build()
}

/// A read that must not wait, and the tasks that it started.
async fn key(cache: &CredentialsCache) -> String {
    let began = Instant::now();
    let key = cache.credentials().await.unwrap().access_key_id().to_owned();
    assert_eq!(began.elapsed(), Duration::ZERO, "a read waited");
    // Not by yielding: files that a test did not write are looked for on the disk, by another thread.
    sleep(Duration::from_millis(1)).await;
    key
}

#[tokio::test(start_paused = true)]
async fn exchanged_keys_are_picked_up_within_a_minute_although_they_never_expire() {
    for policy in [RefreshPolicy::default(), RefreshPolicy::aws()] {
        let world = World::new().file("~/.aws/credentials", profile("AKIAOLD"));
        let cache = cache_with(&world, policy);
        cache.credentials().await.unwrap();
        let world = world.file("~/.aws/credentials", profile("AKIANEW"));
        sleep(58 * SECOND).await;
        assert_eq!(key(&cache).await, "AKIAOLD");
        assert_eq!(key(&cache).await, "AKIAOLD");
        sleep(2 * SECOND).await;
        // This read starts the look; the next ones have what it found.
        assert_eq!(key(&cache).await, "AKIAOLD");
        assert_eq!(key(&cache).await, "AKIANEW");
        let _world = world.file("~/.aws/credentials", profile("AKIANEWER"));
        sleep(MINUTE).await;
        assert_eq!((key(&cache).await.as_str(), key(&cache).await.as_str()), ("AKIANEW", "AKIANEWER"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_written_file_keeps_the_last_good_state() {
    for policy in [RefreshPolicy::default(), RefreshPolicy::aws()] {
        let (seen, _guard) = Seen::start();
        for half in ["", "[default]\naws_access_key_id = AKIANEW\n", "[default]\naws_access", "[defau"] {
            let world = World::new().file("~/.aws/credentials", profile("AKIAOLD"));
            let cache = cache_with(&world, policy.clone());
            cache.credentials().await.unwrap();
            let world = world.file("~/.aws/credentials", half);
            sleep(MINUTE).await;
            for _ in 0..20 {
                assert_eq!(key(&cache).await, "AKIAOLD", "{half:?}");
            }
            let status = cache.status();
            assert!(status.last_failure.is_some() && status.failures <= 2, "{half:?}: {status:?}");
            let _world = world.file("~/.aws/credentials", profile("AKIANEW"));
            sleep(10 * MINUTE).await;
            key(&cache).await;
            assert_eq!(key(&cache).await, "AKIANEW");
            assert!(cache.status().last_failure.is_none());
        }
        seen.assert_none_of(["CANARYAKIAOLD", "CANARYAKIANEW"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_whole_again_within_seconds_is_read_within_seconds() {
    let world = World::new().file("~/.aws/credentials", profile("AKIAOLD"));
    let cache = cache(&world);
    cache.credentials().await.unwrap();
    let world = world.file("~/.aws/credentials", "");
    sleep(MINUTE).await;
    assert_eq!((key(&cache).await.as_str(), key(&cache).await.as_str()), ("AKIAOLD", "AKIAOLD"));
    let _world = world.file("~/.aws/credentials", profile("AKIANEW"));
    sleep(SECOND).await;
    assert_eq!((key(&cache).await.as_str(), key(&cache).await.as_str()), ("AKIAOLD", "AKIANEW"));
}

#[tokio::test(start_paused = true)]
async fn what_changes_in_other_profiles_changes_nothing() {
    let world = World::new().file("~/.aws/credentials", profile("AKIAOLD"));
    let cache = cache(&world);
    let first = cache.credentials().await.unwrap().generation();
    let more = profile("AKIAOLD") + "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = s\n";
    let _world =
        world.file("~/.aws/credentials", more).file("~/.aws/config", "[profile other]\nregion = x\n");
    for _ in 0..5 {
        sleep(MINUTE).await;
        key(&cache).await;
    }
    assert_eq!(cache.credentials().await.unwrap().generation(), first);
    assert!(cache.status().age.unwrap() >= 5 * MINUTE, "it was read again");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_appears_is_seen_too() {
    let config = "[default]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = s\n";
    let world = World::new().file("~/.aws/config", config);
    let cache = cache(&world);
    assert_eq!(key(&cache).await, "AKIACONFIG");
    let _world = world.file("~/.aws/credentials", profile("AKIAFIRST"));
    sleep(MINUTE).await;
    assert_eq!((key(&cache).await.as_str(), key(&cache).await.as_str()), ("AKIACONFIG", "AKIAFIRST"));
}

#[tokio::test(start_paused = true)]
async fn behind_another_cache_it_is_seen_as_well() {
    let world = World::new().file("~/.aws/credentials", profile("AKIAOLD"));
    let chain = aws_credential_chain::ProviderChain::new().then(cache(&world));
    let outer = CredentialsCache::builder(chain).in_world(&world).build();
    assert_eq!(key(&outer).await, "AKIAOLD");
    let _world = world.file("~/.aws/credentials", profile("AKIANEW"));
    for _ in 0..3 {
        sleep(MINUTE).await;
        key(&outer).await;
    }
    assert_eq!(key(&outer).await, "AKIANEW");
}

#[tokio::test(start_paused = true)]
async fn sources_that_are_no_files_are_not_looked_at() {
    let world = World::new().env("AWS_ACCESS_KEY_ID", "AKIAENV").env("AWS_SECRET_ACCESS_KEY", "s");
    let cache = cache(&world);
    assert_eq!(key(&cache).await, "AKIAENV");
    let _world = world.env("AWS_ACCESS_KEY_ID", "AKIAOTHER");
    for _ in 0..3 {
        sleep(10 * MINUTE).await;
        assert_eq!(key(&cache).await, "AKIAENV");
    }
    assert_eq!(cache.credentials().await.unwrap().source().kind(), SourceKind::Environment);
}

/// Something like a file on a network drive that has gone away: looking takes a while.
#[derive(Clone, Debug, Default)]
struct Slow {
    looks: Arc<AtomicU32>,
    fetches: Arc<AtomicU32>,
}

impl CredentialsProvider for Slow {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let number = self.fetches.fetch_add(1, Ordering::SeqCst);
        Credentials::builder(format!("AKIA{number}"), "s").build()
    }

    fn may_change(&self) -> bool {
        true
    }

    async fn has_changed(&self, _held: &Credentials) -> bool {
        self.looks.fetch_add(1, Ordering::SeqCst);
        sleep(10 * MINUTE).await;
        true
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_one_look_at_a_time_and_no_read_waits_for_it() {
    let world = World::new();
    let slow = Slow::default();
    let cache = CredentialsCache::builder(slow.clone()).in_world(&world).build();
    cache.credentials().await.unwrap();
    for minute in 1..=10 {
        sleep(MINUTE).await;
        assert_eq!(key(&cache).await, "AKIA0", "after {minute} min");
    }
    assert_eq!(slow.looks.load(Ordering::SeqCst), 1);
    sleep(MINUTE + SECOND).await;
    assert_eq!(key(&cache).await, "AKIA1");
    assert_eq!(slow.fetches.load(Ordering::SeqCst), 2);
}

#[test]
fn a_look_that_is_cut_off_with_its_runtime_is_begun_anew() {
    let world = World::new();
    let slow = Slow::default();
    let cache = CredentialsCache::builder(slow.clone()).in_world(&world).build();
    let paused =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    paused().block_on(async {
        cache.credentials().await.unwrap();
        world.clock().turn(2 * MINUTE);
        key(&cache).await;
    });
    paused().block_on(async {
        key(&cache).await;
        sleep(10 * MINUTE + SECOND).await;
        assert_eq!(key(&cache).await, "AKIA1");
    });
    assert_eq!(slow.looks.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn on_a_real_disk_a_file_that_is_replaced_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("credentials");
    std::fs::write(&path, profile("AKIAOLD")).unwrap();
    let world = World::new().env("AWS_SHARED_CREDENTIALS_FILE", path.to_str().unwrap());
    let cache = cache(&world);
    cache.credentials().await.unwrap();
    let other = directory.path().join("other");
    std::fs::write(&other, profile("AKIANEW")).unwrap();
    std::fs::rename(other, path).unwrap();
    world.clock().turn(MINUTE);
    for _ in 0..500 {
        if cache.credentials().await.unwrap().access_key_id() == "AKIANEW" {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("not seen");
}
