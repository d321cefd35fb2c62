//! What each error says: profile, place, what to do.

use super::super::{PlanError, plan};
use super::{CONFIG, plan_a, profiles};
use crate::config::profiles::Profiles;

#[test]
fn halves_and_contradictions() {
    let session = "sso-session:s sso_start_url=u sso_region=r";
    let keys = "`aws_access_key_id` and `aws_secret_access_key`";
    let half = |set: &str, missing: &str| {
        format!("`{set}` is set without {missing}; add {missing} or remove `{set}`")
    };
    let cases = [
        ("A id=1", 2, half("aws_access_key_id", "`aws_secret_access_key`")),
        ("A region=r secret=2", 3, half("aws_secret_access_key", "`aws_access_key_id`")),
        ("A id=1 secret=", 2, half("aws_access_key_id", "`aws_secret_access_key`")),
        ("A secret=2 aws_session_token=t", 2, half("aws_secret_access_key", "`aws_access_key_id`")),
        ("A aws_session_token=t", 2, half("aws_session_token", keys)),
        ("A aws_security_token=t", 2, half("aws_security_token", keys)),
        ("A web_identity_token_file=f", 2, half("web_identity_token_file", "`role_arn`")),
        ("A web_identity_token_file=f id=1 secret=2", 2, half("web_identity_token_file", "`role_arn`")),
        ("A source_profile=B\nB id=1 secret=2", 2, half("source_profile", "`role_arn`")),
        ("A region=r credential_source=Environment", 3, half("credential_source", "`role_arn`")),
        ("A role_arn=RA", 2, "`role_arn` has no source; add `source_profile` with a profile's name, or".to_owned()),
        ("A role_arn=RA id=1 secret=2", 2, "`role_arn` has no source;".to_owned()),
        ("A role_arn=RA credential_process=p", 2, "`role_arn` has no source;".to_owned()),
        (
            "A role_arn=RA source_profile=B credential_source=Environment\nB id=1 secret=2",
            4,
            "both `source_profile` and `credential_source` are set; remove one".to_owned(),
        ),
        (
            "A role_arn=RA credential_source=SECRET",
            3,
            "`credential_source` has a value we do not know; write `Environment`, `Ec2InstanceMetadata` or `EcsContainer`"
                .to_owned(),
        ),
        ("A sso_region=r", 2, half("sso_region", "`sso_start_url` and `sso_account_id` and `sso_role_name`")),
        ("A sso_start_url=u sso_region=r sso_account_id=1 id=1 secret=2", 2, half("sso_start_url", "`sso_role_name`")),
        ("A sso_session=s sso_account_id=1\nsso-session:s sso_start_url=u sso_region=r", 3, half("sso_account_id", "`sso_role_name`")),
        ("A sso_session=s sso_role_name=n\nsso-session:s sso_start_url=u sso_region=r", 3, half("sso_role_name", "`sso_account_id`")),
        ("A sso_session=s sso_account_id=1 sso_role_name=n", 2, "its `sso_session` `s` does not exist; add `[sso-session s]`".to_owned()),
        (
            "A sso_session=s sso_account_id=1 sso_role_name=n\nsso-session:s sso_region=r",
            2,
            "its `sso_session` (/home/dev/.aws/config:5) lacks `sso_start_url`; add `sso_start_url` there".to_owned(),
        ),
        (
            "A sso_session=s\nsso-session:s",
            2,
            "its `sso_session` (/home/dev/.aws/config:3) lacks `sso_start_url` and `sso_region`; add".to_owned(),
        ),
    ];
    for (lines, line, expected) in cases {
        let error = plan_a(lines).unwrap_err();
        let expected = format!("profile `A` ({CONFIG}:{line}): {expected}");
        assert!(error.to_string().starts_with(&expected), "{lines}\n {error}\n {expected}");
        assert!(!error.is_not_configured(false), "{lines}");
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
    }
    for (key, line) in [("sso_start_url", 5), ("sso_region", 6)] {
        let error = plan_a(&format!("A sso_session=s {key}=SECRET\n{session}")).unwrap_err().to_string();
        let expected = format!(
            "profile `A` ({CONFIG}:3): `{key}` differs from that of its `sso_session` ({CONFIG}:{line})"
        );
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn a_web_identity_honours_not_every_key_of_a_role() {
    for key in [
        "source_profile",
        "credential_source",
        "external_id",
        "mfa_serial",
        "mfa_process",
        "source_identity",
        "session_tags",
        "transitive_session_tags",
    ] {
        let error =
            plan_a(&format!("A role_arn=RA web_identity_token_file=f {key}=x")).unwrap_err().to_string();
        let expected =
            format!("profile `A` ({CONFIG}:4): `{key}` cannot go together with `web_identity_token_file`");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn errors_in_a_source_name_that_profile() {
    let a = "A role_arn=RA source_profile=B";
    let cases = [
        (
            "",
            "profile `A` (/home/dev/.aws/config:3): its `source_profile` `B` does not exist; correct the name, or add that profile (there are, among others: A)",
        ),
        (
            "B region=r",
            "profile `A` (/home/dev/.aws/config:3): its `source_profile` `B` (/home/dev/.aws/config:4) has no credentials; add access keys",
        ),
        (
            "B sso_session=s\nsso-session:s sso_start_url=u sso_region=r",
            "profile `A` (/home/dev/.aws/config:3): its `source_profile` `B` (/home/dev/.aws/config:4) has no credentials, as its `sso_session` alone gives bearer tokens; add `sso_account_id`",
        ),
        ("B id=1", "profile `B` (/home/dev/.aws/config:5): `aws_access_key_id` is set without"),
        (
            "B id=1 role_arn=RB source_profile=C\nC id=1 secret=2",
            "profile `B` (/home/dev/.aws/config:5): `aws_access_key_id` is set",
        ),
        ("B role_arn=RB", "profile `B` (/home/dev/.aws/config:5): `role_arn` has no source"),
        (
            "B source_profile=C\nC id=1 secret=2",
            "profile `B` (/home/dev/.aws/config:5): `source_profile` is set without `role_arn`",
        ),
        ("B credential_source=x", "profile `B` (/home/dev/.aws/config:5): `credential_source` has a value"),
        (
            "B role_arn=RB source_profile=C",
            "profile `B` (/home/dev/.aws/config:6): its `source_profile` `C` does not exist",
        ),
    ];
    for (b, expected) in cases {
        let error = plan_a(&format!("{a}\n{b}")).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{b}: {error}");
        assert!(matches!(error, PlanError::Invalid(_)), "{b}: {error}");
    }
}

#[test]
fn a_key_that_is_indented_by_mistake_is_found() {
    let cases: [(&str, &str, usize); 6] = [
        ("[default]\naws_access_key_id = 1\n  aws_secret_access_key = SECRET", "aws_access_key_id", 2),
        (
            "[default]\naws_access_key_id = 1\naws_secret_access_key = SECRET\n  region = r",
            "aws_secret_access_key",
            3,
        ),
        ("[default]\nregion = r\n  aws_access_key_id = 1\n  aws_secret_access_key = SECRET", "region", 2),
        ("[default]\nrole_arn =\n  source_profile = x", "role_arn", 2),
        ("[default]\ncredential_process =\n  /bin/x --secret=SECRET", "credential_process", 2),
        (
            "[default]\nsso_session = s\n[sso-session s]\nsso_start_url = u\n sso_region = r",
            "sso_start_url",
            4,
        ),
    ];
    for (text, key, line) in cases {
        let profiles = Profiles::parse(Some((CONFIG, text.as_bytes())), None).unwrap();
        let error = plan(&profiles, "default").unwrap_err();
        let expected =
            format!("profile `default` ({CONFIG}:{line}): the value of `{key}` goes on in indented lines");
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
    }
}

#[test]
fn a_profile_without_credentials_is_not_configured() {
    let error = plan_a("A region=r").unwrap_err();
    assert_eq!(
        error.to_string(),
        "profile `A` (/home/dev/.aws/config:1) has no credentials; add access keys, `role_arn` with `source_profile`, `sso_session`, `login_session` or `credential_process` to it"
    );
    let error = plan_a("A sso_session=s\nsso-session:s sso_start_url=u sso_region=r").unwrap_err();
    assert_eq!(
        error.to_string(),
        "profile `A` (/home/dev/.aws/config:1) has no credentials, as its `sso_session` alone gives bearer tokens; add `sso_account_id` and `sso_role_name` to it"
    );
}

#[test]
fn whether_a_missing_profile_is_a_failure_depends_on_who_named_it() {
    let error = plan(&profiles("B id=1 secret=2"), "default").unwrap_err();
    assert!(matches!(error, PlanError::NoSuchProfile { .. }), "{error}");
    assert!(error.is_not_configured(false) && !error.is_not_configured(true));
}

#[test]
fn a_missing_profile_comes_with_those_that_exist() {
    let error = plan(&profiles("other\nprod-eu\nPROD-us\nqa\ndev"), "prod-uk").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no profile `prod-uk` in /home/dev/.aws/config; name one that exists, or add it (there are, among others: PROD-us, prod-eu, dev, other, qa)"
    );
    let lines: Vec<String> = (10..40).map(|number| format!("p{number}")).collect();
    let PlanError::NoSuchProfile { known, .. } = plan(&profiles(&lines.join("\n")), "p3x").unwrap_err()
    else {
        panic!("another error");
    };
    assert_eq!(known, ["p30", "p31", "p32", "p33", "p34", "p35", "p36", "p37", "p38", "p39"]);
}

#[test]
fn a_missing_profile_in_no_file() {
    let none = Profiles::parse(None, None).unwrap();
    assert_eq!(
        plan(&none, "a\u{1b}[2Jb").unwrap_err().to_string(),
        "there is no profile `a [2Jb`: neither the config file nor the credentials file exists; name one that exists, or add it"
    );
}

#[test]
fn a_missing_profile_in_a_section_that_is_skipped() {
    let config = b"[dev]\nregion = r\n[profile A]\nrole_arn = R\nsource_profile = ops";
    let credentials = b"[profile ops]\naws_access_key_id = 1";
    let profiles = Profiles::parse(Some(("config", config)), Some(("credentials", credentials))).unwrap();
    assert_eq!(
        plan(&profiles, "dev").unwrap_err().to_string(),
        "there is no profile `dev` in config or credentials; config:1: section `[dev]` is skipped; in the config file profiles are written `[profile NAME]`"
    );
    assert_eq!(
        plan(&profiles, "A").unwrap_err().to_string(),
        "profile `A` (config:5): its `source_profile` `ops` does not exist; credentials:1: section `[profile ops]` is skipped; in the credentials file a profile is written `[ops]`"
    );
}
