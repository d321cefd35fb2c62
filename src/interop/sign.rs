//! Requests of the crate `http`, signed.

mod target;

use std::borrow::Cow;

use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Uri};
use secrecy::ExposeSecret;

pub(super) use self::target::{Target, encoded};
use crate::cache::CredentialsCache;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::region::Region;
use crate::sigv4::{Signer, Unsigned, is_s3};
use crate::wire::rejection;

/// Signs requests to one service in one region with the credentials of a cache, by version 4 of AWS's signature.
///
/// ```
/// use aws_credential_chain::interop::RequestSigner;
/// use aws_credential_chain::{CredentialsCache, DefaultChain, Region};
///
/// # async fn call() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = CredentialsCache::new(DefaultChain::new());
/// let signer = RequestSigner::new(cache, Region::new("eu-central-1")?, "execute-api");
///
/// let mut request = http::Request::post("https://x42.execute-api.eu-central-1.amazonaws.com/prod/orders")
///     .header("content-type", "application/json")
///     .body(r#"{"sku":"42"}"#)?;
/// let used = signer.sign(&mut request).await?;
/// // … send it; if the answer says that `used` is no good (`interop::rejects_credentials`): cache.invalidate(&used)
/// # Ok(())
/// # }
/// ```
///
/// Set all headers before: they are covered, except for those that proxies change. What the client adds afterwards
/// (`accept`, `content-length`) is not. What an earlier signature left in the headers is replaced; with
/// [anonymous](Credentials::anonymous) credentials it is only removed.
///
/// Path and query are written in the one way that every service reads as the signer does: a blank as `%20`, where
/// reqwest's `query` writes `+`; for S3 also everything but letters, digits, `-._~/` and what is encoded already. What
/// they mean stays the same. The rules of S3 (the path encoded once and never shortened, `x-amz-content-sha256`) go by the
/// name of the service. S3 Express and several regions at once (version 4a) are not supported.
///
/// The time is the [`signing_time`](CredentialsCache::signing_time) of the cache.
///
/// # Where signed requests go
///
/// A signed request is meant for the host in its URL, and nothing here signs for another. **But reqwest follows
/// redirects by default, and takes the session token along**: towards another host it takes `authorization` off, but
/// not `x-amz-security-token`. Build the client with `redirect(reqwest::redirect::Policy::none())`, as
/// `interop::client_builder` (feature `reqwest`) does; a redirected request would need another signature anyway. Over
/// plain HTTP, which is not refused, everybody on the way can read the token, and use the signature for a quarter of an
/// hour.
#[derive(Clone, Debug)]
#[must_use]
pub struct RequestSigner {
    pub(super) cache: CredentialsCache,
    region: Region,
    service: Cow<'static, str>,
    #[cfg(feature = "reqwest")]
    pub(super) unsigned_streams: bool,
    #[cfg(feature = "reqwest")]
    pub(super) exchanges: super::exchange::Exchanges,
}

/// What a signature covers of the body.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// All of it: exactly these bytes are sent.
    Bytes(&'a [u8]),
    /// Nothing: `UNSIGNED-PAYLOAD`, for bodies that are not known beforehand. S3 takes it, and few others do; over plain
    /// HTTP anybody on the way could exchange the body.
    Unsigned,
}

impl RequestSigner {
    /// `service` is the name for which requests are signed: `s3`, `execute-api`, `es`, `lambda`. AWS's page of the service's
    /// endpoints tells it, or the `sigv4` trait of its model.
    pub fn new(cache: CredentialsCache, region: Region, service: impl Into<Cow<'static, str>>) -> Self {
        Self {
            cache,
            region,
            service: service.into(),
            #[cfg(feature = "reqwest")]
            unsigned_streams: false,
            #[cfg(feature = "reqwest")]
            exchanges: super::exchange::Exchanges::default(),
        }
    }

    /// The cache whose credentials sign: what a service rejects is [reported](CredentialsCache::invalidate) to it.
    #[must_use]
    pub fn cache(&self) -> &CredentialsCache {
        &self.cache
    }

    /// Signs a request and all of its body, and answers with the credentials that it used.
    ///
    /// # Errors
    /// Those of [`credentials`](CredentialsCache::credentials). [`FailureKind::Misconfigured`]: the URI has no host and
    /// there is no header `host`, the URL is presigned, a header is no text.
    pub async fn sign<B: AsRef<[u8]>>(&self, request: &mut Request<B>) -> Result<Credentials, Error> {
        let credentials = self.cache.credentials().await?;
        let Http { method, uri, mut headers } = Http::of(request);
        let uri =
            self.sign_parts(&credentials, &method, &uri, &mut headers, Some(request.body().as_ref()))?;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(credentials)
    }

