//! A machine whose clock is wrong: what AWS's answers tell of the time corrects expiry and signatures.
#![cfg(all(feature = "imds", feature = "sts"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::{Duration, SystemTime};

use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route, World};
use aws_credential_chain::{
    CacheState, Credentials, CredentialsCache, DefaultChain, ProviderExt, Role, provider_fn,
};
use support::reads::key;
use support::seen::Seen;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// An AWS with the right time, and a machine that is behind by so many seconds, or ahead.
async fn apart(behind: i64) -> (LocalAws, World, CredentialsCache) {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().credentials_lifetime(HOUR);
    let world = machine(&aws, behind);
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    (aws, world, cache)
}

fn machine(aws: &LocalAws, behind: i64) -> World {
    World::with_clock(Clock::starting_at(moved(aws.clock().now(), -behind)))
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.endpoint())
        .env("AWS_ENDPOINT_URL_STS", aws.endpoint())
}

fn moved(at: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { at - by } else { at + by }
}

/// How far apart two times are.
fn apart_by(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|error| error.duration())
}

#[tokio::test(start_paused = true)]
async fn an_hour_ahead_or_behind_or_a_year() {
    for behind in [3600, -3600, 365 * 86_400, -365 * 86_400] {
        let (seen, _guard) = Seen::start();
        let (aws, world, cache) = apart(behind).await;
        // Ahead, the first answer would have come expired; behind, it would have been kept for two hours.
        let first = key(&cache).await;
        assert_eq!(cache.status().state, CacheState::Fresh, "behind by {behind} s");
        assert!(apart_by(cache.signing_time(), aws.clock().now()) < 2 * SECOND, "behind by {behind} s");
        assert!(apart_by(world.clock().now(), aws.clock().now()) > 3599 * SECOND);
        sleep(42 * MINUTE).await;
        assert_eq!(key(&cache).await, first);
        assert_eq!(aws.metadata().issued().len(), 1, "behind by {behind} s");
        sleep(4 * MINUTE).await;
        key(&cache).await;
        sleep(SECOND).await;
        assert_ne!(key(&cache).await, first, "behind by {behind} s");
        assert_eq!(aws.metadata().issued().len(), 2, "behind by {behind} s");
        assert_eq!(seen.text().matches("the clock of this machine is wrong").count(), 1);
        seen.assert_none_of(aws.secrets());
    }
}

#[tokio::test(start_paused = true)]
async fn a_few_seconds_are_of_no_account() {
    for behind in [4, -4, 0] {
        let (_aws, world, cache) = apart(behind).await;
        key(&cache).await;
        assert_eq!(cache.signing_time(), world.clock().now());
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_right_afterwards_is_right() {
    for behind in [3600, -3600] {
        let (aws, world, cache) = apart(behind).await;
        let first = key(&cache).await;
        sleep(10 * MINUTE).await;
        if behind > 0 {
            world.clock().turn(HOUR);
        } else {
            world.clock().turn_back(HOUR);
        }
        assert_eq!(key(&cache).await, first);
        // Expired is expired, whichever way it was set, and whoever looks first.
        aws.fault(Route::MetadataCredentials, Fault::hang().forever());
        sleep(HOUR).await;
        assert!(cache.current().unwrap().is_stale(), "behind by {behind} s");
        assert_eq!(cache.with_current(Credentials::is_stale), Some(true));
        assert!(apart_by(cache.signing_time(), aws.clock().now()) < 2 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_with_a_fault_or_without_a_date_teaches_nothing() {
    for fault in [Fault::status(500).forever(), Fault::without_header("date").forever()] {
        let (aws, world, cache) = apart(-3600).await;
        for route in [Route::MetadataToken, Route::MetadataRoles, Route::MetadataCredentials] {
            aws.fault(route, fault.clone());
        }
        // What comes has expired by this clock, which nobody corrects.
        cache.credentials().await.unwrap_err();
        assert_eq!(cache.signing_time(), world.clock().now());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_sts_refused_for_its_time_is_signed_anew_by_the_right_one() {
    for behind in [3600, -3600] {
        let aws = LocalAws::start().await.unwrap();
        let world = machine(&aws, behind);
        let (id, secret) = aws.sts().user("123456789012", "deploy");
        let source =
            provider_fn(move || std::future::ready(Credentials::builder(id.clone(), secret.clone()).build()));
        let arn = "arn:aws:iam::123456789012:role/reports";
        aws.sts().role(arn);
        let role = source.assume(Role::builder(arn).build().unwrap()).in_world(&world);
        let cache = CredentialsCache::builder(role).in_world(&world).build();
        key(&cache).await;
        assert_eq!(aws.count(Route::AssumeRole), 2, "behind by {behind} s");
        assert!(apart_by(cache.signing_time(), aws.clock().now()) < 2 * SECOND);
        cache.renew().await.unwrap();
        assert_eq!(aws.count(Route::AssumeRole), 3);
    }
}
