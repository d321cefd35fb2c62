//! Reads of a cache, as several tests make them.

use std::time::Duration;

use aws_credential_chain::{CredentialsCache, Error, FailureKind};

use super::outcome::{kind, settle};

/// The key that a read gives.
pub async fn key(cache: &CredentialsCache) -> String {
    cache.credentials().await.unwrap().access_key_id().to_owned()
}

/// The error of a read, which is of this kind and says all of this.
pub async fn refused(cache: &CredentialsCache, kind_of_it: FailureKind, says: &[&str]) -> Error {
    let error = cache.credentials().await.unwrap_err();
    let text = error.to_string();
    assert_eq!(kind(&error), Some(kind_of_it), "{text}");
    for part in says {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    error
}

/// A read each minute, and all that caches do by themselves meanwhile.
pub async fn pass(minutes: u32, cache: &CredentialsCache) {
    for _ in 0..minutes {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let _ = cache.credentials().await;
        settle().await;
    }
}
