//! Two kinds of HTTP clients, each built on first use.
//!
//! | | link-local: metadata, containers | public: STS and its kin |
//! |---|---|---|
//! | proxy | never | `HTTPS_PROXY`, `NO_PROXY` |
//! | redirects | never | never: a body with a secret in it would follow |
//! | root certificates | none: plain HTTP | `AWS_CA_BUNDLE`, else the profile's `ca_bundle`, else the system's; none towards plain HTTP |
//! | idle connections | none: after a restored snapshot they are dead | of pools for some seconds, in clients of each runtime; else none: the client outlives runtimes |
//! | shared by | one source | the whole process |
//! | adjusted by the user | timeouts | `ClientBuilder`, timeouts |
//!
//! rustls gets its configuration handed in: no global provider is installed, and no root certificate is read
//! before somebody speaks TLS.

mod exchange;
#[cfg(feature = "sts")]
mod kept;
mod link_local;
pub(crate) mod proxy;
mod public;
#[cfg(all(test, feature = "ring", feature = "test-util"))]
mod tests;
#[cfg(feature = "_tls")]
mod tls;

use std::time::Duration;

use reqwest::ClientBuilder;
use reqwest::redirect::Policy;

pub(crate) use self::exchange::{Answer, HttpError, Outgoing};
pub(crate) use self::link_local::LinkLocal;
pub(crate) use self::public::{Connection, Public};
#[cfg(feature = "reqwest")]
use crate::host::{Host, runtime};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
}

impl Limits {
    /// With what the user has set in its place.
    pub(crate) fn adjusted(self, timeouts: Timeouts) -> Self {
        Self {
            connect: timeouts.connect.unwrap_or(self.connect),
            answer: timeouts.answer.unwrap_or(self.answer),
        }
    }

    fn whole(self) -> Duration {
        self.connect.saturating_add(self.answer)
    }
}

/// For users' own requests, which are signed: never redirected, with our TLS.
#[cfg(feature = "reqwest")]
#[cfg_attr(
    not(feature = "_tls"),
    expect(unused_variables, reason = "certificates are files, which only TLS needs")
)]
pub(crate) async fn for_signed_requests(host: &Host) -> Result<ClientBuilder, HttpError> {
    if !runtime::is_there() {
        return Err(HttpError::NoRuntime);
    }
    let builder = reqwest::Client::builder().redirect(Policy::none()).referer(false);
    #[cfg(feature = "_tls")]
    let builder = builder.tls_backend_preconfigured(match host.env.get(public::CA_BUNDLE) {
        Some(path) => tls::with_bundle(&host.files, &path, public::CA_BUNDLE).await?,
        None => tls::with_system_roots().await?,
    });
    Ok(builder)
}

/// What holds for both kinds, whatever the user adjusted before.
fn hardened(builder: ClientBuilder) -> ClientBuilder {
    builder.redirect(Policy::none()).referer(false).http1_only()
}
