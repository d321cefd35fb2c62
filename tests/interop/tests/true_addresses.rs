//! The metadata service at its true addresses, in a network namespace made for each test; and a machine outside of
//! EC2, which is one that is empty.

use std::process::Output;
use std::time::{Duration, Instant};

use interop::namespace::Namespace;
use interop::{credential_process, json, stderr};

/// Runs `credential_process` in a namespace that has these addresses, with the local AWS at these sockets.
fn in_namespace(addresses: &[&str], sockets: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut namespace =
        addresses.iter().fold(Namespace::new(), |namespace, address| namespace.address(address));
    if !sockets.is_empty() {
        namespace = namespace.server(env!("CARGO_BIN_EXE_local_aws"), sockets);
    }
    namespace.run(credential_process().to_str().unwrap(), variables)
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
fn a_task_of_ecs_and_a_pod_of_eks_ask_their_agents() {
    let relative = [("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/local")];
    let full = |uri| [("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)];
    let cases = [
        ("169.254.170.2/32", "169.254.170.2:80", relative),
        ("169.254.170.23/32", "169.254.170.23:80", full("http://169.254.170.23/v2/credentials/local")),
        ("fd00:ec2::23/128", "[fd00:ec2::23]:80", full("http://[fd00:ec2::23]/v2/credentials/local")),
    ];
    for (address, socket, variables) in cases {
        let output = in_namespace(&[address], &[socket], &variables);
        let credentials = json(&output).unwrap_or_else(|| panic!("{socket}: {}", stderr(&output)));
        assert_eq!(credentials["AccountId"], "123456789012");
    }
}

#[test]
fn a_container_whose_agent_is_away_does_not_become_its_node() {
    let variables = [("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/local")];
    let output = in_namespace(&["169.254.169.254/32"], &["169.254.169.254:80"], &variables);
    assert!(output.stdout.is_empty() && !output.status.success());
    assert!(
        stderr(&output).contains("container: GET http://169.254.170.2/v2/credentials/local"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_machine_outside_of_ec2_is_told_so_at_once() {
    // Building it is not what is measured.
    let _ = credential_process();
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
