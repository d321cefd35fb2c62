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
//! | setting | code | variable | otherwise |
//! |---|---|---|---|
//! | switched off | | `AWS_EC2_METADATA_DISABLED=true` | on |
//! | endpoint | `endpoint` | `AWS_EC2_METADATA_SERVICE_ENDPOINT` | by mode |
//! | mode | `endpoint_mode` | `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` (`IPv4`, `IPv6`) | `IPv4` |
//! | role | `role_name` | `AWS_EC2_INSTANCE_PROFILE_NAME` | asked for |
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>

mod answers;
mod endpoint;
mod session;

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

pub use self::endpoint::EndpointMode;
use self::endpoint::Settings;
use self::session::{MetadataSession, Reply};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::host::Host;
use crate::host::http::{Limits, LinkLocal, Timeouts};
use crate::provider::CredentialsProvider;
use crate::region::Region;
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
    timeouts: Timeouts,
    settings: Settings,
    session: OnceLock<MetadataSession>,
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
    /// As the environment says; at 169.254.169.254 if it says nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Host::default(), Timeouts::default())
    }

    pub(crate) fn of(host: Host, timeouts: Timeouts) -> Self {
        Self {
            host,
            timeouts,
            settings: Settings::default(),
            session: OnceLock::new(),
            known: Mutex::default(),
        }
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
        self.settings.endpoint = Some(endpoint.into());
        self
    }

    /// Which of the two fixed addresses is used.
    #[must_use]
    pub fn endpoint_mode(mut self, mode: EndpointMode) -> Self {
        self.settings.mode = Some(mode);
        self
    }

    /// The role's name, where it is known: spares a request, and refuses any other role.
    #[must_use]
    pub fn role_name(mut self, role: impl Into<String>) -> Self {
        self.settings.role = Some(role.into());
        self
    }

    /// How long to wait for a connection and for an answer.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The region that the instance runs in.
    ///
    /// # Errors
    /// As for credentials.
    pub async fn region(&self) -> Result<Region, Error> {
        let session = self.session()?;
        match session.get(REGION_PATH).await? {
            Reply::Found(body) => answers::region(&body, &session.settings),
            Reply::NotFound => Err(answers::no_region(&session.settings)),
        }
    }

    fn session(&self) -> Result<&MetadataSession, Error> {
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        let settings = self.settings.resolve(&self.host.env)?;
        Ok(self.session.get_or_init(|| {
            let http = LinkLocal::teaching(&self.host.clock, self.timeouts, LIMITS);
            MetadataSession::new(&self.host, http, settings)
        }))
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
        let session = self.session()?;
        let settings = &session.settings;
        let mut known = self.known();
        // Twice at most: a remembered role may have been exchanged for another.
        for _ in 0..2 {
            let role = match settings.role.clone().or_else(|| known.role.clone()) {
                Some(role) => role,
                None => list(session, &mut known).await?,
            };
            match session.get(&format!("{}{role}", base_path(&known))).await? {
                Reply::Found(body) => {
                    let credentials = answers::credentials(&body, &role, settings)?;
                    self.learn(Known { role: Some(role), ..known });
                    return Ok(credentials);
                }
                // With a configured name nothing was listed: the missing path may be the extended one.
                Reply::NotFound if settings.role.is_some() && !known.legacy => known.legacy = true,
                Reply::NotFound if settings.role.is_some() => {
                    return Err(answers::no_such_role(&role, settings));
                }
                Reply::NotFound => known.role = None,
            }
        }
        self.learn(known);
        Err(answers::no_role(settings))
    }
}

/// The first role that the service lists; finds out which of the two paths it has.
async fn list(session: &MetadataSession, known: &mut Known) -> Result<String, Error> {
    if !known.legacy
        && let Reply::Found(body) = session.get(EXTENDED_PATH).await?
    {
        return answers::role(&body, &session.settings);
    }
    match session.get(LEGACY_PATH).await? {
        Reply::Found(body) => {
            known.legacy = true;
            answers::role(&body, &session.settings)
        }
        Reply::NotFound => Err(answers::no_role(&session.settings)),
    }
}

fn base_path(known: &Known) -> &'static str {
    if known.legacy { LEGACY_PATH } else { EXTENDED_PATH }
}

/// What AWS's SDKs allow it: it answers within milliseconds, or not at all.
const LIMITS: Limits = Limits { connect: Duration::from_secs(1), answer: Duration::from_secs(1) };
const NAME: &str = SourceKind::InstanceMetadata.name();
const EXTENDED_PATH: &str = "/latest/meta-data/iam/security-credentials-extended/";
const LEGACY_PATH: &str = "/latest/meta-data/iam/security-credentials/";
const REGION_PATH: &str = "/latest/meta-data/placement/region";
