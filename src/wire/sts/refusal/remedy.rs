//! What the reader can do about a no of STS.

use std::borrow::Cow;
use std::fmt;

use super::meaning::Meaning;
use super::{Asked, Caller};
use crate::role::{Role, SessionTag};
use crate::wire::sts::Action;

impl Meaning {
    pub(super) fn remedy(self, asked: &Asked<'_>) -> Cow<'static, str> {
        let fixed = match self {
            Self::Throttled => "let fewer processes ask, or share one cache",
            Self::Fault => "STS has a fault, or what stands in between; it is asked again",
            Self::SourceExpired | Self::SourceUnknown => return source_rejected(self, asked).into(),
            Self::TokenExpired => return token_expired(asked).into(),
            Self::Clock => "set the clock of this machine: it is off by more than five minutes",
            Self::Signature => {
                "check that the secret access key belongs to the access key id, and that no proxy changes requests"
            }
            Self::Denied | Self::DeniedTagSession | Self::DeniedSourceIdentity => {
                return denied(self, asked).into();
            }
            Self::DeniedToRoot => {
                "the root user of an account cannot assume roles: use the keys of a user or of a role"
            }
            Self::MfaFailed => return mfa_failed(asked).into(),
            Self::RegionDisabled => {
                "activate STS for this region in the IAM settings of the role's account, or use another region"
            }
            Self::PolicyMalformed => "correct the session policy",
            Self::PolicyTooLarge(percent) => return too_large(percent, asked.role).into(),
            Self::TooLongForRole => {
                "ask for a shorter duration, or raise the maximum session duration of the role"
            }
            Self::TooLongForChain => {
                "a role that is assumed with a role's credentials lasts an hour at most: ask for a shorter duration"
            }
            Self::TransitiveKeyWithoutTag => {
                "send a tag with each transitive key; what the caller's session passes on stays transitive by itself"
            }
            Self::TagIsInherited => {
                "leave out the tags that the caller's session passes on: they are there already"
            }
            Self::IdpUnreachable => {
                "AWS cannot reach the identity provider; it is asked again. If it stays so, check that the provider's \
                 keys can be fetched from the internet"
            }
            Self::NoOidcProvider => return no_oidc_provider(asked).into(),
            Self::IdentityRefused if asked.action == Action::AssumeRoleWithSaml => {
                "check that the role's account has the SAML provider with the identity provider's current \
                 certificate, and that the assertion is whole, for AWS, and not older than five minutes"
            }
            Self::IdentityRefused => {
                "check that the token's audience is one of the IAM identity provider's, and that the token is whole"
            }
            Self::ClaimRejected => {
                "the identity provider does not stand by the token any more, or its claims: have it issue a new one"
            }
            Self::Invalid => "correct what STS names",
            Self::NotWithSession => {
                "sign with the long-lived keys of an IAM user: sessions cannot be opened with another session here"
            }
            Self::OutboundDisabled => {
                "turn outbound identity federation on in the IAM settings of the caller's account"
            }
            Self::PayloadTooLarge => "name fewer audiences and tags, or shorter ones",
            Self::OutlivesSession => {
                "ask for a shorter duration: a token may not outlive the session that asks for it"
            }
            Self::NotSts => NOT_STS,
            Self::ProxyAuthentication => "give the proxy's user and password in its URL",
            Self::Other => {
                "look the code up at https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html"
            }
        };
        fixed.into()
    }
}

fn source_rejected(meaning: Meaning, asked: &Asked<'_>) -> String {
    let caller = asked.caller;
    if meaning == Meaning::SourceExpired {
        return format!("renew {caller}: they have expired");
    }
    format!(
        "check that {caller} is active, and not of another partition or of a region that the account has not enabled"
    )
}

fn token_expired(asked: &Asked<'_>) -> String {
    match asked.caller {
        Caller::Token { origin } => format!("check that the token of {origin} is still being exchanged"),
        Caller::Credentials { .. } => "have a new token issued".to_owned(),
    }
}

fn mfa_failed(asked: &Asked<'_>) -> String {
    let device = asked.mfa_device.unwrap_or("the serial number");
    format!(
        "the code was wrong, or had been used: each is valid once, so wait for the next one; if it stays so, check that \
         {device} is the MFA device of the user whose keys these are"
    )
}

fn denied(meaning: Meaning, asked: &Asked<'_>) -> String {
    let (Some(role), caller) = (asked.role, asked.caller) else {
        return format!("check what denies sts:{} to {}", asked.action.name(), asked.caller);
    };
    let arn = role.arn();
    if asked.action == Action::AssumeRoleWithWebIdentity {
        return format!(
            "check that the trust policy of {arn} allows sts:AssumeRoleWithWebIdentity to the token's issuer, and that \
             its conditions on `aud` and `sub` fit {caller}"
        );
    }
    if asked.action == Action::AssumeRoleWithSaml {
        return format!(
            "check that the trust policy of {arn} allows sts:AssumeRoleWithSAML to the SAML provider, that its \
             conditions fit, and that the assertion names the role and the provider together"
        );
    }
    let sent = Sent { role, with_mfa: asked.mfa_device.is_some() };
    match meaning {
        Meaning::DeniedTagSession => format!(
            "allow sts:TagSession beside sts:AssumeRole, in the trust policy of {arn} and in the caller's own policies \
             ({caller}; {sent}; tags that the caller's session passes on count too)"
        ),
        Meaning::DeniedSourceIdentity => format!(
            "allow sts:SetSourceIdentity beside sts:AssumeRole, in the trust policy of {arn} and in the caller's own \
             policies ({caller}; {sent})"
        ),
        _ => {
            let mut actions = "sts:AssumeRole".to_owned();
            if !role.tags().is_empty() {
                actions.push_str(" and sts:TagSession");
            }
            if role.source_identity().is_some() {
                actions.push_str(" and sts:SetSourceIdentity");
            }
            format!(
                "check that the trust policy of {arn} allows {actions} to the caller ({caller}), that its conditions \
                 fit ({sent}), and that the caller's own policies allow it too"
            )
        }
    }
}

fn too_large(percent: Option<u32>, role: Option<&Role>) -> String {
    let taken = percent.map(|percent| format!(", which take {percent} % of the room")).unwrap_or_default();
    let sent = role.and_then(Role::sizes).map(|sizes| format!(" (sent: {sizes})")).unwrap_or_default();
    format!(
        "shorten the session policy and the tags{taken}{sent}: fewer actions, or one `s3:Get*` in place of several, fewer and \
         shorter resources and conditions; or name managed policies instead"
    )
}

fn no_oidc_provider(asked: &Asked<'_>) -> String {
    let account =
        asked.role.map(|role| format!(" in account {}", role.arn().account_id())).unwrap_or_default();
    format!("create the IAM OIDC identity provider for the token's issuer{account}")
}

/// What went with the request, and what did not: trust policies ask for it.
pub(crate) struct Sent<'a> {
    pub(crate) role: &'a Role,
    pub(crate) with_mfa: bool,
}

impl Sent<'_> {
    /// What went with it, or what did not, by name.
    pub(crate) fn list(&self, was_sent: bool) -> String {
        let role = self.role;
        let keys: Vec<&str> = role.tags().iter().map(SessionTag::key).collect();
        let tags = if keys.is_empty() { "tags".to_owned() } else { format!("tags {}", keys.join(", ")) };
        let all = [
            ("an external id", role.external_id().is_some()),
            ("an MFA code", self.with_mfa),
            (tags.as_str(), !keys.is_empty()),
            ("a source identity", role.source_identity().is_some()),
            ("a session policy", role.policy().is_some() || !role.policy_arns().is_empty()),
        ];
        let names: Vec<&str> =
            all.iter().filter(|(_, sent)| *sent == was_sent).map(|(name, _)| *name).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }
}

impl fmt::Display for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sent: {}; not sent: {}", self.list(true), self.list(false))
    }
}

pub(super) const NOT_STS: &str =
    "something other than STS seems to answer there: check the endpoint, and any proxy in between";
