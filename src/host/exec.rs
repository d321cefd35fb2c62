//! Programs, started: the only place that does.
//!
//! | | |
//! |---|---|
//! | stdin | closed |
//! | stdout | kept up to [`STDOUT_MAX`]; more is an error |
//! | stderr | its end is kept, [`STDERR_KEPT`] or a little more |
//! | environment, directory | those of this process |
//! | process group | its own, on Unix: with it, what the program started is found again |
//!
//! When the time is up, when stdout is too large, and when the future is dropped, the whole group is killed, at once
//! and for good: a program that is given up has nothing to tidy up that a crash would not leave behind too. What made
//! itself a group of its own stays. Once the program itself has ended, nobody is killed, and nobody is waited for who
//! still holds its pipes.
//!
//! Programs that use this crate may start programs, which use it. How deep that is, a variable tells them:
//! [`DEPTH_MAX`] is the end of it, or a profile whose program asks for that same profile would fill the machine, out of
//! reach of everybody's limit.
//!
//! On Windows only the program itself is killed; that is untested.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::task::Poll;
use std::time::Duration;

use secrecy::{ExposeSecretMut, SecretBox};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::host::{Env, runtime};

/// What a program wrote. It may be secret all of it.
pub(crate) type Output = SecretBox<Vec<u8>>;

/// A program that ended by itself.
pub(crate) struct Finished {
    pub(crate) ended: Ended,
    pub(crate) stdout: Output,
    pub(crate) stderr: Stderr,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Code(i32),
    Signal(i32),
}

/// The end of what it wrote there.
pub(crate) struct Stderr {
    pub(crate) end: Output,
    /// Whether there was more in front.
    pub(crate) is_cut: bool,
}

/// Why a program did not end by itself, or did not even begin.
pub(crate) enum ExecError {
    NotFound,
    NotAllowed,
    /// Programs start each other, this many of them so far.
    TooDeep(u32),
    NotStarted(String),
    TimedOut(Stderr),
    StdoutTooLarge,
    /// Its pipes cannot be read, or it cannot be waited for.
    Lost(io::ErrorKind),
    NoRuntime,
}

/// Starts a program (the first word, with the others as its arguments) and waits for its end, up to `limit`.
pub(crate) async fn run(words: &[String], env: &Env, limit: Duration) -> Result<Finished, ExecError> {
    check_runtime()?;
    // Who sets it to something else has made it a first one.
    let depth = env.get(DEPTH).and_then(|depth| depth.parse().ok()).unwrap_or(0_u32);
    if depth >= DEPTH_MAX {
        return Err(ExecError::TooDeep(depth));
    }
    let mut command = command(words, env);
    command.env(DEPTH, (depth + 1).to_string());
    let mut running = Running(command.spawn().map_err(|error| ExecError::not_started(&error))?);
    let mut heard = Heard::new();
    match tokio::time::timeout(limit, listen(&mut running.0, &mut heard)).await {
        Ok(ended) => Ok(Finished { ended: ended?, stdout: heard.stdout, stderr: heard.stderr }),
        Err(_) => Err(ExecError::TimedOut(heard.stderr)),
    }
}

fn command(words: &[String], env: &Env) -> Command {
    let (program, arguments) = words.split_first().map_or(("", words), |(first, rest)| (first, rest));
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    env.hand_down(&mut command);
    command
}

