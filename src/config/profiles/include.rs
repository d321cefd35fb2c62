//! `include_profile`, as aws-vault reads it: what a profile does not set, it takes from another one.
//!
//! ```ini
//! [profile common]
//! region = eu-central-1
//! mfa_serial = arn:aws:iam::123456789012:mfa/dev
//!
//! [profile reports]
//! include_profile = common
//! role_arn = arn:aws:iam::123456789012:role/reports
//! ```
//!
//! The included profile may include another one; the nearest that sets a key wins, and blank counts as unset. Access keys
//! and the account they belong to are not taken over: they are who a profile is, and not how it is set up. What aws-vault
//! does besides, taking over what `[default]` says, no other tool of AWS does, and neither do we.
//!
//! <https://github.com/99designs/aws-vault/blob/master/USAGE.md#include_profile>

use std::fmt;

use super::{Origin, Profiles, Section, Value};
use crate::config::printable::printable;

/// A profile, with what it includes.
#[derive(Clone, Debug)]
pub(crate) struct Profile<'a> {
    own: &'a Section,
    /// The nearest first.
    included: Vec<&'a Section>,
}

/// An `include_profile` that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IncludeError {
    /// The profile that has it. Names are [`printable`].
    profile: String,
    origin: Origin,
    problem: IncludeProblem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum IncludeProblem {
    NotOneLine,
    NoSuchProfile { name: String },
    Loop { path: String },
    TooMany,
}

impl Profiles {
    /// The profile of this name, with what it includes.
    pub(crate) fn profile(&self, name: &str) -> Result<Option<Profile<'_>>, IncludeError> {
        let Some(own) = self.profile_alone(name) else { return Ok(None) };
        let mut profile = Profile { own, included: Vec::new() };
        let mut last = own;
        while let Some(include) =
            last.get(INCLUDE_PROFILE).filter(|value| !value.is_blank() || value.has_sub())
        {
            let error = |problem| {
                let (profile, origin) = (printable(last.name()), include.origin().clone());
                Err(IncludeError { profile, origin, problem })
            };
            if include.has_sub() || include.text().contains('\n') {
                return error(IncludeProblem::NotOneLine);
            }
            let Some(next) = self.profile_alone(include.text()) else {
                return error(IncludeProblem::NoSuchProfile { name: printable(include.text()) });
            };
            if profile.sections().any(|section| section.name() == next.name()) {
                return error(IncludeProblem::Loop { path: profile.path_back_to(next) });
            }
            if profile.included.len() == MAX_INCLUDED {
                return error(IncludeProblem::TooMany);
            }
            profile.included.push(next);
            last = next;
        }
        Ok(Some(profile))
    }
}

impl<'a> Profile<'a> {
    pub(crate) fn name(&self) -> &'a str {
        self.own.name()
    }

    /// Its own first header.
    pub(crate) fn origin(&self) -> &'a Origin {
        self.own.origin()
    }

    /// The value of a lower-case key, also a blank one if nothing else is included.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        if NOT_INCLUDED.contains(&key) {
            return self.own.get(key);
        }
        let says_something = |value: &&Value| !value.is_blank() || value.has_sub();
        let mut values = self.sections().filter_map(|section| section.get(key));
        values.find(says_something).or_else(|| self.own.get(key))
    }

    /// The value of a lower-case key; a blank one counts as unset.
    pub(crate) fn get_set(&self, key: &str) -> Option<&'a Value> {
        self.get(key).filter(|value| !value.is_blank())
    }

    fn sections(&self) -> impl Iterator<Item = &'a Section> {
        std::iter::once(self.own).chain(self.included.iter().copied())
    }

    fn path_back_to(&self, section: &Section) -> String {
        let names: Vec<String> =
            self.sections().chain([section]).map(|section| printable(section.name())).collect();
        names.join(" → ")
    }
}

impl fmt::Display for IncludeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile `{}` ({}): {}", self.profile, self.origin, self.problem)
    }
}

impl fmt::Display for IncludeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOneLine => write!(
                f,
                "the value of `{INCLUDE_PROFILE}` goes on in indented lines; write it in one line, and begin the next key in the first column"
            ),
            Self::NoSuchProfile { name } => write!(
                f,
                "its `{INCLUDE_PROFILE}` `{name}` does not exist; correct the name, or add that profile"
            ),
            Self::Loop { path } => write!(
                f,
                "the included profiles go round in a loop ({path}); remove `{INCLUDE_PROFILE}` from one of them"
            ),
            Self::TooMany => {
                write!(f, "more than {MAX_INCLUDED} profiles include one another; include fewer")
            }
        }
    }
}

impl std::error::Error for IncludeError {}

const INCLUDE_PROFILE: &str = "include_profile";
const NOT_INCLUDED: &[&str] = &[
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "aws_account_id",
];
/// More than anybody nests by hand.
const MAX_INCLUDED: usize = 32;

#[cfg(test)]
mod tests;
