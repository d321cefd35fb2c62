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
//! The files are read at each retrieve, so that exchanged keys are picked up. The profile that is named, in code or
//! by `AWS_PROFILE`, has to exist: failed otherwise. Without a name, no profile `default` is not configured. A profile
//! that says nothing about credentials is not configured; one that says it wrongly is failed, with file and line.
//!
//! Roles, IAM Identity Center, `aws login` and processes are read and checked here, and refused by name until their
//! providers come: nothing in a profile is passed over in silence.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use secrecy::SecretString;

use crate::config::{Base, Plan, Value};
use crate::credentials::{Credentials, Places};
use crate::error::{Error, Failure, FailureKind};
use crate::host::Host;
use crate::provider::CredentialsProvider;
use crate::shared_files::{NAME, SharedFiles};
use crate::source::{Source, SourceKind};

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

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn in_world(world: &crate::testing::World) -> Self {
        Self::of(world.host(), None)
    }

    pub(crate) fn of(host: Host, profile: Option<String>) -> Self {
        Self { host, profile }
    }
}

impl Default for ProfileFile {
    fn default() -> Self {
        Self::new()
    }
}

impl CredentialsProvider for ProfileFile {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let loaded = SharedFiles::new(self.host.clone(), self.profile.clone()).load().await?;
        let plan = loaded.plan()?;
        for shadowed in &plan.shadowed {
            tracing::debug!(profile = shadowed.profile, key = shadowed.key, origin = %shadowed.origin, "has no effect");
        }
        credentials(&plan)
    }
}

fn credentials(plan: &Plan) -> Result<Credentials, Error> {
    if let Some(role) = plan.roles.last() {
        return Err(not_yet("role_arn", &role.profile, &role.role_arn));
    }
    let profile = &plan.base_profile;
    let (id, secret, token, account_id) = match &plan.base {
        Base::Static { access_key_id, secret_access_key, session_token, account_id } => {
            (access_key_id, secret_access_key, session_token, account_id)
        }
        Base::WebIdentity { token_file, .. } => {
            return Err(not_yet("web_identity_token_file", profile, token_file));
        }
        Base::Sso(sso) => return Err(not_yet("sso_account_id", profile, &sso.account_id)),
        Base::Login { login_session, .. } => return Err(not_yet("login_session", profile, login_session)),
        Base::Process { command, .. } => return Err(not_yet("credential_process", profile, command)),
        // Only ever the source of a role.
        Base::CredentialSource(_) => {
            return Err(Failure::new(
                FailureKind::Misconfigured,
                NAME,
                format!("profile `{profile}` has no role"),
            )
            .into());
        }
    };
    let source = Source::new(SourceKind::ProfileFile).with_detail(profile.clone());
    let mut builder = Credentials::builder(id.text(), SecretString::from(secret.text())).source(source);
    if let Some(token) = token {
        builder = builder.session_token(SecretString::from(token.text()));
    }
    if let Some(account_id) = account_id {
        builder = builder.account_id(account_id.text());
    }
    let place = |value: Option<&Value>, key| value.map(|value| format!("{}: {key}", value.origin()));
    let places = [
        place(Some(id), "aws_access_key_id"),
        place(Some(secret), "aws_secret_access_key"),
        // Two keys can hold it.
        place(token.as_ref(), "the session token"),
        place(account_id.as_ref(), "aws_account_id"),
    ]
    .map(Option::unwrap_or_default);
    let [access_key_id, secret_access_key, session_token, account_id] = places.each_ref().map(String::as_str);
    builder.build_from(&Places { access_key_id, secret_access_key, session_token, account_id })
}

fn not_yet(key: &str, profile: &str, value: &Value) -> Error {
    let message = format!(
        "profile `{profile}` uses `{key}` ({}), which this version cannot carry out yet",
        value.origin()
    );
    Failure::new(FailureKind::Misconfigured, NAME, message)
        .with_remedy("choose a profile with access keys, or put a provider of your own into the chain's slot")
        .into()
}
