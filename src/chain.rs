//! Providers in order: the first that is configured wins, a failure stops, and who has won is not passed over later.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use crate::credentials::Credentials;
use crate::error::{Attempt, Error, Failure, FailureKind, NotConfigured};
use crate::host::{LastAsked, Stopwatch, runtime};
use crate::provider::{CredentialsProvider, Notice, SharedProvider};

/// An order of sources of your own. [`DefaultChain`](crate::DefaultChain) is the one that AWS's SDKs share.
///
/// Only [`Error::NotConfigured`] goes on to the next source. A source that is set up and fails stops the chain:
/// otherwise a typo would exchange one identity for another.
///
/// For the same reason the chain remembers who won. If that source says later that it is not configured (a file that
/// is being written, a metadata service that does not answer), the call fails, with a failure that may heal, and the
/// sources behind it are not asked. One in front of it that newly applies may win. A cache's
/// [`forget`](crate::CredentialsCache::forget) makes its chain forget too, and a clone remembers for itself.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, ProviderChain, provider_fn, Credentials, Error};
///
/// let chain = ProviderChain::new()
///     .then(provider_fn(|| async { Err(Error::not_configured("vault", "VAULT_ADDR is not set")) }))
///     .then(provider_fn(|| async { Credentials::builder("AKIAIOSFODNN7EXAMPLE", "secret").build() }));
/// let cache = CredentialsCache::new(chain);
/// ```
#[derive(Default)]
#[must_use]
pub struct ProviderChain {
    providers: Vec<SharedProvider>,
    memory: AtomicU64,
}

impl ProviderChain {
    /// A chain without a source.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source behind those that are there.
    pub fn then(mut self, provider: impl CredentialsProvider) -> Self {
        self.providers.push(SharedProvider::new(provider));
        self
    }

    fn memory(&self) -> Memory {
        Memory(self.memory.load(Ordering::Acquire))
    }

    /// Within the limit that others are told, so that the error that names the source comes before theirs.
    fn own_limit(&self) -> Duration {
        self.time_limit().saturating_sub(AHEAD)
    }

    fn winner(&self) -> Option<&SharedProvider> {
        self.providers.get(self.memory().winner()?)
    }
}

impl CredentialsProvider for ProviderChain {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let memory = self.memory();
        let mut before: Vec<Attempt> = Vec::new();
        let began = Stopwatch::start();
        for (index, provider) in self.providers.iter().enumerate() {
            let left = self.own_limit().saturating_sub(began.elapsed());
            match within(provider.time_limit().min(left), index, provider).await {
                Ok(credentials) => {
                    // Only if nothing was forgotten meanwhile.
                    let won = memory.won_by(index);
                    let _ =
                        self.memory.compare_exchange(memory.0, won.0, Ordering::AcqRel, Ordering::Relaxed);
                    return Ok(credentials);
                }
                Err(Error::NotConfigured(absent)) if memory.winner() == Some(index) => {
                    return Err(vanished(&absent).after(before).into());
                }
                Err(Error::NotConfigured(absent)) => before.extend_from_slice(absent.attempts()),
                Err(Error::Failed(failure)) => return Err(failed_after(before, failure)),
            }
        }
        Err(Error::NotConfigured(NotConfigured::from(before)))
    }

    fn time_limit(&self) -> Duration {
        let sum = self
            .providers
            .iter()
            .map(SharedProvider::time_limit)
            .fold(Duration::ZERO, Duration::saturating_add);
        // Sources mostly answer "not configured" at once; only one where a person acts may take longer.
        let longest = self.providers.iter().map(SharedProvider::time_limit).max().unwrap_or_default();
        sum.min(longest.max(CHAIN_TIME_LIMIT))
    }

    fn notice(&self, notice: Notice<'_>) {
        if matches!(notice, Notice::Forgotten) {
            // Cannot fail: the closure always has a value.
            let _ = self.memory.fetch_update(Ordering::AcqRel, Ordering::Acquire, |memory| {
                Some(Memory(memory).forgotten().0)
            });
        }
        self.providers.iter().for_each(|provider| provider.notice(notice));
    }

    fn may_change(&self) -> bool {
        self.winner().is_some_and(SharedProvider::may_change)
    }

    fn has_changed(&self, held: &Credentials) -> impl Future<Output = bool> + Send {
        let winner = self.winner().cloned();
        async move {
            match winner {
                Some(winner) => winner.has_changed(held).await,
                None => false,
            }
        }
    }
}

/// Remembers for itself what the original knew.
impl Clone for ProviderChain {
    fn clone(&self) -> Self {
        Self { providers: self.providers.clone(), memory: AtomicU64::new(self.memory().0) }
    }
}

impl fmt::Debug for ProviderChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderChain")
            .field("providers", &self.providers.len())
            .field("winner", &self.memory().winner())
            .finish_non_exhaustive()
    }
}

/// Who won last, counted from 1 in the lower half; in the upper one how often that was forgotten, so that a call which
/// began before does not bring it back.
#[derive(Clone, Copy)]
struct Memory(u64);

impl Memory {
    fn winner(self) -> Option<usize> {
        usize::try_from(self.0 & NUMBER).ok()?.checked_sub(1)
    }

    fn won_by(self, index: usize) -> Self {
        let number = u64::try_from(index).unwrap_or(NUMBER).saturating_add(1).min(NUMBER);
        Self((self.0 & !NUMBER) | number)
    }

    fn forgotten(self) -> Self {
        Self((self.0 & !NUMBER).wrapping_add(NUMBER + 1))
    }
}

/// What the source at this place answers, or that it did not within `limit`.
pub(crate) async fn within(
    limit: Duration,
    index: usize,
    provider: &SharedProvider,
) -> Result<Credentials, Error> {
    let asked = LastAsked::default();
    let mut call = pin!(asked.of(provider.retrieve()));
    // Most that do not apply say so at once, and then no timer is needed, nor a runtime that has some.
    if let Poll::Ready(answer) = poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await {
        return answer;
    }
    if !runtime::is_there() {
        return call.await;
    }
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer,
        Err(_) => Err(hung(limit, index, provider, &asked).into()),
    }
}

fn hung(limit: Duration, index: usize, provider: &SharedProvider, asked: &LastAsked) -> Failure {
    let message = format!(
        "no answer within {:.1} s (source {} of the chain){}",
        limit.as_secs_f32(),
        index + 1,
        asked.told()
    );
    Failure::new(FailureKind::TimedOut, provider.source_kind().name(), message)
        .with_remedy("check what it waits for, or leave this source out of the chain")
}

/// What a source says that gave the credentials so far, and does not apply any more.
fn vanished(absent: &NotConfigured) -> Failure {
    let source = absent.attempts().last().map_or("chain", Attempt::source).to_owned();
    let why: Vec<&str> = absent.attempts().iter().map(Attempt::why).collect();
    let message = format!("gave the credentials so far, and is not configured any more ({})", why.join("; "));
    Failure::new(FailureKind::Vanished, source, message).with_remedy(
        "no other source takes its place unasked: restore it, or call `forget()` if it is meant to be gone",
    )
}

/// A chain inside a chain has a list of its own, which belongs behind ours.
fn failed_after(mut before: Vec<Attempt>, failure: Failure) -> Error {
    before.extend_from_slice(failure.attempts());
    failure.after(before).into()
}

/// A whole chain answers or fails within this time.
pub(crate) const CHAIN_TIME_LIMIT: Duration = Duration::from_secs(50);
/// By so much it ends before that: its own error says who did not answer.
const AHEAD: Duration = Duration::from_millis(100);
const NUMBER: u64 = u32::MAX as u64;
