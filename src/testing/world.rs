//! A whole machine for one test: environment, files, clock.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::host::{self, Env, Host};
use crate::testing::Clock;

/// Environment variables, files and a clock for one test, in place of those of the machine.
///
/// The process environment is never touched, so tests run side by side. Clones are the same world, and changes are
/// seen by whatever lives in it.
///
/// ```
/// use aws_credential_chain::{CredentialsProvider, DefaultChain, testing::World};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), aws_credential_chain::Error> {
/// let world = World::new()
///     .env("AWS_PROFILE", "dev")
///     .file("~/.aws/credentials", "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n");
/// let credentials = DefaultChain::in_world(&world).retrieve().await?;
/// assert_eq!(credentials.access_key_id(), "AKIADEV");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct World {
    variables: Arc<Mutex<HashMap<String, String>>>,
    files: Arc<Mutex<HashMap<PathBuf, Vec<u8>>>>,
    clock: Clock,
    #[cfg(feature = "_http")]
    public: host::http::Public,
}

impl World {
    /// A machine with a home directory and nothing else.
    pub fn new() -> Self {
        Self::with_clock(Clock::default())
    }

    /// A machine that shares `clock` with something else, a [`LocalAws`](super::LocalAws) for example.
    pub fn with_clock(clock: Clock) -> Self {
        let home = HashMap::from([(HOME_VARIABLE.to_owned(), HOME.to_owned())]);
        Self {
            variables: Arc::new(Mutex::new(home)),
            files: Arc::default(),
            clock,
            #[cfg(feature = "_http")]
            public: host::http::Public::separate(),
        }
    }

    /// Sets a variable.
    pub fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        lock(&self.variables).insert(name.into(), value.into());
        self
    }

    /// Removes a variable.
    pub fn without_env(self, name: &str) -> Self {
        lock(&self.variables).remove(name);
        self
    }

    /// Writes a file; `~/` is the home directory. Files that no test wrote are looked for on the disk.
    pub fn file(self, path: &str, contents: impl Into<Vec<u8>>) -> Self {
        lock(&self.files).insert(expand(path), contents.into());
        self
    }

    /// Removes a file.
    pub fn without_file(self, path: &str) -> Self {
        lock(&self.files).remove(&expand(path));
        self
    }

    /// The clock of this world.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn host(&self) -> Host {
        Host {
            env: Env::Given(Arc::clone(&self.variables)),
            clock: host::Clock::Turned(self.clock.clone()),
            files: host::Files::Given(Arc::clone(&self.files)),
            #[cfg(feature = "_http")]
            public: self.public.clone(),
            #[cfg(feature = "_http")]
            timeouts: host::http::Timeouts::default(),
        }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Names of variables and files, never what is in them.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("variables", &lock(&self.variables).keys().collect::<Vec<_>>())
            .field("files", &lock(&self.files).keys().collect::<Vec<_>>())
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// Whether a path lies where no machine has anything: what is written there is kept in the world.
#[cfg(feature = "sts")]
pub(crate) fn is_in_home_of_world(path: &std::path::Path) -> bool {
    path.starts_with(HOME)
}

fn expand(path: &str) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(below) => PathBuf::from(HOME).join(below),
        None => PathBuf::from(path),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const HOME_VARIABLE: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
/// A directory that no machine has, so that nothing on the disk is found by accident.
const HOME: &str = "/home-of-the-test-world";
