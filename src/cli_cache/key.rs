//! What was asked for → under which name the CLI keeps the answer.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use super::json;
use crate::role::{Role, SessionPolicy};

/// The name of the file: the sum of the request's parameters, without those that differ each time (a generated session
/// name, the MFA code, the web identity token).
///
/// Session tags, a source identity and the like, which the CLI does not send for a profile, go in under the names that
/// STS has for them: never the session of a role that was assumed without them.
///
/// `None`: a request that is not kept. Assertions of context providers are for one use; a policy may hold what Python
/// writes in another way.
pub(super) fn file_name(role: &Role, mfa_serial: Option<&str>) -> Option<String> {
    if role.provided_contexts().next().is_some() {
        return None;
    }
    let sum = Sha1::digest(json::sorted(&parameters(role, mfa_serial)?)?);
    let mut name = String::new();
    for byte in sum {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    Some(name + ".json")
}

fn parameters(role: &Role, mfa_serial: Option<&str>) -> Option<Value> {
    let mut parameters = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            parameters.insert(name.to_owned(), value);
        }
    };
    put("RoleArn", Some(role.arn().as_str().into()));
    put("RoleSessionName", role.session_name().map(Value::from));
    put("ExternalId", role.external_id().map(Value::from));
    put("SerialNumber", mfa_serial.map(Value::from));
    put("DurationSeconds", role.duration().map(|duration| duration.as_secs().into()));
    let policy = role.policy().map(SessionPolicy::as_str).map(serde_json::from_str).transpose().ok()?;
    put("Policy", policy);
    put("PolicyArns", list(role.policy_arns().iter().map(|arn| json!({ "arn": arn }))));
    put("Tags", list(role.tags().iter().map(|tag| json!({ "Key": tag.key(), "Value": tag.value() }))));
    put("TransitiveTagKeys", list(role.transitive_tag_keys().iter().map(|key| key.as_str().into())));
    put("SourceIdentity", role.source_identity().map(Value::from));
    Some(parameters.into())
}

fn list(values: impl Iterator<Item = Value>) -> Option<Value> {
    Some(values.collect::<Vec<_>>()).filter(|values| !values.is_empty()).map(Value::from)
}

#[cfg(test)]
mod tests;
