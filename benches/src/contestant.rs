//! The libraries under comparison, each as its user has it: in front of the metadata service of an instance.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_chain::CredentialsCache;
use aws_credential_chain::providers::InstanceMetadata;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::{
    ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;
use object_store::CredentialProvider;
use object_store::aws::{AmazonS3Builder, AwsCredential};
use reqsign_core::{Context, SignRequest, Signer};

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// A read of nothing: what it shows is the machine's doing.
    Nothing,
    Ours,
    AwsConfig,
    Reqsign,
    ObjectStore,
}

impl Library {
    pub const PEERS: [Self; 3] = [Self::AwsConfig, Self::Reqsign, Self::ObjectStore];
    pub const ALL: [Self; 4] = [Self::Ours, Self::AwsConfig, Self::Reqsign, Self::ObjectStore];
    pub const WITH_CONTROL: [Self; 5] =
        [Self::Ours, Self::AwsConfig, Self::Reqsign, Self::ObjectStore, Self::Nothing];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "(a read of nothing)",
            Self::Ours => "this crate",
            Self::AwsConfig => "aws-config",
            Self::Reqsign => "reqsign",
            Self::ObjectStore => "object_store",
        }
    }

    /// How long credentials have to live for it to want new ones `after` so long.
    #[must_use]
    pub fn lifetime_renewed(self, after: Duration) -> Duration {
        match self {
            // Half the lifetime ahead, where that is short, and up to a tenth of it earlier.
            Self::Nothing => after,
            Self::Ours => after * 2,
            // Ten seconds ahead, or up to five seconds less: see `LazyCache`.
            Self::AwsConfig => after + Duration::from_secs(9),
            Self::Reqsign => after + Duration::from_secs(120),
            Self::ObjectStore => after + Duration::from_secs(300),
        }
    }
}

/// One of them, ready to be read.
#[derive(Clone)]
pub enum Contestant {
    Nothing,
    Ours(CredentialsCache),
    AwsConfig(Arc<AwsConfig>),
    Reqsign(Signer<reqsign_aws_v4::Credential>),
    ObjectStore(Arc<dyn CredentialProvider<Credential = AwsCredential>>),
}

impl Contestant {
    /// Asks the metadata service at `endpoint`; not before it is read.
    #[must_use]
    pub fn new(library: Library, endpoint: &str) -> Self {
        match library {
            Library::Nothing => Self::Nothing,
            Library::Ours => Self::Ours(CredentialsCache::new(InstanceMetadata::new().endpoint(endpoint))),
            Library::AwsConfig => Self::AwsConfig(Arc::new(AwsConfig::new(endpoint))),
            Library::Reqsign => {
                let context =
                    Context::new().with_http_send(reqsign_http_send_reqwest::ReqwestHttpSend::default());
                let provider = reqsign_aws_v4::IMDSv2CredentialProvider::new().with_endpoint(endpoint);
                Self::Reqsign(Signer::new(context, provider, Name))
            }
            Library::ObjectStore => {
                let store = AmazonS3Builder::new()
                    .with_bucket_name("bucket")
                    .with_region("us-east-1")
                    .with_metadata_endpoint(endpoint)
                    .build()
                    .unwrap();
                Self::ObjectStore(Arc::clone(store.credentials()))
            }
        }
    }

    /// What the library asks of its user for one signed request. `look` sees the access key id, and whether the
    /// credentials say that they are past their expiry.
    ///
    /// # Errors
    /// What the library says, as text.
    pub async fn read<R>(&self, look: impl FnOnce(&str, bool) -> R) -> Result<R, String> {
        match self {
            Self::Nothing => Ok(look("", false)),
            Self::Ours(cache) => match cache.credentials().await {
                Ok(credentials) => Ok(look(credentials.access_key_id(), credentials.is_stale())),
                Err(error) => Err(error.to_string()),
            },
            Self::AwsConfig(theirs) => theirs.read(look).await,
            Self::Reqsign(signer) => {
                let (mut request, ()) = http::Request::new(()).into_parts();
                signer.sign(&mut request, None).await.map_err(|error| error.to_string())?;
                let name = request.headers.get(NAME).and_then(|name| name.to_str().ok());
                Ok(look(name.unwrap_or_default(), false))
            }
            Self::ObjectStore(provider) => {
                let credential = provider.get_credential().await.map_err(|error| error.to_string())?;
                Ok(look(&credential.key_id, false))
            }
        }
    }

    /// When it means to ask its source next, if it tells.
    #[must_use]
    pub fn next_attempt(&self) -> Option<SystemTime> {
        match self {
            Self::Ours(cache) => cache.status().next_attempt,
            _ => None,
        }
    }
}

/// aws-config as an SDK's client uses it: behind the client's identity cache.
pub struct AwsConfig {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    bag: ConfigBag,
}

impl AwsConfig {
    fn new(endpoint: &str) -> Self {
        let client = aws_config::imds::Client::builder().endpoint(endpoint).unwrap().build();
        let provider = aws_config::imds::credentials::ImdsCredentialsProvider::builder();
        let provider = provider.imds_client(client).build();
        let resolver = aws_credential_types::provider::SharedCredentialsProvider::new(provider);
        let components = RuntimeComponentsBuilder::for_tests()
            .with_time_source(Some(SystemTimeSource::new()))
            .with_sleep_impl(Some(TokioSleep::new()))
            .build()
            .unwrap();
        Self {
            cache: IdentityCache::lazy().build(),
            resolver: SharedIdentityResolver::new(resolver),
            components,
            bag: ConfigBag::base(),
        }
    }

    async fn read<R>(&self, look: impl FnOnce(&str, bool) -> R) -> Result<R, String> {
        let resolved =
            self.cache.resolve_cached_identity(self.resolver.clone(), &self.components, &self.bag).await;
        let identity = resolved.map_err(|error| error.to_string())?;
        let credentials = identity.data::<aws_credential_types::Credentials>().unwrap();
        Ok(look(credentials.access_key_id(), false))
    }
}

/// Instead of a signature: the one way to learn which credentials reqsign signs with.
#[derive(Debug)]
struct Name;

impl SignRequest for Name {
    type Credential = reqsign_aws_v4::Credential;

    async fn sign_request(
        &self,
        _: &Context,
        request: &mut http::request::Parts,
        credential: Option<&Self::Credential>,
        _: Option<Duration>,
    ) -> reqsign_core::Result<()> {
        let name = credential.and_then(|credential| credential.access_key_id.parse().ok());
        request.headers.extend(name.map(|name| (NAME, name)));
        Ok(())
    }
}

const NAME: http::HeaderName = http::HeaderName::from_static("name");
