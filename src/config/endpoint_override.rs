//! Which endpoint a user has set for a service instead of AWS's own.
//!
//! The first that is set wins; blank counts as unset:
//!
//! 1. code
//! 2. `AWS_ENDPOINT_URL_<SERVICE>`, the service id in upper case with `_` for blanks and dashes
//! 3. `AWS_ENDPOINT_URL`
//! 4. `endpoint_url` below the service id, in lower case, in the `[services x]` section that the profile names with
//!    `services = x`
//! 5. `endpoint_url` of the profile
//!
//! `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true`, or `ignore_configured_endpoint_urls = true` in the profile where the
//! variable is not set, turns off all but the first.

use std::fmt;

use super::printable::printable;
use super::profiles::{IncludeError, Origin, Profile, Profiles, Value};
use crate::endpoint_variables::{self, IGNORE, suffix};
use crate::setting::boolean;

/// Where to look.
#[derive(Clone, Copy)]
pub(crate) struct EndpointSettings<'a> {
    /// What the user has set in code.
    pub(crate) code: Option<&'a str>,
    /// Looks up an environment variable.
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) profiles: &'a Profiles,
    /// The selected profile, which need not exist.
    pub(crate) profile: &'a str,
}

/// The endpoint to use, as it was written. `Debug` shows its origin only: a URL can carry a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct EndpointOverride {
    pub(crate) url: String,
    pub(crate) origin: OverrideOrigin,
}

/// Who has set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OverrideOrigin {
    Code,
    Variable(String),
    File(Origin),
}

/// A setting that has to do with the endpoint and cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EndpointOverrideError {
    NotABoolean { setting: String, origin: OverrideOrigin },
    NoSuchServices { services: String, profile: String, origin: Origin },
    NotOneLine { key: &'static str, profile: String, origin: Origin },
    Include(IncludeError),
}

/// Looks for the endpoint of a service, by its id: `STS`, `SSO OIDC`.
pub(crate) fn endpoint_override(
    service_id: &str,
    settings: EndpointSettings<'_>,
) -> Result<Option<EndpointOverride>, EndpointOverrideError> {
    if let Some(url) = settings.code.filter(|url| !is_blank(url)) {
        return Ok(Some(EndpointOverride { url: url.trim().to_owned(), origin: OverrideOrigin::Code }));
    }
    let profile = settings.profiles.profile(settings.profile).map_err(EndpointOverrideError::Include)?;
    if is_ignored(settings, profile.as_ref())? {
        return Ok(None);
    }
    if let Some((url, variable)) = endpoint_variables::endpoint(service_id, settings.env) {
        return Ok(Some(EndpointOverride { url, origin: OverrideOrigin::Variable(variable) }));
    }
    match profile {
        Some(profile) => of_profile(service_id, &profile, settings.profiles),
        None => Ok(None),
    }
}

fn is_ignored(
    settings: EndpointSettings<'_>,
    profile: Option<&Profile<'_>>,
) -> Result<bool, EndpointOverrideError> {
    let (text, setting, origin) = if let Some(text) = endpoint_variables::ignored(settings.env) {
        (text, IGNORE, OverrideOrigin::Variable(IGNORE.to_owned()))
    } else if let Some(value) = profile.and_then(|profile| profile.get_set(IGNORE_KEY)) {
        (value.text().to_owned(), IGNORE_KEY, OverrideOrigin::File(value.origin().clone()))
    } else {
        return Ok(false);
    };
    boolean(&text).ok_or_else(|| EndpointOverrideError::NotABoolean { setting: setting.to_owned(), origin })
}

fn of_profile(
    service_id: &str,
    profile: &Profile<'_>,
    profiles: &Profiles,
) -> Result<Option<EndpointOverride>, EndpointOverrideError> {
    let mut of_service = None;
    if let Some(services) = profile.get_set(SERVICES) {
        one_line(SERVICES, services, profile)?;
        let section =
            profiles.services(services.text()).ok_or_else(|| EndpointOverrideError::NoSuchServices {
                services: printable(services.text()),
                profile: printable(profile.name()),
                origin: services.origin().clone(),
            })?;
        let service = section.get(&suffix(service_id).to_ascii_lowercase());
        of_service = service.and_then(|service| service.sub(KEY)).filter(|url| !url.is_blank());
    }
    // What is written below the key by mistake is not to be taken for nothing.
    let of_profile = profile.get(KEY).filter(|url| !url.is_blank() || url.has_sub());
    let Some(url) = of_service.or(of_profile) else { return Ok(None) };
    one_line(KEY, url, profile)?;
    let origin = OverrideOrigin::File(url.origin().clone());
    Ok(Some(EndpointOverride { url: url.text().trim().to_owned(), origin }))
}

/// What follows in indented lines may be a secret, and must not be taken for a part of the value.
fn one_line(key: &'static str, value: &Value, profile: &Profile<'_>) -> Result<(), EndpointOverrideError> {
    if value.text().contains('\n') || value.has_sub() {
        let (profile, origin) = (printable(profile.name()), value.origin().clone());
        return Err(EndpointOverrideError::NotOneLine { key, profile, origin });
    }
    Ok(())
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

impl fmt::Debug for EndpointOverride {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointOverride").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl fmt::Display for OverrideOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code => write!(f, "code"),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::File(origin) => origin.fmt(f),
        }
    }
}

impl fmt::Display for EndpointOverrideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotABoolean { setting, origin: OverrideOrigin::File(origin) } => {
                write!(f, "`{setting}` ({origin}) is neither `true` nor `false`; write one of them")
            }
            Self::NotABoolean { setting, .. } => {
                write!(f, "{setting} is neither `true` nor `false`; set it to one of them")
            }
            Self::NoSuchServices { services, profile, origin } => write!(
                f,
                "profile `{profile}` ({origin}): its `services` section `{services}` does not exist; add `[services {services}]` to the config file or correct the name"
            ),
            Self::Include(error) => error.fmt(f),
            Self::NotOneLine { key, profile, origin } => write!(
                f,
                "profile `{profile}` ({origin}): the value of `{key}` goes on in indented lines; write it in one line, and begin the next key in the first column"
            ),
        }
    }
}

impl std::error::Error for EndpointOverrideError {}

const KEY: &str = "endpoint_url";
const SERVICES: &str = "services";
const IGNORE_KEY: &str = "ignore_configured_endpoint_urls";

#[cfg(test)]
mod tests;
