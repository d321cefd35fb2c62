//! What was asked of the local AWS.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::fault::Route;
use super::server::{Answer, Incoming};
use super::sts::Noted;

/// One request as it arrived. Values of headers and parameters are not kept: some are secrets.
#[derive(Clone, Debug)]
pub struct Request {
    route: Route,
    method: String,
    path: String,
    header_names: Vec<String>,
    connection: u64,
    at: SystemTime,
    status: Option<u16>,
    error_code: Option<String>,
    /// What STS saw in it; of requests to what is not known here only the signature.
    noted: Noted,
}

impl Request {
    /// Which endpoint it went to.
    #[must_use]
    pub fn route(&self) -> Route {
        self.route
    }

    /// The method, in capitals.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path, without a query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The names of its headers, in lower case.
    #[must_use]
    pub fn header_names(&self) -> &[String] {
        &self.header_names
    }

    /// The connection that it came on, by its number: requests with the same one came one after the other on one connection.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.connection
    }

    /// When it arrived, by the clock of the local AWS.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at
    }

    /// The status it was answered with; `None` while it is not answered, and where a fault left no answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The code of the error with which STS answered, `AccessDenied` for example; that of a fault, too.
    #[must_use]
    pub fn error_code(&self) -> Option<&str> {
        self.error_code.as_deref()
    }

    /// The action that was asked of STS, known or not.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.noted.action.as_deref()
    }

    /// The names of the parameters that STS was given, as they stand in the form or in the query:
    /// `Tags.member.1.Key`.
    #[must_use]
    pub fn parameter_names(&self) -> &[String] {
        &self.noted.parameter_names
    }

    /// Whether the signature is one that STS accepts: made with a key of this local AWS that has not expired, in time, of
    /// just this request. `None` if the request is not signed.
    ///
    /// Also of requests to what is not known here: then it is one that the service would accept for whose name it is made,
    /// with the rules of S3 for `s3`.
    #[must_use]
    pub fn is_signature_good(&self) -> Option<bool> {
        self.noted.signature.as_ref().map(|signature| signature.is_good)
    }

    /// The region for which it is signed. `None` if it is not signed, or not readably so.
    #[must_use]
    pub fn signed_region(&self) -> Option<&str> {
        self.noted.signature.as_ref()?.scope.as_ref().map(|scope| scope.region.as_str())
    }

    /// The access key id with which it says that it is signed. `None` as with the region.
    #[must_use]
    pub fn signed_by(&self) -> Option<&str> {
        self.noted.signature.as_ref()?.scope.as_ref().map(|scope| scope.access_key_id.as_str())
    }
}

#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Vec<Request>>);

impl Log {
    /// Answers with the number under which the request is kept.
    pub(super) fn arrived(&self, request: &Incoming, route: Route, at: SystemTime, noted: Noted) -> usize {
        let entry = Request {
            route,
            method: request.method.clone(),
            path: request.path.clone(),
            header_names: request.headers.iter().map(|(name, _)| name.clone()).collect(),
            connection: request.connection,
            at,
            status: None,
            error_code: None,
            noted,
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push(entry);
        entries.len() - 1
    }

    pub(super) fn answered(&self, number: usize, answer: &Answer) {
        if let Some(entry) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(number) {
            entry.status = Some(answer.status_code());
            entry.error_code = answer.error_code().map(str::to_owned);
        }
    }

    pub(super) fn all(&self) -> Vec<Request> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
