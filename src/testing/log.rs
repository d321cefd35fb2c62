//! What was asked of the local AWS.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::fault::Route;
use super::server::Incoming;

/// One request as it arrived. Values of headers are not kept: some are secrets.
#[derive(Clone, Debug)]
pub struct Request {
    route: Route,
    method: String,
    path: String,
    header_names: Vec<String>,
    at: SystemTime,
    status: Option<u16>,
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
}

#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Vec<Request>>);

impl Log {
    /// Answers with the number under which the request is kept.
    pub(super) fn arrived(&self, request: &Incoming, route: Route, at: SystemTime) -> usize {
        let entry = Request {
            route,
            method: request.method.clone(),
            path: request.path.clone(),
            header_names: request.headers.iter().map(|(name, _)| name.clone()).collect(),
            at,
            status: None,
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push(entry);
        entries.len() - 1
    }

    pub(super) fn answered(&self, number: usize, status: u16) {
        if let Some(entry) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(number) {
            entry.status = Some(status);
        }
    }

    pub(super) fn all(&self) -> Vec<Request> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
