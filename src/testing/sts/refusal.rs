//! How STS says no.

use std::borrow::Cow;

use super::xml::{Element, NAMESPACE, request_id};
use crate::testing::server::Answer;

/// An error of AWS's query protocol.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>, and the page of each action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::testing) struct Refusal {
    pub(in crate::testing) status: u16,
    pub(in crate::testing) code: Cow<'static, str>,
    pub(in crate::testing) message: Cow<'static, str>,
}

impl Refusal {
    /// An error that a test asked for by its code.
    pub(in crate::testing) fn of_code(code: String) -> Self {
        let known = KNOWN.iter().find(|(known, ..)| *known == code);
        let (status, message) = match known {
            Some((_, status, message)) => (*status, Cow::Borrowed(*message)),
            None => (400, Cow::Owned(code.clone())),
        };
        Self { status, code: Cow::Owned(code), message }
    }

    pub(in crate::testing) fn say(&mut self, message: String) {
        self.message = Cow::Owned(message);
    }

    pub(in crate::testing) fn answer(&self) -> Answer {
        let error = Element::new("Error")
            .leaf("Type", if self.status < 500 { "Sender" } else { "Receiver" })
            .leaf("Code", &self.code)
            .leaf("Message", &self.message);
        let id = request_id();
        let document = Element::new("ErrorResponse").namespace(NAMESPACE).child(error).leaf("RequestId", &id);
        Answer::ok("text/xml", document.document())
            .but(self.status)
            .with("x-amzn-requestid", id)
            .with_error_code(self.code.clone())
    }

    pub(in crate::testing) fn new(
        status: u16,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, code: Cow::Borrowed(code), message: message.into() }
    }

    /// Somebody is known, and may not.
    pub(super) fn access_denied(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    pub(super) fn not_authorized(caller: &str, action: &str, resource: &str) -> Self {
        Self::access_denied(format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource}"
        ))
    }

    pub(super) fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    pub(super) fn bad_signature(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(403, "SignatureDoesNotMatch", message)
    }

    pub(super) fn incomplete_signature(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "IncompleteSignature", message)
    }

    pub(super) fn invalid_token(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "InvalidIdentityToken", message)
    }
}

/// What STS says under codes that tests ask for, where it has a fixed text.
const KNOWN: [(&str, u16, &str); 14] = [
    ("AccessDenied", 403, "Access denied"),
    ("ExpiredToken", 403, "The security token included in the request is expired"),
    ("ExpiredTokenException", 400, "Token expired"),
    (
        "IDPCommunicationError",
        400,
        "The identity provider could not be reached. Try again, or look at the provider.",
    ),
    ("IDPRejectedClaim", 403, "The identity provider reported that the claim is not valid."),
    ("InternalFailure", 500, "The request processing has failed because of an unknown error."),
    ("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
    ("InvalidIdentityToken", 400, "The web identity token is not valid."),
    ("MalformedPolicyDocument", 400, "Syntax errors in policy."),
    ("RegionDisabledException", 403, "STS is not activated in this region for account:123456789012."),
    ("ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server."),
    (
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided.",
    ),
    ("Throttling", 400, "Rate exceeded"),
    ("ThrottlingException", 400, "Rate exceeded"),
];
