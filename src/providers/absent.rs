//! A source that this build does not have: says so, instead of missing in silence.

use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::provider::CredentialsProvider;
use crate::source::SourceKind;

/// Takes the place of a source whose cargo feature is off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Absent {
    kind: SourceKind,
    feature: &'static str,
    wanted: bool,
}

impl Absent {
    /// `wanted`: somebody asked for this source by name, so that going on would use another identity.
    pub(crate) fn new(kind: SourceKind, feature: &'static str, wanted: bool) -> Self {
        Self { kind, feature, wanted }
    }
}

impl CredentialsProvider for Absent {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let why = format!(
            "not part of this build: the cargo feature `{}` of aws-credential-chain is off",
            self.feature
        );
        if self.wanted {
            return Err(Failure::new(FailureKind::Misconfigured, self.kind.name(), why)
                .with_remedy("turn the feature on, or unset what asks for this source")
                .into());
        }
        Err(Error::not_configured(self.kind.name(), why))
    }

    fn source_kind(&self) -> SourceKind {
        self.kind
    }
}
