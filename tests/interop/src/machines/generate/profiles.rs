//! Profiles: the ways to credentials, and where they are written.

use super::{Maker, REGIONS, SECRETS};
use crate::machines::resolve::{EXTERNAL_ID, MISSING, ONE, THREE, TWO, WEB};
use crate::machines::{Machine, Section};

impl Maker<'_> {
    /// A profile with one or, rarely, two ways to credentials, in either file or in both.
    pub(super) fn add_profile(&mut self, machine: &mut Machine, position: usize) {
        let name = self.names[position];
        let mut properties: Vec<(String, String)> = Vec::new();
        let ways = if self.chance(20) { 2 } else { 1 };
        for _ in 0..ways {
            self.add_way(&mut properties, position);
        }
        if self.chance(35) {
            properties.push(("region".to_owned(), self.one_of(&REGIONS).to_owned()));
        }
        if self.chance(5) {
            self.rng.shuffle(&mut properties);
        }
        // Written twice is another case.
        let mut keys = std::collections::BTreeSet::new();
        properties.retain(|(key, _)| keys.insert(key.clone()));
        let kind = if name == "default" && !self.chance(10) { "" } else { "profile" };
        let mut in_config = Section::new(kind, name);
        let mut in_credentials = Section::new("", name);
        let is_split = self.chance(6);
        let is_for_credentials = self.chance(40);
        for (key, value) in properties {
            let to_credentials = if is_split { self.rng.bool() } else { is_for_credentials };
            let section = if to_credentials { &mut in_credentials } else { &mut in_config };
            section.push(&key, value);
        }
        let rarely_empty = self.chance(5);
        for (file, section) in [(&mut machine.config, in_config), (&mut machine.credentials, in_credentials)]
        {
            if !section.items.is_empty() || rarely_empty {
                file.sections.push(section);
            }
        }
    }

    fn add_way(&mut self, properties: &mut Vec<(String, String)>, position: usize) {
        let mut push = |key: &str, value: String| properties.push((key.to_owned(), value));
        // The end of most chains are keys.
        let is_last = position + 1 == self.names.len() && self.chance(75);
        match if is_last { 0 } else { self.below(96, 100) } {
            0..15 => self.add_keys(&mut push),
            15..67 => self.add_role(&mut push, position),
            67..77 => self.add_profile_web_identity(&mut push),
            77..86 => {
                let command = self.command();
                push("credential_process", command);
                if self.chance(20) {
                    push("aws_account_id", "555555555555".to_owned());
                }
            }
            86..89 => {
                let source = self.credential_source();
                push("credential_source", source);
            }
            89..90 => push("output", "json".to_owned()),
            90..95 => push("role_session_name", "alone".to_owned()),
            95..96 => push("sso_session", "corp".to_owned()),
            96..97 => push("sso_start_url", "https://d-1.awsapps.com/start".to_owned()),
            97..98 => push("login_session", "arn:aws:iam::111111111111:user/alice".to_owned()),
            98..99 => {
                let source = self.one_of(&self.names.clone()).to_owned();
                push("source_profile", source);
            }
            _ => {
                let key = self.one_of(&["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]);
                push(key, "HALF".to_owned());
            }
        }
    }

    fn add_keys(&mut self, push: &mut impl FnMut(&str, String)) {
        let known = if self.rng.bool() { self.places.alice.clone() } else { self.places.bob.clone() };
        let is_known = self.chance(85);
        let (id, secret, _) = if is_known {
            known
        } else {
            ("AKIAIOSFODNN7EXAMPLE".to_owned(), self.one_of(&SECRETS).to_owned(), None)
        };
        push("aws_access_key_id", id);
        push("aws_secret_access_key", secret);
        if !is_known && self.rng.bool() || self.wrong(5) {
            push("aws_session_token", "token/of+a==session".to_owned());
        }
        if !is_known && self.chance(20) {
            push("aws_security_token", "token/of+boto==".to_owned());
        }
        if self.chance(15) {
            push("aws_account_id", "111111111111".to_owned());
        }
    }

    fn add_role(&mut self, push: &mut impl FnMut(&str, String), position: usize) {
        let name = self.names[position];
        let role = match self.below(92, 100) {
            0..60 => ONE,
            60..75 => TWO,
            75..92 => THREE,
            92..97 => MISSING,
            _ => "reports",
        };
        push("role_arn", role.to_owned());
        // Mostly one of those behind it, so that there are chains and few loops.
        let names = self.names.clone();
        let behind = names.get(position + 1..).filter(|behind| !behind.is_empty() && !self.wrong(15));
        match (self.below(93, 100), behind) {
            (0..62, Some(behind)) => push("source_profile", self.one_of(behind).to_owned()),
            (0..93, _) => {
                let source = self.credential_source();
                push("credential_source", source);
            }
            (93..95, _) => push("source_profile", self.one_of(&names).to_owned()),
            (95..97, _) => push("source_profile", "nobody".to_owned()),
            (97..98, _) => {
                push("source_profile", name.to_owned());
                push("credential_source", "Environment".to_owned());
            }
            _ => {}
        }
        // A profile can be its own source, if it has keys.
        if self.chance(6) {
            push("source_profile", name.to_owned());
            self.add_keys(push);
        }
        if role == TWO && !self.wrong(20) || self.chance(5) {
            push("external_id", EXTERNAL_ID.to_owned());
        } else if self.wrong(5) {
            push("external_id", self.one_of(&["x-43", "x", "not allowed!"]).to_owned());
        }
        if self.chance(40) {
            let names = ["nightly", "nightly", "pod", "ci@example", "ci+1=2,3.4", "ab", "a", "not allowed!"];
            push("role_session_name", self.one_of_good(6, &names).to_owned());
        }
        if self.chance(25) {
            let durations = ["900", "900", "1800", "1800", "3600", "15m", "an hour", "7200", "899"];
            push("duration_seconds", self.one_of_good(6, &durations).to_owned());
        }
        if self.wrong(3) {
            push("mfa_serial", "arn:aws:iam::111111111111:mfa/alice".to_owned());
        }
    }

    fn credential_source(&mut self) -> String {
        let sources = ["Environment", "EcsContainer", "EcsContainer", "Ec2InstanceMetadata"];
        let source = self.one_of(&sources);
        match self.below(19, 20) {
            0..17 => source.to_owned(),
            17..19 => source.to_ascii_lowercase(),
            _ => "Ec2".to_owned(),
        }
    }

    fn add_profile_web_identity(&mut self, push: &mut impl FnMut(&str, String)) {
        let token = self.token_file();
        push("web_identity_token_file", token);
        if !self.wrong(10) {
            push("role_arn", self.one_of(&[WEB, WEB, WEB, ONE]).to_owned());
        }
        if self.chance(40) {
            push("role_session_name", "pod".to_owned());
        }
        if self.chance(8) {
            push("duration_seconds", "900".to_owned());
        }
    }

    pub(super) fn token_file(&mut self) -> String {
        let files =
            ["token", "token", "token", "token-with-line-end", "token-of-nobody", "empty", "no such file"];
        let file = self.one_of_good(4, &files);
        self.places.file(file)
    }

    fn command(&mut self) -> String {
        let number = self.below(9, 13);
        let file = |name: &str| self.places.file(name);
        match number {
            0..3 => format!("cat {}", file("process")),
            3 => format!("cat \"{}\"", file("a place/process")),
            4 => format!("  /bin/cat   '{}'", file("a place/process")),
            5 => format!("cat {}", file("process-with-expiry")),
            6 => format!("sh -c 'cat \"{}\"'", file("a place/process")),
            7..9 => format!("cat {} | cat", file("process")),
            9 => format!("cat {}", file("process-expired")),
            10 => format!("cat {}", file("process-of-version-2")),
            11 => format!("cat {}", file("process-without-secret")),
            _ => "false".to_owned(),
        }
    }
}
