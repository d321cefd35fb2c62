//! Pools of many tenants: filled from an STS in another process, and read.

use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::sts::StsLimiter;
use aws_credential_chain::{CachePool, Credentials, Role, provider_fn};

/// Reads a pool of so many tenants in turn; `after_fill` is called in between.
///
/// # Panics
/// If that fails.
pub async fn read(tenants: usize, times: u64, after_fill: impl FnOnce()) {
    let (pool, asked) = of_nowhere(tenants).await;
    after_fill();
    hit(&pool, &asked, times);
}

/// A pool of so many tenants, whose credentials come from nowhere; and the first of its roles as a request would have them:
/// built from its own data, and not those that the pool keeps.
///
/// # Panics
/// If that fails.
pub async fn of_nowhere(tenants: usize) -> (CachePool<Role>, Vec<Role>) {
    let token: Arc<str> = "t".repeat(1024).into();
    let pool = CachePool::builder(move |_: &Role| {
        let token = Arc::clone(&token);
        Ok(provider_fn(move || {
            let token = Arc::clone(&token);
            let expiry = SystemTime::now() + Duration::from_hours(6);
            async move { Credentials::builder("ASIA", "secret").session_token(&*token).expiry(expiry).build() }
        }))
    })
    .capacity(100_000)
    .build();
    for number in 0..tenants {
        pool.credentials(&role(number)).await.unwrap();
    }
    (pool, (0..tenants.min(ASKED)).map(role).collect())
}

/// Reads these in turn, so many times in all: each is there, and so nothing is waited for.
///
/// # Panics
/// If one is not there.
#[inline(never)]
pub fn hit(pool: &CachePool<Role>, roles: &[Role], times: u64) {
    let mut context = Context::from_waker(Waker::noop());
    for role in roles.iter().cycle().take(times.try_into().unwrap()) {
        let Poll::Ready(read) = pin!(pool.credentials(role)).poll(&mut context) else { panic!("it waits") };
        black_box(read.unwrap());
    }
}

/// Fills a pool from the STS at this address, reads all of it once more, and answers with how many bytes of memory each took
/// on top of what it had with the first hundred tenants: by then all has been in use once that is not a tenant's.
///
/// # Panics
/// If that fails.
pub async fn fill(sts: &str, tenants: usize) -> u64 {
    let keys =
        StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None).unwrap();
    let pool = CachePool::of_roles(keys)
        .endpoint_url(sts)
        .capacity(tenants)
        .limiter(StsLimiter::new().per_second(u32::MAX))
        .build();
    come(&pool, 0..FIRST).await;
    let before = resident();
    come(&pool, FIRST..tenants).await;
    assert_eq!(pool.len(), tenants);
    assert!((0..tenants).all(|number| pool.current(&role(number)).is_some()));
    (resident() - before) / (tenants - FIRST) as u64
}

async fn come(pool: &CachePool<Role>, tenants: std::ops::Range<usize>) {
    let next = Arc::new(AtomicUsize::new(tenants.start));
    let fillers: Vec<_> = (0..FILLERS)
        .map(|_| {
            let (pool, next, tenants) = (pool.clone(), Arc::clone(&next), tenants.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= tenants.end {
                        return;
                    }
                    pool.credentials(&role(number)).await.unwrap();
                }
            })
        })
        .collect();
    for filler in fillers {
        filler.await.unwrap();
    }
}

/// A role as a service has it for a customer: an account, a name, an external id.
fn role(number: usize) -> Role {
    Role::builder(format!("arn:aws:iam::{:012}:role/acme/reader", 100_000_000_000 + number))
        .external_id(format!("0f8fad5b-d9cb-469f-a165-{number:012}"))
        .build()
        .unwrap()
}

/// The process's resident memory, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * rustix::param::page_size() as u64
}

/// As many calls as are on their way at the limiter's 300 a second, if STS takes 27 ms for each.
const FILLERS: usize = 8;
const FIRST: usize = 100;
const ASKED: usize = 1000;
