//! Differences in what variables mean.

use crate::machines::outcome::Session;
use crate::machines::profile::{Profiles, without_properties};
use crate::machines::{File, Machine, Outcome, Places};

pub(super) fn account_id_of_metadata(_: &Machine, ours: &Outcome) -> Option<Outcome> {
    let Outcome::Session(session) = ours else { return None };
    let is_of_metadata = session.role_arn.ends_with(":role/local-role");
    let told = Session { account_id: None, ..session.clone() };
    is_of_metadata.then_some(Outcome::Session(told))
}

pub(super) fn has_half_a_pair(machine: &Machine) -> bool {
    let is_set = |name| machine.variable(name).is_some();
    is_set("AWS_ACCESS_KEY_ID") != is_set("AWS_SECRET_ACCESS_KEY")
}

/// They complete a pair.
pub(super) fn own_names(machine: &Machine, _: &Places) -> Option<Machine> {
    if !has_half_a_pair(machine) {
        return None;
    }
    let mut machine = machine.clone();
    for (name, others) in [
        ("AWS_ACCESS_KEY_ID", &["AWS_ACCESS_KEY"][..]),
        ("AWS_SECRET_ACCESS_KEY", &["AWS_SECRET_KEY", "SECRET_ACCESS_KEY"]),
    ] {
        if machine.variable(name).is_none() {
            let value = others.iter().find_map(|other| machine.variable(other))?.to_owned();
            machine.variables.insert(name.to_owned(), value);
        }
    }
    Some(machine)
}

pub(super) fn keys_alone(machine: &Machine, _: &Places) -> Option<Machine> {
    let is_set = |name| machine.variable(name).is_some();
    let is_whole = is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY");
    if machine.profile_in_code.is_some() || !is_whole {
        return None;
    }
    let mut machine = machine.clone();
    machine.config = File::default();
    machine.credentials = File::default();
    machine.variables.remove("AWS_PROFILE");
    machine.variables.remove("AWS_DEFAULT_PROFILE");
    Some(machine)
}

pub(super) fn trimmed(machine: &Machine, _: &Places) -> Option<Machine> {
    let mut trimmed = machine.clone();
    trimmed.variables.values_mut().for_each(|value| *value = value.trim().to_owned());
    trimmed.variables.retain(|_, value| !value.is_empty());
    (trimmed.variables != machine.variables).then_some(trimmed)
}

pub(super) fn without_default_profile(machine: &Machine, _: &Places) -> Option<Machine> {
    machine.variable("AWS_PROFILE")?;
    without(machine, "AWS_DEFAULT_PROFILE")
}

pub(super) fn without_security_token(machine: &Machine, _: &Places) -> Option<Machine> {
    machine.variable("AWS_SESSION_TOKEN")?;
    without(machine, "AWS_SECURITY_TOKEN")
}

pub(super) fn region(machine: &Machine, _: &Places) -> Option<Machine> {
    let region = machine.variable("AWS_REGION")?.to_owned();
    let mut machine = machine.clone();
    machine.variables.insert("AWS_DEFAULT_REGION".to_owned(), region);
    machine.variables.remove("AWS_REGION");
    Some(machine)
}

pub(super) fn implied_region(machine: &Machine, _: &Places) -> Option<Machine> {
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let of_profile =
        Profiles::of(machine).get(machine.selected()).is_some_and(|profile| profile.has(&["region"]));
    if of_profile || variables.iter().any(|name| machine.variable(name).is_some()) {
        return None;
    }
    let mut machine = machine.clone();
    let region = super::precedence::implied_region(&machine);
    machine.variables.insert("AWS_DEFAULT_REGION".to_owned(), region);
    Some(machine)
}

/// Of a container and of a web identity.
pub(super) fn token_without_line_end(machine: &Machine, places: &Places) -> Option<Machine> {
    let (with, without) = (places.file("token-with-line-end"), places.file("token"));
    let mut machine = machine.clone();
    let mut is_changed = false;
    let mut change = |value: &mut String| {
        if *value == with {
            value.clone_from(&without);
            is_changed = true;
        }
    };
    machine.variables.values_mut().for_each(&mut change);
    for file in machine.files_mut() {
        file.properties_mut().for_each(|property| change(&mut property.value));
    }
    is_changed.then_some(machine)
}

pub(super) fn without_web_identity_beside_a_profile(machine: &Machine, _: &Places) -> Option<Machine> {
    let names = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"];
    let is_set_up = Profiles::of(machine).get(machine.selected())?.is_set_up();
    if !is_set_up || !names.iter().any(|name| machine.variables.contains_key(*name)) {
        return None;
    }
    let mut machine = machine.clone();
    machine.variables.retain(|name, _| !names.contains(&name.as_str()));
    Some(machine)
}

fn without(machine: &Machine, variable: &str) -> Option<Machine> {
    let mut machine = machine.clone();
    machine.variables.remove(variable).is_some().then_some(machine)
}

/// The name of a session that a profile says something about has nothing to do with it.
pub(super) fn web_identity_without_the_profile(machine: &Machine, _: &Places) -> Option<Machine> {
    machine.variable("AWS_WEB_IDENTITY_TOKEN_FILE")?;
    let is_set_up = Profiles::of(machine).get(machine.selected())?.is_set_up();
    let mut changed = machine.clone();
    let mut is_changed = false;
    for file in changed.files_mut() {
        let before = file.properties().count();
        without_properties(file, |_, property| property.is("role_session_name"));
        is_changed |= file.properties().count() < before;
    }
    (is_changed && !is_set_up).then_some(changed)
}
