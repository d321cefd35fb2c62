//! Ministack: somebody else's STS and IAM, which check signatures, session tokens and trust policies.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::botocore::{Botocore, Call, Keys};

/// One for all tests of an executable. It ends with them, because its standard input does.
pub struct Ministack {
    endpoint: String,
    _process: Child,
    _scratch: tempfile::TempDir,
}

impl Ministack {
    /// Starts it the first time.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Ministack> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The keys of its root user, whose signature it does not look at.
    #[must_use]
    pub fn root() -> Keys {
        ("test".to_owned(), "test".to_owned(), None)
    }

    /// Creates a role with this trust policy that may do anything with STS itself, and answers with its ARN.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn role(&self, botocore: &mut Botocore, name: &str, statements: Value) -> String {
        let trust = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let role = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust });
        let created = self.iam(botocore, "create_role", role).await;
        let policy =
            json!({ "RoleName": name, "PolicyName": "all", "PolicyDocument": anything_of(&["sts:*"]) });
        self.iam(botocore, "put_role_policy", policy).await;
        created["Role"]["Arn"].as_str().expect("a role has an ARN").to_owned()
    }

    /// Creates a user who may do anything with STS and S3, and answers with their keys.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn user(&self, botocore: &mut Botocore, name: &str) -> Keys {
        let user = json!({ "UserName": name });
        self.iam(botocore, "create_user", user.clone()).await;
        let document = anything_of(&["s3:*", "sts:*"]);
        let policy = json!({ "UserName": name, "PolicyName": "all", "PolicyDocument": document });
        self.iam(botocore, "put_user_policy", policy).await;
        let created = self.iam(botocore, "create_access_key", user).await;
        let text = |key: &str| created["AccessKey"][key].as_str().expect("a key has it").to_owned();
        (text("AccessKeyId"), text("SecretAccessKey"), None)
    }

    /// Calls an operation of IAM as root.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn iam(&self, botocore: &mut Botocore, operation: &str, parameters: Value) -> Value {
        self.call(botocore, "iam", operation, parameters).await
    }

    /// Calls an operation of any service as root.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn call(
        &self,
        botocore: &mut Botocore,
        service: &str,
        operation: &str,
        parameters: Value,
    ) -> Value {
        let endpoint = self.endpoint();
        let keys = Some(Self::root());
        let call = Call { endpoint, service, operation, parameters, keys, skew: 0 };
        let mut answer = botocore.call(call).await;
        assert_eq!(answer["status"], 200, "{operation}: {answer}");
        answer["answer"].take()
    }

    fn start() -> Self {
        let python: PathBuf = std::env::var_os("INTEROP_MINISTACK")
            .expect("INTEROP_MINISTACK names a Python with ministack; see .ci/run")
            .into();
        let scratch = tempfile::tempdir().expect("there is a place for scratch files");
        let port = free_port();
        let mut command = Command::new(python);
        command.args(["-I", "-u", concat!(env!("CARGO_MANIFEST_DIR"), "/src/python/ministack_server.py")]);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("HOME", scratch.path()).env("TMPDIR", scratch.path()).current_dir(scratch.path());
        // Everybody's address is what it would bind to by itself.
        command.env("AUTH", "true").env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut lines = BufReader::new(process.stderr.take().expect("its stderr is a pipe")).lines();
        let mut said = String::new();
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("ministack has ended:\n{said}"));
            let line = line.expect("its log is text");
            if line.contains("Running on http://") {
                break;
            }
            let _ = writeln!(said, "{line}");
        }
        // A full pipe would stop it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { endpoint: format!("http://127.0.0.1:{port}"), _process: process, _scratch: scratch }
    }
}

/// What roles trust is tested, not what callers are allowed.
fn anything_of(actions: &[&str]) -> String {
    let allow = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [allow] }).to_string()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
