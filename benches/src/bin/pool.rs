//! What a tenant of a pool takes, and what a hit costs, from ten tenants to a hundred thousand.
//!
//! `cargo run --release -p benches --bin pool`; needs valgrind (Debian's package `valgrind`) and `/proc`.

use std::io::BufRead;
use std::process::{Child, Command, ExitCode, Stdio};

use benches::{callgrind, fake_sts, tenants};

/// Without arguments the table; with them one part of it, in a process of its own.
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => return table(),
        ["sts"] => runtime().block_on(fake_sts::serve(|address| println!("{address}"))),
        ["fill", sts, tenants] => {
            let bytes = runtime().block_on(tenants::fill(sts, tenants.parse().unwrap()));
            println!("{bytes}");
        }
        ["read", tenants, times] => {
            let read = tenants::read(tenants.parse().unwrap(), times.parse().unwrap(), || {});
            // One thread: what is counted is the same in every run.
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(read);
        }
        other => panic!("{other:?}"),
    }
    ExitCode::SUCCESS
}

fn table() -> ExitCode {
    let mut over = Vec::new();
    println!("tenants     bytes a tenant");
    for tenants in [10_000, 100_000] {
        let bytes = filled(tenants);
        println!("{tenants:>7} {bytes:>18}");
        if bytes > BYTES_MAX {
            over.push(format!("{tenants} tenants: {bytes} bytes each (at most {BYTES_MAX})"));
        }
    }
    if callgrind::is_there() {
        println!("\ntenants     instructions of a hit");
        for tenants in ["10", "1000", "100000"] {
            let instructions = callgrind::each(&std::env::current_exe().unwrap(), &["read", tenants], 10_000);
            println!("{tenants:>7} {instructions:>25}");
            if instructions > HIT_MAX {
                over.push(format!(
                    "{tenants} tenants: {instructions} instructions a hit (at most {HIT_MAX})"
                ));
            }
        }
    } else {
        eprintln!("valgrind is not installed: instructions are not counted");
    }
    for line in &over {
        eprintln!("over the limit: {line}");
    }
    if over.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The memory of one of so many tenants.
fn filled(tenants: u64) -> u64 {
    let this = std::env::current_exe().unwrap();
    let sts = Sts::start();
    let output = Command::new(this).args(["fill", &sts.address, &tenants.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// The STS, in a process of its own: its memory is not counted.
struct Sts {
    process: Child,
    address: String,
}

impl Sts {
    fn start() -> Self {
        let mut process =
            Command::new(std::env::current_exe().unwrap()).arg("sts").stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        std::io::BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { process, address: address.trim().to_owned() }
    }
}

impl Drop for Sts {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

const BYTES_MAX: u64 = 2048;
const HIT_MAX: u64 = 400;
