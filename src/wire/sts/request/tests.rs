//! Forms are decoded again, and compared with what they were made of.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, proptest};

use super::*;

const ARN: &str = "arn:aws:iam::123456789012:role/team/reports";

fn decoded(body: &SecretString) -> Vec<(String, String)> {
    form_urlencoded::parse(body.expose_secret().as_bytes()).into_owned().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_role_without_more_needs_four_fields() {
    let role = Role::builder(ARN).build().unwrap();
    let body = AssumeRole { role: &role, made_up_session_name: "made-up", mfa: None }.body();
    assert_eq!(
        body.expose_secret(),
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fteam%2Freports\
         &RoleSessionName=made-up"
    );
}

#[test]
fn everything_that_a_role_has_goes_into_the_form() {
    let role = Role::builder(ARN)
        .session_name("nightly")
        .external_id("x-42")
        .duration(Duration::from_secs(900))
        .policy(SessionPolicy::from_json(r#"{ "a": "b & c=+%" }"#).unwrap())
        .policy_arn("arn:aws:iam::aws:policy/A")
        .policy_arn("arn:aws:iam::aws:policy/B")
        .transitive_tag("team", "a b+ü")
        .tag("cost", "")
        .source_identity("alice")
        .provided_context("arn:aws:iam::aws:contextProvider/IdentityCenter", "signed")
        .build()
        .unwrap();
    let serial = "arn:aws:iam::123456789012:mfa/alice";
    let mfa = Mfa::new(serial, "012345".into()).ok().unwrap();
    let body = AssumeRole { role: &role, made_up_session_name: "made-up", mfa: Some(&mfa) }.body();
    let expected = [
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", ARN),
        ("RoleSessionName", "nightly"),
        ("DurationSeconds", "900"),
        ("Policy", r#"{"a":"b & c=+%"}"#),
        ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/A"),
        ("PolicyArns.member.2.arn", "arn:aws:iam::aws:policy/B"),
        ("ExternalId", "x-42"),
        ("Tags.member.1.Key", "cost"),
        ("Tags.member.1.Value", ""),
        ("Tags.member.2.Key", "team"),
        ("Tags.member.2.Value", "a b+ü"),
        ("TransitiveTagKeys.member.1", "team"),
        ("SourceIdentity", "alice"),
        ("ProvidedContexts.member.1.ProviderArn", "arn:aws:iam::aws:contextProvider/IdentityCenter"),
        ("ProvidedContexts.member.1.ContextAssertion", "signed"),
        ("SerialNumber", serial),
        ("TokenCode", "012345"),
    ];
    assert_eq!(decoded(&body), pairs(&expected));
}

#[test]
fn a_web_identity_travels_in_the_body() {
    let role = Role::builder(ARN)
        .duration(Duration::from_secs(3600))
        .policy(SessionPolicy::from_json("{}").unwrap())
        .policy_arn("arn:aws:iam::aws:policy/A")
        .build()
        .unwrap();
    let token = SecretString::from("CANARY.e30.sig_-");
    let request = AssumeRoleWithWebIdentity::new(&role, "made-up", &token).ok().unwrap();
    let expected = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", ARN),
        ("RoleSessionName", "made-up"),
        ("DurationSeconds", "3600"),
        ("Policy", "{}"),
        ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/A"),
        ("WebIdentityToken", "CANARY.e30.sig_-"),
    ];
    let body = request.body();
    assert_eq!(decoded(&body), pairs(&expected));
    let shown = format!("{request:?} {body:?}");
    assert!(!shown.contains("CANARY"), "{shown}");
}

#[test]
fn a_web_identity_brings_no_more_than_it_can() {
    let builder = || Role::builder(ARN);
    let token = SecretString::from("CANARY.e30.sig");
    let context = ("arn:aws:iam::aws:contextProvider/IdentityCenter", "CANARY");
    for (role, what) in [
        (builder().external_id("CANARY"), "has an external id, which"),
        (builder().tag("CANARY", "CANARY"), "has tags, which"),
        (builder().transitive_tag_key("CANARY"), "has transitive tag keys, which"),
        (builder().source_identity("CANARY"), "has a source identity, which"),
        (builder().provided_context(context.0, context.1), "has provided contexts, which"),
    ] {
        let role = role.build().unwrap();
        let flaw = AssumeRoleWithWebIdentity::new(&role, "made-up", &token).err().unwrap();
        assert!(flaw.what.starts_with(ARN) && flaw.what.contains(what), "{}", flaw.what);
        assert!(!flaw.what.contains("CANARY") && flaw.remedy.starts_with("remove it from the role"));
    }
    let role = builder().build().unwrap();
    for (token, what) in [
        (String::new(), "the web identity token is empty"),
        ("abc".to_owned(), "has 3 characters"),
        ("a".repeat(20_001), "has 20001 characters"),
        ("CANARY\nCANARY".to_owned(), "has a character that is not allowed, at position 7"),
    ] {
        let flaw =
            AssumeRoleWithWebIdentity::new(&role, "made-up", &SecretString::from(token)).err().unwrap();
        assert!(flaw.what.contains(what) && !flaw.what.contains("CANARY"), "{}", flaw.what);
        assert!(flaw.remedy.starts_with("write 4 to 20000 characters"), "{}", flaw.remedy);
    }
    assert!(
        AssumeRoleWithWebIdentity::new(&role, "made-up", &SecretString::from("a".repeat(20_000))).is_ok()
    );
}

#[test]
fn a_second_factor_has_a_serial_number_and_six_digits() {
    for (serial, code, what) in [
        ("GAHT1234", "123456", "the serial number of the MFA device has 8 characters"),
        ("GAHT 12345", "123456", "the serial number of the MFA device has a character"),
        ("GAHT12345678", "12345", "the MFA code has 5 characters"),
        ("GAHT12345678", "1234567", "the MFA code has 7 characters"),
        ("GAHT12345678", "12345x", "the MFA code has a character"),
        ("GAHT12345678", "", "the MFA code is empty"),
    ] {
        let flaw = Mfa::new(serial, code.into()).err().unwrap();
        assert!(flaw.what.starts_with(what), "{}", flaw.what);
    }
    let flaw = Mfa::new("GAHT12345678", "12345".into()).err().unwrap();
    assert_eq!(flaw.remedy, "write 6 digits");
    let mfa = Mfa::new("GAHT12345678", "654321".into()).ok().unwrap();
    assert!(!format!("{mfa:?}").contains("654321"));
}

#[test]
fn whoever_asks_who_he_is_says_no_more() {
    assert_eq!(get_caller_identity().expose_secret(), "Action=GetCallerIdentity&Version=2011-06-15");
}

/// The parts of a role that can be built.
#[derive(Clone, Debug)]
struct Parts {
    name: String,
    session_name: Option<String>,
    external_id: Option<String>,
    seconds: Option<u64>,
    policy: Option<String>,
    policies: BTreeSet<String>,
    /// Value, and whether it is transitive.
    tags: BTreeMap<String, (String, bool)>,
    source_identity: Option<String>,
    assertions: Vec<String>,
}

fn parts() -> impl Strategy<Value = Parts> {
    let session = (option::of("[A-Za-z0-9_+=,.@-]{2,64}"), option::of("[A-Za-z0-9_+=,.@:/-]{2,200}"));
    let narrowed = (
        option::of(900_u64..=43_200),
        option::of("[ -!#-\\[\\]-~ÿ]{0,100}"),
        btree_set("[a-z/]{1,9}", 0..10),
    );
    let tags = btree_map(
        "[b-zß0-9][b-zß0-9 _.:/=+@-]{0,12}",
        ("[b-zA-Z][A-Zß²0-9 _.:/=+@-]{0,20}", any::<bool>()),
        0..50,
    );
    let identity = (option::of("[A-Za-z0-9_+=,.@-]{2,64}"), vec(".{4,40}", 0..5));
    ("[A-Za-z0-9_+=,.@-]{1,64}", session, narrowed, tags, identity).prop_map(
        |(
            name,
            (session_name, external_id),
            (seconds, policy, policies),
            tags,
            (source_identity, assertions),
        )| Parts {
            name,
            session_name,
            external_id,
            seconds,
            policy,
            policies,
            tags,
            source_identity,
            assertions,
        },
    )
}

impl Parts {
    fn role(&self) -> Role {
        let mut role = Role::builder(format!("arn:aws:iam::123456789012:role/{}", self.name));
        if let Some(name) = &self.session_name {
            role = role.session_name(name);
        }
        if let Some(id) = &self.external_id {
            role = role.external_id(id);
        }
        if let Some(seconds) = self.seconds {
            role = role.duration(Duration::from_secs(seconds));
        }
        if let Some(text) = &self.policy {
            role = role.policy(SessionPolicy::from_json(format!("{{ \"a\" : \"{text}\" }}")).unwrap());
        }
        for policy in &self.policies {
            role = role.policy_arn(format!("arn:aws:iam::aws:policy/{policy}"));
        }
        for (key, (value, transitive)) in &self.tags {
            role = if *transitive { role.transitive_tag(key, value) } else { role.tag(key, value) };
        }
        if let Some(identity) = &self.source_identity {
            role = role.source_identity(identity);
        }
        for assertion in &self.assertions {
            role = role.provided_context("arn:aws:iam::aws:x/y", assertion.as_str());
        }
        role.build().unwrap()
    }

    fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        let mut pair = |name: &str, value: &str| pairs.push((name.to_owned(), value.to_owned()));
        pair("Action", "AssumeRole");
        pair("Version", "2011-06-15");
        pair("RoleArn", &format!("arn:aws:iam::123456789012:role/{}", self.name));
        pair("RoleSessionName", self.session_name.as_deref().unwrap_or("made-up"));
        if let Some(seconds) = self.seconds {
            pair("DurationSeconds", &seconds.to_string());
        }
        if let Some(text) = &self.policy {
            pair("Policy", &format!("{{\"a\":\"{text}\"}}"));
        }
        for (number, policy) in (1..).zip(&self.policies) {
            pair(&format!("PolicyArns.member.{number}.arn"), &format!("arn:aws:iam::aws:policy/{policy}"));
        }
        if let Some(id) = &self.external_id {
            pair("ExternalId", id);
        }
        for (number, (key, (value, _))) in (1..).zip(&self.tags) {
            pair(&format!("Tags.member.{number}.Key"), key);
            pair(&format!("Tags.member.{number}.Value"), value);
        }
        let transitive = self.tags.iter().filter(|(_, (_, transitive))| *transitive);
        for (number, (key, _)) in (1..).zip(transitive) {
            pair(&format!("TransitiveTagKeys.member.{number}"), key);
        }
        if let Some(identity) = &self.source_identity {
            pair("SourceIdentity", identity);
        }
        for (number, assertion) in (1..).zip(&self.assertions) {
            pair(&format!("ProvidedContexts.member.{number}.ProviderArn"), "arn:aws:iam::aws:x/y");
            pair(&format!("ProvidedContexts.member.{number}.ContextAssertion"), assertion);
        }
        pairs
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_role_decodes_to_what_it_was_made_of(parts in parts()) {
        let role = parts.role();
        let body = AssumeRole { role: &role, made_up_session_name: "made-up", mfa: None }.body();
        prop_assert_eq!(decoded(&body), parts.pairs());
    }
}
