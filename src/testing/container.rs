//! The credentials agent of a container: ECS, EKS Pod Identity, Lambda SnapStart speak alike.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Clock;
use super::arn::RoleArn;
use super::issuer::Issuer;
use super::keys::Keys;
use super::principal::Session;
use super::server::{Answer, Incoming};

/// The container agent of the local AWS, to be changed while it runs.
///
/// It starts with account `123456789012`, credentials that live six hours, new ones for each request, and asks for no
/// authorization. For STS the credentials are those of a session of the role `local-task-role`.
pub struct Container {
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    account_id: Option<String>,
    authorization: Option<String>,
    issuer: Issuer,
}

impl Container {
    pub(super) fn new(clock: Clock, keys: Arc<Keys>) -> Self {
        let issuer = Issuer::new(Duration::from_secs(6 * 3600), keys);
        let account_id = Some(ACCOUNT.to_owned());
        Self { clock, state: Mutex::new(State { account_id, authorization: None, issuer }) }
    }

    /// The account of the role; `None` for an agent that does not tell it.
    pub fn account_id(&self, account_id: Option<&str>) -> &Self {
        self.change(|state| state.account_id = account_id.map(str::to_owned))
    }

    /// Requests have to carry this as `Authorization`, to the letter; otherwise they get what the EKS agent says of a
    /// token that has expired.
    pub fn authorization(&self, token: Option<&str>) -> &Self {
        self.change(|state| state.authorization = token.map(str::to_owned))
    }

    /// How long credentials live that are issued from now on.
    pub fn credentials_lifetime(&self, lifetime: Duration) -> &Self {
        self.change(|state| state.issuer.lifetime = lifetime)
    }

    /// The access key ids that were issued so far, in order.
    #[must_use]
    pub fn issued(&self) -> Vec<String> {
        self.state().issuer.access_key_ids()
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        let state = self.state();
        state.issuer.secrets().into_iter().chain(state.authorization.clone()).collect()
    }

    pub(super) fn answer(&self, request: &Incoming) -> Answer {
        let mut state = self.state();
        if request.method != "GET" {
            return Answer::status(405);
        }
        if state.authorization.is_some() && request.header("authorization") != state.authorization.as_deref()
        {
            let body = r#"{"code":"ExpiredTokenException","message":"Token is expired"}"#;
            return Answer::ok("application/json", body).but(400);
        }
        let account =
            state.account_id.as_ref().map(|id| format!(r#""AccountId":"{id}","#)).unwrap_or_default();
        // The role has an account, whether or not the agent tells it.
        let role = RoleArn::of(state.account_id.as_deref().unwrap_or(ACCOUNT), ROLE);
        let issued = state.issuer.issue(self.clock.now(), |expiry| Session::new(role, TASK, expiry));
        let members = issued.members();
        Answer::ok("application/json", format!("{{{account}{members}}}"))
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> &Self {
        change(&mut self.state());
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many were issued, and no secret.
impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container").field("issued", &self.issued().len()).finish_non_exhaustive()
    }
}

const ACCOUNT: &str = "123456789012";
const ROLE: &str = "local-task-role";
/// How the sessions of its role are called: by the id of the task, as in ECS.
const TASK: &str = "0123456789abcdef0123456789abcdef";
