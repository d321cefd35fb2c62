//! Roles, assumed with other credentials, against the local AWS: every hop's signature is checked there.
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

use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{
    CredentialsCache, CredentialsProvider, DefaultChain, FailureKind, ProviderExt, Region, Role,
    SessionPolicy, SourceKind,
};
use support::outcome::kind;
use support::seen::Seen;

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const SPOKE: &str = "arn:aws:iam::222222222222:role/team/spoke";
const READ_ONLY: &str = r#"{"Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;
const LEAF: &str = "arn:aws:iam::333333333333:role/leaf";

type Change = fn(World) -> World;

fn role(arn: &str) -> Role {
    Role::builder(arn).build().unwrap()
}

fn keys(aws: &LocalAws) -> StaticKeys {
    let (id, secret) = aws.sts().user("111111111111", "alice");
    StaticKeys::new(id, secret, None).unwrap()
}

fn sts_requests(aws: &LocalAws) -> Vec<aws_credential_chain::testing::Request> {
    aws.requests().into_iter().filter(|request| request.action().is_some()).collect()
}

#[tokio::test(start_paused = true)]
async fn three_hops_are_walked_in_order_and_each_signature_is_good() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(HUB).trusts("arn:aws:iam::111111111111:user/alice");
    aws.sts().role(SPOKE).trusts(HUB).requires_external_id("CANARY-x-42");
    aws.sts().role(LEAF).trusts(SPOKE);
    let world = aws.world();

    let spoke = Role::builder(SPOKE).external_id("CANARY-x-42").build().unwrap();
    let hub = keys(&aws).assume(role(HUB)).in_world(&world);
    let leaf = hub.assume(spoke).in_world(&world).assume(role(LEAF)).in_world(&world);
    let cache = CredentialsCache::builder(leaf).in_world(&world).build();
    let credentials = cache.credentials().await.unwrap();

    assert_eq!(credentials.account_id(), Some("333333333333"));
    assert_eq!(credentials.source().kind(), SourceKind::AssumeRole);
    assert_eq!(
        credentials.source().to_string(),
        format!("static keys → assume role ({HUB}) → assume role ({SPOKE}) → assume role ({LEAF})")
    );
    let asked = sts_requests(&aws);
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| request.is_signature_good() == Some(true)));
    // Each hop signs with what the hop before it got.
    let issued = aws.sts().issued();
    assert_eq!(asked[1].signed_by(), Some(issued[0].as_str()));
    assert_eq!(asked[2].signed_by(), Some(issued[1].as_str()));
    assert_eq!(issued[2], credentials.access_key_id());

    let identity = Sts::in_world(&world).caller_identity(&credentials).await.unwrap();
    assert_eq!(identity.account_id(), "333333333333");
    assert!(identity.arn().starts_with("arn:aws:sts::333333333333:assumed-role/leaf/aws-credential-chain-"));

    seen.also(format!("{credentials:?} {cache:?} {identity:?}"));
    seen.assert_none_of(aws.secrets());
    seen.assert_none_of(["CANARY-x-42"]);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_roles_share_the_session_they_are_assumed_with() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(HUB);
    let world = aws.world();
    let hub =
        CredentialsCache::builder(keys(&aws).assume(role(HUB)).in_world(&world)).in_world(&world).build();
    let mut waiting = Vec::new();
    for number in 0..1000 {
        let arn = format!("arn:aws:iam::222222222222:role/tenant-{number}");
        aws.sts().role(&arn).trusts(HUB);
        let tenant = hub.clone().assume(role(&arn)).in_world(&world);
        waiting.push(tokio::spawn(async move { tenant.retrieve().await.unwrap() }));
    }
    for tenant in waiting {
        assert_eq!(tenant.await.unwrap().account_id(), Some("222222222222"));
    }
    // One for the hub.
    assert_eq!(aws.count(Route::AssumeRole), 1001);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_of_the_role_does_not_ask_the_source_before_that_is_due() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("web").credentials_lifetime(Duration::from_secs(6 * 3600));
    aws.sts().role(HUB).trusts("123456789012");
    let world = aws.world();
    let chain = DefaultChain::in_world(&world).assume(role(HUB)).in_world(&world);
    let cache = CredentialsCache::builder(chain).in_world(&world).build();
    let mut last = cache.credentials().await.unwrap();
    for refreshed in 1..4 {
        tokio::time::sleep(Duration::from_secs(46 * 60)).await;
        cache.credentials().await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = cache.credentials().await.unwrap();
        assert_ne!(now.access_key_id(), last.access_key_id());
        assert_eq!(aws.count(Route::AssumeRole), 1 + refreshed);
        last = now;
    }
    assert_eq!(aws.count(Route::MetadataCredentials), 1);
}

