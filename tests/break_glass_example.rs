//! The example `break_glass` as a process: what it shows, and at a terminal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use support::example::{example, run, stderr};

#[test]
fn it_plays_a_refusal_two_approvals_and_the_end() {
    let output = run(&mut Command::new(example("break_glass")), &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    for part in [
        "no approval of the gate of arn:aws:iam::222222222222:role/admin: carol says no: not on a Friday; `renew()`",
        "asked: 2, sessions issued: 0",
        "bob cannot be both of the two who have to approve",
        "tag approved-by = bob carol",
        "tag reason = INC-4711: the ledger is stuck",
        r#""reason":"INC-4711: the ledger is stuck""#,
        "1000 reads, 1000 recorded, asked: 0",
        "new ones need the approval of the gate",
        "asked: 0, in hand: None",
        "could not be announced and is dropped: the sink: POST to http://127.0.0.1:",
        "answered 503 (attempt 3)",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn at_the_terminal_it_asks_two() {
    let mut command = Command::new(example("break_glass"));
    command.arg("--ask").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut typed = child.stdin.take().unwrap();
    // A no, two of one, and the third time nobody is there any more: the example has no session to go on with.
    typed.write_all(b"ann\n\nann\nfix it\nann\nfix it\n").unwrap();
    drop(typed);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in ["ann says no", "ann cannot be both"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}
