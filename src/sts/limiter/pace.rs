//! When the next call may be made: a bucket of tokens that fills more slowly after STS has throttled. Pure: times in, waits
//! out.

use std::time::Duration;

#[derive(Debug)]
pub(super) struct Pace {
    most: f64,
    per_second: f64,
    /// Below nought: turns that are given out and have not come yet.
    tokens: f64,
    at: Duration,
    slowed_at: Option<Duration>,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        let most = f64::from(per_second).max(1.0);
        Self { most, per_second: most, tokens: burst(most), at: Duration::ZERO, slowed_at: None }
    }

    /// Calls a second, at present.
    pub(super) fn per_second(&self) -> f64 {
        self.per_second
    }

    /// How long until its turn; `None` if that is longer than `patience`. `draw` in 0..1 spreads those that come together
    /// over one interval.
    pub(super) fn turn(&mut self, at: Duration, patience: Duration, draw: f64) -> Option<Duration> {
        self.move_on(at);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Some(Duration::ZERO);
        }
        let intervals = 1.0 - self.tokens + draw.clamp(0.0, 1.0);
        let wait =
            Duration::try_from_secs_f64(intervals / self.per_second).ok().filter(|wait| *wait <= patience)?;
        self.tokens -= 1.0;
        Some(wait)
    }

    /// STS wants fewer calls. What it says within one second it says of one burst.
    pub(super) fn throttled(&mut self, at: Duration) {
        self.move_on(at);
        if self.slowed_at.is_some_and(|slowed| at.saturating_sub(slowed) < SLOWED_ONCE_IN) {
            return;
        }
        self.slowed_at = Some(at);
        self.per_second = (self.per_second / 2.0).max(1.0);
        self.tokens = self.tokens.min(0.0);
    }

    fn move_on(&mut self, at: Duration) {
        let passed = at.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(at);
        self.per_second = (self.per_second + passed * self.most / RECOVERS_IN.as_secs_f64()).min(self.most);
        self.tokens = (self.tokens + passed * self.per_second).min(burst(self.per_second));
    }
}

/// So many at once: in no second are there more than a tenth above the pace.
fn burst(per_second: f64) -> f64 {
    (per_second / 10.0).max(1.0)
}

const SLOWED_ONCE_IN: Duration = Duration::from_secs(1);
const RECOVERS_IN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: Duration = Duration::from_secs(10);

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// When each of so many has its turn that come at once.
    fn turns(pace: &mut Pace, at: Duration, calls: usize) -> Vec<Duration> {
        (0..calls).filter_map(|_| pace.turn(at, PATIENT, 0.5)).map(|wait| at + wait).collect()
    }

    #[test]
    fn no_second_has_more_calls_than_the_pace_and_its_burst() {
        let mut pace = Pace::new(100);
        let mut made = turns(&mut pace, seconds(5.0), 600);
        assert_eq!(made.len(), 600);
        made.extend(turns(&mut pace, seconds(11.0), 50));
        made.sort_unstable();
        for (number, from) in made.iter().enumerate() {
            let within = made[number..].iter().take_while(|at| **at < *from + seconds(1.0)).count();
            assert!(within <= 111, "{within} calls in the second from {from:?}");
        }
        assert_eq!(made.iter().filter(|at| **at == seconds(5.0)).count(), 10, "the burst goes at once");
    }

    #[test]
    fn whoever_would_wait_too_long_is_told_so_and_takes_no_turn() {
        let mut pace = Pace::new(10);
        let made = turns(&mut pace, seconds(0.0), 1000);
        assert!((100..=101).contains(&made.len()), "{}", made.len());
        assert!(made.iter().all(|at| *at <= PATIENT));
        assert!(pace.turn(seconds(1.0), PATIENT, 0.0).is_some(), "a second later there is room again");
    }

    #[test]
    fn throttling_halves_it_once_a_second_and_it_recovers_in_a_minute() {
        let mut pace = Pace::new(64);
        for (at, expected) in [(1.0, 32.0), (1.5, 32.5), (2.1, 16.6), (3.2, 8.9)] {
            pace.throttled(seconds(at));
            assert!((pace.per_second() - expected).abs() < 0.5, "{} at {at}", pace.per_second());
        }
        pace.move_on(seconds(64.0));
        assert!((pace.per_second() - 64.0).abs() < f64::EPSILON);
        for second in 0..100_u32 {
            pace.throttled(seconds(100.0 + 1.01 * f64::from(second)));
        }
        assert!((1.0..=3.0).contains(&pace.per_second()), "{}", pace.per_second());
    }
}
