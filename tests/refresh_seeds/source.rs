//! A provider that behaves as the plan says for the time, and writes down what it was asked.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use aws_credential_chain::testing::Clock;
use aws_credential_chain::{Credentials, CredentialsProvider, Error, Failure, FailureKind};
use secrecy::ExposeSecret;

use crate::ledger::{End, Ledger, left};
use crate::plan::{Does, LIMIT, Plan};

#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) plan: Arc<Plan>,
    pub(crate) clock: Clock,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
}

impl Source {
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    /// Key `AKIA<n>` goes with secret `SECRET<n>` and token `TOKEN<n>`: a torn set shows.
    fn give(&self, call: &mut Call<'_>, lifetime: Option<Duration>, new: bool) -> Result<Credentials, Error> {
        let now = self.clock.now();
        let expiry = lifetime.map(|lifetime| now + lifetime);
        self.given(call, now, expiry, new)
    }

    fn given(
        &self,
        call: &mut Call<'_>,
        now: SystemTime,
        expiry: Option<SystemTime>,
        new: bool,
    ) -> Result<Credentials, Error> {
        let mut ledger = self.ledger();
        let new = new || ledger.key == 0;
        ledger.key += u32::from(new);
        let key = ledger.key;
        ledger.given.insert(key, (expiry, left(expiry, now)));
        if new {
            ledger.rejected.remove(&key);
        }
        let repeated = ledger.held.is_some_and(|held| held.key == key);
        call.end = End::Gave { key, expiry, repeated };
        Credentials::builder(format!("AKIA{key}"), format!("SECRET{key}"))
            .session_token(format!("TOKEN{key}"))
            .expiry(expiry)
            .source_kind(self.plan.kind)
            .build()
    }
}

impl CredentialsProvider for Source {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let phase = {
            let mut ledger = self.ledger();
            let phase = self.plan.phase(ledger.elapsed());
            ledger.note(|| format!("asked: {:?} after {:?}", phase.does, phase.latency));
            ledger.begins(self.clock.now());
            phase
        };
        // Whoever hangs, panics or loses its runtime has failed by the time it is dropped.
        let end = match phase.does {
            Does::Hangs => End::Failed(FailureKind::TimedOut),
            _ if phase.latency > LIMIT => End::Failed(FailureKind::TimedOut),
            _ => End::Failed(FailureKind::Interrupted),
        };
        let mut call = Call { source: self, end };
        tokio::time::sleep(phase.latency).await;
        let failure = |kind| Failure::new(kind, "plan", "as planned");
        match phase.does {
            Does::Gives(lifetime) => self.give(&mut call, Some(lifetime), true),
            Does::GivesForEver => self.give(&mut call, None, true),
            Does::Repeats(lifetime) => self.give(&mut call, Some(lifetime), false),
            Does::GivesExpired(ago) => {
                let now = self.clock.now();
                self.given(&mut call, now, now.checked_sub(ago), true)
            }
            Does::Fails(kind) => {
                call.end = End::Failed(kind);
                Err(failure(kind).into())
            }
            Does::Wants(wait) => {
                call.end = End::Wants(wait);
                Err(failure(FailureKind::Unavailable).with_retry_after(wait).into())
            }
            Does::NotConfigured => {
                call.end = End::NotConfigured;
                Err(Error::not_configured("plan", "as planned"))
            }
            Does::Hangs => std::future::pending().await,
            // Without the message on stderr that a `panic!` has.
            Does::Panics => std::panic::resume_unwind(Box::new("as planned")),
        }
    }
}

/// One call: it ends as it is dropped, with or without an answer.
struct Call<'a> {
    source: &'a Source,
    end: End,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.source.ledger().ends(self.source.clock.now(), self.end);
    }
}

/// The number of a set whose parts belong together.
pub(crate) fn whole(set: &Credentials, ledger: &Ledger) -> Result<u32, String> {
    let id = set.access_key_id();
    let torn = || format!("the set {id} is torn");
    let number: u32 = id.strip_prefix("AKIA").and_then(|number| number.parse().ok()).ok_or_else(torn)?;
    let fits = set.secret_access_key().expose_secret() == format!("SECRET{number}")
        && set.session_token().is_some_and(|token| token.expose_secret() == format!("TOKEN{number}"))
        && ledger.given.get(&number).is_some_and(|(expiry, _)| set.is_stale() || set.expiry() == *expiry);
    if fits { Ok(number) } else { Err(torn()) }
}
