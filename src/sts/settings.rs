//! What can be set on everything that talks to STS: written once, for each of them the same.

/// Gives a provider the settings of the service; the path leads from `self` to its `ServiceSettings`.
macro_rules! service_settings {
    ($settings:ident $(. $further:ident)*) => {
        /// The region whose STS is asked.
        pub fn region(mut self, region: crate::Region) -> Self {
            self.$settings$(.$further)*.region = Some(region);
            self
        }

        /// Another endpoint than AWS's own: scheme, host and port. A VPC endpoint, for example.
        pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
            self.$settings$(.$further)*.endpoint_url = Some(url.into());
            self
        }

        /// Whether STS's FIPS endpoint is asked.
        pub fn use_fips(mut self, fips: bool) -> Self {
            self.$settings$(.$further)*.fips = Some(fips);
            self
        }

        /// Whether STS's endpoint for IPv4 and IPv6 is asked.
        pub fn use_dual_stack(mut self, dual_stack: bool) -> Self {
            self.$settings$(.$further)*.dual_stack = Some(dual_stack);
            self
        }
    };
}

pub(crate) use service_settings;
