//! Somebody's program on the AWS SDK for Rust, that knows nothing of this crate: who it is, by what its environment says.

use aws_config::BehaviorVersion;
use aws_sdk_sts::error::DisplayErrorContext;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    let client = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(client).load().await;
    let identity = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
    println!(
        "{}",
        identity.map_err(|error| DisplayErrorContext(error).to_string())?.arn().unwrap_or_default()
    );
    Ok(())
}
