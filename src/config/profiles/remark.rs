//! What was skipped, and why: for events and explanations.

use std::fmt;

use super::Origin;

/// A section or a property without effect. Never carries a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    pub(crate) origin: Origin,
    pub(crate) kind: RemarkKind,
}

/// The first hundred of them: a file of nothing but nonsense would make millions. `Debug` shows them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remarks {
    first: Vec<Remark>,
    more: usize,
}

/// Why it has no effect. Names are [`printable`](crate::config::printable::printable).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RemarkKind {
    /// A section of the config file that is none of those we know.
    UnknownSection { section: String },
    /// A section whose name has characters that are not allowed, or no name.
    InvalidName { section: String },
    /// `[profile x]` in the credentials file.
    PrefixInCredentials { name: String },
    /// `[sso-session x]` or `[services x]` in the credentials file.
    NotForCredentials { section: String },
    /// `[default]` beside `[profile default]`.
    DefaultReplaced,
    /// A property whose name has characters that are not allowed.
    InvalidKey { key: String },
    /// A property of the config file that the credentials file sets to something else.
    Overridden { key: String, by: Origin },
}

impl Remarks {
    pub(crate) fn first(&self) -> &[Remark] {
        &self.first
    }

    /// How many there are besides.
    pub(crate) fn more(&self) -> usize {
        self.more
    }

    pub(super) fn push(&mut self, remark: Remark) {
        if self.first.len() < MAX_KEPT {
            self.first.push(remark);
        } else {
            self.more += 1;
        }
    }
}

impl RemarkKind {
    /// The profile that somebody may have meant by a section that was skipped.
    pub(crate) fn meant_profile(&self) -> Option<&str> {
        match self {
            Self::UnknownSection { section } => Some(section),
            Self::PrefixInCredentials { name } => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.kind)
    }
}

impl fmt::Display for RemarkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSection { section } => write!(
                f,
                "section `[{section}]` is skipped; in the config file profiles are written `[profile NAME]`"
            ),
            Self::InvalidName { section } => {
                write!(f, "section `[{section}]` is skipped; a name consists of letters, digits and _-/.%@:+")
            }
            Self::PrefixInCredentials { name } => write!(
                f,
                "section `[profile {name}]` is skipped; in the credentials file a profile is written `[{name}]`"
            ),
            Self::NotForCredentials { section } => {
                write!(f, "section `[{section}]` is skipped; it belongs in the config file")
            }
            Self::DefaultReplaced => {
                write!(f, "section `[default]` is skipped; `[profile default]` in the same file replaces it")
            }
            Self::InvalidKey { key } => {
                write!(f, "property `{key}` is skipped; its name consists of letters, digits and _-/.%@:+")
            }
            Self::Overridden { key, by } => write!(f, "`{key}` is overridden by {by}"),
        }
    }
}

const MAX_KEPT: usize = 100;
