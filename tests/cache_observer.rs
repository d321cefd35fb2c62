//! Every change is visible: observers, events, status.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_credential_chain::testing::World;
use aws_credential_chain::{
    CacheState, CredentialsCache, Error, Event, ProviderChain, RefreshPolicy, SourceKind,
};
use support::outcome::settle;
use support::script::{Script, Step};
use support::seen::Seen;
use tokio::time::sleep;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Events in a word or two each, in their order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self) -> impl Fn(&Event) + Send + Sync + 'static + use<> {
        let diary = self.clone();
        move |event| {
            let shown_whole = format!("{event:?}");
            assert!(
                !shown_whole.contains("SECRET") && !shown_whole.contains("TOKEN"),
                "a secret in an event"
            );
            diary.0.lock().unwrap().push(shown(event));
        }
    }

    /// What came since the last call.
    fn page(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn shown(event: &Event) -> String {
    match event {
        Event::Started => "started".to_owned(),
        Event::Refreshed { source, access_key_id, lifetime, took, .. } => {
            let lifetime = lifetime.map(|lifetime| lifetime.as_secs());
            format!("{access_key_id} from {source} for {lifetime:?} s after {} s", took.as_secs())
        }
        Event::Failed { error, next_attempt, failures, left, .. } => {
            let kind = match error {
                Error::Failed(failure) => format!("{:?}", failure.kind()),
                _ => "not configured".to_owned(),
            };
            let left = left.map(|left| left.as_secs());
            format!("failed {failures}: {kind}, {left:?} s left, again: {}", next_attempt.is_some())
        }
        Event::SourceChanged { from, to, .. } => format!("from {from} to {to}"),
        Event::Invalidated { access_key_id, .. } => format!("invalidated {access_key_id}"),
        Event::Expired { source, access_key_id, stale, .. } => {
            format!("expired {access_key_id} of {source}, stale: {stale}")
        }
        Event::Waited { waited, .. } => format!("waited {} s", waited.as_secs()),
        Event::ServedStale { expired_for, .. } => format!("stale for {} s", expired_for.as_secs()),
        other => format!("{other:?}"),
    }
}

fn observed(script: &Script, world: &World, diary: &Diary) -> CredentialsCache {
    CredentialsCache::builder(script.clone()).in_world(world).observer(diary.note()).build()
}

#[tokio::test(start_paused = true)]
async fn each_change_is_told_in_its_order() {
    let (seen, _guard) = Seen::start();
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR).after(2 * SECOND)], Step::Transient)
        .of_kind(SourceKind::InstanceMetadata);
    let diary = Diary::default();
    let cache = observed(&script, &world, &diary);
    cache.credentials().await.unwrap();
    assert_eq!(
        diary.page(),
        ["started", "AKIA1 from instance metadata for Some(3600) s after 2 s", "waited 2 s"]
    );
    // Reads on the common path tell nothing.
    for _ in 0..100 {
        cache.credentials().await.unwrap();
    }
    assert!(diary.page().is_empty());

    sleep(50 * MINUTE).await;
    cache.credentials().await.unwrap();
    settle().await;
    assert_eq!(diary.page(), ["started", "failed 1: Unavailable, Some(600) s left, again: true"]);

    sleep(20 * MINUTE).await;
    assert!(cache.credentials().await.unwrap().is_stale());
    assert!(cache.current().unwrap().is_stale());
    settle().await;
    let page = diary.page();
    assert_eq!(page[0], "expired AKIA1 of instance metadata, stale: true");
    assert_eq!(page.iter().filter(|line| line.starts_with("expired")).count(), 1, "{page:?}");
    assert_eq!(page.iter().filter(|line| line.starts_with("stale for 60")).count(), 2, "{page:?}");
    let status = cache.status();
    assert!(status.stale && status.state == CacheState::Expired);
    assert_eq!(status.generation, Some(cache.current().unwrap().generation()));

    script.then_always(Step::Live(HOUR));
    sleep(5 * MINUTE).await;
    cache.credentials().await.unwrap();
    settle().await;
    assert!(diary.page().contains(&"AKIA2 from instance metadata for Some(3600) s after 0 s".to_owned()));
    assert!(!cache.status().stale);
    assert!(cache.invalidate("AKIA2") && !cache.invalidate("AKIA1"));
    // Told once: a hundred tasks may have been refused.
    assert!(cache.invalidate("AKIA2"));
    assert_eq!(diary.page(), ["invalidated AKIA2"]);
    script.then_always(Step::Permanent);
    cache.renew().await.unwrap_err();
    assert_eq!(diary.page(), ["started", "failed 1: Refused, Some(3600) s left, again: true"]);
    // The next set expires anew.
    script.then_always(Step::Live(HOUR));
    cache.renew().await.unwrap();
    sleep(2 * HOUR).await;
    assert!(cache.current().is_some());
    assert!(diary.page().contains(&"expired AKIA3 of instance metadata, stale: true".to_owned()));

    let text = seen.text();
    for event in [
        "credentials are being refreshed",
        "credentials refreshed source=instance metadata",
        "credentials not refreshed failures=1 next_attempt=2026-",
        "credentials have expired",
        "credentials invalidated access_key_id=\"AKIA2\"",
    ] {
        assert!(text.contains(event), "{event}");
    }
    assert_eq!(text.matches("credentials have expired").count(), 2);
    seen.assert_none_of((1..=3).flat_map(|n| [format!("SECRET{n}"), format!("TOKEN{n}")]));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_takes_the_place_of_another_is_told() {
    let (seen, _guard) = Seen::start();
    let world = World::new();
    let first = Script::new(&world, [], Step::NotConfigured).of_kind(SourceKind::Environment);
    let second = Script::new(&world, [], Step::Live(HOUR)).of_kind(SourceKind::InstanceMetadata);
    let diary = Diary::default();
    let chain = ProviderChain::new().then(first.clone()).then(second);
    let cache = CredentialsCache::builder(chain).in_world(&world).observer(diary.note()).build();
    cache.renew().await.unwrap();
    cache.renew().await.unwrap();
    diary.page();
    first.then_always(Step::Live(HOUR));
    cache.renew().await.unwrap();
    assert_eq!(
        diary.page(),
        [
            "started",
            "AKIA1 from environment for Some(3600) s after 0 s",
            "from instance metadata to environment"
        ]
    );
    assert!(seen.text().contains("come from another source from=instance metadata to=environment"));
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_harms_nobody() {
    let (seen, _guard) = Seen::start();
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR), Step::Panic], Step::Live(HOUR));
    let diary = Diary::default();
    let cache = CredentialsCache::builder(script.clone())
        .in_world(&world)
        .observer(|event: &Event| panic!("{event:?}"))
        .observer(diary.note())
        .build();
    cache.credentials().await.unwrap();
    // One on top of the other: the flight lands while its task unwinds.
    cache.renew().await.unwrap_err();
    cache.renew().await.unwrap();
    assert!(cache.invalidate("AKIA2"));
    cache.credentials().await.unwrap();
    assert_eq!(diary.page().iter().filter(|line| *line == "started").count(), 4);
    assert!(seen.text().contains("an observer of a credentials cache panicked"));
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_call_the_cache() {
    let world = World::new();
    let script = Script::new(&world, [Step::Transient], Step::Live(HOUR));
    let cell: Arc<OnceLock<CredentialsCache>> = Arc::default();
    let calls = Arc::new(AtomicUsize::new(0));
    let (inside, counted) = (Arc::clone(&cell), Arc::clone(&calls));
    let cache = CredentialsCache::builder(script)
        .in_world(&world)
        .observer(move |event: &Event| {
            let cache = inside.get().unwrap();
            let status = cache.status();
            let _ = cache.current();
            if matches!(event, Event::Failed { .. }) {
                assert_eq!(status.failures, 1, "what is told has happened");
                cache.invalidate("AKIA1");
                cache.forget();
            }
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .build();
    cell.set(cache.clone()).unwrap();
    // The failure is forgotten before the read has heard of it.
    assert_eq!(cache.credentials().await.unwrap().access_key_id(), "AKIA1");
    assert!(calls.load(Ordering::SeqCst) >= 5);
}

#[tokio::test(start_paused = true)]
async fn what_is_withheld_has_no_next_attempt() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Withheld);
    let diary = Diary::default();
    let cache = CredentialsCache::builder(script)
        .in_world(&world)
        .refresh(RefreshPolicy::on_demand())
        .observer(diary.note())
        .build();
    let error = cache.credentials().await.unwrap_err();
    assert!(error.next_attempt().is_none() && cache.status().next_attempt.is_none());
    assert_eq!(diary.page()[1], "failed 1: Withheld, None s left, again: false");
}
