//! The walk through the chain, told step by step.

use std::future::Future;
use std::time::Duration;

use super::DefaultChain;
use super::slot::{Place, Slot};
use crate::chain::within;
use crate::error::Error;
use crate::explain::{Examined, ExplainedSource, Explanation, Given, Look, Next, Verdict};
use crate::host::{Clock, PROFILE, Stopwatch, runtime};
use crate::provider::{CredentialsProvider, SharedProvider};
use crate::source::SourceKind;

impl DefaultChain {
    /// How this chain comes by its credentials: asks each source in turn, as [`retrieve`](Self::retrieve) does, and tells
    /// what each looked at and why it did or did not apply. Those behind the one that is used are looked at too, without
    /// asking anybody over the network: "why is it using the wrong credentials" is often answered there.
    ///
    /// It asks for credentials anew: a role on the way is assumed once more, and a person asked for an MFA code. What the
    /// chain remembers of the one that won is not looked at and not changed. It ends within the 50 s of the chain (with a
    /// person to ask, five minutes more), or some seconds later where a file system hangs, and has no error: what goes
    /// wrong is part of the explanation.
    ///
    /// ```no_run
    /// # async fn f() {
    /// use aws_credential_chain::DefaultChain;
    ///
    /// let explanation = DefaultChain::new().profile("dev").explain().await;
    /// assert!(explanation.is_found(), "{explanation}");
    /// # }
    /// ```
    pub async fn explain(&self) -> Explanation {
        self.explained(false).await
    }

    /// The same without the network, and without starting a program: the first source that would need one of them says
    /// what it would ask, and [`would_be_asked`](Explanation::would_be_asked) is that source.
    pub async fn explain_offline(&self) -> Explanation {
        self.explained(true).await
    }

    async fn explained(&self, offline: bool) -> Explanation {
        let limit = self.chain().time_limit();
        let clock = self.host.clock.clone();
        let mut walk = Walk {
            offline,
            clock,
            began: Stopwatch::start(),
            limit,
            decided: None,
            given: None,
            warnings: Vec::new(),
        };
        let mut sources = Vec::new();
        for (index, place) in self.places().iter().enumerate() {
            sources.push(walk.step(index, place).await);
        }
        let mut warnings = self.warnings(walk.given.as_ref().and(walk.decided));
        warnings.append(&mut walk.warnings);
        // Where the walk took all of its time, nothing would come of asking once more.
        let settings = self.settings(offline || walk.left().is_zero()).await;
        Explanation { offline, credentials: walk.given, sources, settings, warnings }
    }

    /// What is about more than one source.
    fn warnings(&self, used: Option<SourceKind>) -> Vec<String> {
        let env = &self.host.env;
        let mut warnings = Vec::new();
        if self.profile.is_some() || matches!(self.profile_files, Slot::Removed) {
            // Nobody reads which profile the environment names.
            return warnings;
        }
        if used == Some(SourceKind::Environment)
            && let Some((variable, _)) = env.profile()
        {
            warnings.push(keys_before_profile(variable));
        }
        if self.profile.is_none()
            && let [Some(used), Some(other)] = PROFILE.map(|variable| env.get(variable))
            && used != other
        {
            warnings.push(format!("{} and {} name two profiles: the first is used", PROFILE[0], PROFILE[1]));
        }
        warnings
    }

    async fn settings(&self, offline: bool) -> Vec<Look> {
        let mut looks = Vec::new();
        looks.push(match bounded(LOOK_LIMIT, self.region_and_origin(!offline)).await {
            Ok((region, from)) => Look::new("region", format_args!("{region}, from {from}")),
            Err(Error::NotConfigured(absent)) => {
                let why: Vec<String> = absent.attempts().iter().map(ToString::to_string).collect();
                Look::new("region", format_args!("not set ({})", why.join("; ")))
            }
            Err(error) => Look::new("region", error),
        });
        #[cfg(feature = "sts")]
        looks.push(Look::new("STS", self.sts().await));
        looks.push(match self.host.clock.behind_by() {
            0 => Look::new("clock", "right, as far as is known"),
            behind if behind > 0 => Look::new("clock", format_args!("{behind} s behind AWS's: corrected")),
            ahead => Look::new("clock", format_args!("{} s ahead of AWS's: corrected", ahead.unsigned_abs())),
        });
        #[cfg(feature = "_http")]
        for (variable, value) in crate::host::http::proxy::shown(&self.host.env) {
            let whom = "for AWS over the network, never for containers and instance metadata";
            looks.push(Look::new(format_args!("proxy {variable}"), format_args!("{value} ({whom})")));
        }
        looks
    }

