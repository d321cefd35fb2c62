//! What STS can do: one line for each action.

use std::time::SystemTime;

use super::State;
use super::assume_role::assume_role;
use super::caller_identity::get_caller_identity;
use super::form::Form;
use super::refusal::Refusal;
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

static ACTIONS: [Action; 3] = [
    Action { name: "AssumeRole", route: Route::AssumeRole, perform: Perform::Signed(assume_role) },
    Action {
        name: "AssumeRoleWithWebIdentity",
        route: Route::AssumeRoleWithWebIdentity,
        perform: Perform::Unsigned(assume_role_with_web_identity),
    },
    Action {
        name: "GetCallerIdentity",
        route: Route::GetCallerIdentity,
        perform: Perform::Signed(get_caller_identity),
    },
];
const VERSION: &str = "2011-06-15";
