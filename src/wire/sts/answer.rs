//! What STS answers when it says yes.

use std::fmt;
use std::time::SystemTime;

use secrecy::SecretString;

use super::Action;
use crate::credentials::Credentials;
use crate::error::{Error, printable};
use crate::role::is_account_id;
use crate::source::Source;
use crate::wall_time::WallTime;
use crate::wire::xml::{NotXml, texts};

/// The session that `AssumeRole` and its kin open.
pub(crate) struct Session {
    access_key_id: String,
    secret_access_key: SecretString,
    token: SecretString,
    expiration: WallTime,
    /// The account, where no ARN in the answer tells it.
    account: Option<String>,
    pub(crate) facts: Facts,
}

/// What STS tells of a session besides its credentials; which of it depends on the action. Fit to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Who acts with it: `arn:aws:sts::123456789012:assumed-role/name/session`.
    pub(crate) arn: Option<String>,
    /// The role's unique id and the session's name.
    pub(crate) assumed_role_id: Option<String>,
    /// How much of the room for policies and tags is taken, in percent.
    pub(crate) packed_policy_size: Option<u32>,
    pub(crate) source_identity: Option<String>,
    /// Whom the token of a web identity, or the assertion, speaks of.
    pub(crate) subject: Option<String>,
    /// For whom it was issued.
    pub(crate) audience: Option<String>,
    /// Who has issued it.
    pub(crate) provider: Option<String>,
}

impl Session {
    pub(crate) fn parse(action: Action, document: &[u8]) -> Result<Self, Problem> {
        let mut found = Found::default();
        let inside = format!("{0}Response/{0}Result/", action.name());
        texts(document, |path, text| match path.strip_prefix(&inside) {
            Some(name) if !text.is_empty() => found.take(name, text),
            _ => Ok(()),
        })?;
        Ok(Self {
            access_key_id: found.access_key_id.ok_or(Problem::Missing("AccessKeyId"))?,
            secret_access_key: found.secret_access_key.ok_or(Problem::Missing("SecretAccessKey"))?,
            token: found.session_token.ok_or(Problem::Missing("SessionToken"))?,
            expiration: found.expiration.ok_or(Problem::Missing("Expiration"))?,
            account: None,
            facts: found.facts,
        })
    }

    /// The account that the session acts in.
    pub(crate) fn account_id(&self) -> Option<&str> {
        let told = self.facts.arn.as_deref().and_then(|arn| arn.split(':').nth(4));
        told.filter(|account| is_account_id(account)).or(self.account.as_deref())
    }

    /// Names the account, if the answer does not.
    pub(crate) fn of_account(mut self, account: Option<&str>) -> Self {
        self.account = account.map(str::to_owned);
        self
    }

    /// Ends no later than this.
    pub(crate) fn ending(mut self, ends: Option<WallTime>) -> Self {
        self.expiration = ends.map_or(self.expiration, |ends| self.expiration.min(ends));
        self
    }

