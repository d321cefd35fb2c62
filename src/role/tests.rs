//! What STS would refuse is refused here, with a text that helps and shows no value that could be a secret.

mod from_files;
mod limits;
mod properties;

use super::*;

const ARN: &str = "arn:aws:iam::123456789012:role/team/reports";

fn role() -> RoleBuilder {
    Role::builder(ARN)
}

/// The error as a reader sees it. Whatever fails here is permanent, and a matter of the configuration.
fn refused<T: fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(&error, Error::Failed(failure) if failure.kind() == FailureKind::Misconfigured));
    let text = error.to_string();
    assert!(text.starts_with("role: ") && !text.contains("CANARY"), "{text}");
    text
}

#[test]
fn an_arn_has_parts() {
    for (arn, partition, name) in [
        ("arn:aws:iam::123456789012:role/a", "aws", "a"),
        ("arn:aws-us-gov:iam::123456789012:role/team/b+=,.@-_9", "aws-us-gov", "b+=,.@-_9"),
        ("arn:aws-new-1:iam::123456789012:role/a:b//c", "aws-new-1", "c"),
    ] {
        let read = RoleArn::new(arn).unwrap();
        assert_eq!((read.partition(), read.account_id(), read.name()), (partition, "123456789012", name));
        assert_eq!((read.as_str(), read.as_ref(), read.to_string()), (arn, arn, arn.to_owned()));
        assert_eq!(Role::builder(read).build().unwrap().arn().as_str(), arn);
    }
    let deepest = format!("arn:aws:iam::123456789012:role/{}/{}", "p".repeat(510), "n".repeat(64));
    assert!(RoleArn::new(deepest).is_ok());
}

#[test]
fn what_is_no_arn_of_a_role_says_why() {
    for (arn, why) in [
        ("", "the role's ARN is no ARN"),
        ("CANARY", "the role's ARN is no ARN"),
        ("CANARY:aws:iam::123456789012:role/a", "ARN does not begin with `arn:`"),
        ("arn:aws:iam::123456789012", "arn:aws:iam::123456789012 is no ARN"),
        ("arn::iam::123456789012:role/a", "no partition"),
        ("arn:AWS:iam::123456789012:role/a", "no partition"),
        ("arn:9aws:iam::123456789012:role/a", "no partition"),
        ("arn:aws:s3:::bucket", "is not one of IAM"),
        ("arn:aws:sts::123456789012:assumed-role/a/session", "is that of a session"),
        ("arn:aws:iam:eu-west-1:123456789012:role/a", "has a region"),
        ("arn:aws:iam::12345678901:role/a", "no account of twelve digits"),
        ("arn:aws:iam::12345678901x:role/a", "no account of twelve digits"),
        ("arn:aws:iam::123456789012:user/a", "names no role"),
        ("arn:aws:iam::123456789012:role", "names no role"),
        ("arn:aws:iam::123456789012:role/", "ends in no role's name"),
        ("arn:aws:iam::123456789012:role/path/", "ends in no role's name"),
        ("arn:aws:iam::123456789012:role/a b", "ends in no role's name"),
        ("arn:aws:iam::123456789012:role/ä", "ends in no role's name"),
        ("arn:aws:iam::123456789012:role/a b/c", "path that is too long, or holds blanks"),
    ] {
        for error in [refused(RoleArn::new(arn)), refused(Role::builder(arn).build())] {
            assert!(error.contains(why), "{arn}\n{error}");
            assert!(error.ends_with("write it like arn:aws:iam::123456789012:role/path/name"), "{error}");
        }
    }
    for (arn, why) in [
        (format!("arn:aws:iam::123456789012:role/{}", "n".repeat(65)), "ends in no role's name"),
        (format!("arn:aws:iam::123456789012:role/{}/n", "p".repeat(511)), "path that is too long"),
        (format!("arn:aws:iam::123456789012:role/{}/n", "p".repeat(2048)), "more than 2048 characters"),
    ] {
        let error = refused(RoleArn::new(arn));
        assert!(error.contains(why) && error.len() < 400, "{error}");
    }
}

