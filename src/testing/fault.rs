//! What goes wrong, where, and how often.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::server::Incoming;
use super::sts::{self, Refusal};

/// The endpoints that faults and counts speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// `PUT /latest/api/token`
    MetadataToken,
    /// The list of roles, on the extended path or the older one.
    MetadataRoles,
    /// The credentials of a role, on the extended path or the older one.
    MetadataCredentials,
    /// `GET /latest/meta-data/placement/region`
    MetadataRegion,
    /// The credentials of a container.
    ContainerCredentials,
    /// Any action of STS: its faults come after those of the action's own route, and its count is that of all actions.
    Sts,
    /// `AssumeRole` of STS.
    AssumeRole,
    /// `AssumeRoleWithSAML` of STS.
    AssumeRoleWithSaml,
    /// `AssumeRoleWithWebIdentity` of STS.
    AssumeRoleWithWebIdentity,
    /// `AssumeRoot` of STS.
    AssumeRoot,
    /// `GetCallerIdentity` of STS.
    GetCallerIdentity,
    /// `GetDelegatedAccessToken` of STS.
    GetDelegatedAccessToken,
    /// `GetFederationToken` of STS.
    GetFederationToken,
    /// `GetSessionToken` of STS.
    GetSessionToken,
    /// `GetWebIdentityToken` of STS.
    GetWebIdentityToken,
    /// A bucket, or an object in one: see [`S3`](super::S3).
    S3,
    /// Nothing that is known here; answered with 404.
    Unknown,
}

impl Route {
    pub(super) fn of(request: &Incoming) -> Self {
        let path = request.path.as_str();
        let below = [EXTENDED, LEGACY].iter().find_map(|base| path.strip_prefix(base));
        match (path, below) {
            ("/latest/api/token", _) => Self::MetadataToken,
            ("/latest/meta-data/placement/region", _) => Self::MetadataRegion,
            (CONTAINER, _) => Self::ContainerCredentials,
            (_, Some("" | "/")) => Self::MetadataRoles,
            (_, Some(role)) if role.starts_with('/') => Self::MetadataCredentials,
            ("/", _) => sts::route(request).unwrap_or(Self::Unknown),
            _ => Self::Unknown,
        }
    }

    /// Whether what is said of `self` is said of `other`, too.
    pub(super) fn covers(self, other: Self) -> bool {
        self == other || (self == Self::Sts && other.is_sts())
    }

    pub(super) fn is_sts(self) -> bool {
        match self {
            Self::Sts
            | Self::AssumeRole
            | Self::AssumeRoleWithSaml
            | Self::AssumeRoleWithWebIdentity
            | Self::AssumeRoot
            | Self::GetCallerIdentity
            | Self::GetDelegatedAccessToken
            | Self::GetFederationToken
            | Self::GetSessionToken
            | Self::GetWebIdentityToken => true,
            Self::MetadataToken
            | Self::MetadataRoles
            | Self::MetadataCredentials
            | Self::MetadataRegion
            | Self::ContainerCredentials
            | Self::S3
            | Self::Unknown => false,
        }
    }
}

/// One way in which an endpoint goes wrong, once unless said otherwise.
///
/// ```
/// use std::time::Duration;
/// use aws_credential_chain::testing::Fault;
///
/// let overloaded = Fault::status(503).times(3);
/// let slow = Fault::delay(Duration::from_millis(800)).forever();
/// let asked_for_patience = Fault::status(429).retry_after(Duration::from_secs(20));
/// let throttled = Fault::sts_error("Throttling").times(2);
/// let keys_lag = Fault::sts_error("InvalidIdentityToken")
///     .message("Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Fault {
    pub(super) kind: Kind,
    pub(super) headers: Vec<(String, String)>,
    left: Option<u32>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Status(u16),
    Delay(Duration),
    Hang,
    Drip,
    Reset,
    Garbage,
    Truncated,
    Oversized,
    Redirect(String),
    Body(Vec<u8>),
    WithoutHeader(String),
    Refusal(Refusal),
}

