//! Roles, assumed from moto with an assertion that has a real XML signature.

use std::time::{Duration, SystemTime};

use aws_credential_chain::providers::Saml;
use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::{Clock, World};
use aws_credential_chain::{Credentials, CredentialsProvider, Error, FailureKind, Role, SourceKind};
use interop::moto::Moto;
use secrecy::SecretString;

/// Moto's own account: it looks for sessions of unsigned calls there.
const ROLE: &str = "arn:aws:iam::123456789012:role/developer";
const OKTA: &str = "arn:aws:iam::123456789012:saml-provider/okta";

fn machine(moto: &Moto) -> World {
    World::with_clock(Clock::starting_now())
        .env("AWS_ENDPOINT_URL_STS", moto.endpoint())
        .env("AWS_REGION", "eu-central-1")
}

async fn assume(machine: &World, assertion: &str) -> Result<Credentials, Error> {
    let assertion = SecretString::from(assertion);
    let give = move || std::future::ready(Ok::<_, Error>(assertion.clone()));
    Saml::new(Role::builder(ROLE).build().unwrap(), OKTA, give).in_world(machine).retrieve().await
}

fn seconds_left(credentials: &Credentials) -> u64 {
    credentials.expiry().unwrap().duration_since(SystemTime::now()).unwrap().as_secs()
}

#[tokio::test]
async fn a_signed_assertion_becomes_the_role_that_it_names() {
    let moto = Moto::start();
    let machine = machine(&moto);
    let credentials = assume(&machine, &moto.assertion(ROLE, OKTA, "alice", 5400, "")).await.unwrap();
    assert_eq!(credentials.source().kind(), SourceKind::Saml);
    assert_eq!(credentials.account_id(), Some("123456789012"));
    let left = seconds_left(&credentials);
    assert!((5300..=5400).contains(&left), "{left}");
    let identity = Sts::in_world(&machine).caller_identity(&credentials).await.unwrap();
    assert_eq!(identity.arn(), "arn:aws:sts::123456789012:assumed-role/developer/alice");
    assert_eq!(identity.account_id(), "123456789012");
}

#[tokio::test]
async fn the_session_ends_when_the_assertion_says_so() {
    let moto = Moto::start();
    let end = SystemTime::now() + Duration::from_secs(1200);
    let end = time::OffsetDateTime::from(end).replace_nanosecond(0).unwrap();
    let text = end.format(&time::format_description::well_known::Rfc3339).unwrap();
    let credentials =
        assume(&machine(&moto), &moto.assertion(ROLE, OKTA, "alice", 3600, &text)).await.unwrap();
    assert_eq!(credentials.expiry(), Some(SystemTime::from(end)), "moto says an hour, the assertion less");
}

#[tokio::test]
async fn an_assertion_signed_by_somebody_else_is_refused_and_not_shown() {
    let moto = Moto::start();
    let forged = Moto::start().assertion(ROLE, OKTA, "alice", 3600, "");
    let Err(Error::Failed(failure)) = assume(&machine(&moto), &forged).await else { panic!("it was taken") };
    let text = failure.to_string();
    assert_eq!(failure.kind(), FailureKind::Refused, "{text}");
    assert!(text.contains("AssumeRoleWithSAML") && text.contains("InvalidIdentityToken"), "{text}");
    assert!(!text.contains(&forged), "{text}");
}
