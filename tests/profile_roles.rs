//! Roles that profiles describe: files and variables in, credentials or a message out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::fmt::Write;
use std::time::Duration;

use aws_credential_chain::testing::{LocalAws, Request, Route, World};
use aws_credential_chain::{
    Credentials, CredentialsCache, CredentialsProvider, DefaultChain, Error, SourceKind,
};
use support::seen::Seen;

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const SPOKE: &str = "arn:aws:iam::222222222222:role/spoke";

fn asked(aws: &LocalAws) -> Vec<Request> {
    aws.requests().into_iter().filter(|request| request.action().is_some()).collect()
}

async fn resolve(world: &World, profile: &str) -> Result<Credentials, Error> {
    DefaultChain::in_world(world).profile(profile).retrieve().await
}

#[tokio::test(start_paused = true)]
async fn three_hops_are_walked_from_the_keys_on() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    let (id, secret) = aws.sts().user("123456789012", "dev");
    let leaf = "arn:aws:iam::333333333333:role/leaf";
    aws.sts().role(HUB).trusts("arn:aws:iam::123456789012:user/dev");
    aws.sts().role(SPOKE).trusts(HUB).requires_external_id("CANARY-x");
    aws.sts().role(leaf).trusts(SPOKE);
    let world = aws
        .world()
        .file("~/.aws/credentials", format!("[dev]\naws_access_key_id={id}\naws_secret_access_key={secret}\n"))
        .file(
            "~/.aws/config",
            format!(
                "[profile hub]\nrole_arn={HUB}\nsource_profile=dev\nregion=eu-west-1\nduration_seconds=1800\n\
                 [profile spoke]\nrole_arn={SPOKE}\nsource_profile=hub\nexternal_id=CANARY-x\nregion=eu-west-2\n\
                 [profile leaf]\nrole_arn={leaf}\nsource_profile=spoke\nrole_session_name=nightly\nregion=eu-west-3\n"
            ),
        );
    let credentials = resolve(&world, "leaf").await.unwrap();
    assert_eq!(
        credentials.source().to_string(),
        format!("profile file (dev) → assume role ({HUB}) → assume role ({SPOKE}) → assume role ({leaf})")
    );
    assert_eq!(credentials.account_id(), Some("333333333333"));
    let regions: Vec<_> = asked(&aws).iter().map(|hop| hop.signed_region().unwrap().to_owned()).collect();
    assert_eq!(regions, ["eu-west-1", "eu-west-2", "eu-west-3"]);
    assert!(asked(&aws).iter().all(|hop| hop.is_signature_good() == Some(true)));
    seen.also(format!("{credentials:?}"));
    seen.assert_none_of(aws.secrets());
    seen.assert_none_of(["CANARY-x"]);
}

#[tokio::test(start_paused = true)]
async fn each_credential_source_is_the_one_it_names() {
    let aws = LocalAws::start().await.unwrap();
    let (id, secret) = aws.sts().user("123456789012", "env");
    aws.sts().role(HUB);
    let world = aws
        .world()
        .env("AWS_ACCESS_KEY_ID", id)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_uri());
    for (name, kind) in [
        ("Environment", SourceKind::Environment),
        ("Ec2InstanceMetadata", SourceKind::InstanceMetadata),
        ("EcsContainer", SourceKind::Container),
    ] {
        let config = format!("[profile a]\nrole_arn={HUB}\ncredential_source={name}\n");
        let credentials = resolve(&world.clone().file("~/.aws/config", config), "a").await.unwrap();
        assert_eq!(credentials.source().hops().next().unwrap().kind(), kind);
        assert_eq!(credentials.source().kind(), SourceKind::AssumeRole);
    }
}

#[tokio::test(start_paused = true)]
async fn a_web_identity_can_be_a_profile_of_its_own_and_the_source_of_another() {
    let aws = LocalAws::start().await.unwrap();
    let issuer = "https://oidc.example/id/1";
    aws.sts().identity_provider(issuer);
    aws.sts().role(HUB).trusts_identity_provider(issuer);
    aws.sts().role(SPOKE).trusts(HUB);
    let world = aws.world().file("~/token", aws.sts().web_identity_token(issuer, "me").sign()).file(
        "~/.aws/config",
        format!(
            "[profile web]\nrole_arn={HUB}\nweb_identity_token_file=~/token\nrole_session_name=me\n\
                 [profile spoke]\nrole_arn={SPOKE}\nsource_profile=web\n"
        ),
    );
    let web = resolve(&world, "web").await.unwrap();
    assert_eq!(web.source().to_string(), format!("web identity ({HUB})"));
    let spoke = resolve(&world, "spoke").await.unwrap();
    assert_eq!(spoke.source().to_string(), format!("web identity ({HUB}) → assume role ({SPOKE})"));
}

