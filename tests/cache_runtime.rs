//! The cache and the runtimes it lives in: none, one without timers, one that goes away, one with many threads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_credential_chain::testing::World;
use aws_credential_chain::{Credentials, CredentialsCache, CredentialsProvider, Error, Event, FailureKind};
use secrecy::ExposeSecret;
use support::script::{Script, Step};
use tokio::time::sleep;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn outside_of_a_runtime_an_error_says_so_and_what_is_in_hand_can_be_read() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Forever);
    let cache = script.cache(&world);
    assert!(cache.current().is_none());
    let error = poll_once(cache.credentials()).unwrap_err();
    assert!(matches!(&error, Error::Failed(f) if f.kind() == FailureKind::NoRuntime), "{error}");
    assert!(poll_once(cache.renew()).is_err());
    assert_eq!(script.calls(), 0);
    runtime().block_on(cache.credentials()).unwrap();
    assert_eq!(poll_once(cache.credentials()).unwrap().access_key_id(), "AKIA1");
    assert_eq!(cache.current().unwrap().access_key_id(), "AKIA1");
}

#[test]
fn a_runtime_without_timers_is_an_error_and_no_panic() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let cache = script.cache(&world);
    let bare = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = bare.block_on(cache.credentials()).unwrap_err();
    assert!(error.to_string().contains("enable_all"), "{error}");
}

#[test]
fn a_runtime_that_is_dropped_ends_the_refresh_and_not_the_cache() {
    let world = World::new();
    let script = Script::new(&world, [Step::Hang], Step::Live(HOUR));
    let cache = script.cache(&world);
    let first = runtime();
    first.block_on(async {
        assert!(tokio::time::timeout(Duration::from_millis(20), cache.credentials()).await.is_err());
    });
    let second = runtime();
    second.block_on(async {
        let waiting = tokio::spawn({
            let cache = cache.clone();
            async move { cache.credentials().await }
        });
        tokio::task::yield_now().await;
        tokio::task::spawn_blocking(move || drop(first)).await.unwrap();
        let error = waiting.await.unwrap().unwrap_err();
        assert!(error.to_string().contains("cut off"), "{error}");
        sleep(Duration::from_millis(150)).await;
        assert_eq!(cache.credentials().await.unwrap().access_key_id(), "AKIA1");
    });
}

/// Answers on its first call only after a while, and counts.
struct SlowAtFirst(AtomicU32);

impl CredentialsProvider for SlowAtFirst {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let call = self.0.fetch_add(1, Ordering::SeqCst);
        if call == 0 {
            sleep(Duration::from_millis(50)).await;
        }
        Credentials::builder(format!("AKIA{call}"), "secret").build()
    }

    fn time_limit(&self) -> Duration {
        Duration::from_millis(100)
    }
}

#[test]
fn a_runtime_that_nobody_drives_any_more_holds_up_nobody_for_longer_than_the_limit() {
    let cache = CredentialsCache::new(SlowAtFirst(AtomicU32::new(0)));
    let kept = runtime();
    kept.block_on(async {
        assert!(tokio::time::timeout(Duration::from_millis(5), cache.credentials()).await.is_err());
    });
    let other = runtime();
    let (read, renewed) = other.block_on(async {
        let reads = async { (cache.credentials().await, cache.renew().await) };
        tokio::time::timeout(Duration::from_secs(10), reads).await.expect("it waits no longer")
    });
    assert_eq!(read.unwrap().access_key_id(), "AKIA1");
    assert_eq!(renewed.unwrap().access_key_id(), "AKIA2");
    // Driven again, the old one lands; what it brings is not wanted any more.
    kept.block_on(async { sleep(Duration::from_millis(60)).await });
    assert_eq!(cache.current().unwrap().access_key_id(), "AKIA2");
    assert!(!cache.status().refreshing);
}

/// Observers are told before those who wait have their turn.
#[test]
fn what_expires_between_a_landing_and_the_turn_of_those_who_wait_is_not_handed_out() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    for renews in [false, true] {
        let world = World::new();
        let script = Script::new(&world, [], Step::Live(HOUR));
        let (clock, landings) = (world.clock().clone(), AtomicU32::new(0));
        let sleeps_at_the_first = move |event: &Event| {
            if matches!(event, Event::Refreshed { .. }) && landings.fetch_add(1, Ordering::SeqCst) == 0 {
                clock.turn(2 * HOUR);
            }
        };
        let cache =
            CredentialsCache::builder(script.clone()).in_world(&world).observer(sleeps_at_the_first).build();
        let answer = async { if renews { cache.renew().await } else { cache.credentials().await } };
        assert_eq!(runtime.block_on(answer).unwrap().access_key_id(), "AKIA2");
        assert_eq!(script.calls(), 2);
    }
}

#[test]
fn no_set_is_torn_under_readers_on_every_core() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let cache = script.cache(&world);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let cache = cache.clone();
            readers.spawn(async move {
                for _ in 0..5_000 {
                    let read = cache.credentials().await.unwrap();
                    let number = read.access_key_id().strip_prefix("AKIA").unwrap();
                    assert_eq!(read.secret_access_key().expose_secret(), format!("SECRET{number}"));
                    assert_eq!(read.session_token().unwrap().expose_secret(), format!("TOKEN{number}"));
                    cache.with_current(|lent| {
                        let number = lent.access_key_id().strip_prefix("AKIA").unwrap();
                        assert_eq!(lent.secret_access_key().expose_secret(), format!("SECRET{number}"));
                    });
                    tokio::task::yield_now().await;
                }
            });
        }
        for _ in 0..500 {
            cache.renew().await.unwrap();
        }
        readers.join_all().await;
    });
    assert!(script.calls() >= 500);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Polls a future that is expected to be ready at once, without any runtime.
fn poll_once<F: Future>(future: F) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("not ready"),
    }
}
