//! Where a service of AWS is reached, and for which region its requests are signed.
//!
//! | setting | code | variable | profile | otherwise |
//! |---|---|---|---|---|
//! | region | `region` | `AWS_REGION`, `AWS_DEFAULT_REGION` | `region` of the profile with the `role_arn`, then of the selected one | the instance's own, if its role is the source; else the partition's global region |
//! | endpoint | `endpoint_url` | `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL` | `services`, `endpoint_url` | by region |
//! | FIPS | `use_fips` | `AWS_USE_FIPS_ENDPOINT` | `use_fips_endpoint` | no |
//! | dual stack | `use_dual_stack` | `AWS_USE_DUALSTACK_ENDPOINT` | `use_dualstack_endpoint` | no |
//! | legacy endpoint of STS | | `AWS_STS_REGIONAL_ENDPOINTS` | `sts_regional_endpoints` | `regional` |
//! | certificates | | `AWS_CA_BUNDLE` | `ca_bundle` | the system's |
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html>

use std::fmt;

use crate::error::{Error, Failure, FailureKind};
use crate::host::Host;
use crate::region::Region;
#[cfg(feature = "profile")]
use crate::shared_files::{Loaded, SharedFiles};
use crate::wire::endpoints::{self, Partition, Variant};

/// What was set in code.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceSettings {
    pub(crate) region: Option<Region>,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) fips: Option<bool>,
    pub(crate) dual_stack: Option<bool>,
    /// Only endpoints of regions will do, whatever is set.
    pub(crate) regional_sts: bool,
    /// The profile whose settings count, if one was named in code.
    pub(crate) profile: Option<String>,
    /// The region of the profile that asks for the call, and where it stands.
    pub(crate) profile_region: Option<(String, String)>,
}

/// What is set, by whomever.
pub(crate) struct Found {
    region: Option<(Region, String)>,
    /// With who has set it.
    endpoint_url: Option<(String, String)>,
    fips: bool,
    dual_stack: bool,
    legacy_sts: bool,
    ca_bundle: Option<(String, String)>,
}

/// What helps where nobody has set a region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hints<'a> {
    /// Of the role's ARN.
    pub(crate) partition: &'a str,
    /// Of the instance whose role is the source.
    pub(crate) instance_region: Option<&'a Region>,
}

/// Where to send a request, and how to sign it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) signing_region: String,
    /// Who named the region, for errors.
    pub(crate) region_from: String,
    /// Who named the URL, if it is not AWS's own.
    pub(crate) url_from: Option<String>,
    /// The bundle of certificates that the profile names, and where it does.
    pub(crate) ca_bundle: Option<(String, String)>,
}

impl ServiceSettings {
    /// Everything that is set, in code, in the environment and in the files.
    pub(crate) async fn look(&self, host: &Host) -> Result<Found, Error> {
        let files = Files::load(host, self.profile.clone()).await?;
        let mut region = self.region.clone().map(|region| (region, "code".to_owned()));
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            if region.is_none()
                && let Some(name) = host.env.get(variable)
            {
                region = Some((Region::named(name, variable)?, variable.to_owned()));
            }
        }
        for (name, origin) in [self.profile_region.clone(), files.get("region")?].into_iter().flatten() {
            if region.is_none() {
                region = Some((Region::named(name, &origin)?, origin));
            }
        }
        let flag = |code: Option<bool>, variable, key| match code {
            Some(set) => Ok(set),
            None => match host.env.get(variable) {
                Some(text) => boolean(&text, variable),
                None => Ok(files.flag(key)?.unwrap_or(false)),
            },
        };
        let legacy_sts = match setting(host, &files, "AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints")?
        {
            None => false,
            Some((text, _)) if text.eq_ignore_ascii_case("regional") => false,
            Some((text, _)) if text.eq_ignore_ascii_case("legacy") => true,
            Some((_, origin)) => return Err(wrong(&origin, "is neither `regional` nor `legacy`")),
        };
        Ok(Found {
            region,
            endpoint_url: match &self.endpoint_url {
                Some(url) => Some((url.clone(), "code".to_owned())),
                None => files.endpoint_override("STS", host)?,
            },
            fips: flag(self.fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
            dual_stack: flag(self.dual_stack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?,
            legacy_sts: legacy_sts && !self.regional_sts,
            ca_bundle: files.get("ca_bundle")?,
        })
    }
}

impl Found {
    /// Whether somebody has set a region.
    pub(crate) fn has_region(&self) -> bool {
        self.region.is_some()
    }

