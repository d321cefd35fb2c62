use std::error::Error as _;
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::provider::provider_fn;

fn cache(given: Result<Credentials, Error>) -> CredentialsCache {
    CredentialsCache::new(provider_fn(move || std::future::ready(given.clone())))
}

/// Long after these tests.
fn expiry() -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_secs(9_000_000_000)
}

#[tokio::test]
async fn all_of_a_set_is_carried_over() {
    let credentials = Credentials::builder("ASIA1", "CANARY-secret")
        .session_token("CANARY-token")
        .expiry(expiry())
        .account_id("123456789012")
        .build();
    let cache = cache(credentials);
    assert!(cache.fallback_on_interrupt().is_none());
    let theirs = cache.provide_credentials().await.unwrap();
    assert_eq!(theirs.access_key_id(), "ASIA1");
    assert_eq!(theirs.secret_access_key(), "CANARY-secret");
    assert_eq!(theirs.session_token(), Some("CANARY-token"));
    assert_eq!(theirs.expiry(), Some(expiry()));
    assert_eq!(theirs.account_id().unwrap().as_str(), "123456789012");
    assert_eq!(cache.fallback_on_interrupt().unwrap(), theirs);
    assert!(!format!("{theirs:?} {cache:?}").contains("CANARY"));
}

#[tokio::test]
async fn failures_become_those_of_the_sdk_and_keep_their_text() {
    let failure = |kind| Err(Failure::new(kind, "vault", "it says no").with_remedy("ask again").into());
    let absent = Err(Error::not_configured("vault", "it says no"));
    for (given, expected) in [
        (absent, "CredentialsNotLoaded"),
        (failure(FailureKind::Misconfigured), "InvalidConfiguration"),
        (failure(FailureKind::Refused), "ProviderError"),
        (failure(FailureKind::TimedOut), "ProviderError"),
    ] {
        let error = cache(given).provide_credentials().await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{error:?}");
        assert!(error.source().unwrap().to_string().contains("vault: it says no"), "{error:?}");
    }
    let error = cache(Ok(Credentials::anonymous())).provide_credentials().await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("allow_no_auth"), "{error:?}");
}

#[tokio::test]
async fn the_sdk_is_told_the_way_hop_by_hop() {
    use Feature::{
        CredentialsCode, CredentialsEnvVars, CredentialsHttp, CredentialsImds, CredentialsProcess,
        CredentialsProfile,
    };
    for (kind, expected) in [
        (SourceKind::StaticKeys, Some(CredentialsCode)),
        (SourceKind::Environment, Some(CredentialsEnvVars)),
        (SourceKind::ProfileFile, Some(CredentialsProfile)),
        (SourceKind::Process, Some(CredentialsProcess)),
        (SourceKind::Container, Some(CredentialsHttp)),
        (SourceKind::InstanceMetadata, Some(CredentialsImds)),
        (SourceKind::Custom, None),
    ] {
        assert_eq!(told(Source::new(kind)).await, Vec::from_iter(expected), "{kind}");
    }
}

#[cfg(feature = "sts")]
#[tokio::test]
async fn the_sdk_is_told_what_sts_was_asked_for() {
    for (kind, expected) in [
        (SourceKind::AssumeRole, Some(Feature::CredentialsStsAssumeRole)),
        (SourceKind::WebIdentity, Some(Feature::CredentialsStsAssumeRoleWebId)),
        (SourceKind::Saml, Some(Feature::CredentialsStsAssumeRoleSaml)),
        (SourceKind::SessionToken, Some(Feature::CredentialsStsSessionToken)),
        (SourceKind::FederationToken, Some(Feature::CredentialsStsFederationToken)),
        (SourceKind::AssumeRoot, None),
        (SourceKind::DelegatedAccess, None),
    ] {
        let way = Source::new(SourceKind::ProfileFile).with_detail("dev").further(kind);
        let expected = std::iter::once(Feature::CredentialsProfile).chain(expected);
        assert_eq!(told(way).await, expected.collect::<Vec<_>>(), "{kind}");
    }
}

/// The features of credentials that came this way.
async fn told(source: Source) -> Vec<Feature> {
    let credentials = Credentials::builder("AKIA1", "secret").source(source).build();
    let theirs = cache(credentials).provide_credentials().await.unwrap();
    theirs.get_property::<Vec<Feature>>().cloned().unwrap_or_default()
}
