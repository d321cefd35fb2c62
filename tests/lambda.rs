//! The example for AWS Lambda, without Lambda. In the member `interop` it runs under a runtime API.
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

/// One invocation as the example shows it.
#[derive(Debug, PartialEq)]
struct Shown<'a> {
    name: &'a str,
    key: &'a str,
    asked: &'a str,
}

fn shown(line: &str) -> Option<Shown<'_>> {
    let (before, after) = line.split_once(" ms  ")?;
    let name = before.trim().rsplit_once(' ')?.0.trim();
    let key = after.split(' ').next()?;
    let asked = after.rsplit("  ").next()?.strip_suffix(" × asked for it")?;
    Some(Shown { name, key, asked })
}

#[test]
fn by_itself_it_plays_invocations_and_ends() {
    let output = run(&mut Command::new(example("lambda")), &[]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", stderr(&output));
    let invocations: Vec<_> = printed.lines().filter_map(shown).collect();
    assert_eq!(invocations.len(), 8, "{printed}");
    for (environment, source) in
        invocations.chunks(4).zip(["environment (AWS Lambda) → assume role (", "container (127.0.0.1)"])
    {
        let [cold, warm, again, late] = environment else { panic!("{printed}") };
        assert_eq!([cold.name, warm.name, late.name], ["cold", "warm", "after two hours"], "{printed}");
        assert_eq!([cold, warm, again, late].map(|one| one.asked), ["1", "0", "0", "1"], "{printed}");
        assert_eq!([cold.key, cold.key], [warm.key, again.key], "{printed}");
        assert_ne!(cold.key, late.key, "{printed}");
        assert!(printed.contains(source), "{printed}");
    }
    assert!(!printed.contains("LOCALsecret") && !printed.contains("LOCALtoken"), "{printed}");
}

#[test]
fn a_role_that_is_none_ends_the_start_with_a_sentence() {
    let mut command = Command::new(example("lambda"));
    let output = run(
        &mut command,
        &[
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"),
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("ROLE_ARN", "arn:aws:iam::1:user/x"),
        ],
    );
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("arn:aws:iam::1:user/x"), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(!said.contains("panicked") && !said.contains("Failure {"), "{said}");
}
