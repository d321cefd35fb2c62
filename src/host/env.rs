//! Environment variables.

#[cfg(feature = "test-util")]
use std::collections::HashMap;
#[cfg(feature = "test-util")]
use std::sync::{Arc, Mutex, PoisonError};

/// Where variables come from.
#[derive(Clone, Debug, Default)]
pub(crate) enum Env {
    #[default]
    Process,
    #[cfg(feature = "test-util")]
    Given(Arc<Mutex<HashMap<String, String>>>),
}

impl Env {
    /// The variable's value without blanks around it. A blank one counts as unset: `AWS_PROFILE=` in a script means
    /// none.
    ///
    /// What is not UTF-8 is read with replacement characters: it then fails where it is used, under its name,
    /// instead of being passed over.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = match self {
            Self::Process => std::env::var_os(name)?.to_string_lossy().into_owned(),
            #[cfg(feature = "test-util")]
            Self::Given(variables) => {
                variables.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()?
            }
        };
        let trimmed = value.trim();
        match trimmed.len() {
            0 => None,
            len if len == value.len() => Some(value),
            _ => Some(trimmed.to_owned()),
        }
    }

    /// Gives a program that is started the variables that are seen here.
    #[cfg(feature = "process")]
    #[cfg_attr(not(feature = "test-util"), expect(unused_variables, reason = "it inherits them"))]
    pub(super) fn hand_down(&self, command: &mut tokio::process::Command) {
        match self {
            Self::Process => {}
            #[cfg(feature = "test-util")]
            Self::Given(variables) => {
                // A test's world has no programs of its own: they are found where those of the machine are.
                command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
                command.envs(&*variables.lock().unwrap_or_else(PoisonError::into_inner));
            }
        }
    }

    /// Whether this is AWS Lambda, which freezes the process between invocations.
    pub(crate) fn is_lambda(&self) -> bool {
        self.get("AWS_LAMBDA_FUNCTION_NAME").is_some()
    }
}
