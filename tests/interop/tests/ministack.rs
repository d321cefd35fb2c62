//! Roles assumed from ministack, which checks signatures, session tokens, trust policies and session policies with code
//! that is neither ours nor AWS's.

use std::time::{Duration, SystemTime};

use aws_credential_chain::providers::WebIdentity;
use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::{Clock, LocalAws, World};
use aws_credential_chain::{
    Credentials, CredentialsCache, CredentialsProvider, DefaultChain, Error, FailureKind, ProviderExt, Role,
    SessionPolicy,
};
use interop::botocore::{Botocore, Call};
use interop::ministack::Ministack;
use serde_json::{Value, json};

const EVERYBODY_HERE: &str = "arn:aws:iam::000000000000:root";
const ISSUER: &str = "https://oidc.example/id/1";
const SUBJECT: &str = "system:serviceaccount:prod:web";

/// A machine with the keys of a user in its environment. Root's signature is not looked at by ministack.
async fn machine(user: &str) -> World {
    let (id, secret, _) = Ministack::shared().user(&mut Botocore::start(), user).await;
    World::with_clock(Clock::starting_now())
        .env("AWS_ACCESS_KEY_ID", id)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_ENDPOINT_URL_STS", Ministack::shared().endpoint())
        .env("AWS_REGION", "eu-central-1")
}

fn trusts(principal: &str) -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": ["sts:AssumeRole", "sts:TagSession"] })
}

fn only_if(mut statement: Value, condition: &Value) -> Value {
    statement["Condition"] = json!({ "StringEquals": condition });
    statement
}

/// Creates a role for one test.
async fn role(name: &str, statement: Value) -> String {
    Ministack::shared().role(&mut Botocore::start(), name, json!([statement])).await
}

/// Assumes it with the keys of the environment.
async fn assume(machine: &World, role: Role) -> Result<Credentials, Error> {
    DefaultChain::in_world(machine).assume(role).in_world(machine).retrieve().await
}

async fn who_am_i(machine: &World, credentials: &Credentials) -> String {
    Sts::in_world(machine).caller_identity(credentials).await.unwrap().arn().to_owned()
}

