//! `AssumeRoleWithWebIdentity`, which nobody signs:
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>.

use std::time::SystemTime;

use super::State;
use super::constraints::{Constraints, Text};
use super::form::Form;
use super::refusal::Refusal;
use super::session_request::{SessionRequest, issue};
use super::web_identity_token::Claims;
use super::xml::Element;

pub(super) fn assume_role_with_web_identity(
    state: &mut State,
    form: &Form,
    now: SystemTime,
) -> Result<Element, Refusal> {
    let mut constraints = Constraints::default();
    let request = SessionRequest::read(form, &mut constraints)?;
    let token = constraints.required(form, &TOKEN);
    constraints.finish()?;
    let role = request.role()?;

    let registered = |issuer: &str| state.identity_providers.get(issuer).cloned();
    let claims = Claims::of(token, now, registered, &state.token_key)?;

    let trust = state.roles.get(request.role_arn);
    let trust = trust.filter(|trust| trust.admits_web_identity(&claims.issuer, &claims.subject)).cloned();
    let denied = || Refusal::access_denied("Not authorized to perform sts:AssumeRoleWithWebIdentity");
    let trust = trust.ok_or_else(denied)?;

    let provider = role.identity_provider(&claims.issuer);
    let session = request.session(role, now + request.duration(&trust, false)?);
    let result = Element::new("AssumeRoleWithWebIdentityResult")
        .leaf("SubjectFromWebIdentityToken", &claims.subject)
        .leaf("Audience", &claims.audience)
        .leaf("Provider", &provider);
    issue(state, session, result)
}

const TOKEN: Text = Text { name: "WebIdentityToken", length: 4..=20_000, pattern: None, is_secret: true };
