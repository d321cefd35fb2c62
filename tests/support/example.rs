//! The examples as executables, and how to run them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// Builds an example of the root package, once, and answers with its path.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    example_of("aws-credential-chain", name)
}

/// The same, of any package of the workspace.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn example_of(package: &str, name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(name.to_owned()).or_insert_with(|| build(package, name)).clone()
}

/// Runs a command with nothing in its environment but what is given.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn run(command: &mut Command, variables: &[(&str, &str)]) -> Output {
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").envs(variables.iter().copied());
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Its standard output as JSON, if it is one line of it.
#[must_use]
pub fn json(output: &Output) -> Option<serde_json::Value> {
    serde_json::from_slice(&output.stdout).ok()
}

/// What it wrote on stderr.
#[must_use]
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn build(package: &str, name: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", package, "--example", name]);
    command.args(["--message-format", "json"]);
    // What cargo told this test about its package would make build scripts run again, and half the tree with them.
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("CARGO_PKG_")
            || variable.to_string_lossy().starts_with("CARGO_MANIFEST_")
        {
            command.env_remove(variable);
        }
    }
    let built = command.output().expect("cargo runs");
    assert!(built.status.success(), "{}", stderr(&built));
    let messages = String::from_utf8_lossy(&built.stdout).into_owned();
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    executable.expect("cargo names the executable")
}
