//! How often a pool asks STS, and how many at once.
#![cfg(feature = "sts")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::sts::StsLimiter;
use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{CachePool, Credentials, Error, Event, FailureKind, Region, Role};
use support::outcome::kind;
use support::seen::Seen;
use support::tenants::{aws_with, keys, role};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn pool(aws: &LocalAws, world: &World, limiter: StsLimiter) -> CachePool<Role> {
    CachePool::of_roles(keys(aws)).in_world(world).limiter(limiter).build()
}

/// Reads so many tenants at once.
async fn read_all(
    pool: &CachePool<Role>,
    tenants: std::ops::Range<usize>,
) -> Vec<Result<Credentials, Error>> {
    let reads: Vec<_> = tenants
        .map(|number| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.credentials(&role(number)).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for read in reads {
        outcomes.push(read.await.unwrap());
    }
    outcomes
}

/// The most requests within any second.
fn most_in_a_second(aws: &LocalAws) -> usize {
    let at: Vec<SystemTime> = aws.requests().iter().map(aws_credential_chain::testing::Request::at).collect();
    let within = |from: &SystemTime| at.iter().filter(|at| (*from..*from + SECOND).contains(*at)).count();
    at.iter().map(within).max().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn no_second_has_more_calls_than_the_limiter_lets_through() {
    let (aws, world) = aws_with(400).await;
    let pool = pool(&aws, &world, StsLimiter::new().per_second(50));
    let began = Instant::now();
    let outcomes = read_all(&pool, 0..400).await;
    assert!(outcomes.iter().all(Result::is_ok), "{:?}", outcomes.iter().find(|outcome| outcome.is_err()));
    let most = most_in_a_second(&aws);
    assert!((45..=57).contains(&most), "{most} in one second");
    let took = began.elapsed();
    assert!((7 * SECOND..=9 * SECOND).contains(&took), "{took:?}");
    assert_eq!(aws.count(Route::AssumeRole), 400);
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_up_at_once_than_it_lets_through() {
    let (aws, world) = aws_with(100).await;
    aws.fault(Route::AssumeRole, Fault::delay(Duration::from_millis(500)).forever());
    let pool = pool(&aws, &world, StsLimiter::new().at_once(8).patience(60 * SECOND));
    let began = Instant::now();
    let reads = tokio::spawn({
        let pool = pool.clone();
        async move { read_all(&pool, 0..100).await }
    });
    sleep(SECOND).await;
    let waiting = pool.limiter().unwrap().waiting();
    assert!((70..=92).contains(&waiting), "{waiting} wait");
    assert!(reads.await.unwrap().iter().all(Result::is_ok));
    // A hundred by eight, half a second each.
    let took = began.elapsed();
    assert!((6 * SECOND..8 * SECOND).contains(&took), "{took:?}");
    assert_eq!(pool.limiter().unwrap().waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_told_who_holds_it_up() {
    let (seen, _guard) = Seen::start();
    let (aws, world) = aws_with(100).await;
    let pool = pool(&aws, &world, StsLimiter::new().per_second(10).patience(2 * SECOND));
    let outcomes = read_all(&pool, 0..100).await;
    let failed: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    // Ten a second for two seconds, and one at once.
    assert!((75..=82).contains(&failed.len()), "{}", failed.len());
    assert_eq!(aws.count(Route::AssumeRole), 100 - failed.len(), "of those that failed STS was not asked");
    for error in &failed {
        assert_eq!(kind(error), Some(FailureKind::TimedOut));
        let text = error.to_string();
        for part in
            ["STS limiter: no turn at http://127.0.0.1:", "within 2 s", "10 calls a second", "64 at once"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        seen.also(format!("{error:?}"));
    }
    // Later there is room.
    sleep(10 * SECOND).await;
    for number in 0..100 {
        pool.credentials(&role(number)).await.unwrap();
    }
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_it_down_for_a_while() {
    let (aws, world) = aws_with(2000).await;
    let pool = pool(&aws, &world, StsLimiter::new().per_second(100).patience(60 * SECOND));
    let read = async |tenants| {
        let (began, before) = (Instant::now(), aws.count(Route::AssumeRole));
        read_all(&pool, tenants).await;
        let calls = u32::try_from(aws.count(Route::AssumeRole) - before).unwrap();
        f64::from(calls) / began.elapsed().as_secs_f64()
    };
    let well = read(0..500).await;
    assert!((95.0..120.0).contains(&well), "{well} a second");
    aws.fault(Route::AssumeRole, Fault::sts_error("Throttling").times(3));
    for number in 500..503 {
        assert_eq!(kind(&pool.credentials(&role(number)).await.unwrap_err()), Some(FailureKind::Throttled));
        sleep(Duration::from_millis(1100)).await;
    }
    let slowed = read(503..700).await;
    assert!((12.0..45.0).contains(&slowed), "{slowed} a second");
    sleep(60 * SECOND).await;
    let again = read(700..1200).await;
    assert!((95.0..120.0).contains(&again), "{again} a second");
}

#[tokio::test(start_paused = true)]
async fn pools_that_share_a_limiter_share_its_turns_and_other_accounts_have_their_own() {
    let (aws, world) = aws_with(200).await;
    aws.metadata().role("web");
    let limiter = StsLimiter::new().per_second(20).patience(60 * SECOND);
    let one = pool(&aws, &world, limiter.clone());
    let other = pool(&aws, &world, limiter.clone());
    // Another account than the users', which the metadata service tells.
    let third = CachePool::of_roles(aws_credential_chain::DefaultChain::in_world(&world))
        .in_world(&world)
        .limiter(limiter)
        .build();
    let began = Instant::now();
    tokio::join!(read_all(&one, 0..100), read_all(&other, 100..200));
    let shared = began.elapsed();
    assert!((9 * SECOND..12 * SECOND).contains(&shared), "{shared:?}");
    let began = Instant::now();
    tokio::join!(read_all(&one, 100..200), read_all(&third, 0..100));
    let apart = began.elapsed();
    assert!((4 * SECOND..6 * SECOND).contains(&apart), "{apart:?}");
}

#[tokio::test(start_paused = true)]
async fn each_region_has_its_own_turns() {
    let (aws, world) = aws_with(100).await;
    let limiter = StsLimiter::new().per_second(20).patience(60 * SECOND);
    let (id, secret) = aws.sts().user("111111111111", "alice");
    let [one, same, other] = ["eu-west-1", "eu-west-1", "us-west-2"].map(|region| {
        CachePool::of_roles(StaticKeys::new(id.clone(), secret.clone(), None).unwrap())
            .in_world(&world)
            .region(Region::new(region).unwrap())
            .limiter(limiter.clone())
            .build()
    });
    let began = Instant::now();
    tokio::join!(read_all(&one, 0..100), read_all(&other, 0..100));
    let apart = began.elapsed();
    assert!((4 * SECOND..6 * SECOND).contains(&apart), "{apart:?}");
    let began = Instant::now();
    // Those of the one that are there already take no turn.
    tokio::join!(read_all(&one, 0..100), read_all(&same, 0..100));
    let once_more = began.elapsed();
    assert!((4 * SECOND..6 * SECOND).contains(&once_more), "{once_more:?}");
}

#[tokio::test(start_paused = true)]
async fn the_source_is_asked_without_a_turn_and_waits_are_told() {
    let (aws, world) = aws_with(20).await;
    aws.metadata().role("web");
    let waits = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&waits);
    let hub = "arn:aws:iam::111111111111:role/hub";
    aws.sts().role(hub);
    let hub = Role::builder(hub).build().unwrap();
    let source = aws_credential_chain::DefaultChain::in_world(&world);
    let source = aws_credential_chain::ProviderExt::assume(source, hub).in_world(&world);
    let pool = CachePool::of_roles(source)
        .in_world(&world)
        .limiter(StsLimiter::new().per_second(2).patience(60 * SECOND))
        .observer(move |event: &Event| {
            if let Event::Limited { waited, .. } = event {
                told.lock().unwrap().push(*waited);
            }
        })
        .build();
    assert!(read_all(&pool, 0..20).await.iter().all(Result::is_ok));
    assert_eq!(aws.count(Route::AssumeRole), 21);
    let waits = waits.lock().unwrap().clone();
    assert_eq!(waits.len(), 19, "the first had its turn at once");
    let longest = waits.into_iter().max().unwrap();
    assert!((9 * SECOND..11 * SECOND).contains(&longest), "{longest:?}");
}
