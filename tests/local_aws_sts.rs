//! The STS of the local AWS: whom it gives a session, which session, and what it says to others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::{Duration, SystemTime};

use aws_credential_chain::testing::{Fault, LocalAws, Route};
use support::seen::Seen;
use support::sts_client::{Keys, Reply, Sent, Signing, ask, form, send, who_am_i};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const ROLE: &str = "arn:aws:iam::222222222222:role/reports";
const NEXT: &str = "arn:aws:iam::333333333333:role/team/audit";
const ISSUER: &str = "https://oidc.eks.eu-central-1.amazonaws.com/id/ABC";
const SUBJECT: &str = "system:serviceaccount:prod:web";
const HOUR: Duration = Duration::from_secs(3600);
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;

async fn start() -> (LocalAws, Keys) {
    let aws = LocalAws::start().await.unwrap();
    aws.sts().role(ROLE);
    let alice = aws.sts().user("111111111111", "alice").into();
    (aws, alice)
}

/// Assumes a role, with more parameters than those that it needs.
async fn assume(aws: &LocalAws, keys: &Keys, role: &str, more: &[(&str, &str)]) -> Reply {
    let parameters = [&[("RoleArn", role), ("RoleSessionName", "me")], more].concat();
    ask(aws, keys, "AssumeRole", &parameters).await
}

async fn web_identity(aws: &LocalAws, token: &str, more: &[(&str, &str)]) -> Reply {
    let must = [("RoleArn", ROLE), ("RoleSessionName", "pod"), ("WebIdentityToken", token)];
    send(aws, &form(aws, "AssumeRoleWithWebIdentity", &[&must, more].concat()).bytes()).await
}

fn expiration(reply: &Reply) -> SystemTime {
    OffsetDateTime::parse(reply.get("Expiration").unwrap(), &Rfc3339).unwrap().into()
}

