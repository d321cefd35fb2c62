//! Objects in S3 through OpenDAL, with credentials from a cache.
//!
//! In place of AWS there are an instance's metadata service and a bucket in this process, which tells whose signature
//! each request bore.

use aws_credential_chain::testing::{Clock, LocalAws};
use aws_credential_chain::{CredentialsCache, DefaultChain};
use interop::bucket::Bucket;
use opendal::Operator;
use opendal::services::S3;
use reqsign_core::ProvideCredentialChain;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    interop::install_ring();
    // With its default features, `opendal::install_default()`.
    opendal_http_transport_reqwest::install_default();
    let bucket = Bucket::start().await?;

    // In a program of yours: CredentialsCache::new(DefaultChain::new())
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    let world = aws.world();
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();

    let s3 = S3::default()
        .bucket("reports")
        .region("eu-central-1")
        .credential_provider_chain(ProvideCredentialChain::new().push(cache.clone()))
        // The bucket in this process:
        .endpoint(bucket.endpoint());
    let operator = Operator::new(s3)?;

    operator.write("2026/november.txt", "all is well").await?;

    // A service has rejected the credentials: the next request is signed with others.
    let rejected = cache.credentials().await?;
    cache.invalidate(&rejected);
    let text = operator.read("2026/november.txt").await?.to_vec();

    println!("read back   {}", String::from_utf8_lossy(&text));
    println!("signed by   {}", bucket.signed_by().join(", "));
    Ok(())
}
