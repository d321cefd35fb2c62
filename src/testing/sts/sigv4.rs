//! Whether a request is signed, by whom, and whether that is true. Written on its own: with the signer's code it would
//! find the signer's mistakes right.
//!
//! In the header `Authorization`, or in the query, as in presigned URLs:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html>.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::canonical::{canonical_request, hex_of_sha256};
use super::form::Form;
use super::refusal::Refusal;
use crate::testing::keys::{Key, Keys};
use crate::testing::server::Incoming;
use crate::wall_time::WallTime;

/// What a request says of its signature.
pub(super) struct Claim {
    pub(super) scope: Scope,
    signed_headers: String,
    signature: String,
    /// `20261123T120000Z`
    timestamp: String,
    token: Option<String>,
    /// How long it is to be good; said in a query only.
    expires_in: Option<Duration>,
    place: Place,
}

/// What is asked of a scope.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    /// `None`: every region.
    pub(super) region: Option<&'a str>,
    /// `None`: every service.
    pub(super) service: Option<&'a str>,
}

/// Whose key, and for what it was derived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::testing) struct Scope {
    pub(in crate::testing) access_key_id: String,
    date: String,
    pub(in crate::testing) region: String,
    service: String,
    terminator: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Query,
}

impl Claim {
    /// Reads it. `None` if the request is not signed.
    pub(super) fn of(request: &Incoming) -> Result<Option<Self>, Refusal> {
        match request.header("authorization") {
            Some(authorization) => Self::of_header(request, authorization).map(Some),
            None => Self::of_query(request),
        }
    }

    /// Whose request it is, if it is good.
    pub(super) fn verify(
        &self,
        request: &Incoming,
        now: SystemTime,
        expected: Expected<'_>,
        keys: &Keys,
    ) -> Result<Arc<Key>, Refusal> {
        self.check_scope(expected)?;
        self.check_time(now)?;
        self.check_signed_headers(request)?;
        let key = keys.get(&self.scope.access_key_id).ok_or_else(unknown_key)?;
        match (&key.temporary, &self.token) {
            (None, None) => {}
            (Some(temporary), Some(token)) if temporary.token == *token => {
                if temporary.expiry <= now {
                    let message = "The security token included in the request is expired";
                    return Err(Refusal::new(403, "ExpiredToken", message));
                }
            }
            _ => return Err(unknown_key()),
        }
        if self.is_made_with(&key.secret, request) {
            return Ok(key);
        }
        Err(Refusal::bad_signature(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        ))
    }

    /// Whether the signature is that of this request with this secret.
    pub(super) fn is_made_with(&self, secret_access_key: &str, request: &Incoming) -> bool {
        let names: Vec<_> = self.signed_headers.split(';').collect();
        let without = (self.place == Place::Query).then_some("X-Amz-Signature");
        let Scope { date, region, service, terminator, .. } = &self.scope;
        let (Some(canonical), Some(signature)) =
            (canonical_request(request, &names, without, service), bytes_of_hex(&self.signature))
        else {
            return false;
        };
        let to_sign = format!(
            "{ALGORITHM}\n{}\n{date}/{region}/{service}/{terminator}\n{}",
            self.timestamp,
            hex_of_sha256(canonical.as_bytes())
        );
        let secret = format!("AWS4{secret_access_key}").into_bytes();
        let key = [date, region, service, terminator]
            .into_iter()
            .try_fold(secret, |key, part| Some(mac(&key, part)?.finalize().into_bytes().to_vec()));
        // In constant time, as everybody should.
        key.and_then(|key| mac(&key, &to_sign)).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
    }

