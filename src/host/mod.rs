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
#[cfg(any(feature = "process", feature = "_http"))]
pub(crate) mod runtime;

#[cfg(feature = "test-util")]
pub(crate) use self::clock::LearnedSkew;
#[cfg(feature = "_http")]
pub(crate) use self::clock::Teacher;
pub(crate) use self::clock::{Clock, Stopwatch};
pub(crate) use self::env::{Env, PROFILE};
pub(crate) use self::files::{FileError, Files, Stamp, off_the_runtime};

/// Everything outside that a source may look at. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host {
    pub(crate) env: Env,
    pub(crate) clock: Clock,
    pub(crate) files: Files,
    #[cfg(feature = "_http")]
    pub(crate) public: http::Public,
}