impl Fault {
    /// Answers with this status and a short text.
    pub fn status(status: u16) -> Self {
        Self::new(Kind::Status(status))
    }

    /// Answers well, this much later (in tokio's time).
    pub fn delay(delay: Duration) -> Self {
        Self::new(Kind::Delay(delay))
    }

    /// Takes the request and never answers.
    pub fn hang() -> Self {
        Self::new(Kind::Hang)
    }

    /// Answers well, one byte a second (in tokio's time): never silent for long, and never done.
    pub fn drip() -> Self {
        Self::new(Kind::Drip)
    }

    /// Takes the request and resets the connection.
    pub fn reset() -> Self {
        Self::new(Kind::Reset)
    }

    /// Answers with bytes that are no HTTP.
    pub fn garbage() -> Self {
        Self::new(Kind::Garbage)
    }

    /// Answers well, and closes the connection in the middle of the body.
    pub fn truncated() -> Self {
        Self::new(Kind::Truncated)
    }

    /// Answers with 200 and a body of one mebibyte.
    pub fn oversized() -> Self {
        Self::new(Kind::Oversized)
    }

    /// Answers with 302 to this place.
    pub fn redirect(location: impl Into<String>) -> Self {
        Self::new(Kind::Redirect(location.into()))
    }

    /// Answers with 200 and this body.
    pub fn body(body: impl Into<Vec<u8>>) -> Self {
        Self::new(Kind::Body(body.into()))
    }

    /// Answers well, and leaves a header out.
    pub fn without_header(name: impl Into<String>) -> Self {
        Self::new(Kind::WithoutHeader(name.into()))
    }

    /// Answers with an error of STS, in XML: a code like `Throttling`, `AccessDenied` or `IDPCommunicationError`, with
    /// the status and a message that AWS gives it (400 and the code, if it is not known here).
    pub fn sts_error(code: impl Into<String>) -> Self {
        Self::new(Kind::Refusal(Refusal::of_code(code.into())))
    }

    /// Changes the message of an error of STS.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        if let Kind::Refusal(refusal) = &mut self.kind {
            refusal.say(message.into());
        }
        self
    }

    /// Adds `Retry-After`, in whole seconds, to an answer.
    pub fn retry_after(self, wait: Duration) -> Self {
        self.header("retry-after", wait.as_secs().to_string())
    }

    /// Adds a header to an answer.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Happens this often before it is used up.
    pub fn times(mut self, times: u32) -> Self {
        self.left = Some(times);
        self
    }

    /// Happens until [`clear_faults`](super::LocalAws::clear_faults).
    pub fn forever(mut self) -> Self {
        self.left = None;
        self
    }

    fn new(kind: Kind) -> Self {
        Self { kind, headers: Vec::new(), left: Some(1) }
    }
}

/// The faults that are not used up yet.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<HashMap<Route, VecDeque<Fault>>>);

impl Faults {
    pub(super) fn add(&self, route: Route, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(route).or_default().push_back(fault);
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn next(&self, route: Route) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of = |route| faults.get_mut(&route).and_then(first);
        of(route).or_else(|| if route.is_sts() { of(Route::Sts) } else { None })
    }
}

/// The first of a queue that is not used up, one time less from now on.
fn first(queue: &mut VecDeque<Fault>) -> Option<Fault> {
    loop {
        match queue.front_mut()?.left.as_mut() {
            None => return queue.front().cloned(),
            Some(0) => {
                queue.pop_front();
            }
            Some(left) => {
                *left -= 1;
                return queue.front().cloned();
            }
        }
    }
}

pub(super) const CONTAINER: &str = "/v2/credentials/local";
pub(super) const EXTENDED: &str = "/latest/meta-data/iam/security-credentials-extended";
pub(super) const LEGACY: &str = "/latest/meta-data/iam/security-credentials";