    /// Where a role is asked for whose own profile says nothing else.
    #[cfg(feature = "sts")]
    async fn sts(&self) -> String {
        let settings =
            crate::service::ServiceSettings { profile: self.profile.clone(), ..Default::default() };
        let found = bounded(LOOK_LIMIT, settings.look(&self.host)).await;
        let hints = crate::service::Hints { partition: "aws", instance_region: None };
        match found.and_then(|found| found.sts(hints)) {
            Ok(endpoint) => endpoint.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

/// The way through the chain.
struct Walk {
    offline: bool,
    clock: Clock,
    began: Stopwatch,
    limit: Duration,
    /// The place at which the chain stops.
    decided: Option<SourceKind>,
    given: Option<Given>,
    warnings: Vec<String>,
}

impl Walk {
    async fn step(&mut self, index: usize, place: &Place) -> ExplainedSource {
        let name = place.name.name();
        let provider = match &place.provider {
            Ok(provider) => provider,
            Err(why) => {
                return ExplainedSource {
                    name,
                    verdict: Verdict::Removed,
                    why: (*why).to_owned(),
                    looks: Vec::new(),
                };
            }
        };
        let limit = if self.decided.is_none() { self.left() } else { LOOK_LIMIT };
        let Examined { looks, next, mut warnings } = examined(provider, limit).await;
        self.warnings.append(&mut warnings);
        let (verdict, why) = match self.decided {
            Some(decided) => behind(decided, next),
            None => self.reached(index, provider, next).await,
        };
        if self.decided.is_none() && !matches!(verdict, Verdict::NotConfigured) {
            self.decided = Some(place.name);
        }
        ExplainedSource { name, verdict, why, looks }
    }

    async fn reached(
        &mut self,
        index: usize,
        provider: &SharedProvider,
        next: Result<Next, Error>,
    ) -> (Verdict, String) {
        let next = match next {
            Ok(next) => next,
            Err(error) => return verdict_of(&error),
        };
        if self.offline && !matches!(next, Next::Read(_)) {
            return (Verdict::WouldBeAsked, next.words());
        }
        match within(provider.time_limit().min(self.left()), index, provider).await {
            Ok(credentials) => {
                self.given = Some(Given::new(&credentials, self.clock.now(), provider.may_change()));
                (Verdict::Used, next.words())
            }
            Err(error) => verdict_of(&error),
        }
    }

    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.began.elapsed())
    }
}

/// A source that comes after the one that decides.
fn behind(decided: SourceKind, next: Result<Next, Error>) -> (Verdict, String) {
    let comes_first = format!("not used, because source {decided} comes first");
    match next {
        Ok(next @ Next::Try(_)) => (Verdict::NotAsked, format!("{}; {comes_first}", next.words())),
        Ok(Next::Unknown) => (Verdict::NotAsked, format!("{}; {comes_first}", Next::Unknown.words())),
        Ok(next) => (Verdict::Shadowed, format!("is set up too: {}; {comes_first}", next.words())),
        Err(Error::NotConfigured(absent)) => verdict_of(&Error::NotConfigured(absent)),
        Err(error) => (Verdict::Shadowed, format!("is set up too, wrongly: {error}; {comes_first}")),
    }
}

fn verdict_of(error: &Error) -> (Verdict, String) {
    match error {
        Error::NotConfigured(absent) => {
            let why: Vec<&str> = absent.attempts().iter().map(crate::Attempt::why).collect();
            (Verdict::NotConfigured, why.join("; "))
        }
        Error::Failed(_) => (Verdict::Failed, error.to_string()),
    }
}

async fn examined(provider: &SharedProvider, limit: Duration) -> Examined {
    bounded(limit, async { Ok(provider.examine().await) })
        .await
        .unwrap_or_else(|error| Examined::new(Err(error)))
}

/// Files on a file system that hangs.
async fn bounded<T>(limit: Duration, look: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    if !runtime::is_there() {
        return look.await;
    }
    let asked = crate::host::LastAsked::default();
    tokio::time::timeout(limit, asked.of(look)).await.unwrap_or_else(|_| {
        let message = format!("no end of looking within {} s{}", limit.as_secs(), asked.told());
        Err(crate::Failure::new(crate::FailureKind::TimedOut, "explanation", message).into())
    })
}

pub(super) fn keys_before_profile(variable: &str) -> String {
    format!("AWS_ACCESS_KEY_ID and {variable} are both set: the keys are used, the profile is not")
}

/// For what nobody waits for: files are read in milliseconds, or the file system hangs.
const LOOK_LIMIT: Duration = Duration::from_secs(3);
