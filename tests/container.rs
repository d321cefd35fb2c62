//! The agents of containers, over HTTP, against the local AWS: variables and token files in, credentials or a message
//! out.
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

use aws_credential_chain::providers::Container;
use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{
    CredentialsCache, CredentialsProvider, DefaultChain, FailureKind, SourceKind, Timeouts,
};
use secrecy::ExposeSecret;
use support::outcome::kind;
use support::seen::Seen;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// A container beside a metadata service that would answer: nobody may slide into it.
fn world(aws: &LocalAws) -> World {
    aws.world().env(FULL_URI, aws.container_uri())
}

fn chain(world: &World) -> DefaultChain {
    DefaultChain::in_world(world)
}

#[tokio::test(start_paused = true)]
async fn the_whole_set_comes_with_one_request() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.container().authorization(Some("CANARY-token")).account_id(Some("210987654321"));
    let world = world(&aws).env(TOKEN, "CANARY-token");
    let cache = CredentialsCache::builder(chain(&world)).in_world(&world).build();
    let credentials = cache.credentials().await.unwrap();
    assert_eq!(aws.container().issued(), [credentials.access_key_id()]);
    assert_eq!(credentials.account_id(), Some("210987654321"));
    assert_eq!(credentials.source().kind(), SourceKind::Container);
    assert_eq!(credentials.source().to_string(), "container (127.0.0.1)");
    assert!(
        aws.secrets().iter().any(|secret| secret == credentials.session_token().unwrap().expose_secret())
    );
    let left = credentials.expiry().unwrap().duration_since(world.clock().now()).unwrap();
    assert!(left > Duration::from_secs(6 * 3600 - 2));
    assert_eq!(aws.requests().len(), 1);
    seen.also(format!("{credentials:?} {cache:?} {aws:?} {:?}", aws.container()));
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_does_not_tell_the_account() {
    let aws = LocalAws::start().await.unwrap();
    aws.container().account_id(None);
    assert!(chain(&world(&aws)).retrieve().await.unwrap().account_id().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_token_file_is_read_at_each_fetch_and_goes_before_the_token() {
    let aws = LocalAws::start().await.unwrap();
    aws.container().authorization(Some("first"));
    let world =
        world(&aws).env(TOKEN_FILE, "/var/run/token").env(TOKEN, "wrong").file("/var/run/token", "first\n");
    let chain = chain(&world);
    chain.retrieve().await.unwrap();
    aws.container().authorization(Some("second"));
    let world = world.file("/var/run/token", "second");
    chain.retrieve().await.unwrap();

    // The kubelet exchanges it while a read waits.
    aws.container().authorization(Some("third"));
    let waiting = tokio::spawn(async move { chain.retrieve().await });
    while aws.count(Route::ContainerCredentials) < 3 {
        tokio::task::yield_now().await;
    }
    let _world = world.file("/var/run/token", "third\r\n");
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_file_that_cannot_be_used_is_named() {
    let aws = LocalAws::start().await.unwrap();
    let with =
        |text: &str| world(&aws).env(TOKEN_FILE, "/var/run/token").file("/var/run/token", text.to_owned());
    let cases = [
        (
            world(&aws).env(TOKEN_FILE, "/nowhere"),
            FailureKind::Unreadable,
            "/nowhere (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) does not exist",
        ),
        (
            with(""),
            FailureKind::Unreadable,
            "/var/run/token (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) is empty",
        ),
        (with("\n"), FailureKind::Unreadable, "is empty"),
        (with("CANARY\r\nx: y"), FailureKind::Misconfigured, "holds a line break"),
        (with(&"x".repeat(70_000)), FailureKind::Unreadable, "is larger than 64 KiB"),
        (
            world(&aws).env(TOKEN, "CANARY\nx: y"),
            FailureKind::Misconfigured,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN holds a line break",
        ),
    ];
    for (world, expected, says) in cases {
        let error = chain(&world).retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(expected), "{error}");
        assert!(error.to_string().contains(says) && !error.to_string().contains("CANARY"), "{error}");
    }
    assert!(aws.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_container_that_fails_stops_the_chain_and_heals() {
    use FailureKind::{Malformed, Refused, Throttled, TimedOut, Unavailable};
    let cases: [(Fault, FailureKind, &str); 14] = [
        (Fault::status(403), Refused, "answered 403"),
        (Fault::status(404), Refused, "check that the task or pod has a role"),
        (Fault::status(429), Throttled, "answered 429"),
        (Fault::status(500), Unavailable, "answered 500"),
        (Fault::hang(), TimedOut, "connected, and no whole answer"),
        (Fault::drip(), TimedOut, "connected, and no whole answer"),
        (Fault::delay(20 * SECOND), TimedOut, "connected, and no whole answer"),
        (Fault::reset(), Malformed, "broke off"),
        (Fault::garbage(), Malformed, "is no HTTP"),
        (Fault::truncated(), Malformed, "broke off"),
        (Fault::oversized(), Malformed, "larger than 64 KiB"),
        (Fault::redirect("http://127.0.0.1:1/"), Refused, "redirects are not followed"),
        (Fault::body("<html>CANARY</html>"), Malformed, "not the expected JSON"),
        (Fault::body(r#"{"AccessKeyId":"A","SecretAccessKey":"CANARY"}"#), Malformed, "no `Token`"),
    ];
    for (fault, expected, says) in cases {
        let aws = LocalAws::start().await.unwrap();
        let shown = format!("{fault:?}");
        aws.fault(Route::ContainerCredentials, fault.forever());
        let world = world(&aws);
        let cache = CredentialsCache::builder(chain(&world)).in_world(&world).build();
        let started = Instant::now();
        let error = cache.credentials().await.unwrap_err();
        assert!(started.elapsed() <= 23 * SECOND, "{shown} took {:?}", started.elapsed());
        assert_eq!(kind(&error), Some(expected), "{shown}: {error}");
        let text = error.to_string();
        for part in [says, FULL_URI, "/v2/credentials/local"] {
            assert!(text.contains(part), "{shown}: {part}\n{text}");
        }
        assert!(!text.contains("CANARY"), "{text}");
        assert_eq!(aws.count(Route::MetadataToken), 0, "the role of the node was not asked for");
        aws.clear_faults();
        tokio::time::sleep(330 * SECOND).await;
        assert!(cache.credentials().await.is_ok(), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_passing_fault_is_not_seen_by_a_read_that_waits() {
    for fault in [Fault::status(503), Fault::reset(), Fault::body("half")] {
        let aws = LocalAws::start().await.unwrap();
        aws.fault(Route::ContainerCredentials, fault.times(2));
        chain(&world(&aws)).retrieve().await.unwrap();
        assert_eq!(aws.count(Route::ContainerCredentials), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_is_kept_to_also_while_a_read_waits() {
    let aws = LocalAws::start().await.unwrap();
    aws.fault(Route::ContainerCredentials, Fault::status(503).retry_after(20 * SECOND).times(2));
    let world = world(&aws);
    let cache = CredentialsCache::builder(chain(&world)).in_world(&world).build();
    let error = cache.credentials().await.unwrap_err();
    assert!(error.next_attempt().unwrap() >= world.clock().now() + 20 * SECOND);
    assert_eq!(aws.count(Route::ContainerCredentials), 1);
}

#[tokio::test]
async fn a_token_of_the_pod_that_was_not_exchanged_says_since_when() {
    let aws = LocalAws::start().await.unwrap();
    aws.container().authorization(Some("fresh"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, "stale").unwrap();
    let written = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_435_200);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    let world = world(&aws).env(TOKEN_FILE, path.to_str().unwrap());
    let error = chain(&world).retrieve().await.unwrap_err().to_string();
    assert!(error.contains("token, last written at 2026-11-23T12:00:00Z, has expired"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_token_of_the_pod_that_has_expired_is_explained() {
    let aws = LocalAws::start().await.unwrap();
    aws.container().authorization(Some("fresh"));
    let world = world(&aws).env(TOKEN_FILE, "/var/run/token").file("/var/run/token", "stale");
    let error = chain(&world).retrieve().await.unwrap_err();
    assert!(error.is_transient());
    for part in [
        "answered 400: ExpiredTokenException: Token is expired",
        "the token in /var/run/token has expired",
        "kubelet",
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn addresses_that_are_not_allowed_are_never_asked() {
    for uri in ["http://169.254.169.254/x", "http://10.0.0.1/x", "http://[2001:db8::1]/"] {
        let error = chain(&World::new().env(FULL_URI, uri)).retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured), "{error}");
        assert!(error.to_string().contains("169.254.170.23"), "{error}");
    }
    let error = chain(&World::new().env(RELATIVE_URI, "v2/x?id=CANARY")).retrieve().await.unwrap_err();
    assert!(
        error.to_string().contains("does not begin with `/`") && !error.to_string().contains("CANARY"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_is_resolved_and_the_request_goes_to_the_address_that_was_checked() {
    let aws = LocalAws::start().await.unwrap();
    let world = aws.world().env(FULL_URI, aws.container_uri().replace("127.0.0.1", "localhost"));
    assert!(chain(&world).retrieve().await.is_ok());
    assert!(aws.requests()[0].header_names().contains(&"host".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn nobody_there_is_a_failure() {
    let world = World::new().env(FULL_URI, "http://127.0.0.1:1/x?id=CANARY");
    let error = chain(&world).retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Unreachable));
    assert!(error.to_string().contains("GET http://127.0.0.1:1/x (AWS_CONTAINER"), "{error}");
    assert!(!error.to_string().contains("CANARY"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn without_the_variables_it_is_not_configured() {
    let error = Container::in_world(&World::new()).retrieve().await.unwrap_err();
    assert!(error.is_not_configured() && error.to_string().contains(RELATIVE_URI), "{error}");
}

#[tokio::test(start_paused = true)]
async fn timeouts_are_two_and_five_seconds_or_the_users() {
    let aws = LocalAws::start().await.unwrap();
    aws.fault(Route::ContainerCredentials, Fault::delay(6 * SECOND));
    chain(&world(&aws)).retrieve().await.unwrap();
    aws.fault(Route::ContainerCredentials, Fault::delay(12 * SECOND));
    let patient = Container::in_world(&world(&aws)).timeouts(Timeouts::new().answer(11 * SECOND));
    patient.retrieve().await.unwrap();
    assert_eq!(aws.count(Route::ContainerCredentials), 2);
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_are_served_marked_while_the_agent_is_away() {
    let aws = LocalAws::start().await.unwrap();
    aws.container().credentials_lifetime(Duration::from_secs(3600));
    let world = world(&aws);
    let cache = CredentialsCache::builder(chain(&world)).in_world(&world).build();
    cache.credentials().await.unwrap();
    aws.fault(Route::ContainerCredentials, Fault::status(500).forever());
    tokio::time::sleep(Duration::from_secs(3601)).await;
    assert!(cache.credentials().await.unwrap().is_stale());
}

#[test]
fn without_a_runtime_or_without_timers_it_is_an_error_and_no_panic() {
    let bare = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for uri in ["https://127.0.0.1:1/", "http://127.0.0.1:1/", "http://localhost:1/"] {
        let world = World::new().env(FULL_URI, uri);
        let container = Container::in_world(&world);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(answer) = std::pin::pin!(container.retrieve()).poll(&mut context) else {
            panic!("{uri}: waits for nobody");
        };
        assert_eq!(kind(&answer.unwrap_err()), Some(FailureKind::NoRuntime), "{uri}");
        let error = bare.block_on(container.retrieve()).unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::NoRuntime), "{uri}: {error}");
    }
}
