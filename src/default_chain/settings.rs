//! Settings that stand where credentials stand: the region, and endpoints of services.

use super::DefaultChain;
#[cfg(feature = "imds")]
use super::slot::Slot;
use crate::error::{Attempt, Error, NotConfigured};
use crate::region::Region;

impl DefaultChain {
    /// The region to call: set in code, `AWS_REGION`, `AWS_DEFAULT_REGION`, `region` of the profile, the instance's
    /// own.
    ///
    /// # Errors
    /// Nothing names one: then the error lists where it was looked for. Or what names one is wrong, as is a profile that
    /// was named and does not exist.
    pub async fn resolve_region(&self) -> Result<Region, Error> {
        self.region_and_origin(true).await.map(|(region, _)| region)
    }

    /// The endpoint that a user has set for a service (`STS`, `S3`, `SSO OIDC`) instead of AWS's own:
    /// `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, `endpoint_url` in the `services` section of the profile,
    /// `endpoint_url` of the profile. All of them are switched off by `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true`.
    ///
    /// # Errors
    /// A setting cannot be read, or the files cannot.
    #[cfg(feature = "profile")]
    pub async fn resolve_endpoint_url(&self, service_id: &str) -> Result<Option<String>, Error> {
        let loaded = match self.shared_files() {
            Some(files) => files.load().await?,
            None => crate::shared_files::Loaded::nothing(),
        };
        let found = loaded.endpoint_override(service_id, &self.host)?;
        if found.is_none() {
            loaded.exists()?;
        }
        Ok(found.map(|(url, _)| url))
    }

    /// With who has named it. `ask_instance`: whether the network may be used.
    #[cfg_attr(
        not(any(feature = "profile", feature = "imds")),
        allow(clippy::unused_async, reason = "they wait")
    )]
    pub(super) async fn region_and_origin(&self, ask_instance: bool) -> Result<(Region, String), Error> {
        if let Some(region) = &self.region {
            return Ok((region.clone(), "code".to_owned()));
        }
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            if let Some(name) = self.host.env.get(variable) {
                return Ok((Region::named(name, variable)?, variable.to_owned()));
            }
        }
        #[cfg_attr(
            not(any(feature = "profile", feature = "imds")),
            allow(unused_mut, reason = "they add to it")
        )]
        let mut before = vec![Attempt::new("environment", "AWS_REGION and AWS_DEFAULT_REGION are not set")];
        #[cfg(feature = "profile")]
        if let Some(files) = self.shared_files() {
            let loaded = files.load().await?;
            loaded.exists()?;
            if let Some(value) = loaded.get("region")? {
                let origin = value.origin().to_string();
                return Ok((Region::named(value.text().to_owned(), &origin)?, origin));
            }
            let why =
                format!("profile `{}` has no `region` in {}", loaded.profile_name(), loaded.looked_at());
            before.push(Attempt::new("profile file", why));
        }
        #[cfg(feature = "imds")]
        if !matches!(self.instance_metadata, Slot::Removed) && !ask_instance {
            before.push(Attempt::new("instance metadata", "is not asked without the network"));
        } else if !matches!(self.instance_metadata, Slot::Removed) {
            match self.imds().region().await {
                Err(Error::NotConfigured(absent)) => before.extend_from_slice(absent.attempts()),
                answer => return answer.map(|region| (region, "the instance's metadata".to_owned())),
            }
        }
        #[cfg(not(feature = "imds"))]
        let _ = ask_instance;
        Err(Error::NotConfigured(NotConfigured::region(before)))
    }
}
