//! What a cached read takes, by one thread and by eight, and what ten thousand tasks pay that ask at once for the first
//! credentials.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route};
use tokio::runtime::{Handle, Runtime};

use crate::contestant::{Contestant, Library};

/// A read of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Awaited,
    /// Ours without awaiting it.
    Current,
    /// Ours, lent.
    Lent,
}

/// Nanoseconds of a processor for each read: by one thread, and by [`THREADS`] at once. The best of several rounds,
/// because a machine is never without other work.
#[must_use]
pub fn nanoseconds(library: Library, kind: Kind, server: &Handle) -> (f64, f64) {
    let aws = server.block_on(LocalAws::builder().clock(Clock::starting_now()).start()).unwrap();
    let first = runtime();
    let contestant = Contestant::new(library, &aws.endpoint());
    first.block_on(contestant.read(|_, _| ())).unwrap();
    let best =
        |threads: usize| (0..ROUNDS).map(|_| round(&contestant, kind, threads)).fold(f64::INFINITY, f64::min);
    (best(1), best(THREADS))
}

/// All threads read as fast as they can.
#[allow(clippy::cast_precision_loss, reason = "shown with few digits")]
fn round(contestant: &Contestant, kind: Kind, threads: usize) -> f64 {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| runtime().block_on(read(contestant, kind)));
        }
    });
    let processors = std::thread::available_parallelism().map_or(1, usize::from).min(threads);
    started.elapsed().as_nanos() as f64 * processors as f64 / (f64::from(READS) * threads as f64)
}

async fn read(contestant: &Contestant, kind: Kind) {
    for _ in 0..READS {
        match (kind, contestant) {
            // Not through `Contestant::read`, whose future has room for all of them.
            (Kind::Awaited, Contestant::Ours(cache)) => drop(black_box(cache.credentials().await)),
            (Kind::Current, Contestant::Ours(cache)) => drop(black_box(cache.current())),
            (Kind::Lent, Contestant::Ours(cache)) => {
                black_box(cache.with_current(|credentials| credentials.access_key_id().len()));
            }
            _ => drop(black_box(contestant.read(|id, _| id.len()).await)),
        }
    }
}

/// Requests, and how long until all tasks have their answer.
#[must_use]
pub fn herd(library: Library, server: &Handle) -> (usize, Duration) {
    let aws = server.block_on(LocalAws::builder().clock(Clock::starting_now()).start()).unwrap();
    for route in [Route::MetadataToken, Route::MetadataRoles, Route::MetadataCredentials] {
        aws.fault(route, Fault::delay(SERVER).forever());
    }
    let contestant = Contestant::new(library, &aws.endpoint());
    let took = runtime().block_on(async {
        let started = Instant::now();
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let contestant = contestant.clone();
                tokio::spawn(async move { contestant.read(|_, _| ()).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        started.elapsed()
    });
    (aws.requests().len(), took)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub const THREADS: usize = 8;
const READS: u32 = 50_000;
const ROUNDS: usize = 5;
const TASKS: usize = 10_000;
const SERVER: Duration = Duration::from_millis(20);
