//! Requests, as the forms that go into their bodies.

mod further;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use form_urlencoded::{Serializer, byte_serialize};
use secrecy::{ExposeSecret, SecretString};

pub(crate) use self::further::{
    AssumeRoot, GetDelegatedAccessToken, GetFederationToken, GetSessionToken, GetWebIdentityToken,
};
use super::Action;
use crate::role::{
    Flaw, MFA_SERIAL, MFA_TOKEN_CODE, Role, SAML_ASSERTION, SessionPolicy, SessionTag, WEB_IDENTITY_TOKEN,
};

/// Assumes a role with the credentials that sign the request.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
#[derive(Debug)]
pub(crate) struct AssumeRole<'a> {
    pub(crate) role: &'a Role,
    /// For a role that names no session itself.
    pub(crate) made_up_session_name: &'a str,
    pub(crate) mfa: Option<&'a Mfa>,
}

impl AssumeRole<'_> {
    pub(crate) fn body(&self) -> SecretString {
        let role = self.role;
        let mut form = Form::new(Action::AssumeRole);
        form.session(role, self.made_up_session_name);
        form.optional("ExternalId", role.external_id());
        form.tags(role.tags());
        for (number, key) in (1..).zip(role.transitive_tag_keys()) {
            form.pair(format!("TransitiveTagKeys.member.{number}"), key);
        }
        form.optional("SourceIdentity", role.source_identity());
        for (number, (provider_arn, assertion)) in (1..).zip(role.provided_contexts()) {
            form.pair(format!("ProvidedContexts.member.{number}.ProviderArn"), provider_arn);
            form.pair(
                format!("ProvidedContexts.member.{number}.ContextAssertion"),
                assertion.expose_secret(),
            );
        }
        form.mfa(self.mfa);
        form.into_body()
    }
}

/// A second factor: which device, and the six digits that it shows.
pub(crate) struct Mfa {
    serial_number: String,
    token_code: SecretString,
}

impl Mfa {
    /// `serial_number`: that of a piece of hardware, or the ARN of a virtual device.
    pub(crate) fn new(serial_number: impl Into<String>, token_code: SecretString) -> Result<Self, Flaw> {
        let serial_number = serial_number.into();
        MFA_SERIAL.check("the serial number of the MFA device", &serial_number)?;
        MFA_TOKEN_CODE.check("the MFA code", token_code.expose_secret())?;
        Ok(Self { serial_number, token_code })
    }

    pub(crate) fn serial_number(&self) -> &str {
        &self.serial_number
    }
}

impl fmt::Debug for Mfa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mfa").field("serial_number", &self.serial_number).finish_non_exhaustive()
    }
}

/// Assumes a role with a token of an identity provider; nothing is signed.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
#[derive(Debug)]
pub(crate) struct AssumeRoleWithWebIdentity<'a> {
    role: &'a Role,
    made_up_session_name: &'a str,
    token: &'a SecretString,
}

impl<'a> AssumeRoleWithWebIdentity<'a> {
    /// Refuses a role that asks for what this request cannot carry: nothing is left out in silence.
    pub(crate) fn new(
        role: &'a Role,
        made_up_session_name: &'a str,
        token: &'a SecretString,
    ) -> Result<Self, Flaw> {
        nothing_else(role, false, "a web identity", "the token")?;
        WEB_IDENTITY_TOKEN.check("the web identity token", token.expose_secret())?;
        Ok(Self { role, made_up_session_name, token })
    }

    pub(crate) fn body(&self) -> SecretString {
        let mut form = Form::new(Action::AssumeRoleWithWebIdentity);
        form.session(self.role, self.made_up_session_name);
        form.pair("WebIdentityToken", self.token.expose_secret());
        form.into_body()
    }
}

/// Assumes a role with an assertion of an identity provider; nothing is signed.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html>
#[derive(Debug)]
pub(crate) struct AssumeRoleWithSaml<'a> {
    role: &'a Role,
    principal_arn: &'a str,
    assertion: &'a SecretString,
}

impl<'a> AssumeRoleWithSaml<'a> {
    /// Refuses a role that asks for what this request cannot carry: nothing is left out in silence.
    pub(crate) fn new(
        role: &'a Role,
        principal_arn: &'a str,
        assertion: &'a SecretString,
    ) -> Result<Self, Flaw> {
        nothing_else(role, true, "a SAML assertion", "the assertion")?;
        SAML_ASSERTION.check("the SAML assertion", assertion.expose_secret())?;
        Ok(Self { role, principal_arn, assertion })
    }

