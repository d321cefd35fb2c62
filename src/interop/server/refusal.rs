//! Answers that are no: as AWS writes them.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::{PATIENCE, WAITING_MAX};
use crate::error::Error;
use crate::wall_time::WallTime;

/// A no.
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        Self { status, code, message, retry_after: None }
    }

    /// What the cache says.
    pub(super) fn of(error: &Error, now: WallTime) -> Self {
        let (status, code) = match error {
            Error::NotConfigured(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "CredentialsNotConfiguredException")
            }
            _ if error.is_transient() => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "CredentialsUnavailableException"),
        };
        let wait = error.next_attempt().map(|at| now.until(at.into()));
        let retry_after = wait.filter(|_| status == StatusCode::SERVICE_UNAVAILABLE);
        Self { retry_after, ..Self::new(status, code, error.to_string()) }
    }

    pub(super) fn anonymous() -> Self {
        let what = "the source is anonymous: there is nothing to sign with".to_owned();
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "CredentialsNotConfiguredException", what)
    }

    pub(super) fn late() -> Self {
        let what = format!("no credentials within {} s; the source is still being asked", PATIENCE.as_secs());
        Self::new(StatusCode::GATEWAY_TIMEOUT, "RequestTimeoutException", what)
    }

    pub(super) fn crowded() -> Self {
        let what = format!("{WAITING_MAX} clients wait for credentials; the source is still being asked");
        let no = Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", what);
        Self { retry_after: Some(Duration::ZERO), ..no }
    }

    pub(super) fn response(self) -> Response<Full<Bytes>> {
        let mut response = json(self.status, self.document());
        if let Some(wait) = self.retry_after {
            // Rounded up: coming too early is of no use.
            response.headers_mut().insert(RETRY_AFTER, wait.as_secs().saturating_add(1).into());
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }

    /// The body of it.
    pub(super) fn document(&self) -> String {
        serde_json::json!({ "code": self.code, "message": self.message }).to_string()
    }
}

/// A document, whichever it is.
pub(super) fn json(status: StatusCode, document: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(document)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
