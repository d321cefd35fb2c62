//! The signature of a webhook, as [Standard Webhooks](https://www.standardwebhooks.com) has it. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;

use crate::role::Flaw;

/// What both sides know.
pub(super) struct Key(SecretSlice<u8>);

impl Key {
    /// Reads `whsec_` and base64.
    pub(super) fn parse(secret: &SecretString) -> Result<Self, Flaw> {
        let flaw = |what: &str| Flaw::new(what, HOW_TO_MAKE_ONE);
        let text = secret
            .expose_secret()
            .trim()
            .strip_prefix(PREFIX)
            .ok_or_else(|| flaw("the secret does not begin with `whsec_`"))?;
        let key = STANDARD.decode(text).map_err(|_| flaw("the secret is no base64 behind `whsec_`"))?;
        let key = SecretSlice::from(key);
        let length = key.expose_secret().len();
        if !LENGTHS.contains(&length) {
            return Err(flaw(&format!("the secret has {length} bytes")));
        }
        Ok(Self(key))
    }

    /// `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

const PREFIX: &str = "whsec_";
/// In bytes. <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme>
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
const HOW_TO_MAKE_ONE: &str = "make one of 24 to 64 bytes: echo whsec_$(openssl rand -base64 32)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_the_published_example() {
        let key = Key::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).ok().unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_secret_is_as_the_specification_has_it() {
        for (secret, says) in [
            ("", "does not begin with `whsec_`"),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not begin with `whsec_`"),
            ("whsec_CANARY!", "is no base64"),
            ("whsec_", "has 0 bytes"),
            ("whsec_Q0FOQVJZ", "has 6 bytes"),
        ] {
            let Flaw { what, remedy } = Key::parse(&secret.into()).err().unwrap();
            assert!(what.contains(says), "{secret}: {what}");
            assert!(!what.contains("CANARY") && remedy.contains("openssl"), "{what}; {remedy}");
        }
    }
}
