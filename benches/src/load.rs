//! Reads in an open loop: each begins on time, whatever becomes of the others.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::task::JoinSet;

use crate::contestant::Contestant;

/// One read.
#[derive(Clone, Debug)]
pub struct Read {
    /// Counted from the start of the loop.
    pub began: Duration,
    /// `None`: it has not come back.
    pub end: Option<End>,
}

/// How it came back.
#[derive(Clone, Debug)]
pub struct End {
    pub at: SystemTime,
    pub took: Duration,
    /// Whether it was not ready at once: that is the library's doing, however busy the machine is.
    pub waited: bool,
    pub answer: Result<Answer, String>,
}

/// What it brought.
#[derive(Clone, Debug)]
pub struct Answer {
    pub access_key_id: String,
    /// Whether the credentials say that they are past their expiry.
    pub marked: bool,
}

/// Begins a read every [`EVERY`] for `length`; waits `patience` longer for those that have not come back.
pub async fn read(contestant: &Contestant, length: Duration, patience: Duration) -> Vec<Read> {
    let ends: Arc<Mutex<Vec<Option<End>>>> = Arc::default();
    let set = |number: usize, ends: &Mutex<Vec<Option<End>>>, end| {
        if let Some(slot) = ends.lock().unwrap_or_else(PoisonError::into_inner).get_mut(number) {
            *slot = end;
        }
    };
    let mut began = Vec::new();
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    // Late ones follow at once: none is left out.
    let mut ticks = tokio::time::interval(EVERY);
    while started.elapsed() < length {
        ticks.tick().await;
        let number = began.len();
        began.push(started.elapsed());
        ends.lock().unwrap_or_else(PoisonError::into_inner).push(None);
        let (contestant, ends) = (contestant.clone(), Arc::clone(&ends));
        tasks.spawn(async move { set(number, &ends, Some(one(&contestant).await)) });
    }
    let _ = tokio::time::timeout(patience, async { while tasks.join_next().await.is_some() {} }).await;
    let ends = ends.lock().unwrap_or_else(PoisonError::into_inner).clone();
    began.into_iter().zip(ends).map(|(began, end)| Read { began, end }).collect()
}

async fn one(contestant: &Contestant) -> End {
    let started = Instant::now();
    let mut waited = false;
    let mut read = pin!(contestant.read(|id, marked| Answer { access_key_id: id.to_owned(), marked }));
    let answer = poll_fn(|context| {
        let polled = read.as_mut().poll(context);
        waited |= polled.is_pending();
        polled
    })
    .await;
    End { at: SystemTime::now(), took: started.elapsed(), waited, answer }
}

/// 200 a second.
pub const EVERY: Duration = Duration::from_millis(5);
