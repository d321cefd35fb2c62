//! One profile → the source of its credentials, or the next profile to look at. The order is that of the table in
//! [`plan`](super).

use std::time::Duration;

use super::error::{Invalid, PlanError, Problem};
use super::keys::{
    ACCESS_KEY_ID, ACCOUNT_ID, CREDENTIAL_KEYS, CREDENTIAL_PROCESS, CREDENTIAL_SOURCE, DURATION_SECONDS,
    LOGIN_SESSION, NOT_FOR_WEB_IDENTITY, REGION, ROLE_ARN, ROLE_SESSION_NAME, SECRET_ACCESS_KEY,
    SECURITY_TOKEN, SESSION_TOKEN, SOURCE_PROFILE, SSO_ACCOUNT_ID, SSO_REGION, SSO_ROLE_NAME, SSO_SESSION,
    SSO_START_URL, WEB_IDENTITY_TOKEN_FILE,
};
use super::values::{self, one_line_each};
use crate::config::printable::printable;
use crate::config::profiles::{Profile, Profiles, Value};

/// The credentials with which a chain begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Base {
    Static {
        access_key_id: Value,
        secret_access_key: Value,
        session_token: Option<Value>,
        account_id: Option<Value>,
    },
    CredentialSource(CredentialSource),
    WebIdentity(WebIdentity),
    Sso(Sso),
    Login {
        login_session: Value,
        region: Option<Value>,
    },
    Process {
        command: Value,
        account_id: Option<Value>,
    },
}

/// The values of `credential_source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialSource {
    Environment,
    Ec2InstanceMetadata,
    EcsContainer,
}

/// A role that is assumed with a web identity token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WebIdentity {
    pub(crate) role_arn: Value,
    pub(crate) token_file: Value,
    pub(crate) role_session_name: Option<Value>,
    pub(crate) duration: Option<Duration>,
    pub(crate) region: Option<Value>,
}

/// A role in IAM Identity Center.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sso {
    /// The name of the `sso-session`; `None` for a profile of the older kind, which has all in itself.
    pub(crate) session: Option<Value>,
    pub(crate) start_url: Value,
    pub(crate) region: Value,
    pub(crate) account_id: Value,
    pub(crate) role_name: Value,
}

/// What one profile says.
pub(super) enum Step<'a> {
    Base(Box<Base>),
    RoleFrom(CredentialSource),
    RoleVia(&'a Value),
}

/// Reads one profile; `named_by` is the profile that names it as its source, and the value that does.
pub(super) fn step<'a>(
    profile: &Profile<'a>,
    profiles: &Profiles,
    named_by: Option<(&Profile<'_>, &Value)>,
) -> Result<Step<'a>, PlanError> {
    one_line_each(profile, |key| profile.get(key), CREDENTIAL_KEYS)?;
    one_line_each(profile, |key| profile.get(key), &[REGION])?;
    if named_by.is_some()
        && let Some(keys) = static_keys(profile)?
    {
        return Ok(Step::Base(Box::new(keys)));
    }
    if let Some(base) = web_identity(profile)? {
        return Ok(Step::Base(Box::new(base)));
    }
    if let Some(role_arn) = profile.get_set(ROLE_ARN) {
        return role(profile, role_arn);
    }
    if let Some(value) = profile.get_set(CREDENTIAL_SOURCE)
        && named_by.is_some()
    {
        return Ok(Step::Base(Box::new(Base::CredentialSource(credential_source(profile, value)?))));
    }
    if let Some(base) = sso(profile, profiles)?.or_else(|| login(profile)).or_else(|| process(profile)) {
        return Ok(Step::Base(Box::new(base)));
    }
    match static_keys(profile)? {
        Some(keys) => Ok(Step::Base(Box::new(keys))),
        None => Err(nothing(profile, named_by)),
    }
}

