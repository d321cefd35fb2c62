//! URLs that carry their signature.

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Request;
use secrecy::{ExposeSecret, SecretString};

use super::sign::{RequestSigner, covered, encoded, wrong};
use crate::error::Error;
use crate::sigv4::Unsigned;
use crate::wall_time::WallTime;

/// A URL that works without credentials, for a while. Whoever has it may use it: treat it as a secret.
#[derive(Clone)]
#[must_use]
pub struct Presigned {
    url: SecretString,
    expiry: SystemTime,
    shortfall: Duration,
}

impl Presigned {
    /// The URL, whole.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// Until when it works, by AWS's clocks: as long as was asked for, or until the credentials that signed it expire,
    /// whichever comes first.
    #[must_use]
    pub fn expiry(&self) -> SystemTime {
        self.expiry
    }

    /// How much of the time that was asked for comes after [`expiry`](Self::expiry): zero if the credentials last.
    #[must_use]
    pub fn shortfall(&self) -> Duration {
        self.shortfall
    }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url();
        f.debug_struct("Presigned")
            .field("url", &url.split_once('?').map_or(url, |(url, _)| url))
            .field("expiry", &WallTime::from(self.expiry))
            .field("shortfall", &self.shortfall)
            .finish()
    }
}

impl RequestSigner {
    /// Makes a URL of a request, which anybody can use for so long, up to seven days.
    ///
    /// A presigned URL dies with the credentials that signed it. If those in hand expire sooner, and the source is likely
    /// to give longer ones, they are renewed early ([`valid_for`](crate::CredentialsCache::valid_for)); otherwise the URL
    /// is good for less, and says so.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # async fn share(signer: aws_credential_chain::interop::RequestSigner) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = http::Request::get("https://bucket.s3.eu-central-1.amazonaws.com/report.pdf").body(())?;
    /// let presigned = signer.presign(&request, Duration::from_secs(3600)).await?;
    /// println!("{} until {:?}", presigned.url(), presigned.expiry());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Whoever uses it has to send the headers that the request has with the same values. The body is not covered for S3, and
    /// has to be empty for others. Some services end it sooner: STS a quarter of an hour after it was made. For
    /// [anonymous](crate::Credentials::anonymous) credentials it is the bare URL.
    ///
    /// # Errors
    /// Those of [`credentials`](crate::CredentialsCache::credentials).
    /// [`FailureKind::Misconfigured`](crate::FailureKind::Misconfigured): less than a second or more than seven days are
    /// asked for, the URI is not absolute, or is presigned already.
    pub async fn presign<B>(&self, request: &Request<B>, expires_in: Duration) -> Result<Presigned, Error> {
        let uri = request.uri();
        if !(SHORTEST..=LONGEST).contains(&expires_in) {
            return Err(wrong(
                "a URL can be good for one second to seven days",
                "ask for a time within that",
            ));
        }
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong("the URI is not absolute", "write it with scheme and host"));
        };
        let mut url = format!("{scheme}://{authority}{}", self.target(uri.path(), uri.query())?);
        let lasting = self.cache.valid_for(expires_in).await?;
        let credentials = lasting.credentials();
        let mut signer = self.signer(credentials);
        // Signatures tell the time in whole seconds, and services count from there.
        signer.at = UNIX_EPOCH
            + Duration::from_secs(signer.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
        // Whole seconds, rounded down: it must not promise more than the credentials hold.
        let left = credentials.expiry().map_or(expires_in, |expiry| {
            expiry.duration_since(signer.at).unwrap_or_default().min(expires_in)
        });
        let good_for = Duration::from_secs(left.as_secs()).max(SHORTEST);
        let expiry = (signer.at + good_for).min(credentials.expiry().unwrap_or(signer.at + good_for));
        let shortfall = expires_in.saturating_sub(expiry.duration_since(signer.at).unwrap_or_default());
        if !credentials.is_anonymous() {
            let covered = covered(request.headers())?;
            let body = if self.is_s3() { None } else { Some(&b""[..]) };
            let unsigned = Unsigned { method: request.method().as_str(), url: &url, headers: &covered, body };
            let parameters = signer.presign(&unsigned, good_for)?;
            for (name, value) in parameters {
                let mark = if url.contains('?') { '&' } else { '?' };
                let _ = write!(url, "{mark}{name}={}", encoded(value.expose_secret()));
            }
        }
        Ok(Presigned { url: url.into(), expiry, shortfall })
    }
}

const SHORTEST: Duration = Duration::from_secs(1);
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
const LONGEST: Duration = Duration::from_secs(604_800);
