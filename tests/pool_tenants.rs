//! Who is in a pool: who leaves, who is found again, who is renewed; and when all of it is over.
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
use std::time::Duration;

use aws_credential_chain::testing::World;
use aws_credential_chain::{CachePool, Event, FailureKind, Leaving, RefreshPolicy};
use support::outcome::kind;
use support::tenants::{HOUR, MINUTE, counted, counting};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_full_pool_lets_the_one_go_that_was_read_longest_ago() {
    let world = World::new();
    let left = Arc::new(Mutex::new(Vec::new()));
    let (asked, told) = (Arc::default(), Arc::clone(&left));
    let pool = CachePool::builder(counting(&world, &asked))
        .in_world(&world)
        .capacity(3)
        .observer(move |event: &Event| {
            if let Event::TenantLeft { because, .. } = event {
                told.lock().unwrap().push(*because);
            }
        })
        .build();
    for key in [1, 2, 3, 1, 4] {
        pool.credentials(&key).await.unwrap();
    }
    let present = |key: &u32| pool.current(key).is_some();
    assert_eq!([1, 2, 3, 4].map(|key| present(&key)), [true, false, true, true]);
    // A look is a read, too: 1 and 3 and 4 were looked at in this order.
    pool.credentials(&5).await.unwrap();
    assert_eq!(pool.len(), 3);
    pool.credentials(&2).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), [1, 2, 3, 4, 5, 2]);
    assert_eq!(*left.lock().unwrap(), [Leaving::Capacity; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_pool_never_has_more_tenants_than_it_may() {
    let world = World::new();
    let asked = Arc::default();
    let pool = CachePool::builder(counting(&world, &asked)).in_world(&world).capacity(2000).build();
    for key in 0..2000 {
        pool.credentials(&key).await.unwrap();
    }
    assert_eq!(pool.len(), 2000, "whoever has room for all keeps all, however they fall on shards");
    for key in 2000..5000 {
        pool.credentials(&key).await.unwrap();
        assert_eq!(pool.len(), 2000);
    }
    // Nearly those that were read last: each shard for itself.
    let old = (0..2000).filter(|key| pool.current(key).is_some()).count();
    assert!(old < 200, "{old} of those are there that nobody has read since 3,000 others");
}

#[tokio::test(start_paused = true)]
async fn whose_cache_is_held_is_found_again() {
    let world = World::new();
    let (pool, asked) = counted(&world);
    let held = pool.cache(&1).unwrap();
    held.credentials().await.unwrap();
    for key in [2, 3, 4, 5] {
        pool.credentials(&key).await.unwrap();
    }
    assert!(pool.current(&1).is_none());
    let again = pool.credentials(&1).await.unwrap();
    assert_eq!(again.generation(), held.current().unwrap().generation());
    assert_eq!((pool.len(), asked.lock().unwrap().clone()), (3, vec![1, 2, 3, 4, 5]));
    // And not, if it is held no longer.
    drop(held);
    for key in [2, 3, 4, 5, 1] {
        pool.credentials(&key).await.unwrap();
    }
    assert_eq!(asked.lock().unwrap().iter().filter(|key| **key == 1).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn whom_nobody_reads_leaves() {
    let world = World::new();
    let left = Arc::new(Mutex::new(Vec::new()));
    let (asked, told) = (Arc::default(), Arc::clone(&left));
    let pool = CachePool::builder(counting(&world, &asked))
        .in_world(&world)
        .idle(10 * MINUTE)
        .observer(move |event: &Event| {
            if let Event::TenantLeft { because, .. } = event {
                told.lock().unwrap().push(*because);
            }
        })
        .build();
    for key in 0..100 {
        pool.credentials(&key).await.unwrap();
    }
    let held = pool.cache(&50).unwrap();
    for _ in 0..9 {
        sleep(MINUTE).await;
        assert!(pool.current(&7).is_some());
    }
    assert_eq!(pool.len(), 100);
    sleep(MINUTE + Duration::from_secs(15)).await;
    assert_eq!(pool.len(), 1);
    assert_eq!(*left.lock().unwrap(), [Leaving::Idle; 99]);
    assert_eq!(pool.credentials(&50).await.unwrap().generation(), held.current().unwrap().generation());
    sleep(11 * MINUTE).await;
    assert!(pool.is_empty());
    // It comes to life again.
    pool.credentials(&7).await.unwrap();
    sleep(11 * MINUTE).await;
    assert!(pool.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_read_lately_is_renewed_and_what_was_not_is_not() {
    let world = World::new();
    let asked: Arc<Mutex<Vec<u32>>> = Arc::default();
    let pool = CachePool::builder(counting(&world, &asked)).in_world(&world).idle(2 * HOUR).build();
    pool.credentials(&1).await.unwrap();
    pool.credentials(&2).await.unwrap();
    let first = pool.current(&1).unwrap();
    sleep(40 * MINUTE).await;
    // A look alone: it starts nothing, and tells that the tenant is wanted.
    assert!(pool.current(&1).is_some());
    sleep(10 * MINUTE).await;
    assert_eq!(*asked.lock().unwrap(), [1, 2, 1]);
    assert_ne!(pool.current(&1).unwrap().generation(), first.generation());
    // Nobody comes any more.
    sleep(3 * HOUR).await;
    assert_eq!(*asked.lock().unwrap(), [1, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn thousands_that_are_due_at_once_are_renewed_in_time_and_not_at_once() {
    let world = World::new();
    let asked: Arc<Mutex<Vec<u32>>> = Arc::default();
    let pool = CachePool::builder(counting(&world, &asked)).in_world(&world).capacity(5000).build();
    for key in 0..5000 {
        pool.credentials(&key).await.unwrap();
    }
    sleep(40 * MINUTE).await;
    (0..5000).for_each(|key| drop(pool.current(&key)));
    let mut most = 0;
    let mut before = 5000;
    for _ in 0..20 * 60 {
        sleep(Duration::from_secs(1)).await;
        let now = asked.lock().unwrap().len();
        most = most.max(now - before);
        before = now;
    }
    assert_eq!(before, 10_000, "none was forgotten, and none renewed twice");
    assert!((50..=220).contains(&most), "{most} in one second");
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_never_renews_is_kept_to() {
    let world = World::new();
    let asked: Arc<Mutex<Vec<u32>>> = Arc::default();
    let pool = CachePool::builder(counting(&world, &asked))
        .in_world(&world)
        .refresh(RefreshPolicy::on_demand())
        .build();
    for _ in 0..59 {
        pool.credentials(&1).await.unwrap();
        sleep(MINUTE).await;
    }
    sleep(2 * MINUTE).await;
    assert_eq!(kind(&pool.credentials(&1).await.unwrap_err()), Some(FailureKind::Withheld));
    assert_eq!(*asked.lock().unwrap(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_dropped_leaves_nothing_behind() {
    let world = World::new();
    let (pool, asked) = counted(&world);
    let held = pool.cache(&1).unwrap();
    pool.credentials(&1).await.unwrap();
    pool.credentials(&2).await.unwrap();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    sleep(MINUTE).await;
    assert_eq!(tasks(), 1, "the scheduler's");
    drop(pool);
    sleep(MINUTE).await;
    assert_eq!(tasks(), 0);
    assert!(held.credentials().await.is_ok());
    sleep(2 * HOUR).await;
    assert_eq!(*asked.lock().unwrap(), [1, 2]);
}

#[test]
fn a_pool_outlives_the_runtime_it_began_in() {
    let world = World::new();
    let asked = Arc::default();
    let pool = CachePool::builder(counting(&world, &asked)).in_world(&world).idle(10 * MINUTE).build();
    assert_eq!(kind(&futures_free(pool.credentials(&1)).unwrap_err()), Some(FailureKind::NoRuntime));
    for key in [1, 2] {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            pool.credentials(&key).await.unwrap();
            // Longer than it takes: this clock begins anew, and is behind that of the first runtime.
            sleep(HOUR).await;
            assert!(pool.is_empty(), "the idle leave in this runtime, too");
        });
    }
}

/// Polls once, outside of any runtime.
fn futures_free<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(ready) => ready,
        std::task::Poll::Pending => panic!("it waits"),
    }
}
