//! What a tenant of a pool takes, and what a hit costs, from ten tenants to a hundred thousand. Fails if it is over its limits;
//! `instructions` prints the same at its end.
//!
//! `cargo run --release -p benches --bin pool`; needs valgrind (Debian's package `valgrind`) and `/proc`.

use std::process::ExitCode;

use benches::{callgrind, pools};

/// Without arguments the table; with them one part of it, in a process of its own.
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if pools::is_part(&arguments) {
        return ExitCode::SUCCESS;
    }
    assert!(arguments.is_empty(), "{arguments:?}");
    if !callgrind::is_there() {
        eprintln!("valgrind is not installed; on Debian: apt-get install valgrind");
        return ExitCode::FAILURE;
    }
    let over = pools::table();
    for line in &over {
        eprintln!("over the limit: {line}");
    }
    if over.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
