//! Roles, assumed with SAML assertions: an assertion in, credentials or a message out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_credential_chain::providers::Saml;
use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::{Fault, LocalAws, Route, SamlAssertion};
use aws_credential_chain::{
    CredentialsCache, CredentialsProvider, Error, Failure, FailureKind, Role, SessionPolicy, SourceKind,
};
use secrecy::SecretString;
use support::example::{example, run, stderr};
use support::outcome::kind;
use support::seen::Seen;

const ROLE: &str = "arn:aws:iam::222222222222:role/team/developer";
const OKTA: &str = "arn:aws:iam::222222222222:saml-provider/okta";

type Make = fn(&LocalAws) -> String;

fn role() -> Role {
    Role::builder(ROLE).build().unwrap()
}

/// An account whose role trusts the provider.
async fn account() -> LocalAws {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().saml_provider(OKTA);
    aws.sts().role(ROLE).trusts_saml_provider(OKTA);
    aws
}

fn assertion(aws: &LocalAws) -> SamlAssertion<'_> {
    aws.sts().saml_assertion(OKTA, ROLE, "alice")
}

/// The provider, given this.
fn saml(aws: &LocalAws, role: Role, assertion: String) -> Saml {
    let assertion = SecretString::from(assertion);
    Saml::new(role, OKTA, move || std::future::ready(Ok::<_, Error>(assertion.clone())))
        .in_world(&aws.world())
}

#[tokio::test(start_paused = true)]
async fn an_assertion_becomes_the_role_and_goes_in_the_body() {
    let (seen, _guard) = Seen::start();
    let aws = account().await;
    let assertion = assertion(&aws).tag("team", "reports").source_identity("alice-s").sign();
    // Some providers wrap base64.
    let wrapped = assertion.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap());
    let wrapped = wrapped.collect::<Vec<_>>().join("\r\n");
    let cache = CredentialsCache::builder(saml(&aws, role(), wrapped)).in_world(&aws.world()).build();
    let credentials = cache.credentials().await.unwrap();
    assert_eq!(credentials.source().to_string(), format!("SAML ({ROLE})"));
    assert_eq!(credentials.source().kind(), SourceKind::Saml);
    assert_eq!(credentials.account_id(), Some("222222222222"));
    assert_eq!(credentials.packed_policy_size(), Some(1));
    let session = aws.sts().session(credentials.access_key_id()).unwrap();
    assert_eq!((session.name(), session.source_identity()), ("alice", Some("alice-s")));
    assert_eq!(session.tags(), [("team".to_owned(), "reports".to_owned())]);
    let requests = aws.requests();
    assert_eq!((requests.len(), requests[0].is_signature_good()), (1, None));
    let identity = Sts::in_world(&aws.world()).caller_identity(&credentials).await.unwrap();
    assert_eq!(identity.arn(), "arn:aws:sts::222222222222:assumed-role/developer/alice");
    seen.also(format!("{credentials:?} {cache:?} {:?}", saml(&aws, role(), assertion)));
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn each_fetch_asks_for_an_assertion() {
    let aws = account().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, server) = (Arc::clone(&asked), aws.clone());
    let provider = Saml::new(role(), OKTA, move || {
        count.fetch_add(1, Ordering::Relaxed);
        let assertion = assertion(&server).sign();
        async move { Ok::<_, Error>(SecretString::from(assertion)) }
    });
    let provider = provider.in_world(&aws.world());
    let first = provider.retrieve().await.unwrap();
    let second = provider.retrieve().await.unwrap();
    assert_ne!(first.access_key_id(), second.access_key_id());
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn the_session_ends_when_the_assertion_says_so() {
    let aws = account().await;
    let now = aws.clock().now();
    let short = assertion(&aws).session_ends_in(Duration::from_secs(1200)).sign();
    let credentials = saml(&aws, role(), short).retrieve().await.unwrap();
    let left = credentials.expiry().unwrap().duration_since(now).unwrap();
    assert!(left.as_secs().abs_diff(1200) <= 1, "{left:?}");

    let over = assertion(&aws).session_ends_in(Duration::ZERO).sign();
    let before = aws.count(Route::Sts);
    let error = saml(&aws, role(), over).retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Expired));
    assert!(error.to_string().contains("the SAML assertion is for a session that ended at 20"), "{error}");
    assert_eq!(aws.count(Route::Sts), before, "STS need not be asked");
}

