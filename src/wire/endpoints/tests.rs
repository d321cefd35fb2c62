//! Tables over all partitions and all variants.

use super::*;

fn region(name: &str) -> Region {
    Region::new(name.to_owned()).unwrap()
}

fn shown(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.url.strip_prefix("https://").unwrap(), endpoint.signing_region)
}

const PLAIN: Variant = Variant { fips: false, dual_stack: false };
const FIPS: Variant = Variant { fips: true, dual_stack: false };
const DUAL: Variant = Variant { fips: false, dual_stack: true };
const BOTH: Variant = Variant { fips: true, dual_stack: true };

#[test]
fn every_region_belongs_to_its_partition() {
    // All regions that AWS lists, and names of the shape of those to come.
    for (partition, regions) in [
        (
            "aws",
            "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 \
             ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 \
             aws-global ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 \
             eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 \
             us-west-1 us-west-2 us-northeast-17",
        ),
        ("aws-cn", "aws-cn-global cn-north-1 cn-northwest-1 cn-south-2"),
        ("aws-us-gov", "aws-us-gov-global us-gov-east-1 us-gov-west-1 us-gov-north-3"),
        ("aws-eusc", "eusc-de-east-1 eusc-de-west-2"),
        ("aws-iso", "aws-iso-global us-iso-east-1 us-iso-west-1 us-iso-south-2"),
        ("aws-iso-b", "aws-iso-b-global us-isob-east-1 us-isob-west-1"),
        ("aws-iso-e", "aws-iso-e-global eu-isoe-west-1 eu-isoe-east-2"),
        ("aws-iso-f", "aws-iso-f-global us-isof-east-1 us-isof-south-1"),
        // Of no shape that is known.
        ("aws", "local us-gov cn-north cn-north-1a eusc-fr-east-1 xx-cn-north-1 us-isox-east-1 cn--1"),
    ] {
        for name in regions.split_whitespace() {
            assert_eq!(Partition::of_region(&region(name)).id, partition, "{name}");
        }
    }
}

#[test]
fn partitions_are_found_by_the_names_that_arns_have() {
    for (id, implicit) in [
        ("aws", "us-east-1"),
        ("aws-cn", "cn-northwest-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-eusc", "eusc-de-east-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-iso-e", "eu-isoe-west-1"),
        ("aws-iso-f", "us-isof-south-1"),
    ] {
        let arn = crate::role::RoleArn::new(format!("arn:{id}:iam::123456789012:role/a")).unwrap();
        let partition = Partition::named(arn.partition()).unwrap();
        assert_eq!(partition.implicit_region(), region(implicit));
        // The region leads back to where it came from.
        assert_eq!(Partition::of_region(&partition.implicit_region()), partition);
        assert_eq!(Partition::of_region(&region(partition.global)), partition);
    }
    assert_eq!(PARTITIONS.len(), 8);
    assert_eq!(Partition::named("aws-new"), None);
}

