//! A plan, carried out: the base source, and the roles on top of it, each with a session of its own that lasts.

use secrecy::SecretString;

use crate::cli_cache::CliCache;
use crate::config::{Base, CredentialSource, Plan, Value};
use crate::credentials::{Credentials, Places};
use crate::error::{Error, Failure, FailureKind, printable};
use crate::explain::Examined;
use crate::host::Host;
use crate::provider::{CredentialsProvider, SharedProvider, provider_fn};
use crate::providers::Environment;
use crate::providers::mfa::MfaCallback;
use crate::shared_files::{NAME, SharedFiles};
use crate::source::{Source, SourceKind};

/// What code has set: the machine, the profile that is named, whom to ask for codes, what is kept for the AWS CLI.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) host: &'a Host,
    pub(super) profile: Option<&'a str>,
    #[cfg_attr(not(feature = "sts"), expect(dead_code, reason = "roles need it"))]
    pub(super) mfa: Option<&'a MfaCallback>,
    #[cfg_attr(not(feature = "sts"), expect(dead_code, reason = "roles need it"))]
    pub(super) cli_cache: CliCache,
}

/// The providers that a plan asks for.
#[derive(Debug)]
pub(super) struct Assembled {
    /// What it was made from: another plan needs other providers.
    plan: Plan,
    pub(super) provider: SharedProvider,
}

impl Assembled {
    pub(super) fn new(given: &Given<'_>, plan: Plan) -> Result<Self, Error> {
        let mut provider = base(given, &plan)?;
        let mut path = base_path(&plan);
        for step in &plan.roles {
            provider = roles::assume(given, provider, &mut path, step)?;
        }
        Ok(Self { plan, provider })
    }

    /// Whether it is what this plan asks for.
    pub(super) fn carries_out(&self, plan: &Plan) -> bool {
        self.plan == *plan
    }
}

fn base(given: &Given<'_>, plan: &Plan) -> Result<SharedProvider, Error> {
    let Given { host, profile, .. } = *given;
    let name = &plan.base_profile;
    match &plan.base {
        Base::Static { access_key_id, secret_access_key, session_token, account_id } => {
            let rest = [session_token.as_ref(), account_id.as_ref()];
            let credentials = static_keys(name, access_key_id, secret_access_key, rest)?;
            Ok(SharedProvider::new(provider_fn(move || std::future::ready(Ok(credentials.clone())))))
        }
        Base::CredentialSource(source) => Ok(credential_source(host, profile, *source)),
        Base::WebIdentity(asked) => roles::web_identity(given, name, asked),
        Base::Sso(sso) => Ok(SharedProvider::new(NotYet::new("sso_account_id", name, &sso.account_id))),
        Base::Login { login_session, .. } => {
            Ok(SharedProvider::new(NotYet::new("login_session", name, login_session)))
        }
        Base::Process { command, account_id } => Ok(process(host, name, command, account_id.as_ref())),
    }
}

/// Where the way to a role begins, as far as it is known before anybody is asked.
fn base_path(plan: &Plan) -> Source {
    let profile = plan.base_profile.clone();
    match &plan.base {
        Base::Static { .. } | Base::Sso(_) | Base::Login { .. } => {
            Source::new(SourceKind::ProfileFile).with_detail(profile)
        }
        Base::CredentialSource(CredentialSource::Environment) => Source::new(SourceKind::Environment),
        Base::CredentialSource(CredentialSource::Ec2InstanceMetadata) => {
            Source::new(SourceKind::InstanceMetadata)
        }
        Base::CredentialSource(CredentialSource::EcsContainer) => Source::new(SourceKind::Container),
        Base::WebIdentity(asked) => {
            Source::new(SourceKind::WebIdentity).with_detail(asked.role_arn.text().trim().to_owned())
        }
        Base::Process { .. } => Source::new(SourceKind::Process).with_detail(profile),
    }
}

fn static_keys(
    profile: &str,
    id: &Value,
    secret: &Value,
    [token, account_id]: [Option<&Value>; 2],
) -> Result<Credentials, Error> {
    let source = Source::new(SourceKind::ProfileFile).with_detail(profile.to_owned());
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
        place(token, "the session token"),
        place(account_id, "aws_account_id"),
    ]
    .map(Option::unwrap_or_default);
    let [access_key_id, secret_access_key, session_token, account_id] = places.each_ref().map(String::as_str);
    builder.build_from(&Places { access_key_id, secret_access_key, session_token, account_id })
}

