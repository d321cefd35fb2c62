//! What the CLI keeps of one session: read leniently, written as it reads it.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::json;
use crate::credentials::Credentials;
use crate::role::RoleArn;
use crate::source::Source;
use crate::wall_time::WallTime;
use crate::wire::metadata_json::Document;

/// A session that a caller has already: whether it can be told from another one, and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    access_key_id: String,
    expiry: WallTime,
}

impl Held {
    pub(super) fn of(session: &Credentials) -> Self {
        Self { access_key_id: session.access_key_id().to_owned(), expiry: end(session) }
    }
}

/// Why what lies there is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    NotAnEntry,
    /// A session of another role.
    OtherRole,
    EndsSoon,
    /// The caller has this one, or one that lasts as long.
    HandedOut,
}

/// The session that lies there, if it is one of this role that is worth handing out at `now` to somebody who has `held`.
pub(super) fn usable(
    bytes: &[u8],
    role: &RoleArn,
    path: Source,
    now: WallTime,
    held: Option<&Held>,
) -> Result<Credentials, Miss> {
    let session = parse(bytes, role, path)?;
    let expiry = end(&session);
    if now.until(expiry) < LEFT_MIN {
        return Err(Miss::EndsSoon);
    }
    match held {
        Some(held) if held.access_key_id == session.access_key_id() || held.expiry >= expiry => {
            Err(Miss::HandedOut)
        }
        _ => Ok(session),
    }
}

/// What is to be written in the place of what lies there; `None` if that is to stay, because another process has written
/// a session that lasts as long since we looked. One that the caller had already goes: it may have been rejected.
pub(super) fn replacement(
    there: Option<&[u8]>,
    session: &Credentials,
    role: &RoleArn,
    now: WallTime,
    held: Option<&Held>,
) -> Option<SecretString> {
    let written = format(session)?;
    let stays = there.is_some_and(|there| {
        let path = session.source().clone();
        usable(there, role, path, now, held).is_ok_and(|other| end(&other) >= end(session))
    });
    (!stays).then_some(written)
}

/// `None`: credentials that are no session with an end.
pub(super) fn format(session: &Credentials) -> Option<SecretString> {
    let expiration = WallTime::from(session.expiry()?).to_string();
    let texts = [
        ("AccessKeyId", Some(session.access_key_id())),
        ("SecretAccessKey", Some(session.secret_access_key().expose_secret())),
        ("SessionToken", Some(session.session_token()?.expose_secret())),
        ("Expiration", Some(expiration.as_str())),
        ("AccountId", session.account_id()),
    ];
    // With room for the longest form of each character: a text that grows leaves its secrets behind wherever it was.
    let length: usize = texts.iter().map(|(name, text)| name.len() + 6 * text.map_or(0, str::len) + 8).sum();
    let mut out = String::with_capacity(length + OBJECTS);
    out.push_str("{\"Credentials\": {");
    for (index, (name, text)) in texts.iter().filter_map(|(name, text)| Some((name, (*text)?))).enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        json::put_text(&mut out, name);
        out.push_str(": ");
        json::put_text(&mut out, text);
    }
    out.push_str("}}");
    Some(SecretString::from(out))
}

fn parse(bytes: &[u8], role: &RoleArn, path: Source) -> Result<Credentials, Miss> {
    // What serde_json says of it could quote it.
    let Entry { credentials, arn } = serde_json::from_slice(bytes).map_err(|_| Miss::NotAnEntry)?;
    let credentials = credentials.ok_or(Miss::NotAnEntry)?.or_account_id(Some(role.account_id()));
    let session = credentials.into_session(path).map_err(|_| Miss::NotAnEntry)?;
    if session.account_id() != Some(role.account_id()) || arn.is_some_and(|arn| !is_session_of(&arn, role)) {
        return Err(Miss::OtherRole);
    }
    Ok(session)
}

/// `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`
fn is_session_of(arn: &str, role: &RoleArn) -> bool {
    let mut parts = arn.splitn(6, ':').skip(4);
    let (account_id, rest) = (parts.next(), parts.next().unwrap_or_default());
    let name = rest.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next());
    account_id == Some(role.account_id()) && name == Some(role.name())
}

fn end(session: &Credentials) -> WallTime {
    session.expiry().map_or(WallTime::NEVER, WallTime::from)
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnEntry => "is not what the AWS CLI keeps of a session",
            Self::OtherRole => "holds a session of another role",
            Self::EndsSoon => "holds a session that ends within a quarter of an hour",
            Self::HandedOut => "holds a session that was used already, or one that ends no later",
        })
    }
}

/// What is read of an entry.
struct Entry {
    credentials: Option<Document>,
    /// Of whom the session is.
    arn: Option<String>,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut entry = Entry { credentials: None, arn: None };
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "Credentials" => entry.credentials = Some(map.next_value()?),
                "AssumedRoleUser" => entry.arn = map.next_value::<AssumedRoleUser>()?.0,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(entry)
    }
}

/// The ARN in it.
struct AssumedRoleUser(Option<String>);

impl<'de> Deserialize<'de> for AssumedRoleUser {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts: std::collections::BTreeMap<String, String> = Deserialize::deserialize(deserializer)?;
        Ok(Self(texts.into_iter().find_map(|(key, text)| (key == "Arn").then_some(text))))
    }
}

/// As in botocore: less than this, and a session counts as over.
const LEFT_MIN: Duration = Duration::from_secs(15 * 60);
const OBJECTS: usize = 32;

#[cfg(test)]
mod tests;
