//! `GetFederationToken`: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>.

use std::time::SystemTime;

use super::State;
use super::constraints::{Constraints, NAME, Text};
use super::form::Form;
use super::refusal::Refusal;
use super::session_policy::check_packed;
use super::session_request::{Limits, credentials};
use super::session_token::{DURATION_DEFAULT, DURATION_SECONDS, ROOT_MAX};
use super::tags::Tags;
use super::xml::Element;
use crate::testing::principal::Principal;

pub(super) fn get_federation_token(
    state: &mut State,
    form: &Form,
    caller: &Principal,
    now: SystemTime,
) -> Result<Element, Refusal> {
    let mut constraints = Constraints::default();
    let name = constraints.required(form, &FEDERATED);
    let limits = Limits::read(form, &mut constraints, &DURATION_SECONDS)?;
    let tags = Tags::read(form, &mut constraints);
    constraints.finish()?;
    limits.check()?;
    let lifetime = match caller {
        Principal::User { .. } => limits.duration.unwrap_or(DURATION_DEFAULT),
        Principal::Root { .. } => limits.duration.unwrap_or(ROOT_MAX).min(ROOT_MAX),
        _ => return Err(Refusal::access_denied("Cannot call GetFederationToken with session credentials")),
    };
    let packed = check_packed(limits.policy, &limits.policy_arns, &tags.tags)?.map(|size| size.to_string());
    let federated = Principal::Federated {
        account_id: caller.account_id().to_owned(),
        name: name.to_owned(),
        tags: tags.tags.iter().map(|[key, value]| ((*key).to_owned(), (*value).to_owned())).collect(),
        policy: limits.policy.map(str::to_owned),
        policy_arns: limits.policy_arns.iter().map(|arn| (*arn).to_owned()).collect(),
    };
    let user = Element::new("FederatedUser")
        .leaf("FederatedUserId", &federated.user_id())
        .leaf("Arn", &federated.arn());
    let issued = state.issuer.issue_to(federated, now + lifetime);
    Ok(Element::new("GetFederationTokenResult")
        .child(user)
        .child(credentials(&issued))
        .leaf_if("PackedPolicySize", packed.as_deref()))
}

const FEDERATED: Text = Text { name: "Name", length: 2..=32, pattern: Some(&NAME), is_secret: false };
