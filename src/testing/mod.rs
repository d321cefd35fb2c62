//! A local AWS, and a machine to run in, for tests of programs that use credentials.
//!
//! - [`LocalAws`] is a server on loopback that answers as AWS does: the metadata service of an EC2 instance, the
//!   credentials agent of a container, STS, and buckets whose policies are obeyed. It keeps a log of requests, and it can be told to fail in the ways in which
//!   the real one does.
//! - [`World`] is a machine for one test: environment, files and clock, in place of those of the process. The process
//!   environment is never touched, so tests run side by side.
//! - [`Clock`] is a wall clock to turn.
//!
//! Turn the feature `test-util` on in `[dev-dependencies]`.
//!
//! # A program that gets its credentials from EC2
//!
//! Under tokio's paused clock hours pass in microseconds. Server and client live in the same runtime: then time moves
//! only when both of them wait for it.
//!
//! ```
//! use std::time::Duration;
//! use aws_credential_chain::testing::{Fault, LocalAws, Route};
//! use aws_credential_chain::{CredentialsCache, DefaultChain};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
//! let aws = LocalAws::start().await?;
//! aws.metadata().role("web").credentials_lifetime(Duration::from_secs(3600));
//!
//! let world = aws.world();
//! let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
//! let first = cache.credentials().await?;
//! assert_eq!(aws.metadata().issued(), [first.access_key_id()]);
//!
//! // An outage of ten minutes, while the credentials are to be renewed: nobody notices.
//! aws.fault(Route::MetadataToken, Fault::status(500).forever());
//! aws.fault(Route::MetadataCredentials, Fault::hang().forever());
//! tokio::time::sleep(Duration::from_secs(46 * 60)).await;
//! for _ in 0..600 {
//!     assert_eq!(cache.credentials().await?.access_key_id(), first.access_key_id());
//!     tokio::time::sleep(Duration::from_secs(1)).await;
//! }
//! aws.clear_faults();
//! tokio::time::sleep(Duration::from_secs(180)).await;
//! cache.credentials().await?;
//! tokio::time::sleep(Duration::from_secs(1)).await;
//! assert_ne!(cache.credentials().await?.access_key_id(), first.access_key_id());
//! # Ok(()) })
//! # }
//! ```
//!
//! # A laptop that slept
//!
//! ```
//! # use std::time::Duration;
//! # use aws_credential_chain::testing::LocalAws;
//! # use aws_credential_chain::{CredentialsCache, DefaultChain};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
//! # let aws = LocalAws::start().await?;
//! # let world = aws.world();
//! # let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
//! cache.credentials().await?;
//! // The wall clock moves on, and no timer has noticed.
//! world.clock().turn(Duration::from_secs(8 * 3600));
//! let fresh = cache.credentials().await?;
//! assert!(fresh.expiry() > Some(world.clock().now()));
//! # Ok(()) })
//! # }
//! ```
//!
//! # Roles, and who may assume them
//!
//! [`Sts`] checks signatures, and refuses what the real one refuses, in its words. Users, roles and identity providers are
//! registered by the test; whatever credentials the local AWS has issued can sign, those of its metadata service too.
//!
//! ```
//! use aws_credential_chain::testing::{Fault, LocalAws, Route};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let aws = LocalAws::start().await?;
//! let (access_key_id, secret_access_key) = aws.sts().user("111111111111", "alice");
//! aws.sts()
//!     .role("arn:aws:iam::222222222222:role/reports")
//!     .trusts("arn:aws:iam::111111111111:user/alice")
//!     .requires_external_id("x-42");
//!
//! // A pod in Kubernetes, whose role trusts the tokens of its cluster.
//! aws.sts().identity_provider("https://oidc.example/id/1");
//! aws.sts()
//!     .role("arn:aws:iam::222222222222:role/pod")
//!     .trusts_identity_provider("https://oidc.example/id/1")
//!     .requires_subject("system:serviceaccount:prod:web");
//! let token = aws
//!     .sts()
//!     .web_identity_token("https://oidc.example/id/1", "system:serviceaccount:prod:web")
//!     .sign();
//!
//! aws.fault(Route::AssumeRole, Fault::sts_error("Throttling").times(2));
//!
//! // `AWS_ENDPOINT_URL_STS` of this world points to the local AWS.
//! let world = aws
//!     .world()
//!     .env("AWS_ACCESS_KEY_ID", access_key_id)
//!     .env("AWS_SECRET_ACCESS_KEY", secret_access_key)
//!     .file("/var/run/secrets/token", token);
//!
//! // What was issued, and for which sessions: their tags, policies and source identities.
//! for id in aws.sts().issued() {
//!     println!("{:?}", aws.sts().session(&id));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What a session may do
//!
//! A role may do everything, unless a test says [what it may](StsRole::allows). [`S3`] keeps objects, and obeys the policies of
//! the role and those of the session.
//!
//! ```
//! use aws_credential_chain::testing::LocalAws;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let aws = LocalAws::start().await?;
//! aws.sts().role("arn:aws:iam::222222222222:role/reports").allows(
//!     r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::reports/*" }] }"#,
//! );
//! aws.s3().bucket("reports").put("reports", "2026/november.csv", "a,b");
//! // `GET {endpoint}/reports/2026/november.csv`, signed for `s3`, is answered to sessions of this role.
//! # Ok(())
//! # }
//! ```

mod arn;
mod clock;
mod container;
mod fault;
pub(crate) mod iam;
mod issuer;
mod keys;
mod local_aws;
mod log;
mod metadata;
mod principal;
mod s3;
mod server;
mod sts;
mod world;

pub use self::clock::Clock;
pub use self::container::Container;
pub use self::fault::{Fault, Route};
pub use self::local_aws::{LocalAws, LocalAwsBuilder};
pub use self::log::Request;
pub use self::metadata::Metadata;
pub use self::principal::Session;
pub use self::s3::S3;
pub use self::sts::{IdentityProvider, SamlAssertion, SamlProvider, Sts, StsRole, WebIdentityToken};
pub use self::world::World;
#[cfg(feature = "sts")]
pub(crate) use self::world::is_in_home_of_world;
