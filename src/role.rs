//! A role to assume, and how narrowly: plain data, checked against the limits of STS before anything is sent.

mod arn;
mod builder;
mod deserialize;
mod policy;
mod rules;
mod scoped;
mod size;

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

pub use self::arn::RoleArn;
pub(crate) use self::arn::is_account_id;
pub use self::builder::RoleBuilder;
pub(crate) use self::builder::{MAX_POLICY_ARNS, check_count, check_tags};
pub use self::policy::SessionPolicy;
pub(crate) use self::rules::{
    FEDERATED_NAME, MFA_SERIAL, MFA_TOKEN_CODE, SAML_ASSERTION, TAG_VALUE, WEB_IDENTITY_TOKEN,
};
use crate::error::{Error, Failure, FailureKind};

/// A role to assume, and how narrowly.
///
/// What is [built](RoleBuilder::build) keeps to every limit that
/// [STS](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html) sets on its own parts; what only the
/// account knows, as the longest session that the role allows, STS says. Cloning copies a pointer.
///
/// Two roles are equal if they ask for the same session. The order of tags, of transitive keys and of policy ARNs has
/// no meaning, and is not kept.
///
/// ```
/// use std::time::Duration;
/// use aws_credential_chain::{Role, SessionPolicy};
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let reports = Role::builder("arn:aws:iam::123456789012:role/team/reports")
///     .session_name("nightly")
///     .external_id("x-42")
///     .duration(Duration::from_secs(900))
///     .policy(SessionPolicy::from_json(
///         r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }] }"#,
///     )?)
///     .tag("team", "reports")
///     .build()?;
///
/// assert_eq!(reports.arn().account_id(), "123456789012");
/// assert_eq!(reports.arn().name(), "reports");
/// assert!(!format!("{reports:?}").contains("x-42"));
/// # Ok(())
/// # }
/// ```
///
/// # From a file
///
/// A role deserializes through the same checks. All but `role_arn` may be left out; `policy` may also be a text that
/// holds the JSON. A name that is not known is an error: a misspelt `external_id` must not go unnoticed.
///
/// ```
/// use aws_credential_chain::Role;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let text = r#"
/// {
///   "role_arn": "arn:aws:iam::123456789012:role/reports",
///   "session_name": "nightly",
///   "external_id": "x-42",
///   "duration_seconds": 900,
///   "policy": { "Version": "2012-10-17", "Statement": [] },
///   "policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
///   "tags": { "team": "reports" },
///   "transitive_tag_keys": ["team"],
///   "source_identity": "alice"
/// }
/// # "#;
/// let role: Role = serde_json::from_str(text)?;
/// assert_eq!(role.tags()[0].value(), "reports");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Role(Arc<Parts>);

struct Parts {
    /// Of `request`: a map of a hundred thousand roles looks at it alone, and compares the rest once.
    hash: u64,
    request: Request,
}

/// All that makes one session another than the next one.
#[derive(PartialEq, Eq, Hash)]
struct Request {
    arn: RoleArn,
    session_name: Option<Box<str>>,
    external_id: Option<Box<str>>,
    /// What few roles have. `None` if there is nothing in it, so that equal roles compare equal.
    further: Option<Box<Further>>,
}

#[derive(Default, PartialEq, Eq, Hash)]
struct Further {
    duration: Option<Duration>,
    policy: Option<SessionPolicy>,
    policy_arns: Vec<String>,
    tags: Vec<SessionTag>,
    transitive_tag_keys: Vec<String>,
    source_identity: Option<String>,
    provided_contexts: Vec<ProvidedContext>,
}

impl Role {
    /// Starts a role by its ARN, `arn:aws:iam::123456789012:role/path/name`.
    pub fn builder(arn: impl Into<String>) -> RoleBuilder {
        RoleBuilder::new(arn.into())
    }

    /// A role that is like this one, to be narrowed.
    pub(crate) fn to_builder(&self) -> RoleBuilder {
        RoleBuilder::of(self)
    }

    /// Which role.
    #[must_use]
    pub fn arn(&self) -> &RoleArn {
        &self.0.request.arn
    }

