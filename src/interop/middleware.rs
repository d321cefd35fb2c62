//! Every request of a client, signed: a middleware of the crate `reqwest-middleware`.

use std::fmt;
use std::sync::Arc;

use ::reqwest::{Request, Response, Url};
use http::Extensions;
use reqwest_middleware::{Error, Middleware, Next};

use super::reqwest::Verdict;
use super::sign::RequestSigner;

/// Signs requests, and lets them be sent once more with new credentials if the service rejects the old ones: what
/// [`RequestSigner::send`] does, for all that goes through a client.
///
/// ```
/// use aws_credential_chain::interop::{RequestSigner, SigningMiddleware, client_builder};
///
/// # async fn client(signer: RequestSigner) -> Result<(), Box<dyn std::error::Error>> {
/// let client = client_builder().await?.build()?;
/// let ours = |url: &reqwest::Url| url.host_str().is_some_and(|host| host.ends_with(".eu-central-1.on.aws"));
/// let client = reqwest_middleware::ClientBuilder::new(client).with(SigningMiddleware::new(signer, ours)).build();
/// # Ok(())
/// # }
/// ```
///
/// Add it behind those that change requests, and behind those that try again: each try has to be signed anew.
#[derive(Clone)]
#[must_use]
pub struct SigningMiddleware {
    signer: RequestSigner,
    signs: Arc<dyn Fn(&Url) -> bool + Send + Sync>,
}

impl SigningMiddleware {
    /// Signs the requests to those URLs of which `signs` says so. The others pass as they are: a client can be asked for
    /// any URL, and whoever gets a signed request gets a session token.
    pub fn new(signer: RequestSigner, signs: impl Fn(&Url) -> bool + Send + Sync + 'static) -> Self {
        Self { signer, signs: Arc::new(signs) }
    }
}

#[async_trait::async_trait]
impl Middleware for SigningMiddleware {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response, Error> {
        if !(self.signs)(request.url()) {
            return next.run(request, extensions).await;
        }
        let tried = self.signer.begin(&mut request).await.map_err(Error::middleware)?;
        let response = next.clone().run(request, extensions).await?;
        match self.signer.judge(tried, response).await {
            Verdict::Done(response) => Ok(response),
            Verdict::Again(request) => next.run(*request, extensions).await,
        }
    }
}

impl fmt::Debug for SigningMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningMiddleware").field("signer", &self.signer).finish_non_exhaustive()
    }
}
