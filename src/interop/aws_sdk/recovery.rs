//! Clients of the SDK that go on with new credentials where a service rejected the old ones.

use std::error::Error as StdError;
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, Error as OperationError, FinalizerInterceptorContextMut,
    InterceptorContext,
};
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::retry::ErrorKind;

use crate::cache::{CacheState, CredentialsCache};
use crate::interop::exchange::{Exchanges, has_others_than};
use crate::wire::rejection;

/// Lets a client of the SDK go on where a service rejects its credentials (`ExpiredToken` and the like): they are
/// [invalidated](CredentialsCache::invalidate), and the same call is tried once more, with new ones.
///
/// By itself the SDK gives the error to the caller, and goes on signing with what it has cached. Give a client all four:
///
/// ```
/// # struct Builder;
/// # impl Builder {
/// #     fn credentials_provider(self, _: impl aws_credential_types::provider::ProvideCredentials + 'static) -> Self { self }
/// #     fn identity_cache(self, _: ()) -> Self { self }
/// #     fn interceptor(self, _: impl aws_smithy_runtime_api::client::interceptors::Intercept + 'static) -> Self { self }
/// #     fn retry_classifier(self, _: impl aws_smithy_runtime_api::client::retries::classifiers::ClassifyRetry + 'static) -> Self { self }
/// # }
/// # struct IdentityCache;
/// # impl IdentityCache { fn no_cache() {} }
/// use aws_credential_chain::interop::ExpiredTokenRecovery;
/// use aws_credential_chain::{CredentialsCache, DefaultChain};
/// // use aws_sdk_sts::config::{Builder, IdentityCache};
///
/// let cache = CredentialsCache::new(DefaultChain::new());
/// let recovery = ExpiredTokenRecovery::new(&cache);
/// # let builder = Builder;
/// let config = builder
///     .credentials_provider(cache)
///     .identity_cache(IdentityCache::no_cache()) // the cache is the cache
///     .interceptor(recovery.clone()) // sees the rejection
///     .retry_classifier(recovery); // has the call tried again
/// ```
///
/// A rejection is one of the codes `ExpiredToken`, `ExpiredTokenException`, `InvalidToken`, `TokenRefreshRequired`,
/// `InvalidAccessKeyId`, `InvalidClientTokenId` and `UnrecognizedClientException`, or EC2's `AuthFailure` and `RequestExpired`, in
/// answer to a signed request. A missing permission, a wrong signature and a wrong clock are none. Answers without a body,
/// as to S3's `HEAD` requests, have no code.
///
/// The second try counts as a retry of the SDK: there is none where its retries are off or used up, or where the body
/// of a request cannot be sent twice. It goes out at once, and waits for the refresh as a
/// [read](CredentialsCache::credentials) does. If new credentials are rejected as well within ten seconds, that is the
/// caller's to see: a service that accepts none would have the source asked for each call.
#[derive(Clone, Debug)]
pub struct ExpiredTokenRecovery {
    cache: CredentialsCache,
    exchanges: Exchanges,
}

impl ExpiredTokenRecovery {
    /// For clients that take their credentials from this cache. Clones share what they know of the last rejection.
    #[must_use]
    pub fn new(cache: &CredentialsCache) -> Self {
        Self { cache: cache.clone(), exchanges: Exchanges::default() }
    }

    /// Whether a client that signed with these again after they were exchanged has not asked the cache at all.
    fn is_bypassed(&self, access_key_id: &str) -> bool {
        let status = self.cache.status();
        let is_waited_for = status.state == CacheState::Mandatory && status.last_failure.is_none();
        is_waited_for || has_others_than(&self.cache, access_key_id)
    }
}

impl Intercept for ExpiredTokenRecovery {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let authorization = context.request().headers().get("authorization");
        let access_key_id = authorization.and_then(signed_by).map(str::to_owned);
        cfg.interceptor_state().store_put(SignedBy(access_key_id));
        Ok(())
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Err(error)) = context.output_or_error() else { return Ok(()) };
        if !code(error).is_some_and(rejection::is_of_credentials) {
            return Ok(());
        }
        let Some(SignedBy(Some(access_key_id))) = cfg.load::<SignedBy>() else { return Ok(()) };
        if cfg.load::<TriedAgain>().is_some() {
            if self.is_bypassed(access_key_id) {
                tracing::warn!(
                    %access_key_id,
                    "the AWS SDK signed again with credentials that were exchanged: configure the client with \
                     `identity_cache(IdentityCache::no_cache())`"
                );
            }
            return Ok(());
        }
        if self.exchanges.exchange(&self.cache, access_key_id) {
            cfg.interceptor_state().store_put(TriedAgain);
            if let Some(response) = context.response_mut() {
                response.add_extension(TriedAgain);
            }
        }
        Ok(())
    }
}

impl ClassifyRetry for ExpiredTokenRecovery {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        // A classifier is not shown the bag of the operation: the response carries the mark.
        match context.response().and_then(|response| response.extension::<TriedAgain>()) {
            Some(TriedAgain) => {
                RetryAction::retryable_error_with_explicit_delay(ErrorKind::ClientError, Duration::ZERO)
            }
            None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

/// Whose signature the present attempt bears.
#[derive(Debug)]
struct SignedBy(Option<String>);

impl Storable for SignedBy {
    type Storer = StoreReplace<Self>;
}

/// The operation is tried again with other credentials, or was.
#[derive(Clone, Copy, Debug)]
struct TriedAgain;

impl Storable for TriedAgain {
    type Storer = StoreReplace<Self>;
}

/// The access key id in a header of a signed request: `AWS4-HMAC-SHA256 Credential=AKIA…/20261125/…, …`.
fn signed_by(authorization: &str) -> Option<&str> {
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').next().filter(|id| !id.is_empty())
}

/// The code of a service's error that the operation has no type of its own for. Those that it has speak of what was
/// passed to it: a web identity token, say.
fn code(error: &OrchestratorError<OperationError>) -> Option<&str> {
    let mut cause: &(dyn StdError + 'static) = error.as_operation_error()?;
    for _ in 0..CAUSES_MAX {
        if let Some(metadata) = cause.downcast_ref::<ErrorMetadata>() {
            return metadata.code();
        }
        cause = cause.source()?;
    }
    None
}

const NAME: &str = "ExpiredTokenRecovery";
/// An operation's error holds the metadata right underneath.
const CAUSES_MAX: usize = 8;

#[cfg(test)]
mod tests;
