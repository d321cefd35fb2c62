//! One set of AWS credentials, with where it came from.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Failure, FailureKind};
use crate::source::{Source, SourceKind};
use crate::wall_time::WallTime;

/// One whole set of AWS credentials: key, secret, token and expiry belong together and never change.
///
/// Cloning copies a pointer. `Debug` shows neither secret nor token, and there is no `Serialize` and no
/// `Display`: whoever writes a secret down has to call [`ExposeSecret::expose_secret`] by name.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use aws_credential_chain::Credentials;
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let credentials = Credentials::builder("AKIAIOSFODNN7EXAMPLE", "a-secret")
///     .session_token("a-token")
///     .expiry(SystemTime::now() + Duration::from_secs(900))
///     .account_id("123456789012")
///     .build()?;
/// assert!(!format!("{credentials:?}").contains("a-secret"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Credentials {
    parts: Arc<Parts>,
    stale: bool,
}

#[derive(Clone)]
struct Parts {
    access_key_id: Box<str>,
    secret_access_key: SecretString,
    session_token: Option<SecretString>,
    expiry: Option<SystemTime>,
    account_id: Option<AccountId>,
    source: Source,
    generation: u64,
    // Boxed: most have none of it.
    rare: Option<Box<Rare>>,
    #[cfg(any(feature = "aws-sdk", feature = "object-store"))]
    forms: crate::interop::Forms,
}

impl Credentials {
    /// Starts a set; [`build`](CredentialsBuilder::build) checks it.
    pub fn builder(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<SecretString>,
    ) -> CredentialsBuilder {
        CredentialsBuilder {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token: None,
            expiry: None,
            account_id: None,
            packed_policy_size: None,
            source: Source::new(SourceKind::Custom),
        }
    }

    /// No identity on purpose: requests go out unsigned, as public buckets allow.
    ///
    /// Its key and secret are empty; ask [`is_anonymous`](Self::is_anonymous) before signing.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::assemble(Parts {
            access_key_id: Box::default(),
            secret_access_key: SecretString::default(),
            session_token: None,
            expiry: None,
            account_id: None,
            source: Source::new(SourceKind::Anonymous),
            generation: next_generation(),
            rare: None,
            #[cfg(any(feature = "aws-sdk", feature = "object-store"))]
            forms: crate::interop::Forms::default(),
        })
    }

    /// Names the keys to AWS; not a secret.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.parts.access_key_id
    }

    /// Signs requests.
    #[must_use]
    pub fn secret_access_key(&self) -> &SecretString {
        &self.parts.secret_access_key
    }

    /// Goes with every request signed by temporary credentials (`X-Amz-Security-Token`).
    #[must_use]
    pub fn session_token(&self) -> Option<&SecretString> {
        self.parts.session_token.as_ref()
    }

    /// From this instant AWS refuses them. `None`: they do not expire by themselves.
    #[must_use]
    pub fn expiry(&self) -> Option<SystemTime> {
        self.parts.expiry
    }

    /// The twelve digits of the account that the credentials belong to, where the source tells it.
    #[must_use]
    pub fn account_id(&self) -> Option<&str> {
        self.parts.account_id.as_ref().map(AccountId::as_str)
    }

    /// How much of the room for session policies and tags they take, in percent, where STS tells it.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
    #[must_use]
    pub fn packed_policy_size(&self) -> Option<u8> {
        self.parts.rare.as_ref()?.packed_policy_size
    }

    /// Where they came from, hop by hop.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.parts.source
    }

    /// Counts up in this process with each set that is made: of two sets the later one has the greater number.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.parts.generation
    }

    /// Whether a cache served them past their expiry because the source could not be reached.
    ///
    /// AWS often still accepts such credentials for a while (the source failed, not the service), so some sources
    /// are served on; see [`RefreshPolicy`](crate::RefreshPolicy).
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Whether these are [`anonymous`](Self::anonymous).
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.parts.access_key_id.is_empty()
    }

    /// What a person has to give for the next set, for errors: a cache asks for it only where somebody asks the cache.
    pub(crate) fn asks_for(&self) -> Option<&str> {
        self.parts.rare.as_ref()?.asks_for.as_deref()
    }

    /// After the rest that is asked for.
    #[cfg(feature = "sts")]
    pub(crate) fn asking_for(mut self, what: String) -> Self {
        let rare = Arc::make_mut(&mut self.parts).rare.get_or_insert_default();
        let all = match rare.asks_for.take() {
            Some(rest) => format!("{what} and {rest}"),
            None => what,
        };
        rare.asks_for = Some(all.into());
        self
    }

    /// The same in the forms of other libraries.
    #[cfg(any(feature = "aws-sdk", feature = "object-store"))]
    pub(crate) fn forms(&self) -> &crate::interop::Forms {
        &self.parts.forms
    }

    pub(crate) fn marked_stale(&self) -> Self {
        Self { parts: Arc::clone(&self.parts), stale: true }
    }

    fn assemble(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), stale: false }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &*self.parts;
        f.debug_struct("Credentials")
            .field("access_key_id", &parts.access_key_id)
            .field("secret_access_key", &"[REDACTED]")
            .field("session_token", &parts.session_token.as_ref().map(|_| "[REDACTED]"))
            .field("expiry", &parts.expiry.map(WallTime::from))
            .field("account_id", &self.account_id())
            .field("source", &format_args!("{}", parts.source))
            .field("generation", &parts.generation)
            .field("stale", &self.stale)
            .finish()
    }
}

#[derive(Clone, Default)]
struct Rare {
    asks_for: Option<Box<str>>,
    packed_policy_size: Option<u8>,
}

