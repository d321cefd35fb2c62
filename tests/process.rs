//! Programs that print credentials: scripts and files in, credentials or a message out. Real processes, hence real time;
//! the limits are small, and no timing decides a test.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use aws_credential_chain::providers::{Process, ProfileFile};
use aws_credential_chain::testing::{LocalAws, World};
use aws_credential_chain::{
    CredentialsCache, CredentialsProvider, DefaultChain, Error, FailureKind, SourceKind,
};
use secrecy::ExposeSecret;
use support::example::{example, json, run, stderr};
use support::seen::Seen;

const KEYS: &str = r#""Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"CANARY-SECRET""#;
/// More than anything here takes, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(20);

/// A directory with scripts in it.
struct Scripts(tempfile::TempDir);

impl Scripts {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("with blanks ").tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Written by another process: a file that this one has open for writing cannot be started, and a fork on another
    /// thread would keep it open for a moment.
    fn script(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        let mut command = Command::new("/bin/sh");
        let mut writer = command.args(["-c", "cat > \"$0\" && chmod 755 \"$0\""]).arg(&path);
        writer = writer.stdin(Stdio::piped());
        let mut child = writer.spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{text}\n").as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        path.to_str().unwrap().to_owned()
    }

    /// A process that runs a script.
    fn process(&self, text: &str) -> Process {
        Process::argv([self.script("script", text)]).timeout(PATIENCE)
    }
}

fn printing(more: &str) -> String {
    format!("printf '%s' '{{{KEYS}{more}}}'")
}

fn failure(error: &Error) -> FailureKind {
    match error {
        Error::Failed(failure) => failure.kind(),
        other => panic!("{other}"),
    }
}

/// Whether a process still runs. Dead ones that nobody waits for do not.
fn runs(pid: &str) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat.rsplit_once(") ").unwrap().1.starts_with('Z'),
        Err(_) if Path::new("/proc/self").exists() => false,
        Err(_) => Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status().unwrap().success(),
    }
}

fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The numbers that scripts wrote into a file, once they are there.
fn pids(path: &Path, count: usize) -> Vec<String> {
    let read = || std::fs::read_to_string(path).unwrap_or_default();
    eventually("the scripts have begun", || read().lines().count() == count);
    read().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_whole_set() {
    let (seen, _guard) = Seen::start();
    let scripts = Scripts::new();
    let more =
        r#","SessionToken":"CANARY-TOKEN","Expiration":"2099-01-01T00:00:00Z","AccountId":"123456789012""#;
    let process = scripts.process(&format!("echo CANARY-STDERR >&2; {}", printing(more)));
    let process = process.account_id("999999999999");
    let credentials = process.retrieve().await.unwrap();
    assert_eq!(credentials.access_key_id(), "AKIAPROCESS");
    assert_eq!(credentials.secret_access_key().expose_secret(), "CANARY-SECRET");
    assert_eq!(credentials.session_token().unwrap().expose_secret(), "CANARY-TOKEN");
    assert_eq!(credentials.account_id(), Some("123456789012"));
    assert!(credentials.expiry().is_some());
    assert_eq!(credentials.source().kind(), SourceKind::Process);
    assert!(credentials.source().to_string().starts_with("process (/"), "{}", credentials.source());
    seen.also(format!("{credentials:?} {process:?}"));
    assert!(seen.text().contains("program: Some(\"/"), "{}", seen.text());
    seen.assert_none_of(["CANARY"]);
}

#[tokio::test]
async fn token_expiration_and_account_may_be_missing() {
    let scripts = Scripts::new();
    let process = scripts.process(&printing(""));
    let credentials = process.retrieve().await.unwrap();
    assert!(credentials.session_token().is_none() && credentials.expiry().is_none());
    assert!(credentials.account_id().is_none());
    let credentials = process.account_id("999999999999").retrieve().await.unwrap();
    assert_eq!(credentials.account_id(), Some("999999999999"));
}

#[tokio::test]
async fn words_arrive_as_they_were_quoted() {
    let scripts = Scripts::new();
    let script = scripts.script("a helper", &format!("printf '%s\\n' \"$@\" > \"$0.out\"; {}", printing("")));
    let out = scripts.path("a helper.out");
    for (line, expected) in [
        (format!("'{script}' a 'b c' \"d  e\""), "a\nb c\nd  e\n"),
        (format!("\"{script}\" --x=\"a b\" '' '$HOME' \\$HOME \"it's\""), "--x=a b\n\n$HOME\n$HOME\nit's\n"),
        (format!("{} a", script.replace(' ', "\\ ")), "a\n"),
        (format!("'{script}'\n--a\nb"), "--a\nb\n"),
        // For the shell.
        (format!("'{script}' \"$GREETING you\" ; :"), "hello you\n"),
        (format!("A=b '{script}' a | cat"), "a\n"),
        (format!("exec '{script}' \"$(echo a b)\""), "a b\n"),
    ] {
        let world = World::new().env("GREETING", "hello");
        let credentials = Process::new(line.clone()).in_world(&world).retrieve().await.unwrap();
        assert_eq!(credentials.access_key_id(), "AKIAPROCESS");
        assert_eq!(std::fs::read_to_string(&out).unwrap(), expected, "{line}");
    }
    let words = [script.as_str(), "'a b'", "$HOME | \\", ""];
    Process::argv(words).retrieve().await.unwrap();
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "'a b'\n$HOME | \\\n\n");
}

