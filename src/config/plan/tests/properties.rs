//! Whatever the files say, there is a plan or an error, and neither shows a value.

use std::collections::HashSet;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_oneof, proptest};

use super::super::keys::CREDENTIAL_KEYS;
use super::super::{MAX_ROLES, plan};
use crate::config::profiles::Profiles;

/// A line that means something, mostly: a header, or one of our keys with a profile's name or a secret.
fn line() -> impl Strategy<Value = String> {
    let name = "[a-d]";
    let value =
        prop_oneof![name.prop_map(|name| name), Just("SECRET".to_owned()), Just("Environment".to_owned())];
    let keys = CREDENTIAL_KEYS.iter().copied().chain(["include_profile"; 3]).collect::<Vec<_>>();
    let key = proptest::sample::select(keys);
    prop_oneof![
        2 => name.prop_map(|name| format!("[profile {name}]")),
        1 => name.prop_map(|name| format!("[sso-session {name}]")),
        12 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => Just("  SECRET = SECRET".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_profile_has_a_plan_or_an_error(lines in proptest::collection::vec(line(), 1..60)) {
        let text = format!("[profile a]\n{}", lines.join("\n"));
        if let Ok(profiles) = Profiles::parse(Some(("config", text.as_bytes())), None) {
            for name in profiles.names() {
                let shown = match plan(&profiles, name) {
                    Ok(plan) => {
                        prop_assert!(plan.roles.len() <= MAX_ROLES);
                        let walked: HashSet<&str> = plan.roles.iter().map(|role| role.profile.as_str()).collect();
                        prop_assert!(walked.len() == plan.roles.len(), "a profile twice: {plan:?}");
                        format!("{plan:?}")
                    }
                    // The name of a source or of a session is shown, and only that.
                    Err(error) => format!("{error} {error:?}").replace("`SECRET` does not exist", "")
                        .replace("[sso-session SECRET]", "").replace("source: \"SECRET\"", "").replace("session: \"SECRET\"", "")
                        .replace("NoSuchProfile { name: \"SECRET\" }", ""),
                };
                prop_assert!(!shown.contains("SECRET"), "{shown}");
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(config in any::<Vec<u8>>(), credentials in ".{0,40}") {
        let credentials = format!("[a]\n{credentials}");
        let _ = Profiles::parse(Some(("config", &config)), Some(("credentials", credentials.as_bytes())));
    }
}
