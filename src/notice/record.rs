//! What is told of a session that STS has issued.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::credentials::Credentials;
use crate::gate::Occasion;
use crate::record::{Hops, Rfc3339};
use crate::role::{Role, RoleArn, SessionTag};
use crate::source::Source;
use crate::wall_time::WallTime;
use crate::wire::sts::Facts;

/// A session of a role that was issued: who, why, which role, which session, until when. Cheap to clone, and without secrets.
///
/// It serializes. Names are stable; `version` counts up if one of them changes its meaning. Names may be added.
///
/// ```json
/// {
///   "version": 1,
///   "type": "session_issued",
///   "id": "ASIAQ3EGVB6RWXAMPLE2",
///   "issued_at": "2026-11-25T21:00:00Z",
///   "expires_at": "2026-11-25T21:15:00Z",
///   "role_arn": "arn:aws:iam::123456789012:role/admin",
///   "session_name": "alice-4711",
///   "assumed_role_arn": "arn:aws:sts::123456789012:assumed-role/admin/alice-4711",
///   "assumed_role_id": "AROACKCEVSQ6C2EXAMPLE:alice-4711",
///   "access_key_id": "ASIAQ3EGVB6RWXAMPLE2",
///   "occasion": "first_read",
///   "reason": "INC-4711: the ledger is stuck",
///   "source_identity": "alice",
///   "tags": { "approved-by": "bob", "reason": "INC-4711: the ledger is stuck" },
///   "transitive_tag_keys": [],
///   "policy": null,
///   "policy_arns": [],
///   "packed_policy_size": 12,
///   "source": [{ "kind": "environment", "detail": null }],
///   "source_access_key_id": "AKIAIOSFODNN7EXAMPLE",
///   "source_account_id": "111111111111"
/// }
/// ```
///
/// `occasion` is `first_read`, `renewal` or `refresh`; times are RFC 3339 in UTC, to the second; what is not known is
/// `null`. `reason` is the gate's, as it gave it; `tags` are those of the request, without what the session inherits.
#[derive(Clone)]
pub struct IssueRecord(Arc<Parts>);

struct Parts {
    role: Role,
    session_name: String,
    facts: Facts,
    access_key_id: String,
    expiry: Option<SystemTime>,
    issued: WallTime,
    occasion: Occasion,
    reason: Option<String>,
    source: Source,
    source_access_key_id: String,
    source_account_id: Option<String>,
}

/// A session as STS has just issued it.
#[derive(Debug)]
pub(crate) struct Issued {
    /// Whose credentials signed the request.
    pub(crate) source: Credentials,
    pub(crate) facts: Facts,
}

impl IssueRecord {
    pub(crate) fn new(
        role: &Role,
        session_name: &str,
        (credentials, issued): (&Credentials, Issued),
        reason: Option<String>,
        (occasion, now): (Occasion, WallTime),
    ) -> Self {
        let Issued { source, facts } = issued;
        Self(Arc::new(Parts {
            role: role.clone(),
            session_name: role.session_name().unwrap_or(session_name).to_owned(),
            facts,
            access_key_id: credentials.access_key_id().to_owned(),
            expiry: credentials.expiry(),
            issued: now,
            occasion,
            reason,
            source: source.source().clone(),
            source_access_key_id: source.access_key_id().to_owned(),
            source_account_id: source.account_id().map(str::to_owned),
        }))
    }

