//! The local AWS as a test holds it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::net::TcpListener;

use super::container::Container;
use super::fault::{self, Fault, Faults, Route};
use super::keys::Keys;
use super::log::{Log, Request};
use super::metadata::Metadata;
use super::s3::S3;
use super::server::{self, Answer, Incoming, Serve};
use super::sts::{Noted, Sts};
use super::{Clock, World};

/// A server on loopback that answers as AWS does, inside the test's own process and runtime.
///
/// Clones are the same server; it stops, and drops its connections, when the last of them goes. See the
/// [module](super) for how to use it.
#[derive(Clone)]
pub struct LocalAws {
    services: Arc<Services>,
    listener: Arc<Listener>,
}

impl LocalAws {
    /// Starts one on a free port of 127.0.0.1, with a clock of its own.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts one with settings.
    pub fn builder() -> LocalAwsBuilder {
        LocalAwsBuilder { clock: Clock::default(), at: SocketAddr::from(([127, 0, 0, 1], 0)) }
    }

    /// A machine whose variables point here, and that shares the clock. Each call makes another one.
    pub fn world(&self) -> World {
        World::with_clock(self.clock().clone())
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.endpoint())
            .env("AWS_ENDPOINT_URL_STS", self.endpoint())
    }

    /// The clock by which everything here expires.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.services.clock
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.listener.at)
    }

    /// The metadata service of an EC2 instance.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.services.metadata
    }

    /// The credentials agent of a container.
    #[must_use]
    pub fn container(&self) -> &Container {
        &self.services.container
    }

    /// Where that agent is asked, for `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    #[must_use]
    pub fn container_uri(&self) -> String {
        format!("{}{}", self.endpoint(), fault::CONTAINER)
    }

    /// STS, and who can sign: users, roles, identity providers.
    #[must_use]
    pub fn sts(&self) -> &Sts {
        &self.services.sts
    }

    /// Buckets, at the same endpoint: `{endpoint}/BUCKET/KEY`.
    #[must_use]
    pub fn s3(&self) -> &S3 {
        &self.services.s3
    }

    /// Lets the next requests of `route` go wrong. Faults of a route are used up in the order in which they were
    /// added; after them it answers well again.
    pub fn fault(&self, route: Route, fault: Fault) {
        self.services.faults.add(route, fault);
    }

    /// Takes back all faults that are not used up.
    pub fn clear_faults(&self) {
        self.services.faults.clear();
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.services.log.all()
    }

    /// How many requests there were to `route` so far.
    #[must_use]
    pub fn count(&self, route: Route) -> usize {
        self.services.log.all().iter().filter(|request| route.covers(request.route())).count()
    }

    /// Every secret that was given out so far: secret keys, tokens, session tokens of the metadata service, web identity
    /// tokens. For tests that search logs for them.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let Services { metadata, container, sts, .. } = &*self.services;
        [metadata.secrets(), container.secrets(), sts.secrets()].concat()
    }
}

impl fmt::Debug for LocalAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAws").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}

/// Starts a [`LocalAws`] with settings.
#[derive(Debug)]
#[must_use]
pub struct LocalAwsBuilder {
    clock: Clock,
    at: SocketAddr,
}

impl LocalAwsBuilder {
    /// The clock to live by.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Where to listen, instead of a free port of 127.0.0.1: a fixed port, or an address of a network namespace.
    pub fn listen(mut self, at: SocketAddr) -> Self {
        self.at = at;
        self
    }

    /// Starts it on the current tokio runtime.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(self) -> io::Result<LocalAws> {
        let socket = TcpListener::bind(self.at).await?;
        let at = socket.local_addr()?;
        let keys = Arc::new(Keys::default());
        let services = Arc::new(Services {
            metadata: Metadata::new(self.clock.clone(), Arc::clone(&keys)),
            container: Container::new(self.clock.clone(), Arc::clone(&keys)),
            sts: Sts::new(self.clock.clone(), keys),
            s3: S3::default(),
            clock: self.clock,
            faults: Faults::default(),
            log: Log::default(),
        });
        let accepting = tokio::spawn(server::accept(socket, Arc::clone(&services))).abort_handle();
        Ok(LocalAws { services, listener: Arc::new(Listener { at, accepting }) })
    }
}

/// Stops the server when the last handle goes.
struct Listener {
    at: SocketAddr,
    accepting: tokio::task::AbortHandle,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

struct Services {
    clock: Clock,
    metadata: Metadata,
    container: Container,
    sts: Sts,
    s3: S3,
    faults: Faults,
    log: Log,
}

impl Services {
    /// What no other service knows may be the name of a bucket.
    fn route(&self, request: &Incoming) -> Route {
        match Route::of(request) {
            Route::Unknown if self.s3.has_bucket_of(request) => Route::S3,
            route => route,
        }
    }
}

impl Serve for Services {
    fn arrived(&self, request: &Incoming) -> (usize, Option<Fault>) {
        let route = self.route(request);
        let noted = match route {
            Route::S3 | Route::Unknown => self.sts.note_of_another(request),
            route if route.is_sts() => self.sts.note(request),
            _ => Noted::default(),
        };
        (self.log.arrived(request, route, self.clock.now(), noted), self.faults.next(route))
    }

    fn answer(&self, request: &Incoming) -> Answer {
        match self.route(request) {
            Route::Unknown => Answer::status(404),
            Route::S3 => self.s3.answer(request, &self.sts),
            Route::ContainerCredentials => self.container.answer(request),
            route if route.is_sts() => self.sts.answer(request),
            _ => self.metadata.answer(request),
        }
    }

    fn answered(&self, number: usize, answer: &Answer) {
        self.log.answered(number, answer);
    }

    fn now(&self) -> SystemTime {
        self.clock.now()
    }
}
