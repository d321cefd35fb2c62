//! The default order: each source alone, each pair, what wins and what stops; the region and endpoints beside it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use aws_credential_chain::testing::{LocalAws, World};
use aws_credential_chain::{
    Credentials, CredentialsProvider, DefaultChain, Error, ProviderChain, Region, provider_fn,
};
use support::seen::Seen;

/// A world with some of the sources set up.
async fn world(sources: &[&str]) -> (LocalAws, World) {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("instance");
    let mut world = World::with_clock(aws.clock().clone())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL_STS", aws.endpoint());
    for source in sources {
        world = match *source {
            "environment" => {
                world.env("AWS_ACCESS_KEY_ID", "AKIAENV").env("AWS_SECRET_ACCESS_KEY", "CANARY-ENV")
            }
            "profile file" => world.file(
                "~/.aws/credentials",
                "[default]\naws_access_key_id=AKIAFILE\naws_secret_access_key=CANARY-FILE\n",
            ),
            "web identity" => {
                aws.sts().identity_provider(ISSUER);
                aws.sts().role(ROLE).trusts_identity_provider(ISSUER);
                let token = aws.sts().web_identity_token(ISSUER, "pod").sign();
                let world = world.env("AWS_ROLE_ARN", ROLE).env("AWS_WEB_IDENTITY_TOKEN_FILE", "/token");
                world.file("/token", token)
            }
            "container" => world.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_uri()),
            "instance metadata" => world
                .without_env("AWS_EC2_METADATA_DISABLED")
                .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.endpoint()),
            other => panic!("{other}"),
        };
    }
    (aws, world)
}

const ORDER: [&str; 5] = ["environment", "profile file", "web identity", "container", "instance metadata"];
const ISSUER: &str = "https://oidc.example/id/1";
const ROLE: &str = "arn:aws:iam::123456789012:role/pod";

