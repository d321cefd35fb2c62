//! Plans and errors are compared as short texts.
//!
//! A case writes its profiles one per line, as a name and properties without blanks: `A role_arn=RA id=1 secret=2`.
//! `id` and `secret` stand for `aws_access_key_id` and `aws_secret_access_key`.

mod chains;
mod errors;
mod one_profile;
mod properties;
mod values;
mod variables;

use std::time::Duration;

use super::{Base, Plan, PlanError, plan};
use crate::config::profiles::{Profiles, Value};

const CONFIG: &str = "/home/dev/.aws/config";

fn profiles(lines: &str) -> Profiles {
    let mut text = Vec::new();
    for line in lines.lines() {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        text.push(match name.split_once(':') {
            Some((kind, name)) => format!("[{kind} {name}]"),
            None => format!("[profile {name}]"),
        });
        text.extend(words.map(|word| match word.split_once('=').unwrap() {
            ("id", value) => format!("aws_access_key_id = {value}"),
            ("secret", value) => format!("aws_secret_access_key = {value}"),
            (key, value) => format!("{key} = {value}"),
        }));
    }
    Profiles::parse(Some((CONFIG, text.join("\n").as_bytes())), None).unwrap()
}

/// Plans the profile `A`.
fn plan_a(lines: &str) -> Result<Plan, PlanError> {
    plan(&profiles(lines), "A")
}

fn assert_plans(cases: &[(&str, &str)]) {
    for (lines, expected) in cases {
        match plan_a(lines) {
            Ok(plan) => assert_eq!(shown(&plan), *expected, "{lines}"),
            Err(error) => panic!("{lines}: {error}"),
        }
    }
}

/// The base, its profile, and the roles in order: `static(1 2) in B → RA(external_id=x)`.
fn shown(plan: &Plan) -> String {
    let base = match &plan.base {
        Base::Static { access_key_id, secret_access_key, session_token, account_id } => {
            let keys = format!("static({} {}", access_key_id.text(), secret_access_key.text());
            keys + &option("token", session_token.as_ref()) + &option("account", account_id.as_ref()) + ")"
        }
        Base::CredentialSource(source) => format!("{source:?}"),
        Base::WebIdentity(super::WebIdentity {
            role_arn,
            token_file,
            role_session_name,
            duration,
            region,
        }) => {
            let role = format!("web({} {}", role_arn.text(), token_file.text());
            let role = role + &option("session", role_session_name.as_ref());
            role + &seconds(*duration) + &option("region", region.as_ref()) + ")"
        }
        Base::Sso(sso) => {
            let role =
                [&sso.start_url, &sso.region, &sso.account_id, &sso.role_name].map(Value::text).join(" ");
            format!("sso({role}{})", option("session", sso.session.as_ref()))
        }
        Base::Login { login_session, region } => {
            format!("login({}{})", login_session.text(), option("region", region.as_ref()))
        }
        Base::Process { command, account_id } => {
            format!("process({}{})", command.text(), option("account", account_id.as_ref()))
        }
    };
    let mut shown = vec![format!("{base} in {}", plan.base_profile)];
    for role in &plan.roles {
        let options = [
            option("external_id", role.external_id.as_ref()),
            option("name", role.role_session_name.as_ref()),
            seconds(role.duration),
            option("mfa", role.mfa.as_ref().map(|mfa| &mfa.serial)),
            option("code", role.mfa.as_ref().and_then(|mfa| mfa.process.as_ref())),
            option("identity", role.source_identity.as_ref()),
            role.tags.tags.iter().map(|(key, value)| format!(" {key}:{value}")).collect::<Vec<_>>().concat(),
            role.tags.transitive.iter().map(|key| format!(" +{key}")).collect::<Vec<_>>().concat(),
            option("region", role.region.as_ref()),
        ];
        shown.push(format!("{}({})", role.role_arn.text(), options.concat().trim_start()));
    }
    shown.join(" → ")
}

fn seconds(duration: Option<Duration>) -> String {
    duration.map(|duration| format!(" duration={}", duration.as_secs())).unwrap_or_default()
}

fn option(name: &str, value: Option<&Value>) -> String {
    value.map(|value| format!(" {name}={}", value.text())).unwrap_or_default()
}
