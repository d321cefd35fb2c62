//! Roles from files, in any format that serde reads and that tells texts from numbers.
//!
//! By hand: serde's own errors quote a value of the wrong kind, and an external id that lacks its quotes would end in a
//! log.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use super::{Role, SessionPolicy, SessionTag};
use crate::error::printable;

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Role", FIELDS, RoleVisitor)
    }
}

impl<'de> Deserialize<'de> for SessionPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let policy = match Value::deserialize(deserializer)? {
            Value::String(json) => Self::from_json(json),
            object @ Value::Object(_) => Self::from_json(object.to_string()),
            _ => {
                let what = "the session policy is neither an object nor a text that holds one";
                return Err(D::Error::custom(what));
            }
        };
        policy.map_err(D::Error::custom)
    }
}

struct RoleVisitor;

impl<'de> Visitor<'de> for RoleVisitor {
    type Value = Role;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a role: an object with `role_arn`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Role, A::Error> {
        let mut seen = HashSet::new();
        let mut arn = None;
        let mut role = Role::builder("");
        while let Some(name) = map.next_key::<String>()? {
            if seen.contains(&name) {
                return Err(A::Error::custom(format_args!("`{name}` is there twice; leave one out")));
            }
            match name.as_str() {
                ARN => arn = text(&mut map)?,
                "session_name" => role.session_name = text(&mut map)?,
                "external_id" => role.external_id = text(&mut map)?,
                "duration_seconds" => role.duration = map.next_value::<Option<_>>()?.map(Duration::from_secs),
                "policy" => role.policy = map.next_value()?,
                "policy_arns" => role.policy_arns = texts(&mut map)?,
                "tags" => role.tags = map.next_value::<Option<Tags>>()?.unwrap_or_default().0,
                "transitive_tag_keys" => role.transitive_tag_keys = texts(&mut map)?,
                "source_identity" => role.source_identity = text(&mut map)?,
                _ => return Err(A::Error::unknown_field(&printable(&name), FIELDS)),
            }
            seen.insert(name);
        }
        role.arn = arn.ok_or_else(|| A::Error::missing_field(ARN))?;
        role.build().map_err(A::Error::custom)
    }
}

fn text<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    Ok(map.next_value::<Option<Text>>()?.map(|Text(text)| text))
}

fn texts<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Vec<String>, A::Error> {
    let texts = map.next_value::<Option<Vec<Text>>>()?.unwrap_or_default();
    Ok(texts.into_iter().map(|Text(text)| text).collect())
}

/// A text. What is none is not quoted.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
        Ok(Text(text))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Text, E> {
        Err(E::custom(NO_TEXT))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Text, E> {
        Err(E::custom(NO_TEXT))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Text, E> {
        Err(E::custom(NO_TEXT))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Text, E> {
        Err(E::custom(NO_TEXT))
    }
}

/// The pairs of a map, also those that stand in it twice: the checks of the role find them.
#[derive(Default)]
struct Tags(Vec<SessionTag>);

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TagsVisitor)
    }
}

struct TagsVisitor;

impl<'de> Visitor<'de> for TagsVisitor {
    type Value = Tags;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tags")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags, A::Error> {
        let mut tags = Vec::new();
        while let Some((key, Text(value))) = map.next_entry()? {
            tags.push(SessionTag { key, value });
        }
        Ok(Tags(tags))
    }
}

const ARN: &str = "role_arn";
const FIELDS: &[&str] = &[
    ARN,
    "session_name",
    "external_id",
    "duration_seconds",
    "policy",
    "policy_arns",
    "tags",
    "transitive_tag_keys",
    "source_identity",
];
const NO_TEXT: &str = "a number or a truth value where a text belongs; write it in quotes";
