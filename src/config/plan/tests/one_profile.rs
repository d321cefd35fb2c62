//! What one profile says, and what comes first where it says several things.

use super::super::PlanError;
use super::{assert_plans, plan_a, shown};
use crate::config::profiles::Profiles;

#[test]
fn each_kind_of_base() {
    assert_plans(&[
        ("A id=1 secret=2", "static(1 2) in A"),
        ("A id=1 secret=2 aws_session_token=t aws_account_id=9", "static(1 2 token=t account=9) in A"),
        ("A id=1 secret=2 aws_security_token=t", "static(1 2 token=t) in A"),
        ("A id=1 secret=2 aws_security_token=t aws_session_token=u", "static(1 2 token=u) in A"),
        ("A id=1 secret=2 aws_session_token= aws_security_token=t", "static(1 2 token=t) in A"),
        ("A credential_process=p", "process(p) in A"),
        ("A credential_process=p aws_account_id=9", "process(p account=9) in A"),
        ("A login_session=arn", "login(arn) in A"),
        ("A login_session=arn region=r", "login(arn region=r) in A"),
        ("A role_arn=RA web_identity_token_file=f", "web(RA f) in A"),
        (
            "A role_arn=RA web_identity_token_file=f role_session_name=n duration_seconds=7200 region=r",
            "web(RA f session=n duration=7200 region=r) in A",
        ),
        ("A sso_start_url=u sso_region=r sso_account_id=1 sso_role_name=n", "sso(u r 1 n) in A"),
        (
            "A sso_session=s sso_account_id=1 sso_role_name=n\nsso-session:s sso_start_url=u sso_region=r",
            "sso(u r 1 n session=s) in A",
        ),
        // The same values once more are no contradiction.
        (
            "A sso_session=s sso_account_id=1 sso_role_name=n sso_start_url=u sso_region=r\nsso-session:s sso_start_url=u sso_region=r",
            "sso(u r 1 n session=s) in A",
        ),
    ]);
}

#[test]
fn what_comes_first_in_one_profile() {
    let all = [
        ("web_identity_token_file=f", "web(RA f) in A"),
        ("sso_start_url=u sso_region=r sso_account_id=1 sso_role_name=n", "sso(u r 1 n) in A"),
        ("login_session=l", "login(l) in A"),
        ("credential_process=p", "process(p) in A"),
        ("id=1 secret=2", "static(1 2) in A"),
    ];
    for first in 0..all.len() {
        let rest: Vec<&str> = all[first..].iter().map(|(keys, _)| *keys).collect();
        let role = if first == 0 { "role_arn=RA" } else { "" };
        assert_plans(&[(&format!("A {role} {}", rest.join(" ")), all[first].1)]);
        let turned: Vec<&str> = rest.into_iter().rev().collect();
        assert_plans(&[(&format!("A {} {role}", turned.join(" ")), all[first].1)]);
    }
}

#[test]
fn a_role_comes_before_all_other_bases_of_its_profile() {
    for other in ["login_session=l", "credential_process=p", "id=1 secret=2", "id=1", "sso_session=missing"] {
        assert_plans(&[
            (&format!("A role_arn=RA credential_source=Environment {other}"), "Environment in A → RA()"),
            (&format!("A role_arn=RA source_profile=B {other}\nB id=3 secret=4"), "static(3 4) in B → RA()"),
        ]);
    }
}

#[test]
fn credential_sources_in_any_case() {
    for (text, name) in [
        ("Environment", "Environment"),
        ("Ec2InstanceMetadata", "Ec2InstanceMetadata"),
        ("EcsContainer", "EcsContainer"),
        ("ec2instancemetadata", "Ec2InstanceMetadata"),
    ] {
        assert_plans(&[(&format!("A role_arn=RA credential_source={text}"), &format!("{name} in A → RA()"))]);
    }
}

#[test]
fn blank_counts_as_unset() {
    assert_plans(&[
        ("A role_arn= source_profile= credential_process= id=1 secret=2", "static(1 2) in A"),
        ("A role_arn=RA source_profile= credential_source=Environment", "Environment in A → RA()"),
        (
            "A role_arn=RA source_profile=B web_identity_token_file=\nB id=1 secret=2",
            "static(1 2) in B → RA()",
        ),
        ("A sso_session= sso_start_url= login_session=l", "login(l) in A"),
    ]);
}

