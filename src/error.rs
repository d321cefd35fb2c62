//! What went wrong, written for the person who has to act on it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::wall_time::WallTime;

/// Why there are no credentials.
///
/// The two cases are kept apart because a chain treats them differently: [`NotConfigured`](Self::NotConfigured)
/// goes on to the next source, [`Failed`](Self::Failed) stops. A source that was set up and does not work must
/// never be replaced in silence by another identity.
///
/// An error is cheap to clone, because everybody who waited for a refresh gets the same one. It never holds a
/// secret, a raw body or a header value.
///
/// ```
/// use aws_credential_chain::{Error, Failure, FailureKind};
///
/// // In a provider of your own:
/// let absent = Error::not_configured("vault", "VAULT_ADDR is not set");
/// assert!(absent.is_not_configured());
///
/// let refused: Error = Failure::new(FailureKind::Refused, "vault", "the role `deploy` does not exist")
///     .with_remedy("create it, or set VAULT_ROLE to another")
///     .into();
/// assert!(!refused.is_transient());
/// assert_eq!(
///     refused.to_string(),
///     "vault: the role `deploy` does not exist; create it, or set VAULT_ROLE to another"
/// );
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// No source that was asked is set up here. Each says what it looked at.
    NotConfigured(NotConfigured),
    /// A source is set up, and did not give credentials.
    Failed(Failure),
}

impl Error {
    /// The source does not apply here: a chain goes on to the next one.
    ///
    /// `why` names what was looked at (a variable, a file, a URL without its query) and never a value.
    pub fn not_configured(source: impl Into<Cow<'static, str>>, why: impl Into<Cow<'static, str>>) -> Self {
        Self::NotConfigured(NotConfigured::from(vec![Attempt::new(source, why)]))
    }

    /// Whether the chain may go on to the next source.
    #[must_use]
    pub fn is_not_configured(&self) -> bool {
        matches!(self, Self::NotConfigured(_))
    }

    /// Whether trying again later may help without a change of the configuration.
    ///
    /// *Not configured* is not transient, except for a cache that holds credentials: there it counts as a failed
    /// refresh.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotConfigured(_) => false,
            Self::Failed(failure) => failure.kind().is_transient(),
        }
    }

    /// What each source looked at and why it did not apply, in the order in which they were asked.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        match self {
            Self::NotConfigured(absent) => absent.attempts(),
            Self::Failed(failure) => failure.attempts(),
        }
    }

    /// When the cache asks the source again. Set on errors that come out of a cache.
    #[must_use]
    pub fn next_attempt(&self) -> Option<SystemTime> {
        match self {
            Self::NotConfigured(absent) => absent.0.next_attempt,
            Self::Failed(failure) => failure.0.next_attempt,
        }
        .map(SystemTime::from)
    }

    pub(crate) fn with_next_attempt(self, at: WallTime) -> Self {
        self.next_attempt_at(Some(at))
    }

    /// For an inner cache's error that an outer one will pace by itself.
    #[cfg(feature = "imds")]
    pub(crate) fn without_next_attempt(self) -> Self {
        self.next_attempt_at(None)
    }

    fn next_attempt_at(self, at: Option<WallTime>) -> Self {
        match self {
            Self::NotConfigured(mut absent) => {
                Arc::make_mut(&mut absent.0).next_attempt = at;
                Self::NotConfigured(absent)
            }
            Self::Failed(mut failure) => {
                Arc::make_mut(&mut failure.0).next_attempt = at;
                Self::Failed(failure)
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured(absent) => absent.fmt(f),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotConfigured(_) => None,
            Self::Failed(failure) => failure.source(),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// No source is set up: the list of all that were asked.
#[derive(Clone, Debug)]
pub struct NotConfigured(Arc<Absent>);

#[derive(Clone, Debug)]
struct Absent {
    attempts: Vec<Attempt>,
    next_attempt: Option<WallTime>,
}

impl NotConfigured {
    /// What each source looked at, in the order in which they were asked.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }
}

impl From<Vec<Attempt>> for NotConfigured {
    fn from(attempts: Vec<Attempt>) -> Self {
        Self(Arc::new(Absent { attempts, next_attempt: None }))
    }
}

impl fmt::Display for NotConfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts() {
            [] => f.write_str("no AWS credentials: the chain is empty; add a source to it")?,
            [only] => write!(f, "no AWS credentials: {only}")?,
            several => {
                f.write_str("no AWS credentials found; looked at, in this order:")?;
                for attempt in several {
                    write!(f, "\n  - {attempt}")?;
                }
            }
        }
        write_next_attempt(f, self.0.next_attempt)
    }
}

impl std::error::Error for NotConfigured {}

/// One source that was asked, and why it did not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    source: Cow<'static, str>,
    why: Cow<'static, str>,
}

