//! The metadata service of an EC2 instance, version 2 only.
//!
//! Checks what the real one checks: the lifetime in the token request, the token in every other, forwarded requests.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::Clock;
use super::arn::RoleArn;
use super::fault::{EXTENDED, LEGACY, Route};
use super::issuer::{Issuer, random_text};
use super::keys::Keys;
use super::principal::Session;
use super::server::{Answer, Incoming};
use crate::wall_time::WallTime;

/// The metadata service of the local AWS, to be changed while it runs.
///
/// It starts with the role `local-role`, account `123456789012`, region `eu-central-1`, and credentials that live six
/// hours, new ones for each request. For STS they are those of the session `assumed-role/ROLE/i-0123456789abcdef0`.
pub struct Metadata {
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    role: Option<String>,
    account_id: String,
    region: String,
    issuer: Issuer,
    extended_path: bool,
    enabled: bool,
    error_code: Option<String>,
    token_ttl_max: Duration,
    tokens: HashMap<String, SystemTime>,
}

impl Metadata {
    pub(super) fn new(clock: Clock, keys: Arc<Keys>) -> Self {
        let state = State {
            role: Some("local-role".to_owned()),
            account_id: "123456789012".to_owned(),
            region: "eu-central-1".to_owned(),
            issuer: Issuer::new(Duration::from_secs(6 * 3600), keys),
            extended_path: true,
            enabled: true,
            error_code: None,
            token_ttl_max: TOKEN_TTL_MAX,
            tokens: HashMap::new(),
        };
        Self { clock, state: Mutex::new(state) }
    }

    /// The role of the instance.
    pub fn role(&self, name: impl Into<String>) -> &Self {
        self.change(|state| state.role = Some(name.into()))
    }

    /// An instance without an instance profile: 404 where roles are listed.
    pub fn no_role(&self) -> &Self {
        self.change(|state| state.role = None)
    }

    /// The account of the role, told on the extended path.
    pub fn account_id(&self, account_id: impl Into<String>) -> &Self {
        self.change(|state| state.account_id = account_id.into())
    }

    /// Where the instance runs.
    pub fn region(&self, region: impl Into<String>) -> &Self {
        self.change(|state| state.region = region.into())
    }

    /// How long credentials live that are issued from now on.
    pub fn credentials_lifetime(&self, lifetime: Duration) -> &Self {
        self.change(|state| state.issuer.lifetime = lifetime)
    }

    /// Gives the same credentials until so long before they expire, as the real service does (it has new ones at
    /// least five minutes ahead). Otherwise each request gets new ones.
    pub fn repeat_until(&self, before_expiry: Duration) -> &Self {
        self.change(|state| state.issuer.repeated_until = Some(before_expiry))
    }

    /// A service that does not have the extended path yet: 404 there.
    pub fn without_extended_path(&self) -> &Self {
        self.change(|state| state.extended_path = false)
    }

    /// Switched off for this instance, or not: 403 to everything.
    pub fn enabled(&self, enabled: bool) -> &Self {
        self.change(|state| state.enabled = enabled)
    }

    /// Answers with this code in the document instead of credentials, `AssumeRoleUnauthorizedAccess` for example;
    /// `None` for credentials again.
    pub fn error_code(&self, code: Option<&str>) -> &Self {
        self.change(|state| state.error_code = code.map(str::to_owned))
    }

    /// Session tokens live this long at most, whatever was asked for.
    pub fn token_lifetime_at_most(&self, limit: Duration) -> &Self {
        self.change(|state| state.token_ttl_max = limit)
    }

    /// Forgets all session tokens: requests with them get 401, as after a stop and start.
    pub fn revoke_tokens(&self) -> &Self {
        self.change(|state| state.tokens.values_mut().for_each(|expiry| *expiry = SystemTime::UNIX_EPOCH))
    }

    /// The access key ids that were issued so far, in order.
    #[must_use]
    pub fn issued(&self) -> Vec<String> {
        self.state().issuer.access_key_ids()
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        let state = self.state();
        state.issuer.secrets().into_iter().chain(state.tokens.keys().cloned()).collect()
    }

    pub(super) fn answer(&self, request: &Incoming) -> Answer {
        let now = self.clock.now();
        let mut state = self.state();
        // The real one wants to hear nothing from behind a proxy.
        if !state.enabled || request.header("x-forwarded-for").is_some() {
            return Answer::status(403);
        }
        if Route::of(request) == Route::MetadataToken {
            return if request.method == "PUT" { state.token(request, now) } else { Answer::status(405) };
        }
        let token = request.header("x-aws-ec2-metadata-token");
        if token.and_then(|token| state.tokens.get(token)).is_none_or(|expiry| *expiry <= now) {
            return Answer::status(401);
        }
        if request.method != "GET" {
            return Answer::status(405);
        }
        if Route::of(request) == Route::MetadataRegion {
            return Answer::ok("text/plain", state.region.clone());
        }
        let (extended, below) = match (request.path.strip_prefix(EXTENDED), request.path.strip_prefix(LEGACY))
        {
            (Some(below), _) => (true, below),
            (None, Some(below)) => (false, below),
            (None, None) => return Answer::status(404),
        };
        let role = below.trim_start_matches('/');
        match state.role.clone() {
            Some(known) if extended <= state.extended_path => match role {
                "" => Answer::ok("text/plain", known),
                role if role == known => state.credentials(&known, extended, now),
                _ => Answer::status(404),
            },
            _ => Answer::status(404),
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> &Self {
        change(&mut self.state());
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn token(&mut self, request: &Incoming, now: SystemTime) -> Answer {
        let asked =
            request.header(TTL_HEADER).and_then(|ttl| ttl.trim().parse().ok()).map(Duration::from_secs);
        let Some(asked) = asked.filter(|ttl| (TOKEN_TTL_MIN..=TOKEN_TTL_MAX).contains(ttl)) else {
            return Answer::status(400);
        };
        let ttl = asked.min(self.token_ttl_max);
        let token = format!("LOCALsession{}", random_text(44));
        self.tokens.insert(token.clone(), now + ttl);
        Answer::ok("text/plain", token).with(TTL_HEADER, ttl.as_secs().to_string())
    }

    fn credentials(&mut self, role: &str, extended: bool, now: SystemTime) -> Answer {
        let updated = WallTime::from(now);
        if let Some(code) = &self.error_code {
            let body =
                format!(r#"{{"Code":"{code}","Message":"as the test says","LastUpdated":"{updated}"}}"#);
            return Answer::ok("text/plain", body);
        }
        let account = if extended { format!(r#""AccountId":"{}","#, self.account_id) } else { String::new() };
        let role = RoleArn::of(&self.account_id, role);
        let members = self.issuer.issue(now, |expiry| Session::new(role, INSTANCE, expiry)).members();
        let body =
            format!(r#"{{"Code":"Success","LastUpdated":"{updated}","Type":"AWS-HMAC",{account}{members}}}"#);
        Answer::ok("text/plain", body)
    }
}

/// What can be changed, and no secret.
impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Metadata")
            .field("role", &state.role)
            .field("issued", &state.issuer.access_key_ids().len())
            .finish_non_exhaustive()
    }
}

/// How the sessions of its role are called.
const INSTANCE: &str = "i-0123456789abcdef0";
const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_TTL_MIN: Duration = Duration::from_secs(1);
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>
const TOKEN_TTL_MAX: Duration = Duration::from_secs(21_600);
