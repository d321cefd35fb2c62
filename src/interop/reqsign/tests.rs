use reqsign_aws_v4::RequestSigner;
use reqsign_core::{Signer, SigningCredential};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::provider::provider_fn;

const HOUR: Duration = Duration::from_secs(3600);

/// A cache whose sets are called `AKIA1`, `AKIA2` and so on, and live this long.
fn cache(lifetime: Option<Duration>) -> CredentialsCache {
    let count = Arc::new(AtomicU32::new(0));
    CredentialsCache::new(provider_fn(move || {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        let now = Timestamp::now().as_system_time();
        let expiry = lifetime.map(|lifetime| now + lifetime);
        let credentials = Credentials::builder(format!("AKIA{number}"), "CANARY").expiry(expiry).build();
        std::future::ready(credentials)
    }))
}

fn signer(provider: impl ProvideCredential<Credential = Credential>) -> Signer<Credential> {
    Signer::new(Context::new(), provider, RequestSigner::new("s3", "eu-west-1"))
}

/// The access key id that a request is signed with.
async fn signed_by(signer: &Signer<Credential>, valid_for: Option<Duration>) -> Result<String, SigningError> {
    let request = http::Request::get("https://reports.s3.eu-west-1.amazonaws.com/a").body(()).unwrap();
    let (mut head, ()) = request.into_parts();
    signer.sign(&mut head, valid_for).await?;
    let header = head.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let signature = header.unwrap_or_else(|| head.uri.to_string());
    let start = signature.find("AKIA").unwrap();
    Ok(signature[start..start + 5].to_owned())
}

#[tokio::test]
async fn a_signer_asks_the_cache_each_time() {
    for lifetime in [None, Some(HOUR)] {
        let cache = cache(lifetime);
        let signer = signer(cache.clone());
        assert_eq!(signed_by(&signer, None).await.unwrap(), "AKIA1");
        cache.invalidate("AKIA1");
        assert_eq!(signed_by(&signer, None).await.unwrap(), "AKIA2", "{lifetime:?}");
        assert_eq!(signed_by(&signer, Some(Duration::from_secs(30))).await.unwrap(), "AKIA2");
    }
}

#[tokio::test]
async fn presigning_for_long_knows_the_expiry() {
    let error = signed_by(&signer(cache(Some(HOUR))), Some(HOUR / 2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialInvalid);

    let signer = signer(PresigningCredentials::new(&cache(Some(HOUR))));
    assert_eq!(signed_by(&signer, Some(HOUR / 2)).await.unwrap(), "AKIA1");
    let error = signed_by(&signer, Some(2 * HOUR)).await.unwrap_err();
    assert!(error.to_string().contains("expires before"), "{error}");
}

#[tokio::test]
async fn nobody_signs_nothing_and_failures_keep_their_text() {
    let nobody = provider_fn(|| std::future::ready(Ok(Credentials::anonymous())));
    let credential = CredentialsCache::new(nobody).provide_credential(&Context::new()).await.unwrap();
    assert!(credential.is_none());

    let absent = || std::future::ready(Err(Error::not_configured("vault", "VAULT_ADDR is not set")));
    let cache = CredentialsCache::new(provider_fn(absent));
    for error in [
        signed_by(&signer(cache.clone()), None).await.unwrap_err(),
        signed_by(&signer(PresigningCredentials::new(&cache)), None).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("vault: VAULT_ADDR is not set"), "{error}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn what_a_signer_holds_shows_no_secret() {
    let credential = cache(None).provide_credential(&Context::new()).await.unwrap().unwrap();
    assert!(!credential.is_valid() && credential.is_valid_at(Timestamp::now() + Duration::from_secs(10)));
    assert!(!format!("{credential:?}").contains("CANARY"));
}