#[test]
fn a_role_tells_what_it_was_given() {
    let policy = SessionPolicy::from_json("{ }").unwrap();
    let role = role()
        .session_name("nightly")
        .external_id("x-42:/")
        .duration(Duration::from_secs(900))
        .policy(policy.clone())
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .tag("team", "reports")
        .transitive_tag("Cost", "")
        .transitive_tag_key("inherited")
        .source_identity("alice")
        .provided_context("arn:aws:iam::aws:contextProvider/IdentityCenter", "CANARY-assertion")
        .build()
        .unwrap();
    assert_eq!(role.arn().as_str(), ARN);
    assert_eq!(role.session_name(), Some("nightly"));
    assert_eq!(role.external_id(), Some("x-42:/"));
    assert_eq!(role.duration(), Some(Duration::from_secs(900)));
    assert_eq!(role.policy(), Some(&policy));
    assert_eq!(role.policy_arns(), ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    let tags: Vec<_> = role.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(tags, [("Cost", ""), ("team", "reports")]);
    assert_eq!(role.transitive_tag_keys(), ["Cost", "inherited"]);
    assert_eq!(role.source_identity(), Some("alice"));
    let contexts: Vec<_> =
        role.provided_contexts().map(|(arn, assertion)| (arn, assertion.expose_secret())).collect();
    assert_eq!(contexts, [("arn:aws:iam::aws:contextProvider/IdentityCenter", "CANARY-assertion")]);
}

#[test]
fn a_transitive_key_counts_once_whatever_its_case() {
    let role = role().transitive_tag("Team", "a").transitive_tag_key("team").transitive_tag_key("Team");
    let role = role.transitive_tag_key("teams").build().unwrap();
    assert_eq!(role.transitive_tag_keys(), ["Team", "teams"]);
}

#[test]
fn debug_hides_what_may_be_confidential() {
    let builder = role().external_id("CANARY-1").provided_context("arn:aws:iam::aws:x/y", "CANARY-2");
    let shown = format!("{builder:?} {:?}", Role::builder("CANARY-3"));
    let role = builder.build().unwrap();
    let shown = format!("{shown} {role:?}");
    assert!(!shown.contains("CANARY") && shown.matches(ARN).count() == 2, "{shown}");
    assert!(shown.contains("external_id: Some(\"[REDACTED]\")"), "{shown}");
}

#[test]
fn equal_roles_ask_for_the_same_session() {
    fn hash(role: &Role) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        role.hash(&mut hasher);
        hasher.finish()
    }
    let policies = ["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"];
    let assertion = |text: &str| {
        role()
            .policy_arn(policies[0])
            .policy_arn(policies[1])
            .tag("a", "1")
            .tag("b", "2")
            .provided_context("arn:aws:iam::aws:x/y", text)
    };
    let there = assertion("same").transitive_tag_key("a").transitive_tag_key("b").build().unwrap();
    let back = role()
        .policy_arn(policies[1])
        .policy_arn(policies[0])
        .policy_arn(policies[1])
        .transitive_tag("b", "2")
        .transitive_tag("a", "1")
        .transitive_tag_key("a")
        .provided_context("arn:aws:iam::aws:x/y", "same")
        .build()
        .unwrap();
    assert_eq!(there, back);
    assert_eq!(hash(&there), hash(&back));
    for other in [
        assertion("same").build(),
        assertion("other").transitive_tag_key("a").transitive_tag_key("b").build(),
        assertion("same").transitive_tag_key("a").transitive_tag_key("b").external_id("x-42").build(),
    ] {
        let other = other.unwrap();
        assert!(other != there && hash(&other) != hash(&there), "{other:?}");
    }
}

#[test]
fn roles_whose_hashes_are_equal_are_told_apart() {
    let of_seven = |role: RoleBuilder| {
        let request = Arc::into_inner(role.build().unwrap().0).unwrap().request;
        Role(Arc::new(Parts { hash: 7, request }))
    };
    let [a, b] = ["aa", "bb"].map(|tenant| of_seven(role().external_id(tenant)));
    assert_ne!(a, b);
    assert_eq!(a, of_seven(role().external_id("aa")));
    let mut sessions = std::collections::HashMap::from([(a.clone(), 1), (b.clone(), 2)]);
    assert_eq!((sessions.remove(&b), sessions.remove(&a), sessions.len()), (Some(2), Some(1), 0));
}
