//! Whether, where and how patiently the metadata service is asked: code, then variables, then the profile. Pure but for
//! the variables it is given.

use std::fmt;
use std::time::Duration;

use super::{LIMITS, NAME, TIME_LIMIT};
use crate::error::{Error, Failure, FailureKind, printable};
use crate::host::Env;
use crate::host::http::{Limits, Timeouts};
use crate::setting::boolean;

/// Which of the two fixed addresses of the metadata service is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointMode {
    /// `http://169.254.169.254`
    #[default]
    Ipv4,
    /// `http://[fd00:ec2::254]`
    Ipv6,
}

/// What was set in code.
#[derive(Clone, Debug, Default)]
pub(super) struct InCode {
    pub(super) endpoint: Option<String>,
    pub(super) mode: Option<EndpointMode>,
    pub(super) role: Option<String>,
    pub(super) timeouts: Timeouts,
}

/// A text and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) text: String,
    /// A variable, or a key with file and line.
    pub(super) place: String,
}

/// Where settings are looked for besides code.
pub(super) struct Outside<'a> {
    pub(super) env: &'a Env,
    /// Looks up a key of the profile.
    pub(super) profile: &'a dyn Fn(&'static str) -> Result<Option<Found>, Error>,
}

/// What follows from all of them.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    endpoint: String,
    /// Somebody named an endpoint: if nobody is there, that is a failure, and not a machine outside of EC2.
    pub(super) endpoint_was_named: bool,
    pub(super) role: Option<Found>,
    pub(super) limits: Limits,
    /// Of each request. Where it was set, it counts for connections that do not come about too.
    pub(super) attempts: Option<u32>,
}

impl Settings {
    pub(super) fn resolve(code: &InCode, outside: &Outside<'_>) -> Result<Self, Error> {
        is_on(outside)?;
        let in_code = |text: &Option<String>, place: &str| {
            text.clone().map(|text| Found { text, place: place.to_owned() })
        };
        let named = match in_code(&code.endpoint, "the endpoint set in code") {
            Some(endpoint) => Some(endpoint),
            None => outside.find(ENDPOINT)?,
        };
        let endpoint = match &named {
            Some(named) => endpoint(named)?,
            None => mode(code, outside)?.endpoint().to_owned(),
        };
        let role = match in_code(&code.role, "the role's name set in code") {
            Some(role) => Some(role),
            None => outside.find(ROLE)?,
        };
        if let Some(role) = &role
            && !is_role_name(&role.text)
        {
            return Err(misconfigured(
                role,
                "is no name of a role",
                "write the name alone, without its path",
            ));
        }
        let timeout = outside.find(TIMEOUT)?.as_ref().map(seconds).transpose()?;
        let standard = timeout.map_or(LIMITS, |limit| Limits { connect: limit, answer: limit });
        Ok(Self {
            endpoint,
            endpoint_was_named: named.is_some(),
            role,
            limits: standard.adjusted(code.timeouts),
            attempts: outside.find(ATTEMPTS)?.as_ref().map(attempts).transpose()?,
        })
    }

    /// A URL of the service, fit for requests and for errors.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint)
    }
}

/// Asked before anything else is looked at.
pub(super) fn is_on_by_variable(env: &Env) -> Result<(), Error> {
    match env.get(DISABLED.0) {
        Some(value) if value.eq_ignore_ascii_case("true") => Err(switched_off(DISABLED.0)),
        _ => Ok(()),
    }
}

fn is_on(outside: &Outside<'_>) -> Result<(), Error> {
    is_on_by_variable(outside.env)?;
    match outside.env.get(DISABLED.0) {
        Some(value) if value.eq_ignore_ascii_case("false") => return Ok(()),
        _ => {
            if let Some(warning) = neither_on_nor_off(outside.env) {
                tracing::warn!("{warning}");
            }
        }
    }
    match (outside.profile)(DISABLED.1)? {
        Some(found) if flag(&found)? => Err(switched_off(&found.place)),
        _ => Ok(()),
    }
}

/// What to warn of, if the variable says neither.
pub(super) fn neither_on_nor_off(env: &Env) -> Option<String> {
    let value = env.get(DISABLED.0)?;
    boolean(&value)
        .is_none()
        .then(|| format!("{} is neither true nor false, and counts as unset, as in AWS's SDKs", DISABLED.0))
}

fn switched_off(place: &str) -> Error {
    Error::not_configured(NAME, format!("switched off by {place}=true"))
}

