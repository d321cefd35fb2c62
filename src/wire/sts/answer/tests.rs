//! Answers as STS writes them, and what others make of them.

use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};
use secrecy::ExposeSecret;

use super::*;
use crate::source::SourceKind;

const ASSUME_ROLE: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>AROAEXAMPLE:nightly</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/reports/nightly</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
      <SecretAccessKey>CANARY-secret/+=</SecretAccessKey>
      <SessionToken>CANARY-token==</SessionToken>
      <Expiration>2026-11-23T20:00:00Z</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
    <SourceIdentity>alice</SourceIdentity>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>"#;

const WEB_IDENTITY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<sts:AssumeRoleWithWebIdentityResponse xmlns:sts="https://sts.amazonaws.com/doc/2011-06-15/">
<sts:AssumeRoleWithWebIdentityResult>
<sts:SubjectFromWebIdentityToken>system:serviceaccount:a&amp;b:default</sts:SubjectFromWebIdentityToken>
<sts:Audience>sts.amazonaws.com</sts:Audience>
<sts:AssumedRoleUser><sts:Arn>arn:aws:sts::123456789012:assumed-role/pod/x</sts:Arn>
<sts:AssumedRoleId>AROA:x</sts:AssumedRoleId></sts:AssumedRoleUser>
<sts:Credentials><sts:SessionToken><![CDATA[CANARY-token]]></sts:SessionToken>
<sts:SecretAccessKey>CANARY&#45;secret</sts:SecretAccessKey>
<sts:Expiration>2026-11-23T20:00:00.123Z</sts:Expiration>
<sts:AccessKeyId>ASIAEXAMPLE</sts:AccessKeyId></sts:Credentials>
<sts:Provider>arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/E</sts:Provider>
</sts:AssumeRoleWithWebIdentityResult></sts:AssumeRoleWithWebIdentityResponse>"#;

/// The same names elsewhere, and a new one beside them.
const NEWER: &str =
    "<New><Credentials><AccessKeyId>no</AccessKeyId></Credentials></New><Credentials><More a='b'/>";

fn session(document: &str) -> Result<Session, String> {
    Session::parse(Action::AssumeRole, document.as_bytes()).map_err(|problem| problem.to_string())
}

#[test]
fn a_session_of_a_role_is_read_whole() {
    let session = session(ASSUME_ROLE).unwrap();
    assert_eq!(
        session.facts,
        Facts {
            arn: Some("arn:aws:sts::123456789012:assumed-role/reports/nightly".to_owned()),
            assumed_role_id: Some("AROAEXAMPLE:nightly".to_owned()),
            packed_policy_size: Some(6),
            source_identity: Some("alice".to_owned()),
            ..Facts::default()
        }
    );
    assert!(!format!("{session:?}").contains("CANARY"));
    let credentials =
        session.into_credentials(Source::new(SourceKind::Custom).with_detail("reports")).ok().unwrap();
    assert_eq!(credentials.access_key_id(), "ASIAEXAMPLE");
    assert_eq!(credentials.secret_access_key().expose_secret(), "CANARY-secret/+=");
    assert_eq!(credentials.session_token().unwrap().expose_secret(), "CANARY-token==");
    assert_eq!(WallTime::from(credentials.expiry().unwrap()).to_string(), "2026-11-23T20:00:00Z");
    assert_eq!(credentials.account_id(), Some("123456789012"));
    assert_eq!(credentials.source().to_string(), "custom provider (reports)");
}

#[test]
fn prefixes_entities_and_order_make_no_difference() {
    let session = Session::parse(Action::AssumeRoleWithWebIdentity, WEB_IDENTITY.as_bytes()).ok().unwrap();
    assert_eq!(session.facts.subject.as_deref(), Some("system:serviceaccount:a&b:default"));
    assert_eq!(session.facts.audience.as_deref(), Some("sts.amazonaws.com"));
    assert!(session.facts.provider.as_deref().unwrap().ends_with("/id/E"));
    assert_eq!(session.account_id(), Some("123456789012"));
    let credentials = session.into_credentials(Source::new(SourceKind::Custom)).ok().unwrap();
    assert_eq!(credentials.secret_access_key().expose_secret(), "CANARY-secret");
    assert_eq!(credentials.session_token().unwrap().expose_secret(), "CANARY-token");
}

#[test]
fn what_is_unknown_or_left_out_does_no_harm() {
    for (document, account) in [
        (ASSUME_ROLE.replace("<Credentials>", NEWER), Some("123456789012")),
        (
            ASSUME_ROLE
                .replace("<Arn>arn:aws:sts::123456789012:assumed-role/reports/nightly</Arn>", "<Arn/>"),
            None,
        ),
        (ASSUME_ROLE.replace("::123456789012:", "::me:"), None),
        (ASSUME_ROLE.replace("arn:aws:sts::123456789012:assumed-role", "somebody"), None),
        (ASSUME_ROLE.replace("<PackedPolicySize>6", "<PackedPolicySize>much"), Some("123456789012")),
    ] {
        let session = session(&document).unwrap();
        assert_eq!(session.account_id(), account);
        let credentials = session.into_credentials(Source::new(SourceKind::Custom)).ok().unwrap();
        assert_eq!((credentials.access_key_id(), credentials.account_id()), ("ASIAEXAMPLE", account));
    }
}

