//! Values of a profile that are more than a text. Each is read here and nowhere else; an error names the place, and
//! never the value.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::error::{Invalid, PlanError, Problem};
use super::keys::{
    DURATION_SECONDS, MANY_LINES, MFA_PROCESS, MFA_SERIAL, SESSION_TAGS, TRANSITIVE_SESSION_TAGS,
};
use crate::config::profiles::{Profile, Value};
use crate::setting::boolean;

/// `session_tags` and `transitive_session_tags`. `Debug` shows no values.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct SessionTags {
    /// Keys and values, as they were written.
    pub(crate) tags: Vec<(String, String)>,
    /// Keys, with or without a tag among those above.
    pub(crate) transitive: Vec<String>,
}

/// Who has to type a code, or which program knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mfa {
    pub(crate) serial: Value,
    /// A command line that prints the code.
    pub(crate) process: Option<Value>,
}

/// A key that does not decide about credentials, on one line.
pub(crate) fn setting<'p>(profile: &Profile<'p>, key: &'static str) -> Result<Option<&'p Value>, PlanError> {
    one_line_each(profile, |key| profile.get(key), &[key])?;
    Ok(profile.get_set(key))
}

/// A key that is `true` or `false`.
pub(crate) fn flag(profile: &Profile<'_>, key: &'static str) -> Result<Option<bool>, PlanError> {
    let Some(value) = setting(profile, key)? else { return Ok(None) };
    match boolean(value.text()) {
        Some(flag) => Ok(Some(flag)),
        None => Err(Invalid::new(profile, value.origin(), Problem::NotABoolean { key }).into()),
    }
}

/// `duration_seconds`.
pub(super) fn duration(profile: &Profile<'_>) -> Result<Option<Duration>, PlanError> {
    let Some(value) = profile.get_set(DURATION_SECONDS) else { return Ok(None) };
    match value.text().trim().parse().ok().filter(|seconds| SECONDS.contains(seconds)) {
        Some(seconds) => Ok(Some(Duration::from_secs(seconds))),
        None => Err(Invalid::new(profile, value.origin(), Problem::NotSeconds).into()),
    }
}

/// `mfa_serial`, and the `mfa_process` of aws-vault beside it.
pub(super) fn mfa(profile: &Profile<'_>) -> Option<Mfa> {
    let serial = profile.get_set(MFA_SERIAL)?.clone();
    Some(Mfa { serial, process: profile.get_set(MFA_PROCESS).cloned() })
}

/// `session_tags` (`key1=value1,key2=value2`) and `transitive_session_tags` (`key1,key2`), as aws-vault writes them. A
/// line break separates like a comma, blanks around keys and values do not count, and nothing between two commas is
/// nothing. Lengths and characters are checked where the role is built.
pub(super) fn session_tags(profile: &Profile<'_>) -> Result<SessionTags, PlanError> {
    let mut read = SessionTags::default();
    if let Some(value) = profile.get_set(SESSION_TAGS) {
        read.tags = tags(value.text()).map_err(|problem| Invalid::new(profile, value.origin(), problem))?;
    }
    if let Some(value) = profile.get_set(TRANSITIVE_SESSION_TAGS) {
        read.transitive = tag_keys(value.text());
    }
    Ok(read)
}

pub(super) fn tags(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let tag = |(index, item): (usize, &str)| match item.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err(Problem::NotATag { number: index + 1 }),
    };
    items(text).enumerate().map(tag).collect()
}

pub(super) fn tag_keys(text: &str) -> Vec<String> {
    items(text).map(str::to_owned).collect()
}

/// Refuses values that go on in indented lines, where one line is meant.
pub(super) fn one_line_each<'v>(
    profile: &Profile<'_>,
    get: impl Fn(&str) -> Option<&'v Value>,
    keys: &[&'static str],
) -> Result<(), PlanError> {
    for key in keys {
        if let Some(value) = get(key)
            && (value.has_sub() || value.text().contains('\n') && !MANY_LINES.contains(key))
        {
            return Err(Invalid::new(profile, value.origin(), Problem::NotOneLine { key }).into());
        }
    }
    Ok(())
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty())
}

impl fmt::Debug for SessionTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionTags")
            .field("tags", &self.tags.len())
            .field("transitive", &self.transitive.len())
            .finish()
    }
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(super) const SECONDS: RangeInclusive<u64> = 900..=43_200;
