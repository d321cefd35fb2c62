//! The table of codes, and what a reader is told.

use std::time::Duration;

use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};

use super::*;
use crate::error::Error;
use crate::role::{RoleBuilder, SessionPolicy};
use crate::source::SourceKind;

const ARN: &str = "arn:aws:iam::123456789012:role/reports";
const URL: &str = "https://sts.eu-central-1.amazonaws.com";

fn source() -> Source {
    Source::new(SourceKind::InstanceMetadata).with_detail("web")
}

fn xml(code: &str, message: &str) -> String {
    format!(
        r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code>
           <Message>{message}</Message></Error><RequestId>0f2d</RequestId></ErrorResponse>"#
    )
}

/// What comes of an answer to `AssumeRole`, or with a token to `AssumeRoleWithWebIdentity`.
fn read(role: RoleBuilder, token: Option<&str>, status: u16, body: &str) -> Refusal {
    let (role, source) = (role.build().unwrap(), source());
    let caller = match token {
        Some(origin) => Caller::Token { origin },
        None => Caller::Credentials { access_key_id: "ASIA1", source: &source },
    };
    let action = if token.is_some() { Action::AssumeRoleWithWebIdentity } else { Action::AssumeRole };
    // Where it matters, a code went with it.
    let mfa_device = body.contains("MultiFactor").then_some("arn:aws:iam::123456789012:mfa/alice");
    let asked = Asked {
        provider: "assumed role",
        action,
        url: URL,
        role: Some(&role),
        target: None,
        caller,
        mfa_device,
    };
    Refusal::read(&asked, status, body.as_bytes())
}

