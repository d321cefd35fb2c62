//! The JSON in which metadata services, containers and processes give credentials.
//!
//! ```json
//! { "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-11-23T12:00:00Z", "AccountId": "123456789012",
//!   "AccessKeyId": "ASIA…", "SecretAccessKey": "…", "Token": "…", "Expiration": "2026-11-23T18:00:00Z" }
//! { "Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role …" }
//! { "Version": 1, "AccessKeyId": "ASIA…", "SecretAccessKey": "…", "SessionToken": "…",
//!   "Expiration": "2026-11-23T18:00:00Z", "AccountId": "123456789012" }
//! ```
//!
//! The last one is a process's: only there `Version` counts, and token and expiration may be missing.
//!
//! Read leniently: names in any case, unknown names passed over, `null` and blank count as absent. Secrets go
//! straight into [`SecretString`], and no error quotes the document: `serde_json`'s own texts do.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>,
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::credentials::Credentials;
use crate::error::{Error, printable};
use crate::source::Source;
use crate::wall_time::WallTime;

/// What the document holds. Everything is optional here; who needs it asks for it by name.
#[derive(Default)]
pub(crate) struct Document {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    version: Version,
    access_key_id: Option<String>,
    secret_access_key: Option<SecretString>,
    token: Option<SecretString>,
    expiration: Option<String>,
    account_id: Option<String>,
}

/// The version of a process's document.
#[derive(Debug, Default)]
pub(crate) enum Version {
    #[default]
    Missing,
    Supported,
    Number(f64),
    /// A number between quotes; other texts are not kept.
    Quoted(String),
    Other,
}

/// Why there are no credentials in it.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Not JSON, or not an object of texts.
    NotJson { line: usize, column: usize },
    /// A key that has to be there.
    Missing(&'static str),
    /// A process's document of another version, or of none.
    Version(Version),
    /// An expiration that is no RFC 3339 time.
    Expiration,
    /// What [`Credentials`] refuses.
    Refused(Error),
}

impl Document {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes)
            .map_err(|error| Problem::NotJson { line: error.line(), column: error.column() })
    }

    /// Credentials of a service whose sessions always have a token and an end.
    pub(crate) fn into_session(self, source: Source) -> Result<Credentials, Problem> {
        let keys = [
            ("AccessKeyId", self.access_key_id.is_some()),
            ("SecretAccessKey", self.secret_access_key.is_some()),
            ("Token", self.token.is_some()),
            ("Expiration", self.expiration.is_some()),
        ];
        match keys.into_iter().find(|(_, is_there)| !is_there) {
            Some((key, _)) => Err(Problem::Missing(key)),
            None => self.into_credentials(source),
        }
    }

    /// Credentials of a container's agent: a session, or the long-lived keys of a program that vends its own. Those have no
    /// token, and an empty one in the document, since SDKs ask for it.
    pub(crate) fn into_vended(self, source: Source) -> Result<Credentials, Problem> {
        let is_session = self.access_key_id.as_deref().is_none_or(|id| id.starts_with(SESSION));
        if self.token.is_some() || is_session || self.expiration.is_none() {
            return self.into_session(source);
        }
        self.into_credentials(source)
    }

    /// Credentials of a process, which may be of any kind. `account_id`: where the process names none.
    pub(crate) fn into_process(
        mut self,
        source: Source,
        account_id: Option<&str>,
    ) -> Result<Credentials, Problem> {
        match std::mem::take(&mut self.version) {
            Version::Supported => {}
            other => return Err(Problem::Version(other)),
        }
        self.or_account_id(account_id).into_credentials(source)
    }

    /// The account, where the document names none.
    pub(crate) fn or_account_id(mut self, account_id: Option<&str>) -> Self {
        self.account_id = self.account_id.or_else(|| account_id.map(str::to_owned));
        self
    }

    fn into_credentials(self, source: Source) -> Result<Credentials, Problem> {
        let access_key_id = self.access_key_id.ok_or(Problem::Missing("AccessKeyId"))?;
        let secret_access_key = self.secret_access_key.ok_or(Problem::Missing("SecretAccessKey"))?;
        let mut builder = Credentials::builder(access_key_id, secret_access_key).source(source);
        if let Some(token) = self.token {
            builder = builder.session_token(token);
        }
        if let Some(expiration) = self.expiration {
            let expiry = WallTime::parse_rfc3339(&expiration).ok_or(Problem::Expiration)?;
            builder = builder.expiry(std::time::SystemTime::from(expiry));
        }
        if let Some(account_id) = self.account_id {
            builder = builder.account_id(account_id);
        }
        builder.build().map_err(Problem::Refused)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { line, column } => {
                write!(f, "the answer is not the expected JSON (line {line}, column {column})")
            }
            Self::Missing(key) => write!(f, "the answer has no `{key}`"),
            Self::Version(version) => write!(f, "the answer {version}, and the number 1 is supported"),
            Self::Expiration => f.write_str("the answer's `Expiration` is no RFC 3339 time"),
            // Without its source and its remedy: whoever shows this says more about the place.
            Self::Refused(Error::Failed(failure)) => f.write_str(failure.message()),
            Self::Refused(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("has no `Version`"),
            Self::Supported => f.write_str("has `Version` 1"),
            Self::Number(number) => write!(f, "has `Version` {number}"),
            Self::Quoted(digits) => write!(f, "has `Version` \"{digits}\", as a text"),
            Self::Other => f.write_str("has a `Version` that is no number"),
        }
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut document = Document::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.to_ascii_lowercase().as_str() {
                "code" => document.code = shown(map.next_value()?),
                "message" => document.message = shown(map.next_value()?),
                "version" => document.version = version(map.next_value()?),
                "accesskeyid" => document.access_key_id = text(map.next_value()?),
                "secretaccesskey" => document.secret_access_key = secret(map.next_value()?),
                "token" | "sessiontoken" => document.token = secret(map.next_value()?),
                "expiration" => document.expiration = text(map.next_value()?),
                "accountid" => document.account_id = text(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(document)
    }
}

fn text(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.trim().is_empty())
}