#[cfg(feature = "process")]
fn process(host: &Host, profile: &str, command: &Value, account_id: Option<&Value>) -> SharedProvider {
    SharedProvider::new(crate::providers::Process::of_profile(host, profile, command, account_id))
}

#[cfg(not(feature = "process"))]
fn process(_host: &Host, _profile: &str, _command: &Value, _account_id: Option<&Value>) -> SharedProvider {
    SharedProvider::new(crate::providers::Absent::new(SourceKind::Process, "process", true))
}

#[cfg_attr(not(feature = "imds"), allow(unused_variables, reason = "the metadata service reads it"))]
fn credential_source(host: &Host, profile: Option<&str>, source: CredentialSource) -> SharedProvider {
    match source {
        CredentialSource::Environment => SharedProvider::new(Environment::of(host.env.clone())),
        #[cfg(feature = "imds")]
        CredentialSource::Ec2InstanceMetadata => {
            let imds = crate::providers::InstanceMetadata::of(host.clone(), host.timeouts);
            let files = SharedFiles::new(host.clone(), profile.map(str::to_owned));
            SharedProvider::new(imds.with_settings_of(Some(files)))
        }
        #[cfg(not(feature = "imds"))]
        CredentialSource::Ec2InstanceMetadata => {
            SharedProvider::new(crate::providers::Absent::new(SourceKind::InstanceMetadata, "imds", true))
        }
        #[cfg(feature = "container")]
        CredentialSource::EcsContainer => {
            SharedProvider::new(crate::providers::Container::of(host.clone(), host.timeouts))
        }
        #[cfg(not(feature = "container"))]
        CredentialSource::EcsContainer => {
            SharedProvider::new(crate::providers::Absent::new(SourceKind::Container, "container", true))
        }
    }
}

#[cfg(feature = "sts")]
mod roles {
    //! Roles, as their profiles describe them.

    use secrecy::SecretString;

    use super::{Error, Failure, FailureKind, Given, NAME, SharedProvider, Source, SourceKind, Value};
    use crate::cli_cache::CachedRole;
    use crate::config::{self, Mfa, RoleStep};
    use crate::providers::mfa::{Codes, MfaCallback, MfaDevice};
    use crate::providers::{AssumeRole, WebIdentity};
    use crate::role::Role;
    use crate::service::ServiceSettings;

    /// One hop further; `path` too.
    pub(super) fn assume(
        given: &Given<'_>,
        source: SharedProvider,
        path: &mut Source,
        step: &RoleStep,
    ) -> Result<SharedProvider, Error> {
        let settings = settings(given.profile, step.region.as_ref());
        let role = role(step)?;
        *path = path.clone().then_role(&role);
        let mut assumed = AssumeRole::of(given.host.clone(), settings, source, role.clone());
        if let Some(asked) = &step.mfa {
            assumed = assumed.with_device(device(&step.profile, asked, given.mfa));
        }
        let provider = SharedProvider::new(assumed);
        let mfa_serial = step.mfa.as_ref().map(|mfa| mfa.serial.text().trim());
        Ok(CachedRole::in_front(given.host, given.cli_cache, provider, role, mfa_serial, path.clone()))
    }

    /// A program that knows the codes goes before a person: nobody need be bothered.
    fn device(profile: &str, Mfa { serial, process }: &Mfa, mfa: Option<&MfaCallback>) -> MfaDevice {
        let codes = match (process, mfa) {
            (Some(command), _) => Codes::Process {
                command: SecretString::from(command.text()),
                origin: command.origin().to_string(),
            },
            (None, Some(callback)) => Codes::Person(callback.clone()),
            (None, None) => Codes::Nobody,
        };
        MfaDevice {
            serial_number: serial.text().trim().to_owned(),
            place: Some((profile.to_owned(), serial.origin().to_string())),
            codes,
        }
    }

