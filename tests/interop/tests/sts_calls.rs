//! The calls of STS other than `AssumeRole`, answered by ministack and by the local AWS: both take them, both say the same.

use std::time::{Duration, SystemTime};

use aws_credential_chain::providers::{FederationToken, SessionToken, StaticKeys, WebIdentity};
use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::{Clock, LocalAws, World};
use aws_credential_chain::{
    Credentials, CredentialsProvider, Error, FailureKind, Role, SessionPolicy, SourceKind,
};
use interop::botocore::{Botocore, Call, Keys};
use interop::ministack::Ministack;
use secrecy::SecretString;
use serde_json::{Value, json};

const ACCOUNT: &str = "000000000000";
const ISSUER: &str = "https://oidc.example/id/7";
const SUBJECT: &str = "system:serviceaccount:prod:web";
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}"#;

/// One STS, and a user of it. Root will not do: ministack does not look at its signature.
struct Side {
    name: &'static str,
    world: World,
    endpoint: String,
    user: Keys,
}

impl Side {
    fn keys(&self) -> StaticKeys {
        StaticKeys::new(self.user.0.clone(), self.user.1.clone(), None).unwrap()
    }

    fn keys_with_another_secret(&self) -> StaticKeys {
        StaticKeys::new(self.user.0.clone(), "CANARY".to_owned(), None).unwrap()
    }

    async fn who_is(&self, credentials: &Credentials) -> Value {
        let identity = Sts::in_world(&self.world).caller_identity(credentials).await.unwrap();
        json!([identity.account_id(), identity.arn()])
    }
}

/// Ministack and the local AWS, each with a user of this name.
async fn sides(aws: &LocalAws, user: &str) -> [Side; 2] {
    let ministack = Ministack::shared();
    let (id, secret) = aws.sts().user(ACCOUNT, user);
    let world = World::with_clock(Clock::starting_now())
        .env("AWS_ENDPOINT_URL_STS", ministack.endpoint())
        .env("AWS_REGION", "eu-central-1");
    let theirs = Side {
        name: "ministack",
        world,
        endpoint: ministack.endpoint().to_owned(),
        user: ministack.user(&mut Botocore::start(), user).await,
    };
    let ours =
        Side { name: "local AWS", world: aws.world(), endpoint: aws.endpoint(), user: (id, secret, None) };
    [theirs, ours]
}

async fn local_aws() -> LocalAws {
    LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap()
}

#[track_caller]
fn assert_lasts(credentials: &Credentials, seconds: u64) {
    let left = credentials.expiry().unwrap().duration_since(SystemTime::now()).unwrap().as_secs();
    assert!((seconds - 100..=seconds).contains(&left), "{left} of {seconds}");
}

#[track_caller]
fn assert_refused(result: Result<Credentials, Error>, call: &str, code: &str) {
    let Err(Error::Failed(failure)) = result else { panic!("{result:?}") };
    let text = failure.to_string();
    assert_eq!(failure.kind(), FailureKind::Refused, "{text}");
    assert!(text.contains(call) && text.contains(code) && !text.contains("CANARY"), "{text}");
}

/// The names of all that an answer has, without the values.
fn fields(answer: &Value) -> Value {
    match answer {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), fields(value))).collect(),
        _ => Value::Null,
    }
}

#[tokio::test]
async fn a_session_of_a_user_is_the_user_for_a_while() {
    let aws = local_aws().await;
    for side in sides(&aws, "gina").await {
        let (name, world) = (side.name, &side.world);
        let open = |keys| SessionToken::new(keys).duration(Duration::from_secs(1800)).in_world(world);
        let session = open(side.keys()).retrieve().await.unwrap();
        assert_lasts(&session, 1800);
        assert_ne!(session.access_key_id(), side.user.0, "{name}");
        assert!(session.session_token().is_some(), "{name}");
        let user = json!([ACCOUNT, format!("arn:aws:iam::{ACCOUNT}:user/gina")]);
        assert_eq!(side.who_is(&session).await, user, "{name}");
        assert_lasts(&SessionToken::new(side.keys()).in_world(world).retrieve().await.unwrap(), 12 * 3600);

        let wrong = open(side.keys_with_another_secret()).retrieve().await;
        assert_refused(wrong, "GetSessionToken", "SignatureDoesNotMatch");
        let keys = StaticKeys::new(
            session.access_key_id(),
            session.secret_access_key().clone(),
            session.session_token().cloned(),
        );
        assert_refused(open(keys.unwrap()).retrieve().await, "GetSessionToken", "AccessDenied");
    }
}