    /// Names the session, in the account's logs and in the ARN of whoever acts with it. `None`: a name is made up for
    /// each session.
    #[must_use]
    pub fn session_name(&self) -> Option<&str> {
        self.0.request.session_name.as_deref()
    }

    /// What the role's trust policy may ask for as `sts:ExternalId`.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        self.0.request.external_id.as_deref()
    }

    /// How long the session is to last. `None`: as STS has it, an hour.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.further()?.duration
    }

    /// Narrows what the session may do.
    #[must_use]
    pub fn policy(&self) -> Option<&SessionPolicy> {
        self.further()?.policy.as_ref()
    }

    /// Managed policies that narrow what the session may do.
    #[must_use]
    pub fn policy_arns(&self) -> &[String] {
        self.further().map_or(&[], |further| &further.policy_arns)
    }

    /// The tags of the session.
    #[must_use]
    pub fn tags(&self) -> &[SessionTag] {
        self.further().map_or(&[], |further| &further.tags)
    }

    /// The keys of the tags that go on to sessions assumed with this one.
    #[must_use]
    pub fn transitive_tag_keys(&self) -> &[String] {
        self.further().map_or(&[], |further| &further.transitive_tag_keys)
    }

    /// Who acts, through all sessions that are assumed one with the other.
    #[must_use]
    pub fn source_identity(&self) -> Option<&str> {
        self.further()?.source_identity.as_deref()
    }

    /// Assertions of context providers: the provider's ARN, and what it signed.
    pub fn provided_contexts(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        let contexts = self.further().map_or(&[][..], |further| &further.provided_contexts);
        contexts.iter().map(|context| (context.provider_arn.as_str(), &context.assertion))
    }

    fn of(request: Request) -> Self {
        // Keyed by chance: nobody can choose tenants whose roles all have one hash.
        static KEYED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(Arc::new(Parts { hash: KEYED.hash_one(&request), request }))
    }

    fn further(&self) -> Option<&Further> {
        self.0.request.further.as_deref()
    }
}

impl PartialEq for Role {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.request == other.0.request)
    }
}

impl Eq for Role {}

impl Hash for Role {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

/// Without the external id and the assertions: who has them may need no more.
impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Role")
            .field("arn", self.arn())
            .field("session_name", &self.session_name())
            .field("external_id", &self.external_id().map(|_| "[REDACTED]"))
            .field("duration", &self.duration())
            .field("policy", &self.policy())
            .field("policy_arns", &self.policy_arns())
            .field("tags", &self.tags())
            .field("transitive_tag_keys", &self.transitive_tag_keys())
            .field("source_identity", &self.source_identity())
            .field("provided_contexts", &self.provided_contexts().count())
            .finish()
    }
}

/// A tag of a session, which policies see as `aws:PrincipalTag/…`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionTag {
    key: String,
    value: String,
}

impl SessionTag {
    pub(crate) fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }

    /// The key. AWS keeps its case, and takes keys that differ only in it for the same.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value, which may be empty.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether it is the tag of this key, as AWS compares keys.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        builder::folded(&self.key) == builder::folded(key)
    }
}

/// What a context provider, as IAM Identity Center, asserts about whom the session acts for.
struct ProvidedContext {
    provider_arn: String,
    assertion: SecretString,
}

impl PartialEq for ProvidedContext {
    fn eq(&self, other: &Self) -> bool {
        self.provider_arn == other.provider_arn
            && self.assertion.expose_secret() == other.assertion.expose_secret()
    }
}

impl Eq for ProvidedContext {}

impl Hash for ProvidedContext {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.provider_arn.hash(state);
        self.assertion.expose_secret().hash(state);
    }
}

/// What is wrong with one part of a role, and what to do about it.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Flaw {
    pub(crate) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }

    /// As an error of whoever was given it.
    pub(crate) fn of(self, provider: &'static str) -> Error {
        Failure::new(FailureKind::Misconfigured, provider, self.what).with_remedy(self.remedy).into()
    }

    fn into_error(self) -> Error {
        self.of(NAME)
    }

    fn of_role(mut self, arn: &RoleArn) -> Error {
        self.what = format!("{arn}: {}", self.what);
        self.into_error()
    }
}

/// As errors name what is wrong with a role.
const NAME: &str = "role";

#[cfg(test)]
mod tests;
