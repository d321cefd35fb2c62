//! Sections of the config file and of the credentials file, merged into profiles.
//!
//! | header | in the config file | in the credentials file |
//! |---|---|---|
//! | `[default]` | the profile `default`, unless `[profile default]` stands anywhere in the file | the profile `default` |
//! | `[profile x]` | the profile `x` | skipped |
//! | `[x]` | skipped | the profile `x` |
//! | `[sso-session x]`, `[services x]` | what it says | skipped |
//!
//! Names and keys consist of `A–Z a–z 0–9 _ - / . % @ : +`; other sections and properties are skipped. Keys are
//! lower-cased. Sections of the same name merge, the last property of a name wins, and the credentials file wins
//! over the config file. All that is skipped leaves a [`Remark`]. Every value knows where it stands.

mod header;
mod include;
mod remark;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::ini::{self, IniError};
use super::printable::printable;
use header::Header;
pub(crate) use include::{IncludeError, Profile};
pub(crate) use remark::{Remark, RemarkKind, Remarks};

/// What both files say together. `Debug` shows names and places, no values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profiles {
    by_name: BTreeMap<String, Section>,
    sso_sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
    remarks: Remarks,
    files: Vec<Arc<str>>,
}

/// A profile, an `sso-session` or a `services` section.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    name: String,
    origin: Origin,
    values: BTreeMap<String, Value>,
}

/// The value of a property. It may be a secret, so `Debug` shows only where it stands.
#[derive(Clone)]
pub(crate) struct Value {
    text: SecretString,
    origin: Origin,
    sub: BTreeMap<String, Value>,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) file: Arc<str>,
    /// Counted from 1; 0 for an environment variable, whose name stands in the place of a file's.
    pub(crate) line: usize,
}

/// A file that cannot be read as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigError {
    pub(crate) file: Arc<str>,
    pub(crate) error: IniError,
}

impl Profiles {
    /// Reads the files that exist, each as the path to show and its content.
    pub(crate) fn parse(
        config: Option<(&str, &[u8])>,
        credentials: Option<(&str, &[u8])>,
    ) -> Result<Self, ConfigError> {
        let mut profiles = Self::default();
        if let Some((path, bytes)) = config {
            profiles.add_config(path, bytes)?;
        }
        if let Some((path, bytes)) = credentials {
            profiles.add_credentials(path, bytes)?;
        }
        Ok(profiles)
    }

    /// A profile without what it includes.
    pub(crate) fn profile_alone(&self, name: &str) -> Option<&Section> {
        self.by_name.get(name)
    }

    pub(crate) fn sso_session(&self, name: &str) -> Option<&Section> {
        self.sso_sessions.get(name)
    }

    pub(crate) fn services(&self, name: &str) -> Option<&Section> {
        self.services.get(name)
    }

    /// The names of the profiles, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// What was skipped, in the order of the files.
    pub(crate) fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// The files that were read.
    pub(crate) fn files(&self) -> &[Arc<str>] {
        &self.files
    }

    fn add_config(&mut self, path: &str, bytes: &[u8]) -> Result<(), ConfigError> {
        let (file, sections) = self.read(path, bytes)?;
        let has_prefixed_default =
            sections.iter().any(|section| header::in_config(section.name) == Ok(Header::PROFILE_DEFAULT));
        for section in sections {
            let header = match header::in_config(section.name) {
                Ok(Header::Default) if has_prefixed_default => Err(RemarkKind::DefaultReplaced),
                other => other,
            };
            self.add(header, section, &file);
        }
        Ok(())
    }

    fn add_credentials(&mut self, path: &str, bytes: &[u8]) -> Result<(), ConfigError> {
        let (file, sections) = self.read(path, bytes)?;
        for section in sections {
            self.add(header::in_credentials(section.name), section, &file);
        }
        Ok(())
    }

