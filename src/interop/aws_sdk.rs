//! Caches as credentials of the AWS SDK for Rust.

mod recovery;

use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use secrecy::ExposeSecret;

pub use self::recovery::ExpiredTokenRecovery;
use crate::cache::CredentialsCache;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::source::{Hop, Source, SourceKind};

/// What it cannot give becomes an error of the SDK, with the whole text underneath:
///
/// | here | there |
/// |---|---|
/// | [`Error::NotConfigured`] | `CredentialsNotLoaded`: a chain of the SDK goes on |
/// | [`FailureKind::Misconfigured`], anonymous credentials | `InvalidConfiguration` |
/// | every other failure | `ProviderError` |
///
/// Expiry and account id are carried over, and so is the way to the credentials, as the features that the SDK names in its
/// user agent. Credentials that are served past their expiry keep it; without a cache of its
/// own (`IdentityCache::no_cache()`) the SDK does not look at it.
impl ProvideCredentials for CredentialsCache {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            match self.credentials().await {
                Ok(credentials) => form(&credentials),
                Err(error) => Err(failed(error)),
            }
        })
    }

    /// What is in hand, for an SDK that has lost its patience.
    fn fallback_on_interrupt(&self) -> Option<SdkCredentials> {
        self.with_current(|credentials| form(credentials).ok()).flatten()
    }
}

fn form(credentials: &Credentials) -> provider::Result {
    if credentials.is_anonymous() {
        return Err(failed(anonymous()));
    }
    let made = credentials.forms().aws_sdk.get_or_init(|| {
        let mut form = SdkCredentials::builder()
            .access_key_id(credentials.access_key_id())
            .secret_access_key(credentials.secret_access_key().expose_secret())
            .provider_name(credentials.source().kind().name());
        form.set_session_token(credentials.session_token().map(|token| token.expose_secret().to_owned()));
        form.set_expiry(credentials.expiry());
        form.set_account_id(credentials.account_id().map(Into::into));
        let mut form = form.build();
        form.set_property(features(credentials.source()));
        form
    });
    Ok(made.clone())
}

/// The way, in AWS's words: one for each hop, the base first. The kinds that AWS has no word for are left out. What only a
/// profile or a variable would know, as that a role was named by one, is not told.
fn features(source: &Source) -> Vec<Feature> {
    source.hops().map(Hop::kind).filter_map(feature).collect()
}

fn feature(kind: SourceKind) -> Option<Feature> {
    Some(match kind {
        SourceKind::StaticKeys => Feature::CredentialsCode,
        SourceKind::Environment => Feature::CredentialsEnvVars,
        SourceKind::ProfileFile => Feature::CredentialsProfile,
        SourceKind::Process => Feature::CredentialsProcess,
        SourceKind::Container => Feature::CredentialsHttp,
        SourceKind::InstanceMetadata => Feature::CredentialsImds,
        SourceKind::AssumeRole => Feature::CredentialsStsAssumeRole,
        SourceKind::WebIdentity => Feature::CredentialsStsAssumeRoleWebId,
        SourceKind::Saml => Feature::CredentialsStsAssumeRoleSaml,
        SourceKind::SessionToken => Feature::CredentialsStsSessionToken,
        SourceKind::FederationToken => Feature::CredentialsStsFederationToken,
        SourceKind::AssumeRoot | SourceKind::DelegatedAccess | SourceKind::Anonymous | SourceKind::Custom => {
            return None;
        }
    })
}

fn failed(error: Error) -> CredentialsError {
    match &error {
        Error::NotConfigured(_) => CredentialsError::not_loaded(error),
        Error::Failed(failure) if failure.kind() == FailureKind::Misconfigured => {
            CredentialsError::invalid_configuration(error)
        }
        // Not `provider_timed_out`: it takes no text along.
        Error::Failed(_) => CredentialsError::provider_error(error),
    }
}

fn anonymous() -> Error {
    Failure::new(FailureKind::Misconfigured, "AWS SDK", "anonymous credentials cannot sign")
        .with_remedy("configure the client with `no_credentials` or `allow_no_auth` instead of credentials")
        .into()
}

#[cfg(test)]
mod tests;
