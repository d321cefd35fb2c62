//! The query protocol of STS: a form goes out, XML comes back.
//!
//! ```text
//! POST https://sts.eu-central-1.amazonaws.com/          Content-Type: application/x-www-form-urlencoded
//! Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A…&RoleSessionName=…&Tags.member.1.Key=…
//!
//! <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
//!   <AssumeRoleResult>
//!     <Credentials>
//!       <AccessKeyId>ASIA…</AccessKeyId> <SecretAccessKey>…</SecretAccessKey>
//!       <SessionToken>…</SessionToken>   <Expiration>2026-11-23T20:00:00Z</Expiration>
//!     </Credentials>
//!     <AssumedRoleUser> <Arn>arn:aws:sts::…</Arn> <AssumedRoleId>…</AssumedRoleId> </AssumedRoleUser>
//!   </AssumeRoleResult>
//! </AssumeRoleResponse>
//!
//! <ErrorResponse>
//!   <Error> <Type>Sender</Type> <Code>AccessDenied</Code> <Message>…</Message> </Error> <RequestId>…</RequestId>
//! </ErrorResponse>
//! ```
//!
//! Tokens travel in the body, never in the URL, which proxies and servers write down.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

mod answer;
mod refusal;
mod request;
mod saml;

pub use self::answer::CallerIdentity;
pub(crate) use self::answer::{Facts, IdentityTokenAnswer, Problem, Session};
pub(crate) use self::refusal::{Asked, Caller, Refusal, Sent};
pub(crate) use self::request::{
    AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot, GetDelegatedAccessToken,
    GetFederationToken, GetSessionToken, GetWebIdentityToken, Mfa, get_caller_identity,
};
pub(crate) use self::saml::session_end;

/// What STS can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    AssumeRole,
    AssumeRoleWithSaml,
    AssumeRoleWithWebIdentity,
    AssumeRoot,
    GetCallerIdentity,
    GetDelegatedAccessToken,
    GetFederationToken,
    GetSessionToken,
    GetWebIdentityToken,
}

impl Action {
    /// As requests and policies write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::AssumeRoleWithSaml => "AssumeRoleWithSAML",
            Self::AssumeRoleWithWebIdentity => "AssumeRoleWithWebIdentity",
            Self::AssumeRoot => "AssumeRoot",
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::GetDelegatedAccessToken => "GetDelegatedAccessToken",
            Self::GetFederationToken => "GetFederationToken",
            Self::GetSessionToken => "GetSessionToken",
            Self::GetWebIdentityToken => "GetWebIdentityToken",
        }
    }

    /// Whether a token stands for the caller, and nothing is signed.
    pub(crate) const fn is_unsigned(self) -> bool {
        matches!(self, Self::AssumeRoleWithSaml | Self::AssumeRoleWithWebIdentity)
    }
}
