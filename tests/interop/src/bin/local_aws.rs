//! `local_aws ADDRESS…`: the local AWS at fixed addresses, until its standard input ends.

use std::io::Read;

use aws_credential_chain::testing::{Clock, LocalAws};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut servers = Vec::new();
    for address in std::env::args().skip(1) {
        servers
            .push(LocalAws::builder().clock(Clock::starting_now()).listen(address.parse()?).start().await?);
    }
    println!("listening");
    // Ends with whoever started it, however that ends.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    drop(servers);
    Ok(())
}
