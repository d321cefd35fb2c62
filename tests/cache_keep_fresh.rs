//! Caches that nobody reads are kept fresh by one task.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_credential_chain::testing::World;
use aws_credential_chain::{
    CacheState, Credentials, CredentialsCache, Error, Event, FailureKind, KeepFresh, RefreshPolicy,
    SourceKind, provider_fn,
};
use support::script::{Script, Step};
use tokio::time::{Instant, sleep};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn key(cache: &CredentialsCache) -> Option<String> {
    cache.current().map(|credentials| credentials.access_key_id().to_owned())
}

#[tokio::test(start_paused = true)]
async fn without_any_read_they_are_fetched_and_renewed_ahead_of_expiry() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR).after(2 * SECOND));
    let cache = script.cache(&world);
    let fresh = cache.keep_fresh().unwrap();
    assert!(cache.status().kept_fresh);
    sleep(3 * SECOND).await;
    assert_eq!(key(&cache).as_deref(), Some("AKIA1"));
    for minute in 1..=600 {
        sleep(MINUTE).await;
        assert_eq!(cache.status().state, CacheState::Fresh, "after {minute} min");
    }
    // Every 43 to 45 min.
    assert!((13..=15).contains(&script.calls()), "{}", script.calls());
    drop(fresh);
    assert!(!cache.status().kept_fresh);
    let calls = script.calls();
    sleep(2 * HOUR).await;
    assert_eq!(script.calls(), calls);
    // And again.
    let _fresh = cache.keep_fresh().unwrap();
    sleep(3 * SECOND).await;
    assert_eq!(script.calls(), calls + 1);
}

#[tokio::test(start_paused = true)]
async fn failures_are_paced_as_for_reads_and_healed_without_one() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Transient).of_kind(SourceKind::InstanceMetadata);
    let cache = script.cache(&world);
    let _fresh = cache.keep_fresh().unwrap();
    sleep(MINUTE).await;
    assert!((10..=30).contains(&script.calls()), "{}", script.calls());
    script.then_always(Step::Live(HOUR));
    sleep(6 * SECOND).await;
    assert_eq!(key(&cache).as_deref(), Some("AKIA1"));
    script.then_always(Step::Transient);
    sleep(2 * HOUR).await;
    assert!(cache.status().stale);
    script.then_always(Step::Live(HOUR));
    sleep(3 * MINUTE + SECOND).await;
    assert_eq!(cache.status().state, CacheState::Fresh);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_remembers_nothing_is_asked_once_a_second() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Transient);
    let cache = script.cache_with(&world, RefreshPolicy::aws());
    let _fresh = cache.keep_fresh().unwrap();
    sleep(MINUTE).await;
    assert!((55..=62).contains(&script.calls()), "{}", script.calls());
}

#[tokio::test(start_paused = true)]
async fn a_rejection_and_a_forgetting_are_acted_on_at_once() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let cache = script.cache(&world);
    let _fresh = cache.keep_fresh().unwrap();
    sleep(2 * SECOND).await;
    assert!(cache.invalidate("AKIA1"));
    sleep(Duration::from_millis(10)).await;
    assert_eq!(key(&cache).as_deref(), Some("AKIA2"));
    sleep(2 * SECOND).await;
    cache.forget();
    assert_eq!(key(&cache), None);
    sleep(Duration::from_millis(10)).await;
    assert_eq!(key(&cache).as_deref(), Some("AKIA3"));
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_is_noticed_within_half_a_minute() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let cache = script.cache(&world);
    let _fresh = cache.keep_fresh().unwrap();
    sleep(MINUTE).await;
    world.clock().turn(8 * HOUR);
    assert_eq!(key(&cache), None);
    sleep(30 * SECOND).await;
    assert_eq!(key(&cache).as_deref(), Some("AKIA2"));
    // Set back by a day, and soon in need of new ones: nothing is put off until tomorrow.
    script.then_always(Step::Transient);
    assert!(cache.invalidate("AKIA2"));
    sleep(SECOND).await;
    world.clock().turn_back(24 * HOUR);
    script.then_always(Step::Live(HOUR));
    sleep(31 * SECOND).await;
    assert_eq!(key(&cache).as_deref(), Some("AKIA3"));
}

