//! The connections of pools to STS: one for many calls while there are many, none for long after.
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
use std::ops::Range;
use std::time::Duration;

use aws_credential_chain::sts::StsLimiter;
use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route, World};
use aws_credential_chain::{CachePool, CredentialsCache, ProviderExt, Role};
use support::tenants::{aws_with, keys, role};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

fn pool(aws: &LocalAws, world: &World) -> CachePool<Role> {
    let limiter = StsLimiter::new().per_second(1_000_000).at_once(8).patience(60 * SECOND);
    CachePool::of_roles(keys(aws)).in_world(world).limiter(limiter).build()
}

/// Reads these tenants, all at once.
async fn read_all(pool: &CachePool<Role>, tenants: Range<usize>) {
    let reads: Vec<_> = tenants
        .map(|number| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.credentials(&role(number)).await.map(drop) })
        })
        .collect();
    for read in reads {
        read.await.unwrap().unwrap();
    }
}

/// On how many connections these requests came.
fn connections(aws: &LocalAws, requests: Range<usize>) -> usize {
    let asked = aws.requests();
    asked[requests]
        .iter()
        .map(aws_credential_chain::testing::Request::connection)
        .collect::<HashSet<_>>()
        .len()
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_tenants_comes_over_few_connections() {
    let (aws, world) = aws_with(500).await;
    let pool = pool(&aws, &world);
    read_all(&pool, 0..500).await;
    let opened = connections(&aws, 0..500);
    // As many as are asked at once; and the start of one may be overtaken by another that comes free.
    assert!((8..=16).contains(&opened), "{opened} connections for 500 calls, 8 at once");
    // And one after the other over one of them.
    for number in 0..20 {
        pool.forget(&role(number));
        pool.credentials(&role(number)).await.unwrap();
    }
    assert_eq!(connections(&aws, 500..520), 1);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_closed_soon() {
    let (aws, world) = aws_with(50).await;
    let pool = pool(&aws, &world);
    let before = tasks();
    read_all(&pool, 0..50).await;
    // Its scheduler's, the client's, and two for each connection: its own, and that of the local AWS.
    assert!(tasks() > before + 8, "{} tasks", tasks());
    sleep(6 * SECOND).await;
    assert_eq!(tasks(), before + 1, "the scheduler's");
    // They do not come back, and a new one is there for whoever comes next.
    pool.forget(&role(0));
    pool.credentials(&role(0)).await.unwrap();
    let asked = aws.requests();
    let earlier: HashSet<_> =
        asked[..50].iter().map(aws_credential_chain::testing::Request::connection).collect();
    assert!(!earlier.contains(&asked[50].connection()));
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_does_not_go_on_with_the_connections_it_had() {
    let clock = Clock::starting_now();
    let aws = LocalAws::builder().clock(clock.clone()).start().await.unwrap();
    let pool = pool(&aws, &aws.world());
    let mut last = HashSet::new();
    for (number, slept) in [(0, 0), (1, 0), (2, 30), (3, 0)] {
        aws.sts().role(role(number).arn().as_str());
        // The wall clock alone moves on, as it does while a machine is suspended.
        clock.turn(slept * SECOND);
        pool.credentials(&role(number)).await.unwrap();
        let connection = aws.requests().last().unwrap().connection();
        assert_eq!(last.insert(connection), number % 2 == 0, "tenant {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_no_tenant_keeps_no_connection() {
    let (aws, world) = aws_with(2).await;
    for number in 0..2 {
        let assumed = keys(&aws).assume(role(number)).in_world(&world);
        let cache = CredentialsCache::builder(assumed).in_world(&world).build();
        cache.credentials().await.unwrap();
    }
    assert_eq!(connections(&aws, 0..2), 2);
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// In real time: a runtime that nobody drives has no other. Each read ends within the second of an exchange, or the test fails.
#[test]
fn what_one_runtime_has_opened_holds_no_other_up() {
    let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let aws = servers.block_on(async {
        let clock = Clock::starting_now();
        let aws = LocalAws::builder().clock(clock).start().await.unwrap();
        (0..40).for_each(|number| drop(aws.sts().role(role(number).arn().as_str())));
        aws
    });
    let pool = pool(&aws, &aws.world());
    let read = |within: &Runtime, tenants: Range<usize>| {
        within.block_on(async {
            timeout(5 * SECOND, read_all(&pool, tenants))
                .await
                .expect("a connection of another runtime was waited for");
        });
    };
    let (first, second) = (runtime(), runtime());
    read(&first, 0..10);
    // It is there, with its connections, and nobody drives it.
    read(&second, 10..20);
    // It is gone.
    drop(first);
    read(&second, 20..30);
    // One that is dropped with requests on their way.
    let third = runtime();
    aws.fault(Route::AssumeRole, Fault::hang().times(2));
    third.block_on(async {
        let reads: Vec<_> = (30..32)
            .map(|number| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.credentials(&role(number)).await.map(drop) })
            })
            .collect();
        while aws.count(Route::AssumeRole) < 32 {
            tokio::task::yield_now().await;
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(reads);
    });
    drop(third);
    read(&second, 32..40);
    assert_eq!(pool.len(), 40);
}
