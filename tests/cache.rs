//! The cache, seen from outside: a scripted provider behind it, reads in front of it, time turned by hand.
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

use aws_credential_chain::providers::{Anonymous, StaticKeys};
use aws_credential_chain::testing::World;
use aws_credential_chain::{CacheState, CredentialsCache, RefreshMode, RefreshPolicy, SourceKind};
use secrecy::ExposeSecret;
use support::outcome::settle;
use support::script::{Script, Step};
use support::seen::Seen;
use tokio::time::{Instant, advance, sleep};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

/// A read, and how long it waited.
async fn timed(cache: &CredentialsCache) -> (Result<String, aws_credential_chain::Error>, Duration) {
    let started = Instant::now();
    let read = cache.credentials().await.map(|credentials| credentials.access_key_id().to_owned());
    (read, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_before_the_first_read_and_only_once_after_it() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let cache = script.cache(&world);
    assert!(cache.current().is_none());
    assert_eq!(script.calls(), 0);
    for _ in 0..100 {
        assert_eq!(cache.credentials().await.unwrap().access_key_id(), "AKIA1");
    }
    assert_eq!(cache.current().unwrap().access_key_id(), "AKIA1");
    assert_eq!(cache.with_current(|credentials| credentials.access_key_id().len()), Some(5));
    assert_eq!(script.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_tasks_on_an_empty_cache_share_one_fetch() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR).after(SECOND)], Step::Panic);
    let cache = script.cache(&world);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10_000 {
        let cache = cache.clone();
        tasks.spawn(async move { cache.credentials().await.unwrap().access_key_id().to_owned() });
    }
    assert!(tasks.join_all().await.iter().all(|key| key == "AKIA1"));
    assert_eq!(script.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_ahead_of_expiry_makes_nobody_wait() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR)], Step::Live(HOUR).after(2 * SECOND));
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    // An hour's credentials are renewed 15 min ahead, moved earlier by up to a tenth of that.
    advance(Duration::from_secs(43 * 60)).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
    assert_eq!(script.calls(), 1);
    advance(2 * MINUTE).await;
    assert_eq!(cache.status().state, CacheState::Advisory);
    for _ in 0..100 {
        let (key, waited) = timed(&cache).await;
        assert_eq!((key.unwrap().as_str(), waited), ("AKIA1", Duration::ZERO));
        settle().await;
    }
    assert_eq!(script.calls(), 2);
    sleep(3 * SECOND).await;
    let (key, waited) = timed(&cache).await;
    assert_eq!((key.unwrap().as_str(), waited), ("AKIA2", Duration::ZERO));
    assert_eq!(script.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn inline_the_reader_that_starts_the_refresh_waits_and_no_other() {
    for (policy, world) in [
        (RefreshPolicy::default().mode(RefreshMode::Inline), World::new()),
        (RefreshPolicy::default(), World::new().env("AWS_LAMBDA_FUNCTION_NAME", "f")),
    ] {
        let script = Script::new(&world, [Step::Live(HOUR)], Step::Live(HOUR).after(2 * SECOND));
        let cache = script.cache_with(&world, policy);
        cache.credentials().await.unwrap();
        advance(50 * MINUTE).await;
        let starter = tokio::spawn({
            let cache = cache.clone();
            async move { timed(&cache).await }
        });
        settle().await;
        assert_eq!(timed(&cache).await.1, Duration::ZERO);
        let (key, waited) = starter.await.unwrap();
        assert_eq!((key.unwrap().as_str(), waited), ("AKIA2", 2 * SECOND));
    }
}

#[tokio::test(start_paused = true)]
async fn in_the_last_minute_a_read_waits_for_the_refresh() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR)], Step::Live(HOUR).after(2 * SECOND));
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    advance(HOUR - 30 * SECOND).await;
    assert_eq!(cache.status().state, CacheState::Mandatory);
    let (key, waited) = timed(&cache).await;
    assert_eq!((key.unwrap().as_str(), waited), ("AKIA2", 2 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_source_holds_up_no_read_beyond_five_seconds_while_credentials_are_valid() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR)], Step::Hang);
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    advance(HOUR - 30 * SECOND).await;
    let (key, waited) = timed(&cache).await;
    assert_eq!((key.unwrap().as_str(), waited), ("AKIA1", 5 * SECOND));
    // The next one does not start from the beginning.
    assert_eq!(timed(&cache).await.1, Duration::ZERO);
    // Three seconds before expiry there is no time to wait.
    sleep(22 * SECOND).await;
    let (key, waited) = timed(&cache).await;
    assert_eq!((key.unwrap().as_str(), waited), ("AKIA1", Duration::ZERO));
    assert_eq!(script.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_provider_ends_in_an_error_for_all_who_wait() {
    let world = World::new();
    let script = Script::new(&world, [Step::Hang], Step::Live(HOUR));
    let cache = script.cache(&world);
    let (first, second) = tokio::join!(timed(&cache), timed(&cache));
    for (read, waited) in [first, second] {
        assert_eq!(waited, 30 * SECOND);
        let error = read.unwrap_err();
        assert!(error.to_string().starts_with("credentials: no answer within 30 s"), "{error}");
        assert!(error.is_transient());
    }
    sleep(SECOND).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
}

#[tokio::test(start_paused = true)]
async fn a_failing_source_is_left_alone_between_attempts_however_many_ask() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Transient);
    let cache = script.cache(&world);
    let started = Instant::now();
    while started.elapsed() < MINUTE {
        let (read, waited) = timed(&cache).await;
        let error = read.unwrap_err();
        assert_eq!(waited, Duration::ZERO);
        assert!(error.next_attempt().unwrap() > world.clock().now());
        advance(Duration::from_millis(10)).await;
    }
    // 100 ms, doubling up to 5 s, each drawn between its half and its whole.
    assert!((12..=35).contains(&script.calls()), "{}", script.calls());
    script.then_always(Step::Live(HOUR));
    sleep(5 * SECOND).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
    assert!(cache.status().last_failure.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_outage_shorter_than_the_advisory_window_is_not_noticed() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR)], Step::Transient);
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    advance(46 * MINUTE).await;
    for _ in 0..600 {
        let (key, waited) = timed(&cache).await;
        assert_eq!((key.unwrap().as_str(), waited), ("AKIA1", Duration::ZERO));
        settle().await;
        advance(SECOND).await;
    }
    // Paced: far from once a second.
    assert!((6..=40).contains(&script.calls()), "{}", script.calls());
    assert!(cache.status().failures > 4);
    script.then_always(Step::Live(HOUR));
    for _ in 0..120 {
        timed(&cache).await.0.unwrap();
        settle().await;
        advance(SECOND).await;
    }
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA2");
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_raised_only_from_the_mandatory_instant_on() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR)], Step::Permanent);
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    advance(46 * MINUTE).await;
    for _ in 0..12 {
        assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
        settle().await;
        advance(MINUTE).await;
    }
    assert!(cache.status().last_failure.is_some());
    advance(75 * SECOND).await;
    assert_eq!(cache.status().state, CacheState::Mandatory);
    let calls = script.calls();
    let error = timed(&cache).await.0.unwrap_err();
    assert!(error.to_string().contains("as the script says"), "{error}");
    assert!(script.calls() <= calls + 1);
    // A program without a place for errors still has what is valid.
    assert_eq!(cache.current().unwrap().access_key_id(), "AKIA1");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_does_not_end_the_fetch() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR).after(2 * SECOND)], Step::Panic);
    let cache = script.cache(&world);
    assert!(tokio::time::timeout(SECOND, cache.credentials()).await.is_err());
    assert!(cache.status().refreshing);
    let (key, waited) = timed(&cache).await;
    assert_eq!((key.unwrap().as_str(), waited), ("AKIA1", SECOND));
    assert_eq!(script.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_provider_is_an_error_and_not_the_end() {
    let world = World::new();
    let script = Script::new(&world, [Step::Panic], Step::Live(HOUR));
    let cache = script.cache(&world);
    let error = timed(&cache).await.0.unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
    sleep(SECOND).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
}

#[tokio::test(start_paused = true)]
async fn credentials_that_come_expired_are_a_failed_refresh() {
    let world = World::new();
    let script = Script::new(&world, [Step::Expired(MINUTE), Step::Live(HOUR)], Step::Expired(MINUTE));
    let cache = script.cache(&world);
    let error = timed(&cache).await.0.unwrap_err();
    assert!(error.to_string().contains("expired at 2026-11-23T11:59:00Z"), "{error}");
    assert!(cache.current().is_none());
    sleep(SECOND).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA2");
    advance(50 * MINUTE).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA2");
    settle().await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA2");
    assert_eq!(script.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_of_a_custom_source_are_never_served() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR)], Step::Transient);
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    advance(HOUR - SECOND).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
    advance(SECOND).await;
    assert!(cache.current().is_none());
    assert!(timed(&cache).await.0.is_err());
    assert!(cache.with_current(|_| ()).is_none());
    assert_eq!(cache.status().state, CacheState::Expired);
}

