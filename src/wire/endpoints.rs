//! Partitions of AWS, and where its services answer.
//!
//! | | address of a service | of STS |
//! |---|---|---|
//! | regional, the default | `sts.{region}.{suffix}` | |
//! | FIPS | `sts-fips.{region}.{suffix}` | in `aws-us-gov` the plain one, which is FIPS already |
//! | dual-stack | `sts.{region}.{dual-stack suffix}` | |
//! | both | `sts-fips.{region}.{dual-stack suffix}` | |
//! | `aws-global`, and the oldest regions where somebody asks for the legacy way | | `sts.amazonaws.com`, signed for `us-east-1` |
//!
//! A region belongs to the partition whose shape its name has, and to `aws` if it has none of them: AWS adds regions
//! faster than programs are built anew. The names of whole partitions, as `aws-cn-global`, stand for their implicit
//! region.
//!
//! <https://docs.aws.amazon.com/general/latest/gr/sts.html>,
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html>

use crate::region::Region;

/// A part of AWS that has its own accounts, regions and addresses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// As ARNs name it.
    pub(crate) id: &'static str,
    /// What names of regions begin with, before a word and a number.
    prefixes: &'static [&'static str],
    /// The name that stands for the whole of it.
    global: &'static str,
    dns_suffix: &'static str,
    dual_stack_dns_suffix: &'static str,
    implicit_region: &'static str,
}

impl Partition {
    /// The partition that an ARN names, if it is known.
    pub(crate) fn named(id: &str) -> Option<&'static Self> {
        PARTITIONS.iter().find(|partition| partition.id == id)
    }

    /// The partition of a region; `aws` for one of an unknown shape.
    pub(crate) fn of_region(region: &Region) -> &'static Self {
        let name = region.as_str();
        PARTITIONS
            .iter()
            .find(|partition| partition.global == name || partition.has_shape_of(name))
            .unwrap_or(&AWS)
    }

    /// Where requests go that name no region.
    pub(crate) fn implicit_region(&self) -> Region {
        Region::known(self.implicit_region)
    }

    fn has_shape_of(&self, region: &str) -> bool {
        let mut parts = region.rsplitn(3, '-');
        let (Some(number), Some(word), Some(prefix)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number && !word.is_empty() && self.prefixes.contains(&prefix)
    }

    /// The region itself, or the one that a name of the whole partition stands for.
    fn region_of(&self, region: &Region) -> Region {
        if region.as_str() == self.global { self.implicit_region() } else { region.clone() }
    }
}

/// Which of the addresses of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) fips: bool,
    pub(crate) dual_stack: bool,
}

/// Where to send a request, and for which region to sign it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Without a path.
    pub(crate) url: String,
    pub(crate) signing_region: Region,
}

/// The address of STS. `legacy`: as `sts_regional_endpoints = legacy` asks for it.
pub(crate) fn sts(region: &Region, variant: Variant, legacy: bool) -> Endpoint {
    let is_plain = variant == Variant::default();
    if is_plain && (region.as_str() == AWS.global || legacy && LEGACY_GLOBAL.contains(&region.as_str())) {
        return Endpoint { url: GLOBAL_STS.to_owned(), signing_region: AWS.implicit_region() };
    }
    if Partition::of_region(region).id == GOV_CLOUD && !variant.dual_stack {
        return regional("sts", region, Variant::default());
    }
    regional("sts", region, variant)
}

/// The address of a service as most services have it. `service` is how the host begins: `oidc`, `portal.sso`.
pub(crate) fn regional(service: &str, region: &Region, variant: Variant) -> Endpoint {
    let partition = Partition::of_region(region);
    let region = partition.region_of(region);
    let fips = if variant.fips { "-fips" } else { "" };
    let suffix = if variant.dual_stack { partition.dual_stack_dns_suffix } else { partition.dns_suffix };
    Endpoint { url: format!("https://{service}{fips}.{region}.{suffix}"), signing_region: region }
}

// The table of botocore (`data/partitions.json`), which all SDKs are generated from.

pub(crate) const AWS: Partition = Partition {
    id: "aws",
    prefixes: &["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"],
    global: "aws-global",
    dns_suffix: "amazonaws.com",
    dual_stack_dns_suffix: "api.aws",
    implicit_region: "us-east-1",
};

static PARTITIONS: [Partition; 8] = [
    AWS,
    Partition {
        id: "aws-cn",
        prefixes: &["cn"],
        global: "aws-cn-global",
        dns_suffix: "amazonaws.com.cn",
        dual_stack_dns_suffix: "api.amazonwebservices.com.cn",
        implicit_region: "cn-northwest-1",
    },
    Partition {
        id: GOV_CLOUD,
        prefixes: &["us-gov"],
        global: "aws-us-gov-global",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
        implicit_region: "us-gov-west-1",
    },
    Partition {
        id: "aws-eusc",
        prefixes: &["eusc-de"],
        global: "aws-eusc-global",
        dns_suffix: "amazonaws.eu",
        dual_stack_dns_suffix: "api.amazonwebservices.eu",
        implicit_region: "eusc-de-east-1",
    },
    Partition {
        id: "aws-iso",
        prefixes: &["us-iso"],
        global: "aws-iso-global",
        dns_suffix: "c2s.ic.gov",
        dual_stack_dns_suffix: "api.aws.ic.gov",
        implicit_region: "us-iso-east-1",
    },
    Partition {
        id: "aws-iso-b",
        prefixes: &["us-isob"],
        global: "aws-iso-b-global",
        dns_suffix: "sc2s.sgov.gov",
        dual_stack_dns_suffix: "api.aws.scloud",
        implicit_region: "us-isob-east-1",
    },
    Partition {
        id: "aws-iso-e",
        prefixes: &["eu-isoe"],
        global: "aws-iso-e-global",
        dns_suffix: "cloud.adc-e.uk",
        dual_stack_dns_suffix: "api.cloud-aws.adc-e.uk",
        implicit_region: "eu-isoe-west-1",
    },
    Partition {
        id: "aws-iso-f",
        prefixes: &["us-isof"],
        global: "aws-iso-f-global",
        dns_suffix: "csp.hci.ic.gov",
        dual_stack_dns_suffix: "api.aws.hci.ic.gov",
        implicit_region: "us-isof-south-1",
    },
];

const GOV_CLOUD: &str = "aws-us-gov";

/// The regions that had no address of their own for STS at first, and `aws-global`, which needs no mention here.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html>
const LEGACY_GLOBAL: [&str; 15] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];
const GLOBAL_STS: &str = "https://sts.amazonaws.com";

#[cfg(test)]
mod tests;
