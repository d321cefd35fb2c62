//! Where the shared files lie, which profile is meant, and reading both.
//!
//! | | code | variable | otherwise |
//! |---|---|---|---|
//! | config file | | `AWS_CONFIG_FILE` | `~/.aws/config` |
//! | credentials file | | `AWS_SHARED_CREDENTIALS_FILE` | `~/.aws/credentials` |
//! | profile | `profile` | `AWS_PROFILE` | `default` |
//!
//! A file that does not exist counts as empty, also one that a variable names; so does `/dev/null`, which people
//! name to switch a file off. One that cannot be read is a failure.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>

use std::path::Path;

use crate::config::{EndpointSettings, Plan, PlanError, Profiles, Value, endpoint_override, plan, setting};
use crate::error::{Error, Failure, FailureKind, printable};
use crate::host::{FileError, Host};

/// The shared files of one machine, and which profile is wanted from them.
#[derive(Clone, Debug)]
pub(crate) struct SharedFiles {
    host: Host,
    profile: Option<String>,
}

/// What the files said at one moment.
#[derive(Debug)]
pub(crate) struct Loaded {
    profiles: Profiles,
    profile: Selected,
    /// Each file and how it was found, for errors.
    looked_at: String,
}

/// The profile that is meant, and by whom.
#[derive(Clone, Debug)]
enum Selected {
    InCode(String),
    ByVariable(String),
    Default,
}

impl SharedFiles {
    pub(crate) fn new(host: Host, profile: Option<String>) -> Self {
        Self { host, profile }
    }

    /// Reads both files.
    pub(crate) async fn load(&self) -> Result<Loaded, Error> {
        let config = self.read("AWS_CONFIG_FILE", "config").await?;
        let credentials = self.read("AWS_SHARED_CREDENTIALS_FILE", "credentials").await?;
        let profiles = Profiles::parse(config.text(), credentials.text())
            .map_err(|error| Failure::new(FailureKind::Misconfigured, NAME, error.to_string()))?;
        for remark in profiles.remarks() {
            tracing::debug!(%remark, "shared files");
        }
        let looked_at = format!("{} and {}", credentials.about(), config.about());
        Ok(Loaded { profiles, profile: self.selected(), looked_at })
    }

    fn selected(&self) -> Selected {
        match (&self.profile, self.host.env.get("AWS_PROFILE")) {
            (Some(name), _) => Selected::InCode(name.clone()),
            (None, Some(name)) => Selected::ByVariable(name),
            (None, None) => Selected::Default,
        }
    }

    async fn read(&self, variable: &'static str, file: &str) -> Result<Read, Error> {
        let named = self.host.env.get(variable);
        let path = match (&named, self.host.files.home(&self.host.env)) {
            (Some(path), _) => self.host.files.expand(path, &self.host.env),
            (None, Some(home)) => home.join(".aws").join(file),
            (None, None) => {
                let shown = format!("~/.aws/{file}");
                return Ok(Read { shown, variable: None, bytes: Err("there is no home directory") });
            }
        };
        let shown = printable(&path.to_string_lossy());
        let variable = named.map(|_| variable);
        if path == Path::new("/dev/null") {
            return Ok(Read { shown, variable, bytes: Err("switched off") });
        }
        let bytes = match self.host.files.read(&path, FILE_MAX).await {
            Ok(bytes) => Ok(bytes),
            Err(FileError::NotFound) => {
                if let Some(variable) = variable {
                    tracing::warn!(path = %shown, variable, "the file that the variable names does not exist");
                }
                Err("does not exist")
            }
            Err(error) => {
                let by = variable.map(|variable| format!(" ({variable})")).unwrap_or_default();
                return Err(Failure::new(FailureKind::Unreadable, NAME, format!("{shown}{by} {error}"))
                    .with_remedy(
                        "let this process read it, or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE",
                    )
                    .into());
            }
        };
        Ok(Read { shown, variable, bytes })
    }
}

