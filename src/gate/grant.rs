//! What a gate grants, and what becomes of the role with it.

use std::time::Duration;

use crate::error::{Error, printable_up_to};
use crate::role::{Flaw, Role, SessionPolicy, SessionTag, TAG_VALUE};

/// The yes of a gate: for which reason, who acts, and how much less than the role was asked for with.
///
/// ```
/// use std::time::Duration;
/// use aws_credential_chain::gate::Grant;
///
/// let grant = Grant::new("INC-4711: the ledger is stuck")
///     .source_identity("alice")
///     .tag("approved-by", "bob")
///     .duration(Duration::from_secs(900));
/// ```
///
/// It adds to the role, and takes nothing away: what the role itself pins (a source identity, a session name, a tag, a
/// policy) cannot be replaced, and a session can only become shorter and narrower. A grant that would do otherwise, or that
/// breaks a limit of STS, counts as a refusal that says what is wrong with it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Grant {
    reason: String,
    source_identity: Option<String>,
    session_name: Option<String>,
    tags: Vec<SessionTag>,
    duration: Option<Duration>,
    policy: Option<SessionPolicy>,
}

impl Grant {
    /// The key of the tag that holds the reason: policies see it as `aws:RequestTag/reason` and `aws:PrincipalTag/reason`.
    pub const REASON_TAG: &'static str = "reason";

    /// For this reason: 1 to 1024 characters, not all of them blanks.
    ///
    /// It goes to STS as the tag [`REASON_TAG`](Self::REASON_TAG). The value of a tag has up to 256 letters, digits, blanks
    /// and `_.:/=+-@`: other characters are written as `_` there, and what is longer is cut. Those who are
    /// [told](crate::notice) get all of it.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            source_identity: None,
            session_name: None,
            tags: Vec::new(),
            duration: None,
            policy: None,
        }
    }

    /// Who acts: see [`RoleBuilder::source_identity`](crate::RoleBuilder::source_identity).
    pub fn source_identity(mut self, identity: impl Into<String>) -> Self {
        self.source_identity = Some(identity.into());
        self
    }

    /// A tag more: see [`RoleBuilder::tag`](crate::RoleBuilder::tag).
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(SessionTag::new(key, value));
        self
    }

    /// Names the session: see [`RoleBuilder::session_name`](crate::RoleBuilder::session_name).
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session_name = Some(name.into());
        self
    }

    /// A shorter session than the role asks for (an hour, if it says nothing), and at least a quarter of an hour.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Narrows what the session may do, if the role does not do so itself: see
    /// [`Role::scoped`](crate::Role::scoped).
    pub fn policy(mut self, policy: SessionPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// The reason, fit to be shown.
    pub(crate) fn reason(&self) -> String {
        printable_up_to(REASON_MAX, self.reason.trim())
    }

    /// What can be known before anybody is asked.
    pub(crate) fn has_room_in(role: &Role) -> Result<(), Flaw> {
        if tag_of(role, Self::REASON_TAG).is_none() {
            // Whether there is room for one tag more.
            let with_reason = role.to_builder().tag(Self::REASON_TAG, Self::REASON_TAG).build();
            return with_reason.map(drop).map_err(|error| {
                let Flaw { what, remedy } = flaw(error);
                let what = format!("{} is gated, for which it needs a tag more, and then {what}", role.arn());
                Flaw { what, remedy }
            });
        }
        let what = format!("{} has a tag `{}` itself, and it is gated", role.arn(), Self::REASON_TAG);
        Err(Flaw::new(what, "name that tag otherwise: this one is for the reason that the gate gives"))
    }

    /// The role with what was granted.
    pub(super) fn applied_to(&self, role: &Role) -> Result<Role, Flaw> {
        let mut builder = role.to_builder().tag(Self::REASON_TAG, self.reason_as_tag()?);
        if let Some(identity) =
            adds("source identity", role.source_identity(), self.source_identity.as_deref())?
        {
            builder = builder.source_identity(identity);
        }
        if let Some(name) = adds("session name", role.session_name(), self.session_name.as_deref())? {
            builder = builder.session_name(name);
        }
        for tag in &self.tags {
            let name = format!("tag `{}`", printable_up_to(KEY_SHOWN, tag.key()));
            if let Some(value) = adds(&name, tag_of(role, tag.key()), Some(tag.value()))? {
                builder = builder.tag(tag.key(), value);
            }
        }
        if let Some(duration) = self.duration {
            let most = role.duration().unwrap_or(DEFAULT_DURATION);
            if duration > most {
                let what = format!(
                    "the duration, {} s, is more than the {} s of the role",
                    duration.as_secs(),
                    most.as_secs()
                );
                return Err(Flaw::new(what, "grant less, or as much"));
            }
            builder = builder.duration(duration);
        }
        let granted = builder.build().map_err(flaw)?;
        match &self.policy {
            Some(policy) => granted.scoped(policy.clone()).map_err(flaw),
            None => Ok(granted),
        }
    }

    /// As the value of a tag can hold it.
    fn reason_as_tag(&self) -> Result<String, Flaw> {
        let reason = self.reason.trim();
        let length = reason.chars().count();
        if length == 0 {
            return Err(Flaw::new("the reason is empty", "give one"));
        }
        if length > REASON_MAX {
            let what = format!("the reason has {length} characters");
            return Err(Flaw::new(what, format!("write up to {REASON_MAX}")));
        }
        let reserved = reason.get(..RESERVED.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED));
        let in_tag = |(at, c): (usize, char)| {
            let is_allowed = TAG_VALUE.allows(c) && !(reserved && at + 1 == RESERVED.len());
            if is_allowed { c } else { '_' }
        };
        Ok(reason.chars().take(TAG_VALUE.max()).enumerate().map(in_tag).collect())
    }
}

/// What is new, if what the grant says is no contradiction.
fn adds<'a>(name: &str, pinned: Option<&str>, granted: Option<&'a str>) -> Result<Option<&'a str>, Flaw> {
    match (pinned, granted) {
        (_, None) => Ok(None),
        (None, granted) => Ok(granted),
        (Some(pinned), Some(granted)) if pinned == granted => Ok(None),
        (Some(_), Some(_)) => Err(Flaw::new(
            format!("the {name} is another than the role's"),
            "leave it out, or take it off the role",
        )),
    }
}

fn tag_of<'a>(role: &'a Role, key: &str) -> Option<&'a str> {
    role.tags().iter().find(|tag| tag.has_key(key)).map(SessionTag::value)
}

/// What breaks a limit that holds for every role.
fn flaw(error: Error) -> Flaw {
    match error {
        Error::Failed(failure) => Flaw::new(failure.message(), failure.remedy().unwrap_or_default()),
        Error::NotConfigured(_) => Flaw::new(error.to_string(), ""),
    }
}

const REASON_MAX: usize = 1024;
const KEY_SHOWN: usize = 128;
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules>
const RESERVED: &str = "aws:";
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const DEFAULT_DURATION: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
