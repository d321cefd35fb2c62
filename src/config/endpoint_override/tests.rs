use super::{EndpointOverrideError, EndpointSettings, endpoint_override};
use crate::config::profiles::Profiles;

const FILE: &str = "
[default]
endpoint_url = of-profile
services = dev
[profile plain]
endpoint_url = of-plain
[profile ignoring]
endpoint_url = of-ignoring
ignore_configured_endpoint_urls = TRUE
[profile only-services]
services = dev
[services dev]
sts =
  endpoint_url = of-sts
sso_oidc =
  ENDPOINT_URL = of-oidc # note
signin =
  endpoint_url =
sso = plain
[profile including]
include_profile = plain
[profile including-none]
include_profile = gone
";

/// What is chosen, with its origin: `url by origin`, `none`, or the error.
fn chosen(service_id: &str, profile: &str, code: Option<&str>, env: &[(&str, &str)]) -> String {
    let profiles = Profiles::parse(Some(("config", FILE.as_bytes())), None).unwrap();
    chosen_of(&profiles, service_id, profile, code, env)
}

fn chosen_of(
    profiles: &Profiles,
    service_id: &str,
    profile: &str,
    code: Option<&str>,
    env: &[(&str, &str)],
) -> String {
    let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    match endpoint_override(service_id, EndpointSettings { code, env: &env, profiles, profile }) {
        Ok(Some(found)) => format!("{} by {}", found.url, found.origin),
        Ok(None) => "none".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_first_that_is_set_wins() {
    let env = [("AWS_ENDPOINT_URL_STS", "of-variable"), ("AWS_ENDPOINT_URL", "of-all")];
    assert_eq!(chosen("STS", "default", Some("of-code"), &env), "of-code by code");
    assert_eq!(
        chosen("STS", "default", None, &env),
        "of-variable by the environment variable AWS_ENDPOINT_URL_STS"
    );
    assert_eq!(
        chosen("STS", "default", None, &env[1..]),
        "of-all by the environment variable AWS_ENDPOINT_URL"
    );
    assert_eq!(chosen("STS", "default", None, &[]), "of-sts by config:14");
    assert_eq!(chosen("Cognito Identity", "default", None, &[]), "of-profile by config:3");
    assert_eq!(chosen("STS", "plain", None, &[]), "of-plain by config:6");
    assert_eq!(chosen("STS", "only-services", None, &[]), "of-sts by config:14");
    assert_eq!(chosen("STS", "including", None, &[]), "of-plain by config:6");
    assert_eq!(
        chosen("STS", "including-none", None, &[]),
        "profile `including-none` (config:23): its `include_profile` `gone` does not exist; correct the name, or add that profile"
    );
    assert_eq!(chosen("SSO", "only-services", None, &[]), "none");
    assert_eq!(chosen("STS", "missing", None, &[]), "none");
    assert_eq!(
        chosen("STS", "missing", None, &env[1..]),
        "of-all by the environment variable AWS_ENDPOINT_URL"
    );
}

#[test]
fn service_ids_become_names() {
    for (service_id, variable) in [
        ("STS", "AWS_ENDPOINT_URL_STS"),
        ("SSO OIDC", "AWS_ENDPOINT_URL_SSO_OIDC"),
        ("Cognito Identity", "AWS_ENDPOINT_URL_COGNITO_IDENTITY"),
        ("RolesAnywhere", "AWS_ENDPOINT_URL_ROLESANYWHERE"),
        ("a-b c", "AWS_ENDPOINT_URL_A_B_C"),
    ] {
        let found = chosen(service_id, "missing", None, &[(variable, "url")]);
        assert_eq!(found, format!("url by the environment variable {variable}"));
    }
    assert_eq!(chosen("SSO OIDC", "default", None, &[]), "of-oidc by config:16");
    assert_eq!(chosen("STS", "missing", None, &[("AWS_ENDPOINT_URL_SSO", "url")]), "none");
}

#[test]
fn blank_counts_as_unset() {
    let env = [("AWS_ENDPOINT_URL_STS", ""), ("AWS_ENDPOINT_URL", " \t")];
    assert_eq!(chosen("STS", "default", Some(" "), &env), "of-sts by config:14");
    assert_eq!(chosen("signin", "default", None, &[]), "of-profile by config:3");
    assert_eq!(
        chosen("STS", "plain", None, &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "")]),
        "of-plain by config:6"
    );
    assert_eq!(chosen("STS", "missing", Some(" url "), &[]), "url by code");
}

