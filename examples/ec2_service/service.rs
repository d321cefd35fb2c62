//! The service itself.
//!
//! | path | |
//! |---|---|
//! | `/identity` | its work: a signed call of AWS for each request |
//! | `/ready` | 200 while there are credentials, 503 else: for load balancers and readiness probes |
//! | `/live` | 200 while the process answers at all: for what starts it anew |
//! | `/metrics` | for Prometheus |

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use aws_credential_chain::interop::Metrics;
use aws_credential_chain::sts::Sts;
use aws_credential_chain::{CredentialsCache, CredentialsCacheBuilder, FailureKind};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::explain;

/// What all requests share. Clones are cheap.
#[derive(Clone)]
pub(super) struct Service {
    cache: CredentialsCache,
    sts: Sts,
    metrics: Metrics,
    prometheus: PrometheusHandle,
}

impl Service {
    /// Installs the recorder of the process: there is one service in it.
    pub(super) fn new(cache: CredentialsCacheBuilder, sts: Sts) -> Result<Self, Box<dyn Error>> {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let prometheus = PrometheusBuilder::new().set_buckets_for_metric(seconds, &BUCKETS)?;
        let prometheus = prometheus.install_recorder()?;
        // After the recorder, which it describes its metrics to.
        let metrics = Metrics::new();
        Ok(Self { cache: cache.observer(metrics.clone()).build(), sts, metrics, prometheus })
    }

    /// Answers requests until `end`, and those that are under way then for `drain` more. Answers whether they all ended.
    pub(super) async fn run(
        self,
        listener: TcpListener,
        end: impl Future<Output = ()>,
        drain: Duration,
    ) -> Result<bool, Box<dyn Error>> {
        // Renewed although nobody asks: an idle service stays ready. The first fetch begins here, too.
        let _fresh = self.cache.keep_fresh()?;
        let (tell, told) = oneshot::channel::<()>();
        let server = axum::serve(listener, self.router()).with_graceful_shutdown(async {
            let _ = told.await;
        });
        let mut server = tokio::spawn(server.into_future());
        tokio::select! {
            () = end => {}
            ended = &mut server => ended??,
            never = upkeep(&self.prometheus) => match never {},
        }
        // No new connections from here on, and idle ones are closed.
        drop(tell);
        match tokio::time::timeout(drain, &mut server).await {
            Ok(ended) => ended?.map(|()| true).map_err(Into::into),
            Err(_) => Ok(false),
        }
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/identity", get(identity))
            .route("/ready", get(ready))
            .route("/live", get(|| async { "alive\n" }))
            .route("/metrics", get(metrics))
            .with_state(self.clone())
    }

    async fn whose_credentials(&self) -> Result<String, aws_credential_chain::Error> {
        let credentials = self.cache.credentials().await?;
        let answer = self.sts.caller_identity(&credentials).await;
        if let Err(aws_credential_chain::Error::Failed(failure)) = &answer
            && failure.kind() == FailureKind::Expired
        {
            // A service that refuses credentials knows better than their expiration: the next request has others.
            self.cache.invalidate(&credentials);
        }
        Ok(answer?.arn().to_owned())
    }
}

/// In place of this comes what the service is for.
async fn identity(State(service): State<Service>) -> Result<String, (StatusCode, &'static str)> {
    match tokio::time::timeout(REQUEST_MAX, service.whose_credentials()).await {
        Ok(Ok(arn)) => Ok(arn),
        Ok(Err(error)) => {
            // For the log alone: it names files, variables and roles.
            explain(&format!("a request failed: {error}"));
            Err((StatusCode::SERVICE_UNAVAILABLE, "AWS cannot be asked at the moment\n"))
        }
        Err(_) => Err((StatusCode::GATEWAY_TIMEOUT, "AWS does not answer\n")),
    }
}

/// Stays 200 through an outage of the source as long as there is something to sign with. Why it is not, the log says.
async fn ready(State(service): State<Service>) -> (StatusCode, &'static str) {
    match service.cache.ready(PROBE_MAX).await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "no credentials\n"),
    }
}

async fn metrics(State(service): State<Service>) -> impl IntoResponse {
    service.metrics.update(&service.cache);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], service.prometheus.render())
}

/// The recorder keeps each measurement of a histogram until it is rendered or kept up: not for ever, if nobody scrapes.
async fn upkeep(prometheus: &PrometheusHandle) -> Infallible {
    loop {
        tokio::time::sleep(UPKEEP).await;
        prometheus.run_upkeep();
    }
}

/// A client that waits longer has given up.
const REQUEST_MAX: Duration = Duration::from_secs(10);
/// Below what Kubernetes gives a probe unless told otherwise, 1 s.
const PROBE_MAX: Duration = Duration::from_millis(500);
const UPKEEP: Duration = Duration::from_secs(5);
/// Seconds. Machines with the same buckets can be added up.
const BUCKETS: [f64; 8] = [0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10.0, 50.0];
