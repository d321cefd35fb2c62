//! A call that nobody signs: a token stands for the caller.

use std::sync::OnceLock;

use secrecy::SecretString;

use super::{Call, Refused};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::host::Host;
use crate::providers::retry::Retry;
use crate::role::Role;
use crate::service::{Hints, ServiceSettings};
use crate::source::{Source, SourceKind};
use crate::wall_time::WallTime;
use crate::wire::sts::{Action, Asked, Caller, Session};

/// Where the call goes.
#[derive(Debug, Default)]
pub(crate) struct Bearer {
    pub(crate) host: Host,
    pub(crate) settings: ServiceSettings,
    retry: OnceLock<Retry>,
}

/// Which role is assumed, and what for.
pub(crate) struct Claim<'a> {
    pub(crate) kind: SourceKind,
    pub(crate) action: Action,
    pub(crate) role: &'a Role,
    /// Where the token came from, for errors.
    pub(crate) origin: &'a str,
    pub(crate) body: SecretString,
    /// When the session ends at the latest, if the token says so.
    pub(crate) ends: Option<WallTime>,
}

impl Bearer {
    pub(crate) fn new(host: Host, settings: ServiceSettings) -> Self {
        Self { host, settings, retry: OnceLock::new() }
    }

    /// Assumes the role.
    pub(crate) async fn assume(&self, claim: Claim<'_>) -> Result<Credentials, Error> {
        let role = claim.role;
        let hints = Hints { partition: role.arn().partition(), instance_region: None };
        let endpoint = self.settings.look(&self.host).await?.sts(hints)?;
        let asked = Asked {
            provider: claim.kind.name(),
            action: claim.action,
            url: &endpoint.url,
            role: Some(role),
            target: None,
            caller: Caller::Token { origin: claim.origin },
            mfa_device: None,
        };
        let retry = self.retry.get_or_init(|| Retry::new(&self.host.clock));
        let call = Call { host: &self.host, endpoint: &endpoint, retry, asked };
        let read = |answer: &[u8]| {
            let path = Source::new(claim.kind).with_detail(role.arn().as_str());
            Session::parse(claim.action, answer)?.ending(claim.ends).into_credentials(path)
        };
        call.send(&claim.body, None, read).await.map_err(Refused::into_error)
    }
}
