//! A source that this build does not have: says so, instead of missing in silence.

use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::explain::Examined;
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
        Err(self.error())
    }

    fn source_kind(&self) -> SourceKind {
        self.kind
    }

    fn examine(&self) -> impl Future<Output = Examined> + Send {
        std::future::ready(Examined::new(Err(self.error())))
    }
}

impl Absent {
    fn error(self) -> Error {
        let why = format!(
            "not part of this build: the cargo feature `{}` of aws-credential-chain is off",
            self.feature
        );
        if self.wanted {
            return Failure::new(FailureKind::Misconfigured, self.kind.name(), why)
                .with_remedy("turn the feature on, or unset what asks for this source")
                .into();
        }
        Error::not_configured(self.kind.name(), why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_source_that_is_not_part_of_the_build_names_its_feature() {
        for (wanted, applies) in [(true, true), (false, false)] {
            let error = Absent::new(SourceKind::Container, "container", wanted).retrieve().await.unwrap_err();
            assert_eq!(error.is_not_configured(), !applies, "{error}");
            let text = error.to_string();
            assert!(
                text.contains("container: not part of this build: the cargo feature `container`"),
                "{text}"
            );
            assert_eq!(text.contains("turn the feature on"), wanted, "{text}");
        }
    }
}
