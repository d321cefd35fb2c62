//! What the explanation of the default chain says of several machines: text, JSON, and never a secret.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use Verdict::{Failed, NotConfigured, Removed, Shadowed, Used};
use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{
    Credentials, DefaultChain, Error, ExplainedSource, Explanation, Verdict, provider_fn,
};
use support::seen::Seen;

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const SPOKE: &str = "arn:aws:iam::222222222222:role/spoke";
const ENVIRONMENT: usize = 0;
const PROFILE_FILE: usize = 1;
const WEB_IDENTITY: usize = 2;
const CONTAINER: usize = 3;
const INSTANCE_METADATA: usize = 4;

fn verdicts(explanation: &Explanation) -> Vec<Verdict> {
    explanation.sources().iter().map(ExplainedSource::verdict).collect()
}

/// What was found at the look with this name.
fn found<'a>(source: &'a ExplainedSource, what: &str) -> &'a str {
    let look = source.looked_at().iter().find(|look| look.what().contains(what));
    look.unwrap_or_else(|| panic!("{what}: {source:?}")).found()
}

/// The text, with its line breaks taken back.
fn flat(explanation: &Explanation) -> String {
    explanation.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

/// Everything that an explanation shows.
fn assert_tells_none_of<S: AsRef<str>>(
    explanation: &Explanation,
    seen: &Seen,
    secrets: impl IntoIterator<Item = S>,
) {
    seen.also(format!(
        "{explanation} {explanation:?} {} {}",
        explanation.to_json(),
        explanation.render(0, true)
    ));
    seen.assert_none_of(secrets);
}

fn keys(world: World) -> World {
    world.env("AWS_ACCESS_KEY_ID", "AKIAENV").env("AWS_SECRET_ACCESS_KEY", "CANARY-ENV")
}

fn switched_off() -> World {
    World::new().env("AWS_EC2_METADATA_DISABLED", "true")
}

#[tokio::test(start_paused = true)]
async fn variables_that_name_profiles_say_nothing_beside_one_in_code() {
    let world = switched_off().env("AWS_PROFILE", "dev").env("AWS_DEFAULT_PROFILE", "prod");
    assert!(!DefaultChain::in_world(&world).explain().await.warnings().is_empty());
    let explanation = DefaultChain::in_world(&world).profile("hub").explain().await;
    assert!(explanation.warnings().is_empty(), "{explanation}");
}

#[tokio::test(start_paused = true)]
async fn a_machine_with_nothing_says_what_was_looked_at() {
    let world = switched_off().env("AWS_SESSION_TOKEN", " ").env("AWS_CONFIG_FILE", "/etc/aws-config");
    let explanation = DefaultChain::in_world(&world).explain().await;
    assert!(!explanation.is_found() && explanation.used().is_none());
    assert_eq!(verdicts(&explanation), [NotConfigured; 5]);
    let sources = explanation.sources();
    let names: Vec<_> = sources.iter().map(ExplainedSource::name).collect();
    assert_eq!(names, ["environment", "profile file", "web identity", "container", "instance metadata"]);
    assert_eq!(found(&sources[ENVIRONMENT], "AWS_ACCESS_KEY_ID"), "not set");
    assert_eq!(found(&sources[ENVIRONMENT], "AWS_SESSION_TOKEN"), "set, and blank: counts as not set");
    assert_eq!(found(&sources[PROFILE_FILE], "/etc/aws-config (AWS_CONFIG_FILE)"), "does not exist");
    assert_eq!(found(&sources[PROFILE_FILE], ".aws/credentials"), "does not exist");
    assert_eq!(found(&sources[INSTANCE_METADATA], "AWS_EC2_METADATA_DISABLED"), "set to true");
    assert_says(
        &flat(&explanation),
        &[
            "AWS credentials: none, because no source is set up",
            "1 environment: not configured",
            "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set",
            "switched off by AWS_EC2_METADATA_DISABLED=true",
            "region not set (environment: AWS_REGION and AWS_DEFAULT_REGION are not set; profile file: ",
            "STS https://sts.us-east-1.amazonaws.com/ (from the region), region us-east-1 (from the role's partition)",
            "clock right, as far as is known",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn keys_win_over_a_profile_and_what_is_behind_them_is_told() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    let files = "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = CANARY-FILE\n";
    let world = keys(aws.world())
        .env("AWS_SESSION_TOKEN", "CANARY-TOKEN")
        .env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T18:00:00Z")
        .env("AWS_ACCOUNT_ID", "123456789012")
        .env("AWS_PROFILE", "dev")
        .env("AWS_DEFAULT_PROFILE", "old")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}?CANARY-QUERY", aws.container_uri()))
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "CANARY-AUTHORIZATION")
        .env("HTTPS_PROXY", "http://user:CANARY-PROXY@proxy.example:3128/")
        .env("NO_PROXY", "localhost")
        .file("~/.aws/credentials", files);
    let explanation = DefaultChain::in_world(&world).explain().await;
    assert_eq!(verdicts(&explanation), [Used, Shadowed, NotConfigured, Shadowed, Shadowed]);
    assert!(explanation.is_found());
    assert_eq!(explanation.used().map(ExplainedSource::name), Some("environment"));
    assert!(aws.requests().is_empty(), "nobody behind the winner is asked");
    let behind = explanation.sources()[PROFILE_FILE].why();
    assert_eq!(
        behind,
        "is set up too: reads access keys of profile `dev`; not used, because source environment comes first"
    );
    assert_says(
        &flat(&explanation),
        &[
            "AWS credentials: found, from source environment",
            "access key id AKIAENV",
            "account 123456789012",
            "expires 2026-11-23T18:00:00Z, in 6 h 0 min",
            "from 2026-11-23T17:00:00Z on",
            "region eu-central-1, from AWS_REGION",
            &format!(
                "STS {}/ (from the environment variable AWS_ENDPOINT_URL_STS), region eu-central-1",
                aws.endpoint()
            ),
            "proxy HTTPS_PROXY http://proxy.example:3128",
            "proxy NO_PROXY not for localhost",
            "AWS_ACCESS_KEY_ID and AWS_PROFILE are both set: the keys are used, the profile is not",
            "AWS_PROFILE and AWS_DEFAULT_PROFILE name two profiles: the first is used",
        ],
    );
    let secrets =
        ["CANARY-ENV", "CANARY-FILE", "CANARY-TOKEN", "CANARY-QUERY", "CANARY-AUTHORIZATION", "CANARY-PROXY"];
    assert_tells_none_of(&explanation, &seen, secrets);
}

#[tokio::test(start_paused = true)]
async fn variables_that_name_profiles_are_warned_of_only_where_they_are_read() {
    let world = switched_off().env("AWS_PROFILE", "dev").env("AWS_DEFAULT_PROFILE", "old");
    let files = "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = CANARY\n";
    let world = world.file("~/.aws/credentials", files);
    let explanation = DefaultChain::in_world(&world).explain().await;
    assert_eq!(explanation.warnings().len(), 1, "{explanation}");
    let named = DefaultChain::in_world(&world).profile("dev").explain().await;
    assert!(named.is_found() && named.warnings().is_empty(), "{named}");
    let without = DefaultChain::in_world(&keys(world)).no_profile_files().explain().await;
    assert!(without.is_found() && without.warnings().is_empty(), "{without}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_the_cli_keeps_is_what_is_used() {
    let kept = serde_json::json!({
        "Credentials": {
            "AccessKeyId": "ASIAKEPT", "SecretAccessKey": "CANARY-KEPT", "SessionToken": "CANARY-KEPT",
            "Expiration": "2026-11-23T18:00:00Z"
        },
        "AssumedRoleUser": {
            "AssumedRoleId": "AROA:me", "Arn": "arn:aws:sts::222222222222:assumed-role/spoke/me"
        }
    });
    // There are no keys to assume it with, and none are needed.
    let config = format!("[profile spoke]\nrole_arn = {SPOKE}\ncredential_source = Environment\n");
    let world = switched_off().env("AWS_PROFILE", "spoke").file("~/.aws/config", config);
    let explanation = DefaultChain::in_world(&world).explain_offline().await;
    let path =
        explanation.sources()[PROFILE_FILE].looked_at().iter().find(|look| look.what().contains("CLI"));
    let path = path.unwrap_or_else(|| panic!("{explanation}")).what().split(' ').next().unwrap().to_owned();
    let world = world.file(&path, kept.to_string());
    for explanation in [
        DefaultChain::in_world(&world).explain_offline().await,
        DefaultChain::in_world(&world).explain().await,
    ] {
        let used = explanation.used().unwrap_or_else(|| panic!("{explanation}"));
        assert_eq!(
            (used.name(), used.why()),
            ("profile file", &*format!("reads the session of {SPOKE} that the AWS CLI keeps"))
        );
        assert!(explanation.to_string().contains("ASIAKEPT") && !explanation.to_string().contains("CANARY"));
    }
}

/// A profile with two roles, in front of an instance.
fn two_hops(aws: &LocalAws) -> (World, String) {
    let (id, secret) = aws.sts().user("111111111111", "alice");
    aws.sts().role(HUB).trusts("arn:aws:iam::111111111111:user/alice");
    aws.sts().role(SPOKE).trusts(HUB).requires_external_id("CANARY-x-42");
    let config = format!(
        "[profile spoke]\nrole_arn = {SPOKE}\nexternal_id = CANARY-x-42\nsource_profile = hub\nregion = sa-east-1\n\
         duration_seconds = 1800\nmfa_process = unused\n\n[profile hub]\nrole_arn = {HUB}\nsource_profile = base\n\n[lost]\n"
    );
    let credentials = format!("[base]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    let world = aws
        .world()
        .env("AWS_PROFILE", "spoke")
        .file("~/.aws/config", config)
        .file("~/.aws/credentials", credentials);
    (world, secret)
}

#[tokio::test(start_paused = true)]
async fn the_hops_of_a_profile_are_told_with_file_and_line() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    let (world, secret) = two_hops(&aws);
    let explanation = DefaultChain::in_world(&world).explain().await;
    assert_eq!(explanation.used().map(ExplainedSource::name), Some("profile file"), "{explanation}");
    let source = &explanation.sources()[PROFILE_FILE];
    assert_eq!(found(source, "AWS_PROFILE"), "set to spoke");
    assert!(found(source, "profile `base`").contains(".aws/credentials:2"), "{explanation}");
    assert!(found(source, "profile `hub`").contains(".aws/config:10"), "{explanation}");
    assert!(found(source, "profile `spoke`").contains(".aws/config:2), for 1800 s"), "{explanation}");
    let spoke = found(source, SPOKE);
    assert!(spoke.contains("region sa-east-1 (from ") && spoke.contains(".aws/config:5)"), "{spoke}");
    assert!(spoke.contains("sent with it: an external id"), "{spoke}");
    assert_says(
        &flat(&explanation),
        &[
            &format!("profile file (base) → assume role ({HUB}) → assume role ({SPOKE})"),
            "account 222222222222",
            "in 30 min",
            ".aws/config:7: `mfa_process` has no effect in profile `spoke`",
            ".aws/config:13: section `[lost]` is skipped",
            "not used, because source profile file comes first",
        ],
    );
    assert_tells_none_of(
        &explanation,
        &seen,
        aws.secrets().into_iter().chain([secret, "CANARY-x-42".to_owned()]),
    );
}

#[tokio::test(start_paused = true)]
async fn without_the_network_it_says_whom_it_would_ask() {
    let aws = LocalAws::start().await.unwrap();
    let (world, _) = two_hops(&aws);
    let explanation = DefaultChain::in_world(&world).explain_offline().await;
    assert!(aws.requests().is_empty());
    assert!(!explanation.is_found());
    let asked = explanation.would_be_asked().unwrap();
    assert_eq!(asked.name(), "profile file");
    assert_eq!(asked.why(), format!("asks POST {}/ to assume {SPOKE}", aws.endpoint()));
    assert_says(&flat(&explanation), &["AWS credentials: source profile file would be asked (offline)"]);
    let bare = World::new();
    let explanation = DefaultChain::in_world(&bare).explain_offline().await;
    let asked = explanation.would_be_asked().unwrap();
    assert!(asked.why().contains("http://169.254.169.254/"), "{explanation}");
    assert!(
        flat(&explanation).contains("instance metadata: is not asked without the network"),
        "{explanation}"
    );
    // What needs no network is found.
    let explanation = DefaultChain::in_world(&keys(World::new())).explain_offline().await;
    assert!(explanation.is_found());
    assert_eq!(explanation.sources()[INSTANCE_METADATA].verdict(), Verdict::NotAsked);
}

#[tokio::test(start_paused = true)]
async fn an_instance_a_container_and_a_pod() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().role("web").region("ap-south-1");
    let explanation = DefaultChain::in_world(&aws.world()).explain().await;
    assert_eq!(explanation.used().map(ExplainedSource::name), Some("instance metadata"));
    assert_says(
        &flat(&explanation),
        &["from instance metadata (web)", "region ap-south-1, from the instance's metadata"],
    );
    assert_tells_none_of(&explanation, &seen, aws.secrets());

    let token = "CANARY-the-token-of-the-pod";
    let world = aws
        .world()
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_uri())
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token")
        .file("/token", token);
    let explanation = DefaultChain::in_world(&world).explain().await;
    let source = explanation.used().unwrap();
    assert_eq!(source.name(), "container");
    assert_eq!(found(source, "/token (AWS_CONTAINER"), "27 bytes");
    assert!(source.why().contains("(AWS_CONTAINER_CREDENTIALS_FULL_URI, with a token)"), "{}", source.why());
    assert_tells_none_of(&explanation, &seen, aws.secrets().into_iter().chain([token.to_owned()]));

    aws.sts().identity_provider("https://oidc.example/id/1");
    aws.sts().role(HUB).trusts_identity_provider("https://oidc.example/id/1");
    let token = aws.sts().web_identity_token("https://oidc.example/id/1", "pod").sign();
    let world = aws
        .world()
        .env("AWS_ROLE_ARN", HUB)
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")
        .file("/token", token.clone());
    let explanation = DefaultChain::in_world(&world).explain().await;
    assert_eq!(explanation.used().map(ExplainedSource::name), Some("web identity"), "{explanation}");
    assert!(
        found(&explanation.sources()[WEB_IDENTITY], HUB).contains("AssumeRoleWithWebIdentity, http://127")
    );
    assert_tells_none_of(&explanation, &seen, aws.secrets().into_iter().chain([token]));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_stops_the_walk_and_what_is_behind_it_is_told_too() {
    let aws = LocalAws::start().await.unwrap();
    let half = aws.world().env("AWS_ACCESS_KEY_ID", "AKIAHALF").env("AWS_PROFILE", "nowhere");
    let explanation = DefaultChain::in_world(&half).explain().await;
    assert_eq!(verdicts(&explanation), [Failed, Shadowed, NotConfigured, NotConfigured, Shadowed]);
    assert_says(
        &flat(&explanation),
        &[
            "AWS credentials: none, because source environment fails and stops the chain",
            "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not",
            "is set up too, wrongly: profile file: there is no profile `nowhere`",
        ],
    );
    assert!(aws.requests().is_empty());
    aws.fault(Route::ContainerCredentials, Fault::hang().forever());
    let container = World::with_clock(aws.clock().clone())
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_uri())
        .env("AWS_EC2_METADATA_DISABLED", "1");
    let began = tokio::time::Instant::now();
    let explanation = DefaultChain::in_world(&container).explain().await;
    assert!(began.elapsed() < Duration::from_secs(60));
    assert_eq!(explanation.sources()[CONTAINER].verdict(), Failed);
    assert_says(
        &flat(&explanation),
        &["no whole answer within the time limit", "AWS_EC2_METADATA_DISABLED is neither true nor false"],
    );
}

