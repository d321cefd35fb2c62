//! What went wrong, written for the person who has to act on it.

mod failure;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

pub(crate) use self::failure::Person;
pub use self::failure::{Failure, FailureKind};
use crate::wall_time::WallTime;

/// Why there are no credentials.
///
/// The two cases are kept apart because a chain treats them differently: [`NotConfigured`](Self::NotConfigured)
/// goes on to the next source, [`Failed`](Self::Failed) stops. A source that was set up and does not work must
/// never be replaced in silence by another identity.
///
/// `{}` prints one failure in one line; `{:#}` adds what lies underneath it (the [`source`](std::error::Error::source)s),
/// one line each.
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
            Self::Failed(failure) => failure.next_attempt(),
        }
        .map(SystemTime::from)
    }

    /// Whom it waits for.
    pub(crate) fn person(&self) -> Option<Person> {
        match self {
            Self::NotConfigured(_) => None,
            Self::Failed(failure) => failure.person(),
        }
    }

    pub(crate) fn with_person(self, person: Person) -> Self {
        match self {
            Self::NotConfigured(_) => self,
            Self::Failed(failure) => Self::Failed(failure.with_person(person)),
        }
    }

    /// Whatever went wrong once somebody was asked: nobody is asked again before somebody wants it. `again`: how, in one
    /// sentence.
    pub(crate) fn asked_in_vain(self, again: &str) -> Self {
        match self {
            // Whoever gave something after this one has said it.
            Self::Failed(failure) if failure.person() == Some(Person::Asked) => failure.into(),
            Self::Failed(failure) => {
                let remedy = match failure.remedy() {
                    Some(remedy) => format!("{remedy}; {again}"),
                    None => again.to_owned(),
                };
                failure.with_remedy(remedy).with_person(Person::Asked).into()
            }
            // What somebody was asked for is set up: nobody may go on to another source in its place.
            Self::NotConfigured(absent) => {
                let what = format!("after somebody was asked: {absent}");
                Failure::new(FailureKind::Withheld, "credentials", what).with_remedy(again.to_owned()).into()
            }
        }
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
            Self::Failed(failure) => Self::Failed(failure.next_attempt_at(at)),
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
    sought: Sought,
    attempts: Vec<Attempt>,
    next_attempt: Option<WallTime>,
}

#[derive(Clone, Copy, Debug)]
enum Sought {
    Credentials,
    Region,
}

impl NotConfigured {
    /// What each source looked at, in the order in which they were asked.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// The same, of what was asked for a region.
    pub(crate) fn region(attempts: Vec<Attempt>) -> Self {
        Self::of(Sought::Region, attempts)
    }

    fn of(sought: Sought, attempts: Vec<Attempt>) -> Self {
        Self(Arc::new(Absent { sought, attempts, next_attempt: None }))
    }
}

impl From<Vec<Attempt>> for NotConfigured {
    fn from(attempts: Vec<Attempt>) -> Self {
        Self::of(Sought::Credentials, attempts)
    }
}

impl fmt::Display for NotConfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sought, remedy) = match self.0.sought {
            Sought::Credentials => ("credentials", ""),
            Sought::Region => ("region", "; set AWS_REGION, or `region` in the profile"),
        };
        match self.attempts() {
            [] => write!(f, "no AWS {sought}: the chain is empty; add a source to it")?,
            [only] => write!(f, "no AWS {sought}: {only}{remedy}")?,
            several => {
                write!(f, "no AWS {sought} found{remedy}; looked at, in this order:")?;
                for attempt in several {
                    write!(f, "\n  - {attempt}")?;
                }
                // It speaks of all of them, not of the last.
                if self.0.next_attempt.is_some() {
                    f.write_str("\n ")?;
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

/// Text from the other side, fit for an error or a log: no control characters (they could rewrite a terminal), at
/// most [`FOREIGN_TEXT_MAX`] characters.
pub(crate) fn printable(foreign: &str) -> String {
    printable_up_to(FOREIGN_TEXT_MAX, foreign)
}

/// The same, cut elsewhere.
pub(crate) fn printable_up_to(max: usize, foreign: &str) -> String {
    let blank = |c: char| c.is_control() || rearranges(c);
    let mut text: String = foreign.chars().take(max).map(|c| if blank(c) { ' ' } else { c }).collect();
    if foreign.chars().nth(max).is_some() {
        text.push('…');
    }
    text
}

/// Whether it begins a line, or turns round the order in which others are shown: with it a text could look as if it said
/// something else. <https://trojansource.codes>
fn rearranges(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn write_next_attempt(f: &mut fmt::Formatter<'_>, at: Option<WallTime>) -> fmt::Result {
    match at {
        Some(at) => write!(f, " (next attempt after {at})"),
        None => Ok(()),
    }
}

/// Enough for every message of AWS, too little to flood a log.
const FOREIGN_TEXT_MAX: usize = 512;

#[cfg(test)]
mod tests;
