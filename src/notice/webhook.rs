//! A sink that posts each record to a URL, signed.
//!
//! ```text
//! POST /the/path                        content-type: application/json
//! webhook-id: ASIAQ3EGVB6RWXAMPLE2      the record's id, the same in each attempt
//! webhook-timestamp: 1764104400         seconds since 1970, of this attempt
//! webhook-signature: v1,g0hM9SsE+OT…    base64 of HMAC-SHA256(secret, "{id}.{timestamp}.{body}")
//!
//! {"version":1,"type":"session_issued",…}
//! ```
//!
//! That is [Standard Webhooks](https://www.standardwebhooks.com), for which there are libraries that verify. A receiver
//! checks the signature over the body as it came, refuses timestamps that are more than five minutes off, and takes an id
//! that it has seen for done.
//!
//! | answer | |
//! |---|---|
//! | 2xx | the record is received |
//! | 408, 429, 5xx, none, none within 2.5 s | another attempt after a pause with jitter; three in all, within ten seconds |
//! | anything else, a redirect too | no |

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};

use super::signature::Key;
use super::{BoxError, IssueRecord, NoticeSink};
use crate::error::{Error, FailureKind};
use crate::host::http::{Answer, HttpError, Limits, LinkLocal, Outgoing};
use crate::host::{Host, LastAsked};
use crate::providers::retry::Retry;
use crate::role::Flaw;

/// Posts each record as JSON, signed as [Standard Webhooks](https://www.standardwebhooks.com) has it.
///
/// ```
/// use aws_credential_chain::notice::Webhook;
///
/// # fn set_up(secret: String) -> Result<(), aws_credential_chain::Error> {
/// let webhook = Webhook::new("https://audit.example/aws-sessions", secret)?;
/// # Ok(())
/// # }
/// ```
///
/// Headers: `webhook-id` is the record's [id](IssueRecord::id), the same in each attempt; `webhook-timestamp` the second of
/// the attempt; `webhook-signature` is `v1,` and the base64 of the HMAC-SHA256 of `{id}.{timestamp}.{body}`. A receiver
/// checks the signature over the body as it came, refuses timestamps that are far off, and takes an id that it has seen for
/// done.
///
/// Received is what is answered with 2xx. After 408, 429, 5xx, no answer within 2.5 seconds or none at all it is tried
/// again, three times in all and within ten seconds; other answers, redirects among them, are a no. What the answer says is
/// shown nowhere; one of more than 64 KiB is a no.
///
/// The way is that of the requests to STS: proxies as the environment names them, `AWS_CA_BUNDLE`. With `http://`, which is
/// for loopback addresses, no proxy is used.
pub struct Webhook {
    host: Host,
    /// Paths of webhooks are often all that keeps strangers out.
    url: SecretString,
    /// Scheme, host and port.
    shown: String,
    key: Key,
    /// Without TLS, to a loopback address.
    local: Option<LinkLocal>,
    retry: Retry,
}

impl Webhook {
    /// To this URL, `https://…`, or `http://` with a loopback address. `secret`: `whsec_` and the base64 of 24 to 64 bytes,
    /// as `echo whsec_$(openssl rand -base64 32)` makes one.
    ///
    /// # Errors
    /// [`FailureKind::Misconfigured`]: the URL or the secret is not as said. Of the URL the error shows scheme, host and
    /// port.
    pub fn new(url: impl Into<SecretString>, secret: impl Into<SecretString>) -> Result<Self, Error> {
        let url = url.into();
        let target = Target::parse(url.expose_secret()).map_err(|flaw| flaw.of(NAME))?;
        let key = Key::parse(&secret.into()).map_err(|flaw| flaw.of(NAME))?;
        let host = Host::default();
        let retry = Retry::new(&host.clock);
        let local = target.is_plain.then(|| LinkLocal::new(LIMITS));
        Ok(Self { host, url, shown: target.shown, key, local, retry })
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.host = world.host();
        self.retry = Retry::new(&self.host.clock);
        self
    }

    async fn post(&self, id: &str, body: &SecretString) -> Result<(), Trouble> {
        let timestamp = self.host.clock.now().unix_millis().div_euclid(1000);
        let signature = self.key.sign(id, timestamp, body.expose_secret()).unwrap_or_default();
        let headers = [
            (HeaderName::from_static("webhook-id"), id.into()),
            (HeaderName::from_static("webhook-timestamp"), timestamp.to_string().into()),
            (HeaderName::from_static("webhook-signature"), signature.into()),
        ];
        let url = self.url.expose_secret();
        let content = Some(("application/json", body));
        let request = Outgoing { method: Method::POST, url, headers: &headers, content };
        let sent = match &self.local {
            Some(local) => local.send(request).await,
            None => self.host.public.send_elsewhere(&self.host, request, ATTEMPT_LIMIT).await,
        };
        match sent {
            Ok(answer) => Trouble::of_answer(&answer),
            Err(error) => Err(Trouble::of_error(&error)),
        }
    }
}