    /// Where STS is reached.
    pub(crate) fn sts(self, hints: Hints<'_>) -> Result<Endpoint, Error> {
        let (region, region_from) = match (self.region, hints.instance_region) {
            (Some((region, from)), _) => (region, from),
            (None, Some(region)) => (region.clone(), "the instance's metadata".to_owned()),
            (None, None) => {
                // A partition that is newer than this crate: STS will say what it thinks of the role.
                let region = Partition::named(hints.partition).unwrap_or(&endpoints::AWS).implicit_region();
                tracing::info!(%region, "no region is set: STS is asked in the global region of the role's partition");
                (region, "the role's partition".to_owned())
            }
        };
        let variant = Variant { fips: self.fips, dual_stack: self.dual_stack };
        let standard = endpoints::sts(&region, variant, self.legacy_sts);
        let (url, url_from) = match self.endpoint_url {
            Some((url, from)) => (checked(&url, "STS")?, Some(from)),
            None => (format!("{}/", standard.url), None),
        };
        let signing_region = standard.signing_region.as_str().to_owned();
        Ok(Endpoint { url, signing_region, region_from, url_from, ca_bundle: self.ca_bundle })
    }
}

impl Endpoint {
    pub(crate) fn ca_bundle(&self) -> Option<(&str, &str)> {
        self.ca_bundle.as_ref().map(|(path, setting)| (path.as_str(), setting.as_str()))
    }
}

/// For explanations.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url_from = self.url_from.as_deref().unwrap_or("the region");
        let Self { url, signing_region, region_from, .. } = self;
        write!(f, "{url} (from {url_from}), region {signing_region} (from {region_from})")
    }
}

/// The settings of the selected profile.
struct Files {
    #[cfg(feature = "profile")]
    loaded: Loaded,
}

impl Files {
    #[cfg(feature = "profile")]
    async fn load(host: &Host, profile: Option<String>) -> Result<Self, Error> {
        Ok(Self { loaded: SharedFiles::new(host.clone(), profile).load().await? })
    }

    #[cfg(feature = "profile")]
    fn get(&self, key: &'static str) -> Result<Option<(String, String)>, Error> {
        let value = self.loaded.get(key)?;
        Ok(value.map(|value| (value.text().trim().to_owned(), value.origin().to_string())))
    }

    #[cfg(feature = "profile")]
    fn flag(&self, key: &'static str) -> Result<Option<bool>, Error> {
        self.loaded.flag(key)
    }

    #[cfg(feature = "profile")]
    fn endpoint_override(&self, service_id: &str, host: &Host) -> Result<Option<(String, String)>, Error> {
        self.loaded.endpoint_override(service_id, host)
    }

    #[cfg(not(feature = "profile"))]
    #[expect(clippy::unused_async, reason = "its twin reads files")]
    async fn load(_host: &Host, _profile: Option<String>) -> Result<Self, Error> {
        Ok(Self {})
    }

    #[cfg(not(feature = "profile"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "its twin reads files")]
    fn get(&self, _key: &'static str) -> Result<Option<(String, String)>, Error> {
        Ok(None)
    }

    #[cfg(not(feature = "profile"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "its twin reads files")]
    fn flag(&self, _key: &'static str) -> Result<Option<bool>, Error> {
        Ok(None)
    }

    /// The variables alone.
    #[cfg(not(feature = "profile"))]
    #[expect(clippy::unused_self, reason = "its twin uses it")]
    fn endpoint_override(&self, service_id: &str, host: &Host) -> Result<Option<(String, String)>, Error> {
        use crate::endpoint_variables::{IGNORE, endpoint, ignored};

        let env = |variable: &str| host.env.get(variable);
        let is_ignored = ignored(env).map_or(Ok(false), |text| boolean(&text, IGNORE))?;
        Ok(if is_ignored { None } else { endpoint(service_id, env) })
    }
}

/// A text from the environment, else from the profile, with where it stands.
fn setting(
    host: &Host,
    files: &Files,
    variable: &str,
    key: &'static str,
) -> Result<Option<(String, String)>, Error> {
    match host.env.get(variable) {
        Some(text) => Ok(Some((text, variable.to_owned()))),
        None => files.get(key),
    }
}

fn boolean(text: &str, origin: &str) -> Result<bool, Error> {
    crate::setting::boolean(text).ok_or_else(|| wrong(origin, "is neither `true` nor `false`"))
}

/// An endpoint that a user has set: http or https, a host, nothing that could carry a secret into a log.
fn checked(url: &str, service: &str) -> Result<String, Error> {
    let parsed = reqwest::Url::parse(url).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    match parsed {
        Some(url) => Ok(url.into()),
        None => Err(wrong(
            &format!("the endpoint that is set for {service}"),
            "is not an http or https URL of a host, without user and query",
        )),
    }
}

fn wrong(place: &str, why: &str) -> Error {
    Failure::new(FailureKind::Misconfigured, "endpoint", format!("{place} {why}"))
        .with_remedy("correct it or remove it")
        .into()
}
