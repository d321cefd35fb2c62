//! Variables that go before keys of the selected profile.

use super::super::{PlanError, RoleVariables};
use super::{plan_a, profiles, shown};

/// The plan of the profile `A`, and what has no effect in it.
fn planned(lines: &str, variables: &[(&str, &str)]) -> Result<(String, Vec<String>), PlanError> {
    let get =
        |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let plan = RoleVariables::read(get).apply(plan_a(lines)?, &profiles(lines))?;
    let without_effect = plan.shadowed.iter().map(|shadowed| {
        format!(
            "{} {} {}",
            shadowed.profile,
            shadowed.key,
            shadowed.origin.to_string().replace(super::CONFIG, "")
        )
    });
    Ok((shown(&plan), without_effect.collect()))
}

const TAGS: (&str, &str) = ("AWS_SESSION_TAGS", "team=b, cost=42");
const KEYS: (&str, &str) = ("AWS_TRANSITIVE_TAGS", "team,,cost");
const IDENTITY: (&str, &str) = ("AWS_SOURCE_IDENTITY", "bob");

#[test]
fn they_are_for_the_role_of_the_selected_profile_alone() {
    let chain = "A role_arn=RA source_profile=B\nB role_arn=RB source_profile=C source_identity=alice\nC id=1 secret=2";
    let (plan, without_effect) = planned(chain, &[TAGS, KEYS, IDENTITY]).unwrap();
    assert_eq!(plan, "static(1 2) in C → RB(identity=alice) → RA(identity=bob team:b cost:42 +team +cost)");
    assert!(without_effect.is_empty(), "{without_effect:?}");
    let (plan, _) = planned(chain, &[]).unwrap();
    assert_eq!(plan, "static(1 2) in C → RB(identity=alice) → RA()");
    let one = "A role_arn=RA credential_source=Environment";
    assert_eq!(planned(one, &[IDENTITY]).unwrap().0, "Environment in A → RA(identity=bob)");
}

#[test]
fn they_go_before_the_keys_which_then_have_no_effect() {
    let lines =
        "A role_arn=RA source_profile=B session_tags=team=a,x=y transitive_session_tags=x\nB id=1 secret=2";
    let (plan, without_effect) = planned(lines, &[TAGS]).unwrap();
    assert_eq!(plan, "static(1 2) in B → RA(team:b cost:42 +x)");
    assert_eq!(without_effect, ["A session_tags :4"]);
}

#[test]
fn where_no_role_is_assumed_they_have_no_effect() {
    for lines in ["A id=1 secret=2", "A role_arn=RA web_identity_token_file=t"] {
        let (plan, without_effect) = planned(lines, &[TAGS, IDENTITY]).unwrap();
        assert_eq!(plan, planned(lines, &[]).unwrap().0);
        assert_eq!(
            without_effect,
            ["A session_tags AWS_SESSION_TAGS", "A source_identity AWS_SOURCE_IDENTITY"]
        );
    }
}

#[test]
fn what_is_no_tag_is_named_with_its_variable_and_not_shown() {
    let lines = "A role_arn=RA source_profile=B\nB id=1 secret=2";
    let error = planned(lines, &[("AWS_SESSION_TAGS", "team=a,SECRET")]).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(
            "profile `A` (AWS_SESSION_TAGS): `session_tags` has no key and `=` in its tag number 2"
        ),
        "{text}"
    );
    assert!(!format!("{text} {error:?}").contains("SECRET"), "{text}");
    let variables = RoleVariables::read(|name| Some(format!("SECRET of {name}")));
    assert_eq!(
        format!("{variables:?}"),
        r#"["AWS_SESSION_TAGS", "AWS_TRANSITIVE_TAGS", "AWS_SOURCE_IDENTITY"]"#
    );
}
