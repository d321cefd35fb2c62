//! The wall clock, in two precisions.

use crate::wall_time::WallTime;

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    #[cfg(feature = "test-util")]
    Turned(crate::testing::Clock),
}

impl Clock {
    /// The wall clock, exact.
    pub(crate) fn now(&self) -> WallTime {
        match self {
            Self::System => std::time::SystemTime::now().into(),
            #[cfg(feature = "test-util")]
            Self::Turned(clock) => clock.now().into(),
        }
    }

    /// The wall clock, some milliseconds behind at most, at a quarter of the cost: enough to see that nothing is
    /// due.
    #[inline]
    pub(crate) fn coarse_now(&self) -> WallTime {
        match self {
            Self::System => coarse(),
            #[cfg(feature = "test-util")]
            Self::Turned(clock) => clock.now().into(),
        }
    }

    /// Where jitter comes from: from chance, or from the seed of a test.
    pub(crate) fn random(&self) -> fastrand::Rng {
        match self {
            Self::System => fastrand::Rng::new(),
            #[cfg(feature = "test-util")]
            Self::Turned(clock) => clock.random(),
        }
    }
}

#[cfg(target_os = "linux")]
#[inline]
fn coarse() -> WallTime {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    WallTime::from_unix(at.tv_sec, at.tv_nsec)
}

#[cfg(not(target_os = "linux"))]
fn coarse() -> WallTime {
    std::time::SystemTime::now().into()
}
