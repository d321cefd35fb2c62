//! The table of codes.

use crate::error::FailureKind;
use crate::wire::sts::Action;

/// What a no of STS means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Throttled,
    /// A fault of STS itself, or of what stands in between.
    Fault,
    /// The credentials that signed have expired.
    SourceExpired,
    /// STS does not know the credentials that signed.
    SourceUnknown,
    /// The token that stands for the caller has expired.
    TokenExpired,
    /// The caller's credentials are of a session, and this wants those of a user.
    NotWithSession,
    /// The account gives out no tokens for others.
    OutboundDisabled,
    /// Audiences and tags are too much for one token.
    PayloadTooLarge,
    /// The token would live longer than the session that asks for it.
    OutlivesSession,
    /// This machine and AWS disagree on the time.
    Clock,
    /// The signature does not fit the keys.
    Signature,
    /// The role, or something on the way to it, does not let the caller in.
    Denied,
    DeniedTagSession,
    DeniedSourceIdentity,
    DeniedToRoot,
    MfaFailed,
    RegionDisabled,
    PolicyMalformed,
    /// With how much of the room is taken, in percent, if STS says it.
    PolicyTooLarge(Option<u32>),
    /// The role allows shorter sessions only.
    TooLongForRole,
    /// More than an hour, for a role assumed with a role's credentials.
    TooLongForChain,
    /// A transitive key without a tag.
    TransitiveKeyWithoutTag,
    /// A tag that the caller's session passes on already.
    TagIsInherited,
    /// STS cannot reach the identity provider.
    IdpUnreachable,
    NoOidcProvider,
    IdentityRefused,
    ClaimRejected,
    /// Something in the request, as STS says.
    Invalid,
    /// An answer of somebody else: a redirect, a proxy, another service.
    NotSts,
    ProxyAuthentication,
    /// A code that we do not know.
    Other,
}

impl Meaning {
    pub(super) fn of(action: Action, status: u16, code: Option<&str>, message: Option<&str>) -> Self {
        let says = |part: &str| message.is_some_and(|message| message.contains(part));
        // Some codes are written with and without this ending.
        let code = code.map(|code| code.strip_suffix("Exception").unwrap_or(code));
        match (code, status) {
            (Some(code), _) if THROTTLED.contains(&code) => Self::Throttled,
            (_, 429) => Self::Throttled,
            (_, 408 | 500..) => Self::Fault,
            (None, 407) => Self::ProxyAuthentication,
            (None, _) => Self::NotSts,
            (Some("ExpiredToken"), _) if action.is_unsigned() => Self::TokenExpired,
            (Some("ExpiredTradeInToken"), _) => Self::TokenExpired,
            (Some("OutboundWebIdentityFederationDisabled"), _) => Self::OutboundDisabled,
            (Some("JWTPayloadSizeExceeded"), _) => Self::PayloadTooLarge,
            (Some("SessionDurationEscalation"), _) => Self::OutlivesSession,
            (Some("ExpiredToken"), _) => Self::SourceExpired,
            (Some("InvalidClientTokenId" | "UnrecognizedClient"), _) => Self::SourceUnknown,
            (Some("RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture"), _) => Self::Clock,
            (Some("SignatureDoesNotMatch" | "InvalidSignature"), _) => {
                if says("Signature expired") || says("not yet current") {
                    Self::Clock
                } else {
                    Self::Signature
                }
            }
            (Some("AccessDenied"), _) => {
                if says("MultiFactorAuthentication") {
                    Self::MfaFailed
                } else if says("with session credentials") {
                    Self::NotWithSession
                } else if says("root account") {
                    Self::DeniedToRoot
                } else if says("sts:TagSession") {
                    Self::DeniedTagSession
                } else if says("sts:SetSourceIdentity") {
                    Self::DeniedSourceIdentity
                } else {
                    Self::Denied
                }
            }
            (Some("RegionDisabled"), _) => Self::RegionDisabled,
            (Some("MalformedPolicyDocument"), _) => Self::PolicyMalformed,
            (Some("PackedPolicyTooLarge"), _) => Self::PolicyTooLarge(message.and_then(percent)),
            (Some("IDPCommunicationError"), _) => Self::IdpUnreachable,
            (Some("InvalidIdentityToken"), _) => {
                if says("retrieve verification key") {
                    Self::IdpUnreachable
                } else if says("No OpenIDConnect provider found") {
                    Self::NoOidcProvider
                } else {
                    Self::IdentityRefused
                }
            }
            (Some("IDPRejectedClaim"), _) => Self::ClaimRejected,
            (Some("ValidationError" | "Validation" | "InvalidParameterValue"), _) => {
                if says("role chaining") {
                    Self::TooLongForChain
                } else if says("MaxSessionDuration") {
                    Self::TooLongForRole
                } else if says("must be included in the requested tags") {
                    Self::TransitiveKeyWithoutTag
                } else if says("conflicts with a transitive tag key") {
                    Self::TagIsInherited
                } else {
                    Self::Invalid
                }
            }
            (Some(_), _) => Self::Other,
        }
    }

    pub(super) fn kind(self) -> FailureKind {
        match self {
            Self::Throttled => FailureKind::Throttled,
            Self::Fault | Self::IdpUnreachable => FailureKind::Unavailable,
            Self::SourceExpired | Self::TokenExpired => FailureKind::Expired,
            _ => FailureKind::Refused,
        }
    }

    pub(super) fn is_source_rejected(self) -> bool {
        matches!(self, Self::SourceExpired | Self::SourceUnknown)
    }
}

/// `Packed policy consumes 118% of allotted space`
fn percent(message: &str) -> Option<u32> {
    let (before, _) = message.split_once('%')?;
    before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// As AWS's SDKs know them, without `Exception` at the end.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
const THROTTLED: [&str; 8] = [
    "Throttling",
    "Throttled",
    "RequestThrottled",
    "RequestLimitExceeded",
    "TooManyRequests",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
];