/// A child that is killed when it is let go before its end.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The number is there until the child was waited for; so long no other group can get it.
        #[cfg(unix)]
        if let Some(leader) = self.0.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?)) {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

/// What was read so far: a time limit does not lose it.
struct Heard {
    stdout: Output,
    stderr: Stderr,
}

impl Heard {
    /// As large as they ever get: growing would leave copies of a secret behind.
    fn new() -> Self {
        let with_room = |size| SecretBox::new(Box::new(Vec::with_capacity(size)));
        Self {
            stdout: with_room(STDOUT_MAX + 1),
            stderr: Stderr { end: with_room(2 * STDERR_KEPT), is_cut: false },
        }
    }
}

async fn listen(child: &mut Child, heard: &mut Heard) -> Result<Ended, ExecError> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut stdout = pin!(keep_all(stdout, &mut heard.stdout));
    let mut stderr = pin!(keep_end(stderr, &mut heard.stderr));
    let mut end = pin!(child.wait());
    let (mut stdout_is_read, mut stderr_is_read, mut ended) = (false, false, None);
    let mut patience = None;
    poll_fn(|context| {
        if !stdout_is_read && let Poll::Ready(read) = stdout.as_mut().poll(context) {
            read?;
            stdout_is_read = true;
        }
        if !stderr_is_read && let Poll::Ready(read) = stderr.as_mut().poll(context) {
            read?;
            stderr_is_read = true;
        }
        if ended.is_none()
            && let Poll::Ready(status) = end.as_mut().poll(context)
        {
            ended = Some(Ended::of(status.map_err(|error| ExecError::Lost(error.kind()))?));
            patience = Some(Box::pin(tokio::time::sleep(PIPES_AFTER_END)));
            // The pipes are looked at once more: all that it wrote is in there.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let is_patient = patience.as_mut().is_none_or(|sleep| sleep.as_mut().poll(context).is_pending());
        match ended {
            Some(ended) if stdout_is_read && stderr_is_read || !is_patient => Poll::Ready(Ok(ended)),
            _ => Poll::Pending,
        }
    })
    .await
}

async fn keep_all(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Output) -> Result<(), ExecError> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let kept = kept.expose_secret_mut();
    while read(&mut pipe, kept).await? {
        if kept.len() > STDOUT_MAX {
            return Err(ExecError::StdoutTooLarge);
        }
    }
    Ok(())
}

async fn keep_end(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Stderr) -> Result<(), ExecError> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let end = kept.end.expose_secret_mut();
    while read(&mut pipe, end).await? {
        if end.len() == end.capacity() {
            end.drain(..end.len() - STDERR_KEPT);
            kept.is_cut = true;
        }
    }
    Ok(())
}

/// Whether there was something before the end. Fills up the room that there is, and makes none.
async fn read(pipe: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> Result<bool, ExecError> {
    match pipe.read_buf(into).await {
        Ok(count) => Ok(count > 0),
        Err(error) => Err(ExecError::Lost(error.kind())),
    }
}

/// Asked before anything is started: tokio would panic, and leave the program behind.
fn check_runtime() -> Result<(), ExecError> {
    // Tokio has no question for IO, only a panic.
    #[cfg(unix)]
    let has_io = || std::panic::catch_unwind(|| drop(tokio::net::UnixDatagram::unbound())).is_ok();
    #[cfg(not(unix))]
    let has_io = || true;
    if runtime::is_there() && has_io() { Ok(()) } else { Err(ExecError::NoRuntime) }
}

impl Ended {
    fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signal(signal);
        }
        Self::Code(status.code().unwrap_or_default())
    }
}

impl ExecError {
    fn not_started(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::PermissionDenied => Self::NotAllowed,
            _ => Self::NotStarted(crate::error::printable(&error.to_string())),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited with code {code}"),
            Self::Signal(signal) => write!(f, "was killed by signal {signal}"),
        }
    }
}

const DEPTH: &str = "_AWS_CREDENTIAL_CHAIN_DEPTH";
/// As many as the AWS CLI allows, `aws configure export-credentials`.
const DEPTH_MAX: u32 = 4;
/// Credentials take less than 4 KiB.
pub(crate) const STDOUT_MAX: usize = 64 * 1024;
/// More than any message: what is in front of a cut is not known to be harmless, so the cut lies far from what is shown.
pub(crate) const STDERR_KEPT: usize = 8 * 1024;
/// What the program wrote is in its pipes when it ends; this is for reading it. Only somebody else who holds them open
/// makes it pass.
const PIPES_AFTER_END: Duration = Duration::from_millis(100);