fn mode(code: &InCode, outside: &Outside<'_>) -> Result<EndpointMode, Error> {
    if let Some(mode) = code.mode {
        return Ok(mode);
    }
    if let Some(found) = outside.find(MODE)? {
        return match found.text.to_ascii_lowercase().as_str() {
            "ipv4" => Ok(EndpointMode::Ipv4),
            "ipv6" => Ok(EndpointMode::Ipv6),
            _ => {
                let why = format!("is `{}`, which is neither IPv4 nor IPv6", printable(&found.text));
                Err(misconfigured(&found, &why, "set it to one of them, or unset it"))
            }
        };
    }
    let ipv6 = outside.find(USE_IPV6)?.as_ref().map(flag).transpose()?;
    Ok(if ipv6 == Some(true) { EndpointMode::Ipv6 } else { EndpointMode::Ipv4 })
}

impl Outside<'_> {
    /// The variable, else the key of the profile.
    fn find(&self, (variable, key): (&str, &'static str)) -> Result<Option<Found>, Error> {
        if let Some(text) = self.env.get(variable) {
            return Ok(Some(Found { text, place: variable.to_owned() }));
        }
        match (self.profile)(key)? {
            Some(found) if found.text.contains('\n') => Err(misconfigured(
                &found,
                "goes on in indented lines",
                "write it in one line, and begin the next key in the first column",
            )),
            found => Ok(found),
        }
    }
}

impl EndpointMode {
    fn endpoint(self) -> &'static str {
        match self {
            Self::Ipv4 => "http://169.254.169.254",
            Self::Ipv6 => "http://[fd00:ec2::254]",
        }
    }
}

impl fmt::Display for EndpointMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}

/// Scheme, host and port, and perhaps a path to put before ours; no user and no query, which would reach logs.
fn endpoint(found: &Found) -> Result<String, Error> {
    let wrong = |why: &str| misconfigured(found, why, "write it like http://169.254.169.254");
    let url = reqwest::Url::parse(&found.text).map_err(|_| wrong("is no URL"))?;
    // The metadata service has no TLS, and the client that speaks to it trusts no certificate.
    if url.scheme() != "http" {
        return Err(wrong("is no http URL"));
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(wrong("has a user, a query or a fragment, and may have none"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// It becomes a part of a URL: nothing in it may lead elsewhere.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(super) fn is_role_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@-_".contains(&b))
        && !text.bytes().all(|b| b == b'.')
}

fn flag(found: &Found) -> Result<bool, Error> {
    boolean(&found.text).ok_or_else(|| {
        misconfigured(found, "is neither true nor false", "set it to one of them, or unset it")
    })
}

fn seconds(found: &Found) -> Result<Duration, Error> {
    let seconds = found.text.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    // What is longer than the provider's own limit comes to the same.
    let limit = seconds.map(|seconds| seconds.min(TIME_LIMIT.as_secs_f64())).map(Duration::from_secs_f64);
    limit.ok_or_else(|| misconfigured(found, "is no number of seconds above zero", "write it like 1 or 2.5"))
}

fn attempts(found: &Found) -> Result<u32, Error> {
    let attempts = found.text.parse().ok().filter(|attempts| *attempts > 0);
    attempts.ok_or_else(|| misconfigured(found, "is no number of attempts above zero", "write it like 3"))
}

fn misconfigured(found: &Found, why: &str, remedy: &'static str) -> Error {
    Failure::new(FailureKind::Misconfigured, NAME, format!("{} {why}", found.place))
        .with_remedy(remedy)
        .into()
}

// Each as a variable and as a key of the profile.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
pub(super) const DISABLED: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "disable_ec2_metadata");
const ENDPOINT: (&str, &str) = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
const MODE: (&str, &str) = ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
const ROLE: (&str, &str) = ("AWS_EC2_INSTANCE_PROFILE_NAME", "ec2_instance_profile_name");
// These three as botocore has them.
const USE_IPV6: (&str, &str) = ("AWS_IMDS_USE_IPV6", "imds_use_ipv6");
const TIMEOUT: (&str, &str) = ("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout");
const ATTEMPTS: (&str, &str) = ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts");
/// All but the switch.
pub(super) const OTHERS: [(&str, &str); 6] = [ENDPOINT, MODE, ROLE, USE_IPV6, TIMEOUT, ATTEMPTS];
