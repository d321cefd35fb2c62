//! Requests that are for no role: sessions of users, of root, of partners, and tokens for others.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{Form, Mfa};
use crate::role::{SessionPolicy, SessionTag};
use crate::wire::sts::Action;

/// A session of the user whose keys sign: the same rights, for a while, and with a second factor if wanted.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
#[derive(Debug)]
pub(crate) struct GetSessionToken<'a> {
    pub(crate) duration: Option<Duration>,
    pub(crate) mfa: Option<&'a Mfa>,
}

impl GetSessionToken<'_> {
    pub(crate) fn body(&self) -> SecretString {
        let mut form = Form::new(Action::GetSessionToken);
        form.duration(self.duration);
        form.mfa(self.mfa);
        form.into_body()
    }
}

/// A session of somebody whom the user with these keys vouches for.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
#[derive(Debug)]
pub(crate) struct GetFederationToken<'a> {
    pub(crate) name: &'a str,
    pub(crate) duration: Option<Duration>,
    pub(crate) policy: Option<&'a SessionPolicy>,
    pub(crate) policy_arns: &'a [String],
    pub(crate) tags: &'a [SessionTag],
}

impl GetFederationToken<'_> {
    pub(crate) fn body(&self) -> SecretString {
        let mut form = Form::new(Action::GetFederationToken);
        form.pair("Name", self.name);
        form.limits(self.duration, self.policy, self.policy_arns);
        form.tags(self.tags);
        form.into_body()
    }
}

/// A session of the root of a member account, for one task.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
#[derive(Debug)]
pub(crate) struct AssumeRoot<'a> {
    pub(crate) target_principal: &'a str,
    pub(crate) task_policy_arn: &'a str,
    pub(crate) duration: Option<Duration>,
}

impl AssumeRoot<'_> {
    pub(crate) fn body(&self) -> SecretString {
        let mut form = Form::new(Action::AssumeRoot);
        form.pair("TargetPrincipal", self.target_principal);
        form.pair("TaskPolicyArn.arn", self.task_policy_arn);
        form.duration(self.duration);
        form.into_body()
    }
}

/// A session that somebody else has delegated.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetDelegatedAccessToken.html>
#[derive(Debug)]
pub(crate) struct GetDelegatedAccessToken<'a> {
    pub(crate) trade_in_token: &'a SecretString,
}

impl GetDelegatedAccessToken<'_> {
    pub(crate) fn body(&self) -> SecretString {
        let mut form = Form::new(Action::GetDelegatedAccessToken);
        form.pair("TradeInToken", self.trade_in_token.expose_secret());
        form.into_body()
    }
}

/// A token that AWS signs, for somebody who does not know AWS's keys.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html>
#[derive(Debug)]
pub(crate) struct GetWebIdentityToken<'a> {
    pub(crate) audiences: &'a [String],
    pub(crate) signing_algorithm: &'static str,
    pub(crate) duration: Option<Duration>,
    pub(crate) tags: &'a [SessionTag],
}

impl GetWebIdentityToken<'_> {
    pub(crate) fn body(&self) -> SecretString {
        let mut form = Form::new(Action::GetWebIdentityToken);
        for (number, audience) in (1..).zip(self.audiences) {
            form.pair(format!("Audience.member.{number}"), audience);
        }
        form.pair("SigningAlgorithm", self.signing_algorithm);
        form.duration(self.duration);
        form.tags(self.tags);
        form.into_body()
    }
}
