use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::credentials::Credentials;
use crate::interop::exchange::PAUSE;
use crate::provider::provider_fn;

/// A cache whose sets are called `AKIA1`, `AKIA2` and so on, or all the same.
fn cache(repeats: bool) -> CredentialsCache {
    let count = AtomicU32::new(1);
    CredentialsCache::new(provider_fn(move || {
        let number = if repeats { 1 } else { count.fetch_add(1, Ordering::Relaxed) };
        std::future::ready(Credentials::builder(format!("AKIA{number}"), "secret").build())
    }))
}

async fn in_hand(cache: &CredentialsCache) -> String {
    cache.credentials().await.unwrap().access_key_id().to_owned()
}

#[tokio::test(start_paused = true)]
async fn keys_are_exchanged_once_and_not_again_at_once() {
    let cache = cache(false);
    let recovery = ExpiredTokenRecovery::new(&cache);
    assert_eq!(in_hand(&cache).await, "AKIA1");
    // Whoever reports it first, and those who do right after.
    assert!(recovery.exchanges.exchange(&cache, "AKIA1"));
    assert!(recovery.clone().exchanges.exchange(&cache, "AKIA1"));
    assert!(recovery.is_bypassed("AKIA1"));
    assert_eq!(in_hand(&cache).await, "AKIA2");
    assert!(recovery.is_bypassed("AKIA1") && !recovery.is_bypassed("AKIA2"));
    // Late.
    assert!(recovery.exchanges.exchange(&cache, "AKIA1"));
    assert_eq!(in_hand(&cache).await, "AKIA2");
    // New ones do not help: the source is not asked for each call.
    assert!(!recovery.exchanges.exchange(&cache, "AKIA2"));
    assert_eq!(in_hand(&cache).await, "AKIA2");
    tokio::time::sleep(PAUSE).await;
    assert!(recovery.exchanges.exchange(&cache, "AKIA2"));
    assert_eq!(in_hand(&cache).await, "AKIA3");
}

#[tokio::test(start_paused = true)]
async fn there_is_no_hope_in_a_source_that_repeats_itself() {
    let cache = cache(true);
    let recovery = ExpiredTokenRecovery::new(&cache);
    assert_eq!(in_hand(&cache).await, "AKIA1");
    assert!(recovery.exchanges.exchange(&cache, "AKIA1"));
    assert_eq!(in_hand(&cache).await, "AKIA1");
    assert!(!recovery.exchanges.exchange(&cache, "AKIA1") && !recovery.is_bypassed("AKIA1"));
}

#[test]
fn a_signature_names_its_key() {
    for (header, expected) in [
        (
            "AWS4-HMAC-SHA256 Credential=AKIA1/20261125/eu-west-1/s3/aws4_request, SignedHeaders=host",
            Some("AKIA1"),
        ),
        (
            "AWS4-ECDSA-P256-SHA256 Credential=AKIA2/20261125/s3/aws4_request, SignedHeaders=host",
            Some("AKIA2"),
        ),
        ("AWS4-HMAC-SHA256 Credential=/20261125", None),
        ("Bearer abc", None),
        ("", None),
    ] {
        assert_eq!(signed_by(header), expected, "{header}");
    }
}

/// As the SDK's operations have them: a variant of its own, or whatever came, with its metadata underneath.
#[derive(Debug)]
enum Refused {
    Modeled,
    Unhandled(ErrorMetadata),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl StdError for Refused {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Modeled => None,
            Self::Unhandled(metadata) => Some(metadata),
        }
    }
}

#[test]
fn codes_are_read_where_the_operation_has_no_type_for_them() {
    let metadata = || ErrorMetadata::builder().code("ExpiredToken").build();
    for (error, expected) in [
        (
            OrchestratorError::operation(OperationError::erase(Refused::Unhandled(metadata()))),
            Some("ExpiredToken"),
        ),
        (OrchestratorError::operation(OperationError::erase(Refused::Modeled)), None),
        (OrchestratorError::other("no answer"), None),
    ] {
        assert_eq!(code(&error), expected, "{error:?}");
    }
}
