//! Clients that keep their connections, while a crowd of requests lasts.
//!
//! A connection is driven by the runtime that it was opened in, and by no other: each runtime has clients of its own. A
//! client goes some seconds after its last request, with all its connections, by a task of that runtime; with the runtime it
//! goes at once. Whoever finds one that has not been used for so long by the wall clock leaves it alone: the machine was
//! suspended or restored meanwhile, or nobody has driven the runtime, and the connections may be dead.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use reqwest::Client;
use tokio::runtime::{Handle, Id};

use super::HttpError;
use crate::host::{Clock, Stopwatch};
use crate::wall_time::WallTime;

/// The clients that are in use, by runtime and by what they trust.
pub(super) struct KeptClients<T>(Mutex<Vec<Entry<T>>>);

struct Entry<T> {
    runtime: Id,
    trust: T,
    client: Weak<KeptClient>,
}

/// A client, as long as somebody has a request on its way or its task waits for more.
pub(super) struct KeptClient {
    client: Client,
    last_used: Mutex<(WallTime, Stopwatch)>,
}

impl<T: Clone + PartialEq> KeptClients<T> {
    /// That of this runtime.
    pub(super) fn of_this_runtime(
        &self,
        trust: &T,
        clock: &Clock,
        build: impl FnOnce() -> Result<Client, HttpError>,
    ) -> Result<Arc<KeptClient>, HttpError> {
        let runtime = Handle::try_current().map_err(|_| HttpError::NoRuntime)?;
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |entry: &Entry<T>| entry.runtime == runtime.id() && entry.trust == *trust;
        let found = entries.iter().find(|entry| is_it(entry)).and_then(|entry| entry.client.upgrade());
        if let Some(found) = found.filter(|found| found.is_warm(clock)) {
            found.used(clock);
            return Ok(found);
        }
        let last_used = Mutex::new((clock.now(), Stopwatch::start()));
        let client = Arc::new(KeptClient { client: build()?, last_used });
        entries.retain(|entry| !is_it(entry) && entry.client.strong_count() > 0);
        entries.push(Entry { runtime: runtime.id(), trust: trust.clone(), client: Arc::downgrade(&client) });
        drop(entries);
        runtime.spawn(Arc::clone(&client).lingering());
        Ok(client)
    }
}

impl<T> Default for KeptClients<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl KeptClient {
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// A request has begun or ended.
    pub(super) fn used(&self, clock: &Clock) {
        *self.last_used.lock().unwrap_or_else(PoisonError::into_inner) = (clock.now(), Stopwatch::start());
    }

    fn is_warm(&self, clock: &Clock) -> bool {
        let (at, stopwatch) = self.last_used();
        at.until(clock.now()) < LINGER && stopwatch.elapsed() < LINGER
    }

    async fn lingering(self: Arc<Self>) {
        loop {
            let left = LINGER.saturating_sub(self.last_used().1.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }

    fn last_used(&self) -> (WallTime, Stopwatch) {
        *self.last_used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Far less than what servers and what lies between keep an idle connection for.
pub(super) const LINGER: Duration = Duration::from_secs(5);