impl Attempt {
    pub(crate) fn new(source: impl Into<Cow<'static, str>>, why: impl Into<Cow<'static, str>>) -> Self {
        Self { source: source.into(), why: why.into() }
    }

    /// The source's name, as in [`SourceKind`](crate::SourceKind).
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What was looked at and why it did not apply.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.why)
    }
}

/// A source that is set up and did not give credentials.
#[derive(Clone)]
pub struct Failure(Arc<FailureParts>);

#[derive(Clone)]
struct FailureParts {
    kind: FailureKind,
    source: Cow<'static, str>,
    message: Cow<'static, str>,
    remedy: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
    next_attempt: Option<WallTime>,
    before: Vec<Attempt>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    /// `source` is the name of the provider; `message` says what was tried, where, and what came back.
    pub fn new(
        kind: FailureKind,
        source: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Arc::new(FailureParts {
            kind,
            source: source.into(),
            message: message.into(),
            remedy: None,
            retry_after: None,
            next_attempt: None,
            before: Vec::new(),
            cause: None,
        }))
    }

    /// What the reader can do about it: one sentence.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        Arc::make_mut(&mut self.0).remedy = Some(remedy.into());
        self
    }

    /// How long the source asked to be left alone (HTTP's `Retry-After`).
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        Arc::make_mut(&mut self.0).retry_after = Some(wait);
        self
    }

    /// The error underneath. Its text reaches logs: it must not hold secrets.
    #[must_use]
    pub fn with_cause(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).cause = Some(Arc::new(cause));
        self
    }

    /// The sources that a chain asked before this one.
    pub(crate) fn after(mut self, before: Vec<Attempt>) -> Self {
        Arc::make_mut(&mut self.0).before = before;
        self
    }

    /// The sources that a chain asked before this one, and why they did not apply.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.before
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }

    /// The name of the source that failed.
    #[must_use]
    pub fn source_name(&self) -> &str {
        &self.0.source
    }

    /// What was tried, where, and what came back.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the reader can do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }

    /// How long the source asked to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.source, self.0.message)?;
        if let Some(remedy) = &self.0.remedy {
            write!(f, "; {remedy}")?;
        }
        write_next_attempt(f, self.0.next_attempt)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &*self.0;
        f.debug_struct("Failure")
            .field("kind", &parts.kind)
            .field("source", &parts.source)
            .field("message", &parts.message)
            .field("remedy", &parts.remedy)
            .field("retry_after", &parts.retry_after)
            .field("next_attempt", &parts.next_attempt)
            .field("before", &parts.before)
            .field("cause", &parts.cause)
            .finish()
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

/// What kind of failure it is, and with it whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// A setting is wrong: half a key pair, a profile that does not exist, a value that cannot be read. Permanent.
    Misconfigured,
    /// The source answered, and its answer is no. Permanent.
    Refused,
    /// There is no tokio runtime with time and IO enabled to work on. Permanent.
    NoRuntime,
    /// No connection. Transient.
    Unreachable,
    /// No answer within the time limit. Transient.
    TimedOut,
    /// The source asks for fewer requests. Transient.
    Throttled,
    /// The source has a fault of its own (HTTP 5xx). Transient.
    Unavailable,
    /// The answer cannot be read: truncated, too large, not in the expected format. Transient.
    Malformed,
    /// A file that should be there cannot be read. Transient: files are rotated.
    Unreadable,
    /// The source answered with credentials that have already expired. Transient.
    Expired,
    /// The attempt ended without an answer: its provider panicked, or its runtime was shut down. Transient.
    Interrupted,
}

impl FailureKind {
    /// Whether trying again later may help without a change of the configuration.
    #[must_use]
    pub fn is_transient(self) -> bool {
        !matches!(self, Self::Misconfigured | Self::Refused | Self::NoRuntime)
    }
}

