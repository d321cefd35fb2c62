//! What can be set on everything that talks to STS: written once, for each of them the same.

/// Gives a provider the settings of the service: `service_settings!(|this| this.signed.settings)` names where in it they are.
macro_rules! service_settings {
    (|$this:ident| $settings:expr) => {
        /// The region whose STS is asked.
        pub fn region(mut self, region: crate::Region) -> Self {
            let $this = &mut self;
            $settings.region = Some(region);
            self
        }

        /// Another endpoint than AWS's own: scheme, host and port. A VPC endpoint, for example.
        pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
            let $this = &mut self;
            $settings.endpoint_url = Some(url.into());
            self
        }

        /// Whether STS's FIPS endpoint is asked.
        pub fn use_fips(mut self, fips: bool) -> Self {
            let $this = &mut self;
            $settings.fips = Some(fips);
            self
        }

        /// Whether STS's endpoint for IPv4 and IPv6 is asked.
        pub fn use_dual_stack(mut self, dual_stack: bool) -> Self {
            let $this = &mut self;
            $settings.dual_stack = Some(dual_stack);
            self
        }
    };
}

pub(crate) use service_settings;