impl NoticeSink for Webhook {
    async fn notify(&self, record: &IssueRecord) -> Result<(), BoxError> {
        let body = SecretString::from(record.to_json());
        let mut attempt = 1;
        loop {
            // What is noted here is no error's to tell: the URL stays in this file.
            let posted = LastAsked::default().of(self.post(record.id(), &body)).await;
            let Err(Trouble { what, may_pass }) = posted else { return Ok(()) };
            if !may_pass || attempt == ATTEMPTS {
                let times = if attempt == 1 { String::new() } else { format!(" (attempt {attempt})") };
                return Err(format!("POST to {}: {what}{times}", self.shown).into());
            }
            self.retry.pause(attempt.saturating_mul(PAUSE_STEPS)).await;
            attempt += 1;
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("to", &self.shown).finish_non_exhaustive()
    }
}

/// Why a record is not received.
struct Trouble {
    what: String,
    may_pass: bool,
}

impl Trouble {
    fn of_answer(answer: &Answer) -> Result<(), Self> {
        let status = answer.status;
        let (what, may_pass) = match status {
            200..=299 => return Ok(()),
            300..=399 => (format!("answered {status}, a redirect, which is not followed"), false),
            _ => (format!("answered {status}"), matches!(status, 408 | 429 | 500..)),
        };
        Err(Self { what, may_pass })
    }

    fn of_error(error: &HttpError) -> Self {
        use FailureKind::{Malformed, TimedOut, Unreachable};
        let may_pass = !matches!(error, HttpError::TooLarge)
            && matches!(error.kind(), Malformed | TimedOut | Unreachable);
        Self { what: error.to_string(), may_pass }
    }
}

/// Where a URL leads.
struct Target {
    shown: String,
    /// Without TLS, on this machine.
    is_plain: bool,
}

impl Target {
    fn parse(url: &str) -> Result<Self, Flaw> {
        let parsed =
            reqwest::Url::parse(url.trim()).ok().filter(reqwest::Url::has_host).ok_or_else(|| {
                Flaw::new("the URL cannot be read", "write it like https://audit.example/aws-sessions")
            })?;
        let host = parsed.host_str().unwrap_or_default();
        let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
        let shown = format!("{}://{host}{port}", parsed.scheme());
        if !parsed.username().is_empty() || parsed.password().is_some() {
            let what = format!("the URL ({shown}) holds a user or a password");
            return Err(Flaw::new(what, "leave them out: the signature says who sends"));
        }
        match (parsed.scheme(), is_loopback(host)) {
            ("https", _) => Ok(Self { shown, is_plain: false }),
            ("http", true) => Ok(Self { shown, is_plain: true }),
            _ => {
                let what = format!("the URL ({shown}) is neither https nor http to a loopback address");
                Err(Flaw::new(what, "use https: who acts where, and why, is nobody else's"))
            }
        }
    }
}

/// `localhost` is one by RFC 6761.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

const NAME: &str = "webhook";
const ATTEMPTS: u32 = 3;
const ATTEMPT_LIMIT: Duration = Duration::from_millis(2500);
const LIMITS: Limits = Limits { connect: Duration::from_millis(1000), answer: Duration::from_millis(1500) };
/// A receiver that restarts needs longer than a service that has many servers: half a second, then one.
const PAUSE_STEPS: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn it_goes_over_tls_or_stays_on_the_machine() {
        for (url, shown, is_plain) in [
            ("https://audit.example/CANARY?CANARY", "https://audit.example", false),
            ("https://audit.example:8443/", "https://audit.example:8443", false),
            ("http://127.0.0.1:8080/CANARY", "http://127.0.0.1:8080", true),
            ("http://[::1]:8080/", "http://[::1]:8080", true),
            ("http://localhost/x", "http://localhost", true),
            ("https://localhost/x", "https://localhost", false),
        ] {
            let webhook = Webhook::new(url, SECRET).unwrap();
            assert_eq!((webhook.shown.as_str(), webhook.local.is_some()), (shown, is_plain));
            assert!(!format!("{webhook:?}").contains("CANARY"));
        }
        for (url, says) in [
            ("http://audit.example/CANARY", "(http://audit.example) is neither https nor http to a loopback"),
            ("http://169.254.169.254/", "neither https"),
            ("http://127.0.0.1.example/", "neither https"),
            ("ftp://127.0.0.1/", "neither https"),
            ("https://CANARY:CANARY@audit.example/", "(https://audit.example) holds a user"),
            ("audit.example/CANARY", "cannot be read"),
            ("file:///CANARY", "cannot be read"),
            ("", "cannot be read"),
        ] {
            let error = Webhook::new(url, SECRET).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("CANARY"), "{url}: {error}");
        }
    }
}