#[test]
fn other_settings_are_no_credentials() {
    for keys in
        ["", "region=r output=json", "id= secret=", "mfa_serial=m duration_seconds=3600", "aws_account_id=1"]
    {
        let error = plan_a(&format!("A {keys}")).unwrap_err();
        assert!(
            matches!(error, PlanError::NotConfigured { only_bearer_token: false, .. }),
            "{keys}: {error}"
        );
        assert!(error.is_not_configured(true));
    }
}

#[test]
fn a_session_without_account_and_role_is_for_bearer_tokens() {
    let session = "sso-session:s sso_start_url=u sso_region=r";
    let error = plan_a(&format!("A sso_session=s\n{session}")).unwrap_err();
    assert!(matches!(error, PlanError::NotConfigured { only_bearer_token: true, .. }), "{error}");
    assert_plans(&[(&format!("A sso_session=s credential_process=p\n{session}"), "process(p) in A")]);
}

#[test]
fn keys_without_effect_are_listed() {
    let cases = [
        ("A id=1 secret=2", ""),
        ("A id=1 secret=2 aws_security_token=t", ""),
        ("A id=1 secret=2 aws_session_token=t aws_security_token=u", "A aws_security_token"),
        ("A id=1 secret=2 mfa_serial=m", "A mfa_serial"),
        ("A role_arn=RA credential_source=Environment mfa_serial=m mfa_process=p", ""),
        ("A role_arn=RA credential_source=Environment mfa_process=p", "A mfa_process"),
        ("A id=1 secret=2 source_profile=B", "A source_profile"),
        ("A id=1 secret=2 region=r output=json s3=", ""),
        (
            "A credential_process=p id=1 secret=2 aws_account_id=9",
            "A aws_access_key_id, A aws_secret_access_key",
        ),
        (
            "A role_arn=RA source_profile=B id=1\nB id=1 secret=2 external_id=x",
            "A aws_access_key_id, B external_id",
        ),
        ("A role_arn=RA source_profile=A id=1 secret=2 login_session=l", "A login_session"),
        (
            "A role_arn=RA source_profile=B\nB id=1 secret=2 role_arn=RB source_profile=C",
            "B role_arn, B source_profile",
        ),
        ("A role_arn=RA credential_source=Environment sso_session=s", "A sso_session"),
        ("A login_session=l sso_session=s\nsso-session:s sso_start_url=u sso_region=r", "A sso_session"),
    ];
    for (lines, expected) in cases {
        let plan = plan_a(lines).unwrap();
        let shadowed: Vec<String> =
            plan.shadowed.iter().map(|shadowed| format!("{} {}", shadowed.profile, shadowed.key)).collect();
        assert_eq!(shadowed.join(", "), expected, "{lines}");
    }
}

#[test]
fn keys_may_come_from_both_files() {
    let config = b"[profile A]\naws_access_key_id = 1\nregion = r";
    let credentials = b"[A]\naws_secret_access_key = 2";
    let profiles = Profiles::parse(Some(("config", config)), Some(("credentials", credentials))).unwrap();
    let plan = super::plan(&profiles, "A").unwrap();
    assert_eq!(shown(&plan), "static(1 2) in A");
}

#[test]
fn a_command_may_have_several_lines() {
    let config = b"[profile A]\ncredential_process = p\n --x";
    let profiles = Profiles::parse(Some(("config", config)), None).unwrap();
    assert_eq!(shown(&super::plan(&profiles, "A").unwrap()), "process(p\n--x) in A");
}

#[test]
fn debug_shows_no_values() {
    let lines = [
        "A id=SECRET secret=SECRET aws_session_token=SECRET",
        "A role_arn=SECRET source_profile=B external_id=SECRET\nB credential_process=SECRET",
        "A sso_start_url=SECRET sso_region=SECRET sso_account_id=SECRET sso_role_name=SECRET",
        "A role_arn=SECRET web_identity_token_file=SECRET",
        "A login_session=SECRET",
    ];
    for line in lines {
        let debug = format!("{:?}", plan_a(line).unwrap());
        assert!(debug.contains("REDACTED /home/dev/.aws/config:2") && !debug.contains("SECRET"), "{debug}");
    }
}