/// The access keys of a profile, wherever it stands in a chain.
pub(super) fn static_keys(profile: &Profile<'_>) -> Result<Option<Base>, PlanError> {
    let token = profile.get_set(SESSION_TOKEN).map(|value| (SESSION_TOKEN, value));
    let token = token.or_else(|| profile.get_set(SECURITY_TOKEN).map(|value| (SECURITY_TOKEN, value)));
    let missing = |key, value: &Value, keys: &[&'static str]| {
        let problem = Problem::Missing { set: key, missing: keys.to_vec() };
        Err(Invalid::new(profile, value.origin(), problem).into())
    };
    match (profile.get_set(ACCESS_KEY_ID), profile.get_set(SECRET_ACCESS_KEY), token) {
        (Some(id), Some(secret), token) => Ok(Some(Base::Static {
            access_key_id: id.clone(),
            secret_access_key: secret.clone(),
            session_token: token.map(|(_, value)| value.clone()),
            account_id: profile.get_set(ACCOUNT_ID).cloned(),
        })),
        (Some(id), None, _) => missing(ACCESS_KEY_ID, id, &[SECRET_ACCESS_KEY]),
        (None, Some(secret), _) => missing(SECRET_ACCESS_KEY, secret, &[ACCESS_KEY_ID]),
        (None, None, Some((key, token))) => missing(key, token, &[ACCESS_KEY_ID, SECRET_ACCESS_KEY]),
        (None, None, None) => Ok(None),
    }
}

impl Base {
    /// Whether these are the credentials of a role, so that a role assumed with them is chained.
    pub(super) fn is_role(&self) -> bool {
        match self {
            Self::WebIdentity(_) | Self::Sso(_) => true,
            Self::CredentialSource(source) => *source != CredentialSource::Environment,
            Self::Static { .. } | Self::Login { .. } | Self::Process { .. } => false,
        }
    }

    /// The keys that it honours.
    pub(super) fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Static { .. } => &[ACCESS_KEY_ID, SECRET_ACCESS_KEY, ACCOUNT_ID],
            Self::CredentialSource(_) => &[CREDENTIAL_SOURCE],
            Self::WebIdentity(_) => &[ROLE_ARN, WEB_IDENTITY_TOKEN_FILE, ROLE_SESSION_NAME, DURATION_SECONDS],
            Self::Sso(_) => &[SSO_SESSION, SSO_START_URL, SSO_REGION, SSO_ACCOUNT_ID, SSO_ROLE_NAME],
            Self::Login { .. } => &[LOGIN_SESSION],
            Self::Process { .. } => &[CREDENTIAL_PROCESS, ACCOUNT_ID],
        }
    }

    /// Whether it took this very value as its token: two keys can hold one.
    pub(super) fn is_value(&self, value: &Value) -> bool {
        matches!(self, Self::Static { session_token: Some(token), .. } if token.origin() == value.origin())
    }
}

fn web_identity(profile: &Profile<'_>) -> Result<Option<Base>, PlanError> {
    let Some(token_file) = profile.get_set(WEB_IDENTITY_TOKEN_FILE) else { return Ok(None) };
    let Some(role_arn) = profile.get_set(ROLE_ARN) else {
        let problem = Problem::Missing { set: WEB_IDENTITY_TOKEN_FILE, missing: vec![ROLE_ARN] };
        return Err(Invalid::new(profile, token_file.origin(), problem).into());
    };
    for key in NOT_FOR_WEB_IDENTITY {
        if let Some(value) = profile.get_set(key) {
            return Err(Invalid::new(profile, value.origin(), Problem::NotForWebIdentity { key }).into());
        }
    }
    Ok(Some(Base::WebIdentity(WebIdentity {
        role_arn: role_arn.clone(),
        token_file: token_file.clone(),
        role_session_name: profile.get_set(ROLE_SESSION_NAME).cloned(),
        duration: values::duration(profile)?,
        region: profile.get_set(REGION).cloned(),
    })))
}

fn role<'a>(profile: &Profile<'a>, role_arn: &Value) -> Result<Step<'a>, PlanError> {
    match (profile.get_set(SOURCE_PROFILE), profile.get_set(CREDENTIAL_SOURCE)) {
        (Some(source), None) => Ok(Step::RoleVia(source)),
        (None, Some(source)) => Ok(Step::RoleFrom(credential_source(profile, source)?)),
        (Some(_), Some(source)) => Err(Invalid::new(profile, source.origin(), Problem::TwoSources).into()),
        (None, None) => Err(Invalid::new(profile, role_arn.origin(), Problem::NoSource).into()),
    }
}

fn credential_source(profile: &Profile<'_>, value: &Value) -> Result<CredentialSource, PlanError> {
    let is = |name: &str| value.text().eq_ignore_ascii_case(name);
    if is("Environment") {
        Ok(CredentialSource::Environment)
    } else if is("Ec2InstanceMetadata") {
        Ok(CredentialSource::Ec2InstanceMetadata)
    } else if is("EcsContainer") {
        Ok(CredentialSource::EcsContainer)
    } else {
        Err(Invalid::new(profile, value.origin(), Problem::UnknownCredentialSource).into())
    }
}