#[tokio::test(start_paused = true)]
async fn each_source_alone_and_each_pair_in_the_documented_order() {
    for (position, first) in ORDER.iter().enumerate() {
        for second in &ORDER[position..] {
            let (_aws, world) = world(&[first, second]).await;
            let credentials = DefaultChain::in_world(&world).retrieve().await.unwrap();
            assert_eq!(credentials.source().kind().name(), *first, "{first} before {second}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_no_source_the_error_lists_all_that_were_looked_at() {
    let (_aws, world) = world(&[]).await;
    let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
    assert!(error.is_not_configured());
    let asked: Vec<_> = error.attempts().iter().map(aws_credential_chain::Attempt::source).collect();
    assert_eq!(asked, ORDER);
    let text = error.to_string();
    for part in ["AWS_ACCESS_KEY_ID", ".aws/credentials (does not exist)", "AWS_EC2_METADATA_DISABLED"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_stops_the_chain_and_says_what_came_before_it() {
    let (aws, world) = world(&["instance metadata"]).await;
    let world = world.env("AWS_PROFILE", "typo");
    let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
    assert!(!error.is_not_configured());
    assert!(error.to_string().contains("`typo`"), "{error}");
    assert_eq!(error.attempts().len(), 1);
    assert_eq!(error.attempts()[0].source(), "environment");
    assert!(aws.requests().is_empty(), "the role of the machine was not asked for");
}

#[tokio::test(start_paused = true)]
async fn a_profile_named_in_code_goes_before_keys_in_the_environment() {
    let (_aws, world) = world(&["environment", "profile file"]).await;
    let chain = DefaultChain::in_world(&world).profile("default").http(|builder| builder);
    assert_eq!(chain.retrieve().await.unwrap().access_key_id(), "AKIAFILE");
}

#[tokio::test(start_paused = true)]
async fn keys_win_over_aws_profile_and_an_event_names_both() {
    let (seen, _guard) = Seen::start();
    let (_aws, world) = world(&["environment", "profile file"]).await;
    let world = world.env("AWS_PROFILE", "default");
    assert_eq!(DefaultChain::in_world(&world).retrieve().await.unwrap().access_key_id(), "AKIAENV");
    let text = seen.text();
    assert!(
        text.contains("WARN") && text.contains("AWS_ACCESS_KEY_ID and AWS_PROFILE are both set"),
        "{text}"
    );
    seen.assert_none_of(["CANARY-ENV", "CANARY-FILE"]);
}

#[tokio::test(start_paused = true)]
async fn slots_are_replaced_and_removed() {
    let named = |id: &'static str| provider_fn(move || async move { Credentials::builder(id, "s").build() });
    let (aws, world) = world(&ORDER).await;
    let id = async |chain: DefaultChain| {
        chain.retrieve().await.map(|credentials| credentials.access_key_id().to_owned())
    };
    let chain = || DefaultChain::in_world(&world);
    assert_eq!(id(chain().environment(named("MINE"))).await.unwrap(), "MINE");
    assert_eq!(id(chain().no_environment()).await.unwrap(), "AKIAFILE");
    assert_eq!(id(chain().no_environment().profile_files(named("MINE"))).await.unwrap(), "MINE");
    let bare = || chain().no_environment().no_profile_files();
    let web_identity = bare().retrieve().await.unwrap();
    assert_eq!(web_identity.source().to_string(), format!("web identity ({ROLE})"));
    assert_eq!(id(bare().web_identity(named("MINE"))).await.unwrap(), "MINE");
    let bare = || bare().no_web_identity();
    let container = id(bare()).await.unwrap();
    assert_eq!(aws.container().issued(), [container]);
    assert_eq!(id(bare().container(named("MINE"))).await.unwrap(), "MINE");
    let bare = || bare().no_container();
    let instance = id(bare()).await.unwrap();
    assert_eq!(aws.metadata().issued(), [instance]);
    assert_eq!(id(bare().instance_metadata(named("MINE"))).await.unwrap(), "MINE");
    let error = id(bare().no_instance_metadata()).await.unwrap_err();
    assert!(error.to_string().contains("the chain is empty"), "{error}");
    let shown = format!("{:?}", chain().profile("dev").no_environment().container(named("MINE")));
    for part in
        ["profile: Some(\"dev\")", "environment: removed", "container: replaced", "profile_files: standard"]
    {
        assert!(shown.contains(part), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_ones_own_keeps_to_the_same_rules() {
    let absent =
        |name: &'static str| provider_fn(move || async move { Err(Error::not_configured(name, "not here")) });
    let present = provider_fn(|| async { Credentials::builder("AKIA", "s").source_name("third").build() });
    let chain = ProviderChain::new()
        .then(absent("first"))
        .then(ProviderChain::new().then(absent("second")))
        .then(present);
    assert_eq!(chain.retrieve().await.unwrap().source().to_string(), "custom provider (third)");
    let chain = ProviderChain::new().then(absent("first")).then(ProviderChain::new().then(absent("second")));
    let error = chain.retrieve().await.unwrap_err();
    assert_eq!(error.attempts().len(), 2);
    assert!(ProviderChain::new().retrieve().await.unwrap_err().is_not_configured());
}

#[tokio::test(start_paused = true)]
async fn the_region_comes_from_code_variables_profile_and_instance_in_this_order() {
    let (aws, world) = world(&["instance metadata"]).await;
    aws.metadata().region("ap-south-1");
    let region = async |world: &World| {
        DefaultChain::in_world(world).resolve_region().await.map(|region| region.to_string())
    };
    assert_eq!(region(&world).await.unwrap(), "ap-south-1");
    let world =
        world.file("~/.aws/config", "[default]\nregion = eu-west-1\n[profile other]\nregion = sa-east-1\n");
    assert_eq!(region(&world).await.unwrap(), "eu-west-1");
    let other = DefaultChain::in_world(&world).profile("other").resolve_region().await.unwrap();
    assert_eq!(other.as_str(), "sa-east-1");
    let world = world.env("AWS_DEFAULT_REGION", "us-east-2");
    assert_eq!(region(&world).await.unwrap(), "us-east-2");
    let world = world.env("AWS_REGION", "us-west-2");
    assert_eq!(region(&world).await.unwrap(), "us-west-2");
    let code = DefaultChain::in_world(&world).region(Region::new("me-south-1").unwrap());
    assert_eq!(code.resolve_region().await.unwrap().as_str(), "me-south-1");
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_missing_or_wrong_is_explained_with_its_place() {
    let (_aws, world) = world(&[]).await;
    let error = DefaultChain::in_world(&world).resolve_region().await.unwrap_err();
    assert!(error.is_not_configured());
    assert!(error.to_string().starts_with("no AWS region found; set AWS_REGION, or `region` in"), "{error}");
    for part in [
        "AWS_REGION and AWS_DEFAULT_REGION are not set",
        "`default` has no `region`",
        "AWS_EC2_METADATA_DISABLED",
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
    for (world, place) in [
        (World::new().env("AWS_REGION", "evil.example/#"), "AWS_REGION"),
        (World::new().file("~/.aws/config", "[default]\nregion = a b\n"), ".aws/config:2"),
    ] {
        let error = DefaultChain::in_world(&world).resolve_region().await.unwrap_err();
        assert!(!error.is_not_configured());
        assert!(error.to_string().contains(place) && !error.to_string().contains("evil"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_is_named_and_missing_is_no_reason_for_the_region_of_the_machine() {
    let (aws, world) = world(&["instance metadata"]).await;
    let world = world.env("AWS_PROFILE", "typo").file("~/.aws/config", "[profile dev]\nregion = eu-west-1\n");
    for chain in [DefaultChain::in_world(&world), DefaultChain::in_world(&world).profile("tpyo")] {
        let error = chain.resolve_region().await.unwrap_err();
        assert!(
            !error.is_not_configured() && error.to_string().contains("there is no profile `t"),
            "{error}"
        );
        let error = chain.resolve_endpoint_url("S3").await.unwrap_err();
        assert!(error.to_string().contains("there is no profile `t"), "{error}");
    }
    assert!(aws.requests().is_empty());
    // What stands before the profile needs none.
    let world = world.env("AWS_REGION", "us-west-2").env("AWS_ENDPOINT_URL", "http://x.example");
    assert!(DefaultChain::in_world(&world).resolve_region().await.is_ok());
    assert!(DefaultChain::in_world(&world).resolve_endpoint_url("S3").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_profile_files_they_are_not_looked_at_for_anything() {
    let world = World::new()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/broken")
        .file("/broken", "[default\n");
    let chain = || DefaultChain::in_world(&world);
    assert!(chain().resolve_region().await.unwrap_err().to_string().contains("/broken:1"));
    let error = chain().no_profile_files().resolve_region().await.unwrap_err();
    assert!(error.is_not_configured() && !error.to_string().contains("broken"), "{error}");
    assert_eq!(chain().no_profile_files().resolve_endpoint_url("S3").await.unwrap(), None);
    let _world = world.clone().env("AWS_ENDPOINT_URL_S3", "http://s3.example");
    let url = chain().no_profile_files().resolve_endpoint_url("S3").await.unwrap();
    assert_eq!(url.as_deref(), Some("http://s3.example"));
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_switched_off_is_not_asked_for_its_region() {
    let (aws, world) = world(&["instance metadata"]).await;
    let error = DefaultChain::in_world(&world).no_instance_metadata().resolve_region().await.unwrap_err();
    assert!(error.is_not_configured());
    assert!(aws.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn endpoints_are_overridden_by_variables_and_by_the_profile() {
    let world = World::new().file("~/.aws/config", "[default]\nendpoint_url = http://profile.example\nservices = local\n\n[services local]\ns3 =\n  endpoint_url = http://s3.example\n");
    let url = async |world: &World, service: &str| {
        DefaultChain::in_world(world).resolve_endpoint_url(service).await.unwrap()
    };
    assert_eq!(url(&world, "S3").await.as_deref(), Some("http://s3.example"));
    assert_eq!(url(&world, "STS").await.as_deref(), Some("http://profile.example"));
    let world = world
        .env("AWS_ENDPOINT_URL", "http://all.example")
        .env("AWS_ENDPOINT_URL_SSO_OIDC", "http://oidc.example");
    assert_eq!(url(&world, "S3").await.as_deref(), Some("http://all.example"));
    assert_eq!(url(&world, "SSO OIDC").await.as_deref(), Some("http://oidc.example"));
    let world = world.env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    assert_eq!(url(&world, "S3").await, None);
}
