//! The example `explain` as a process: exit codes, colour, a reader that has gone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::process::{Command, Output};

use support::example::{example, json, run, stderr};

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "CANARY")];

fn machine<'a>(variables: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let all = [("HOME", "/nonexistent"), ("AWS_EC2_METADATA_DISABLED", "true")];
    all.into_iter().chain(variables.iter().copied()).collect()
}

fn explain(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    run(Command::new(example("explain")).args(arguments), &machine(variables))
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_exit_code_says_whether_there_are_credentials() {
    let found = explain(&[], &KEYS);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(stdout(&found).starts_with("AWS credentials: found, from source environment\n"));
    let nothing = explain(&[], &[]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(
        stdout(&nothing).contains("5 instance metadata: not configured"),
        "in full: {}",
        stdout(&nothing)
    );
    let offline = explain(&["--offline"], &[("AWS_EC2_METADATA_DISABLED", "false")]);
    assert_eq!(offline.status.code(), Some(3), "{}", stdout(&offline));
    let as_json = explain(&["--json", "--profile", "dev"], &KEYS);
    assert_eq!(as_json.status.code(), Some(1));
    let as_json = json(&as_json).unwrap();
    assert_eq!(as_json["sources"][1]["verdict"], "failed");
    assert!(as_json["sources"][1]["why"].as_str().unwrap().contains("`dev`"), "{as_json}");
    for output in [found, nothing, offline] {
        assert!(!stdout(&output).contains("CANARY") && output.stderr.is_empty());
    }
    for arguments in [&["--profile"][..], &["--profile="], &["x"], &["--profile", "a", "--profile=b"]] {
        let output = explain(arguments, &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("usage: explain [--profile NAME] [--json] [--offline]"));
    }
}

#[test]
fn it_is_as_wide_as_it_is_told() {
    for (columns, width) in [("60", 60), ("x", 100)] {
        let output = stdout(&explain(&[], &[("COLUMNS", columns)]));
        assert_eq!(output.lines().map(|line| line.chars().count()).filter(|used| *used > width).count(), 0);
        assert!(output.lines().any(|line| line.chars().count() > width - 15), "{output}");
    }
}

/// On a terminal of its own, which util-linux's `script` makes.
#[cfg(target_os = "linux")]
#[test]
fn colours_are_for_terminals_only_and_not_with_no_color() {
    assert!(!stdout(&explain(&[], &KEYS)).contains('\u{1b}'));
    let program = example("explain");
    let on_a_terminal = |variables: &[(&str, &str)]| {
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", program.to_str().unwrap(), "/dev/null"]);
        let all: Vec<_> = KEYS.iter().chain(variables).copied().collect();
        stdout(&run(&mut command, &machine(&all)))
    };
    let coloured = on_a_terminal(&[]);
    assert!(coloured.contains("\u{1b}[32m1 environment: used\u{1b}[0m"), "{coloured:?}");
    let plain = on_a_terminal(&[("NO_COLOR", "1")]);
    assert!(plain.contains("1 environment: used") && !plain.contains('\u{1b}'), "{plain:?}");
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_gone_is_no_panic() {
    let mut command = Command::new("sh");
    // The reader ends before anything is written.
    command.args(["-c", "(sleep 0.2; \"$0\"; echo \"code $?\" >&2) | true"]).arg(example("explain"));
    let output = run(&mut command, &machine(&KEYS));
    assert_eq!(stderr(&output), "code 0\n");
}
