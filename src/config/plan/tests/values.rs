//! Values that are more than a text.

use super::super::{PlanError, flag, setting};
use super::{CONFIG, assert_plans, plan_a, shown};
use crate::config::profiles::Profiles;

fn role(keys: &str) -> Result<String, String> {
    let config = format!("[profile A]\nrole_arn = RA\ncredential_source = Environment\n{keys}\n");
    let profiles = Profiles::parse(Some((CONFIG, config.as_bytes())), None).unwrap();
    let plan = super::plan(&profiles, "A").map_err(|error| error.to_string())?;
    Ok(shown(&plan).strip_prefix("Environment in A → RA(").unwrap().trim_end_matches(')').to_owned())
}

#[test]
fn tags_and_which_of_them_are_passed_on() {
    for (keys, expected) in [
        ("session_tags = a=1", "a:1"),
        ("session_tags = a=1,b=2", "a:1 b:2"),
        ("session_tags =  a = x y ,\tb=\"2\" , c= , d=e=f", "a:x y b:\"2\" c: d:e=f"),
        ("session_tags = ,a=1,, b=2,", "a:1 b:2"),
        ("session_tags = a=1,\n  b=2\n  c=3", "a:1 b:2 c:3"),
        ("session_tags = A=1,a=2", "A:1 a:2"),
        ("session_tags = ,", ""),
        ("session_tags =", ""),
        ("transitive_session_tags = a, b ,,c\n d", "+a +b +c +d"),
        ("session_tags = a=1\ntransitive_session_tags = a", "a:1 +a"),
    ] {
        assert_eq!(role(keys).unwrap(), expected, "{keys}");
    }
    for (keys, number) in
        [("SECRET", 1), ("a=1,SECRET", 2), ("=SECRET", 1), ("a=1, =SECRET", 2), ("a=1,,b=2,SECRET,c=3", 3)]
    {
        let error = role(&format!("session_tags = {keys}")).unwrap_err();
        let expected = format!(
            "profile `A` ({CONFIG}:4): `session_tags` has no key and `=` in its tag number {number}; write `key=value`, and"
        );
        assert!(error.starts_with(&expected) && !error.contains("SECRET"), "{error}");
    }
    let error = role("session_tags =\n  SECRET=1").unwrap_err();
    assert!(error.contains(":4): the value of `session_tags` goes on in indented lines"), "{error}");
}

#[test]
fn debug_shows_no_tags() {
    let plan = plan_a("A role_arn=RA credential_source=Environment session_tags=SECRET=SECRET").unwrap();
    let debug = format!("{:?}", plan.roles);
    assert!(debug.contains("SessionTags { tags: 1, transitive: 0 }") && !debug.contains("SECRET"), "{debug}");
}

#[test]
fn durations_are_whole_seconds() {
    for (text, expected) in [("900", 900), ("43200", 43_200), (" 3600", 3600)] {
        assert_eq!(role(&format!("duration_seconds = {text}")).unwrap(), format!("duration={expected}"));
    }
    let says = "`duration_seconds` is no whole number from 900 to 43200; write how many seconds";
    for text in ["899", "43201", "soon", "1h", "900.5", "-900", "99999999999999999999", "0x1000"] {
        let error = role(&format!("duration_seconds = {text}")).unwrap_err();
        assert!(error.starts_with(&format!("profile `A` ({CONFIG}:4): {says}")), "{error}");
        let web = plan_a(&format!("A role_arn=RA web_identity_token_file=f duration_seconds={text}"));
        assert!(web.unwrap_err().to_string().starts_with(&format!("profile `A` ({CONFIG}:4): {says}")));
    }
    // Nobody reads it there.
    assert_plans(&[("A id=1 secret=2 duration_seconds=soon", "static(1 2) in A")]);
}

#[test]
fn a_program_for_codes_may_have_several_lines() {
    let shown = role("mfa_serial = m\nmfa_process = pass\n  otp aws").unwrap();
    assert_eq!(shown, "mfa=m code=pass\notp aws");
}

#[test]
fn flags() {
    let read = |text: &str| -> Result<Option<bool>, PlanError> {
        let config = format!("[profile A]\nregion = r\nuse_fips_endpoint = {text}\n");
        let profiles = Profiles::parse(Some((CONFIG, config.as_bytes())), None).unwrap();
        let profile = profiles.profile("A").unwrap().unwrap();
        assert_eq!(setting(&profile, "region").unwrap().unwrap().text(), "r");
        assert!(setting(&profile, "output").unwrap().is_none());
        flag(&profile, "use_fips_endpoint")
    };
    for (text, expected) in [("true", Some(true)), ("False", Some(false)), ("", None), ("\t", None)] {
        assert_eq!(read(text).unwrap(), expected, "{text}");
    }
    let at = format!("profile `A` ({CONFIG}:3): ");
    for (text, says) in [
        ("SECRET", "`use_fips_endpoint` is neither `true` nor `false`; write one of them"),
        ("1", "`use_fips_endpoint` is neither"),
        ("true\n  SECRET = SECRET", "the value of `use_fips_endpoint` goes on in indented lines"),
        ("\n  SECRET = SECRET", "the value of `use_fips_endpoint` goes on in indented lines"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{at}{says}")) && !error.contains("SECRET"), "{error}");
    }
}
