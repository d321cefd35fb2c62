//! What our session policies allow, by ministack, which evaluates them with code that is neither ours nor AWS's; and by the
//! local AWS, which has to agree. Moto keeps session policies and does not look at them.
//!
//! Ministack knows neither variables in policies nor `${*}`: those the local AWS evaluates alone, in `tests/session_policies.rs`
//! of the root package.

use aws_credential_chain::policy::{Condition, PolicyTemplate, SessionPolicyBuilder, Statement};
use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::testing::{Clock, LocalAws, World};
use aws_credential_chain::{Credentials, CredentialsProvider, ProviderExt, Role, RoleBuilder, SessionPolicy};
use interop::botocore::{Botocore, Call, Keys};
use interop::ministack::Ministack;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

const BUCKET: &str = "scoped";
const ALL_OF_THE_BUCKET: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::scoped", "arn:aws:s3:::scoped/*"] }] }"#;
const OF_TENANT: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::scoped/{{tenant}}/*" },
    { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::scoped",
      "Condition": { "StringLike": { "s3:prefix": "{{tenant}}/*" } } }] }"#;

/// Who answers, and as whom a role is assumed there.
struct Party {
    endpoint: String,
    world: World,
    keys: StaticKeys,
    role: String,
    managed: String,
}

async fn ministack(botocore: &mut Botocore) -> Party {
    let ministack = Ministack::shared();
    let trust = json!([{ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::000000000000:root" },
        "Action": ["sts:AssumeRole", "sts:TagSession"] }]);
    let role = ministack.role(botocore, "scoped", trust).await;
    let policy = json!({ "RoleName": "scoped", "PolicyName": "bucket", "PolicyDocument": ALL_OF_THE_BUCKET });
    ministack.iam(botocore, "put_role_policy", policy).await;
    let policy = json!({ "PolicyName": "reader", "PolicyDocument": read_only_document() });
    let created = ministack.iam(botocore, "create_policy", policy).await;
    let managed = created["Policy"]["Arn"].as_str().unwrap().to_owned();
    ministack.call(botocore, "s3", "create_bucket", bucket_of(BUCKET)).await;
    for key in ["acme/1", "globex/1"] {
        ministack.call(botocore, "s3", "put_object", json!({ "Bucket": BUCKET, "Key": key })).await;
    }
    let (id, secret, _) = ministack.user(botocore, "scoping").await;
    let world = World::with_clock(Clock::starting_now())
        .env("AWS_ENDPOINT_URL_STS", ministack.endpoint())
        .env("AWS_REGION", "eu-central-1");
    let endpoint = ministack.endpoint().to_owned();
    Party { endpoint, world, keys: StaticKeys::new(id, secret, None).unwrap(), role, managed }
}

fn local(aws: &LocalAws) -> Party {
    let role = "arn:aws:iam::000000000000:role/scoped".to_owned();
    let managed = "arn:aws:iam::000000000000:policy/reader".to_owned();
    aws.sts().role(&role).allows(ALL_OF_THE_BUCKET);
    aws.sts().managed_policy(&managed, read_only_document());
    aws.s3().put(BUCKET, "acme/1", "").put(BUCKET, "globex/1", "");
    let (id, secret) = aws.sts().user("000000000000", "scoping");
    let world = aws.world().env("AWS_REGION", "eu-central-1");
    let keys = StaticKeys::new(id, secret, None).unwrap();
    Party { endpoint: aws.endpoint(), world, keys, role, managed }
}

/// In the region that botocore is set up for.
fn bucket_of(bucket: &str) -> Value {
    json!({ "Bucket": bucket, "CreateBucketConfiguration": { "LocationConstraint": "eu-central-1" } })
}

fn read_only_document() -> String {
    ALL_OF_THE_BUCKET.replace("s3:*", "s3:GetObject")
}

impl Party {
    async fn session(&self, narrow: impl FnOnce(RoleBuilder, &str) -> RoleBuilder) -> Credentials {
        let role = narrow(Role::builder(&self.role), &self.managed).build().unwrap();
        self.keys.clone().assume(role).in_world(&self.world).retrieve().await.unwrap()
    }

    /// Whether S3 does it, asked by botocore.
    async fn may(
        &self,
        botocore: &mut Botocore,
        session: &Credentials,
        operation: &str,
        parameters: &Value,
    ) -> bool {
        let token = session.session_token().map(|token| token.expose_secret().to_owned());
        let secret = session.secret_access_key().expose_secret().to_owned();
        let keys: Option<Keys> = Some((session.access_key_id().to_owned(), secret, token));
        let parameters = parameters.clone();
        let call = Call { endpoint: &self.endpoint, service: "s3", operation, parameters, keys, skew: 0 };
        let answer = botocore.call(call).await;
        match (answer["status"].as_u64(), answer["code"].as_str()) {
            (Some(200..=299), _) => true,
            // An answer to HEAD has no body to say more.
            (Some(403), Some("AccessDenied" | "403")) => false,
            _ => panic!("{operation} at {}: {answer}", self.endpoint),
        }
    }
}

type Narrow = fn(RoleBuilder, &str) -> RoleBuilder;

fn narrowed() -> Vec<(&'static str, Narrow, [bool; 6])> {
    fn of(role: RoleBuilder, statements: impl IntoIterator<Item = Statement>) -> RoleBuilder {
        let policy = statements.into_iter().fold(SessionPolicy::builder(), SessionPolicyBuilder::statement);
        role.policy(policy.build().unwrap())
    }
    fn of_tenant(role: RoleBuilder, name: &str) -> RoleBuilder {
        role.policy(PolicyTemplate::from_json(OF_TENANT).unwrap().fill([("tenant", name)]).unwrap())
    }
    fn all() -> Statement {
        Statement::allow(["*"]).on(["*"])
    }
    vec![
        ("nothing", |role, _| role, [true, true, true, true, true, false]),
        ("all", |role, _| of(role, [all()]), [true, true, true, true, true, false]),
        (
            "read only",
            |role, _| of(role, [Statement::allow(["s3:Get*", "s3:List*"]).on(["arn:aws:s3:::*"])]),
            [true, false, true, true, true, false],
        ),
        ("acme", |role, _| of_tenant(role, "acme"), [true, true, false, true, false, false]),
        ("globex", |role, _| of_tenant(role, "globex"), [false, false, true, false, false, false]),
        ("nobody", |role, _| of_tenant(role, "*"), [false; 6]),
        (
            "a deny",
            |role, _| {
                of(
                    role,
                    [all(), Statement::deny(["s3:PutObject"]).on_all_but(["arn:aws:s3:::scoped/globex/*"])],
                )
            },
            [true, false, true, true, true, false],
        ),
        (
            "all actions but",
            |role, _| of(role, [Statement::allow_all_but(["s3:Get*"]).on(["*"])]),
            [false, true, false, true, true, false],
        ),
        (
            "conditions",
            |role, _| {
                let here = Condition::ip_address("aws:SourceIp", ["127.0.0.0/8"]);
                let plain = Condition::bool("aws:SecureTransport", false);
                let prefix = Condition::string_equals("s3:prefix", ["acme/"]).if_exists();
                of(role, [all().when(here).when(plain).when(prefix)])
            },
            [true, true, true, true, false, false],
        ),
        (
            "a condition that is not met",
            |role, _| of(role, [all().when(Condition::not_ip_address("aws:SourceIp", ["127.0.0.0/8"]))]),
            [false; 6],
        ),
        ("a managed one", |role, managed| role.policy_arn(managed), [true, false, true, false, false, false]),
        (
            "a managed one beside: what either allows",
            |role, managed| of(role, [Statement::allow(["s3:PutObject"]).on(["*"])]).policy_arn(managed),
            [true, true, true, false, false, false],
        ),
    ]
}

#[tokio::test]
async fn ministack_and_the_local_aws_agree_on_what_a_session_may() {
    let mut botocore = Botocore::start();
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap();
    aws.s3().put("other", "1", "");
    let parties = [local(&aws), ministack(&mut botocore).await];
    let root = Ministack::shared();
    root.call(&mut botocore, "s3", "create_bucket", bucket_of("other")).await;
    root.call(&mut botocore, "s3", "put_object", json!({ "Bucket": "other", "Key": "1" })).await;
    let asked = [
        ("head_object", json!({ "Bucket": BUCKET, "Key": "acme/1" })),
        ("put_object", json!({ "Bucket": BUCKET, "Key": "acme/2" })),
        ("head_object", json!({ "Bucket": BUCKET, "Key": "globex/1" })),
        ("list_objects_v2", json!({ "Bucket": BUCKET, "Prefix": "acme/" })),
        ("list_objects_v2", json!({ "Bucket": BUCKET, "Prefix": "" })),
        ("head_object", json!({ "Bucket": "other", "Key": "1" })),
    ];
    for (name, narrow, expected) in narrowed() {
        for party in &parties {
            let session = party.session(narrow).await;
            let mut may = Vec::new();
            for (operation, parameters) in &asked {
                may.push(party.may(&mut botocore, &session, operation, parameters).await);
            }
            assert_eq!(may, expected, "{name}, at {}", party.endpoint);
        }
    }
}