#[test]
fn sts_has_an_address_in_every_partition_and_variant() {
    for (name, plain, fips, dual, both) in [
        (
            "eu-central-1",
            "sts.eu-central-1.amazonaws.com",
            "sts-fips.eu-central-1.amazonaws.com",
            "sts.eu-central-1.api.aws",
            "sts-fips.eu-central-1.api.aws",
        ),
        (
            "cn-north-1",
            "sts.cn-north-1.amazonaws.com.cn",
            "sts-fips.cn-north-1.amazonaws.com.cn",
            "sts.cn-north-1.api.amazonwebservices.com.cn",
            "sts-fips.cn-north-1.api.amazonwebservices.com.cn",
        ),
        (
            "us-gov-east-1",
            "sts.us-gov-east-1.amazonaws.com",
            "sts.us-gov-east-1.amazonaws.com",
            "sts.us-gov-east-1.api.aws",
            "sts-fips.us-gov-east-1.api.aws",
        ),
        (
            "eusc-de-east-1",
            "sts.eusc-de-east-1.amazonaws.eu",
            "sts-fips.eusc-de-east-1.amazonaws.eu",
            "sts.eusc-de-east-1.api.amazonwebservices.eu",
            "sts-fips.eusc-de-east-1.api.amazonwebservices.eu",
        ),
        (
            "us-iso-east-1",
            "sts.us-iso-east-1.c2s.ic.gov",
            "sts-fips.us-iso-east-1.c2s.ic.gov",
            "sts.us-iso-east-1.api.aws.ic.gov",
            "sts-fips.us-iso-east-1.api.aws.ic.gov",
        ),
        (
            "us-isob-east-1",
            "sts.us-isob-east-1.sc2s.sgov.gov",
            "sts-fips.us-isob-east-1.sc2s.sgov.gov",
            "sts.us-isob-east-1.api.aws.scloud",
            "sts-fips.us-isob-east-1.api.aws.scloud",
        ),
        (
            "eu-isoe-west-1",
            "sts.eu-isoe-west-1.cloud.adc-e.uk",
            "sts-fips.eu-isoe-west-1.cloud.adc-e.uk",
            "sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
            "sts-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
        ),
        (
            "us-isof-south-1",
            "sts.us-isof-south-1.csp.hci.ic.gov",
            "sts-fips.us-isof-south-1.csp.hci.ic.gov",
            "sts.us-isof-south-1.api.aws.hci.ic.gov",
            "sts-fips.us-isof-south-1.api.aws.hci.ic.gov",
        ),
    ] {
        for (variant, host) in [(PLAIN, plain), (FIPS, fips), (DUAL, dual), (BOTH, both)] {
            assert_eq!(shown(&sts(&region(name), variant, false)), format!("{host} {name}"), "{variant:?}");
            let is_old = name == "eu-central-1" && variant == PLAIN;
            let legacy = sts(&region(name), variant, true);
            let expected =
                if is_old { "sts.amazonaws.com us-east-1".to_owned() } else { format!("{host} {name}") };
            assert_eq!(shown(&legacy), expected, "{variant:?}");
        }
    }
}

#[test]
fn sixteen_old_regions_have_the_global_address_on_demand() {
    let old = "ap-northeast-1 ap-south-1 ap-southeast-1 ap-southeast-2 aws-global ca-central-1 eu-central-1 eu-north-1 \
               eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2";
    assert_eq!(old.split_whitespace().count(), 16);
    for name in old.split_whitespace() {
        assert_eq!(shown(&sts(&region(name), PLAIN, true)), "sts.amazonaws.com us-east-1", "{name}");
        for variant in [FIPS, DUAL, BOTH] {
            assert!(!shown(&sts(&region(name), variant, true)).starts_with("sts.amazonaws.com"), "{name}");
        }
        let regional = shown(&sts(&region(name), PLAIN, false));
        assert_eq!(regional.starts_with("sts.amazonaws.com"), name == "aws-global", "{regional}");
    }
    for name in [
        "af-south-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "eu-south-1",
        "ap-southeast-3",
        "il-central-1",
        "cn-north-1",
    ] {
        assert_eq!(sts(&region(name), PLAIN, true), sts(&region(name), PLAIN, false), "{name}");
    }
}

#[test]
fn names_of_whole_partitions_stand_for_their_implicit_region() {
    for (name, variant, expected) in [
        ("aws-global", PLAIN, "sts.amazonaws.com us-east-1"),
        ("aws-global", FIPS, "sts-fips.us-east-1.amazonaws.com us-east-1"),
        ("aws-global", DUAL, "sts.us-east-1.api.aws us-east-1"),
        ("aws-cn-global", PLAIN, "sts.cn-northwest-1.amazonaws.com.cn cn-northwest-1"),
        ("aws-us-gov-global", FIPS, "sts.us-gov-west-1.amazonaws.com us-gov-west-1"),
        ("aws-iso-b-global", PLAIN, "sts.us-isob-east-1.sc2s.sgov.gov us-isob-east-1"),
        ("nowhere", PLAIN, "sts.nowhere.amazonaws.com nowhere"),
    ] {
        assert_eq!(shown(&sts(&region(name), variant, false)), expected, "{name}");
    }
}

#[test]
fn other_services_are_addressed_alike() {
    for (service, name, variant, expected) in [
        ("oidc", "us-east-1", PLAIN, "oidc.us-east-1.amazonaws.com us-east-1"),
        ("portal.sso", "cn-north-1", PLAIN, "portal.sso.cn-north-1.amazonaws.com.cn cn-north-1"),
        (
            "cognito-identity",
            "us-gov-west-1",
            FIPS,
            "cognito-identity-fips.us-gov-west-1.amazonaws.com us-gov-west-1",
        ),
        ("rolesanywhere", "eu-west-1", DUAL, "rolesanywhere.eu-west-1.api.aws eu-west-1"),
    ] {
        assert_eq!(shown(&regional(service, &region(name), variant)), expected);
    }
}
