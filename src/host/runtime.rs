//! Whether there is a tokio runtime to work on: its timers and sockets panic without one.

use std::time::Duration;

use tokio::runtime::Handle;

/// Whether a runtime with timers runs on this thread.
pub(crate) fn is_there() -> bool {
    // Tokio has no question for timers, only a panic.
    Handle::try_current().is_ok()
        && std::panic::catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO))).is_ok()
}

pub(crate) const REMEDY: &str = "call from within tokio, in a runtime built with `enable_all()`";
