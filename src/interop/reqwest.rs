//! Requests of reqwest: signed, sent, and sent once more where a service rejects the credentials.

mod looked;

use std::fmt;

use ::reqwest::{Client, ClientBuilder, Request, Response};

use self::looked::look;
use super::sign::{RequestSigner, rejects_credentials, wrong};
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::host::http::for_signed_requests;
use crate::host::{Host, runtime};

/// A builder of clients for signed requests: they follow no redirect, since that would take the session token to
/// another host, and speak TLS with the cryptography of this crate and the certificates of `AWS_CA_BUNDLE`, else of the
/// system.
///
/// A client of your own is as good, with `redirect(Policy::none())` and a feature of reqwest that brings TLS: without
/// one, reqwest panics as it is built.
///
/// # Errors
/// [`FailureKind::NoRuntime`] outside of tokio; [`FailureKind::Misconfigured`] for a bundle that cannot be read.
pub async fn client_builder() -> Result<ClientBuilder, Error> {
    for_signed_requests(&Host::default()).await.map_err(|error| {
        let failure = Failure::new(error.kind(), "HTTP client", error.to_string());
        match error.kind() {
            FailureKind::NoRuntime => failure.with_remedy(runtime::REMEDY),
            _ => failure.with_remedy("correct that setting"),
        }
        .into()
    })
}

impl RequestSigner {
    /// Signs bodies that are streams as `UNSIGNED-PAYLOAD`, instead of refusing them: what a stream will bring is not known
    /// beforehand. For S3; see [`Payload::Unsigned`](super::Payload::Unsigned). Bodies of bytes are covered as ever.
    pub fn allow_unsigned_streams(mut self) -> Self {
        self.unsigned_streams = true;
        self
    }

    /// Signs a request of reqwest, and answers with the credentials that it used.
    ///
    /// # Errors
    /// As [`sign`](Self::sign). The body is a stream, and that is not
    /// [allowed](Self::allow_unsigned_streams).
    pub async fn sign_reqwest(&self, request: &mut Request) -> Result<Credentials, Error> {
        let credentials = self.cache.credentials().await?;
        let body = match request.body() {
            None => Some(&b""[..]),
            Some(body) => match body.as_bytes() {
                None if !self.unsigned_streams => {
                    let remedy = "send bytes, or allow unsigned streams where the service does (S3)";
                    return Err(wrong("its body is a stream", remedy));
                }
                bytes => bytes,
            },
        };
        let mut url = request.url().clone();
        let target = self.target(url.path(), url.query())?;
        if target.path != url.path() {
            url.set_path(&target.path);
        }
        if url.path() != target.path {
            // `a/..%2Fb` is the key `a/../b` of S3; as a URL that would be another one, `b`.
            return Err(wrong("its path has a `.` or `..`, which a URL does not keep", "rename the key"));
        }
        if target.query.as_deref() != url.query() {
            url.set_query(target.query.as_deref());
        }
        // What comes behind `#` is not sent.
        url.set_fragment(None);
        let mut headers = request.headers().clone();
        self.sign_headers(&credentials, request.method(), url.as_str(), &mut headers, body)?;
        *request.url_mut() = url;
        *request.headers_mut() = headers;
        Ok(credentials)
    }

    /// Signs a request and sends it. If the service rejects the credentials, the cache is told, and the request is sent
    /// once more with new ones, if there are any.
    ///
    /// ```
    /// # async fn list(signer: aws_credential_chain::interop::RequestSigner) -> Result<(), Box<dyn std::error::Error>> {
    /// let client = aws_credential_chain::interop::client_builder().await?.build()?;
    /// let request = client.get("https://bucket.s3.eu-central-1.amazonaws.com/?list-type=2").build()?;
    /// let response = signer.send(&client, request).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Which answers say so, [`rejects_credentials`] tells. Of an answer with a status of 400 to 499 the first 64 KiB are
    /// looked at, for at most five seconds; all of it can be read afterwards. A request whose body is a stream is not sent
    /// again: its rejected answer comes back, and the next request has new credentials. Nothing else is tried again.
    ///
    /// If new credentials are rejected as well within ten seconds, that is the caller's to see: a service that accepts none
    /// would have the source asked for each request. Clones of a signer share what they know of that.
    ///
    /// # Errors
    /// [`SendError::NotSigned`], and nothing was sent; [`SendError::NotSent`]. An answer with an error status is no error.
    pub async fn send(&self, client: &Client, mut request: Request) -> Result<Response, SendError> {
        let tried = self.begin(&mut request).await?;
        let response = client.execute(request).await?;
        match self.judge(tried, response).await {
            Verdict::Done(response) => Ok(response),
            Verdict::Again(request) => Ok(client.execute(*request).await?),
        }
    }

    /// Signs the first try, and keeps what is needed for a second.
    pub(super) async fn begin(&self, request: &mut Request) -> Result<Tried, Error> {
        let spare = request.try_clone();
        Ok(Tried { credentials: self.sign_reqwest(request).await?, spare })
    }

    /// What to do about the answer to the first try.
    pub(super) async fn judge(&self, tried: Tried, response: Response) -> Verdict {
        if tried.credentials.is_anonymous() || !response.status().is_client_error() {
            return Verdict::Done(response);
        }
        let (response, beginning) = look(response).await;
        if !rejects_credentials(response.headers(), &beginning) {
            return Verdict::Done(response);
        }
        let is_hope = self.exchanges.exchange(&self.cache, tried.credentials.access_key_id());
        let Some(mut request) = tried.spare.filter(|_| is_hope) else { return Verdict::Done(response) };
        match self.sign_reqwest(&mut request).await {
            Ok(fresh) if fresh.access_key_id() != tried.credentials.access_key_id() => {
                Verdict::Again(Box::new(request))
            }
            // The same key would be rejected again, and without one the answer says more than we could.
            _ => Verdict::Done(response),
        }
    }
}

/// A request that was sent once.
pub(super) struct Tried {
    credentials: Credentials,
    /// To be sent again; `None` if its body is a stream.
    spare: Option<Request>,
}

pub(super) enum Verdict {
    Done(Response),
    Again(Box<Request>),
}

/// Why there is no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// There are no credentials, or the request cannot be signed.
    NotSigned(Error),
    /// It was signed, and reqwest could not send it, or got no answer. Without the query of the URL.
    NotSent(::reqwest::Error),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSigned(error) => error.fmt(f),
            Self::NotSent(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotSigned(error) => error.source(),
            Self::NotSent(error) => error.source(),
        }
    }
}

impl From<Error> for SendError {
    fn from(error: Error) -> Self {
        Self::NotSigned(error)
    }
}

impl From<::reqwest::Error> for SendError {
    fn from(mut error: ::reqwest::Error) -> Self {
        if let Some(url) = error.url_mut() {
            url.set_query(None);
        }
        Self::NotSent(error)
    }
}
