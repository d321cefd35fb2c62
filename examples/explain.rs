//! Tells where the credentials of this environment come from, or why there are none: every source, what it looked at,
//! and what is probably not meant as it is set.
//!
//! `explain [--profile NAME] [--json] [--offline]` prints a table, or one JSON object, on stdout; never a secret. The
//! table is as wide as `COLUMNS` says, and coloured on a terminal unless `NO_COLOR` is set. With `--offline` nobody is
//! asked over the network, and no program is started.
//!
//! | exit code | |
//! |---|---|
//! | 0 | credentials were found |
//! | 1 | there are none |
//! | 2 | the arguments are wrong |
//! | 3 | with `--offline`: only the network can tell |
#![allow(clippy::disallowed_methods, reason = "a program is its own host")]

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use aws_credential_chain::{DefaultChain, Explanation};

fn main() -> ExitCode {
    let asked = match Asked::read(std::env::args_os().skip(1)) {
        Ok(asked) => asked,
        Err(wrong) => {
            complain(&format!("{wrong}\nusage: explain [--profile NAME] [--json] [--offline]"));
            return ExitCode::from(2);
        }
    };
    let explanation = match explain(&asked) {
        Ok(explanation) => explanation,
        Err(error) => {
            complain(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    let text = if asked.json { format!("{}\n", explanation.to_json()) } else { table(&explanation) };
    // Whoever reads may have seen enough: the exit code tells the rest.
    let _ = std::io::stdout().write_all(text.as_bytes());
    if explanation.is_found() {
        ExitCode::SUCCESS
    } else if explanation.would_be_asked().is_some() {
        ExitCode::from(3)
    } else {
        ExitCode::FAILURE
    }
}

fn explain(asked: &Asked) -> std::io::Result<Explanation> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let chain = asked.profile.iter().fold(DefaultChain::new(), DefaultChain::profile);
    let explanation = runtime.block_on(async {
        if asked.offline { chain.explain_offline().await } else { chain.explain().await }
    });
    // A file system that hangs must not hold up the end.
    runtime.shutdown_background();
    Ok(explanation)
}

fn table(explanation: &Explanation) -> String {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    // https://no-color.org
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    explanation.render(columns.unwrap_or(100), wanted && std::io::stdout().is_terminal())
}

/// `eprintln!` would panic where stderr cannot be written.
fn complain(what: &str) {
    let _ = std::io::stderr().write_all(format!("explain: {what}\n").as_bytes());
}

#[derive(Default)]
struct Asked {
    profile: Option<String>,
    json: bool,
    offline: bool,
}

impl Asked {
    fn read(arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut asked = Self::default();
        let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
        while let Some(argument) = arguments.next() {
            let name = match argument.as_str() {
                "--json" => {
                    asked.json = true;
                    continue;
                }
                "--offline" => {
                    asked.offline = true;
                    continue;
                }
                "--profile" => arguments.next().ok_or("--profile needs a name")?,
                other => match other.strip_prefix("--profile=") {
                    Some(name) => name.to_owned(),
                    None => return Err(format!("unknown argument {argument:?}")),
                },
            };
            if name.trim().is_empty() {
                return Err("--profile needs a name".into());
            }
            if asked.profile.replace(name).is_some() {
                return Err("--profile can be given once".into());
            }
        }
        Ok(asked)
    }
}
