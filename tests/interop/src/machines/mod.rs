//! Machines from a seed: variables and shared files, resolved by botocore and by us.
//!
//! [`generate`] makes one, as data that can be changed and written to disk; [`outcome`] is what came of it, in terms that do
//! not depend on who resolved it; [`differences`] is the table of what we read otherwise than botocore, each line as a
//! change of the machine after which botocore reads it as we do.

pub mod differences;
mod explain;
mod file;
mod generate;
mod noise;
mod outcome;
mod profile;
mod resolve;
mod shrink;

use std::collections::BTreeMap;
use std::fmt;

pub use differences::{DIFFERENCES, Difference};
pub use explain::{Because, Explained, explain};
pub use file::{File, Header, Item, Property, Section};
pub use outcome::Outcome;
pub use resolve::{Both, Places};
pub use shrink::shrink;

/// Everything that decides about credentials on one machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The profile that the program names.
    pub profile_in_code: Option<String>,
    pub variables: BTreeMap<String, String>,
    pub config: File,
    pub credentials: File,
}

impl Machine {
    /// The machine of this seed: always the same, but for keys and addresses.
    #[must_use]
    pub fn of_seed(seed: u64, places: &Places) -> Self {
        generate::machine(&mut fastrand::Rng::with_seed(seed), places)
    }

    /// A variable that is set and not blank.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The profile that is meant, as we see it.
    #[must_use]
    pub fn selected(&self) -> &str {
        let by_variable = || self.variable("AWS_PROFILE").or_else(|| self.variable("AWS_DEFAULT_PROFILE"));
        self.profile_in_code.as_deref().or_else(by_variable).unwrap_or("default")
    }

    pub fn files_mut(&mut self) -> [&mut File; 2] {
        [&mut self.config, &mut self.credentials]
    }
}

/// As a person would write it down to try it again.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(profile) = &self.profile_in_code {
            writeln!(f, "  profile in code: {profile:?}")?;
        }
        for (name, value) in &self.variables {
            writeln!(f, "  {name}={value:?}")?;
        }
        for (name, file) in [("config", &self.config), ("credentials", &self.credentials)] {
            if !file.exists {
                continue;
            }
            writeln!(f, "  --- {name}")?;
            let text = file.bytes().escape_ascii().to_string().replace("\\n", "\n").replace("\\\"", "\"");
            for line in text.lines() {
                writeln!(f, "  |{line}")?;
            }
        }
        Ok(())
    }
}
