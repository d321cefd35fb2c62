//! Credentials for other programs on this machine: the agent of a container, as every SDK can ask it.
//!
//! A program that has `AWS_CONTAINER_CREDENTIALS_FULL_URI` and `AWS_CONTAINER_AUTHORIZATION_TOKEN` in its environment asks
//! the server for credentials, and the server answers out of one cache. So one process logs in, assumes roles, renews, and
//! the others, in whichever language, never see a long-lived key.
//!
//! ```text
//! GET /credentials                     Authorization: 9f0b…
//!
//! 200 { "AccessKeyId": "ASIA…", "SecretAccessKey": "…", "Token": "…", "Expiration": "2026-11-23T18:00:00Z",
//!       "AccountId": "123456789012" }
//! 403 { "code": "AccessDeniedException", "message": "…" }
//! ```
//!
//! | answer | when | what SDKs do |
//! |---|---|---|
//! | 200 | there are credentials | |
//! | 403, 404, 405 | the token, the path or the method is wrong | they give up |
//! | 500 | nothing is set up, or the source says no for good | most give up |
//! | 503 with `Retry-After` | the source fails, and is asked again by then | they ask again |
//! | 504 | nothing within ten seconds | they ask again |
//!
//! SDKs want an expiration and a session token in each answer. Credentials that do not expire are given one an hour ahead,
//! which only makes clients ask again; those that the cache serves past their expiry, ten minutes ahead, as AWS's own
//! agents do; and those without a session token an empty one.
//!
//! It listens on loopback only: the credentials travel unencrypted. Whoever has the token gets the credentials, so treat
//! it as one.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use crate::cache::{CredentialsCache, KeepFresh};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::wall_time::WallTime;

/// Vends the credentials of one cache to other programs on this machine, and keeps them fresh.
///
/// ```
/// use aws_credential_chain::interop::CredentialsServer;
/// use aws_credential_chain::{CredentialsCache, DefaultChain};
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let server = CredentialsServer::start(CredentialsCache::new(DefaultChain::new())).await?;
/// let mut child = std::process::Command::new("aws");
/// for (name, value) in server.variables() {
///     child.env(name, value);
/// }
/// # Ok(())
/// # }
/// ```
///
/// It stops when the handle is dropped; connections that are being answered are closed with it.
#[must_use]
pub struct CredentialsServer {
    at: SocketAddr,
    token: SecretString,
    accepting: AbortHandle,
    _fresh: KeepFresh,
}