    fn of_header(request: &Incoming, authorization: &str) -> Result<Self, Refusal> {
        let (algorithm, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
        let part = |name: &str| {
            let mut parts = rest.split(',').filter_map(|part| part.trim().split_once('='));
            parts.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        };
        let timestamp = request.header("x-amz-date").map(str::to_owned);
        let [credential, signature, signed_headers] = ["Credential", "Signature", "SignedHeaders"].map(part);
        let (Some(credential), Some(signature), Some(signed_headers), Some(timestamp), ALGORITHM) =
            (&credential, &signature, &signed_headers, &timestamp, algorithm)
        else {
            let mut missing = vec![];
            if algorithm != ALGORITHM {
                missing.push(format!("Authorization header has to begin with '{ALGORITHM}'."));
            }
            let parts =
                [("Credential", &credential), ("Signature", &signature), ("SignedHeaders", &signed_headers)];
            for (name, _) in parts.into_iter().filter(|(_, part)| part.is_none()) {
                missing.push(format!("Authorization header requires '{name}' parameter."));
            }
            if timestamp.is_none() {
                missing.push(
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
                        .to_owned(),
                );
            }
            return Err(Refusal::incomplete_signature(missing.join(" ")));
        };
        Ok(Self {
            scope: Scope::parse(credential)?,
            signed_headers: signed_headers.clone(),
            signature: signature.clone(),
            timestamp: timestamp.clone(),
            token: request.header(TOKEN).map(str::to_owned),
            expires_in: None,
            place: Place::Header,
        })
    }

    fn of_query(request: &Incoming) -> Result<Option<Self>, Refusal> {
        // Of the query alone: in the body these are parameters like any others.
        let bodiless = Incoming { query: request.query.clone(), ..Incoming::default() };
        let query = Form::of(&bodiless);
        let algorithm = query.get("X-Amz-Algorithm");
        let parts = ["X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];
        if algorithm.is_none() && parts.iter().all(|name| query.get(name).is_none()) {
            return Ok(None);
        }
        let [Some(credential), Some(signature), Some(signed_headers), Some(timestamp)] =
            parts.map(|name| query.get(name))
        else {
            let missing = parts.iter().filter(|name| query.get(name).is_none());
            let missing: Vec<_> =
                missing.map(|name| format!("AWS query-string parameters must include '{name}'.")).collect();
            return Err(Refusal::incomplete_signature(missing.join(" ")));
        };
        if algorithm != Some(ALGORITHM) {
            let message = format!("'X-Amz-Algorithm' has to be '{ALGORITHM}'.");
            return Err(Refusal::incomplete_signature(message));
        }
        Ok(Some(Self {
            scope: Scope::parse(credential)?,
            signed_headers: signed_headers.to_owned(),
            signature: signature.to_owned(),
            timestamp: timestamp.to_owned(),
            token: query.get("X-Amz-Security-Token").map(str::to_owned),
            expires_in: query
                .get("X-Amz-Expires")
                .and_then(|seconds| seconds.parse().ok().map(Duration::from_secs)),
            place: Place::Query,
        }))
    }

    fn check_scope(&self, expected: Expected<'_>) -> Result<(), Refusal> {
        let Scope { date, region, service, terminator, .. } = &self.scope;
        let mut wrong = vec![];
        let is_region = expected.region.map_or_else(|| is_region(region), |expected| region == expected);
        if !is_region {
            wrong.push(format!("Credential should be scoped to a valid region, not '{region}'."));
        }
        if let Some(expected) = expected.service.filter(|expected| service != expected) {
            wrong.push(format!("Credential should be scoped to correct service: '{expected}'."));
        }
        if terminator != TERMINATOR {
            wrong.push(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'."
            ));
        }
        if self.timestamp.get(..8) != Some(date) {
            wrong.push(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
                    .to_owned(),
            );
        }
        if wrong.is_empty() { Ok(()) } else { Err(Refusal::bad_signature(wrong.join(" "))) }
    }

    /// Also for presigned URLs: STS gives them a quarter of an hour, whatever `X-Amz-Expires` says. S3 goes by that.
    fn check_time(&self, now: SystemTime) -> Result<(), Refusal> {
        let Some(signed) = time_of(&self.timestamp) else {
            return Err(Refusal::incomplete_signature("Date must be in ISO-8601 'basic format'."));
        };
        let now = WallTime::from(now);
        let (signed_at, at) = (Basic(signed), Basic(now));
        let good_for = match self.expires_in {
            Some(expires_in) if self.scope.service == "s3" => expires_in,
            _ => SKEW_MAX,
        };
        if signed.plus(good_for) < now {
            return Err(Refusal::bad_signature(format!(
                "Signature expired: {signed_at} is now earlier than {} ({at} - 15 min.)",
                Basic(now.minus(SKEW_MAX))
            )));
        }
        if now.plus(SKEW_MAX) < signed {
            return Err(Refusal::bad_signature(format!(
                "Signature not yet current: {signed_at} is still later than {} ({at} + 15 min.)",
                Basic(now.plus(SKEW_MAX))
            )));
        }
        Ok(())
    }

    fn check_signed_headers(&self, request: &Incoming) -> Result<(), Refusal> {
        let is_signed = |name| self.signed_headers.split(';').any(|signed| signed == name);
        if !is_signed("host") {
            return Err(not_signed("'Host' or ':authority'"));
        }
        for (name, shown) in [("x-amz-date", "'X-Amz-Date'"), (TOKEN, "'X-Amz-Security-Token'")] {
            if request.header(name).is_some() && !is_signed(name) {
                return Err(not_signed(shown));
            }
        }
        Ok(())
    }
}

impl Scope {
    fn parse(credential: &str) -> Result<Self, Refusal> {
        let parts: Result<[_; 5], _> =
            credential.split('/').map(str::to_owned).collect::<Vec<_>>().try_into();
        let Ok([access_key_id, date, region, service, terminator]) = parts else {
            return Err(Refusal::incomplete_signature(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            ));
        };
        Ok(Self { access_key_id, date, region, service, terminator })
    }
}

/// `20261123T120000Z`
struct Basic(WallTime);

impl fmt::Display for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_string().replace(['-', ':'], ""))
    }
}

fn time_of(basic: &str) -> Option<WallTime> {
    let is_digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    let (day, time) = basic.strip_suffix('Z')?.split_once('T')?;
    if !is_digits(day, 8) || !is_digits(time, 6) {
        return None;
    }
    let date = [day.get(..4)?, day.get(4..6)?, day.get(6..)?].join("-");
    let time = [time.get(..2)?, time.get(2..4)?, time.get(4..)?].join(":");
    WallTime::parse_rfc3339(&format!("{date}T{time}Z"))
}

fn mac(key: &[u8], text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

/// Lower case only, as AWS wants it.
fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?)).collect()
}

fn is_region(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.contains('-') && text.bytes().all(is_part)
}

fn unknown_key() -> Refusal {
    Refusal::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
}

fn not_signed(header: &str) -> Refusal {
    Refusal::bad_signature(format!("{header} must be a 'SignedHeader' in the AWS Authorization."))
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const TOKEN: &str = "x-amz-security-token";
const SKEW_MAX: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests;