#[test]
fn each_code_has_its_kind() {
    use FailureKind::{Expired, Refused, Throttled, Unavailable};
    let assume_role = [
        (400, "Throttling", "Rate exceeded", Throttled, false),
        (400, "ThrottlingException", "", Throttled, false),
        (400, "RequestLimitExceeded", "", Throttled, false),
        (503, "RequestLimitExceeded", "", Throttled, false),
        (400, "TooManyRequestsException", "", Throttled, false),
        (429, "Whatever", "", Throttled, false),
        (500, "InternalFailure", "", Unavailable, false),
        (503, "ServiceUnavailable", "", Unavailable, false),
        (503, "AccessDenied", "", Unavailable, false),
        (408, "RequestTimeout", "", Unavailable, false),
        (403, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole", Refused, false),
        (403, "ExpiredToken", "The security token included in the request is expired", Expired, true),
        (400, "ExpiredTokenException", "", Expired, true),
        (
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            Refused,
            true,
        ),
        (403, "UnrecognizedClientException", "", Refused, true),
        (403, "SignatureDoesNotMatch", "The request signature we calculated does not match", Refused, false),
        (403, "SignatureDoesNotMatch", "Signature expired: 20261123T100000Z is now earlier", Refused, false),
        (403, "RegionDisabledException", "", Refused, false),
        (400, "MalformedPolicyDocument", "", Refused, false),
        (400, "PackedPolicyTooLarge", "", Refused, false),
        (400, "ValidationError", "", Refused, false),
        (400, "Brand new", "", Refused, false),
    ];
    for (status, code, message, kind, is_source_rejected) in assume_role {
        let refusal = read(Role::builder(ARN), None, status, &xml(code, message));
        assert_eq!(
            (refusal.failure.kind(), refusal.is_source_rejected),
            (kind, is_source_rejected),
            "{code}"
        );
        assert!(refusal.failure.remedy().is_some_and(|remedy| !remedy.is_empty()), "{code}");
    }
    let web_identity = [
        (400, "ExpiredTokenException", "Token expired: current date/time 2 must be before 1", Expired),
        (403, "ExpiredToken", "", Expired),
        (400, "IDPCommunicationError", "", Unavailable),
        (
            400,
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider",
            Unavailable,
        ),
        (
            400,
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://x",
            Refused,
        ),
        (400, "InvalidIdentityToken", "Incorrect token audience", Refused),
        (403, "IDPRejectedClaim", "", Refused),
        (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", Refused),
    ];
    for (status, code, message, kind) in web_identity {
        let refusal = read(Role::builder(ARN), Some("/run/token"), status, &xml(code, message));
        assert_eq!((refusal.failure.kind(), refusal.is_source_rejected), (kind, false), "{code}: {message}");
    }
}

#[test]
fn a_denied_role_tells_who_asked_with_what_and_what_to_look_at() {
    let body = xml(
        "AccessDenied",
        "User: arn:aws:sts::1:assumed-role/web/i-1 is not authorized to perform: \
        sts:AssumeRole on resource: arn:aws:iam::123456789012:role/reports",
    );
    let role = Role::builder(ARN)
        .external_id("CANARY-x")
        .tag("team", "CANARY-v")
        .tag("cost", "CANARY-v")
        .source_identity("alice")
        .policy(SessionPolicy::from_json("{}").unwrap())
        .duration(Duration::from_secs(900));
    let error = Error::from(read(role, None, 403, &body).failure).to_string();
    assert_eq!(
        error,
        "assumed role: POST https://sts.eu-central-1.amazonaws.com (AssumeRole \
         arn:aws:iam::123456789012:role/reports with ASIA1 from instance metadata (web)): answered 403: AccessDenied: \
         User: arn:aws:sts::1:assumed-role/web/i-1 is not authorized to perform: sts:AssumeRole on resource: \
         arn:aws:iam::123456789012:role/reports (request 0f2d); \
         check that the trust policy of arn:aws:iam::123456789012:role/reports allows sts:AssumeRole and \
         sts:TagSession and sts:SetSourceIdentity to the caller (ASIA1 from instance metadata (web)), that its \
         conditions fit (sent: an external id, tags cost, team, a source identity, a session policy; not sent: an MFA \
         code), and that the caller's own policies allow it too"
    );
    let bare = read(Role::builder(ARN), None, 403, &body);
    let remedy = bare.failure.remedy().unwrap();
    assert!(remedy.contains("allows sts:AssumeRole to the caller"), "{remedy}");
    assert!(
        remedy.contains("(sent: nothing; not sent: an external id, an MFA code, tags, a source identity, a session policy)"),
        "{remedy}"
    );
}

#[test]
fn each_remedy_speaks_of_its_case() {
    let denied = "User: x is not authorized to perform: ";
    for (code, message, remedy) in [
        (
            "AccessDenied",
            &*format!("{denied}sts:TagSession on"),
            "allow sts:TagSession beside sts:AssumeRole, in the trust policy of arn:",
        ),
        ("AccessDenied", &format!("{denied}sts:SetSourceIdentity on"), "allow sts:SetSourceIdentity beside"),
        (
            "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
            "wait for the next one; if it stays so, check that arn:aws:iam::123456789012:mfa/alice is",
        ),
        ("AccessDenied", "Roles may not be assumed by root accounts.", "root user of an account cannot"),
        ("ExpiredToken", "", "renew ASIA1 from instance metadata (web)"),
        ("InvalidClientTokenId", "", "check that ASIA1 from instance metadata (web) is active"),
        ("SignatureDoesNotMatch", "Signature expired: x is now earlier than y", "set the clock"),
        ("SignatureDoesNotMatch", "Signature not yet current: x is still later than y", "set the clock"),
        ("RequestExpired", "", "set the clock"),
        ("SignatureDoesNotMatch", "", "secret access key belongs to the access key id"),
        (
            "RegionDisabledException",
            "",
            "activate STS for this region in the IAM settings of the role's account, or use another",
        ),
        ("MalformedPolicyDocument", "", "correct the session policy"),
        (
            "PackedPolicyTooLarge",
            "Packed policy consumes 118% of allotted space",
            "tags, which take 118 % of the room: fewer actions",
        ),
        (
            "PackedPolicyTooLargeException",
            "Serialized token too large for session",
            "the tags: fewer actions",
        ),
        ("PackedPolicyTooLarge", "…% of", "resources and conditions; or name managed"),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            "maximum session duration of the role",
        ),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            "an hour at most",
        ),
        (
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
            "send a tag with each transitive key",
        ),
        (
            "InvalidParameterValue",
            "it conflicts with a transitive tag key from the calling session.",
            "leave out the tags",
        ),
        ("ValidationError", "1 validation error detected", "correct what STS names"),
        ("Throttling", "", "share one cache"),
        ("Brand new", "", "CommonErrors.html"),
    ] {
        let refusal = read(Role::builder(ARN), None, 400, &xml(code, message));
        let told = refusal.failure.remedy().unwrap();
        assert!(told.contains(remedy), "{code}: {message}\n{told}");
    }
    for (code, message, remedy) in [
        ("ExpiredTokenException", "", "check that the token of /run/token is still being exchanged"),
        ("AccessDenied", "", "conditions on `aud` and `sub` fit the token of /run/token"),
        (
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://x",
            "create the IAM OIDC identity provider for the token's issuer in account 123456789012",
        ),
        ("InvalidIdentityToken", "Couldn't retrieve verification key", "cannot reach the identity provider"),
        ("InvalidIdentityToken", "Incorrect token audience", "audience"),
        ("IDPRejectedClaim", "", "have it issue a new one"),
    ] {
        let refusal = read(Role::builder(ARN), Some("/run/token"), 400, &xml(code, message));
        let told = refusal.failure.remedy().unwrap();
        assert!(told.contains(remedy), "{code}: {message}\n{told}");
    }
}