impl CredentialsServer {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// As [`start_at`](Self::start_at).
    pub async fn start(cache: CredentialsCache) -> io::Result<Self> {
        Self::start_at(cache, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Starts at an address of loopback. Port 0 is a free one.
    ///
    /// # Errors
    /// The address is not one of loopback ([`io::ErrorKind::InvalidInput`]) or not to be had, the operating system gives no
    /// random numbers, or no tokio runtime is there to keep the cache fresh.
    pub async fn start_at(cache: CredentialsCache, at: SocketAddr) -> io::Result<Self> {
        if !at.ip().is_loopback() {
            let why = format!("{at} is not an address of loopback, and the credentials travel unencrypted");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let token = random_token()?;
        let fresh = cache.keep_fresh().map_err(io::Error::other)?;
        let listener = TcpListener::bind(at).await?;
        let at = listener.local_addr()?;
        let vendor = Arc::new(Vendor { cache, token: token.clone() });
        let accepting = tokio::spawn(accept(listener, vendor)).abort_handle();
        Ok(Self { at, token, accepting, _fresh: fresh })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// What `AWS_CONTAINER_CREDENTIALS_FULL_URI` has to be.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("http://{}{PATH}", self.at)
    }

    /// What `AWS_CONTAINER_AUTHORIZATION_TOKEN` has to be: made anew at each start.
    #[must_use]
    pub fn authorization_token(&self) -> &SecretString {
        &self.token
    }

    /// Both variables, for the environment of a program that is started. The second one is a secret.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 2] {
        [
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.uri()),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", self.token.expose_secret().to_owned()),
        ]
    }
}

impl Drop for CredentialsServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for CredentialsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsServer").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Who answers.
struct Vendor {
    cache: CredentialsCache,
    token: SecretString,
}

async fn accept(listener: TcpListener, vendor: Arc<Vendor>) {
    // Connections end with the server: dropping the set aborts them.
    let mut connections = tokio::task::JoinSet::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Those beyond wait in the queue of the operating system.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, Arc::clone(&vendor), permit));
            }
            // No more file descriptors, or the other side has left: neither is a reason to end.
            Err(error) => {
                tracing::warn!(%error, "the credentials server could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, vendor: Arc<Vendor>, permit: OwnedSemaphorePermit) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let vendor = Arc::clone(&vendor);
        async move { Ok::<_, Infallible>(vendor.answer(&request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A client that never reads must not hold its place for ever.
    if let Ok(Err(error)) = tokio::time::timeout(CONNECTION_MAX, connection).await {
        tracing::debug!(%error, "a connection to the credentials server broke");
    }
    drop(permit);
}

impl Vendor {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if let Some(refusal) = self.refuse(request) {
            return refusal.response();
        }
        let answer = match tokio::time::timeout(PATIENCE, self.cache.credentials()).await {
            Ok(Ok(credentials)) if credentials.is_anonymous() => Err(Refusal::anonymous()),
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => Err(Refusal::of(&error, self.cache.signing_time().into())),
            Err(_) => Err(Refusal::late()),
        };
        match answer {
            Ok(credentials) => {
                json(StatusCode::OK, document(&credentials, self.cache.signing_time().into()).to_string())
            }
            Err(refusal) => refusal.response(),
        }
    }

    /// What is wrong with a request, the token first: a stranger learns nothing else.
    fn refuse(&self, request: &Request<Incoming>) -> Option<Refusal> {
        let mut tokens = request.headers().get_all(AUTHORIZATION).iter();
        let is_known = match (tokens.next(), tokens.next()) {
            (Some(token), None) => bool::from(token.as_bytes().ct_eq(self.token.expose_secret().as_bytes())),
            _ => false,
        };
        if !is_known {
            return Some(Refusal::new(
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN is missing or not the one of this server".to_owned(),
            ));
        }
        if request.uri().path() != PATH {
            let what = format!("only {PATH} is served here");
            return Some(Refusal::new(StatusCode::NOT_FOUND, "NotFoundException", what));
        }
        (request.method() != Method::GET).then(|| {
            let what = "ask with GET".to_owned();
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowedException", what)
        })
    }
}

/// As the container protocol writes credentials.
fn document(credentials: &Credentials, now: WallTime) -> serde_json::Value {
    let token = credentials.session_token().map(ExposeSecret::expose_secret).unwrap_or_default();
    let expiration = match credentials.expiry() {
        Some(_) if credentials.is_stale() => now.plus(STALE_SHOWN),
        Some(expiry) => expiry.into(),
        None => now.plus(ENDLESS_SHOWN),
    };
    let mut document = serde_json::json!({
        "AccessKeyId": credentials.access_key_id(),
        "SecretAccessKey": credentials.secret_access_key().expose_secret(),
        "Token": token,
        "Expiration": expiration.whole_seconds().to_string(),
    });
    if let Some(account_id) = credentials.account_id() {
        document["AccountId"] = account_id.into();
    }
    document
}

/// A no, as AWS writes it.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        Self { status, code, message, retry_after: None }
    }

    /// What the cache says.
    fn of(error: &Error, now: WallTime) -> Self {
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

    fn anonymous() -> Self {
        let what = "the source is anonymous: there is nothing to sign with".to_owned();
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "CredentialsNotConfiguredException", what)
    }

    fn late() -> Self {
        let what = format!("no credentials within {} s; the source is still being asked", PATIENCE.as_secs());
        Self::new(StatusCode::GATEWAY_TIMEOUT, "RequestTimeoutException", what)
    }

    fn response(self) -> Response<Full<Bytes>> {
        let document = serde_json::json!({ "code": self.code, "message": self.message });
        let mut response = json(self.status, document.to_string());
        if let Some(wait) = self.retry_after {
            // Rounded up: coming too early is of no use.
            response.headers_mut().insert(RETRY_AFTER, wait.as_secs().saturating_add(1).into());
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET"));
        }
        response
    }
}

fn json(status: StatusCode, document: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(document)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}

/// 256 bits of the operating system's, in hexadecimal digits.
fn random_token() -> io::Result<SecretString> {
    let mut bytes = secrecy::zeroize::Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| io::Error::other(error.to_string()))?;
    let mut token = String::with_capacity(2 * bytes.len());
    for half in bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]) {
        token.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
    }
    Ok(SecretString::from(token))
}

const PATH: &str = "/credentials";
/// A request gets an answer within ten seconds, whatever the source does.
const PATIENCE: Duration = Duration::from_secs(9);
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECTION_MAX: Duration = Duration::from_secs(20);
/// hyper's least.
const HEAD_MAX: usize = 8 * 1024;
const CONNECTIONS_MAX: usize = 128;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How far ahead the expiration is said to be of credentials that do not expire.
const ENDLESS_SHOWN: Duration = Duration::from_secs(3600);
/// And of those that are served past theirs.
const STALE_SHOWN: Duration = Duration::from_secs(600);
