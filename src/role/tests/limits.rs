//! The limits, each at its edge and one step beyond.

use super::*;

type Step = fn(RoleBuilder, &str) -> RoleBuilder;

#[test]
fn texts_have_lengths_and_characters() {
    const NAME: &str = "letters of ASCII, digits and `_+=,.@-`";
    let context: Step = |role, text| role.provided_context("arn:aws:iam::aws:x/y", text);
    let cases: [(&str, Step, usize, usize, &str, &str); 7] = [
        ("the session name", |role, text| role.session_name(text), 2, 64, "a9_+=,.@-", NAME),
        ("the source identity", |role, text| role.source_identity(text), 2, 64, "a9_+=,.@-", NAME),
        (
            "the external id",
            |role, text| role.external_id(text),
            2,
            1224,
            "a9_+=,.@:/-",
            "ASCII, digits and `_+=,.@:/-`",
        ),
        (
            "the key of a tag",
            |role, text| role.tag(text, "v"),
            1,
            128,
            "aä9 \u{3000}²_.:/=+-@",
            "blanks and `_.:/=+-@`",
        ),
        (
            "the value of the tag `k`",
            |role, text| role.tag("k", text),
            0,
            256,
            "aä9 \u{3000}²_.:/=+-@",
            "blanks and `_.:/=+-@`",
        ),
        (
            "a transitive tag key",
            |role, text| role.transitive_tag_key(text),
            1,
            128,
            "aä9 _.:/=+-@",
            "blanks and",
        ),
        (
            "the assertion of a context provider",
            context,
            4,
            2048,
            "a\"\u{1}€",
            "characters, as the provider gave",
        ),
    ];
    for (name, step, min, max, alphabet, remedy) in cases {
        let text = |length: usize| alphabet.chars().cycle().take(length).collect::<String>();
        for good in [min, max, alphabet.chars().count().max(min)] {
            let built = step(role(), &text(good)).build();
            assert!(built.is_ok(), "{name}, {good}: {built:?}");
        }
        let error = refused(step(role(), &text(max + 1)).build());
        assert!(error.contains(&format!("{ARN}: {name} has {} characters", max + 1)), "{error}");
        assert!(error.contains(&format!("; write {min} to {max} ")) && error.contains(remedy), "{error}");
        if min > 0 {
            let error = refused(step(role(), "").build());
            assert!(error.contains(&format!("{name} is empty")), "{error}");
        }
        if min > 1 {
            let error = refused(step(role(), &text(min - 1)).build());
            let s = if min == 2 { "" } else { "s" };
            assert!(error.contains(&format!("{name} has {} character{s};", min - 1)), "{error}");
        }
    }
}

#[test]
fn characters_that_have_no_place_are_found_and_not_shown() {
    let cases: [(Step, &[&str]); 4] = [
        (|role, text| role.session_name(text), &[" ", "ä", "/", ":", "\n", "٣"]),
        (|role, text| role.source_identity(text), &[" ", "ä", "/", ":"]),
        (|role, text| role.external_id(text), &[" ", "ä", "\\", "\r\n"]),
        (|role, text| role.tag("key", text), &["\n", "\t", "\u{85}", "!", "{", "\u{301}\u{200b}", "€"]),
    ];
    for (step, wrong) in cases {
        for wrong in wrong {
            let error = refused(step(role(), &format!("CANARY{wrong}")).build());
            assert!(error.contains("has a character that is not allowed, at position"), "{wrong:?}: {error}");
        }
    }
    let error = refused(role().external_id("CANARY\\").build());
    assert!(
        error.contains("the external id has a character that is not allowed, at position 7; write"),
        "{error}"
    );
}

#[test]
fn durations_are_whole_seconds_of_a_quarter_to_twelve_hours() {
    let built = |duration| role().duration(duration).build();
    for good in [900, 3600, 43_200] {
        assert!(built(Duration::from_secs(good)).is_ok());
    }
    for (duration, why) in [
        (Duration::ZERO, "the duration, 0 s, is less than 900 s"),
        (Duration::from_secs(899), "the duration, 899 s, is less than 900 s"),
        (Duration::from_secs(43_201), "the duration, 43201 s, is more than 43,200 s"),
        (Duration::from_millis(900_500), "the duration, 900.5 s, is no whole number of seconds"),
        (Duration::MAX, "is no whole number of seconds"),
    ] {
        let error = refused(built(duration));
        assert!(error.contains(why), "{error}");
        assert!(error.ends_with("; write 900 to 43200 seconds (15 minutes to 12 hours)"), "{error}");
    }
}

#[test]
fn there_are_not_too_many_of_anything() {
    type Numbered = fn(RoleBuilder, usize) -> RoleBuilder;
    let cases: [(usize, &str, Numbered); 4] = [
        (10, "policy ARNs", |role, n| role.policy_arn(format!("arn:aws:iam::aws:policy/{n}"))),
        (50, "tags", |role, n| role.tag(n.to_string(), "v")),
        (50, "transitive tag keys", |role, n| role.transitive_tag_key(n.to_string())),
        (5, "provided contexts", |role, n| {
            role.provided_context(format!("arn:aws:iam::aws:contextProvider/{n}"), "text")
        }),
    ];
    for (max, name, step) in cases {
        let with = |count: usize| (0..count).fold(role(), step).build();
        assert!(with(max).is_ok(), "{name}");
        let error = refused(with(max + 1));
        assert!(
            error.contains(&format!("there are {} {name}, more than {max}; leave some out", max + 1)),
            "{error}"
        );
    }
}

