//! The metadata service, over HTTP, against the local AWS: everything that can go wrong, an error that says where and
//! what to do, within its time, and credentials in hand kept.
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

use aws_credential_chain::providers::{EndpointMode, InstanceMetadata};
use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{
    Credentials, CredentialsCache, CredentialsProvider, DefaultChain, Error, FailureKind, SourceKind,
    Timeouts,
};
use secrecy::ExposeSecret;
use support::outcome::kind;
use support::seen::Seen;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn cache(world: &World) -> CredentialsCache {
    CredentialsCache::builder(DefaultChain::in_world(world)).in_world(world).build()
}

async fn timed(cache: &CredentialsCache) -> (Result<Credentials, Error>, Duration) {
    let started = Instant::now();
    (cache.credentials().await, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn the_whole_set_comes_from_the_extended_path() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("web").account_id("210987654321");
    let world = aws.world();
    let cache = cache(&world);
    let credentials = cache.credentials().await.unwrap();
    assert_eq!(aws.metadata().issued(), [credentials.access_key_id()]);
    assert_eq!(credentials.account_id(), Some("210987654321"));
    assert_eq!(credentials.source().kind(), SourceKind::InstanceMetadata);
    assert_eq!(credentials.source().to_string(), "instance metadata (web)");
    let secrets = aws.secrets();
    assert!(secrets.iter().any(|secret| secret == credentials.secret_access_key().expose_secret()));
    assert!(secrets.iter().any(|secret| secret == credentials.session_token().unwrap().expose_secret()));
    let left = credentials.expiry().unwrap().duration_since(world.clock().now()).unwrap();
    assert!((6 * HOUR - SECOND..=6 * HOUR).contains(&left), "{left:?}");

    let paths: Vec<_> = aws.requests().iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(
        paths,
        [
            "/latest/api/token",
            "/latest/meta-data/iam/security-credentials-extended/",
            "/latest/meta-data/iam/security-credentials-extended/web"
        ]
    );
    // Some servers in between ask for it.
    assert!(aws.requests()[0].header_names().contains(&"content-length".to_owned()));
    seen.also(format!("{credentials:?} {cache:?} {aws:?} {world:?} {:?}", aws.metadata()));
    seen.assert_none_of(secrets);
}

#[tokio::test(start_paused = true)]
async fn without_the_extended_path_the_older_one_is_used_from_then_on() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().without_extended_path();
    let chain = DefaultChain::in_world(&aws.world());
    assert!(chain.retrieve().await.unwrap().account_id().is_none());
    assert_eq!(aws.count(Route::MetadataRoles), 2);
    chain.retrieve().await.unwrap();
    // Token and role are known: one request.
    assert_eq!(aws.requests().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_tasks_make_one_request_of_each_kind() {
    let aws = LocalAws::start().await.unwrap();
    for route in [Route::MetadataToken, Route::MetadataRoles, Route::MetadataCredentials] {
        aws.fault(route, Fault::delay(Duration::from_millis(20)));
    }
    let cache = cache(&aws.world());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10_000 {
        let cache = cache.clone();
        tasks.spawn(async move { cache.credentials().await.unwrap().generation() });
    }
    let generations = tasks.join_all().await;
    assert!(generations.windows(2).all(|pair| pair[0] == pair[1]));
    let counts = [Route::MetadataToken, Route::MetadataRoles, Route::MetadataCredentials]
        .map(|route| aws.count(route));
    assert_eq!(counts, [1, 1, 1]);
}

/// One thing that goes wrong, and what the reader is told.
struct Trouble {
    route: Route,
    fault: Fault,
    kind: FailureKind,
    says: &'static [&'static str],
    within: Duration,
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn troubles() -> Vec<Trouble> {
    use FailureKind::{Expired, Malformed, Refused, Throttled, TimedOut, Unavailable};
    use Route::{MetadataCredentials, MetadataRoles, MetadataToken};
    let soon = SECOND;
    let retried = 8 * SECOND;
    let trouble = |route, fault: Fault, kind, says, within| Trouble {
        route,
        fault: fault.forever(),
        kind,
        says,
        within,
    };
    vec![
        trouble(
            MetadataToken,
            Fault::status(403),
            Refused,
            &["PUT http://127.0.0.1", "/latest/api/token answered 403", "switched off"],
            soon,
        ),
        trouble(MetadataToken, Fault::status(400), Refused, &["answered 400"], soon),
        trouble(
            MetadataToken,
            Fault::status(404),
            Refused,
            &["answered 404", "something other than the metadata service"],
            soon,
        ),
        trouble(MetadataToken, Fault::status(411), Refused, &["answered 411", "if it is a proxy"], soon),
        trouble(MetadataToken, Fault::status(429), Throttled, &["answered 429"], soon),
        trouble(MetadataToken, Fault::status(500), Unavailable, &["answered 500"], retried),
        trouble(
            MetadataToken,
            Fault::hang(),
            TimedOut,
            &["connected, and no whole answer", "http-put-response-hop-limit to 2"],
            retried,
        ),
        trouble(
            MetadataToken,
            Fault::delay(60 * SECOND),
            TimedOut,
            &["http-put-response-hop-limit"],
            retried,
        ),
        trouble(MetadataToken, Fault::drip(), TimedOut, &["no whole answer"], retried),
        trouble(MetadataToken, Fault::reset(), Malformed, &["broke off"], retried),
        trouble(MetadataToken, Fault::garbage(), Malformed, &["is no HTTP"], retried),
        trouble(MetadataToken, Fault::truncated(), Malformed, &["broke off"], retried),
        trouble(MetadataToken, Fault::oversized(), Malformed, &["larger than 64 KiB"], retried),
        trouble(
            MetadataToken,
            Fault::redirect("http://127.0.0.1:1/"),
            Refused,
            &["answered 302", "redirects are not followed"],
            soon,
        ),
        trouble(
            MetadataToken,
            Fault::body(""),
            Malformed,
            &["does not say how long the token lives"],
            retried,
        ),
        trouble(
            MetadataToken,
            Fault::without_header("x-aws-ec2-metadata-token-ttl-seconds"),
            Malformed,
            &["does not say how long"],
            retried,
        ),
        trouble(
            MetadataToken,
            Fault::body("token").header("x-aws-ec2-metadata-token-ttl-seconds", "0"),
            Malformed,
            &["does not say how long the token lives"],
            retried,
        ),
        trouble(MetadataRoles, Fault::drip(), TimedOut, &["no whole answer"], retried),
        trouble(MetadataRoles, Fault::status(401), Refused, &["refused a fresh session token"], soon),
        trouble(
            MetadataRoles,
            Fault::status(503),
            Unavailable,
            &["GET http://127.0.0.1", "answered 503"],
            retried,
        ),
        trouble(
            MetadataRoles,
            Fault::hang(),
            TimedOut,
            &["connected, and no whole answer", "timeouts"],
            retried,
        ),
        trouble(
            MetadataRoles,
            Fault::body("<html>a proxy says hello</html>"),
            Malformed,
            &["security-credentials-extended/: the answer is no list of roles", "proxy"],
            soon,
        ),
        trouble(MetadataRoles, Fault::oversized(), Malformed, &["larger than 64 KiB"], soon),
        trouble(MetadataCredentials, Fault::status(500), Unavailable, &["answered 500"], retried),
        trouble(MetadataCredentials, Fault::hang(), TimedOut, &["no whole answer"], retried),
        trouble(MetadataCredentials, Fault::drip(), TimedOut, &["no whole answer"], retried),
        trouble(MetadataCredentials, Fault::reset(), Malformed, &["broke off"], retried),
        trouble(MetadataCredentials, Fault::garbage(), Malformed, &["is no HTTP"], retried),
        trouble(MetadataCredentials, Fault::truncated(), Malformed, &["broke off"], retried),
        trouble(MetadataCredentials, Fault::oversized(), Malformed, &["larger than 64 KiB"], soon),
        trouble(
            MetadataCredentials,
            Fault::redirect("http://127.0.0.1:1/"),
            Refused,
            &["answered 302"],
            soon,
        ),
        trouble(
            MetadataCredentials,
            Fault::body(""),
            Malformed,
            &["extended/local-role: the answer is not the expected JSON"],
            soon,
        ),
        trouble(MetadataCredentials, Fault::body("{}"), Malformed, &["no `AccessKeyId`"], soon),
        trouble(
            MetadataCredentials,
            Fault::body(r#"{"AccessKeyId":"A","SecretAccessKey":"LOCALsecret"}"#),
            Malformed,
            &["no `Token`"],
            soon,
        ),
        trouble(
            MetadataCredentials,
            Fault::body(
                r#"{"AccessKeyId":"A","SecretAccessKey":"LOCALsecret","Token":"LOCALtoken","Expiration":"soon"}"#,
            ),
            Malformed,
            &["`Expiration`"],
            soon,
        ),
        trouble(
            MetadataCredentials,
            Fault::body(
                r#"{"AccessKeyId":"A","SecretAccessKey":"LOCALsecret","Token":"LOCALtoken é","Expiration":"2099-01-01T00:00:00Z"}"#,
            ),
            Malformed,
            &["GET http://127.0.0.1", "the session token holds a character", "something other than"],
            soon,
        ),
        // The service has nothing newer yet, and says so by giving the old ones.
        trouble(
            MetadataCredentials,
            Fault::body(
                r#"{"AccessKeyId":"A","SecretAccessKey":"LOCALsecret","Token":"LOCALtoken","Expiration":"2026-11-23T11:59:00Z"}"#,
            ),
            Expired,
            &[
                "instance metadata (local-role): answered with credentials that expired at 2026-11-23T11:59:00Z",
                "clock",
            ],
            soon,
        ),
        trouble(
            MetadataCredentials,
            Fault::body(r#"{"Code":"Failed","Message":"no\u001b[31m luck"}"#),
            Unavailable,
            &["said Failed: no [31m luck"],
            soon,
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_at_the_first_fetch_is_explained_in_time_and_heals() {
    for Trouble { route, fault, kind: expected, says, within } in troubles() {
        let (seen, _guard) = Seen::start();
        let aws = LocalAws::start().await.unwrap();
        let shown = format!("{route:?} {fault:?}");
        aws.fault(route, fault);
        let cache = cache(&aws.world());
        let (read, waited) = timed(&cache).await;
        let error = read.unwrap_err();
        assert_eq!(kind(&error), Some(expected), "{shown}\n{error}");
        for part in says {
            assert!(error.to_string().contains(part), "{shown}: {part}\n{error}");
        }
        assert!(waited <= within, "{shown} took {waited:?}");
        // Heals without help.
        aws.clear_faults();
        tokio::time::sleep(330 * SECOND).await;
        assert!(cache.credentials().await.is_ok(), "{shown}");
        seen.also(format!("{error} {error:?} {cache:?}"));
        seen.assert_none_of(
            aws.secrets().into_iter().chain(["LOCALsecret".to_owned(), "LOCALtoken".to_owned()]),
        );
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_at_a_refresh_credentials_in_hand_are_kept() {
    for Trouble { route, fault, .. } in troubles() {
        let aws = LocalAws::start().await.unwrap();
        aws.metadata().credentials_lifetime(HOUR);
        let cache = cache(&aws.world());
        let first = cache.credentials().await.unwrap();
        let shown = format!("{route:?} {fault:?}");
        // The role's list is asked for only after the role was exchanged.
        if route == Route::MetadataRoles {
            aws.metadata().role("another");
        }
        aws.fault(route, fault);
        aws.metadata().revoke_tokens();
        tokio::time::sleep(Duration::from_secs(46 * 60)).await;
        for _ in 0..60 {
            let (read, waited) = timed(&cache).await;
            assert_eq!(read.unwrap().generation(), first.generation(), "{shown}");
            assert_eq!(waited, Duration::ZERO, "{shown}");
            tokio::time::sleep(SECOND).await;
        }
        let status = cache.status();
        assert!(status.last_failure.is_some() && status.failures >= 1, "{shown}");
        aws.clear_faults();
        tokio::time::sleep(330 * SECOND).await;
        cache.credentials().await.unwrap();
        tokio::time::sleep(SECOND).await;
        assert!(cache.credentials().await.unwrap().generation() > first.generation(), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn faults_of_a_moment_are_not_seen_by_a_read_that_waits() {
    for fault in [Fault::status(500), Fault::hang(), Fault::reset(), Fault::truncated()] {
        for route in [Route::MetadataToken, Route::MetadataRoles, Route::MetadataCredentials] {
            let aws = LocalAws::start().await.unwrap();
            aws.fault(route, fault.clone().times(2));
            assert!(cache(&aws.world()).credentials().await.is_ok(), "{route:?} {fault:?}");
            assert_eq!(aws.count(route), 3);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_nobody_waits_for_makes_one_attempt_a_step() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().credentials_lifetime(HOUR);
    let cache = cache(&aws.world());
    cache.credentials().await.unwrap();
    aws.fault(Route::MetadataCredentials, Fault::status(500).forever());
    tokio::time::sleep(50 * Duration::from_secs(60)).await;
    cache.credentials().await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(aws.count(Route::MetadataCredentials), 2);
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_are_served_marked_while_the_service_is_away() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().credentials_lifetime(HOUR);
    let cache = cache(&aws.world());
    let first = cache.credentials().await.unwrap();
    aws.fault(Route::MetadataToken, Fault::hang().forever());
    aws.fault(Route::MetadataCredentials, Fault::hang().forever());
    tokio::time::sleep(HOUR + SECOND).await;
    let (read, waited) = timed(&cache).await;
    let stale = read.unwrap();
    assert_eq!(stale.generation(), first.generation());
    assert!(stale.is_stale() && cache.current().unwrap().is_stale());
    assert!(cache.with_current(Credentials::is_stale).unwrap());
    assert!(waited <= 5 * SECOND, "{waited:?}");
    for _ in 0..300 {
        let (read, waited) = timed(&cache).await;
        assert!(read.unwrap().is_stale());
        assert!(waited <= 5 * SECOND);
        tokio::time::sleep(SECOND).await;
    }
    aws.clear_faults();
    tokio::time::sleep(181 * SECOND).await;
    cache.credentials().await.unwrap();
    tokio::time::sleep(SECOND).await;
    assert!(!cache.credentials().await.unwrap().is_stale());
}

#[tokio::test(start_paused = true)]
async fn a_session_token_is_kept_and_exchanged_when_it_ends_or_is_refused() {
    let aws = LocalAws::start().await.unwrap();
    let chain = DefaultChain::in_world(&aws.world());
    chain.retrieve().await.unwrap();
    tokio::time::sleep(5 * HOUR + HOUR / 2).await;
    chain.retrieve().await.unwrap();
    assert_eq!(aws.count(Route::MetadataToken), 1);
    // Two minutes before its end.
    tokio::time::sleep(HOUR / 2 - 119 * SECOND).await;
    chain.retrieve().await.unwrap();
    assert_eq!(aws.count(Route::MetadataToken), 2);
    aws.metadata().revoke_tokens();
    chain.retrieve().await.unwrap();
    assert_eq!(aws.count(Route::MetadataToken), 3);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_was_exchanged_is_listed_again() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("blue");
    let chain = DefaultChain::in_world(&aws.world());
    assert_eq!(chain.retrieve().await.unwrap().source().to_string(), "instance metadata (blue)");
    aws.metadata().role("green");
    assert_eq!(chain.retrieve().await.unwrap().source().to_string(), "instance metadata (green)");
    assert_eq!(aws.count(Route::MetadataRoles), 2);
}

#[tokio::test(start_paused = true)]
async fn a_role_named_by_the_user_is_not_listed_and_never_another() {
    for extended in [true, false] {
        let aws = LocalAws::start().await.unwrap();
        aws.metadata().role("web");
        if !extended {
            aws.metadata().without_extended_path();
        }
        let world = aws.world().env("AWS_EC2_INSTANCE_PROFILE_NAME", "web");
        DefaultChain::in_world(&world).retrieve().await.unwrap();
        assert_eq!(aws.count(Route::MetadataRoles), 0);
        let world = aws.world().env("AWS_EC2_INSTANCE_PROFILE_NAME", "admin");
        let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Refused));
        assert!(error.to_string().contains("no role `admin`"), "{error}");
        let by_code = InstanceMetadata::in_world(&aws.world()).role_name("web").retrieve().await;
        assert!(by_code.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_names_the_path_that_was_asked() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().without_extended_path();
    for route in [Route::MetadataRoles, Route::MetadataCredentials] {
        // The first request for the roles is that for the extended path.
        if route == Route::MetadataRoles {
            aws.fault(route, Fault::status(404));
        }
        aws.fault(route, Fault::body("<html>").forever());
        let error = DefaultChain::in_world(&aws.world()).retrieve().await.unwrap_err().to_string();
        assert!(error.contains("/iam/security-credentials/") && !error.contains("extended"), "{error}");
        aws.clear_faults();
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_of_a_role_leads_nowhere_else() {
    let aws = LocalAws::start().await.unwrap();
    for name in ["../../user-data", "..", "a/b", "a?b", "a b", "ü", &"x".repeat(65)] {
        let world = aws.world().env("AWS_EC2_INSTANCE_PROFILE_NAME", name);
        let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured), "{error}");
        assert!(error.to_string().contains("AWS_EC2_INSTANCE_PROFILE_NAME is no name of a role"), "{error}");
    }
    for name in ["", " "] {
        let error = InstanceMetadata::in_world(&aws.world()).role_name(name).retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured), "{error}");
        assert!(error.to_string().contains("set in code"), "{error}");
    }
    assert!(aws.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn credentials_that_the_service_does_not_renew_are_asked_for_calmly_and_served_marked() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().credentials_lifetime(HOUR).repeat_until(Duration::ZERO);
    let cache = cache(&aws.world());
    let first = cache.credentials().await.unwrap();
    let old = format!(
        r#"{{"Code":"Success","AccessKeyId":"{}","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-23T13:00:00Z"}}"#,
        first.access_key_id()
    );
    aws.fault(Route::MetadataCredentials, Fault::body(old).forever());
    tokio::time::sleep(44 * Duration::from_secs(60)).await;
    for _ in 0..60 * 30 {
        let (read, waited) = timed(&cache).await;
        let read = read.unwrap();
        assert_eq!(read.access_key_id(), first.access_key_id());
        assert_eq!(read.is_stale(), read.expiry().unwrap() <= aws.clock().now());
        assert!(waited <= 5 * SECOND, "{waited:?}");
        tokio::time::sleep(SECOND).await;
    }
    assert!(aws.count(Route::MetadataCredentials) < 60, "{}", aws.count(Route::MetadataCredentials));
    aws.clear_faults();
    tokio::time::sleep(200 * SECOND).await;
    cache.credentials().await.unwrap();
    tokio::time::sleep(SECOND).await;
    assert!(!cache.credentials().await.unwrap().is_stale());
}

#[tokio::test(start_paused = true)]
async fn an_instance_without_a_role_is_not_configured() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().no_role();
    let cache = cache(&aws.world());
    let error = cache.credentials().await.unwrap_err();
    assert!(error.is_not_configured());
    assert!(error.to_string().contains("the instance has no instance profile"), "{error}");
    // On a fresh instance it comes some seconds later.
    aws.metadata().role("late");
    tokio::time::sleep(5 * SECOND).await;
    assert!(cache.credentials().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_role_that_ec2_may_not_assume_is_explained() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().error_code(Some("AssumeRoleUnauthorizedAccess"));
    let error = DefaultChain::in_world(&aws.world()).retrieve().await.unwrap_err();
    assert!(error.to_string().contains("said AssumeRoleUnauthorizedAccess"), "{error}");
    assert!(error.to_string().contains("trust policy name ec2.amazonaws.com"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn settings_decide_whether_and_where_it_is_asked() {
    let aws = LocalAws::start().await.unwrap();
    let off = aws.world().env("AWS_EC2_METADATA_DISABLED", "TRUE");
    let error = DefaultChain::in_world(&off).retrieve().await.unwrap_err();
    assert!(error.is_not_configured() && error.to_string().contains("AWS_EC2_METADATA_DISABLED"), "{error}");
    assert!(aws.requests().is_empty());
    for value in ["false", "1", "yes"] {
        let on = aws.world().env("AWS_EC2_METADATA_DISABLED", value);
        assert!(DefaultChain::in_world(&on).retrieve().await.is_ok(), "{value}");
    }
    let wrong = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254", "is no URL"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ftp://127.0.0.1", "is no http URL"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "https://127.0.0.1", "is no http URL"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://u:CANARY@127.0.0.1/", "may have none"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1/?CANARY", "may have none"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5", "is `IPv5`, which is neither IPv4 nor IPv6"),
    ];
    for (variable, value, says) in wrong {
        let error = DefaultChain::in_world(&World::new().env(variable, value)).retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured), "{error}");
        let text = error.to_string();
        assert!(text.contains(variable) && text.contains(says) && !text.contains("CANARY"), "{text}");
    }
    // Code wins over the environment.
    let elsewhere = World::new().env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    let by_code =
        InstanceMetadata::in_world(&elsewhere).endpoint(aws.endpoint()).endpoint_mode(EndpointMode::Ipv6);
    assert!(by_code.retrieve().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn nobody_at_a_configured_endpoint_is_a_failure() {
    let world = World::new().env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Unreachable));
    assert!(error.to_string().contains("http://127.0.0.1:1/latest/api/token: no connection"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn timeouts_are_the_users() {
    let aws = LocalAws::start().await.unwrap();
    aws.fault(Route::MetadataToken, Fault::delay(4 * SECOND));
    let patient = DefaultChain::in_world(&aws.world()).timeouts(Timeouts::new().answer(5 * SECOND));
    let started = Instant::now();
    patient.retrieve().await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 4);
    // Also beyond what anybody would call patient.
    aws.metadata().revoke_tokens();
    aws.fault(Route::MetadataToken, Fault::delay(14 * SECOND).forever());
    let patient = DefaultChain::in_world(&aws.world()).timeouts(Timeouts::new().answer(15 * SECOND));
    patient.retrieve().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_of_the_service_is_kept_to() {
    let aws = LocalAws::start().await.unwrap();
    aws.fault(Route::MetadataToken, Fault::status(429).retry_after(20 * SECOND));
    let cache = cache(&aws.world());
    cache.credentials().await.unwrap_err();
    for _ in 0..19 {
        tokio::time::sleep(SECOND).await;
        cache.credentials().await.unwrap_err();
    }
    assert_eq!(aws.count(Route::MetadataToken), 1);
    tokio::time::sleep(3 * SECOND).await;
    cache.credentials().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_is_kept_to_also_while_a_read_waits() {
    for route in [Route::MetadataToken, Route::MetadataRoles, Route::MetadataCredentials] {
        let aws = LocalAws::start().await.unwrap();
        aws.fault(route, Fault::status(503).retry_after(20 * SECOND).times(2));
        let error = cache(&aws.world()).credentials().await.unwrap_err();
        let next = error.next_attempt().unwrap().duration_since(aws.clock().now()).unwrap();
        assert!(next >= 20 * SECOND, "{next:?}");
        assert_eq!(aws.count(route), 1, "{route:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_proxy_sees_a_request_to_it() {
    let aws = LocalAws::start().await.unwrap();
    let world = aws.world().env("HTTP_PROXY", "http://127.0.0.1:1").env("ALL_PROXY", "http://127.0.0.1:1");
    assert!(DefaultChain::in_world(&world).retrieve().await.is_ok());
}
