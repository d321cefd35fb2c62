//! One cache for each of many tenants: who shares what with whom, who leaves, who is found again.
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
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::testing::{LocalAws, Route, World};
use aws_credential_chain::{
    CachePool, Credentials, CredentialsCache, DefaultChain, Error, Event, Failure, FailureKind, Leaving,
    ProviderExt, RefreshPolicy, Role, RoleBuilder, SessionPolicy, provider_fn,
};
use support::outcome::kind;
use support::seen::Seen;
use tokio::time::sleep;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const ARN: &str = "arn:aws:iam::222222222222:role/tenant";

fn role(number: usize) -> Role {
    Role::builder(arn(number)).build().unwrap()
}

fn arn(number: usize) -> String {
    format!("arn:aws:iam::222222222222:role/tenant-{number}")
}

fn keys(aws: &LocalAws) -> StaticKeys {
    let (id, secret) = aws.sts().user("111111111111", "alice");
    StaticKeys::new(id, secret, None).unwrap()
}

/// A local AWS with so many roles, and a machine.
async fn aws_with(roles: usize) -> (LocalAws, World) {
    let aws = LocalAws::start().await.unwrap();
    for number in 0..roles {
        aws.sts().role(arn(number));
    }
    let world = aws.world();
    (aws, world)
}

/// A pool whose tenants' credentials are made here, an hour each; and the keys of those that were asked for.
fn counted(world: &World) -> (CachePool<u32>, Arc<Mutex<Vec<u32>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let pool = CachePool::builder(counting(world, &asked)).in_world(world).capacity(3).build();
    (pool, asked)
}

fn counting(
    world: &World,
    asked: &Arc<Mutex<Vec<u32>>>,
) -> impl Fn(&u32) -> Result<aws_credential_chain::SharedProvider, Error> + use<> {
    let (clock, asked) = (world.clock().clone(), Arc::clone(asked));
    move |key: &u32| {
        let (clock, asked, key) = (clock.clone(), Arc::clone(&asked), *key);
        let provider = provider_fn(move || {
            asked.lock().unwrap().push(key);
            let expiry = clock.now() + HOUR;
            async move { Credentials::builder(format!("AKIA{key}"), "CANARY-secret").expiry(expiry).build() }
        });
        Ok(aws_credential_chain::SharedProvider::new(provider))
    }
}

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

type Change = fn(RoleBuilder) -> RoleBuilder;

/// Every part of a role, changed alone; and what looks alike and is not.
const DIFFERENT: [Change; 21] = [
    |role| role,
    |role| role.session_name("alice"),
    |role| role.session_name("Alice"),
    |role| role.external_id("tenant-a"),
    |role| role.external_id("tenant-A"),
    |role| role.external_id("tenant-a-"),
    |role| role.duration(Duration::from_secs(900)),
    |role| role.duration(Duration::from_secs(901)),
    |role| role.policy(policy("s3:GetObject")),
    |role| role.policy(policy("s3:PutObject")),
    |role| role.policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess"),
    |role| role.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess"),
    |role| role.tag("team", "a"),
    |role| role.tag("team", "A"),
    |role| role.tag("Team", "a"),
    |role| role.tag("team", "a").tag("stage", "b"),
    |role| role.transitive_tag("team", "a"),
    |role| role.source_identity("alice"),
    |role| role.source_identity("alicf"),
    // The same text in another place.
    |role| role.session_name("tenant-a"),
    |role| role.source_identity("tenant-a"),
];

fn policy(action: &str) -> SessionPolicy {
    let json = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}]}}"#
    );
    SessionPolicy::from_json(json).unwrap()
}

#[tokio::test(start_paused = true)]
async fn whatever_differs_in_a_role_makes_another_session() {
    let (aws, world) = aws_with(0).await;
    aws.sts().role(ARN);
    aws.sts().role(format!("{ARN}s"));
    let pool = CachePool::of_roles(keys(&aws)).in_world(&world).build();
    let mut ids = HashSet::new();
    for (number, change) in DIFFERENT.iter().enumerate() {
        for arn in [ARN.to_owned(), format!("{ARN}s")] {
            let role = change(Role::builder(&arn)).build().unwrap();
            let read = pool.credentials(&role).await.unwrap();
            assert!(
                ids.insert(read.access_key_id().to_owned()),
                "{number} of {arn} has the session of another"
            );
            // Built anew it is the same.
            let again = pool.credentials(&change(Role::builder(arn)).build().unwrap()).await.unwrap();
            assert_eq!(again.access_key_id(), read.access_key_id());
        }
    }
    assert_eq!((pool.len(), aws.count(Route::AssumeRole)), (42, 42));
    // A context that somebody asserts for somebody else; the local AWS need not know it.
    let with = |assertion: &str| {
        let provider = "arn:aws:iam::aws:contextProvider/IdentityCenter";
        Role::builder(ARN).provided_context(provider, assertion).build().unwrap()
    };
    assert_ne!(with("assertion-a"), with("assertion-b"));
    assert_ne!(with("assertion-a"), Role::builder(ARN).build().unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_has_no_meaning_makes_no_other_session() {
    let (aws, world) = aws_with(0).await;
    aws.sts().role(ARN);
    let pool = CachePool::of_roles(keys(&aws)).in_world(&world).build();
    let one = Role::builder(ARN).tag("team", "a").tag("stage", "b").transitive_tag_key("team");
    let other = Role::builder(ARN).transitive_tag_key("team").tag("stage", "b").tag("team", "a");
    let (one, other) = (one.build().unwrap(), other.build().unwrap());
    let first = pool.credentials(&one).await.unwrap();
    assert_eq!(pool.credentials(&other).await.unwrap().access_key_id(), first.access_key_id());
    assert_eq!((pool.len(), aws.count(Route::AssumeRole)), (1, 1));
}

/// A key whose hash says nothing.
#[derive(Clone, PartialEq, Eq)]
struct Colliding(u32);

impl Hash for Colliding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(7);
    }
}

#[tokio::test(start_paused = true)]
async fn tenants_whose_hashes_are_equal_are_told_apart() {
    let world = World::new();
    let asked = Arc::default();
    let make = counting(&world, &asked);
    let pool = CachePool::builder(move |key: &Colliding| make(&key.0)).in_world(&world).capacity(200).build();
    for _ in 0..2 {
        for number in 0..200 {
            let id = pool.credentials(&Colliding(number)).await.unwrap().access_key_id().to_owned();
            assert_eq!(id, format!("AKIA{number}"));
        }
    }
    assert_eq!((pool.len(), asked.lock().unwrap().len()), (200, 200));
    // Also where some have left.
    for number in 200..300 {
        pool.credentials(&Colliding(number)).await.unwrap();
    }
    let present = (0..300).filter_map(|number| {
        let credentials = pool.current(&Colliding(number))?;
        assert_eq!(credentials.access_key_id(), format!("AKIA{number}"));
        Some(number)
    });
    assert_eq!(present.filter(|number| *number < 200).count(), 100);
}

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
    let hangs = aws_credential_chain::SharedProvider::new(hangs);
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
        1..100 => Ok(aws_credential_chain::SharedProvider::new(itself.get().unwrap().cache(&(key - 1))?)),
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