fn version(value: serde_json::Value) -> Version {
    use serde_json::Value::{Null, Number, String};
    match value {
        Null => Version::Missing,
        Number(number) => match number.as_f64() {
            Some(1.0) => Version::Supported,
            Some(number) => Version::Number(number),
            None => Version::Other,
        },
        String(text) if text.len() <= 8 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
            Version::Quoted(text)
        }
        _ => Version::Other,
    }
}

fn shown(value: Option<String>) -> Option<String> {
    text(value).map(|text| printable(&text))
}

fn secret(value: Option<String>) -> Option<SecretString> {
    value.map(SecretString::from).filter(|secret| !secret.expose_secret().trim().is_empty())
}

/// How the ids of keys begin that belong to a session.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes>
const SESSION: &str = "ASIA";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceKind;

    const GOOD: &str = r#"{"Code":"Success","LastUpdated":"x","AccessKeyId":"ASIA1","SecretAccessKey":"CANARY-S",
        "Token":"CANARY-T","Expiration":"2026-11-23T18:00:00Z","AccountId":"123456789012"}"#;

    fn session(text: &str) -> Result<Credentials, String> {
        Document::parse(text.as_bytes())
            .and_then(|document| document.into_session(Source::new(SourceKind::InstanceMetadata)))
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn reads_the_document_whatever_the_case_of_its_names() {
        for text in
            [GOOD.to_owned(), GOOD.replace("AccessKeyId", "accessKeyId").replace("Token", "sessionToken")]
        {
            let credentials = session(&text).unwrap();
            assert_eq!(credentials.access_key_id(), "ASIA1");
            assert_eq!(credentials.account_id(), Some("123456789012"));
            assert_eq!(credentials.session_token().unwrap().expose_secret(), "CANARY-T");
            assert_eq!(
                credentials.expiry().map(|at| WallTime::from(at).to_string()).unwrap(),
                "2026-11-23T18:00:00Z"
            );
        }
    }

    #[test]
    fn long_lived_keys_that_are_vended_have_no_token() {
        let vended = |text: &str| {
            Document::parse(text.as_bytes())
                .and_then(|document| document.into_vended(Source::new(SourceKind::Container)))
                .map_err(|problem| problem.to_string())
        };
        let keys = GOOD.replace("ASIA1", "AKIA1").replace("CANARY-T", "");
        let credentials = vended(&keys).unwrap();
        assert!(credentials.session_token().is_none() && credentials.expiry().is_some());
        assert!(vended(&GOOD.replace("ASIA1", "AKIA1")).unwrap().session_token().is_some());
        assert_eq!(vended(&GOOD.replace("CANARY-T", "")).unwrap_err(), "the answer has no `Token`");
        let endless = keys.replace("Expiration", "x");
        assert_eq!(vended(&endless).unwrap_err(), "the answer has no `Token`");
        assert_eq!(vended("{}").unwrap_err(), "the answer has no `AccessKeyId`");
    }

    fn process(text: &str) -> Result<Credentials, String> {
        Document::parse(text.as_bytes())
            .and_then(|document| {
                document.into_process(Source::new(SourceKind::Process), Some("999999999999"))
            })
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_process_may_leave_out_token_expiration_and_account() {
        let all = process(&GOOD.replace("\"Code\":\"Success\"", "\"Version\":1")).unwrap();
        assert!(all.session_token().is_some() && all.expiry().is_some());
        assert_eq!(all.account_id(), Some("123456789012"));
        for rest in
            ["", r#","SessionToken":null,"Expiration":"","AccountId":" ""#, r#","expires":{"in":[1]}"#]
        {
            let few = process(&format!(r#"{{"Version":1.0,"AccessKeyId":"A","SecretAccessKey":"s"{rest}}}"#))
                .unwrap();
            assert!(few.session_token().is_none() && few.expiry().is_none());
            assert_eq!(few.account_id(), Some("999999999999"));
        }
    }

    #[test]
    fn the_version_of_a_process_is_one() {
        let found = |version: &str| {
            process(&format!(r#"{{{version}"AccessKeyId":"A","SecretAccessKey":"CANARY"}}"#)).unwrap_err()
        };
        for (version, shown) in [
            ("", "has no `Version`"),
            (r#""Version":null,"#, "has no `Version`"),
            (r#""Version":2,"#, "has `Version` 2"),
            (r#""Version":-1.5,"#, "has `Version` -1.5"),
            (r#""Version":"1","#, "has `Version` \"1\", as a text"),
            (r#""Version":"CANARY","#, "has a `Version` that is no number"),
            (r#""Version":"123456789","#, "has a `Version` that is no number"),
            (r#""Version":{"CANARY":1},"#, "has a `Version` that is no number"),
        ] {
            assert_eq!(found(version), format!("the answer {shown}, and the number 1 is supported"));
        }
        // What is missing besides is not what the reader has to mend first.
        assert!(process("{}").unwrap_err().contains("`Version`"));
        assert_eq!(process(r#"{"Version":1}"#).unwrap_err(), "the answer has no `AccessKeyId`");
        let half = process(r#"{"Version":1,"AccessKeyId":"A"}"#).unwrap_err();
        assert_eq!(half, "the answer has no `SecretAccessKey`");
    }

    #[test]
    fn names_what_is_missing_and_quotes_nothing() {
        let cases = [
            (GOOD.replace("\"AccessKeyId\"", "\"x\""), "no `AccessKeyId`"),
            (GOOD.replace("\"CANARY-S\"", "null"), "no `SecretAccessKey`"),
            (GOOD.replace("CANARY-T", ""), "no `Token`"),
            (GOOD.replace("Expiration", "Expires"), "no `Expiration`"),
            (GOOD.replace("2026-11-23T18:00:00Z", "CANARY"), "no RFC 3339"),
            (GOOD.replace("\"CANARY-S\"", "17"), "not the expected JSON (line 1"),
            (GOOD.replace("CANARY-T", "CANARY\\r\\nX: y"), "session token holds"),
            (GOOD[..GOOD.len() - 20].to_owned(), "not the expected JSON (line 2"),
            ("[1]".to_owned(), "not the expected JSON"),
            ("<html>CANARY</html>".to_owned(), "not the expected JSON (line 1, column 1)"),
            (String::new(), "not the expected JSON"),
        ];
        for (text, named) in cases {
            let error = session(&text).unwrap_err();
            assert!(error.contains(named), "{text}\n{error}");
            assert!(!error.contains("CANARY"), "{error}");
        }
    }
}