#[tokio::test(start_paused = true)]
async fn everything_that_a_role_says_reaches_sts() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(SPOKE).requires_tag("team").max_session_duration(Duration::from_secs(43_200));
    let world = aws.world();
    let spoke = Role::builder(SPOKE)
        .session_name("nightly@reports")
        .external_id("x-1")
        .duration(Duration::from_secs(7200))
        .policy(SessionPolicy::from_json(READ_ONLY).unwrap())
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .tag("team", "reports")
        .transitive_tag("cost center", "ö 17/=+@")
        .source_identity("alice")
        .build()
        .unwrap();
    let assumed = keys(&aws).assume(spoke).in_world(&world).retrieve().await.unwrap();
    let left = assumed.expiry().unwrap().duration_since(world.clock().now()).unwrap();
    assert!(left > Duration::from_secs(7190) && left <= Duration::from_secs(7200), "{left:?}");
    let session = aws.sts().session(assumed.access_key_id()).unwrap();
    assert_eq!(session.source_identity(), Some("alice"));
    assert!(session.tags().iter().any(|(key, value)| key == "cost center" && value == "ö 17/=+@"));
    let identity = Sts::in_world(&world).caller_identity(&assumed).await.unwrap();
    assert_eq!(identity.arn(), "arn:aws:sts::222222222222:assumed-role/spoke/nightly@reports");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_who_asked_for_what_and_what_to_check() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(SPOKE).requires_external_id("CANARY-right");
    let world = aws.world();
    for (external_id, says) in
        [(Some("CANARY-wrong"), "(sent: an external id;"), (None, "not sent: an external id")]
    {
        let mut spoke = Role::builder(SPOKE);
        if let Some(id) = external_id {
            spoke = spoke.external_id(id);
        }
        let provider = keys(&aws).assume(spoke.build().unwrap()).in_world(&world);
        let error = provider.retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(FailureKind::Refused), "{error}");
        let text = error.to_string();
        for part in [SPOKE, "AccessDenied", "static keys", "AKIA", "trust policy", says] {
            assert!(text.contains(part), "{part}: {text}");
        }
        seen.also(format!("{error} {error:?}"));
    }
    seen.assert_none_of(["CANARY-wrong", "CANARY-right"]);
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_was_exchanged_is_asked_again_once() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("web");
    aws.sts().role(HUB);
    let world = aws.world();
    let source = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    let first = source.credentials().await.unwrap();
    aws.fault(Route::AssumeRole, Fault::sts_error("ExpiredToken").times(1));
    let assumed = source.clone().assume(role(HUB)).in_world(&world).retrieve().await.unwrap();
    assert_eq!(assumed.account_id(), Some("111111111111"));
    assert_ne!(source.credentials().await.unwrap().access_key_id(), first.access_key_id());
    let asked = sts_requests(&aws);
    assert_eq!(asked.len(), 2);
    assert_ne!(asked[0].signed_by(), asked[1].signed_by());

    // A source that has nothing new is not asked in a circle.
    aws.fault(Route::AssumeRole, Fault::sts_error("InvalidClientTokenId").forever());
    let error = keys(&aws).assume(role(HUB)).in_world(&world).retrieve().await.unwrap_err();
    assert!(error.to_string().contains("InvalidClientTokenId"), "{error}");
    assert_eq!(sts_requests(&aws).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_what_does_not_is_not() {
    for (fault, asked, expected) in [
        (Fault::status(500).times(1), 2, None),
        (Fault::status(503).forever(), 3, Some(FailureKind::Unavailable)),
        (Fault::reset().times(1), 2, None),
        (Fault::garbage().times(2), 3, None),
        (Fault::truncated().times(1), 2, None),
        (Fault::oversized().forever(), 3, Some(FailureKind::Malformed)),
        (Fault::body("<html>CANARY</html>").forever(), 3, Some(FailureKind::Malformed)),
        (Fault::redirect("http://127.0.0.1:1/").forever(), 1, Some(FailureKind::Refused)),
        (Fault::sts_error("Throttling").forever(), 1, Some(FailureKind::Throttled)),
        (Fault::sts_error("RegionDisabledException").forever(), 1, Some(FailureKind::Refused)),
        (Fault::sts_error("PackedPolicyTooLarge").forever(), 1, Some(FailureKind::Refused)),
        (Fault::hang().times(1), 2, None),
        (Fault::hang().forever(), 3, Some(FailureKind::TimedOut)),
    ] {
        let aws = LocalAws::start().await.unwrap();
        aws.sts().role(HUB);
        let what = format!("{fault:?}");
        aws.fault(Route::AssumeRole, fault);
        let world = aws.world();
        let outcome = keys(&aws).assume(role(HUB)).in_world(&world).retrieve().await;
        assert_eq!(outcome.is_ok(), expected.is_none(), "{what}: {outcome:?}");
        assert_eq!(outcome.as_ref().err().and_then(kind), expected, "{what}: {outcome:?}");
        assert_eq!(aws.count(Route::AssumeRole), asked, "{what}");
        if let Err(error) = outcome {
            let text = error.to_string();
            assert!(text.contains(HUB) && text.contains(&aws.endpoint()), "{what}: {text}");
            assert!(!text.contains("CANARY"), "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_region_comes_from_the_first_that_names_one() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("web").region("ap-south-1");
    let cn = "arn:aws-cn:iam::111111111111:role/hub";
    let cases: [(&str, Change, Option<&str>, &str); 6] = [
        (HUB, |world| world.env("AWS_REGION", "eu-west-1"), Some("eu-central-1"), "eu-central-1"),
        (
            HUB,
            |world| world.env("AWS_REGION", "eu-west-1").env("AWS_DEFAULT_REGION", "x-1"),
            None,
            "eu-west-1",
        ),
        (HUB, |world| world.env("AWS_DEFAULT_REGION", "eu-west-2"), None, "eu-west-2"),
        (HUB, |world| world.file("~/.aws/config", "[default]\nregion = eu-west-3\n"), None, "eu-west-3"),
        (HUB, |world| world, None, "us-east-1"),
        (cn, |world| world, None, "cn-northwest-1"),
    ];
    for (arn, set, in_code, expected) in cases {
        aws.sts().role(arn);
        let world = set(aws.world());
        let mut provider = keys(&aws).assume(role(arn)).in_world(&world);
        if let Some(region) = in_code {
            provider = provider.region(Region::new(region).unwrap());
        }
        provider.retrieve().await.unwrap();
        assert_eq!(sts_requests(&aws).last().unwrap().signed_region(), Some(expected));
    }
    // An instance's own, if its role is the source.
    let world = aws.world();
    DefaultChain::in_world(&world).assume(role(HUB)).in_world(&world).retrieve().await.unwrap();
    assert_eq!(sts_requests(&aws).last().unwrap().signed_region(), Some("ap-south-1"));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_gives_nothing_is_named_with_the_role() {
    let aws = LocalAws::start().await.unwrap();
    let world = aws.world().env("AWS_ACCESS_KEY_ID", "AKIA");
    let error =
        DefaultChain::in_world(&world).assume(role(HUB)).in_world(&world).retrieve().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(HUB) && text.contains("AWS_SECRET_ACCESS_KEY is not"), "{text}");
    assert_eq!(kind(&error), Some(FailureKind::Misconfigured));

    // Nothing set up at all: a chain may go on.
    let world = World::new();
    let chain = DefaultChain::in_world(&world).no_instance_metadata();
    let error = chain.assume(role(HUB)).in_world(&world).retrieve().await.unwrap_err();
    assert!(error.is_not_configured(), "{error}");
    assert_eq!(aws.count(Route::Sts), 0);
}

#[tokio::test(start_paused = true)]
async fn endpoints_that_cannot_be_used_are_refused_before_anything_is_sent() {
    let aws = LocalAws::start().await.unwrap();
    for (variable, value, says) in [
        ("AWS_ENDPOINT_URL_STS", "ftp://127.0.0.1", "http or https"),
        ("AWS_ENDPOINT_URL_STS", "http://u:CANARY@127.0.0.1/", "without user and query"),
        ("AWS_ENDPOINT_URL_STS", "sts", "http or https"),
        ("AWS_USE_FIPS_ENDPOINT", "CANARY", "AWS_USE_FIPS_ENDPOINT is neither"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "CANARY", "neither `regional` nor `legacy`"),
        ("AWS_REGION", "evil.example/", "AWS_REGION"),
    ] {
        let world = aws.world().env(variable, value);
        let error = keys(&aws).assume(role(HUB)).in_world(&world).retrieve().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(says) && !text.contains("CANARY"), "{text}");
        assert_eq!(kind(&error), Some(FailureKind::Misconfigured));
    }
    assert_eq!(aws.requests().len(), 0);
}
