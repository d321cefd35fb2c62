//! What a name can do in its place: everything is tried that could mean something to JSON, to policies or to ARNs.

use proptest::prelude::*;

use super::*;
use crate::testing::iam::{Access, Layer, Policy, decide};

/// A template with one statement of this resource, and of this condition.
fn template(resource: &str, condition: &str) -> Result<PolicyTemplate, String> {
    let json = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"{resource}"{condition}}}]}}"#
    );
    PolicyTemplate::from_json(json).map_err(|error| error.to_string())
}

fn is_allowed(policy: &SessionPolicy, access: &Access) -> bool {
    let policies = vec![Policy::parse(policy.as_str()).unwrap()];
    decide(access, &[Layer { name: "session policy", policies }]).is_ok()
}

/// A template, and what belongs to a tenant by it.
struct Layout {
    template: PolicyTemplate,
    object: fn(&str) -> Access,
}

fn object(arn: String) -> Access {
    Access::new("s3:GetObject", arn).with("aws:PrincipalTag/team", ["red/blue"])
}

fn list(prefix: String) -> Access {
    Access::new("s3:ListBucket", "arn:aws:s3:::data").with("s3:prefix", [prefix])
}

fn layouts() -> Vec<Layout> {
    let of = |resource: &str, object: fn(&str) -> Access| Layout {
        template: template(resource, "").unwrap(),
        object,
    };
    let listed = |operator: &str, value: &str, object| {
        let condition = format!(r#","Condition":{{"{operator}":{{"s3:prefix":"{value}"}}}}"#);
        Layout { template: template("arn:aws:s3:::data", &condition).unwrap(), object }
    };
    vec![
        of("arn:aws:s3:::data/{{tenant}}/*", |name| object(format!("arn:aws:s3:::data/{name}/x"))),
        of("arn:aws:s3:::data/{{tenant}}", |name| object(format!("arn:aws:s3:::data/{name}"))),
        of("arn:aws:s3:::data/{{tenant}}.csv", |name| object(format!("arn:aws:s3:::data/{name}.csv"))),
        of("arn:aws:s3:::data/{{tenant}}-*", |name| object(format!("arn:aws:s3:::data/{name}-x"))),
        of("arn:aws:s3:::data/{{tenant}}##?", |name| object(format!("arn:aws:s3:::data/{name}##x"))),
        of("arn:aws:s3:::data/a{{tenant}}b/*", |name| object(format!("arn:aws:s3:::data/a{name}b/x"))),
        of("arn:aws:s3:::{{tenant}}-bucket/*", |name| object(format!("arn:aws:s3:::{name}-bucket/x"))),
        of("arn:aws:s3:::data/${*}/{{tenant}}/${$}", |name| object(format!("arn:aws:s3:::data/*/{name}/$"))),
        of("arn:aws:s3:::data/${aws:PrincipalTag/team}/{{tenant}}/*", |name| {
            object(format!("arn:aws:s3:::data/red/blue/{name}/x"))
        }),
        of("arn:aws:s3:::data/{{tenant}}/${aws:PrincipalTag/team}", |name| {
            object(format!("arn:aws:s3:::data/{name}/red/blue"))
        }),
        listed("StringLike", "{{tenant}}/*", |name| list(format!("{name}/x"))),
        listed("StringLike", "TENANT#{{tenant}}#*", |name| list(format!("TENANT#{name}#x"))),
        listed("StringEquals", "{{tenant}}", |name| list(name.to_owned())),
        listed("ForAllValues:StringLikeIfExists", "x/{{tenant}}", |name| list(format!("x/{name}"))),
    ]
}

/// For each layout: a name that it takes opens its own object, and no other tenant's.
fn keep_apart(layout: &Layout, names: &[&str]) {
    let policies: Vec<_> = names
        .iter()
        .filter_map(|name| Some((*name, layout.template.fill([("tenant", name)]).ok()?)))
        .collect();
    for (name, policy) in &policies {
        assert!(is_allowed(policy, &(layout.object)(name)), "{name:?} is locked out by {policy}");
        for (other, _) in policies.iter().filter(|(other, _)| other != name) {
            assert!(!is_allowed(policy, &(layout.object)(other)), "{name:?} reaches {other:?} by {policy}");
        }
        // It is the same policy but for its texts.
        assert_eq!(
            shape(policy.as_str()),
            shape(layout.template.fill([("tenant", "acme")]).unwrap().as_str())
        );
    }
}

fn shape(json: &str) -> String {
    fn blank(json: &mut serde_json::Value) {
        match json {
            serde_json::Value::String(text) => text.clear(),
            serde_json::Value::Array(items) => items.iter_mut().for_each(blank),
            serde_json::Value::Object(members) => members.values_mut().for_each(blank),
            _ => {}
        }
    }
    let mut json = serde_json::from_str(json).unwrap();
    blank(&mut json);
    json.to_string()
}

const TENANTS: &[&str] = &[
    "acme",
    "ACME",
    "globex",
    "a",
    "ab",
    "b",
    "a-b",
    "a b",
    " a",
    "a.b",
    "acme.",
    "ü",
    "€uro",
    "日本",
    // To policies.
    "*",
    "?",
    "a*",
    "*a",
    "a?",
    "**",
    "????",
    "$",
    "${*}",
    "$*",
    "*$",
    "${aws:username}",
    "${aws:PrincipalTag/team}",
    "{aws:PrincipalTag/team}",
    "{*}",
    "${",
    "}",
    "}}",
    "{{tenant}}",
    "{{",
    "$$",
    // To paths and ARNs.
    "",
    "/",
    "..",
    ".",
    "...",
    "../globex",
    "acme/../globex",
    "globex/x",
    "a/*",
    "/globex",
    "globex/",
    "\\..\\globex",
    "a:b",
    "arn:aws:s3:::data/globex",
    "%2e%2e",
    "%2F",
    "a%2Fb",
    "#",
    "a#b",
    "##",
    "a##b",
    "-",
    "a-",
    "-a",
    ".csv",
    "a.csv",
    // To JSON.
    "\"",
    "\\",
    "\\\"",
    "\",\"*",
    "\\u002a",
    "\\u002f",
    "*\"]},{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}",
    "a\nb",
    "a\u{0}b",
    "\u{7f}",
    "a\u{85}b",
    "\u{2028}",
    "\u{feff}",
    "a\u{202e}b",
];

#[test]
fn no_tenant_reaches_another_ones() {
    for layout in layouts() {
        keep_apart(&layout, TENANTS);
        let filled = TENANTS.iter().filter(|name| layout.template.fill([("tenant", name)]).is_ok()).count();
        assert!(filled > 25, "{filled}");
    }
}

proptest! {
    #[test]
    fn no_two_names_mean_the_same(
        names in prop::collection::vec("([a-bA*?$#.-]|\\$\\{|[}/:\"\\\\ü€ ]){0,6}", 2..12)
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for layout in layouts() {
            keep_apart(&layout, &names);
        }
    }

    #[test]
    fn no_two_pairs_of_names_mean_the_same(pairs in prop::collection::vec(("[ab*/-]{1,4}", "[ab*/-]{1,4}"), 2..12)) {
        for (resource, object) in [
            ("{{a}}/{{b}}/*", (|a, b| format!("{a}/{b}/x")) as fn(&str, &str) -> String),
            ("{{a}}-{{b}}", |a, b| format!("{a}-{b}")),
            ("{{b}}-x/{{a}}-*", |a, b| format!("{b}-x/{a}-y")),
            ("{{a}}/{{b:path}}", |a, b| format!("{a}/{b}")),
        ] {
            let template = template(&format!("arn:aws:s3:::{resource}"), "").unwrap();
            let filled = |(a, b): &(String, String)| template.fill([("a", a), ("b", b)]).ok();
            for pair in &pairs {
                let Some(policy) = filled(pair) else { continue };
                for other in pairs.iter().filter(|other| filled(other).is_some()) {
                    let access = Access::new("s3:GetObject", format!("arn:aws:s3:::{}", object(&other.0, &other.1)));
                    prop_assert_eq!(is_allowed(&policy, &access), other == pair, "{:?} {:?} {}", pair, other, policy);
                }
            }
        }
    }

    #[test]
    fn no_text_panics(text in ".*", name in ".*") {
        let _ = PolicyTemplate::from_json(&text);
        let _ = Text::parse(&text).map(|text| text.check().is_ok());
        if let Ok(template) = template(&text.replace(['"', '\\'], ""), "") {
            let _ = template.fill([("a", &name)]);
        }
    }
}

#[test]
fn what_is_no_name_is_refused_and_not_quoted() {
    let plain = template("arn:aws:s3:::data/{{t}}/*", "").unwrap();
    let hyphen = template("arn:aws:s3:::data/{{t}}-*", "").unwrap();
    let exact = template("arn:aws:s3:::data/{{t}}", "").unwrap();
    let path = template("arn:aws:s3:::data/{{t:path}}/*", "").unwrap();
    let account = template("arn:aws:dynamodb:{{t}}:111111111111:table/x", "").unwrap();
    for (template, name, says) in [
        (&plain, "", "is empty"),
        (&plain, "CANARY/x", "has a `/`"),
        (&plain, "CANARY:x", "has a `:`"),
        (&exact, "CANARY/x", "has a `/`"),
        (&plain, "CANARY{x", "has a `{`"),
        (&plain, "CANARY}x", "has a `}`"),
        (&plain, "CANARY\\x", "has a `\\`"),
        (&plain, "CANARY\n", "has a control character"),
        (&plain, "..", "is made of dots alone"),
        (&plain, ".", "is made of dots alone"),
        (&hyphen, "CANARY-x", "has a `-`"),
        (&path, "CANARY/../x", "is made of dots alone, or has such a part"),
        (&path, "/CANARY", "begins or ends with `/`"),
        (&path, "CANARY/", "begins or ends with `/`"),
        (&path, "CANARY//x", "has two of them in a row"),
        (&path, "CANARY:x", "has a `:`"),
        (&account, "*", "stands before the fifth colon"),
        (&account, "eu-west-1:1", "stands before the fifth colon"),
    ] {
        let error = template.fill([("t", name)]).unwrap_err().to_string();
        assert!(
            error.starts_with("policy template: the name for `{{t}}` ") && error.contains(says),
            "{says}: {error}"
        );
        assert!(!error.contains("CANARY"), "{error}");
    }
    for (template, name, resource) in [
        (&plain, "a-b", "data/a-b/*"),
        (&plain, "*?$", "data/${*}${?}${$}/*"),
        (&path, "a/b c/d", "data/a/b c/d/*"),
        (&path, "a", "data/a/*"),
    ] {
        assert!(
            template.fill([("t", name)]).unwrap().as_str().contains(&format!("arn:aws:s3:::{resource}\"")),
            "{name}"
        );
    }
    assert!(account.fill([("t", "eu-west-1")]).is_ok());
}

#[test]
fn every_place_gets_one_name_and_every_name_a_place() {
    let template = template("arn:aws:s3:::{{bucket}}/{{tenant}}/{{tenant}}/*", "").unwrap();
    assert_eq!(template.placeholders().collect::<Vec<_>>(), ["bucket", "tenant"]);
    assert_eq!(format!("{template:?}"), r#"PolicyTemplate { placeholders: ["bucket", "tenant"], .. }"#);
    let filled = template.fill([("tenant", "acme"), ("bucket", "data")]).unwrap();
    assert!(filled.as_str().contains("arn:aws:s3:::data/acme/acme/*"));
    for (names, says) in [
        (vec![("tenant", "acme")], "there is no name for `{{bucket}}`"),
        (vec![], "there is no name for `{{bucket}}`"),
        (vec![("tenant", "a"), ("bucket", "b"), ("team", "c")], "there is no place `{{team}}` in it"),
        (vec![("tenant", "a"), ("bucket", "b"), ("tenant", "a")], "there are two names for `{{tenant}}`"),
    ] {
        let error = template.fill(names).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let long =
        template.fill([("tenant", "a".repeat(2000).as_str()), ("bucket", "b")]).unwrap_err().to_string();
    assert!(long.contains("more than 2048"), "{long}");
    // Nothing is made of what cannot fit: there may be a hundred places.
    let longer =
        template.fill([("tenant", "*".repeat(2049).as_str()), ("bucket", "b")]).unwrap_err().to_string();
    assert!(longer.contains("the name for `{{tenant}}` has more than 2048 characters"), "{longer}");
}

#[test]
fn where_no_place_may_be() {
    for (resource, says) in [
        ("{{t}}", "statement 1: Resource leaves the partition or the service of an ARN to a name"),
        ("arn:{{t}}:s3:::x", "leaves the partition or the service"),
        ("arn:aws:{{t}}:::x", "leaves the partition or the service"),
        ("arn:aws:s3:{{t}}", "is no ARN of six parts"),
        ("arn:aws:s3:::data/{{t}}*", "directly behind a place"),
        ("arn:aws:s3:::data/{{t}}?x", "directly behind a place"),
        ("arn:aws:s3:::data/{{t}}${aws:username}", "directly behind a place"),
        ("arn:aws:s3:::data/{{t}}${*}*", "directly behind a place"),
        ("arn:aws:s3:::data/{{t}}{{u}}", "directly behind a place"),
        ("arn:aws:s3:::data/*/{{t}}/x", "a wildcard before a place"),
        ("arn:aws:s3:::d?ta/{{t}}", "a wildcard before a place"),
        ("arn:aws:s3:*:*:data/{{t}}", "a wildcard before a place"),
        ("arn:aws:s3:::data/{{t}}/*/{{u}}", "a wildcard before a place"),
        ("arn:aws:s3:::data/${aws:UserAgent}/{{t}}/x", "a variable before a place that whoever asks may set"),
        ("arn:aws:s3:::data/${s3:prefix, 'x'}/{{t}}", "a variable before a place that whoever asks may set"),
        ("arn:aws:s3:::data/${{t}}", "a `$` that begins no variable"),
        ("arn:aws:s3:::data/${{{t}}}", "a place whose name is not made of"),
        ("arn:aws:s3:::data/${aws:{{t}}}/x", "a variable that does not end"),
        ("arn:aws:s3:::data/${aws:PrincipalTag/{{t}}}", "a variable that does not end"),
        ("arn:aws:s3:::data/{{t:path}}/{{u}}", "a place behind that of a path"),
        ("arn:aws:s3:::data/{{t", "a place that does not end"),
        ("arn:aws:s3:::data/{{}}", "a place whose name is not made of"),
        ("arn:aws:s3:::data/{{ t }}", "a place whose name is not made of"),
        ("arn:aws:s3:::data/{{t:raw}}", "a place of a kind that is not known"),
    ] {
        let error = template(resource, "").unwrap_err();
        assert!(
            error.starts_with("policy template: statement 1: Resource ") && error.contains(says),
            "{resource}: {error}"
        );
    }
    let statement = |inner: &str| format!(r#"{{"Version":"2012-10-17","Statement":{{{inner}}}}}"#);
    let of = |operator: &str, key: &str| {
        statement(&format!(r#""Condition":{{"{operator}":{{"{key}":["x","{{{{t}}}}"]}}}}"#))
    };
    for (json, says) in [
        (
            statement(r#""Action":"s3:{{t}}""#),
            "statement 1: Action has a place for a name, where `*` could not be written",
        ),
        (statement(r#""NotAction":["{{t}}"]"#), "NotAction has a place"),
        (statement(r#""Sid":"{{t}}""#), "Sid has a place"),
        (statement(r#""Effect":"{{t}}""#), "Effect has a place"),
        (statement(r#""resource":"arn:aws:s3:::{{t}}""#), "resource has a place"),
        (statement(r#""Principal":{"AWS":"arn:aws:s3:::{{t}}"}"#), "Principal has a place"),
        (statement(r#""{{t}}":"x""#), "a place for a name in a name of JSON itself"),
        (
            of("StringLike", "aws:PrincipalTag/{{t}}"),
            "StringLike has a place for a name in a name of JSON itself",
        ),
        (of("StringEqualsIgnoreCase", "a:b"), "StringEqualsIgnoreCase has a place"),
        (of("IpAddress", "a:b"), "IpAddress has a place"),
        (of("ForAnyValue:NumericEquals", "a:b"), "ForAnyValue:NumericEquals has a place"),
        (of("ArnLike", "a:b"), "ArnLike leaves the partition or the service"),
        (statement(r#""Condition":"{{t}}""#), "Condition is no object"),
        (statement(r#""Resource":"x","Resource":"*""#), "has `Resource` twice"),
        (r#"{"Version":"2012-10-17","Id":"{{t}}"}"#.to_owned(), "Id has a place"),
        (r#"{"Version":"2012-10-17","Statement":["{{t}}"]}"#.to_owned(), "the statement is no object"),
        (r#"{"Version":"2008-10-17","Statement":[]}"#.to_owned(), "its version is not 2012-10-17"),
        (r#"{"Statement":[]}"#.to_owned(), "its version is not 2012-10-17"),
        ("[]".to_owned(), "it is JSON, but no object"),
        ("CANARY".to_owned(), "it is no JSON (line 1, column 1)"),
    ] {
        let error = PolicyTemplate::from_json(&json).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("CANARY"), "{json}: {error}");
    }
    // Escapes of JSON are read before anything else.
    let escaped = statement(r#""Re\u0073ource":"arn:aws:s3:::\u007b\u007bt}}\u002a""#);
    assert!(PolicyTemplate::from_json(escaped).unwrap_err().to_string().contains("directly behind a place"));
    let all_good = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": "*",
        "NotResource": ["arn:aws:s3:::{{t}}", "arn:aws:s3:::{{t}}/*"], "Condition": { "ArnNotEqualsIfExists":
        { "aws:SourceArn": "arn:aws:sns:eu-west-1:111111111111:{{t}}" }, "NumericLessThan": { "a:b": 1.5 }, "Null": { "c:d": true } } }] }"#;
    let filled = PolicyTemplate::from_json(all_good).unwrap().fill([("t", "x")]).unwrap();
    let end = r#":x"},"NumericLessThan":{"a:b":1.5},"Null":{"c:d":true}}}]}"#;
    assert!(filled.as_str().ends_with(end), "{filled}");
    // As numbers come where somebody else in the program wants them exact.
    let exact = all_good.replace("1.5", r#"{ "$serde_json::private::Number": "1.5" }"#);
    let filled = PolicyTemplate::from_json(exact).unwrap().fill([("t", "x")]).unwrap();
    assert!(filled.as_str().ends_with(end), "{filled}");
}