#[test]
fn answers_of_others_are_told_from_those_of_sts() {
    use FailureKind::{Refused, Throttled, Unavailable};
    for (status, body, kind, remedy) in [
        (403, "<html><body>CANARY</body></html>", Refused, "something other than STS"),
        (403, "{\"Code\":\"ExpiredToken\",\"Message\":\"CANARY\"}", Refused, "something other than STS"),
        (404, "", Refused, "something other than STS"),
        (302, "", Refused, "something other than STS"),
        (407, "<html>CANARY", Refused, "the proxy's user and password"),
        (429, "CANARY", Throttled, "share one cache"),
        (502, "<html>CANARY", Unavailable, "asked again"),
        (403, "<Error><Code>ExpiredToken</Code></Error>", Refused, "something other than STS"),
        // Broken off: not believed.
        (403, "<ErrorResponse><Error><Code>ExpiredToken</Code>", Refused, "something other than STS"),
    ] {
        let refusal = read(Role::builder(ARN), None, status, body);
        assert_eq!((refusal.failure.kind(), refusal.is_source_rejected), (kind, false), "{body}");
        let text = refusal.failure.to_string();
        let what = format!("answered {status} with something else than the XML of STS; ");
        assert!(text.contains(&what) && text.contains(remedy) && !text.contains("CANARY"), "{text}");
    }
}

#[test]
fn what_sts_says_is_made_fit_to_be_shown() {
    let long = "x".repeat(5000);
    for (code, message) in [("Evil&#27;[31m", "a&#10;b"), (&long, &long), ("", "")] {
        let text = read(Role::builder(ARN), None, 400, &xml(code, message)).failure.to_string();
        assert!(!text.contains(char::is_control), "{text}");
        assert!(text.len() < 2000, "{}", text.len());
    }
    let unnamed = Asked {
        provider: "sts",
        action: Action::GetCallerIdentity,
        url: URL,
        role: None,
        target: None,
        caller: Caller::Credentials { access_key_id: "ASIA1", source: &source() },
        mfa_device: None,
    };
    let text = Refusal::read(&unnamed, 403, xml("AccessDenied", "no").as_bytes()).failure.to_string();
    assert!(
        text.contains("(GetCallerIdentity with ASIA1 from instance metadata (web)): answered 403"),
        "{text}"
    );
    assert!(
        text.ends_with("check what denies sts:GetCallerIdentity to ASIA1 from instance metadata (web)"),
        "{text}"
    );
}

#[test]
fn a_yes_that_cannot_be_used_is_malformed() {
    let role = Role::builder(ARN).build().unwrap();
    let asked = Asked {
        provider: "web identity",
        action: Action::AssumeRoleWithWebIdentity,
        url: URL,
        role: Some(&role),
        target: None,
        caller: Caller::Token { origin: "/run/token" },
        mfa_device: None,
    };
    let failure = asked.unusable(&Problem::Missing("SessionToken"));
    assert_eq!(failure.kind(), FailureKind::Malformed);
    assert_eq!(
        failure.to_string(),
        "web identity: POST https://sts.eu-central-1.amazonaws.com (AssumeRoleWithWebIdentity \
         arn:aws:iam::123456789012:role/reports with the token of /run/token): the answer has no `SessionToken`; \
         something other than STS seems to answer there: check the endpoint, and any proxy in between"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_answer_becomes_a_failure(status in any::<u16>(), bytes in any::<Vec<u8>>(), code in ".{0,20}", message in ".{0,60}") {
        let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
        for body in [bytes, xml(&escape(&code), &escape(&message)).into_bytes()] {
            for token in [None, Some("/run/token")] {
                let refusal = read(Role::builder(ARN), token, status, &String::from_utf8_lossy(&body));
                prop_assert!(!refusal.failure.to_string().contains(char::is_control));
                prop_assert!(!refusal.is_source_rejected || token.is_none());
            }
        }
    }
}
