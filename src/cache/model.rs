//! Flight, slot, rejection and forgetting under schedules that shuttle chooses: the real `machine`, `flight`, `refresher`,
//! `look` and `state`, over the stand-ins of `sync/model`.
//!
//! ```sh
//! RUSTFLAGS="--cfg aws_credential_chain_model" cargo test --no-default-features --lib cache::model --target-dir target/model
//! ```
//!
//! A failure prints its schedule; `MODEL_SCHEDULE=… cargo test … NAME` plays that one again. `MODEL_ITERATIONS` sets how
//! many are tried, of each kind.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod source;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shuttle::future::block_on;
use shuttle::thread::{self, JoinHandle};

use self::source::Does::{Fails, Gives, Hangs};
use self::source::{HOUR, LIMIT, LOOK_AFTER, Source, Token};
use crate::cache::Refresher;
use crate::cache::policy::{RefreshMode, RefreshPolicy};
use crate::error::{Error, FailureKind};
use crate::host::{Clock, Env};
use crate::sync::model::{self, Runtime};
use crate::wall_time::WallTime;

/// Schedules tried of each scenario by each of the two ways of choosing them.
const ITERATIONS: usize = 1_000;
/// How many unlikely switches a schedule of the second way has.
const SWITCHES: usize = 3;

fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    let scenario = move || {
        model::reset();
        scenario();
        model::join_tasks();
    };
    if let Ok(schedule) = std::env::var("MODEL_SCHEDULE") {
        return shuttle::replay(scenario, &schedule);
    }
    let iterations = std::env::var("MODEL_ITERATIONS").map_or(ITERATIONS, |n| n.parse().unwrap());
    let scenario = Arc::new(scenario);
    let again = Arc::clone(&scenario);
    shuttle::check_random(move || scenario(), iterations);
    shuttle::check_pct(move || again(), iterations, SWITCHES);
}

/// A cache of one token.
#[derive(Clone)]
struct Cache {
    refresher: Refresher<Token>,
    source: Source,
}

impl Cache {
    fn new(source: Source) -> Self {
        let policy = RefreshPolicy::default().mode(RefreshMode::Background);
        let refresher = Refresher::new(source.clone(), policy, Clock::default(), Env::default());
        Self { refresher, source }
    }

    /// With what the first fetch brings in hand.
    fn filled(source: Source) -> Self {
        let cache = Self::new(source);
        block_on(cache.refresher.read()).unwrap();
        model::join_tasks();
        cache
    }

    /// In the last minute of what is in hand.
    fn in_the_last_minute(source: Source) -> Self {
        let cache = Self::filled(source);
        model::pass(HOUR - Duration::from_secs(30));
        cache
    }

    fn read(&self) -> Result<Token, Error> {
        let began = self.refresher.now();
        let read = match self.refresher.quiet(Token::clone) {
            Some(token) => Ok(token),
            None => block_on(self.refresher.read()),
        };
        check(read, began)
    }

    fn renew(&self) -> Result<Token, Error> {
        let began = self.refresher.now();
        check(block_on(self.refresher.renew()), began)
    }

    fn held(&self) -> Option<Held> {
        let (snapshot, _) = self.refresher.snapshot();
        snapshot.held().map(|held| Held { token: held.value.clone(), rejected: held.rejected })
    }

    /// After everything: no flight is left behind, and the cache still works.
    fn is_at_rest(&self) {
        model::join_tasks();
        assert!(!self.refresher.snapshot().1, "a flight is up for ever");
        model::runtime_is(Runtime::Driven);
        model::pass(Duration::from_secs(600));
        self.read().unwrap();
        model::join_tasks();
    }
}

struct Held {
    token: Token,
    rejected: bool,
}

fn spawn<T: Send + 'static>(cache: &Cache, does: impl FnOnce(&Cache) -> T + Send + 'static) -> JoinHandle<T> {
    let cache = cache.clone();
    thread::spawn(move || does(&cache))
}

/// No answer had expired already as it was asked for.
fn check(answer: Result<Token, Error>, began: WallTime) -> Result<Token, Error> {
    if let Ok(token) = &answer {
        assert!(token.stale || began < token.expiry, "expired: {token:?}");
    }
    answer
}

fn is_kind(error: &Error, kind: FailureKind) -> bool {
    matches!(error, Error::Failed(failure) if failure.kind() == kind)
}

