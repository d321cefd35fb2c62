//! The emulator of cargo-lambda: a runtime API that hands events to a function, and its answers to whoever invokes it.
//!
//! The function is started here and not by the emulator, so that a test has its process: to give it an environment, to freeze
//! it, and to end it.

mod restore;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;

pub use self::restore::Restorable;
use crate::ministack::free_port;

/// Ends with the value.
pub struct Emulator {
    address: String,
    client: reqwest::Client,
    process: Child,
    _scratch: tempfile::TempDir,
}

impl Emulator {
    /// Starts one.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start() -> Self {
        let program: PathBuf = std::env::var_os("INTEROP_CARGO_LAMBDA")
            .expect("INTEROP_CARGO_LAMBDA names the executable of cargo-lambda; see .ci/run")
            .into();
        crate::install_ring();
        let client = reqwest::Client::builder().no_proxy().timeout(INVOCATION);
        let client = client.build().expect("a client can be made");
        let scratch = tempfile::tempdir().expect("there is a place for scratch files");
        // It looks for functions in a package of cargo, also if it is told to start none.
        write(&scratch.path().join("Cargo.toml"), MANIFEST);
        std::fs::create_dir(scratch.path().join("src")).expect("a directory can be made");
        write(&scratch.path().join("src/main.rs"), "fn main() {}\n");
        let log = scratch.path().join("log");
        let port = free_port().to_string();

        let mut command = Command::new(program);
        command.args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1"]);
        command.args(["--invoke-port", &port]);
        command.env_clear().env("PATH", tools()).env("HOME", scratch.path()).current_dir(scratch.path());
        let mut process = spawn(&mut command, &log);
        let address = format!("127.0.0.1:{port}");
        let mut waited = Duration::ZERO;
        while TcpStream::connect(&address).await.is_err() {
            let ended = process.try_wait().expect("its state can be asked");
            let is_over = ended.is_some() || waited > START;
            assert!(!is_over, "cargo-lambda does not listen ({ended:?}):\n{}", read(&log));
            tokio::time::sleep(STEP).await;
            waited += STEP;
        }
        Self { address, client, process, _scratch: scratch }
    }

    /// Where a function asks for events, for its `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn runtime_api(&self) -> String {
        format!("http://{}{RUNTIME}", self.address)
    }

    /// Invokes the function, or waits for one that is to come: what it answers, or what it says has gone wrong.
    ///
    /// # Errors
    /// The function answers with an error: its `errorType` and `errorMessage`.
    ///
    /// # Panics
    /// If there is no answer within a minute, or one that is not JSON.
    pub async fn invoke(&self) -> Result<Value, Value> {
        let url = format!("http://{}/2015-03-31/functions/{FUNCTION}/invocations", self.address);
        let answer = self.client.post(url).body("{}").send().await.expect("the emulator answers");
        let is_answer = answer.status().is_success();
        let body = answer.bytes().await.expect("the answer has an end");
        let json: Value = serde_json::from_slice(&body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&body)));
        if is_answer && json.get("errorMessage").is_none() { Ok(json) } else { Err(json) }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// The process of a function. Ends with the value.
pub struct Function {
    process: Child,
    log: PathBuf,
    _scratch: tempfile::TempDir,
}

impl Function {
    /// Starts it as Lambda would, with these variables besides.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(program: &Path, runtime_api: &str, variables: &[(&str, &str)]) -> Self {
        let scratch = tempfile::tempdir().expect("there is a place for scratch files");
        let log = scratch.path().join("log");
        let mut command = Command::new(program);
        command.env_clear().env("AWS_LAMBDA_RUNTIME_API", runtime_api);
        command.env("AWS_LAMBDA_FUNCTION_NAME", FUNCTION).env("AWS_LAMBDA_FUNCTION_VERSION", "1");
        command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128").env("AWS_REGION", "eu-central-1");
        command.envs(variables.iter().copied()).current_dir(scratch.path());
        Self { process: spawn(&mut command, &log), log, _scratch: scratch }
    }

    /// What Lambda does with the execution environment between two invocations.
    ///
    /// # Panics
    /// If the process is gone.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// The end of [`freeze`](Self::freeze).
    ///
    /// # Panics
    /// If the process is gone.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// All that it wrote to its log so far.
    ///
    /// # Panics
    /// If that cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        read(&self.log)
    }

    fn signal(&self, signal: &str) {
        let told = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(told.expect("kill can be run").success(), "{signal}:\n{}", self.log());
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// The directory of the cargo that runs this test, which the emulator asks about its package, and of `rustc`.
fn tools() -> String {
    let cargo = std::env::var_os("CARGO").expect("cargo runs the tests");
    let toolchain = Path::new(&cargo).parent().expect("it lies in a directory");
    format!("{}:/usr/bin:/bin", toolchain.display())
}

/// With both outputs in a file: a pipe that nobody reads would stop it.
fn spawn(command: &mut Command, log: &Path) -> Child {
    let out = File::create(log).expect("a log can be made");
    let err = out.try_clone().expect("it can be written twice");
    command.stdin(Stdio::null()).stdout(out).stderr(err);
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Also one that is frozen.
fn end(process: &mut Child) {
    // Ended already: just as well.
    let _ = process.kill();
    let _ = process.wait();
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn read(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The name by which the emulator knows a function that it has not started.
const FUNCTION: &str = "_";
/// In front of the paths of the runtime API.
const RUNTIME: &str = "/.rt";
const MANIFEST: &str =
    "[package]\nname = \"function\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
const INVOCATION: Duration = Duration::from_secs(60);
const START: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(20);
