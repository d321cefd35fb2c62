//! Keys in the shared files `~/.aws/credentials` and `~/.aws/config`.
//!
//! ```ini
//! # ~/.aws/credentials         # ~/.aws/config
//! [dev]                        [profile dev]
//! aws_access_key_id = …        region = eu-central-1
//! aws_secret_access_key = …    aws_account_id = 123456789012
//! aws_session_token = …
//! ```
//!
//! ```ini
//! # ~/.aws/config
//! [profile reports]
//! role_arn = arn:aws:iam::222222222222:role/reports
//! source_profile = dev                    # or credential_source = Environment, Ec2InstanceMetadata, EcsContainer
//! external_id = …
//! session_tags = team=reports,cost=42     # this one and the next as aws-vault reads them
//! include_profile = common                # what this profile does not set, but for access keys
//! mfa_serial = arn:aws:iam::123456789012:mfa/alice
//! mfa_process = pass otp aws              # prints a code of that device; as aws-vault reads it
//! ```
//!
//! The files are read at each retrieve, and a cache looks every minute whether they have changed, so that exchanged keys
//! are picked up. The profile that is named, in code or
//! by `AWS_PROFILE` (else `AWS_DEFAULT_PROFILE`), has to exist: failed otherwise. Without a name, no profile `default` is not configured. A profile
//! that says nothing about credentials is not configured; one that says it wrongly is failed, with file and line.
//!
//! Roles are assumed one after the other, from the source on; each keeps its session between refreshes of the next,
//! as long as the profiles stay as they are. A session that the AWS CLI keeps is used before STS is asked (see
//! [`CliCache`]). A `credential_process` is carried out as `providers::Process` says
//! (feature `process`).
//!
//! `AWS_SESSION_TAGS`, `AWS_TRANSITIVE_TAGS` and `AWS_SOURCE_IDENTITY` go before `session_tags`,
//! `transitive_session_tags` and `source_identity` of the profile that is asked for, and say nothing about its sources, as
//! in aws-vault.
//!
//! A code of the device that `mfa_serial` names is given by the program in `mfa_process`, and then the session is renewed like
//! any other. Otherwise a person is asked, by the callback that was set with `ProfileFile::mfa`: when, and when not,
//! `AssumeRole::mfa` says. Without a callback it is an error. STS takes codes from users only: the source has to be keys.
//!
//! IAM Identity Center and `aws login` are read and checked here, and refused by name until their providers come:
//! nothing in a profile is passed over in silence.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

mod assembly;
mod explained;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::assembly::{Assembled, Given};
use crate::chain::CHAIN_TIME_LIMIT;
use crate::cli_cache::CliCache;
use crate::config::Plan;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::explain::Examined;
use crate::host::{Host, PROFILE};
use crate::provider::CredentialsProvider;
use crate::providers::mfa::{MfaCallback, PERSON_LIMIT};
use crate::shared_files::{SharedFiles, Stamps};
use crate::source::SourceKind;

/// One profile of the shared files.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, providers::ProfileFile};
///
/// let cache = CredentialsCache::new(ProfileFile::new().profile("dev"));
/// ```
#[derive(Clone, Debug)]
pub struct ProfileFile {
    host: Host,
    profile: Option<String>,
    mfa: Option<MfaCallback>,
    cli_cache: CliCache,
    /// Clones share it, and with it the sessions of the roles on the way.
    assembled: Arc<Mutex<Option<Arc<Assembled>>>>,
    /// How the files looked that this was read from.
    seen: Arc<Mutex<Option<Stamps>>>,
}

