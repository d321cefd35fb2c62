//! A device that gives a second factor, and who knows its codes.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::{MfaCallback, MfaPrompt, OWN_SESSION};
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind, printable};
use crate::host::{Host, runtime};
use crate::providers::person::{self, NoAnswer};
use crate::role::{Flaw, MFA_SERIAL, RoleArn};
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

impl Codes {
    /// In words, after "given by".
    pub(crate) fn who(&self) -> String {
        match self {
            Self::Person(_) => "a person, who is asked".to_owned(),
            Self::Process { origin, .. } => format!("`mfa_process` ({origin})"),
            Self::Nobody => "nobody".to_owned(),
        }
    }
}

/// What a code is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeFor<'a> {
    /// The provider's name, with which errors begin.
    pub(crate) provider: &'static str,
    /// `None`: a session of the user with the device.
    pub(crate) role: Option<&'a RoleArn>,
}

impl MfaDevice {
    /// The device with this serial number, whose codes `code` asks a person for.
    pub(crate) fn with_person<F, Fut, C>(serial_number: impl Into<String>, code: F) -> Self
    where
        F: Fn(MfaPrompt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
        C: Into<SecretString>,
    {
        let codes = Codes::Person(MfaCallback::new(code));
        Self { serial_number: serial_number.into(), place: None, codes }
    }

    /// Whether a code can be had at all, and whether somebody may be asked for it now.
    pub(crate) fn can_answer(&self, wanted: CodeFor<'_>) -> Result<(), Error> {
        MFA_SERIAL
            .check(
                format_args!("{}the serial number of the MFA device", self.of_profile()),
                &self.serial_number,
            )
            .map_err(|Flaw { what, remedy }| wanted.failure(FailureKind::Misconfigured, what, remedy))?;
        match &self.codes {
            Codes::Nobody => Err(self.nobody_knows(wanted)),
            Codes::Person(_) => person::unbidden(wanted.provider, || format!("{wanted} needs {self}")),
            Codes::Process { .. } => Ok(()),
        }
    }

    /// A code. A person has [`PERSON_LIMIT`](super::PERSON_LIMIT) for it.
    pub(crate) async fn code(&self, host: &Host, wanted: CodeFor<'_>) -> Result<Mfa, Error> {
        match &self.codes {
            Codes::Person(callback) => self.asked(callback, wanted).await,
            Codes::Process { command, origin } => self.printed(host, command, origin, wanted).await,
            Codes::Nobody => Err(self.nobody_knows(wanted)),
        }
    }

    /// What came of a code: a session that is not renewed unbidden, or a failure after which nobody is asked again before
    /// somebody wants it. Where no person is asked, just what it is.
    pub(crate) fn used<X>(
        &self,
        outcome: Result<(Credentials, X), Error>,
    ) -> Result<(Credentials, X), Error> {
        if !self.asks_a_person() {
            return outcome;
        }
        match outcome {
            Ok((credentials, told)) => Ok((credentials.asking_for(self.to_string()), told)),
            Err(error) => Err(error.asked_in_vain(ASK_AGAIN)),
        }
    }

    pub(crate) fn asks_a_person(&self) -> bool {
        matches!(self.codes, Codes::Person(_))
    }

    async fn asked(&self, callback: &MfaCallback, wanted: CodeFor<'_>) -> Result<Mfa, Error> {
        let prompt = MfaPrompt {
            serial_number: self.serial_number.clone(),
            role_arn: wanted.role.map(ToString::to_string),
            profile: self.place.as_ref().map(|(profile, _)| profile.clone()),
        };
        let shown = prompt.to_string();
        let code = person::answer(|| callback.code(prompt)).await.map_err(|none| match none {
            NoAnswer::NoRuntime => {
                let what = format!("nobody was asked for the {shown}: there is no tokio runtime with timers");
                wanted.failure(FailureKind::NoRuntime, what, runtime::REMEDY)
            }
            NoAnswer::InVain(why) => wanted.withheld(&shown, &why, ASK_AGAIN),
        })?;
        self.read(code.expose_secret())
            .map_err(|flaw| wanted.withheld(&shown, &flaw.what, &format!("{}; {ASK_AGAIN}", flaw.remedy)))
    }

    #[cfg(feature = "process")]
    async fn printed(
        &self,
        host: &Host,
        command: &SecretString,
        origin: &str,
        wanted: CodeFor<'_>,
    ) -> Result<Mfa, Error> {
        use crate::config::Invocation;
        use crate::providers::process::{Program, TIME_LIMIT};

        let place = format!("`mfa_process` ({origin})");
        let invocation = Invocation::of(command.expose_secret()).map_err(|error| {
            let what = format!("the command of {place} {error}");
            wanted.failure(
                FailureKind::Misconfigured,
                what,
                "write it as in a shell, with quotes around what has blanks",
            )
        })?;
        let program = Program::new(wanted.provider, invocation, Some(place));
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
    async fn printed(
        &self,
        _host: &Host,
        _command: &SecretString,
        origin: &str,
        wanted: CodeFor<'_>,
    ) -> Result<Mfa, Error> {
        let what = format!(
            "`mfa_process` ({origin}) is not part of this build: the cargo feature `process` of \
             aws-credential-chain is off"
        );
        Err(wanted.failure(FailureKind::Misconfigured, what, "turn the feature on, or remove the key"))
    }

    fn read(&self, code: &str) -> Result<Mfa, Flaw> {
        Mfa::new(&self.serial_number, code.trim().into())
    }

    fn nobody_knows(&self, wanted: CodeFor<'_>) -> Error {
        let of_profile = self.of_profile();
        let what = format!(
            "{of_profile}`mfa_serial` asks for a code of {} for {wanted}, and nothing gives one",
            self.serial_number
        );
        let remedy =
            "set a callback by `DefaultChain::mfa` or `ProfileFile::mfa`, or `mfa_process` in the profile";
        wanted.failure(FailureKind::Misconfigured, what, remedy)
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

impl CodeFor<'_> {
    fn withheld(self, shown: &str, why: &str, remedy: &str) -> Error {
        self.failure(FailureKind::Withheld, format!("no {shown}: {why}"), remedy.to_owned())
    }

    fn failure(
        self,
        kind: FailureKind,
        what: String,
        remedy: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Error {
        Failure::new(kind, self.provider, what).with_remedy(remedy).into()
    }
}

impl fmt::Display for CodeFor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Some(role) => role.fmt(f),
            None => f.write_str(OWN_SESSION),
        }
    }
}

const ASK_AGAIN: &str = "`renew()` asks for another code";
