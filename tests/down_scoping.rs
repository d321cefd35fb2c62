//! The example that narrows a role: it compares who may do what with what should be, and fails if that differs.
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

#[test]
fn it_shows_who_is_refused_where() {
    let output = run(&mut Command::new(example("down_scoping")), &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", stderr(&output));
    for part in [
        "tenant acme      GET may                 PUT may                 GET refused",
        "tenant globex    GET refused             PUT refused             GET may",
        r#"sent {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::data/acme/*"}"#,
        "arn:aws:s3:::data/${*}/*",
        "of 2048 characters; estimated packed size ",
        "the name for `{{tenant}}` has a `/`, with which it could reach out of its place",
        "it has a session policy already",
        "STS was asked for the base session 1 time, and 5 times for sessions made from it",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
