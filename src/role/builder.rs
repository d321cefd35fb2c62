//! Makes a role, and checks it against the limits of STS.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::arn::{check_policy_arn, check_provider_arn, shown};
use super::rules::{CONTEXT_ASSERTION, EXTERNAL_ID, Rule, SESSION_NAME, SOURCE_IDENTITY, TAG_KEY, TAG_VALUE};
use super::{Flaw, Further, ProvidedContext, Request, Role, RoleArn, SessionPolicy, SessionTag};
use crate::error::Error;

/// Makes a [`Role`]. See [`Role::builder`].
#[must_use]
pub struct RoleBuilder {
    pub(super) arn: String,
    pub(super) session_name: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) duration: Option<Duration>,
    pub(super) policy: Option<SessionPolicy>,
    pub(super) policy_arns: Vec<String>,
    pub(super) tags: Vec<SessionTag>,
    pub(super) transitive_tag_keys: Vec<String>,
    pub(super) source_identity: Option<String>,
    pub(super) provided_contexts: Vec<ProvidedContext>,
}

impl RoleBuilder {
    pub(super) fn new(arn: String) -> Self {
        Self {
            arn,
            session_name: None,
            external_id: None,
            duration: None,
            policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            provided_contexts: Vec::new(),
        }
    }

    /// With all that a role has already.
    pub(super) fn of(role: &Role) -> Self {
        let mut builder = Self {
            session_name: role.session_name().map(Into::into),
            external_id: role.external_id().map(Into::into),
            duration: role.duration(),
            policy: role.policy().cloned(),
            policy_arns: role.policy_arns().to_vec(),
            tags: role.tags().to_vec(),
            transitive_tag_keys: role.transitive_tag_keys().to_vec(),
            source_identity: role.source_identity().map(Into::into),
            ..Self::new(role.arn().to_string())
        };
        for (provider_arn, assertion) in role.provided_contexts() {
            builder = builder.provided_context(provider_arn, assertion.clone());
        }
        builder
    }

    /// Names the session, in the account's logs and in the ARN of whoever acts with it: 2 to 64 letters of ASCII,
    /// digits and `_+=,.@-`. Without it a name is made up for each session.
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session_name = Some(name.into());
        self
    }

    /// What the role's trust policy asks for as `sts:ExternalId`: 2 to 1224 letters of ASCII, digits and
    /// `_+=,.@:/-`. Neither errors nor `Debug` show it.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// How long the session is to last: whole seconds, 15 minutes to 12 hours. Without it an hour.
    ///
    /// The role has a limit of its own, and a role that is assumed with the credentials of another one lasts
    /// [an hour at most](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining): STS
    /// refuses more.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Narrows what the session may do. Called again, it puts another policy in place of the first;
    /// [`Role::scoped`] refuses to.
    pub fn policy(mut self, policy: SessionPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// A managed policy that narrows what the session may do: one of the role's account, or one of AWS's own. Up to
    /// ten. AWS allows what **one** of these and the inline policy allows: each further one widens the session, never beyond
    /// the role.
    pub fn policy_arn(mut self, arn: impl Into<String>) -> Self {
        self.policy_arns.push(arn.into());
        self
    }

    /// A tag of the session: a key of 1 to 128 letters, digits, blanks and `_.:/=+-@`, and a value of up to 256. Up to
    /// 50, and no two keys that differ only in case.
    ///
    /// The role's trust policy has to allow `sts:TagSession`.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(SessionTag::new(key, value));
        self
    }

    /// A tag that goes on to sessions that are assumed with this one.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining>
    pub fn transitive_tag(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let key = key.into();
        self.transitive_tag_key(key.clone()).tag(key, value)
    }

    /// Makes the [tag](Self::tag) of this key go on to sessions that are assumed with this one. Up to 50.
    ///
    /// Tags that the source's session passes on stay transitive by themselves. A key without a tag is sent as it is.
    pub fn transitive_tag_key(mut self, key: impl Into<String>) -> Self {
        self.transitive_tag_keys.push(key.into());
        self
    }

    /// Who acts, through all sessions that are assumed one with the other: 2 to 64 letters of ASCII, digits and
    /// `_+=,.@-`.
    ///
    /// The role's trust policy has to allow `sts:SetSourceIdentity`, and a source identity that the source's session
    /// has already cannot be changed.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html>
    pub fn source_identity(mut self, identity: impl Into<String>) -> Self {
        self.source_identity = Some(identity.into());
        self
    }

    /// What a context provider, as IAM Identity Center, has asserted about whom the session acts for: its ARN, and 4 to
    /// 2048 characters that it signed. Up to five.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_ProvidedContext.html>
    pub fn provided_context(
        mut self,
        provider_arn: impl Into<String>,
        assertion: impl Into<SecretString>,
    ) -> Self {
        self.provided_contexts
            .push(ProvidedContext { provider_arn: provider_arn.into(), assertion: assertion.into() });
        self
    }

    /// Checks all of it.
    ///
    /// # Errors
    /// [`FailureKind::Misconfigured`](crate::FailureKind::Misconfigured): the part that STS would refuse, the rule, and
    /// what to write instead. Of values only ARNs and keys of tags are shown.
    pub fn build(self) -> Result<Role, Error> {
        let request = Request {
            arn: RoleArn::new(self.arn)?,
            session_name: self.session_name.map(Into::into),
            external_id: self.external_id.map(Into::into),
            further: Further {
                duration: self.duration,
                policy: self.policy,
                policy_arns: sorted(self.policy_arns),
                tags: sorted_by_key(self.tags, SessionTag::key),
                transitive_tag_keys: distinct(sorted_by_key(self.transitive_tag_keys, |key| key.as_str())),
                source_identity: self.source_identity,
                provided_contexts: self.provided_contexts,
            }
            .boxed(),
        };
        match request.check() {
            Ok(()) => Ok(Role::of(request)),
            Err(flaw) => Err(flaw.of_role(&request.arn)),
        }
    }
}

