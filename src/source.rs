//! Where credentials came from, hop by hop.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "sts")]
use crate::role::Role;

/// Where credentials came from: the hops that produced them, the base first. Cloning copies a pointer.
///
/// Shown as `profile file (dev)`, or with roles as `instance metadata (web) → …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(Arc<Path>);

/// The last hop, and the way to it: what many are assumed with is shared by them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Path {
    last: Hop,
    before: Option<Source>,
}

impl Source {
    pub(crate) fn new(kind: SourceKind) -> Self {
        Self(Arc::new(Path { last: Hop(Step::Bare(kind)), before: None }))
    }

    /// Adds what a reader needs to find the last hop's origin: a profile, a role; never a secret.
    pub(crate) fn with_detail(mut self, detail: impl Into<Box<str>>) -> Self {
        let kind = self.kind();
        Arc::make_mut(&mut self.0).last = Hop(Step::Told(kind, Arc::new(detail.into())));
        self
    }

    /// The same path, one hop further.
    #[cfg(feature = "sts")]
    pub(crate) fn then(self, kind: SourceKind, detail: impl Into<Box<str>>) -> Self {
        self.and(Hop(Step::Told(kind, Arc::new(detail.into()))))
    }

    /// The same path, one hop further: a role.
    #[cfg(feature = "sts")]
    pub(crate) fn then_role(self, role: &Role) -> Self {
        self.and(Hop(Step::Role(role.clone())))
    }

    /// The same path, one hop further, of which there is nothing more to say.
    #[cfg(feature = "sts")]
    pub(crate) fn further(self, kind: SourceKind) -> Self {
        self.and(Hop(Step::Bare(kind)))
    }

    #[cfg(feature = "sts")]
    fn and(self, last: Hop) -> Self {
        Self(Arc::new(Path { last, before: Some(self) }))
    }

    /// The kind of the hop that issued the credentials.
    #[must_use]
    pub fn kind(&self) -> SourceKind {
        self.0.last.kind()
    }

    /// All hops, the base first.
    pub fn hops(&self) -> impl Iterator<Item = &Hop> {
        let back = std::iter::successors(Some(self), |source| source.0.before.as_ref());
        let hops: Vec<&Hop> = back.map(|source| &source.0.last).collect();
        hops.into_iter().rev()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, hop) in self.hops().enumerate() {
            let arrow = if number == 0 { "" } else { " → " };
            write!(f, "{arrow}{hop}")?;
        }
        Ok(())
    }
}

/// One step on the way to a set of credentials.
#[derive(Clone)]
pub struct Hop(Step);

/// As short as can be: there may be a hundred thousand.
#[derive(Clone)]
enum Step {
    Bare(SourceKind),
    // Boxed twice: one word.
    Told(SourceKind, Arc<Box<str>>),
    /// Assumed; its name is told.
    #[cfg(feature = "sts")]
    Role(Role),
}

impl Hop {
    /// What kind of source the step is.
    #[must_use]
    pub fn kind(&self) -> SourceKind {
        match &self.0 {
            Step::Bare(kind) | Step::Told(kind, _) => *kind,
            #[cfg(feature = "sts")]
            Step::Role(_) => SourceKind::AssumeRole,
        }
    }

    /// Which one of its kind: the profile's or the role's name, for example.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match &self.0 {
            Step::Bare(_) => None,
            Step::Told(_, detail) => Some(detail),
            #[cfg(feature = "sts")]
            Step::Role(role) => Some(role.arn().as_str()),
        }
    }
}

/// By what is told of them: of a role its name alone.
impl PartialEq for Hop {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.detail() == other.detail()
    }
}

impl Eq for Hop {}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hop").field("kind", &self.kind()).field("detail", &self.detail()).finish()
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail() {
            Some(detail) => write!(f, "{} ({detail})", self.kind()),
            None => self.kind().fmt(f),
        }
    }
}

/// The kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceKind {
    /// Keys written in the program.
    StaticKeys,
    /// No identity, on purpose.
    Anonymous,
    /// `AWS_ACCESS_KEY_ID` and its companions.
    Environment,
    /// Keys in `~/.aws/credentials` or `~/.aws/config`.
    ProfileFile,
    /// A program that prints credentials: `credential_process`.
    Process,
    /// The agent of a container: ECS, EKS Pod Identity, Lambda SnapStart.
    Container,
    /// The metadata service of an EC2 instance.
    InstanceMetadata,
    /// A role, assumed with the credentials of the hop before.
    AssumeRole,
    /// A role, assumed with a token of an OpenID Connect provider.
    WebIdentity,
    /// A role, assumed with a SAML assertion.
    Saml,
    /// A session of a user: `GetSessionToken`.
    SessionToken,
    /// A session of somebody whom a user vouches for: `GetFederationToken`.
    FederationToken,
    /// The root user of a member account: `AssumeRoot`.
    AssumeRoot,
    /// Access that a customer has delegated: `GetDelegatedAccessToken`.
    DelegatedAccess,
    /// A provider of the application's own.
    Custom,
}

impl SourceKind {
    /// The name used in errors, events and [`Attempt::source`](crate::Attempt::source).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StaticKeys => "static keys",
            Self::Anonymous => "anonymous",
            Self::Environment => "environment",
            Self::ProfileFile => "profile file",
            Self::Process => "process",
            Self::Container => "container",
            Self::InstanceMetadata => "instance metadata",
            Self::AssumeRole => "assume role",
            Self::WebIdentity => "web identity",
            Self::Saml => "SAML",
            Self::SessionToken => "session token",
            Self::FederationToken => "federation token",
            Self::AssumeRoot => "assume root",
            Self::DelegatedAccess => "delegated access",
            Self::Custom => "custom provider",
        }
    }

    /// Whether credentials of this kind may be served past their expiry while the source cannot be reached: AWS
    /// rules out what only a person or another program renews. Root's are for a task, and end with their time.
    pub(crate) const fn is_stale_servable(self) -> bool {
        matches!(
            self,
            Self::InstanceMetadata
                | Self::Container
                | Self::AssumeRole
                | Self::WebIdentity
                | Self::SessionToken
                | Self::FederationToken
        )
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
