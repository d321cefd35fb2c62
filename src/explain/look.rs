//! One thing that was looked at.

use std::fmt;
use std::path::Path;

use crate::host::{Env, Host, Standing};

/// One thing that was looked at, and what was there: a variable, a file, a place in a file, a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    what: String,
    found: String,
}

impl Look {
    pub(crate) fn new(what: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self { what: one_line(&what.to_string()), found: one_line(&found.to_string()) }
    }

    /// A variable whose value is nobody's business.
    pub(crate) fn variable(env: &Env, name: &str) -> Self {
        Self::new(name, env.stands(name))
    }

    /// One whose value is shown: a name, a path, an ARN.
    pub(crate) fn shown(env: &Env, name: &str) -> Self {
        match env.get(name) {
            Some(value) => Self::new(name, format_args!("set to {value}")),
            None => Self::variable(env, name),
        }
    }

    /// One that is worth a line only where it is set.
    pub(crate) fn variable_if_set(env: &Env, name: &str) -> Option<Self> {
        (env.stands(name) != Standing::Unset).then(|| Self::variable(env, name))
    }

    /// A file; `named_by`: the setting that names it.
    pub(crate) async fn file(host: &Host, path: &Path, named_by: Option<&str>) -> Self {
        let by = named_by.map(|by| format!(" ({by})")).unwrap_or_default();
        let what = format!("{}{by}", path.display());
        match host.files.about(path).await {
            Ok(about) => Self::new(what, about),
            Err(error) => Self::new(what, error),
        }
    }

    /// What was looked at.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What was there.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.found)
    }
}

/// Without what could rewrite a terminal.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
