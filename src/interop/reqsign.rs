//! Caches as credentials of reqsign, and with it of OpenDAL.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqsign_aws_v4::Credential;
use reqsign_core::time::Timestamp;
use reqsign_core::{Context, Error as SigningError, ErrorKind, ProvideCredential};
use secrecy::ExposeSecret;

use crate::cache::CredentialsCache;
use crate::credentials::Credentials;
use crate::error::{Error, FailureKind};

/// A signer asks the cache for each request: what it renewed, or was told to renew, is used from then on.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, DefaultChain};
/// use reqsign_core::ProvideCredentialChain;
///
/// let cache = CredentialsCache::new(DefaultChain::new());
/// let credentials = ProvideCredentialChain::new().push(cache.clone());
/// // opendal::services::S3::default().credential_provider_chain(credentials)
/// ```
///
/// By itself it would keep what it was given until two minutes before its expiry, and what does not expire for ever,
/// and hear of no rejection and of no rotated file. So it is told that everything expires in a minute. Whether credentials
/// still are any good is for the cache to judge, stale ones included. URLs that are presigned for longer than a minute
/// need [`PresigningCredentials`].
///
/// A signer tells nobody that a service rejected a request's credentials: whoever sees that calls
/// [`invalidate`](CredentialsCache::invalidate). A `ProvideCredentialChain` drops the errors of its members; they are in
/// the cache's [`status`](CredentialsCache::status), in its events, and in the log of reqsign. Anonymous credentials are
/// none: `skip_signature` is OpenDAL's way not to sign.
impl ProvideCredential for CredentialsCache {
    type Credential = Credential;

    async fn provide_credential(&self, _: &Context) -> reqsign_core::Result<Option<Credential>> {
        let credentials = self.credentials().await.map_err(|error| failed(&error))?;
        Ok(form(&credentials, Some(in_a_minute())))
    }
}

/// A cache for signers of reqsign that presign for longer than a minute: they are told the true expiry.
///
/// They hold on to what they were given, until two minutes before its expiry or until a URL is to be valid for longer.
/// Meanwhile they see neither what [`invalidate`](CredentialsCache::invalidate) brought nor a rotated file. Give one
/// client this for presigning, and another one the cache itself for everything else.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, DefaultChain, interop::PresigningCredentials};
/// use reqsign_core::ProvideCredentialChain;
///
/// let cache = CredentialsCache::new(DefaultChain::new());
/// let for_urls = ProvideCredentialChain::new().push(PresigningCredentials::new(&cache));
/// ```
#[derive(Clone, Debug)]
pub struct PresigningCredentials {
    cache: CredentialsCache,
}

impl PresigningCredentials {
    /// Those of this cache.
    #[must_use]
    pub fn new(cache: &CredentialsCache) -> Self {
        Self { cache: cache.clone() }
    }
}

impl ProvideCredential for PresigningCredentials {
    type Credential = Credential;

    async fn provide_credential(&self, _: &Context) -> reqsign_core::Result<Option<Credential>> {
        let credentials = self.cache.credentials().await.map_err(|error| failed(&error))?;
        // Past their expiry a signer would not take them at all.
        let expires_in =
            if credentials.is_stale() { Some(in_a_minute()) } else { credentials.expiry().map(timestamp) };
        Ok(form(&credentials, expires_in))
    }
}

/// `None` for anonymous credentials: reqsign signs with whatever else it is given.
fn form(credentials: &Credentials, expires_in: Option<Timestamp>) -> Option<Credential> {
    (!credentials.is_anonymous()).then(|| Credential {
        access_key_id: credentials.access_key_id().to_owned(),
        secret_access_key: credentials.secret_access_key().expose_secret().to_owned(),
        session_token: credentials.session_token().map(|token| token.expose_secret().to_owned()),
        expires_in,
    })
}

/// By the clock that reqsign compares it with, whether or not it is right.
fn in_a_minute() -> Timestamp {
    Timestamp::now() + ASK_AGAIN
}

fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or_else(|_| in_a_minute())
}

fn failed(error: &Error) -> SigningError {
    let kind = match error {
        Error::NotConfigured(_) => ErrorKind::CredentialInvalid,
        Error::Failed(failure) => match failure.kind() {
            FailureKind::Misconfigured => ErrorKind::ConfigInvalid,
            FailureKind::Refused | FailureKind::Withheld => ErrorKind::PermissionDenied,
            FailureKind::Throttled => ErrorKind::RateLimited,
            _ => ErrorKind::Unexpected,
        },
    };
    SigningError::new(kind, error.to_string()).set_retryable(error.is_transient()).with_source(error.clone())
}

/// Less than the two minutes ahead of expiry in which a signer takes nothing from its own cache, and more than the ten
/// seconds for which it wants credentials to be valid.
///
/// Source: `Credential::is_valid` of reqsign-aws-core, `CREDENTIAL_OPERATION_HEADROOM` of reqsign-aws-v4.
const ASK_AGAIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
