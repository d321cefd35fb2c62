//! The device of a role that asks for a second factor, and who knows its codes.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::{MfaCallback, MfaPrompt, PERSON_LIMIT};
use crate::cache::AskedBy;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind, Person, printable};
use crate::host::{Host, runtime};
use crate::role::{Flaw, MFA_SERIAL};
use crate::source::SourceKind;
use crate::wire::sts::Mfa;

/// A device, as code or a profile names it.
#[derive(Clone, Debug)]
pub(crate) struct MfaDevice {
    pub(crate) serial_number: String,
    /// The profile with the role, and where its `mfa_serial` stands.
    pub(crate) place: Option<(String, String)>,
    pub(crate) codes: Codes,
}

/// Who knows the codes.
#[derive(Clone)]
pub(crate) enum Codes {
    Person(MfaCallback),
    /// The command line of `mfa_process`, and where it stands.
    #[cfg_attr(not(feature = "profile"), expect(dead_code, reason = "a profile names it"))]
    Process {
        command: SecretString,
        origin: String,
    },
    #[cfg_attr(not(feature = "profile"), expect(dead_code, reason = "a profile may leave it open"))]
    Nobody,
}

impl MfaDevice {
    /// Whether a code can be had at all, and whether somebody may be asked for it now.
    pub(crate) fn can_answer(&self, role_arn: &str) -> Result<(), Error> {
        MFA_SERIAL
            .check(
                format_args!("{}the serial number of the MFA device", self.of_profile()),
                &self.serial_number,
            )
            .map_err(|Flaw { what, remedy }| failure(FailureKind::Misconfigured, what, remedy))?;
        match &self.codes {
            Codes::Nobody => Err(self.nobody_knows(role_arn)),
            Codes::Person(_) if AskedBy::this_flight() == Some(AskedBy::Nobody) => {
                let what = format!("{role_arn} needs {self}, for which nobody is asked unbidden");
                Err(failure(FailureKind::Withheld, what, "call `renew()` where somebody can give it")
                    .with_person(Person::Unasked))
            }
            Codes::Person(_) | Codes::Process { .. } => Ok(()),
        }
    }

    /// A code for this role. A person has [`PERSON_LIMIT`] for it.
    pub(crate) async fn code(&self, host: &Host, role_arn: &str) -> Result<Mfa, Error> {
        match &self.codes {
            Codes::Person(callback) => self.asked(callback, role_arn).await,
            Codes::Process { command, origin } => self.printed(host, command, origin).await,
            Codes::Nobody => Err(self.nobody_knows(role_arn)),
        }
    }

