//! Trying a step of a fetch again: only while a read waits, a few times, never at a fixed pace.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::cache::a_read_waits;
use crate::host::Clock;

/// Paces the attempts of one provider.
#[derive(Debug)]
pub(crate) struct Retry {
    random: Mutex<fastrand::Rng>,
}

impl Retry {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self { random: Mutex::new(clock.random()) }
    }

    /// Whether there may be an attempt after this one, counted from 1. A refresh that nobody waits for makes one
    /// attempt: the next refresh is soon enough.
    pub(crate) fn again(attempt: u32) -> bool {
        Self::again_of(attempt, ATTEMPTS)
    }

    /// The same with another number of attempts.
    pub(crate) fn again_of(attempt: u32, attempts: u32) -> bool {
        attempt < attempts && a_read_waits()
    }

    /// Waits before the attempt after this one.
    pub(crate) async fn pause(&self, attempt: u32) {
        let draw = self.random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        let whole = FIRST_PAUSE.saturating_mul(attempt).min(LONGEST_PAUSE);
        tokio::time::sleep(whole / 2 + (whole / 2).mul_f64(draw)).await;
    }
}

/// Of each step, as most SDKs make.
pub(crate) const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
