//! One set of credentials in the forms in which other libraries take it.

#[cfg(feature = "object-store")]
use std::sync::Arc;
use std::sync::OnceLock;

/// Made once for each set, and gone with it: a request copies a pointer and not the secret.
#[derive(Clone, Default)]
pub(crate) struct Forms {
    #[cfg(feature = "aws-sdk")]
    pub(super) aws_sdk: OnceLock<aws_credential_types::Credentials>,
    #[cfg(feature = "object-store")]
    pub(super) object_store: OnceLock<Arc<::object_store::aws::AwsCredential>>,
}
