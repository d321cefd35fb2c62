//! Break-glass: a role whose every session somebody has to approve.
//!
//! [`AssumeRole::gated`](crate::providers::AssumeRole::gated) puts a gate in front of a role: an async closure that is told
//! what is asked for ([`Ask`]) and answers with a [`Grant`], or with an error. What it does meanwhile is the application's:
//! it pages somebody, waits in a chat, looks into a ticket. The grant's reason, source identity and tags go into the request
//! to STS, and with it into the account's logs.
//!
//! | the gate is asked by | |
//! |---|---|
//! | a read that finds nothing in hand: the first one, the first after `forget` | yes |
//! | `renew` of the cache | yes |
//! | `renew` of a cache that is made from this session | if the session is over |
//! | `retrieve`, called on a provider without a cache | yes |
//! | anything else: the time before expiry and after it, `keep_fresh`, `invalidate`, `valid_for` | no |
//!
//! So a session is never renewed by itself, whatever the cache's policy: it is kept to its end, and what is made from it is
//! renewed in silence as long. After that reads are an error ([`FailureKind::Withheld`]). However
//! many read at once, the gate is asked once.
//!
//! It fails closed. An error, a panic, no answer within five minutes, a grant that cannot be used: nothing is asked of STS,
//! and the refusal is remembered until `renew`. So is whatever goes wrong after the gate was asked, also around the role:
//! a time limit, a panic, the end of the runtime. The text of the gate's error is shown to whoever reads, up to 512
//! characters: it must not hold secrets. A gate must not read the cache that it guards: that read would wait for the gate.
//!
//! Where two people have to approve, the gate asks two and gives a grant only if both agree, and if they are two. The example
//! `break_glass` shows it, and `docs/break-glass.md` what the trust policy needs and what no gate protects against.

mod grant;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

pub use self::grant::Grant;
use crate::cache::AskedBy;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::host::runtime;
use crate::providers::person::{self, NoAnswer};
use crate::role::{Flaw, Role, RoleArn};
use crate::source::{Source, SourceKind};
use crate::wall_time::WallTime;

/// What a gate is asked. Written out it is a line to show to a person:
/// `arn:aws:iam::123456789012:role/admin as alice-4711 with AKIA… of environment (first read)`.
#[derive(Clone)]
pub struct Ask(Arc<Parts>);

struct Parts {
    role: Role,
    session_name: String,
    source: Credentials,
    occasion: Occasion,
    at: WallTime,
}

impl Ask {
    pub(crate) fn new(role: &Role, session_name: &str, source: &Credentials, at: WallTime) -> Self {
        let (role, session_name, source) = (role.clone(), session_name.to_owned(), source.clone());
        Self(Arc::new(Parts { role, session_name, source, occasion: Occasion::here(), at }))
    }

    /// The role, with all that goes with it: tags, policy, duration.
    #[must_use]
    pub fn role(&self) -> &Role {
        &self.0.role
    }

    /// What the session will be called if the grant says nothing else.
    #[must_use]
    pub fn session_name(&self) -> &str {
        &self.0.session_name
    }

    /// Where the credentials came from that the role would be assumed with, hop by hop.
    #[must_use]
    pub fn source(&self) -> &Source {
        self.0.source.source()
    }

    /// Which keys those are. Not a secret; who has them, AWS tells (`GetCallerIdentity`).
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.0.source.access_key_id()
    }

    /// Their account, where it is known.
    #[must_use]
    pub fn account_id(&self) -> Option<&str> {
        self.0.source.account_id()
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.0.at.into()
    }

    /// Why it is asked: a [first read](Occasion::FirstRead) or a [renewal](Occasion::Renewal).
    #[must_use]
    pub fn occasion(&self) -> Occasion {
        self.0.occasion
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { role, session_name, source, occasion, at: _ } = &*self.0;
        let (arn, key) = (role.arn(), source.access_key_id());
        let is_narrowed = role.policy().is_some() || !role.policy_arns().is_empty();
        // Whoever approves that is not to find that all of the role was meant, and the other way round.
        let narrowed = if is_narrowed { ", narrowed by a session policy," } else { "" };
        write!(f, "{arn} as {session_name}{narrowed} with {key} of {} ({occasion})", source.source())
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { role, session_name, source, occasion, at } = &*self.0;
        f.debug_struct("Ask")
            .field("role", role)
            .field("session_name", session_name)
            .field("source", source)
            .field("occasion", occasion)
            .field("at", at)
            .finish()
    }
}

