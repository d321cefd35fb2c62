//! Differences in what comes first, in a profile and on the way to its source.

use crate::machines::outcome::Session;
use crate::machines::profile::{Profile, Profiles, Which, name_in, without_properties};
use crate::machines::{File, Item, Machine, Outcome, Places, Property, Section};

pub(super) fn duration_of_web_identity(machine: &Machine, ours: &Outcome) -> Option<Outcome> {
    let Outcome::Session(session) = ours else { return None };
    let profiles = Profiles::of(machine);
    let profile = profiles.get(machine.selected())?;
    let is_asked_for =
        profile.get("web_identity_token_file").is_some() && profile.get("duration_seconds").is_some();
    let told = Session { minutes: 60, ..session.clone() };
    (is_asked_for && session.chain_depth == 1).then_some(Outcome::Session(told))
}

/// Botocore takes that of the selected profile for all of them.
pub(super) fn region_of_each_role(machine: &Machine, ours: &Outcome) -> Option<Outcome> {
    let profiles = Profiles::of(machine);
    let is_in_environment =
        ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().any(|name| machine.variable(name).is_some());
    let chain = profiles.chain(machine.selected());
    let own: Vec<&str> = chain.iter().skip(1).filter_map(|(_, profile)| profile.get("region")).collect();
    let region = implied_region(machine);
    let mut told = ours.clone();
    let (Outcome::Session(Session { asked, .. }) | Outcome::Refused { asked, .. }) = &mut told else {
        return None;
    };
    let mut is_changed = false;
    for signed_for in asked.iter_mut().filter_map(|asked| asked.signed_for.as_mut()) {
        if own.contains(&signed_for.as_str()) && *signed_for != region {
            signed_for.clone_from(&region);
            is_changed = true;
        }
    }
    (is_changed && !is_in_environment).then_some(told)
}

/// The region of the selected profile; else the instance's own, where its role is the source; else that of the role's
/// partition, which is `aws` here.
pub(super) fn implied_region(machine: &Machine) -> String {
    let profiles = Profiles::of(machine);
    let chain = profiles.chain(machine.selected());
    let is_of_instance = chain.last().is_some_and(|(_, profile)| {
        let source = profile.get("credential_source").unwrap_or_default();
        let has_keys = chain.len() > 1 && profile.has_static_keys();
        source.eq_ignore_ascii_case("Ec2InstanceMetadata") && !has_keys
    });
    let of_profile = chain.first().and_then(|(_, profile)| profile.get("region"));
    let implied = if is_of_instance { "eu-central-1" } else { "us-east-1" };
    of_profile.unwrap_or(implied).to_owned()
}

pub(super) fn has_half_a_pair(machine: &Machine) -> bool {
    Profiles::of(machine).iter().any(|(_, profile)| profile.has_half_of_static_keys())
}

/// Of machines here, all are half.
pub(super) fn has_half_of_sso(machine: &Machine) -> bool {
    Profiles::of(machine).iter().any(|(_, profile)| profile.has(&["sso_session", "sso_start_url"]))
}

pub(super) fn has_source_alone(machine: &Machine) -> bool {
    Profiles::of(machine).iter().any(|(_, profile)| {
        profile.has(&["source_profile", "credential_source"]) && !profile.has(&["role_arn"])
    })
}

pub(super) fn has_no_number(machine: &Machine) -> bool {
    let is_no_number = |text: &str| text.trim().parse::<u64>().is_err();
    Profiles::of(machine).iter().any(|(_, profile)| profile.get("duration_seconds").is_some_and(is_no_number))
}

pub(super) fn has_more_than_web_identity(machine: &Machine) -> bool {
    let others = ["source_profile", "credential_source", "external_id", "mfa_serial"];
    Profiles::of(machine)
        .iter()
        .any(|(_, profile)| profile.has(&["web_identity_token_file"]) && profile.has(&others))
}

pub(super) fn credential_source_in_its_case(machine: &Machine, _: &Places) -> Option<Machine> {
    const SOURCES: [&str; 3] = ["Environment", "EcsContainer", "Ec2InstanceMetadata"];
    let mut machine = machine.clone();
    let mut is_changed = false;
    for file in machine.files_mut() {
        for property in file.properties_mut().filter(|property| property.is("credential_source")) {
            let known = SOURCES.iter().find(|known| known.eq_ignore_ascii_case(&property.value));
            if let Some(known) = known.filter(|known| **known != property.value) {
                property.value = (*known).to_owned();
                is_changed = true;
            }
        }
    }
    is_changed.then_some(machine)
}

