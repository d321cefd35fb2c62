//! Credentials as the local AWS gives them out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::keys::{Key, Keys, Temporary};
use super::principal::{Principal, Session};
use crate::wall_time::WallTime;

/// Gives out credentials, new ones or the same again, and remembers them. What it gave out can sign.
pub(super) struct Issuer {
    pub(super) lifetime: Duration,
    /// The same ones are given until so long before they expire.
    pub(super) repeated_until: Option<Duration>,
    issued: Vec<Issued>,
    keys: Arc<Keys>,
}

#[derive(Clone)]
pub(super) struct Issued {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) token: String,
    pub(super) expiry: SystemTime,
}

impl Issuer {
    pub(super) fn new(lifetime: Duration, keys: Arc<Keys>) -> Self {
        Self { lifetime, repeated_until: None, issued: Vec::new(), keys }
    }

    /// Credentials of a service's role; `session` is asked for it with the expiry.
    pub(super) fn issue(&mut self, now: SystemTime, session: impl FnOnce(SystemTime) -> Session) -> Issued {
        let repeated = self.repeated_until.and_then(|before| {
            self.issued.last().filter(|last| last.expiry.checked_sub(before).is_some_and(|until| now < until))
        });
        if let Some(issued) = repeated {
            return issued.clone();
        }
        let expiry = now + self.lifetime;
        self.issue_to(Principal::Role(Box::new(session(expiry))), expiry)
    }

    /// New credentials, which sign as this principal.
    pub(super) fn issue_to(&mut self, principal: Principal, expiry: SystemTime) -> Issued {
        let issued = Issued {
            access_key_id: format!("ASIA{}", random_text(16).to_ascii_uppercase()),
            secret_access_key: random_secret(),
            token: format!("LOCALtoken{}", random_text(690)),
            expiry,
        };
        self.issued.push(issued.clone());
        let temporary = Some(Temporary { token: issued.token.clone(), expiry });
        let secret = issued.secret_access_key.clone();
        self.keys.add(issued.access_key_id.clone(), Key { secret, temporary, principal });
        issued
    }

    pub(super) fn access_key_ids(&self) -> Vec<String> {
        self.issued.iter().map(|issued| issued.access_key_id.clone()).collect()
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        let pairs = self.issued.iter().map(|issued| [issued.secret_access_key.clone(), issued.token.clone()]);
        pairs.flatten().collect()
    }
}

impl Issued {
    /// The members that all of AWS's JSON documents with credentials share.
    pub(super) fn members(&self) -> String {
        let Self { access_key_id, secret_access_key, token, expiry } = self;
        let expiration = WallTime::from(*expiry);
        format!(
            r#""AccessKeyId":"{access_key_id}","SecretAccessKey":"{secret_access_key}","Token":"{token}","Expiration":"{expiration}""#
        )
    }
}

/// A secret access key, as long as AWS's.
pub(super) fn random_secret() -> String {
    format!("LOCALsecret{}", random_text(29))
}

/// Letters and digits, never the same text twice in one process.
pub(super) fn random_text(length: usize) -> String {
    static DRAWN: AtomicU64 = AtomicU64::new(1);
    let mut draw = fastrand::Rng::with_seed(DRAWN.fetch_add(1, Ordering::Relaxed));
    std::iter::repeat_with(|| draw.alphanumeric()).take(length).collect()
}