    pub(crate) fn into_credentials(self, source: Source) -> Result<Credentials, Problem> {
        let account_id = self.account_id().unwrap_or_default().to_owned();
        Credentials::builder(self.access_key_id, self.secret_access_key)
            .session_token(self.token)
            .expiry(SystemTime::from(self.expiration))
            .account_id(account_id)
            .packed_policy_size(self.facts.packed_policy_size)
            .source(source)
            .build()
            .map_err(Problem::Refused)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("access_key_id", &self.access_key_id)
            .field("expiration", &self.expiration)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

/// What has been read so far.
#[derive(Default)]
struct Found {
    access_key_id: Option<String>,
    secret_access_key: Option<SecretString>,
    session_token: Option<SecretString>,
    expiration: Option<WallTime>,
    facts: Facts,
}

impl Found {
    fn take(&mut self, name: &str, text: &str) -> Result<(), Problem> {
        let facts = &mut self.facts;
        let (fact, name) = match name {
            "Credentials/AccessKeyId" => {
                return once(&mut self.access_key_id, "AccessKeyId", text.to_owned());
            }
            "Credentials/SecretAccessKey" => {
                return once(&mut self.secret_access_key, "SecretAccessKey", text.into());
            }
            "Credentials/SessionToken" => return once(&mut self.session_token, "SessionToken", text.into()),
            "Credentials/Expiration" => {
                let at = WallTime::parse_rfc3339(text).ok_or(Problem::Expiration)?;
                return once(&mut self.expiration, "Expiration", at);
            }
            "PackedPolicySize" => {
                // Only told to the reader: in another form it is no reason to do without the session.
                facts.packed_policy_size = text.parse().ok();
                return Ok(());
            }
            "AssumedRoleUser/Arn" | "FederatedUser/Arn" | "AssumedPrincipal" => (&mut facts.arn, "Arn"),
            "AssumedRoleUser/AssumedRoleId" => (&mut facts.assumed_role_id, "AssumedRoleId"),
            "SourceIdentity" => (&mut facts.source_identity, "SourceIdentity"),
            "SubjectFromWebIdentityToken" | "Subject" => (&mut facts.subject, "Subject"),
            "Audience" => (&mut facts.audience, "Audience"),
            "Provider" | "Issuer" => (&mut facts.provider, "Provider"),
            _ => return Ok(()),
        };
        once(fact, name, printable(text))
    }
}

/// A token that AWS has signed for somebody else.
pub(crate) struct IdentityTokenAnswer {
    pub(crate) token: SecretString,
    pub(crate) expiration: WallTime,
}

impl IdentityTokenAnswer {
    pub(crate) fn parse(document: &[u8]) -> Result<Self, Problem> {
        let (mut token, mut expiration) = (None, None);
        texts(document, |path, text| {
            match path.strip_prefix("GetWebIdentityTokenResponse/GetWebIdentityTokenResult/") {
                _ if text.is_empty() => Ok(()),
                Some("WebIdentityToken") => once(&mut token, "WebIdentityToken", SecretString::from(text)),
                Some("Expiration") => {
                    let at = WallTime::parse_rfc3339(text).ok_or(Problem::Expiration)?;
                    once(&mut expiration, "Expiration", at)
                }
                _ => Ok(()),
            }
        })?;
        Ok(Self {
            token: token.ok_or(Problem::Missing("WebIdentityToken"))?,
            expiration: expiration.ok_or(Problem::Missing("Expiration"))?,
        })
    }
}

/// Whose credentials signed the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    pub(crate) account: String,
    pub(crate) arn: String,
    pub(crate) user_id: String,
}

impl CallerIdentity {
    /// The twelve digits of the account that the credentials belong to.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.account
    }

    /// Who acts with them: `arn:aws:sts::123456789012:assumed-role/name/session` for those of a role.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The unique id of the user or of the role; that of a role with the session's name.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    pub(crate) fn parse(document: &[u8]) -> Result<Self, Problem> {
        let (mut account, mut arn, mut user_id) = (None, None, None);
        texts(document, |path, text| {
            match path.strip_prefix("GetCallerIdentityResponse/GetCallerIdentityResult/") {
                _ if text.is_empty() => Ok(()),
                Some("Account") => once(&mut account, "Account", printable(text)),
                Some("Arn") => once(&mut arn, "Arn", printable(text)),
                Some("UserId") => once(&mut user_id, "UserId", printable(text)),
                _ => Ok(()),
            }
        })?;
        Ok(Self {
            account: account.ok_or(Problem::Missing("Account"))?,
            arn: arn.ok_or(Problem::Missing("Arn"))?,
            user_id: user_id.ok_or(Problem::Missing("UserId"))?,
        })
    }
}

/// Why an answer cannot be used.
#[derive(Debug)]
pub(crate) enum Problem {
    NotXml,
    /// A name that has to be there.
    Missing(&'static str),
    /// A name that is there twice: half of one set and half of another would make no set.
    Twice(&'static str),
    /// An expiration that is no RFC 3339 time.
    Expiration,
    /// What [`Credentials`] refuses.
    Refused(Error),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotXml => f.write_str("the answer is not the expected XML"),
            Self::Missing(name) => write!(f, "the answer has no `{name}`"),
            Self::Twice(name) => write!(f, "the answer has `{name}` twice"),
            Self::Expiration => f.write_str("the answer's `Expiration` is no RFC 3339 time"),
            Self::Refused(error) => error.fmt(f),
        }
    }
}

impl From<NotXml> for Problem {
    fn from(_: NotXml) -> Self {
        Self::NotXml
    }
}

fn once<T>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), Problem> {
    match slot.replace(value) {
        Some(_) => Err(Problem::Twice(name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
