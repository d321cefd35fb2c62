//! What follows from settings, as tables: code, variables, keys of the profile in; what is asked or a message out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::testing::World;

/// Code, variables and keys as `name=value`, apart from each other by blanks.
fn settings(code: &InCode, variables: &str, keys: &str) -> Result<Settings, Error> {
    let pairs = |text: &str| -> Vec<(String, String)> {
        let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_owned(), value.replace('␣', " ").replace('␤', "\n"))).collect()
    };
    let world =
        pairs(variables).into_iter().fold(World::new(), |world, (name, value)| world.env(name, value));
    let keys = pairs(keys);
    let profile = |key: &'static str| {
        let found = keys.iter().find(|(known, _)| known == key);
        let place = format!("`{key}` (/config:7)");
        Ok(found.map(|(_, text)| Found { text: text.clone(), place }))
    };
    Settings::resolve(code, &Outside { env: &world.host().env, profile: &profile })
}

const V4: &str = "http://169.254.169.254";
const V6: &str = "http://[fd00:ec2::254]";

#[test]
fn an_endpoint_goes_before_a_mode_and_code_before_variables_before_the_profile() {
    let endpoint = |text: &str| InCode { endpoint: Some(text.to_owned()), ..InCode::default() };
    let mode = |mode| InCode { mode: Some(mode), ..InCode::default() };
    let nothing = InCode::default;
    let cases = [
        (nothing(), "", "", V4, false),
        (nothing(), "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6", "", V6, false),
        (nothing(), "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=ipV4", "", V4, false),
        (nothing(), "", "ec2_metadata_service_endpoint_mode=IPV6", V6, false),
        (
            nothing(),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv4",
            "ec2_metadata_service_endpoint_mode=IPv6",
            V4,
            false,
        ),
        (mode(EndpointMode::Ipv4), "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6", "", V4, false),
        (mode(EndpointMode::Ipv6), "", "ec2_metadata_service_endpoint_mode=IPv4", V6, false),
        (nothing(), "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://env/", "", "http://env", true),
        (nothing(), "", "ec2_metadata_service_endpoint=http://file:81/x/", "http://file:81/x", true),
        (
            nothing(),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://env",
            "ec2_metadata_service_endpoint=http://file",
            "http://env",
            true,
        ),
        (endpoint("http://code"), "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://env", "", "http://code", true),
        // An endpoint of the profile goes before a mode, wherever that stands.
        (
            mode(EndpointMode::Ipv6),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv5",
            "ec2_metadata_service_endpoint=http://file",
            "http://file",
            true,
        ),
        // What botocore alone has goes last.
        (nothing(), "AWS_IMDS_USE_IPV6=True", "", V6, false),
        (nothing(), "", "imds_use_ipv6=true", V6, false),
        (nothing(), "AWS_IMDS_USE_IPV6=false", "imds_use_ipv6=true", V4, false),
        (nothing(), "AWS_IMDS_USE_IPV6=true", "ec2_metadata_service_endpoint_mode=IPv4", V4, false),
        // Blank counts as unset.
        (nothing(), "AWS_EC2_METADATA_SERVICE_ENDPOINT=␣ AWS_IMDS_USE_IPV6=", "", V4, false),
        // Version 1 is never used, whatever these say.
        (nothing(), "AWS_EC2_METADATA_V1_DISABLED=false", "ec2_metadata_v1_disabled=true", V4, false),
    ];
    for (code, variables, keys, expected, named) in cases {
        let settings = settings(&code, variables, keys).unwrap();
        assert_eq!(settings.url("/x"), format!("{expected}/x"), "{code:?} {variables} {keys}");
        assert_eq!(settings.endpoint_was_named, named, "{variables} {keys}");
    }
}

