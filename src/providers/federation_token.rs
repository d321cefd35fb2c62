//! A session of somebody whom a user vouches for.
//!
//! `GetFederationToken` of STS, signed by the long-lived keys of an IAM user, gives credentials in a name of the
//! application's choice, for 12 hours or as long as was asked for. They may do what both the user and the session policies
//! allow: **without a session policy they may do next to nothing**.
//!
//! Region and endpoint are found as for [`AssumeRole`](super::AssumeRole).
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>

use std::time::Duration;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::provider::CredentialsProvider;
use crate::role::{
    FEDERATED_NAME, Flaw, MAX_POLICY_ARNS, SessionPolicy, SessionTag, check_count, check_tags,
};
use crate::source::SourceKind;
use crate::sts::{Order, SignedBy, service_settings, whole_seconds};
use crate::wire::sts::{Action, GetFederationToken, Session};

/// Opens a session for somebody else with the keys of a user.
///
/// ```
/// use aws_credential_chain::providers::{Environment, FederationToken};
/// use aws_credential_chain::{CredentialsCache, SessionPolicy};
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let read_only = SessionPolicy::from_json(
///     r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }] }"#,
/// )?;
/// let cache = CredentialsCache::new(FederationToken::new(Environment::new(), "alice").policy(read_only));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct FederationToken {
    signed: SignedBy,
    name: String,
    duration: Option<Duration>,
    policy: Option<SessionPolicy>,
    policy_arns: Vec<String>,
    tags: Vec<SessionTag>,
}

impl FederationToken {
    /// A session in this name, 2 to 32 letters of ASCII, digits and `_+=,.@-`, opened by the user whose keys `provider`
    /// gives. What STS would refuse is found at the first fetch.
    pub fn new(provider: impl CredentialsProvider, name: impl Into<String>) -> Self {
        Self {
            signed: SignedBy::new(provider),
            name: name.into(),
            duration: None,
            policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// How long the session is to last: whole seconds, 15 minutes to 36 hours; for root an hour at most. Without it 12
    /// hours.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// What the session may do, of what the user may.
    pub fn policy(mut self, policy: SessionPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// A managed policy with what the session may do, of what the user may. Up to ten.
    pub fn policy_arn(mut self, arn: impl Into<String>) -> Self {
        self.policy_arns.push(arn.into());
        self
    }

    /// A tag of the session, by the rules of [`RoleBuilder::tag`](crate::RoleBuilder::tag).
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(SessionTag::new(key, value));
        self
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.signed.host = world.host();
        self
    }

    service_settings!(|this| this.signed.settings);

    fn check(&self) -> Result<(), Flaw> {
        FEDERATED_NAME.check("the name of the federated user", &self.name)?;
        whole_seconds(self.duration, SECONDS)?;
        check_count("policy ARNs", self.policy_arns.len(), MAX_POLICY_ARNS)?;
        check_tags(&self.tags)
    }
}

impl CredentialsProvider for FederationToken {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        self.check().map_err(|flaw| flaw.of(NAME))?;
        let request = GetFederationToken {
            name: &self.name,
            duration: self.duration,
            policy: self.policy.as_ref(),
            policy_arns: &self.policy_arns,
            tags: &self.tags,
        };
        let order = Order {
            provider: NAME,
            action: Action::GetFederationToken,
            role: None,
            target: Some(&self.name),
            partition: "aws",
        };
        self.signed
            .send(&order, &request.body(), |source, answer| {
                let path = source.source().clone().then(SourceKind::FederationToken, self.name.clone());
                Session::parse(Action::GetFederationToken, answer)?.into_credentials(path)
            })
            .await
    }

    fn time_limit(&self) -> Duration {
        self.signed.time_limit(None)
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::FederationToken
    }
}

const NAME: &str = SourceKind::FederationToken.name();
/// Of root an hour at most, which only STS can tell.
const SECONDS: std::ops::RangeInclusive<u64> = 900..=129_600;
