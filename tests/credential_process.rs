//! The contract that others script against: one JSON object on stdout and 0, or nothing on stdout, an explanation on
//! stderr and another exit code. Real processes, hence real time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route};
use support::example::{example, json, run, stderr};

fn credential_process(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    // Never an address that is not ours.
    let mut all = vec![("HOME", "/nonexistent"), ("AWS_EC2_METADATA_DISABLED", "true")];
    all.extend_from_slice(variables);
    run(Command::new(example("credential_process")).args(arguments), &all)
}

fn assert_explained(output: &Output, code: i32, parts: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(output.stdout.is_empty());
    for part in parts {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn keys_of_the_environment() {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIAENV"),
        ("AWS_SECRET_ACCESS_KEY", "s/e+c"),
        ("AWS_SESSION_TOKEN", "t=="),
        ("AWS_CREDENTIAL_EXPIRATION", "2099-01-01T01:00:00.7+01:00"),
        ("AWS_ACCOUNT_ID", "123456789012"),
    ];
    let output = credential_process(&[], &variables);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        json(&output).unwrap(),
        serde_json::json!({
            "Version": 1,
            "AccessKeyId": "AKIAENV",
            "SecretAccessKey": "s/e+c",
            "SessionToken": "t==",
            "Expiration": "2099-01-01T00:00:00Z",
            "AccountId": "123456789012",
        })
    );
    assert!(output.stderr.is_empty());
    let output = credential_process(&[], &variables[..2]);
    let bare = serde_json::json!({"Version": 1, "AccessKeyId": "AKIAENV", "SecretAccessKey": "s/e+c"});
    assert_eq!(json(&output).unwrap(), bare, "what is not known is left out");
}

#[test]
fn a_profile_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("credentials");
    std::fs::write(&file, "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n").unwrap();
    let variables = [("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap()), ("AWS_PROFILE", "other")];
    for arguments in [&["--profile", "dev"][..], &["--profile=dev"]] {
        assert_eq!(json(&credential_process(arguments, &variables)).unwrap()["AccessKeyId"], "AKIADEV");
    }
    assert_explained(
        &credential_process(&["--profile", "dve"], &variables),
        1,
        &["`dve`", "named in code", "dev"],
    );
    assert_explained(&credential_process(&[], &variables), 1, &["`other`", "AWS_PROFILE"]);
}

#[test]
fn arguments_that_are_wrong() {
    for arguments in
        [&["--profile"][..], &["--profile="], &["dev"], &["--profile", "a", "--profile", "b"], &["-h"]]
    {
        assert_explained(
            &credential_process(arguments, &[]),
            2,
            &["usage: credential_process [--profile NAME]"],
        );
    }
}

#[test]
fn nothing_to_be_found() {
    let parts = [
        "no AWS credentials found",
        "AWS_ACCESS_KEY_ID",
        "/nonexistent/.aws/credentials",
        "AWS_EC2_METADATA_DISABLED",
    ];
    assert_explained(&credential_process(&[], &[]), 1, &parts);
}

/// Runs it against a local AWS, which lives in a runtime beside it.
fn against(aws: &LocalAws, variables: &[(&str, &str)]) -> Output {
    let endpoint = aws.endpoint();
    let mut all = vec![
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str()),
    ];
    all.extend_from_slice(variables);
    credential_process(&[], &all)
}

fn local_aws() -> (tokio::runtime::Runtime, LocalAws) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let aws = runtime.block_on(LocalAws::builder().clock(Clock::starting_now()).start()).unwrap();
    (runtime, aws)
}

#[test]
fn the_metadata_service_also_without_any_certificate_store() {
    let (_runtime, aws) = local_aws();
    let nowhere = [
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_DIR", "/nonexistent"),
        ("AWS_CA_BUNDLE", "/nonexistent"),
        ("HTTP_PROXY", "http://127.0.0.1:1"),
    ];
    let output = against(&aws, &nowhere);
    let credentials = json(&output).unwrap_or_else(|| panic!("{}", stderr(&output)));
    assert_eq!(aws.metadata().issued(), [credentials["AccessKeyId"].as_str().unwrap()]);
    assert_eq!(credentials["AccountId"], "123456789012");
    assert!(credentials["Expiration"].as_str().unwrap().ends_with('Z'));
    assert!(credentials["SessionToken"].is_string());
}

#[test]
fn whatever_the_other_side_does_it_ends() {
    let (_runtime, aws) = local_aws();
    aws.fault(Route::MetadataToken, Fault::hang().forever());
    let started = Instant::now();
    let output = against(&aws, &[]);
    assert_explained(&output, 1, &["http-put-response-hop-limit"]);
    assert!(started.elapsed() < Duration::from_secs(60));
    assert!(aws.secrets().iter().all(|secret| !stderr(&output).contains(secret)));
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_or_read_is_a_failure_and_no_panic() {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAENV"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let program = example("credential_process");
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(&program);
        command
    };
    assert_explained(&run(&mut shell("exec \"$0\" > /dev/full"), &keys), 1, &["No space left on device"]);
    // The standard library puts the null device in the place of what is closed, and writing to it succeeds.
    assert_explained(&run(&mut shell("exec \"$0\" >&-"), &keys), 1, &["stdout is closed"]);
    // Who names it wants it.
    assert_eq!(run(&mut shell("exec \"$0\" > /dev/null"), &keys).status.code(), Some(0));
    let dev_full = |arguments| {
        let output = run(&mut shell(&format!("exec \"$0\" {arguments} 2> /dev/full")), &keys[2..]);
        (output.status.code(), output.stdout.len())
    };
    assert_eq!((dev_full(""), dev_full("-x")), ((Some(1), 0), (Some(2), 0)));
    // A name that is no UTF-8 is no reason to use another profile.
    let output = run(&mut shell("AWS_PROFILE=$(printf 'a\\377') exec \"$0\""), &keys[2..]);
    assert_explained(&output, 1, &["AWS_PROFILE"]);
    // Neither is one of a directory: nothing there would be taken for a machine without files.
    let directory = tempfile::tempdir().unwrap();
    let script = "mkdir -p \"$D$(printf '/a\\377/.aws')\"
        printf '[default]\naws_access_key_id = AKIAHOME\naws_secret_access_key = s\n' > \"$D$(printf '/a\\377/.aws/credentials')\"
        printf '[profile dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n' > \"$D$(printf '/a\\377/c')\"
        HOME=$D$(printf '/a\\377') \"$0\"
        AWS_PROFILE=dev AWS_CONFIG_FILE=$D$(printf '/a\\377/c') \"$0\"";
    let variables = [keys[2], ("HOME", "/nonexistent"), ("D", directory.path().to_str().unwrap())];
    let output = run(&mut shell(script), &variables);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("AKIAHOME") && said.contains("AKIADEV"), "{said}{}", stderr(&output));
}
