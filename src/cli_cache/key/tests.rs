//! The names are those that botocore 1.44.5 computed for the same parameters.

use std::time::Duration;

use super::*;
use crate::role::RoleBuilder;

fn named(role: impl FnOnce(RoleBuilder) -> RoleBuilder, mfa_serial: Option<&str>) -> Option<String> {
    let role = role(Role::builder("arn:aws:iam::111111111111:role/hub")).build().unwrap();
    file_name(&role, mfa_serial).map(|name| name.strip_suffix(".json").unwrap().to_owned())
}

fn policy(json: &str) -> SessionPolicy {
    SessionPolicy::from_json(json).unwrap()
}

#[test]
fn names_are_those_of_botocore() {
    let bare = named(|role| role, None).unwrap();
    assert_eq!(bare, "757988f0ae473516fdaf0b1a28f3bfd47313a38d");
    let name = named(|role| role.session_name("nightly"), None).unwrap();
    assert_eq!(name, "b3bbcd0a1aab3f62dfc5b304dbeab15f39962800");
    let external_id = named(|role| role.external_id("x-42"), None).unwrap();
    assert_eq!(external_id, "e1ecd1014a413731e144d6cc226f475918852f71");
    let all = named(
        |role| role.session_name("nightly").external_id("x-42").duration(Duration::from_secs(1800)),
        Some("arn:aws:iam::123456789012:mfa/me"),
    );
    assert_eq!(all.unwrap(), "73a427e6d445e5cdeea789fd075dd5ca2cb7e786");
}

#[test]
fn a_policy_counts_by_what_it_says() {
    let json = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a\u0062\"\\/\u007f é\n\ud83d\ude00",
        "Effect":"Allow","Action":["s3:GetObject"],"Resource":"*",
        "Condition":{"NumericLessThan":{"b":10,"a":-3},"Bool":{"x":true,"y":null}}}]}"#;
    let expected = "26d770acbd843b81ab6c5263e2e34a80d155f5ab";
    assert_eq!(named(|role| role.policy(policy(json)), None).unwrap(), expected);
    let in_another_order = json.replace(r#""b":10,"a":-3"#, r#""a":-3,"b":10"#);
    assert_eq!(named(|role| role.policy(policy(&in_another_order)), None).unwrap(), expected);
    assert_ne!(named(|role| role.policy(policy(&json.replace("10,", "11,"))), None).unwrap(), expected);
    // Python writes 1e+16 here, and what is no whole text it reads.
    for json in [r#"{"a":1e16}"#, r#"{"a":18446744073709551616}"#, r#"{"a":"\ud83d"}"#] {
        assert_eq!(named(|role| role.policy(policy(json)), None), None, "{json}");
    }
}

#[test]
fn what_the_cli_does_not_send_makes_another_name() {
    let rest = named(
        |role| {
            role.policy_arn("arn:aws:iam::aws:policy/A")
                .policy_arn("arn:aws:iam::aws:policy/B")
                .tag("team", "café")
                .tag("cost", "42")
                .transitive_tag_key("team")
                .transitive_tag_key("cost")
                .source_identity("alice")
        },
        None,
    );
    assert_eq!(rest.unwrap(), "07781aaa120756bb9d4667e8eaec4f4ee0640e89");
    let names = [
        named(|role| role, None),
        named(|role| role.tag("team", "a"), None),
        named(|role| role.tag("team", "a").transitive_tag_key("team"), None),
        named(|role| role.source_identity("alice"), None),
        named(|role| role.policy_arn("arn:aws:iam::aws:policy/A"), None),
        named(|role| role.external_id("alice"), None),
        named(|role| role.session_name("alice"), None),
        named(|role| role, Some("GAHT12345678")),
        named(|role| role.duration(Duration::from_secs(3600)), None),
    ];
    let different: std::collections::HashSet<_> = names.iter().flatten().collect();
    assert_eq!(different.len(), names.len());
    let asserted = named(
        |role| role.provided_context("arn:aws:iam::aws:contextProvider/IdentityCenter", "an-assertion"),
        None,
    );
    assert_eq!(asserted, None);
}
