//! The STS of the local AWS and that of ministack, given the same requests by botocore: the same verdict, in the same words
//! of AWS's. Where they differ, the line says who is right, and why we think so.

use aws_credential_chain::testing::{Clock, LocalAws};
use interop::botocore::{Botocore, Call, Keys};
use interop::ministack::Ministack;
use serde_json::{Value, json};

const ACCOUNT: &str = "000000000000";
const ISSUER: &str = "https://oidc.example/id/1";
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;

/// Who asks.
#[derive(Clone, Copy)]
enum Who {
    Root,
    Alice,
    /// Alice's key id with another secret.
    AliceWithAnotherSecret,
    Nobody,
    Unsigned,
    /// A session of the role `hub`, assumed by Alice.
    Hub,
    HubWithoutToken,
    HubWithAnotherToken,
    /// A session of `reports`.
    Reports,
}

struct Case {
    name: &'static str,
    who: Who,
    operation: &'static str,
    parameters: Value,
    skew: i64,
    /// Status and code of both; or ours, theirs, and why.
    verdict: Verdict,
}

enum Verdict {
    Same(u16, &'static str),
    Differ { ours: (u16, &'static str), theirs: (u16, &'static str), why: &'static str },
}

use Verdict::{Differ, Same};

const GOOD: Verdict = Same(200, "");
const DENIED: Verdict = Same(403, "AccessDenied");
const BAD_SIGNATURE: Verdict = Same(403, "SignatureDoesNotMatch");
const UNKNOWN_KEY: Verdict = Same(403, "InvalidClientTokenId");

fn who_am_i(name: &'static str, who: Who, skew: i64, verdict: Verdict) -> Case {
    Case { name, who, operation: "get_caller_identity", parameters: json!({}), skew, verdict }
}

fn assume(name: &'static str, who: Who, role: &str, more: Value, verdict: Verdict) -> Case {
    let arn = if role.starts_with("arn") { role.to_owned() } else { arn(role) };
    let parameters = with(json!({ "RoleArn": arn, "RoleSessionName": "me" }), more);
    Case { name, who, operation: "assume_role", parameters, skew: 0, verdict }
}

fn web_identity(name: &'static str, role: &str, token: &str, more: Value, verdict: Verdict) -> Case {
    let parameters =
        with(json!({ "RoleArn": arn(role), "RoleSessionName": "pod", "WebIdentityToken": token }), more);
    let operation = "assume_role_with_web_identity";
    Case { name, who: Who::Unsigned, operation, parameters, skew: 0, verdict }
}

/// Null takes a parameter away.
fn with(mut parameters: Value, more: Value) -> Value {
    if let (Value::Object(parameters), Value::Object(more)) = (&mut parameters, more) {
        parameters.extend(more);
        parameters.retain(|_, value| !value.is_null());
    }
    parameters
}

fn arn(role: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{role}")
}

fn signatures() -> Vec<Case> {
    use Who::{
        Alice, AliceWithAnotherSecret, Hub, HubWithAnotherToken, HubWithoutToken, Nobody, Root, Unsigned,
    };
    vec![
        who_am_i("a user", Alice, 0, GOOD),
        who_am_i("root", Root, 0, GOOD),
        who_am_i("a session", Hub, 0, GOOD),
        who_am_i("a wrong secret", AliceWithAnotherSecret, 0, BAD_SIGNATURE),
        who_am_i("a key that nobody has", Nobody, 0, UNKNOWN_KEY),
        who_am_i("a session's key without its token", HubWithoutToken, 0, UNKNOWN_KEY),
        who_am_i("a session's key with another token", HubWithAnotherToken, 0, UNKNOWN_KEY),
        who_am_i("a clock that is a little wrong", Alice, -14 * 60, GOOD),
        who_am_i("a clock that is late", Alice, -16 * 60, BAD_SIGNATURE),
        who_am_i("a clock that is early", Alice, 16 * 60, BAD_SIGNATURE),
        who_am_i("not signed", Unsigned, 0, Same(403, "MissingAuthenticationToken")),
        assume("not signed", Unsigned, "reports", json!({}), Same(403, "MissingAuthenticationToken")),
        assume("a wrong secret", AliceWithAnotherSecret, "reports", json!({}), BAD_SIGNATURE),
    ]
}

fn roles() -> Vec<Case> {
    use Who::{Alice, Hub, Reports, Root};
    let tags = |keys: &[&str]| -> Value {
        keys.iter().map(|key| json!({ "Key": key, "Value": "v" })).collect::<Vec<_>>().into()
    };
    vec![
        assume("a role", Alice, "reports", json!({}), GOOD),
        assume("a role that does not exist", Alice, "missing", json!({}), DENIED),
        assume("a role of others", Alice, "of-others", json!({}), DENIED),
        assume("no external id", Alice, "external", json!({}), DENIED),
        assume("another external id", Alice, "external", json!({ "ExternalId": "x-43" }), DENIED),
        assume("the external id", Alice, "external", json!({ "ExternalId": "x-42" }), GOOD),
        assume(
            "an external id that nobody asked for",
            Alice,
            "reports",
            json!({ "ExternalId": "x-42" }),
            GOOD,
        ),
        assume("a second hop", Hub, "spoke", json!({}), GOOD),
        assume("a second hop with another role", Reports, "spoke", json!({}), DENIED),
        assume("a second hop without the first", Alice, "spoke", json!({}), DENIED),
        assume("tags", Alice, "reports", json!({ "Tags": tags(&["team", "cost"]) }), GOOD),
        assume("tags that are not allowed", Alice, "untagged", json!({ "Tags": tags(&["team"]) }), DENIED),
        assume(
            "a tag twice",
            Alice,
            "reports",
            json!({ "Tags": tags(&["team", "Team"]) }),
            Same(400, "InvalidParameterValue"),
        ),
        assume("a policy", Alice, "reports", json!({ "Policy": POLICY }), GOOD),
        assume(
            "half a policy",
            Alice,
            "reports",
            json!({ "Policy": &POLICY[..40] }),
            Same(400, "MalformedPolicyDocument"),
        ),
        assume(
            "a policy that is too long",
            Alice,
            "reports",
            json!({ "Policy": POLICY.replace("s3:Get*", &"s3:Get".repeat(400)) }),
            Same(400, "ValidationError"),
        ),
        assume("no ARN", Alice, "arn:aws:iam::000000000000:user/x", json!({}), Same(400, "ValidationError")),
        assume(
            "no name",
            Alice,
            "reports",
            json!({ "RoleSessionName": null }),
            Differ {
                ours: (400, "ValidationError"),
                theirs: (200, ""),
                why: "AWS requires it (API reference); ministack does not look",
            },
        ),
        assume(
            "a quarter of an hour is the least",
            Alice,
            "reports",
            json!({ "DurationSeconds": 899 }),
            Differ {
                ours: (400, "ValidationError"),
                theirs: (200, ""),
                why: "AWS gives 900 s at least (API reference); ministack does not look",
            },
        ),
        assume(
            "root",
            Root,
            "reports",
            json!({}),
            Differ {
                ours: (403, "AccessDenied"),
                theirs: (200, ""),
                why: "`Roles may not be assumed by root accounts`, says AWS; ministack's root may",
            },
        ),
    ]
}

fn web_identities(aws: &LocalAws) -> Vec<Case> {
    let token = |issuer: &str, audience: &str| {
        aws.sts().web_identity_token(issuer, "system:serviceaccount:prod:web").audience(audience).sign()
    };
    let for_sts = token(ISSUER, "sts.amazonaws.com");
    vec![
        web_identity("a web identity", "web", &for_sts, json!({}), GOOD),
        web_identity("a role that trusts another provider", "web-of-others", &for_sts, json!({}), DENIED),
        web_identity("a role that trusts another subject", "web-of-one", &for_sts, json!({}), DENIED),
        web_identity("a role for other principals", "reports", &for_sts, json!({}), DENIED),
        web_identity("a role that does not exist", "missing", &for_sts, json!({}), DENIED),
        web_identity(
            "a token for somebody else",
            "web",
            &token(ISSUER, "vault"),
            json!({}),
            Differ {
                ours: (400, "InvalidIdentityToken"),
                theirs: (403, "AccessDenied"),
                why: "AWS looks at the provider's audiences first: `Incorrect token audience`; ministack has only the trust policy",
            },
        ),
        web_identity(
            "a token of a provider that is not registered",
            "web",
            &token("https://oidc.example/id/2", "sts.amazonaws.com"),
            json!({}),
            Differ {
                ours: (400, "InvalidIdentityToken"),
                theirs: (403, "AccessDenied"),
                why: "`No OpenIDConnect provider found in your account`, says AWS; ministack has only the trust policy",
            },
        ),
        web_identity(
            "no token at all",
            "web",
            "e.e.e",
            json!({}),
            Differ {
                ours: (400, "InvalidIdentityToken"),
                theirs: (403, "AccessDenied"),
                why: "`The ID Token provided is not a valid JWT`, says AWS; ministack has only the trust policy",
            },
        ),
    ]
}

/// One STS, and the keys of those who ask it.
struct Side<'a> {
    endpoint: &'a str,
    root: Keys,
    alice: Keys,
    hub: Keys,
    reports: Keys,
}

impl<'a> Side<'a> {
    async fn new(botocore: &mut Botocore, endpoint: &'a str, root: Keys, alice: Keys) -> Self {
        let mut sessions = Vec::new();
        for role in ["hub", "reports"] {
            let parameters = json!({ "RoleArn": arn(role), "RoleSessionName": role });
            let call = Call::sts(endpoint, "assume_role", parameters, Some(alice.clone()));
            let answer = botocore.call(call).await;
            let text = |key: &str| answer["answer"]["Credentials"][key].as_str().unwrap().to_owned();
            sessions.push((text("AccessKeyId"), text("SecretAccessKey"), Some(text("SessionToken"))));
        }
        let [hub, reports] = sessions.try_into().unwrap();
        Self { endpoint, root, alice, hub, reports }
    }

