//! Environment variables.

#[cfg(feature = "test-util")]
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
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
        set(&self.value(name)?.to_string_lossy()).map(str::to_owned)
    }

    /// The same for the path of a file, which need not be UTF-8.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        let value = self.value(name)?;
        match value.to_str() {
            Some(text) => set(text).map(PathBuf::from),
            None => Some(value.into()),
        }
    }

    /// Whether it is set, for explanations.
    pub(crate) fn stands(&self, name: &str) -> Standing {
        match self.value(name) {
            None => Standing::Unset,
            Some(value) if value.to_str().is_some_and(|text| set(text).is_none()) => Standing::Blank,
            Some(_) => Standing::Set,
        }
    }

    fn value(&self, name: &str) -> Option<OsString> {
        match self {
            Self::Process => std::env::var_os(name),
            #[cfg(feature = "test-util")]
            Self::Given(variables) => {
                let variables = variables.lock().unwrap_or_else(PoisonError::into_inner);
                variables.get(name).map(OsString::from)
            }
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

    /// The variable that names a profile, and what it names.
    pub(crate) fn profile(&self) -> Option<(&'static str, String)> {
        PROFILE.into_iter().find_map(|variable| Some((variable, self.get(variable)?)))
    }

    /// Whether this is AWS Lambda, which freezes the process between invocations.
    pub(crate) fn is_lambda(&self) -> bool {
        self.get("AWS_LAMBDA_FUNCTION_NAME").is_some()
    }
}

/// How a variable stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Unset,
    Blank,
    Set,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unset => "not set",
            Self::Blank => "set, and blank: counts as not set",
            Self::Set => "set",
        })
    }
}

fn set(value: &str) -> Option<&str> {
    Some(value.trim()).filter(|value| !value.is_empty())
}

/// The second is what the AWS CLI called it first. Botocore looks at it first, too; the SDK for Go looks at it as here.
pub(crate) const PROFILE: [&str; 2] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];