#[test]
fn what_is_wrong_is_named_and_not_quoted() {
    let without = |name: &str| ASSUME_ROLE.replace(&format!("{name}>"), "Other>");
    for (document, why) in [
        (without("AccessKeyId"), "the answer has no `AccessKeyId`"),
        (without("SecretAccessKey"), "the answer has no `SecretAccessKey`"),
        (without("SessionToken"), "the answer has no `SessionToken`"),
        (without("Expiration"), "the answer has no `Expiration`"),
        (without("Credentials"), "the answer has no `AccessKeyId`"),
        (without("AssumeRoleResult"), "the answer has no `AccessKeyId`"),
        (ASSUME_ROLE.replace("AssumeRole", "AssumeRoot"), "the answer has no `AccessKeyId`"),
        (ASSUME_ROLE.replace("CANARY-token==", " \n "), "the answer has no `SessionToken`"),
        (ASSUME_ROLE.replace("CANARY-token==", "<b/>CANARY"), "the answer has no `SessionToken`"),
        (ASSUME_ROLE.replace("2026-11-23T20:00:00Z", "CANARY"), "`Expiration` is no RFC 3339 time"),
        (
            ASSUME_ROLE.replace("</Credentials>", "<SecretAccessKey>CANARY</SecretAccessKey></Credentials>"),
            "the answer has `SecretAccessKey` twice",
        ),
        (
            ASSUME_ROLE.replace(
                "</Credentials>",
                "</Credentials><Credentials><AccessKeyId>AKIA</AccessKeyId></Credentials>",
            ),
            "the answer has `AccessKeyId` twice",
        ),
        (ASSUME_ROLE.replace("</AssumeRoleResponse>", ""), "the answer is not the expected XML"),
        (
            r#"{"AssumeRoleResponse":{"AssumeRoleResult":{"Credentials":"CANARY"}}}"#.to_owned(),
            "not the expected XML",
        ),
        (String::new(), "not the expected XML"),
    ] {
        let error = session(&document).unwrap_err();
        assert!(error.contains(why) && !error.contains("CANARY"), "{document}\n{error}");
    }
    let broken = ASSUME_ROLE.replace("CANARY-token==", "CANARY&#10;X: y");
    let refused = session(&broken).unwrap().into_credentials(Source::new(SourceKind::Custom)).unwrap_err();
    assert!(refused.to_string().contains("session token holds"), "{refused}");
}

#[test]
fn a_caller_is_told_who_he_is() {
    let document = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/alice</Arn>\
        <UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
    assert_eq!(
        CallerIdentity::parse(document.as_bytes()).ok().unwrap(),
        CallerIdentity {
            account: "123456789012".to_owned(),
            arn: "arn:aws:iam::123456789012:user/alice".to_owned(),
            user_id: "AIDA".to_owned(),
        }
    );
    for (document, why) in [
        (document.replace("Arn>", "X>"), "no `Arn`"),
        (document.replace("UserId>", "X>"), "no `UserId`"),
        (document.replace(">123456789012<", "><"), "no `Account`"),
        (document.replace("<UserId>", "<Account>1</Account><UserId>"), "`Account` twice"),
        (document.replace("</GetCallerIdentityResponse>", ""), "not the expected XML"),
    ] {
        let problem = CallerIdentity::parse(document.as_bytes()).unwrap_err().to_string();
        assert!(problem.contains(why), "{problem}");
    }
}

fn escaped(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '"' => format!("&#x{:x};", u32::from(c)),
            c => c.to_string(),
        })
        .collect();
    if text.contains('>') { escaped.replace('>', "&#62;") } else { format!("<![CDATA[{text}]]>") }
}

/// Pieces of documents, put together at random: mostly no document, sometimes one that means something.
fn pieces() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "<AssumeRoleResponse>",
        "</AssumeRoleResponse>",
        "<AssumeRoleResult>",
        "</AssumeRoleResult>",
        "<Credentials>",
        "</Credentials>",
        "<AccessKeyId>",
        "</AccessKeyId>",
        "<SecretAccessKey>",
        "</SecretAccessKey>",
        "<Expiration/>",
        "<ErrorResponse>",
        "</ErrorResponse>",
        "<Error>",
        "</Error>",
        "<Code>",
        "</Code>",
        "&amp;",
        "&#x41;",
        "&#",
        "&x;",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml",
        "?>",
        "<!DOCTYPE x [",
        "]>",
        "<",
        ">",
        "text",
        "'",
        "\"",
        "\u{feff}",
    ]);
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), text in pieces()) {
        for document in [&bytes[..], text.as_bytes()] {
            let _ = CallerIdentity::parse(document);
            for action in [Action::AssumeRole, Action::AssumeRoleWithWebIdentity] {
                prop_assert!(Session::parse(action, document).is_err());
            }
        }
    }

    #[test]
    fn texts_survive_the_way_through_xml(
        key in "[!-~]{1,40}", secret in "[!-~][ -~]{0,40}[!-~]", token in "[!-~]{1,400}", cut in 0_usize..10_000
    ) {
        let document = ASSUME_ROLE
            .replace("ASIAEXAMPLE", &escaped(&key))
            .replace("CANARY-secret/+=", &escaped(&secret))
            .replace("CANARY-token==", &escaped(&token));
        let credentials = session(&document).unwrap().into_credentials(Source::new(SourceKind::Custom)).ok().unwrap();
        prop_assert_eq!(credentials.access_key_id(), key);
        prop_assert_eq!(credentials.secret_access_key().expose_secret(), &secret);
        prop_assert_eq!(credentials.session_token().unwrap().expose_secret(), &token);
        // Broken off anywhere, it is no answer.
        if cut < document.len() {
            prop_assert!(Session::parse(Action::AssumeRole, &document.as_bytes()[..cut]).is_err());
        }
    }
}
