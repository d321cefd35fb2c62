//! SIGTERM, as supervisors end services, and Ctrl-C.

/// Listens from its making on, so that no signal is missed.
#[cfg(unix)]
pub(super) struct Termination {
    told: tokio::signal::unix::Signal,
    interrupted: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Termination {
    pub(super) fn listen() -> std::io::Result<Self> {
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
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn wait(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
