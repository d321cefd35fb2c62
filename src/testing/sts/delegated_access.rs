//! `GetDelegatedAccessToken`: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetDelegatedAccessToken.html>.

use std::time::{Duration, SystemTime};

use super::State;
use super::constraints::{Constraints, Text};
use super::form::Form;
use super::refusal::Refusal;
use super::session_request::credentials;
use super::xml::Element;
use crate::testing::arn::RoleArn;
use crate::testing::principal::{Principal, Session};

pub(super) fn get_delegated_access_token(
    state: &mut State,
    form: &Form,
    caller: &Principal,
    now: SystemTime,
) -> Result<Element, Refusal> {
    let mut constraints = Constraints::default();
    let token = constraints.required(form, &TOKEN);
    constraints.finish()?;
    if matches!(caller, Principal::Federated { .. }) {
        return Err(Refusal::access_denied(
            "Cannot call GetDelegatedAccessToken with federated user credentials",
        ));
    }
    let expired = || Refusal::new(400, "ExpiredTradeInTokenException", "The trade-in token is expired.");
    let role = state.trade_in_tokens.remove(token).ok_or_else(expired)?;
    let role = RoleArn::parse(&role).ok_or_else(|| Refusal::validation(format!("{role} is invalid")))?;
    let expiry = now + LIFETIME;
    let session = Session::new(role, "delegated", expiry);
    let arn = session.arn();
    let issued = state.issuer.issue_to(Principal::Role(Box::new(session)), expiry);
    Ok(Element::new("GetDelegatedAccessTokenResult")
        .child(credentials(&issued))
        .leaf("AssumedPrincipal", &arn))
}

const TOKEN: Text = Text { name: "TradeInToken", length: 1..=8192, pattern: None, is_secret: true };
const LIFETIME: Duration = Duration::from_secs(3600);
