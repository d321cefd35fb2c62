//! The policy that narrows a session.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::Flaw;
use crate::error::Error;
use crate::policy::SessionPolicyBuilder;

/// An inline session policy: the session may do what both the role's own policies and this one allow.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>
///
/// ```
/// use aws_credential_chain::SessionPolicy;
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let policy = SessionPolicy::from_json(
///     r#"{
///         "Version": "2012-10-17",
///         "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*" }]
///     }"#,
/// )?;
/// assert!(policy.as_str().starts_with(r#"{"Version":"2012-10-17","Statement":[{"#));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionPolicy(String);

impl SessionPolicy {
    /// In characters. <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
    pub(crate) const MAX: usize = 2048;

    /// Takes the JSON without its blanks and line breaks, which count towards the limit; nothing is put in another
    /// order.
    ///
    /// What the policy says is not checked, STS does that. Beside this limit there is one on the packed form of
    /// policies and tags together, which only STS knows.
    ///
    /// # Errors
    /// It is no JSON object, has a name twice in one object (AWS does not take that, and readers differ in which one
    /// counts), has more than 2048 characters, or holds one beyond U+00FF. The error does not quote it.
    pub fn from_json(json: impl AsRef<str>) -> Result<Self, Error> {
        Self::parse(json.as_ref()).map_err(Flaw::into_error)
    }

    fn parse(json: &str) -> Result<Self, Flaw> {
        if let Err(error) = serde_json::from_str::<AnyObject>(json) {
            let what = match error.classify() {
                Category::Data => "the session policy is JSON, but no object".to_owned(),
                _ => format!(
                    "the session policy is no JSON (line {}, column {})",
                    error.line(),
                    error.column()
                ),
            };
            return Err(Flaw::new(what, "write it like {\"Version\": \"2012-10-17\", \"Statement\": […]}"));
        }
        // Half a surrogate pair, for example, stops it too: that is for STS to judge.
        let is_twofold = |error: serde_json::Error| error.classify() == Category::Data;
        if serde_json::from_str::<EachOnce>(json).is_err_and(is_twofold) {
            return Err(Flaw::new(
                "the session policy has a name twice in one object",
                "write each element once; several values go into one list",
            ));
        }
        Self::of_minified(minified(json))
    }

    /// Takes JSON that is known to be an object without blanks.
    pub(crate) fn of_minified(text: String) -> Result<Self, Flaw> {
        if let Some(at) = text.chars().position(|c| c > LAST_CHARACTER) {
            return Err(Flaw::new(
                format!(
                    "the session policy has a character beyond U+00FF, at position {} without blanks",
                    at + 1
                ),
                "write that character as \\u and four hexadecimal digits",
            ));
        }
        let length = text.chars().count();
        if length > Self::MAX {
            return Err(Flaw::new(
                format!("the session policy has {length} characters without blanks, more than {}", Self::MAX),
                "shorten it, or put it into managed policies and name those",
            ));
        }
        Ok(Self(text))
    }

    /// Starts one that is made of typed statements: see [`policy`](crate::policy).
    pub fn builder() -> SessionPolicyBuilder {
        SessionPolicyBuilder::new()
    }

    /// How much of the room for policies, their ARNs and tags it may take, in percent: see
    /// [`Role::packed_size_estimate`](crate::Role::packed_size_estimate), which counts all of them.
    #[must_use]
    pub fn packed_size_estimate(&self) -> u32 {
        super::size::estimate([self.as_str()])
    }

    /// The JSON, without blanks between its parts.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Valid JSON without the blanks outside of its texts.
fn minified(json: &str) -> String {
    let mut in_text = false;
    let mut escaped = false;
    json.chars()
        .filter(|&c| {
            if in_text {
                in_text = escaped || c != '"';
                escaped = !escaped && c == '\\';
                return true;
            }
            in_text = c == '"';
            !matches!(c, ' ' | '\t' | '\n' | '\r')
        })
        .collect()
}

/// An object, whatever is in it.
struct AnyObject;

impl<'de> Deserialize<'de> for AnyObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnyObject)
    }
}

impl<'de> Visitor<'de> for AnyObject {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

/// JSON in which no object has a name twice.
struct EachOnce;

impl<'de> Deserialize<'de> for EachOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EachOnce)
    }
}

impl<'de> Visitor<'de> for EachOnce {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, EachOnce)) = map.next_entry::<String, Self>()? {
            if !names.insert(name) {
                return Err(serde::de::Error::custom("twice"));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while let Some(EachOnce) = items.next_element()? {}
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const LAST_CHARACTER: char = '\u{ff}';
