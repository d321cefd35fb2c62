//! What a person gives for a session: a code of a device, the approval of a gate.
//!
//! Nobody is asked unbidden, nobody is asked twice because a program tried again, and what somebody gave is kept to its
//! end. Who counts as having asked, `mfa` says.

use std::future::Future;

use crate::cache::{AskedBy, note_asking};
use crate::contained::{PANICKED, contained_async};
use crate::error::{Error, Failure, FailureKind, Person, printable};
use crate::host::runtime;
use crate::providers::mfa::PERSON_LIMIT;

/// What is wrong, if somebody would have to be asked and nobody has asked for it. `needs`: `arn:… needs a code of …`.
pub(crate) fn unbidden(provider: &'static str, needs: impl FnOnce() -> String) -> Result<(), Error> {
    if AskedBy::this_flight() != Some(AskedBy::Nobody) {
        return Ok(());
    }
    let what = format!("{}, for which nobody is asked unbidden", needs());
    Err(Failure::new(FailureKind::Withheld, provider, what)
        .with_remedy("call `renew()` where somebody can give it")
        .with_person(Person::Unasked)
        .into())
}

/// Why a person gave nothing.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// Nobody was asked.
    NoRuntime,
    /// In words, fit to be shown.
    InVain(String),
}

/// Asks the application for what a person gives, who has [`PERSON_LIMIT`] for it.
pub(crate) async fn answer<T, F>(ask: impl FnOnce() -> F) -> Result<T, NoAnswer>
where
    F: Future<Output = Result<T, Box<dyn std::error::Error + Send + Sync>>>,
{
    if !runtime::is_there() {
        return Err(NoAnswer::NoRuntime);
    }
    note_asking();
    let answer = contained_async(async { ask().await.map_err(|error| printable(&error.to_string())) });
    match tokio::time::timeout(PERSON_LIMIT, answer).await {
        Ok(Some(answer)) => answer.map_err(NoAnswer::InVain),
        Ok(None) => Err(NoAnswer::InVain(PANICKED.to_owned())),
        Err(_) => Err(NoAnswer::InVain(format!("none within {} s", PERSON_LIMIT.as_secs()))),
    }
}
