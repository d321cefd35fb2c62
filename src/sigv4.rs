//! Signing of requests by AWS's own signer.

use std::borrow::Cow;
use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use reqwest::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};

use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};

/// A request that is to be signed.
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    /// Headers that the signature has to cover, besides `host` and the time.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

/// Who signs, for which service, when.
pub(crate) struct Signer<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) at: SystemTime,
}

impl Signer<'_> {
    /// The headers that make the request a signed one.
    pub(crate) fn sign(&self, request: &Unsigned<'_>) -> Result<Vec<(HeaderName, SecretString)>, Error> {
        let identity = self.identity();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.at)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| cannot(&error))?
            .into();
        let headers = request.headers.iter().copied();
        let body = SignableBody::Bytes(request.body);
        let signable = SignableRequest::new(request.method, Cow::Borrowed(request.url), headers, body)
            .map_err(|error| cannot(&error))?;
        let (signature, _) = sign(signable, &params).map_err(|error| cannot(&error))?.into_parts();
        signature
            .headers()
            .map(|(name, value)| {
                Ok((HeaderName::try_from(name).map_err(|error| cannot(&error))?, value.into()))
            })
            .collect()
    }

    /// The form in which the signer takes credentials: a copy that it holds for one signature.
    fn identity(&self) -> Identity {
        aws_credential_types::Credentials::new(
            self.credentials.access_key_id(),
            self.credentials.secret_access_key().expose_secret(),
            self.credentials.session_token().map(|token| token.expose_secret().to_owned()),
            None,
            "aws-credential-chain",
        )
        .into()
    }
}

/// Nothing of a request that this crate makes can be refused; what a user set may be.
fn cannot(error: &dyn std::error::Error) -> Error {
    Failure::new(FailureKind::Misconfigured, "signature", format!("the request cannot be signed: {error}"))
        .with_remedy("check the region and the endpoint")
        .into()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// The example of AWS's documentation of the signing process.
    #[test]
    fn signs_as_the_documentation_does() {
        let credentials =
            Credentials::builder("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY").build().unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let signer = Signer { credentials: &credentials, region: "us-east-1", service: "iam", at };
        let request = Unsigned {
            method: "GET",
            url: "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
            headers: &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
            body: b"",
        };
        let headers = signer.sign(&request).unwrap();
        let header = |name: &str| {
            let (_, value) = headers.iter().find(|(known, _)| known == name).unwrap();
            value.expose_secret()
        };
        assert_eq!(header("x-amz-date"), "20150830T123600Z");
        assert_eq!(
            header("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
        assert!(headers.iter().all(|(name, _)| name != "x-amz-security-token"));
    }
}
