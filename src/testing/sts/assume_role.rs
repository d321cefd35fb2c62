//! `AssumeRole`: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.

use std::time::SystemTime;

use super::State;
use super::constraints::{Constraints, DIGITS, EXTERNAL_ID, NAME, SERIAL_NUMBER, Text};
use super::form::Form;
use super::refusal::Refusal;
use super::session_request::{SessionRequest, issue};
use super::tags::Tags;
use super::xml::Element;
use crate::testing::iam::Access;
use crate::testing::principal::Principal;

/// Everything is looked at in the order in which a refusal helps most: the form of the request, the caller, the role, and
/// at last what the session would be.
pub(super) fn assume_role(
    state: &mut State,
    form: &Form,
    caller: &Principal,
    now: SystemTime,
) -> Result<Element, Refusal> {
    let mut constraints = Constraints::default();
    let request = SessionRequest::read(form, &mut constraints)?;
    let tags = Tags::read(form, &mut constraints);
    let external_id = constraints.optional(form, &EXTERNAL);
    let source_identity = constraints.optional(form, &SOURCE_IDENTITY);
    let mfa = [constraints.optional(form, &SERIAL), constraints.optional(form, &CODE)];
    constraints.at_most("ProvidedContexts", form.list("ProvidedContexts", Some("ProviderArn")).len(), 5);
    constraints.finish()?;
    let role = request.role()?;

    if matches!(caller, Principal::Root { .. }) {
        return Err(Refusal::access_denied("Roles may not be assumed by root accounts."));
    }
    if matches!(caller, Principal::Federated { .. }) {
        return Err(Refusal::access_denied("Cannot call AssumeRole with federated user credentials"));
    }
    let is_open = matches!(caller, Principal::UserSession { has_mfa: true, .. });
    let has_mfa = state.has_mfa(caller, mfa)? || is_open;

    let denied = |action| Refusal::not_authorized(&caller.arn(), action, request.role_arn);
    state.permits(caller, Access::new(ASSUME, request.role_arn), now).map_err(|why| {
        let Refusal { message, .. } = denied(ASSUME);
        Refusal::access_denied(format!("{message} {why}"))
    })?;
    let trust = state.roles.get(request.role_arn).cloned().ok_or_else(|| denied(ASSUME))?;
    if !(trust.admits(caller) && trust.takes_external_id(external_id) && (has_mfa || !trust.needs_mfa)) {
        return Err(denied(ASSUME));
    }
    if !(tags.tags.is_empty() || trust.allows_tags) {
        return Err(denied(TAG));
    }

    let before = caller.session();
    let mut session = request.session(role, now + request.duration(&trust, before.is_some())?);
    tags.apply(&mut session, before)?;
    if !trust.takes_tags(&session.tags) {
        return Err(denied(ASSUME));
    }
    let inherited = before.and_then(|before| before.source_identity.as_deref());
    let is_changed = inherited.is_some() && source_identity.is_some() && source_identity != inherited;
    session.source_identity = source_identity.or(inherited).map(str::to_owned);
    if is_changed || (session.source_identity.is_some() && !trust.allows_source_identity) {
        return Err(denied(SET_SOURCE_IDENTITY));
    }
    session.chain_depth = before.map_or(0, |before| before.chain_depth) + 1;
    issue(state, session, Element::new("AssumeRoleResult"))
}

impl State {
    /// Whether the request came with a good code of the caller's own device. A code is good once.
    pub(super) fn has_mfa(&mut self, caller: &Principal, mfa: [Option<&str>; 2]) -> Result<bool, Refusal> {
        let (serial, code) = match mfa {
            [None, None] => return Ok(false),
            [Some(serial), Some(code)] => (serial, code),
            _ => {
                return Err(Refusal::access_denied(
                    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
                ));
            }
        };
        let is_callers = serial.split(':').nth(4).is_none_or(|account_id| account_id == caller.account_id());
        // The session of a role has no device.
        let is_users = matches!(caller, Principal::User { .. } | Principal::UserSession { .. });
        let Some(codes) = self.mfa_codes.get_mut(serial).filter(|_| is_callers && is_users) else {
            return Err(Refusal::access_denied(
                "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
            ));
        };
        if codes.remove(code) {
            return Ok(true);
        }
        Err(Refusal::access_denied("MultiFactorAuthentication failed with invalid MFA one time pass code."))
    }
}

const ASSUME: &str = "sts:AssumeRole";
const TAG: &str = "sts:TagSession";
const SET_SOURCE_IDENTITY: &str = "sts:SetSourceIdentity";

const EXTERNAL: Text =
    Text { name: "ExternalId", length: 2..=1224, pattern: Some(&EXTERNAL_ID), is_secret: false };
const SOURCE_IDENTITY: Text =
    Text { name: "SourceIdentity", length: 2..=64, pattern: Some(&NAME), is_secret: false };
pub(super) const SERIAL: Text =
    Text { name: "SerialNumber", length: 9..=256, pattern: Some(&SERIAL_NUMBER), is_secret: false };
pub(super) const CODE: Text =
    Text { name: "TokenCode", length: 6..=6, pattern: Some(&DIGITS), is_secret: false };
