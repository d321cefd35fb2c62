//! From the start of a process to its first credentials.

use aws_credential_chain::{CredentialsProvider, DefaultChain};
use aws_credential_types::provider::ProvideCredentials;

/// The libraries.
pub const LIBRARIES: [&str; 2] = ["ours", "aws-config"];
/// The sources; each is set up by the environment of the process.
pub const SOURCES: [&str; 3] = ["environment", "profile", "metadata"];

/// Resolves the default chain once.
///
/// # Panics
/// If that fails.
pub async fn resolve(library: &str) {
    let id = match library {
        "nothing" => return,
        "ours" => DefaultChain::new().retrieve().await.unwrap().access_key_id().to_owned(),
        "aws-config" => {
            let region = aws_config::Region::new("us-east-1");
            let chain = aws_config::default_provider::credentials::DefaultCredentialsChain::builder()
                .region(region)
                .build()
                .await;
            chain.provide_credentials().await.unwrap().access_key_id().to_owned()
        }
        other => panic!("no library `{other}`"),
    };
    assert!(!id.is_empty());
}
