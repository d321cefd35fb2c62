//! Profiles → plan: which credentials to begin with, and which roles to assume with them, one after the other.
//!
//! # Inside one profile
//!
//! The first line that applies decides. SDKs disagree on these orders; the last column says who does likewise
//! (RS aws-config, PY botocore, GO, JV, JS the SDKs for Go, Java and JavaScript).
//!
//! | | keys | becomes | like |
//! |--|---|---|---|
//! | 1 | access keys, in a profile that another one names as its source | static keys, even with a `role_arn` beside them | RS PY GO JS |
//! | 2 | `web_identity_token_file` with `role_arn` | web identity | RS PY GO JV; JS after 3 |
//! | 3 | `role_arn` with one of `source_profile`, `credential_source` | a role, and the walk goes on to its source | RS PY JV JS |
//! | 4 | `credential_source` alone, in a profile that another one names as its source | what it names | RS GO JS |
//! | 5 | `sso_*` | IAM Identity Center | all before 6; RS PY JV before 8 |
//! | 6 | `login_session` | a session of `aws login` | RS PY GO before 7 |
//! | 7 | `credential_process` | a process | RS JV before 8, PY if the keys stand in the config file |
//! | 8 | access keys | static keys | |
//!
//! # Rules
//!
//! * Half of something is an error that names the missing key; it never falls through to the next line.
//! * A `role_arn` with both sources, or with none, is an error, and so is a source beside `web_identity_token_file`
//!   (GO refuses that too; elsewhere one of the two is silently ignored).
//! * A profile may name itself as its source if it has access keys. Every other way round is a loop.
//! * A source must exist and have credentials.
//! * `credential_source` is read without regard to case, as RS does.
//! * What a profile does not set, it takes from the one that it includes (`include_profile`), but for access keys.
//! * A blank value counts as unset. A value that an indented line continues is an error, except where several lines
//!   make sense: it is the next key, indented by mistake, and could carry a secret into a message.
//! * Variables that go before keys of the selected profile ([`RoleVariables`]) say nothing about its sources.
//! * Keys that are set but have no effect are listed in [`Plan::shadowed`].
//!
//! Nothing recurses: a chain of any length ends in a plan or an error.

mod base;
mod error;
mod keys;
mod values;
mod variables;

use std::collections::HashSet;
use std::time::Duration;

use super::profiles::{Origin, Profile, Profiles, Value};
use base::Step;
pub(crate) use base::{Base, CredentialSource, WebIdentity};
use error::no_such_profile;
pub(crate) use error::{Invalid, PlanError, Problem};
use keys::{CREDENTIAL_KEYS, ROLE_KEYS};
pub(crate) use values::{Mfa, SessionTags, flag, setting};
pub(crate) use variables::RoleVariables;

/// How a profile comes by its credentials.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) base: Base,
    /// The profile in which the base stands.
    pub(crate) base_profile: String,
    /// In the order in which they are assumed: the one of the selected profile is the last.
    pub(crate) roles: Vec<RoleStep>,
    /// Keys that are set without effect, because something else in their profile comes first.
    pub(crate) shadowed: Vec<Shadowed>,
}

/// A role to assume, with the values as they stand in its profile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RoleStep {
    /// The profile with the `role_arn`.
    pub(crate) profile: String,
    pub(crate) role_arn: Value,
    pub(crate) external_id: Option<Value>,
    pub(crate) role_session_name: Option<Value>,
    pub(crate) duration: Option<Duration>,
    pub(crate) mfa: Option<Mfa>,
    pub(crate) source_identity: Option<Value>,
    pub(crate) tags: SessionTags,
    /// The region of the profile with the `role_arn`.
    pub(crate) region: Option<Value>,
    /// Whether it is known to be assumed with the credentials of another role, which limits it to one hour.
    pub(crate) chained: bool,
    /// Those that went before keys of the profile.
    pub(crate) variables: Vec<&'static str>,
}

/// A key that is set without effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shadowed {
    pub(crate) profile: String,
    pub(crate) key: &'static str,
    pub(crate) origin: Origin,
}

/// Plans the profile of this name.
pub(crate) fn plan(profiles: &Profiles, name: &str) -> Result<Plan, PlanError> {
    let selected = profiles.profile(name)?.ok_or_else(|| no_such_profile(profiles, name))?;
    let walk = walk(profiles, selected)?;
    if let (Some(first), Some(last)) = (walk.links.first(), walk.links.last())
        && walk.links.len() > MAX_ROLES
    {
        let problem = Problem::TooManyRoles {
            roles: walk.links.len(),
            first: first.shown_name(),
            last: last.shown_name(),
        };
        return Err(Invalid::new(first, first.origin(), problem).into());
    }
    let mut roles: Vec<RoleStep> = Vec::with_capacity(walk.links.len());
    for link in walk.links.iter().rev() {
        let chained = !roles.is_empty() || walk.base.is_role();
        roles.extend(RoleStep::new(link, chained)?);
    }
    Ok(Plan {
        shadowed: walk.shadowed(),
        base: walk.base,
        base_profile: walk.base_profile.name().to_owned(),
        roles,
    })
}

