//! One call: signed, sent, tried again while that may help.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};

use super::limiter;
use crate::credentials::Credentials;
use crate::error::{Error, FailureKind};
use crate::host::Host;
use crate::host::http::{Answer, Connection, HttpError, Outgoing};
use crate::providers::retry::Retry;
use crate::service::Endpoint;
use crate::sigv4::{Signer, Unsigned};
use crate::wire::sts::{Asked, Problem, Refusal};

/// A call to STS on behalf of a source.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) host: &'a Host,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) retry: &'a Retry,
    /// What the reader of an error has to know of the request.
    pub(crate) asked: Asked<'a>,
}

/// Why a call brought nothing.
#[derive(Debug)]
pub(crate) enum Refused {
    /// STS does not accept the credentials that the request was signed with.
    Source(Error),
    Failed(Error),
}

impl Call<'_> {
    /// Sends `body` and reads the answer. What may pass is tried again while a read waits.
    pub(crate) async fn send<T>(
        &self,
        body: &SecretString,
        signed_by: Option<&Credentials>,
        read: impl Fn(&[u8]) -> Result<T, Problem>,
    ) -> Result<T, Refused> {
        let mut attempt = 1;
        let mut skew = self.host.clock.skew();
        loop {
            let place = limiter::place(signed_by, self.endpoint).await.map_err(Refused::Failed)?;
            // One of many, perhaps.
            let connection = if place.is_some() { Connection::Kept } else { Connection::Closed };
            let refused = match self.exchange(body, signed_by, connection).await? {
                Ok(answer) if answer.status == 200 => match read(&answer.body) {
                    Ok(read) => return Ok(read),
                    Err(problem) => Refused::Failed(self.asked.unusable(&problem).into()),
                },
                Ok(answer) => self.refused(&answer),
                Err(error) => Refused::Failed(self.no_answer(&error)),
            };
            if let Some(place) = place.filter(|_| refused.is_throttled()) {
                place.throttled();
            }
            // It told that our clock is wrong: signed by the right time, the same may be accepted.
            let known = std::mem::replace(&mut skew, self.host.clock.skew());
            if signed_by.is_some() && known != skew && attempt < ATTEMPTS_BY_CLOCK {
                attempt += 1;
                continue;
            }
            if !refused.is_worth_retrying() || !Retry::again(attempt) {
                return Err(refused);
            }
            self.retry.pause(attempt).await;
            attempt += 1;
        }
    }

    /// Signed anew for each attempt: the signature holds the time.
    async fn exchange(
        &self,
        body: &SecretString,
        signed_by: Option<&Credentials>,
        connection: Connection,
    ) -> Result<Result<Answer, HttpError>, Refused> {
        let url = &self.endpoint.url;
        let headers = match signed_by {
            None => Vec::new(),
            Some(credentials) => {
                let region = &self.endpoint.signing_region;
                let signer = Signer { credentials, region, service: "sts", at: self.host.clock.now().into() };
                let headers = &[("content-type", FORM)];
                let unsigned =
                    Unsigned { method: "POST", url, headers, body: Some(body.expose_secret().as_bytes()) };
                signer.sign(&unsigned).map_err(Refused::Failed)?
            }
        };
        let request = Outgoing { method: Method::POST, url, headers: &headers, content: Some((FORM, body)) };
        Ok(self.host.public.send(self.host, self.endpoint.ca_bundle(), request, connection).await)
    }

    fn refused(&self, answer: &Answer) -> Refused {
        let Refusal { mut failure, is_source_rejected } =
            Refusal::read(&self.asked, answer.status, &answer.body);
        if let Some(wait) = answer.retry_after() {
            failure = failure.with_retry_after(wait);
        }
        if is_source_rejected { Refused::Source(failure.into()) } else { Refused::Failed(failure.into()) }
    }

    fn no_answer(&self, error: &HttpError) -> Error {
        let remedy = match error {
            HttpError::Refused(_) | HttpError::ConnectTimedOut => {
                "check the region, the route to the network, the proxy (HTTPS_PROXY, NO_PROXY), and whether a VPC \
                 endpoint is needed"
            }
            HttpError::Silent => "it is asked again; if it stays so, check the proxy and the network",
            HttpError::Broken(_) | HttpError::TooLarge => "check what answers there: a proxy, perhaps",
            HttpError::Unsendable(_) | HttpError::NoClient(_) => "correct that setting",
            HttpError::NoRuntime => "call from within tokio",
        };
        let what =
            format!("{error} (region {} from {})", self.endpoint.signing_region, self.endpoint.region_from);
        self.asked.failure(error.kind(), &what).with_remedy(remedy).into()
    }
}

impl Refused {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Source(error) | Self::Failed(error) => error,
        }
    }

    fn is_throttled(&self) -> bool {
        matches!(self, Self::Failed(Error::Failed(failure)) if failure.kind() == FailureKind::Throttled)
    }

    /// A fault of STS or of the way to it. Not where no connection came about, and not what STS wants fewer of.
    fn is_worth_retrying(&self) -> bool {
        use FailureKind::{Malformed, TimedOut, Unavailable};
        let Self::Failed(Error::Failed(failure)) = self else { return false };
        matches!(failure.kind(), Malformed | TimedOut | Unavailable)
    }
}

/// A clock that is off by something else each time would keep a call going.
const ATTEMPTS_BY_CLOCK: u32 = 3;
const FORM: &str = "application/x-www-form-urlencoded";