/// What a session is issued for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Occasion {
    /// A read found nothing in hand.
    FirstRead,
    /// Somebody called [`renew`](crate::CredentialsCache::renew), or `retrieve` on a provider without a cache.
    Renewal,
    /// A cache renews by itself. No gate is asked for that.
    Refresh,
}

impl Occasion {
    pub(crate) fn here() -> Self {
        match AskedBy::this_flight() {
            Some(AskedBy::Nobody) => Self::Refresh,
            Some(AskedBy::FirstRead) => Self::FirstRead,
            Some(AskedBy::Renewal) | None => Self::Renewal,
        }
    }

    /// As records write it: `first_read`, `renewal`, `refresh`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstRead => "first_read",
            Self::Renewal => "renewal",
            Self::Refresh => "refresh",
        }
    }
}

/// `first read`
impl fmt::Display for Occasion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstRead => "first read",
            other => other.name(),
        })
    }
}

/// Whom to ask. Clones ask the same.
#[derive(Clone)]
pub(crate) struct Gate(Arc<dyn Fn(Ask) -> Answer + Send + Sync>);

type Answer = Pin<Box<dyn Future<Output = Result<Grant, BoxError>> + Send>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Gate {
    pub(crate) fn new<F, Fut>(gate: F) -> Self
    where
        F: Fn(Ask) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Grant, BoxError>> + Send + 'static,
    {
        Self(Arc::new(move |ask| Box::pin(gate(ask))))
    }

    /// Whether it may be asked now. `None`: a role that is made for each session.
    pub(crate) fn may_be_asked(role: Option<&RoleArn>) -> Result<(), Error> {
        person::unbidden(NAME, || match role {
            Some(arn) => format!("{arn} needs {}", Self::approval_of(arn)),
            None => "the role needs the approval of its gate".to_owned(),
        })
    }

    /// The role as the gate has granted it.
    pub(crate) async fn approve(&self, ask: Ask) -> Result<(Role, Grant), Error> {
        let role = ask.role().clone();
        let withheld = |why: &str, remedy: String| -> Error {
            let what = format!("no approval of the gate of {}: {why}", role.arn());
            Failure::new(FailureKind::Withheld, NAME, what).with_remedy(remedy).into()
        };
        let grant = person::answer(|| (self.0)(ask)).await.map_err(|none| match none {
            NoAnswer::NoRuntime => {
                let what = format!(
                    "the gate of {} was not asked: there is no tokio runtime with timers",
                    role.arn()
                );
                Failure::new(FailureKind::NoRuntime, NAME, what).with_remedy(runtime::REMEDY).into()
            }
            NoAnswer::InVain(why) => withheld(&why, ASK_AGAIN.to_owned()),
        })?;
        match grant.applied_to(&role) {
            Ok(granted) => Ok((granted, grant)),
            Err(Flaw { what, remedy }) => {
                Err(withheld(&format!("it gave a grant in which {what}"), format!("{remedy}; {ASK_AGAIN}")))
            }
        }
    }

    /// What came of its approval: as of a code, [`person`].
    pub(crate) fn used(role: &RoleArn, outcome: Result<Credentials, Error>) -> Result<Credentials, Error> {
        match outcome {
            Ok(credentials) => Ok(credentials.asking_for(Self::approval_of(role))),
            Err(error) => Err(error.asked_in_vain(ASK_AGAIN)),
        }
    }

    /// `the approval of the gate of arn:aws:iam::123456789012:role/admin`
    fn approval_of(role: &RoleArn) -> String {
        format!("the approval of the gate of {role}")
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

const NAME: &str = SourceKind::AssumeRole.name();
const ASK_AGAIN: &str = "`renew()` asks the gate anew";
