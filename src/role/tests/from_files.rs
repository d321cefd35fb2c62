//! Roles as files write them.

use super::*;

fn read(json: &str) -> Result<Role, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn a_file_says_what_a_builder_says() {
    let read = read(
        r#"{ "tags": { "team": "reports", "Cost": "" }, "role_arn": "arn:aws:iam::123456789012:role/team/reports",
            "session_name": "nightly", "external_id": "0042", "duration_seconds": 900,
            "policy": { "Version": "2012-10-17", "Statement": [ { "Effect": "Allow", "Action": [ "s3:Get*" ] } ] },
            "policy_arns": [ "arn:aws:iam::aws:policy/ReadOnlyAccess" ], "transitive_tag_keys": [ "team" ],
            "source_identity": "alice" }"#,
    )
    .unwrap();
    let policy = r#"{"Statement":[{"Action":["s3:Get*"],"Effect":"Allow"}],"Version":"2012-10-17"}"#;
    let built = role()
        .session_name("nightly")
        .external_id("0042")
        .duration(Duration::from_secs(900))
        .policy(SessionPolicy::from_json(policy).unwrap())
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .transitive_tag("team", "reports")
        .tag("Cost", "")
        .source_identity("alice")
        .build()
        .unwrap();
    assert_eq!(read, built);
}

#[test]
fn all_but_the_arn_may_be_missing_or_null() {
    let bare = role().build().unwrap();
    assert_eq!(read(&format!(r#"{{ "role_arn": "{ARN}" }}"#)).unwrap(), bare);
    let nulls = [
        "\"session_name\": null, \"external_id\": null, \"duration_seconds\": null, \"policy\": null",
        "\"policy_arns\": null, \"tags\": null, \"transitive_tag_keys\": null, \"source_identity\": null",
    ];
    for nulls in nulls {
        assert_eq!(read(&format!(r#"{{ "role_arn": "{ARN}", {nulls} }}"#)).unwrap(), bare);
    }
}

#[test]
fn a_policy_may_be_a_text() {
    let text = read(&format!(r#"{{ "role_arn": "{ARN}", "policy": "{{ \"b\": 1, \"a\": 2 }}" }}"#)).unwrap();
    assert_eq!(text.policy().unwrap().as_str(), r#"{"b":1,"a":2}"#);
}

#[test]
fn what_is_wrong_is_named_and_not_quoted() {
    for (more, why) in [
        (
            r#""external_ID": "CANARY""#,
            "unknown field `external_ID`, expected one of `role_arn`, `session_name`",
        ),
        (r#""\u001b[31m": "CANARY""#, "unknown field ` [31m`"),
        (r#""external_id": 4711"#, "a number or a truth value where a text belongs; write it in quotes"),
        (r#""external_id": -4711"#, "write it in quotes"),
        (r#""external_id": 4711.5"#, "write it in quotes"),
        (r#""external_id": true"#, "write it in quotes"),
        (r#""external_id": ["CANARY"]"#, "expected a text"),
        (
            r#""external_id": "CANARY ""#,
            "role: arn:aws:iam::123456789012:role/team/reports: the external id has a character",
        ),
        (r#""external_id": "CANARY-1", "external_id": "CANARY-2""#, "`external_id` is there twice"),
        (r#""tags": { "a": "1", "a": "2" }"#, "the tags `a` and `a` have the same key"),
        (r#""tags": { "a": 4711 }"#, "write it in quotes"),
        (r#""tags": ["a"]"#, "expected an object of tags"),
        (r#""transitive_tag_keys": [4711]"#, "write it in quotes"),
        (r#""policy": ["CANARY"]"#, "neither an object nor a text"),
        (r#""policy": "CANARY""#, "the session policy is no JSON"),
        (r#""policy": { "CANARY": "€" }"#, "beyond U+00FF"),
        (r#""duration_seconds": 60"#, "the duration, 60 s, is less than 900 s"),
        (r#""duration_seconds": -1"#, "expected u64"),
    ] {
        let error = read(&format!(r#"{{ "role_arn": "{ARN}", {more} }}"#)).unwrap_err();
        assert!(error.contains(why), "{more}\n{error}");
        assert!(!error.contains("CANARY") && !error.contains("4711"), "{error}");
    }
    assert!(read("{}").unwrap_err().contains("missing field `role_arn`"));
    assert!(read(r#"{ "role_arn": null }"#).unwrap_err().contains("missing field `role_arn`"));
    assert!(read(r#"{ "role_arn": "CANARY" }"#).unwrap_err().starts_with("role: the role's ARN is no ARN"));
    assert!(read("[]").unwrap_err().contains("expected a role: an object with `role_arn`"));
}