#[tokio::test]
async fn the_environment_is_handed_down() {
    let scripts = Scripts::new();
    let text = r#"printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"}' "$KEY" "$HOME""#;
    let world = World::new().env("KEY", "AKIAENV").env("HOME", "/home/of-the-world");
    let credentials = scripts.process(text).in_world(&world).retrieve().await.unwrap();
    assert_eq!(credentials.access_key_id(), "AKIAENV");
    assert_eq!(credentials.secret_access_key().expose_secret(), "/home/of-the-world");
    // Outside of a world it is the environment of this process.
    let text = "[ \"$CARGO_MANIFEST_DIR\" = \"$1\" ] && ".to_owned() + &printing("");
    let words = [scripts.script("real", &text), env!("CARGO_MANIFEST_DIR").to_owned()];
    Process::argv(words).retrieve().await.unwrap();
}

/// In a program of its own, which has an stdin with something in it.
#[test]
fn its_stdin_is_empty() {
    let scripts = Scripts::new();
    let script = scripts.script("helper", &format!("[ -z \"$(cat)\" ] || exit 9; {}", printing("")));
    std::fs::write(scripts.path("config"), format!("[default]\ncredential_process = '{script}'\n")).unwrap();
    let mut command = Command::new(example("credential_process"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent");
    command.env("AWS_CONFIG_FILE", scripts.path("config")).env("AWS_EC2_METADATA_DISABLED", "true");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"typed\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(json(&output).unwrap()["AccessKeyId"], "AKIAPROCESS", "{}", stderr(&output));
}

#[tokio::test]
async fn a_profile_names_the_command() {
    let (seen, _guard) = Seen::start();
    let scripts = Scripts::new();
    let script = scripts.script("helper", &printing(""));
    let world = World::new().file(
        "~/.aws/config",
        format!(
            "[default]\ncredential_process = '{script}' --secret CANARY-ARGUMENT\n  # one more line\n\
             [profile dev]\ncredential_process = '{script}'\n  --role dev\naws_account_id = 123456789012\n\
             [profile broken]\ncredential_process = '{script} CANARY-ARGUMENT\n\
             [profile failing]\naws_account_id = 1\ncredential_process = sh -c 'echo nope >&2; exit 3' CANARY-ARGUMENT\n"
        ),
    );
    let chain = || DefaultChain::in_world(&world).no_instance_metadata();
    let credentials = chain().retrieve().await.unwrap();
    assert_eq!(credentials.source().to_string(), "process (default)");
    assert!(credentials.account_id().is_none());
    let credentials = chain().profile("dev").retrieve().await.unwrap();
    assert_eq!(credentials.source().to_string(), "process (dev)");
    assert_eq!(credentials.account_id(), Some("123456789012"));
    seen.also(format!("{credentials:?}"));

    let at = "/home-of-the-test-world/.aws/config";
    for (profile, says) in [
        (
            "broken",
            format!("process: the command of profile `broken` ({at}:9) has a `'` that is not closed; write"),
        ),
        (
            "failing",
            format!(
                "process: `sh` of profile `failing` ({at}:12) exited with code 3; it wrote on stderr: nope; run"
            ),
        ),
    ] {
        let error = ProfileFile::in_world(&world).profile(profile).retrieve().await.unwrap_err();
        assert!(error.to_string().starts_with(&says), "{error}\n{says}");
        seen.also(format!("{error} {error:?}"));
    }
    seen.assert_none_of(["CANARY"]);
}

#[tokio::test]
async fn a_role_may_have_a_process_as_its_source() {
    let scripts = Scripts::new();
    let aws = LocalAws::start().await.unwrap();
    let arn = "arn:aws:iam::222222222222:role/reports";
    aws.sts().role(arn).trusts("arn:aws:iam::123456789012:user/dev");
    let (id, secret) = aws.sts().user("123456789012", "dev");
    let text =
        format!(r#"printf '{{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"}}' {id} '{secret}'"#);
    let script = scripts.script("helper", &text);
    let config = format!(
        "[profile reports]\nrole_arn = {arn}\nsource_profile = helper\n\
         [profile helper]\ncredential_process = '{script}'\n"
    );
    let world = aws.world().file("~/.aws/config", config);
    let credentials = DefaultChain::in_world(&world).profile("reports").retrieve().await.unwrap();
    assert_eq!(credentials.source().to_string(), format!("process (helper) → assume role ({arn})"));
    assert_eq!(credentials.account_id(), Some("222222222222"));
}

#[tokio::test]
async fn what_goes_wrong_is_named_without_secrets() {
    use FailureKind::{Expired, Malformed, Misconfigured, Unavailable};
    let (seen, _guard) = Seen::start();
    let scripts = Scripts::new();
    let long = "i=0; while [ $i -lt 999 ]; do echo 'password: CANARY' line $i; i=$((i+1)); done >&2; exit 1";
    let cases = [
        ("exit 3", Unavailable, "exited with code 3 and wrote nothing on stderr; run the command by hand"),
        (
            "echo 'token: CANARY expired' >&2; echo CANARY; exit 1",
            Unavailable,
            "exited with code 1; it wrote on stderr: token: **** expired; run",
        ),
        ("printf 'a\\033[31m\\377\\n\\nb\\n' >&2; exit 1", Unavailable, "stderr: a [31m\u{fffd}  b; run"),
        (long, Unavailable, "; it wrote on stderr: …"),
        (long, Unavailable, "password: ****; run"),
        (
            "i=0; while [ $i -lt 2000 ]; do printf CANARY-CANARY- >&2; i=$((i+1)); done; exit 1",
            Unavailable,
            "wrote one long line",
        ),
        ("echo CANARY; kill -TERM $$", Unavailable, "was killed by signal 15"),
        ("kill -KILL $$", Unavailable, "was killed by signal 9"),
        (":", Malformed, "ended well, and the answer is not the expected JSON"),
        ("echo CANARY", Malformed, "(line 1, column 1); let it print one JSON object"),
        ("head -c 4096 /dev/urandom; echo CANARY", Malformed, "is not the expected JSON"),
        (&printing("},CANARY"), Malformed, "is not the expected JSON"),
        ("echo '{\"AccessKeyId\":\"A\"}'", Malformed, "has no `Version`, and the number 1 is supported"),
        (&printing(r#","Version":2"#), Malformed, "has `Version` 2, and the number 1 is supported"),
        (&printing(r#","Version":"1""#), Malformed, "has `Version` \"1\", as a text"),
        ("echo '{\"Version\":1,\"AccessKeyId\":\"CANARY\"}'", Malformed, "has no `SecretAccessKey`"),
        ("echo '{\"Version\":1,\"SecretAccessKey\":\"CANARY\"}'", Malformed, "has no `AccessKeyId`"),
        (&printing(r#","Expiration":"CANARY""#), Malformed, "no RFC 3339 time"),
        (&printing(r#","SessionToken":"CANARY CANARY""#), Malformed, "the session token holds a character"),
        (
            &printing(r#","Expiration":"2001-01-01T00:00:00Z""#),
            Expired,
            "gave credentials that expired at 2001-01-01T00:00:00Z; let it give fresh ones",
        ),
    ];
    for (text, kind, says) in cases {
        let error = scripts.process(text).retrieve().await.unwrap_err();
        assert_eq!(failure(&error), kind, "{text}\n{error}");
        assert!(error.to_string().contains(says), "{text}\n{error}");
        let begins = format!("process: `{}` ", scripts.path("script").display());
        assert!(error.to_string().starts_with(&begins), "{error}");
        assert!(error.to_string().len() < 2500, "{error}");
        seen.also(format!("{error} {error:?}"));
    }
    let not_executable = scripts.path("plain");
    std::fs::write(&not_executable, "CANARY").unwrap();
    let not_executable = not_executable.to_str().unwrap().replace(' ', "\\ ");
    for (line, says) in [
        (
            "no-such-program-here CANARY",
            "`no-such-program-here` was not found in the directories of PATH; install it",
        ),
        ("/no/such/program CANARY", "`/no/such/program` was not found; check its path"),
        (not_executable.as_str(), "may not be executed; check its permissions"),
        ("no-such-program-here CANARY | cat; exit $?7", "`/bin/sh` exited with code 7"),
        ("no-such-program-here $CANARY", "a program in it was not found"),
        ("/ $CANARY", "a program in it cannot be executed"),
        (" ", "the command names no program"),
        ("'CANARY", "the command has a `'` that is not closed"),
        ("helper 'a\0CANARY'", "could not be started"),
    ] {
        let error = Process::new(line).retrieve().await.unwrap_err();
        assert!(error.to_string().contains(says), "{line}\n{error}");
        let is_permanent = !says.contains("code 7") && !says.contains("not be started");
        assert_eq!(failure(&error) == Misconfigured, is_permanent, "{error}");
        seen.also(format!("{error} {error:?}"));
    }
    seen.assert_none_of(["CANARY"]);
}

/// Writes its own number and that of a child, and both wait.
fn two_that_hang(pids: &Path) -> String {
    let pids = pids.display();
    format!("sleep 600 & echo $! >> '{pids}'; echo $$ >> '{pids}'; echo 'waits for secret: CANARY' >&2; wait")
}

#[tokio::test]
async fn what_hangs_is_killed_with_all_that_it_started() {
    let scripts = Scripts::new();
    let file = scripts.path("pids");
    // A child that does not mind being asked to go.
    let text = format!("trap '' TERM INT HUP; {}", two_that_hang(&file));
    let error = scripts.process(&text).timeout(Duration::from_millis(300)).retrieve().await.unwrap_err();
    assert_eq!(failure(&error), FailureKind::TimedOut);
    let says = "did not end within 0.3 s and was killed; it wrote on stderr: waits for secret: ****; let it end sooner";
    assert!(error.to_string().contains(says), "{error}");
    for pid in pids(&file, 2) {
        eventually("it is killed", || !runs(&pid));
    }
}

#[tokio::test]
async fn nobody_waits_any_more_so_it_is_killed() {
    let scripts = Scripts::new();
    let file = scripts.path("pids");
    let process = scripts.process(&two_that_hang(&file));
    let task = tokio::spawn(async move { process.retrieve().await });
    let started = {
        let file = file.clone();
        tokio::task::spawn_blocking(move || pids(&file, 2)).await.unwrap()
    };
    assert!(started.iter().all(|pid| runs(pid)));
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    for pid in started {
        eventually("it is killed", || !runs(&pid));
    }
}

#[tokio::test]
async fn what_floods_stdout_is_killed() {
    let (seen, _guard) = Seen::start();
    let scripts = Scripts::new();
    let file = scripts.path("pids");
    let text = format!("echo $$ > '{}'; while :; do echo CANARY-CANARY-CANARY-CANARY; done", file.display());
    let error = scripts.process(&text).retrieve().await.unwrap_err();
    assert_eq!(failure(&error), FailureKind::Malformed);
    assert!(
        error
            .to_string()
            .contains("printed more than 64 KiB and was killed; let it print what is asked of it"),
        "{error}"
    );
    for pid in pids(&file, 1) {
        eventually("it is killed", || !runs(&pid));
    }
    // Right up to the limit it is read, and no further.
    for (more, is_read) in [(0, true), (1, false)] {
        let size = 64 * 1024 - KEYS.len() - "{}".len() + more;
        let text = format!("head -c {size} /dev/zero | tr '\\0' ' '; {}", printing(""));
        assert_eq!(scripts.process(&text).retrieve().await.is_ok(), is_read);
    }
    // A flood on stderr is read and passed over.
    let noise = "head -c 300000 /dev/zero >&2; ".to_owned() + &printing("");
    scripts.process(&noise).retrieve().await.unwrap();
    seen.also(format!("{error} {error:?}"));
    seen.assert_none_of(["CANARY"]);
}

#[tokio::test]
async fn a_child_that_keeps_the_pipes_open_holds_nobody_up() {
    let scripts = Scripts::new();
    let file = scripts.path("pids");
    let text = format!("sleep 600 & echo $! > '{}'; {}", file.display(), printing(""));
    let started = Instant::now();
    scripts.process(&text).retrieve().await.unwrap();
    assert!(started.elapsed() < PATIENCE);
    // It was left there on purpose, as an agent is: not ours to kill.
    for pid in pids(&file, 1) {
        assert!(runs(&pid));
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    }
}

/// A profile whose command asks this crate for the same profile again. Each start would be another process, in a group of its
/// own: nobody's limit would reach them all.
#[tokio::test]
async fn a_program_that_comes_back_to_itself_is_found_out() {
    let scripts = Scripts::new();
    let starts = scripts.path("starts");
    let program = example("credential_process");
    let text = format!("echo >> '{}'\nexec '{}'", starts.display(), program.display());
    let wrapper = scripts.script("wrapper", &text);
    let config = scripts.path("config");
    std::fs::write(&config, format!("[default]\ncredential_process = \"{wrapper}\"\n")).unwrap();
    let started = Instant::now();
    let output = run(&mut Command::new(&program), &[("AWS_CONFIG_FILE", config.to_str().unwrap())]);
    assert!(started.elapsed() < PATIENCE);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{}", stderr(&output));
    assert!(stderr(&output).contains("start each other"), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&starts).unwrap().lines().count(), 4);
}

#[tokio::test]
async fn two_retrieves_run_side_by_side() {
    let scripts = Scripts::new();
    let (fifo, first) = (scripts.path("fifo"), scripts.path("first"));
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // Each needs the other to go on.
    let text = format!(
        "if mkdir '{}' 2>/dev/null; then echo go > '{fifo}'; else read go < '{fifo}'; fi; {}",
        first.display(),
        printing(""),
        fifo = fifo.display(),
    );
    let process = std::sync::Arc::new(scripts.process(&text));
    let other = tokio::spawn({
        let process = process.clone();
        async move { process.retrieve().await }
    });
    let credentials = process.retrieve().await.unwrap();
    assert!(other.await.unwrap().unwrap().generation() != credentials.generation());
}

#[tokio::test]
async fn a_cache_asks_again_and_never_serves_what_has_expired() {
    let scripts = Scripts::new();
    let world = World::new();
    let script = scripts.script("helper", "cat \"$0.json\"");
    let json = scripts.path("helper.json");
    std::fs::write(&json, format!(r#"{{{KEYS},"Expiration":"2099-01-01T00:00:00Z"}}"#)).unwrap();
    let process = Process::argv([script]).in_world(&world);
    let cache = CredentialsCache::builder(process).in_world(&world).build();
    let first = cache.credentials().await.unwrap();
    std::fs::remove_file(&json).unwrap();
    assert_eq!(cache.credentials().await.unwrap().generation(), first.generation());
    world.clock().turn(first.expiry().unwrap().duration_since(world.clock().now()).unwrap());
    let error = cache.credentials().await.unwrap_err();
    assert!(error.to_string().contains("exited with code 1"), "{error}");
}

#[test]
fn without_a_runtime_that_can_nothing_is_started() {
    let scripts = Scripts::new();
    let file = scripts.path("started");
    let process = scripts.process(&format!("echo x > '{}'; {}", file.display(), printing("")));
    {
        let mut retrieve = pin!(process.retrieve());
        let Poll::Ready(outcome) = retrieve.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it waits for what does not come");
        };
        assert_eq!(failure(&outcome.unwrap_err()), FailureKind::NoRuntime);
    }
    for with_time in [false, true] {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        if with_time {
            builder.enable_time();
        }
        let error = builder.build().unwrap().block_on(process.retrieve()).unwrap_err();
        assert_eq!(failure(&error), FailureKind::NoRuntime);
        assert!(error.to_string().contains("enable_all"), "{error}");
    }
    assert!(!file.exists());
}

#[test]
fn the_time_limit_can_only_be_lowered() {
    let limit = |process: Process| process.time_limit();
    let standard = limit(Process::new("helper"));
    assert!(standard > Duration::from_secs(45) && standard < Duration::from_secs(50));
    assert_eq!(limit(Process::new("helper").timeout(Duration::from_secs(60))), standard);
    assert!(limit(Process::new("helper").timeout(Duration::from_secs(5))) < Duration::from_secs(10));
}
