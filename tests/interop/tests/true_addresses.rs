//! The metadata service at its true addresses, in a network namespace made for each test; and a machine outside of
//! EC2, which is one that is empty.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use interop::{credential_process, json, run, stderr};

/// Runs `credential_process` in a namespace that has these addresses, with the local AWS at these sockets.
fn in_namespace(addresses: &[&str], sockets: &[&str], variables: &[(&str, &str)]) -> Output {
    let add: Vec<_> = addresses.iter().map(|address| format!("ip addr add {address} dev lo; ")).collect();
    let add = add.concat();
    let script = format!(
        r#"ip link set lo up; {add}
        if [ -n "$SOCKETS" ]; then
            mkfifo "$SCRATCH/alive" "$SCRATCH/said"
            "$LOCAL_AWS" $SOCKETS < "$SCRATCH/alive" > "$SCRATCH/said" &
            exec 9> "$SCRATCH/alive"
            read -r line < "$SCRATCH/said"
        fi
        "$CREDENTIAL_PROCESS" 9>&-"#
    );
    let scratch = tempfile::tempdir().unwrap();
    let process = credential_process();
    let sockets = sockets.join(" ");
    let mut all = vec![
        ("LOCAL_AWS", env!("CARGO_BIN_EXE_local_aws")),
        ("CREDENTIAL_PROCESS", process.to_str().unwrap()),
        ("SCRATCH", scratch.path().to_str().unwrap()),
        ("SOCKETS", &sockets),
        ("HOME", "/nonexistent"),
    ];
    all.extend_from_slice(variables);
    run(Command::new("unshare").args(["-Urn", "sh", "-ec", &script]), &all)
}

#[test]
fn the_default_address_is_asked_without_any_setting() {
    let output = in_namespace(&["169.254.169.254/32"], &["169.254.169.254:80"], &[]);
    let credentials = json(&output).unwrap_or_else(|| panic!("{}", stderr(&output)));
    assert_eq!(credentials["Version"], 1);
    assert_eq!(credentials["AccountId"], "123456789012");
    assert!(credentials["AccessKeyId"].as_str().unwrap().starts_with("ASIA"));
    assert!(credentials["SessionToken"].is_string() && credentials["Expiration"].is_string());
}

#[test]
fn the_ipv6_address_is_asked_in_that_mode() {
    let mode = [("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")];
    let output = in_namespace(&["fd00:ec2::254/128"], &["[fd00:ec2::254]:80"], &mode);
    assert!(json(&output).is_some(), "{}", stderr(&output));
    let output = in_namespace(&["169.254.169.254/32"], &["169.254.169.254:80"], &mode);
    assert!(json(&output).is_none());
}

#[test]
fn a_machine_outside_of_ec2_is_told_so_at_once() {
    let started = Instant::now();
    let output = in_namespace(&[], &[], &[]);
    assert!(!output.status.success() && output.stdout.is_empty());
    let text = stderr(&output);
    for part in [
        "no AWS credentials found",
        "AWS_ACCESS_KEY_ID",
        "/nonexistent/.aws/credentials",
        "not an EC2 instance",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn somebody_else_at_that_address_is_explained() {
    // Nothing listens there: a container with a host that refuses.
    let output = in_namespace(&["169.254.169.254/32"], &[], &[]);
    assert!(output.stdout.is_empty());
    assert!(stderr(&output).contains("no connection: Connection refused"), "{}", stderr(&output));
}
