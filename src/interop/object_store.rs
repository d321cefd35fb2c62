//! Caches as credentials of the crate `object_store`.

use std::sync::Arc;

use ::object_store::aws::AwsCredential;
use ::object_store::{CredentialProvider, Error as StoreError};
use async_trait::async_trait;
use secrecy::ExposeSecret;

use crate::cache::CredentialsCache;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};

/// A store asks the cache for each request: what it renewed, or was told to renew, is used from then on.
///
/// ```
/// use std::sync::Arc;
/// use aws_credential_chain::{CredentialsCache, DefaultChain};
/// use object_store::aws::AmazonS3Builder;
///
/// let cache = CredentialsCache::new(DefaultChain::new());
/// let s3 = AmazonS3Builder::new().with_bucket_name("reports").with_credentials(Arc::new(cache.clone()));
/// ```
///
/// A store tells nobody that a service rejected a request's credentials: whoever sees that calls
/// [`invalidate`](CredentialsCache::invalidate). Anonymous credentials are refused;
/// `AmazonS3Builder::with_skip_signature` is the store's way not to sign.
#[async_trait]
impl CredentialProvider for CredentialsCache {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> ::object_store::Result<Arc<AwsCredential>> {
        let credentials = self.credentials().await.map_err(failed)?;
        if credentials.is_anonymous() {
            return Err(failed(anonymous()));
        }
        Ok(Arc::clone(credentials.forms().object_store.get_or_init(|| Arc::new(form(&credentials)))))
    }
}

fn form(credentials: &Credentials) -> AwsCredential {
    AwsCredential {
        key_id: credentials.access_key_id().to_owned(),
        secret_key: credentials.secret_access_key().expose_secret().to_owned(),
        token: credentials.session_token().map(|token| token.expose_secret().to_owned()),
    }
}

fn failed(error: Error) -> StoreError {
    StoreError::Generic { store: "S3", source: Box::new(error) }
}

fn anonymous() -> Error {
    Failure::new(FailureKind::Misconfigured, "object_store", "anonymous credentials cannot sign")
        .with_remedy("build the store with `with_skip_signature(true)` instead of credentials")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::provider_fn;

    #[tokio::test]
    async fn a_set_is_copied_once() {
        let credentials = Credentials::builder("AKIA", "secret").session_token("token").build().unwrap();
        let given = credentials.clone();
        let cache = CredentialsCache::new(provider_fn(move || std::future::ready(Ok(given.clone()))));
        let first = cache.get_credential().await.unwrap();
        let expected = AwsCredential {
            key_id: "AKIA".to_owned(),
            secret_key: "secret".to_owned(),
            token: Some("token".to_owned()),
        };
        assert_eq!(*first, expected);
        assert!(Arc::ptr_eq(&first, &cache.get_credential().await.unwrap()));
    }

    #[tokio::test]
    async fn errors_keep_their_text() {
        let absent = || std::future::ready(Err(Error::not_configured("vault", "VAULT_ADDR is not set")));
        let error = CredentialsCache::new(provider_fn(absent)).get_credential().await.unwrap_err();
        assert!(error.to_string().contains("vault: VAULT_ADDR is not set"), "{error}");

        let nobody = || std::future::ready(Ok(Credentials::anonymous()));
        let error = CredentialsCache::new(provider_fn(nobody)).get_credential().await.unwrap_err();
        assert!(error.to_string().contains("with_skip_signature"), "{error}");
    }
}
