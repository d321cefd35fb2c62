//! A wall clock to turn.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::host::LearnedSkew;

/// A wall clock for tests: a base, plus tokio's time since the clock was made, plus the steps it was turned by.
///
/// Under `#[tokio::test(start_paused = true)]` time stands still until every task waits for it, so hours pass in
/// microseconds, and [`turn`](Self::turn) steps the wall clock alone, as NTP or a laptop's lid does. Without a
/// paused runtime it follows real time.
#[derive(Clone, Debug)]
pub struct Clock {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    base: SystemTime,
    // Bound at the first reading: a clock made outside of the paused runtime must not mix two kinds of time.
    started: Mutex<Option<Instant>>,
    turned_nanos: AtomicI64,
    seed: AtomicU64,
    learned: LearnedSkew,
}

impl Clock {
    /// A clock that shows `base` when it is first read.
    #[must_use]
    pub fn starting_at(base: SystemTime) -> Self {
        let parts = Parts {
            base,
            started: Mutex::new(None),
            turned_nanos: AtomicI64::new(0),
            seed: AtomicU64::new(0x5EED),
            learned: LearnedSkew::nothing(),
        };
        Self { parts: Arc::new(parts) }
    }

    /// A clock that starts at the present time, for programs that are shown to people.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "asked for by name")]
    pub fn starting_now() -> Self {
        let clock = Self::starting_at(SystemTime::now());
        // Its time runs from here on, however late it is read for the first time.
        let _ = clock.now();
        clock
    }

    /// What the clock shows.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "tokio's clock is what a test turns")]
    pub fn now(&self) -> SystemTime {
        let started = *self
            .parts
            .started
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(Instant::now);
        self.after(nanos(started.elapsed()))
    }

    /// What it would show if no time had passed: it changes only if it is turned.
    pub(crate) fn origin(&self) -> SystemTime {
        self.after(0)
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts)
    }

    pub(crate) fn learned_skew(&self) -> &LearnedSkew {
        &self.parts.learned
    }

    fn after(&self, elapsed: i64) -> SystemTime {
        let moved = elapsed.saturating_add(self.parts.turned_nanos.load(Ordering::SeqCst));
        let distance = Duration::from_nanos(moved.unsigned_abs());
        let at = if moved < 0 {
            self.parts.base.checked_sub(distance)
        } else {
            self.parts.base.checked_add(distance)
        };
        at.unwrap_or(self.parts.base)
    }

    /// Steps the wall clock forward without any timer noticing: a suspended laptop, a restored snapshot, NTP.
    pub fn turn(&self, by: Duration) {
        self.parts.turned_nanos.fetch_add(nanos(by), Ordering::SeqCst);
    }

    /// Steps the wall clock back.
    pub fn turn_back(&self, by: Duration) {
        self.parts.turned_nanos.fetch_sub(nanos(by), Ordering::SeqCst);
    }

    /// Draws jitter from this seed on, for caches made afterwards.
    pub fn seed(&self, seed: u64) {
        self.parts.seed.store(seed, Ordering::SeqCst);
    }

    pub(crate) fn random(&self) -> fastrand::Rng {
        // Each cache gets a sequence of its own, the same in every run.
        fastrand::Rng::with_seed(self.parts.seed.fetch_add(1, Ordering::SeqCst))
    }
}

/// Starts on 2026-11-23 at noon, UTC: fixed, so that failures repeat.
impl Default for Clock {
    fn default() -> Self {
        Self::starting_at(SystemTime::UNIX_EPOCH + BASE)
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

const BASE: Duration = Duration::from_secs(1_795_435_200);
