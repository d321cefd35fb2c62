use super::*;

fn policy(statements: &str) -> Policy {
    Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

fn layer(statements: &str) -> Layer {
    Layer { name: "session policy", policies: vec![policy(statements)] }
}

fn get(key: &str) -> Access {
    Access::new("s3:GetObject", format!("arn:aws:s3:::data/{key}"))
}

fn is_allowed(statements: &str, access: &Access) -> bool {
    decide(access, &[layer(statements)]).is_ok()
}

#[test]
fn actions_and_resources() {
    for (actions, resources, is_good) in [
        (r#""Action":"s3:GetObject""#, r#""Resource":"*""#, true),
        (r#""Action":"s3:getobject""#, r#""Resource":"*""#, true),
        (r#""Action":"S3:Get*""#, r#""Resource":"*""#, true),
        (r#""Action":"*""#, r#""Resource":"*""#, true),
        (r#""Action":"s3:Get?bject""#, r#""Resource":"*""#, true),
        (r#""Action":"s3:Get""#, r#""Resource":"*""#, false),
        (r#""Action":["s3:Put*","s3:*Object"]"#, r#""Resource":"*""#, true),
        (r#""Action":[]"#, r#""Resource":"*""#, false),
        (r#""NotAction":"s3:Put*""#, r#""Resource":"*""#, true),
        (r#""NotAction":"s3:*""#, r#""Resource":"*""#, false),
        (r#""Action":"*""#, r#""Resource":"arn:aws:s3:::data/a/1""#, true),
        (r#""Action":"*""#, r#""Resource":"arn:aws:s3:::data/*""#, true),
        (r#""Action":"*""#, r#""Resource":"arn:aws:s3:::*/1""#, true),
        (r#""Action":"*""#, r#""Resource":"arn:aws:s3:::data/?/1""#, true),
        (r#""Action":"*""#, r#""Resource":"arn:aws:s3:::data/??/1""#, false),
        (r#""Action":"*""#, r#""Resource":"arn:aws:s3:::data/A/1""#, false),
        (r#""Action":"*""#, r#""Resource":"arn:aws:s3:::data/a""#, false),
        (r#""Action":"*""#, r#""Resource":"arn:aws:s3:::data/a/${*}""#, false),
        (r#""Action":"*""#, r#""NotResource":"arn:aws:s3:::data/b/*""#, true),
        (r#""Action":"*""#, r#""NotResource":"arn:aws:s3:::data/*""#, false),
        (r#""Action":"*""#, r#""NotResource":[]"#, true),
    ] {
        let statement = format!(r#"{{"Effect":"Allow",{actions},{resources}}}"#);
        assert_eq!(is_allowed(&statement, &get("a/1")), is_good, "{statement}");
    }
}

#[test]
fn a_deny_wins_and_every_layer_has_to_allow() {
    let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let read = r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#;
    let no_a = r#"{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::data/a/*"}"#;
    let role = |statements: &str| Layer { name: "identity-based policy", policies: vec![policy(statements)] };
    let put = Access::new("s3:PutObject", "arn:aws:s3:::data/b/1");
    for (layers, access, outcome) in [
        (vec![], get("a/1"), Ok(())),
        (vec![role(all)], get("a/1"), Ok(())),
        (vec![role(read), layer(all)], get("a/1"), Ok(())),
        (
            vec![role(read), layer(all)],
            put.clone(),
            Err("because no identity-based policy allows the s3:PutObject action"),
        ),
        (
            vec![role(all), layer(read)],
            put.clone(),
            Err("because no session policy allows the s3:PutObject action"),
        ),
        (
            vec![role(&format!("{all},{no_a}")), layer(all)],
            get("a/1"),
            Err("with an explicit deny in an identity-based policy"),
        ),
        (
            vec![role(all), layer(&format!("{no_a},{all}"))],
            get("a/1"),
            Err("with an explicit deny in a session policy"),
        ),
        (vec![role(all), layer(&format!("{no_a},{all}"))], get("b/1"), Ok(())),
        (
            vec![role(all), layer("")],
            get("b/1"),
            Err("because no session policy allows the s3:GetObject action"),
        ),
    ] {
        assert_eq!(decide(&access, &layers), outcome.map_err(str::to_owned));
    }
    // Session policies are one layer: what one of them allows is allowed.
    let both = Layer {
        name: "session policy",
        policies: vec![policy(read), policy(r#"{"Effect":"Allow","Action":"s3:Put*","Resource":"*"}"#)],
    };
    assert_eq!(decide(&put, &[both]), Ok(()));
}

#[test]
fn variables_stand_for_what_the_request_tells_and_are_no_wildcards() {
    let tagged = |value: &str| get("a/1").with("aws:PrincipalTag/team", [value]);
    let on = |resource: &str| {
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::data/{resource}"}}"#)
    };
    for (resource, access, is_good) in [
        ("${aws:PrincipalTag/team}/*", tagged("a"), true),
        ("${AWS:principaltag/TEAM}/*", tagged("a"), true),
        ("${aws:PrincipalTag/team}/*", tagged("b"), false),
        ("${aws:PrincipalTag/team}/*", tagged("*"), false),
        ("${aws:PrincipalTag/team}/*", tagged("?"), false),
        ("${aws:PrincipalTag/team}/*", get("a/1"), false),
        ("${aws:PrincipalTag/team, 'a'}/*", get("a/1"), true),
        ("${*}/*", get("a/1"), false),
        ("${*}/*", get("*/1"), true),
        ("${?}/*", get("?/1"), true),
        ("${?}/*", get("a/1"), false),
        ("${$}{x}/*", get("${x}/1"), true),
        ("${$}{aws:PrincipalTag/team}/*", tagged("a"), false),
    ] {
        assert_eq!(is_allowed(&on(resource), &access), is_good, "{resource}");
    }
    // In the older version they are characters.
    let old = format!(r#"{{"Version":"2008-10-17","Statement":[{}]}}"#, on("${*}/1"));
    let layer = Layer { name: "x", policies: vec![Policy::parse(&old).unwrap()] };
    assert!(decide(&get("*/1"), std::slice::from_ref(&layer)).is_err());
    assert!(decide(&get("${anything}/1"), std::slice::from_ref(&layer)).is_ok());
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value>
#[test]
fn a_variable_without_a_value_fits_nothing_and_its_statement_still_counts() {
    let none = "${aws:PrincipalTag/none}";
    let access = get("a/1").with("s3:prefix", ["a"]);
    let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    for (resources, condition, fits) in [
        (format!(r#""Resource":"arn:aws:s3:::data/{none}/*""#), String::new(), false),
        (
            format!(r#""Resource":["arn:aws:s3:::data/{none}/*","arn:aws:s3:::data/a/*"]"#),
            String::new(),
            true,
        ),
        (format!(r#""NotResource":"arn:aws:s3:::data/{none}/*""#), String::new(), true),
        (
            format!(r#""NotResource":["arn:aws:s3:::data/{none}","arn:aws:s3:::data/a/*"]"#),
            String::new(),
            false,
        ),
        (r#""Resource":"*""#.to_owned(), format!(r#""StringEquals":{{"s3:prefix":"{none}"}}"#), false),
        (r#""Resource":"*""#.to_owned(), format!(r#""StringEquals":{{"s3:prefix":["{none}","a"]}}"#), true),
        (r#""Resource":"*""#.to_owned(), format!(r#""StringNotEquals":{{"s3:prefix":"{none}"}}"#), true),
        (r#""Resource":"*""#.to_owned(), format!(r#""StringNotLike":{{"s3:prefix":["{none}","a"]}}"#), false),
    ] {
        let about = |effect: &str| {
            format!(r#"{{"Effect":"{effect}","Action":"*",{resources},"Condition":{{{condition}}}}}"#)
        };
        assert_eq!(is_allowed(&about("Allow"), &access), fits, "{resources} {condition}");
        let denied = format!("{all},{}", about("Deny"));
        assert_eq!(is_allowed(&denied, &access), !fits, "{resources} {condition}");
    }
}

#[test]
fn a_pattern_of_many_wildcards_takes_no_time() {
    let statement = format!(
        r#"{{"Effect":"Allow","Action":"*","Resource":"{}b","Condition":{{"StringLike":{{"s3:prefix":"{}b"}}}}}}"#,
        "*a".repeat(500),
        "a*".repeat(500)
    );
    let access = get(&"a".repeat(5000)).with("s3:prefix", ["a".repeat(5000)]);
    assert!(!is_allowed(&statement, &access));
}

#[test]
fn conditions() {
    let access = get("a/1")
        .with("s3:prefix", ["reports/2026"])
        .with("aws:PrincipalArn", ["arn:aws:iam::111111111111:role/team/reports"])
        .with("aws:SourceIp", ["203.0.113.7"])
        .with("aws:SecureTransport", ["true"])
        .with("s3:max-keys", ["10"])
        .with("aws:CurrentTime", ["2026-11-25T12:00:00Z"])
        .with("aws:EpochTime", ["1795608000"])
        .with("aws:PrincipalTag/team", ["reports"])
        .with("dynamodb:LeadingKeys", ["acme", "globex"]);
    for (condition, is_met) in [
        (r#""StringEquals":{"s3:prefix":"reports/2026"}"#, true),
        (r#""StringEquals":{"S3:PREFIX":["x","reports/2026"]}"#, true),
        (r#""StringEquals":{"s3:prefix":"reports/*"}"#, false),
        (r#""StringEquals":{"s3:prefix":"${aws:PrincipalTag/team}/2026"}"#, true),
        (r#""StringEquals":{"s3:prefix":"Reports/2026"}"#, false),
        (r#""StringEqualsIgnoreCase":{"s3:prefix":"Reports/2026"}"#, true),
        (r#""StringNotEquals":{"s3:prefix":["x","reports/2026"]}"#, false),
        (r#""StringNotEquals":{"s3:prefix":"x"}"#, true),
        (r#""StringNotEquals":{"s3:absent":"x"}"#, true),
        (r#""StringEquals":{"s3:absent":"x"}"#, false),
        (r#""StringEqualsIfExists":{"s3:absent":"x"}"#, true),
        (r#""StringEqualsIfExists":{"s3:prefix":"x"}"#, false),
        (r#""StringLike":{"s3:prefix":"reports/*"}"#, true),
        (r#""StringLike":{"s3:prefix":"rep"}"#, false),
        (r#""StringNotLike":{"s3:prefix":"reports/*"}"#, false),
        (r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/team/*"}"#, true),
        (r#""ArnLike":{"aws:PrincipalArn":"arn:aws:*:role/team/*"}"#, false),
        (r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}"#, false),
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, true),
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.8/31"}"#, false),
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.7"}"#, true),
        (r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#, true),
        (r#""IpAddress":{"aws:SourceIp":"2001:db8::/32"}"#, false),
        (r#""NotIpAddress":{"aws:SourceIp":["203.0.113.0/24"]}"#, false),
        (r#""Bool":{"aws:SecureTransport":"true"}"#, true),
        (r#""Bool":{"aws:SecureTransport":false}"#, false),
        (r#""NumericLessThanEquals":{"s3:max-keys":10}"#, true),
        (r#""NumericLessThan":{"s3:max-keys":"10"}"#, false),
        (r#""NumericGreaterThan":{"s3:max-keys":"9.5"}"#, true),
        (r#""NumericNotEquals":{"s3:max-keys":"10"}"#, false),
        (r#""NumericEquals":{"s3:prefix":"10"}"#, false),
        (r#""DateLessThan":{"aws:CurrentTime":"2026-11-25T12:00:01Z"}"#, true),
        (r#""DateGreaterThanEquals":{"aws:CurrentTime":"2026-11-25T12:00:01Z"}"#, false),
        (r#""DateGreaterThan":{"aws:CurrentTime":"2026-11-25"}"#, true),
        (r#""DateGreaterThan":{"aws:CurrentTime":"1795608001"}"#, false),
        (r#""DateLessThan":{"aws:EpochTime":"2026-11-25T12:00:01Z"}"#, true),
        (r#""NumericLessThan":{"aws:EpochTime":1795608001}"#, true),
        (r#""Null":{"s3:absent":"true"}"#, true),
        (r#""Null":{"s3:prefix":"true"}"#, false),
        (r#""Null":{"s3:prefix":"false"}"#, true),
        (r#""ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["acme","globex","x"]}"#, true),
        (r#""ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["acme"]}"#, false),
        (r#""ForAllValues:StringEquals":{"dynamodb:absent":["acme"]}"#, true),
        (r#""ForAnyValue:StringEquals":{"dynamodb:LeadingKeys":["acme"]}"#, true),
        (r#""ForAnyValue:StringEquals":{"dynamodb:absent":["acme"]}"#, false),
        // All operators, and all keys, have to be met.
        (r#""Bool":{"aws:SecureTransport":"true"},"StringEquals":{"s3:prefix":"x"}"#, false),
        (r#""StringEquals":{"s3:prefix":"reports/2026","s3:absent":"x"}"#, false),
    ] {
        let statement =
            format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#);
        assert_eq!(is_allowed(&statement, &access), is_met, "{condition}");
    }
}

#[test]
fn what_is_no_policy_is_none() {
    let statement = r#""Effect":"Allow","Action":"*","Resource":"*""#;
    for json in [
        "",
        "[]",
        "{}",
        r#"{"Statement":1}"#,
        r#"{"Statement":[{}]}"#,
        &format!(r#"{{"Statement":[{{{statement},"NotAction":"a:b"}}]}}"#),
        &format!(r#"{{"Statement":[{{{statement},"Condition":{{"StringAlike":{{"a:b":"c"}}}}}}]}}"#),
        &format!(r#"{{"Statement":[{{{statement},"Condition":{{"NullIfExists":{{"a:b":"c"}}}}}}]}}"#),
        &format!(r#"{{"Statement":[{{{statement},"Condition":{{"Bool":"c"}}}}]}}"#),
        &format!(r#"{{"Statement":[{{{}}}]}}"#, statement.replace("Allow", "Permit")),
        // What is left out of account would make it wider than it says.
        &format!(r#"{{"Statement":[{{{statement},"condition":{{"Bool":{{"a:b":"true"}}}}}}]}}"#),
        &format!(r#"{{"Statement":[{{{statement},"Conditions":{{"Bool":{{"a:b":"true"}}}}}}]}}"#),
        &format!(r#"{{"Statement":[{{{statement},"Principal":"*"}}]}}"#),
        &format!(r#"{{"Statement":[{{{statement}}}],"statement":[]}}"#),
        &format!(r#"{{"Version":"2030-01-01","Statement":[{{{statement}}}]}}"#),
        &format!(r#"{{"Statement":[{{{statement},"Condition":{{"IpAddress":{{"a:b":"office"}}}}}}]}}"#),
        &format!(
            r#"{{"Statement":[{{{statement},"Condition":{{"NotIpAddress":{{"a:b":"10.0.0.0/33"}}}}}}]}}"#
        ),
        &format!(
            r#"{{"Statement":[{{{statement},"Condition":{{"NumericEquals":{{"a:b":"${{aws:x}}"}}}}}}]}}"#
        ),
        &format!(r#"{{"Statement":[{{{statement},"Condition":{{"DateLessThan":{{"a:b":"tomorrow"}}}}}}]}}"#),
        &format!(r#"{{"Statement":[{{{statement},"Condition":{{"Bool":{{"a:b":"yes"}}}}}}]}}"#),
        &format!(r#"{{"Statement":[{{{statement},"Condition":{{"Null":{{"a:b":"no"}}}}}}]}}"#),
    ] {
        assert!(Policy::parse(json).is_none(), "{json}");
    }
    assert!(Policy::parse(&format!(r#"{{"Statement":{{{statement}}}}}"#)).is_some());
}
