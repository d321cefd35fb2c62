//! Two HTTP clients, each built on first use.
//!
//! | | link-local: metadata, containers | public: STS and its kin |
//! |---|---|---|
//! | proxy | never | `HTTPS_PROXY`, `NO_PROXY` |
//! | redirects | never | never: a body with a secret in it would follow |
//! | root certificates | none: plain HTTP | `AWS_CA_BUNDLE`, else the system's |
//! | idle connections | none: after a restored snapshot they are dead | kept |
//! | adjusted by the user | timeouts | `ClientBuilder`, timeouts |
//!
//! rustls gets its configuration handed in: no global provider is installed, and no root certificate is read
//! before somebody speaks TLS.

mod exchange;
#[cfg(feature = "_tls")]
mod proxy;
#[cfg(all(test, feature = "ring", feature = "test-util"))]
mod tests;
#[cfg(feature = "_tls")]
mod tls;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

pub(crate) use self::exchange::{Answer, HttpError, Outgoing, exchange};
#[cfg(feature = "_tls")]
use crate::host::Host;

/// How long to wait for services on this machine and its hypervisor.
///
/// What is not set is as AWS's SDKs have it: for the metadata service one second for a connection and one for an
/// answer, for containers two and five.
///
/// ```
/// use std::time::Duration;
/// use aws_credential_chain::{DefaultChain, Timeouts};
///
/// let patient = DefaultChain::new().timeouts(Timeouts::new().connect(Duration::from_secs(3)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Timeouts {
    connect: Option<Duration>,
    answer: Option<Duration>,
}

impl Timeouts {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a connection. Where nothing answers, as outside of EC2, this is what it costs to find out.
    pub fn connect(mut self, limit: Duration) -> Self {
        self.connect = Some(limit);
        self
    }

    /// For the answer, from its request to its end. Time that the connection did not need is added.
    pub fn answer(mut self, limit: Duration) -> Self {
        self.answer = Some(limit);
        self
    }
}

/// The time limits of one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
}

impl Limits {
    fn adjusted(self, timeouts: Timeouts) -> Self {
        Self {
            connect: timeouts.connect.unwrap_or(self.connect),
            answer: timeouts.answer.unwrap_or(self.answer),
        }
    }

    fn whole(self) -> Duration {
        self.connect.saturating_add(self.answer)
    }
}

/// What a user may change about the clients.
#[derive(Clone, Default)]
pub(crate) struct HttpSettings {
    pub(crate) timeouts: Timeouts,
    pub(crate) adjust: Option<Arc<Adjust>>,
}

pub(crate) type Adjust = dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync;

/// The clients of one chain. Clones share them.
#[derive(Clone)]
pub(crate) struct Http(Arc<Clients>);

struct Clients {
    limits: Limits,
    #[cfg(feature = "_tls")]
    settings: HttpSettings,
    link_local: OnceLock<Result<Client, HttpError>>,
    #[cfg(feature = "_tls")]
    public: tokio::sync::OnceCell<Client>,
}

impl Http {
    /// `standard`: what holds towards services on this machine where the user has not set it.
    pub(crate) fn new(settings: &HttpSettings, standard: Limits) -> Self {
        Self(Arc::new(Clients {
            limits: standard.adjusted(settings.timeouts),
            #[cfg(feature = "_tls")]
            settings: settings.clone(),
            link_local: OnceLock::new(),
            #[cfg(feature = "_tls")]
            public: tokio::sync::OnceCell::new(),
        }))
    }

    /// Speaks to addresses of this machine and its hypervisor.
    pub(crate) async fn link_local(&self, request: Outgoing<'_>) -> Result<Answer, HttpError> {
        let limits = self.0.limits;
        let client = self.0.link_local.get_or_init(|| link_local(limits)).as_ref().map_err(Clone::clone)?;
        exchange(client, request, limits.whole()).await
    }

    /// Speaks to AWS over the network.
    #[cfg(feature = "_tls")]
    pub(crate) async fn public(&self, host: &Host, request: Outgoing<'_>) -> Result<Answer, HttpError> {
        let settings = &self.0.settings;
        // A bundle that is being exchanged fails this call only: the next one builds the client anew.
        let client = self.0.public.get_or_try_init(|| public(host, settings)).await?;
        exchange(client, request, PUBLIC_LIMIT).await
    }
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSettings").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

fn link_local(limits: Limits) -> Result<Client, HttpError> {
    let builder =
        hardened(Client::builder()).connect_timeout(limits.connect).no_proxy().pool_max_idle_per_host(0);
    #[cfg(feature = "_tls")]
    let builder = builder.tls_backend_preconfigured(tls::without_roots()?);
    builder.build().map_err(|error| HttpError::not_built(&error))
}

#[cfg(feature = "_tls")]
async fn public(host: &Host, settings: &HttpSettings) -> Result<Client, HttpError> {
    let tls = tls::with_system_roots(host).await?;
    let mut builder = Client::builder().connect_timeout(PUBLIC_CONNECT).no_proxy();
    for proxy in proxy::from_env(&host.env)? {
        builder = builder.proxy(proxy);
    }
    builder = builder.tls_backend_preconfigured(tls);
    if let Some(adjust) = &settings.adjust {
        builder = adjust(builder);
    }
    hardened(builder).build().map_err(|error| HttpError::not_built(&error))
}

/// What holds for both, whatever the user adjusted before.
fn hardened(builder: ClientBuilder) -> ClientBuilder {
    builder.redirect(Policy::none()).referer(false).http1_only()
}

/// What AWS's SDKs allow a connection over the network.
#[cfg(feature = "_tls")]
const PUBLIC_CONNECT: Duration = Duration::from_millis(3100);
/// For one whole exchange: two attempts and more fit into the 50 s of a chain.
#[cfg(feature = "_tls")]
const PUBLIC_LIMIT: Duration = Duration::from_secs(10);
