//! The clients for AWS's services over the network.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, ClientBuilder};
use tokio::sync::OnceCell;

#[cfg(feature = "sts")]
use super::kept::{KeptClients, LINGER};
use super::{Answer, HttpError, Outgoing, exchange, hardened, proxy};
use crate::host::{Host, Teacher, runtime};

/// Speaks to AWS over the network. Clones share the clients; so does everybody in a process who adjusted nothing.
#[derive(Clone)]
pub(crate) struct Public(Arc<Parts>);

pub(crate) type Adjust = dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync;

struct Parts {
    adjust: Option<Box<Adjust>>,
    /// By what they trust. Few: one for plain HTTP, one for the system's certificates, one for each bundle.
    clients: Mutex<BTreeMap<Trust, Arc<OnceCell<Arc<Built>>>>>,
    #[cfg(feature = "sts")]
    kept: KeptClients<Trust>,
}

/// What is made once, as certificates take long to be read.
struct Built {
    /// It keeps no idle connections: it outlives runtimes, and one that nobody drives any more keeps its connections from
    /// answering. After a freeze they would be dead, too.
    client: Client,
    #[cfg(all(feature = "_tls", feature = "sts"))]
    tls: rustls::ClientConfig,
}

/// What becomes of the connection of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// It ends with the answer.
    Closed,
    /// It is kept for the requests that follow at once: one of a crowd.
    #[cfg(feature = "sts")]
    Kept,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    /// Plain HTTP: no root certificate is read.
    Nobody,
    #[cfg(feature = "_tls")]
    System,
    /// A bundle of certificates, and the setting that names it.
    #[cfg(feature = "_tls")]
    Bundle { path: String, setting: String },
}

impl Public {
    /// With a closure that the user gave.
    pub(crate) fn adjusted(adjust: impl Fn(ClientBuilder) -> ClientBuilder + Send + Sync + 'static) -> Self {
        Self::with(Some(Box::new(adjust)))
    }

    /// Clients of its own, for a test's machine.
    pub(crate) fn separate() -> Self {
        Self::with(None)
    }

    fn with(adjust: Option<Box<Adjust>>) -> Self {
        Self(Arc::new(Parts {
            adjust,
            clients: Mutex::default(),
            #[cfg(feature = "sts")]
            kept: KeptClients::default(),
        }))
    }

    /// `ca_bundle`: the path that the profile names, and the place where it does; the environment's goes before it.
    pub(crate) async fn send(
        &self,
        host: &Host,
        ca_bundle: Option<(&str, &str)>,
        request: Outgoing<'_>,
        connection: Connection,
    ) -> Result<Answer, HttpError> {
        #[cfg_attr(not(feature = "sts"), expect(unused_variables, reason = "nobody keeps connections"))]
        let (trust, built) = self.built(host, request.url, ca_bundle).await?;
        let teaches = Some((&host.clock, Teacher::Network));
        match connection {
            Connection::Closed => exchange::exchange(&built.client, request, LIMIT, teaches).await,
            #[cfg(feature = "sts")]
            Connection::Kept => {
                let kept = self.0.kept.of_this_runtime(&trust, &host.clock, || {
                    self.client(
                        host,
                        Client::builder().pool_idle_timeout(LINGER),
                        #[cfg(feature = "_tls")]
                        &built.tls,
                    )
                })?;
                let answer = exchange::exchange(kept.client(), request, LIMIT, teaches).await;
                kept.used(&host.clock);
                answer
            }
        }
    }

    /// To somebody else than AWS, by whose clock nothing is set.
    #[cfg(feature = "sts")]
    pub(crate) async fn send_elsewhere(
        &self,
        host: &Host,
        request: Outgoing<'_>,
        limit: Duration,
    ) -> Result<Answer, HttpError> {
        let (_, built) = self.built(host, request.url, None).await?;
        exchange::exchange(&built.client, request, limit, None).await
    }