#[test]
fn all_but_code_can_be_ignored() {
    let ignore = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
    for value in ["true", "TRUE", " True "] {
        let env = [(ignore, value), ("AWS_ENDPOINT_URL_STS", "url"), ("AWS_ENDPOINT_URL", "url")];
        assert_eq!(chosen("STS", "default", None, &env), "none");
        assert_eq!(chosen("STS", "missing", None, &env), "none");
        assert_eq!(chosen("STS", "default", Some("of-code"), &env), "of-code by code");
    }
    assert_eq!(chosen("STS", "ignoring", None, &[]), "none");
    assert_eq!(chosen("STS", "ignoring", None, &[("AWS_ENDPOINT_URL", "url")]), "none");
    // The variable decides, where it is set.
    assert_eq!(chosen("STS", "ignoring", None, &[(ignore, "false")]), "of-ignoring by config:8");
    assert_eq!(chosen("STS", "plain", None, &[(ignore, "false")]), "of-plain by config:6");
}

#[test]
fn what_cannot_be_followed_is_an_error() {
    let read = |text: &str| Profiles::parse(Some(("config", text.as_bytes())), None).unwrap();
    let cases = [
        (
            "[default]\nservices = dev",
            "profile `default` (config:2): its `services` section `dev` does not exist; add `[services dev]` to the config file",
        ),
        (
            "[default]\nignore_configured_endpoint_urls = SECRET",
            "`ignore_configured_endpoint_urls` (config:2) is neither `true` nor `false`; write one of them",
        ),
        (
            "[default]\nendpoint_url = u\n services = SECRET",
            "profile `default` (config:2): the value of `endpoint_url` goes on",
        ),
        (
            "[default]\nservices = dev\n aws_secret_access_key = SECRET\n[services dev]",
            "profile `default` (config:2): the value of `services` goes on",
        ),
        (
            "[default]\nendpoint_url =\n a = SECRET",
            "profile `default` (config:2): the value of `endpoint_url` goes on",
        ),
    ];
    for (text, expected) in cases {
        let error = chosen_of(&read(text), "STS", "default", None, &[]);
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
    let env = [("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "SECRET")];
    assert_eq!(
        chosen("STS", "default", None, &env),
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is neither `true` nor `false`; set it to one of them"
    );
    // A section that nobody needs to look into may be missing.
    let missing = read("[default]\nservices = dev");
    assert_eq!(chosen_of(&missing, "STS", "default", Some("url"), &env), "url by code");
    let found = chosen_of(&missing, "STS", "default", None, &[("AWS_ENDPOINT_URL", "url")]);
    assert_eq!(found, "url by the environment variable AWS_ENDPOINT_URL");
}

#[test]
fn debug_shows_no_url() {
    let profiles =
        Profiles::parse(Some(("config", b"[default]\nendpoint_url = http://u:SECRET@h")), None).unwrap();
    let settings = EndpointSettings { code: None, env: &|_| None, profiles: &profiles, profile: "default" };
    let found: Result<_, EndpointOverrideError> = endpoint_override("STS", settings);
    assert_eq!(
        format!("{:?}", found.unwrap().unwrap()),
        "EndpointOverride { origin: File(Origin { file: \"config\", line: 2 }), .. }"
    );
}
