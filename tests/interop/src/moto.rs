//! Moto: somebody else's reading of SAML assertions. It does not look at their signatures; `moto_server.py` does, with
//! signxml.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::ministack::free_port;

/// Ends with the value.
pub struct Moto {
    endpoint: String,
    process: Child,
    /// Has the key and the certificate of an identity provider.
    scratch: tempfile::TempDir,
}

impl Moto {
    /// Starts one.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start() -> Self {
        let scratch = tempfile::tempdir().expect("there is a place for scratch files");
        let port = free_port().to_string();
        let mut command = python("moto_server.py", &scratch);
        command.args(["-H", "127.0.0.1", "-p", &port]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut lines = BufReader::new(process.stderr.take().expect("its stderr is a pipe")).lines();
        let mut said = String::new();
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("moto has ended:\n{said}"));
            let line = line.expect("its log is text");
            if line.contains("Running on http://") {
                break;
            }
            let _ = writeln!(said, "{line}");
        }
        // A full pipe would stop it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { endpoint: format!("http://127.0.0.1:{port}"), process, scratch }
    }

    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// An assertion in base64, signed by the identity provider: for a session of so many seconds, that ends at `end` (RFC
    /// 3339; empty: it does not say).
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn assertion(&self, role: &str, provider: &str, name: &str, seconds: u64, end: &str) -> String {
        let mut command = python("saml_assertion.py", &self.scratch);
        command.args([role, provider, name, &seconds.to_string(), end]);
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("base64 is text").trim().to_owned()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Ended already: just as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn python(script: &str, scratch: &tempfile::TempDir) -> Command {
    let python: PathBuf = std::env::var_os("INTEROP_MOTO")
        .expect("INTEROP_MOTO names a Python with moto and signxml; see .ci/run")
        .into();
    let mut command = Command::new(python);
    command.args(["-I", "-u"]).arg(format!("{}/src/python/{script}", env!("CARGO_MANIFEST_DIR")));
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.env("HOME", scratch.path()).env("TMPDIR", scratch.path()).current_dir(scratch.path());
    command
}
