//! Why a profile cannot be planned. Each message names the profile, the place and what to do, and no value but
//! the names of profiles and sessions.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use super::values::SECONDS;
use crate::config::printable::printable;
use crate::config::profiles::{IncludeError, Origin, Profile, Profiles, Remark};

/// Why there is no plan. Names are [`printable`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlanError {
    /// Whether that is a failure depends on who chose the name, see [`PlanError::is_not_configured`].
    NoSuchProfile {
        name: String,
        /// Up to ten names of profiles that exist, the most similar first.
        known: Vec<String>,
        files: Vec<Arc<str>>,
        /// A section of that name that does not count where it stands.
        skipped: Option<Box<Remark>>,
    },
    /// The profile exists and says nothing about credentials.
    NotConfigured {
        profile: String,
        origin: Origin,
        only_bearer_token: bool,
    },
    Invalid(Box<Invalid>),
    Include(Box<IncludeError>),
}

/// A profile that says something about credentials, and wrongly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) profile: String,
    pub(crate) origin: Origin,
    pub(crate) problem: Problem,
}

/// What is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// One key makes no sense without others.
    Missing {
        set: &'static str,
        missing: Vec<&'static str>,
    },
    NotOneLine {
        key: &'static str,
    },
    NotABoolean {
        key: &'static str,
    },
    NotSeconds,
    NotATag {
        /// Counted from 1.
        number: usize,
    },
    NoSource,
    TwoSources,
    UnknownCredentialSource,
    NoSuchSource {
        source: String,
        known: Vec<String>,
        skipped: Option<Box<Remark>>,
    },
    SourceWithoutCredentials {
        source: String,
        origin: Origin,
        only_bearer_token: bool,
    },
    OwnSourceWithoutKeys,
    Loop {
        path: String,
    },
    TooManyRoles {
        roles: usize,
        first: String,
        last: String,
    },
    ChainedDuration,
    NotForWebIdentity {
        key: &'static str,
    },
    NoSuchSsoSession {
        session: String,
    },
    SsoSessionIncomplete {
        session: Origin,
        missing: Vec<&'static str>,
    },
    SsoConflict {
        key: &'static str,
        session: Origin,
    },
}

impl PlanError {
    /// That there is no such profile, unless there is.
    pub(crate) fn no_such_profile(profiles: &Profiles, name: &str) -> Option<Self> {
        profiles.profile_alone(name).is_none().then(|| no_such_profile(profiles, name))
    }

    /// Whether the chain of providers may go on. `chosen` says whether somebody named the profile, in code or by
    /// `AWS_PROFILE`; then it must exist, whereas nobody needs a default profile.
    pub(crate) fn is_not_configured(&self, chosen: bool) -> bool {
        match self {
            Self::NoSuchProfile { .. } => !chosen,
            Self::NotConfigured { .. } => true,
            Self::Invalid(_) | Self::Include(_) => false,
        }
    }
}

impl From<IncludeError> for PlanError {
    fn from(error: IncludeError) -> Self {
        Self::Include(Box::new(error))
    }
}

impl From<Invalid> for PlanError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(Box::new(invalid))
    }
}

impl Invalid {
    pub(super) fn new(profile: &Profile<'_>, origin: &Origin, problem: Problem) -> Self {
        Self { profile: profile.shown_name(), origin: origin.clone(), problem }
    }
}

impl Problem {
    pub(super) fn no_such_source(profiles: &Profiles, source: &str) -> Self {
        let (known, skipped) = alternatives(profiles, source);
        Self::NoSuchSource { source: printable(source), known, skipped }
    }
}

