//! The sessions that the AWS CLI keeps, so that whoever works with both assumes a role, and answers for it with an MFA
//! code, once.
//!
//! The CLI keeps what STS answered in `~/.aws/cli/cache/KEY.json`, where `KEY` follows from what was asked for, and
//! uses it while more than a quarter of an hour is left of it:
//!
//! ```json
//! { "Credentials": { "AccessKeyId": "ASIA…", "SecretAccessKey": "…", "SessionToken": "…",
//!                    "Expiration": "2026-11-23T18:00:00Z", "AccountId": "123456789012" },
//!   "AssumedRoleUser": { "AssumedRoleId": "AROA…:me", "Arn": "arn:aws:sts::123456789012:assumed-role/hub/me" },
//!   "ResponseMetadata": { … } }
//! ```
//!
//! * Version 1 writes the time with `Z`, version 2 with `+00:00`, a botocore that was given such a cache with `UTC`.
//! * Whatever is not such a session of this role is a miss, and so is a file that others than its directory's owner
//!   can write.
//! * The key does not say with whose credentials the role is assumed: profiles that lead to the same role in the same
//!   way share its session. That is so in the CLI.
//! * A session is handed out once. Whoever asks again has it already and wants another one, because it ends soon or
//!   was rejected: only one that is another and lasts longer is of use then.
//!
//! `key`, `entry` and `json` are pure; `role` is the provider around a hop of a profile.
//!
//! <https://github.com/boto/botocore/blob/develop/botocore/credentials.py> (`CachedCredentialFetcher`),
//! <https://github.com/aws/aws-cli/blob/develop/awscli/customizations/assumerole.py>

#[cfg(feature = "sts")]
mod entry;
#[cfg(feature = "sts")]
mod json;
#[cfg(feature = "sts")]
mod key;
#[cfg(feature = "sts")]
mod role;

#[cfg(feature = "sts")]
pub(crate) use self::role::CachedRole;

/// What is made of the sessions of roles that the AWS CLI keeps in `~/.aws/cli/cache`, for the roles of profiles.
///
/// ```
/// use aws_credential_chain::{CliCache, DefaultChain};
///
/// // A tool for people who also use `aws`: each of the two saves the other an MFA code.
/// let chain = DefaultChain::new().cli_cache(CliCache::ReadWrite);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(not(feature = "sts"), allow(unreachable_pub, reason = "without roles nobody is asked which"))]
pub enum CliCache {
    /// It is not looked at.
    Off,
    /// A session in it with a quarter of an hour left or more is used instead of asking STS, and before the source of
    /// the role is asked.
    #[default]
    Read,
    /// Besides, what STS answers is kept there: in a file that only its owner can read, written whole or not at all, and
    /// never in the place of a session that lasts longer. Where it cannot be written, a warning says so, and nothing
    /// else changes.
    ReadWrite,
}
