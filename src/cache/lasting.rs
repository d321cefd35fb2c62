//! Credentials that last, for what is signed for long.

use std::time::Duration;

use crate::cache::CredentialsCache;
use crate::credentials::Credentials;
use crate::error::Error;

/// What [`CredentialsCache::valid_for`] found.
#[derive(Clone, Debug)]
#[must_use]
pub enum Lasting {
    /// They last as long as was asked for.
    Enough(Credentials),
    /// They are the longest that the source gives, and not long enough.
    Short {
        /// The credentials.
        credentials: Credentials,
        /// How much of the time that was asked for comes after their expiry.
        by: Duration,
    },
}

impl Lasting {
    /// The credentials, long enough or not.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        match self {
            Self::Enough(credentials) | Self::Short { credentials, .. } => credentials,
        }
    }

    /// By how much they fall short; zero if they do not.
    #[must_use]
    pub fn shortfall(&self) -> Duration {
        match self {
            Self::Enough(_) => Duration::ZERO,
            Self::Short { by, .. } => *by,
        }
    }
}

impl CredentialsCache {
    /// Credentials that are valid for so long from now on, for what is signed for long: a presigned URL dies with the
    /// credentials that signed it.
    ///
    /// If those in hand do not last, and the source is likely to give longer ones, they are renewed early; otherwise the
    /// answer says by how much it falls short. A source is asked for that at most ten times in the life of what it
    /// gives, and not while it is left alone after a failure. A call waits as a read in the last minute does.
    ///
    /// ```
    /// use std::time::Duration;
    /// use aws_credential_chain::Lasting;
    ///
    /// # async fn presign(cache: aws_credential_chain::CredentialsCache) -> Result<(), aws_credential_chain::Error> {
    /// let hour = Duration::from_secs(3600);
    /// let (credentials, lifetime) = match cache.valid_for(hour).await? {
    ///     Lasting::Enough(credentials) => (credentials, hour),
    ///     Lasting::Short { credentials, by } => (credentials, hour - by),
    /// };
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`credentials`](Self::credentials).
    pub async fn valid_for(&self, needed: Duration) -> Result<Lasting, Error> {
        let (credentials, by) = Box::pin(self.refresher.lasting(needed)).await?;
        Ok(if by.is_zero() { Lasting::Enough(credentials) } else { Lasting::Short { credentials, by } })
    }
}