fn sso(profile: &Profile<'_>, profiles: &Profiles) -> Result<Option<Base>, PlanError> {
    let Some(session) = profile.get_set(SSO_SESSION) else { return legacy_sso(profile) };
    let invalid = |value: &Value, problem| Err(Invalid::new(profile, value.origin(), problem).into());
    let Some(section) = profiles.sso_session(session.text()) else {
        return invalid(session, Problem::NoSuchSsoSession { session: printable(session.text()) });
    };
    one_line_each(profile, |key| section.get(key), &[SSO_START_URL, SSO_REGION])?;
    let (Some(start_url), Some(region)) = (section.get_set(SSO_START_URL), section.get_set(SSO_REGION))
    else {
        let missing = unset(|key| section.get_set(key), &[SSO_START_URL, SSO_REGION]);
        return invalid(
            session,
            Problem::SsoSessionIncomplete { session: section.origin().clone(), missing },
        );
    };
    for (key, of_session) in [(SSO_START_URL, start_url), (SSO_REGION, region)] {
        if let Some(value) = profile.get_set(key)
            && value.text() != of_session.text()
        {
            return invalid(value, Problem::SsoConflict { key, session: of_session.origin().clone() });
        }
    }
    match (profile.get_set(SSO_ACCOUNT_ID), profile.get_set(SSO_ROLE_NAME)) {
        (Some(account_id), Some(role_name)) => Ok(Some(Base::Sso(Sso {
            session: Some(session.clone()),
            start_url: start_url.clone(),
            region: region.clone(),
            account_id: account_id.clone(),
            role_name: role_name.clone(),
        }))),
        (Some(value), None) => {
            invalid(value, Problem::Missing { set: SSO_ACCOUNT_ID, missing: vec![SSO_ROLE_NAME] })
        }
        (None, Some(value)) => {
            invalid(value, Problem::Missing { set: SSO_ROLE_NAME, missing: vec![SSO_ACCOUNT_ID] })
        }
        // For bearer tokens only, which are not credentials.
        (None, None) => Ok(None),
    }
}

/// The older kind, without a session of its own: all four keys, or none.
fn legacy_sso(profile: &Profile<'_>) -> Result<Option<Base>, PlanError> {
    let keys = [SSO_START_URL, SSO_REGION, SSO_ACCOUNT_ID, SSO_ROLE_NAME];
    if let [Some(start_url), Some(region), Some(account_id), Some(role_name)] =
        keys.map(|key| profile.get_set(key).cloned())
    {
        return Ok(Some(Base::Sso(Sso { session: None, start_url, region, account_id, role_name })));
    }
    let set = keys.into_iter().find_map(|key| Some((key, profile.get_set(key)?)));
    let Some((key, value)) = set else { return Ok(None) };
    let problem = Problem::Missing { set: key, missing: unset(|key| profile.get_set(key), &keys) };
    Err(Invalid::new(profile, value.origin(), problem).into())
}

fn login(profile: &Profile<'_>) -> Option<Base> {
    let login_session = profile.get_set(LOGIN_SESSION)?.clone();
    Some(Base::Login { login_session, region: profile.get_set(REGION).cloned() })
}

fn process(profile: &Profile<'_>) -> Option<Base> {
    let command = profile.get_set(CREDENTIAL_PROCESS)?.clone();
    Some(Base::Process { command, account_id: profile.get_set(ACCOUNT_ID).cloned() })
}

/// Why a profile has no credentials: half of a role, a source without them, or simply other settings.
fn nothing(profile: &Profile<'_>, named_by: Option<(&Profile<'_>, &Value)>) -> PlanError {
    for key in [SOURCE_PROFILE, CREDENTIAL_SOURCE] {
        if let Some(value) = profile.get_set(key) {
            let problem = Problem::Missing { set: key, missing: vec![ROLE_ARN] };
            return Invalid::new(profile, value.origin(), problem).into();
        }
    }
    let only_bearer_token = profile.get_set(SSO_SESSION).is_some();
    match named_by {
        Some((by, value)) => {
            let problem = Problem::SourceWithoutCredentials {
                source: profile.shown_name(),
                origin: profile.origin().clone(),
                only_bearer_token,
            };
            Invalid::new(by, value.origin(), problem).into()
        }
        None => PlanError::NotConfigured {
            profile: profile.shown_name(),
            origin: profile.origin().clone(),
            only_bearer_token,
        },
    }
}

fn unset<'v>(get: impl Fn(&str) -> Option<&'v Value>, keys: &[&'static str]) -> Vec<&'static str> {
    keys.iter().copied().filter(|key| get(key).is_none()).collect()
}
