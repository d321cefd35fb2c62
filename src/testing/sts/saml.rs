//! `AssumeRoleWithSAML`, which nobody signs:
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html>.

use std::time::SystemTime;

use super::State;
use super::constraints::{Constraints, Text};
use super::form::Form;
use super::refusal::Refusal;
use super::saml_assertion::Said;
use super::session_request::{ROLE_ARN, SessionRequest, issue};
use super::tags::Tags;
use super::xml::Element;

pub(super) fn assume_role_with_saml(
    state: &mut State,
    form: &Form,
    now: SystemTime,
) -> Result<Element, Refusal> {
    let mut constraints = Constraints::default();
    let mut request = SessionRequest::read_unnamed(form, &mut constraints)?;
    let provider_arn = constraints.required(form, &PRINCIPAL_ARN);
    let assertion = constraints.required(form, &ASSERTION);
    constraints.finish()?;
    let role = request.role()?;

    let Some(provider) = state.saml_providers.get(provider_arn) else {
        return Err(Refusal::invalid_token("Specified provider doesn't exist"));
    };
    let said = Said::read(assertion, now, provider, &state.token_key)?;
    if !said.names(request.role_arn, provider_arn) {
        return Err(Refusal::access_denied(
            "RoleArn and PrincipalArn do not match any of the pairs in the assertion",
        ));
    }
    let trust = state.roles.get(request.role_arn).filter(|trust| trust.admits_saml(provider_arn)).cloned();
    let denied = || Refusal::access_denied("Not authorized to perform sts:AssumeRoleWithSAML");
    let trust = trust.ok_or_else(denied)?;
    if !(said.tags.is_empty() || trust.allows_tags)
        || (said.source_identity.is_some() && !trust.allows_source_identity)
    {
        return Err(denied());
    }

    request.name = &said.session_name;
    let expiry = now + request.duration(&trust, false)?;
    let mut session = request.session(role, said.session_end.map_or(expiry, |end| end.min(expiry)));
    let tags: Vec<_> = said.tags.iter().map(|(key, value)| [key.as_str(), value.as_str()]).collect();
    Tags { tags, ..Tags::default() }.apply(&mut session, None)?;
    session.source_identity.clone_from(&said.source_identity);
    let result = Element::new("AssumeRoleWithSAMLResult")
        .leaf("Subject", &said.subject)
        .leaf("SubjectType", "persistent")
        .leaf("Issuer", &said.issuer)
        .leaf("Audience", &said.audience)
        .leaf("NameQualifier", "bG9jYWw=");
    issue(state, session, result)
}

const PRINCIPAL_ARN: Text = Text { name: "PrincipalArn", ..ROLE_ARN };
const ASSERTION: Text = Text { name: "SAMLAssertion", length: 4..=100_000, pattern: None, is_secret: true };
