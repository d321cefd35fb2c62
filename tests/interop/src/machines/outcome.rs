//! What came of a machine, whoever resolved it.

use std::fmt;

use aws_credential_chain::testing::LocalAws;
use aws_credential_chain::{Credentials, Error};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::Places;

/// Which credentials, or why there are none.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// As they stand somewhere.
    Keys { keys: [String; 3], account_id: Option<String> },
    /// Of a session that the local AWS has issued.
    Session(Session),
    /// No source is set up.
    Nothing,
    /// One is, and it does not work.
    Refused { why: String, asked: Vec<Asked> },
}

/// The session of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub role_arn: String,
    /// `None` for one that was made up.
    pub name: Option<String>,
    pub minutes: u64,
    pub chain_depth: u32,
    pub account_id: Option<String>,
    /// What STS was asked for it.
    pub asked: Vec<Asked>,
}

/// One request to STS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whether the second local AWS was asked.
    pub is_other: bool,
    pub signed_for: Option<String>,
    pub error_code: Option<String>,
}

impl Outcome {
    pub(super) fn of_ours(result: Result<Credentials, Error>, places: &Places, asked: Vec<Asked>) -> Self {
        match result {
            Ok(credentials) => {
                let account_id = credentials.account_id().map(str::to_owned);
                let id = credentials.access_key_id().to_owned();
                let secret = credentials.secret_access_key().expose_secret().to_owned();
                let token = credentials.session_token().map(|token| token.expose_secret().to_owned());
                Self::of_keys([id, secret, token.unwrap_or_default()], account_id, places, asked)
            }
            Err(Error::NotConfigured(_)) => Self::Nothing,
            Err(error) => Self::Refused { why: error.to_string(), asked },
        }
    }

    pub(super) fn of_theirs(answer: &Value, places: &Places, asked: Vec<Asked>) -> Self {
        if answer["nothing"] == true {
            return Self::Nothing;
        }
        if let Some(error) = answer["error"].as_str() {
            return Self::Refused { why: error.to_owned(), asked };
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let keys = [0, 1, 2].map(|number| text(&answer["keys"][number]).unwrap_or_default());
        Self::of_keys(keys, text(&answer["account_id"]), places, asked)
    }

    fn of_keys(keys: [String; 3], account_id: Option<String>, places: &Places, asked: Vec<Asked>) -> Self {
        let known = |aws: &LocalAws| Some((aws.sts().session(&keys[0])?, aws.clock().now()));
        let Some((session, now)) = known(&places.aws).or_else(|| known(&places.other)) else {
            return Self::Keys { keys, account_id };
        };
        let left = session.expiry().duration_since(now).unwrap_or_default();
        Self::Session(Session {
            role_arn: session.role_arn().to_owned(),
            name: Some(session.name()).filter(|name| !is_made_up(name)).map(str::to_owned),
            minutes: left.as_secs().div_ceil(60),
            chain_depth: session.chain_depth(),
            account_id,
            asked,
        })
    }

    pub(super) fn is_refused_with(&self, text: &str) -> bool {
        matches!(self, Self::Refused { why, .. } if why.contains(text))
    }

    /// Whether whoever resolved it would come to the same: the same credentials, or none for the same reason as far as STS
    /// was asked for it.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Keys { keys, account_id }, Self::Keys { keys: other, account_id: of_other }) => {
                keys == other && account_id == of_other
            }
            (Self::Session(session), Self::Session(other)) => session == other,
            (Self::Nothing, Self::Nothing) => true,
            (Self::Refused { asked, .. }, Self::Refused { asked: other, .. }) => {
                asked.is_empty() || other.is_empty() || asked == other
            }
            _ => false,
        }
    }
}

fn is_made_up(name: &str) -> bool {
    name.starts_with("aws-credential-chain-") || name.starts_with("botocore-session-")
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys { keys, account_id } => write!(f, "keys {keys:?}, account {account_id:?}"),
            Self::Session(session) => write!(f, "{session:?}"),
            Self::Nothing => f.write_str("nothing is set up"),
            Self::Refused { why, asked } => write!(f, "refused: {why}, asked {asked:?}"),
        }
    }
}
