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
//! | 400, 431 | it is no request, or one with a head above 8 KiB | they give up |
//! | 500 | nothing is set up, or the source says no for good | most give up |
//! | 503 with `Retry-After` | the source fails, and is asked again by then; or there is nothing yet, and 192 others wait | they ask again |
//! | 504 | nothing within ten seconds | they ask again |
//!
//! SDKs want an expiration and a session token in each answer. Credentials that do not expire are given one an hour ahead,
//! which only makes clients ask again; those that the cache serves past their expiry, ten minutes ahead, as AWS's own
//! agents do; and those without a session token an empty one.
//!
//! It listens on loopback only: the credentials travel unencrypted. Whoever has the token gets the credentials, so treat
//! it as one. A page in a browser does not have it, whatever name it has given to this address; so nobody looks at `Host`.
//!
//! 256 clients are answered at a time, and 192 of them may wait for the source: so those beyond hear from it, too. One that
//! has not sent its request within two seconds is cut off.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

mod refusal;
mod socket;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioTimer;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use self::refusal::{Refusal, json};
use self::socket::Socket;
use crate::cache::{CredentialsCache, KeepFresh};
use crate::credentials::Credentials;
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
/// A client hears from it within ten seconds: 200 with credentials, or an error as JSON, also while there is nothing to give.
/// It stops when the handle is dropped; connections that are being answered are closed with it.
///
/// Vend sessions rather than long-lived keys: those have no session token, SDKs want one all the same, and get an empty
/// one. Botocore and this crate take it for none; the AWS SDK for Rust signs it, which services refuse.
/// `providers::SessionToken`, or a role, makes a session of such keys.
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
        let listener = TcpListener::bind(at)
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("cannot listen at {at}: {error}")))?;
        let at = listener.local_addr()?;
        let waiting = Semaphore::new(WAITING_MAX);
        let vendor = Arc::new(Vendor { cache, token: token.clone(), waiting });
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
    /// Places of those who wait for the source.
    waiting: Semaphore,
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
    let heard = Arc::new(AtomicBool::new(false));
    let socket = Socket::new(stream, Arc::clone(&heard));
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        heard.store(true, Ordering::Relaxed);
        let vendor = Arc::clone(&vendor);
        async move { Ok::<_, Infallible>(vendor.answer(&request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_MAX)
        .keep_alive(false)
        .serve_connection(socket, service);
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
        match self.credentials().await {
            Ok(credentials) => {
                json(StatusCode::OK, document(&credentials, self.cache.signing_time().into()).to_string())
            }
            Err(refusal) => refusal.response(),
        }
    }

    async fn credentials(&self) -> Result<Credentials, Refusal> {
        // If all clients waited as long as they may, those in the queue would hear nothing for as long, and then wait, too.
        let place = self.waiting.try_acquire().ok();
        let patience = if place.is_some() { PATIENCE } else { PATIENCE_IN_A_CROWD };
        match tokio::time::timeout(patience, self.cache.credentials()).await {
            Ok(Ok(credentials)) if credentials.is_anonymous() => Err(Refusal::anonymous()),
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => Err(Refusal::of(&error, self.cache.signing_time().into())),
            Err(_) if place.is_some() => Err(Refusal::late()),
            Err(_) => Err(Refusal::crowded()),
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
/// Of those beyond `WAITING_MAX`: the queue has to move.
const PATIENCE_IN_A_CROWD: Duration = Duration::from_millis(100);
/// Nothing on loopback is slow but who means to be.
const HEAD_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECTION_MAX: Duration = Duration::from_secs(12);
/// hyper's least.
const HEAD_MAX: usize = 8 * 1024;
/// Those beyond might hear nothing for ten seconds; but the process has other uses for its file descriptors, too, of which
/// it often has no more than 1,024.
const CONNECTIONS_MAX: usize = 256;
/// The rest of them is for who gets an answer at once: hundreds a second, even if each is that the source is still asked.
const WAITING_MAX: usize = 192;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How far ahead the expiration is said to be of credentials that do not expire.
const ENDLESS_SHOWN: Duration = Duration::from_secs(3600);
/// And of those that are served past theirs.
const STALE_SHOWN: Duration = Duration::from_secs(600);
