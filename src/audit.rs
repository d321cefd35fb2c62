//! A record of each read of a cache.
//!
//! [`CredentialsCacheBuilder::audit`](crate::CredentialsCacheBuilder::audit) takes an [`AuditSink`]. It is given a
//! [`ReadRecord`] for each set of credentials that the cache hands out (`credentials`, `current`, `with_current`, `renew`,
//! `valid_for`, and what roles and other libraries take from it), before it is handed out. Who reads cannot be known; which
//! keys, from where and when can.
//!
//! It fails closed: where the sink gives an error, or panics, `credentials` is an [error](crate::FailureKind::Unavailable)
//! and `current` is `None`, for this read; nothing is remembered. A sink that must not stand in the way gives `Ok(())`
//! whatever happens.
//!
//! It is called in the thread of whoever reads, so it has to be quick and must not block: a bounded channel
//! ([`tokio::sync::mpsc::Sender<ReadRecord>`](tokio::sync::mpsc::Sender), which fails if it is full) takes the rest
//! elsewhere. A sink must not read the cache that it audits: that read is refused. A cache without a sink is read as if
//! there were none of this; one with a sink takes the longer way at each read, some hundred nanoseconds.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::credentials::Credentials;
use crate::source::Source;
use crate::wall_time::WallTime;

/// Told of each read before the credentials are handed out. Any closure is one that takes a [`ReadRecord`] and gives a
/// `Result`.
///
/// ```
/// use aws_credential_chain::audit::ReadRecord;
/// use aws_credential_chain::{CredentialsCache, DefaultChain};
///
/// let (sender, reads) = tokio::sync::mpsc::channel::<ReadRecord>(4096);
/// let cache = CredentialsCache::builder(DefaultChain::new()).audit(sender).build();
/// ```
pub trait AuditSink: Send + Sync + 'static {
    /// Takes the record down, without waiting.
    ///
    /// # Errors
    /// It cannot: the credentials are not handed out. The text says why, and no secret.
    fn read(&self, record: &ReadRecord) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

impl<F> AuditSink for F
where
    F: Fn(&ReadRecord) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send + Sync + 'static,
{
    fn read(&self, record: &ReadRecord) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self(record)
    }
}

/// For one that several caches share.
impl<S: AuditSink> AuditSink for Arc<S> {
    fn read(&self, record: &ReadRecord) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        S::read(self, record)
    }
}

impl AuditSink for mpsc::Sender<ReadRecord> {
    fn read(&self, record: &ReadRecord) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.try_send(record.clone()).map_err(|error| match error {
            TrySendError::Full(_) => "the channel is full".into(),
            TrySendError::Closed(_) => "the receiver of the channel has gone".into(),
        })
    }
}

/// One read: which keys were handed out, from where, and when. Without secrets.
///
/// With the feature `sts` it serializes. Names are stable; `version` counts up if one of them changes its meaning. Names
/// may be added.
///
/// ```json
/// {
///   "version": 1,
///   "type": "credentials_read",
///   "at": "2026-11-25T21:00:00Z",
///   "access_key_id": "ASIAQ3EGVB6RWXAMPLE2",
///   "account_id": "123456789012",
///   "source": [{ "kind": "environment", "detail": null }, { "kind": "assume role", "detail": "arn:…" }],
///   "expires_at": "2026-11-25T21:15:00Z",
///   "stale": false,
///   "generation": 7
/// }
/// ```
#[derive(Clone)]
pub struct ReadRecord {
    credentials: Credentials,
    at: WallTime,
}

impl ReadRecord {
    pub(crate) fn new(credentials: &Credentials, at: WallTime) -> Self {
        Self { credentials: credentials.clone(), at }
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at.into()
    }

    /// Names the keys; not a secret.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.credentials.access_key_id()
    }

    /// The account they belong to, where it is known.
    #[must_use]
    pub fn account_id(&self) -> Option<&str> {
        self.credentials.account_id()
    }

    /// Where they came from, hop by hop.
    #[must_use]
    pub fn source(&self) -> &Source {
        self.credentials.source()
    }

    /// Until when AWS accepts them.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.credentials.expiry()
    }

    /// Whether they were handed out [past their expiry](Credentials::is_stale).
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.credentials.is_stale()
    }

    /// Tells sets apart: [`Credentials::generation`].
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.credentials.generation()
    }
}

#[cfg(feature = "sts")]
impl serde::Serialize for ReadRecord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        use crate::record::{Hops, Rfc3339};

        let mut record = serializer.serialize_struct("ReadRecord", 9)?;
        record.serialize_field("version", &VERSION)?;
        record.serialize_field("type", "credentials_read")?;
        record.serialize_field("at", &Rfc3339(self.at))?;
        record.serialize_field("access_key_id", self.access_key_id())?;
        record.serialize_field("account_id", &self.account_id())?;
        record.serialize_field("source", &Hops(self.source()))?;
        record.serialize_field("expires_at", &self.expires_at().map(|at| Rfc3339(at.into())))?;
        record.serialize_field("stale", &self.is_stale())?;
        record.serialize_field("generation", &self.generation())?;
        record.end()
    }
}

/// `2026-11-25T21:00:00Z ASIA… of environment → assume role (arn:…)`
impl fmt::Display for ReadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {}", self.at, self.access_key_id(), self.source())
    }
}

impl fmt::Debug for ReadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadRecord").field("at", &self.at).field("credentials", &self.credentials).finish()
    }
}

#[cfg(feature = "sts")]
const VERSION: u32 = 1;
