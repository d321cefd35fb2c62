//! What narrowed sessions may do, by the local AWS, which obeys their policies: typed ones, templates with hostile names, and
//! what it says to the rest.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use aws_credential_chain::interop::{RequestSigner, client_builder};
use aws_credential_chain::policy::{Condition, PolicyTemplate, SessionPolicyBuilder, Statement, literal};
use aws_credential_chain::providers::{AssumeRole, FederationToken, StaticKeys};
use aws_credential_chain::testing::{Fault, LocalAws, Route};
use aws_credential_chain::{
    CredentialsCache, CredentialsProvider, DefaultChain, FailureKind, ProviderExt, Region, Role,
    SessionPolicy,
};
use support::outcome::kind;
use support::seen::Seen;

const APP: &str = "arn:aws:iam::222222222222:role/team/app";
const ALL_OF_DATA: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*",
    "Resource": ["arn:aws:s3:::data", "arn:aws:s3:::data/*"] }] }"#;
const OF_TENANT: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::data/{{tenant}}/*" },
    { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::data",
      "Condition": { "StringLike": { "s3:prefix": "{{tenant}}/*" } } }] }"#;

fn app(aws: &LocalAws) -> AssumeRole {
    let (id, secret) = aws.sts().user("222222222222", "alice");
    StaticKeys::new(id, secret, None)
        .unwrap()
        .assume(Role::builder(APP).build().unwrap())
        .in_world(&aws.world())
}

/// One session, as a client of S3.
struct Client {
    aws: LocalAws,
    signer: RequestSigner,
    http: reqwest::Client,
}

impl Client {
    async fn of(aws: &LocalAws, provider: impl CredentialsProvider) -> Self {
        let cache = CredentialsCache::builder(provider).in_world(&aws.world()).build();
        let http = client_builder().await.unwrap().no_proxy().build().unwrap();
        let signer = RequestSigner::new(cache, Region::new("eu-central-1").unwrap(), "s3");
        Self { aws: aws.clone(), signer, http }
    }

    /// Status and body of what is answered.
    async fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.aws.endpoint()));
        let answer = self.signer.send(&self.http, request.build().unwrap()).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn status(&self, method: &str, path: &str) -> u16 {
        self.ask(method, path).await.0
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_may_do_what_both_role_and_session_policy_allow() {
    let (seen, _guard) = Seen::start();
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(APP).allows(ALL_OF_DATA);
    aws.s3().put("data", "acme/1", "one").put("data", "globex/1", "two").put("other", "acme/1", "three");
    let whole = Client::of(&aws, app(&aws)).await;
    let read = Statement::allow(["s3:Get*"]).on(["arn:aws:s3:::*"]);
    let list = Statement::allow(["s3:ListBucket"])
        .on(["arn:aws:s3:::data"])
        .when(Condition::string_like("s3:prefix", ["acme/*"]));
    let narrow = SessionPolicy::builder().statement(read).statement(list).build().unwrap();
    let narrow = Client::of(&aws, app(&aws).scoped(narrow).unwrap()).await;
    for (method, path, of_whole, of_narrow) in [
        ("GET", "/data/acme/1", 200, 200),
        ("HEAD", "/data/acme/1", 200, 200),
        ("PUT", "/data/acme/2", 200, 403),
        ("GET", "/data?list-type=2&prefix=acme/x", 200, 200),
        ("GET", "/data?list-type=2&prefix=globex/x", 200, 403),
        ("GET", "/data?list-type=2", 200, 403),
        ("DELETE", "/data/globex/1", 204, 403),
        // The role has no right to it, so the session policy cannot give it.
        ("GET", "/other/acme/1", 403, 403),
        // What is not there is only told to whoever may list.
        ("GET", "/data/acme/404", 404, 403),
    ] {
        assert_eq!(narrow.status(method, path).await, of_narrow, "narrow: {method} {path}");
        assert_eq!(whole.status(method, path).await, of_whole, "whole: {method} {path}");
    }
    let (_, body) = narrow.ask("PUT", "/data/acme/2").await;
    for part in [
        "<Code>AccessDenied</Code>",
        "User: arn:aws:sts::222222222222:assumed-role/app/aws-credential-chain-",
        "is not authorized to perform: s3:PutObject on resource: &quot;arn:aws:s3:::data/acme/2&quot; because no session \
         policy allows the s3:PutObject action",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    let (_, body) = whole.ask("GET", "/other/acme/1").await;
    assert!(body.contains("because no identity-based policy allows the s3:GetObject action"), "{body}");
    seen.also(body);
    seen.assert_none_of(aws.secrets());
}

#[tokio::test(start_paused = true)]
async fn denials_variables_tags_and_managed_policies_count() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(APP).allows(ALL_OF_DATA);
    let arn = "arn:aws:iam::222222222222:policy/reader";
    aws.sts().managed_policy(arn, ALL_OF_DATA.replace("s3:*", "s3:GetObject"));
    aws.s3().put("data", "reports/1", "one").put("data", "secret/1", "two").put("data", "*/1", "three");
    let (id, secret) = aws.sts().user("222222222222", "alice");
    let session = |role: aws_credential_chain::RoleBuilder| {
        let keys = StaticKeys::new(id.clone(), secret.clone(), None).unwrap();
        Client::of(&aws, keys.assume(role.build().unwrap()).in_world(&aws.world()))
    };
    let of = |statements: Vec<Statement>| {
        let policy = statements.into_iter().fold(SessionPolicy::builder(), SessionPolicyBuilder::statement);
        Role::builder(APP).tag("team", "reports").policy(policy.build().unwrap())
    };
    let all = || Statement::allow(["*"]).on(["*"]);
    let not_here = Condition::not_ip_address("aws:SourceIp", ["127.0.0.0/8"]);
    for (name, role, reports, secret, star) in [
        ("all", of(vec![all()]), 200, 200, 200),
        (
            "a deny",
            of(vec![all(), Statement::deny(["s3:Get*"]).on(["arn:aws:s3:::data/secret/*"])]),
            200,
            403,
            200,
        ),
        (
            "a tag",
            of(vec![Statement::allow(["s3:*"]).on(["arn:aws:s3:::data/${aws:PrincipalTag/team}/*"])]),
            200,
            403,
            403,
        ),
        (
            "all but",
            of(vec![all(), Statement::deny(["*"]).on_all_but(["arn:aws:s3:::data/reports/*"])]),
            200,
            403,
            403,
        ),
        (
            "an asterisk",
            of(vec![Statement::allow(["s3:*"]).on([format!("arn:aws:s3:::data/{}/1", literal("*"))])]),
            403,
            403,
            200,
        ),
        ("a condition that is not met", of(vec![all().when(not_here)]), 403, 403, 403),
        ("over TLS", of(vec![all().when(Condition::bool("aws:SecureTransport", true))]), 403, 403, 403),
        ("managed", Role::builder(APP).policy_arn(arn), 200, 200, 200),
        ("managed, not registered", Role::builder(APP).policy_arn(format!("{arn}2")), 403, 403, 403),
    ] {
        let client = session(role).await;
        assert_eq!(client.status("GET", "/data/reports/1").await, reports, "{name}");
        assert_eq!(client.status("GET", "/data/secret/1").await, secret, "{name}");
        assert_eq!(client.status("GET", "/data/*/1").await, star, "{name}");
    }
    let managed = session(Role::builder(APP).policy_arn(arn)).await;
    assert_eq!(managed.status("PUT", "/data/reports/1").await, 403);
    // One session policy allowing is enough: that is why a second one is not `scoped`.
    let both = of(vec![Statement::allow(["s3:PutObject"]).on(["*"])]).policy_arn(arn);
    let both = session(both).await;
    assert_eq!((both.status("PUT", "/data/x").await, both.status("GET", "/data/x").await), (200, 200));
}

