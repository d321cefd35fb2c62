//! How far a clock is off, from the `Date` of answers. Pure, but for the place where it is kept.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
#[cfg(feature = "_http")]
use std::time::Duration;

use super::SteadyOffset;
use crate::wall_time::WallTime;

/// How far a machine's clock is behind, in nanoseconds; negative if it is ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skew(i64);

impl Skew {
    pub(super) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Only if the machine is behind.
    #[inline]
    pub(super) fn if_behind(self) -> Self {
        Self(self.0.max(0))
    }

    #[inline]
    pub(super) fn applied_to(self, machine: WallTime) -> WallTime {
        machine.shifted(self.0)
    }

    pub(super) const fn seconds(self) -> i64 {
        self.0 / NANOS_PER_SECOND
    }
}

/// Who told. The metadata service is believed until one over the network has answered: what stands in for it on this
/// machine has this machine's clock.
#[cfg(feature = "_http")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Teacher {
    Network,
    LinkLocal,
}

/// What is known of one machine's clock.
#[derive(Debug)]
pub(crate) struct Learned {
    skew: AtomicI64,
    /// The clock less the time that passed, when that was learned.
    offset: AtomicI64,
    over_the_network: AtomicBool,
}

impl Learned {
    pub(crate) const fn nothing() -> Self {
        Self { skew: AtomicI64::new(0), offset: AtomicI64::new(0), over_the_network: AtomicBool::new(false) }
    }

    #[inline]
    pub(super) fn skew(&self) -> Skew {
        Skew(self.skew.load(Ordering::Relaxed))
    }

    /// Answers whether it was believed. Of two answers at the same time either may be kept: they agree.
    #[cfg(feature = "_http")]
    pub(super) fn learn(&self, skew: Skew, teacher: Teacher, offset: SteadyOffset) -> bool {
        match teacher {
            Teacher::Network => self.over_the_network.store(true, Ordering::Relaxed),
            Teacher::LinkLocal if self.over_the_network.load(Ordering::Relaxed) => return false,
            Teacher::LinkLocal => {}
        }
        self.offset.store(offset.0.unix_nanos(), Ordering::Relaxed);
        self.skew.store(skew.0, Ordering::Release);
        true
    }

    /// If the clock was set by just as much as it was off, it is right now.
    pub(super) fn forget_if_set_right(&self, offset: SteadyOffset) {
        let skew = self.skew.load(Ordering::Acquire);
        let step = offset.0.unix_nanos().saturating_sub(self.offset.load(Ordering::Relaxed));
        if skew != 0 && step.saturating_sub(skew).saturating_abs() <= TOLERANCE_NANOS {
            // Unless another answer has come meanwhile.
            let _ = self.skew.compare_exchange(skew, 0, Ordering::AcqRel, Ordering::Relaxed);
        }
    }
}

/// What an answer says.
#[cfg(feature = "_http")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measured {
    Is(Skew),
    /// The clock was set meanwhile, it took too long, or the date is absurd.
    Nothing,
}

