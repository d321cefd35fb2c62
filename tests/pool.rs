//! One cache for each of many tenants: what they share, and that none is in the way of another.
#![cfg(feature = "sts")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_credential_chain::testing::{Route, World};
use aws_credential_chain::{
    CachePool, Credentials, CredentialsCache, DefaultChain, Error, Failure, FailureKind, ProviderExt, Role,
    SharedProvider, provider_fn,
};
use support::outcome::kind;
use support::seen::Seen;
use support::tenants::{MINUTE, arn, aws_with, counting, keys, role};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn ten_thousand_tasks_for_one_tenant_make_one_session() {
    let (aws, world) = aws_with(1).await;
    let made = Arc::new(AtomicUsize::new(0));
    let (counted, source, inside) = (Arc::clone(&made), CredentialsCache::new(keys(&aws)), world.clone());
    let pool = CachePool::builder(move |tenant: &usize| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(source.clone().assume(role(*tenant)).in_world(&inside))
    })
    .in_world(&world)
    .build();
    let reads: Vec<_> = (0..10_000)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.credentials(&0).await.unwrap().access_key_id().to_owned() })
        })
        .collect();
    let mut ids = HashSet::new();
    for read in reads {
        ids.insert(read.await.unwrap());
    }
    assert_eq!((ids.len(), made.load(Ordering::Relaxed)), (1, 1));
    assert_eq!((aws.count(Route::AssumeRole), pool.len()), (1, 1));
}

