//! Tokens with which this program shows somebody outside of AWS who it is.
//!
//! `GetWebIdentityToken` of STS gives a JWT that AWS signs and that anybody can check with the keys that AWS publishes for
//! the account: no secret is shared with the other side. The account has to allow it once (outbound identity federation).
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html>

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};

use super::{Order, SignedBy, service_settings, whole_seconds};
use crate::cache::{Fetch, Perishable, RefreshPolicy, Refresher, mark};
use crate::error::Error;
use crate::provider::CredentialsProvider;
use crate::role::{Flaw, SessionTag, check_count, check_tags};
use crate::wall_time::WallTime;
use crate::wire::sts::{Action, GetWebIdentityToken, IdentityTokenAnswer};

/// Asks AWS for tokens that say to others who this program is.
///
/// ```no_run
/// use aws_credential_chain::sts::OutboundIdentity;
/// use aws_credential_chain::{CredentialsCache, DefaultChain};
/// use secrecy::ExposeSecret;
///
/// # async fn call() -> Result<(), aws_credential_chain::Error> {
/// let cache = CredentialsCache::new(DefaultChain::new());
/// let tokens = OutboundIdentity::new(cache, "https://partner.example").cached();
/// let authorization = format!("Bearer {}", tokens.token().await?.jwt().expose_secret());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct OutboundIdentity {
    signed: SignedBy,
    audiences: Vec<String>,
    algorithm: SigningAlgorithm,
    duration: Option<Duration>,
    tags: Vec<SessionTag>,
}

impl OutboundIdentity {
    /// Tokens for this audience (`aud`), about the role whose credentials `provider` gives.
    pub fn new(provider: impl CredentialsProvider, audience: impl Into<String>) -> Self {
        Self {
            signed: SignedBy::new(provider),
            audiences: vec![audience.into()],
            algorithm: SigningAlgorithm::default(),
            duration: None,
            tags: Vec::new(),
        }
    }

    /// Another audience of the same tokens. Up to ten in all.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// By which algorithm AWS signs: ES384, unless the other side can only check RS256.
    pub fn signing_algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// How long a token lives: whole seconds, one minute to one hour. Without it five minutes.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// A claim of the token, by the rules of [`RoleBuilder::tag`](crate::RoleBuilder::tag).
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(SessionTag::new(key, value));
        self
    }

    /// In a machine made for a test.
    #[cfg(feature = "test-util")]
    pub fn in_world(mut self, world: &crate::testing::World) -> Self {
        self.signed.host = world.host();
        self
    }

    service_settings!(|this| this.signed.settings);

    /// Asks for one token.
    ///
    /// # Errors
    /// No credentials to ask with, a setting that STS does not take, or what STS says.
    pub async fn retrieve(&self) -> Result<IdentityToken, Error> {
        self.check().map_err(|flaw| flaw.of(NAME))?;
        let request = GetWebIdentityToken {
            audiences: &self.audiences,
            signing_algorithm: self.algorithm.name(),
            duration: self.duration,
            tags: &self.tags,
        };
        let order = Order {
            provider: NAME,
            action: Action::GetWebIdentityToken,
            role: None,
            target: None,
            partition: "aws",
        };
        let read = |_: &_, answer: &[u8]| IdentityTokenAnswer::parse(answer);
        let IdentityTokenAnswer { token, expiration } =
            self.signed.send(&order, &request.body(), read).await?;
        Ok(IdentityToken { jwt: token, expiry: expiration })
    }

    /// Keeps tokens, and renews them ahead of their expiry.
    pub fn cached(self) -> IdentityTokens {
        let (clock, env) = (self.signed.host.clock.clone(), self.signed.host.env.clone());
        IdentityTokens(Refresher::new(self, RefreshPolicy::default(), clock, env))
    }

    fn check(&self) -> Result<(), Flaw> {
        check_count("audiences", self.audiences.len(), AUDIENCES_MAX)?;
        if self.audiences.iter().any(|audience| !(1..=AUDIENCE_MAX).contains(&audience.chars().count())) {
            let what = "an audience is empty, or has more than 1000 characters";
            return Err(Flaw::new(what, "write what the other side expects as `aud`"));
        }
        whole_seconds(self.duration, SECONDS)?;
        check_tags(&self.tags)
    }
}

impl Fetch<IdentityToken> for OutboundIdentity {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<IdentityToken, Error>> + Send + '_>> {
        Box::pin(self.retrieve())
    }

    fn time_limit(&self) -> Duration {
        self.signed.time_limit(None)
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

/// Tokens that are kept and renewed. Clone it: clones share everything.
#[derive(Clone, Debug)]
pub struct IdentityTokens(Refresher<IdentityToken>);

impl IdentityTokens {
    /// A token that has not expired. Waits only where none is in hand.
    ///
    /// # Errors
    /// As [`OutboundIdentity::retrieve`].
    pub async fn token(&self) -> Result<IdentityToken, Error> {
        match self.0.quiet(IdentityToken::clone) {
            Some(token) => Ok(token),
            None => Box::pin(self.0.read()).await,
        }
    }

    /// The other side has refused this token: the next read brings another one.
    pub fn invalidate(&self, refused: &IdentityToken) {
        self.0.invalidate(refused.mark());
    }
}

/// A JWT that AWS has signed.
#[derive(Clone)]
pub struct IdentityToken {
    jwt: SecretString,
    expiry: WallTime,
}

impl IdentityToken {
    /// The token, as it goes into an `Authorization: Bearer` header. Whoever has it can show it.
    #[must_use]
    pub fn jwt(&self) -> &SecretString {
        &self.jwt
    }

    /// From this instant nobody takes it.
    #[must_use]
    pub fn expiry(&self) -> SystemTime {
        self.expiry.into()
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken").field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

impl Perishable for IdentityToken {
    fn expiry(&self) -> Option<WallTime> {
        Some(self.expiry)
    }

    fn mark(&self) -> u64 {
        mark(self.jwt.expose_secret())
    }

    fn origin(&self) -> String {
        NAME.to_owned()
    }
}

/// By which algorithm AWS signs a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// ECDSA on P-384: shorter tokens.
    #[default]
    Es384,
    /// RSA, for those who can check nothing else.
    Rs256,
}

impl SigningAlgorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
        }
    }
}

const NAME: &str = "outbound identity";
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
const SECONDS: std::ops::RangeInclusive<u64> = 60..=3600;
const AUDIENCES_MAX: usize = 10;
const AUDIENCE_MAX: usize = 1000;
