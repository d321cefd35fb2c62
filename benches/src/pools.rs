//! What a tenant of a pool takes, and what a hit costs, from ten tenants to a hundred thousand, with their limits.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{callgrind, fake_sts, tenants};

/// What a program that prints [`table`] has to do first: the parts of it, each in a process of its own.
#[must_use]
pub fn is_part(arguments: &[&str]) -> bool {
    match arguments {
        ["sts"] => runtime().block_on(fake_sts::serve(|address| println!("{address}"))),
        ["fill", sts, tenants] => {
            let bytes = runtime().block_on(tenants::fill(sts, tenants.parse().unwrap()));
            println!("{bytes}");
        }
        ["hit", tenants, times] => {
            let (pool, roles) = runtime().block_on(tenants::of_nowhere(tenants.parse().unwrap()));
            tenants::hit(&pool, &roles, times.parse().unwrap());
        }
        _ => return false,
    }
    true
}

/// Prints the figures, and answers with what is over its limit.
///
/// # Panics
/// If a part fails.
#[must_use]
pub fn table() -> Vec<String> {
    let this = std::env::current_exe().unwrap();
    let mut over = Vec::new();
    let mut limit = |what: &str, tenants: usize, count: u64, most: u64| {
        if count > most {
            over.push(format!("a pool of {tenants} tenants: {count} {what} (at most {most})"));
        }
    };
    println!("\na pool of                instructions of a hit   bytes a tenant");
    for tenants in [10, 100, 1000, 10_000, 100_000] {
        let hit = hit(&this, tenants);
        limit("instructions a hit", tenants, hit, HIT_MAX);
        let bytes = (tenants >= 10_000).then(|| filled(&this, tenants));
        limit("bytes a tenant", tenants, bytes.unwrap_or_default(), BYTES_MAX);
        println!(
            "  {tenants:>7} tenants {hit:>30} {:>16}",
            bytes.map(|bytes| bytes.to_string()).unwrap_or_default()
        );
    }
    over
}

/// The instructions of one hit: of the hits alone, whatever the pool does besides.
fn hit(this: &Path, tenants: usize) -> u64 {
    let mut command = callgrind::under_from_to(this, "*tenants::hit*");
    callgrind::count(command.args(["hit", &tenants.to_string(), &HITS.to_string()])) / HITS
}

/// The memory of one of so many tenants.
fn filled(this: &Path, tenants: usize) -> u64 {
    let sts = Sts::start(this);
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
    fn start(this: &Path) -> Self {
        let mut process =
            Command::new(PathBuf::from(this)).arg("sts").stdout(Stdio::piped()).spawn().unwrap();
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
const HITS: u64 = 10_000;