#[test]
fn tags_have_keys_of_their_own() {
    for (first, second) in [("team", "team"), ("Team", "tEAM"), ("STRASSE Ä", "strasse ä")] {
        let error = refused(role().tag(first, "a").tag("x", "b").tag(second, "c").build());
        assert!(error.contains("have the same key; leave one out"), "{error}");
        assert!(error.contains(&format!("`{first}`")) && error.contains(&format!("`{second}`")), "{error}");
    }
    for (key, value) in [("aws:team", "v"), ("team", "aws:v")] {
        let error = refused(role().tag(key, value).build());
        assert!(error.contains("begins with `aws:`"), "{error}");
    }
    assert!(role().tag("team", "a").tag("teams", "a").tag("AWS:team", "x").build().is_ok());
}

#[test]
fn policies_are_managed_ones_of_the_roles_account_or_of_aws() {
    for good in [
        "arn:aws:iam::aws:policy/A",
        "arn:aws:iam::aws:policy/service-role/B",
        "arn:aws:iam::123456789012:policy/x",
    ] {
        assert!(role().policy_arn(good).build().is_ok(), "{good}");
    }
    for (arn, why) in [
        ("", "the policy ARN is empty"),
        ("CANARY", "the policy ARN has 6 characters; write 20 to 2048"),
        ("CANARY-CANARY-CANARY-CANARY", "the policy ARN is not one of a managed policy"),
        ("arn:aws:iam::aws:policy/A B", "has a character that is not allowed, at position 26"),
        ("arn:aws:iam::aws:policy/", "is not one of a managed policy"),
        ("arn:aws:iam::aws:role/admin", "is not one of a managed policy"),
        ("arn:aws-cn:iam::aws:policy/A", "is not one of a managed policy in the role's partition"),
        ("arn:aws:iam::210987654321:policy/A", "lies in another account than the role"),
    ] {
        let error = refused(role().policy_arn(arn).build());
        assert!(error.contains(why), "{error}");
    }
    let error = refused(role().policy_arn("arn:aws:s3:::a-bucket-of-mine").build());
    assert!(error.ends_with("; write it like arn:aws:iam::123456789012:policy/path/name"), "{error}");
}

#[test]
fn context_providers_are_named_by_their_arns() {
    for (arn, why) in [
        ("", "the ARN of a context provider is empty"),
        ("CANARY-CANARY-CANARY", "does not begin with `arn:`; name the provider by its ARN"),
        ("arn:aws:iam::aws:x y/z", "has a character that is not allowed"),
    ] {
        let error = refused(role().provided_context(arn, "text").build());
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn policies_lose_their_blanks_and_nothing_else() {
    for (json, minified) in [
        ("{}", "{}"),
        (" {\r\n\t} ", "{}"),
        (r#"{ "b" : [ 1 , 2.50, -1e3 ] , "a" : null }"#, r#"{"b":[1,2.50,-1e3],"a":null}"#),
        (r#"{ "a b" : " c \" d \\" , "e" : "\\\" f" }"#, r#"{"a b":" c \" d \\","e":"\\\" f"}"#),
        (r#"{ "a": 1, "A": { "a": true } }"#, r#"{"a":1,"A":{"a":true}}"#),
        ("{ \"\u{a0}ÿ\" : \"\\u20ac\" }", "{\"\u{a0}ÿ\":\"\\u20ac\"}"),
    ] {
        let policy = SessionPolicy::from_json(json).unwrap();
        assert_eq!(policy.as_str(), minified);
        assert_eq!(policy.to_string(), minified);
    }
}

#[test]
fn policies_are_objects_that_fit() {
    for (json, why) in [
        ("", "no JSON (line 1, column 0)"),
        ("{\n\"CANARY\": CANARY}", "no JSON (line 2, column 11)"),
        ("{} CANARY", "no JSON (line 1, column 4)"),
        ("{\"CANARY\": \"\n\"}", "no JSON"),
        ("[\"CANARY\"]", "is JSON, but no object"),
        ("\"CANARY\"", "is JSON, but no object"),
        ("7", "is JSON, but no object"),
        (r#"{"Statement":[],"Statement":["CANARY"]}"#, "has a name twice in one object"),
        (
            r#"{"Statement":[{"Condition":{"Bool":{"CANARY":1,"\u0043ANARY":2}}}]}"#,
            "has a name twice in one object",
        ),
        (
            "{ \"CANARY\": \"€\" }",
            "beyond U+00FF, at position 12 without blanks; write that character as \\u",
        ),
    ] {
        let error = refused(SessionPolicy::from_json(json));
        assert!(error.contains(why), "{json}\n{error}");
    }
    let sized = |size: usize| format!("{{ \"ä\" : \"{}\" }}", "ü".repeat(size - r#"{"a":""}"#.len()));
    assert_eq!(SessionPolicy::from_json(sized(2048)).unwrap().as_str().chars().count(), 2048);
    let error = refused(SessionPolicy::from_json(sized(2049)));
    assert!(error.contains("has 2049 characters without blanks, more than 2048; shorten it"), "{error}");
    // Deep nesting is no way to exhaust the stack.
    let deep = "{\"a\":".repeat(100_000);
    assert!(SessionPolicy::from_json(deep).is_err());
}
