//! A plan, carried out: the base source, and the roles on top of it, each with a session of its own that lasts.

use secrecy::SecretString;

use crate::cli_cache::CliCache;
use crate::config::{Base, CredentialSource, Plan, Value};
use crate::credentials::{Credentials, Places};
use crate::error::{Error, Failure, FailureKind};
use crate::host::Host;
use crate::provider::{SharedProvider, provider_fn};
use crate::providers::Environment;
use crate::shared_files::{NAME, SharedFiles};
use crate::source::{Source, SourceKind};

/// The providers that a plan asks for.
#[derive(Debug)]
pub(super) struct Assembled {
    /// What it was made from: another plan needs other providers.
    plan: Plan,
    pub(super) provider: SharedProvider,
}

impl Assembled {
    /// `profile`: the one that was named in code.
    pub(super) fn new(
        host: &Host,
        profile: Option<&str>,
        cli_cache: CliCache,
        plan: Plan,
    ) -> Result<Self, Error> {
        let mut provider = base(host, profile, cli_cache, &plan)?;
        let mut path = base_path(&plan);
        for step in &plan.roles {
            provider = roles::assume(host, profile, cli_cache, provider, &mut path, step)?;
        }
        Ok(Self { plan, provider })
    }

    /// Whether it is what this plan asks for.
    pub(super) fn carries_out(&self, plan: &Plan) -> bool {
        self.plan == *plan
    }
}

fn base(
    host: &Host,
    profile: Option<&str>,
    cli_cache: CliCache,
    plan: &Plan,
) -> Result<SharedProvider, Error> {
    let name = &plan.base_profile;
    match &plan.base {
        Base::Static { access_key_id, secret_access_key, session_token, account_id } => {
            let rest = [session_token.as_ref(), account_id.as_ref()];
            let credentials = static_keys(name, access_key_id, secret_access_key, rest)?;
            Ok(SharedProvider::new(provider_fn(move || std::future::ready(Ok(credentials.clone())))))
        }
        Base::CredentialSource(source) => Ok(credential_source(host, profile, *source)),
        Base::WebIdentity(asked) => roles::web_identity(host, profile, cli_cache, name, asked),
        Base::Sso(sso) => Err(not_yet("sso_account_id", name, &sso.account_id)),
        Base::Login { login_session, .. } => Err(not_yet("login_session", name, login_session)),
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
            let imds = crate::providers::InstanceMetadata::of(host.clone(), crate::Timeouts::new());
            let files = SharedFiles::new(host.clone(), profile.map(str::to_owned));
            SharedProvider::new(imds.with_settings_of(Some(files)))
        }
        #[cfg(not(feature = "imds"))]
        CredentialSource::Ec2InstanceMetadata => {
            SharedProvider::new(crate::providers::Absent::new(SourceKind::InstanceMetadata, "imds", true))
        }
        #[cfg(feature = "container")]
        CredentialSource::EcsContainer => {
            SharedProvider::new(crate::providers::Container::of(host.clone(), crate::Timeouts::new()))
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

    use super::{
        CliCache, Error, Failure, FailureKind, Host, NAME, SharedProvider, Source, SourceKind, Value, not_yet,
    };
    use crate::cli_cache::CachedRole;
    use crate::config::{self, RoleStep};
    use crate::providers::{AssumeRole, WebIdentity};
    use crate::role::Role;
    use crate::service::ServiceSettings;

    /// One hop further; `path` too.
    pub(super) fn assume(
        host: &Host,
        profile: Option<&str>,
        cli_cache: CliCache,
        source: SharedProvider,
        path: &mut Source,
        step: &RoleStep,
    ) -> Result<SharedProvider, Error> {
        let settings = settings(profile, step.region.as_ref());
        let role = role(step)?;
        *path = path.clone().then(SourceKind::AssumeRole, role.arn().to_string());
        let provider = SharedProvider::new(AssumeRole::of(host.clone(), settings, source, role.clone()));
        let mfa_serial = step.mfa.as_ref().map(|mfa| mfa.serial.text().trim());
        Ok(CachedRole::in_front(host, cli_cache, provider, role, mfa_serial, path.clone()))
    }

    pub(super) fn web_identity(
        host: &Host,
        profile: Option<&str>,
        cli_cache: CliCache,
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
        let role = builder.build().map_err(|error| misread(name, role_arn, &error))?;
        let path = host.files.expand(token_file.text().trim(), &host.env);
        let named_by = token_file.origin().to_string();
        let settings = settings(profile, region.as_ref());
        let provider = WebIdentity::of_profile(host.clone(), settings, role.clone(), path, named_by);
        let path = Source::new(SourceKind::WebIdentity).with_detail(role.arn().to_string());
        Ok(CachedRole::in_front(host, cli_cache, SharedProvider::new(provider), role, None, path))
    }

    fn settings(profile: Option<&str>, region: Option<&Value>) -> ServiceSettings {
        ServiceSettings {
            profile: profile.map(str::to_owned),
            profile_region: region.map(|value| (value.text().trim().to_owned(), value.origin().to_string())),
            ..ServiceSettings::default()
        }
    }

    fn role(step: &RoleStep) -> Result<Role, Error> {
        // Passed over in silence, it would assume the role otherwise than somebody wants it.
        if let Some(mfa) = &step.mfa {
            return Err(not_yet("mfa_serial", &step.profile, &mfa.serial));
        }
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
        builder.build().map_err(|error| misread(&step.profile, &step.role_arn, &error))
    }

    fn misread(profile: &str, at: &Value, error: &Error) -> Error {
        let message = format!("profile `{profile}` ({}): {error}", at.origin());
        Failure::new(FailureKind::Misconfigured, NAME, message).into()
    }
}

#[cfg(not(feature = "sts"))]
mod roles {
    //! This build has no roles: a profile that asks for one is told so.

    use super::{CliCache, Error, Host, SharedProvider, Source, SourceKind};
    use crate::config::{RoleStep, WebIdentity};
    use crate::providers::Absent;

    #[expect(clippy::unnecessary_wraps, reason = "its twin reads values")]
    pub(super) fn assume(
        _host: &Host,
        _profile: Option<&str>,
        _cli_cache: CliCache,
        _source: SharedProvider,
        _path: &mut Source,
        _step: &RoleStep,
    ) -> Result<SharedProvider, Error> {
        Ok(SharedProvider::new(Absent::new(SourceKind::AssumeRole, "sts", true)))
    }

    #[expect(clippy::unnecessary_wraps, reason = "its twin reads values")]
    pub(super) fn web_identity(
        _host: &Host,
        _profile: Option<&str>,
        _cli_cache: CliCache,
        _name: &str,
        _asked: &WebIdentity,
    ) -> Result<SharedProvider, Error> {
        Ok(SharedProvider::new(Absent::new(SourceKind::WebIdentity, "sts", true)))
    }
}

fn not_yet(key: &str, profile: &str, value: &Value) -> Error {
    let message = format!(
        "profile `{profile}` uses `{key}` ({}), which this version cannot carry out yet",
        value.origin()
    );
    Failure::new(FailureKind::Misconfigured, NAME, message)
        .with_remedy("choose another profile, or put a provider of your own into the chain's slot")
        .into()
}
