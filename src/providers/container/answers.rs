//! What the answers of a container's agent mean, and what the reader of an error can do. Pure.

use std::fmt;
use std::path::PathBuf;

use super::NAME;
use super::endpoint::Endpoint;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::host::http::{Answer, HttpError};
use crate::host::runtime;
use crate::source::{Source, SourceKind};
use crate::wall_time::WallTime;
use crate::wire::metadata_json::Document;

/// The file that the authorization was read from.
pub(super) struct TokenFile {
    pub(super) path: PathBuf,
    pub(super) written: Option<WallTime>,
}

/// The credentials in an answer.
pub(super) fn credentials(
    answer: &Answer,
    endpoint: &Endpoint,
    token_file: Option<&TokenFile>,
) -> Result<Credentials, Error> {
    if answer.status != 200 {
        return Err(refused(answer, endpoint, token_file));
    }
    let source = Source::new(SourceKind::Container).with_detail(endpoint.host().to_owned());
    Document::parse(&answer.body).and_then(|document| document.into_vended(source)).map_err(|problem| {
        failure(FailureKind::Malformed, endpoint, &problem.to_string())
            .with_remedy("something other than a container's credentials agent seems to answer there")
            .into()
    })
}

/// A fault of the agent, an answer that broke, or a token that the kubelet may just be exchanging.
pub(super) fn is_worth_retrying(error: &Error) -> bool {
    use FailureKind::{Expired, Malformed, Unavailable};
    // Whoever says when to come again is taken at their word.
    matches!(error, Error::Failed(failure)
        if failure.retry_after().is_none() && matches!(failure.kind(), Unavailable | Malformed | Expired))
}

/// No answer at all.
pub(super) fn no_answer(error: &HttpError, endpoint: &Endpoint) -> Error {
    let remedy = match error {
        HttpError::Refused(_) | HttpError::ConnectTimedOut if EKS.contains(&endpoint.host()) => {
            "check that the EKS Pod Identity agent runs on this node"
        }
        HttpError::Refused(_) | HttpError::ConnectTimedOut => {
            "check that this process runs where the variable was meant for: an ECS task, a Lambda function, a shell \
             of CloudShell"
        }
        HttpError::Silent => "it is asked again; if it stays so, raise the timeouts of the chain",
        HttpError::Broken(_) | HttpError::TooLarge => "check what answers at this address",
        HttpError::Unsendable(_) | HttpError::NoClient(_) => "check the variables of the container",
        HttpError::NoRuntime => runtime::REMEDY,
    };
    failure(error.kind(), endpoint, &error.to_string()).with_remedy(remedy).into()
}

fn refused(answer: &Answer, endpoint: &Endpoint, token_file: Option<&TokenFile>) -> Error {
    let said = Document::parse(&answer.body).ok();
    let code = said.as_ref().and_then(|said| said.code.as_deref());
    let mut message = format!("answered {}", answer.status);
    for part in [code, said.as_ref().and_then(|said| said.message.as_deref())].into_iter().flatten() {
        message.push_str(": ");
        message.push_str(part);
    }
    // The agent passes on what EKS said of the pod's token; the kubelet exchanges that while we run.
    let is_stale = code.is_some_and(|code| code.starts_with("ExpiredToken"));
    let kind = if is_stale { FailureKind::Expired } else { answer.kind() };
    let remedy = match (answer.status, token_file) {
        _ if is_stale => match token_file {
            Some(file) => {
                format!("the token in {file} has expired: check that the kubelet still exchanges it")
            }
            None => "the authorization token has expired: start the container anew".to_owned(),
        },
        (401 | 403, Some(file)) => format!("check the token in {file} and what it may do"),
        (401 | 403, None) => "check AWS_CONTAINER_AUTHORIZATION_TOKEN, and what the role may do".to_owned(),
        (404, _) => "the agent does not know this path; check that the task or pod has a role".to_owned(),
        (300..=399, _) => "redirects are not followed here; check what answers at this address".to_owned(),
        (429, _) => "let fewer processes ask, or share one cache".to_owned(),
        (500.., _) => "the agent has a fault; it is asked again".to_owned(),
        (400..=499, _) => "look at the agent's log".to_owned(),
        _ => "something other than a container's credentials agent seems to answer there".to_owned(),
    };
    let mut failure = failure(kind, endpoint, &message).with_remedy(remedy);
    if let Some(wait) = answer.retry_after() {
        failure = failure.with_retry_after(wait);
    }
    failure.into()
}

impl fmt::Display for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)?;
        match self.written {
            Some(at) => write!(f, ", last written at {at},"),
            None => Ok(()),
        }
    }
}

fn failure(kind: FailureKind, endpoint: &Endpoint, what: &str) -> Failure {
    Failure::new(kind, NAME, format!("GET {} ({}): {what}", endpoint.shown(), endpoint.variable()))
}

const EKS: [&str; 2] = ["169.254.170.23", "[fd00:ec2::23]"];