impl Profile<'_> {
    pub(super) fn shown_name(&self) -> String {
        printable(self.name())
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchProfile { name, known, files, skipped } => {
                write!(f, "there is no profile `{name}`")?;
                match files.as_slice() {
                    [] => write!(f, ": neither the config file nor the credentials file exists")?,
                    files => write!(f, " in {}", files.join(" or "))?,
                }
                write!(f, "; ")?;
                remedy(f, "name one that exists, or add it", known, skipped.as_deref())
            }
            Self::NotConfigured { profile, origin, only_bearer_token } => {
                write!(f, "profile `{profile}` ({origin}) {}", no_credentials(*only_bearer_token))
            }
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Include(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile `{}` ({}): {}", self.profile, self.origin, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { set, missing } => {
                let missing = listed(missing);
                write!(f, "`{set}` is set without {missing}; add {missing} or remove `{set}`")
            }
            Self::NotOneLine { key } => write!(
                f,
                "the value of `{key}` goes on in indented lines; write it in one line, and begin the next key in the first column"
            ),
            Self::NotABoolean { key } => {
                write!(f, "`{key}` is neither `true` nor `false`; write one of them, or remove it")
            }
            Self::NotSeconds => write!(
                f,
                "`duration_seconds` is no whole number from {} to {}; write how many seconds the session may last, or remove it",
                SECONDS.start(),
                SECONDS.end()
            ),
            Self::NotATag { number } => write!(
                f,
                "`session_tags` has no key and `=` in its tag number {number}; write `key=value`, and a comma between tags"
            ),
            Self::NoSource => write!(
                f,
                "`role_arn` has no source; add `source_profile` with a profile's name, or `credential_source` with {CREDENTIAL_SOURCES}"
            ),
            Self::TwoSources => {
                write!(f, "both `source_profile` and `credential_source` are set; remove one of them")
            }
            Self::UnknownCredentialSource => {
                write!(f, "`credential_source` has a value we do not know; write {CREDENTIAL_SOURCES}")
            }
            Self::NoSuchSource { source, known, skipped } => {
                write!(f, "its `source_profile` `{source}` does not exist; ")?;
                remedy(f, "correct the name, or add that profile", known, skipped.as_deref())
            }
            Self::SourceWithoutCredentials { source, origin, only_bearer_token } => {
                write!(f, "its `source_profile` `{source}` ({origin}) {}", no_credentials(*only_bearer_token))
            }
            Self::OwnSourceWithoutKeys => write!(
                f,
                "it names itself as its source and has no access keys; add `aws_access_key_id` and `aws_secret_access_key` to it, or name another profile"
            ),
            Self::Loop { path } => write!(
                f,
                "the source profiles go round in a loop ({path}); let one of them have credentials of its own"
            ),
            Self::TooManyRoles { roles, first, last } => write!(
                f,
                "its chain has {roles} roles, from `{first}` to `{last}`, and {} is the limit; assume the last role from a nearer source",
                super::MAX_ROLES
            ),
            Self::ChainedDuration => write!(
                f,
                "`duration_seconds` is more than an hour, and AWS gives a role that is assumed by another role an hour at most; write {} or less, or remove it",
                super::MAX_CHAINED.as_secs()
            ),
            Self::NotForWebIdentity { key } => write!(
                f,
                "`{key}` cannot go together with `web_identity_token_file`; remove it, or put the web identity into a profile of its own and name that as `source_profile`"
            ),
            Self::NoSuchSsoSession { session } => write!(
                f,
                "its `sso_session` `{session}` does not exist; add `[sso-session {session}]` to the config file or correct the name"
            ),
            Self::SsoSessionIncomplete { session, missing } => {
                write!(f, "its `sso_session` ({session}) lacks {0}; add {0} there", listed(missing))
            }
            Self::SsoConflict { key, session } => write!(
                f,
                "`{key}` differs from that of its `sso_session` ({session}); remove it from the profile"
            ),
        }
    }
}

impl std::error::Error for PlanError {}

pub(super) fn no_such_profile(profiles: &Profiles, name: &str) -> PlanError {
    let (known, skipped) = alternatives(profiles, name);
    PlanError::NoSuchProfile { name: printable(name), known, files: profiles.files().to_vec(), skipped }
}

/// The way round, with the middle left out where it is long.
pub(super) fn path(links: &[Profile<'_>], back_to: &str) -> String {
    let names: Vec<String> = links.iter().map(Profile::shown_name).chain([printable(back_to)]).collect();
    match (names.first_chunk::<PATH_END>(), names.last_chunk::<PATH_END>()) {
        (Some(first), Some(last)) if names.len() > 2 * PATH_END => {
            format!("{} → … → {}", first.join(" → "), last.join(" → "))
        }
        _ => names.join(" → "),
    }
}

/// What may have been meant by a name that does not exist.
fn alternatives(profiles: &Profiles, name: &str) -> (Vec<String>, Option<Box<Remark>>) {
    let mut known: Vec<&str> = profiles.names().collect();
    known.sort_by_cached_key(|known| Reverse(shared_beginning(known, name)));
    let known = known.into_iter().take(MAX_KNOWN).map(printable).collect();
    let shown = printable(name);
    let skipped =
        profiles.remarks().first().iter().find(|remark| remark.kind.meant_profile() == Some(&shown));
    (known, skipped.cloned().map(Box::new))
}

/// How many characters two names begin with alike, in whatever case.
fn shared_beginning(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

fn no_credentials(only_bearer_token: bool) -> &'static str {
    if only_bearer_token {
        "has no credentials, as its `sso_session` alone gives bearer tokens; add `sso_account_id` and `sso_role_name` to it"
    } else {
        "has no credentials; add access keys, `role_arn` with `source_profile`, `sso_session`, `login_session` or `credential_process` to it"
    }
}

fn remedy(f: &mut fmt::Formatter<'_>, text: &str, known: &[String], skipped: Option<&Remark>) -> fmt::Result {
    match skipped {
        Some(remark) => write!(f, "{remark}"),
        None if known.is_empty() => write!(f, "{text}"),
        None => write!(f, "{text} (there are, among others: {})", known.join(", ")),
    }
}

fn listed(keys: &[&str]) -> String {
    format!("`{}`", keys.join("` and `"))
}

const MAX_KNOWN: usize = 10;
const PATH_END: usize = 8;
const CREDENTIAL_SOURCES: &str = "`Environment`, `Ec2InstanceMetadata` or `EcsContainer`";
