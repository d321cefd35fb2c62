//! Whether a service's answer says that the credentials are no good, in whichever of AWS's protocols.
//!
//! | protocol | where the code stands |
//! |---|---|
//! | JSON | the header `x-amzn-errortype`; `__type` or `code` in the body, perhaps behind a namespace and `#` |
//! | query, EC2's query, S3's XML | `Code` in `Error` |
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>, and the page on errors of each service.

#[cfg(feature = "sign")]
use super::xml::{NotXml, texts};

/// Whether this code says so.
pub(crate) fn is_of_credentials(code: &str) -> bool {
    // `aws.protocols#ExpiredTokenException:http://internal.amazon.com/`
    let code = code.split_once(':').map_or(code, |(code, _)| code);
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
    CODES.contains(&code.trim())
}

/// The code in a body: the text of its error.
#[cfg(feature = "sign")]
pub(crate) fn code(body: &[u8]) -> Option<String> {
    match body.trim_ascii_start().first()? {
        b'{' => of_json(body),
        b'<' => of_xml(body),
        _ => None,
    }
}

#[cfg(feature = "sign")]
fn of_json(body: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    ["__type", "code", "Code"].iter().find_map(|key| document.get(key)?.as_str().map(str::to_owned))
}

#[cfg(feature = "sign")]
fn of_xml(body: &[u8]) -> Option<String> {
    let mut code = None;
    let whole: Result<(), NotXml> = texts(body, |path, text| {
        if path == "Error/Code" || path.ends_with("/Error/Code") {
            code.get_or_insert_with(|| text.to_owned());
        }
        Ok(())
    });
    whole.ok().and(code)
}

/// Expired, not known, or not to be read. Not a signature that is wrong, nor a clock, nor what is not allowed: new
/// credentials of the same identity would change nothing.
const CODES: [&str; 9] = [
    // EC2: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-error-codes.html>
    "AuthFailure",
    "RequestExpired",
    // Query and JSON: <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    // S3: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
    "InvalidAccessKeyId",
    "InvalidToken",
    "TokenRefreshRequired",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sign")]
    #[test]
    fn every_protocol_has_its_place_for_the_code() {
        for (body, expected) in [
            (
                "<ErrorResponse xmlns='x'><Error><Type>Sender</Type><Code>ExpiredToken</Code></Error></ErrorResponse>",
                Some("ExpiredToken"),
            ),
            (
                "<?xml version='1.0'?>\n<Error><Code>InvalidAccessKeyId</Code><Message>m</Message></Error>",
                Some("InvalidAccessKeyId"),
            ),
            (
                "<Response><Errors><Error><Code>AuthFailure</Code></Error></Errors></Response>",
                Some("AuthFailure"),
            ),
            (
                r#" {"__type":"com.amazon.coral.service#ExpiredTokenException","message":"m"}"#,
                Some("com.amazon.coral.service#ExpiredTokenException"),
            ),
            (r#"{"code":"UnrecognizedClientException"}"#, Some("UnrecognizedClientException")),
            // A code elsewhere is something else, and what is broken off says nothing.
            ("<Error><Detail><Code>ExpiredToken</Code></Detail></Error>", None),
            ("<Error><Code>ExpiredToken</Code>", None),
            (r#"{"__type":"ExpiredToken"#, None),
            (r#"{"__type":7}"#, None),
            ("ExpiredToken", None),
            ("", None),
        ] {
            assert_eq!(code(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn only_what_new_credentials_can_change_counts() {
        for code in
            ["ExpiredToken", "aws.sts#ExpiredTokenException", "InvalidToken:http://x/y#z", "RequestExpired"]
        {
            assert!(is_of_credentials(code), "{code}");
        }
        for code in
            ["AccessDenied", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "InvalidSignatureException", ""]
        {
            assert!(!is_of_credentials(code), "{code}");
        }
    }
}