#[tokio::test(start_paused = true)]
async fn whatever_a_tenant_is_called_it_stays_in_its_place() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(APP).allows(ALL_OF_DATA);
    let base = app(&aws);
    let template = PolicyTemplate::from_json(OF_TENANT).unwrap();
    let names = [
        "acme", "globex", "a", "ab", "*", "a*", "?", "$", "a b", "\"", "${*}", "..", "acme/..", "",
        "globex/x", "a:b", "#", "%2F",
    ];
    let path = |name: &str| {
        // As S3 clients write keys.
        let encode = |byte: u8| {
            if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        };
        format!("/data/{}/report", name.bytes().map(encode).collect::<String>())
    };
    for name in names {
        aws.s3().put("data", format!("{name}/report"), name);
    }
    let mut refused = Vec::new();
    for name in names {
        let Ok(policy) = template.fill([("tenant", name)]) else {
            refused.push(name);
            continue;
        };
        let client = Client::of(&aws, base.scoped(policy).unwrap()).await;
        // A client of HTTP resolves `..` before it asks, and the signer refuses it.
        for other in names.into_iter().filter(|other| !other.ends_with("..")) {
            let (status, body) = client.ask("GET", &path(other)).await;
            let is_below = other.starts_with(&format!("{name}/"));
            let expected = if name == other || is_below { 200 } else { 403 };
            assert_eq!(status, expected, "{name:?} asks for what is of {other:?}: {body}");
        }
    }
    assert_eq!(refused, ["${*}", "..", "acme/..", "", "globex/x", "a:b"]);
}