    async fn built(
        &self,
        host: &Host,
        url: &str,
        ca_bundle: Option<(&str, &str)>,
    ) -> Result<(Trust, Arc<Built>), HttpError> {
        // Reading certificates needs one already.
        if !runtime::is_there() {
            return Err(HttpError::NoRuntime);
        }
        let trust = trust(host, url, ca_bundle)?;
        let client = {
            let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(clients.entry(trust.clone()).or_default())
        };
        // A bundle that is being exchanged fails this call only: the next one builds the client anew.
        let built = client.get_or_try_init(|| async { self.build(host, &trust).await.map(Arc::new) }).await?;
        Ok((trust, Arc::clone(built)))
    }

    #[cfg_attr(not(feature = "_tls"), allow(clippy::unused_async, reason = "certificates are files"))]
    async fn build(&self, host: &Host, trust: &Trust) -> Result<Built, HttpError> {
        #[cfg(feature = "_tls")]
        let tls = match trust {
            Trust::Nobody => super::tls::without_roots()?,
            Trust::System => super::tls::with_system_roots().await?,
            Trust::Bundle { path, setting } => super::tls::with_bundle(&host.files, path, setting).await?,
        };
        #[cfg(not(feature = "_tls"))]
        let Trust::Nobody = trust;
        let client = self.client(
            host,
            Client::builder().pool_max_idle_per_host(0),
            #[cfg(feature = "_tls")]
            &tls,
        )?;
        Ok(Built {
            client,
            #[cfg(all(feature = "_tls", feature = "sts"))]
            tls,
        })
    }

    fn client(
        &self,
        host: &Host,
        builder: ClientBuilder,
        #[cfg(feature = "_tls")] tls: &rustls::ClientConfig,
    ) -> Result<Client, HttpError> {
        let mut builder = builder.connect_timeout(CONNECT).no_proxy();
        for proxy in proxy::from_env(&host.env)? {
            builder = builder.proxy(proxy);
        }
        #[cfg(feature = "_tls")]
        {
            builder = builder.tls_backend_preconfigured(tls.clone());
        }
        if let Some(adjust) = &self.0.adjust {
            builder = adjust(builder);
        }
        hardened(builder).build().map_err(|error| HttpError::not_built(&error))
    }
}

impl Default for Public {
    fn default() -> Self {
        static OF_THE_PROCESS: LazyLock<Public> = LazyLock::new(Public::separate);
        OF_THE_PROCESS.clone()
    }
}

impl fmt::Debug for Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Public").field("adjusted", &self.0.adjust.is_some()).finish_non_exhaustive()
    }
}

#[cfg(feature = "_tls")]
#[expect(clippy::unnecessary_wraps, reason = "its twin refuses")]
fn trust(host: &Host, url: &str, ca_bundle: Option<(&str, &str)>) -> Result<Trust, HttpError> {
    if !is_tls(url) {
        return Ok(Trust::Nobody);
    }
    if let Some(path) = host.env.get(CA_BUNDLE) {
        return Ok(Trust::Bundle { path, setting: CA_BUNDLE.to_owned() });
    }
    Ok(match ca_bundle {
        Some((path, setting)) => Trust::Bundle { path: path.to_owned(), setting: setting.to_owned() },
        None => Trust::System,
    })
}

#[cfg(not(feature = "_tls"))]
fn trust(_host: &Host, url: &str, _ca_bundle: Option<(&str, &str)>) -> Result<Trust, HttpError> {
    if is_tls(url) {
        return Err(HttpError::NoClient(
            "TLS is not part of this build: turn on the cargo feature `ring`".to_owned(),
        ));
    }
    Ok(Trust::Nobody)
}

fn is_tls(url: &str) -> bool {
    !url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

#[cfg(feature = "_tls")]
pub(super) const CA_BUNDLE: &str = "AWS_CA_BUNDLE";
/// What AWS's SDKs allow a connection over the network.
const CONNECT: Duration = Duration::from_millis(3100);
/// For one whole exchange: two attempts and more fit into the 50 s of a chain.
const LIMIT: Duration = Duration::from_secs(10);
