//! A client of the AWS SDK for Rust with credentials from a cache. A service answers that they have expired; the call
//! goes on with new ones, and nobody notices.
//!
//! In place of AWS there are an instance's metadata service and an STS in this process.

use aws_credential_chain::interop::ExpiredTokenRecovery;
use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route};
use aws_credential_chain::{CredentialsCache, DefaultChain};
use aws_sdk_sts::config::{BehaviorVersion, IdentityCache, Region};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In a program of yours: CredentialsCache::new(DefaultChain::new())
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    let world = aws.world();
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();

    let recovery = ExpiredTokenRecovery::new(&cache);
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(cache.clone())
        .identity_cache(IdentityCache::no_cache())
        .interceptor(recovery.clone())
        .retry_classifier(recovery)
        // The STS in this process:
        .endpoint_url(aws.endpoint())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let sts = aws_sdk_sts::Client::from_conf(config);

    let identity = sts.get_caller_identity().send().await?;
    println!("identity    {}", identity.arn().unwrap_or_default());

    aws.fault(Route::GetCallerIdentity, Fault::sts_error("ExpiredToken"));
    sts.get_caller_identity().send().await?;

    for request in aws.requests().iter().filter(|request| request.route() == Route::GetCallerIdentity) {
        let answer = request.error_code().unwrap_or("good");
        println!("signed by   {}: {answer}", request.signed_by().unwrap_or_default());
    }
    Ok(())
}
