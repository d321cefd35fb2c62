//! Counts instructions, by running a program of this package under callgrind.

use std::path::Path;
use std::process::Command;

/// Whether it is installed.
#[must_use]
pub fn is_there() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// What one more costs: the difference of two runs with the number of times as their last argument, so that whatever happens
/// once falls out.
#[must_use]
pub fn each(program: &Path, arguments: &[&str], times: u64) -> u64 {
    let run = |times: u64| count(under(program).args(arguments).arg(times.to_string()));
    (run(3 * times) - run(times)) / (2 * times)
}

/// The command that runs a program under callgrind.
#[must_use]
pub fn under(program: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    command
}

/// The same, counting only while a function runs whose name is like this one.
#[must_use]
pub fn under_from_to(program: &Path, function: &str) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"]);
    command.arg(format!("--toggle-collect={function}")).arg(program);
    command
}

/// The total that callgrind reports.
///
/// # Panics
/// If the program fails.
pub fn count(command: &mut Command) -> u64 {
    let output = command.output().unwrap();
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{report}");
    let total = report.lines().find_map(|line| line.split("Collected :").nth(1)).unwrap();
    total.trim().parse().unwrap()
}
