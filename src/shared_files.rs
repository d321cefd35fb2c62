//! Where the shared files lie, which profile is meant, and reading both.
//!
//! | | code | variable | otherwise |
//! |---|---|---|---|
//! | config file | | `AWS_CONFIG_FILE` | `~/.aws/config` |
//! | credentials file | | `AWS_SHARED_CREDENTIALS_FILE` | `~/.aws/credentials` |
//! | profile | `profile` | `AWS_PROFILE`, `AWS_DEFAULT_PROFILE` | `default` |
//!
//! A file that does not exist counts as empty, also one that a variable names; so does `/dev/null`, which people
//! name, or link to, to switch a file off. One that cannot be read is a failure.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>

mod explained;

use std::path::{Path, PathBuf};

use crate::config::{
    EndpointSettings, Plan, PlanError, Profile, Profiles, RoleVariables, Value, endpoint_override, flag,
    plan, setting,
};
use crate::error::{Error, Failure, FailureKind, printable};
use crate::host::{FileError, Host, Stamp, off_the_runtime};

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
    role_variables: RoleVariables,
    /// Each file and how it was found, for errors.
    looked_at: String,
    stamps: Stamps,
}

/// How both files looked at one moment.
pub(crate) type Stamps = [Stamp; 2];

/// The profile that is meant, and by whom.
#[derive(Clone, Debug)]
enum Selected {
    InCode(String),
    ByVariable(&'static str, String),
    Default,
}

impl SharedFiles {
    pub(crate) fn new(host: Host, profile: Option<String>) -> Self {
        Self { host, profile }
    }

    /// Reads both files.
    pub(crate) async fn load(&self) -> Result<Loaded, Error> {
        let config = self.read(CONFIG).await?;
        let credentials = self.read(CREDENTIALS).await?;
        let looked_at = format!("{} and {}", credentials.about(), config.about());
        let stamps = [config.stamp, credentials.stamp];
        let large = config.size() + credentials.size() > PARSED_AT_ONCE;
        let parse = move || Profiles::parse(config.text(), credentials.text());
        let parsed = if large { off_the_runtime(parse).await } else { Some(parse()) };
        let cut_off = || {
            Failure::new(FailureKind::Interrupted, NAME, "reading the files was cut off by the runtime's end")
        };
        let profiles = parsed
            .ok_or_else(cut_off)?
            .map_err(|error| Failure::new(FailureKind::Misconfigured, NAME, error.to_string()))?;
        for remark in profiles.remarks().first() {
            tracing::debug!(%remark, "shared files");
        }
        if profiles.remarks().more() > 0 {
            tracing::debug!(more = profiles.remarks().more(), "shared files: as much is skipped besides");
        }
        let role_variables = RoleVariables::read(|variable| self.host.env.get(variable));
        Ok(Loaded { profiles, profile: self.selected(), role_variables, looked_at, stamps })
    }

    /// How both files look now.
    pub(crate) async fn stamps(&self) -> Stamps {
        let mut stamps = [Stamp::ABSENT; 2];
        for (stamp, file) in stamps.iter_mut().zip([CONFIG, CREDENTIALS]) {
            if let Some(path) = self.path(file).filter(|path| path != Path::new("/dev/null")) {
                *stamp = self.host.files.stamp(&path).await;
            }
        }
        stamps
    }

    fn selected(&self) -> Selected {
        match (&self.profile, self.host.env.profile()) {
            (Some(name), _) => Selected::InCode(name.clone()),
            (None, Some((variable, name))) => Selected::ByVariable(variable, name),
            (None, None) => Selected::Default,
        }
    }

    /// Where a file lies; `None` without a home directory.
    fn path(&self, (variable, file): File) -> Option<PathBuf> {
        match (self.host.env.path(variable), self.host.files.home(&self.host.env)) {
            (Some(path), _) => Some(self.host.files.expand(&path, &self.host.env)),
            (None, Some(home)) => Some(home.join(".aws").join(file)),
            (None, None) => None,
        }
    }

    async fn read(&self, file: File) -> Result<Read, Error> {
        let variable = self.host.env.path(file.0).map(|_| file.0);
        let mut stamp = Stamp::ABSENT;
        let Some(path) = self.path(file) else {
            let shown = format!("~/.aws/{}", file.1);
            return Ok(Read { shown, variable, stamp, bytes: Err("there is no home directory") });
        };
        let shown = printable(&path.to_string_lossy());
        if path == Path::new("/dev/null") {
            return Ok(Read { shown, variable, stamp, bytes: Err("switched off") });
        }
        let bytes = match self.host.files.read_stamped(&path, FILE_MAX).await {
            Ok((bytes, opened)) => {
                stamp = opened;
                Ok(bytes)
            }
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
                        "let this process read it, or name another by AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE \
                         (/dev/null for none)",
                    )
                    .into());
            }
        };
        Ok(Read { shown, variable, stamp, bytes })
    }
}

