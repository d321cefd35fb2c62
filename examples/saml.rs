//! Federated login: an identity provider vouches for somebody, and AWS gives that somebody a role.
//!
//! Runs on an embedded local AWS. With a real one, the assertion is the `SAMLResponse` that the identity provider's login
//! page posts to AWS.
#![allow(clippy::print_stdout, reason = "it tells a person")]

use std::error::Error;
use std::time::Duration;

use aws_credential_chain::providers::Saml;
use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::LocalAws;
use aws_credential_chain::{CredentialsCache, Role};
use secrecy::SecretString;

const OKTA: &str = "arn:aws:iam::222222222222:saml-provider/okta";
const DEVELOPER: &str = "arn:aws:iam::222222222222:role/developer";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // The account: it knows the identity provider, and has a role that trusts it.
    let aws = LocalAws::start().await?;
    aws.sts().saml_provider(OKTA);
    aws.sts().role(DEVELOPER).trusts_saml_provider(OKTA);

    // The program: it logs in whenever credentials are due, and STS gives the role for the assertion.
    let identity_provider = aws.clone();
    let saml = Saml::new(Role::builder(DEVELOPER).build()?, OKTA, move || {
        let assertion =
            identity_provider.sts().saml_assertion(OKTA, DEVELOPER, "alice").tag("team", "payments");
        let signed = assertion.session_ends_in(Duration::from_secs(1800)).sign();
        async move { Ok::<_, aws_credential_chain::Error>(SecretString::from(signed)) }
    });
    let world = aws.world();
    let cache = CredentialsCache::builder(saml.in_world(&world)).in_world(&world).build();

    let credentials = cache.credentials().await?;
    println!("from       {}", credentials.source());
    println!("account    {}", credentials.account_id().unwrap_or_default());
    if let Some(expiry) = credentials.expiry() {
        let left = expiry.duration_since(aws.clock().now())?;
        println!("expires    in {} minutes, as the assertion says", left.as_secs().div_ceil(60));
    }

    // A signed call with them: STS knows who it is.
    let identity = Sts::in_world(&world).caller_identity(&credentials).await?;
    println!("identity   {}", identity.arn());
    Ok(())
}
