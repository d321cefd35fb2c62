//! What a reader of an error is told to do: a row for each situation that people get stuck in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::{Duration, SystemTime};

use aws_credential_chain::testing::{Fault, LocalAws, Route, World};
use aws_credential_chain::{CredentialsProvider, DefaultChain};
use support::seen::Seen;

const ROLE: &str = "arn:aws:iam::222222222222:role/reports";
const ALICE: &str = "arn:aws:iam::111111111111:user/alice";
const ISSUER: &str = "https://oidc.example/id/1";
const HTML: &str = "<html><body>CANARY of a proxy</body></html>";

/// A situation: how it comes about, and what the error has to say.
struct Row {
    what: &'static str,
    provoke: fn(&LocalAws) -> World,
    says: &'static [&'static str],
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    let row = |what, provoke, says| Row { what, provoke, says };
    vec![
        row(
            "nothing found",
            |_| World::new().env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_SECRET_ACCESS_KEY", " "),
            &[
                "no AWS credentials found; looked at, in this order:",
                "\n  - environment: AWS_ACCESS_KEY_ID is not set, and AWS_SECRET_ACCESS_KEY is blank",
                "\n  - profile file: no profile `default` in /home-of-the-test-world/.aws/credentials (does not exist) and",
                "\n  - web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set",
                "\n  - container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set",
                "\n  - instance metadata: switched off by AWS_EC2_METADATA_DISABLED=true",
            ],
        ),
        row(
            "a profile without credentials",
            |aws| {
                aws.world()
                    .env("AWS_EC2_METADATA_DISABLED", "true")
                    .file("~/.aws/config", "[default]\nregion = x\n")
            },
            &[
                "profile `default` (/home-of-the-test-world/.aws/config:1) has no credentials; add access keys",
            ],
        ),
        row(
            "the answer to PUT dies one hop away",
            |aws| faulty(aws, Route::MetadataToken, Fault::hang()),
            &["/latest/api/token: connected", "http-put-response-hop-limit to 2", "a task or pod role"],
        ),
        row(
            "no token for anybody",
            |aws| faulty(aws, Route::MetadataToken, Fault::status(403)),
            &["PUT http://127.0.0.1", "answered 403", "switched off for this instance", "blocks it"],
        ),
        row(
            "an instance without a role",
            |aws| {
                aws.metadata().no_role();
                aws.world()
            },
            &["/iam/security-credentials/: no role; the instance has no instance profile"],
        ),
        row(
            "a proxy that wants a length",
            |aws| faulty(aws, Route::MetadataToken, Fault::status(411)),
            &[
                "answered 411",
                "if it is a proxy",
                "169.254.169.254",
                "169.254.170.2,",
                "169.254.170.23",
                "fd00:ec2::/64",
                "NO_PROXY",
            ],
        ),
        row(
            "a proxy's page in place of a token",
            |aws| faulty(aws, Route::MetadataToken, Fault::body(HTML)),
            &["does not say how long the token lives", "if it is a proxy", "NO_PROXY"],
        ),
        row(
            "a proxy's page in place of the roles",
            |aws| faulty(aws, Route::MetadataRoles, Fault::body(HTML)),
            &["the answer is no list of roles", "if it is a proxy", "NO_PROXY"],
        ),
        row(
            "a role that does not trust EC2",
            |aws| {
                aws.metadata().error_code(Some("AssumeRoleUnauthorizedAccess"));
                aws.world()
            },
            &["said AssumeRoleUnauthorizedAccess", "trust policy name ec2.amazonaws.com as a principal"],
        ),
        row(
            "a role that does not trust the caller",
            |aws| {
                aws.sts().role(ROLE).trusts("arn:aws:iam::111111111111:user/bob");
                profile(aws, "session_tags = team=CANARY-tag\n")
            },
            &[
                ROLE,
                "AccessDenied",
                ALICE,
                "AKIA",
                "profile file (base)",
                "sts:AssumeRole and sts:TagSession",
                "sent: tags team; not sent: an external id, an MFA code",
            ],
        ),
        row(
            "a trust policy that asks for an external id",
            |aws| {
                aws.sts().role(ROLE).trusts(ALICE).requires_external_id("CANARY-right");
                profile(aws, "external_id = CANARY-wrong\n")
            },
            &[ROLE, "AccessDenied", ALICE, "sent: an external id; not sent: an MFA code, tags"],
        ),
        row(
            "an account without the identity provider",
            |aws| {
                let world = pod(aws);
                let message = "No OpenIDConnect provider found in your account for https://oidc.example/id/1";
                let refusal = Fault::sts_error("InvalidIdentityToken").message(message);
                aws.fault(Route::AssumeRoleWithWebIdentity, refusal.forever());
                world
            },
            &["InvalidIdentityToken", "create the IAM OIDC identity provider", "in account 222222222222"],
        ),
        row(
            "a session policy that does not fit",
            |aws| {
                aws.sts().role(ROLE).trusts(ALICE);
                let message = "Packed policy consumes 118% of allotted space, please use smaller policy.";
                let refusal = Fault::sts_error("PackedPolicyTooLarge").message(message);
                aws.fault(Route::AssumeRole, refusal.forever());
                profile(aws, "")
            },
            &[
                "PackedPolicyTooLarge",
                "shorten the session policy and the tags, which take 118 % of the room",
            ],
        ),
        row(
            "a profile of IAM Identity Center",
            |aws| {
                let keys = "sso_start_url = https://x.example\nsso_region = eu-west-1\nsso_account_id = 111111111111\n\
                            sso_role_name = dev\n";
                aws.world().file("~/.aws/config", format!("[default]\n{keys}"))
            },
            &[
                "profile `default` uses `sso_account_id` (/home-of-the-test-world/.aws/config:4)",
                "run `aws sso login --profile default`",
                "`credential_process = aws configure export-credentials --profile default`",
            ],
        ),
        row(
            "a profile of aws login",
            |aws| aws.world().file("~/.aws/config", format!("[default]\nlogin_session = {ALICE}\n")),
            &["uses `login_session` (", "run `aws login --profile default`"],
        ),
    ]
}

