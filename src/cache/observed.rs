//! A provider as the refresher sees it, and what is told of it: to observers and to `tracing`.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::audit::{AuditSink, ReadRecord};
use crate::cache::flight::{Fetch, News};
use crate::cache::state::{Held, Perishable, Snapshot, Trouble, mark};
use crate::contained::{PANICKED, contained};
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind, printable};
use crate::observe::{Event, Observer};
use crate::provider::{CredentialsProvider, Notice};
use crate::wall_time::WallTime;

pub(super) struct Observed<P> {
    pub(super) provider: P,
    pub(super) around: Arc<Around>,
}

/// What is around a provider; the caches of a pool share one.
pub(super) struct Around {
    pub(super) observers: Vec<Arc<dyn Observer>>,
    /// Told of each read, and may refuse it.
    pub(super) audit: Option<Box<dyn AuditSink>>,
    /// How often STS is asked.
    #[cfg(feature = "sts")]
    pub(super) limited: Option<crate::sts::Limited>,
}

impl Around {
    pub(super) fn of(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self {
            observers,
            audit: None,
            #[cfg(feature = "sts")]
            limited: None,
        }
    }

    pub(super) fn tell(&self, event: &Event) {
        for observer in &self.observers {
            told(|| observer.on_event(event));
        }
    }
}

impl<P: CredentialsProvider> Fetch<Credentials> for Observed<P> {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Credentials, Error>> + Send + '_>> {
        #[cfg(feature = "sts")]
        if let Some(limited) = &self.around.limited {
            return Box::pin(limited.around(self.provider.retrieve()));
        }
        Box::pin(self.provider.retrieve())
    }

    fn time_limit(&self) -> Duration {
        #[cfg(feature = "sts")]
        if let Some(limited) = &self.around.limited {
            return self.provider.time_limit().saturating_add(limited.patience());
        }
        self.provider.time_limit()
    }

    fn name(&self) -> &'static str {
        "credentials"
    }

    fn asks(&self, held: Option<&Credentials>) -> &'static str {
        held.map_or(self.name(), |held| held.source().kind().name())
    }

    fn look_after(&self) -> Option<Duration> {
        self.provider.may_change().then_some(LOOK_AFTER)
    }

    fn has_changed<'a>(&'a self, held: &'a Credentials) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(self.provider.has_changed(held))
    }

    fn notice(&self, notice: Notice<'_>) {
        self.provider.notice(notice);
    }

    fn is_audited(&self) -> bool {
        self.around.audit.is_some()
    }

    fn audit(&self, credentials: &Credentials, at: WallTime) -> Result<(), Error> {
        let Some(sink) = &self.around.audit else { return Ok(()) };
        let record = ReadRecord::new(credentials, at);
        let read = || sink.read(&record).map_err(|error| printable(&error.to_string()));
        let why = match Auditing::begin(self).map(|_auditing| contained(read)) {
            Some(Some(Ok(()))) => return Ok(()),
            Some(Some(Err(why))) => why,
            Some(None) => PANICKED.to_owned(),
            None => "its audit sink reads the cache that it audits".to_owned(),
        };
        let what = format!("the read could not be audited, and nothing is handed out: {why}");
        Err(Failure::new(FailureKind::Unavailable, credentials.source().to_string(), what)
            .with_remedy("see to the audit sink of this cache; each read tries anew")
            .into())
    }

    fn tell(&self, news: News<'_, Credentials>) {
        // Also on the way out of a panic, where a second one would end the process.
        told(|| log(&news));
        if self.around.observers.is_empty() {
            return;
        }
        for event in events(&news).into_iter().flatten() {
            self.around.tell(&event);
        }
    }
}

/// A sink that is being called in this thread. One that reads what it audits would call itself without end.
struct Auditing;

impl Auditing {
    /// `None`: the sink of this cache is being called already.
    fn begin<P>(cache: &Observed<P>) -> Option<Self> {
        let cache = std::ptr::from_ref(cache).addr();
        let is_new = AUDITING.try_with(|auditing| {
            let mut auditing = auditing.borrow_mut();
            let is_new = !auditing.contains(&cache);
            if is_new {
                auditing.push(cache);
            }
            is_new
        });
        // A thread that is about to end has none.
        is_new.unwrap_or(true).then_some(Self)
    }
}

impl Drop for Auditing {
    fn drop(&mut self) {
        // Sinks return in the opposite order to that in which they were called.
        let _ = AUDITING.try_with(|auditing| auditing.borrow_mut().pop());
    }
}

