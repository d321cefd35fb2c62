//! Roles assumed at the true addresses of STS, in a network namespace in which just one of them exists: behind TLS, with a
//! certificate for that name, and an STS that takes no signature for another region. Botocore is asked where it would go.

use std::process::Output;

use interop::botocore::Botocore;
use interop::namespace::Namespace;
use interop::{credential_process, json, stderr};

/// Settings, and where they lead.
struct Case {
    /// What `AWS_DEFAULT_REGION` says, if anything.
    region: &'static str,
    flags: &'static [(&'static str, &'static str)],
    /// Of the roles.
    partition: &'static str,
    host: &'static str,
    signed_for: &'static str,
    /// Botocore goes elsewhere, and this is why.
    differs: Option<&'static str>,
}

const FIPS: (&str, &str) = ("AWS_USE_FIPS_ENDPOINT", "true");
const DUAL_STACK: (&str, &str) = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
const LEGACY: (&str, &str) = ("AWS_STS_REGIONAL_ENDPOINTS", "legacy");

fn cases() -> Vec<Case> {
    let no_region = Some("without a region botocore asks the global address; we ask in the role's partition");
    [
        ("eu-central-1", &[][..], "aws", "sts.eu-central-1.amazonaws.com", "eu-central-1", None),
        ("eu-central-1", &[DUAL_STACK], "aws", "sts.eu-central-1.api.aws", "eu-central-1", None),
        ("eu-central-1", &[LEGACY], "aws", "sts.amazonaws.com", "us-east-1", None),
        ("eu-south-1", &[LEGACY], "aws", "sts.eu-south-1.amazonaws.com", "eu-south-1", None),
        ("us-east-1", &[], "aws", "sts.us-east-1.amazonaws.com", "us-east-1", None),
        ("us-east-1", &[FIPS], "aws", "sts-fips.us-east-1.amazonaws.com", "us-east-1", None),
        ("us-east-1", &[FIPS, DUAL_STACK], "aws", "sts-fips.us-east-1.api.aws", "us-east-1", None),
        ("aws-global", &[], "aws", "sts.amazonaws.com", "us-east-1", None),
        ("us-gov-west-1", &[FIPS], "aws-us-gov", "sts.us-gov-west-1.amazonaws.com", "us-gov-west-1", None),
        ("cn-north-1", &[], "aws-cn", "sts.cn-north-1.amazonaws.com.cn", "cn-north-1", None),
        (
            "cn-north-1",
            &[DUAL_STACK],
            "aws-cn",
            "sts.cn-north-1.api.amazonwebservices.com.cn",
            "cn-north-1",
            None,
        ),
        ("eusc-de-east-1", &[], "aws-eusc", "sts.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", None),
        ("us-isob-east-1", &[], "aws-iso-b", "sts.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", None),
        ("", &[], "aws", "sts.us-east-1.amazonaws.com", "us-east-1", no_region),
        ("", &[], "aws-cn", "sts.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1", no_region),
    ]
    .map(|(region, flags, partition, host, signed_for, differs)| Case {
        region,
        flags,
        partition,
        host,
        signed_for,
        differs,
    })
    .into()
}

/// Runs `credential_process` beside an STS that has this name, and takes signatures for this region.
fn beside(host: &str, region: &str, partition: &str, variables: &[(&str, &str)]) -> Output {
    let arguments = [host, region, partition, "{}"];
    let mut all = vec![
        ("AWS_CA_BUNDLE", "{}/ca.pem"),
        ("AWS_CONFIG_FILE", "{}/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "{}/credentials"),
    ];
    all.extend_from_slice(variables);
    Namespace::new()
        .name(host)
        .server(env!("CARGO_BIN_EXE_sts_over_tls"), &arguments)
        .run(credential_process().to_str().unwrap(), &all)
}

#[tokio::test]
async fn roles_are_assumed_where_the_settings_lead() {
    let mut botocore = Botocore::start();
    for Case { region, flags, partition, host, signed_for, differs } in cases() {
        let region = (!region.is_empty()).then_some(("AWS_DEFAULT_REGION", region));
        let settings: Vec<_> = region.into_iter().chain(flags.iter().copied()).collect();
        let all = [&[("AWS_PROFILE", "leaf")], settings.as_slice()].concat();
        let output = beside(host, signed_for, partition, &all);
        let credentials = json(&output).unwrap_or_else(|| panic!("{host}: {}", stderr(&output)));
        assert_eq!(credentials["AccountId"], "222222222222", "{host}");

        let settings: Vec<_> =
            settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let theirs = botocore.sts_endpoint(&settings).await;
        let is_same = theirs == (host.to_owned(), signed_for.to_owned());
        assert_eq!(is_same, differs.is_none(), "{settings:?}: {theirs:?}; {differs:?}");
    }
}

#[test]
fn a_web_identity_needs_no_signature_but_the_right_name() {
    for (variables, host) in [
        (&[("AWS_REGION", "eu-central-1")][..], "sts.eu-central-1.amazonaws.com"),
        (&[("AWS_REGION", "eu-central-1"), LEGACY], "sts.amazonaws.com"),
        (&[], "sts.us-east-1.amazonaws.com"),
    ] {
        let web = [
            ("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/web"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "{}/token"),
        ];
        let output = beside(host, "eu-central-1", "aws", &[&web, variables].concat());
        let credentials = json(&output).unwrap_or_else(|| panic!("{host}: {}", stderr(&output)));
        assert_eq!(credentials["AccountId"], "222222222222", "{host}");
    }
}

#[test]
fn another_name_or_another_region_is_an_error() {
    let frankfurt = [("AWS_REGION", "eu-central-1"), ("AWS_PROFILE", "leaf")];
    let output = beside("sts.eu-central-1.amazonaws.com", "eu-west-1", "aws", &frankfurt);
    let text = stderr(&output);
    assert!(output.stdout.is_empty() && text.contains("SignatureDoesNotMatch"), "{text}");
    assert!(text.contains("https://sts.eu-central-1.amazonaws.com"), "{text}");

    let output = beside("sts.eu-west-1.amazonaws.com", "eu-west-1", "aws", &frankfurt);
    let text = stderr(&output);
    assert!(output.stdout.is_empty() && text.contains("sts.eu-central-1.amazonaws.com"), "{text}");
    assert!(text.contains("region eu-central-1 from AWS_REGION"), "{text}");

    let untrusted = [&[("AWS_CA_BUNDLE", "")], &frankfurt[..]].concat();
    let output = beside("sts.eu-central-1.amazonaws.com", "eu-central-1", "aws", &untrusted);
    let text = stderr(&output);
    assert!(output.stdout.is_empty() && text.contains("certificate"), "{text}");
}
