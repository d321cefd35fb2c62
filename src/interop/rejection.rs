//! How services say that the credentials themselves are no good.

/// Whether a service that answers a signed request with this code has rejected the credentials, so that others may do.
///
/// | code | of |
/// |---|---|
/// | `ExpiredToken`, `ExpiredTokenException` | nearly all |
/// | `InvalidToken`, `TokenRefreshRequired`, `InvalidAccessKeyId` | S3 |
/// | `InvalidClientTokenId` | services with XML, STS among them |
/// | `UnrecognizedClientException` | services with JSON |
///
/// Left out is what says nothing of the credentials, or not only of them: `AccessDenied`, a wrong signature
/// (`SignatureDoesNotMatch`), a wrong clock (`RequestTimeTooSkewed`), and what EC2 answers in all these cases
/// (`AuthFailure`, `RequestExpired`).
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>.
pub(super) fn is_of_credentials(code: &str) -> bool {
    matches!(
        code,
        "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidToken"
            | "TokenRefreshRequired"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "UnrecognizedClientException"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_permissions_nor_signatures_nor_clocks_are_of_credentials() {
        for (code, expected) in [
            ("ExpiredToken", true),
            ("ExpiredTokenException", true),
            ("InvalidAccessKeyId", true),
            ("InvalidClientTokenId", true),
            ("InvalidToken", true),
            ("TokenRefreshRequired", true),
            ("UnrecognizedClientException", true),
            ("AccessDenied", false),
            ("AccessDeniedException", false),
            ("AuthFailure", false),
            ("InvalidSignatureException", false),
            ("RequestExpired", false),
            ("RequestTimeTooSkewed", false),
            ("SignatureDoesNotMatch", false),
            ("Throttling", false),
            ("", false),
        ] {
            assert_eq!(is_of_credentials(code), expected, "{code}");
        }
    }
}