#[tokio::test(start_paused = true)]
async fn slots_that_were_removed_or_replaced_say_so() {
    let mine =
        provider_fn(|| async { Credentials::builder("AKIAMINE", "CANARY").source_name("vault").build() });
    let absent = provider_fn(|| async { Err(Error::not_configured("vault", "VAULT_ADDR is not set")) });
    let chain = DefaultChain::in_world(&keys(switched_off())).profile("dev");
    let chain = chain.no_profile_files().web_identity(absent).container(mine);
    let explanation = chain.explain().await;
    assert_eq!(verdicts(&explanation), [Removed, Removed, NotConfigured, Used, NotConfigured]);
    let why: Vec<_> = explanation.sources().iter().map(ExplainedSource::why).collect();
    assert_eq!(why[0], "a profile was named in code, which means that one");
    assert_eq!(why[1], "taken out of the chain in code");
    assert_eq!(why[2], "VAULT_ADDR is not set");
    assert!(why[3].contains("a provider of the application's own"), "{}", why[3]);
}

#[tokio::test(start_paused = true)]
async fn the_json_keeps_its_names() {
    let explanation = DefaultChain::in_world(&keys(switched_off())).explain().await;
    let json: serde_json::Value = serde_json::from_str(&explanation.to_json()).unwrap();
    assert_eq!(json["found"], true);
    assert_eq!(json["offline"], false);
    let credentials = serde_json::json!({
        "access_key_id": "AKIAENV", "account_id": null, "source": "environment", "expires": null, "renewed_from": null,
        "packed_policy_size": null,
    });
    assert_eq!(json["credentials"], credentials);
    assert_eq!(json["sources"].as_array().unwrap().len(), 5);
    assert_eq!(json["sources"][0]["verdict"], "used");
    assert_eq!(json["sources"][1]["verdict"], "not_configured");
    let look = serde_json::json!({ "what": "AWS_ACCESS_KEY_ID", "found": "set" });
    assert_eq!(json["sources"][0]["looked_at"][0], look);
    assert_eq!(json["settings"][0]["what"], "region");
    assert_eq!(json["warnings"], serde_json::json!([]));
}