    /// What came of a code: a session that is not renewed unbidden, or a failure after which nobody is asked again before
    /// somebody wants it. Where no person is asked, just what it is.
    pub(crate) fn used(&self, outcome: Result<Credentials, Error>) -> Result<Credentials, Error> {
        if !self.asks_a_person() {
            return outcome;
        }
        match outcome {
            Ok(credentials) => Ok(credentials.asking_for(self.to_string())),
            Err(Error::Failed(failure)) => {
                let remedy = match failure.remedy() {
                    Some(remedy) => format!("{remedy}; {ASK_AGAIN}"),
                    None => ASK_AGAIN.to_owned(),
                };
                Err(failure.with_remedy(remedy).with_person(Person::Asked).into())
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn asks_a_person(&self) -> bool {
        matches!(self.codes, Codes::Person(_))
    }

    async fn asked(&self, callback: &MfaCallback, role_arn: &str) -> Result<Mfa, Error> {
        let prompt = MfaPrompt {
            serial_number: self.serial_number.clone(),
            role_arn: role_arn.to_owned(),
            profile: self.place.as_ref().map(|(profile, _)| profile.clone()),
        };
        let wanted = prompt.to_string();
        if !runtime::is_there() {
            let what = format!("nobody was asked for the {wanted}: there is no tokio runtime with timers");
            return Err(failure(FailureKind::NoRuntime, what, runtime::REMEDY));
        }
        let code = match tokio::time::timeout(PERSON_LIMIT, callback.code(prompt)).await {
            Ok(answer) => answer.map_err(|error| printable(&error.to_string())),
            Err(_) => Err(format!("none within {} s", PERSON_LIMIT.as_secs())),
        };
        let code = code.map_err(|why| withheld(&wanted, &why, ASK_AGAIN))?;
        self.read(code.expose_secret())
            .map_err(|flaw| withheld(&wanted, &flaw.what, &format!("{}; {ASK_AGAIN}", flaw.remedy)))
    }

    #[cfg(feature = "process")]
    async fn printed(&self, host: &Host, command: &SecretString, origin: &str) -> Result<Mfa, Error> {
        use crate::config::Invocation;
        use crate::providers::process::{Program, TIME_LIMIT};

        let place = format!("`mfa_process` ({origin})");
        let invocation = Invocation::of(command.expose_secret()).map_err(|error| {
            let what = format!("the command of {place} {error}");
            failure(
                FailureKind::Misconfigured,
                what,
                "write it as in a shell, with quotes around what has blanks",
            )
        })?;
        let program = Program::new(NAME, invocation, Some(place));
        let stdout = program.stdout(host, TIME_LIMIT).await?;
        self.read(&String::from_utf8_lossy(stdout.expose_secret())).map_err(|flaw| {
            program
                .failure(FailureKind::Malformed, &format!("ended well, and {}", flaw.what))
                .with_remedy("let it print the six digits, and nothing else")
                .into()
        })
    }

    #[cfg(not(feature = "process"))]
    #[allow(clippy::unused_async, reason = "its twin waits")]
    async fn printed(&self, _host: &Host, _command: &SecretString, origin: &str) -> Result<Mfa, Error> {
        let what = format!(
            "`mfa_process` ({origin}) is not part of this build: the cargo feature `process` of \
             aws-credential-chain is off"
        );
        Err(failure(FailureKind::Misconfigured, what, "turn the feature on, or remove the key"))
    }

    fn read(&self, code: &str) -> Result<Mfa, Flaw> {
        Mfa::new(&self.serial_number, code.trim().into())
    }

    fn nobody_knows(&self, role_arn: &str) -> Error {
        let of_profile = self.of_profile();
        let what = format!(
            "{of_profile}`mfa_serial` asks for a code of {} to assume {role_arn}, and nothing gives one",
            self.serial_number
        );
        let remedy =
            "set a callback by `DefaultChain::mfa` or `ProfileFile::mfa`, or `mfa_process` in the profile";
        failure(FailureKind::Misconfigured, what, remedy)
    }

    fn of_profile(&self) -> String {
        self.place
            .as_ref()
            .map(|(profile, origin)| format!("profile `{}` ({origin}): ", printable(profile)))
            .unwrap_or_default()
    }
}

/// `a code of arn:aws:iam::123456789012:mfa/alice (profile prod)`
impl fmt::Display for MfaDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a code of the MFA device {}", self.serial_number)?;
        self.place.as_ref().map_or(Ok(()), |(profile, _)| write!(f, " (profile `{}`)", printable(profile)))
    }
}

/// The command line may hold secrets.
impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(_) => f.write_str("Person"),
            Self::Process { origin, .. } => {
                f.debug_struct("Process").field("origin", origin).finish_non_exhaustive()
            }
            Self::Nobody => f.write_str("Nobody"),
        }
    }
}

fn withheld(wanted: &str, why: &str, remedy: &str) -> Error {
    failure(FailureKind::Withheld, format!("no {wanted}: {why}"), remedy.to_owned())
}

fn failure(kind: FailureKind, what: String, remedy: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Failure::new(kind, NAME, what).with_remedy(remedy).into()
}

const NAME: &str = SourceKind::AssumeRole.name();
const ASK_AGAIN: &str = "`renew()` asks for another code";
