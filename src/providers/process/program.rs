//! A program of the user's, run for what it prints; and what an error says where that went wrong.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::mask::mask;
use crate::config::Invocation;
use crate::error::{Error, Failure, FailureKind, printable, printable_up_to};
use crate::host::exec::{self, Ended, ExecError, Output, STDOUT_MAX, Stderr};
use crate::host::{Host, last_asked, runtime};

/// What to start, and how errors speak of it. No `Debug`: arguments may be secrets.
pub(crate) struct Program {
    source: &'static str,
    name: String,
    words: Vec<String>,
    is_script: bool,
    place: Option<String>,
}

impl Program {
    /// `source`: who asks, as errors name it; `place`: where the command stands.
    pub(crate) fn new(source: &'static str, invocation: Invocation, place: Option<String>) -> Self {
        let name = printable(invocation.program());
        let is_script = matches!(invocation, Invocation::Shell(_));
        Self { source, name, words: invocation.into_words(), is_script, place }
    }

    /// Runs it, and answers with all that it printed, if it ended with code 0.
    pub(crate) async fn stdout(&self, host: &Host, limit: Duration) -> Result<Output, Error> {
        last_asked::note(|| format!("the program `{}`", self.name));
        let finished = exec::run(&self.words, &host.env, limit).await;
        let finished = finished.map_err(|error| self.not_run(error, limit))?;
        match finished.ended {
            Ended::Code(0) => Ok(finished.stdout),
            ended => Err(self.ended_badly(ended, &finished.stderr)),
        }
    }

    /// Without its arguments.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn failure(&self, kind: FailureKind, what: &str) -> Failure {
        let of = self.place.as_ref().map(|place| format!(" of {place}")).unwrap_or_default();
        Failure::new(kind, self.source, format!("`{}`{of} {what}", self.name))
    }

    fn ended_badly(&self, ended: Ended, stderr: &Stderr) -> Error {
        let (kind, remedy) = match ended {
            Ended::Code(127) if self.is_script => {
                (FailureKind::Misconfigured, "a program in it was not found: write its full path")
            }
            Ended::Code(126) if self.is_script => {
                (FailureKind::Misconfigured, "a program in it cannot be executed: check its permissions")
            }
            Ended::Code(_) => (FailureKind::Unavailable, "run the command by hand to see what it needs"),
            Ended::Signal(_) => {
                (FailureKind::Unavailable, "look at who stopped it: out of memory, a crash, a person")
            }
        };
        self.failure(kind, &format!("{ended}{}", said(stderr))).with_remedy(remedy).into()
    }

    fn not_run(&self, error: ExecError, limit: Duration) -> Error {
        let (kind, what, remedy) = match error {
            ExecError::NotFound if self.is_script => (
                FailureKind::Misconfigured,
                "was not found".to_owned(),
                "write the command without what only a shell can do: variables, `~`, pipes",
            ),
            ExecError::NotFound if self.name.contains(['/', '\\']) => (
                FailureKind::Misconfigured,
                "was not found".to_owned(),
                "check its path, and the interpreter that its first line names",
            ),
            ExecError::NotFound => (
                FailureKind::Misconfigured,
                "was not found in the directories of PATH".to_owned(),
                "install it, or write its full path",
            ),
            ExecError::NotAllowed => (
                FailureKind::Misconfigured,
                "may not be executed".to_owned(),
                "check its permissions (`chmod +x`), and those of the directories above",
            ),
            ExecError::TooDeep(depth) => (
                FailureKind::Misconfigured,
                format!("was not started: {depth} programs start each other already"),
                "let it use another profile than the one that it is the program of",
            ),
            ExecError::NotStarted(why) => (
                FailureKind::Unavailable,
                format!("could not be started: {why}"),
                "run the command by hand to see what it needs",
            ),
            ExecError::TimedOut(stderr) => (
                FailureKind::TimedOut,
                format!("did not end within {} s and was killed{}", limit.as_secs_f32(), said(&stderr)),
                "let it end sooner; it has no terminal, so it must not ask a person there",
            ),
            ExecError::StdoutTooLarge => (
                FailureKind::Malformed,
                format!("printed more than {} KiB and was killed", STDOUT_MAX / 1024),
                "let it print what is asked of it, and nothing else",
            ),
            ExecError::Lost(kind) => (
                FailureKind::Interrupted,
                format!("was lost sight of: {kind}"),
                "it is started again at the next refresh",
            ),
            ExecError::NoRuntime => (
                FailureKind::NoRuntime,
                "was not started: there is no tokio runtime with timers and IO".to_owned(),
                runtime::REMEDY,
            ),
        };
        self.failure(kind, &what).with_remedy(remedy).into()
    }
}

/// The end of its stderr, fit for an error.
fn said(stderr: &Stderr) -> String {
    let text = String::from_utf8_lossy(stderr.end.expose_secret());
    // The name of a secret may lie in front of the cut.
    let whole_lines = if stderr.is_cut { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    let masked = mask(whole_lines);
    let masked = masked.trim();
    let skipped = masked.chars().count().saturating_sub(SHOWN);
    let shown: String = masked.chars().skip(skipped).collect();
    match (shown.is_empty(), skipped > 0 || stderr.is_cut) {
        (true, false) => " and wrote nothing on stderr".to_owned(),
        (true, true) => " and wrote one long line on stderr".to_owned(),
        (false, cut) => {
            format!("; it wrote on stderr: {}{}", if cut { "…" } else { "" }, printable_up_to(SHOWN, &shown))
        }
    }
}

const SHOWN: usize = 1024;
