use std::time::SystemTime;

use super::*;
use crate::source::SourceKind;

const V1: &str = r#"{"Credentials": {"AccessKeyId": "ASIA1", "SecretAccessKey": "CANARY-S", "SessionToken": "CANARY-T",
    "Expiration": "2026-11-23T18:00:00Z", "AccountId": "111111111111"}, "AssumedRoleUser": {"AssumedRoleId": "AROA:me",
    "Arn": "arn:aws:sts::111111111111:assumed-role/hub/me"}, "ResponseMetadata": {"HTTPStatusCode": 200, "x": [{}]}}"#;

fn role() -> RoleArn {
    RoleArn::new("arn:aws:iam::111111111111:role/team/hub").unwrap()
}

fn at(time: &str) -> WallTime {
    WallTime::parse_rfc3339(time).unwrap()
}

fn path() -> Source {
    Source::new(SourceKind::AssumeRole)
}

fn look(bytes: &[u8], now: &str, held: Option<&Held>) -> Result<Credentials, Miss> {
    usable(bytes, &role(), path(), at(now), held)
}

fn session(id: &str, expiry: &str) -> Credentials {
    Credentials::builder(id, "CANARY-\"\\é")
        .session_token("CANARY/+=")
        .expiry(SystemTime::from(at(expiry)))
        .account_id("111111111111")
        .build()
        .unwrap()
}

#[test]
fn reads_what_every_version_of_the_cli_writes() {
    let without_account = V1.replace(", \"AccountId\": \"111111111111\"", "");
    for text in [
        V1.to_owned(),
        V1.replace("18:00:00Z", "18:00:00+00:00"),
        V1.replace("18:00:00Z", "18:00:00UTC"),
        without_account,
    ] {
        let session = look(text.as_bytes(), "2026-11-23T17:00:00Z", None).unwrap();
        assert_eq!(session.access_key_id(), "ASIA1");
        assert_eq!(session.secret_access_key().expose_secret(), "CANARY-S");
        assert_eq!(session.session_token().unwrap().expose_secret(), "CANARY-T");
        assert_eq!(session.account_id(), Some("111111111111"));
        assert_eq!(end(&session), at("2026-11-23T18:00:00Z"));
    }
}

