//! What each source looked at, what it found, and which one is used: for people and for programs, and never a secret.

mod examined;
#[cfg(any(feature = "process", feature = "container", feature = "imds", feature = "sts"))]
mod json;
mod look;
mod render;

use std::fmt;

pub(crate) use self::examined::{Examined, Next};
pub use self::look::Look;
use crate::cache::RefreshPolicy;
use crate::credentials::Credentials;
use crate::wall_time::WallTime;

/// How a [`DefaultChain`](crate::DefaultChain) comes by its credentials, or why it does not: made by
/// [`explain`](crate::DefaultChain::explain) and [`explain_offline`](crate::DefaultChain::explain_offline).
///
/// It holds names of variables, places in files, URLs without their query, names of profiles, ARNs of roles and access
/// key ids; no secret key, no token, no external id. `Display` is plain text for a terminal of 100 columns.
///
/// ```no_run
/// # async fn f() {
/// let explanation = aws_credential_chain::DefaultChain::new().explain().await;
/// println!("{explanation}");
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Explanation {
    pub(crate) offline: bool,
    pub(crate) credentials: Option<Given>,
    pub(crate) sources: Vec<ExplainedSource>,
    pub(crate) settings: Vec<Look>,
    pub(crate) warnings: Vec<String>,
}

/// One place of the chain.
#[derive(Clone, Debug)]
pub struct ExplainedSource {
    pub(crate) name: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) why: String,
    pub(crate) looks: Vec<Look>,
}

/// What became of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It gave the credentials.
    Used,
    /// It would be asked, if the explanation were not made without the network.
    WouldBeAsked,
    /// It does not apply here: the chain goes on.
    NotConfigured,
    /// It is set up and gives no credentials: the chain stops.
    Failed,
    /// It is set up, and not used, because another comes first.
    Shadowed,
    /// Only asking it would tell whether it applies, and another comes first.
    NotAsked,
    /// It was taken out of the chain, in code.
    Removed,
}

/// The credentials, as far as they may be shown.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) access_key_id: String,
    pub(crate) account_id: Option<String>,
    pub(crate) source: String,
    pub(crate) packed_policy_size: Option<u8>,
    pub(crate) expiry: Option<WallTime>,
    /// When a cache with the default policy renews them, for one that got them now.
    pub(crate) renewed_from: Option<WallTime>,
    pub(crate) left: std::time::Duration,
    /// Whether they are made from files that are looked at once a minute.
    pub(crate) may_change: bool,
}

impl Explanation {
    /// Whether there are credentials.
    #[must_use]
    pub fn is_found(&self) -> bool {
        self.credentials.is_some()
    }

    /// The source that is used.
    #[must_use]
    pub fn used(&self) -> Option<&ExplainedSource> {
        self.with(Verdict::Used)
    }

    /// The source that would be asked next, if the network were allowed: see
    /// [`explain_offline`](crate::DefaultChain::explain_offline).
    #[must_use]
    pub fn would_be_asked(&self) -> Option<&ExplainedSource> {
        self.with(Verdict::WouldBeAsked)
    }

    /// All places of the chain, in the order in which they are asked.
    #[must_use]
    pub fn sources(&self) -> &[ExplainedSource] {
        &self.sources
    }

    /// Region, endpoint of STS, clock and proxies, and where each comes from.
    #[must_use]
    pub fn settings(&self) -> &[Look] {
        &self.settings
    }

    /// What is probably not meant as it is set.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// As text for a terminal: `width` in columns (less than 40 counts as 40); with `colour`, verdicts and headings are
    /// coloured by ANSI sequences, which is for terminals only and not where `NO_COLOR` is set.
    #[must_use]
    pub fn render(&self, width: usize, colour: bool) -> String {
        render::render(self, width, colour)
    }

    /// As one JSON object. Fields keep their names and meaning; new ones may come.
    ///
    /// ```json
    /// { "found": true, "offline": false,
    ///   "credentials": { "access_key_id": "ASIA…", "account_id": "123456789012", "source": "instance metadata (web)",
    ///                    "expires": "2026-11-23T18:00:00Z", "renewed_from": "2026-11-23T17:00:00Z",
    ///                    "packed_policy_size": null },
    ///   "sources": [ { "name": "environment", "verdict": "not_configured", "why": "…",
    ///                  "looked_at": [ { "what": "AWS_ACCESS_KEY_ID", "found": "not set" } ] } ],
    ///   "settings": [ { "what": "region", "found": "eu-central-1, from AWS_REGION" } ],
    ///   "warnings": [] }
    /// ```
    ///
    /// `credentials` is `null` where there are none, and so is each of its fields where it is not known. `verdict` is one
    /// of `used`, `would_be_asked`, `not_configured`, `failed`, `shadowed`, `not_asked`, `removed`; `name` one of
    /// `environment`, `profile file`, `web identity`, `container`, `instance metadata`. `what` and `found` are sentences for
    /// people, and may change.
    ///
    /// Needs one of the features `process`, `container`, `imds`, `sts`.
    #[cfg(any(feature = "process", feature = "container", feature = "imds", feature = "sts"))]
    #[must_use]
    pub fn to_json(&self) -> String {
        json::json(self).to_string()
    }

    fn with(&self, verdict: Verdict) -> Option<&ExplainedSource> {
        self.sources.iter().find(|source| source.verdict == verdict)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(WIDTH, false).trim_end())
    }
}

impl ExplainedSource {
    /// Its place in the chain: `environment`, `profile file`, `web identity`, `container`, `instance metadata`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name
    }

    /// What became of it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Why that became of it: what it gives, would ask or lacks, or its error.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What was looked at.
    #[must_use]
    pub fn looked_at(&self) -> &[Look] {
        &self.looks
    }
}

impl Verdict {
    /// For people; JSON has it with `_` for blanks.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::WouldBeAsked => "would be asked",
            Self::NotConfigured => "not configured",
            Self::Failed => "failed",
            Self::Shadowed => "shadowed",
            Self::NotAsked => "not asked",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Given {
    pub(crate) fn new(credentials: &Credentials, now: WallTime, may_change: bool) -> Self {
        let expiry = credentials.expiry().map(WallTime::from);
        let left = expiry.map(|expiry| now.until(expiry)).unwrap_or_default();
        let stale_servable = credentials.source().kind().is_stale_servable();
        // Those that need a code are kept to their end.
        let renews = credentials.asks_for().is_none();
        let window = RefreshPolicy::default().windows(left, stale_servable, 0.0).advisory;
        Self {
            access_key_id: credentials.access_key_id().to_owned(),
            account_id: credentials.account_id().map(str::to_owned),
            source: credentials.source().to_string(),
            packed_policy_size: credentials.packed_policy_size(),
            expiry,
            renewed_from: expiry.filter(|_| renews).map(|expiry| expiry.minus(window)),
            left,
            may_change: may_change && renews,
        }
    }
}

const WIDTH: usize = 100;
