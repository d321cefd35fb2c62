//! Roles, assumed with web identity tokens: variables and token files in, credentials or a message out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{CredentialsCache, CredentialsProvider, DefaultChain, FailureKind, SourceKind};
use support::outcome::kind;
use support::seen::Seen;

const ROLE: &str = "arn:aws:iam::123456789012:role/pod";
const ISSUER: &str = "https://oidc.example/id/1";
const TOKEN_FILE: &str = "/var/run/secrets/token";

/// A pod on a node whose role would answer: it must never become that.
fn pod(aws: &LocalAws) -> World {
    aws.metadata().role("node");
    aws.sts().identity_provider(ISSUER);
    aws.sts().role(ROLE).trusts_identity_provider(ISSUER);
    aws.world()
        .env("AWS_ROLE_ARN", ROLE)
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", TOKEN_FILE)
        .file(TOKEN_FILE, format!("{}\n", token(aws)))
}

fn token(aws: &LocalAws) -> String {
    aws.sts().web_identity_token(ISSUER, "system:serviceaccount:prod:web").sign()
}

#[tokio::test(start_paused = true)]
async fn a_pod_becomes_its_role_and_the_token_goes_in_the_body() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    let world = pod(&aws).env("AWS_ROLE_SESSION_NAME", "web-1");
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    let credentials = cache.credentials().await.unwrap();
    assert_eq!(credentials.source().kind(), SourceKind::WebIdentity);
    assert_eq!(credentials.source().to_string(), format!("web identity ({ROLE})"));
    assert_eq!(credentials.account_id(), Some("123456789012"));
    let requests = aws.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].method(), requests[0].is_signature_good()), ("POST", None));
    let identity = Sts::in_world(&world).caller_identity(&credentials).await.unwrap();
    assert_eq!(identity.arn(), "arn:aws:sts::123456789012:assumed-role/pod/web-1");
    seen.also(format!("{credentials:?} {cache:?}"));
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn the_token_is_read_at_each_fetch() {
    let aws = LocalAws::start().await.unwrap();
    let world = pod(&aws).file(TOKEN_FILE, "not-yet");
    let chain = DefaultChain::in_world(&world);
    let error = chain.retrieve().await.unwrap_err();
    assert!(error.to_string().contains("InvalidIdentityToken"), "{error}");
    let world = world.file(TOKEN_FILE, token(&aws));
    chain.retrieve().await.unwrap();
    drop(world);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_symbolic_link_that_the_kubelet_swaps_is_followed_anew() {
    let aws = LocalAws::start().await.unwrap();
    let pod = pod(&aws);
    let mount = tempfile::tempdir().unwrap();
    let swap = |name: &str, content: &str| {
        std::fs::create_dir(mount.path().join(name)).unwrap();
        std::fs::write(mount.path().join(name).join("token"), content).unwrap();
        std::os::unix::fs::symlink(name, mount.path().join("..tmp")).unwrap();
        std::fs::rename(mount.path().join("..tmp"), mount.path().join("..data")).unwrap();
    };
    swap("..1", "old");
    std::os::unix::fs::symlink("..data/token", mount.path().join("token")).unwrap();
    let path = mount.path().join("token");
    let world = pod.env("AWS_WEB_IDENTITY_TOKEN_FILE", path.to_str().unwrap());
    let chain = DefaultChain::in_world(&world);
    chain.retrieve().await.unwrap_err();
    swap("..2", &token(&aws));
    std::fs::remove_dir_all(mount.path().join("..1")).unwrap();
    chain.retrieve().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn half_of_it_fails_and_never_becomes_the_node() {
    let aws = LocalAws::start().await.unwrap();
    let cases = [
        (pod(&aws).without_env("AWS_ROLE_ARN"), FailureKind::Misconfigured, "AWS_ROLE_ARN is not"),
        (pod(&aws).without_file(TOKEN_FILE), FailureKind::Unreadable, "does not exist"),
        (pod(&aws).file(TOKEN_FILE, " \n"), FailureKind::Unreadable, "is empty"),
        (pod(&aws).file(TOKEN_FILE, vec![0xff, 0xfe]), FailureKind::Unreadable, "is not text"),
        (pod(&aws).file(TOKEN_FILE, vec![b'x'; 70_000]), FailureKind::Unreadable, "larger than 64 KiB"),
        (pod(&aws).env("AWS_ROLE_ARN", "pod"), FailureKind::Misconfigured, "AWS_ROLE_ARN"),
        (pod(&aws).env("AWS_ROLE_SESSION_NAME", "a b"), FailureKind::Misconfigured, "AWS_ROLE_SESSION_NAME"),
    ];
    for (world, expected, says) in cases {
        let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
        assert_eq!(kind(&error), Some(expected), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    // The role alone says nothing: other tools use the variable, too.
    let world = pod(&aws).without_env("AWS_WEB_IDENTITY_TOKEN_FILE");
    let node = DefaultChain::in_world(&world).retrieve().await.unwrap();
    assert_eq!(node.source().kind(), SourceKind::InstanceMetadata);
}

#[tokio::test(start_paused = true)]
async fn verdicts_that_pass_are_told_from_those_that_do_not() {
    let verification = "Couldn't retrieve verification key from your identity provider,  please reference \
                        AssumeRoleWithWebIdentity documentation for requirements";
    let unknown = "No OpenIDConnect provider found in your account for https://oidc.example/id/1";
    for (fault, passes, asked, says) in [
        (Fault::sts_error("IDPCommunicationError"), true, 3, "IDPCommunicationError"),
        (Fault::sts_error("InvalidIdentityToken").message(verification), true, 3, "verification key"),
        (Fault::sts_error("ExpiredTokenException"), true, 1, TOKEN_FILE),
        (Fault::sts_error("InvalidIdentityToken").message(unknown), false, 1, "create"),
        (Fault::sts_error("IDPRejectedClaim"), false, 1, "IDPRejectedClaim"),
        (Fault::sts_error("AccessDenied"), false, 1, "trust policy"),
    ] {
        let aws = LocalAws::start().await.unwrap();
        let world = pod(&aws);
        aws.fault(Route::AssumeRoleWithWebIdentity, fault.forever());
        let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err();
        assert_eq!(error.is_transient(), passes, "{error}");
        assert_eq!(aws.count(Route::AssumeRoleWithWebIdentity), asked, "{error}");
        assert!(error.to_string().contains(says), "{says}: {error}");
        assert_eq!(aws.count(Route::MetadataToken), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn it_comes_after_the_files_and_before_the_container() {
    let aws = LocalAws::start().await.unwrap();
    let world = pod(&aws).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_uri());
    let source = |credentials: aws_credential_chain::Credentials| credentials.source().kind();
    assert_eq!(source(DefaultChain::in_world(&world).retrieve().await.unwrap()), SourceKind::WebIdentity);
    let files = "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    let world = world.file("~/.aws/credentials", files);
    assert_eq!(source(DefaultChain::in_world(&world).retrieve().await.unwrap()), SourceKind::ProfileFile);
    let other = DefaultChain::in_world(&world).no_profile_files().no_web_identity();
    assert_eq!(source(other.retrieve().await.unwrap()), SourceKind::Container);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_takes_the_token_that_is_there_then() {
    let aws = LocalAws::start().await.unwrap();
    let world = pod(&aws);
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    let first = cache.credentials().await.unwrap();
    tokio::time::sleep(Duration::from_secs(50 * 60)).await;
    let world = world.file(TOKEN_FILE, token(&aws));
    cache.credentials().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_ne!(cache.credentials().await.unwrap().access_key_id(), first.access_key_id());
    drop(world);
}
