//! Carries a plan out against a cache, from outside, and holds what it sees against the invariants.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_chain::testing::World;
use aws_credential_chain::{
    CacheState, Credentials, CredentialsCache, Error, Event, KeepFresh, Lasting, Status,
};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep, timeout};

use crate::ledger::{Ledger, SECOND, TOLERANCE, left};
use crate::plan::{Act, LIMIT, Name, Plan};
use crate::source::{Source, whole};

/// What was seen in a run.
pub(crate) struct Seen {
    /// The first invariant that did not hold.
    pub(crate) complaint: Option<String>,
    pub(crate) trace: Vec<String>,
    pub(crate) calls: u32,
}

pub(crate) fn play(seed: u64, plan: Plan, traced: bool) -> Seen {
    let plan = Arc::new(plan);
    let world = World::new();
    world.clock().seed(seed);
    let source = Source {
        plan: Arc::clone(&plan),
        clock: world.clock().clone(),
        ledger: Arc::new(Mutex::new(Ledger::new(Arc::clone(&plan), traced))),
    };
    source.ledger().note(|| format!("{:?}, {}", plan.rules, plan.kind));
    let cache = CredentialsCache::builder(source.clone())
        .in_world(&world)
        .refresh(plan.rules.policy())
        .observer(napping(&source))
        .build();
    let stage = Stage { source, cache };
    let mut acts = &plan.acts[..];
    let mut shown = None;
    loop {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        (acts, shown) = runtime.block_on(stage.in_one_runtime(acts, shown));
        stage.source.ledger().upheavals += 1;
        // It lands what is up, while its time still counts.
        drop(runtime);
        if acts.is_empty() {
            break;
        }
    }
    let mut ledger = stage.source.ledger();
    Seen {
        complaint: ledger.complaint.take(),
        trace: ledger.trace.take().unwrap_or_default(),
        calls: ledger.calls,
    }
}

/// A laptop's lid falls as a refresh lands.
fn napping(source: &Source) -> impl Fn(&Event) + Send + Sync + 'static + use<> {
    let (source, landings) = (source.clone(), AtomicU32::new(0));
    move |event| {
        let Some((each, nap)) = source.plan.naps else { return };
        if matches!(event, Event::Refreshed { .. })
            && landings.fetch_add(1, Ordering::Relaxed) % each == each - 1
        {
            source.clock.turn(nap);
            source.ledger().note(|| format!("sleeps for {nap:?}"));
            source.ledger().clock_was_set();
        }
    }
}

#[derive(Clone)]
struct Stage {
    source: Source,
    cache: CredentialsCache,
}

