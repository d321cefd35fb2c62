//! Whether and where the metadata service is asked. Pure but for the variables it is given.

use std::fmt;

use super::NAME;
use crate::error::{Error, Failure, FailureKind, printable};
use crate::host::Env;

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

/// What was configured, and after [`resolve`](Self::resolve) what follows from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) endpoint: Option<String>,
    pub(super) mode: Option<EndpointMode>,
    pub(super) role: Option<String>,
    /// Somebody named an endpoint: if nobody is there, that is a failure, and not a machine outside of EC2.
    pub(super) endpoint_was_named: bool,
}

impl Settings {
    /// Fills in what the environment says.
    pub(super) fn resolve(&self, env: &Env) -> Result<Self, Error> {
        if env.get(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Err(Error::not_configured(NAME, "switched off by AWS_EC2_METADATA_DISABLED=true"));
        }
        let (named, by) = match &self.endpoint {
            Some(endpoint) => (Some(endpoint.clone()), "the endpoint set in code"),
            None => (env.get(ENDPOINT), ENDPOINT),
        };
        let endpoint = match &named {
            Some(endpoint) => parse(endpoint, by)?,
            None => self.mode(env)?.endpoint().to_owned(),
        };
        Ok(Self {
            endpoint: Some(endpoint),
            mode: self.mode,
            role: self.role.clone().or_else(|| env.get(ROLE)),
            endpoint_was_named: named.is_some(),
        })
    }

    /// A URL of the service, fit for requests and for errors.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint.as_deref().unwrap_or_default())
    }

    fn mode(&self, env: &Env) -> Result<EndpointMode, Error> {
        if let Some(mode) = self.mode {
            return Ok(mode);
        }
        match env.get(MODE) {
            None => Ok(EndpointMode::Ipv4),
            Some(mode) if mode.eq_ignore_ascii_case("ipv4") => Ok(EndpointMode::Ipv4),
            Some(mode) if mode.eq_ignore_ascii_case("ipv6") => Ok(EndpointMode::Ipv6),
            Some(mode) => Err(Failure::new(
                FailureKind::Misconfigured,
                NAME,
                format!("{MODE} is `{}`, which is neither IPv4 nor IPv6", printable(&mode)),
            )
            .with_remedy("set it to one of them, or unset it")
            .into()),
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
fn parse(endpoint: &str, by: &str) -> Result<String, Error> {
    let wrong = |why: &str| {
        Failure::new(FailureKind::Misconfigured, NAME, format!("{by} {why}"))
            .with_remedy("write it like http://169.254.169.254")
    };
    let url = reqwest::Url::parse(endpoint).map_err(|_| wrong("is no URL"))?;
    // The metadata service has no TLS, and the client that speaks to it trusts no certificate.
    if url.scheme() != "http" {
        return Err(wrong("is no http URL").into());
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(wrong("has a user, a query or a fragment, and may have none").into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const ROLE: &str = "AWS_EC2_INSTANCE_PROFILE_NAME";