#[test]
fn all_who_ask_at_once_share_one_flight() {
    explore(|| {
        let cache = Cache::new(Source::new([]));
        let readers = [(); 3].map(|()| spawn(&cache, Cache::read));
        for reader in readers {
            assert_eq!(reader.join().unwrap().unwrap().key, 1);
        }
        assert_eq!(cache.source.begun(), 1);
        cache.is_at_rest();
    });
}

#[test]
fn a_failure_is_shared_too() {
    explore(|| {
        let cache = Cache::new(Source::new([Fails]));
        let readers = [(); 3].map(|()| spawn(&cache, Cache::read));
        for reader in readers {
            assert!(is_kind(&reader.join().unwrap().unwrap_err(), FailureKind::Unavailable));
        }
        assert_eq!(cache.source.begun(), 1);
        cache.is_at_rest();
    });
}

#[test]
fn in_the_last_minute_everybody_waits_for_one_flight() {
    explore(|| {
        let cache = Cache::in_the_last_minute(Source::new([]));
        let readers = [(); 3].map(|()| spawn(&cache, Cache::read));
        for reader in readers {
            assert_eq!(reader.join().unwrap().unwrap().key, 2);
        }
        assert_eq!(cache.source.begun(), 2);
        cache.is_at_rest();
    });
}

#[test]
fn a_rejection_that_races_with_a_flight_is_not_lost() {
    // The flight brings the same key again, or the one that is rejected before it is here.
    for (first, second, rejected) in [(7, 7, 7), (6, 7, 7)] {
        explore(move || {
            let cache = Cache::in_the_last_minute(Source::new([Gives(first), Gives(second), Gives(8)]));
            let readers = [(); 2].map(|()| spawn(&cache, Cache::read));
            let rejecter = spawn(&cache, move |cache| {
                let begun = cache.source.begun();
                cache.refresher.invalidate(rejected);
                begun
            });
            let begun = rejecter.join().unwrap();
            for reader in readers {
                reader.join().unwrap().unwrap();
            }
            model::join_tasks();
            let held = cache.held().unwrap();
            if held.token.key == rejected && !held.rejected {
                // Then it was given by somebody who could know.
                assert!(held.token.fetch > begun, "fetch {} after {begun}", held.token.fetch);
            }
            cache.is_at_rest();
        });
    }
}

#[test]
fn what_was_forgotten_does_not_come_back() {
    // With nothing but chance a flight is hardly ever up as it is forgotten.
    for flight_is_up in [false, true] {
        explore(move || {
            let cache = Cache::in_the_last_minute(Source::new([]));
            let reader = spawn(&cache, Cache::read);
            while flight_is_up && cache.source.begun() < 2 {
                thread::yield_now();
            }
            let forgetter = spawn(&cache, |cache| {
                let begun = cache.source.begun();
                cache.refresher.forget();
                assert!(cache.refresher.in_hand().is_none_or(|token| token.fetch > begun));
                let read = cache.read().unwrap();
                assert!(read.fetch > begun, "{read:?} was there before fetch {begun}");
                begun
            });
            let begun = forgetter.join().unwrap();
            reader.join().unwrap().unwrap();
            model::join_tasks();
            assert!(cache.held().unwrap().token.fetch > begun);
            cache.is_at_rest();
        });
    }
}

#[test]
fn everything_at_once_and_nobody_goes_back_in_time() {
    explore(|| {
        let cache = Cache::in_the_last_minute(Source::new([]));
        let reader = spawn(&cache, |cache| {
            let reads = [(); 3].map(|()| cache.read().unwrap().fetch);
            assert!(reads.is_sorted(), "{reads:?}");
        });
        let renewer = spawn(&cache, |cache| {
            let begun = cache.source.begun();
            // It joins what is up; and what is up is newer than what was in hand before.
            assert!(cache.renew().unwrap().fetch >= begun.max(2));
        });
        let rejecter = spawn(&cache, |cache| cache.refresher.invalidate(2));
        let forgetter = spawn(&cache, |cache| cache.refresher.forget());
        reader.join().unwrap();
        renewer.join().unwrap();
        rejecter.join().unwrap();
        forgetter.join().unwrap();
        cache.is_at_rest();
    });
}