pub(super) fn credential_source_in_place(machine: &Machine, _: &Places) -> Option<Machine> {
    let profiles = Profiles::of(machine);
    let source_of = |name: &str| -> Option<String> {
        let profile = profiles.get(name)?;
        let is_base = !profile.has_static_keys() && !profile.has(&["role_arn", "web_identity_token_file"]);
        profile.get("credential_source").filter(|_| is_base).map(str::to_owned)
    };
    let mut changed = machine.clone();
    let mut is_changed = false;
    for (which, file) in [Which::Config, Which::Credentials].into_iter().zip(changed.files_mut()) {
        let before = file.clone();
        for section in &mut file.sections {
            let name = name_in(which, &before, section).map(str::to_owned);
            let profile = name.as_deref().and_then(|name| profiles.get(name));
            let Some(source) = profile
                .filter(|profile| profile.get("credential_source").is_none())
                .and_then(|profile| source_of(profile.get("source_profile")?))
            else {
                continue;
            };
            for item in &mut section.items {
                if let Item::Property(property) = item
                    && property.is("source_profile")
                {
                    *property = Property::new("credential_source", source.clone());
                    is_changed = true;
                }
            }
        }
    }
    is_changed.then_some(changed)
}

pub(super) fn without_security_token(machine: &Machine, _: &Places) -> Option<Machine> {
    changed_by_profile(machine, |profiles, name, property| {
        let has_other = profiles.get(name).is_some_and(|profile| profile.get("aws_session_token").is_some());
        has_other && property.is("aws_security_token")
    })
}

/// All of what we read of a profile that stands in both, in the credentials file.
pub(super) fn in_one_file(machine: &Machine, _: &Places) -> Option<Machine> {
    let names = |which, file: &File| -> Vec<String> {
        let names = file.sections.iter().filter_map(|section| name_in(which, file, section));
        names.map(str::to_owned).collect()
    };
    let in_config = names(Which::Config, &machine.config);
    let in_credentials = names(Which::Credentials, &machine.credentials);
    let mut moved = machine.clone();
    let mut is_changed = false;
    for name in in_credentials.iter().filter(|name| in_config.contains(name)) {
        let mut section = Section::new("", name);
        for (which, file) in [Which::Config, Which::Credentials].into_iter().zip(moved.files_mut()) {
            let before = file.clone();
            let is_it = |section: &&Section| name_in(which, &before, section) == Some(name);
            for property in before.sections.iter().filter(is_it).flat_map(Section::properties) {
                // The last of a key wins.
                section
                    .items
                    .retain(|item| !matches!(item, Item::Property(known) if known.is(&property.key)));
                section.items.push(Item::Property(property.clone()));
            }
            file.sections.retain(|section| !is_it(&section));
        }
        moved.credentials.sections.push(section);
        is_changed = true;
    }
    is_changed.then_some(moved)
}

pub(super) fn keys_of_sources_alone(machine: &Machine, _: &Places) -> Option<Machine> {
    changed_by_profile(machine, |profiles, name, property| {
        let has_keys = profiles.get(name).is_some_and(Profile::has_static_keys);
        has_keys && profiles.is_source(machine.selected(), name) && is_one_of(property, &OTHER_WAYS)
    })
}

/// The one that the generator knows.
pub(super) fn without_shell(machine: &Machine, _: &Places) -> Option<Machine> {
    let mut machine = machine.clone();
    let mut is_changed = false;
    for file in machine.files_mut() {
        for property in file.properties_mut().filter(|property| property.is("credential_process")) {
            if let Some(plain) = property.value.strip_suffix(" | cat").map(str::to_owned) {
                property.value = plain;
                is_changed = true;
            }
        }
    }
    is_changed.then_some(machine)
}

pub(super) fn without_sso_beside_roles(machine: &Machine, _: &Places) -> Option<Machine> {
    changed_by_profile(machine, |profiles, name, property| {
        let has_role =
            profiles.get(name).is_some_and(|profile| profile.has(&["role_arn", "web_identity_token_file"]));
        has_role && is_one_of(property, &["sso_session", "sso_start_url"])
    })
}

pub(super) fn without_keys_beside_others(machine: &Machine, _: &Places) -> Option<Machine> {
    changed_by_profile(machine, |profiles, name, property| {
        let has_other =
            profiles.get(name).is_some_and(|profile| profile.has(&["credential_process", "login_session"]));
        has_other && !profiles.is_source(machine.selected(), name) && is_one_of(property, &STATIC_KEYS)
    })
}

fn is_one_of(property: &Property, keys: &[&str]) -> bool {
    keys.iter().any(|key| property.is(key))
}

fn changed_by_profile(
    machine: &Machine,
    is_gone: impl Fn(&Profiles, &str, &Property) -> bool,
) -> Option<Machine> {
    let profiles = Profiles::of(machine);
    let mut changed = machine.clone();
    for (which, file) in [Which::Config, Which::Credentials].into_iter().zip(changed.files_mut()) {
        let before = file.clone();
        without_properties(file, |section, property| {
            name_in(which, &before, section).is_some_and(|name| is_gone(&profiles, name, property))
        });
    }
    let count =
        |machine: &Machine| machine.config.properties().count() + machine.credentials.properties().count();
    (count(&changed) < count(machine)).then_some(changed)
}

const STATIC_KEYS: [&str; 4] =
    ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"];
const OTHER_WAYS: [&str; 7] = [
    "role_arn",
    "web_identity_token_file",
    "credential_source",
    "sso_start_url",
    "sso_session",
    "login_session",
    "credential_process",
];
