//! The role of an EC2 instance, from its metadata service, version 2 only.
//!
//! 1. `PUT /latest/api/token` gives a session token, kept until two minutes before its end.
//! 2. `GET …/iam/security-credentials-extended/` names the role; where that path is missing (404),
//!    `…/iam/security-credentials/` does, from then on. The name is kept; a 404 on it means the role was exchanged,
//!    and the list is read once more. A configured name (`AWS_EC2_INSTANCE_PROFILE_NAME`) is never replaced.
//! 3. `GET …/ROLE` gives the credentials, on the extended path with the account id.
//!
//! ```json
//! { "Code": "Success", "AccessKeyId": "ASIA…", "SecretAccessKey": "…", "Token": "…",
//!   "Expiration": "2026-11-23T18:00:00Z", "AccountId": "123456789012" }
//! { "Code": "AssumeRoleUnauthorizedAccess", "Message": "…" }
//! ```
//!
//! Nobody there: not configured, unless an endpoint was configured. Everything else that goes wrong is a failure.
//! There is no version 1: whoever can make a process fetch a URL could read credentials with it.
//!
//! | setting | code | variable | key of the profile | otherwise |
//! |---|---|---|---|---|
//! | switched off | | `AWS_EC2_METADATA_DISABLED=true` | `disable_ec2_metadata = true` | on |
//! | endpoint | `endpoint` | `AWS_EC2_METADATA_SERVICE_ENDPOINT` | `ec2_metadata_service_endpoint` | by mode |
//! | mode | `endpoint_mode` | `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` (`IPv4`, `IPv6`) | `ec2_metadata_service_endpoint_mode` | the next line |
//! | IPv6 | | `AWS_IMDS_USE_IPV6=true` | `imds_use_ipv6 = true` | IPv4 |
//! | role | `role_name` | `AWS_EC2_INSTANCE_PROFILE_NAME` | `ec2_instance_profile_name` | asked for |
//! | seconds for a connection, and for an answer | `timeouts` | `AWS_METADATA_SERVICE_TIMEOUT` | `metadata_service_timeout` | 1 |
//! | attempts while a read waits | | `AWS_METADATA_SERVICE_NUM_ATTEMPTS` | `metadata_service_num_attempts` | 3, and 1 where no connection comes about |
//!
//! `AWS_EC2_METADATA_V1_DISABLED` and `ec2_metadata_v1_disabled` are accepted: it always is. The profile is the one whose
//! keys would be used. Settings are read once, at the first request. Files that cannot be read are a warning here: the
//! role does not need them. A value that cannot be followed is a failure.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>

mod answers;
mod explained;
mod session;
mod settings;
#[cfg(all(test, feature = "test-util"))]
mod tests;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use self::session::{Effort, MetadataSession, Reply};
pub use self::settings::EndpointMode;
use self::settings::{Found, InCode, Outside, Settings};
#[cfg(feature = "profile")]
use crate::config::Value;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::explain::Examined;
use crate::host::Host;
use crate::host::http::{Limits, Timeouts};
use crate::provider::CredentialsProvider;
use crate::region::Region;
#[cfg(feature = "profile")]
use crate::shared_files::SharedFiles;
use crate::source::SourceKind;

/// The credentials of the role that an EC2 instance was started with.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, providers::InstanceMetadata};
///
/// let cache = CredentialsCache::new(InstanceMetadata::new());
/// ```
#[derive(Debug)]
pub struct InstanceMetadata {
    host: Host,
    in_code: InCode,
    /// `None`: the user does not want them looked at.
    #[cfg(feature = "profile")]
    shared_files: Option<SharedFiles>,
    session: OnceCell<MetadataSession>,
    known: Mutex<Known>,
}

/// What earlier answers taught.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The extended path is missing here.
    legacy: bool,
    role: Option<String>,
}