impl Loaded {
    /// Where no file was looked at.
    pub(crate) fn nothing() -> Self {
        Self {
            profiles: Profiles::default(),
            profile: Selected::Default,
            role_variables: RoleVariables::default(),
            looked_at: String::new(),
            stamps: [Stamp::ABSENT; 2],
        }
    }

    /// How the profile comes by its credentials.
    pub(crate) fn plan(&self) -> Result<Plan, Error> {
        plan(&self.profiles, self.profile.name())
            .and_then(|plan| self.role_variables.apply(plan, &self.profiles))
            .map_err(|error| self.explained(&error))
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
        self.read(|profile| setting(profile, key))
    }

    /// One that is `true` or `false`.
    pub(crate) fn flag(&self, key: &'static str) -> Result<Option<bool>, Error> {
        self.read(|profile| flag(profile, key))
    }

    fn read<'p, T>(
        &'p self,
        read: impl Fn(&Profile<'p>) -> Result<Option<T>, PlanError>,
    ) -> Result<Option<T>, Error> {
        let profile = self.profiles.profile(self.profile.name()).map_err(PlanError::from);
        profile
            .and_then(|profile| profile.map_or(Ok(None), |profile| read(&profile)))
            .map_err(|error| Failure::new(FailureKind::Misconfigured, NAME, error.to_string()).into())
    }

    pub(crate) fn stamps(&self) -> Stamps {
        self.stamps
    }

    /// Where somebody named a profile, it has to exist.
    pub(crate) fn exists(&self) -> Result<(), Error> {
        match PlanError::no_such_profile(&self.profiles, self.profile.name()) {
            Some(error) if self.is_chosen() => Err(self.explained(&error)),
            _ => Ok(()),
        }
    }

    fn is_chosen(&self) -> bool {
        !matches!(self.profile, Selected::Default)
    }

    fn explained(&self, error: &PlanError) -> Error {
        let chosen = self.is_chosen();
        let message = match error {
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
    }

    pub(crate) fn profile_name(&self) -> &str {
        self.profile.name()
    }

    pub(crate) fn looked_at(&self) -> &str {
        &self.looked_at
    }

    /// The endpoint that was set for a service in the environment or in the files, and where.
    pub(crate) fn endpoint_override(
        &self,
        service_id: &str,
        host: &Host,
    ) -> Result<Option<(String, String)>, Error> {
        let env = |name: &str| host.env.get(name);
        let settings = EndpointSettings {
            code: None,
            env: &env,
            profiles: &self.profiles,
            profile: self.profile.name(),
        };
        match endpoint_override(service_id, settings) {
            Ok(found) => Ok(found.map(|found| (found.url, found.origin.to_string()))),
            Err(error) => Err(Failure::new(FailureKind::Misconfigured, "endpoint", error.to_string()).into()),
        }
    }
}

impl Selected {
    fn name(&self) -> &str {
        match self {
            Self::InCode(name) | Self::ByVariable(_, name) => name,
            Self::Default => "default",
        }
    }

    fn by(&self) -> String {
        match self {
            Self::InCode(_) => "named in code".to_owned(),
            Self::ByVariable(variable, _) => format!("named by {variable}"),
            Self::Default => "the default".to_owned(),
        }
    }
}

/// One file, as far as it could be read.
struct Read {
    shown: String,
    variable: Option<&'static str>,
    stamp: Stamp,
    bytes: Result<Vec<u8>, &'static str>,
}

impl Read {
    fn text(&self) -> Option<(&str, &[u8])> {
        self.bytes.as_ref().ok().map(|bytes| (self.shown.as_str(), bytes.as_slice()))
    }

    fn size(&self) -> usize {
        self.bytes.as_ref().map_or(0, Vec::len)
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

/// The variable that names a file, and its name in `~/.aws` otherwise.
type File = (&'static str, &'static str);

const CONFIG: File = ("AWS_CONFIG_FILE", "config");
const CREDENTIALS: File = ("AWS_SHARED_CREDENTIALS_FILE", "credentials");
pub(crate) const NAME: &str = crate::source::SourceKind::ProfileFile.name();
/// Generated files with ten thousand profiles take some megabytes.
const FILE_MAX: u64 = 64 * 1024 * 1024;
/// Some milliseconds' work: more holds up other tasks, and time limits with them.
const PARSED_AT_ONCE: usize = 256 * 1024;