#[tokio::test(start_paused = true)]
async fn hops_keep_their_sessions_until_the_profiles_change() {
    let aws = LocalAws::start().await.unwrap();
    let (id, secret) = aws.sts().user("123456789012", "dev");
    aws.sts().role(HUB);
    aws.sts().role(SPOKE);
    let keys =
        |id: &str, secret: &str| format!("[dev]\naws_access_key_id={id}\naws_secret_access_key={secret}\n");
    let config = format!(
        "[profile hub]\nrole_arn={HUB}\nsource_profile=dev\n\
         [profile spoke]\nrole_arn={SPOKE}\nsource_profile=hub\nduration_seconds=900\n"
    );
    let world = aws.world().file("~/.aws/credentials", keys(&id, &secret)).file("~/.aws/config", config);
    let chain = DefaultChain::in_world(&world).profile("spoke");
    let cache = CredentialsCache::builder(chain).in_world(&world).build();
    cache.credentials().await.unwrap();
    assert_eq!(asked(&aws).len(), 2);
    // The spoke's session is a quarter of an hour, the hub's an hour.
    tokio::time::sleep(Duration::from_secs(11 * 60)).await;
    cache.renew().await.unwrap();
    assert_eq!(asked(&aws).len(), 3);

    let (id, secret) = aws.sts().user("123456789012", "dev");
    let world = world.file("~/.aws/credentials", keys(&id, &secret));
    cache.renew().await.unwrap();
    let hops = asked(&aws);
    assert_eq!(hops.len(), 5);
    assert_eq!(hops[3].signed_by(), Some(id.as_str()));
    drop(world);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_named_with_profile_file_and_line() {
    let aws = LocalAws::start().await.unwrap();
    let role = format!("role_arn={HUB}");
    let dev = "aws_access_key_id=AKIA\naws_secret_access_key=CANARY-SECRET";
    for (profile, says) in [
        ("role_arn=hub\nsource_profile=dev".to_owned(), "config:2"),
        (format!("{role}\nsource_profile=dev\nrole_session_name=a b"), "session name"),
        (format!("{role}\nsource_profile=dev\nduration_seconds=an hour"), "config:4"),
        (format!("{role}\nsource_profile=dev\nduration_seconds=60"), "900"),
        (format!("{role}\nsource_profile=dev\nmfa_serial=GAHT12345678"), "mfa_serial"),
        (
            format!("{role}\nsource_profile=dev\nsession_tags=team=a,CANARY"),
            "config:4): `session_tags` has no key",
        ),
        (format!("{role}\nsource_profile=dev\nsession_tags=aws:team=a"), "begins with `aws:`"),
        (
            format!("{role}\nsource_profile=dev\nuse_fips_endpoint=CANARY"),
            "config:4): `use_fips_endpoint` is neither",
        ),
        (format!("{role}\ninclude_profile=gone"), "config:3): its `include_profile` `gone` does not exist"),
        (format!("{role}\ninclude_profile=a"), "a → a"),
        (format!("{role}\nsource_profile=nobody"), "nobody"),
        (format!("{role}\nsource_profile=a"), "config:3"),
        (format!("{role}\nsource_profile=b\n[profile b]\n{role}\nsource_profile=a"), "a → b → a"),
        (role.clone(), "source_profile"),
        (format!("{role}\nsource_profile=dev\ncredential_source=Environment"), "credential_source"),
        (format!("{role}\ncredential_source=Moon"), "Ec2InstanceMetadata"),
        (format!("{role}\ncredential_source=Environment"), "AWS_ACCESS_KEY_ID"),
    ] {
        let world = aws
            .world()
            .file("~/.aws/config", format!("[profile a]\n{profile}\n"))
            .file("~/.aws/credentials", format!("[dev]\n{dev}\n"));
        let error = resolve(&world, "a").await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(says) && text.contains('a') && !text.contains("CANARY"), "{says}: {text}");
        assert!(!error.is_not_configured() && !error.is_transient(), "{text}");
    }
    assert_eq!(aws.count(Route::Sts), 0);
}

#[tokio::test(start_paused = true)]
async fn what_aws_vault_adds_is_honoured() {
    let aws = LocalAws::start().await.unwrap();
    let (id, secret) = aws.sts().user("123456789012", "dev");
    aws.sts().role(HUB).requires_tag("team");
    let world = aws
        .world()
        .file("~/.aws/credentials", format!("[root]\naws_access_key_id={id}\naws_secret_access_key={secret}\n"))
        .file(
            "~/.aws/config",
            format!(
                "[profile common]\nregion=eu-west-3\nsource_profile=root\nsession_tags = team=a, cost center = 42,\n  empty=\n\
                 transitive_session_tags=team\n[profile root]\ninclude_profile=common\n\
                 [profile hub]\ninclude_profile=common\nrole_arn={HUB}\nsource_identity=alice\n"
            ),
        );
    let credentials = resolve(&world, "hub").await.unwrap();
    let session = aws.sts().session(credentials.access_key_id()).unwrap();
    let tags: Vec<_> = session.tags().iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(tags, ["cost center=42", "empty=", "team=a"]);
    assert_eq!(session.transitive_tag_keys(), ["team"]);
    assert_eq!(session.source_identity(), Some("alice"));
    assert_eq!(asked(&aws)[0].signed_region(), Some("eu-west-3"));
    assert_eq!(resolve(&world, "root").await.unwrap().access_key_id(), id);
    let region = DefaultChain::in_world(&world).profile("hub").resolve_region().await.unwrap();
    assert_eq!(region.as_str(), "eu-west-3");
}

