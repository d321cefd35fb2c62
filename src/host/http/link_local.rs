//! The client for addresses of this machine and its hypervisor.

use std::fmt;
use std::sync::{Arc, OnceLock};

use reqwest::Client;

use super::{Answer, HttpError, Limits, Outgoing, exchange, hardened};
use crate::host::{Clock, Teacher};

/// Speaks to addresses of this machine and its hypervisor. Clones share the client.
#[derive(Clone)]
pub(crate) struct LinkLocal(Arc<Parts>);

struct Parts {
    limits: Limits,
    /// Told what the answers say about it, if they come from elsewhere than this machine.
    teaches: Option<Clock>,
    client: OnceLock<Result<Client, HttpError>>,
}

impl LinkLocal {
    pub(crate) fn new(limits: Limits) -> Self {
        Self::with(limits, None)
    }

    /// Towards a service that goes by a clock of its own, and tells its time.
    pub(crate) fn teaching(clock: &Clock, limits: Limits) -> Self {
        Self::with(limits, Some(clock.clone()))
    }

    fn with(limits: Limits, teaches: Option<Clock>) -> Self {
        Self(Arc::new(Parts { limits, teaches, client: OnceLock::new() }))
    }

    pub(crate) async fn send(&self, request: Outgoing<'_>) -> Result<Answer, HttpError> {
        let limits = self.0.limits;
        let client = self.0.client.get_or_init(|| build(limits)).as_ref().map_err(Clone::clone)?;
        let teaches = self.0.teaches.as_ref().map(|clock| (clock, Teacher::LinkLocal));
        exchange::exchange(client, request, limits.whole(), teaches).await
    }
}

impl fmt::Debug for LinkLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkLocal").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

fn build(limits: Limits) -> Result<Client, HttpError> {
    let builder =
        hardened(Client::builder()).connect_timeout(limits.connect).no_proxy().pool_max_idle_per_host(0);
    #[cfg(feature = "_tls")]
    let builder = builder.tls_backend_preconfigured(super::tls::without_roots()?);
    builder.build().map_err(|error| HttpError::not_built(&error))
}