#[test]
fn a_reader_that_gives_up_takes_nothing_from_the_others() {
    explore(|| {
        let cache = Cache::new(Source::new([]));
        let impatient = spawn(&cache, |cache| {
            block_on(async {
                let mut read = pin!(cache.refresher.read());
                // One look, and away.
                std::future::poll_fn(|context| {
                    let _ = read.as_mut().poll(context);
                    std::task::Poll::Ready(())
                })
                .await;
            });
        });
        let patient = [(); 2].map(|()| spawn(&cache, Cache::read));
        impatient.join().unwrap();
        for reader in patient {
            assert_eq!(reader.join().unwrap().unwrap().key, 1);
        }
        assert_eq!(cache.source.begun(), 1);
        cache.is_at_rest();
    });
}

#[test]
fn a_runtime_that_is_shut_down_answers_everybody_and_leaves_a_cache_that_works() {
    explore(|| {
        let cache = Cache::new(Source::new([]));
        let readers = [(); 2].map(|()| spawn(&cache, Cache::read));
        let end = spawn(&cache, |_| model::abort_tasks());
        end.join().unwrap();
        for reader in readers {
            match reader.join().unwrap() {
                Ok(token) => assert_eq!(token.fetch, cache.source.begun()),
                Err(error) => assert!(is_kind(&error, FailureKind::Interrupted), "{error}"),
            }
        }
        cache.is_at_rest();
    });
}

#[test]
fn a_source_that_hangs_holds_up_nobody_for_ever() {
    explore(|| {
        // A task that gets no turn for a second past its limit is given up like one that nobody drives.
        let empty = Cache::new(Source::new([Hangs]).that_may_overlap());
        let valid = Cache::in_the_last_minute(Source::new([Gives(1), Hangs]).that_may_overlap());
        let time = Time::passing();
        for reader in [spawn(&empty, Cache::read), spawn(&valid, Cache::read)] {
            if let Err(error) = reader.join().unwrap() {
                assert!(is_kind(&error, FailureKind::TimedOut), "{error}");
            }
        }
        model::join_tasks();
        time.stop();
        empty.is_at_rest();
        valid.is_at_rest();
    });
}

#[test]
fn a_flight_that_nobody_drives_is_given_up_and_what_it_brings_is_not_kept() {
    explore(|| {
        let cache = Cache::new(Source::new([]).that_may_overlap());
        model::runtime_is(Runtime::Abandoned);
        let readers = [(); 2].map(|()| spawn(&cache, Cache::read));
        // Its task may not have been handed over yet: then it is driven after all.
        while !cache.refresher.snapshot().1 {
            thread::yield_now();
        }
        model::runtime_is(Runtime::Driven);
        let time = Time::passing();
        for reader in readers {
            reader.join().unwrap().unwrap();
        }
        model::join_tasks();
        time.stop();
        let held = cache.held().unwrap().token;
        model::drive_again();
        model::join_tasks();
        assert_eq!(cache.held().unwrap().token, held);
        cache.is_at_rest();
    });
}

#[test]
fn a_flight_that_was_given_up_may_land_at_any_time() {
    explore(|| {
        let cache = Cache::new(Source::new([]).that_may_overlap());
        model::runtime_is(Runtime::Abandoned);
        let readers = [(); 2].map(|()| spawn(&cache, Cache::read));
        while !cache.refresher.snapshot().1 {
            thread::yield_now();
        }
        model::pass(LIMIT * 2);
        let driver = thread::spawn(model::drive_again);
        for reader in readers {
            reader.join().unwrap().unwrap();
        }
        driver.join().unwrap();
        cache.is_at_rest();
    });
}

#[test]
fn files_are_looked_at_by_one_and_a_change_is_not_lost() {
    explore(|| {
        let cache = Cache::filled(Source::new([]).with_files());
        model::pass(LOOK_AFTER);
        let readers = [(); 2].map(|()| spawn(&cache, Cache::read));
        let renewer = spawn(&cache, Cache::renew);
        for reader in readers {
            reader.join().unwrap().unwrap();
        }
        renewer.join().unwrap().unwrap();
        model::join_tasks();
        assert!(cache.held().unwrap().token.fetch >= 2);
        cache.is_at_rest();
    });
}

/// Time that passes while others do what they do.
struct Time {
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Time {
    fn passing() -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let stopped = Arc::clone(&stopped);
            move || {
                while !stopped.load(Ordering::Relaxed) {
                    model::pass(Duration::from_secs(1));
                    thread::yield_now();
                }
            }
        });
        Self { stopped, thread }
    }

    fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}
