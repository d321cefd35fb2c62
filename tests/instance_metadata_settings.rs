//! What variables and the profile say about the metadata service, as a program meets it.
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

use aws_credential_chain::providers::InstanceMetadata;
use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{CredentialsCache, CredentialsProvider, DefaultChain, FailureKind};
use support::outcome::kind;
use support::seen::Seen;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// A machine on which nothing but its files says where the service is.
fn world(aws: &LocalAws, config: &str) -> World {
    World::with_clock(aws.clock().clone())
        .file("~/.aws/config", config.replace("ENDPOINT", &aws.endpoint()).into_bytes())
}

#[tokio::test(start_paused = true)]
async fn the_selected_profile_says_where_it_is_and_which_role_is_meant() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("web");
    let config = "[default]\ndisable_ec2_metadata = true\n[profile ec2]\n\
         ec2_metadata_service_endpoint = ENDPOINT\nec2_instance_profile_name = web\n";
    let world = world(&aws, config);
    let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
    assert!(error.is_not_configured(), "{error}");
    let place = "switched off by `disable_ec2_metadata` (/home-of-the-test-world/.aws/config:2)";
    assert!(error.to_string().contains(place), "{error}");

    let named = DefaultChain::in_world(&world).profile("ec2").retrieve().await.unwrap();
    let world = world.env("AWS_PROFILE", "ec2");
    let by_variable = DefaultChain::in_world(&world).retrieve().await.unwrap();
    let alone = InstanceMetadata::in_world(&world).retrieve().await.unwrap();
    let issued = [named, by_variable, alone].map(|credentials| credentials.access_key_id().to_owned());
    assert_eq!(aws.metadata().issued(), issued);
    assert_eq!(aws.count(Route::MetadataRoles), 0, "the role has a name");
    assert_eq!(DefaultChain::in_world(&world).resolve_region().await.unwrap().as_str(), "eu-central-1");

    aws.metadata().role("other");
    let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
    assert!(error.to_string().contains("correct `ec2_instance_profile_name` (/home"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn files_that_cannot_be_read_are_no_reason_to_be_without_the_role() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    let world = aws.world().file("~/.aws/config", "[default\naws_secret_access_key = CANARY-SECRET\n");
    // In the whole chain they come first, and stop it.
    let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Misconfigured), "{error}");
    assert!(aws.requests().is_empty());

    assert!(InstanceMetadata::in_world(&world).retrieve().await.is_ok());
    assert!(seen.text().contains("WARN") && seen.text().contains(".aws/config:1"), "{}", seen.text());
    assert!(DefaultChain::in_world(&world).no_profile_files().retrieve().await.is_ok());
    let mine = InstanceMetadata::in_world(&world.env("AWS_PROFILE", "missing")).retrieve().await;
    assert!(mine.is_ok());
    seen.assert_none_of(aws.secrets().into_iter().chain(["CANARY-SECRET".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn without_profile_files_their_settings_do_not_count() {
    let aws = LocalAws::start().await.unwrap();
    let world = aws.world().file("~/.aws/config", "[default]\ndisable_ec2_metadata = true\n");
    assert!(DefaultChain::in_world(&world).retrieve().await.unwrap_err().is_not_configured());
    assert!(DefaultChain::in_world(&world).no_profile_files().retrieve().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_cannot_be_followed_stops_the_chain_only_where_the_service_is_asked() {
    let aws = LocalAws::start().await.unwrap();
    let config = "[default]\nmetadata_service_timeout = soon\n";
    let error = DefaultChain::in_world(&world(&aws, config)).retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Misconfigured), "{error}");
    assert!(error.to_string().contains(".aws/config:2) is no number of seconds"), "{error}");
    let keys = world(&aws, config).env("AWS_ACCESS_KEY_ID", "A").env("AWS_SECRET_ACCESS_KEY", "s");
    assert!(DefaultChain::in_world(&keys).retrieve().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn seconds_and_attempts_are_the_users() {
    let aws = LocalAws::start().await.unwrap();
    let patient = aws.world().env("AWS_METADATA_SERVICE_TIMEOUT", "4");
    aws.fault(Route::MetadataToken, Fault::delay(7 * SECOND));
    assert!(DefaultChain::in_world(&patient).retrieve().await.is_ok());
    assert_eq!(aws.count(Route::MetadataToken), 1);

    for attempts in [1, 2, 5] {
        let aws = LocalAws::start().await.unwrap();
        aws.fault(Route::MetadataToken, Fault::status(500).forever());
        let world = aws.world().env("AWS_METADATA_SERVICE_NUM_ATTEMPTS", attempts.to_string());
        let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
        cache.credentials().await.unwrap_err();
        assert_eq!(aws.count(Route::MetadataToken), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_that_were_set_count_where_nobody_is_too_and_end() {
    let started = Instant::now();
    let nowhere = World::new().env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    let error = DefaultChain::in_world(&nowhere).retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Unreachable), "{error}");
    assert_eq!(started.elapsed(), Duration::ZERO);

    let insistent = nowhere.env("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3");
    let error = DefaultChain::in_world(&insistent).retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Unreachable), "{error}");
    let waited = started.elapsed();
    assert!((150..=300).contains(&waited.as_millis()), "{waited:?}");

    // However many: the fetch ends before its own limit, with what the last attempt met.
    let aws = LocalAws::start().await.unwrap();
    aws.fault(Route::MetadataToken, Fault::status(500).forever());
    let world = aws.world().env("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1000000");
    let started = Instant::now();
    let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
    assert!(error.to_string().contains("answered 500"), "{error}");
    assert!(started.elapsed() < 25 * SECOND, "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_role_with_the_instance_as_its_source_asks_where_its_profile_says() {
    let aws = LocalAws::start().await.unwrap();
    let role = "arn:aws:iam::222222222222:role/reports";
    aws.sts().role(role).trusts("123456789012");
    let config = format!(
        "[profile reports]\nrole_arn = {role}\ncredential_source = Ec2InstanceMetadata\n\
         ec2_metadata_service_endpoint = ENDPOINT\nregion = eu-west-1\n"
    );
    let world = world(&aws, &config).env("AWS_ENDPOINT_URL_STS", aws.endpoint());
    let credentials = DefaultChain::in_world(&world).profile("reports").retrieve().await.unwrap();
    assert_eq!(credentials.account_id(), Some("222222222222"));
    assert_eq!(aws.count(Route::MetadataCredentials), 1);
}