#[tokio::test(start_paused = true)]
async fn no_line_is_wider_than_the_terminal_and_colours_are_by_request() {
    let aws = LocalAws::start().await.unwrap();
    let (world, _) = two_hops(&aws);
    let world = world.env("AWS_ROLE_SESSION_NAME", "a\u{1b}[31mb");
    let explanation = DefaultChain::in_world(&world).explain().await;
    for width in [0, 40, 41, 60, 80, 200] {
        let text = explanation.render(width, false);
        for line in text.lines() {
            assert!(line.chars().count() <= width.max(40), "{width}: {line}");
            assert_eq!(line.trim_end(), line);
        }
        assert!(!text.contains('\u{1b}'));
    }
    let words = |width| explanation.render(width, false).replace(char::is_whitespace, "");
    assert_eq!(words(40), words(200), "nothing is cut off");
    let coloured = explanation.render(100, true);
    assert!(coloured.contains("\u{1b}[32m2 profile file: used\u{1b}[0m"), "{coloured:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_credentials_file_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("credentials");
    std::fs::write(&path, "[default]\naws_access_key_id = AKIA\naws_secret_access_key = CANARY\n").unwrap();
    let world = switched_off().env("AWS_SHARED_CREDENTIALS_FILE", path.to_str().unwrap());
    for (mode, warned) in [(0o644, true), (0o600, false)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let explanation = DefaultChain::in_world(&world).explain().await;
        let shown = found(&explanation.sources()[PROFILE_FILE], "AWS_SHARED_CREDENTIALS_FILE").to_owned();
        assert!(
            shown.ends_with(&format!("mode {mode:04o}")) && shown.contains("last written at 20"),
            "{shown}"
        );
        let warnings = explanation.warnings();
        assert_eq!(
            warnings.iter().any(|warning| warning.contains("can be read by other users")),
            warned,
            "{warnings:?}"
        );
        assert!(!flat(&explanation).contains("CANARY"));
    }
}
