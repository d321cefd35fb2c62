//! Who signs: root, users, sessions of roles.

use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::arn::RoleArn;

/// Whom a key belongs to.
#[derive(Clone, Debug)]
pub(super) enum Principal {
    Root {
        account_id: String,
    },
    User {
        account_id: String,
        name: String,
    },
    /// A session that a user opened with the user's own keys.
    UserSession {
        account_id: String,
        name: String,
        has_mfa: bool,
    },
    /// Somebody whom a user vouches for, and who may do what session policies allow.
    Federated {
        account_id: String,
        name: String,
        tags: Vec<(String, String)>,
        policy: Option<String>,
        policy_arns: Vec<String>,
    },
    Role(Box<Session>),
}

impl Principal {
    pub(super) fn account_id(&self) -> &str {
        match self {
            Self::Root { account_id }
            | Self::User { account_id, .. }
            | Self::UserSession { account_id, .. }
            | Self::Federated { account_id, .. } => account_id,
            Self::Role(session) => session.account_id(),
        }
    }

    pub(super) fn arn(&self) -> String {
        match self {
            Self::Root { account_id } => format!("arn:aws:iam::{account_id}:root"),
            Self::User { account_id, name } | Self::UserSession { account_id, name, .. } => {
                format!("arn:aws:iam::{account_id}:user/{name}")
            }
            Self::Federated { account_id, name, .. } => {
                format!("arn:aws:sts::{account_id}:federated-user/{name}")
            }
            Self::Role(session) => session.arn(),
        }
    }

    /// As `GetCallerIdentity` tells it.
    pub(super) fn user_id(&self) -> String {
        match self {
            Self::Root { account_id } => account_id.clone(),
            Self::User { .. } | Self::UserSession { .. } => unique_id("AIDA", &self.arn()),
            Self::Federated { account_id, name, .. } => format!("{account_id}:{name}"),
            Self::Role(session) => session.assumed_role_id(),
        }
    }

    /// As `aws:PrincipalType` tells it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Root { .. } => "Account",
            Self::User { .. } | Self::UserSession { .. } => "User",
            Self::Federated { .. } => "FederatedUser",
            Self::Role(_) => "AssumedRole",
        }
    }

    /// `None` for root and users, who have none of a role.
    pub(super) fn session(&self) -> Option<&Session> {
        match self {
            Self::Role(session) => Some(session),
            Self::Root { .. } | Self::User { .. } | Self::UserSession { .. } | Self::Federated { .. } => None,
        }
    }
}

/// The session of a role for which the local AWS has issued credentials, as [`Sts::session`](super::Sts::session)
/// tells of it: what a request asked for and what came down from the session before it.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) role: RoleArn,
    pub(super) name: String,
    pub(super) expiry: SystemTime,
    pub(super) tags: Vec<(String, String)>,
    pub(super) transitive_tag_keys: Vec<String>,
    pub(super) source_identity: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) policy_arns: Vec<String>,
    pub(super) chain_depth: u32,
}

impl Session {
    pub(super) fn new(role: RoleArn, name: impl Into<String>, expiry: SystemTime) -> Self {
        Self {
            role,
            name: name.into(),
            expiry,
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            policy: None,
            policy_arns: Vec::new(),
            chain_depth: 1,
        }
    }

    /// The ARN of the role, with its path.
    #[must_use]
    pub fn role_arn(&self) -> &str {
        self.role.as_str()
    }

    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME`.
    #[must_use]
    pub fn arn(&self) -> String {
        self.role.session(&self.name)
    }

    /// The account of the role.
    #[must_use]
    pub fn account_id(&self) -> &str {
        self.role.account_id()
    }

    /// The name that the request gave it; the id of the instance or the task where a service has the role.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When its credentials expire.
    #[must_use]
    pub fn expiry(&self) -> SystemTime {
        self.expiry
    }

    /// Keys and values, inherited ones first.
    #[must_use]
    pub fn tags(&self) -> &[(String, String)] {
        &self.tags
    }

    /// The keys of the tags that sessions after this one inherit.
    #[must_use]
    pub fn transitive_tag_keys(&self) -> &[String] {
        &self.transitive_tag_keys
    }

    /// Set once, and inherited by every session after it.
    #[must_use]
    pub fn source_identity(&self) -> Option<&str> {
        self.source_identity.as_deref()
    }

    /// The session policy, as it came.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// The managed session policies.
    #[must_use]
    pub fn policy_arns(&self) -> &[String] {
        &self.policy_arns
    }

    /// 1 for a role that a user, a service or a web identity assumed, 2 for one that was assumed with that, and so on.
    #[must_use]
    pub fn chain_depth(&self) -> u32 {
        self.chain_depth
    }

    pub(super) fn assumed_role_id(&self) -> String {
        format!("{}:{}", unique_id("AROA", self.role.as_str()), self.name)
    }
}

/// An id in the form of AWS's, the same for the same ARN.
fn unique_id(prefix: &str, arn: &str) -> String {
    let digest = Sha256::digest(arn.as_bytes());
    let letters: String = digest.iter().take(17).map(|byte| char::from(b'A' + byte % 26)).collect();
    format!("{prefix}{letters}")
}
