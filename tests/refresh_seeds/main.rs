//! Thousands of runs of a cache in virtual time, each drawn from a seed: policies, lifetimes, sources that are slow, fail,
//! throttle, hang and lie, readers who come in bursts and give up, rejections, clocks that are set, runtimes that go away.
//! At each step the invariants hold that the README and `docs/design.md` promise.
//!
//! ```sh
//! SEED=123 cargo test --test refresh_seeds      # plays one again, and tells it step by step if it breaks
//! SEEDS=100000 cargo test --test refresh_seeds  # plays more
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod ledger;
mod plan;
mod play;
mod source;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use plan::Plan;
use play::play;

/// How many are played, unless `SEEDS` says otherwise.
const SEEDS: u64 = 2_000;
const CALM_SEEDS: u64 = 1_000;
/// How much of a broken run is told.
const TOLD: usize = 60;

#[test]
fn whatever_happens_the_invariants_hold() {
    all_hold("whatever_happens_the_invariants_hold", Plan::draw, SEEDS);
}

#[test]
fn an_outage_shorter_than_the_advisory_window_is_noticed_by_no_read() {
    all_hold("an_outage_shorter_than_the_advisory_window_is_noticed_by_no_read", Plan::draw_calm, CALM_SEEDS);
}

/// Otherwise no failure could be played again.
#[test]
fn a_seed_tells_the_same_story_twice() {
    for draw in [Plan::draw, Plan::draw_calm] {
        for seed in 0..20 {
            let [one, other] = [(); 2].map(|()| play(seed, draw(seed), true));
            for (one, other) in one.trace.iter().zip(&other.trace) {
                assert_eq!(one, other, "seed {seed}");
            }
            assert_eq!(one.trace.len(), other.trace.len(), "seed {seed}");
            assert!(one.calls > 0, "seed {seed} asks for nothing");
        }
    }
}

fn all_hold(test: &str, draw: fn(u64) -> Plan, usually: u64) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(usually),
    };
    let next = AtomicU64::new(seeds.start);
    let broken = Mutex::new(Vec::new());
    let calls = AtomicU64::new(0);
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || broken.lock().unwrap().len() >= 20 {
                        return;
                    }
                    let run = play(seed, draw(seed), false);
                    calls.fetch_add(u64::from(run.calls), Ordering::Relaxed);
                    if let Some(complaint) = run.complaint {
                        broken.lock().unwrap().push((seed, complaint));
                    }
                }
            });
        }
    });
    assert!(calls.into_inner() >= seeds.end - seeds.start, "hardly anything was asked for");
    let mut broken = broken.into_inner().unwrap();
    broken.sort();
    let Some((seed, complaint)) = broken.first() else { return };
    let trace = play(*seed, draw(*seed), true).trace;
    let told = trace.len().saturating_sub(TOLD);
    let others: Vec<_> =
        broken.iter().skip(1).map(|(seed, complaint)| format!("seed {seed}: {complaint}")).collect();
    panic!(
        "seed {seed}: {complaint}\n{}\n{}\n\nto play it again: SEED={seed} cargo test --test refresh_seeds {test}",
        trace[told..].join("\n"),
        others.join("\n"),
    );
}
