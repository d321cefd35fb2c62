//! What a profile takes over, and what stays where it is.

use super::super::Profiles;
use crate::config::plan;

const CONFIG: &str = "/home/dev/.aws/config";

fn profiles(config: &str) -> Profiles {
    let credentials = "[root]\naws_access_key_id = 1\naws_secret_access_key = 2\naws_account_id = 9";
    let config = Some((CONFIG, config.as_bytes()));
    Profiles::parse(config, Some(("/home/dev/.aws/credentials", credentials.as_bytes()))).unwrap()
}

/// What the profile `a` says to a key.
fn says(config: &str, key: &str) -> Option<String> {
    let profiles = profiles(config);
    let profile = profiles.profile("a").unwrap().unwrap();
    profile.get_set(key).map(|value| value.text().to_owned())
}

fn error(config: &str) -> String {
    profiles(config).profile("a").unwrap_err().to_string()
}

#[test]
fn the_nearest_that_sets_a_key_wins() {
    let config = "[profile c]\nregion = of-c\noutput = of-c\nsso_region = of-c\nservices =\n\
                  [profile a]\ninclude_profile = b\nregion = of-a\noutput =\n\
                  [profile b]\nregion = of-b\nrole_arn = of-b\ninclude_profile = c\n";
    for (key, expected) in [
        ("region", Some("of-a")),
        ("role_arn", Some("of-b")),
        ("output", Some("of-c")),
        ("sso_region", Some("of-c")),
        ("services", None),
        ("ca_bundle", None),
    ] {
        assert_eq!(says(config, key).as_deref(), expected, "{key}");
    }
    let profiles = profiles(config);
    let a = profiles.profile("a").unwrap().unwrap();
    assert_eq!((a.name(), a.origin().line), ("a", 6));
    assert_eq!(a.get_set("role_arn").unwrap().origin().to_string(), format!("{CONFIG}:12"));
    assert!(a.get("output").is_some_and(|value| !value.is_blank()));
    assert!(profiles.profile("d").unwrap().is_none());
}

#[test]
fn access_keys_and_their_account_stay_where_they_are() {
    let config = "[profile a]\ninclude_profile = root\n[profile root]\naws_session_token = t\nregion = r\n\
                  aws_security_token = t\n";
    for key in super::NOT_INCLUDED {
        assert!(says(config, key).is_none(), "{key}");
        let profiles = profiles(config);
        assert!(profiles.profile("root").unwrap().unwrap().get_set(key).is_some(), "{key}");
    }
    assert_eq!(says(config, "region").as_deref(), Some("r"));
}

#[test]
fn what_is_not_named_is_not_included() {
    assert_eq!(says("[default]\nregion = r\n[profile a]\ninclude_profile =\n", "region"), None);
    // It is a key of profiles.
    assert_eq!(
        says("[sso-session s]\nregion = r\ninclude_profile = s\n[profile a]\noutput = o", "region"),
        None
    );
}

#[test]
fn what_cannot_be_followed_is_an_error_with_its_place() {
    let cases = [
        (
            "[profile a]\ninclude_profile = b",
            "profile `a` (/home/dev/.aws/config:2): its `include_profile` `b` does not exist; correct the name",
        ),
        (
            "[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile = c",
            "profile `b` (/home/dev/.aws/config:4): its `include_profile` `c` does not exist;",
        ),
        (
            "[profile a]\ninclude_profile = a",
            "profile `a` (/home/dev/.aws/config:2): the included profiles go round in a loop (a → a); remove",
        ),
        (
            "[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile = c\n[profile c]\ninclude_profile = b",
            "profile `c` (/home/dev/.aws/config:6): the included profiles go round in a loop (a → b → c → b);",
        ),
        (
            "[profile a]\ninclude_profile = root\n  SECRET = SECRET",
            "profile `a` (/home/dev/.aws/config:2): the value of `include_profile` goes on in indented lines;",
        ),
        (
            "[profile a]\ninclude_profile =\n  SECRET = SECRET",
            "profile `a` (/home/dev/.aws/config:2): the value of `include_profile` goes on in indented lines;",
        ),
    ];
    for (config, expected) in cases {
        let error = error(config);
        assert!(error.starts_with(expected) && !error.contains("SECRET"), "{error}");
    }
}

#[test]
fn how_deep_it_may_go() {
    let chain = |profiles: usize| {
        let mut lines = vec!["[profile a]\ninclude_profile = p1".to_owned()];
        lines.extend((1..profiles).map(|n| format!("[profile p{n}]\ninclude_profile = p{}", n + 1)));
        lines.push(format!("[profile p{profiles}]\nregion = r"));
        lines.join("\n")
    };
    assert_eq!(says(&chain(32), "region").as_deref(), Some("r"));
    let says =
        "profile `p32` (/home/dev/.aws/config:66): more than 32 profiles include one another; include fewer";
    assert_eq!(error(&chain(33)), says);
    assert_eq!(error(&chain(10_000)), says);
}

#[test]
fn the_examples_of_aws_vault_are_planned() {
    let fragment = "[profile common]\nregion = eu-west-1\nsource_profile = root\n[profile root]\ninclude_profile = common\n\
                    [profile dev]\ninclude_profile = common\nrole_arn = RD\n";
    let parent = "[profile root]\nregion = eu-west-1\nsource_profile = root\n\
                  [profile dev]\ninclude_profile = root\nrole_arn = RD\n";
    for config in [fragment, parent] {
        let profiles = profiles(config);
        let dev = plan(&profiles, "dev").unwrap();
        assert_eq!((dev.base_profile.as_str(), dev.roles.len()), ("root", 1));
        assert_eq!(dev.roles[0].role_arn.text(), "RD");
        assert_eq!(dev.roles[0].region.as_ref().unwrap().text(), "eu-west-1");
        assert!(plan(&profiles, "root").unwrap().roles.is_empty());
    }
}

#[test]
fn an_include_that_fails_fails_the_plans_that_need_it() {
    let profiles = profiles(
        "[profile a]\ninclude_profile = gone\n[profile b]\nrole_arn = RB\nsource_profile = a\n\
         [profile c]\nrole_arn = RC\nsource_profile = root\n",
    );
    for name in ["a", "b"] {
        let error = plan(&profiles, name).unwrap_err();
        assert!(
            error.to_string().starts_with("profile `a` (/home/dev/.aws/config:2): its `include_profile`"),
            "{error}"
        );
        assert!(!error.is_not_configured(false));
    }
    assert!(plan(&profiles, "c").is_ok());
}
