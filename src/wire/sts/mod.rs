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
mod xml;

pub use self::answer::CallerIdentity;
pub(crate) use self::answer::{Problem, Session};
pub(crate) use self::refusal::{Asked, Caller, Refusal};
pub(crate) use self::request::{AssumeRole, AssumeRoleWithWebIdentity, Mfa, get_caller_identity};

/// What STS can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    AssumeRole,
    AssumeRoleWithWebIdentity,
    GetCallerIdentity,
}

impl Action {
    /// As requests and policies write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::AssumeRoleWithWebIdentity => "AssumeRoleWithWebIdentity",
            Self::GetCallerIdentity => "GetCallerIdentity",
        }
    }
}
