//! Caches as metrics, through the facade of the crate `metrics`.

use std::time::SystemTime;

use ::metrics::{
    Label, SharedString, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};

use crate::cache::CredentialsCache;
use crate::error::{Error, FailureKind};
use crate::observe::{Event, Observer};

/// Counts what happens in a cache, for whichever recorder the program has installed.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, DefaultChain, interop::Metrics};
///
/// let cache = CredentialsCache::builder(DefaultChain::new()).observer(Metrics::new().cache("base")).build();
/// ```
///
/// | name | kind | labels | |
/// |---|---|---|---|
/// | `aws_credentials_refreshes_total` | counter | `source`, `outcome` | refreshes; `outcome` is `success`, `not_configured`, or the [`FailureKind`] as `timed_out` |
/// | `aws_credentials_refresh_seconds` | histogram | `source`, `outcome` | how long each took |
/// | `aws_credentials_seconds_to_expiry` | gauge | | how long those in hand are valid; infinite if they do not expire |
/// | `aws_credentials_read_wait_seconds` | histogram | | reads that waited for a refresh, and how long |
/// | `aws_credentials_stale_reads_total` | counter | | reads that were answered with credentials past their expiry |
///
/// Of a [`CachePool`](crate::CachePool), given to it as one observer for all tenants ([`pool`](Self::pool)), there are the
/// same but for the gauge, which would be that of the tenant who came last, and:
///
/// | name | kind | labels | |
/// |---|---|---|---|
/// | `aws_credentials_tenants` | gauge | | tenants in the pool, as of [`update_pool`](Self::update_pool) |
/// | `aws_credentials_tenants_left_total` | counter | `because` | tenants that left: `capacity` or `idle` |
/// | `aws_credentials_sts_wait_seconds` | histogram | | calls to STS that waited for their turn, and how long |
///
/// No label names a tenant: there may be a hundred thousand.
///
/// All of them have a label `cache` if one was [given](Self::cache), or `pool`. A source is the kind that issued the credentials
/// (`assume role`), or what the error names. The gauge is set at each refresh and each failure; to have it exact when it
/// is read, call [`update`](Self::update) before.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Metrics {
    cache: Option<SharedString>,
    pool: Option<SharedString>,
}

impl Metrics {
    /// Without a label of its own. Describes the metrics to the recorder, which should be installed by now.
    pub fn new() -> Self {
        describe_counter!(REFRESHES, Unit::Count, "refreshes of AWS credentials");
        describe_histogram!(REFRESH_SECONDS, Unit::Seconds, "how long refreshes of AWS credentials took");
        describe_gauge!(SECONDS_TO_EXPIRY, Unit::Seconds, "how long the AWS credentials in hand are valid");
        describe_histogram!(READ_WAIT_SECONDS, Unit::Seconds, "how long reads waited for AWS credentials");
        describe_counter!(STALE_READS, Unit::Count, "reads answered with AWS credentials past their expiry");
        Self::default()
    }

    /// Tells this cache from others: the label `cache` of all its metrics.
    pub fn cache(mut self, name: impl Into<SharedString>) -> Self {
        self.cache = Some(name.into());
        self
    }

    /// Counts for a pool: the label `pool` of all its metrics.
    #[cfg(feature = "sts")]
    pub fn pool(mut self, name: impl Into<SharedString>) -> Self {
        describe_gauge!(TENANTS, Unit::Count, "tenants in a pool of AWS credentials");
        describe_counter!(TENANTS_LEFT, Unit::Count, "tenants that left a pool of AWS credentials");
        describe_histogram!(STS_WAIT_SECONDS, Unit::Seconds, "how long calls to STS waited for their turn");
        self.pool = Some(name.into());
        self
    }

    /// Sets the gauge of the tenants to what it is now.
    #[cfg(feature = "sts")]
    pub fn update_pool<K>(&self, pool: &crate::CachePool<K>) {
        let tenants = u32::try_from(pool.len()).unwrap_or(u32::MAX);
        gauge!(TENANTS, self.labels([])).set(f64::from(tenants));
    }

    /// Sets the gauge of the seconds to expiry to what it is now.
    pub fn update(&self, cache: &CredentialsCache) {
        let status = cache.status();
        let now: SystemTime = cache.signing_time();
        match status.expiry {
            Some(expiry) => self.left(expiry.duration_since(now).unwrap_or_default().as_secs_f64()),
            None if status.access_key_id.is_some() => self.left(f64::INFINITY),
            None => self.left(0.0),
        }
    }

