//! The limits that STS sets on texts.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::fmt;

use super::Flaw;

/// How long a text may be, in characters, and of which it may consist.
pub(crate) struct Rule {
    min: usize,
    max: usize,
    allowed: fn(char) -> bool,
    /// What to write, as it follows on "write 2 to 64".
    of_what: &'static str,
}

impl Rule {
    /// `name` says which text it is. The text itself is never shown: a password may stand there by mistake.
    pub(crate) fn check(&self, name: impl fmt::Display, text: &str) -> Result<(), Flaw> {
        let length = text.chars().count();
        let what = if length == 0 && self.min > 0 {
            format!("{name} is empty")
        } else if length < self.min || length > self.max {
            let s = if length == 1 { "" } else { "s" };
            format!("{name} has {length} character{s}")
        } else if let Some(at) = text.chars().position(|c| !(self.allowed)(c)) {
            format!("{name} has a character that is not allowed, at position {}", at + 1)
        } else {
            return Ok(());
        };
        let Self { min, max, of_what, .. } = self;
        let remedy = if min == max {
            format!("write {min} {of_what}")
        } else {
            format!("write {min} to {max} {of_what}")
        };
        Err(Flaw { what, remedy })
    }

    pub(crate) fn allows(&self, c: char) -> bool {
        (self.allowed)(c)
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }
}

pub(super) const SESSION_NAME: Rule = Rule { min: 2, max: 64, allowed: is_name, of_what: NAME };
pub(super) const SOURCE_IDENTITY: Rule = Rule { min: 2, max: 64, allowed: is_name, of_what: NAME };
pub(super) const EXTERNAL_ID: Rule = Rule {
    min: 2,
    max: 1224,
    allowed: |c| is_name(c) || matches!(c, ':' | '/'),
    of_what: "letters of ASCII, digits and `_+=,.@:/-`",
};
pub(super) const TAG_KEY: Rule = Rule { min: 1, max: 128, allowed: is_tag, of_what: TAG };
pub(crate) const TAG_VALUE: Rule = Rule { min: 0, max: 256, allowed: is_tag, of_what: TAG };
pub(super) const CONTEXT_ASSERTION: Rule =
    Rule { min: 4, max: 2048, allowed: |_| true, of_what: "characters, as the provider gave them" };
pub(super) const ARN: Rule =
    Rule { min: 20, max: 2048, allowed: |c| c.is_ascii_graphic(), of_what: "characters without blanks" };

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_MFADevice.html>
pub(crate) const MFA_SERIAL: Rule = Rule {
    min: 9,
    max: 256,
    allowed: |c| is_name(c) || matches!(c, ':' | '/'),
    of_what: "letters of ASCII, digits and `_+=/:,.@-`",
};
pub(crate) const MFA_TOKEN_CODE: Rule =
    Rule { min: 6, max: 6, allowed: |c| c.is_ascii_digit(), of_what: "digits" };

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
pub(crate) const WEB_IDENTITY_TOKEN: Rule = Rule {
    min: 4,
    max: 20_000,
    allowed: |c| c.is_ascii_graphic(),
    of_what: "characters without blanks, as the identity provider gave them",
};

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html>
pub(crate) const SAML_ASSERTION: Rule = Rule {
    min: 4,
    max: 100_000,
    allowed: |c| c.is_ascii_graphic(),
    of_what: "characters of base64, as the identity provider gave them",
};

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
pub(crate) const FEDERATED_NAME: Rule = Rule { min: 2, max: 32, allowed: is_name, of_what: NAME };

/// `[\w+=,.@-]`
pub(super) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, and the few marks that Unicode counts as alphabetic besides: those STS refuses itself.
fn is_tag(c: char) -> bool {
    let is_separator = c.is_whitespace() && !c.is_control();
    c.is_alphanumeric() || is_separator || matches!(c, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
}

const NAME: &str = "letters of ASCII, digits and `_+=,.@-`";
const TAG: &str = "letters, digits, blanks and `_.:/=+-@`";