#[tokio::test(start_paused = true)]
async fn on_demand_and_withheld_stay_so() {
    let world = World::new();
    for (policy, step) in
        [(RefreshPolicy::on_demand(), Step::Live(HOUR)), (RefreshPolicy::default(), Step::Withheld)]
    {
        let script = Script::new(&world, [], step);
        let cache = script.cache_with(&world, policy);
        let _ = cache.credentials().await;
        let _fresh = cache.keep_fresh().unwrap();
        sleep(10 * HOUR).await;
        assert_eq!(script.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn files_are_looked_at_without_a_read() {
    let profile = |id: &str| format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = s\n");
    let world = World::new().file("~/.aws/credentials", profile("AKIAOLD")).file("~/.aws/config", "");
    let chain = aws_credential_chain::DefaultChain::in_world(&world).no_instance_metadata();
    let cache = CredentialsCache::builder(chain).in_world(&world).build();
    let _fresh = cache.keep_fresh().unwrap();
    sleep(SECOND).await;
    assert_eq!(key(&cache).as_deref(), Some("AKIAOLD"));
    let _world = world.file("~/.aws/credentials", profile("AKIANEW"));
    sleep(MINUTE + SECOND).await;
    assert_eq!(key(&cache).as_deref(), Some("AKIANEW"));
}

/// A source of all tenants: what it gives lives an hour, it takes 200 ms, and it notes how much it is asked.
#[derive(Default)]
struct Tenants {
    asked: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    most_a_second: AtomicUsize,
    this_second: std::sync::Mutex<Option<(Instant, usize)>>,
}

impl Tenants {
    async fn issue(self: Arc<Self>, world: World) -> Result<Credentials, Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        {
            let mut second = self.this_second.lock().unwrap();
            let (began, asked) =
                second.filter(|(began, _)| began.elapsed() < SECOND).unwrap_or((Instant::now(), 0));
            *second = Some((began, asked + 1));
            self.most_a_second.fetch_max(asked + 1, Ordering::SeqCst);
        }
        sleep(Duration::from_millis(200)).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        Credentials::builder("ASIATENANT", "s")
            .expiry(world.clock().now() + HOUR)
            .source_kind(SourceKind::AssumeRole)
            .build()
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_are_kept_fresh_by_one_task_at_a_pace() {
    const MANY: usize = 100_000;
    let world = World::new();
    let tenants = Arc::new(Tenants::default());
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let kept: Vec<(CredentialsCache, KeepFresh)> = (0..MANY)
        .map(|_| {
            let (tenants, in_world) = (Arc::clone(&tenants), world.clone());
            let provider = provider_fn(move || Arc::clone(&tenants).issue(in_world.clone()));
            let cache = CredentialsCache::builder(provider).in_world(&world).build();
            let fresh = cache.keep_fresh().unwrap();
            (cache, fresh)
        })
        .collect();
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before + 1);
    // Two hundred a second: all have their first ones after 500 s.
    sleep(510 * SECOND).await;
    assert_eq!(tenants.asked.load(Ordering::SeqCst), MANY);
    // Past the expiry of the first ones.
    for _ in 0..6 {
        sleep(9 * MINUTE).await;
        let unready = kept.iter().filter(|(cache, _)| cache.current().is_none()).count();
        assert_eq!(unready, 0);
    }
    let asked = tenants.asked.load(Ordering::SeqCst);
    assert!((2 * MANY - 1..=2 * MANY).contains(&asked), "{asked}");
    assert!(tenants.most_at_once.load(Ordering::SeqCst) <= 128);
    let most = tenants.most_a_second.load(Ordering::SeqCst);
    assert!(most <= 260, "{most} in one second");
    drop(kept);
    sleep(SECOND).await;
    assert_eq!(
        tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        before,
        "it ends with the last"
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_holds_up_no_other() {
    let world = World::new();
    let hanging = Script::new(&world, [], Step::Hang);
    let mut kept = Vec::new();
    for _ in 0..500 {
        let cache = hanging.cache(&world);
        kept.push(cache.keep_fresh().unwrap());
    }
    let script = Script::new(&world, [], Step::Live(HOUR)).of_kind(SourceKind::Container);
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    kept.push(cache.keep_fresh().unwrap());
    for _ in 0..10 {
        sleep(30 * MINUTE).await;
        assert_eq!(cache.status().state, CacheState::Fresh);
    }
}

#[test]
fn outside_of_a_runtime_it_is_an_error() {
    let world = World::new();
    let cache = Script::new(&world, [], Step::Live(HOUR)).cache(&world);
    let error = cache.keep_fresh().unwrap_err();
    assert!(matches!(&error, Error::Failed(failure) if failure.kind() == FailureKind::NoRuntime), "{error}");
}

#[test]
fn a_runtime_that_is_shut_down_ends_it_and_another_takes_over() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let cache = script.cache(&world);
    let paused =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let first = paused();
    let guard = first.block_on(async {
        let guard = cache.keep_fresh().unwrap();
        sleep(SECOND).await;
        guard
    });
    drop(first);
    assert_eq!((key(&cache).as_deref(), script.calls()), (Some("AKIA1"), 1));
    // Registered with a runtime that is no more: harmless.
    assert!(cache.invalidate("AKIA1"));
    paused().block_on(async {
        sleep(HOUR).await;
        assert_eq!(script.calls(), 1);
        let _second = cache.keep_fresh().unwrap();
        sleep(SECOND).await;
        assert_eq!(key(&cache).as_deref(), Some("AKIA2"));
        drop(guard);
        sleep(2 * HOUR).await;
        assert_eq!(cache.status().state, CacheState::Fresh);
    });
}

#[tokio::test(start_paused = true)]
async fn a_guard_may_be_dropped_anywhere_and_time_and_again() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR).after(SECOND));
    let cell: Arc<std::sync::Mutex<Option<KeepFresh>>> = Arc::default();
    let inside = Arc::clone(&cell);
    let cache = CredentialsCache::builder(script.clone())
        .in_world(&world)
        .observer(move |_: &Event| drop(inside.lock().unwrap().take()))
        .build();
    for _ in 0..100 {
        *cell.lock().unwrap() = Some(cache.keep_fresh().unwrap());
        let other = cache.keep_fresh().unwrap();
        tokio::task::yield_now().await;
        drop(other);
        tokio::task::yield_now().await;
    }
    sleep(2 * HOUR).await;
    let _fresh = cache.keep_fresh().unwrap();
    sleep(2 * SECOND).await;
    assert_eq!(cache.status().state, CacheState::Fresh);
}

#[test]
fn on_many_threads_with_real_time() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    runtime.block_on(async {
        let mut kept: Vec<_> = (0..200)
            .map(|_| script.cache(&world))
            .map(|cache| (cache.keep_fresh().unwrap(), cache))
            .collect();
        for _ in 0..1000 {
            if kept.iter().all(|(_, cache)| cache.is_ready()) {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        assert!(kept.iter().all(|(_, cache)| cache.is_ready()));
        // Guards come and go while others are being served.
        let dropping = tokio::task::spawn_blocking(move || {
            while let Some((fresh, _cache)) = kept.pop() {
                drop(fresh);
            }
        });
        let again: Vec<_> = (0..200)
            .map(|_| script.cache(&world))
            .map(|cache| (cache.keep_fresh().unwrap(), cache))
            .collect();
        dropping.await.unwrap();
        for _ in 0..1000 {
            if again.iter().all(|(_, cache)| cache.is_ready()) {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("not all were served");
    });
}
