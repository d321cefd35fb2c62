//! `cli_cache_keeper ROUNDS PROFILE…`: asks for the sessions of the profiles over and over, and keeps them for the AWS
//! CLI. Prints for each what it got: profile, access key id, seconds since 1970 at which it ends.

use std::time::SystemTime;

use aws_credential_chain::{CliCache, CredentialsProvider, DefaultChain};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let rounds: u32 = arguments.next().ok_or("how many rounds?")?.parse()?;
    let profiles: Vec<_> = arguments.collect();
    // Kept over the rounds: a chain does not take the same session out of the cache twice, and so asks and writes.
    let chain = |name: &String| DefaultChain::new().profile(name).cli_cache(CliCache::ReadWrite);
    let chains: Vec<_> = profiles.iter().map(|name| (name, chain(name))).collect();
    for _ in 0..rounds {
        for (profile, chain) in &chains {
            let session = chain.retrieve().await?;
            let expiry = session.expiry().ok_or("a session ends")?.duration_since(SystemTime::UNIX_EPOCH)?;
            println!("{profile} {} {}", session.access_key_id(), expiry.as_secs());
        }
    }
    Ok(())
}