impl Stage {
    /// Answers with the acts that are left for another runtime, and with the time as this one ends.
    async fn in_one_runtime<'a>(
        &self,
        mut acts: &'a [(Duration, Act)],
        shown: Option<SystemTime>,
    ) -> (&'a [(Duration, Act)], Option<SystemTime>) {
        let clock = &self.source.clock;
        // Each paused runtime has a time of its own; the machine has not. The first reading binds the clock.
        let now = clock.now();
        match shown.unwrap_or(now).duration_since(now) {
            Ok(behind) => clock.turn(behind),
            Err(ahead) => clock.turn_back(ahead.duration()),
        }
        self.source.ledger().runtime_begins();
        let mut fresh = None;
        let mut readers = Vec::new();
        while let Some(((gap, act), rest)) = acts.split_first() {
            acts = rest;
            if !gap.is_zero() {
                sleep(*gap).await;
            }
            self.source.ledger().note(|| format!("{act:?}"));
            if matches!(act, Act::NewRuntime) {
                break;
            }
            self.act(*act, &mut fresh, &mut readers);
            // Now and then several happen before any task has its turn.
            if !acts.len().is_multiple_of(3) {
                yield_now().await;
            }
            if self.source.ledger().complaint.is_some() {
                return (&[], None);
            }
        }
        if acts.is_empty() {
            self.everybody_has_an_answer(readers).await;
        }
        drop(fresh);
        let shown = clock.now();
        let flight_is_up = self.cache.status().refreshing;
        let mut ledger = self.source.ledger();
        // A flight whose task has had no turn yet ends without a call.
        ledger.forced |= flight_is_up && ledger.up == 0;
        ledger.runtime_ends();
        (acts, Some(shown))
    }

    fn act(&self, act: Act, fresh: &mut Option<KeepFresh>, readers: &mut Vec<JoinHandle<()>>) {
        let clock = &self.source.clock;
        match act {
            Act::Reads(count) => readers.extend((0..count).map(|_| {
                let stage = self.clone();
                tokio::spawn(async move { stage.read().await })
            })),
            Act::GivesUp(after) => {
                let stage = self.clone();
                readers.push(tokio::spawn(async move {
                    let _ = timeout(after, stage.read()).await;
                }));
            }
            Act::Renew => {
                let stage = self.clone();
                readers.push(tokio::spawn(async move { stage.renew().await }));
            }
            Act::ValidFor(needed) => {
                let stage = self.clone();
                readers.push(tokio::spawn(async move { stage.valid_for(needed).await }));
            }
            Act::Look => {
                let looked = self.cache.current();
                if let Some(credentials) = &looked {
                    self.check_set("look", credentials);
                }
                if self.cache.with_current(Credentials::is_stale) != looked.map(|found| found.is_stale()) {
                    self.source.ledger().complain("lent and given are not the same".to_owned());
                }
            }
            Act::Invalidate(older) => {
                let held = self.cache.status().access_key_id;
                let key = self.source.ledger().key.saturating_sub(older);
                let answer = self.cache.invalidate(format!("AKIA{key}").as_str());
                let mut ledger = self.source.ledger();
                if answer != (held == Some(format!("AKIA{key}"))) {
                    ledger.complain(format!("invalidated key {key}: {answer}, with {held:?} in hand"));
                }
                ledger.rejected.insert(key);
                ledger.wanted = true;
                ledger.upheavals += 1;
            }
            Act::Forget => {
                let flight_is_up = self.cache.status().refreshing;
                self.cache.forget();
                self.source.ledger().forget(flight_is_up);
                if self.cache.current().is_some() {
                    self.source.ledger().complain("not forgotten".to_owned());
                }
            }
            Act::Turn(by) => {
                clock.turn(by);
                self.source.ledger().clock_was_set();
            }
            Act::TurnBack(by) => {
                clock.turn_back(by);
                self.source.ledger().clock_was_set();
            }
            Act::KeepFresh(true) => *fresh = self.cache.keep_fresh().ok(),
            Act::KeepFresh(false) => *fresh = None,
            Act::NewRuntime => {}
        }
    }

    /// However long it takes, it takes no longer than the provider's limit, once for each time that it was joined anew.
    async fn everybody_has_an_answer(&self, readers: Vec<JoinHandle<()>>) {
        sleep(LIMIT * 3 + SECOND).await;
        let waiting = readers.iter().filter(|reader| !reader.is_finished()).count();
        if waiting > 0 {
            self.source.ledger().complain(format!("{waiting} have no answer, and nothing happens any more"));
        }
        for reader in readers {
            if reader.is_finished() && reader.await.is_err() {
                self.source.ledger().complain("a read has panicked".to_owned());
            }
        }
        if self.cache.status().refreshing && self.source.ledger().up == 0 {
            self.source.ledger().complain("a refresh is under way for ever".to_owned());
        }
    }

    async fn read(&self) {
        let asked = self.ask();
        let answer = self.cache.credentials().await;
        self.answered("read", &asked, answer.as_ref());
        self.check_read(&asked, answer.as_ref());
    }

    async fn renew(&self) {
        self.source.ledger().forced = true;
        let asked = self.ask();
        let answer = self.cache.renew().await;
        self.answered("renew", &asked, answer.as_ref());
    }

    async fn valid_for(&self, needed: Duration) {
        self.source.ledger().wanted = true;
        let asked = self.ask();
        let answer = self.cache.valid_for(needed).await;
        self.answered("valid for", &asked, answer.as_ref().map(Lasting::credentials));
        if let Ok(lasting) = &answer {
            let left = left(lasting.credentials().expiry(), self.source.clock.now());
            if lasting.shortfall() != needed.saturating_sub(left) {
                self.source.ledger().complain(format!("{left:?} left for {needed:?}: {lasting:?}"));
            }
        }
    }

    fn ask(&self) -> Asked {
        let status = self.cache.status();
        let left = status.expiry.map_or(Duration::MAX, |_| left(status.expiry, self.source.clock.now()));
        let ledger = self.source.ledger();
        let mandatory = is_mandatory(&status, left, &ledger);
        let (upheavals, unkept) = (ledger.upheavals, ledger.unkept);
        Asked { at: Instant::now(), status, left, mandatory, upheavals, unkept }
    }

    /// What holds for every answer.
    fn answered(&self, who: &str, asked: &Asked, answer: Result<&Credentials, &Error>) {
        let waited = asked.at.elapsed();
        if let Ok(credentials) = answer {
            self.check_set(who, credentials);
        }
        let mut ledger = self.source.ledger();
        ledger.note(|| match answer {
            Ok(found) if found.is_stale() => {
                format!("{who}: {}, stale, waited {waited:?}", found.access_key_id())
            }
            Ok(found) => format!("{who}: {}, waited {waited:?}", found.access_key_id()),
            Err(error) => format!("{who}: {error}, waited {waited:?}"),
        });
        // A flight that was forgotten is waited for too: there is one at a time.
        let joins = 1 + ledger.upheavals - asked.upheavals + u32::from(asked.unkept);
        // `valid_for` is two reads and a wait.
        if waited > (LIMIT + SECOND) * joins * 3 || who == "read" && waited > (LIMIT + SECOND) * joins {
            ledger.complain(format!("{who}: waited {waited:?}"));
        }
    }

    /// Whole, and not expired by the cache's own clock unless it says so.
    fn check_set(&self, who: &str, credentials: &Credentials) {
        let now = self.source.clock.now();
        let mut ledger = self.source.ledger();
        if let Err(torn) = whole(credentials, &ledger) {
            ledger.complain(format!("{who}: {torn}"));
        }
        let expired = credentials.expiry().is_some_and(|expiry| expiry <= now);
        if expired != credentials.is_stale() {
            let marked = if credentials.is_stale() { "valid, marked as stale" } else { "expired, unmarked" };
            ledger.complain(format!("{who}: {} is {marked}", credentials.access_key_id()));
        }
    }

    /// What holds for reads under our rules.
    fn check_read(&self, asked: &Asked, answer: Result<&Credentials, &Error>) {
        let waited = asked.at.elapsed();
        let mut ledger = self.source.ledger();
        let plan = &self.source.plan;
        if plan.calm && !answer.is_ok_and(|found| !found.is_stale()) {
            let what = answer.map_or_else(ToString::to_string, |_| "stale".to_owned());
            ledger.complain(format!("a short outage was noticed: {what}"));
        }
        let undisturbed = ledger.upheavals == asked.upheavals;
        if plan.rules.name != Name::Ours || plan.rules.inline || !undisturbed {
            return;
        }
        let status = &asked.status;
        let in_hand =
            answer.is_ok_and(|found| status.access_key_id.as_deref() == Some(found.access_key_id()));
        let only_a_person_can_help =
            |error: &Error| matches!(error, Error::Failed(_)) && !error.is_transient();
        match asked.mandatory {
            None => {}
            // Neither expired nor about to be.
            Some(false) => {
                if !waited.is_zero() {
                    ledger.complain(format!("waited {waited:?} with {:?} left", asked.left));
                } else if !in_hand {
                    ledger.complain(format!("with {:?} left: {answer:?}", asked.left));
                }
            }
            // About to, or rejected.
            Some(true) if !asked.left.is_zero() => {
                let patience = (5 * SECOND).min(asked.left.saturating_sub(5 * SECOND));
                if waited > patience + TOLERANCE {
                    ledger.complain(format!("waited {waited:?} with {:?} left", asked.left));
                } else if let Err(error) = answer
                    && !only_a_person_can_help(error)
                {
                    ledger.complain(format!("with {:?} left: {error}", asked.left));
                }
            }
            // Past expiry: once it was tried in vain, nobody waits for the next time.
            Some(true) => {
                let may_be_served = status.stale && status.last_failure.as_ref().is_some_and(heals);
                if may_be_served && (!waited.is_zero() || answer.is_err()) {
                    ledger.complain(format!("past expiry, and tried in vain: {answer:?} after {waited:?}"));
                }
            }
        }
    }
}

/// As a read found things.
struct Asked {
    at: Instant,
    status: Status,
    left: Duration,
    mandatory: Option<bool>,
    upheavals: u32,
    unkept: bool,
}

/// Whether what is in hand is past its mandatory instant, by its lifetime: `None` with nothing in hand. To be asked before
/// a read: the same key may come again meanwhile, with another lifetime.
fn is_mandatory(status: &Status, left: Duration, ledger: &Ledger) -> Option<bool> {
    let key: u32 = status.access_key_id.as_deref()?.strip_prefix("AKIA")?.parse().ok()?;
    let lifetime = ledger.held.filter(|held| held.key == key).map(|held| held.lifetime)?;
    // A tick more: lifetimes are not whole tenths.
    let mandatory = left <= (60 * SECOND).min(lifetime / 10);
    Some(mandatory || ledger.rejected.contains(&key) || status.state == CacheState::Empty)
}

fn heals(error: &Error) -> bool {
    error.is_transient() || matches!(error, Error::NotConfigured(_))
}