impl ProfileFile {
    /// The profile that `AWS_PROFILE` names, else `default`.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Host::default(), None)
    }

    /// Another profile, whatever the environment says.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Asks a person for codes, where a profile has `mfa_serial` and no `mfa_process`: see
    /// [`AssumeRole::mfa`](crate::providers::AssumeRole::mfa).
    #[cfg(feature = "sts")]
    #[must_use]
    pub fn mfa<F, Fut, C>(self, code: F) -> Self
    where
        F: Fn(crate::providers::MfaPrompt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
        C: Into<secrecy::SecretString>,
    {
        self.with_mfa(Some(MfaCallback::new(code)))
    }

    /// Whether the sessions of the profile's roles are looked for in `~/.aws/cli/cache`, and kept there.
    #[cfg(feature = "sts")]
    #[must_use]
    pub fn cli_cache(self, cli_cache: CliCache) -> Self {
        self.with_cli_cache(cli_cache)
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn in_world(world: &crate::testing::World) -> Self {
        Self::of(world.host(), None)
    }

    pub(crate) fn of(host: Host, profile: Option<String>) -> Self {
        let cli_cache = CliCache::default();
        Self { host, profile, mfa: None, cli_cache, assembled: Arc::default(), seen: Arc::default() }
    }

    /// What code has set, for those who carry out a plan.
    fn given(&self) -> Given<'_> {
        Given {
            host: &self.host,
            profile: self.profile.as_deref(),
            mfa: self.mfa.as_ref(),
            cli_cache: self.cli_cache,
        }
    }

    /// Whom to ask for codes of MFA devices.
    pub(crate) fn with_mfa(mut self, mfa: Option<MfaCallback>) -> Self {
        self.mfa = mfa;
        self.assembled = Arc::default();
        self
    }

    pub(crate) fn with_cli_cache(mut self, cli_cache: CliCache) -> Self {
        self.cli_cache = cli_cache;
        // Clones that look elsewhere have other providers.
        self.assembled = Arc::default();
        self
    }

    fn files(&self) -> SharedFiles {
        SharedFiles::new(self.host.clone(), self.profile.clone())
    }

    fn see(&self, stamps: Stamps) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(stamps);
    }

    /// The providers for this plan: those of the last time, with their sessions, if nothing has changed.
    fn assembled(&self, plan: Plan) -> Result<Arc<Assembled>, Error> {
        let mut known = self.assembled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(assembled) = &*known
            && assembled.carries_out(&plan)
        {
            return Ok(Arc::clone(assembled));
        }
        if self.profile.is_none()
            && let [Some(used), Some(other)] = PROFILE.map(|variable| self.host.env.get(variable))
            && used != other
        {
            tracing::warn!(
                used,
                other,
                "AWS_PROFILE and AWS_DEFAULT_PROFILE name two profiles: the first is used"
            );
        }
        for shadowed in &plan.shadowed {
            tracing::debug!(profile = shadowed.profile, key = shadowed.key, origin = %shadowed.origin, "has no effect");
        }
        let assembled = Arc::new(Assembled::new(&self.given(), plan)?);
        *known = Some(Arc::clone(&assembled));
        Ok(assembled)
    }
}

impl Default for ProfileFile {
    fn default() -> Self {
        Self::new()
    }
}

impl CredentialsProvider for ProfileFile {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let loaded = self.files().load().await?;
        let assembled = self.assembled(loaded.plan()?)?;
        self.see(loaded.stamps());
        // A profile that names its source has set it up: it never slides into the next one.
        assembled.provider.retrieve().await.map_err(|error| loaded.set_up(error))
    }

    /// Of all roles in a row only the first can ask a person: sessions have no MFA device.
    fn time_limit(&self) -> Duration {
        if self.mfa.is_some() { CHAIN_TIME_LIMIT.saturating_add(PERSON_LIMIT) } else { CHAIN_TIME_LIMIT }
    }

    fn may_change(&self) -> bool {
        true
    }

    /// Files that say the same about this profile as before have not changed, whatever else in them has.
    async fn has_changed(&self, _held: &Credentials) -> bool {
        let stamps = self.files().stamps().await;
        if *self.seen.lock().unwrap_or_else(PoisonError::into_inner) == Some(stamps) {
            return false;
        }
        let Ok(loaded) = self.files().load().await else { return true };
        let Ok(plan) = loaded.plan() else { return true };
        let known = self.assembled.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_same = known.is_some_and(|assembled| assembled.carries_out(&plan));
        if is_same {
            self.see(loaded.stamps());
        }
        !is_same
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::ProfileFile
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        explained::examine(self)
    }
}
