//! Keys in environment variables: variables in, credentials or a message out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use aws_credential_chain::testing::World;
use aws_credential_chain::{CredentialsCache, CredentialsProvider, DefaultChain, SourceKind};
use secrecy::ExposeSecret;
use support::seen::Seen;

/// A chain that looks at nothing but the environment.
fn chain(world: &World) -> DefaultChain {
    DefaultChain::in_world(world).no_profile_files().no_instance_metadata()
}

fn world(variables: &[(&str, &str)]) -> World {
    variables.iter().fold(World::new(), |world, (name, value)| world.env(*name, *value))
}

const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIAENV");
const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "CANARY-SECRET");
const TOKEN: (&str, &str) = ("AWS_SESSION_TOKEN", "CANARY-TOKEN");

#[tokio::test(start_paused = true)]
async fn all_variables_are_read() {
    let world = world(&[
        ID,
        SECRET,
        TOKEN,
        ("AWS_ACCOUNT_ID", "123456789012"),
        ("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T20:00:00Z"),
    ]);
    let credentials = chain(&world).retrieve().await.unwrap();
    assert_eq!(credentials.access_key_id(), "AKIAENV");
    assert_eq!(credentials.secret_access_key().expose_secret(), "CANARY-SECRET");
    assert_eq!(credentials.session_token().unwrap().expose_secret(), "CANARY-TOKEN");
    assert_eq!(credentials.account_id(), Some("123456789012"));
    let left = credentials.expiry().unwrap().duration_since(world.clock().now()).unwrap();
    assert_eq!(left.as_secs(), 8 * 3600);
    assert_eq!(credentials.source().kind(), SourceKind::Environment);
}

#[tokio::test(start_paused = true)]
async fn the_pair_alone_is_enough_and_blanks_around_it_do_not_count() {
    let world = world(&[
        ("AWS_ACCESS_KEY_ID", " AKIAENV\n"),
        ("AWS_SECRET_ACCESS_KEY", "s "),
        ("AWS_SESSION_TOKEN", " "),
    ]);
    let credentials = chain(&world).retrieve().await.unwrap();
    assert_eq!(credentials.access_key_id(), "AKIAENV");
    assert!(credentials.session_token().is_none());
    assert!(credentials.expiry().is_none());
}

