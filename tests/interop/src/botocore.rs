//! Botocore in a process of its own, asked line by line.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Ends with the value.
pub struct Botocore {
    // Killed when it is dropped.
    _process: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// Whom to be for a call: access key id, secret, session token.
pub type Keys = (String, String, Option<String>);

impl Botocore {
    /// Starts one, with nothing of the machine's environment.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start() -> Self {
        let mut command = Command::new(super::python());
        command.args(["-I", "-u", concat!(env!("CARGO_MANIFEST_DIR"), "/src/python/botocore_agent.py")]);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let requests = process.stdin.take().expect("its input is a pipe");
        let answers = BufReader::new(process.stdout.take().expect("its output is a pipe")).lines();
        Self { _process: process, requests, answers }
    }

    /// Resolves credentials in this environment.
    ///
    /// # Panics
    /// If it has ended.
    pub async fn resolve(&mut self, environ: &[(String, String)], profile: Option<&str>) -> Value {
        self.ask(json!({ "ask": "resolve", "environ": object(environ), "profile": profile })).await
    }

    /// The same, with the cache in the home directory that the AWS CLI gives it.
    ///
    /// # Panics
    /// If it has ended.
    pub async fn resolve_with_cli_cache(&mut self, environ: &[(String, String)], profile: &str) -> Value {
        let environ = object(environ);
        self.ask(json!({ "ask": "resolve", "environ": environ, "profile": profile, "cli_cache": true })).await
    }

    /// What a client of the session that resolved last would sign with, so many seconds from now.
    ///
    /// # Panics
    /// If it has ended.
    pub async fn again(&mut self, ahead: u64) -> Value {
        self.ask(json!({ "ask": "again", "ahead": ahead })).await
    }

    /// Asks STS who it is, with what it finds in this environment. The answer is as that of [`call`](Self::call).
    ///
    /// # Panics
    /// If it has ended.
    pub async fn identity(&mut self, environ: &[(String, String)], endpoint: &str) -> Value {
        let environ = object(environ);
        self.ask(json!({
            "ask": "call", "environ": environ, "endpoint": endpoint, "service": "sts",
            "operation": "get_caller_identity", "parameters": {},
        }))
        .await
    }

    /// Where it sends requests to STS in this environment: the host, and the region for which they are signed.
    ///
    /// # Panics
    /// If it has ended.
    pub async fn sts_endpoint(&mut self, environ: &[(String, String)]) -> (String, String) {
        let environ = object(environ);
        let operation = "get_caller_identity";
        let request =
            json!({ "ask": "endpoint", "environ": environ, "service": "sts", "operation": operation });
        let answer = self.ask(request).await;
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        (text("host"), text("region"))
    }

    /// Calls an operation, `assume_role` of `sts` for example; without keys, unsigned. The answer has `status`, and
    /// `answer` or `code` and `message`.
    ///
    /// # Panics
    /// If it has ended.
    pub async fn call(&mut self, call: Call<'_>) -> Value {
        let Call { endpoint, service, operation, parameters, keys, skew } = call;
        self.ask(json!({
            "ask": "call", "endpoint": endpoint, "service": service, "operation": operation,
            "parameters": parameters, "keys": keys, "skew": skew,
        }))
        .await
    }

    async fn ask(&mut self, request: Value) -> Value {
        self.requests.write_all(format!("{request}\n").as_bytes()).await.expect("botocore listens");
        let answer = self.answers.next_line().await.expect("botocore answers");
        let answer = answer.unwrap_or_else(|| panic!("botocore has ended, asked {request}"));
        serde_json::from_str(&answer).expect("an answer is JSON")
    }
}

/// One call of an operation.
#[derive(Clone)]
pub struct Call<'a> {
    pub endpoint: &'a str,
    pub service: &'a str,
    pub operation: &'a str,
    pub parameters: Value,
    pub keys: Option<Keys>,
    /// Seconds by which its clock is wrong.
    pub skew: i64,
}

impl<'a> Call<'a> {
    /// An operation of STS, by root of ministack.
    #[must_use]
    pub fn sts(endpoint: &'a str, operation: &'a str, parameters: Value, keys: Option<Keys>) -> Self {
        Self { endpoint, service: "sts", operation, parameters, keys, skew: 0 }
    }
}

fn object(environ: &[(String, String)]) -> Value {
    environ.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}