    fn keys(&self, who: Who) -> Option<Keys> {
        let [alice, hub] = [&self.alice, &self.hub].map(Clone::clone);
        Some(match who {
            Who::Root => self.root.clone(),
            Who::Alice => alice,
            Who::AliceWithAnotherSecret => (alice.0, alice.1.chars().rev().collect(), None),
            Who::Nobody => ("AKIAIOSFODNN7EXAMPLE".to_owned(), alice.1, None),
            Who::Unsigned => return None,
            Who::Hub => hub,
            Who::HubWithoutToken => (hub.0, hub.1, None),
            Who::HubWithAnotherToken => (hub.0, hub.1, self.reports.2.clone()),
            Who::Reports => self.reports.clone(),
        })
    }

    async fn ask(&self, botocore: &mut Botocore, case: &Case) -> Value {
        let Case { operation, parameters, skew, .. } = case;
        let call = Call::sts(self.endpoint, operation, parameters.clone(), self.keys(case.who));
        botocore.call(Call { skew: *skew, ..call }).await
    }
}

/// The same roles and providers in both.
async fn sides<'a>(
    botocore: &mut Botocore,
    aws: &'a LocalAws,
    endpoint: &'a str,
    ministack: &'a Ministack,
) -> [Side<'a>; 2] {
    let sts = aws.sts();
    let user = |name: &str| {
        let (id, secret) = sts.user(ACCOUNT, name);
        (id, secret, None)
    };
    let (id, secret) = sts.root(ACCOUNT);
    let root = (id, secret, None);
    let alice = user("alice");
    for role in ["hub", "reports"] {
        sts.role(arn(role)).trusts(ACCOUNT);
    }
    sts.role(arn("of-others")).trusts("444444444444");
    sts.role(arn("external")).trusts(ACCOUNT).requires_external_id("x-42");
    sts.role(arn("spoke")).trusts(arn("hub"));
    sts.role(arn("untagged")).trusts(ACCOUNT).refuses_tags();
    sts.role(arn("web")).trusts_identity_provider(ISSUER);
    sts.role(arn("web-of-others")).trusts_identity_provider("https://oidc.example/id/3");
    sts.role(arn("web-of-one"))
        .trusts_identity_provider(ISSUER)
        .requires_subject("system:serviceaccount:prod:api");
    sts.identity_provider(ISSUER);

    let trusts = |principal: &str| -> Value {
        let actions = ["sts:AssumeRole", "sts:TagSession"];
        json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": actions })
    };
    let federates = |issuer: &str| -> Value {
        let host = issuer.trim_start_matches("https://");
        json!({
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{host}") },
            "Action": "sts:AssumeRoleWithWebIdentity",
            // Audiences come as a list.
            "Condition": { "ForAnyValue:StringEquals": { format!("{host}:aud"): "sts.amazonaws.com" } },
        })
    };
    let account = format!("arn:aws:iam::{ACCOUNT}:root");
    let with = |mut statement: Value, key: &str, value: Value| {
        statement[key] = value;
        statement
    };
    let external = json!({ "StringEquals": { "sts:ExternalId": "x-42" } });
    let subject = json!({ "StringEquals": { "oidc.example/id/1:sub": "system:serviceaccount:prod:api" } });
    for (role, statement) in [
        ("hub", trusts(&account)),
        ("reports", trusts(&account)),
        ("of-others", trusts("arn:aws:iam::444444444444:root")),
        ("external", with(trusts(&account), "Condition", external)),
        ("spoke", trusts(&arn("hub"))),
        ("untagged", with(trusts(&account), "Action", "sts:AssumeRole".into())),
        ("web", federates(ISSUER)),
        ("web-of-others", federates("https://oidc.example/id/3")),
        ("web-of-one", with(federates(ISSUER), "Condition", subject)),
    ] {
        ministack.role(botocore, role, json!([statement])).await;
    }
    let their_alice = ministack.user(botocore, "alice").await;

    let ours = Side::new(botocore, endpoint, root, alice).await;
    let theirs = Side::new(botocore, ministack.endpoint(), Ministack::root(), their_alice).await;
    [ours, theirs]
}

