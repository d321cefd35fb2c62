//! `GetCallerIdentity`: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>. Whoever can sign
//! may ask.

use std::time::SystemTime;

use super::State;
use super::form::Form;
use super::refusal::Refusal;
use super::xml::Element;
use crate::testing::principal::Principal;

#[allow(clippy::unnecessary_wraps, reason = "one signature for all actions")]
pub(super) fn get_caller_identity(
    _: &mut State,
    _: &Form,
    caller: &Principal,
    _: SystemTime,
) -> Result<Element, Refusal> {
    Ok(Element::new("GetCallerIdentityResult")
        .leaf("Arn", &caller.arn())
        .leaf("UserId", &caller.user_id())
        .leaf("Account", caller.account_id()))
}