thread_local! {
    /// Caches whose sinks are being called in this thread, by their addresses.
    static AUDITING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

fn told(tell: impl FnOnce()) {
    if contained(tell).is_none() {
        // Whoever panics in `tracing` will do so here again.
        let _ = contained(|| tracing::error!("an observer of a credentials cache panicked"));
    }
}

/// News as observers are told them: at most two events, in their order.
fn events(news: &News<'_, Credentials>) -> [Option<Event>; 2] {
    let event = match news {
        News::Started => Event::Started,
        News::Landed { before, after, at, took } => return landed(before, after, *at, *took),
        News::Rejected(held) => Event::Invalidated { access_key_id: held.value.access_key_id().to_owned() },
        News::Expired { held, stale } => Event::Expired {
            source: held.value.source().clone(),
            access_key_id: held.value.access_key_id().to_owned(),
            expiry: held.expiry.into(),
            stale: *stale,
        },
        News::Waited(waited) => Event::Waited { waited: *waited },
        News::ServedStale { expired_for } => Event::ServedStale { expired_for: *expired_for },
    };
    [Some(event), None]
}

fn landed(
    before: &Snapshot<Credentials>,
    after: &Snapshot<Credentials>,
    at: WallTime,
    took: Duration,
) -> [Option<Event>; 2] {
    if let Some(trouble) = after.trouble() {
        let expiry = after.held().map(|held| held.expiry).filter(|expiry| *expiry != WallTime::NEVER);
        let failed = Event::Failed {
            error: trouble.error.clone(),
            next_attempt: trouble.next_attempt().map(Into::into),
            failures: trouble.failures,
            left: expiry.map(|expiry| at.until(expiry)),
            took,
        };
        return [Some(failed), None];
    }
    let Some(held) = after.held() else { return [None, None] };
    let refreshed = Event::Refreshed {
        source: held.value.source().clone(),
        access_key_id: held.value.access_key_id().to_owned(),
        lifetime: (held.expiry != WallTime::NEVER).then(|| at.until(held.expiry)),
        took,
    };
    let changed = source_changed(before, held)
        .map(|from| Event::SourceChanged { from: from.clone(), to: held.value.source().clone() });
    [Some(refreshed), changed]
}

fn source_changed<'a>(
    before: &'a Snapshot<Credentials>,
    held: &Held<Credentials>,
) -> Option<&'a crate::Source> {
    before.held().map(|held| held.value.source()).filter(|from| *from != held.value.source())
}

fn log(news: &News<'_, Credentials>) {
    match news {
        News::Started => tracing::debug!("credentials are being refreshed"),
        News::Landed { before, after, took, .. } => match (after.trouble(), after.held()) {
            (Some(trouble), held) => log_failure(trouble, held),
            (None, Some(held)) => {
                tracing::info!(
                    source = %held.value.source(),
                    access_key_id = held.value.access_key_id(),
                    expiry = (held.expiry != WallTime::NEVER).then(|| tracing::field::display(held.expiry)),
                    ?took,
                    "credentials refreshed"
                );
                if let Some(from) = source_changed(before, held) {
                    tracing::warn!(%from, to = %held.value.source(), "credentials come from another source");
                }
            }
            (None, None) => {}
        },
        News::Rejected(held) => {
            tracing::info!(access_key_id = held.value.access_key_id(), "credentials invalidated");
        }
        News::Expired { held, stale } => tracing::warn!(
            source = %held.value.source(),
            access_key_id = held.value.access_key_id(),
            expiry = %held.expiry,
            served_stale = stale,
            "credentials have expired"
        ),
        // Too many for a log.
        News::Waited(_) | News::ServedStale { .. } => {}
    }
}

fn log_failure(trouble: &Trouble, held: Option<&Held<Credentials>>) {
    tracing::warn!(
        failures = trouble.failures,
        next_attempt = trouble.next_attempt().map(tracing::field::display),
        in_hand_until = held.map(|held| tracing::field::display(held.expiry)),
        error = %trouble.error,
        "credentials not refreshed"
    );
}

impl Perishable for Credentials {
    fn expiry(&self) -> Option<WallTime> {
        Self::expiry(self).map(WallTime::from)
    }

    fn mark(&self) -> u64 {
        mark(self.access_key_id())
    }

    fn is_stale_servable(&self) -> bool {
        // Whose session it is counts, and not what it was asked for with.
        self.source().kind().is_stale_servable() && self.asks_for().is_none()
    }

    fn marked_stale(&self) -> Self {
        Self::marked_stale(self)
    }

    fn is_stale(&self) -> bool {
        Self::is_stale(self)
    }

    fn origin(&self) -> String {
        self.source().to_string()
    }

    fn asks_for(&self) -> Option<&str> {
        Self::asks_for(self)
    }
}

/// How often files are looked at.
const LOOK_AFTER: Duration = Duration::from_secs(60);
