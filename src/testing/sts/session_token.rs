//! `GetSessionToken`: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use super::State;
use super::assume_role::{CODE, SERIAL};
use super::constraints::Constraints;
use super::form::Form;
use super::refusal::Refusal;
use super::session_request::credentials;
use super::xml::Element;
use crate::testing::principal::Principal;

pub(super) fn get_session_token(
    state: &mut State,
    form: &Form,
    caller: &Principal,
    now: SystemTime,
) -> Result<Element, Refusal> {
    let mut constraints = Constraints::default();
    let seconds = constraints.number(form, "DurationSeconds", &DURATION_SECONDS)?;
    let mfa = [constraints.optional(form, &SERIAL), constraints.optional(form, &CODE)];
    constraints.finish()?;
    let asked = seconds.map(Duration::from_secs);
    let (session, lifetime) = match caller {
        Principal::User { account_id, name } => {
            let has_mfa = state.has_mfa(caller, mfa)?;
            let session =
                Principal::UserSession { account_id: account_id.clone(), name: name.clone(), has_mfa };
            (session, asked.unwrap_or(DURATION_DEFAULT))
        }
        Principal::Root { .. } => (caller.clone(), asked.unwrap_or(ROOT_MAX).min(ROOT_MAX)),
        _ => return Err(Refusal::access_denied("Cannot call GetSessionToken with session credentials")),
    };
    let issued = state.issuer.issue_to(session, now + lifetime);
    Ok(Element::new("GetSessionTokenResult").child(credentials(&issued)))
}

pub(super) const DURATION_SECONDS: RangeInclusive<u64> = 900..=129_600;
pub(super) const DURATION_DEFAULT: Duration = Duration::from_secs(43_200);
pub(super) const ROOT_MAX: Duration = Duration::from_secs(3600);
