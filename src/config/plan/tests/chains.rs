//! The walk from profile to profile.

use super::super::MAX_ROLES;
use super::{assert_plans, plan_a, shown};

#[test]
fn a_role_over_another_profile() {
    assert_plans(&[
        ("A role_arn=RA source_profile=B\nB id=1 secret=2", "static(1 2) in B → RA()"),
        (
            "A role_arn=RA source_profile=B\nB role_arn=RB source_profile=C\nC id=1 secret=2",
            "static(1 2) in C → RB() → RA()",
        ),
        // The keys of the first profile never count beside a role and its source.
        ("A role_arn=RA source_profile=B id=bug secret=bug\nB id=1 secret=2", "static(1 2) in B → RA()"),
    ]);
}

#[test]
fn a_source_may_be_of_any_kind() {
    for (source, base) in [
        ("id=1 secret=2 aws_session_token=t", "static(1 2 token=t)"),
        ("credential_process=p", "process(p)"),
        ("login_session=l", "login(l)"),
        ("role_arn=RB web_identity_token_file=f", "web(RB f)"),
        ("sso_start_url=u sso_region=r sso_account_id=1 sso_role_name=n", "sso(u r 1 n)"),
        ("credential_source=EcsContainer", "EcsContainer"),
        ("credential_source=Environment credential_process=p", "Environment"),
    ] {
        let lines = format!("A role_arn=RA source_profile=B\nB {source}");
        assert_plans(&[(&lines, &format!("{base} in B → RA()"))]);
    }
    assert_plans(&[(
        "A role_arn=RA source_profile=B\nB role_arn=RB credential_source=Ec2InstanceMetadata",
        "Ec2InstanceMetadata in B → RB() → RA()",
    )]);
}

#[test]
fn access_keys_of_a_source_end_the_walk() {
    assert_plans(&[
        (
            "A role_arn=RA source_profile=B id=bug secret=bug\nB role_arn=RB source_profile=C id=1 secret=2\nC id=bug secret=bug",
            "static(1 2) in B → RA()",
        ),
        (
            "A role_arn=RA source_profile=B\nB role_arn=RB source_profile=A id=1 secret=2",
            "static(1 2) in B → RA()",
        ),
        (
            "A role_arn=RA source_profile=B\nB role_arn=RB source_profile=missing id=1 secret=2",
            "static(1 2) in B → RA()",
        ),
        (
            "A role_arn=RA source_profile=B\nB role_arn=RB web_identity_token_file=f id=1 secret=2",
            "static(1 2) in B → RA()",
        ),
        ("A role_arn=RA source_profile=B\nB credential_process=p id=1 secret=2", "static(1 2) in B → RA()"),
    ]);
}

#[test]
fn a_profile_may_name_itself_if_it_has_access_keys() {
    assert_plans(&[
        ("A role_arn=RA source_profile=A id=1 secret=2", "static(1 2) in A → RA()"),
        ("A role_arn=RA source_profile=A id=1 secret=2 credential_process=p", "static(1 2) in A → RA()"),
        (
            "A role_arn=RA source_profile=B\nB role_arn=RB source_profile=B id=1 secret=2",
            "static(1 2) in B → RA()",
        ),
    ]);
}

#[test]
fn a_role_carries_all_its_keys() {
    assert_plans(&[(
        "A role_arn=RA source_profile=B external_id=x role_session_name=n duration_seconds=43200 mfa_serial=m \
         mfa_process=p source_identity=i session_tags=k=v,l= transitive_session_tags=k,t region=r\nB id=1 secret=2 region=other",
        "static(1 2) in B → RA(external_id=x name=n duration=43200 mfa=m code=p identity=i k:v l: +k +t region=r)",
    )]);
    let plan =
        plan_a("A role_arn=RA source_profile=B\nB role_arn=RB source_profile=C region=r\nC id=1 secret=2")
            .unwrap();
    assert_eq!(shown(&plan), "static(1 2) in C → RB(region=r) → RA()");
    assert_eq!(plan.roles.iter().map(|role| role.profile.as_str()).collect::<Vec<_>>(), ["B", "A"]);
    assert_eq!(plan.roles[0].role_arn.origin().to_string(), "/home/dev/.aws/config:5");
}

