//! The example `ec2_service` as a process: what it shows by itself, and what it does as a service.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route};
use support::example::{example, run, stderr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[test]
fn it_shows_itself_without_an_error() {
    let output = run(Command::new(example("ec2_service")).args(["--seconds", "9"]), &[]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}{}", stderr(&output));
    for part in
        ["/ready answers 503", "/ready answers 200", " callers, 0 errors", "that request was answered 200"]
    {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(printed.matches("  credentials …").count() >= 3, "{printed}");
    assert!(printed.contains("aws_credentials_refreshes_total{source=\"instance metadata\""), "{printed}");
    // Four letters of a key id, and never the whole.
    assert!(!printed.contains("ASIA") && !printed.contains("LOCAL"), "{printed}");
}

#[test]
fn wrong_arguments_are_told() {
    for arguments in [
        &["--seconds"][..],
        &["--seconds", "0"],
        &["--serve", "localhost"],
        &["--serve", "localhost:http"],
        &["--serve", "--drain"],
        &["--x"],
        &["--seconds", "1", "more"],
    ] {
        let output = run(Command::new(example("ec2_service")).args(arguments), &[]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(stderr(&output).contains("usage: ec2_service"), "{}", stderr(&output));
    }
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf_8_is_no_panic() {
    use std::os::unix::ffi::OsStrExt;
    for name in ["ec2_service", "credentials_server"] {
        let output = run(Command::new(example(name)).arg(std::ffi::OsStr::from_bytes(b"\xff")), &[]);
        assert!(!output.status.success() && !stderr(&output).contains("panicked"), "{}", stderr(&output));
        assert!(stderr(&output).contains(&format!("usage: {name}")), "{}", stderr(&output));
    }
}

/// The service as a process, killed with the value.
struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    at: String,
}

impl Process {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(example("ec2_service"))
            .arg("--serve")
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let at = line.trim_end().strip_prefix("listening on http://").map(str::to_owned);
        Self { at: at.unwrap_or_else(|| panic!("{line:?}")), child, stdout }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        get(self.at.clone(), path.to_owned()).await
    }

    /// Until the answer is this one, twenty seconds at most.
    async fn becomes(&self, path: &str, status: u16) {
        let begun = Instant::now();
        loop {
            let answer = self.get(path).await;
            if answer.0 == status {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{path} stays {answer:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[cfg(unix)]
    fn terminate(&self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Waits for its end: how it ended, and all that it said.
    fn end(mut self) -> (bool, String) {
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        assert_eq!(said, "", "one line on stdout and no more");
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().success(), said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

async fn get(at: String, path: String) -> (u16, String) {
    let mut stream = TcpStream::connect(&at).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A local AWS by the real clock, since another process lives by it.
async fn local_aws() -> (LocalAws, String) {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap();
    let endpoint = aws.endpoint();
    (aws, endpoint)
}

/// Ten seconds at most.
async fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn variables(endpoint: &str) -> [(&str, &str); 3] {
    [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint),
        ("AWS_ENDPOINT_URL_STS", endpoint),
        ("AWS_REGION", "eu-central-1"),
    ]
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_ready_once_there_are_credentials_and_finishes_what_is_under_way() {
    let (aws, endpoint) = local_aws().await;
    aws.fault(Route::MetadataToken, Fault::status(500).forever());
    let service = Process::start(&[], &variables(&endpoint));
    assert_eq!(service.get("/ready").await, (503, "no credentials\n".to_owned()));
    assert_eq!(service.get("/live").await.0, 200);
    let (status, said) = service.get("/identity").await;
    assert!(status == 503 && said == "AWS cannot be asked at the moment\n", "{status} {said}");

    aws.clear_faults();
    service.becomes("/ready", 200).await;
    let arn = "arn:aws:sts::123456789012:assumed-role/local-role/i-0123456789abcdef0";
    assert_eq!(service.get("/identity").await, (200, arn.to_owned()));
    let (_, metrics) = service.get("/metrics").await;
    for line in [
        "# TYPE aws_credentials_refreshes_total counter",
        "aws_credentials_refreshes_total{source=\"instance metadata\",outcome=\"success\"} 1",
        "# TYPE aws_credentials_refresh_seconds histogram",
        "aws_credentials_refresh_seconds_count{source=\"instance metadata\",outcome=\"success\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    let left = metrics.lines().find_map(|line| line.strip_prefix("aws_credentials_seconds_to_expiry "));
    let left: f64 = left.unwrap().parse().unwrap();
    assert!((21_000.0..=21_600.0).contains(&left), "{left}");

    aws.fault(Route::GetCallerIdentity, Fault::delay(Duration::from_millis(700)));
    let asked = aws.count(Route::GetCallerIdentity);
    let under_way = tokio::spawn(get(service.at.clone(), "/identity".to_owned()));
    until(|| aws.count(Route::GetCallerIdentity) > asked).await;
    service.terminate();
    assert_eq!(under_way.await.unwrap(), (200, arn.to_owned()));
    let at = service.at.clone();
    let (success, said) = service.end();
    assert!(success && !said.contains("under way"), "{said}");
    assert!(TcpStream::connect(at).await.is_err());
    for secret in aws.secrets() {
        assert!(!said.contains(&secret) && !metrics.contains(&secret));
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_end_does_not_keep_it() {
    let (aws, endpoint) = local_aws().await;
    let service = Process::start(&["localhost:0", "--drain", "1"], &variables(&endpoint));
    // Nobody has asked it for anything: the credentials are kept fresh by themselves.
    until(|| aws.count(Route::MetadataCredentials) == 1).await;
    aws.fault(Route::GetCallerIdentity, Fault::hang().forever());
    let mut stream = TcpStream::connect(&service.at).await.unwrap();
    stream.write_all(b"GET /identity HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until(|| aws.count(Route::GetCallerIdentity) > 0).await;
    service.terminate();
    let (success, said) = service.end();
    assert!(success && said.contains("ended with requests under way"), "{said}");
}

/// The region of an instance is asked for before it listens.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_at_once_while_it_starts() {
    let (aws, endpoint) = local_aws().await;
    aws.fault(Route::MetadataToken, Fault::hang().forever());
    let mut child = Command::new(example("ec2_service"))
        .arg("--serve")
        .env_clear()
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    until(|| aws.count(Route::MetadataToken) > 0).await;
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let told = Instant::now();
    let status = child.wait().unwrap();
    assert!(status.success() && told.elapsed() < Duration::from_secs(4), "{status} {:?}", told.elapsed());
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

/// As a look-up of a name does that no name server answers: here it is the file of root certificates that says nothing.
#[cfg(unix)]
#[test]
fn a_call_of_the_system_that_hangs_does_not_keep_it() {
    let home = tempfile::tempdir().unwrap();
    let fifo = home.path().join("certificates");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let config = home.path().join("config");
    let keys = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = CANARY-secret\n";
    let role =
        "role_arn = arn:aws:iam::123456789012:role/app\nsource_profile = keys\nregion = eu-central-1\n";
    std::fs::write(&config, format!("[default]\n{role}[profile keys]\n{keys}")).unwrap();
    for name in ["ec2_service", "credentials_server"] {
        let mut child = Command::new(example(name))
            .arg("--serve")
            .env_clear()
            .env("AWS_CONFIG_FILE", &config)
            .env("SSL_CERT_FILE", &fifo)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut String::new()).unwrap();
        // It can be opened once somebody reads it, and whoever reads it waits as long as it is open.
        let (open, opened) = std::sync::mpsc::channel();
        let path = fifo.clone();
        std::thread::spawn(move || open.send(std::fs::OpenOptions::new().write(true).open(path)));
        let _writer = opened.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        let told = Instant::now();
        while child.try_wait().unwrap().is_none_or(|status| !status.success()) {
            if told.elapsed() > Duration::from_secs(8) {
                child.kill().unwrap();
                panic!("{name} does not end: {:?}", child.wait());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A program's credentials are never used past their expiry.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_not_ready_when_its_credentials_are_lost_and_again_when_they_are_back() {
    let home = tempfile::tempdir().unwrap();
    let keys = home.path().join("keys.json");
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let config = format!("[default]\ncredential_process = cat {}\n", keys.display());
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    // Building it takes longer than these live.
    let _ = example("ec2_service");
    write_keys(&keys, Duration::from_secs(6));
    let service = Process::start(&[], &[("HOME", home.path().to_str().unwrap())]);
    service.becomes("/ready", 200).await;
    std::fs::remove_file(&keys).unwrap();
    service.becomes("/ready", 503).await;
    assert_eq!(service.get("/live").await.0, 200);
    write_keys(&keys, Duration::from_secs(3600));
    service.becomes("/ready", 200).await;
    service.terminate();
    let (success, said) = service.end();
    assert!(success && said.contains("credentials …MPLE have expired"), "{said}");
    assert!(!said.contains("CANARY"));
}

#[cfg(unix)]
fn write_keys(at: &Path, lifetime: Duration) {
    let expiry = time::OffsetDateTime::from(SystemTime::now() + lifetime);
    let expiry = expiry.format(&time::format_description::well_known::Rfc3339).unwrap();
    let keys = serde_json::json!({
        "Version": 1, "AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": "CANARY-secret",
        "SessionToken": "CANARY-token", "Expiration": expiry,
    });
    // Whole at once: a half-written file is another failure.
    std::fs::write(at.with_extension("new"), keys.to_string()).unwrap();
    std::fs::rename(at.with_extension("new"), at).unwrap();
}
