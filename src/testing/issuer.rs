//! Credentials as the local AWS gives them out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::wall_time::WallTime;

/// Gives out credentials, new ones or the same again, and remembers them.
#[derive(Default)]
pub(super) struct Issuer {
    pub(super) lifetime: Duration,
    /// The same ones are given until so long before they expire.
    pub(super) repeated_until: Option<Duration>,
    issued: Vec<Issued>,
}

#[derive(Clone)]
pub(super) struct Issued {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiry: SystemTime,
}

impl Issuer {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, ..Self::default() }
    }

    pub(super) fn issue(&mut self, now: SystemTime) -> Issued {
        let repeated = self.repeated_until.and_then(|before| {
            self.issued.last().filter(|last| last.expiry.checked_sub(before).is_some_and(|until| now < until))
        });
        if let Some(issued) = repeated {
            return issued.clone();
        }
        let issued = Issued {
            access_key_id: format!("ASIA{}", random_text(16).to_ascii_uppercase()),
            secret_access_key: format!("LOCALsecret{}", random_text(29)),
            token: format!("LOCALtoken{}", random_text(690)),
            expiry: now + self.lifetime,
        };
        self.issued.push(issued.clone());
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

/// Letters and digits, never the same text twice in one process.
pub(super) fn random_text(length: usize) -> String {
    static DRAWN: AtomicU64 = AtomicU64::new(1);
    let mut draw = fastrand::Rng::with_seed(DRAWN.fetch_add(1, Ordering::Relaxed));
    std::iter::repeat_with(|| draw.alphanumeric()).take(length).collect()
}
