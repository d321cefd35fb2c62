//! A role, assumed with a SAML assertion: corporate identity providers as Okta, Entra ID, ADFS, Keycloak.
//!
//! `AssumeRoleWithSAML` of STS is not signed: the assertion goes in the body, never in a URL. Region and endpoint are found
//! as for [`AssumeRole`](super::AssumeRole).
//!
//! An assertion is good for five minutes and comes out of a login, so the application gives it: an async callback is
//! asked at each fetch. Session name, tags and source identity come out of the assertion; the role may have a duration and
//! session policies. The session ends when the assertion says so (`SessionNotOnOrAfter`), if that is before the end of
//! the duration.
//!
//! Where a person has to log in each time, give the cache [`RefreshPolicy::on_demand`](crate::RefreshPolicy::on_demand).
//!
//! ```xml
//! <AssumeRoleWithSAMLResponse><AssumeRoleWithSAMLResult>
//!   <Credentials>…</Credentials> <AssumedRoleUser>…</AssumedRoleUser>
//!   <Subject>alice</Subject> <SubjectType>persistent</SubjectType> <Issuer>https://idp.example</Issuer>
//!   <Audience>https://signin.aws.amazon.com/saml</Audience> <NameQualifier>…</NameQualifier>
//! </AssumeRoleWithSAMLResult></AssumeRoleWithSAMLResponse>
//!
//! <ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>…</Message></Error></ErrorResponse>
//! ```
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html>

use std::error::Error as StdError;
use std::future::Future;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::callback::Callback;
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind, printable};
use crate::provider::CredentialsProvider;
use crate::role::{Flaw, Role};
use crate::source::SourceKind;
use crate::sts::{Bearer, Claim, service_settings};
use crate::wire::sts::{Action, AssumeRoleWithSaml, session_end};

/// Assumes a role with a SAML assertion.
///
/// ```
/// use aws_credential_chain::{CredentialsCache, Role, providers::Saml};
/// use secrecy::SecretString;
///
/// # async fn log_in() -> std::io::Result<SecretString> { Ok(SecretString::default()) }
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let role = Role::builder("arn:aws:iam::123456789012:role/developer").build()?;
/// let provider = "arn:aws:iam::123456789012:saml-provider/okta";
/// let cache = CredentialsCache::new(Saml::new(role, provider, || async {
///     // Log in, and take `SAMLResponse` out of the form that the identity provider answers with.
///     log_in().await
/// }));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Saml {
    bearer: Bearer,
    role: Role,
    principal_arn: String,
    assertion: Callback,
    patience: Duration,
}

impl Saml {
    /// This role, through the SAML provider of this ARN, with what `assertion` gives: the assertion in base64, as
    /// browsers post it in `SAMLResponse`.
    ///
    /// The callback may fail with any error; with an [`Error`] of this crate it says itself whether asking again later
    /// makes sense.
    pub fn new<F, Fut, E>(role: Role, principal_arn: impl Into<String>, assertion: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<SecretString, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self {
            bearer: Bearer::default(),
            role,
            principal_arn: principal_arn.into(),
            assertion: Callback::new(assertion),
            patience: PATIENCE,
        }
    }

    /// How long the callback may take: 30 s, unless a person has to act.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.bearer.host = world.host();
        self
    }

    service_settings!(|this| this.bearer.settings);

    /// The assertion without blanks and line breaks, which some providers put into base64.
    async fn assertion(&self) -> Result<SecretString, Error> {
        let given = self.assertion.ask_within(self.patience, NAME, "SAML assertion").await?;
        let mut dense = String::with_capacity(given.expose_secret().len());
        dense.extend(given.expose_secret().split_ascii_whitespace());
        Ok(SecretString::from(dense))
    }
}

impl CredentialsProvider for Saml {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        check_principal(&self.principal_arn).map_err(|flaw| flaw.of(NAME))?;
        let assertion = self.assertion().await?;
        let request = AssumeRoleWithSaml::new(&self.role, &self.principal_arn, &assertion)
            .map_err(|flaw| flaw.of(NAME))?;
        let ends = session_end(assertion.expose_secret());
        if let Some(ended) = ends.filter(|ends| *ends <= self.bearer.host.clock.now()) {
            let message = format!("the SAML assertion is for a session that ended at {ended}");
            return Err(Failure::new(FailureKind::Expired, NAME, message)
                .with_remedy("log in again at the identity provider")
                .into());
        }
        self.bearer
            .assume(Claim {
                kind: SourceKind::Saml,
                action: Action::AssumeRoleWithSaml,
                role: &self.role,
                origin: &self.principal_arn,
                body: request.body(),
                ends,
            })
            .await
    }

    fn time_limit(&self) -> Duration {
        self.patience.saturating_add(STEP_LIMIT)
    }

    fn source_kind(&self) -> SourceKind {
        SourceKind::Saml
    }
}

/// The provider's ARN names what STS has to know: `arn:aws:iam::123456789012:saml-provider/name`.
fn check_principal(arn: &str) -> Result<(), Flaw> {
    let is_provider = match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", _, "iam", "", _, resource] => resource.starts_with("saml-provider/"),
        _ => false,
    };
    if is_provider && arn.len() <= ARN_MAX {
        return Ok(());
    }
    // What looks like none may be something else in the wrong place.
    let shown = if arn.starts_with("arn:") { format!(" {}", printable(arn)) } else { String::new() };
    let remedy = "write it like arn:aws:iam::123456789012:saml-provider/name";
    Err(Flaw::new(format!("the ARN{shown} is not one of a SAML provider"), remedy))
}

const NAME: &str = SourceKind::Saml.name();
const PATIENCE: Duration = Duration::from_secs(30);
/// Two attempts at STS and the pauses between.
const STEP_LIMIT: Duration = Duration::from_secs(25);
const ARN_MAX: usize = 2048;
