//! What is fetched in the model, and from where: by script, and with a protocol.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shuttle::future::yield_now;

use crate::cache::flight::{Fetch, News};
use crate::cache::state::Perishable;
use crate::error::{Error, Failure, FailureKind};
use crate::host::Clock;
use crate::wall_time::WallTime;

/// What expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) key: u64,
    /// Which fetch brought it, counted from 1.
    pub(super) fetch: u64,
    pub(super) expiry: WallTime,
    pub(super) stale: bool,
}

impl Perishable for Token {
    fn expiry(&self) -> Option<WallTime> {
        Some(self.expiry)
    }
    fn mark(&self) -> u64 {
        self.key
    }
    fn is_stale_servable(&self) -> bool {
        false
    }
    fn marked_stale(&self) -> Self {
        Self { stale: true, ..self.clone() }
    }
    fn is_stale(&self) -> bool {
        self.stale
    }
    fn origin(&self) -> String {
        "model".to_owned()
    }
}

/// What one fetch does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Does {
    /// Gives this key, for an hour.
    Gives(u64),
    Fails,
    Hangs,
}

/// Clones are the same source. Its own state is not part of the model: it is only looked at.
#[derive(Clone, Default)]
pub(super) struct Source(Arc<State>);

#[derive(Default)]
struct State {
    script: Mutex<VecDeque<Does>>,
    begun: AtomicU64,
    up: AtomicU64,
    looks_up: AtomicU64,
    has_files: AtomicBool,
    may_overlap: AtomicBool,
}

impl Source {
    /// After the script it gives keys of its own: the number of the fetch.
    pub(super) fn new(script: impl IntoIterator<Item = Does>) -> Self {
        let source = Self::default();
        source.0.script.lock().unwrap().extend(script);
        source
    }

    /// Its values are made from files, which change at each look.
    pub(super) fn with_files(self) -> Self {
        self.0.has_files.store(true, Relaxed);
        self
    }

    /// Its flights are given up, and go on somewhere.
    pub(super) fn that_may_overlap(self) -> Self {
        self.0.may_overlap.store(true, Relaxed);
        self
    }

    /// How many fetches have begun.
    pub(super) fn begun(&self) -> u64 {
        self.0.begun.load(Relaxed)
    }
}

/// One of what there may be only one of.
struct Only<'a>(&'a AtomicU64);

impl<'a> Only<'a> {
    fn begin(up: &'a AtomicU64, what: &str) -> Self {
        assert_eq!(up.fetch_add(1, Relaxed), 0, "two {what} at once");
        Self(up)
    }
}

impl Drop for Only<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Fetch<Token> for Source {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Token, Error>> + Send + '_>> {
        Box::pin(async {
            let fetch = self.0.begun.fetch_add(1, Relaxed) + 1;
            let may_overlap = self.0.may_overlap.load(Relaxed);
            let _only = (!may_overlap).then(|| Only::begin(&self.0.up, "flights"));
            let does = self.0.script.lock().unwrap().pop_front().unwrap_or(Does::Gives(fetch));
            yield_now().await;
            match does {
                Does::Gives(key) => {
                    let expiry = Clock::default().now().plus(HOUR);
                    Ok(Token { key, fetch, expiry, stale: false })
                }
                Does::Fails => Err(Failure::new(FailureKind::Unavailable, "model", "as written").into()),
                Does::Hangs => std::future::pending().await,
            }
        })
    }

    fn time_limit(&self) -> Duration {
        LIMIT
    }

    fn name(&self) -> &'static str {
        "model"
    }

    fn look_after(&self) -> Option<Duration> {
        self.0.has_files.load(Relaxed).then_some(LOOK_AFTER)
    }

    fn has_changed<'a>(&'a self, _held: &'a Token) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async {
            let _only = Only::begin(&self.0.looks_up, "looks");
            yield_now().await;
            true
        })
    }

    fn tell(&self, _news: News<'_, Token>) {
        // What an observer may do, and what would never end under a lock: another thread's turn.
        shuttle::thread::yield_now();
    }
}

pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const LOOK_AFTER: Duration = Duration::from_secs(60);
pub(super) const LIMIT: Duration = Duration::from_secs(30);
