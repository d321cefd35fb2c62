//! `GetWebIdentityToken`: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html>. The token is
//! one that only the local AWS itself can check.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::State;
use super::constraints::{Constraints, Text};
use super::form::Form;
use super::refusal::Refusal;
use super::tags::Tags;
use super::web_identity_token::{signature, unix};
use super::xml::Element;
use crate::testing::issuer::random_text;
use crate::testing::principal::Principal;
use crate::wall_time::WallTime;

pub(super) fn get_web_identity_token(
    state: &mut State,
    form: &Form,
    caller: &Principal,
    now: SystemTime,
) -> Result<Element, Refusal> {
    let mut constraints = Constraints::default();
    let audiences = form.list("Audience", None);
    constraints.at_most("Audience", audiences.len(), 10);
    for (number, audience) in audiences.iter().enumerate() {
        constraints.check(audience, &format!("audience.{}.member", number + 1), &AUDIENCE);
    }
    let algorithm = constraints.required(form, &ALGORITHM);
    let seconds = constraints.number(form, "DurationSeconds", &DURATION_SECONDS)?;
    let tags = Tags::read(form, &mut constraints);
    constraints.finish()?;
    if audiences.is_empty() {
        return Err(Refusal::validation("Audience must not be empty"));
    }
    if !ALGORITHMS.contains(&algorithm) {
        return Err(Refusal::validation(format!("{algorithm} is not a valid signing algorithm")));
    }
    if !matches!(caller, Principal::Role(_) | Principal::User { .. }) {
        return Err(Refusal::not_authorized(&caller.arn(), "sts:GetWebIdentityToken", "*"));
    }
    let expiry = now + seconds.map_or(DURATION_DEFAULT, Duration::from_secs);
    if caller.session().is_some_and(|session| session.expiry < expiry) {
        let message =
            "The requested token duration would extend the session beyond its original expiration time.";
        return Err(Refusal::new(403, "SessionDurationEscalationException", message));
    }
    let tags: Map<String, Value> =
        tags.tags.iter().map(|[key, value]| ((*key).to_owned(), json!(value))).collect();
    let claims = json!({
        "iss": format!("https://{}.tokens.sts.global.api.aws", caller.account_id()),
        "sub": caller.session().map_or_else(|| caller.arn(), |session| session.role_arn().to_owned()),
        "aud": audiences,
        "iat": unix(now),
        "exp": unix(expiry),
        "jti": random_text(32),
        "https://sts.amazonaws.com/": { "aws_account": caller.account_id(), "request_tags": tags },
    });
    let header = json!({ "alg": algorithm, "kid": "local", "typ": "JWT" });
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature(&state.token_key, &signed)));
    state.bearer_tokens.push(token.clone());
    Ok(Element::new("GetWebIdentityTokenResult")
        .leaf("WebIdentityToken", &token)
        .leaf("Expiration", &WallTime::from(expiry).to_string()))
}

const AUDIENCE: Text = Text { name: "Audience", length: 1..=1000, pattern: None, is_secret: false };
const ALGORITHM: Text = Text { name: "SigningAlgorithm", length: 5..=5, pattern: None, is_secret: false };
const ALGORITHMS: [&str; 2] = ["ES384", "RS256"];
const DURATION_SECONDS: RangeInclusive<u64> = 60..=3600;
const DURATION_DEFAULT: Duration = Duration::from_secs(300);