#[test]
fn whether_it_is_switched_off() {
    for (variables, keys, off_by) in [
        ("AWS_EC2_METADATA_DISABLED=True", "", Some("AWS_EC2_METADATA_DISABLED=true")),
        ("", "disable_ec2_metadata=TRUE", Some("`disable_ec2_metadata` (/config:7)=true")),
        ("AWS_EC2_METADATA_DISABLED=false", "disable_ec2_metadata=true", None),
        ("AWS_EC2_METADATA_DISABLED=true", "disable_ec2_metadata=false", Some("AWS_EC2_METADATA_DISABLED")),
        ("AWS_EC2_METADATA_DISABLED=1", "", None),
        ("AWS_EC2_METADATA_DISABLED=1", "disable_ec2_metadata=true", Some("`disable_ec2_metadata`")),
        ("", "disable_ec2_metadata=false", None),
        // Switched off, nothing else about it has to be right.
        (
            "AWS_EC2_METADATA_DISABLED=true AWS_METADATA_SERVICE_TIMEOUT=x",
            "",
            Some("AWS_EC2_METADATA_DISABLED"),
        ),
    ] {
        match (settings(&InCode::default(), variables, keys), off_by) {
            (Ok(_), None) => {}
            (Err(error), Some(by)) => {
                assert!(error.is_not_configured() && error.to_string().contains(by), "{error}");
            }
            (answer, _) => panic!("{variables} {keys}: {answer:?}"),
        }
    }
}

#[test]
fn how_patiently_it_is_asked() {
    let limits = |connect, answer| Limits {
        connect: Duration::from_millis(connect),
        answer: Duration::from_millis(answer),
    };
    let code = InCode { timeouts: Timeouts::new().answer(Duration::from_secs(7)), ..InCode::default() };
    for (code, variables, keys, expected) in [
        (InCode::default(), "", "", (limits(1000, 1000), None)),
        (
            InCode::default(),
            "AWS_METADATA_SERVICE_TIMEOUT=5 AWS_METADATA_SERVICE_NUM_ATTEMPTS=4",
            "metadata_service_timeout=3 metadata_service_num_attempts=2",
            (limits(5000, 5000), Some(4)),
        ),
        (
            InCode::default(),
            "",
            "metadata_service_timeout=2.5 metadata_service_num_attempts=1",
            (limits(2500, 2500), Some(1)),
        ),
        (code, "AWS_METADATA_SERVICE_TIMEOUT=2", "", (limits(2000, 7000), None)),
        (InCode::default(), "AWS_METADATA_SERVICE_TIMEOUT=1e300", "", (limits(30_000, 30_000), None)),
    ] {
        let settings = settings(&code, variables, keys).unwrap();
        assert_eq!((settings.limits, settings.attempts), expected, "{variables} {keys}");
    }
}

#[test]
fn what_cannot_be_followed_is_named_with_its_place() {
    for (variables, keys, says) in [
        (
            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=v6",
            "",
            "ENDPOINT_MODE is `v6`, which is neither IPv4 nor IPv6",
        ),
        (
            "",
            "ec2_metadata_service_endpoint_mode=6",
            "`ec2_metadata_service_endpoint_mode` (/config:7) is `6`",
        ),
        (
            "",
            "ec2_metadata_service_endpoint=127.0.0.1",
            "`ec2_metadata_service_endpoint` (/config:7) is no URL",
        ),
        ("", "ec2_metadata_service_endpoint=http://x␤k␣=␣CANARY", "goes on in indented lines"),
        ("", "ec2_metadata_service_endpoint=http://u:CANARY@x", "may have none"),
        ("", "ec2_instance_profile_name=a/b", "`ec2_instance_profile_name` (/config:7) is no name of a role"),
        ("", "disable_ec2_metadata=1", "`disable_ec2_metadata` (/config:7) is neither true nor false"),
        ("AWS_IMDS_USE_IPV6=yes", "", "AWS_IMDS_USE_IPV6 is neither true nor false"),
        (
            "",
            "metadata_service_timeout=CANARY",
            "`metadata_service_timeout` (/config:7) is no number of seconds",
        ),
        (
            "AWS_METADATA_SERVICE_TIMEOUT=0",
            "",
            "AWS_METADATA_SERVICE_TIMEOUT is no number of seconds above zero",
        ),
        ("AWS_METADATA_SERVICE_TIMEOUT=-1", "", "above zero"),
        ("AWS_METADATA_SERVICE_TIMEOUT=nan", "", "above zero"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS=0", "", "NUM_ATTEMPTS is no number of attempts above zero"),
        (
            "",
            "metadata_service_num_attempts=99999999999",
            "`metadata_service_num_attempts` (/config:7) is no",
        ),
    ] {
        let error = settings(&InCode::default(), variables, keys).unwrap_err();
        assert!(!error.is_not_configured() && !error.is_transient(), "{error}");
        let text = error.to_string();
        assert!(text.contains(says) && text.contains("; ") && !text.contains("CANARY"), "{text}");
    }
}