/// In place: there may be a hundred thousand.
#[derive(Clone)]
enum AccountId {
    Digits([u8; 12]),
    // Boxed twice: no longer than the digits.
    Other(Box<Box<str>>),
}

impl AccountId {
    fn as_str(&self) -> &str {
        match self {
            Self::Digits(digits) => std::str::from_utf8(digits).unwrap_or_default(),
            Self::Other(text) => text,
        }
    }
}

impl From<String> for AccountId {
    fn from(text: String) -> Self {
        match text.as_bytes().try_into() {
            Ok(digits) if text.is_ascii() => Self::Digits(digits),
            _ => Self::Other(Box::new(text.into())),
        }
    }
}

/// Makes [`Credentials`]. See [`Credentials::builder`].
#[must_use]
pub struct CredentialsBuilder {
    access_key_id: String,
    secret_access_key: SecretString,
    session_token: Option<SecretString>,
    expiry: Option<SystemTime>,
    account_id: Option<String>,
    packed_policy_size: Option<u8>,
    source: Source,
}

impl CredentialsBuilder {
    /// The session token of temporary credentials. A blank one counts as none.
    pub fn session_token(mut self, token: impl Into<SecretString>) -> Self {
        self.session_token = Some(token.into()).filter(|token| !token.expose_secret().trim().is_empty());
        self
    }

    /// When they expire. Without it a cache keeps them until they are invalidated.
    pub fn expiry(mut self, expiry: impl Into<Option<SystemTime>>) -> Self {
        self.expiry = expiry.into();
        self
    }

    /// The account they belong to. A blank one counts as none.
    pub fn account_id(mut self, account_id: impl Into<String>) -> Self {
        self.account_id = Some(account_id.into()).filter(|id| !id.trim().is_empty());
        self
    }

    /// A name for where they came from, shown in logs and errors.
    pub fn source_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.source = Source::new(SourceKind::Custom).with_detail(&*name.into());
        self
    }

    /// As if they came from a source of this kind: for tests of what a cache makes of it.
    #[cfg(feature = "test-util")]
    pub fn source_kind(mut self, kind: SourceKind) -> Self {
        self.source = Source::new(kind);
        self
    }

    #[cfg(feature = "sts")]
    pub(crate) fn packed_policy_size(mut self, percent: Option<u32>) -> Self {
        self.packed_policy_size = percent.and_then(|percent| percent.try_into().ok());
        self
    }

    pub(crate) fn source(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    /// Checks that key and secret are there and that no value could break out of an HTTP header.
    ///
    /// # Errors
    /// [`FailureKind::Misconfigured`], naming the value that is empty or holds blanks or control characters where they have no place.
    pub fn build(self) -> Result<Credentials, Error> {
        self.build_from(&Places::default())
    }

    /// The same, with errors that name the variable, or the line of a file, that a value came from.
    pub(crate) fn build_from(self, places: &Places<'_>) -> Result<Credentials, Error> {
        let Self {
            access_key_id,
            secret_access_key,
            session_token,
            expiry,
            account_id,
            packed_policy_size,
            source,
        } = self;
        // Key id, token and account travel in headers and query strings; the secret never leaves, and other
        // makers' stores allow blanks inside it. The replacement character is what became of other text.
        let in_header = |c: char| c.is_ascii_graphic();
        let in_secret = |c: char| !c.is_ascii_control() && c != char::REPLACEMENT_CHARACTER;
        let secret = secret_access_key.expose_secret();
        let texts: [(_, _, &dyn Fn(char) -> bool); 4] = [
            (places.access_key_id, Some(access_key_id.as_str()), &in_header),
            (places.secret_access_key, Some(secret), &in_secret),
            (places.session_token, session_token.as_ref().map(ExposeSecret::expose_secret), &in_header),
            (places.account_id, account_id.as_deref(), &in_header),
        ];
        for (place, text, allowed) in texts {
            let Some(text) = text else { continue };
            let trouble = if text.is_empty() {
                "is empty"
            } else if text.trim() != text {
                "begins or ends with a blank or a line break"
            } else if !text.chars().all(allowed) {
                "holds a character that has no place there"
            } else {
                continue;
            };
            let message = format!("{place} {trouble}");
            return Err(Failure::new(FailureKind::Misconfigured, source.to_string(), message)
                .with_remedy("check that it was copied whole, without quotes or line breaks")
                .into());
        }
        Ok(Credentials::assemble(Parts {
            access_key_id: access_key_id.into(),
            secret_access_key,
            session_token,
            expiry,
            account_id: account_id.map(AccountId::from),
            source,
            generation: next_generation(),
            rare: packed_policy_size
                .map(|percent| Box::new(Rare { packed_policy_size: Some(percent), asks_for: None })),
            #[cfg(any(feature = "aws-sdk", feature = "object-store"))]
            forms: crate::interop::Forms::default(),
        }))
    }
}

/// Where the values stood, for errors.
pub(crate) struct Places<'a> {
    pub(crate) access_key_id: &'a str,
    pub(crate) secret_access_key: &'a str,
    pub(crate) session_token: &'a str,
    pub(crate) account_id: &'a str,
}

impl Default for Places<'_> {
    fn default() -> Self {
        Self {
            access_key_id: "the access key id",
            secret_access_key: "the secret access key",
            session_token: "the session token",
            account_id: "the account id",
        }
    }
}

impl fmt::Debug for CredentialsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsBuilder")
            .field("access_key_id", &self.access_key_id)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// One counter for the process, so that nested caches agree on which set is the later one.
fn next_generation() -> u64 {
    static GENERATION: AtomicU64 = AtomicU64::new(1);
    GENERATION.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
