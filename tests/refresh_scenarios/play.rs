//! Plays a case against a cache, from outside.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use aws_credential_chain::testing::World;
use aws_credential_chain::{Credentials, CredentialsCache, Error, Lasting};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::case::{Case, Expected, Happening, Line};
use crate::support::script::{Script, Step};

/// The first line of the case that does not hold.
pub(crate) fn play(case: &Case, seed: u64) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut stage = Stage::new(case, seed);
        for line in &case.lines {
            stage
                .line(line)
                .await
                .map_err(|complaint| format!("{} (line {}): {complaint}", case.title, line.number))?;
        }
        Ok(())
    })
}

struct Stage {
    world: World,
    script: Script,
    cache: CredentialsCache,
    began: Instant,
    others: HashMap<String, JoinHandle<Answer>>,
}

impl Stage {
    fn new(case: &Case, seed: u64) -> Self {
        let world = World::new();
        world.clock().seed(seed.wrapping_mul(7919));
        let script = Script::new(&world, [], Step::NotConfigured).of_kind(case.source);
        let cache = script.cache_with(&world, case.policy.clone());
        Self { world, script, cache, began: Instant::now(), others: HashMap::new() }
    }

    async fn line(&mut self, line: &Line) -> Result<(), String> {
        if let Some(at) = line.at {
            let now = self.began.elapsed();
            if now > at + TOLERANCE {
                return Err(format!("it is {} already", Shown(now)));
            }
            sleep_until(self.began + at).await;
        }
        settle().await;
        match &line.happening {
            Happening::Source(step) => self.script.then_always(step.clone()),
            Happening::Read(expected) => expected.check("read", &read(&self.cache).await)?,
            Happening::Renew(expected) => expected.check("renew", &renew(&self.cache).await)?,
            Happening::Look(expected) => {
                expected.check("look", &Answer::of(self.cache.current().map(Ok), Duration::ZERO))?;
            }
            Happening::ValidFor { needed, expected } => {
                let began = Instant::now();
                let lasting = self.cache.valid_for(*needed).await;
                let short_by = lasting.as_ref().map_or(Duration::ZERO, Lasting::shortfall);
                let what = lasting.map(|lasting| lasting.credentials().clone());
                expected.check("valid", &Answer { short_by, ..Answer::of(Some(what), began.elapsed()) })?;
            }
            Happening::Ready { limit, expected } => {
                let began = Instant::now();
                let ready = self.cache.ready(*limit).await;
                let name = ready.as_ref().err().map_or("ready".to_owned(), error_name);
                let text = ready.err().map_or(String::new(), |error| error.to_string());
                expected.check_name("ready", &name, &text, began.elapsed())?;
            }
            Happening::Begin { who, renews } => {
                let cache = self.cache.clone();
                let renews = *renews;
                let task = async move { if renews { renew(&cache).await } else { read(&cache).await } };
                self.others.insert(who.clone(), tokio::spawn(task));
            }
            Happening::Answered { who, expected } => match self.others.remove(who) {
                Some(task) if task.is_finished() => expected.check(who, &task.await.unwrap())?,
                Some(_) => return Err(format!("{who} has no answer yet")),
                None => return Err(format!("{who} has not begun")),
            },
            Happening::Every { step, until, expected } => {
                while self.began.elapsed() < *until {
                    expected
                        .check("read", &read(&self.cache).await)
                        .map_err(|complaint| format!("at {}: {complaint}", Shown(self.began.elapsed())))?;
                    sleep_until((Instant::now() + *step).min(self.began + *until)).await;
                    settle().await;
                }
            }
            Happening::Invalidate { key, held } => {
                if self.cache.invalidate(format!("AKIA{key}").as_str()) != *held {
                    return Err(if *held { "not held" } else { "held" }.to_owned());
                }
            }
            Happening::Forget => self.cache.forget(),
            Happening::Clock { forward: true, by } => self.world.clock().turn(*by),
            Happening::Clock { forward: false, by } => self.world.clock().turn_back(*by),
            Happening::Asked { from, to } => {
                let asked = self.script.calls();
                if !(*from..=*to).contains(&asked) {
                    return Err(format!("asked {asked}"));
                }
            }
            Happening::State(expected) => {
                let state = format!("{:?}", self.cache.status().state).to_lowercase();
                if state != *expected {
                    return Err(format!("state {state}"));
                }
            }
        }
        settle().await;
        Ok(())
    }
}

