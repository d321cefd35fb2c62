//! Machines from seeds, resolved by botocore and by us: the same credentials, or none by both. What differs is a bug of ours
//! or a line in the table of differences.
//!
//! `INTEROP_CASES=20000` tries more of them, `INTEROP_SEED=1234 INTEROP_CASES=1` one again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use interop::machines::{Because, Both, DIFFERENCES, Explained, Machine, Outcome, explain, shrink};

#[tokio::test]
async fn botocore_and_we_come_to_the_same() {
    let (first, cases) = (number("INTEROP_SEED", 0), number("INTEROP_CASES", CASES));
    let mut both = Both::start().await;
    let mut unknown = Vec::new();
    let mut outcomes = BTreeMap::<&str, u64>::new();
    let mut shown: BTreeMap<&str, u64> = DIFFERENCES.iter().map(|difference| (difference.name, 0)).collect();
    for seed in first..first + cases {
        if seed % 100 == 99 {
            both = both.afresh().await;
        }
        let machine = Machine::of_seed(seed, both.places());
        let Explained { ours, because, .. } = explain(&mut both, &machine).await;
        *outcomes.entry(name(&ours)).or_default() += 1;
        match because {
            Because::Same => {}
            Because::Differ(by) => {
                for difference in by {
                    *shown.entry(difference.name).or_default() += 1;
                }
            }
            Because::Unknown(_) => unknown.push(report(&mut both, seed, machine).await),
        }
        if unknown.len() == REPORTS {
            break;
        }
    }
    println!("outcomes: {outcomes:?}\ndifferences: {shown:#?}");
    assert!(unknown.is_empty(), "{}", unknown.concat());
    if first == 0 && cases >= CASES {
        for (outcome, least) in [("keys", cases / 5), ("session", cases / 8), ("nothing", cases / 50)] {
            assert!(
                outcomes.get(outcome) >= Some(&least),
                "too few machines come to {outcome}: {outcomes:?}"
            );
        }
        let never: Vec<_> = shown.iter().filter(|(_, count)| **count == 0).collect();
        assert!(never.is_empty(), "no machine shows these differences: {never:?}");
    }
}

#[test]
fn the_table_for_users_has_every_difference() {
    let table = include_str!("../../../docs/differences.md");
    for difference in DIFFERENCES {
        let line = format!("| {} |", difference.name);
        assert!(table.contains(&line), "docs/differences.md has no line `{line}`");
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("it is a number"))
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Keys { .. } => "keys",
        Outcome::Session(_) => "session",
        Outcome::Nothing => "nothing",
        Outcome::Refused { .. } => "refused",
    }
}

/// The smallest machine with the same disagreement, and what both say of it.
async fn report(both: &mut Both, seed: u64, machine: Machine) -> String {
    let Explained { ours, theirs, .. } = explain(both, &machine).await;
    let names = (name(&ours), name(&theirs));
    let smallest = shrink(machine, async |smaller| {
        let Explained { ours, theirs, because } = explain(both, smaller).await;
        matches!(because, Because::Unknown(_)) && (name(&ours), name(&theirs)) == names
    })
    .await;
    let Explained { ours, theirs, because } = explain(both, &smallest).await;
    let mut text = format!("\nseed {seed}, made smaller\n{smallest}  ours:   {ours}\n  theirs: {theirs}\n");
    if let Because::Unknown(Some(reread)) = because {
        let (machine, theirs) = *reread;
        let _ = write!(text, "as we read it by the table\n{machine}  theirs: {theirs}\n");
    }
    text
}

const CASES: u64 = 2000;
/// How many disagreements are told.
const REPORTS: usize = 3;
