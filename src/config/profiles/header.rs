//! Which headers count in which file.

use super::RemarkKind;
use crate::config::printable::printable;

/// A header that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header<'a> {
    /// `[default]` of the config file, which `[profile default]` replaces.
    Default,
    Profile(&'a str),
    SsoSession(&'a str),
    Services(&'a str),
}

impl Header<'_> {
    pub(crate) const PROFILE_DEFAULT: Self = Self::Profile(DEFAULT);
}

/// Reads a header of the config file.
pub(crate) fn in_config(text: &str) -> Result<Header<'_>, RemarkKind> {
    let (prefix, name) = match text.split_once(BLANKS) {
        Some((prefix, name)) => (prefix, name.trim_start_matches(BLANKS)),
        None if text == DEFAULT => return Ok(Header::Default),
        None => return Err(RemarkKind::UnknownSection { section: printable(text) }),
    };
    let header = match prefix {
        "profile" => Header::Profile(name),
        "sso-session" => Header::SsoSession(name),
        "services" => Header::Services(name),
        _ => return Err(RemarkKind::UnknownSection { section: printable(text) }),
    };
    if is_name(name) { Ok(header) } else { Err(RemarkKind::InvalidName { section: printable(text) }) }
}

/// Reads a header of the credentials file, where names stand alone.
pub(crate) fn in_credentials(text: &str) -> Result<Header<'_>, RemarkKind> {
    if is_name(text) {
        return Ok(Header::Profile(text));
    }
    match text.split_once(BLANKS) {
        Some(("profile", name)) => {
            Err(RemarkKind::PrefixInCredentials { name: printable(name.trim_start_matches(BLANKS)) })
        }
        Some(("sso-session" | "services", _)) => {
            Err(RemarkKind::NotForCredentials { section: printable(text) })
        }
        _ => Err(RemarkKind::InvalidName { section: printable(text) }),
    }
}

/// Whether a section or a property may be called so.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&byte))
}

pub(crate) const DEFAULT: &str = "default";

const BLANKS: [char; 2] = [' ', '\t'];
