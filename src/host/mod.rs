//! The only door to the outside: environment, files, clock, HTTP, processes. Each is a small enum: the real thing, or a
//! test's.

#![allow(clippy::disallowed_methods, reason = "this is the door")]

mod clock;
mod env;
#[cfg(feature = "process")]
pub(crate) mod exec;
mod files;
#[cfg(feature = "_http")]
pub(crate) mod http;
pub(crate) mod last_asked;
pub(crate) mod runtime;

#[cfg(feature = "test-util")]
pub(crate) use self::clock::LearnedSkew;
#[cfg(feature = "_http")]
pub(crate) use self::clock::Teacher;
pub(crate) use self::clock::{Clock, Stopwatch};
pub(crate) use self::env::{Env, PROFILE, Standing};
pub(crate) use self::files::{FileError, Files, Stamp, off_the_runtime};
pub(crate) use self::last_asked::LastAsked;

/// Everything outside that a source may look at. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host {
    pub(crate) env: Env,
    pub(crate) clock: Clock,
    pub(crate) files: Files,
    #[cfg(feature = "_http")]
    pub(crate) public: http::Public,
    /// How long to wait for what is on this machine and its hypervisor, where a user has set it.
    #[cfg(feature = "_http")]
    pub(crate) timeouts: http::Timeouts,
}