#[test]
fn which_roles_are_chained() {
    let cases: [(&str, &[bool]); 9] = [
        ("A role_arn=RA source_profile=B\nB id=1 secret=2", &[false]),
        ("A role_arn=RA source_profile=B\nB credential_process=p", &[false]),
        ("A role_arn=RA source_profile=B\nB login_session=l", &[false]),
        ("A role_arn=RA credential_source=Environment", &[false]),
        ("A role_arn=RA credential_source=EcsContainer", &[true]),
        ("A role_arn=RA credential_source=Ec2InstanceMetadata", &[true]),
        ("A role_arn=RA source_profile=B\nB role_arn=RB web_identity_token_file=f", &[true]),
        (
            "A role_arn=RA source_profile=B\nB sso_start_url=u sso_region=r sso_account_id=1 sso_role_name=n",
            &[true],
        ),
        ("A role_arn=RA source_profile=B\nB role_arn=RB source_profile=C\nC id=1 secret=2", &[false, true]),
    ];
    for (lines, expected) in cases {
        let plan = plan_a(lines).unwrap();
        assert_eq!(plan.roles.iter().map(|role| role.chained).collect::<Vec<_>>(), expected, "{lines}");
    }
}

#[test]
fn an_hour_is_the_limit_on_a_chained_role() {
    let chained = |duration: &str| {
        plan_a(&format!(
            "A role_arn=RA source_profile=B duration_seconds={duration}\nB role_arn=RB credential_source=Environment duration_seconds=7200"
        ))
    };
    assert!(chained("3600").is_ok());
    let error = chained("3601").unwrap_err().to_string();
    assert!(
        error.starts_with("profile `A` (/home/dev/.aws/config:4): `duration_seconds` is more than an hour"),
        "{error}"
    );
}

/// Profiles `A`, `P1`, `P2` … with a role each, and keys in the last one.
fn chain_of(roles: usize, end: &str) -> String {
    let mut lines = vec!["A role_arn=R source_profile=P1".to_owned()];
    lines.extend((1..roles).map(|number| format!("P{number} role_arn=R source_profile=P{}", number + 1)));
    lines.push(format!("P{roles} {end}"));
    lines.join("\n")
}

#[test]
fn long_chains() {
    let longest = plan_a(&chain_of(MAX_ROLES, "id=1 secret=2")).unwrap();
    assert_eq!((longest.roles.len(), longest.base_profile.as_str()), (32, "P32"));
    let error = plan_a(&chain_of(MAX_ROLES + 1, "id=1 secret=2")).unwrap_err().to_string();
    assert!(
        error.starts_with("profile `A` (/home/dev/.aws/config:1): its chain has 33 roles, from `A` to `P32`, and 32 is the limit"),
        "{error}"
    );
    // Far longer than any stack would bear.
    let error = plan_a(&chain_of(100_000, "id=1 secret=2")).unwrap_err().to_string();
    assert!(error.contains("100000 roles, from `A` to `P99999`"), "{error}");
}

#[test]
fn loops_name_the_way_round() {
    let cases = [
        ("A role_arn=RA source_profile=A".to_owned(), "it names itself as its source and has no access keys"),
        (
            "A role_arn=RA source_profile=A credential_process=p".to_owned(),
            "it names itself as its source and has no",
        ),
        (
            "A role_arn=RA source_profile=B\nB role_arn=RB source_profile=A".to_owned(),
            "in a loop (A → B → A)",
        ),
        // Keys of the first profile never count, not even when the walk comes back to it.
        (
            "A role_arn=RA source_profile=B id=bug secret=bug\nB role_arn=RB source_profile=A".to_owned(),
            "profile `B` (/home/dev/.aws/config:8): the source profiles go round in a loop (A → B → A); let",
        ),
        (
            "A role_arn=R source_profile=B\nB role_arn=R source_profile=C\nC role_arn=R source_profile=B"
                .to_owned(),
            "in a loop (A → B → C → B)",
        ),
        (
            chain_of(14, "role_arn=R source_profile=A"),
            "(A → P1 → P2 → P3 → P4 → P5 → P6 → P7 → P8 → P9 → P10 → P11 → P12 → P13 → P14 → A)",
        ),
        (
            chain_of(100_000, "role_arn=R source_profile=A"),
            "(A → P1 → P2 → P3 → P4 → P5 → P6 → P7 → … → P99994 → P99995 → P99996 → P99997 → P99998 → P99999 → P100000 → A)",
        ),
    ];
    for (lines, expected) in cases {
        let error = plan_a(&lines).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.is_not_configured(false));
    }
}