fn faulty(aws: &LocalAws, route: Route, fault: Fault) -> World {
    aws.fault(route, fault.forever());
    aws.world()
}

/// A role by profile, assumed with the keys of alice.
fn profile(aws: &LocalAws, more: &str) -> World {
    let (id, secret) = aws.sts().user("111111111111", "alice");
    let config = format!("[default]\nrole_arn = {ROLE}\nsource_profile = base\n{more}");
    let credentials = format!("[base]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    aws.world().file("~/.aws/config", config).file("~/.aws/credentials", credentials)
}

fn pod(aws: &LocalAws) -> World {
    aws.sts().identity_provider(ISSUER);
    let token = aws.sts().web_identity_token(ISSUER, "pod").sign();
    aws.world().env("AWS_ROLE_ARN", ROLE).env("AWS_WEB_IDENTITY_TOKEN_FILE", "/token").file("/token", token)
}

#[tokio::test(start_paused = true)]
async fn each_situation_is_told_with_what_to_do() {
    for Row { what, provoke, says } in rows() {
        let (seen, _guard) = Seen::start();
        let aws = LocalAws::start().await.unwrap();
        let world = provoke(&aws);
        let chain = DefaultChain::in_world(&world);
        let error = chain.retrieve().await.unwrap_err();
        let text = error.to_string();
        for part in says {
            assert!(text.contains(part), "{what}: {part}\n{text}");
        }
        // The explanation says the same.
        let explanation = chain.explain().await;
        assert!(!explanation.is_found(), "{what}: {explanation}");
        seen.also(format!("{error} {error:?} {explanation} {}", explanation.to_json()));
        seen.assert_none_of(aws.secrets().into_iter().chain(["CANARY".to_owned()]));
    }
}

#[tokio::test]
async fn a_token_that_the_kubelet_does_not_exchange_any_more_says_since_when() {
    let aws = LocalAws::start().await.unwrap();
    aws.container().authorization(Some("CANARY-fresh"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, "CANARY-stale").unwrap();
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_435_200);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    let world = World::with_clock(aws.clock().clone())
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_uri())
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path.to_str().unwrap());
    let error = DefaultChain::in_world(&world).retrieve().await.unwrap_err().to_string();
    for part in ["ExpiredTokenException", "last written at 2026-11-23T12:00:00Z", "check that the kubelet"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("CANARY"), "{error}");
}
