//! Who is behind a flight: somebody who can be asked for something, or nobody.
//!
//! Some sources ask a person, as for a code of an MFA device. They may do so only where a person has asked first:
//!
//! | the flight is up because | it was asked for by |
//! |---|---|
//! | `renew` was called | a renewal |
//! | a read found nothing in hand | a first read |
//! | a read found it due, ahead of expiry or after it, or somebody needs what lasts longer | nobody |
//! | a scheduler or a look at files found it due | nobody |
//! | another flight asks this cache | whoever is behind that one |
//!
//! Once somebody was asked, a flight that brings nothing is not tried again unbidden, whatever it failed with: also where a
//! time limit, a panic or the words of another provider came between.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cache::machine::Why;
use crate::error::Error;

/// Who asked for a flight; the greater may ask for more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AskedBy {
    #[default]
    Nobody,
    FirstRead,
    Renewal,
}

impl AskedBy {
    /// Who is behind a flight that starts now.
    pub(super) fn of(why: Why, is_empty: bool) -> Self {
        Self::of_call(Self::this_flight(), why, is_empty)
    }

    fn of_call(this_flight: Option<Self>, why: Why, is_empty: bool) -> Self {
        match (this_flight, why) {
            (Some(asked_by), _) => asked_by,
            (None, Why::OnDemand) => Self::Renewal,
            (None, Why::IfDue) if is_empty => Self::FirstRead,
            (None, Why::IfDue | Why::ToLast) => Self::Nobody,
        }
    }

    /// Who is behind the flight in which this code runs; `None` outside of any.
    pub(crate) fn this_flight() -> Option<Self> {
        THIS_FLIGHT.try_with(|asked_by| *asked_by).ok()
    }

    /// Runs it with this behind it.
    pub(super) fn behind<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        THIS_FLIGHT.scope(self, future)
    }
}

/// Whoever calls a provider's `retrieve` outside of any flight asks for all of it.
#[cfg(feature = "sts")]
pub(crate) async fn as_called<T>(future: impl Future<Output = T>) -> T {
    let asked_by = AskedBy::this_flight().unwrap_or(AskedBy::Renewal);
    asked_by.behind(future).await
}

/// Whether a flight has asked somebody. Clones are the same mark.
#[derive(Clone, Debug, Default)]
pub(super) struct Asking(Arc<AtomicBool>);

impl Asking {
    /// Whoever is asked in `flight` is noted here. Flights that it starts have marks of their own.
    pub(super) fn noted<F: Future>(&self, flight: F) -> impl Future<Output = F::Output> + use<F> {
        ASKING.scope(self.clone(), flight)
    }

    /// What the flight has come to.
    pub(super) fn end<V>(&self, outcome: Result<V, Error>) -> Result<V, Error> {
        outcome.map_err(|error| {
            if self.0.load(Ordering::Relaxed) && error.person().is_none() {
                error.asked_in_vain(ASK_AGAIN)
            } else {
                error
            }
        })
    }
}

/// Somebody is asked now.
#[cfg(feature = "sts")]
pub(crate) fn note_asking() {
    // Outside of any flight nothing is remembered.
    let _ = ASKING.try_with(|asking| asking.0.store(true, Ordering::Relaxed));
}

tokio::task_local! {
    static THIS_FLIGHT: AskedBy;
    static ASKING: Asking;
}

const ASK_AGAIN: &str = "somebody was asked for it: `renew()` asks anew";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_behind_what_a_person_asked_for() {
        use AskedBy::{FirstRead, Nobody, Renewal};
        for (this_flight, why, is_empty, expected) in [
            (None, Why::OnDemand, true, Renewal),
            (None, Why::OnDemand, false, Renewal),
            (None, Why::IfDue, true, FirstRead),
            (None, Why::IfDue, false, Nobody),
            (None, Why::ToLast, false, Nobody),
            (Some(Nobody), Why::OnDemand, true, Nobody),
            (Some(Nobody), Why::IfDue, true, Nobody),
            (Some(FirstRead), Why::IfDue, false, FirstRead),
            (Some(Renewal), Why::IfDue, false, Renewal),
        ] {
            let asked_by = AskedBy::of_call(this_flight, why, is_empty);
            assert_eq!(asked_by, expected, "{this_flight:?} {why:?} {is_empty}");
        }
    }
}
