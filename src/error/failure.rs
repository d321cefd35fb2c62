//! A source that is set up and does not work.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Attempt, write_next_attempt};
use crate::wall_time::WallTime;

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
    person: Option<Person>,
}

/// Whom a failure waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    /// Somebody was asked, and it did not help: nobody is asked again before `renew`.
    Asked,
    /// Somebody would have to be asked, and is not unbidden. Trying again bothers nobody.
    Unasked,
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
            person: None,
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

    pub(crate) fn with_person(mut self, person: Person) -> Self {
        Arc::make_mut(&mut self.0).person = Some(person);
        self
    }

    /// What is withheld was asked for in vain, unless it says otherwise.
    pub(crate) fn person(&self) -> Option<Person> {
        self.0.person.or((self.0.kind == FailureKind::Withheld).then_some(Person::Asked))
    }

    pub(super) fn next_attempt(&self) -> Option<WallTime> {
        self.0.next_attempt
    }

    pub(super) fn next_attempt_at(mut self, at: Option<WallTime>) -> Self {
        Arc::make_mut(&mut self.0).next_attempt = at;
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
        write_next_attempt(f, self.0.next_attempt)?;
        // In one line, or with all that is underneath.
        let mut cause = std::error::Error::source(self).filter(|_| f.alternate());
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
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
    /// The source that gave the credentials so far says that it is not configured any more, and no other is asked in
    /// its place. Transient: files are rewritten, and services go away for a moment.
    Vanished,
    /// Nothing is issued before somebody asks for it by [`renew`](crate::CredentialsCache::renew): a gate refused, a
    /// person did not give a code, or would have to be asked for one; or the policy is
    /// [`on_demand`](crate::RefreshPolicy::on_demand). Permanent.
    Withheld,
}

impl FailureKind {
    /// Whether trying again later may help without a change of the configuration.
    #[must_use]
    pub fn is_transient(self) -> bool {
        !matches!(self, Self::Misconfigured | Self::Refused | Self::NoRuntime | Self::Withheld)
    }
}
