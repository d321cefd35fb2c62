//! Keys that a service rejected, exchanged for new ones, and not again at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::cache::{CacheState, CredentialsCache};
use crate::host::Stopwatch;

/// What is known of the last exchange. Clones share it.
///
/// Where a service rejects whatever it is shown, as in a region that is switched off, a source that gives new keys each time
/// would be asked for each call: so new ones that are rejected soon are not exchanged.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchanges(Arc<Mutex<Option<Exchange>>>);

/// Keys that were given up, and since when they are.
#[derive(Debug)]
struct Exchange {
    access_key_id: String,
    begun: Stopwatch,
}

/// Whether keys that were rejected are to be exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Begins,
    UnderWay,
    TooSoon,
}

impl Exchanges {
    /// Gives up what was rejected. Answers whether there is hope that the next try is signed with something else.
    pub(super) fn exchange(&self, cache: &CredentialsCache, rejected: &str) -> bool {
        if has_others_than(cache, rejected) {
            // A late report. Caches behind this one may still hold the old ones.
            cache.invalidate(rejected);
            return true;
        }
        match self.turn(rejected) {
            Turn::Begins => {
                cache.invalidate(rejected);
                true
            }
            Turn::UnderWay => matches!(cache.status().state, CacheState::Mandatory | CacheState::Expired),
            Turn::TooSoon => false,
        }
    }

    fn turn(&self, rejected: &str) -> Turn {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref().filter(|last| last.begun.elapsed() < PAUSE) {
            Some(last) if last.access_key_id == rejected => Turn::UnderWay,
            Some(_) => Turn::TooSoon,
            None => {
                *last = Some(Exchange { access_key_id: rejected.to_owned(), begun: Stopwatch::start() });
                Turn::Begins
            }
        }
    }
}

pub(super) fn has_others_than(cache: &CredentialsCache, rejected: &str) -> bool {
    cache.with_current(|present| present.access_key_id() != rejected).unwrap_or(false)
}

/// Of each other, exchanges that brought something new and did not help.
pub(super) const PAUSE: Duration = Duration::from_secs(10);
