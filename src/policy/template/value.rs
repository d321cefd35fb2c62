//! Names, as they are put into a text.

use std::borrow::Cow;

use super::text::Kind;
use crate::policy::literal;

/// What a place asks of a name.
pub(super) struct Rule {
    pub(super) kind: Kind,
    /// What follows on it, if more than fixed text does.
    pub(super) delimiter: Option<char>,
    /// Before the fifth colon of an ARN, where AWS knows no variables.
    pub(super) is_early: bool,
}

impl Rule {
    /// The name as the text has it; or what is wrong with it, after "the name".
    pub(super) fn written<'n>(&self, name: &'n str) -> Result<Cow<'n, str>, Cow<'static, str>> {
        if name.is_empty() {
            return Err("is empty".into());
        }
        if self.is_early {
            let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let trouble =
                "stands before the fifth colon of an ARN, and is not made of letters, digits and `-`";
            return if is_plain { Ok(name.into()) } else { Err(trouble.into()) };
        }
        match self.kind {
            Kind::Name => self.check(name, false)?,
            Kind::Path => name.split('/').try_for_each(|name| self.check(name, true))?,
        }
        Ok(literal(name).into())
    }

    fn check(&self, name: &str, is_of_path: bool) -> Result<(), Cow<'static, str>> {
        if name.is_empty() {
            return Err("begins or ends with `/`, or has two of them in a row".into());
        }
        if name.bytes().all(|byte| byte == b'.') {
            return Err("is made of dots alone, or has such a part".into());
        }
        // A slash ends the name itself, in a path as elsewhere.
        let delimiter = self.delimiter.filter(|delimiter| !(is_of_path && *delimiter == '/'));
        let found = name
            .chars()
            .find(|&c| c.is_control() || matches!(c, '/' | ':' | '{' | '}' | '\\') || Some(c) == delimiter);
        match found {
            None => Ok(()),
            Some(c) if c.is_control() => Err("has a control character".into()),
            Some(c) => Err(format!("has a `{c}`, with which it could reach out of its place").into()),
        }
    }
}

pub(super) const REMEDY: &str =
    "refuse such a tenant, or give each a name of its own that is made of letters and digits";