    fn left(&self, seconds: f64) {
        // Many caches, of which one would show.
        if self.pool.is_some() {
            return;
        }
        gauge!(SECONDS_TO_EXPIRY, self.labels([])).set(seconds);
    }

    fn refresh(&self, source: String, outcome: &'static str, took: std::time::Duration) {
        let labels = self.labels([("source", source.into()), ("outcome", outcome.into())]);
        counter!(REFRESHES, labels.iter()).increment(1);
        histogram!(REFRESH_SECONDS, labels.iter()).record(took.as_secs_f64());
    }

    fn labels<const N: usize>(&self, more: [(&'static str, SharedString); N]) -> Vec<Label> {
        let cache = self.cache.clone().map(|name| Label::new("cache", name));
        let pool = self.pool.clone().map(|name| Label::new("pool", name));
        cache
            .into_iter()
            .chain(pool)
            .chain(more.into_iter().map(|(key, value)| Label::new(key, value)))
            .collect()
    }
}

impl Observer for Metrics {
    fn on_event(&self, event: &Event) {
        match event {
            Event::Refreshed { source, lifetime, took, .. } => {
                self.refresh(source.kind().name().to_owned(), "success", *took);
                self.left(lifetime.map_or(f64::INFINITY, |lifetime| lifetime.as_secs_f64()));
            }
            Event::Failed { error, left, took, .. } => {
                let (source, outcome) = told_by(error);
                self.refresh(source, outcome, *took);
                if let Some(left) = left {
                    self.left(left.as_secs_f64());
                }
            }
            Event::Expired { .. } => self.left(0.0),
            Event::Waited { waited } => {
                histogram!(READ_WAIT_SECONDS, self.labels([])).record(waited.as_secs_f64());
            }
            Event::ServedStale { .. } => counter!(STALE_READS, self.labels([])).increment(1),
            // There from the start: the first one is then an increase.
            Event::Started => counter!(STALE_READS, self.labels([])).increment(0),
            #[cfg(feature = "sts")]
            Event::Limited { waited } => {
                histogram!(STS_WAIT_SECONDS, self.labels([])).record(waited.as_secs_f64());
            }
            #[cfg(feature = "sts")]
            Event::TenantLeft { because } => {
                let because = match because {
                    crate::Leaving::Capacity => "capacity",
                    crate::Leaving::Idle => "idle",
                };
                counter!(TENANTS_LEFT, self.labels([("because", because.into())])).increment(1);
            }
            Event::SourceChanged { .. } | Event::Invalidated { .. } => {}
        }
    }
}

fn told_by(error: &Error) -> (String, &'static str) {
    match error {
        Error::NotConfigured(_) => ("none".to_owned(), "not_configured"),
        Error::Failed(failure) => (kind_of(failure.source_name()).to_owned(), outcome(failure.kind())),
    }
}

/// Of a whole path, as `static keys → assume role (arn:…)`, the kind of its last hop: a label must not name roles.
fn kind_of(source: &str) -> &str {
    let last = source.rsplit(" → ").next().unwrap_or(source);
    last.split(" (").next().unwrap_or(last)
}

const fn outcome(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Misconfigured => "misconfigured",
        FailureKind::Refused => "refused",
        FailureKind::NoRuntime => "no_runtime",
        FailureKind::Unreachable => "unreachable",
        FailureKind::TimedOut => "timed_out",
        FailureKind::Throttled => "throttled",
        FailureKind::Unavailable => "unavailable",
        FailureKind::Malformed => "malformed",
        FailureKind::Unreadable => "unreadable",
        FailureKind::Expired => "expired",
        FailureKind::Interrupted => "interrupted",
        FailureKind::Vanished => "vanished",
        FailureKind::Withheld => "withheld",
    }
}

const REFRESHES: &str = "aws_credentials_refreshes_total";
const REFRESH_SECONDS: &str = "aws_credentials_refresh_seconds";
const SECONDS_TO_EXPIRY: &str = "aws_credentials_seconds_to_expiry";
const READ_WAIT_SECONDS: &str = "aws_credentials_read_wait_seconds";
#[cfg(feature = "sts")]
const TENANTS: &str = "aws_credentials_tenants";
#[cfg(feature = "sts")]
const TENANTS_LEFT: &str = "aws_credentials_tenants_left_total";
#[cfg(feature = "sts")]
const STS_WAIT_SECONDS: &str = "aws_credentials_sts_wait_seconds";
const STALE_READS: &str = "aws_credentials_stale_reads_total";