impl Loaded {
    /// How the profile comes by its credentials.
    pub(crate) fn plan(&self) -> Result<Plan, Error> {
        plan(&self.profiles, self.profile.name()).map_err(|error| {
            let chosen = !matches!(self.profile, Selected::Default);
            let message = match &error {
                PlanError::NoSuchProfile { .. } if chosen => {
                    format!("{error} ({}; looked at {})", self.profile.by(), self.looked_at)
                }
                PlanError::NoSuchProfile { .. } => format!("no profile `default` in {}", self.looked_at),
                _ => error.to_string(),
            };
            if error.is_not_configured(chosen) {
                Error::not_configured(NAME, message)
            } else {
                Failure::new(FailureKind::Misconfigured, NAME, message).into()
            }
        })
    }

    /// "Not configured" of a source that a profile names is a failure of the profile.
    pub(crate) fn set_up(&self, error: Error) -> Error {
        let Error::NotConfigured(absent) = error else { return error };
        let why: Vec<String> = absent.attempts().iter().map(ToString::to_string).collect();
        let message =
            format!("profile `{}`: its source has no credentials: {}", self.profile.name(), why.join("; "));
        Failure::new(FailureKind::Misconfigured, NAME, message)
            .with_remedy("set that source up, or name another in the profile")
            .into()
    }

    /// A key of the profile that is meant.
    pub(crate) fn get(&self, key: &'static str) -> Result<Option<&Value>, Error> {
        let Some(profile) = self.profiles.profile(self.profile.name()) else { return Ok(None) };
        setting(profile, key)
            .map_err(|error| Failure::new(FailureKind::Misconfigured, NAME, error.to_string()).into())
    }

    pub(crate) fn profile_name(&self) -> &str {
        self.profile.name()
    }

    pub(crate) fn looked_at(&self) -> &str {
        &self.looked_at
    }

    /// The endpoint that was set for a service in the environment or in the files.
    pub(crate) fn endpoint_override(&self, service_id: &str, host: &Host) -> Result<Option<String>, Error> {
        let env = |name: &str| host.env.get(name);
        let settings = EndpointSettings {
            code: None,
            env: &env,
            profiles: &self.profiles,
            profile: self.profile.name(),
        };
        match endpoint_override(service_id, settings) {
            Ok(found) => Ok(found.map(|found| found.url)),
            Err(error) => Err(Failure::new(FailureKind::Misconfigured, "endpoint", error.to_string()).into()),
        }
    }
}

impl Selected {
    fn name(&self) -> &str {
        match self {
            Self::InCode(name) | Self::ByVariable(name) => name,
            Self::Default => "default",
        }
    }

    fn by(&self) -> &'static str {
        match self {
            Self::InCode(_) => "named in code",
            Self::ByVariable(_) => "named by AWS_PROFILE",
            Self::Default => "the default",
        }
    }
}

/// One file, as far as it could be read.
struct Read {
    shown: String,
    variable: Option<&'static str>,
    bytes: Result<Vec<u8>, &'static str>,
}

impl Read {
    fn text(&self) -> Option<(&str, &[u8])> {
        self.bytes.as_ref().ok().map(|bytes| (self.shown.as_str(), bytes.as_slice()))
    }

    fn about(&self) -> String {
        match (&self.bytes, self.variable) {
            (Ok(_), None) => self.shown.clone(),
            (Ok(_), Some(variable)) => format!("{} (from {variable})", self.shown),
            (Err(why), None) => format!("{} ({why})", self.shown),
            (Err(why), Some(variable)) => format!("{} ({why}, from {variable})", self.shown),
        }
    }
}

pub(crate) const NAME: &str = crate::source::SourceKind::ProfileFile.name();
/// Generated files with ten thousand profiles take some megabytes.
const FILE_MAX: u64 = 64 * 1024 * 1024;