impl InstanceMetadata {
    /// As the environment and the profile say; at 169.254.169.254 if they say nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Host::default(), Timeouts::default())
    }

    pub(crate) fn of(host: Host, timeouts: Timeouts) -> Self {
        Self {
            #[cfg(feature = "profile")]
            shared_files: Some(SharedFiles::new(host.clone(), None)),
            host,
            in_code: InCode { timeouts, ..InCode::default() },
            session: OnceCell::new(),
            known: Mutex::default(),
        }
    }

    /// With the settings of another profile, or of none.
    #[cfg(feature = "profile")]
    pub(crate) fn with_settings_of(mut self, shared_files: Option<SharedFiles>) -> Self {
        self.shared_files = shared_files;
        self
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn in_world(world: &crate::testing::World) -> Self {
        Self::of(world.host(), Timeouts::default())
    }

    /// Where the service listens: scheme, host and port.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.in_code.endpoint = Some(endpoint.into());
        self
    }

    /// Which of the two fixed addresses is used.
    #[must_use]
    pub fn endpoint_mode(mut self, mode: EndpointMode) -> Self {
        self.in_code.mode = Some(mode);
        self
    }

    /// The role's name, where it is known: spares a request, and refuses any other role.
    #[must_use]
    pub fn role_name(mut self, role: impl Into<String>) -> Self {
        self.in_code.role = Some(role.into());
        self
    }

    /// How long to wait for a connection and for an answer.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.in_code.timeouts = timeouts;
        self
    }

    /// The region that the instance runs in.
    ///
    /// # Errors
    /// As for credentials.
    pub async fn region(&self) -> Result<Region, Error> {
        let session = self.session().await?;
        match session.get(REGION_PATH, session.effort()).await? {
            Reply::Found(body) => answers::region(&body, &session.settings),
            Reply::NotFound => Err(answers::no_region(&session.settings)),
        }
    }

    async fn session(&self) -> Result<&MetadataSession, Error> {
        self.session
            .get_or_try_init(async || Ok(MetadataSession::new(&self.host, self.settings().await?)))
            .await
    }

    #[cfg(feature = "profile")]
    async fn settings(&self) -> Result<Settings, Error> {
        settings::is_on_by_variable(&self.host.env)?;
        let loaded = match &self.shared_files {
            Some(files) => files.load().await.map(Some),
            None => Ok(None),
        };
        let loaded = loaded.unwrap_or_else(|error| {
            tracing::warn!(%error, "the shared files are not looked at for settings of the metadata service");
            None
        });
        let profile = |key: &'static str| {
            let Some(loaded) = &loaded else { return Ok(None) };
            let place = |value: &Value| format!("`{key}` ({})", value.origin());
            Ok(loaded.get(key)?.map(|value| Found { text: value.text().to_owned(), place: place(value) }))
        };
        Settings::resolve(&self.in_code, &Outside { env: &self.host.env, profile: &profile })
    }

    #[cfg(not(feature = "profile"))]
    #[allow(clippy::unused_async, reason = "its twin reads files")]
    async fn settings(&self) -> Result<Settings, Error> {
        Settings::resolve(&self.in_code, &Outside { env: &self.host.env, profile: &|_| Ok(None) })
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

impl Default for InstanceMetadata {
    fn default() -> Self {
        Self::new()
    }
}

impl CredentialsProvider for InstanceMetadata {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let session = self.session().await?;
        let settings = &session.settings;
        let effort = session.effort();
        let mut known = self.known();
        // Twice at most: a remembered role may have been exchanged for another.
        for _ in 0..2 {
            let named = settings.role.as_ref().map(|role| role.text.clone());
            let role = match named.or_else(|| known.role.clone()) {
                Some(role) => role,
                None => list(session, effort, &mut known).await?,
            };
            let path = base_path(&known);
            match session.get(&format!("{path}{role}"), effort).await? {
                Reply::Found(body) => {
                    let credentials = answers::credentials(&body, &role, path, settings)?;
                    self.learn(Known { role: Some(role), ..known });
                    return Ok(credentials);
                }
                Reply::NotFound => match &settings.role {
                    // With a configured name nothing was listed: the missing path may be the extended one.
                    Some(_) if !known.legacy => known.legacy = true,
                    Some(role) => return Err(answers::no_such_role(role, settings)),
                    None => known.role = None,
                },
            }
        }
        let gone = answers::role_is_gone(base_path(&known), settings);
        self.learn(known);
        Err(gone)
    }

    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::InstanceMetadata
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        explained::examine(self)
    }
}

/// The first role that the service lists; finds out which of the two paths it has.
async fn list(session: &MetadataSession, effort: Effort, known: &mut Known) -> Result<String, Error> {
    if !known.legacy
        && let Reply::Found(body) = session.get(EXTENDED_PATH, effort).await?
    {
        return answers::role(&body, EXTENDED_PATH, &session.settings);
    }
    match session.get(LEGACY_PATH, effort).await? {
        Reply::Found(body) => {
            known.legacy = true;
            answers::role(&body, LEGACY_PATH, &session.settings)
        }
        Reply::NotFound => Err(answers::no_role(&session.settings)),
    }
}

fn base_path(known: &Known) -> &'static str {
    if known.legacy { LEGACY_PATH } else { EXTENDED_PATH }
}

/// What AWS's SDKs allow it: it answers within milliseconds, or not at all.
const LIMITS: Limits = Limits { connect: Duration::from_secs(1), answer: Duration::from_secs(1) };
/// Of a whole fetch, as for other providers.
const TIME_LIMIT: Duration = Duration::from_secs(30);
const NAME: &str = SourceKind::InstanceMetadata.name();
const EXTENDED_PATH: &str = "/latest/meta-data/iam/security-credentials-extended/";
const LEGACY_PATH: &str = "/latest/meta-data/iam/security-credentials/";
const REGION_PATH: &str = "/latest/meta-data/placement/region";
