//! The cache for programs without async: real threads, hence real time, in small portions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::process::Command;
use std::sync::{Arc, Barrier, OnceLock};
use std::time::{Duration, Instant};

use aws_credential_chain::interop::blocking::CredentialsCache;
use aws_credential_chain::testing::{Clock, World};
use aws_credential_chain::{Credentials, FailureKind, Lasting, RefreshPolicy, provider_fn};
use support::outcome::kind;
use support::script::{Script, Step};
use support::seen::Seen;

const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(50);

fn world() -> World {
    World::with_clock(Clock::starting_now())
}

/// Waits for something that other threads do.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_program_without_async_is_served_and_refreshed_behind_its_back() {
    let (seen, _guard) = Seen::start();
    let world = world();
    let script = Script::new(&world, [Step::Live(HOUR).after(MOMENT)], Step::Live(HOUR).after(MOMENT));
    let cache = script.cache(&world).blocking();
    assert!(!cache.is_ready() && cache.current().is_none() && script.calls() == 0);
    assert_eq!(cache.credentials().unwrap().access_key_id(), "AKIA1");
    assert_eq!(cache.clone().credentials().unwrap().access_key_id(), "AKIA1");
    assert_eq!(script.calls(), 1);

    world.clock().turn(HOUR - Duration::from_secs(280));
    let started = Instant::now();
    assert_eq!(cache.credentials().unwrap().access_key_id(), "AKIA1", "the read does not wait");
    assert!(started.elapsed() < Duration::from_secs(4));
    // Nobody asks meanwhile but by the read that never starts anything.
    until("refreshed in the background", || cache.current().unwrap().access_key_id() == "AKIA2");

    assert!(cache.invalidate("AKIA2"));
    assert_eq!(cache.credentials().unwrap().access_key_id(), "AKIA3");
    assert_eq!(cache.renew().unwrap().access_key_id(), "AKIA4");
    assert!(matches!(cache.valid_for(2 * HOUR).unwrap(), Lasting::Short { by, .. } if by > HOUR / 2));
    cache.ready(MOMENT).unwrap();
    seen.also(format!("{cache:?} {:?}", cache.status()));
    seen.assert_none_of(["SECRET4", "TOKEN4"]);
    cache.forget();
    assert!(cache.current().is_none());
}

#[test]
fn many_threads_make_one_fetch() {
    let world = world();
    let script = Script::new(&world, [], Step::Live(HOUR).after(4 * MOMENT));
    let cache = script.cache(&world).blocking();
    let start = Arc::new(Barrier::new(32));
    let threads: Vec<_> = (0..32)
        .map(|_| {
            let (cache, start) = (cache.clone(), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                cache.credentials().unwrap().access_key_id().to_owned()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), "AKIA1");
    }
    assert_eq!(script.calls(), 1);
}

#[tokio::test]
async fn inside_of_a_runtime_it_neither_panics_nor_hangs() {
    let world = world();
    let script = Script::new(&world, [], Step::Live(HOUR).after(MOMENT));
    let cache = script.cache(&world);
    let blocking = cache.blocking();
    assert_eq!(blocking.credentials().unwrap().access_key_id(), "AKIA1");
    assert_eq!(blocking.renew().unwrap().access_key_id(), "AKIA2");
    // It is the same cache.
    assert_eq!(cache.credentials().await.unwrap().access_key_id(), "AKIA2");
    let _kept = blocking.keep_fresh().unwrap();
    assert!(cache.status().kept_fresh);
}

#[test]
fn in_a_provider_that_it_asks_itself_it_is_an_error() {
    let other: Arc<OnceLock<CredentialsCache>> = Arc::default();
    let seen = Arc::clone(&other);
    let cache = CredentialsCache::new(provider_fn(move || {
        let other = seen.get().unwrap().clone();
        async move { other.renew() }
    }));
    other.set(cache.clone()).unwrap();
    let error = cache.credentials().unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::NoRuntime));
    assert!(error.to_string().contains("use the async cache in providers"), "{error}");
}

#[test]
fn failures_come_through_and_waits_end() {
    let world = world();
    let script = Script::new(&world, [Step::Permanent, Step::Panic], Step::Hang);
    let cache = script.cache(&world).blocking();
    assert_eq!(kind(&cache.renew().unwrap_err()), Some(FailureKind::Refused));
    assert_eq!(kind(&cache.renew().unwrap_err()), Some(FailureKind::Interrupted));
    assert!(cache.ready(MOMENT).is_err());
    // The thread has survived all of it.
    let other = CredentialsCache::with_policy(
        provider_fn(|| async { Credentials::builder("AKIAOTHER", "s").build() }),
        RefreshPolicy::aws(),
    );
    assert_eq!(other.credentials().unwrap().access_key_id(), "AKIAOTHER");
}

#[test]
fn it_keeps_fresh_what_nobody_reads() {
    let world = world();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let cache = script.cache(&world).blocking();
    let kept = cache.keep_fresh().unwrap();
    until("fetched without a read", || cache.is_ready());
    drop(kept);
}

/// Run by the next one, in a process of its own.
#[test]
#[ignore = "ends while a fetch hangs, for the test of how a process ends"]
fn ends_while_a_fetch_hangs() {
    let cache = CredentialsCache::new(provider_fn(std::future::pending));
    let waiting = cache.clone();
    std::thread::spawn(move || waiting.credentials());
    let _kept = cache.keep_fresh().unwrap();
    std::thread::sleep(MOMENT);
    assert!(cache.current().is_none());
}

#[test]
fn the_end_of_a_program_is_not_held_up() {
    let started = Instant::now();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "ends_while_a_fetch_hangs"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    assert!(started.elapsed() < Duration::from_secs(10));
}

/// Run by the next one, in a process of its own.
#[tokio::test]
#[ignore = "has no thread to be had, for the test of that"]
async fn says_that_there_is_no_thread() {
    let cache = CredentialsCache::new(provider_fn(|| async { Credentials::builder("AKIA", "s").build() }));
    let error = cache.credentials().unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::NoRuntime));
    assert!(error.to_string().contains("its thread cannot be started"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_thread_it_is_an_error_and_no_panic() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "says_that_there_is_no_thread", "--test-threads=1"])
        // More than there is.
        .env("RUST_MIN_STACK", (1_u64 << 60).to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn there_is_one_thread_whatever_the_number_of_caches() {
    for number in 0..20 {
        let key = format!("AKIA{number}");
        let cache = CredentialsCache::new(provider_fn(move || {
            let key = key.clone();
            async move { Credentials::builder(key, "s").build() }
        }));
        assert_eq!(cache.credentials().unwrap().access_key_id(), format!("AKIA{number}"));
    }
    let names = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = names.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    assert_eq!(names.filter(|name| name.trim_end() == "aws-credentials").count(), 1);
}
