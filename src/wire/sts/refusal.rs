//! What STS answers when it says no: what it means, and what the reader can do about it.
//!
//! | STS says | we say | the source's credentials |
//! |---|---|---|
//! | `Throttling`, `RequestLimitExceeded` and their kin, with whatever status; 429 | throttled | |
//! | 5xx, `IDPCommunicationError`, `InvalidIdentityToken` because it could not fetch the provider's keys | unavailable | |
//! | `ExpiredToken`, of a signed request | expired | rejected |
//! | `InvalidClientTokenId`, `UnrecognizedClientException` | refused | rejected |
//! | `ExpiredTokenException`, of a web identity or an assertion: there will be another; `ExpiredTradeInToken` | expired | |
//! | everything else | refused | |
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>

mod meaning;
mod remedy;

use std::fmt;

use self::meaning::Meaning;
pub(crate) use self::remedy::Sent;
use super::{Action, Problem};
use crate::error::{Failure, FailureKind, printable};
use crate::role::Role;
use crate::source::Source;
use crate::wire::xml::{NotXml, texts};

/// What was asked, as errors tell it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The provider's name, with which its errors begin.
    pub(crate) provider: &'static str,
    pub(crate) action: Action,
    /// Without a query.
    pub(crate) url: &'a str,
    pub(crate) role: Option<&'a Role>,
    /// Whose session, if it is no role's.
    pub(crate) target: Option<&'a str>,
    pub(crate) caller: Caller<'a>,
    /// The MFA device of which a code went with it.
    pub(crate) mfa_device: Option<&'a str>,
}

/// Who asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller<'a> {
    /// Whose credentials signed the request.
    Credentials { access_key_id: &'a str, source: &'a Source },
    /// The bearer of a token, which came from a file or another place.
    Token { origin: &'a str },
}

/// A no of STS.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) failure: Failure,
    /// STS does not accept the credentials that signed the request: with fresh ones of the same source it may say yes.
    pub(crate) is_source_rejected: bool,
}

impl Refusal {
    /// Reads an answer with another status than 200.
    pub(crate) fn read(asked: &Asked<'_>, status: u16, body: &[u8]) -> Self {
        let said = Said::parse(body);
        let meaning = Meaning::of(asked.action, status, said.code.as_deref(), said.message.as_deref());
        let mut what = format!("answered {status}");
        for part in [&said.code, &said.message].into_iter().flatten() {
            what.push_str(": ");
            what.push_str(part);
        }
        if said.code.is_none() {
            what.push_str(" with something else than the XML of STS");
        }
        if let Some(request_id) = &said.request_id {
            what = format!("{what} (request {request_id})");
        }
        Self {
            failure: asked.failure(meaning.kind(), &what).with_remedy(meaning.remedy(asked)),
            is_source_rejected: meaning.is_source_rejected(),
        }
    }
}

impl Asked<'_> {
    /// An answer that says yes, and cannot be used.
    pub(crate) fn unusable(&self, problem: &Problem) -> Failure {
        self.failure(FailureKind::Malformed, &problem.to_string()).with_remedy(remedy::NOT_STS)
    }

    /// Something went wrong on the way.
    pub(crate) fn failure(&self, kind: FailureKind, what: &str) -> Failure {
        Failure::new(kind, self.provider, format!("POST {} ({self}): {what}", self.url))
    }
}

/// `AssumeRole arn:… with ASIA… from instance metadata (web) and a code of arn:…`
impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action.name())?;
        if let Some(role) = self.role {
            write!(f, " {}", role.arn())?;
        }
        if let Some(target) = self.target {
            write!(f, " {target}")?;
        }
        write!(f, " with {}", self.caller)?;
        self.mfa_device.map_or(Ok(()), |device| write!(f, " and a code of {device}"))
    }
}

impl fmt::Display for Caller<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials { access_key_id, source } => write!(f, "{access_key_id} from {source}"),
            Self::Token { origin } => write!(f, "the token of {origin}"),
        }
    }
}

/// What the answer says, as far as it can be read. Fit to be shown.
#[derive(Default)]
struct Said {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
}

impl Said {
    fn parse(body: &[u8]) -> Self {
        let mut said = Self::default();
        let whole: Result<(), NotXml> = texts(body, |path, text| {
            let part = match path {
                _ if text.is_empty() => return Ok(()),
                "ErrorResponse/Error/Code" => &mut said.code,
                "ErrorResponse/Error/Message" => &mut said.message,
                "ErrorResponse/RequestId" => &mut said.request_id,
                _ => return Ok(()),
            };
            part.get_or_insert_with(|| printable(text));
            Ok(())
        });
        if whole.is_ok() { said } else { Self::default() }
    }
}

#[cfg(test)]
mod tests;
