//! Makes a session policy of statements.

use super::json::Json;
use super::statement::Statement;
use super::{NAME, VERSION};
use crate::error::Error;
use crate::role::{Flaw, SessionPolicy};

/// Makes a [`SessionPolicy`]. See [`SessionPolicy::builder`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SessionPolicyBuilder {
    statements: Vec<Statement>,
}

impl SessionPolicyBuilder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a statement.
    pub fn statement(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// Checks all of it, and writes it as JSON without blanks. The same statements give the same text, in whichever order
    /// they, their actions, resources, conditions and values were named.
    ///
    /// # Errors
    /// [`FailureKind::Misconfigured`](crate::FailureKind::Misconfigured): there is no statement, an action is no
    /// `service:Action`, a resource is no ARN, a condition's value is not what its operator compares, a list is empty (AWS
    /// would not take it for "everything", but a reader may), or the whole has more than 2048 characters. The error says which
    /// statement it is, and what to write.
    pub fn build(self) -> Result<SessionPolicy, Error> {
        self.policy().map_err(|flaw| flaw.of(NAME))
    }

    fn policy(&self) -> Result<SessionPolicy, Flaw> {
        if self.statements.is_empty() {
            return Err(Flaw::new(
                "there is no statement in it",
                "add one; a session that may do nothing has a `Statement::deny([\"*\"]).on([\"*\"])`",
            ));
        }
        let mut statements = Vec::with_capacity(self.statements.len());
        for (index, statement) in self.statements.iter().enumerate() {
            let is_repeated =
                |sid| self.statements.iter().take(index).any(|earlier| earlier.name() == Some(sid));
            if statement.name().is_some_and(is_repeated) {
                return Err(of_statement(
                    index,
                    statement,
                    Flaw::new("its sid is that of another one", "name it otherwise"),
                ));
            }
            statements
                .push(statement.json().map_err(|flaw| of_statement(index, statement, flaw))?.to_string());
        }
        statements.sort_unstable();
        statements.dedup();
        let version = Json::text(VERSION);
        SessionPolicy::of_minified(format!(
            r#"{{"Version":{version},"Statement":[{}]}}"#,
            statements.join(",")
        ))
    }
}

fn of_statement(index: usize, statement: &Statement, mut flaw: Flaw) -> Flaw {
    let sid = statement.name().filter(|sid| sid.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let sid = sid.map(|sid| format!(" (`{sid}`)")).unwrap_or_default();
    flaw.what = format!("statement {}{sid}: {}", index + 1, flaw.what);
    flaw
}
