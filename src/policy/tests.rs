use std::time::{Duration, SystemTime};

use super::*;
use crate::SessionPolicy;

const READ: [&str; 1] = ["s3:GetObject"];
const DATA: [&str; 1] = ["arn:aws:s3:::data/*"];
const NONE: [&str; 0] = [];

fn built(statements: impl IntoIterator<Item = Statement>) -> Result<String, String> {
    let builder = statements.into_iter().fold(SessionPolicy::builder(), SessionPolicyBuilder::statement);
    builder.build().map(|policy| policy.to_string()).map_err(|error| error.to_string())
}

/// What stands in the one statement of it.
fn statement(statement: Statement) -> String {
    let json = built([statement]).unwrap();
    let inner = json.strip_prefix(r#"{"Version":"2012-10-17","Statement":[{"#).unwrap();
    inner.strip_suffix("}]}").unwrap().to_owned()
}

#[test]
fn statements_as_json() {
    for (made, json) in [
        (
            Statement::allow(READ).on(DATA),
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*""#,
        ),
        (
            Statement::deny(["s3:Put*", "s3:Delete*", "s3:Put*"]).on(["*"]).sid("NoWrites"),
            r#""Sid":"NoWrites","Effect":"Deny","Action":["s3:Delete*","s3:Put*"],"Resource":"*""#,
        ),
        (
            Statement::allow_all_but(["iam:*"]).on(["*"]),
            r#""Effect":"Allow","NotAction":"iam:*","Resource":"*""#,
        ),
        (
            Statement::deny_all_but(READ).on_all_but(DATA),
            r#""Effect":"Deny","NotAction":"s3:GetObject","NotResource":"arn:aws:s3:::data/*""#,
        ),
        (
            Statement::allow(["*"]).on(["arn:aws:s3:::b"]).on(["arn:aws:s3:::a"]),
            r#""Effect":"Allow","Action":"*","Resource":["arn:aws:s3:::a","arn:aws:s3:::b"]"#,
        ),
        (
            Statement::allow(["rds-db:connect", "neptune-db:*", "s3:Get?bject"])
                .on(["arn:aws-cn:s3:::${aws:PrincipalTag/team}/ü \"x\"\u{20ac}"]),
            r#""Effect":"Allow","Action":["neptune-db:*","rds-db:connect","s3:Get?bject"],"Resource":"arn:aws-cn:s3:::${aws:PrincipalTag/team}/ü \"x\"\u20ac""#,
        ),
    ] {
        assert_eq!(statement(made), json);
    }
}

#[test]
fn conditions_as_json() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_608_000_900);
    for (condition, json) in [
        (Condition::string_equals("s3:prefix", ["b", "a"]), r#""StringEquals":{"s3:prefix":["a","b"]}"#),
        (Condition::string_equals("s3:prefix", [""]), r#""StringEquals":{"s3:prefix":""}"#),
        (Condition::string_not_equals("a:b", ["c"]), r#""StringNotEquals":{"a:b":"c"}"#),
        (Condition::string_equals_ignore_case("a:b", ["c"]), r#""StringEqualsIgnoreCase":{"a:b":"c"}"#),
        (
            Condition::string_not_equals_ignore_case("a:b", ["c"]),
            r#""StringNotEqualsIgnoreCase":{"a:b":"c"}"#,
        ),
        (Condition::string_like("a:b", ["${aws:username}/*"]), r#""StringLike":{"a:b":"${aws:username}/*"}"#),
        (Condition::string_not_like("a:b", [literal("*")]), r#""StringNotLike":{"a:b":"${*}"}"#),
        (
            Condition::arn_like("a:b", ["arn:aws:iam::*:role/x"]),
            r#""ArnLike":{"a:b":"arn:aws:iam::*:role/x"}"#,
        ),
        (Condition::arn_not_like("a:b", ["*"]), r#""ArnNotLike":{"a:b":"*"}"#),
        (
            Condition::arn_like("aws:PrincipalArn", ["arn:aws:iam::${aws:PrincipalAccount}:role/${*}*"]),
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:PrincipalAccount}:role/${*}*"}"#,
        ),
        (
            Condition::ip_address("aws:SourceIp", ["203.0.113.0/24", "2001:db8::/32", "192.0.2.1"]),
            r#""IpAddress":{"aws:SourceIp":["192.0.2.1","2001:db8::/32","203.0.113.0/24"]}"#,
        ),
        (Condition::not_ip_address("a:b", ["::1"]), r#""NotIpAddress":{"a:b":"::1"}"#),
        (
            Condition::bool("aws:SecureTransport", true).if_exists(),
            r#""BoolIfExists":{"aws:SecureTransport":"true"}"#,
        ),
        (Condition::present("a:b"), r#""Null":{"a:b":"false"}"#),
        (Condition::absent("a:b"), r#""Null":{"a:b":"true"}"#),
        (Condition::numeric_equals("a:b", [1, -2]), r#""NumericEquals":{"a:b":["-2","1"]}"#),
        (Condition::numeric_not_equals("a:b", [1]), r#""NumericNotEquals":{"a:b":"1"}"#),
        (Condition::numeric_less_than("a:b", 1), r#""NumericLessThan":{"a:b":"1"}"#),
        (Condition::numeric_less_than_equals("a:b", 1), r#""NumericLessThanEquals":{"a:b":"1"}"#),
        (Condition::numeric_greater_than("a:b", 1), r#""NumericGreaterThan":{"a:b":"1"}"#),
        (Condition::numeric_greater_than_equals("a:b", 1), r#""NumericGreaterThanEquals":{"a:b":"1"}"#),
        (Condition::date_less_than("a:b", at), r#""DateLessThan":{"a:b":"2026-11-25T12:00:00Z"}"#),
        (
            Condition::date_less_than_equals("a:b", at),
            r#""DateLessThanEquals":{"a:b":"2026-11-25T12:00:00Z"}"#,
        ),
        (Condition::date_greater_than("a:b", at), r#""DateGreaterThan":{"a:b":"2026-11-25T12:00:00Z"}"#),
        (
            Condition::date_greater_than_equals("a:b", at),
            r#""DateGreaterThanEquals":{"a:b":"2026-11-25T12:00:00Z"}"#,
        ),
        (
            Condition::string_equals("dynamodb:LeadingKeys", ["x"]).for_all_values().if_exists(),
            r#""ForAllValues:StringEqualsIfExists":{"dynamodb:LeadingKeys":"x"}"#,
        ),
        (
            Condition::string_like("aws:TagKeys", ["x"]).for_any_value(),
            r#""ForAnyValue:StringLike":{"aws:TagKeys":"x"}"#,
        ),
    ] {
        let json = format!(r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{{{json}}}"#);
        assert_eq!(statement(Statement::allow(["*"]).on(["*"]).when(condition)), json);
    }
}

#[test]
fn the_order_has_no_meaning() {
    let a = || Statement::allow(["s3:GetObject", "s3:ListBucket"]).on(["arn:aws:s3:::b", "arn:aws:s3:::a"]);
    let b = || Statement::deny(["s3:PutObject"]).on(["*"]);
    let tls = || Condition::bool("aws:SecureTransport", true);
    let prefix = || Condition::string_like("s3:prefix", ["x/*", "y/*"]);
    let one = built([a().when(tls()).when(prefix()), b()]);
    let other = built([
        b(),
        Statement::allow(["s3:ListBucket", "s3:GetObject"])
            .on(["arn:aws:s3:::a"])
            .on(["arn:aws:s3:::b"])
            .when(Condition::string_like("s3:prefix", ["y/*", "x/*"]))
            .when(tls()),
        b(),
    ]);
    assert_eq!(one, other);
    assert_ne!(one, built([a().when(tls()), b()]));
}

#[test]
fn what_is_wrong_is_said_with_the_statement_it_is_in() {
    let with = |condition| Statement::allow(READ).on(DATA).when(condition);
    let on = |resource: &str| Statement::allow(READ).on([resource]);
    for (made, says) in [
        (Statement::allow(NONE).on(DATA), "it names no action; name what is meant, or write `*`"),
        (Statement::allow(READ), "it names no resource"),
        (Statement::allow(READ).on(NONE), "it names no resource"),
        (Statement::deny_all_but(NONE).on(DATA), "it names no action"),
        (Statement::deny(READ).on_all_but(NONE), "it names no resource"),
        (Statement::allow(READ).on(DATA).on_all_but(DATA), "write two statements"),
        (Statement::allow(["GetObject"]).on(DATA), "`GetObject` is no action; write it like `s3:GetObject`"),
        (Statement::allow(["s3:"]).on(DATA), "`s3:` is no action"),
        (Statement::allow([":Get"]).on(DATA), "is no action"),
        (Statement::allow(["*:*"]).on(DATA), "is no action"),
        (Statement::allow(["s3:Get Object"]).on(DATA), "is no action"),
        (Statement::allow(["s3:${*}"]).on(DATA), "is no action"),
        (Statement::allow(["s3:Get\",\"s3:Put"]).on(DATA), "is no action"),
        (Statement::allow([""]).on(DATA), "is no action"),
        (on("data/*"), "the resource `data/*` is no ARN of six parts"),
        (on(""), "is no ARN of six parts"),
        (on("arn:aws:s3:*"), "is no ARN of six parts"),
        (on("arn::s3:::x"), "lacks its partition"),
        (on("arn:aws:s3:::"), "lacks its partition, its service or what it names"),
        (on("arn:aws:s3:${aws:region}::x"), "variable before its fifth colon"),
        (on("arn:aws:s3:::x\n"), "control character"),
        (on("arn:aws:s3:::$x"), "a `$` that begins no variable: write `${$}`"),
        (on("arn:aws:s3:::${aws:username"), "a variable that does not end"),
        (on("arn:aws:s3:::${username}"), "names no key"),
        (on("arn:aws:s3:::${}"), "names no key"),
        (on("arn:aws:s3:::${a:${*}}"), "names no key"),
        (Statement::allow(READ).on(DATA).sid("no writes"), "its sid is not made of letters"),
        (Statement::allow(READ).on(DATA).sid(""), "its sid is not made of letters"),
        (
            with(Condition::string_like("s3:prefix", NONE)),
            "StringLike has no value to compare `s3:prefix` with",
        ),
        (with(Condition::numeric_equals("a:b", [])), "NumericEquals has no value"),
        (with(Condition::string_like("prefix", ["x"])), "`prefix`, under StringLike, is no key"),
        (with(Condition::string_like("aws:*", ["x"])), "is no key"),
        (with(Condition::string_like("aws:", ["x"])), "is no key"),
        (
            with(Condition::string_equals("s3:prefix", ["x/*"])),
            "a wildcard, which this operator takes for itself; use `string_like`",
        ),
        (with(Condition::string_like("s3:prefix", ["$x"])), "a `$` that begins no variable"),
        (with(Condition::string_like("s3:prefix", ["x\u{7}"])), "has a control character"),
        (with(Condition::arn_like("a:b", ["x"])), "is no ARN of six parts"),
        (with(Condition::arn_like("a:b", ["arn:aws:iam::${aws:x:role/y"])), "a variable that does not end"),
        (with(Condition::arn_like("a:b", ["arn:aws:iam:${a:b:c:d}"])), "is no ARN of six parts"),
        (with(Condition::ip_address("a:b", ["203.0.113.0/33"])), "is no address"),
        (with(Condition::ip_address("a:b", ["203.0.113.0/+8"])), "is no address"),
        (with(Condition::ip_address("a:b", ["203.0.113.0/"])), "is no address"),
        (with(Condition::ip_address("a:b", ["office"])), "is no address"),
        (with(Condition::ip_address("a:b", ["::/129"])), "is no address"),
        (with(Condition::present("a:b").if_exists()), "NullIfExists is no operator"),
        (with(Condition::absent("a:b").for_all_values()), "ForAllValues:Null is no operator"),
        (
            with(Condition::string_like("s3:prefix", ["x"])).when(Condition::string_like("S3:Prefix", ["y"])),
            "`s3:prefix` stands under StringLike twice",
        ),
    ] {
        let error = built([Statement::deny(READ).on(DATA), made]).unwrap_err();
        assert!(error.starts_with("session policy: statement 2"), "{error}");
        assert!(error.contains(says), "{says}: {error}");
    }
    let named = || Statement::allow(READ).on(DATA).sid("Read");
    let error = built([named(), named().on(["*"])]).unwrap_err();
    assert!(error.contains("statement 2 (`Read`): its sid is that of another one"), "{error}");
    assert!(built([]).unwrap_err().contains("there is no statement in it"));
    let many = (0..100).map(|number| format!("arn:aws:s3:::data/tenant-{number}/*"));
    let error = built([Statement::allow(READ).on(many)]).unwrap_err();
    assert!(error.contains("characters without blanks, more than 2048"), "{error}");
}

#[test]
fn the_estimate_is_above_what_has_been_reported() {
    let of = |characters: usize| {
        let room = characters - r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::"}]}"#.len();
        let policy = SessionPolicy::builder()
            .statement(Statement::allow(READ).on([format!("arn:aws:s3:::{}", "x".repeat(room))]))
            .build()
            .unwrap();
        assert_eq!(policy.as_str().len(), characters);
        policy
    };
    assert_eq!((of(736).packed_size_estimate(), of(1690).packed_size_estimate()), (82, 188));
    let role = crate::Role::builder("arn:aws:iam::123456789012:role/x");
    let role =
        role.policy(of(700)).policy_arn("arn:aws:iam::aws:policy/x").tag("team", "reports").build().unwrap();
    assert_eq!(role.packed_size_estimate(), 82);
    assert_eq!(
        role.sizes().unwrap(),
        "a session policy of 700 characters, 1 policy ARN of 25 characters, 1 tag of 11 characters"
    );
    assert_eq!(crate::Role::builder("arn:aws:iam::123456789012:role/x").build().unwrap().sizes(), None);
}