fn refused(result: Result<Credentials, Error>) -> String {
    match result {
        Err(Error::Failed(failure)) => {
            assert_eq!(failure.kind(), FailureKind::Refused, "{failure}");
            failure.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_role_is_assumed_and_its_credentials_are_good() {
    let machine = machine("alice").await;
    let arn = role("plain", trusts(EVERYBODY_HERE)).await;
    let role = Role::builder(&arn).session_name("me").duration(Duration::from_secs(1800)).build().unwrap();
    let credentials = assume(&machine, role).await.unwrap();
    assert_eq!(credentials.account_id(), Some("000000000000"));
    let lifetime = credentials.expiry().unwrap().duration_since(SystemTime::now()).unwrap().as_secs();
    assert!((1700..=1800).contains(&lifetime), "{lifetime}");
    let me = who_am_i(&machine, &credentials).await;
    assert_eq!(me, "arn:aws:sts::000000000000:assumed-role/plain/me");
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_not_shown() {
    let machine = machine("bob").await.env("AWS_SECRET_ACCESS_KEY", "CANARY");
    let arn = role("never", trusts(EVERYBODY_HERE)).await;
    let text = refused(assume(&machine, Role::builder(&arn).build().unwrap()).await);
    for part in [
        "AssumeRole arn:aws:iam::000000000000:role/never with ",
        " from environment",
        "answered 403: SignatureDoesNotMatch",
        "secret",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("CANARY"), "{text}");
    let unknown = machine.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    let text = refused(assume(&unknown, Role::builder(&arn).build().unwrap()).await);
    assert!(text.contains("answered 403: InvalidClientTokenId"), "{text}");
}

#[tokio::test]
async fn botocore_and_we_walk_the_same_profiles() {
    let mut botocore = Botocore::start();
    let hub = role("hub", trusts(EVERYBODY_HERE)).await;
    let spoke = role("spoke", only_if(trusts(&hub), &json!({ "sts:ExternalId": "x-42" }))).await;
    let leaf = role("leaf", trusts(&spoke)).await;
    let (id, secret, _) = Ministack::shared().user(&mut botocore, "frank").await;
    let config = format!(
        "[profile hub]\nrole_arn={hub}\nsource_profile=dev\nrole_session_name=first\n\
         [profile spoke]\nrole_arn={spoke}\nsource_profile=hub\nrole_session_name=second\nexternal_id=x-42\n\
         [profile stranger]\nrole_arn={spoke}\nsource_profile=hub\nexternal_id=x-43\n\
         [profile leaf]\nrole_arn={leaf}\nsource_profile=spoke\nrole_session_name=third\n\
         [profile shortcut]\nrole_arn={leaf}\nsource_profile=hub\n\
         [profile typo]\nrole_arn={hub}\nsource_profile=wrong\n"
    );
    let keys = format!(
        "[dev]\naws_access_key_id={id}\naws_secret_access_key={secret}\n\
         [wrong]\naws_access_key_id={id}\naws_secret_access_key=CANARY\n"
    );
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let variables = [
        ("AWS_CONFIG_FILE", file("config", config)),
        ("AWS_SHARED_CREDENTIALS_FILE", file("credentials", keys)),
        ("AWS_ENDPOINT_URL_STS", Ministack::shared().endpoint().to_owned()),
        ("AWS_DEFAULT_REGION", "eu-central-1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let machine = World::with_clock(Clock::starting_now());
    let machine = variables.iter().fold(machine, |machine, (name, value)| machine.env(name, value));
    let resolve = |profile: &str| DefaultChain::in_world(&machine).profile(profile);

    for (profile, session) in [("hub", "hub/first"), ("spoke", "spoke/second"), ("leaf", "leaf/third")] {
        let ours = resolve(profile).retrieve().await.unwrap();
        let arn = format!("arn:aws:sts::000000000000:assumed-role/{session}");
        assert_eq!(who_am_i(&machine, &ours).await, arn);

        let theirs = botocore.resolve(&variables, Some(profile)).await;
        let text = |number: usize| theirs["keys"][number].as_str().map(str::to_owned);
        let keys = Some((text(0).unwrap(), text(1).unwrap(), text(2)));
        let call = Call::sts(Ministack::shared().endpoint(), "get_caller_identity", json!({}), keys);
        assert_eq!(botocore.call(call).await["answer"]["Arn"], arn);
    }
    // The trust policies and the secrets are what let them through.
    for (profile, code) in
        [("stranger", "AccessDenied"), ("shortcut", "AccessDenied"), ("typo", "SignatureDoesNotMatch")]
    {
        let ours = refused(resolve(profile).retrieve().await);
        assert!(ours.contains(code) && !ours.contains("x-43") && !ours.contains("CANARY"), "{ours}");
        let theirs = botocore.resolve(&variables, Some(profile)).await;
        assert!(theirs["error"].as_str().unwrap().contains(code), "{theirs}");
    }
}

#[tokio::test]
async fn session_tags_arrive() {
    let machine = machine("carol").await;
    let arn =
        role("tagged", only_if(trusts(EVERYBODY_HERE), &json!({ "aws:RequestTag/team": "re+ports ü" })))
            .await;
    let with = |value: &str| Role::builder(&arn).tag("team", value).tag("cost", "42").build().unwrap();
    assume(&machine, with("re+ports ü")).await.unwrap();
    assert!(refused(assume(&machine, with("re ports ü")).await).contains("AccessDenied"));
    assert!(refused(assume(&machine, Role::builder(&arn).build().unwrap()).await).contains("AccessDenied"));
}

#[tokio::test]
async fn a_session_policy_narrows() {
    let machine = machine("dave").await;
    let first = role("first", trusts(EVERYBODY_HERE)).await;
    let second = role("second", trusts(&first)).await;
    for (allowed, may) in [("sts:AssumeRole", true), ("s3:GetObject", false)] {
        let statement = json!({ "Effect": "Allow", "Action": allowed, "Resource": "*" });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let narrow = Role::builder(&first).policy(SessionPolicy::from_json(policy).unwrap()).build().unwrap();
        let narrow =
            CredentialsCache::new(DefaultChain::in_world(&machine).assume(narrow).in_world(&machine));
        let further =
            narrow.assume(Role::builder(&second).build().unwrap()).in_world(&machine).retrieve().await;
        assert_eq!(further.is_ok(), may, "{allowed}: {further:?}");
    }
}

#[tokio::test]
async fn a_web_identity_is_told_by_provider_and_audience() {
    let federated = json!({
        "Effect": "Allow",
        "Principal": { "Federated": "arn:aws:iam::000000000000:oidc-provider/oidc.example/id/1" },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "ForAnyValue:StringEquals": { "oidc.example/id/1:aud": "sts.amazonaws.com" },
            "StringEquals": { "oidc.example/id/1:sub": SUBJECT },
        },
    });
    let arn = role("web", federated).await;
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap();
    let token = |issuer: &str, audience: &str| {
        aws.sts().web_identity_token(issuer, SUBJECT).audience(audience).sign()
    };
    let machine = machine("erin")
        .await
        .env("AWS_ROLE_ARN", &arn)
        .env("AWS_ROLE_SESSION_NAME", "pod")
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")
        .file("/token", format!("{}\n", token(ISSUER, "sts.amazonaws.com")));
    let credentials = WebIdentity::new().in_world(&machine).retrieve().await.unwrap();
    let me = who_am_i(&machine, &credentials).await;
    assert_eq!(me, "arn:aws:sts::000000000000:assumed-role/web/pod");
    for wrong in [token(ISSUER, "vault"), token("https://oidc.example/id/2", "sts.amazonaws.com")] {
        let machine = machine.clone().file("/token", wrong.as_str());
        let text = refused(WebIdentity::new().in_world(&machine).retrieve().await);
        assert!(text.contains("AccessDenied") && text.contains("/token") && !text.contains(&wrong), "{text}");
    }
}
