//! What the answers of the metadata service mean, and what the reader of an error can do. Pure.

use std::time::Duration;

use secrecy::SecretString;

use super::session::TTL_HEADER;
use super::settings::{Found, Settings, is_role_name};
use super::{LEGACY_PATH, NAME};
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::host::http::{Answer, HttpError};
use crate::host::runtime;
use crate::region::Region;
use crate::source::{Source, SourceKind};
use crate::wire::metadata_json::{Document, Problem};

/// The session token and how long it lives.
pub(super) fn token(
    outcome: Result<Answer, HttpError>,
    url: &str,
    settings: &Settings,
) -> Result<(SecretString, Duration), Error> {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(HttpError::Silent) => {
            return Err(failure(FailureKind::TimedOut, format!("PUT {url}: {}", HttpError::Silent))
                .with_remedy(HOP_LIMIT)
                .into());
        }
        Err(error @ (HttpError::Refused(_) | HttpError::ConnectTimedOut)) if !settings.endpoint_was_named => {
            let why = format!(
                "{error} at {url}: not an EC2 instance, or the way to its metadata service is blocked"
            );
            return Err(Error::not_configured(NAME, why));
        }
        Err(error) => return Err(no_answer(&error, "PUT", url)),
    };
    if answer.status != 200 {
        return Err(refused(&answer, "PUT", url));
    }
    let malformed =
        |what: &str| failure(FailureKind::Malformed, format!("PUT {url}: {what}")).with_remedy(NOT_IMDS);
    let ttl = answer.header(TTL_HEADER).and_then(|ttl| ttl.trim().parse().ok()).map(Duration::from_secs);
    let Some(ttl) = ttl.filter(|ttl| !ttl.is_zero()) else {
        return Err(malformed("the answer does not say how long the token lives").into());
    };
    match String::from_utf8(answer.body) {
        Ok(text) if !text.trim().is_empty() && text.trim().bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok((SecretString::from(text.trim()), ttl))
        }
        _ => Err(malformed("the answer is no token").into()),
    }
}

/// Whether a token that could not be had is worth asking for again at once; with `insistent`, also where nobody seems
/// to be.
pub(super) fn is_worth_another_token(error: &Error, insistent: bool) -> bool {
    use FailureKind::{Malformed, TimedOut, Unavailable, Unreachable};
    match error {
        Error::NotConfigured(_) => insistent,
        // Whoever says when to come again is taken at their word.
        Error::Failed(failure) if failure.retry_after().is_some() => false,
        Error::Failed(failure) => match failure.kind() {
            Unavailable | TimedOut | Malformed => true,
            kind => kind == Unreachable && insistent,
        },
    }
}

/// The same for a request with a token.
pub(super) fn is_worth_retrying(outcome: &Result<Answer, HttpError>, insistent: bool) -> bool {
    match outcome {
        Ok(answer) => answer.status >= 500 && answer.retry_after().is_none(),
        Err(HttpError::Refused(_) | HttpError::ConnectTimedOut) => insistent,
        Err(error) => error.is_passing(),
    }
}

/// The body of an answer that is there and says yes.
pub(super) fn found(outcome: Result<Answer, HttpError>, url: &str) -> Result<Vec<u8>, Error> {
    match outcome {
        Ok(answer) if answer.status == 200 => Ok(answer.body),
        Ok(answer) => Err(refused(&answer, "GET", url)),
        Err(error) => Err(no_answer(&error, "GET", url)),
    }
}

/// The first role of the list at `path`.
pub(super) fn role(body: &[u8], path: &str, settings: &Settings) -> Result<String, Error> {
    let text = String::from_utf8_lossy(body);
    match text.lines().map(str::trim).find(|line| !line.is_empty()) {
        None => Err(no_role(settings)),
        Some(role) if is_role_name(role) => Ok(role.to_owned()),
        Some(_) => {
            let url = settings.url(path);
            Err(failure(FailureKind::Malformed, format!("GET {url}: the answer is no list of roles"))
                .with_remedy(NOT_IMDS)
                .into())
        }
    }
}