struct Answer {
    what: Option<Result<Credentials, Error>>,
    short_by: Duration,
    waited: Duration,
}

impl Answer {
    fn of(what: Option<Result<Credentials, Error>>, waited: Duration) -> Self {
        Self { what, short_by: Duration::ZERO, waited }
    }
}

async fn read(cache: &CredentialsCache) -> Answer {
    let began = Instant::now();
    let what = Some(cache.credentials().await);
    Answer::of(what, began.elapsed())
}

async fn renew(cache: &CredentialsCache) -> Answer {
    let began = Instant::now();
    let what = Some(cache.renew().await);
    Answer::of(what, began.elapsed())
}

impl Expected {
    fn check(&self, who: &str, answer: &Answer) -> Result<(), String> {
        let is_stale = matches!(&answer.what, Some(Ok(credentials)) if credentials.is_stale());
        let in_time = self.waited.is_none_or(|waited| answer.waited.abs_diff(waited) <= TOLERANCE);
        let as_long = answer.short_by.abs_diff(self.short_by.unwrap_or_default()) <= TOLERANCE;
        if self.what.contains(&answer.name()) && is_stale == self.stale && in_time && as_long {
            return Ok(());
        }
        Err(format!("{who}: {answer}; not {}", self.what.join(" or ")))
    }
}

impl Expected {
    fn check_name(&self, who: &str, name: &str, text: &str, waited: Duration) -> Result<(), String> {
        let in_time = self.waited.is_none_or(|expected| waited.abs_diff(expected) <= TOLERANCE);
        if self.what.iter().any(|what| what == name) && in_time {
            return Ok(());
        }
        Err(format!("{who}: {name}, waited {}; not {} {text}", Shown(waited), self.what.join(" or ")))
    }
}

impl Answer {
    fn name(&self) -> String {
        match &self.what {
            None => "nothing".to_owned(),
            Some(Ok(credentials)) => credentials.access_key_id().replace("AKIA", "key "),
            Some(Err(error)) => error_name(error),
        }
    }
}

fn error_name(error: &Error) -> String {
    match error {
        Error::NotConfigured(_) => "error not configured".to_owned(),
        Error::Failed(failure) => {
            let kind = format!("{:?}", failure.kind());
            let words = kind.chars().flat_map(|c| if c.is_uppercase() { vec![' ', c] } else { vec![c] });
            format!("error{}", words.collect::<String>().to_lowercase())
        }
        other => other.to_string(),
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if matches!(&self.what, Some(Ok(credentials)) if credentials.is_stale()) {
            f.write_str(", stale")?;
        }
        if !self.short_by.is_zero() {
            write!(f, ", short by {}", Shown(self.short_by))?;
        }
        if self.waited <= TOLERANCE {
            f.write_str(", at once")
        } else {
            write!(f, ", waited {}", Shown(self.waited))
        }
    }
}

/// As cases write it.
struct Shown(Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = (self.0 + TOLERANCE).as_secs();
        for (unit, amount) in [("h", seconds / 3600), ("m", seconds / 60 % 60), ("s", seconds % 60)] {
            if amount > 0 {
                write!(f, "{amount}{unit}")?;
            }
        }
        if seconds == 0 { write!(f, "{}ms", self.0.as_millis()) } else { Ok(()) }
    }
}

/// Lets tasks run that are ready, without time passing.
async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

/// tokio's timers go by milliseconds.
const TOLERANCE: Duration = Duration::from_millis(2);
