//! Signing of requests by AWS's own signer.

use std::borrow::Cow;
use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningInstructions,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use http::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use tracing::dispatcher::{self, Dispatch};

use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};

/// A request that is to be signed.
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a str,
    /// With a host, or with the header `host`: the signer panics where it finds neither.
    pub(crate) url: &'a str,
    /// Headers that the signature has to cover, besides `host` and the time.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// `None`: the signature does not cover it.
    pub(crate) body: Option<&'a [u8]>,
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
        let mut settings = settings_of(self.service);
        if request.body.is_none() || WANT_THE_HASH.contains(&self.service) {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let signature = self.instructions(request, settings)?;
        signature
            .headers()
            .map(|(name, value)| {
                Ok((HeaderName::try_from(name).map_err(|error| cannot(&error))?, value.into()))
            })
            .collect()
    }

    /// The parameters that make the URL one that can be used for so long, without their encoding.
    #[cfg(feature = "sign")]
    pub(crate) fn presign(
        &self,
        request: &Unsigned<'_>,
        expires_in: std::time::Duration,
    ) -> Result<Vec<(&'static str, SecretString)>, Error> {
        let mut settings = settings_of(self.service);
        settings.signature_location = aws_sigv4::http_request::SignatureLocation::QueryParams;
        settings.expires_in = Some(expires_in);
        let (_, parameters) = self.instructions(request, settings)?.into_parts();
        Ok(parameters.into_iter().map(|(name, value)| (name, value.into_owned().into())).collect())
    }

    fn instructions(
        &self,
        request: &Unsigned<'_>,
        settings: SigningSettings,
    ) -> Result<SigningInstructions, Error> {
        let identity = self.identity();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.at)
            .settings(settings)
            .build()
            .map_err(|error| cannot(&error))?
            .into();
        let headers = request.headers.iter().copied();
        let body = request.body.map_or(SignableBody::UnsignedPayload, SignableBody::Bytes);
        // Its events would tell the session token of a URL, and the values of a user's headers.
        dispatcher::with_default(&Dispatch::none(), || {
            let signable = SignableRequest::new(request.method, Cow::Borrowed(request.url), headers, body)
                .map_err(|error| cannot(&error))?;
            Ok(sign(signable, &params).map_err(|error| cannot(&error))?.into_parts().0)
        })
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

/// Whether it is one of those that read a path as a key: encoded once, and no `..` in it means anything.
pub(crate) fn is_s3(service: &str) -> bool {
    S3.contains(&service)
}

fn settings_of(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if is_s3(service) {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    settings
}

/// Nothing of a request that this crate makes can be refused; what a user set may be.
fn cannot(error: &dyn std::error::Error) -> Error {
    Failure::new(FailureKind::Misconfigured, "signature", format!("the request cannot be signed: {error}"))
        .with_remedy("check the region and the endpoint")
        .into()
}

/// By the names for which they are signed.
const S3: [&str; 3] = ["s3", "s3-object-lambda", "s3-outposts"];
/// Those that refuse a request without `x-amz-content-sha256`: S3's, and OpenSearch Serverless.
///
/// <https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-clients.html>
const WANT_THE_HASH: [&str; 4] = ["s3", "s3-object-lambda", "s3-outposts", "aoss"];

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
            body: Some(b""),
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

    /// The example of S3's documentation: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>.
    #[cfg(feature = "sign")]
    #[test]
    fn presigns_as_the_documentation_does() {
        let credentials =
            Credentials::builder("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
                .build()
                .unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let signer = Signer { credentials: &credentials, region: "us-east-1", service: "s3", at };
        let request = Unsigned {
            method: "GET",
            url: "https://examplebucket.s3.amazonaws.com/test.txt",
            headers: &[],
            body: None,
        };
        let parameters = signer.presign(&request, Duration::from_secs(86_400)).unwrap();
        let (_, signature) = parameters.iter().find(|(name, _)| *name == "X-Amz-Signature").unwrap();
        assert_eq!(
            signature.expose_secret(),
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }
}
