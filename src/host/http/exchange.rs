//! One request, one answer: bounded in time and size.

use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use secrecy::{ExposeSecret, SecretString};

use crate::error::FailureKind;
use crate::host::{Clock, Teacher, last_asked, runtime};

/// A request to be sent.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    /// Values are treated as secrets: never shown, marked as sensitive towards hyper.
    pub(crate) headers: &'a [(HeaderName, SecretString)],
    /// Its type, and the content: it may hold a token.
    pub(crate) content: Option<(&'static str, &'a SecretString)>,
}

impl<'a> Outgoing<'a> {
    pub(crate) fn get(url: &'a str, headers: &'a [(HeaderName, SecretString)]) -> Self {
        Self { method: Method::GET, url, headers, content: None }
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header of the answer, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What an answer that is not the wanted one means, by its status.
    pub(crate) fn kind(&self) -> FailureKind {
        match self.status {
            429 => FailureKind::Throttled,
            500.. => FailureKind::Unavailable,
            _ => FailureKind::Refused,
        }
    }

    /// `Retry-After` in its form of seconds. The form of a date is rare here and not worth a wrong clock.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
    }
}

/// Status and sizes, never the contents.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HttpError {
    /// Nobody listens there, or there is no way.
    Refused(String),
    /// No connection in time.
    ConnectTimedOut,
    /// A connection, and then no (whole) answer in time.
    Silent,
    /// The answer broke off or is no HTTP.
    Broken(String),
    /// The answer is larger than [`BODY_MAX`].
    TooLarge,
    /// The URL or a header cannot be sent.
    Unsendable(&'static str),
    /// No tokio runtime with timers on this thread.
    NoRuntime,
    /// The client could not be built.
    NoClient(String),
}

impl HttpError {
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Refused(_) | Self::ConnectTimedOut => FailureKind::Unreachable,
            Self::Silent => FailureKind::TimedOut,
            Self::Broken(_) | Self::TooLarge => FailureKind::Malformed,
            Self::Unsendable(_) | Self::NoClient(_) => FailureKind::Misconfigured,
            Self::NoRuntime => FailureKind::NoRuntime,
        }
    }

    /// Whether trying again at once may help. Not where no connection came about: where nobody is, that would only
    /// cost time.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Silent | Self::Broken(_))
    }

    pub(super) fn not_built(error: &reqwest::Error) -> Self {
        Self::NoClient(innermost(error))
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "no connection: {why}"),
            Self::ConnectTimedOut => f.write_str("no connection within the time limit"),
            Self::Silent => f.write_str("connected, and no whole answer within the time limit"),
            Self::Broken(why) => write!(f, "the answer broke off or is no HTTP: {why}"),
            Self::TooLarge => write!(f, "the answer is larger than {} KiB", BODY_MAX / 1024),
            Self::Unsendable(what) => write!(f, "{what} cannot be sent"),
            Self::NoRuntime => {
                f.write_str("HTTP needs a tokio runtime with timers and IO, and none runs on this thread")
            }
            Self::NoClient(why) => write!(f, "the HTTP client cannot be built: {why}"),
        }
    }
}

impl std::error::Error for HttpError {}

/// Sends `request` and reads the whole answer, within `limit`. `teaches`: whose clock the answer tells something about.
pub(super) async fn exchange(
    client: &Client,
    request: Outgoing<'_>,
    limit: Duration,
    teaches: Option<(&Clock, Teacher)>,
) -> Result<Answer, HttpError> {
    // Asked first: hyper would panic.
    if !runtime::is_there() {
        return Err(HttpError::NoRuntime);
    }
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 2);
    if request.method == Method::PUT {
        // hyper leaves it out for an empty body, and some servers ask for it (411).
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    for (name, value) in request.headers {
        let mut value = HeaderValue::from_str(value.expose_secret())
            .map_err(|_| HttpError::Unsendable("a header with a line break or another control character"))?;
        value.set_sensitive(true);
        headers.append(name.clone(), value);
    }
    let url = request
        .url
        .parse::<reqwest::Url>()
        .map_err(|_| HttpError::Unsendable("a URL that cannot be read"))?;
    last_asked::note(|| asked_for(&request));
    let mut builder = client.request(request.method, url).headers(headers).timeout(limit);
    if let Some((content_type, content)) = request.content {
        builder = builder.header(CONTENT_TYPE, content_type).body(content.expose_secret().to_owned());
    }
    let asking = teaches.map(|(clock, teacher)| (clock.asking(), teacher));
    let sent = builder.send().await;
    let mut response = sent.map_err(|error| classify(&error))?;
    // A server with a fault may have it in its clock too.
    if let Some((asking, teacher)) = asking.filter(|_| !response.status().is_server_error()) {
        asking.answered(response.headers().get(DATE).and_then(|date| date.to_str().ok()), teacher);
    }
    if response.content_length().is_some_and(|length| length > BODY_MAX as u64) {
        return Err(HttpError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        if body.len() + chunk.len() > BODY_MAX {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: response.status().as_u16(), headers: std::mem::take(response.headers_mut()), body })
}

/// Without a query, which may hold what does not belong in an error.
fn asked_for(request: &Outgoing<'_>) -> String {
    format!("{} {}", request.method, request.url.split(['?', '#']).next().unwrap_or_default())
}

fn classify(error: &reqwest::Error) -> HttpError {
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => HttpError::ConnectTimedOut,
        (true, false) => HttpError::Refused(innermost(error)),
        (false, true) => HttpError::Silent,
        (false, false) => HttpError::Broken(innermost(error)),
    }
}

/// The innermost error says what happened ("Connection refused"); those around it repeat the URL, whose query may
/// hold what does not belong in a log.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    crate::error::printable(&innermost.to_string())
}

/// Far more than any answer with credentials in it.
pub(crate) const BODY_MAX: usize = 64 * 1024;