/// `asked` and `answered` by the machine's clock, `took` by a stopwatch, `date` by the other side's.
#[cfg(feature = "_http")]
pub(super) fn measure(asked: WallTime, answered: WallTime, took: Duration, date: WallTime) -> Measured {
    let by_the_clock = answered.unix_nanos().saturating_sub(asked.unix_nanos());
    let took_nanos = i64::try_from(took.as_nanos()).unwrap_or(i64::MAX);
    let was_set = by_the_clock.saturating_sub(took_nanos).saturating_abs() > NANOS_PER_SECOND;
    if was_set || took > TOOK_MAX || !(PLAUSIBLE.0..PLAUSIBLE.1).contains(&date) {
        return Measured::Nothing;
    }
    // It was written somewhere in between, and its second was half over on the average.
    let there = date.unix_nanos().saturating_add(NANOS_PER_SECOND / 2);
    let here = asked.unix_nanos().saturating_add(took_nanos / 2);
    let skew = there.saturating_sub(here);
    let certain = skew.saturating_abs().saturating_sub(took_nanos / 2) > TOLERANCE_NANOS;
    Measured::Is(Skew(if certain { skew } else { 0 }))
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// Less is the resolution of `Date` and the way of the answer, and of no account for any expiry.
const TOLERANCE_NANOS: i64 = 5 * NANOS_PER_SECOND;
/// A slower answer says too little about the moment in which its date was written.
#[cfg(feature = "_http")]
const TOOK_MAX: Duration = Duration::from_secs(20);
/// 2026, when this was written, to 2100: a date beyond is that of a clock that is wrong itself.
#[cfg(feature = "_http")]
const PLAUSIBLE: (WallTime, WallTime) =
    (WallTime::from_unix(1_767_225_600, 0), WallTime::from_unix(4_102_444_800, 0));

#[cfg(all(test, feature = "_http"))]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> WallTime {
        WallTime::from_unix(1_800_000_000 + seconds, 0)
    }

    fn skew(asked: i64, answered: i64, took: u64, date: i64) -> Option<i64> {
        match measure(at(asked), at(answered), Duration::from_secs(took), at(date)) {
            Measured::Is(skew) => Some(skew.0),
            Measured::Nothing => None,
        }
    }

    #[test]
    fn is_measured_in_the_middle_of_the_exchange() {
        let half = NANOS_PER_SECOND / 2;
        for (asked, answered, took, date, expected) in [
            (0, 0, 0, 3600, Some(3600 * NANOS_PER_SECOND + half)),
            (0, 0, 0, -3600, Some(-3600 * NANOS_PER_SECOND + half)),
            (0, 10, 10, 3605, Some(3600 * NANOS_PER_SECOND + half)),
            // The resolution of the header, and the way.
            (0, 0, 0, 0, Some(0)),
            (0, 0, 0, 4, Some(0)),
            (0, 0, 0, -5, Some(0)),
            (0, 0, 0, 5, Some(5 * NANOS_PER_SECOND + half)),
            (0, 10, 10, 12, Some(0)),
            (0, 10, 10, 16, Some(11 * NANOS_PER_SECOND + half)),
            // Set while the answer was on its way; slow; absurd.
            (0, 100, 2, 3600, None),
            (100, 0, 2, 3600, None),
            (0, 21, 21, 3600, None),
            (0, 0, 0, -1_800_000_000, None),
            (0, 0, 0, 8_000_000_000, None),
        ] {
            assert_eq!(skew(asked, answered, took, date), expected, "{asked} {answered} {took} {date}");
        }
    }

    #[test]
    fn the_network_is_believed_rather_than_this_machine() {
        let learned = Learned::nothing();
        let offset = SteadyOffset(at(0));
        assert!(learned.learn(Skew(7), Teacher::LinkLocal, offset));
        assert!(learned.learn(Skew(9), Teacher::Network, offset));
        assert!(!learned.learn(Skew(0), Teacher::LinkLocal, offset));
        assert_eq!(learned.skew(), Skew(9));
        assert!(learned.learn(Skew(0), Teacher::Network, offset));
        assert_eq!(learned.skew(), Skew(0));
    }

    #[test]
    fn a_clock_that_is_set_right_is_not_corrected_any_more() {
        let hour = 3600 * NANOS_PER_SECOND;
        for (skew, step, left) in [
            (hour, 3600, 0),
            (hour, 3602, 0),
            (-hour, -3600, 0),
            (hour, 60, hour),
            (hour, -3600, hour),
            (hour, 0, hour),
        ] {
            let learned = Learned::nothing();
            learned.learn(Skew(skew), Teacher::Network, SteadyOffset(at(0)));
            learned.forget_if_set_right(SteadyOffset(at(step)));
            assert_eq!(learned.skew(), Skew(left), "{skew} {step}");
        }
    }
}
