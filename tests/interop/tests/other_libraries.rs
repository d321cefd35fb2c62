//! Caches as credentials of the AWS SDK for Rust, of `object_store` and of OpenDAL. Ministack says whether what they
//! signed is good; where it cannot, the local AWS or a bucket on loopback does.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_chain::interop::{ExpiredTokenRecovery, PresigningCredentials};
use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route, World};
use aws_credential_chain::{
    CacheState, Credentials, CredentialsCache, DefaultChain, Failure, FailureKind, SourceKind, provider_fn,
};
use aws_sdk_sts::config::{BehaviorVersion, Builder, IdentityCache, Region};
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata};
use interop::botocore::{Botocore, Keys};
use interop::bucket::Bucket;
use interop::ministack::Ministack;
use interop::{own_example, run, stderr};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use opendal::Operator;
use opendal::services::S3;
use reqsign_core::ProvideCredentialChain;
use serde_json::json;

const REGION: &str = "eu-central-1";

fn credentials((id, secret, token): Keys) -> Credentials {
    let builder = Credentials::builder(id, secret);
    match token {
        Some(token) => builder.session_token(token).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

/// Two users of ministack, and a cache whose source gives the keys of the first once, and then those of the second.
struct Exchange {
    botocore: Botocore,
    names: [String; 2],
    first: Credentials,
    second: Credentials,
    cache: CredentialsCache,
}

impl Exchange {
    async fn of(test: &str) -> Self {
        let mut botocore = Botocore::start();
        let names = [format!("{test}-1"), format!("{test}-2")];
        let first = credentials(Ministack::shared().user(&mut botocore, &names[0]).await);
        let second = credentials(Ministack::shared().user(&mut botocore, &names[1]).await);
        let given = Mutex::new(vec![second.clone(), first.clone()]);
        let cache = CredentialsCache::new(provider_fn(move || {
            let mut given = given.lock().unwrap();
            let next = if given.len() > 1 { given.pop() } else { given.last().cloned() };
            std::future::ready(Ok(next.unwrap()))
        }));
        Self { botocore, names, first, second, cache }
    }

    /// From now on nothing that the first user signs is good.
    async fn delete_first(&mut self) {
        let key = json!({ "UserName": self.names[0], "AccessKeyId": self.first.access_key_id() });
        Ministack::shared().iam(&mut self.botocore, "delete_access_key", key).await;
    }

    async fn bucket(&mut self, name: &str) {
        let bucket = json!({
            "Bucket": name, "CreateBucketConfiguration": { "LocationConstraint": REGION },
        });
        Ministack::shared().call(&mut self.botocore, "s3", "create_bucket", bucket).await;
    }

    /// The first user, with somebody else's secret.
    fn impostor(&self) -> CredentialsCache {
        let id = self.first.access_key_id().to_owned();
        CredentialsCache::new(provider_fn(move || {
            std::future::ready(Credentials::builder(&id, "CANARY").build())
        }))
    }
}

fn sdk(cache: &CredentialsCache, endpoint: &str) -> Builder {
    aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(cache.clone())
        .identity_cache(IdentityCache::no_cache())
}

fn recovering(cache: &CredentialsCache, endpoint: &str) -> Builder {
    let recovery = ExpiredTokenRecovery::new(cache);
    sdk(cache, endpoint).interceptor(recovery.clone()).retry_classifier(recovery)
}

/// The ARN of whom STS takes the caller for, or the code of its refusal.
async fn who_am_i(config: Builder) -> Result<String, String> {
    match aws_sdk_sts::Client::from_conf(config.build()).get_caller_identity().send().await {
        Ok(identity) => Ok(identity.arn().unwrap_or_default().to_owned()),
        Err(error) => {
            let text = DisplayErrorContext(&error).to_string();
            assert!(!text.contains("CANARY"), "{text}");
            Err(error.code().map_or(text, str::to_owned))
        }
    }
}

#[tokio::test]
async fn the_sdk_signs_with_what_the_cache_holds() {
    let exchange = Exchange::of("sdk").await;
    let endpoint = Ministack::shared().endpoint();
    let user = |name: &str| Ok(format!("arn:aws:iam::000000000000:user/{name}"));
    let [first, second] = &exchange.names;
    let signs_as = async || who_am_i(sdk(&exchange.cache, endpoint)).await;
    assert_eq!(signs_as().await, user(first));
    exchange.cache.renew().await.unwrap();
    assert_eq!(signs_as().await, user(second));
    let impostor = who_am_i(recovering(&exchange.impostor(), endpoint)).await;
    assert_eq!(impostor, Err("SignatureDoesNotMatch".to_owned()));
}

#[tokio::test]
async fn a_call_with_rejected_keys_goes_on_with_new_ones() {
    let mut exchange = Exchange::of("recovery").await;
    let endpoint = Ministack::shared().endpoint();
    let cache = exchange.cache.clone();
    assert!(who_am_i(recovering(&cache, endpoint)).await.unwrap().ends_with("recovery-1"));
    exchange.delete_first().await;
    // By itself the SDK hands the refusal on, and learns nothing from it.
    assert_eq!(who_am_i(sdk(&cache, endpoint)).await, Err("InvalidClientTokenId".to_owned()));
    assert_eq!(cache.current().unwrap().access_key_id(), exchange.first.access_key_id());

    assert!(who_am_i(recovering(&cache, endpoint)).await.unwrap().ends_with("recovery-2"));
    assert_eq!(cache.current().unwrap().access_key_id(), exchange.second.access_key_id());
    assert_eq!(cache.status().state, CacheState::Fresh);
}

/// Of each call of `GetCallerIdentity`: whose signature it bore, and the code that it was refused with.
fn calls(aws: &LocalAws) -> Vec<(String, Option<String>)> {
    let requests = aws.requests();
    let calls = requests.iter().filter(|request| request.route() == Route::GetCallerIdentity);
    let told = |request: &aws_credential_chain::testing::Request| {
        (request.signed_by().unwrap().to_owned(), request.error_code().map(str::to_owned))
    };
    calls.map(told).collect()
}

async fn instance() -> (LocalAws, CredentialsCache) {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap();
    let world = aws.world();
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    (aws, cache)
}

#[tokio::test]
async fn a_call_is_tried_again_once() {
    let (aws, cache) = instance().await;
    aws.fault(Route::GetCallerIdentity, Fault::sts_error("ExpiredToken").times(2));
    let answer = who_am_i(recovering(&cache, &aws.endpoint())).await;
    assert_eq!(answer, Err("ExpiredToken".to_owned()));
    let issued = aws.metadata().issued();
    let expired = Some("ExpiredToken".to_owned());
    assert_eq!(calls(&aws), [(issued[0].clone(), expired.clone()), (issued[1].clone(), expired)]);
    assert_eq!(issued.len(), 2);
}

#[tokio::test]
async fn what_is_not_of_the_credentials_does_not_touch_them() {
    let (aws, cache) = instance().await;
    for code in ["AccessDenied", "SignatureDoesNotMatch", "RequestTimeTooSkewed"] {
        aws.fault(Route::GetCallerIdentity, Fault::sts_error(code));
        assert_eq!(who_am_i(recovering(&cache, &aws.endpoint())).await, Err(code.to_owned()));
    }
    assert_eq!(calls(&aws).len(), 3);
    assert_eq!(aws.metadata().issued().len(), 1);
    assert_eq!(cache.status().state, CacheState::Fresh);
}

#[tokio::test]
async fn the_sdk_takes_credentials_that_are_served_past_their_expiry() {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap();
    let (id, secret) = aws.sts().user("111111111111", "alice");
    let world = World::with_clock(Clock::starting_now());
    let hour = Duration::from_secs(3600);
    let once = Mutex::new(Some(
        Credentials::builder(id, secret)
            .expiry(world.clock().now() + hour)
            .source_kind(SourceKind::InstanceMetadata)
            .build(),
    ));
    let down = || Err(Failure::new(FailureKind::Unavailable, "instance metadata", "is down").into());
    let provider = provider_fn(move || std::future::ready(once.lock().unwrap().take().unwrap_or_else(down)));
    let cache = CredentialsCache::builder(provider).in_world(&world).build();
    cache.credentials().await.unwrap();
    world.clock().turn(2 * hour);
    for _ in 0..2 {
        assert!(who_am_i(sdk(&cache, &aws.endpoint())).await.unwrap().ends_with("user/alice"));
    }
    assert!(cache.current().unwrap().is_stale());
}

#[tokio::test]
async fn the_sdk_tells_why_there_are_no_credentials() {
    let aws = LocalAws::start().await.unwrap();
    aws.metadata().no_role();
    let world = aws.world();
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    let why = who_am_i(sdk(&cache, &aws.endpoint())).await.unwrap_err();
    for part in ["the credential provider was not enabled", "AWS_ACCESS_KEY_ID", "instance metadata"] {
        assert!(why.contains(part), "{part}: {why}");
    }
}

fn store(cache: &CredentialsCache, endpoint: &str, bucket: &str) -> AmazonS3 {
    interop::install_ring();
    AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(REGION)
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_credentials(Arc::new(cache.clone()))
        .build()
        .unwrap()
}

async fn text(store: &impl ObjectStore, path: &Path) -> Result<String, String> {
    match store.get(path).await {
        Ok(found) => Ok(String::from_utf8_lossy(&found.bytes().await.unwrap()).into_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn object_store_signs_with_what_the_cache_holds() {
    let mut exchange = Exchange::of("store").await;
    exchange.bucket("store").await;
    let endpoint = Ministack::shared().endpoint();
    let path = Path::from("a/b c.txt");
    let s3 = store(&exchange.cache, endpoint, "store");
    s3.put(&path, "all is well".into()).await.unwrap();
    assert_eq!(text(&s3, &path).await.unwrap(), "all is well");

    let wrong = text(&store(&exchange.impostor(), endpoint, "store"), &path).await.unwrap_err();
    assert!(wrong.contains("SignatureDoesNotMatch") && !wrong.contains("CANARY"), "{wrong}");

    exchange.delete_first().await;
    let rejected = text(&s3, &path).await.unwrap_err();
    assert!(rejected.contains("InvalidAccessKeyId"), "{rejected}");
    assert!(exchange.cache.invalidate(&exchange.first));
    assert_eq!(text(&s3, &path).await.unwrap(), "all is well");
}

fn operator(
    provider: ProvideCredentialChain<reqsign_aws_v4::Credential>,
    endpoint: &str,
    bucket: &str,
) -> Operator {
    interop::install_ring();
    opendal_http_transport_reqwest::install_default();
    let s3 =
        S3::default().bucket(bucket).region(REGION).endpoint(endpoint).credential_provider_chain(provider);
    Operator::new(s3).unwrap()
}

#[tokio::test]
async fn opendal_signs_with_what_the_cache_holds() {
    let mut exchange = Exchange::of("dal").await;
    exchange.bucket("dal").await;
    let endpoint = Ministack::shared().endpoint();
    let chain = |cache: &CredentialsCache| ProvideCredentialChain::new().push(cache.clone());
    let s3 = operator(chain(&exchange.cache), endpoint, "dal");
    s3.write("a/b c.txt", "all is well").await.unwrap();
    assert_eq!(s3.read("a/b c.txt").await.unwrap().to_vec(), b"all is well");

    let impostor = operator(chain(&exchange.impostor()), endpoint, "dal");
    let wrong = format!("{:?}", impostor.read("a/b c.txt").await.unwrap_err());
    assert!(wrong.contains("SignatureDoesNotMatch") && !wrong.contains("CANARY"), "{wrong}");

    exchange.delete_first().await;
    let rejected = s3.read("a/b c.txt").await.unwrap_err().to_string();
    assert!(rejected.contains("InvalidAccessKeyId"), "{rejected}");
    assert!(exchange.cache.invalidate(&exchange.first));
    assert_eq!(s3.read("a/b c.txt").await.unwrap().to_vec(), b"all is well");
}

#[tokio::test]
async fn opendal_presigns_for_as_long_as_the_credentials_live() {
    let (_aws, cache) = instance().await;
    let hour = Duration::from_secs(3600);
    let presigning = ProvideCredentialChain::new().push(PresigningCredentials::new(&cache));
    let for_urls = operator(presigning, "http://127.0.0.1:1", "reports");
    let id = cache.credentials().await.unwrap().access_key_id().to_owned();
    let url = for_urls.presign_read("a.txt", hour).await.unwrap().uri().to_string();
    assert!(url.contains(&format!("X-Amz-Credential={id}")), "{url}");
    // They live for six hours.
    for_urls.presign_read("a.txt", 7 * hour).await.unwrap_err();
    let for_requests = operator(ProvideCredentialChain::new().push(cache), "http://127.0.0.1:1", "reports");
    for_requests.presign_read("a.txt", hour).await.unwrap_err();
}

#[tokio::test]
async fn a_bucket_that_calls_keys_expired_gets_others() {
    let (_aws, cache) = instance().await;
    let bucket = Bucket::start().await.unwrap();
    let s3 = store(&cache, bucket.endpoint(), "reports");
    let path = Path::from("a.txt");
    s3.put(&path, "all is well".into()).await.unwrap();
    let first = cache.credentials().await.unwrap();
    bucket.expire(first.access_key_id());
    assert!(text(&s3, &path).await.unwrap_err().contains("ExpiredToken"));
    cache.invalidate(&first);
    assert_eq!(text(&s3, &path).await.unwrap(), "all is well");
    let second = cache.credentials().await.unwrap();
    let ids = [&first, &first, &second].map(|credentials| credentials.access_key_id().to_owned());
    assert_eq!(bucket.signed_by(), ids);
}

#[test]
fn the_examples_run_without_arguments() {
    for (name, shown) in
        [("aws_sdk", "ExpiredToken"), ("object_store", "all is well"), ("opendal", "all is well")]
    {
        let output = run(&mut Command::new(own_example(name)), &[]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        let signers: Vec<_> = said.lines().filter(|line| line.starts_with("signed by")).collect();
        assert!(said.contains(shown) && !signers.is_empty(), "{name}: {said}");
        assert!(signers.join(" ").matches("ASIA").count() >= 2, "{name}: {said}");
    }
}
