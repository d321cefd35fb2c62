//! A network namespace of its own for one program: its addresses, its names, and a server in it.

use std::fmt::Write as _;
use std::process::{Command, Output};

use crate::run;

/// What it has. Nothing else of the network is there.
#[derive(Default)]
#[must_use]
pub struct Namespace {
    addresses: Vec<String>,
    names: Vec<String>,
    server: Vec<String>,
}

impl Namespace {
    /// One in which nothing can be reached but loopback.
    pub fn new() -> Self {
        Self::default()
    }

    /// An address of this machine, with the length of its prefix.
    pub fn address(mut self, address: &str) -> Self {
        self.addresses.push(address.to_owned());
        self
    }

    /// A name for 127.0.0.1.
    pub fn name(mut self, name: &str) -> Self {
        self.names.push(name.to_owned());
        self
    }

    /// A program that runs beside the other one. It prints a line when it is there, and ends with its standard input.
    /// `{}` in an argument stands for the scratch directory.
    pub fn server(mut self, program: &str, arguments: &[&str]) -> Self {
        self.server = [program].iter().chain(arguments).map(|&text| text.to_owned()).collect();
        self
    }

    /// Runs the program with these variables; `{}` in them stands for the scratch directory.
    ///
    /// # Panics
    /// If that cannot be done at all.
    #[must_use]
    pub fn run(self, program: &str, variables: &[(&str, &str)]) -> Output {
        let scratch = tempfile::tempdir().expect("there is a place for scratch files");
        let path = scratch.path().to_str().expect("its path is text");
        let hosts: Vec<_> = self.names.iter().map(|name| format!("127.0.0.1 {name}\n")).collect();
        std::fs::write(scratch.path().join("hosts"), hosts.concat()).expect("it can be written to");
        let server: Vec<String> = self.server.iter().map(|text| text.replace("{}", path)).collect();
        let variables: Vec<(&str, String)> =
            variables.iter().map(|(name, value)| (*name, value.replace("{}", path))).collect();
        let mut all = vec![("SCRATCH", path), ("PROGRAM", program), ("HOME", "/nonexistent")];
        all.extend(variables.iter().map(|(name, value)| (*name, value.as_str())));
        run(Command::new("unshare").args(["-Urnm", "sh", "-ec", &self.script(), "sh"]).args(server), &all)
    }

    /// The server's command line is the script's arguments.
    fn script(&self) -> String {
        let mut script = "ip link set lo up\n".to_owned();
        for address in &self.addresses {
            // Without `nodad` an IPv6 address cannot be used for a second; with it, still for a moment.
            let option = if address.contains(':') { "nodad" } else { "" };
            let _ = writeln!(script, "ip addr add {address} dev lo {option}\n{WHILE_TENTATIVE}");
        }
        if !self.names.is_empty() {
            script.push_str("mount --bind \"$SCRATCH/hosts\" /etc/hosts\n");
        }
        script + BESIDE_A_SERVER
    }
}

const WHILE_TENTATIVE: &str = r#"tries=0
while [ -n "$(ip addr show dev lo tentative)" ]; do tries=$((tries + 1)); [ $tries -lt 1000 ]; done"#;

const BESIDE_A_SERVER: &str = r#"
if [ "$#" -gt 0 ]; then
    mkfifo "$SCRATCH/alive" "$SCRATCH/said"
    "$@" < "$SCRATCH/alive" > "$SCRATCH/said" &
    exec 9> "$SCRATCH/alive"
    read -r line < "$SCRATCH/said"
fi
"$PROGRAM" 9>&-
"#;
