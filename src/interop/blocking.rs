//! The cache for programs without async.
//!
//! ```
//! use aws_credential_chain::DefaultChain;
//! use aws_credential_chain::interop::blocking::CredentialsCache;
//!
//! fn key() -> Result<String, aws_credential_chain::Error> {
//!     let cache = CredentialsCache::new(DefaultChain::new()); // no IO yet, no thread
//!     Ok(cache.credentials()?.access_key_id().to_owned())
//! }
//! ```
//!
//! A read that finds fresh credentials in hand returns them at once, as in the async cache. Everything else is done by one
//! thread for the whole process, `aws-credentials`, with a tokio runtime of its own: it starts when it is first needed,
//! refreshes in the background while the program does something else, and does not hold up the program's end.
//!
//! It can be called from anywhere, also from inside of another runtime, where it holds up the thread it is called on: for
//! as long as the async cache would wait, which is bounded by the time limit of the source. A refresh that other code has
//! started in a runtime of which it holds up the only thread goes on when that limit has passed. From within a provider
//! that this thread asks, it is an error; such a provider has to use the async cache.
//!
//! A child made by `fork` without `exec` has no such thread, and waits in vain.

use std::fmt;
use std::future::Future;
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, SystemTime};

use tokio::runtime::{Builder, Handle};

use crate::cache::{self, KeepFresh, Lasting, RefreshPolicy, Rejected, Status};
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::provider::CredentialsProvider;

/// Credentials of one provider, kept fresh, for threads that may wait. Clone it: clones share everything, with each
/// other and with the async cache that it is made [from](cache::CredentialsCache::blocking).
///
/// See the [module](self) for where the work is done.
#[derive(Clone)]
pub struct CredentialsCache {
    cache: cache::CredentialsCache,
}

impl CredentialsCache {
    /// A cache in front of `provider`, under the default [`RefreshPolicy`]. Does no IO and starts no thread.
    pub fn new(provider: impl CredentialsProvider) -> Self {
        cache::CredentialsCache::new(provider).blocking()
    }

    /// The same with another policy. For an observer, too: build the async cache, and call
    /// [`blocking`](cache::CredentialsCache::blocking).
    pub fn with_policy(provider: impl CredentialsProvider, policy: RefreshPolicy) -> Self {
        cache::CredentialsCache::builder(provider).refresh(policy).build().blocking()
    }

    /// The async cache behind it.
    #[must_use]
    pub fn as_async(&self) -> &cache::CredentialsCache {
        &self.cache
    }

    /// The credentials. Waits only if there are none, or if they are about to expire.
    ///
    /// # Errors
    /// Those of [the async one](cache::CredentialsCache::credentials); and if there can be no thread.
    pub fn credentials(&self) -> Result<Credentials, Error> {
        match self.cache.quiet() {
            Some(credentials) => Ok(credentials),
            None => self.wait(|cache| async move { cache.credentials().await }),
        }
    }

    /// Asks the source now, and waits for its answer: see [the async one](cache::CredentialsCache::renew).
    pub fn renew(&self) -> Result<Credentials, Error> {
        self.wait(|cache| async move { cache.renew().await })
    }

    /// Credentials that are valid for so long from now on: see [the async one](cache::CredentialsCache::valid_for).
    pub fn valid_for(&self, needed: Duration) -> Result<Lasting, Error> {
        self.wait(move |cache| async move { cache.valid_for(needed).await })
    }

    /// Waits until there are credentials, at most as long as `limit`: see [the async one](cache::CredentialsCache::ready).
    pub fn ready(&self, limit: Duration) -> Result<(), Error> {
        if self.is_ready() {
            return Ok(());
        }
        self.wait(move |cache| async move { cache.ready(limit).await })
    }

    /// Renews them ahead of time even if nobody reads, until the guard is dropped: see [the async
    /// one](cache::CredentialsCache::keep_fresh).
    pub fn keep_fresh(&self) -> Result<KeepFresh, Error> {
        let _inside = worker()?.handle.enter();
        self.cache.keep_fresh()
    }

    /// What is in hand: never waits. See [the async one](cache::CredentialsCache::current).
    #[must_use]
    pub fn current(&self) -> Option<Credentials> {
        self.cache.current()
    }

    /// Whether a read would be answered with what is in hand.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.cache.is_ready()
    }

    /// A service refused these credentials: see [the async one](cache::CredentialsCache::invalidate).
    pub fn invalidate<'a>(&self, rejected: impl Into<Rejected<'a>>) -> bool {
        self.cache.invalidate(rejected)
    }

    /// Drops what is in hand and what is remembered.
    pub fn forget(&self) {
        self.cache.forget();
    }

    /// The time by AWS's clocks: sign with it.
    #[must_use]
    pub fn signing_time(&self) -> SystemTime {
        self.cache.signing_time()
    }

    /// How it stands. Holds no secrets.
    #[must_use]
    pub fn status(&self) -> Status {
        self.cache.status()
    }

    /// Has the thread do it, and waits.
    fn wait<T, F>(&self, ask: impl FnOnce(cache::CredentialsCache) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let worker = worker()?;
        if worker.thread == thread::current().id() {
            return Err(failure("the blocking cache was called by a provider that it asks itself")
                .with_remedy("use the async cache in providers")
                .into());
        }
        let asked = ask(self.cache.clone());
        let (sender, receiver) = mpsc::sync_channel(1);
        worker.handle.spawn(async move {
            // Nobody waits any more if this fails.
            let _ = sender.send(asked.await);
        });
        receiver.recv().unwrap_or_else(|_| {
            Err(Failure::new(FailureKind::Interrupted, NAME, "the thread ended without an answer").into())
        })
    }
}

impl cache::CredentialsCache {
    /// The same cache for threads that may wait.
    #[must_use]
    pub fn blocking(&self) -> CredentialsCache {
        CredentialsCache { cache: self.clone() }
    }
}

impl fmt::Debug for CredentialsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cache.fmt(f)
    }
}

/// The one thread.
#[derive(Clone)]
struct Worker {
    handle: Handle,
    thread: ThreadId,
}

/// Starts it the first time, and again as long as it could not be started.
fn worker() -> Result<Worker, Error> {
    static WORKER: Mutex<Option<Worker>> = Mutex::new(None);
    let mut worker = WORKER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(worker) = &*worker {
        return Ok(worker.clone());
    }
    // Built and dropped in there: tokio panics where a runtime is dropped within another one.
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(move || match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                let _ = sender.send(Ok(runtime.handle().clone()));
                runtime.block_on(std::future::pending::<()>());
            }
            Err(error) => {
                let _ = sender.send(Err(error));
            }
        })
        .map_err(cannot_start)?;
    let ended = |_| Err(std::io::Error::other("it ended at once"));
    let handle = receiver.recv().unwrap_or_else(ended).map_err(cannot_start)?;
    let started = Worker { handle, thread: thread.thread().id() };
    *worker = Some(started.clone());
    Ok(started)
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn cannot_start(error: std::io::Error) -> Error {
    failure(format!("its thread cannot be started: {error}"))
        .with_remedy("look at the limits on threads and open files")
        .into()
}

fn failure(message: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::new(FailureKind::NoRuntime, NAME, message)
}

const NAME: &str = "blocking cache";
const THREAD: &str = "aws-credentials";
