//! Telling others of each session of a role: before anybody can act with it.
//!
//! [`AssumeRole::notify`](crate::providers::AssumeRole::notify) takes a [`NoticeSink`]. It is given an [`IssueRecord`]
//! (who, why, which role, which session, until when) after STS has answered and before the credentials are handed out: by
//! the first read, by `renew`, and each time that a cache renews by itself. There may be several sinks; they are told one
//! after the other, and each has ten seconds.
//!
//! | sink | fails if |
//! |---|---|
//! | a closure: `\|record\| async move { … }` | it gives an error |
//! | [`tokio::sync::mpsc::Sender<IssueRecord>`](tokio::sync::mpsc::Sender) | the channel is full, or its receiver has gone |
//! | [`Webhook`] | nobody answers with 2xx |
//! | a type of your own | as it says |
//!
//! It fails closed: if a sink gives an error, panics or hangs, the credentials are dropped. STS knows nothing of that, so
//! the session lives on in the account's logs until it ends; nobody has its keys. Where a person was asked for it (behind a
//! [gate](crate::gate), with a code of an MFA device) the failure is [`Withheld`](crate::FailureKind::Withheld), and nobody
//! is asked again before `renew`. Elsewhere it is [`Unavailable`](crate::FailureKind::Unavailable), which may heal:
//! credentials in hand are served to their end, and the next attempts are paced as after any other failure, each with a
//! session of its own. Sinks that were told before the one that fails have a record of a session that nobody uses; the error
//! says so. The text of a sink's error is shown to whoever reads, up to 512 characters: it must not hold
//! secrets.

mod record;
mod signature;
mod webhook;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

pub use self::record::IssueRecord;
pub(crate) use self::record::Issued;
pub use self::webhook::Webhook;
use crate::contained::{PANICKED, contained_async};
use crate::error::printable;

/// Told of each session before its credentials are handed out. Any closure is one that takes an [`IssueRecord`] and gives a
/// future of a `Result`.
///
/// ```
/// use aws_credential_chain::notice::{IssueRecord, NoticeSink};
///
/// struct Pager;
///
/// impl NoticeSink for Pager {
///     async fn notify(&self, record: &IssueRecord) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///         // Page somebody here, and wait until the pager has it.
///         println!("{record}");
///         Ok(())
///     }
/// }
/// ```
pub trait NoticeSink: Send + Sync + 'static {
    /// Returns once those who are to be told have it.
    ///
    /// # Errors
    /// They do not: the credentials are not handed out. The text says why, and no secret.
    fn notify(&self, record: &IssueRecord) -> impl Future<Output = Result<(), BoxError>> + Send;
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl<F, Fut> NoticeSink for F
where
    F: Fn(IssueRecord) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send,
{
    fn notify(&self, record: &IssueRecord) -> impl Future<Output = Result<(), BoxError>> + Send {
        self(record.clone())
    }
}

/// For one that several roles share.
impl<S: NoticeSink> NoticeSink for Arc<S> {
    fn notify(&self, record: &IssueRecord) -> impl Future<Output = Result<(), BoxError>> + Send {
        S::notify(self, record)
    }
}

/// Whoever cannot keep up stops the sessions, and not the records.
impl NoticeSink for mpsc::Sender<IssueRecord> {
    async fn notify(&self, record: &IssueRecord) -> Result<(), BoxError> {
        self.try_send(record.clone()).map_err(|error| match error {
            TrySendError::Full(_) => "the channel is full".into(),
            TrySendError::Closed(_) => "the receiver of the channel has gone".into(),
        })
    }
}

/// All who are told. Clones tell the same.
#[derive(Clone, Default)]
pub(crate) struct Sinks(Vec<Arc<dyn DynSink>>);

impl Sinks {
    pub(crate) fn add(&mut self, sink: impl NoticeSink) {
        self.0.push(Arc::new(sink));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How long they may take together.
    pub(crate) fn time_limit(&self) -> Duration {
        SINK_LIMIT.saturating_mul(u32::try_from(self.0.len()).unwrap_or(u32::MAX))
    }

    /// Tells them, in their order. The first that fails is the last, and its error is in words.
    pub(crate) async fn tell(&self, record: &IssueRecord) -> Result<(), String> {
        for (number, sink) in (1..).zip(&self.0) {
            let told = contained_async(async {
                sink.notify_boxed(record).await.map_err(|error| printable(&error.to_string()))
            });
            let trouble = match tokio::time::timeout(SINK_LIMIT, told).await {
                Ok(Some(Ok(()))) => continue,
                Ok(Some(Err(why))) => why,
                Ok(None) => PANICKED.to_owned(),
                Err(_) => format!("it did not return within {} s", SINK_LIMIT.as_secs()),
            };
            let all = self.0.len();
            return Err(match number {
                _ if all == 1 => format!("the sink: {trouble}"),
                1 => format!("sink 1 of {all}: {trouble}"),
                2 => format!("sink 2 of {all}: {trouble}; sink 1 has been told"),
                _ => format!("sink {number} of {all}: {trouble}; sinks 1 to {} have been told", number - 1),
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.len())
    }
}

/// The object-safe twin.
trait DynSink: Send + Sync + 'static {
    fn notify_boxed<'a>(
        &'a self,
        record: &'a IssueRecord,
    ) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;
}

impl<S: NoticeSink> DynSink for S {
    fn notify_boxed<'a>(
        &'a self,
        record: &'a IssueRecord,
    ) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>> {
        Box::pin(self.notify(record))
    }
}

/// For one sink, retries included.
const SINK_LIMIT: Duration = Duration::from_secs(10);
