//! STS: checks who asks, and gives out sessions of roles.
//!
//! What the real one checks is checked here, too, and refused in its words: the signature, every parameter, whom a role
//! trusts, external ids, MFA codes, tags, source identities, durations. A session may assume whatever role trusts it, unless its
//! own policies forbid that.

mod action;
mod assume_role;
mod assume_root;
mod caller_identity;
mod canonical;
mod constraints;
mod delegated_access;
mod federation_token;
mod form;
mod outbound;
mod permissions;
mod refusal;
mod role;
mod saml;
mod saml_assertion;
mod session_policy;
mod session_request;
mod session_token;
mod sigv4;
mod tags;
mod web_identity;
mod web_identity_token;
mod xml;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use self::action::{Action, Perform};
use self::form::Form;
pub(in crate::testing) use self::refusal::Refusal;
pub use self::role::StsRole;
use self::role::Trust;
use self::saml_assertion::RegisteredSaml;
pub use self::saml_assertion::{SamlAssertion, SamlProvider};
use self::sigv4::{Claim, Expected, Scope};
use self::web_identity_token::Registered;
pub use self::web_identity_token::{IdentityProvider, WebIdentityToken};
use self::xml::NAMESPACE;
pub(in crate::testing) use self::xml::{Element, request_id};
use super::Clock;
use super::fault::Route;
use super::iam::Access;
use super::issuer::{Issuer, random_secret, random_text};
use super::keys::{Key, Keys};
use super::principal::{Principal, Session};
use super::server::{Answer, Incoming};

/// The STS of the local AWS, to be changed while it runs.
///
/// It starts without users, roles and identity providers. Whatever credentials the local AWS has issued can sign: those of
/// its metadata service, of its container agent, of STS itself. A role that no test has registered is refused, as AWS
/// refuses one that does not exist: otherwise a wrong ARN would pass every test.
///
/// One endpoint serves all regions; [`Request::signed_region`](super::Request::signed_region) tells which one a request
/// was signed for.
pub struct Sts {
    clock: Clock,
    keys: Arc<Keys>,
    state: Mutex<State>,
}

/// What actions read and change.
struct State {
    issuer: Issuer,
    roles: HashMap<String, Trust>,
    identity_providers: HashMap<String, Registered>,
    /// By ARN.
    saml_providers: HashMap<String, RegisteredSaml>,
    /// By ARN.
    managed_policies: HashMap<String, String>,
    /// By token: the role whose session it is good for.
    trade_in_tokens: HashMap<String, String>,
    /// By the serial number of the device.
    mfa_codes: HashMap<String, HashSet<String>>,
    region: Option<String>,
    token_key: Vec<u8>,
    user_secrets: Vec<String>,
    /// Of web identities, of SAML, to be traded in.
    bearer_tokens: Vec<String>,
}

/// What the log keeps of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    pub(super) action: Option<String>,
    pub(super) parameter_names: Vec<String>,
    pub(super) signature: Option<NotedSignature>,
}

#[derive(Clone, Debug)]
pub(super) struct NotedSignature {
    pub(super) is_good: bool,
    /// `None` if it could not be read.
    pub(super) scope: Option<Scope>,
}

/// Which action a request is for; `None` if it is not for STS.
pub(super) fn route(request: &Incoming) -> Option<Route> {
    let form = Form::of(request);
    let action = form.get("Action");
    if action.is_none() && request.method != "POST" {
        return None;
    }
    Some(action.and_then(Action::named).map_or(Route::Sts, |action| action.route))
}

impl Sts {
    pub(super) fn new(clock: Clock, keys: Arc<Keys>) -> Self {
        let state = State {
            issuer: Issuer::new(Duration::ZERO, Arc::clone(&keys)),
            roles: HashMap::new(),
            identity_providers: HashMap::new(),
            saml_providers: HashMap::new(),
            managed_policies: HashMap::new(),
            trade_in_tokens: HashMap::new(),
            mfa_codes: HashMap::new(),
            region: None,
            token_key: random_text(32).into_bytes(),
            user_secrets: Vec::new(),
            bearer_tokens: Vec::new(),
        };
        Self { clock, keys, state: Mutex::new(state) }
    }

    /// Adds a user with long-lived keys: the access key id and the secret. A user who exists gets another pair.
    pub fn user(&self, account_id: impl Into<String>, name: impl Into<String>) -> (String, String) {
        self.add(Principal::User { account_id: account_id.into(), name: name.into() })
    }

    /// Adds keys of the root of an account, which may not assume roles.
    pub fn root(&self, account_id: impl Into<String>) -> (String, String) {
        self.add(Principal::Root { account_id: account_id.into() })
    }