#[tokio::test(start_paused = true)]
async fn a_federated_session_may_do_what_its_policy_allows_and_nothing_without() {
    let aws = LocalAws::start().await.unwrap();
    aws.s3().put("data", "acme/1", "one").put("data", "globex/1", "two");
    let federated = || {
        let (id, secret) = aws.sts().user("222222222222", "alice");
        FederationToken::new(StaticKeys::new(id, secret, None).unwrap(), "acme").in_world(&aws.world())
    };
    let policy = PolicyTemplate::from_json(OF_TENANT).unwrap().fill([("tenant", "acme")]).unwrap();
    let own = Statement::allow(["s3:*"]).on(["arn:aws:s3:::data/${aws:PrincipalTag/tenant}/*"]);
    let own = SessionPolicy::builder().statement(own).build().unwrap();
    for (provider, acme, globex) in [
        (federated(), 403, 403),
        (federated().policy(policy), 200, 403),
        (federated().policy(own).tag("tenant", "globex"), 403, 200),
    ] {
        let client = Client::of(&aws, provider).await;
        assert_eq!(client.status("GET", "/data/acme/1").await, acme);
        assert_eq!(client.status("GET", "/data/globex/1").await, globex);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_packed_is_told() {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(APP);
    let policy = PolicyTemplate::from_json(OF_TENANT).unwrap().fill([("tenant", "acme")]).unwrap();
    let scoped = app(&aws).scoped(policy.clone()).unwrap();
    let credentials = scoped.retrieve().await.unwrap();
    // The local AWS counts twenty characters for one percent; the estimate nine.
    let characters = policy.as_str().len();
    assert_eq!(credentials.packed_policy_size().map(usize::from), Some(characters.div_ceil(20)));
    assert_eq!(policy.packed_size_estimate() as usize, characters.div_ceil(9));
    let cache = CredentialsCache::builder(scoped.clone()).in_world(&aws.world()).build();
    assert_eq!(cache.status().packed_policy_size, None);
    cache.credentials().await.unwrap();
    assert_eq!(cache.status().packed_policy_size, credentials.packed_policy_size());
    let explained = DefaultChain::in_world(&aws.world()).environment(scoped.clone()).explain().await;
    let packed = credentials.packed_policy_size().unwrap();
    let estimate = policy.packed_size_estimate();
    let text = explained.to_string();
    for part in [
        format!("take {packed} % of their room"),
        format!("a session policy of {} characters, at a cautious guess {estimate} %", policy.as_str().len()),
    ] {
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(&part), "{part}: {text}");
    }
    assert!(explained.to_json().contains(&format!(r#""packed_policy_size":{packed}"#)));
    // It is sent as it is.
    let session = aws.sts().session(credentials.access_key_id()).unwrap();
    assert_eq!(session.policy(), Some(policy.as_str()));

    let message = "Packed policy consumes 118% of allotted space, please use smaller policy.";
    aws.fault(Route::AssumeRole, Fault::sts_error("PackedPolicyTooLarge").message(message));
    let error = scoped.retrieve().await.unwrap_err();
    assert_eq!(kind(&error), Some(FailureKind::Refused));
    let sent =
        format!("take 118 % of the room (sent: a session policy of {characters} characters): fewer actions");
    assert!(error.to_string().contains(&sent), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_answers_to_nobody_it_does_not_know() {
    let aws = LocalAws::start().await.unwrap();
    aws.s3().put("data", "acme/1", "one");
    let stranger = StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "CANARY", None).unwrap();
    let (id, secret) = aws.sts().user("222222222222", "alice");
    let wrong = StaticKeys::new(id.clone(), "CANARY", None).unwrap();
    for (keys, code) in [(stranger, "InvalidAccessKeyId"), (wrong, "SignatureDoesNotMatch")] {
        let (status, body) = Client::of(&aws, keys).await.ask("GET", "/data/acme/1").await;
        assert!(status == 403 && body.contains(code), "{status} {body}");
    }
    let alice = Client::of(&aws, StaticKeys::new(id, secret, None).unwrap()).await;
    assert_eq!(alice.ask("GET", "/data/acme/1").await, (200, "one".to_owned()));
    let (status, body) = alice.ask("GET", "/data?list-type=2&prefix=&delimiter=/").await;
    assert!(status == 200 && body.contains("<CommonPrefixes><Prefix>acme/</Prefix>"), "{body}");
    assert_eq!(alice.status("POST", "/data/acme/1").await, 501);
    assert_eq!(alice.status("GET", "/data?versions").await, 501);
    // Each of them asks for a permission of its own, or for something that is not done here.
    for header in ["x-amz-copy-source", "x-amz-acl", "x-amz-grant-read", "x-amz-tagging"] {
        let put = alice.http.put(format!("{}/data/acme/1", aws.endpoint())).header(header, "data/globex/1");
        let answer = alice.signer.send(&alice.http, put.build().unwrap()).await.unwrap();
        assert_eq!(answer.status().as_u16(), 501, "{header}");
    }
    assert_eq!(aws.s3().object("data", "acme/1").as_deref(), Some(b"one".as_slice()));
    assert_eq!(alice.status("GET", "/nothing/acme/1").await, 404);
    let answer = alice.http.get(format!("{}/data/acme/1", aws.endpoint())).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 403);
    assert_eq!(aws.requests().last().unwrap().route(), Route::S3);
    assert_eq!(aws.requests().last().unwrap().error_code(), Some("AccessDenied"));

    // Expired credentials are told to be that, so that a client can renew them.
    aws.sts().role(APP);
    let session = Client::of(&aws, app(&aws)).await;
    assert_eq!(session.status("GET", "/data/acme/1").await, 200);
    aws.clock().turn(Duration::from_secs(3400));
    let mut request = session.http.get(format!("{}/data/acme/1", aws.endpoint())).build().unwrap();
    session.signer.sign_reqwest(&mut request).await.unwrap();
    // Signed just before its end; the signature itself is good for a quarter of an hour.
    aws.clock().turn(Duration::from_secs(300));
    let answer = session.http.execute(request).await.unwrap();
    let (status, body) = (answer.status().as_u16(), answer.text().await.unwrap());
    assert!(status == 400 && body.contains("ExpiredToken"), "{status} {body}");
}
