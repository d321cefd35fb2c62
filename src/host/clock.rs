//! The wall clock, in two precisions, corrected by what AWS's answers tell of it.

mod skew;

use std::time::Duration;

#[cfg(feature = "_http")]
pub(crate) use self::skew::Teacher;
use self::skew::{Learned, Skew};
#[cfg(feature = "_http")]
use self::skew::{Measured, measure};
use crate::sync::Instant;
#[cfg(all(test, aws_credential_chain_model))]
use crate::sync::model::{wall_time as coarse, wall_time as precise};
use crate::wall_time::WallTime;

#[cfg(feature = "test-util")]
pub(crate) use self::skew::Learned as LearnedSkew;

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    #[cfg(feature = "test-util")]
    Turned(crate::testing::Clock),
}

/// Measures how long something takes, whatever becomes of the wall clock meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Clock {
    /// The time by AWS's clocks, exact: the machine's, corrected.
    pub(crate) fn now(&self) -> WallTime {
        let learned = self.learned();
        if learned.skew().is_zero() {
            return self.machine();
        }
        // Whoever set the clock right meanwhile must not be corrected once more.
        learned.forget_if_set_right(self.since_start());
        learned.skew().applied_to(self.machine())
    }

    /// The same, some milliseconds behind at most, at a quarter of the cost: enough to see that nothing is due.
    ///
    /// A machine that is ahead is not corrected here: if it was set right meanwhile, expired credentials would pass
    /// for valid ones. It is never earlier than [`now`](Self::now) by more than the precision.
    #[inline]
    pub(crate) fn coarse_now(&self) -> WallTime {
        let machine = match self {
            Self::System => coarse(),
            #[cfg(feature = "test-util")]
            Self::Turned(clock) => clock.now().into(),
        };
        self.learned().skew().if_behind().applied_to(machine)
    }

    /// Where jitter comes from: from chance, or from the seed of a test.
    pub(crate) fn random(&self) -> fastrand::Rng {
        match self {
            Self::System => fastrand::Rng::new(),
            #[cfg(feature = "test-util")]
            Self::Turned(clock) => clock.random(),
        }
    }

    /// Whether both are the same clock.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::System, Self::System) => true,
            #[cfg(feature = "test-util")]
            (Self::Turned(one), Self::Turned(other)) => one.is(other),
            #[cfg(feature = "test-util")]
            _ => false,
        }
    }

    /// How far the machine is behind AWS, as far as is known; to be compared.
    #[cfg(feature = "sts")]
    pub(crate) fn skew(&self) -> impl PartialEq + use<> {
        self.learned().skew()
    }

    /// By how many seconds the machine is behind AWS, as far as is known; negative if it is ahead.
    pub(crate) fn behind_by(&self) -> i64 {
        self.learned().skew().seconds()
    }

    /// Begins to measure what the `Date` of an answer says about this clock.
    #[cfg(feature = "_http")]
    pub(crate) fn asking(&self) -> Asking<'_> {
        Asking { clock: self, asked: self.machine(), stopwatch: Stopwatch::start() }
    }

    fn machine(&self) -> WallTime {
        match self {
            Self::System => precise(),
            #[cfg(feature = "test-util")]
            Self::Turned(clock) => clock.now().into(),
        }
    }

    /// Moves on with the machine's clock, but not with the steps in which it is set.
    fn since_start(&self) -> SteadyOffset {
        SteadyOffset(match self {
            Self::System => {
                static STARTED: std::sync::LazyLock<std::time::Instant> =
                    std::sync::LazyLock::new(std::time::Instant::now);
                self.machine().minus(STARTED.elapsed())
            }
            #[cfg(feature = "test-util")]
            Self::Turned(clock) => clock.origin().into(),
        })
    }

    #[inline]
    fn learned(&self) -> &Learned {
        match self {
            Self::System => &OF_THE_MACHINE,
            #[cfg(feature = "test-util")]
            Self::Turned(clock) => clock.learned_skew(),
        }
    }
}

/// What the wall clock shows, less the time that has passed: it changes only if the clock is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SteadyOffset(pub(crate) WallTime);

/// A request that is on its way.
#[cfg(feature = "_http")]
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    clock: &'a Clock,
    asked: WallTime,
    stopwatch: Stopwatch,
}

#[cfg(feature = "_http")]
impl Asking<'_> {
    /// The answer came, and this was its `Date`.
    pub(crate) fn answered(self, date: Option<&str>, teacher: Teacher) {
        let Some(date) = date.and_then(WallTime::parse_http_date) else { return };
        let took = self.stopwatch.elapsed();
        let Measured::Is(skew) = measure(self.asked, self.clock.machine(), took, date) else { return };
        let learned = self.clock.learned();
        let before = learned.skew();
        if learned.learn(skew, teacher, self.clock.since_start()) && skew != before {
            report(skew);
        }
    }
}

#[cfg(feature = "_http")]
fn report(skew: Skew) {
    if skew.is_zero() {
        tracing::info!("the clock of this machine is right again");
    } else {
        tracing::warn!(
            behind_by_seconds = skew.seconds(),
            "the clock of this machine is wrong; expiry and signatures go by AWS's"
        );
    }
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(not(all(test, aws_credential_chain_model)))]
fn precise() -> WallTime {
    std::time::SystemTime::now().into()
}

#[cfg(all(target_os = "linux", not(all(test, aws_credential_chain_model))))]
#[inline]
fn coarse() -> WallTime {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    WallTime::from_unix(at.tv_sec, at.tv_nsec)
}

#[cfg(all(not(target_os = "linux"), not(all(test, aws_credential_chain_model))))]
fn coarse() -> WallTime {
    std::time::SystemTime::now().into()
}

/// A machine has one clock.
static OF_THE_MACHINE: Learned = Learned::nothing();