    /// The same for each record of the same session: that of its keys. Receivers know by it what they were told before.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.access_key_id
    }

    /// When STS answered.
    #[must_use]
    pub fn issued_at(&self) -> SystemTime {
        self.0.issued.into()
    }

    /// Until when AWS accepts the credentials.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.expiry
    }

    /// Which role.
    #[must_use]
    pub fn role_arn(&self) -> &RoleArn {
        self.0.role.arn()
    }

    /// What the session is called: its own name in the account's logs.
    #[must_use]
    pub fn session_name(&self) -> &str {
        &self.0.session_name
    }

    /// Who acts with it, as the account's logs write it: `arn:aws:sts::123456789012:assumed-role/admin/alice-4711`.
    #[must_use]
    pub fn assumed_role_arn(&self) -> Option<&str> {
        self.0.facts.arn.as_deref()
    }

    /// Names the keys that were issued; not a secret.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.0.access_key_id
    }

    /// What it was issued for.
    #[must_use]
    pub fn occasion(&self) -> Occasion {
        self.0.occasion
    }

    /// Why, as the gate said it; `None` where there is no gate.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Who acts, through all sessions that are assumed one with the other: as STS says it, or as it was asked for.
    #[must_use]
    pub fn source_identity(&self) -> Option<&str> {
        self.0.facts.source_identity.as_deref().or(self.0.role.source_identity())
    }

    /// The tags of the request, the gate's among them. What the session inherits is not known here.
    #[must_use]
    pub fn tags(&self) -> &[SessionTag] {
        self.0.role.tags()
    }

    /// How much of the room for policies and tags is taken, in percent, if STS says it.
    #[must_use]
    pub fn packed_policy_size(&self) -> Option<u32> {
        self.0.facts.packed_policy_size
    }

    /// Where the credentials came from that the role was assumed with, hop by hop.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.0.source
    }

    /// Which keys those are.
    #[must_use]
    pub fn source_access_key_id(&self) -> &str {
        &self.0.source_access_key_id
    }

    /// One line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Nothing in it can fail to be written: names are texts, and so are keys.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for IssueRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Parts { role, facts, .. } = &*self.0;
        let mut record = serializer.serialize_struct("IssueRecord", 21)?;
        record.serialize_field("version", &VERSION)?;
        record.serialize_field("type", "session_issued")?;
        record.serialize_field("id", self.id())?;
        record.serialize_field("issued_at", &Rfc3339(self.0.issued))?;
        record.serialize_field("expires_at", &self.0.expiry.map(|at| Rfc3339(at.into())))?;
        record.serialize_field("role_arn", role.arn().as_str())?;
        record.serialize_field("session_name", self.session_name())?;
        record.serialize_field("assumed_role_arn", &facts.arn)?;
        record.serialize_field("assumed_role_id", &facts.assumed_role_id)?;
        record.serialize_field("access_key_id", self.access_key_id())?;
        record.serialize_field("occasion", self.occasion().name())?;
        record.serialize_field("reason", &self.reason())?;
        record.serialize_field("source_identity", &self.source_identity())?;
        record.serialize_field("tags", &Tags(role.tags()))?;
        record.serialize_field("transitive_tag_keys", role.transitive_tag_keys())?;
        record.serialize_field("policy", &role.policy().map(crate::SessionPolicy::as_str))?;
        record.serialize_field("policy_arns", role.policy_arns())?;
        record.serialize_field("packed_policy_size", &self.packed_policy_size())?;
        record.serialize_field("source", &Hops(self.source()))?;
        record.serialize_field("source_access_key_id", self.source_access_key_id())?;
        record.serialize_field("source_account_id", &self.0.source_account_id)?;
        record.end()
    }
}

struct Tags<'a>(&'a [SessionTag]);

impl Serialize for Tags<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tags = serializer.serialize_map(Some(self.0.len()))?;
        for tag in self.0 {
            tags.serialize_entry(tag.key(), tag.value())?;
        }
        tags.end()
    }
}

/// One line for a person: `arn:aws:sts::…:assumed-role/admin/alice-4711 until 2026-11-25T21:15:00Z, with AKIA… of
/// environment, because: INC-4711`.
impl fmt::Display for IssueRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.assumed_role_arn() {
            Some(arn) => f.write_str(arn)?,
            None => write!(f, "{} as {}", self.role_arn(), self.session_name())?,
        }
        if let Some(expiry) = self.0.expiry {
            write!(f, " until {}", WallTime::from(expiry))?;
        }
        write!(f, ", with {} of {}", self.source_access_key_id(), self.source())?;
        self.reason().map_or(Ok(()), |reason| write!(f, ", because: {reason}"))
    }
}

impl fmt::Debug for IssueRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IssueRecord").field(&format_args!("{}", self.to_json())).finish()
    }
}

const VERSION: u32 = 1;