#[test]
fn what_is_no_entry_of_the_role_is_a_miss() {
    let texts = [
        (String::new(), Miss::NotAnEntry),
        (V1[..V1.len() - 1].to_owned(), Miss::NotAnEntry),
        (format!("{V1}}}"), Miss::NotAnEntry),
        ("null".to_owned(), Miss::NotAnEntry),
        ("[]".to_owned(), Miss::NotAnEntry),
        ("{}".to_owned(), Miss::NotAnEntry),
        (r#"{"Credentials": null}"#.to_owned(), Miss::NotAnEntry),
        (V1.replace("\"CANARY-S\"", "1"), Miss::NotAnEntry),
        (V1.replace("CANARY-T", ""), Miss::NotAnEntry),
        (V1.replace("CANARY-T", "a\\nb"), Miss::NotAnEntry),
        (V1.replace("2026-11-23T", "11/23/2026 "), Miss::NotAnEntry),
        (V1.replace("SecretAccessKey", "Secret"), Miss::NotAnEntry),
        // As the CLI keeps those of IAM Identity Center beside them.
        (r#"{"ProviderType": "sso", "Credentials": {"AccessKeyId": "A"}}"#.to_owned(), Miss::NotAnEntry),
        (V1.replace("\"AccountId\": \"1", "\"AccountId\": \"2"), Miss::OtherRole),
        (V1.replace("sts::1", "sts::2"), Miss::OtherRole),
        (V1.replace("/hub/", "/hubs/"), Miss::OtherRole),
        (V1.replace("assumed-role/", "federated-user/"), Miss::OtherRole),
    ];
    for (text, expected) in texts {
        let miss = look(text.as_bytes(), "2026-11-23T17:00:00Z", None).unwrap_err();
        assert_eq!(miss, expected, "{text}");
    }
    assert_eq!(look(&[0xff, 0xfe, 0], "2026-11-23T17:00:00Z", None).unwrap_err(), Miss::NotAnEntry);
    // No depth exhausts the stack.
    let deep = format!("{{\"x\": {}", "[".repeat(100_000));
    assert_eq!(look(deep.as_bytes(), "2026-11-23T17:00:00Z", None).unwrap_err(), Miss::NotAnEntry);
}

#[test]
fn a_quarter_of_an_hour_has_to_be_left() {
    for (now, is_used) in [
        ("2026-11-23T17:44:59Z", true),
        ("2026-11-23T17:45:00Z", true),
        ("2026-11-23T17:45:01Z", false),
        ("2026-11-23T18:00:00Z", false),
        ("2027-11-23T17:00:00Z", false),
    ] {
        let found = look(V1.as_bytes(), now, None);
        assert_eq!(found.err(), (!is_used).then_some(Miss::EndsSoon), "{now}");
    }
}

#[test]
fn who_asks_again_gets_another_session_that_lasts_longer() {
    for (id, expiry, is_used) in [
        ("ASIA1", "2026-11-23T18:00:00Z", false),
        ("ASIA1", "2026-11-23T17:00:00Z", false),
        ("ASIA0", "2026-11-23T17:59:59Z", true),
        ("ASIA0", "2026-11-23T18:00:00Z", false),
        ("ASIA0", "2026-11-23T19:00:00Z", false),
    ] {
        let held = Held::of(&session(id, expiry));
        let found = look(V1.as_bytes(), "2026-11-23T17:00:00Z", Some(&held));
        assert_eq!(found.err(), (!is_used).then_some(Miss::HandedOut), "{id} {expiry}");
    }
}

#[test]
fn what_is_written_is_read_again_and_is_plain_json() {
    let session = session("ASIA2", "2026-11-23T18:00:00Z");
    let text = format(&session).unwrap();
    let read = look(text.expose_secret().as_bytes(), "2026-11-23T17:00:00Z", None).unwrap();
    assert_eq!(read.access_key_id(), "ASIA2");
    assert_eq!(read.secret_access_key().expose_secret(), "CANARY-\"\\é");
    assert_eq!(read.session_token().unwrap().expose_secret(), "CANARY/+=");
    assert_eq!(read.expiry(), session.expiry());
    let json: serde_json::Value = serde_json::from_str(text.expose_secret()).unwrap();
    assert_eq!(json["Credentials"]["Expiration"], "2026-11-23T18:00:00Z");
    assert_eq!(json["Credentials"]["AccountId"], "111111111111");
    for keys in [Credentials::builder("A", "s"), Credentials::builder("A", "s").session_token("t")] {
        assert!(format(&keys.build().unwrap()).is_none(), "not a session");
    }
}

#[test]
fn only_a_session_that_lasts_as_long_and_is_another_stays() {
    let now = "2026-11-23T17:00:00Z";
    let replaces = |there: &str, new: (&str, &str), held: Option<&Held>| {
        replacement(Some(there.as_bytes()), &session(new.0, new.1), &role(), at(now), held).is_some()
    };
    assert!(replaces(V1, ("ASIA2", "2026-11-23T18:00:01Z"), None));
    assert!(!replaces(V1, ("ASIA2", "2026-11-23T18:00:00Z"), None));
    assert!(!replaces(V1, ("ASIA2", "2026-11-23T17:30:00Z"), None));
    assert!(replaces(&V1[..40], ("ASIA2", "2026-11-23T17:30:00Z"), None), "half an entry");
    let rejected = Held::of(&session("ASIA1", "2026-11-23T18:00:00Z"));
    assert!(replaces(V1, ("ASIA2", "2026-11-23T17:30:00Z"), Some(&rejected)));
    assert!(replacement(None, &session("ASIA2", now), &role(), at(now), None).is_some());
}