#[tokio::test(start_paused = true)]
async fn without_an_expiry_nothing_is_ever_renewed_until_it_is_invalidated() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Forever);
    let cache = script.cache(&world);
    let first = cache.credentials().await.unwrap();
    advance(10_000 * HOUR).await;
    cache.credentials().await.unwrap();
    assert_eq!(script.calls(), 1);
    assert!(cache.invalidate(&first));
    assert_eq!(cache.credentials().await.unwrap().access_key_id(), "AKIA2");
}

#[tokio::test(start_paused = true)]
async fn invalidate_makes_the_next_read_ask_and_ignores_what_is_not_held() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR).after(SECOND));
    let cache = script.cache(&world);
    let first = cache.credentials().await.unwrap();
    assert!(!cache.invalidate("AKIA99"));
    assert_eq!(timed(&cache).await.1, Duration::ZERO);
    assert!(cache.invalidate(&first));
    let (key, waited) = timed(&cache).await;
    assert_eq!((key.unwrap().as_str(), waited), ("AKIA2", SECOND));
    // A late report about the old ones touches nothing.
    assert!(!cache.invalidate(&first));
    assert_eq!(timed(&cache).await.1, Duration::ZERO);
    assert_eq!(script.calls(), 2);
    // By id. What came was new, not a repetition: the source is asked again at once.
    assert!(cache.invalidate("AKIA2"));
    let (key, waited) = timed(&cache).await;
    assert_eq!((key.unwrap().as_str(), waited), ("AKIA3", SECOND));
}

