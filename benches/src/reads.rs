//! One cached read, again and again: what a library asks of its user for each signed request.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use aws_credential_chain::{Credentials, CredentialsCache, provider_fn};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::{ResolveCachedIdentity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_types::config_bag::ConfigBag;

use crate::tenants;

/// The contestants, by the name on the command line and in the table.
pub const CONTESTANTS: [(&str, &str); 6] = [
    ("floor", "floor: ArcSwap::load_full and the coarse clock"),
    ("sync", "this crate, `current()`"),
    ("lent", "this crate, `with_current()`"),
    ("awaited", "this crate, `credentials().await`"),
    ("pool", "this crate, a pool of 1,000 roles, `credentials(&role).await`"),
    ("aws-config", "aws-config with the identity cache of an SDK client"),
];

/// Reads `times` after a first read that is not counted; `after_first` is called in between.
///
/// # Panics
/// On a name that is not in [`CONTESTANTS`].
pub async fn read(contestant: &str, times: u64, after_first: impl FnOnce()) {
    match contestant {
        "floor" => {
            let slot = ArcSwap::from_pointee(expiry());
            after_first();
            for _ in 0..times {
                let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
                black_box((slot.load_full(), now.tv_sec));
            }
        }
        "sync" => {
            let cache = ours().await;
            after_first();
            for _ in 0..times {
                black_box(cache.current());
            }
        }
        "lent" => {
            let cache = ours().await;
            after_first();
            for _ in 0..times {
                black_box(cache.with_current(|credentials| credentials.access_key_id().len()));
            }
        }
        "awaited" => {
            let cache = ours().await;
            after_first();
            for _ in 0..times {
                black_box(cache.credentials().await.unwrap());
            }
        }
        "pool" => tenants::read(1000, times, after_first).await,
        "aws-config" => {
            let theirs =
                aws_credential_types::Credentials::new(ID, SECRET, Some(token()), Some(expiry()), "bench");
            let resolver = SharedIdentityResolver::new(
                aws_credential_types::provider::SharedCredentialsProvider::new(theirs),
            );
            let cache = IdentityCache::lazy().build();
            let components = RuntimeComponentsBuilder::for_tests()
                .with_time_source(Some(SystemTimeSource::new()))
                .with_sleep_impl(Some(TokioSleep::new()))
                .build()
                .unwrap();
            let bag = ConfigBag::base();
            let get = || cache.resolve_cached_identity(resolver.clone(), &components, &bag);
            get().await.unwrap();
            after_first();
            for _ in 0..times {
                black_box(get().await.unwrap());
            }
        }
        other => panic!("no contestant `{other}`"),
    }
}

async fn ours() -> CredentialsCache {
    let token: Arc<str> = token().into();
    let cache = CredentialsCache::new(provider_fn(move || {
        let token = Arc::clone(&token);
        async move { Credentials::builder(ID, SECRET).session_token(&*token).expiry(expiry()).build() }
    }));
    cache.credentials().await.unwrap();
    cache
}

fn expiry() -> SystemTime {
    SystemTime::now() + Duration::from_hours(6)
}

/// As long as those of STS.
fn token() -> String {
    "t".repeat(1024)
}

const ID: &str = "ASIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