#[tokio::test(start_paused = true)]
async fn variables_of_aws_vault_are_for_the_role_that_is_asked_for() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    let (id, secret) = aws.sts().user("123456789012", "dev");
    aws.sts().role(HUB);
    aws.sts().role(SPOKE);
    let config = format!(
        "[profile hub]\nrole_arn={HUB}\nsource_profile=dev\n\
         [profile spoke]\nrole_arn={SPOKE}\nsource_profile=hub\nsource_identity=alice\n"
    );
    let world = aws
        .world()
        .file(
            "~/.aws/credentials",
            format!("[dev]\naws_access_key_id={id}\naws_secret_access_key={secret}\n"),
        )
        .file("~/.aws/config", config)
        .env("AWS_SESSION_TAGS", "team=b, cost center=42")
        .env("AWS_TRANSITIVE_TAGS", "team")
        .env("AWS_SOURCE_IDENTITY", "bob");
    let chain = DefaultChain::in_world(&world).profile("spoke");
    let session = |credentials: &Credentials| aws.sts().session(credentials.access_key_id()).unwrap();
    let of_bob = session(&chain.retrieve().await.unwrap());
    let tags: Vec<_> = of_bob.tags().iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(tags, ["cost center=42", "team=b"]);
    assert_eq!(
        (of_bob.transitive_tag_keys(), of_bob.source_identity()),
        (&["team".to_owned()][..], Some("bob"))
    );
    let hub = session(&resolve(&world, "hub").await.unwrap());
    assert_eq!((hub.tags().len(), hub.source_identity()), (2, Some("bob")));

    // What they say now counts at the next retrieve.
    let world = world.without_env("AWS_SOURCE_IDENTITY").without_env("AWS_TRANSITIVE_TAGS");
    let of_alice = session(&chain.retrieve().await.unwrap());
    assert_eq!((of_alice.transitive_tag_keys().len(), of_alice.source_identity()), (0, Some("alice")));

    // A profile without a role has no use for them.
    assert_eq!(resolve(&world, "dev").await.unwrap().access_key_id(), id);
    assert!(seen.text().contains("AWS_SESSION_TAGS"), "{}", seen.text());
    for (variable, value) in [("AWS_SESSION_TAGS", "aws:team=CANARY"), ("AWS_SOURCE_IDENTITY", "CANARY b")] {
        let error = resolve(&world.clone().env(variable, value), "spoke").await.unwrap_err();
        let place = "profile `spoke` (/home-of-the-test-world/.aws/config:5, AWS_SESSION_TAGS";
        assert!(error.to_string().contains(place) && error.to_string().contains(variable), "{error}");
        assert!(!error.to_string().contains("CANARY"), "{error}");
        let _world = world.clone().env("AWS_SESSION_TAGS", "team=b");
    }
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_swallowed_the_next_line_is_refused_and_not_shown() {
    let aws = LocalAws::start().await.unwrap();
    let keys = "[dev]\naws_access_key_id=AKIA\naws_secret_access_key=s\n";
    for key in
        ["region", "ca_bundle", "use_fips_endpoint", "sts_regional_endpoints", "services", "endpoint_url"]
    {
        let config = format!(
            "[profile a]\nrole_arn={HUB}\nsource_profile=dev\n{key}=/x\n  aws_secret_access_key=CANARY\n"
        );
        let world = aws
            .world()
            .without_env("AWS_ENDPOINT_URL_STS")
            .file("~/.aws/config", config)
            .file("~/.aws/credentials", keys);
        let text = resolve(&world, "a").await.unwrap_err().to_string();
        assert!(text.contains(&format!("the value of `{key}` goes on in indented lines")), "{text}");
        assert!(text.contains("config:4") && !text.contains("CANARY"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_at_the_limit_is_walked_and_one_beyond_it_refused() {
    let aws = LocalAws::start().await.unwrap();
    let (id, secret) = aws.sts().user("000000000000", "dev");
    let mut config = String::new();
    for number in 1..=1000 {
        let arn = format!("arn:aws:iam::{number:012}:role/r");
        aws.sts().role(&arn);
        let source = if number == 1 { "dev".to_owned() } else { format!("p{}", number - 1) };
        write!(config, "[profile p{number}]\nrole_arn={arn}\nsource_profile={source}\n").unwrap();
    }
    let keys = format!("[dev]\naws_access_key_id={id}\naws_secret_access_key={secret}\n");
    let world = aws.world().file("~/.aws/config", config).file("~/.aws/credentials", keys);
    assert_eq!(resolve(&world, "p32").await.unwrap().account_id(), Some("000000000032"));
    let error = resolve(&world, "p1000").await.unwrap_err().to_string();
    assert!(error.contains("1000 roles, from `p1000` to `p1`"), "{error}");
    assert_eq!(asked(&aws).len(), 32);
}