    pub(super) fn web_identity(
        given: &Given<'_>,
        name: &str,
        asked: &config::WebIdentity,
    ) -> Result<SharedProvider, Error> {
        let config::WebIdentity { role_arn, token_file, role_session_name, duration, region } = asked;
        let mut builder = Role::builder(role_arn.text().trim());
        if let Some(name) = role_session_name {
            builder = builder.session_name(name.text().trim());
        }
        if let Some(duration) = duration {
            builder = builder.duration(*duration);
        }
        let role = builder.build().map_err(|error| misread(name, &role_arn.origin().to_string(), &error))?;
        let path = given.host.files.expand(token_file.text().trim(), &given.host.env);
        let named_by = token_file.origin().to_string();
        let settings = settings(given.profile, region.as_ref());
        let provider = WebIdentity::of_profile(given.host.clone(), settings, role.clone(), path, named_by);
        let path = Source::new(SourceKind::WebIdentity).with_detail(role.arn().to_string());
        let provider = SharedProvider::new(provider);
        Ok(CachedRole::in_front(given.host, given.cli_cache, provider, role, None, path))
    }

    fn settings(profile: Option<&str>, region: Option<&Value>) -> ServiceSettings {
        ServiceSettings {
            profile: profile.map(str::to_owned),
            profile_region: region.map(|value| (value.text().trim().to_owned(), value.origin().to_string())),
            ..ServiceSettings::default()
        }
    }

    fn role(step: &RoleStep) -> Result<Role, Error> {
        let mut builder = Role::builder(step.role_arn.text().trim());
        if let Some(id) = &step.external_id {
            builder = builder.external_id(id.text().trim());
        }
        if let Some(name) = &step.role_session_name {
            builder = builder.session_name(name.text().trim());
        }
        if let Some(duration) = step.duration {
            builder = builder.duration(duration);
        }
        for (key, value) in &step.tags.tags {
            builder = builder.tag(key, value);
        }
        for key in &step.tags.transitive {
            builder = builder.transitive_tag_key(key);
        }
        if let Some(identity) = &step.source_identity {
            builder = builder.source_identity(identity.text().trim());
        }
        builder.build().map_err(|error| misread(&step.profile, &step.place(), &error))
    }

    fn misread(profile: &str, place: &str, error: &Error) -> Error {
        let message = format!("profile `{profile}` ({place}): {error}");
        Failure::new(FailureKind::Misconfigured, NAME, message).into()
    }
}

#[cfg(not(feature = "sts"))]
mod roles {
    //! This build has no roles: a profile that asks for one is told so.

    use super::{Error, Given, SharedProvider, Source, SourceKind};
    use crate::config::{RoleStep, WebIdentity};
    use crate::providers::Absent;

    #[expect(clippy::unnecessary_wraps, reason = "its twin reads values")]
    pub(super) fn assume(
        _given: &Given<'_>,
        _source: SharedProvider,
        _path: &mut Source,
        _step: &RoleStep,
    ) -> Result<SharedProvider, Error> {
        Ok(SharedProvider::new(Absent::new(SourceKind::AssumeRole, "sts", true)))
    }

    #[expect(clippy::unnecessary_wraps, reason = "its twin reads values")]
    pub(super) fn web_identity(
        _given: &Given<'_>,
        _name: &str,
        _asked: &WebIdentity,
    ) -> Result<SharedProvider, Error> {
        Ok(SharedProvider::new(Absent::new(SourceKind::WebIdentity, "sts", true)))
    }
}

/// Stands where a source will be. It fails when it is asked, and not before: a session of a role that is kept needs none.
#[derive(Debug)]
struct NotYet(Error);

impl NotYet {
    fn new(key: &str, profile: &str, value: &Value) -> Self {
        let message = format!(
            "profile `{profile}` uses `{key}` ({}), which this version cannot carry out yet",
            value.origin()
        );
        let login = if key == "login_session" { "aws login" } else { "aws sso login" };
        let failure = Failure::new(FailureKind::Misconfigured, NAME, message);
        Self(failure.with_remedy(by_cli(login, profile)).into())
    }
}

impl CredentialsProvider for NotYet {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        Err(self.0.clone())
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::ProfileFile
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        std::future::ready(Examined::new(Err(self.0.clone())))
    }
}

/// The AWS CLI hands out what it can log in for.
fn by_cli(login: &str, profile: &str) -> String {
    let name = printable(profile);
    format!(
        "until then run `{login} --profile {name}`, and use another profile with `credential_process = aws configure \
         export-credentials --profile {name}`"
    )
}
