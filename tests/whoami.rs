//! The example that tells a person who they are.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::process::{Command, Output, Stdio};

use aws_credential_chain::testing::{Clock, LocalAws};
use support::example::{example, stderr};

/// As a person with keys in the environment, with this for its standard output.
fn whoami(aws: &LocalAws, stdout: Stdio) -> Output {
    let (id, secret) = aws.sts().user("111111111111", "alice");
    let mut command = Command::new(example("whoami"));
    command.env_clear().envs([("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret)]);
    command.env("AWS_ENDPOINT_URL_STS", aws.endpoint()).env("HOME", "/nonexistent");
    command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
}

fn local_aws() -> (tokio::runtime::Runtime, LocalAws) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let aws = runtime.block_on(LocalAws::builder().clock(Clock::starting_now()).start()).unwrap();
    (runtime, aws)
}

#[test]
fn it_tells_source_and_identity() {
    let (_runtime, aws) = local_aws();
    let output = whoami(&aws, Stdio::piped());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", stderr(&output));
    for part in ["source      environment", "expires     never", "arn:aws:iam::111111111111:user/alice"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_panic() {
    let (_runtime, aws) = local_aws();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = whoami(&aws, writer.into());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("whoami: Broken pipe"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
}

#[test]
#[cfg(unix)]
fn an_argument_that_is_not_utf_8_is_no_panic() {
    use std::os::unix::ffi::OsStrExt;
    let mut command = Command::new(example("whoami"));
    command.env_clear().arg("--profile").arg(std::ffi::OsStr::from_bytes(b"\xff"));
    let output = command.env("HOME", "/nonexistent").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("profile"), "{}", stderr(&output));
}
