//! Counts instructions and allocations, prints them as a table, and fails if ours are over their limits. Counts are no
//! timings: they are the same in every run.
//!
//! `cargo run --release -p benches --bin instructions`; needs valgrind (Debian's package `valgrind`).

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use benches::{allocations, callgrind, cold, pools, reads};

#[global_allocator]
static COUNTING: allocations::Counting = allocations::Counting;

/// Without arguments the table; with them one contestant, as the table has it run under callgrind.
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if pools::is_part(&arguments) {
        return ExitCode::SUCCESS;
    }
    match arguments.as_slice() {
        [] => return table(),
        ["read", name, times] => runtime().block_on(reads::read(name, times.parse().unwrap(), || {})),
        ["allocations", name, times] => {
            let mut before = (0, 0);
            runtime().block_on(reads::read(name, times.parse().unwrap(), || before = allocations::so_far()));
            let after = allocations::so_far();
            println!("{} {}", after.0 - before.0, after.1 - before.1);
        }
        ["cold", library] => runtime().block_on(cold::resolve(library)),
        other => panic!("{other:?}"),
    }
    ExitCode::SUCCESS
}

fn table() -> ExitCode {
    if !callgrind::is_there() {
        eprintln!("valgrind is not installed; on Debian: apt-get install valgrind");
        return ExitCode::FAILURE;
    }
    let contestant = std::env::current_exe().unwrap();
    let mut over = Vec::new();

    println!(
        "\none cached read                                            instructions  allocations   bytes"
    );
    for (name, title) in reads::CONTESTANTS {
        let instructions = callgrind::each(&contestant, &["read", name], READS);
        let (allocations, bytes) = allocated(&contestant, name);
        println!("  {title:<55} {instructions:>13} {allocations:>12} {bytes:>7}");
        let limit = match name {
            "sync" | "lent" => READ_SYNC_MAX,
            "awaited" => READ_AWAITED_MAX,
            "pool" => READ_POOL_MAX,
            _ => continue,
        };
        if instructions > limit || allocations > 0 {
            over.push(format!(
                "{title}: {instructions} instructions (at most {limit}), {allocations} allocations"
            ));
        }
    }

    println!("\nfrom the start of a process to its first credentials, million instructions");
    println!("  {:<14} {:>10} {:>10}", "", cold::LIBRARIES[0], cold::LIBRARIES[1]);
    let nothing = cold_start(&contestant, "nothing", &[]);
    println!("  {:<14} {:>10.2}   (the runtime alone)", "nothing", millions(nothing));
    let places = Places::new();
    for source in cold::SOURCES {
        let variables = places.variables(source);
        let counts = cold::LIBRARIES.map(|library| cold_start(&contestant, library, &variables));
        println!("  {source:<14} {:>10.2} {:>10.2}", millions(counts[0]), millions(counts[1]));
        let limit = match source {
            "metadata" => COLD_METADATA_MAX,
            _ => COLD_MAX,
        };
        // The start of the process is the system's; what comes on top is ours.
        let ours = counts[0].saturating_sub(nothing);
        if ours > limit {
            over.push(format!("cold start from {source}: {ours} instructions (at most {limit})"));
        }
    }

    over.extend(pools::table());

    for line in &over {
        eprintln!("over the limit: {line}");
    }
    if over.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn allocated(contestant: &Path, name: &str) -> (u64, u64) {
    let times = 1000;
    let output = Command::new(contestant).args(["allocations", name, &times.to_string()]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut numbers = text.split_whitespace().map(|number| number.parse::<u64>().unwrap() / times);
    (numbers.next().unwrap(), numbers.next().unwrap())
}

fn cold_start(contestant: &Path, library: &str, variables: &[(&str, String)]) -> u64 {
    let mut command = callgrind::under(contestant);
    command.args(["cold", library]).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent").envs(variables.iter().cloned());
    callgrind::count(&mut command)
}

fn millions(count: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "shown with two digits")]
    let count = count as f64;
    count / 1e6
}

/// Files and a metadata service for the cold starts.
struct Places {
    credentials_file: PathBuf,
    metadata: String,
}

impl Places {
    fn new() -> Self {
        let credentials_file =
            std::env::temp_dir().join(format!("benches-credentials-{}", std::process::id()));
        std::fs::write(&credentials_file, "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n")
            .unwrap();
        Self { credentials_file, metadata: serve_metadata() }
    }

    fn variables(&self, source: &str) -> Vec<(&'static str, String)> {
        let off = ("AWS_EC2_METADATA_DISABLED", "true".to_owned());
        match source {
            "environment" => {
                vec![("AWS_ACCESS_KEY_ID", "AKIA".to_owned()), ("AWS_SECRET_ACCESS_KEY", "s".to_owned()), off]
            }
            "profile" => {
                vec![("AWS_SHARED_CREDENTIALS_FILE", self.credentials_file.to_str().unwrap().to_owned()), off]
            }
            "metadata" => vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.metadata.clone())],
            other => panic!("no source `{other}`"),
        }
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.credentials_file);
    }
}

/// A metadata service that says yes to everybody; the extended path is not there, so that both libraries ask alike.
fn serve_metadata() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    endpoint
}

fn answer(mut stream: std::net::TcpStream) -> Option<()> {
    let mut head = Vec::new();
    loop {
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut chunk = [0; 1024];
            let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
            head.extend_from_slice(&chunk[..read]);
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        head.clear();
        let path = text.split(' ').nth(1)?.to_owned();
        let token = "t".repeat(1024);
        let (status, body) = match path.as_str() {
            "/latest/api/token" => (200, "session-token".to_owned()),
            path if path.contains("-extended") => (404, String::new()),
            "/latest/meta-data/iam/security-credentials/" => (200, "role".to_owned()),
            _ => (
                200,
                format!(
                    r#"{{"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"{token}","Expiration":"2099-01-01T00:00:00Z"}}"#
                ),
            ),
        };
        let ttl = "x-aws-ec2-metadata-token-ttl-seconds: 21600";
        write!(stream, "HTTP/1.1 {status} x\r\n{ttl}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            .ok()?;
    }
}

const READS: u64 = 1000;
const READ_SYNC_MAX: u64 = 150;
const READ_AWAITED_MAX: u64 = 250;
const READ_POOL_MAX: u64 = 400;
/// On top of the start of a process and its runtime. Together with it the aims are 0.8 and 1.5 million.
const COLD_MAX: u64 = 120_000;
const COLD_METADATA_MAX: u64 = 700_000;
