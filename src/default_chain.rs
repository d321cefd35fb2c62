//! The order in which AWS's own SDKs look for credentials.

mod explained;
mod settings;
mod slot;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use self::slot::{Place, Slot};
use crate::chain::ProviderChain;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::host::Host;
use crate::provider::{CredentialsProvider, Notice, SharedProvider};
use crate::providers::Environment;
use crate::region::Region;
use crate::source::SourceKind;

/// The sources that AWS's SDKs share, in their order:
///
/// 1. **environment**: `AWS_ACCESS_KEY_ID` and its companions
/// 2. **profile files**: the profile named by [`profile`](Self::profile), else by `AWS_PROFILE`, else `default`, in
///    `~/.aws/credentials` and `~/.aws/config`
/// 3. **web identity**: the role and the token file that the environment names, as in pods of EKS (IRSA)
/// 4. **container**: what the agent of ECS, EKS Pod Identity or Lambda SnapStart gives, where its variables are set
/// 5. **instance metadata**: the role of an EC2 instance
///
/// The first that is configured wins. One that is configured and fails stops the chain: a typo in a profile never
/// becomes the identity of the machine.
///
/// The one that won goes on being the source: see [`ProviderChain`].
///
/// Each place is a slot: a provider of your own takes it, or it is left out.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, DefaultChain};
///
/// let cache = CredentialsCache::new(DefaultChain::new());
///
/// // On a laptop there is no metadata service to wait for:
/// let cache = CredentialsCache::new(DefaultChain::new().profile("dev").no_instance_metadata());
/// ```
///
/// Make it once and keep it: the metadata service's session token and the HTTP clients are shared between its calls.
/// Making it does no IO.
#[must_use]
pub struct DefaultChain {
    host: Host,
    profile: Option<String>,
    region: Option<Region>,
    #[cfg(feature = "profile")]
    mfa: Option<crate::providers::mfa::MfaCallback>,
    #[cfg(feature = "profile")]
    cli_cache: crate::cli_cache::CliCache,
    environment: Slot,
    profile_files: Slot,
    web_identity: Slot,
    container: Slot,
    instance_metadata: Slot,
    chain: OnceLock<ProviderChain>,
    #[cfg(feature = "imds")]
    imds: OnceLock<Arc<crate::providers::InstanceMetadata>>,
}

impl DefaultChain {
    /// The chain of this machine: process environment, home directory, metadata service.
    pub fn new() -> Self {
        Self::of(Host::default())
    }

