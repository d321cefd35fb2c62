//! Roles that are made for each refresh, and what calls signed by an instance have in common with them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_credential_chain::providers::{AssumeRole, StaticKeys};
use aws_credential_chain::sts::OutboundIdentity;
use aws_credential_chain::testing::{LocalAws, Request, Route};
use aws_credential_chain::{
    CredentialsCache, CredentialsProvider, DefaultChain, Error, Failure, FailureKind, ProviderExt, Role,
};
use support::outcome::kind;
use support::phone::{Phone, SERIAL};
use support::seen::Seen;

const ROLE: &str = "arn:aws:iam::222222222222:role/deploy";
const HOUR: Duration = Duration::from_secs(3600);

fn keys(aws: &LocalAws) -> StaticKeys {
    let (id, secret) = aws.sts().user("111111111111", "alice");
    StaticKeys::new(id, secret, None).unwrap()
}

/// The n-th role that is made is for release n; how many were made.
fn releases(aws: &LocalAws) -> (AssumeRole, Arc<AtomicUsize>) {
    let made = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&made);
    let role = move || {
        let release = count.fetch_add(1, Ordering::SeqCst).to_string();
        Role::builder(ROLE).tag("release", &release).session_name(format!("release-{release}")).build()
    };
    (keys(aws).assume_with(role).in_world(&aws.world()), made)
}

#[tokio::test(start_paused = true)]
async fn each_refresh_asks_for_what_the_closure_gives() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(ROLE).trusts("arn:aws:iam::111111111111:user/alice");
    let (provider, made) = releases(&aws);
    assert!(provider.role().is_none());
    assert!(format!("{provider:?}").contains("request: made for each refresh"), "{provider:?}");
    let cache = CredentialsCache::builder(provider).in_world(&aws.world()).build();
    for release in 0..3 {
        let credentials = cache.renew().await.unwrap();
        assert_eq!(made.load(Ordering::SeqCst), release + 1);
        let session = aws.sts().session(credentials.access_key_id()).unwrap();
        assert_eq!(session.name(), format!("release-{release}"));
        assert_eq!(session.tags(), [("release".to_owned(), release.to_string())]);
        assert_eq!(credentials.source().to_string(), format!("static keys → assume role ({ROLE})"));
    }
    // A read of what is in hand makes none.
    cache.credentials().await.unwrap();
    assert_eq!((made.load(Ordering::SeqCst), aws.count(Route::AssumeRole)), (3, 3));
    let fixed = Role::builder(ROLE).build().unwrap();
    assert_eq!(keys(&aws).assume(fixed.clone()).role(), Some(&fixed));
    seen.also(format!("{cache:?}"));
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn a_closure_that_fails_sends_nothing_and_is_asked_again() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(ROLE).trusts("arn:aws:iam::111111111111:user/alice");
    let calls = AtomicUsize::new(0);
    let provider = keys(&aws).assume_with(move || match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Err(Failure::new(FailureKind::Unavailable, "releases", "the list is locked").into()),
        1 => Role::builder("no ARN").build(),
        _ => Role::builder(ROLE).build(),
    });
    let provider = provider.in_world(&aws.world());
    let locked = provider.retrieve().await.unwrap_err();
    assert_eq!(
        (kind(&locked), locked.to_string().contains("the list is locked")),
        (Some(FailureKind::Unavailable), true)
    );
    let wrong = provider.retrieve().await.unwrap_err();
    assert_eq!(kind(&wrong), Some(FailureKind::Misconfigured), "{wrong}");
    assert_eq!(aws.requests().len(), 0);
    provider.retrieve().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_made_can_ask_for_a_second_factor() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(ROLE).trusts("arn:aws:iam::111111111111:user/alice").requires_mfa();
    let (provider, made) = releases(&aws);
    let phone = Phone::of(&aws);
    let answers = phone.clone();
    let provider = provider.mfa(SERIAL, move |prompt| answers.clone().answer(prompt));
    let cache = CredentialsCache::builder(provider).in_world(&aws.world()).build();
    let first = cache.credentials().await.unwrap();
    assert_eq!(phone.prompts(), [format!("MFA code of {SERIAL} for {ROLE}")]);
    tokio::time::sleep(2 * HOUR).await;
    let error = cache.credentials().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Withheld), "{error}");
    let second = cache.renew().await.unwrap();
    assert_ne!(first.access_key_id(), second.access_key_id());
    assert_eq!(aws.sts().session(second.access_key_id()).unwrap().tags()[0].0, "release");
    assert_eq!((phone.asked(), aws.count(Route::AssumeRole)), (2, 2));
    assert!(made.load(Ordering::SeqCst) >= 2);
}

#[tokio::test(start_paused = true)]
async fn an_explanation_makes_none() {
    let aws = LocalAws::start().await.unwrap();
    let (provider, made) = releases(&aws);
    let chain = DefaultChain::in_world(&aws.world()).environment(provider);
    let text = chain.explain_offline().await.to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("a role that is made for each refresh"), "{text}");
    assert!(text.contains(&aws.endpoint()), "{text}");
    assert_eq!((made.load(Ordering::SeqCst), aws.requests().len()), (0, 0));
}

/// Of a provider that gives `instance metadata` keys, all calls of STS go to the instance's region.
#[tokio::test(start_paused = true)]
async fn what_an_instance_signs_goes_to_its_region() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("web");
    let world = aws.world().without_env("AWS_REGION");
    let identity = OutboundIdentity::new(DefaultChain::in_world(&world), "https://partner.example");
    identity.in_world(&world).retrieve().await.unwrap();
    let regions: Vec<_> =
        aws.requests().iter().filter_map(Request::signed_region).map(str::to_owned).collect();
    assert_eq!(regions, ["eu-central-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_not_set_up_lets_a_chain_go_on() {
    let aws = LocalAws::start().await.unwrap();
    let nothing = aws_credential_chain::provider_fn(|| async { Err(Error::not_configured("vault", "none")) });
    let provider = nothing.assume_with(|| Role::builder(ROLE).build()).in_world(&aws.world());
    assert!(matches!(provider.retrieve().await.unwrap_err(), Error::NotConfigured(_)));
}