    /// Signs a request whose body is of another kind, and answers with the credentials that it used.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub async fn sign_with_payload<B>(
        &self,
        request: &mut Request<B>,
        payload: Payload<'_>,
    ) -> Result<Credentials, Error> {
        let credentials = self.cache.credentials().await?;
        let Http { method, uri, mut headers } = Http::of(request);
        let body = match payload {
            Payload::Bytes(bytes) => Some(bytes),
            Payload::Unsigned => None,
        };
        *request.uri_mut() = self.sign_parts(&credentials, &method, &uri, &mut headers, body)?;
        *request.headers_mut() = headers;
        Ok(credentials)
    }

    /// Signs, and answers with the URI in the form that is signed.
    fn sign_parts(
        &self,
        credentials: &Credentials,
        method: &Method,
        uri: &Uri,
        headers: &mut HeaderMap,
        body: Option<&[u8]>,
    ) -> Result<Uri, Error> {
        if uri.authority().is_none() && !headers.contains_key(HOST) {
            return Err(wrong("the URI has no host, and there is no header `host`", "set one of them"));
        }
        let uri = self.target(uri.path(), uri.query())?.put_into(uri)?;
        self.sign_headers(credentials, method, &uri.to_string(), headers, body)?;
        Ok(uri)
    }

    /// Path and query as they are sent and signed.
    pub(super) fn target(&self, path: &str, query: Option<&str>) -> Result<Target, Error> {
        Target::new(path, query, is_s3(&self.service))
    }

    /// Puts the signature in place of an earlier one.
    pub(super) fn sign_headers(
        &self,
        credentials: &Credentials,
        method: &Method,
        url: &str,
        headers: &mut HeaderMap,
        body: Option<&[u8]>,
    ) -> Result<(), Error> {
        headers.remove(AUTHORIZATION);
        for name in SET_BY_THE_SIGNER {
            headers.remove(name);
        }
        if credentials.is_anonymous() {
            return Ok(());
        }
        let covered = covered(headers)?;
        let unsigned = Unsigned { method: method.as_str(), url, headers: &covered, body };
        let signature = self.signer(credentials).sign(&unsigned)?;
        for (name, value) in signature {
            let mut header = HeaderValue::from_str(value.expose_secret())
                .map_err(|_| wrong("the signature does not fit into a header", "check the region"))?;
            header.set_sensitive(name == AUTHORIZATION || name == TOKEN);
            headers.insert(name, header);
        }
        Ok(())
    }

    pub(super) fn signer<'a>(&'a self, credentials: &'a Credentials) -> Signer<'a> {
        let (region, service) = (self.region.as_str(), self.service.as_ref());
        Signer { credentials, region, service, at: self.cache.signing_time() }
    }

    /// Whether `signer` follows the rules of S3.
    pub(super) fn is_s3(&self) -> bool {
        is_s3(&self.service)
    }
}

/// Whether an answer says that the credentials are no good: expired, revoked or not known (`ExpiredToken`,
/// `InvalidClientTokenId` and their kin). Then [`invalidate`](CredentialsCache::invalidate) them, sign anew, and try once
/// more.
///
/// `body` is that of an answer with an error status; its first 64 KiB are enough. The code is looked for in the header
/// `x-amzn-errortype` and in the JSON or XML of the body. A `HEAD` has no body: of S3's answers to it nothing can be told.
#[must_use]
pub fn rejects_credentials(headers: &HeaderMap, body: &[u8]) -> bool {
    match headers.get(ERROR_TYPE).and_then(|code| code.to_str().ok()) {
        Some(code) => rejection::is_of_credentials(code),
        None => rejection::code(body).is_some_and(|code| rejection::is_of_credentials(&code)),
    }
}

/// A request without its body, to be read while the body is borrowed.
struct Http {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Http {
    fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        }
    }
}

impl Target {
    fn put_into(self, uri: &Uri) -> Result<Uri, Error> {
        let unfit = || wrong("the path cannot be written as it has to be signed", "check the URI");
        let mut parts = uri.clone().into_parts();
        let text = self.to_string();
        parts.path_and_query = Some(PathAndQuery::try_from(text).map_err(|_| unfit())?);
        Uri::from_parts(parts).map_err(|_| unfit())
    }
}

/// The headers that the signature covers. Those that belong to one hop may be gone on the next.
pub(super) fn covered(headers: &HeaderMap) -> Result<Vec<(&str, &str)>, Error> {
    let covered = headers.iter().filter(|(name, _)| !OF_ONE_HOP.contains(&name.as_str()));
    covered
        .map(|(name, value)| match str::from_utf8(value.as_bytes()) {
            Ok(value) => Ok((name.as_str(), value)),
            Err(_) => Err(wrong(format!("the header `{name}` is no text"), "encode it")),
        })
        .collect()
}

pub(super) fn wrong(what: impl std::fmt::Display, remedy: &'static str) -> Error {
    let message = format!("the request cannot be signed: {what}");
    Failure::new(FailureKind::Misconfigured, "signature", message).with_remedy(remedy).into()
}

/// How many bytes there are, and not which.
impl std::fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Unsigned => f.write_str("Unsigned"),
        }
    }
}

const ERROR_TYPE: &str = "x-amzn-errortype";
const TOKEN: &str = "x-amz-security-token";
const SET_BY_THE_SIGNER: [&str; 3] = ["x-amz-date", TOKEN, "x-amz-content-sha256"];
/// <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>, and `expect`, which some proxies answer themselves.
const OF_ONE_HOP: [&str; 8] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

#[cfg(test)]
mod tests;