/// The credentials in the document of `role` below `path`.
pub(super) fn credentials(
    body: &[u8],
    role: &str,
    path: &str,
    settings: &Settings,
) -> Result<Credentials, Error> {
    let place = || format!("GET {}{role}", settings.url(path));
    let unreadable = |problem: Problem| {
        failure(FailureKind::Malformed, format!("{}: {problem}", place())).with_remedy(NOT_IMDS)
    };
    let document = Document::parse(body).map_err(unreadable)?;
    match document.code.as_deref() {
        None | Some("Success") => {}
        Some(code) => {
            let said = document.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
            let remedy = match code {
                "AssumeRoleUnauthorizedAccess" => {
                    "let the role's trust policy name ec2.amazonaws.com as a principal"
                }
                _ => "look at the instance profile and its role in IAM",
            };
            // A trust policy that was mended, a role that is being exchanged: the service tries by itself.
            return Err(failure(FailureKind::Unavailable, format!("{} said {code}{said}", place()))
                .with_remedy(remedy)
                .into());
        }
    }
    let source = Source::new(SourceKind::InstanceMetadata).with_detail(role.to_owned());
    document.into_session(source).map_err(unreadable).map_err(Error::from)
}

pub(super) fn region(body: &[u8], settings: &Settings) -> Result<Region, Error> {
    Region::new(String::from_utf8_lossy(body).trim().to_owned()).map_err(|_| {
        let url = settings.url(super::REGION_PATH);
        failure(FailureKind::Malformed, format!("GET {url}: the answer is no region"))
            .with_remedy(NOT_IMDS)
            .into()
    })
}

pub(super) fn no_region(settings: &Settings) -> Error {
    Error::not_configured(NAME, format!("GET {}: not found", settings.url(super::REGION_PATH)))
}

pub(super) fn no_role(settings: &Settings) -> Error {
    let why = format!(
        "GET {}: no role; the instance has no instance profile (on a fresh one it may take some seconds)",
        settings.url(LEGACY_PATH)
    );
    Error::not_configured(NAME, why)
}

pub(super) fn no_such_role(role: &Found, settings: &Settings) -> Error {
    let Found { text, place } = role;
    failure(
        FailureKind::Refused,
        format!("GET {}: the instance has no role `{text}`", settings.url(LEGACY_PATH)),
    )
    .with_remedy(format!("correct {place}, or unset it to use the role that is there"))
    .into()
}

/// A name that was listed, and is unknown a moment later.
pub(super) fn role_is_gone(path: &str, settings: &Settings) -> Error {
    let why = format!("GET {}: lists a role whose credentials are not there (yet)", settings.url(path));
    Error::not_configured(NAME, why)
}

fn refused(answer: &Answer, method: &str, url: &str) -> Error {
    let status = answer.status;
    let remedy = match status {
        300..=399 => "redirects are not followed here; check what answers at this address",
        401 => "it refused a fresh session token; check what stands between it and this process",
        403 => SWITCHED_OFF,
        429 => "let fewer processes ask, or share one cache",
        500.. => "the metadata service has a fault; it is asked again",
        _ => NOT_IMDS,
    };
    let mut failure = failure(answer.kind(), format!("{method} {url} answered {status}")).with_remedy(remedy);
    if let Some(wait) = answer.retry_after() {
        failure = failure.with_retry_after(wait);
    }
    failure.into()
}

fn no_answer(error: &HttpError, method: &str, url: &str) -> Error {
    let remedy = match error {
        HttpError::Refused(_) | HttpError::ConnectTimedOut => {
            "check the endpoint, and that this machine may reach it"
        }
        HttpError::Silent => "it is asked again; if it stays so, raise the timeouts of the chain",
        HttpError::Broken(_) | HttpError::TooLarge => NOT_IMDS,
        HttpError::Unsendable(_) | HttpError::NoClient(_) => "check the endpoint",
        HttpError::NoRuntime => runtime::REMEDY,
    };
    failure(error.kind(), format!("{method} {url}: {error}")).with_remedy(remedy).into()
}

fn failure(kind: FailureKind, message: String) -> Failure {
    Failure::new(kind, NAME, message)
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>
const HOP_LIMIT: &str = "in a container the answer may die one hop away: set the instance's \
     http-put-response-hop-limit to 2, or give the container a task or pod role";
const SWITCHED_OFF: &str = "the metadata service is switched off for this instance, or a firewall or a pod policy \
     blocks it";
/// `NO_PROXY` is no help here, where no proxy is used: one that answers all the same stands in the way.
const NOT_IMDS: &str = "something other than the metadata service seems to answer there; if it is a proxy that \
     intercepts, let it leave out 169.254.169.254, 169.254.170.2, 169.254.170.23 and fd00:ec2::/64, and put them in \
     NO_PROXY for other tools";