/// Text from the other side, fit for an error or a log: no control characters (they could rewrite a terminal), at
/// most [`FOREIGN_TEXT_MAX`] characters.
#[cfg(any(feature = "profile", feature = "_http"))]
pub(crate) fn printable(foreign: &str) -> String {
    printable_up_to(FOREIGN_TEXT_MAX, foreign)
}

/// The same, cut elsewhere.
#[cfg(any(feature = "profile", feature = "_http"))]
pub(crate) fn printable_up_to(max: usize, foreign: &str) -> String {
    let mut text: String = foreign.chars().take(max).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if foreign.chars().nth(max).is_some() {
        text.push('…');
    }
    text
}

fn write_next_attempt(f: &mut fmt::Formatter<'_>, at: Option<WallTime>) -> fmt::Result {
    match at {
        Some(at) => write!(f, " (next attempt after {at})"),
        None => Ok(()),
    }
}

/// Enough for every message of AWS, too little to flood a log.
#[cfg(any(feature = "profile", feature = "_http"))]
const FOREIGN_TEXT_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_final_error_of_a_chain_lists_every_source() {
        let none = Error::NotConfigured(NotConfigured::from(vec![
            Attempt { source: "environment".into(), why: "AWS_ACCESS_KEY_ID is not set".into() },
            Attempt {
                source: "instance metadata".into(),
                why: "switched off by AWS_EC2_METADATA_DISABLED".into(),
            },
        ]));
        assert_eq!(
            none.to_string(),
            "no AWS credentials found; looked at, in this order:\n  - environment: AWS_ACCESS_KEY_ID is not set\n  \
             - instance metadata: switched off by AWS_EC2_METADATA_DISABLED"
        );
    }

    #[test]
    fn a_failure_keeps_its_parts_and_its_cause() {
        let cause = std::io::Error::other("the cable was cut");
        let failure = Failure::new(FailureKind::Unreachable, "vault", "no way to https://vault.example")
            .with_remedy("mend the cable")
            .with_retry_after(Duration::from_secs(3))
            .with_cause(cause);
        assert_eq!(failure.kind(), FailureKind::Unreachable);
        assert_eq!((failure.source_name(), failure.message()), ("vault", "no way to https://vault.example"));
        assert_eq!(
            (failure.remedy(), failure.retry_after()),
            (Some("mend the cable"), Some(Duration::from_secs(3)))
        );
        let error = Error::from(failure.clone());
        for shown in [std::error::Error::source(&error), std::error::Error::source(&failure)] {
            assert_eq!(shown.unwrap().to_string(), "the cable was cut");
        }
        let debug = format!("{failure:?}");
        assert!(debug.contains("Unreachable") && debug.contains("mend the cable"), "{debug}");
        let absent = Error::not_configured("vault", "VAULT_ADDR is not set");
        assert_eq!(
            (absent.attempts()[0].source(), absent.attempts()[0].why()),
            ("vault", "VAULT_ADDR is not set")
        );
        assert!(!absent.is_transient() && std::error::Error::source(&absent).is_none());
    }

    #[test]
    fn only_what_a_person_has_to_change_is_permanent() {
        use FailureKind as K;
        for kind in [K::Misconfigured, K::Refused, K::NoRuntime] {
            assert!(!kind.is_transient(), "{kind:?}");
        }
        let transient = [
            K::Unreachable,
            K::TimedOut,
            K::Throttled,
            K::Unavailable,
            K::Malformed,
            K::Unreadable,
            K::Expired,
            K::Interrupted,
        ];
        for kind in transient {
            assert!(kind.is_transient(), "{kind:?}");
        }
    }

    #[cfg(any(feature = "profile", feature = "_http"))]
    #[test]
    fn foreign_text_is_cut_and_stripped() {
        assert_eq!(printable("a\r\nb\u{1b}[31mc"), "a  b [31mc");
        assert_eq!(printable(&"é".repeat(600)).chars().count(), 513);
    }

    #[test]
    fn a_remembered_failure_says_when_the_source_is_asked_again() {
        let at = WallTime::from_unix(1_795_464_000, 0);
        let error = Error::from(Failure::new(FailureKind::TimedOut, "x", "no answer")).with_next_attempt(at);
        assert_eq!(error.to_string(), "x: no answer (next attempt after 2026-11-23T20:00:00Z)");
        assert_eq!(error.next_attempt(), Some(at.into()));
    }
}
