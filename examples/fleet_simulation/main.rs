//! A fleet whose source of credentials goes away for a while: who is left with expired credentials, for how long, and
//! what the source has to bear; by this crate's rules and by those of AWS's SDKs.
//!
//! `fleet_simulation [--json] [--svg [PATH]] [--machines N] [--seed N]`: without arguments a table of 10,000 machines, or
//! of 1,000 in a debug build, where that takes some 50 s of processor time. `--json` prints one JSON document instead;
//! `--svg` also draws the plot that `docs/refresh.md` shows (into `docs/fleet.svg`, or wherever `PATH` says). The same seed
//! gives the same figures.
//!
//! Each machine is a real cache under a real policy; the time is virtual. A machine reads all the time: whenever
//! there is anything for a read to do, one comes at that instant. So what holds for a machine at a moment holds for
//! every read of it at that moment.

mod fleet;
mod plot;
mod report;
mod scenario;
mod source;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use scenario::{Scenario, Size};

fn main() -> ExitCode {
    let arguments = match Arguments::parse(
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()),
    ) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            explain(&format!(
                "{wrong}\nusage: fleet_simulation [--json] [--svg [PATH]] [--machines N] [--seed N]"
            ));
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let rows = scenario::simulate(&Scenario::all(), arguments.size)?;
    let text = if arguments.json {
        report::json(&rows, arguments.size)?
    } else {
        report::table(&rows, arguments.size)?
    };
    std::io::stdout().write_all(text.as_bytes())?;
    if let Some(path) = &arguments.svg {
        write(path, &plot::svg(&rows, arguments.size)?)?;
    }
    // What no policy may do, whatever the source does.
    match rows.iter().find(|row| row.outcome.errors > 0 || row.outcome.unmarked > 0) {
        Some(row) => Err(format!("reads met errors or unmarked expired credentials: {row:?}").into()),
        None => Ok(()),
    }
}

#[allow(clippy::disallowed_methods, reason = "asked for by name")]
fn write(path: &PathBuf, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Where stderr cannot be written either, the exit code has to do.
fn explain(what: &str) {
    let _ = std::io::stderr().write_all(format!("fleet_simulation: {what}\n").as_bytes());
}

struct Arguments {
    json: bool,
    svg: Option<PathBuf>,
    size: Size,
}

impl Arguments {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self { json: false, svg: None, size: Size { machines: MACHINES, seed: SEED } };
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => parsed.json = true,
                "--svg" => {
                    let path = arguments.next_if(|next| !next.starts_with("--"));
                    parsed.svg = Some(path.unwrap_or_else(|| PLOT.to_owned()).into());
                }
                "--machines" => {
                    let machines = arguments.next().and_then(|machines| machines.parse().ok());
                    let machines = machines.filter(|machines| (1..=MACHINES_MAX).contains(machines));
                    parsed.size.machines =
                        machines.ok_or(format!("--machines needs a number from 1 to {MACHINES_MAX}"))?;
                }
                "--seed" => {
                    let seed = arguments.next().and_then(|seed| seed.parse().ok());
                    parsed.size.seed = seed.ok_or("--seed needs a number")?;
                }
                other => return Err(format!("unknown argument {other:?}")),
            }
        }
        Ok(parsed)
    }
}

const MACHINES: u32 = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
const MACHINES_MAX: u32 = 100_000;
const SEED: u64 = 1;
const PLOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fleet.svg");
