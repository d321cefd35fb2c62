//! Credentials from a program: `credential_process`.
//!
//! ```ini
//! # ~/.aws/config
//! [profile dev]
//! credential_process = "/opt/our tools/credentials" --role dev
//! aws_account_id = 123456789012        # where the program names no account
//! ```
//!
//! The program exits with 0 and prints one JSON object:
//!
//! ```json
//! { "Version": 1, "AccessKeyId": "ASIA…", "SecretAccessKey": "…", "SessionToken": "…",
//!   "Expiration": "2026-11-23T18:00:00Z", "AccountId": "123456789012" }
//! ```
//!
//! | key | |
//! |---|---|
//! | `Version` | the number 1 |
//! | `AccessKeyId`, `SecretAccessKey` | have to be there |
//! | `SessionToken`, `AccountId` | where they are known |
//! | `Expiration` | RFC 3339; without it a cache keeps the credentials until they are invalidated |
//!
//! # How it is started
//!
//! The command line is split as a shell splits it: blanks between words, quotes around words with blanks in them. What
//! only a shell can do (`$HOME`, `~/`, pipes) makes it a script for `/bin/sh -c`. On Windows it is split by the rules of
//! C programs there (untested), and no shell is used.
//!
//! It inherits environment and directory, gets an empty stdin and no terminal, and has 45 s. Then it is killed, with
//! all that it started, and so it is when nobody waits for it any more. More than 64 KiB on stdout are refused. A flow in
//! which a person has to type or click within that time may work where it opens a window of its own, and not on the
//! terminal. Programs that start each other, four of them, start no fifth: that is a profile that names itself.
//!
//! What goes wrong is a failure: the error names the program without its arguments, and shows the end of its stderr
//! with all masked that looks like a secret. Stdout is never shown. Credentials that have expired already are refused.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>

mod explained;
mod mask;
mod program;

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

pub(crate) use self::program::Program;
use crate::config::Invocation;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind, printable};
use crate::explain::Examined;
use crate::host::Host;
use crate::provider::CredentialsProvider;
use crate::source::{Source, SourceKind};
use crate::wall_time::WallTime;
use crate::wire::metadata_json::Document;

/// A program that prints credentials.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, providers::Process};
///
/// let cache = CredentialsCache::new(Process::new("'/opt/our tools/credentials' --role dev"));
///
/// // Without quoting, word by word:
/// let cache = CredentialsCache::new(Process::argv(["/opt/our tools/credentials", "--role", "dev"]));
/// ```
#[must_use]
pub struct Process {
    host: Host,
    command: Command,
    profile: Option<Place>,
    account_id: Option<String>,
    limit: Duration,
}

/// What to start. Arguments may be secrets.
enum Command {
    Line(SecretString),
    Words(Vec<SecretString>),
}

/// The profile with the command, and where it stands there.
struct Place {
    profile: String,
    origin: String,
}

impl Process {
    /// A command line as it stands in `credential_process`.
    pub fn new(command: impl Into<String>) -> Self {
        Self::of(Host::default(), Command::Line(command.into().into()))
    }

    /// A program and its arguments: no quotes, no shell.
    pub fn argv<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        let words = words.into_iter().map(|word| SecretString::from(word.into())).collect();
        Self::of(Host::default(), Command::Words(words))
    }

    /// The account of the credentials, where the program does not name one.
    pub fn account_id(mut self, account_id: impl Into<String>) -> Self {
        self.account_id = Some(account_id.into());
        self
    }

    /// How long the program may take: 45 s unless set, and at most.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit.min(TIME_LIMIT);
        self
    }

    /// In a machine made for a test: with its variables and its clock. Programs are those of the real one and take real
    /// time, so tokio's clock must not be paused: it would jump to the time limit at once.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.host = world.host();
        self
    }

    /// That of a profile.
    #[cfg(feature = "profile")]
    pub(crate) fn of_profile(
        host: &Host,
        profile: &str,
        command: &crate::config::Value,
        account_id: Option<&crate::config::Value>,
    ) -> Self {
        Self {
            profile: Some(Place { profile: profile.to_owned(), origin: command.origin().to_string() }),
            account_id: account_id.map(|id| id.text().trim().to_owned()),
            ..Self::of(host.clone(), Command::Line(command.text().into()))
        }
    }

    fn of(host: Host, command: Command) -> Self {
        Self { host, command, profile: None, account_id: None, limit: TIME_LIMIT }
    }

    fn program(&self) -> Result<Program, Error> {
        let invocation = match &self.command {
            Command::Line(line) => Invocation::of(line.expose_secret()),
            Command::Words(words) => {
                Invocation::direct(words.iter().map(|word| word.expose_secret().into()).collect())
            }
        };
        match invocation {
            Ok(invocation) => {
                Ok(Program::new(NAME, invocation, self.profile.as_ref().map(ToString::to_string)))
            }
            Err(error) => {
                let of = self.profile.as_ref().map(|place| format!(" of {place}")).unwrap_or_default();
                Err(Failure::new(FailureKind::Misconfigured, NAME, format!("the command{of} {error}"))
                    .with_remedy("write it as in a shell, with quotes around what has blanks in it")
                    .into())
            }
        }
    }

    fn credentials(&self, program: &Program, stdout: &[u8]) -> Result<Credentials, Error> {
        let detail = self.profile.as_ref().map_or(program.name(), |place| &place.profile);
        let source = Source::new(SourceKind::Process).with_detail(printable(detail));
        let read = Document::parse(stdout)
            .and_then(|document| document.into_process(source, self.account_id.as_deref()));
        let credentials = read.map_err(|problem| {
            program.failure(FailureKind::Malformed, &format!("ended well, and {problem}")).with_remedy(
                "let it print one JSON object in the format of `credential_process`, and nothing else",
            )
        })?;
        match credentials.expiry().map(WallTime::from) {
            Some(expiry) if expiry <= self.host.clock.now() => Err(program
                .failure(FailureKind::Expired, &format!("gave credentials that expired at {expiry}"))
                .with_remedy("let it give fresh ones; the clock of this machine may be wrong too")
                .into()),
            _ => Ok(credentials),
        }
    }
}

impl CredentialsProvider for Process {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let program = self.program()?;
        let stdout = program.stdout(&self.host, self.limit).await?;
        self.credentials(&program, stdout.expose_secret())
    }

    /// A little more than the program has: our error says which program it was.
    fn time_limit(&self) -> Duration {
        self.limit.saturating_add(Duration::from_secs(2))
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::Process
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        std::future::ready(explained::examine(self))
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("program", &self.program().ok().as_ref().map(Program::name))
            .field("account_id", &self.account_id)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile `{}` ({})", printable(&self.profile), self.origin)
    }
}

const NAME: &str = SourceKind::Process.name();
/// The whole chain answers or fails within 50 s.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(45);
