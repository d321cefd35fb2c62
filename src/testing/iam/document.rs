//! Policies, read.

use serde_json::{Map, Value};

use super::Access;
use super::condition::Condition;
use super::pattern::{Pattern, Wildcards};

/// A policy; what cannot be read as one allows nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    statements: Vec<Statement>,
    /// Variables are such from version 2012-10-17 on.
    has_variables: bool,
}

#[derive(Clone, Debug)]
struct Statement {
    is_allow: bool,
    actions: Names,
    resources: Names,
    conditions: Vec<Condition>,
}

/// These, or all but these.
#[derive(Clone, Debug)]
struct Names {
    all_but: bool,
    names: Vec<String>,
}

impl Policy {
    /// `None` if it is none.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        let Ok(Value::Object(document)) = serde_json::from_str(json) else { return None };
        let statements = match document.get("Statement")? {
            Value::Array(statements) => statements.as_slice(),
            one => std::slice::from_ref(one),
        };
        Some(Self {
            statements: statements.iter().map(Statement::read).collect::<Option<_>>()?,
            has_variables: document.get("Version").is_some_and(|version| version == "2012-10-17"),
        })
    }

    /// Whether one of its statements of this effect is about what is asked for.
    pub(super) fn says(&self, is_allow: bool, access: &Access) -> bool {
        self.statements.iter().any(|statement| {
            statement.is_allow == is_allow && statement.is_about(access, self.has_variables) == Some(true)
        })
    }
}

impl Statement {
    fn read(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let mut conditions = Vec::new();
        if let Some(block) = members.get("Condition") {
            for (operator, keys) in block.as_object()? {
                for (key, values) in keys.as_object()? {
                    conditions.push(Condition::new(operator, key, texts(values)?)?);
                }
            }
        }
        Some(Self {
            is_allow: match members.get("Effect")?.as_str()? {
                "Allow" => true,
                "Deny" => false,
                _ => return None,
            },
            actions: Names::read(members, "Action")?,
            resources: Names::read(members, "Resource")?,
            conditions,
        })
    }

    /// `None` if it has a variable that the request has no value for: then it says nothing.
    fn is_about(&self, access: &Access, has_variables: bool) -> Option<bool> {
        let action = access.action.to_ascii_lowercase();
        let is_action = self
            .actions
            .names
            .iter()
            .any(|name| Pattern::new(&name.to_ascii_lowercase(), Wildcards::Count).is_match(&action));
        if is_action == self.actions.all_but {
            return Some(false);
        }
        let mut is_resource = false;
        for name in &self.resources.names {
            let pattern = Pattern::of(name, Wildcards::Count, has_variables.then_some(access))?;
            is_resource |= pattern.is_match(&access.resource);
        }
        if is_resource == self.resources.all_but {
            return Some(false);
        }
        for condition in &self.conditions {
            if !condition.is_met(access, has_variables)? {
                return Some(false);
            }
        }
        Some(true)
    }
}

impl Names {
    fn read(members: &Map<String, Value>, name: &str) -> Option<Self> {
        match (members.get(name), members.get(&format!("Not{name}"))) {
            (Some(names), None) => Some(Self { all_but: false, names: texts(names)? }),
            (None, Some(names)) => Some(Self { all_but: true, names: texts(names)? }),
            _ => None,
        }
    }
}

/// A text or several; numbers and truth values count as such.
fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => text(one).map(|text| vec![text]),
    }
}