    /// Registers a role, which trusts everybody; or finds it, if it is registered, to change it.
    ///
    /// ```
    /// # use aws_credential_chain::testing::LocalAws;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let aws = LocalAws::start().await?;
    /// aws.sts()
    ///     .role("arn:aws:iam::222222222222:role/reports")
    ///     .trusts("111111111111")
    ///     .requires_external_id("x-42");
    /// # Ok(())
    /// # }
    /// ```
    pub fn role(&self, arn: impl Into<String>) -> StsRole<'_> {
        let arn = arn.into();
        self.state().roles.entry(arn.clone()).or_default();
        StsRole::new(self, arn)
    }

    /// Forgets a role. Its sessions stay good, as in AWS.
    pub fn delete_role(&self, arn: &str) -> &Self {
        self.change(|state| _ = state.roles.remove(arn))
    }

    /// Registers an identity provider in every account, by the `iss` of its tokens; or finds it, to change it.
    pub fn identity_provider(&self, issuer: impl Into<String>) -> IdentityProvider<'_> {
        let issuer = issuer.into();
        self.state().identity_providers.entry(issuer.clone()).or_default();
        IdentityProvider::new(self, issuer)
    }

    /// Makes a web identity token. Its issuer need not be registered.
    ///
    /// ```
    /// # use aws_credential_chain::testing::LocalAws;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let aws = LocalAws::start().await?;
    /// aws.sts().identity_provider("https://oidc.example/id/1");
    /// let token =
    ///     aws.sts().web_identity_token("https://oidc.example/id/1", "system:serviceaccount:prod:web").sign();
    /// # Ok(())
    /// # }
    /// ```
    pub fn web_identity_token(
        &self,
        issuer: impl Into<String>,
        subject: impl Into<String>,
    ) -> WebIdentityToken<'_> {
        WebIdentityToken::new(self, issuer.into(), subject.into())
    }

    /// Registers a SAML provider by its ARN, `arn:aws:iam::222222222222:saml-provider/name`; or finds it, to change it.
    pub fn saml_provider(&self, arn: impl Into<String>) -> SamlProvider<'_> {
        let arn = arn.into();
        self.state().saml_providers.entry(arn.clone()).or_default();
        SamlProvider::new(self, arn)
    }

    /// Makes a SAML assertion that lets its bearer assume this role, in a session of this name. The provider need not be
    /// registered.
    ///
    /// ```
    /// # use aws_credential_chain::testing::LocalAws;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let aws = LocalAws::start().await?;
    /// let (okta, role) = ("arn:aws:iam::222222222222:saml-provider/okta", "arn:aws:iam::222222222222:role/dev");
    /// aws.sts().saml_provider(okta);
    /// aws.sts().role(role).trusts_saml_provider(okta);
    /// let assertion = aws.sts().saml_assertion(okta, role, "alice").sign();
    /// # Ok(())
    /// # }
    /// ```
    pub fn saml_assertion(
        &self,
        provider_arn: impl Into<String>,
        role_arn: impl Into<String>,
        session_name: impl Into<String>,
    ) -> SamlAssertion<'_> {
        SamlAssertion::new(self, provider_arn.into(), role_arn.into(), session_name.into())
    }

    /// Registers a managed policy, to be named by sessions. One that is not registered allows nothing.
    pub fn managed_policy(&self, arn: impl Into<String>, policy: impl Into<String>) -> &Self {
        let (arn, policy) = (arn.into(), policy.into());
        self.change(|state| _ = state.managed_policies.insert(arn, policy))
    }

    /// Makes a token that can be traded in, once, for a session of this role: `GetDelegatedAccessToken`.
    #[must_use]
    pub fn trade_in_token(&self, role_arn: impl Into<String>) -> String {
        let token = format!("LOCALtrade{}", random_text(80));
        let mut state = self.state();
        state.trade_in_tokens.insert(token.clone(), role_arn.into());
        state.bearer_tokens.push(token.clone());
        token
    }

    /// Takes this code of an MFA device, once. The device belongs to the users of the account in its ARN; one that has just
    /// a number, to every user.
    pub fn accept_mfa_code(&self, serial_number: impl Into<String>, code: impl Into<String>) -> &Self {
        self.change(|state| _ = state.mfa_codes.entry(serial_number.into()).or_default().insert(code.into()))
    }

    /// Is the endpoint of this region from now on, and refuses what is signed for another; with `None`, of all.
    pub fn region(&self, region: Option<&str>) -> &Self {
        self.change(|state| state.region = region.map(str::to_owned))
    }

    /// The access key ids that STS has issued so far, in order.
    #[must_use]
    pub fn issued(&self) -> Vec<String> {
        self.state().issuer.access_key_ids()
    }

    /// The role's session for which these credentials were issued, wherever in the local AWS; `None` for keys and sessions
    /// of users, and for keys that are not known.
    #[must_use]
    pub fn session(&self, access_key_id: &str) -> Option<Session> {
        self.keys.get(access_key_id)?.principal.session().cloned()
    }

    /// Codes of MFA devices are not among them: six digits are found everywhere.
    pub(super) fn secrets(&self) -> Vec<String> {
        let state = self.state();
        [state.issuer.secrets(), state.user_secrets.clone(), state.bearer_tokens.clone()].concat()
    }

    pub(super) fn note(&self, request: &Incoming) -> Noted {
        let form = Form::of(request);
        let action = form.get("Action").filter(|action| form::is_name(action));
        let signature = self.note_signature(request, Some(SERVICE));
        Noted { action: action.map(str::to_owned), parameter_names: form.names(), signature }
    }

    /// Of a request to another service: there is none here, but who holds keys is known.
    pub(super) fn note_of_another(&self, request: &Incoming) -> Noted {
        Noted { signature: self.note_signature(request, None), ..Noted::default() }
    }

    fn note_signature(&self, request: &Incoming, service: Option<&str>) -> Option<NotedSignature> {
        match Claim::of(request) {
            Ok(None) => None,
            Err(_) => Some(NotedSignature { is_good: false, scope: None }),
            Ok(Some(claim)) => {
                let is_good = self.verify(&claim, request, self.clock.now(), service).is_ok();
                Some(NotedSignature { is_good, scope: Some(claim.scope) })
            }
        }
    }

    pub(super) fn answer(&self, request: &Incoming) -> Answer {
        match self.perform(request) {
            Ok(answer) => answer,
            Err(refusal) => refusal.answer(),
        }
    }

    fn perform(&self, request: &Incoming) -> Result<Answer, Refusal> {
        let form = Form::of(request);
        let action = Action::of(&form)?;
        let now = self.clock.now();
        let result = match action.perform {
            Perform::Unsigned(perform) => perform(&mut self.state(), &form, now)?,
            Perform::Signed(perform) => {
                let missing = || {
                    Refusal::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
                };
                let claim = Claim::of(request)?.ok_or_else(missing)?;
                let key = self.verify(&claim, request, now, Some(SERVICE))?;
                perform(&mut self.state(), &form, &key.principal, now)?
            }
        };
        let id = request_id();
        let document = Element::new(format!("{}Response", action.name))
            .namespace(NAMESPACE)
            .child(result)
            .child(Element::new("ResponseMetadata").leaf("RequestId", &id));
        Ok(Answer::ok("text/xml", document.document()).with("x-amzn-requestid", id))
    }

    /// Whose request to another service it is; `None` if it is not signed.
    pub(super) fn signer(&self, request: &Incoming, service: &str) -> Result<Option<Arc<Key>>, Refusal> {
        let Some(claim) = Claim::of(request)? else { return Ok(None) };
        self.verify(&claim, request, self.clock.now(), Some(service)).map(Some)
    }

    /// Whether its policies let it do this; or why not, in AWS's words.
    pub(super) fn permits(&self, principal: &Principal, access: Access) -> Result<(), String> {
        self.state().permits(principal, access, self.clock.now())
    }

    fn verify(
        &self,
        claim: &Claim,
        request: &Incoming,
        now: SystemTime,
        service: Option<&str>,
    ) -> Result<Arc<Key>, Refusal> {
        let region = self.state().region.clone();
        claim.verify(request, now, Expected { region: region.as_deref(), service }, &self.keys)
    }

    fn add(&self, principal: Principal) -> (String, String) {
        let access_key_id = format!("AKIA{}", random_text(16).to_ascii_uppercase());
        let secret = random_secret();
        self.state().user_secrets.push(secret.clone());
        self.keys.add(access_key_id.clone(), Key { secret: secret.clone(), temporary: None, principal });
        (access_key_id, secret)
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> &Self {
        change(&mut self.state());
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is registered, and no secret.
impl fmt::Debug for Sts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let mut roles: Vec<_> = state.roles.keys().collect();
        roles.sort_unstable();
        f.debug_struct("Sts")
            .field("roles", &roles)
            .field("issued", &state.issuer.access_key_ids().len())
            .finish_non_exhaustive()
    }
}

const SERVICE: &str = "sts";