impl fmt::Debug for RoleBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleBuilder").field("arn", &shown(&self.arn).trim_start()).finish_non_exhaustive()
    }
}

impl Request {
    fn check(&self) -> Result<(), Flaw> {
        check(&SESSION_NAME, "the session name", self.session_name.as_deref())?;
        check(&EXTERNAL_ID, "the external id", self.external_id.as_deref())?;
        let nothing = Further::default();
        let further = self.further.as_deref().unwrap_or(&nothing);
        check(&SOURCE_IDENTITY, "the source identity", further.source_identity.as_deref())?;
        check_duration(further.duration)?;
        further.check(&self.arn)
    }
}

impl Further {
    fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }

    fn check(&self, role: &RoleArn) -> Result<(), Flaw> {
        check_count("policy ARNs", self.policy_arns.len(), MAX_POLICY_ARNS)?;
        self.policy_arns.iter().try_for_each(|arn| check_policy_arn(arn, role))?;
        check_tags(&self.tags)?;
        check_count("transitive tag keys", self.transitive_tag_keys.len(), MAX_TAGS)?;
        self.transitive_tag_keys.iter().try_for_each(|key| TAG_KEY.check("a transitive tag key", key))?;
        check_count("provided contexts", self.provided_contexts.len(), MAX_CONTEXTS)?;
        self.provided_contexts.iter().try_for_each(|context| {
            check_provider_arn(&context.provider_arn)?;
            CONTEXT_ASSERTION.check("the assertion of a context provider", context.assertion.expose_secret())
        })
    }
}

fn check(rule: &Rule, name: &str, text: Option<&str>) -> Result<(), Flaw> {
    text.map_or(Ok(()), |text| rule.check(name, text))
}

fn check_duration(duration: Option<Duration>) -> Result<(), Flaw> {
    let Some(duration) = duration else { return Ok(()) };
    let trouble = if duration.subsec_nanos() != 0 {
        "is no whole number of seconds"
    } else if duration < MIN_DURATION {
        "is less than 900 s"
    } else if duration > MAX_DURATION {
        "is more than 43,200 s"
    } else {
        return Ok(());
    };
    let remedy = "write 900 to 43200 seconds (15 minutes to 12 hours)";
    Err(Flaw::new(format!("the duration, {} s, {trouble}", duration.as_secs_f64()), remedy))
}

pub(crate) fn check_count(name: &str, count: usize, max: usize) -> Result<(), Flaw> {
    if count <= max {
        return Ok(());
    }
    Err(Flaw::new(format!("there are {count} {name}, more than {max}"), "leave some out"))
}

pub(crate) fn check_tags(tags: &[SessionTag]) -> Result<(), Flaw> {
    check_count("tags", tags.len(), MAX_TAGS)?;
    let mut seen: HashMap<String, &str> = HashMap::with_capacity(tags.len());
    for SessionTag { key, value } in tags {
        TAG_KEY.check("the key of a tag", key)?;
        TAG_VALUE.check(format_args!("the value of the tag `{key}`"), value)?;
        if key.starts_with(RESERVED) || value.starts_with(RESERVED) {
            let what = format!("the tag `{key}` begins with `{RESERVED}`, in its key or its value");
            return Err(Flaw::new(what, "begin it otherwise: AWS keeps that for itself"));
        }
        if let Some(other) = seen.insert(folded(key), key) {
            let what = format!("the tags `{other}` and `{key}` have the same key");
            return Err(Flaw::new(
                what,
                "leave one out: AWS takes keys that differ only in case for the same",
            ));
        }
    }
    Ok(())
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn sorted_by_key<T>(mut items: Vec<T>, key: fn(&T) -> &str) -> Vec<T> {
    items.sort_by(|a, b| (folded(key(a)), key(a)).cmp(&(folded(key(b)), key(b))));
    items
}

/// Naming a key twice says no more than naming it once.
fn distinct(mut keys: Vec<String>) -> Vec<String> {
    keys.dedup_by(|later, earlier| folded(later) == folded(earlier));
    keys
}

/// As AWS compares the keys of tags.
pub(super) fn folded(key: &str) -> String {
    key.to_lowercase()
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const MIN_DURATION: Duration = Duration::from_secs(900);
const MAX_DURATION: Duration = Duration::from_secs(43_200);
pub(crate) const MAX_POLICY_ARNS: usize = 10;
const MAX_TAGS: usize = 50;
const MAX_CONTEXTS: usize = 5;
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules>
const RESERVED: &str = "aws:";