#[tokio::test(start_paused = true)]
async fn nothing_or_blank_is_not_configured() {
    let neither = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set";
    let blank = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", " ")];
    for (variables, says) in [
        (&[][..], neither),
        (&[TOKEN], neither),
        (&blank, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set, and blank"),
        (&blank[..1], "AWS_ACCESS_KEY_ID is blank, and AWS_SECRET_ACCESS_KEY is not set"),
        (&blank[1..], "AWS_ACCESS_KEY_ID is not set, and AWS_SECRET_ACCESS_KEY is blank"),
    ] {
        let error = chain(&world(variables)).retrieve().await.unwrap_err();
        assert!(error.is_not_configured(), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_half_or_unreadable_fails_by_name_and_shows_no_secret() {
    let (seen, _guard) = Seen::start();
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[ID], "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not"),
        (&[SECRET], "AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not"),
        (
            &[ID, SECRET, ("AWS_CREDENTIAL_EXPIRATION", "CANARY tomorrow")],
            "AWS_CREDENTIAL_EXPIRATION is no RFC 3339",
        ),
        (&[ID, ("AWS_SECRET_ACCESS_KEY", "CANARY\u{0}SECRET")], "environment: AWS_SECRET_ACCESS_KEY holds"),
        // What stands where a byte was no UTF-8: signed with, it would only ever be refused.
        (&[ID, ("AWS_SECRET_ACCESS_KEY", "CANARY\u{fffd}")], "environment: AWS_SECRET_ACCESS_KEY holds"),
        (&[("AWS_ACCESS_KEY_ID", "AKIA\u{fffd}"), SECRET], "environment: AWS_ACCESS_KEY_ID holds"),
        (&[ID, SECRET, ("AWS_SESSION_TOKEN", "CANARY\nTOKEN")], "environment: AWS_SESSION_TOKEN holds"),
        (&[ID, SECRET, ("AWS_ACCOUNT_ID", "1234 5678")], "environment: AWS_ACCOUNT_ID holds"),
    ];
    for (variables, named) in cases {
        let error = chain(&world(variables)).retrieve().await.unwrap_err();
        assert!(!error.is_not_configured() && !error.is_transient());
        assert!(error.to_string().contains(named), "{error}");
        seen.also(format!("{error} {error:?}"));
    }
    seen.assert_none_of(["CANARY"]);
}

#[tokio::test(start_paused = true)]
async fn other_names_complete_a_pair_and_aws_s_own_go_before_them() {
    let other_secret = ("AWS_SECRET_KEY", "CANARY-OTHER");
    for (variables, expected) in [
        (&[ID, other_secret][..], ["AKIAENV", "CANARY-OTHER"]),
        (&[ID, ("SECRET_ACCESS_KEY", "CANARY-OF-RUST")], ["AKIAENV", "CANARY-OF-RUST"]),
        (&[ID, ("SECRET_ACCESS_KEY", "CANARY-OF-RUST"), other_secret], ["AKIAENV", "CANARY-OTHER"]),
        (&[("AWS_ACCESS_KEY", "AKIAOTHER"), SECRET], ["AKIAOTHER", "CANARY-SECRET"]),
        (&[ID, SECRET, ("AWS_ACCESS_KEY", "AKIAOTHER"), other_secret], ["AKIAENV", "CANARY-SECRET"]),
        (&[ID, ("AWS_SECRET_ACCESS_KEY", " "), other_secret], ["AKIAENV", "CANARY-OTHER"]),
    ] {
        let credentials = chain(&world(variables)).retrieve().await.unwrap();
        let keys = [credentials.access_key_id(), credentials.secret_access_key().expose_secret()];
        assert_eq!(keys, expected, "{variables:?}");
    }
}

/// They are for Ansible, say: whoever has a profile, too, would find himself somebody else.
#[tokio::test(start_paused = true)]
async fn a_pair_of_other_names_alone_is_no_identity_and_is_named() {
    let (seen, _guard) = Seen::start();
    let world = world(&[("AWS_ACCESS_KEY", "AKIAOTHER"), ("AWS_SECRET_KEY", "CANARY-OTHER")]);
    let error = chain(&world).retrieve().await.unwrap_err();
    assert!(error.is_not_configured());
    let says = "AWS_ACCESS_KEY and AWS_SECRET_KEY are, and count only beside one of AWS's own names";
    assert!(error.to_string().contains(says) && seen.text().contains(says), "{error}");
    let world =
        world.file("~/.aws/credentials", "[default]\naws_access_key_id=AKIAFILE\naws_secret_access_key=s");
    let credentials = DefaultChain::in_world(&world).retrieve().await.unwrap();
    assert_eq!(credentials.access_key_id(), "AKIAFILE");
    seen.assert_none_of(["CANARY-OTHER"]);
    // Half of such a pair is nothing at all.
    for variable in ["AWS_ACCESS_KEY", "AWS_SECRET_KEY", "SECRET_ACCESS_KEY"] {
        let error = chain(&World::new().env(variable, "x")).retrieve().await.unwrap_err();
        assert!(error.is_not_configured() && !error.to_string().contains("count only"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_s_old_name_counts_where_the_new_one_is_not_set() {
    let old = ("AWS_SECURITY_TOKEN", "CANARY-OLD");
    for (variables, expected, is_warned) in [
        (&[ID, SECRET, old][..], Some("CANARY-OLD"), false),
        (&[ID, SECRET, old, ("AWS_SESSION_TOKEN", " ")], Some("CANARY-OLD"), false),
        (&[ID, SECRET, old, TOKEN], Some("CANARY-TOKEN"), true),
        (&[ID, SECRET, TOKEN, ("AWS_SECURITY_TOKEN", "CANARY-TOKEN")], Some("CANARY-TOKEN"), false),
        (&[ID, SECRET, ("AWS_SECURITY_TOKEN", "")], None, false),
    ] {
        let (seen, _guard) = Seen::start();
        let credentials = chain(&world(variables)).retrieve().await.unwrap();
        assert_eq!(credentials.session_token().map(ExposeSecret::expose_secret), expected, "{variables:?}");
        assert_eq!(seen.text().contains("hold two tokens"), is_warned, "{variables:?}");
        seen.also(format!("{credentials:?}"));
        seen.assert_none_of(["CANARY"]);
    }
    let error =
        chain(&world(&[ID, SECRET, ("AWS_SECURITY_TOKEN", "CANARY\nOLD")])).retrieve().await.unwrap_err();
    assert!(error.to_string().contains("environment: AWS_SECURITY_TOKEN holds"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn variables_that_change_are_read_again() {
    let world = world(&[ID, SECRET]);
    let chain = chain(&world);
    chain.retrieve().await.unwrap();
    let _world = world.env("AWS_ACCESS_KEY_ID", "AKIANEW");
    assert_eq!(chain.retrieve().await.unwrap().access_key_id(), "AKIANEW");
}

#[test]
fn they_resolve_without_any_runtime() {
    let chain = chain(&world(&[ID, SECRET]));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::pin::pin!(chain.retrieve()).poll(&mut context);
    assert!(matches!(polled, std::task::Poll::Ready(Ok(_))));
}

#[tokio::test(start_paused = true)]
async fn keys_that_have_expired_are_told_by_a_cache_and_asked_for_again() {
    let world = world(&[ID, SECRET, ("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T11:00:00Z")]);
    let cache = CredentialsCache::builder(chain(&world)).in_world(&world).build();
    let error = cache.credentials().await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("environment: answered with credentials that expired at 2026-11-23T11:00:00Z"),
        "{error}"
    );
    // Another part of the program renews them.
    let world = world.env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T13:00:00Z");
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(cache.credentials().await.unwrap().expiry() > Some(world.clock().now()));
}

#[tokio::test(start_paused = true)]
async fn on_lambda_they_are_the_role_of_the_function_and_nothing_else_is_looked_at() {
    let variables =
        [ID, SECRET, TOKEN, ("AWS_LAMBDA_FUNCTION_NAME", "f"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/full")];
    // Files that would fail, and a metadata service that would be waited for: neither is touched.
    let world = world(&variables).env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    let credentials = DefaultChain::in_world(&world).retrieve().await.unwrap();
    assert_eq!(credentials.source().to_string(), "environment (AWS Lambda)");
    let hops: Vec<_> = credentials.source().hops().map(|hop| (hop.kind(), hop.detail())).collect();
    assert_eq!(hops, [(SourceKind::Environment, Some("AWS Lambda"))]);
}
