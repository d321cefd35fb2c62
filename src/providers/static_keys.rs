//! Keys written in the program, and no keys on purpose.

use crate::credentials::Credentials;
use crate::error::Error;
use crate::provider::CredentialsProvider;
use crate::source::{Source, SourceKind};

/// Keys that the program was given by other means. They are never refreshed.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, providers::StaticKeys};
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let cache = CredentialsCache::new(StaticKeys::new("AKIAIOSFODNN7EXAMPLE", "secret", None)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StaticKeys(Credentials);

impl StaticKeys {
    /// Keys, and for temporary ones their session token.
    ///
    /// # Errors
    /// One is empty, or holds a character that has no place in it.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<secrecy::SecretString>,
        session_token: Option<secrecy::SecretString>,
    ) -> Result<Self, Error> {
        let mut builder = Credentials::builder(access_key_id, secret_access_key)
            .source(Source::new(SourceKind::StaticKeys));
        if let Some(token) = session_token {
            builder = builder.session_token(token);
        }
        builder.build().map(Self)
    }
}

impl CredentialsProvider for StaticKeys {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        Ok(self.0.clone())
    }
}

/// No identity on purpose: see [`Credentials::anonymous`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl CredentialsProvider for Anonymous {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        Ok(Credentials::anonymous())
    }
}