#[tokio::test]
async fn a_federated_user_is_somebody_else() {
    let aws = local_aws().await;
    for side in sides(&aws, "hugo").await {
        let (name, world) = (side.name, &side.world);
        let open = |keys| {
            FederationToken::new(keys, "guest")
                .duration(Duration::from_secs(900))
                .policy(SessionPolicy::from_json(POLICY).unwrap())
                .tag("team", "re+ports ü")
                .in_world(world)
        };
        let session = open(side.keys()).retrieve().await.unwrap();
        assert_lasts(&session, 900);
        assert_eq!(session.account_id(), Some(ACCOUNT), "{name}");
        assert!(session.packed_policy_size().is_some(), "{name}");
        let guest = json!([ACCOUNT, format!("arn:aws:sts::{ACCOUNT}:federated-user/guest")]);
        assert_eq!(side.who_is(&session).await, guest, "{name}");

        let wrong = open(side.keys_with_another_secret()).retrieve().await;
        assert_refused(wrong, "GetFederationToken", "SignatureDoesNotMatch");
    }
}

#[tokio::test]
async fn a_web_identity_from_a_callback() {
    let aws = local_aws().await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/called-back");
    let sides = sides(&aws, "ines").await;
    aws.sts().identity_provider(ISSUER);
    aws.sts().role(&arn).trusts_identity_provider(ISSUER).requires_subject(SUBJECT);
    let host = ISSUER.trim_start_matches("https://");
    let trust = json!([{
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{host}") },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringEquals": { format!("{host}:sub"): SUBJECT } },
    }]);
    assert_eq!(Ministack::shared().role(&mut Botocore::start(), "called-back", trust).await, arn);
    for side in sides {
        let assume = |subject: &str| {
            let token = aws.sts().web_identity_token(ISSUER, subject).audience("sts.amazonaws.com").sign();
            let role = Role::builder(&arn).session_name("pod").build().unwrap();
            let token = SecretString::from(token);
            WebIdentity::from_fn(role, move || std::future::ready(Ok::<_, Error>(token.clone())))
                .in_world(&side.world)
        };
        let session = assume(SUBJECT).retrieve().await.unwrap();
        assert_eq!(session.source().kind(), SourceKind::WebIdentity);
        let pod = json!([ACCOUNT, format!("arn:aws:sts::{ACCOUNT}:assumed-role/called-back/pod")]);
        assert_eq!(side.who_is(&session).await, pod, "{}", side.name);
        let other = assume("system:serviceaccount:prod:api").retrieve().await;
        assert_refused(other, "AssumeRoleWithWebIdentity", "AccessDenied");
    }
}

#[tokio::test]
async fn both_answer_with_the_same_fields() {
    let aws = local_aws().await;
    let mut botocore = Botocore::start();
    let sides = sides(&aws, "jane").await;
    for (operation, parameters, some) in [
        ("get_session_token", json!({}), "/Credentials/Expiration"),
        ("get_federation_token", json!({ "Name": "guest", "Policy": POLICY }), "/FederatedUser/Arn"),
    ] {
        let mut answers = Vec::new();
        for side in &sides {
            let call = Call::sts(&side.endpoint, operation, parameters.clone(), Some(side.user.clone()));
            let answer = botocore.call(call).await;
            assert_eq!(answer["status"], 200, "{}: {answer}", side.name);
            answers.push(fields(&answer["answer"]));
        }
        assert!(answers[0].pointer(some).is_some(), "{operation}: {}", answers[0]);
        assert_eq!(answers[0], answers[1], "{operation}");
    }
}
