//! The profiles of a machine as the table in `src/config/profiles.rs` says that we read them, from the data and not from
//! the text: what differences are told by.

use std::collections::BTreeMap;

use super::{File, Machine, Property, Section};

/// Name → key in lower case → value.
pub(super) struct Profiles(BTreeMap<String, BTreeMap<String, String>>);

/// Which of the two files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Config,
    Credentials,
}

impl Profiles {
    /// What we read.
    pub(super) fn of(machine: &Machine) -> Self {
        let mut profiles = Self(BTreeMap::new());
        for (which, file) in [(Which::Config, &machine.config), (Which::Credentials, &machine.credentials)] {
            for section in file.sections.iter().filter(|_| file.exists) {
                let Some(name) = name_in(which, file, section) else { continue };
                let profile = profiles.0.entry(name.to_owned()).or_default();
                for property in section.properties() {
                    profile.insert(property.key.to_ascii_lowercase(), property.value.clone());
                }
            }
        }
        profiles
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Profile<'_>)> {
        self.0.iter().map(|(name, values)| (name.as_str(), Profile(values)))
    }

    pub(super) fn get(&self, name: &str) -> Option<Profile<'_>> {
        self.0.get(name).map(Profile)
    }

    /// The profile of this name, its source, the source of that, and so on, up to one that has keys.
    pub(super) fn chain<'a>(&'a self, name: &'a str) -> Vec<(&'a str, Profile<'a>)> {
        let mut chain: Vec<(&str, Profile<'_>)> = Vec::new();
        let mut next = Some(name);
        while let Some(name) = next
            && let Some(profile) = self.get(name)
            && chain.iter().all(|(known, _)| *known != name)
        {
            let is_end = !chain.is_empty() && profile.has_static_keys();
            chain.push((name, profile));
            next = profile.get("source_profile").filter(|_| !is_end);
        }
        chain
    }

    /// Whether the walk comes to it from another one.
    pub(super) fn is_source(&self, selected: &str, name: &str) -> bool {
        self.chain(selected).iter().skip(1).any(|(known, _)| *known == name)
    }
}

/// One of them. A blank value is none.
#[derive(Clone, Copy)]
pub(super) struct Profile<'a>(&'a BTreeMap<String, String>);

impl<'a> Profile<'a> {
    pub(super) fn get(self, key: &str) -> Option<&'a str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    pub(super) fn has(self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.get(key).is_some())
    }

    pub(super) fn has_static_keys(self) -> bool {
        self.get("aws_access_key_id").is_some() && self.get("aws_secret_access_key").is_some()
    }

    /// Something but not all of it.
    pub(super) fn has_half_of_static_keys(self) -> bool {
        self.has(&["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"])
            && !self.has_static_keys()
    }

    /// Whether it says anything about credentials that somebody could use by itself.
    pub(super) fn is_set_up(self) -> bool {
        self.has(&SETS_UP)
    }
}

/// The name of the profile that a section is about, in our grammar; `None` if it is about none.
pub(super) fn name_in<'s>(which: Which, file: &File, section: &'s Section) -> Option<&'s str> {
    let header = &section.header;
    if header.is_quoted {
        return None;
    }
    let is_default = |section: &Section| section.header.kind == "profile" && section.header.name == "default";
    match (which, header.kind) {
        (Which::Credentials, "") => Some(&header.name),
        (Which::Config, "profile") if !header.between.is_empty() => Some(&header.name),
        (Which::Config, "") if header.name == "default" => {
            (!file.sections.iter().any(is_default)).then_some("default")
        }
        _ => None,
    }
}

/// What botocore has a line for, in the order in which it looks.
const SETS_UP: [&str; 12] = [
    "role_arn",
    "web_identity_token_file",
    "sso_start_url",
    "sso_session",
    "sso_account_id",
    "sso_role_name",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "login_session",
    "credential_process",
];

/// Takes properties away from a file.
pub(super) fn without_properties(file: &mut File, is_gone: impl Fn(&Section, &Property) -> bool) {
    for section in &mut file.sections {
        let header = Section { header: section.header.clone(), items: Vec::new() };
        section.items.retain(|item| match item {
            super::Item::Property(property) => !is_gone(&header, property),
            super::Item::Line(_) => true,
        });
    }
}
