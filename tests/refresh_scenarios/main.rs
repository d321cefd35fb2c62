//! Plays the cases in `tests/cases/refresh`. How to read them stands in the README there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod case;
mod play;
#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use case::Case;

/// Each case is played so often, with other draws of chance each time.
const PLAYS: u64 = 6;

#[test]
fn states_of_ours() {
    all_hold("states_ours.txt");
}

#[test]
fn states_of_aws() {
    all_hold("states_aws.txt");
}

#[test]
fn rules_of_aws() {
    all_hold("aws_rules.txt");
}

#[test]
fn on_demand() {
    all_hold("on_demand.txt");
}

#[test]
fn where_we_go_further() {
    all_hold("further.txt");
}

#[test]
fn no_file_is_left_out() {
    let played = ["states_ours.txt", "states_aws.txt", "aws_rules.txt", "on_demand.txt", "further.txt"];
    for entry in std::fs::read_dir(directory()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || played.contains(&name.as_str()), "{name} is not played");
    }
}

/// A runner that lets everything pass would prove nothing.
#[test]
fn a_case_that_does_not_hold_is_named() {
    for (text, complaint) in [
        ("== t\nat 0 source gives 1h\nread -> key 2", "t (line 3): read: key 1, at once; not key 2"),
        ("== t\nat 0 source gives 1h after 2s\nread -> key 1, at once", "(line 3): read: key 1, waited 2s"),
        ("== t\nat 0 source gives 1h\nread -> error refused", "(line 3): read: key 1"),
        ("== t\nat 0 source refuses\nread -> key 1", "(line 3): read: error refused"),
        ("== t\nat 0 source refuses\nread -> error unavailable", "(line 3): read: error refused"),
        ("== t\nat 0 source gives 1h\nread -> key 1, stale", "(line 3): read: key 1"),
        ("== t\nat 0 source gives 1h\nlook -> key 1", "(line 3): look: nothing"),
        ("== t\nat 0 source gives 1h\nread -> key 1\nasked 2", "(line 4): asked 1"),
        ("== t\nat 0 source gives 1h\nstate fresh", "(line 3): state empty"),
        ("== t\nat 0 source gives 1h\ninvalidate key 1 -> held", "(line 3): not held"),
        ("== t\nat 0 source hangs\nA reads\nA -> key 1", "(line 4): A has no answer yet"),
        ("== t\nat 0 source gives 1h after 2s\nread -> key 1\nat 1s asked 1", "(line 4): it is 2s already"),
        ("== t\nat 0 source gives 1h\nevery 1s until 5s: read -> key 1\nat 4s asked 1", "(line 4): it is 5s"),
    ] {
        let cases = Case::all_in(text).unwrap();
        let complaints = play::play(&cases[0], 0).expect_err(text);
        assert!(complaints.contains(complaint), "{complaints:?} instead of {complaint:?}");
    }
    for text in [
        "at 0 read -> key 1",
        "== t\nat 0 reed -> key 1",
        "== t\nat soon forget",
        "== t\npolicy: mine",
        "== t",
    ] {
        assert!(Case::all_in(text).is_err(), "{text}");
    }
}

fn all_hold(file: &str) {
    let path = directory().join(file);
    let text = std::fs::read_to_string(&path).expect(file);
    let cases = Case::all_in(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(!cases.is_empty(), "{file} has no case");
    let broken: Vec<String> = cases
        .iter()
        .filter_map(|case| (0..PLAYS).find_map(|seed| play::play(case, seed).err()))
        .map(|complaint| format!("{file}: {complaint}"))
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/refresh")
}
