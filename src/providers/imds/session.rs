//! Talking to the metadata service: a session token, and requests that carry it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};

use super::answers;
use super::settings::Settings;
use crate::cache::{Fetch, Perishable, RefreshPolicy, Refresher, mark};
use crate::chain::CHAIN_TIME_LIMIT;
use crate::error::Error;
use crate::host::http::{LinkLocal, Outgoing};
use crate::host::{Clock, Host, Stopwatch};
use crate::providers::retry::{ATTEMPTS, Retry};
use crate::wall_time::WallTime;

/// Requests with a session token, which is fetched when needed and kept as long as it lives.
#[derive(Debug)]
pub(super) struct MetadataSession {
    http: LinkLocal,
    pub(super) settings: Arc<Settings>,
    token: Refresher<SessionToken>,
    retry: Retry,
}

/// What a path holds.
pub(super) enum Reply {
    Found(Vec<u8>),
    NotFound,
}

impl MetadataSession {
    pub(super) fn new(host: &Host, settings: Settings) -> Self {
        let settings = Arc::new(settings);
        let http = LinkLocal::teaching(&host.clock, settings.limits);
        let source =
            TokenSource { http: http.clone(), settings: Arc::clone(&settings), clock: host.clock.clone() };
        let policy = RefreshPolicy::default().advisory_window(TOKEN_RENEWED_AHEAD);
        let token = Refresher::new(source, policy, host.clock.clone(), host.env.clone());
        Self { http, settings, token, retry: Retry::new(&host.clock) }
    }

    /// How much a fetch that begins now takes upon itself.
    pub(super) fn effort(&self) -> Effort {
        let set = self.settings.attempts;
        Effort { attempts: set.unwrap_or(ATTEMPTS), insistent: set.is_some(), began: Stopwatch::start() }
    }

    /// Reads `path`. Faults of the server are tried again while a read waits for them; a token that is refused is
    /// exchanged once.
    pub(super) async fn get(&self, path: &str, effort: Effort) -> Result<Reply, Error> {
        let url = self.settings.url(path);
        let mut exchanged = false;
        let mut attempt = 1;
        loop {
            let token = self.token(effort).await?;
            let headers = [(HeaderName::from_static(TOKEN_HEADER), token.text.clone())];
            let request = Outgoing::get(&url, &headers);
            let outcome = self.http.send(request).await;
            match &outcome {
                Ok(answer) if answer.status == 401 && !exchanged => {
                    exchanged = true;
                    self.token.invalidate(token.mark());
                    continue;
                }
                Ok(answer) if answer.status == 404 => return Ok(Reply::NotFound),
                _ => {}
            }
            if !answers::is_worth_retrying(&outcome, effort.insistent) || !effort.allows_another(attempt) {
                return answers::found(outcome, &url).map(Reply::Found);
            }
            self.retry.pause(attempt).await;
            attempt += 1;
        }
    }

    async fn token(&self, effort: Effort) -> Result<SessionToken, Error> {
        if let Some(token) = self.token.quiet(SessionToken::clone) {
            return Ok(token);
        }
        let mut attempt = 1;
        loop {
            // Not a read: failures are remembered by the cache of the credentials, and once is enough.
            let error = match self.token.renew().await {
                Ok(token) => return Ok(token),
                Err(error) => error.without_next_attempt(),
            };
            if !answers::is_worth_another_token(&error, effort.insistent) || !effort.allows_another(attempt) {
                return Err(error);
            }
            self.retry.pause(attempt).await;
            attempt += 1;
        }
    }
}

/// How often a fetch asks for the same, and how long it goes on: attempts are a setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    attempts: u32,
    /// Also where no connection comes about.
    insistent: bool,
    began: Stopwatch,
}

impl Effort {
    fn allows_another(self, attempt: u32) -> bool {
        Retry::again_of(attempt, self.attempts) && self.began.elapsed() < LAST_ATTEMPT
    }
}

/// What lets requests to the service through, for a while.
#[derive(Clone, Debug)]
struct SessionToken {
    text: SecretString,
    expiry: WallTime,
}

impl Perishable for SessionToken {
    fn expiry(&self) -> Option<WallTime> {
        Some(self.expiry)
    }

    fn mark(&self) -> u64 {
        mark(self.text.expose_secret())
    }

    fn origin(&self) -> String {
        super::NAME.to_owned()
    }
}

struct TokenSource {
    http: LinkLocal,
    settings: Arc<Settings>,
    clock: Clock,
}

impl TokenSource {
    async fn put(&self) -> Result<SessionToken, Error> {
        let url = self.settings.url(TOKEN_PATH);
        let headers = [(HeaderName::from_static(TTL_HEADER), SecretString::from(TOKEN_TTL_SECONDS))];
        let request = Outgoing { method: Method::PUT, url: &url, headers: &headers, content: None };
        // Counted from before the request: never longer than the service counts.
        let asked = Stopwatch::start();
        let outcome = self.http.send(request).await;
        let (text, ttl) = answers::token(outcome, &url, &self.settings)?;
        Ok(SessionToken { text, expiry: self.clock.now().minus(asked.elapsed()).plus(ttl) })
    }
}

impl Fetch<SessionToken> for TokenSource {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<SessionToken, Error>> + Send + '_>> {
        Box::pin(self.put())
    }

    fn time_limit(&self) -> Duration {
        // The exchange has limits of its own, which a user may have raised.
        CHAIN_TIME_LIMIT
    }

    fn name(&self) -> &'static str {
        super::NAME
    }
}

pub(super) const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";
const TOKEN_PATH: &str = "/latest/api/token";
/// Six hours, the longest the service gives.
const TOKEN_TTL_SECONDS: &str = "21600";
const TOKEN_RENEWED_AHEAD: Duration = Duration::from_secs(120);
/// So that what is reported is what the last attempt met, and not that the provider's own limit was reached.
const LAST_ATTEMPT: Duration = Duration::from_secs(20);
