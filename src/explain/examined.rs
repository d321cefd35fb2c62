//! What a source says of itself.

use super::Look;
use crate::error::Error;

/// What a source looked at, and what it would do next: without asking anybody over the network, and without starting
/// anything.
#[derive(Debug)]
pub struct Examined {
    pub(crate) looks: Vec<Look>,
    /// Or why it has nothing to go by.
    pub(crate) next: Result<Next, Error>,
    pub(crate) warnings: Vec<String>,
}

/// What a source would do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It has everything: asking it asks nobody else.
    Read(String),
    /// It is set up, and asks somebody.
    Ask(String),
    /// Only asking tells whether it applies here.
    Try(String),
    /// It says nothing of itself.
    Unknown,
}

impl Examined {
    /// Of a provider that says nothing of itself.
    pub(crate) fn nothing() -> Self {
        Self::new(Ok(Next::Unknown))
    }

    pub(crate) fn new(next: Result<Next, Error>) -> Self {
        Self { looks: Vec::new(), next, warnings: Vec::new() }
    }

    pub(crate) fn looked_at(mut self, looks: impl IntoIterator<Item = Look>) -> Self {
        self.looks.extend(looks);
        self
    }
}

impl Next {
    /// In words, after "it …s".
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Read(what) => format!("reads {what}"),
            Self::Ask(what) => format!("asks {what}"),
            Self::Try(what) => format!("tries {what}"),
            Self::Unknown => "a provider of the application's own, which says nothing of itself".to_owned(),
        }
    }
}
