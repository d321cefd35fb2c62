//! Tenants of pools.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::testing::{LocalAws, World};
use aws_credential_chain::{CachePool, Credentials, Error, Role, SharedProvider, provider_fn};

pub const HOUR: Duration = Duration::from_secs(3600);
pub const MINUTE: Duration = Duration::from_secs(60);

pub fn role(number: usize) -> Role {
    Role::builder(arn(number)).build().unwrap()
}

pub fn arn(number: usize) -> String {
    format!("arn:aws:iam::222222222222:role/tenant-{number}")
}

pub fn keys(aws: &LocalAws) -> StaticKeys {
    let (id, secret) = aws.sts().user("111111111111", "alice");
    StaticKeys::new(id, secret, None).unwrap()
}

/// A local AWS with so many roles, and a machine.
pub async fn aws_with(roles: usize) -> (LocalAws, World) {
    let aws = LocalAws::start().await.unwrap();
    for number in 0..roles {
        aws.sts().role(arn(number));
    }
    let world = aws.world();
    (aws, world)
}

/// A pool whose tenants' credentials are made here, an hour each; and the keys of those that were asked for.
pub fn counted(world: &World) -> (CachePool<u32>, Arc<Mutex<Vec<u32>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let pool = CachePool::builder(counting(world, &asked)).in_world(world).capacity(3).build();
    (pool, asked)
}

pub fn counting(
    world: &World,
    asked: &Arc<Mutex<Vec<u32>>>,
) -> impl Fn(&u32) -> Result<SharedProvider, Error> + use<> {
    let (clock, asked) = (world.clock().clone(), Arc::clone(asked));
    move |key: &u32| {
        let (clock, asked, key) = (clock.clone(), Arc::clone(&asked), *key);
        let provider = provider_fn(move || {
            asked.lock().unwrap().push(key);
            let expiry = clock.now() + HOUR;
            async move { Credentials::builder(format!("AKIA{key}"), "CANARY-secret").expiry(expiry).build() }
        });
        Ok(SharedProvider::new(provider))
    }
}
