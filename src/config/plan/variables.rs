//! Environment variables that go before keys of the selected profile, as in aws-vault.
//!
//! | variable | key |
//! |---|---|
//! | `AWS_SESSION_TAGS` | `session_tags` |
//! | `AWS_TRANSITIVE_TAGS` | `transitive_session_tags` |
//! | `AWS_SOURCE_IDENTITY` | `source_identity` |
//!
//! They are for the role of the profile that is asked for, which is the last one of its chain, and not for those on the
//! way to it: whoever types them has the one profile in mind. A profile without a role to assume has no use for them.
//!
//! <https://github.com/99designs/aws-vault/blob/master/USAGE.md#environment-variables>

use std::fmt;

use super::error::{Invalid, PlanError};
use super::keys::{SESSION_TAGS, SOURCE_IDENTITY, TRANSITIVE_SESSION_TAGS};
use super::values::{tag_keys, tags};
use super::{Plan, Shadowed};
use crate::config::profiles::{Origin, Profiles, Value};

/// What they say, where they are set. `Debug` shows no values.
#[derive(Clone, Default)]
pub(crate) struct RoleVariables([Option<String>; VARIABLES.len()]);

impl RoleVariables {
    /// `get` looks up a variable.
    pub(crate) fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self(VARIABLES.map(|(variable, _)| get(variable)))
    }

    /// Puts them in the place of what the selected profile says.
    pub(crate) fn apply(&self, mut plan: Plan, profiles: &Profiles) -> Result<Plan, PlanError> {
        let selected = plan.roles.last().map_or(&plan.base_profile, |role| &role.profile);
        let Some(profile) = profiles.profile(selected)? else { return Ok(plan) };
        for ((variable, key), text) in VARIABLES.into_iter().zip(&self.0) {
            let Some(text) = text else { continue };
            let origin = Origin::of_variable(variable);
            let without_effect = match plan.roles.last_mut() {
                Some(role) => {
                    role.variables.push(variable);
                    match key {
                        SESSION_TAGS => {
                            let read = tags(text);
                            role.tags.tags =
                                read.map_err(|problem| Invalid::new(&profile, &origin, problem))?;
                        }
                        TRANSITIVE_SESSION_TAGS => role.tags.transitive = tag_keys(text),
                        _ => role.source_identity = Some(Value::of_variable(text, origin)),
                    }
                    profile.get_set(key).map(|value| value.origin().clone())
                }
                None => Some(origin),
            };
            plan.shadowed.extend(without_effect.map(|origin| Shadowed {
                profile: profile.name().to_owned(),
                key,
                origin,
            }));
        }
        Ok(plan)
    }
}

impl fmt::Debug for RoleVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = VARIABLES.iter().zip(&self.0).filter(|(_, text)| text.is_some());
        f.debug_list().entries(set.map(|((variable, _), _)| variable)).finish()
    }
}

const VARIABLES: [(&str, &str); 3] = [
    ("AWS_SESSION_TAGS", SESSION_TAGS),
    ("AWS_TRANSITIVE_TAGS", TRANSITIVE_SESSION_TAGS),
    ("AWS_SOURCE_IDENTITY", SOURCE_IDENTITY),
];
