//! What is simulated: lifetimes, outages and policies, each with each.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_credential_chain::RefreshPolicy;

use crate::fleet::{self, Outcome};

/// How large, and from which seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub machines: u32,
    pub seed: u64,
}

impl Size {
    /// Requests that the source takes in a second.
    pub(crate) fn capacity(self) -> u32 {
        (self.machines * CAPACITY.0).div_ceil(CAPACITY.1)
    }
}

/// One fleet, one outage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub life: Life,
    pub outage: Duration,
    pub policy: Policy,
}

/// How long credentials live, and how long before their expiry both policies begin to renew them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub lifetime: Duration,
    pub window: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Ours,
    Aws,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Row {
    pub scenario: Scenario,
    pub outcome: Outcome,
}

impl Scenario {
    /// All of them, in the order of the table.
    pub(crate) fn all() -> Vec<Self> {
        let lives = LIVES.into_iter();
        let with_outages = lives.flat_map(|life| OUTAGES.into_iter().map(move |outage| (life, outage)));
        with_outages
            .flat_map(|(life, outage)| Policy::BOTH.map(|policy| Self { life, outage, policy }))
            .collect()
    }
}

impl Life {
    /// How long after they were obtained credentials are renewed.
    pub(crate) fn renewed_after(self) -> Duration {
        self.lifetime.saturating_sub(self.window)
    }
}

impl Policy {
    pub(crate) const BOTH: [Self; 2] = [Self::Ours, Self::Aws];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Aws => "AWS",
        }
    }

    pub(crate) fn rules(self) -> RefreshPolicy {
        match self {
            Self::Ours => RefreshPolicy::default(),
            Self::Aws => RefreshPolicy::aws(),
        }
    }
}

/// Runs all of them, as many at a time as there are processors: each has its own runtime and its own time.
pub(crate) fn simulate(scenarios: &[Scenario], size: Size) -> io::Result<Vec<Row>> {
    // The long ones first, so that no processor is left with one at the end.
    let mut order: Vec<usize> = (0..scenarios.len()).collect();
    order.sort_by_key(|number| std::cmp::Reverse(scenarios.get(*number).map(|scenario| scenario.outage)));
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(number) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(scenario) = scenarios.get(*number).copied() else { continue };
            let outcome = fleet::run(scenario, size);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((*number, scenario, outcome));
        }
    };
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, ..)| *number);
    done.into_iter().map(|(_, scenario, outcome)| Ok(Row { scenario, outcome: outcome? })).collect()
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// 600 requests a second of 10,000 machines, and of others in proportion.
const CAPACITY: (u32, u32) = (600, 10_000);
pub(crate) const LIVES: [Life; 3] = [
    Life { lifetime: minutes(15), window: minutes(5) },
    Life { lifetime: minutes(60), window: minutes(15) },
    Life { lifetime: minutes(6 * 60), window: minutes(60) },
];
pub(crate) const OUTAGES: [Duration; 6] =
    [Duration::from_secs(1), Duration::from_secs(30), minutes(2), minutes(10), minutes(30), minutes(120)];