#[tokio::test(start_paused = true)]
async fn invalidated_credentials_are_kept_in_case_the_refresh_fails() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR)], Step::Transient);
    let cache = script.cache(&world);
    let first = cache.credentials().await.unwrap();
    cache.invalidate(&first);
    for _ in 0..100 {
        assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
    }
    assert_eq!(script.calls(), 2, "a running pause stays");
}

#[tokio::test(start_paused = true)]
async fn a_rejection_during_a_refresh_is_not_lost() {
    let world = World::new();
    let steps = [Step::Live(HOUR), Step::Repeat(HOUR).after(2 * SECOND), Step::Live(HOUR)];
    let script = Script::new(&world, steps, Step::Panic);
    let cache = script.cache(&world);
    let first = cache.credentials().await.unwrap();
    advance(50 * MINUTE).await;
    cache.credentials().await.unwrap();
    sleep(SECOND).await;
    // Rejected while the flight that will bring the same key is up.
    assert!(cache.invalidate(&first));
    sleep(2 * SECOND).await;
    assert_eq!(script.calls(), 2);
    // The source repeated itself: it is left alone for a minute at most, then asked again.
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
    sleep(MINUTE).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA2");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_repeats_itself_is_not_asked_in_a_loop() {
    let world = World::new();
    let policy = RefreshPolicy::default();
    let script = Script::new(&world, [Step::Live(HOUR)], Step::Repeat(10 * SECOND));
    let cache = script.cache_with(&world, policy);
    cache.credentials().await.unwrap();
    advance(HOUR - 40 * SECOND).await;
    for _ in 0..3000 {
        timed(&cache).await.0.unwrap();
        settle().await;
        advance(Duration::from_millis(10)).await;
    }
    // 30 s of credentials that live 10 s each: every five seconds or so, not at each read.
    assert!((4..=12).contains(&script.calls()), "{}", script.calls());
}

