//! Variables: which profile, which keys, which services, where.

use super::{Maker, NAMES, REGIONS, SECRETS};
use crate::machines::profile::{Profile, Profiles, without_properties};
use crate::machines::resolve::WEB;
use crate::machines::{File, Item, Machine, Section};

impl Maker<'_> {
    pub(super) fn select(&mut self, machine: &mut Machine) {
        let names = self.names.clone();
        let name = if self.chance(60) { names[0] } else { self.one_of(&names) }.to_owned();
        let kind = self.below(96, 100);
        let mut set =
            |variable: &str, value: &str| machine.variables.insert(variable.to_owned(), value.to_owned());
        match kind {
            0..15 => {}
            15..69 => _ = set("AWS_PROFILE", &name),
            69..70 => _ = set("AWS_PROFILE", ""),
            70..76 => _ = set("AWS_DEFAULT_PROFILE", &name),
            76..77 => {
                set("AWS_PROFILE", " ");
                set("AWS_DEFAULT_PROFILE", &name);
            }
            77..80 => {
                set("AWS_PROFILE", &name);
                set("AWS_DEFAULT_PROFILE", NAMES[0]);
            }
            80..96 => machine.profile_in_code = Some(name),
            96..98 => _ = set("AWS_PROFILE", "nobody"),
            _ => machine.profile_in_code = Some("nobody".to_owned()),
        }
        if machine.profile_in_code.is_some() && self.chance(20) {
            machine.variables.insert("AWS_PROFILE".to_owned(), "nobody".to_owned());
        }
    }

    pub(super) fn set_keys(&mut self, machine: &mut Machine) {
        let (id, secret, _) = self.places.alice.clone();
        // Elsewhere keys of the environment leave nothing to be looked at.
        let is_wanted = machine.profile_in_code.is_some() && has_credential_source(machine, "Environment");
        let kind = if is_wanted && self.chance(70) { 80 } else { self.below(97, 100) };
        let mut set = |variable: &str, value: String| machine.variables.insert(variable.to_owned(), value);
        match kind {
            0..80 => return,
            80..90 => {
                set("AWS_ACCESS_KEY_ID", id);
                set("AWS_SECRET_ACCESS_KEY", secret);
            }
            90..94 => {
                set("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".to_owned());
                set("AWS_SECRET_ACCESS_KEY", self.one_of(&SECRETS).to_owned());
                set("AWS_SESSION_TOKEN", "token/of+a==session".to_owned());
            }
            94..95 => {
                set(self.one_of(&["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"]), id);
                let others = ["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "SECRET_ACCESS_KEY"];
                set(self.one_of(&others), secret);
            }
            95..97 => {
                let value = self.one_of(&["", " "]);
                set("AWS_ACCESS_KEY_ID", value.to_owned());
                set("AWS_SECRET_ACCESS_KEY", value.to_owned());
            }
            97..99 => _ = set("AWS_ACCESS_KEY_ID", id),
            _ => _ = set("AWS_SECRET_ACCESS_KEY", secret),
        }
        if self.chance(10) {
            let expiration =
                self.one_of_good(1, &["2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "tomorrow"]);
            machine.variables.insert("AWS_CREDENTIAL_EXPIRATION".to_owned(), expiration.to_owned());
        }
        for (percent, variable, value) in [
            (20, "AWS_ACCOUNT_ID", "111111111111"),
            (10, "AWS_SECURITY_TOKEN", "token/of+boto=="),
            (5, "AWS_SESSION_TOKEN", ""),
        ] {
            if self.chance(percent) {
                machine.variables.insert(variable.to_owned(), value.to_owned());
            }
        }
    }

    pub(super) fn set_web_identity(&mut self, machine: &mut Machine) {
        if !self.chance(20) {
            return;
        }
        let token = self.token_file();
        let (has_token_file, has_role) = (!self.wrong(10), !self.wrong(20));
        for (is_set, variable, value) in [
            (has_token_file, "AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
            (has_role, "AWS_ROLE_ARN", WEB),
            (self.rng.bool(), "AWS_ROLE_SESSION_NAME", "of-env"),
        ] {
            if is_set {
                machine.variables.insert(variable.to_owned(), value.to_owned());
            }
        }
    }

    /// What aws-vault reads for the role of the profile that is asked for: tags and an identity change nothing else.
    pub(super) fn set_tags(&mut self, machine: &mut Machine) {
        for (variable, value) in [
            ("AWS_SESSION_TAGS", "team=a, cost=42"),
            ("AWS_TRANSITIVE_TAGS", "team"),
            ("AWS_SOURCE_IDENTITY", "alice"),
        ] {
            // STS takes no key of a tag that is not there.
            let has_tags = machine.variables.contains_key("AWS_SESSION_TAGS");
            if self.chance(4) && (has_tags || variable != "AWS_TRANSITIVE_TAGS") {
                machine.variables.insert(variable.to_owned(), value.to_owned());
            }
        }
    }

    /// The agents of container and instance.
    pub(super) fn set_services(&mut self, machine: &mut Machine) {
        let (container, metadata) = (self.places.aws.container_uri(), self.places.aws.endpoint());
        let is_wanted = has_credential_source(machine, "EcsContainer");
        let mut set = |variable: &str, value: String| machine.variables.insert(variable.to_owned(), value);
        if self.chance(if is_wanted { 75 } else { 15 }) {
            let uri = if self.wrong(6) { "http://192.0.2.1/credentials".to_owned() } else { container };
            set("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
            let token_file = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
            match self.below(19, 20) {
                0..14 => {}
                14..17 => _ = set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic Og==".to_owned()),
                17..18 => _ = set(token_file, self.places.file("token")),
                18..19 => _ = set(token_file, self.places.file("token-with-line-end")),
                _ => _ = set(token_file, self.places.file("no such file")),
            }
        }
        set("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata);
        if self.chance(60) {
            let disabled = self.one_of(&["true", "true", "true", "TRUE", "True", "false"]);
            set("AWS_EC2_METADATA_DISABLED", disabled.to_owned());
        }
    }

    pub(super) fn set_regions(&mut self, machine: &mut Machine) {
        let is_set = self.chance(75);
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            if is_set && self.chance(60) {
                machine.variables.insert(variable.to_owned(), self.one_of(&REGIONS).to_owned());
            }
        }
    }

    /// A role on the way has a region of its own, which counts where no variable names one.
    pub(super) fn set_regions_of_sources(&mut self, machine: &mut Machine) {
        let profiles = Profiles::of(machine);
        let chain = profiles.chain(machine.selected());
        let is_role = |profile: Profile<'_>| profile.has(&["role_arn"]) && !profile.has_static_keys();
        let sources = chain.iter().skip(1).filter(|(_, profile)| is_role(*profile));
        let sources: Vec<String> = sources.map(|(name, _)| (*name).to_owned()).collect();
        if sources.is_empty() || !self.chance(50) {
            return;
        }
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            machine.variables.remove(variable);
        }
        for file in machine.files_mut() {
            let is_source = |section: &Section| sources.contains(&section.header.name);
            without_properties(file, |section, property| is_source(section) && property.is("region"));
            for section in file.sections.iter_mut().filter(|section| is_source(section)) {
                section.push("region", REGIONS[3]);
            }
        }
    }

    /// Somebody always says that STS is here; sometimes two say so, and one of them is wrong.
    pub(super) fn set_endpoints(&mut self, machine: &mut Machine) {
        let (here, other) = (self.places.aws.endpoint(), self.places.other.endpoint());
        let mut set =
            |variable: &str, value: &str| machine.variables.insert(variable.to_owned(), value.to_owned());
        match self.rng.u32(0..100) {
            0..70 => _ = set("AWS_ENDPOINT_URL_STS", &here),
            70..78 => {
                set("AWS_ENDPOINT_URL_STS", &here);
                set("AWS_ENDPOINT_URL", &other);
            }
            78..86 => _ = set("AWS_ENDPOINT_URL", &here),
            86..93 => set_in_files(&mut machine.config, &here, None),
            _ => set_in_files(&mut machine.config, &other, Some(&here)),
        }
        if self.wrong(5) {
            set_in_files(&mut machine.config, &other, None);
        }
    }

    pub(super) fn place_files(&mut self, machine: &mut Machine) {
        for (file, variable, path) in [
            (&mut machine.config, "AWS_CONFIG_FILE", "config"),
            (&mut machine.credentials, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ] {
            file.exists = !file.sections.is_empty() || self.rng.bool();
            match self.rng.u32(0..4) {
                0 => {}
                1 => _ = machine.variables.insert(variable.to_owned(), format!("~/{path}")),
                _ => _ = machine.variables.insert(variable.to_owned(), self.places.file(path)),
            }
        }
    }
}

fn has_credential_source(machine: &Machine, source: &str) -> bool {
    let files = [&machine.config, &machine.credentials];
    files.iter().flat_map(|file| file.properties()).any(|property| property.value == source)
}

/// `endpoint_url` in every profile of the config file, and in a `services` section that they name.
fn set_in_files(config: &mut File, of_profile: &str, of_service: Option<&str>) {
    for section in config.sections.iter_mut().filter(|section| section.header.kind != "services") {
        section.push("endpoint_url", of_profile);
        if of_service.is_some() {
            section.push("services", "local");
        }
    }
    if let Some(url) = of_service {
        let mut services = Section::new("services", "local");
        services.push("sts", "");
        if let Some(Item::Property(sts)) = services.items.last_mut() {
            sts.more.push(format!("  endpoint_url = {url}"));
        }
        config.sections.push(services);
    }
}