    /// The chain of a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(world: &crate::testing::World) -> Self {
        Self::of(world.host())
    }

    fn of(host: Host) -> Self {
        Self {
            host,
            profile: None,
            region: None,
            #[cfg(feature = "profile")]
            mfa: None,
            #[cfg(feature = "profile")]
            cli_cache: crate::cli_cache::CliCache::default(),
            environment: Slot::Standard,
            profile_files: Slot::Standard,
            web_identity: Slot::Standard,
            container: Slot::Standard,
            instance_metadata: Slot::Standard,
            chain: OnceLock::new(),
            #[cfg(feature = "imds")]
            imds: OnceLock::new(),
        }
    }

    /// Uses this profile. Whoever names one in code means it: keys in the environment are not looked at then, and
    /// neither is `AWS_PROFILE`.
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// The region that [`resolve_region`](Self::resolve_region) answers with, whatever else says.
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Asks a person for codes of MFA devices, where the profile has `mfa_serial` and no `mfa_process`.
    ///
    /// ```
    /// use aws_credential_chain::{CredentialsCache, DefaultChain};
    ///
    /// let cache = CredentialsCache::new(DefaultChain::new().profile("prod").mfa(|prompt| async move {
    ///     println!("{prompt}:");
    ///     let line = tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await?;
    ///     Ok(line.ok_or("there is no terminal")??)
    /// }));
    /// ```
    ///
    /// The first read asks, and [`renew`](crate::CredentialsCache::renew) does, and nothing else:
    /// [`AssumeRole::mfa`](crate::providers::AssumeRole::mfa) has the rules. A person has five minutes, and the chain as much
    /// longer. A provider of your own in the place of the profile files asks by itself.
    #[cfg(all(feature = "profile", feature = "sts"))]
    pub fn mfa<F, Fut, C>(mut self, code: F) -> Self
    where
        F: Fn(crate::providers::MfaPrompt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
        C: Into<secrecy::SecretString>,
    {
        self.mfa = Some(crate::providers::mfa::MfaCallback::new(code));
        self
    }

    /// Whether the sessions of the profile's roles are looked for in the AWS CLI's cache, and kept there.
    #[cfg(all(feature = "profile", feature = "sts"))]
    pub fn cli_cache(mut self, cli_cache: crate::CliCache) -> Self {
        self.cli_cache = cli_cache;
        self
    }

    /// How long to wait for services on this machine and its hypervisor.
    #[cfg(feature = "_http")]
    pub fn timeouts(mut self, timeouts: crate::Timeouts) -> Self {
        self.host.timeouts = timeouts;
        self
    }

    /// Adjusts the HTTP client that speaks to AWS over the network (not the one for the metadata service): a proxy
    /// of its own, other limits. Redirects stay switched off, whatever the closure does: a body with a secret in it
    /// would follow them.
    #[cfg(feature = "_http")]
    pub fn http(
        mut self,
        adjust: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.host.public = crate::host::http::Public::adjusted(adjust);
        self
    }

    /// Puts `provider` in the place of the environment's keys.
    pub fn environment(mut self, provider: impl CredentialsProvider) -> Self {
        self.environment = Slot::Replaced(SharedProvider::new(provider));
        self
    }

    /// Does not look at keys in the environment.
    pub fn no_environment(mut self) -> Self {
        self.environment = Slot::Removed;
        self
    }

    /// Puts `provider` in the place of the profile files.
    pub fn profile_files(mut self, provider: impl CredentialsProvider) -> Self {
        self.profile_files = Slot::Replaced(SharedProvider::new(provider));
        self
    }

    /// Does not look at profile files, neither for credentials nor for settings.
    pub fn no_profile_files(mut self) -> Self {
        self.profile_files = Slot::Removed;
        self
    }

    /// Puts `provider` in the place of the environment's web identity.
    pub fn web_identity(mut self, provider: impl CredentialsProvider) -> Self {
        self.web_identity = Slot::Replaced(SharedProvider::new(provider));
        self
    }

    /// Does not look at a web identity in the environment.
    pub fn no_web_identity(mut self) -> Self {
        self.web_identity = Slot::Removed;
        self
    }

    /// Puts `provider` in the place of the container's agent.
    pub fn container(mut self, provider: impl CredentialsProvider) -> Self {
        self.container = Slot::Replaced(SharedProvider::new(provider));
        self
    }

    /// Does not ask a container's agent, whatever the variables say.
    pub fn no_container(mut self) -> Self {
        self.container = Slot::Removed;
        self
    }

    /// Puts `provider` in the place of the metadata service.
    pub fn instance_metadata(mut self, provider: impl CredentialsProvider) -> Self {
        self.instance_metadata = Slot::Replaced(SharedProvider::new(provider));
        self
    }

    /// Does not ask the metadata service, neither for credentials nor for the region.
    pub fn no_instance_metadata(mut self) -> Self {
        self.instance_metadata = Slot::Removed;
        self
    }

    fn chain(&self) -> &ProviderChain {
        self.chain.get_or_init(|| {
            let providers = self.places().into_iter().filter_map(|place| place.provider.ok());
            providers.fold(ProviderChain::new(), ProviderChain::then)
        })
    }

    /// What stands where, in the order in which it is asked.
    fn places(&self) -> [Place; 5] {
        let env = || Environment::of(self.host.env.clone());
        // Whoever names a profile in code means that profile, and not what the environment says.
        let named = self.profile.is_some();
        [
            self.environment.place(SourceKind::Environment, named, env),
            self.profile_files.place(SourceKind::ProfileFile, false, || self.standard_profile_files()),
            self.web_identity.place(SourceKind::WebIdentity, named, || self.standard_web_identity()),
            self.container.place(SourceKind::Container, false, || self.standard_container()),
            self.instance_metadata
                .place(SourceKind::InstanceMetadata, false, || self.standard_instance_metadata()),
        ]
    }

    #[cfg(feature = "profile")]
    fn standard_profile_files(&self) -> impl CredentialsProvider + use<> {
        let files = crate::providers::ProfileFile::of(self.host.clone(), self.profile.clone());
        files.with_mfa(self.mfa.clone()).with_cli_cache(self.cli_cache)
    }

    #[cfg(not(feature = "profile"))]
    fn standard_profile_files(&self) -> impl CredentialsProvider + use<> {
        let wanted = self.profile.is_some() || self.host.env.profile().is_some();
        crate::providers::Absent::new(SourceKind::ProfileFile, "profile", wanted)
    }

    #[cfg(feature = "sts")]
    fn standard_web_identity(&self) -> impl CredentialsProvider + use<> {
        crate::providers::WebIdentity::of(self.host.clone())
    }

    #[cfg(not(feature = "sts"))]
    fn standard_web_identity(&self) -> impl CredentialsProvider + use<> {
        let wanted = self.host.env.get("AWS_WEB_IDENTITY_TOKEN_FILE").is_some();
        crate::providers::Absent::new(SourceKind::WebIdentity, "sts", wanted)
    }

    #[cfg(feature = "container")]
    fn standard_container(&self) -> impl CredentialsProvider + use<> {
        crate::providers::Container::of(self.host.clone(), self.host.timeouts)
    }

    #[cfg(not(feature = "container"))]
    fn standard_container(&self) -> impl CredentialsProvider + use<> {
        let variables = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
        let wanted = variables.iter().any(|variable| self.host.env.get(variable).is_some());
        crate::providers::Absent::new(SourceKind::Container, "container", wanted)
    }

    #[cfg(feature = "imds")]
    fn standard_instance_metadata(&self) -> impl CredentialsProvider + use<> {
        Arc::clone(self.imds())
    }

    #[cfg(not(feature = "imds"))]
    #[expect(clippy::unused_self, reason = "its twin uses it")]
    fn standard_instance_metadata(&self) -> impl CredentialsProvider + use<> {
        crate::providers::Absent::new(SourceKind::InstanceMetadata, "imds", false)
    }

    #[cfg(feature = "imds")]
    fn imds(&self) -> &Arc<crate::providers::InstanceMetadata> {
        self.imds.get_or_init(|| {
            let imds = crate::providers::InstanceMetadata::of(self.host.clone(), self.host.timeouts);
            #[cfg(feature = "profile")]
            let imds = imds.with_settings_of(self.shared_files());
            Arc::new(imds)
        })
    }

    /// For settings; `None` where the user does not want the files looked at.
    #[cfg(feature = "profile")]
    fn shared_files(&self) -> Option<crate::shared_files::SharedFiles> {
        let wanted = !matches!(self.profile_files, Slot::Removed);
        wanted.then(|| crate::shared_files::SharedFiles::new(self.host.clone(), self.profile.clone()))
    }
}

impl Default for DefaultChain {
    fn default() -> Self {
        Self::new()
    }
}

impl CredentialsProvider for DefaultChain {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let credentials = self.chain().retrieve().await?;
        if credentials.source().kind() == SourceKind::Environment
            && !matches!(self.profile_files, Slot::Removed)
            && let Some((variable, profile)) = self.host.env.profile()
        {
            tracing::warn!(profile, "{}", explained::keys_before_profile(variable));
        }
        Ok(credentials)
    }

    fn time_limit(&self) -> Duration {
        self.chain().time_limit()
    }

    fn notice(&self, notice: Notice<'_>) {
        self.chain().notice(notice);
    }

    fn may_change(&self) -> bool {
        self.chain().may_change()
    }

    fn has_changed(&self, held: &Credentials) -> impl Future<Output = bool> + Send {
        self.chain().has_changed(held)
    }
}

impl fmt::Debug for DefaultChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultChain")
            .field("profile", &self.profile)
            .field("region", &self.region)
            .field("environment", &self.environment)
            .field("profile_files", &self.profile_files)
            .field("web_identity", &self.web_identity)
            .field("container", &self.container)
            .field("instance_metadata", &self.instance_metadata)
            .finish_non_exhaustive()
    }
}
