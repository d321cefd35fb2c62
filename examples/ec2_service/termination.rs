//! SIGTERM, as supervisors end services, and Ctrl-C; and an end that nothing holds up.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

/// Runs a program. A call of the system that hangs, as the look-up of a name does while no name server answers, does not
/// keep it from its end: dropped, the runtime would wait for that.
pub(super) fn run(program: impl Future<Output = ExitCode>) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let code = runtime.block_on(program);
    // What is dropped ends in this time, programs that were started among it.
    runtime.shutdown_timeout(LEFTOVERS_MAX);
    Ok(code)
}

/// Listens from its making on, so that no signal is missed.
#[cfg(unix)]
pub(super) struct Termination {
    told: tokio::signal::unix::Signal,
    interrupted: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Termination {
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { told: signal(SignalKind::terminate())?, interrupted: signal(SignalKind::interrupt())? })
    }

    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.told.recv() => {}
            _ = self.interrupted.recv() => {}
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Termination;

#[cfg(not(unix))]
impl Termination {
    #[allow(clippy::unnecessary_wraps, reason = "its twin can fail")]
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn wait(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

const LEFTOVERS_MAX: Duration = Duration::from_secs(1);
