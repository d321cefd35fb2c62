//! A provider that does what a test wrote down, call by call.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_chain::testing::{Clock, World};
use aws_credential_chain::{
    Credentials, CredentialsCache, CredentialsProvider, Error, Failure, FailureKind, RefreshPolicy,
    SourceKind,
};

/// What one call does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Credentials with a new key that live this long.
    Live(Duration),
    /// The same key as before, living this long from now.
    Repeat(Duration),
    /// The same key as before, with the same expiry.
    Same,
    /// Credentials without an expiry.
    Forever,
    /// Credentials that expired this long ago.
    Expired(Duration),
    Transient,
    Permanent,
    Throttled,
    RetryAfter(Duration),
    NotConfigured,
    /// A gate said no.
    Withheld,
    Hang,
    Panic,
    /// Waits, then does the other.
    After(Duration, Box<Step>),
}

impl Step {
    pub fn after(self, delay: Duration) -> Self {
        Self::After(delay, Box::new(self))
    }
}

/// Clones share the script and the count of calls.
#[derive(Clone, Debug)]
pub struct Script {
    clock: Clock,
    steps: Arc<Mutex<VecDeque<Step>>>,
    /// What calls do once the steps are used up.
    last: Arc<Mutex<Step>>,
    calls: Arc<Mutex<Vec<SystemTime>>>,
    keys: Arc<Mutex<u32>>,
    expiry: Arc<Mutex<Option<SystemTime>>>,
    limit: Duration,
    kind: SourceKind,
}

impl Script {
    /// `last` is done again and again after the steps.
    pub fn new(world: &World, steps: impl IntoIterator<Item = Step>, last: Step) -> Self {
        Self {
            clock: world.clock().clone(),
            steps: Arc::new(Mutex::new(steps.into_iter().collect())),
            last: Arc::new(Mutex::new(last)),
            calls: Arc::default(),
            keys: Arc::default(),
            expiry: Arc::default(),
            limit: Duration::from_secs(30),
            kind: SourceKind::Custom,
        }
    }

    /// What the credentials say that they come from.
    pub fn of_kind(mut self, kind: SourceKind) -> Self {
        self.kind = kind;
        self
    }

    pub fn cache(&self, world: &World) -> CredentialsCache {
        self.cache_with(world, RefreshPolicy::default())
    }

    pub fn cache_with(&self, world: &World, policy: RefreshPolicy) -> CredentialsCache {
        CredentialsCache::builder(self.clone()).in_world(world).refresh(policy).build()
    }

    pub fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    pub fn called_at(&self) -> Vec<SystemTime> {
        self.calls.lock().unwrap().clone()
    }

    /// The number of the first key, so that two scripts can be told apart.
    pub fn numbered_from(self, first: u32) -> Self {
        *self.keys.lock().unwrap() = first - 1;
        self
    }

    /// From now on, after the steps that are left.
    pub fn then_always(&self, step: Step) {
        *self.last.lock().unwrap() = step;
    }

    async fn act(&self, step: Step) -> Result<Credentials, Error> {
        let mut step = step;
        while let Step::After(delay, then) = step {
            tokio::time::sleep(delay).await;
            step = *then;
        }
        let now = self.clock.now();
        let failure = |kind| Failure::new(kind, "script", "as the script says");
        match step {
            Step::Live(lifetime) => self.credentials(true, Some(now + lifetime)),
            Step::Repeat(lifetime) => self.credentials(false, Some(now + lifetime)),
            Step::Same => {
                let expiry = *self.expiry.lock().unwrap();
                self.credentials(false, expiry)
            }
            Step::Forever => self.credentials(true, None),
            Step::Expired(ago) => self.credentials(true, Some(now - ago)),
            Step::Transient => Err(failure(FailureKind::Unavailable).into()),
            Step::Permanent => Err(failure(FailureKind::Refused).into()),
            Step::Throttled => Err(failure(FailureKind::Throttled).into()),
            Step::RetryAfter(wait) => Err(failure(FailureKind::Unavailable).with_retry_after(wait).into()),
            Step::Withheld => Err(failure(FailureKind::Withheld).into()),
            Step::NotConfigured => Err(Error::not_configured("script", "as the script says")),
            Step::Hang => std::future::pending().await,
            Step::Panic => panic!("as the script says"),
            Step::After(..) => panic!("unfolded above"),
        }
    }

    /// Key `AKIA<n>` goes with secret `SECRET<n>` and token `TOKEN<n>`: a torn set shows.
    fn credentials(&self, new: bool, expiry: Option<SystemTime>) -> Result<Credentials, Error> {
        *self.expiry.lock().unwrap() = expiry;
        let mut keys = self.keys.lock().unwrap();
        if new || *keys == 0 {
            *keys += 1;
        }
        Credentials::builder(format!("AKIA{keys}"), format!("SECRET{keys}"))
            .session_token(format!("TOKEN{keys}"))
            .expiry(expiry)
            .source_kind(self.kind)
            .build()
    }
}

impl CredentialsProvider for Script {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        self.calls.lock().unwrap().push(self.clock.now());
        let step = self.steps.lock().unwrap().pop_front();
        let step = step.unwrap_or_else(|| self.last.lock().unwrap().clone());
        self.act(step).await
    }

    fn time_limit(&self) -> Duration {
        self.limit
    }
}

/// Asks a cache, and then takes its time.
#[derive(Debug)]
pub struct Slow {
    pub inner: CredentialsCache,
    pub delay: Duration,
}

impl CredentialsProvider for Slow {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let answer = self.inner.credentials().await;
        tokio::time::sleep(self.delay).await;
        answer
    }
}
