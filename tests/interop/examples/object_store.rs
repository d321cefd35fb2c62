//! Objects in S3 through the crate `object_store`, with credentials from a cache.
//!
//! In place of AWS there are an instance's metadata service and a bucket in this process, which tells whose signature
//! each request bore.

use std::sync::Arc;

use aws_credential_chain::testing::{Clock, LocalAws};
use aws_credential_chain::{CredentialsCache, DefaultChain};
use interop::bucket::Bucket;
use object_store::ObjectStoreExt;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    interop::install_ring();
    let bucket = Bucket::start().await?;

    // In a program of yours: CredentialsCache::new(DefaultChain::new())
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    let world = aws.world();
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();

    let s3 = AmazonS3Builder::new()
        .with_bucket_name("reports")
        .with_region("eu-central-1")
        .with_credentials(Arc::new(cache.clone()))
        // The bucket in this process:
        .with_endpoint(bucket.endpoint())
        .with_allow_http(true)
        .build()?;

    let path = Path::from("2026/november.txt");
    s3.put(&path, "all is well".into()).await?;

    // Whatever the reason for new credentials: the store uses them from its next request on.
    cache.renew().await?;
    let text = s3.get(&path).await?.bytes().await?;

    println!("read back   {}", String::from_utf8_lossy(&text));
    println!("signed by   {}", bucket.signed_by().join(", "));
    Ok(())
}