fn denied<'a>(arn: &str, action: &str, role: &str) -> (u16, &'a str, &'a str) {
    let message = format!("User: {arn} is not authorized to perform: {action} on resource: {role}");
    (403, "AccessDenied", message.leak())
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_and_its_session_is_told() {
    let (aws, alice) = start().await;
    let reply = assume(
        &aws,
        &alice,
        ROLE,
        &[
            ("DurationSeconds", "900"),
            ("Policy", POLICY),
            ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "a b+ü@1"),
            ("SourceIdentity", "alice@example"),
        ],
    )
    .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let begin = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>"#;
    assert!(reply.text.starts_with(begin), "{}", reply.text);
    assert!(reply.text.ends_with("</RequestId></ResponseMetadata></AssumeRoleResponse>"));
    let arn = "arn:aws:sts::222222222222:assumed-role/reports/me";
    assert_eq!(reply.get("Arn"), Some(arn));
    let id = reply.get("AssumedRoleId").unwrap();
    assert!(id.starts_with("AROA") && id.ends_with(":me") && id.len() == 24, "{id}");
    assert_eq!(reply.get("SourceIdentity"), Some("alice@example"));
    assert_eq!(reply.get("PackedPolicySize"), Some("8"));
    assert_eq!(expiration(&reply), aws.clock().now() + Duration::from_secs(900));

    let keys = reply.keys();
    assert_eq!(aws.sts().issued(), [keys.id.as_str()]);
    assert_eq!(who_am_i(&aws, &keys).await.get("UserId"), Some(id));
    let session = aws.sts().session(&keys.id).unwrap();
    assert_eq!((session.role_arn(), session.arn().as_str(), session.name()), (ROLE, arn, "me"));
    assert_eq!((session.account_id(), session.expiry()), ("222222222222", expiration(&reply)));
    assert_eq!((session.policy(), session.source_identity()), (Some(POLICY), Some("alice@example")));
    assert_eq!(session.policy_arns(), ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    assert_eq!(session.tags(), [("team".to_owned(), "a b+ü@1".to_owned())]);
    assert_eq!((session.transitive_tag_keys().len(), session.chain_depth()), (0, 1));
    assert!(aws.sts().session(&alice.id).is_none() && aws.sts().session("AKIA").is_none());

    // An hour, and nothing more, for those who ask for nothing.
    let plain = assume(&aws, &alice, ROLE, &[]).await;
    assert_eq!(expiration(&plain), aws.clock().now() + HOUR);
    assert_eq!((plain.get("PackedPolicySize"), plain.get("SourceIdentity")), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_role_says_whom_it_trusts() {
    let (aws, alice) = start().await;
    let arn = "arn:aws:iam::111111111111:user/alice";
    let refused = denied(arn, "sts:AssumeRole", NEXT);
    assert_eq!(assume(&aws, &alice, NEXT, &[]).await.error(), refused, "nobody has registered it");
    aws.sts().role(NEXT).trusts("444444444444");
    assert_eq!(assume(&aws, &alice, NEXT, &[]).await.error(), refused);
    aws.sts().role(NEXT).trusts(arn);
    assert_eq!(assume(&aws, &alice, NEXT, &[]).await.status, 200);
    aws.sts().role(NEXT).requires_external_id("x-42");
    for (more, status) in [(&[][..], 403), (&[("ExternalId", "x-43")], 403), (&[("ExternalId", "x-42")], 200)]
    {
        assert_eq!(assume(&aws, &alice, NEXT, more).await.status, status, "{more:?}");
    }
    assert_eq!(
        assume(&aws, &alice, ROLE, &[("ExternalId", "x-42")]).await.status,
        200,
        "nobody asked for it"
    );

    let kept = assume(&aws, &alice, ROLE, &[]).await.keys();
    aws.sts().delete_role(ROLE);
    assert_eq!(assume(&aws, &alice, ROLE, &[]).await.error(), denied(arn, "sts:AssumeRole", ROLE));
    assert_eq!(who_am_i(&aws, &kept).await.status, 200);

    let root = aws.sts().root("111111111111").into();
    let message = "Roles may not be assumed by root accounts.";
    assert_eq!(assume(&aws, &root, NEXT, &[]).await.error(), (403, "AccessDenied", message));
}

#[tokio::test(start_paused = true)]
async fn parameters_are_refused_as_sts_refuses_them() {
    let (aws, alice) = start().await;
    let long = |length| "x".repeat(length);
    let value = |value: &str, member: &str, why: &str| {
        format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {why}"
        )
    };
    let at_least = |least| format!("have length greater than or equal to {least}");
    let at_most = |most| format!("have length less than or equal to {most}");
    let matches = |pattern: &str| format!("satisfy regular expression pattern: {pattern}");
    let cases = [
        ("RoleSessionName", "a".to_owned(), value("a", "roleSessionName", &at_least(2))),
        ("RoleSessionName", long(65), value(&long(65), "roleSessionName", &at_most(64))),
        ("RoleSessionName", "a b".to_owned(), value("a b", "roleSessionName", &matches(r"[\w+=,.@-]*"))),
        ("RoleSessionName", "né".to_owned(), value("né", "roleSessionName", &matches(r"[\w+=,.@-]*"))),
        ("RoleArn", "reports".to_owned(), value("reports", "roleArn", &at_least(20))),
        ("RoleArn", format!("{ROLE}/"), format!("{ROLE}/ is invalid")),
        (
            "DurationSeconds",
            "899".to_owned(),
            value("899", "durationSeconds", "have value greater than or equal to 900"),
        ),
        (
            "DurationSeconds",
            "-1".to_owned(),
            value("-1", "durationSeconds", "have value greater than or equal to 900"),
        ),
        (
            "DurationSeconds",
            "43201".to_owned(),
            value("43201", "durationSeconds", "have value less than or equal to 43200"),
        ),
        (
            "DurationSeconds",
            "3601".to_owned(),
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.".to_owned(),
        ),
        ("ExternalId", "x".to_owned(), value("x", "externalId", &at_least(2))),
        ("ExternalId", "x y".to_owned(), value("x y", "externalId", &matches(r"[\w+=,.@:\/-]*"))),
        ("SourceIdentity", "x".to_owned(), value("x", "sourceIdentity", &at_least(2))),
        ("SerialNumber", "12345678".to_owned(), value("12345678", "serialNumber", &at_least(9))),
        ("TokenCode", "1234567".to_owned(), value("1234567", "tokenCode", &at_most(6))),
        ("TokenCode", "12345x".to_owned(), value("12345x", "tokenCode", &matches(r"[\d]*"))),
        ("Policy", String::new(), value("", "policy", &at_least(1))),
        ("Policy", long(2049), value(&long(2049), "policy", &at_most(2048))),
        ("PolicyArns.member.1.arn", "x".to_owned(), value("x", "policyArns.1.member.arn", &at_least(20))),
        ("Tags.member.1.Key", long(129), value(&long(129), "tags.1.member.key", &at_most(128))),
        (
            "Tags.member.1.Key",
            "a#".to_owned(),
            value("a#", "tags.1.member.key", &matches(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")),
        ),
        ("Tags.member.1.Value", "x".to_owned(), value("", "tags.1.member.key", &at_least(1))),
        ("TransitiveTagKeys.member.1", String::new(), value("", "transitiveTagKeys.1.member", &at_least(1))),
    ];
    for (name, given, message) in cases {
        let must = [("RoleArn", ROLE), ("RoleSessionName", "me")];
        let mut parameters: Vec<_> = must.into_iter().filter(|(known, _)| *known != name).collect();
        parameters.push((name, &given));
        let reply = ask(&aws, &alice, "AssumeRole", &parameters).await;
        let message = message.replace('"', "&quot;");
        assert_eq!(reply.error(), (400, "ValidationError", message.as_str()), "{name}={given:.70}");
    }
    let reply = ask(&aws, &alice, "AssumeRole", &[("RoleArn", "x")]).await;
    assert_eq!(
        reply.error().2,
        "2 validation errors detected: Value 'x' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"
    );
    let numbered = |name: &str, count: usize, end: &str| -> Vec<(String, String)> {
        (1..=count)
            .map(|number| (format!("{name}.member.{number}{end}"), format!("{ROLE}{number}")))
            .collect()
    };
    for (many, member, most) in [
        (numbered("PolicyArns", 11, ".arn"), "policyArns", 10),
        (numbered("Tags", 51, ".Key"), "tags", 50),
        (numbered("TransitiveTagKeys", 51, ""), "transitiveTagKeys", 50),
        (numbered("ProvidedContexts", 6, ".ProviderArn"), "providedContexts", 5),
    ] {
        let many: Vec<_> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let message = format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to {most}"
        );
        assert_eq!(
            assume(&aws, &alice, ROLE, &many).await.error(),
            (400, "ValidationError", message.as_str())
        );
        assert_eq!(assume(&aws, &alice, ROLE, &many[..1]).await.status == 200, member != "transitiveTagKeys");
    }
    let soon = assume(&aws, &alice, ROLE, &[("DurationSeconds", "soon")]).await;
    assert_eq!((soon.status, soon.get("Code")), (400, Some("MalformedInput")));
}

#[tokio::test(start_paused = true)]
async fn a_session_policy_has_to_be_one_and_to_fit() {
    let (aws, alice) = start().await;
    let reply = assume(&aws, &alice, ROLE, &[("Policy", "not JSON")]).await;
    assert_eq!(reply.error(), (400, "MalformedPolicyDocument", "This policy contains invalid Json"));
    let many: Vec<_> = (1..=10)
        .map(|number| (format!("PolicyArns.member.{number}.arn"), format!("{ROLE}{}", "x".repeat(200))))
        .collect();
    let many: Vec<_> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reply = assume(&aws, &alice, ROLE, &many).await;
    let message = "Packed policy consumes 119% of allotted space, please use smaller policy.";
    assert_eq!(reply.error(), (400, "PackedPolicyTooLarge", message));
    let tags: Vec<_> = (1..=10)
        .flat_map(|number| {
            let name = |field| format!("Tags.member.{number}.{field}");
            [(name("Key"), format!("key{number}")), (name("Value"), "x".repeat(200))]
        })
        .collect();
    let tags: Vec<_> = tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let message = "Packed size of session tags consumes 103% of allotted space.";
    assert_eq!(assume(&aws, &alice, ROLE, &tags).await.error(), (400, "PackedPolicyTooLarge", message));
    assert!(aws.sts().issued().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_role_says_how_long_its_sessions_may_be() {
    let (aws, alice) = start().await;
    for (limit, seconds, status) in [
        (2 * HOUR, "7200", 200),
        (2 * HOUR, "7201", 400),
        (HOUR / 2, "3600", 200),
        (HOUR / 2, "3601", 400),
        (24 * HOUR, "43200", 200),
    ] {
        aws.sts().role(ROLE).max_session_duration(limit);
        let reply = assume(&aws, &alice, ROLE, &[("DurationSeconds", seconds)]).await;
        assert_eq!(reply.status, status, "{limit:?} {seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_that_live_shorter_than_any_of_sts_are_for_tests_in_real_time() {
    let (aws, alice) = start().await;
    aws.sts().role(ROLE).credentials_lifetime(Duration::from_secs(6));
    for asked in [&[][..], &[("DurationSeconds", "900")]] {
        let now = aws.clock().now();
        assert_eq!(assume(&aws, &alice, ROLE, asked).await.status, 200);
        let issued = aws.sts().issued().pop().unwrap();
        let expiry = aws.sts().session(&issued).unwrap().expiry();
        assert_eq!(expiry.duration_since(now).unwrap().as_secs(), 6);
    }
    // What is asked for is held against the limits all the same.
    assert_eq!(assume(&aws, &alice, ROLE, &[("DurationSeconds", "3601")]).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_roles_has_an_hour_and_hands_down_what_is_sticky() {
    let (aws, alice) = start().await;
    aws.sts().role(ROLE).max_session_duration(12 * HOUR);
    aws.sts().role(NEXT).max_session_duration(12 * HOUR);
    let long = [("DurationSeconds", "43200")];
    assert_eq!(assume(&aws, &alice, ROLE, &long).await.status, 200, "a user is no session");
    let tag = |number: u32, key: &'static str, value: &'static str| {
        let name = |field| &*format!("Tags.member.{number}.{field}").leak();
        [(name("Key"), key), (name("Value"), value)]
    };
    let first = [
        &tag(1, "Team", "reports")[..],
        &tag(2, "stage", "prod"),
        &[("TransitiveTagKeys.member.1", "team"), ("SourceIdentity", "alice")],
    ]
    .concat();
    let first = assume(&aws, &alice, ROLE, &first).await.keys();

    for seconds in ["3601", "43200"] {
        let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        let reply = assume(&aws, &first, NEXT, &[("DurationSeconds", seconds)]).await;
        assert_eq!(reply.error(), (400, "ValidationError", message));
    }
    let second =
        assume(&aws, &first, NEXT, &[&tag(1, "cost", "1")[..], &[("DurationSeconds", "3600")]].concat())
            .await;
    assert_eq!(second.get("SourceIdentity"), Some("alice"), "{second:?}");
    assert_eq!(second.get("Arn"), Some("arn:aws:sts::333333333333:assumed-role/audit/me"));
    let session = aws.sts().session(&second.keys().id).unwrap();
    assert_eq!((session.chain_depth(), session.role_arn()), (2, NEXT));
    let tags: Vec<_> = session.tags().iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("Team", "reports"), ("cost", "1")], "`stage` was not to be handed down");
    assert_eq!(session.transitive_tag_keys(), ["team"]);
    let third = assume(&aws, &second.keys(), ROLE, &[]).await.keys();
    let session = aws.sts().session(&third.id).unwrap();
    assert_eq!(
        (session.tags().len(), session.chain_depth(), session.source_identity()),
        (1, 3, Some("alice"))
    );

    let invalid = |message| (400, "InvalidParameterValue", message);
    for (more, error) in [
        (
            tag(1, "TEAM", "mine").to_vec(),
            invalid(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
            ),
        ),
        (
            [tag(1, "a", "1"), tag(2, "A", "2")].concat(),
            invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."),
        ),
        (
            vec![("TransitiveTagKeys.member.1", "cost")],
            invalid("The specified transitive tag key must be included in the requested tags."),
        ),
        (
            vec![("SourceIdentity", "bob")],
            denied("arn:aws:sts::222222222222:assumed-role/reports/me", "sts:SetSourceIdentity", NEXT),
        ),
    ] {
        let reply = assume(&aws, &first, NEXT, &more).await;
        let (status, code, message) = reply.error();
        assert_eq!((status, code, message.replace("&apos;", "'").as_str()), error, "{more:?}");
    }
    assert_eq!(assume(&aws, &first, NEXT, &[("SourceIdentity", "alice")]).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_role_says_what_a_session_may_carry() {
    let (aws, alice) = start().await;
    let arn = "arn:aws:iam::111111111111:user/alice";
    let tagged = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "reports")];
    let named = [("SourceIdentity", "alice")];
    aws.sts().role(ROLE).refuses_tags().refuses_source_identity();
    assert_eq!(assume(&aws, &alice, ROLE, &tagged).await.error(), denied(arn, "sts:TagSession", ROLE));
    assert_eq!(assume(&aws, &alice, ROLE, &named).await.error(), denied(arn, "sts:SetSourceIdentity", ROLE));
    assert_eq!(assume(&aws, &alice, ROLE, &[]).await.status, 200);
    // What the caller's session has already counts, too.
    aws.sts().role(NEXT);
    let sticky = assume(&aws, &alice, NEXT, &named).await.keys();
    assert_eq!(assume(&aws, &sticky, ROLE, &[]).await.status, 403);

    aws.sts().role(NEXT).requires_tag("Team");
    assert_eq!(assume(&aws, &alice, NEXT, &[]).await.error(), denied(arn, "sts:AssumeRole", NEXT));
    assert_eq!(assume(&aws, &alice, NEXT, &tagged).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_code_of_a_device_is_good_once() {
    let (aws, alice) = start().await;
    let serial = "arn:aws:iam::111111111111:mfa/phone";
    aws.sts().role(ROLE).requires_mfa();
    aws.sts().accept_mfa_code(serial, "123456").accept_mfa_code(serial, "654321");
    let with = |code| [("SerialNumber", serial), ("TokenCode", code)];
    let refused = denied("arn:aws:iam::111111111111:user/alice", "sts:AssumeRole", ROLE);
    assert_eq!(assume(&aws, &alice, ROLE, &[]).await.error(), refused);
    let failed = |message| (403, "AccessDenied", message);
    let wrong = failed("MultiFactorAuthentication failed with invalid MFA one time pass code.");
    assert_eq!(assume(&aws, &alice, ROLE, &with("000000")).await.error(), wrong);
    let session = assume(&aws, &alice, ROLE, &with("123456")).await;
    assert_eq!(session.status, 200);
    assert_eq!(assume(&aws, &alice, ROLE, &with("123456")).await.error(), wrong);
    assert_eq!(
        assume(&aws, &alice, ROLE, &with("654321")[..1]).await.error(),
        failed(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        )
    );
    let unknown = failed(
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
    );
    let other = [("SerialNumber", "arn:aws:iam::111111111111:mfa/tablet"), ("TokenCode", "654321")];
    assert_eq!(assume(&aws, &alice, ROLE, &other).await.error(), unknown);
    let mallory = aws.sts().user("999999999999", "mallory").into();
    assert_eq!(assume(&aws, &mallory, ROLE, &with("654321")).await.error(), unknown);
    assert_eq!(assume(&aws, &session.keys(), ROLE, &with("654321")).await.error(), unknown);
    assert_eq!(assume(&aws, &alice, ROLE, &with("654321")).await.status, 200, "nobody has used it up");

    aws.sts().accept_mfa_code("GAHT12345678", "111111");
    let hardware = [("SerialNumber", "GAHT12345678"), ("TokenCode", "111111")];
    aws.sts().accept_mfa_code("GAHT12345678", "222222");
    let next = [("SerialNumber", "GAHT12345678"), ("TokenCode", "222222")];
    assert_eq!(assume(&aws, &session.keys(), ROLE, &next).await.error(), unknown, "a session has no device");
    assert_eq!(assume(&aws, &alice, ROLE, &hardware).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_web_identity_gets_a_session_without_a_signature() {
    let (aws, _) = start().await;
    aws.sts().identity_provider(ISSUER);
    aws.sts().role(ROLE).trusts_identity_provider(ISSUER).requires_subject(SUBJECT);
    let token = aws.sts().web_identity_token(ISSUER, SUBJECT).sign();
    let reply = web_identity(&aws, &token, &[("Policy", POLICY), ("DurationSeconds", "3600")]).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    for (name, text) in [
        ("SubjectFromWebIdentityToken", SUBJECT),
        ("Audience", "sts.amazonaws.com"),
        ("Provider", "arn:aws:iam::222222222222:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABC"),
        ("Arn", "arn:aws:sts::222222222222:assumed-role/reports/pod"),
        ("PackedPolicySize", "5"),
    ] {
        assert_eq!(reply.get(name), Some(text), "{name}");
    }
    let keys = reply.keys();
    assert_eq!(who_am_i(&aws, &keys).await.status, 200);
    let session = aws.sts().session(&keys.id).unwrap();
    assert_eq!((session.policy(), session.chain_depth()), (Some(POLICY), 1));
    let log = aws.requests();
    assert_eq!((log[0].route(), log[0].is_signature_good()), (Route::AssumeRoleWithWebIdentity, None));

    let denied = (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    let other = aws.sts().web_identity_token(ISSUER, "system:serviceaccount:prod:other").sign();
    assert_eq!(web_identity(&aws, &other, &[]).await.error(), denied);
    aws.sts().identity_provider("https://another.example");
    let other = aws.sts().web_identity_token("https://another.example", SUBJECT).sign();
    assert_eq!(web_identity(&aws, &other, &[]).await.error(), denied);
    aws.sts().delete_role(ROLE);
    assert_eq!(web_identity(&aws, &token, &[]).await.error(), denied);
}

#[tokio::test(start_paused = true)]
async fn a_web_identity_token_is_read_before_it_is_believed() {
    let (aws, _) = start().await;
    aws.sts().identity_provider(ISSUER);
    let make = |issuer: &str| aws.sts().web_identity_token(issuer, SUBJECT);
    let good = make(ISSUER).sign();
    let parts: Vec<_> = good.split('.').collect();
    let invalid = |message| (400, "InvalidIdentityToken", message);
    let no_jwt =
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
    let no_key = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";
    // {"alg":"HS256"} with {}, {"iss":"i","sub":"s","aud":"a"} and {"iss":"i","sub":"s","exp":1}
    let [empty, no_expiry, no_audience] =
        ["e30", "eyJpc3MiOiJpIiwic3ViIjoicyIsImF1ZCI6ImEifQ", "eyJpc3MiOiJpIiwic3ViIjoicyIsImV4cCI6MX0"]
            .map(|claims| format!("eyJhbGciOiJIUzI1NiJ9.{claims}.AAAA"));
    for (token, error) in [
        ("some access token".to_owned(), invalid(no_jwt)),
        (format!("{}.{}", parts[0], parts[1]), invalid(no_jwt)),
        (format!("{good}.AAAA"), invalid(no_jwt)),
        (format!("{}.{}.*", parts[0], parts[1]), invalid(no_jwt)),
        (format!("e30.{}.{}", parts[1], parts[2]), invalid(no_jwt)),
        (empty, invalid("Missing a required claim: iss")),
        (no_expiry, invalid("Missing a required claim: exp")),
        (no_audience, invalid("Missing a required claim: aud")),
        (
            make("https://nobody.example").sign(),
            invalid("No OpenIDConnect provider found in your account for https://nobody.example"),
        ),
        (make(ISSUER).audience("sts.amazon.com").sign(), invalid("Incorrect token audience")),
        (format!("{}.{}.{}", parts[0], parts[1], parts[0]), invalid(no_key)),
        (
            make(ISSUER).expires_in(Duration::ZERO).sign(),
            (
                400,
                "ExpiredTokenException",
                "Token expired: current date/time 1795435200 must be before the expiration date/time 1795435200",
            ),
        ),
        (
            "x".repeat(20_001),
            (
                400,
                "ValidationError",
                "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000",
            ),
        ),
    ] {
        let reply = web_identity(&aws, &token, &[]).await;
        let (status, code, message) = reply.error();
        assert_eq!((status, code, message.replace("&apos;", "'").as_str()), error, "{token:.200}");
        assert!(!reply.text.contains(&token));
    }
    assert_eq!(web_identity(&aws, &good, &[]).await.status, 200);
    aws.clock().turn(HOUR);
    assert_eq!(web_identity(&aws, &good, &[]).await.error().1, "ExpiredTokenException");

    // A provider with audiences of its own, and one whose tokens others sign.
    let provider = aws.sts().identity_provider("https://own.example");
    provider.audience("first").audience("second");
    let for_audience = |audience: &str| make("https://own.example").audience(audience).sign();
    assert_eq!(web_identity(&aws, &for_audience("second"), &[]).await.get("Audience"), Some("second"));
    assert_eq!(web_identity(&aws, &for_audience("sts.amazonaws.com"), &[]).await.status, 400);
    let foreign = for_audience("first");
    let foreign = format!("{}.{}", foreign.rsplit_once('.').unwrap().0, parts[0]);
    assert_eq!(web_identity(&aws, &foreign, &[]).await.error().1, "InvalidIdentityToken");
    provider.without_signature_check();
    assert_eq!(web_identity(&aws, &foreign, &[]).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn what_sts_cannot_do_it_says() {
    let (aws, alice) = start().await;
    let version = |version| format!("Could not find operation AssumeRole for version {version}");
    let missing = "Could not find operation MISSING_OPERATION for version NO_VERSION_SPECIFIED".to_owned();
    for (body, code, message) in [
        (
            "Action=GetSomething&Version=2011-06-15",
            "InvalidAction",
            "Could not find operation GetSomething for version 2011-06-15".to_owned(),
        ),
        ("Action=AssumeRole", "InvalidAction", version("NO_VERSION_SPECIFIED")),
        ("Action=AssumeRole&Version=", "InvalidAction", version("NO_VERSION_SPECIFIED")),
        ("Action=AssumeRole&Version=2010-01-01", "InvalidAction", version("2010-01-01")),
        ("Version=2011-06-15", "MissingAction", missing.clone()),
        ("", "MissingAction", missing),
    ] {
        let sent = Sent { body: body.to_owned(), ..form(&aws, "", &[]) }.signed(&alice, &Signing::now(&aws));
        let reply = send(&aws, &sent.bytes()).await;
        assert_eq!(reply.error(), (400, code, message.as_str()), "{body}");
    }
    let log = aws.requests();
    assert_eq!((log[0].action(), log[0].route()), (Some("GetSomething"), Route::Sts));
    assert_eq!((log[1].action(), log[1].route()), (Some("AssumeRole"), Route::AssumeRole));
    // What is not for STS at all is as unknown as ever.
    let nothing = Sent { method: "GET", ..form(&aws, "AssumeRole", &[]) };
    assert_eq!(send(&aws, &nothing.bytes()).await.status, 404);
    assert_eq!(aws.requests().last().unwrap().route(), Route::Unknown);
}

#[tokio::test(start_paused = true)]
async fn faults_meet_an_action_or_all_of_them() {
    let (aws, alice) = start().await;
    aws.fault(Route::AssumeRole, Fault::sts_error("Throttling").retry_after(Duration::from_secs(7)));
    aws.fault(Route::Sts, Fault::status(503).times(2));
    let throttled = send(&aws, &form(&aws, "AssumeRole", &[]).bytes()).await;
    assert_eq!(throttled.error(), (400, "Throttling", "Rate exceeded"));
    assert!(throttled.text.contains(
        r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>"#
    ));
    assert_eq!(assume(&aws, &alice, ROLE, &[]).await.status, 503);
    assert_eq!(who_am_i(&aws, &alice).await.status, 503);
    assert_eq!(assume(&aws, &alice, ROLE, &[]).await.status, 200);
    for (fault, error) in [
        (Fault::sts_error("AccessDenied").message("no & never"), (403, "AccessDenied", "no &amp; never")),
        (
            Fault::sts_error("InternalFailure"),
            (500, "InternalFailure", "The request processing has failed because of an unknown error."),
        ),
        (Fault::sts_error("SomethingNew"), (400, "SomethingNew", "SomethingNew")),
    ] {
        aws.fault(Route::GetCallerIdentity, fault);
        assert_eq!(who_am_i(&aws, &alice).await.error(), error);
        assert_eq!(aws.requests().last().unwrap().error_code(), Some(error.1));
    }
    assert_eq!((aws.count(Route::AssumeRole), aws.count(Route::GetCallerIdentity)), (3, 4));
    assert_eq!((aws.count(Route::Sts), aws.count(Route::AssumeRoleWithWebIdentity)), (7, 0));
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_names_and_no_values_and_all_secrets_are_told_to_the_test() {
    let (seen, _guard) = Seen::start();
    let (aws, alice) = start().await;
    aws.sts().identity_provider(ISSUER);
    let token = aws.sts().web_identity_token(ISSUER, SUBJECT).sign();
    assert_eq!(web_identity(&aws, &token, &[]).await.status, 200);
    let policy = POLICY.replace("s3:Get*", "CANARY:*");
    let keys = assume(&aws, &alice, ROLE, &[("ExternalId", "CANARY-id"), ("Policy", &policy)]).await.keys();
    // A token that lost its name must not become one.
    send(&aws, &Sent { body: token.clone(), ..form(&aws, "", &[]) }.bytes()).await;
    let log = aws.requests();
    let names = ["Action", "Version", "RoleArn", "RoleSessionName", "ExternalId", "Policy"];
    assert_eq!(log[1].parameter_names(), names);
    assert_eq!((log[1].action(), log[1].signed_by()), (Some("AssumeRole"), Some(alice.id.as_str())));
    assert_eq!((log[2].action(), log[2].parameter_names().len()), (None, 0));
    let secrets = aws.secrets();
    for secret in [&alice.secret, &keys.secret, keys.token.as_ref().unwrap(), &token] {
        assert!(secrets.contains(secret));
    }
    let sts = aws.sts();
    seen.also(format!("{log:?} {aws:?} {sts:?} {:?} {:?}", sts.role(ROLE), sts.identity_provider(ISSUER)));
    seen.also(format!("{:?} {:?}", sts.web_identity_token(ISSUER, SUBJECT), aws.metadata()));
    seen.assert_none_of(secrets.into_iter().chain(["CANARY".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn its_world_points_there() {
    let (aws, alice) = start().await;
    let chain = aws_credential_chain::DefaultChain::in_world(&aws.world());
    let endpoint = chain.resolve_endpoint_url("STS").await.unwrap();
    assert_eq!(endpoint.as_deref(), Some(aws.endpoint().as_str()));
    let sent = form(&aws, "GetCallerIdentity", &[]).signed(&alice, &Signing::now(&aws));
    assert_eq!(send(&aws, &sent.bytes()).await.status, 200);
}