#[tokio::test(start_paused = true)]
async fn renew_asks_now_and_keeps_what_is_in_hand_if_it_fails() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR), Step::Live(HOUR)], Step::Transient);
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    assert_eq!(cache.renew().await.unwrap().access_key_id(), "AKIA2");
    assert!(cache.renew().await.is_err());
    // Also while the source is being left alone: somebody asked for it.
    assert!(cache.renew().await.is_err());
    assert_eq!(script.calls(), 4);
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA2");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_shares_the_no_that_a_read_was_told() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Withheld.after(SECOND));
    let cache = script.cache(&world);
    let (read, renewed) = tokio::join!(cache.credentials(), cache.renew());
    assert!(read.is_err() && renewed.is_err());
    assert_eq!(script.calls(), 1, "somebody was asked twice");
    assert!(cache.renew().await.is_err());
    assert_eq!(script.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn forget_drops_what_is_held_and_what_is_on_its_way() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR).after(2 * SECOND)], Step::Live(HOUR));
    let cache = script.cache(&world);
    let before = tokio::spawn({
        let cache = cache.clone();
        async move { timed(&cache).await }
    });
    sleep(SECOND).await;
    cache.forget();
    let (after, waited) = timed(&cache).await;
    assert_eq!((after.unwrap().as_str(), waited), ("AKIA2", SECOND));
    assert_eq!(before.await.unwrap().0.unwrap(), "AKIA2", "who asked before is served with what is current");
    cache.forget();
    assert!(cache.current().is_none());
    assert_eq!(cache.status().state, CacheState::Empty);
}

#[tokio::test(start_paused = true)]
async fn short_lifetimes_have_short_windows() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(20 * SECOND));
    let cache = script.cache(&world);
    for _ in 0..200 {
        let (key, waited) = timed(&cache).await;
        key.unwrap();
        assert_eq!(waited, Duration::ZERO);
        settle().await;
        advance(SECOND).await;
    }
    // Renewed at half their life: ten times a hundred seconds, not at each read.
    assert!((18..=26).contains(&script.calls()), "{}", script.calls());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_steps_forward_finds_expired_credentials_expired() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    // A laptop slept: no timer has noticed.
    world.clock().turn(2 * HOUR);
    assert!(cache.current().is_none());
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA2");
    assert_eq!(script.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_steps_back_does_no_harm() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR), Step::Transient], Step::Live(HOUR));
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    world.clock().turn_back(24 * HOUR);
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
    assert_eq!(cache.status().age, Some(Duration::ZERO));
    assert_eq!(script.calls(), 1);
    world.clock().turn(25 * HOUR);
    assert!(timed(&cache).await.0.is_err());
    // The pause after a failure lies ahead of a clock that steps back: it must not last for ever.
    world.clock().turn_back(24 * HOUR);
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
    world.clock().turn(24 * HOUR + 5 * SECOND);
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA2");
}

#[tokio::test(start_paused = true)]
async fn a_failure_remembered_before_a_step_back_does_not_block_an_empty_cache() {
    let world = World::new();
    let script = Script::new(&world, [Step::Transient], Step::Live(HOUR));
    let cache = script.cache(&world);
    assert!(timed(&cache).await.0.is_err());
    world.clock().turn_back(HOUR);
    sleep(5 * SECOND).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_what_counts() {
    let world = World::new();
    let script = Script::new(&world, [Step::RetryAfter(20 * SECOND)], Step::Live(HOUR));
    let cache = script.cache(&world);
    assert!(timed(&cache).await.0.is_err());
    sleep(19 * SECOND).await;
    assert!(timed(&cache).await.0.is_err());
    assert_eq!(script.calls(), 1);
    sleep(3 * SECOND).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
}

#[tokio::test(start_paused = true)]
async fn not_configured_is_a_failed_refresh_once_there_were_credentials() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR)], Step::NotConfigured);
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    advance(HOUR - 30 * SECOND).await;
    assert_eq!(timed(&cache).await.0.unwrap(), "AKIA1");
    assert!(cache.status().last_failure.unwrap().is_not_configured());
}

#[tokio::test(start_paused = true)]
async fn a_cache_in_a_cache_is_one_cache() {
    let world = World::new();
    let script = Script::new(&world, [], Step::Live(HOUR));
    let inner = script.cache(&world);
    let outer = CredentialsCache::new(inner.clone());
    let outermost = CredentialsCache::new(aws_credential_chain::SharedProvider::new(outer.clone()));
    outermost.credentials().await.unwrap();
    assert_eq!(inner.current().unwrap().generation(), outermost.current().unwrap().generation());
    inner.forget();
    assert!(outer.current().is_none() && outermost.current().is_none());
}