#[tokio::test(start_paused = true)]
async fn how_long_and_how_narrowly() {
    let aws = account().await;
    aws.sts().role(ROLE).max_session_duration(Duration::from_secs(7200));
    let policy =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let narrow = Role::builder(ROLE)
        .duration(Duration::from_secs(7200))
        .policy(SessionPolicy::from_json(policy).unwrap())
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .build()
        .unwrap();
    let credentials = saml(&aws, narrow, assertion(&aws).sign()).retrieve().await.unwrap();
    let session = aws.sts().session(credentials.access_key_id()).unwrap();
    assert_eq!(session.policy(), Some(policy));
    assert_eq!(session.policy_arns(), ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    let left = session.expiry().duration_since(aws.clock().now()).unwrap();
    assert_eq!(left.as_secs().div_ceil(60), 120);
}

#[tokio::test(start_paused = true)]
async fn what_sts_refuses_is_explained() {
    let elsewhere = "arn:aws:iam::222222222222:role/other";
    let cases: [(Make, FailureKind, &str); 8] = [
        (
            |aws| assertion(aws).expires_in(Duration::ZERO).sign(),
            FailureKind::Expired,
            "check that the token of arn:aws:iam::222222222222:saml-provider/okta is still being exchanged",
        ),
        (|aws| assertion(aws).audience("urn:other").sign(), FailureKind::Refused, "current certificate"),
        (
            |aws| {
                let mut signed = assertion(aws).sign().into_bytes();
                let middle = signed.len() / 2;
                signed[middle] = if signed[middle] == b'A' { b'B' } else { b'A' };
                String::from_utf8(signed).unwrap()
            },
            FailureKind::Refused,
            "current certificate",
        ),
        (|_| "PHhtbC8+".to_owned(), FailureKind::Refused, "InvalidIdentityToken"),
        (
            |aws| aws.sts().saml_assertion(OKTA, "arn:aws:iam::222222222222:role/x", "alice").sign(),
            FailureKind::Refused,
            "the assertion names the role and the provider together",
        ),
        (
            |aws| {
                aws.sts().role(ROLE).refuses_tags();
                assertion(aws).tag("team", "x").sign()
            },
            FailureKind::Refused,
            "allows sts:AssumeRoleWithSAML to the SAML provider",
        ),
        (
            |aws| {
                aws.sts().delete_role(ROLE).role(ROLE).trusts_saml_provider("arn:aws:iam::2:saml-provider/x");
                assertion(aws).sign()
            },
            FailureKind::Refused,
            "allows sts:AssumeRoleWithSAML to the SAML provider",
        ),
        (
            |aws| {
                aws.fault(
                    Route::AssumeRoleWithSaml,
                    Fault::sts_error("InvalidIdentityToken").message("Specified provider doesn't exist"),
                );
                assertion(aws).sign()
            },
            FailureKind::Refused,
            "the role's account has the SAML provider",
        ),
    ];
    for (make, expected, part) in cases {
        let (seen, _guard) = Seen::start();
        let aws = account().await;
        aws.sts().role(elsewhere);
        let given = make(&aws);
        let error = saml(&aws, role(), given.clone()).retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(expected), "{error}");
        let text = error.to_string();
        assert!(text.contains(part) && text.contains("AssumeRoleWithSAML") && text.contains(ROLE), "{text}");
        seen.also(format!("{error} {error:?}"));
        seen.assert_none_of(aws.secrets().into_iter().chain([given]));
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_go_with_an_assertion_is_refused_before_it_is_sent() {
    let aws = account().await;
    let with = |change: fn(aws_credential_chain::RoleBuilder) -> aws_credential_chain::RoleBuilder| {
        change(Role::builder(ROLE)).build().unwrap()
    };
    for (role, part) in [
        (with(|role| role.session_name("bob")), "has a session name, which a SAML assertion cannot bring"),
        (with(|role| role.external_id("x-42")), "has an external id"),
        (with(|role| role.tag("team", "x")), "has tags"),
        (with(|role| role.source_identity("bob")), "has a source identity"),
    ] {
        let error = saml(&aws, role, assertion(&aws).sign()).retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured));
        assert!(error.to_string().contains(part), "{error}");
    }
    for arn in ["okta", "arn:aws:iam::222222222222:role/okta", "arn:aws:sts::2:saml-provider/x"] {
        let provider = Saml::new(role(), arn, || std::future::ready(Ok::<_, Error>(SecretString::default())));
        let error = provider.in_world(&aws.world()).retrieve().await.unwrap_err();
        assert!(error.to_string().contains("is not one of a SAML provider"), "{error}");
    }
    assert_eq!(aws.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_brings_nothing() {
    let aws = account().await;
    let world = aws.world();
    let fails = Saml::new(role(), OKTA, || async { Err::<SecretString, _>("the login page is down") });
    let error = fails.in_world(&world).retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Unavailable));
    assert!(error.to_string().contains("brought no SAML assertion: the login page is down"), "{error}");

    let own = Saml::new(role(), OKTA, || async {
        Err::<SecretString, _>(Error::from(Failure::new(FailureKind::Withheld, "okta", "not today")))
    });
    let error = own.in_world(&world).retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Withheld), "an error of ours stays what it is");

    let hangs = Saml::new(role(), OKTA, std::future::pending::<Result<SecretString, Error>>);
    let hangs = hangs.in_world(&world).patience(Duration::from_secs(300));
    assert!(hangs.time_limit() > Duration::from_secs(300));
    let error = hangs.retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::TimedOut));
    assert!(error.to_string().contains("within 300 s"), "{error}");
}

#[test]
fn the_example_runs() {
    let output = run(&mut Command::new(example("saml")), &[]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(printed.contains("arn:aws:sts::222222222222:assumed-role/developer/alice"), "{printed}");
}