#[test]
fn providers_are_made_once_for_each_tenant_by_many_threads() {
    let world = World::new();
    let makings = Arc::new(AtomicUsize::new(0));
    let asked = Arc::default();
    let (counted, make) = (Arc::clone(&makings), counting(&world, &asked));
    let pool = CachePool::builder(move |tenant: &u32| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(1));
        make(tenant)
    })
    .build();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..50).for_each(|tenant| drop(pool.cache(&tenant).unwrap())));
        }
    });
    assert_eq!((makings.load(Ordering::Relaxed), pool.len()), (50, 50));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_tenants_share_the_session_they_are_assumed_with() {
    let (seen, _guard) = Seen::start();
    let (aws, world) = aws_with(1000).await;
    aws.metadata().role("web");
    let pool = CachePool::of_roles(DefaultChain::in_world(&world)).in_world(&world).build();
    let reads: Vec<_> = (0..1000)
        .map(|number| {
            let pool = pool.clone();
            tokio::spawn(async move { (number, pool.credentials(&role(number)).await.unwrap()) })
        })
        .collect();
    let mut ids = HashSet::new();
    for read in reads {
        let (number, credentials) = read.await.unwrap();
        assert!(credentials.source().to_string().ends_with(&format!("assume role ({})", arn(number))));
        ids.insert(credentials.access_key_id().to_owned());
    }
    assert_eq!((ids.len(), pool.len()), (1000, 1000));
    assert_eq!(aws.count(Route::AssumeRole), 1000);
    assert_eq!(aws.count(Route::MetadataCredentials), 1);
    let base: HashSet<_> =
        aws.requests().iter().filter_map(|asked| asked.signed_by().map(str::to_owned)).collect();
    assert_eq!(base.len(), 1);
    let now = pool.current(&role(7)).unwrap();
    assert_eq!(pool.with_current(&role(7), Credentials::generation), Some(now.generation()));
    assert!(pool.current(&role(1001)).is_none());
    seen.also(format!("{pool:?} {now:?} {:?}", pool.limiter()));
    // Of some: to look for all of them in the log of all of them takes minutes.
    seen.assert_none_of(aws.secrets().into_iter().step_by(99));
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_fails_touches_nobody_else() {
    let (aws, world) = aws_with(50).await;
    let pool = CachePool::of_roles(keys(&aws)).in_world(&world).build();
    let failing = Role::builder("arn:aws:iam::333333333333:role/gone").build().unwrap();
    let reads = {
        let (pool, failing) = (pool.clone(), failing.clone());
        tokio::spawn(async move {
            for _ in 0..1000 {
                let error = pool.credentials(&failing).await.unwrap_err();
                assert_eq!(kind(&error), Some(FailureKind::Refused));
                sleep(Duration::from_millis(20)).await;
            }
        })
    };
    for number in 0..50 {
        pool.credentials(&role(number)).await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    reads.await.unwrap();
    let asked = aws.count(Route::AssumeRole) - 50;
    assert!((4..=25).contains(&asked), "{asked} times in 20 s: its own cache paces it");
    // It is not asked for behind its back either.
    sleep(10 * MINUTE).await;
    assert_eq!(aws.count(Route::AssumeRole) - 50, asked);
    assert!(pool.current(&role(3)).is_some() && pool.current(&failing).is_none());
}

#[tokio::test(start_paused = true)]
async fn tenants_that_hang_hold_nobody_up() {
    let world = World::new();
    let asked = Arc::default();
    let make = counting(&world, &asked);
    let hangs = provider_fn(std::future::pending::<Result<Credentials, Error>>);
    let hangs = SharedProvider::new(hangs);
    let pool = CachePool::builder(move |key: &u32| if *key < 100 { Ok(hangs.clone()) } else { make(key) })
        .in_world(&world)
        .build();
    let waiting: Vec<_> = (0..100)
        .map(|key| {
            let pool = pool.clone();
            tokio::spawn(async move { kind(&pool.credentials(&key).await.unwrap_err()) })
        })
        .collect();
    let began = tokio::time::Instant::now();
    for key in 100..200 {
        pool.credentials(&key).await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(1));
    for hung in waiting {
        assert_eq!(hung.await.unwrap(), Some(FailureKind::TimedOut));
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_closure_is_the_reads_and_is_not_remembered() {
    let world = World::new();
    let asked = Arc::default();
    let make = counting(&world, &asked);
    let calls = AtomicUsize::new(0);
    let pool = CachePool::builder(move |key: &u32| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => Err(Failure::new(FailureKind::Misconfigured, "tenants", "no such tenant").into()),
        _ => make(key),
    })
    .in_world(&world)
    .build();
    assert_eq!(pool.credentials(&1).await.unwrap_err().to_string(), "tenants: no such tenant");
    assert!(pool.is_empty());
    pool.credentials(&1).await.unwrap();
    assert_eq!(pool.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_closure_may_ask_its_own_pool_and_may_panic() {
    let world = World::new();
    let asked = Arc::default();
    let make = counting(&world, &asked);
    let own: Arc<std::sync::OnceLock<CachePool<u32>>> = Arc::default();
    let itself = Arc::clone(&own);
    let pool = CachePool::builder(move |key: &u32| match key {
        0 => make(key),
        1..100 => Ok(SharedProvider::new(itself.get().unwrap().cache(&(key - 1))?)),
        _ => panic!("as the test wants"),
    })
    .in_world(&world)
    .build();
    own.set(pool.clone()).ok().unwrap();
    // One cache, shared by all that are made from it.
    assert_eq!(pool.credentials(&60).await.unwrap().access_key_id(), "AKIA0");
    assert_eq!((pool.len(), asked.lock().unwrap().len()), (61, 1));

    let panics = pool.clone();
    assert!(tokio::spawn(async move { panics.credentials(&100).await }).await.unwrap_err().is_panic());
    assert_eq!(pool.credentials(&61).await.unwrap().access_key_id(), "AKIA0");
}

#[tokio::test(start_paused = true)]
async fn what_is_rejected_or_forgotten_is_of_one_tenant() {
    let (aws, world) = aws_with(2).await;
    let pool = CachePool::of_roles(keys(&aws)).in_world(&world).build();
    let (one, other) = (role(0), role(1));
    let first = pool.credentials(&one).await.unwrap();
    let others = pool.credentials(&other).await.unwrap();
    assert!(!pool.invalidate(&other, &first), "it is not the other's");
    assert!(pool.invalidate(&one, &first) && !pool.invalidate(&role(5), &first));
    let second = pool.credentials(&one).await.unwrap();
    assert_ne!(second.access_key_id(), first.access_key_id());

    let held = pool.cache(&one).unwrap();
    assert!(pool.forget(&one) && !pool.forget(&one));
    assert!(held.current().is_none() && pool.current(&one).is_none());
    assert_eq!(pool.len(), 1);
    let third = pool.credentials(&one).await.unwrap();
    assert_ne!(third.access_key_id(), second.access_key_id());
    assert_eq!(held.current().unwrap().access_key_id(), third.access_key_id());
    assert_eq!(pool.credentials(&other).await.unwrap().access_key_id(), others.access_key_id());
    assert_eq!(aws.count(Route::AssumeRole), 4);
}