    pub(crate) fn body(&self) -> SecretString {
        let mut form = Form::new(Action::AssumeRoleWithSaml);
        form.pair("RoleArn", self.role.arn().as_str());
        form.pair("PrincipalArn", self.principal_arn);
        form.pair("SAMLAssertion", self.assertion.expose_secret());
        form.limits(self.role.duration(), self.role.policy(), self.role.policy_arns());
        form.into_body()
    }
}

/// That a role asks for no more than what goes with a token: how long, and how narrowly.
fn nothing_else(role: &Role, names_session: bool, bearer: &str, token: &str) -> Result<(), Flaw> {
    let not_carried = [
        ("a session name", names_session && role.session_name().is_some()),
        ("an external id", role.external_id().is_some()),
        ("tags", !role.tags().is_empty()),
        ("transitive tag keys", !role.transitive_tag_keys().is_empty()),
        ("a source identity", role.source_identity().is_some()),
        ("provided contexts", role.provided_contexts().next().is_some()),
    ];
    let Some((what, _)) = not_carried.into_iter().find(|(_, is_set)| *is_set) else { return Ok(()) };
    let names = if names_session { "session name, " } else { "" };
    Err(Flaw {
        what: format!("{} has {what}, which {bearer} cannot bring with it", role.arn()),
        remedy: format!(
            "remove it from the role; {names}tags and source identity come out of {token} itself"
        ),
    })
}

/// Asks whose credentials signed the request. Always allowed.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
pub(crate) fn get_caller_identity() -> SecretString {
    Form::new(Action::GetCallerIdentity).into_body()
}

/// The pairs of a form. Secrets are borrowed until the body is written.
struct Form<'a>(Vec<(Cow<'static, str>, Cow<'a, str>)>);

impl<'a> Form<'a> {
    fn new(action: Action) -> Self {
        Self(vec![("Action".into(), action.name().into()), ("Version".into(), VERSION.into())])
    }

    fn pair(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'a, str>>) {
        self.0.push((name.into(), value.into()));
    }

    fn optional(&mut self, name: &'static str, value: Option<&'a str>) {
        if let Some(value) = value {
            self.pair(name, value);
        }
    }

    /// What all sessions of roles have in common.
    fn session(&mut self, role: &'a Role, made_up_session_name: &'a str) {
        self.pair("RoleArn", role.arn().as_str());
        self.pair("RoleSessionName", role.session_name().unwrap_or(made_up_session_name));
        self.limits(role.duration(), role.policy(), role.policy_arns());
    }

    /// How long, and how narrowly.
    fn limits(
        &mut self,
        duration: Option<Duration>,
        policy: Option<&'a SessionPolicy>,
        policy_arns: &'a [String],
    ) {
        self.duration(duration);
        self.optional("Policy", policy.map(SessionPolicy::as_str));
        for (number, arn) in (1..).zip(policy_arns) {
            self.pair(format!("PolicyArns.member.{number}.arn"), arn);
        }
    }

    fn duration(&mut self, duration: Option<Duration>) {
        if let Some(duration) = duration {
            self.pair("DurationSeconds", duration.as_secs().to_string());
        }
    }

    fn tags(&mut self, tags: &'a [SessionTag]) {
        for (number, tag) in (1..).zip(tags) {
            self.pair(format!("Tags.member.{number}.Key"), tag.key());
            self.pair(format!("Tags.member.{number}.Value"), tag.value());
        }
    }

    fn mfa(&mut self, mfa: Option<&'a Mfa>) {
        if let Some(mfa) = mfa {
            self.pair("SerialNumber", &mfa.serial_number);
            self.pair("TokenCode", mfa.token_code.expose_secret());
        }
    }

    /// Written in one piece: a buffer that grows leaves its secrets behind wherever it was.
    fn into_body(self) -> SecretString {
        let written = |text: &str| byte_serialize(text.as_bytes()).map(str::len).sum::<usize>();
        let length = self.0.iter().map(|(name, value)| written(name) + written(value) + 2).sum();
        let mut form = Serializer::new(String::with_capacity(length));
        form.extend_pairs(&self.0);
        SecretString::from(form.finish())
    }
}

const VERSION: &str = "2011-06-15";

#[cfg(test)]
mod tests;