/// The way from the selected profile to the base.
struct Walk<'a> {
    /// The profiles with roles, the selected one first.
    links: Vec<Profile<'a>>,
    base: Base,
    base_profile: Profile<'a>,
}

fn walk<'a>(profiles: &'a Profiles, selected: Profile<'a>) -> Result<Walk<'a>, PlanError> {
    let mut links: Vec<Profile<'a>> = Vec::new();
    let mut visited: HashSet<&str> = HashSet::new();
    let mut current = selected;
    let mut named_by: Option<(Profile<'a>, &Value)> = None;
    loop {
        visited.insert(current.name());
        let source = match base::step(&current, profiles, named_by.as_ref().map(|(by, value)| (by, *value)))?
        {
            Step::Base(base) => return Ok(Walk { links, base: *base, base_profile: current }),
            Step::RoleFrom(source) => {
                links.push(current.clone());
                let base = Base::CredentialSource(source);
                return Ok(Walk { links, base, base_profile: current });
            }
            Step::RoleVia(source) => source,
        };
        links.push(current.clone());
        let invalid = |problem| Invalid::new(&current, source.origin(), problem);
        let next = source.text();
        if next == current.name() {
            let base = base::static_keys(&current)?.ok_or_else(|| invalid(Problem::OwnSourceWithoutKeys))?;
            return Ok(Walk { links, base, base_profile: current });
        }
        if visited.contains(next) {
            return Err(invalid(Problem::Loop { path: error::path(&links, next) }).into());
        }
        let next = profiles.profile(next)?.ok_or_else(|| invalid(Problem::no_such_source(profiles, next)))?;
        named_by = Some((current, source));
        current = next;
    }
}

impl Walk<'_> {
    fn shadowed(&self) -> Vec<Shadowed> {
        let last_link = self.links.last().map(Profile::name);
        let base = (last_link != Some(self.base_profile.name())).then_some((&self.base_profile, false));
        let walked = self.links.iter().map(|link| (link, true)).chain(base);
        let mut shadowed = Vec::new();
        for (profile, is_role) in walked {
            let is_base = profile.name() == self.base_profile.name();
            for key in CREDENTIAL_KEYS {
                let is_used =
                    is_role && is_used_by_role(profile, key) || is_base && self.base.keys().contains(key);
                if let Some(value) = profile.get_set(key)
                    && !is_used
                    && !self.base.is_value(value)
                {
                    let profile = profile.name().to_owned();
                    shadowed.push(Shadowed { profile, key, origin: value.origin().clone() });
                }
            }
        }
        shadowed
    }
}

impl RoleStep {
    /// `None` without a `role_arn`, which [`base::step`] has seen.
    fn new(profile: &Profile<'_>, chained: bool) -> Result<Option<Self>, PlanError> {
        let get = |key| profile.get_set(key).cloned();
        let Some(role_arn) = get(keys::ROLE_ARN) else { return Ok(None) };
        let duration = values::duration(profile)?;
        if let Some(value) = profile.get_set(keys::DURATION_SECONDS)
            && chained
            && duration.is_some_and(|duration| duration > MAX_CHAINED)
        {
            return Err(Invalid::new(profile, value.origin(), Problem::ChainedDuration).into());
        }
        Ok(Some(Self {
            profile: profile.name().to_owned(),
            role_arn,
            external_id: get(keys::EXTERNAL_ID),
            role_session_name: get(keys::ROLE_SESSION_NAME),
            duration,
            mfa: values::mfa(profile),
            source_identity: get(keys::SOURCE_IDENTITY),
            tags: values::session_tags(profile)?,
            region: get(keys::REGION),
            chained,
            variables: Vec::new(),
        }))
    }

    /// Where it is described.
    pub(crate) fn place(&self) -> String {
        let places = std::iter::once(self.role_arn.origin().to_string());
        places.chain(self.variables.iter().map(ToString::to_string)).collect::<Vec<_>>().join(", ")
    }
}

/// `mfa_process` has no effect by itself.
fn is_used_by_role(profile: &Profile<'_>, key: &str) -> bool {
    ROLE_KEYS.contains(&key) && (key != keys::MFA_PROCESS || profile.get_set(keys::MFA_SERIAL).is_some())
}

/// More than any organisation nests its roles: what is longer was generated by mistake.
const MAX_ROLES: usize = 32;

/// AWS limits a role that is assumed with a role's credentials to one hour
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>).
const MAX_CHAINED: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
