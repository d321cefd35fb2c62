use super::*;

const ARN: &str = "arn:aws:iam::222222222222:role/admin";
const HOUR: Duration = Duration::from_secs(3600);
const QUARTER: Duration = Duration::from_secs(900);
const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

fn plain() -> Role {
    Role::builder(ARN).build().unwrap()
}

/// One of each, pinned.
fn pinned() -> Role {
    Role::builder(ARN)
        .session_name("nightly")
        .external_id("x-42")
        .duration(QUARTER * 2)
        .policy(policy())
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .tag("Team", "reports")
        .transitive_tag_key("reason")
        .source_identity("alice")
        .provided_context("arn:aws:iam::aws:contextProvider/IdentityCenter", "asserted")
        .build()
        .unwrap()
}

fn policy() -> SessionPolicy {
    SessionPolicy::from_json(NOTHING).unwrap()
}

fn refused(role: &Role, grant: &Grant) -> String {
    let Flaw { what, remedy } = grant.applied_to(role).unwrap_err();
    format!("{what}; {remedy}")
}

#[test]
fn a_grant_adds_to_the_role() {
    let grant = Grant::new("INC-4711")
        .source_identity("alice")
        .session_name("alice-4711")
        .tag("approved-by", "bob")
        .duration(QUARTER)
        .policy(policy());
    let granted = grant.applied_to(&plain()).unwrap();
    let tags: Vec<_> = granted.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(tags, [("approved-by", "bob"), ("reason", "INC-4711")]);
    assert_eq!(
        (granted.source_identity(), granted.session_name(), granted.duration(), granted.policy()),
        (Some("alice"), Some("alice-4711"), Some(QUARTER), Some(&policy()))
    );
}

#[test]
fn what_the_role_pins_stays() {
    let role = pinned();
    // The same once more is no contradiction.
    let grant = Grant::new("r").source_identity("alice").session_name("nightly").tag("team", "reports");
    let granted = grant.duration(QUARTER * 2).applied_to(&role).unwrap();
    assert_eq!(granted, role.to_builder().tag("reason", "r").build().unwrap());
    for (grant, says) in [
        (Grant::new("r").source_identity("mallory"), "the source identity is another than the role's"),
        (Grant::new("r").session_name("daily"), "the session name is another than the role's"),
        (Grant::new("r").tag("TEAM", "other"), "the tag `TEAM` is another than the role's"),
        (Grant::new("r").duration(HOUR), "the duration, 3600 s, is more than the 1800 s of the role"),
        (
            Grant::new("r").policy(policy()),
            "it has a session policy already, and another one could let it do more",
        ),
        (Grant::new("r").tag("reason", "other"), "the tags `reason` and `reason` have the same key"),
        (Grant::new("r").tag("Reason", "other"), "have the same key"),
    ] {
        let error = refused(&role, &grant);
        assert!(error.contains(says), "{says}: {error}");
        assert!(!error.contains("mallory") && !error.contains("x-42"), "{error}");
    }
    let by_arn = Role::builder(ARN).policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess").build().unwrap();
    assert!(
        refused(&by_arn, &Grant::new("r").policy(policy()))
            .contains("it has managed session policies already")
    );
}

#[test]
fn a_grant_keeps_to_the_limits_of_sts() {
    for (grant, says) in [
        (Grant::new(""), "the reason is empty"),
        (Grant::new(" \n\t"), "the reason is empty"),
        (Grant::new("x".repeat(1025)), "the reason has 1025 characters; write up to 1024"),
        (Grant::new("r").source_identity("a b"), "the source identity has a character that is not allowed"),
        (Grant::new("r").session_name("x"), "the session name has 1 character"),
        (Grant::new("r").tag("", "v"), "the key of a tag is empty"),
        (Grant::new("r").tag("k", "a;b"), "the value of the tag `k` has a character that is not allowed"),
        (Grant::new("r").tag("aws:k", "v"), "begins with `aws:`"),
        (Grant::new("r").tag("k", "v").tag("K", "w"), "have the same key"),
        (Grant::new("r").duration(Duration::from_secs(60)), "the duration, 60 s, is less than 900 s"),
        (Grant::new("r").duration(HOUR + Duration::from_secs(1)), "more than the 3600 s of the role"),
    ] {
        let error = refused(&plain(), &grant);
        assert!(error.contains(says), "{says}: {error}");
    }
    let mut many = Grant::new("r");
    for number in 0..50 {
        many = many.tag(format!("k{number}"), "v");
    }
    assert!(refused(&plain(), &many).contains("there are 51 tags"));
}

#[test]
fn a_reason_is_written_as_a_tag_can_hold_it() {
    for (reason, tag) in [
        ("  INC-4711 fix it  ", "INC-4711 fix it"),
        ("quick, \"now\"!\nZürich #3", "quick_ _now___Zürich _3"),
        ("aws:admin", "aws_admin"),
        ("AWS:admin", "AWS_admin"),
        ("ärger:x", "ärger:x"),
        ("äws", "äws"),
        (&"x".repeat(300), &"x".repeat(256)),
    ] {
        assert_eq!(Grant::new(reason).reason_as_tag().ok().as_deref(), Some(tag));
        assert!(Grant::new(reason).applied_to(&plain()).is_ok());
    }
    assert_eq!(Grant::new(" a\u{1b}[31m\nb ").reason(), "a [31m b");
}

#[test]
fn a_role_with_a_reason_of_its_own_is_no_role_for_a_gate() {
    let role = Role::builder(ARN).tag("Reason", "mine").build().unwrap();
    let Flaw { what, .. } = Grant::has_room_in(&role).unwrap_err();
    assert!(what.contains("has a tag `reason` itself"), "{what}");
    assert!(Grant::has_room_in(&pinned()).is_ok());
}