    fn read<'a>(
        &mut self,
        path: &str,
        bytes: &'a [u8],
    ) -> Result<(Arc<str>, Vec<ini::Section<'a>>), ConfigError> {
        let file: Arc<str> = path.chars().filter(|c| !c.is_control()).collect::<String>().into();
        let sections = ini::parse(bytes).map_err(|error| ConfigError { file: file.clone(), error })?;
        self.files.push(file.clone());
        Ok((file, sections))
    }

    fn add(&mut self, header: Result<Header<'_>, RemarkKind>, section: ini::Section<'_>, file: &Arc<str>) {
        let origin = Origin { file: file.clone(), line: section.line };
        let (map, name) = match header {
            Ok(Header::Default) => (&mut self.by_name, header::DEFAULT),
            Ok(Header::Profile(name)) => (&mut self.by_name, name),
            Ok(Header::SsoSession(name)) => (&mut self.sso_sessions, name),
            Ok(Header::Services(name)) => (&mut self.services, name),
            Err(kind) => return self.remarks.push(Remark { origin, kind }),
        };
        map.entry(name.to_owned())
            .or_insert_with(|| Section { name: name.to_owned(), origin, values: BTreeMap::new() })
            .absorb(section.properties, file, &mut self.remarks);
    }
}

impl Section {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its first header.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The value of a lower-case key, also a blank one.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// The value of a lower-case key; a blank one counts as unset.
    pub(crate) fn get_set(&self, key: &str) -> Option<&Value> {
        self.get(key).filter(|value| !value.is_blank())
    }

    /// The keys, sorted.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    fn absorb(&mut self, properties: Vec<ini::Property<'_>>, file: &Arc<str>, remarks: &mut Remarks) {
        for property in properties {
            let origin = Origin { file: file.clone(), line: property.line };
            if !header::is_name(property.key) {
                let kind = RemarkKind::InvalidKey { key: printable(property.key) };
                remarks.push(Remark { origin, kind });
                continue;
            }
            let key = property.key.to_ascii_lowercase();
            let value = Value::new(&property, origin);
            if let Some(earlier) = self.values.get(&key)
                && earlier.origin.file != value.origin.file
                && !earlier.says_the_same(&value)
            {
                let kind = RemarkKind::Overridden { key: printable(&key), by: value.origin.clone() };
                remarks.push(Remark { origin: earlier.origin.clone(), kind });
            }
            self.values.insert(key, value);
        }
    }
}

impl Value {
    /// The text, which may be a secret. Continuation lines are joined by newlines.
    pub(crate) fn text(&self) -> &str {
        self.text.expose_secret()
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The value of a lower-case key that stands indented below this one.
    pub(crate) fn sub(&self, key: &str) -> Option<&Value> {
        self.sub.get(key)
    }

    pub(crate) fn has_sub(&self) -> bool {
        !self.sub.is_empty()
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text().trim().is_empty()
    }

    /// What an environment variable says in its place.
    pub(crate) fn of_variable(text: &str, origin: Origin) -> Self {
        Self { text: text.into(), origin, sub: BTreeMap::new() }
    }

    fn new(property: &ini::Property<'_>, origin: Origin) -> Self {
        let sub = property.sub.iter().map(|sub| {
            let origin = Origin { file: origin.file.clone(), line: sub.line };
            let value = Self { text: sub.value.into(), origin, sub: BTreeMap::new() };
            (sub.key.to_ascii_lowercase(), value)
        });
        let sub = sub.collect();
        Self { text: joined(property), origin, sub }
    }

    fn says_the_same(&self, other: &Self) -> bool {
        let is_same = |(a, b): ((&String, &Self), (&String, &Self))| a.0 == b.0 && a.1.text() == b.1.text();
        self.text() == other.text()
            && self.sub.len() == other.sub.len()
            && self.sub.iter().zip(&other.sub).all(is_same)
    }
}

impl Origin {
    pub(crate) fn of_variable(name: &str) -> Self {
        Self { file: name.into(), line: 0 }
    }
}

/// The same text at the same place.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.says_the_same(other) && self.origin == other.origin
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[REDACTED {}]", self.origin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.error.line, self.error.kind)
    }
}

impl std::error::Error for ConfigError {}

/// One string of the exact size: growing it step by step would leave copies of a secret behind.
fn joined(property: &ini::Property<'_>) -> SecretString {
    let size = property.value.len() + property.continuation.iter().map(|line| line.len() + 1).sum::<usize>();
    let mut text = String::with_capacity(size);
    text.push_str(property.value);
    for line in &property.continuation {
        text.push('\n');
        text.push_str(line);
    }
    text.into()
}

#[cfg(test)]
mod tests;
