//! The example that compares the policies over outages: what it promises of its output, and of the fleet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::process::{Command, Output};

use serde_json::Value;
use support::example::{example, json, run, stderr};

fn simulation(arguments: &[&str]) -> Output {
    run(Command::new(example("fleet_simulation")).args(arguments), &[])
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    let rows = |seed| {
        let output = simulation(&["--json", "--machines", "8", "--seed", seed]);
        json(&output).unwrap_or_else(|| panic!("{}", stderr(&output)))["rows"].clone()
    };
    let first = rows("7");
    assert_eq!(first, rows("7"));
    assert_ne!(first, rows("8"));
}

#[test]
fn json_tells_every_lifetime_outage_and_policy_and_what_each_fleet_went_through() {
    let output = simulation(&["--json", "--machines", "24"]);
    let document = json(&output).unwrap_or_else(|| panic!("{}", stderr(&output)));
    assert_eq!((&document["machines"], &document["seed"]), (&24.into(), &1.into()));
    let rows = document["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3 * 6 * 2);
    for row in rows {
        let seconds = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{name} of {row}"));
        let ours = row["policy"] == "ours";
        // Five minutes of window at least: a shorter outage costs nobody anything.
        if ours && seconds("outage") < 300.0 {
            assert_eq!((row["affected"].as_u64(), row["waited"].as_u64()), (Some(0), Some(0)), "{row}");
        }
        if seconds("outage") >= 7200.0 && seconds("lifetime") <= 3600.0 {
            assert_eq!(row["affected"], 24, "{row}");
            // The longest pause of each, and the answer.
            let longest = if ours { 181.0 } else { 601.0 };
            let after = seconds("all_fresh_after");
            assert!(after > longest / 4.0 && after < longest, "{row}");
        }
        assert_eq!((&row["errors"], &row["unmarked"]), (&0.into(), &0.into()), "{row}");
    }
    let affected_by_aws =
        |row: &&Value| row["policy"] == "AWS" && row["outage"] == 120 && row["lifetime"] == 900;
    assert!(rows.iter().find(affected_by_aws).unwrap()["affected"].as_u64() > Some(0));
}

#[test]
fn the_table_has_a_block_for_each_lifetime_and_the_plot_a_line_for_each_policy() {
    let place = tempfile::tempdir().unwrap();
    let plot = place.path().join("plot.svg");
    let output = simulation(&["--machines", "3", "--svg", plot.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let table = String::from_utf8(output.stdout).unwrap();
    for lifetime in ["15 min", "60 min", "6 h"] {
        assert!(table.contains(&format!("credentials that live {lifetime}")), "{table}");
    }
    assert!(table.contains("reads that met an error: 0;"), "{table}");
    let plot = std::fs::read_to_string(plot).unwrap();
    assert!(plot.starts_with("<svg ") && plot.ends_with("</svg>\n"), "{plot}");
    assert_eq!(plot.matches("<polyline ").count(), 3 * 3 * 2, "{plot}");
}

#[test]
fn wrong_arguments_are_told_and_nothing_is_printed() {
    for arguments in [&["--machines", "0"][..], &["--seed"], &["--plot"]] {
        let output = simulation(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(stderr(&output).contains("usage: fleet_simulation"), "{}", stderr(&output));
    }
}
