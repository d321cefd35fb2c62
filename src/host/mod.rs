//! The only door to the outside: environment, files, clock, HTTP. Each is a small enum: the real thing, or a
//! test's.

#![allow(clippy::disallowed_methods, reason = "this is the door")]

mod clock;
mod env;
#[cfg(any(feature = "profile", feature = "_tls"))]
mod files;
#[cfg(feature = "_http")]
pub(crate) mod http;

pub(crate) use self::clock::Clock;
pub(crate) use self::env::Env;
#[cfg(any(feature = "profile", feature = "_tls"))]
pub(crate) use self::files::{FileError, Files};

/// Everything outside that a source may look at. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host {
    pub(crate) env: Env,
    pub(crate) clock: Clock,
    #[cfg(any(feature = "profile", feature = "_tls"))]
    pub(crate) files: Files,
}