fn verdict(answer: &Value) -> (u64, &str) {
    (answer["status"].as_u64().unwrap(), answer["code"].as_str().unwrap_or_default())
}

/// What a good answer says of the one who asked, and of the role.
fn told(answer: &Value) -> Value {
    let answer = &answer["answer"];
    json!([answer["Arn"], answer["Account"], answer["AssumedRoleUser"]["Arn"]])
}

#[tokio::test]
async fn they_give_the_same_verdicts() {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap();
    let mut botocore = Botocore::start();
    let endpoint = aws.endpoint();
    let [ours, theirs] = sides(&mut botocore, &aws, &endpoint, Ministack::shared()).await;
    let mut wrong = Vec::new();
    for case in signatures().into_iter().chain(roles()).chain(web_identities(&aws)) {
        let (our, their) = (ours.ask(&mut botocore, &case).await, theirs.ask(&mut botocore, &case).await);
        let (expected_of_us, expected_of_them, why) = match case.verdict {
            Same(status, code) => ((status, code), (status, code), "both say the same"),
            Differ { ours, theirs, why } => (ours, theirs, why),
        };
        let is = |answer: &Value, (status, code): (u16, &str)| verdict(answer) == (u64::from(status), code);
        let told_alike = !matches!(case.verdict, Same(..)) || told(&our) == told(&their);
        if !(is(&our, expected_of_us) && is(&their, expected_of_them) && told_alike) {
            let name = format!("{}: {}", case.operation, case.name);
            wrong.push(format!("{name}, where {why}:\n    ours {our}\n  theirs {their}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
