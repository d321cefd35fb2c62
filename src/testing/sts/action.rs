//! What STS can do: one line for each action.

use std::time::SystemTime;

use super::State;
use super::assume_role::assume_role;
use super::assume_root::assume_root;
use super::caller_identity::get_caller_identity;
use super::delegated_access::get_delegated_access_token;
use super::federation_token::get_federation_token;
use super::form::Form;
use super::outbound::get_web_identity_token;
use super::refusal::Refusal;
use super::saml::assume_role_with_saml;
use super::session_token::get_session_token;
use super::web_identity::assume_role_with_web_identity;
use super::xml::Element;
use crate::testing::fault::Route;
use crate::testing::principal::Principal;

pub(super) struct Action {
    pub(super) name: &'static str,
    pub(super) route: Route,
    pub(super) perform: Perform,
}

/// Whether somebody has to sign it.
#[derive(Clone, Copy)]
pub(super) enum Perform {
    Signed(fn(&mut State, &Form, &Principal, SystemTime) -> Result<Element, Refusal>),
    Unsigned(fn(&mut State, &Form, SystemTime) -> Result<Element, Refusal>),
}

impl Action {
    /// The action that a request asks for, in the one version that there is.
    pub(super) fn of(form: &Form) -> Result<&'static Self, Refusal> {
        let Some(name) = form.get("Action") else {
            let message = "Could not find operation MISSING_OPERATION for version NO_VERSION_SPECIFIED";
            return Err(Refusal::new(400, "MissingAction", message));
        };
        let version = form.get("Version").filter(|version| !version.is_empty());
        Self::named(name).filter(|_| version == Some(VERSION)).ok_or_else(|| {
            let version = version.unwrap_or("NO_VERSION_SPECIFIED");
            let message = format!("Could not find operation {name} for version {version}");
            Refusal::new(400, "InvalidAction", message)
        })
    }

    pub(super) fn named(name: &str) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| action.name == name)
    }
}

static ACTIONS: [Action; 9] = [
    Action { name: "AssumeRole", route: Route::AssumeRole, perform: Perform::Signed(assume_role) },
    Action {
        name: "AssumeRoleWithSAML",
        route: Route::AssumeRoleWithSaml,
        perform: Perform::Unsigned(assume_role_with_saml),
    },
    Action {
        name: "AssumeRoleWithWebIdentity",
        route: Route::AssumeRoleWithWebIdentity,
        perform: Perform::Unsigned(assume_role_with_web_identity),
    },
    Action { name: "AssumeRoot", route: Route::AssumeRoot, perform: Perform::Signed(assume_root) },
    Action {
        name: "GetCallerIdentity",
        route: Route::GetCallerIdentity,
        perform: Perform::Signed(get_caller_identity),
    },
    Action {
        name: "GetDelegatedAccessToken",
        route: Route::GetDelegatedAccessToken,
        perform: Perform::Signed(get_delegated_access_token),
    },
    Action {
        name: "GetFederationToken",
        route: Route::GetFederationToken,
        perform: Perform::Signed(get_federation_token),
    },
    Action {
        name: "GetSessionToken",
        route: Route::GetSessionToken,
        perform: Perform::Signed(get_session_token),
    },
    Action {
        name: "GetWebIdentityToken",
        route: Route::GetWebIdentityToken,
        perform: Perform::Signed(get_web_identity_token),
    },
];
const VERSION: &str = "2011-06-15";
