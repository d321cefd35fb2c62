//! The example that newcomers run first. `.ci/run` runs it to its end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::process::Command;

use support::example::{example, run, stderr};

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_panic() {
    let mut command = Command::new("sh");
    command.args(["-c", "\"$0\" | :"]).arg(example("quickstart"));
    let output = run(&mut command, &[]);
    assert!(
        stderr(&output).contains("Broken pipe") && !stderr(&output).contains("panicked"),
        "{}",
        stderr(&output)
    );
}