#[tokio::test(start_paused = true)]
async fn status_tells_how_it_stands_and_no_secret() {
    let world = World::new();
    let script = Script::new(&world, [Step::Live(HOUR)], Step::Transient);
    let cache = script.cache(&world);
    cache.credentials().await.unwrap();
    advance(50 * MINUTE).await;
    cache.credentials().await.unwrap();
    settle().await;
    let status = cache.status();
    assert_eq!(status.state, CacheState::Advisory);
    assert_eq!(status.access_key_id.as_deref(), Some("AKIA1"));
    assert_eq!(status.age, Some(50 * MINUTE));
    assert_eq!(status.failures, 1);
    assert!(status.next_attempt.unwrap() > world.clock().now());
    let shown = format!("{status:?} {cache:?}");
    assert!(shown.contains("CredentialsCache") && shown.contains("AKIA1"), "{shown}");
    assert!(!shown.contains("SECRET1") && !shown.contains("TOKEN1"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn no_secret_reaches_an_event_an_error_or_debug() {
    let (seen, _guard) = Seen::start();
    let world = World::new();
    let steps = [
        Step::Live(HOUR),
        Step::Transient,
        Step::Permanent,
        Step::Expired(MINUTE),
        Step::Panic,
        Step::NotConfigured,
    ];
    let script = Script::new(&world, steps, Step::Live(HOUR));
    let cache = script.cache(&world);
    let first = cache.credentials().await.unwrap();
    seen.also(format!("{first:?} {cache:?} {:?}", cache.status()));
    cache.invalidate(&first);
    for _ in 0..5 {
        let error = cache.renew().await.unwrap_err();
        seen.also(format!("{error} {error:?} {cache:?}"));
    }
    let last = cache.renew().await.unwrap();
    seen.also(format!("{last:?}"));
    let text = seen.text();
    for event in ["credentials refreshed", "credentials not refreshed", "credentials invalidated", "AKIA1"] {
        assert!(text.contains(event), "{event}");
    }
    seen.assert_none_of((1..=3).flat_map(|n| [format!("SECRET{n}"), format!("TOKEN{n}")]));
}

#[tokio::test(start_paused = true)]
async fn keys_of_the_program_and_no_keys_on_purpose() {
    let keys = StaticKeys::new("AKIASTATIC", "secret", Some("token".into())).unwrap();
    let credentials = CredentialsCache::new(keys).credentials().await.unwrap();
    assert_eq!(credentials.access_key_id(), "AKIASTATIC");
    assert_eq!(credentials.session_token().unwrap().expose_secret(), "token");
    assert_eq!(credentials.source().kind(), SourceKind::StaticKeys);
    assert!(!credentials.is_anonymous());
    assert!(StaticKeys::new("AKIASTATIC", "", None).is_err());

    let nobody = CredentialsCache::new(Anonymous).credentials().await.unwrap();
    assert!(nobody.is_anonymous() && nobody.access_key_id().is_empty());
    assert_eq!(nobody.source().kind(), SourceKind::Anonymous);
}

#[tokio::test(start_paused = true)]
async fn processes_that_start_together_do_not_refresh_together() {
    for (policy, expected) in [(RefreshPolicy::default(), 90..=100), (RefreshPolicy::aws(), 1..=1)] {
        let world = World::new();
        let mut due = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let script = Script::new(&world, [], Step::Live(HOUR)).of_kind(SourceKind::InstanceMetadata);
            let cache = script.cache_with(&world, policy.clone());
            let expiry = cache.credentials().await.unwrap().expiry().unwrap();
            due.insert(expiry.duration_since(cache.status().refresh_due.unwrap()).unwrap());
        }
        assert!(expected.contains(&due.len()), "{} moments", due.len());
        // A quarter of an hour ahead, and up to a tenth more.
        assert!(due.iter().all(|ahead| (15 * MINUTE..=15 * MINUTE + 90 * SECOND).contains(ahead)));
    }
}

#[tokio::test(start_paused = true)]
async fn processes_restored_from_one_snapshot_do_not_retry_together() {
    let mut pauses = std::collections::BTreeSet::new();
    for restored_after in 1..=100 {
        // The generator is the same in all of them; the time is not.
        let world = World::new();
        world.clock().seed(7);
        let cache = Script::new(&world, [], Step::Permanent).cache(&world);
        world.clock().turn(Duration::from_micros(restored_after));
        cache.credentials().await.unwrap_err();
        let next = cache.status().next_attempt.unwrap();
        pauses.insert(next.duration_since(world.clock().now()).unwrap());
    }
    assert!(pauses.len() > 90, "{} different pauses", pauses.len());
}
