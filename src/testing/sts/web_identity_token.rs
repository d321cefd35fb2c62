//! Web identity tokens: JWTs, as identity providers sign them.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::{Refusal, Sts};

/// An identity provider of the local AWS, to be changed while it runs. [`Sts::identity_provider`] registers it.
///
/// It starts as one whose tokens are for `sts.amazonaws.com`, as those of EKS are, and are signed by the local AWS.
pub struct IdentityProvider<'a> {
    sts: &'a Sts,
    issuer: String,
}

#[allow(clippy::must_use_candidate, reason = "called for what they change")]
impl<'a> IdentityProvider<'a> {
    pub(super) fn new(sts: &'a Sts, issuer: String) -> Self {
        Self { sts, issuer }
    }

    /// Takes tokens for this audience, instead of `sts.amazonaws.com`. More of them with more calls.
    pub fn audience(&self, audience: impl Into<String>) -> &Self {
        self.change(|registered| registered.audiences.push(audience.into()))
    }

    /// Takes tokens whoever has signed them: those of a real provider, for example. Otherwise only those of
    /// [`Sts::web_identity_token`] are taken.
    pub fn without_signature_check(&self) -> &Self {
        self.change(|registered| registered.checks_signatures = false)
    }

    fn change(&self, change: impl FnOnce(&mut Registered)) -> &Self {
        change(self.sts.state().identity_providers.entry(self.issuer.clone()).or_default());
        self
    }
}

impl fmt::Debug for IdentityProvider<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityProvider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What is known of a provider.
#[derive(Clone)]
pub(super) struct Registered {
    audiences: Vec<String>,
    checks_signatures: bool,
}

impl Default for Registered {
    fn default() -> Self {
        Self { audiences: Vec::new(), checks_signatures: true }
    }
}

/// A web identity token in the making: [`Sts::web_identity_token`]. It is for `sts.amazonaws.com`, and good for an hour.
#[must_use]
pub struct WebIdentityToken<'a> {
    sts: &'a Sts,
    issuer: String,
    subject: String,
    audience: String,
    lifetime: Duration,
}

impl<'a> WebIdentityToken<'a> {
    pub(super) fn new(sts: &'a Sts, issuer: String, subject: String) -> Self {
        Self { sts, issuer, subject, audience: AUDIENCE.to_owned(), lifetime: Duration::from_secs(3600) }
    }

    /// For whom it is.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// How long it is good from now on, by the clock of the local AWS.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The token, as it would stand in the file that `AWS_WEB_IDENTITY_TOKEN_FILE` names.
    #[must_use]
    pub fn sign(self) -> String {
        let now = self.sts.clock.now();
        let mut state = self.sts.state();
        let header = json!({ "alg": "HS256", "kid": "local", "typ": "JWT" });
        let claims = json!({
            "iss": self.issuer,
            "sub": self.subject,
            "aud": [self.audience],
            "iat": unix(now),
            "exp": unix(now + self.lifetime),
        });
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = URL_SAFE_NO_PAD.encode(signature(&state.token_key, &signed));
        let token = format!("{signed}.{signature}");
        state.bearer_tokens.push(token.clone());
        token
    }
}

impl fmt::Debug for WebIdentityToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebIdentityToken").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What a good token says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audience: String,
}

impl Claims {
    /// Reads a token, and looks at it as STS does.
    pub(super) fn of(
        token: &str,
        now: SystemTime,
        provider: impl FnOnce(&str) -> Option<Registered>,
        key: &[u8],
    ) -> Result<Self, Refusal> {
        let claims = claims(token).ok_or_else(|| {
            Refusal::invalid_token(
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
            )
        })?;
        let text = |name: &str| {
            let missing = || Refusal::invalid_token(format!("Missing a required claim: {name}"));
            claims.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(missing)
        };
        let (issuer, subject) = (text("iss")?, text("sub")?);
        let audiences: Vec<&str> = match claims.get("aud") {
            Some(Value::String(audience)) => vec![audience],
            Some(Value::Array(audiences)) => audiences.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        let expires = claims.get("exp").and_then(Value::as_u64);
        let Some(expires) = expires else {
            return Err(Refusal::invalid_token("Missing a required claim: exp"));
        };
        if audiences.is_empty() {
            return Err(Refusal::invalid_token("Missing a required claim: aud"));
        }
        let Some(provider) = provider(&issuer) else {
            let message = format!("No OpenIDConnect provider found in your account for {issuer}");
            return Err(Refusal::invalid_token(message));
        };
        if provider.checks_signatures && !is_signed_with(token, key) {
            return Err(Refusal::invalid_token(
                "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
            ));
        }
        if expires <= unix(now) {
            let message = format!(
                "Token expired: current date/time {} must be before the expiration date/time {expires}",
                unix(now)
            );
            return Err(Refusal::new(400, "ExpiredTokenException", message));
        }
        let known = |audience: &&&str| match provider.audiences.as_slice() {
            [] => **audience == AUDIENCE,
            audiences => audiences.iter().any(|known| known == *audience),
        };
        match audiences.iter().find(known) {
            Some(audience) => Ok(Self { issuer, subject, audience: (*audience).to_owned() }),
            None => Err(Refusal::invalid_token("Incorrect token audience")),
        }
    }
}

/// Header and claims are JSON objects, and a signature stands behind them.
fn claims(token: &str) -> Option<Map<String, Value>> {
    let [header, claims, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().ok()?;
    let object = |part: &str| match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    };
    object(header)?.get("alg")?.as_str()?;
    URL_SAFE_NO_PAD.decode(signature).ok()?;
    object(claims)
}

fn is_signed_with(token: &str, key: &[u8]) -> bool {
    let signature = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    token
        .rsplit_once('.')
        .and_then(|(signed, text)| Some(mac(key, signed)?.verify_slice(&signature(text)?).is_ok()))
        .unwrap_or(false)
}

pub(super) fn signature(key: &[u8], text: &str) -> Vec<u8> {
    mac(key, text).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

pub(super) fn mac(key: &[u8], text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

pub(super) fn unix(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

const AUDIENCE: &str = "sts.amazonaws.com";
