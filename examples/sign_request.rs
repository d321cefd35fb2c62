//! Requests to an AWS service by plain reqwest: signed with the credentials of a cache, sent once more where the service
//! rejects them, and as a URL that works without credentials. Against a local AWS inside of this process.

use std::io::Write;
use std::time::Duration;

use aws_credential_chain::interop::{RequestSigner, client_builder};
use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route};
use aws_credential_chain::{CredentialsCache, DefaultChain, Region};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    aws.metadata().role("sign-request");
    let world = aws.world();
    let mut out = std::io::stdout();

    // In a program of yours: CredentialsCache::new(DefaultChain::new())
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    let signer = RequestSigner::new(cache.clone(), Region::new("eu-central-1")?, "sts");
    let client = client_builder().await?.build()?;
    let who_am_i = || {
        let request = client.post(aws.endpoint()).header("content-type", "application/x-www-form-urlencoded");
        request.body("Action=GetCallerIdentity&Version=2011-06-15").build()
    };

    let answer = signer.send(&client, who_am_i()?).await?.error_for_status()?.text().await?;
    writeln!(out, "signed by {}\n  STS says: {}", key(&cache), arn(&answer))?;

    // The credentials are revoked in mid-run: nobody has to do anything.
    aws.fault(Route::GetCallerIdentity, Fault::sts_error("ExpiredToken"));
    let answer = signer.send(&client, who_am_i()?).await?.error_for_status()?.text().await?;
    writeln!(out, "rejected, and sent again, signed by {}\n  STS says: {}", key(&cache), arn(&answer))?;

    let query = format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", aws.endpoint());
    let presigned = signer.presign(&http::Request::get(query).body(())?, Duration::from_secs(600)).await?;
    let answer = client.get(presigned.url()).send().await?.error_for_status()?.text().await?;
    writeln!(out, "a URL for anybody, ten minutes long\n  STS says: {}", arn(&answer))?;
    Ok(())
}

fn key(cache: &CredentialsCache) -> String {
    cache.current().map(|credentials| credentials.access_key_id().to_owned()).unwrap_or_default()
}

fn arn(answer: &str) -> &str {
    let (_, rest) = answer.split_once("<Arn>").unwrap_or_default();
    rest.split_once("</Arn>").map_or("nothing", |(arn, _)| arn)
}
