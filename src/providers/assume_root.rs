//! The root user of a member account, for one task.
//!
//! `AssumeRoot` of STS, signed by the management account of an organization or by the delegated administrator for IAM,
//! gives credentials of the root user of a member account for 15 minutes at most, for one of the tasks that AWS allows:
//! it helps where a bucket or queue policy has locked everybody out, or a member's root user keeps credentials that
//! nobody should have.
//!
//! Only endpoints of regions answer it. Region and endpoint are found as for [`AssumeRole`](super::AssumeRole), and
//! `AWS_STS_REGIONAL_ENDPOINTS=legacy` does not count here.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>

use std::borrow::Cow;
use std::time::Duration;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::provider::CredentialsProvider;
use crate::role::{Flaw, is_account_id};
use crate::source::SourceKind;
use crate::sts::{Order, SignedBy, service_settings, whole_seconds};
use crate::wire::sts::{Action, AssumeRoot as Request, Session};

/// What the session of a root user may be for.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html>
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RootTask {
    /// To look which credentials the root user has.
    AuditCredentials,
    /// To let the root user set a password again.
    CreatePassword,
    /// To delete password, keys, certificates and MFA devices of the root user.
    DeleteCredentials,
    /// To delete the policy of an S3 bucket that denies everybody.
    UnlockS3Bucket,
    /// To delete the policy of an SQS queue that denies everybody.
    UnlockSqsQueue,
    /// Another one, by the ARN of its policy: `arn:aws:iam::aws:policy/root-task/…`.
    Policy(String),
}

impl RootTask {
    /// The ARN of the policy that stands for the task.
    #[must_use]
    pub fn policy_arn(&self) -> Cow<'_, str> {
        let name = match self {
            Self::AuditCredentials => "IAMAuditRootUserCredentials",
            Self::CreatePassword => "IAMCreateRootUserPassword",
            Self::DeleteCredentials => "IAMDeleteRootUserCredentials",
            Self::UnlockS3Bucket => "S3UnlockBucketPolicy",
            Self::UnlockSqsQueue => "SQSUnlockQueuePolicy",
            Self::Policy(arn) => return arn.as_str().into(),
        };
        format!("arn:aws:iam::aws:policy/root-task/{name}").into()
    }
}

/// Becomes the root user of a member account.
///
/// ```
/// use aws_credential_chain::providers::{AssumeRoot, RootTask};
/// use aws_credential_chain::{CredentialsCache, DefaultChain, RefreshPolicy};
///
/// let task = AssumeRoot::new(DefaultChain::new(), "222222222222", RootTask::UnlockS3Bucket);
/// // Fetched at the first read, and not renewed behind anybody's back.
/// let root = CredentialsCache::builder(task).refresh(RefreshPolicy::on_demand()).build();
/// ```
#[derive(Debug)]
#[must_use]
pub struct AssumeRoot {
    signed: SignedBy,
    account_id: String,
    task: RootTask,
    duration: Option<Duration>,
}

impl AssumeRoot {
    /// The root user of the member account with these twelve digits, for this task, with the credentials that `provider`
    /// gives.
    pub fn new(provider: impl CredentialsProvider, account_id: impl Into<String>, task: RootTask) -> Self {
        let mut signed = SignedBy::new(provider);
        signed.settings.regional_sts = true;
        Self { signed, account_id: account_id.into(), task, duration: None }
    }

    /// How long the session is to last: whole seconds, up to 15 minutes, which it lasts without this.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
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
        if !is_account_id(&self.account_id) {
            let what = "the account of the root user is not twelve digits";
            return Err(Flaw::new(what, "write the account id of the member account: 123456789012"));
        }
        let arn = self.task.policy_arn();
        let is_task = arn.starts_with("arn:") && arn.contains(":iam::aws:policy/root-task/");
        if !is_task || arn.len() > ARN_MAX {
            let what = "the policy of the task is not one of AWS's tasks for root users";
            return Err(Flaw::new(
                what,
                "write it like arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy",
            ));
        }
        whole_seconds(self.duration, SECONDS)
    }
}

impl CredentialsProvider for AssumeRoot {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        self.check().map_err(|flaw| flaw.of(NAME))?;
        let task = self.task.policy_arn();
        let request =
            Request { target_principal: &self.account_id, task_policy_arn: &task, duration: self.duration };
        let order = Order {
            provider: NAME,
            action: Action::AssumeRoot,
            role: None,
            target: Some(&self.account_id),
            partition: task.split(':').nth(1).unwrap_or("aws"),
        };
        self.signed
            .send(&order, &request.body(), |source, answer| {
                let path = source.source().clone().then(SourceKind::AssumeRoot, self.account_id.clone());
                let session = Session::parse(Action::AssumeRoot, answer)?;
                session.of_account(Some(&self.account_id)).into_credentials(path)
            })
            .await
    }

    fn time_limit(&self) -> Duration {
        self.signed.time_limit(None)
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::AssumeRoot
    }
}

const NAME: &str = SourceKind::AssumeRoot.name();
const SECONDS: std::ops::RangeInclusive<u64> = 1..=900;
const ARN_MAX: usize = 2048;
