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
    /// `None` if it is none. So is one with an element that is not known: a `condition` that nobody looks at would make it
    /// wider than it says.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        let Ok(Value::Object(document)) = serde_json::from_str(json) else { return None };
        let version = document.get("Version").map(Value::as_str);
        if !has_only(&document, &OF_POLICY) || !version.is_none_or(|known| known.is_some_and(is_version)) {
            return None;
        }
        let statements = match document.get("Statement")? {
            Value::Array(statements) => statements.as_slice(),
            one => std::slice::from_ref(one),
        };
        Some(Self {
            statements: statements.iter().map(Statement::read).collect::<Option<_>>()?,
            has_variables: version.flatten() == Some(CURRENT),
        })
    }

    /// Whether one of its statements of this effect is about what is asked for.
    pub(super) fn says(&self, is_allow: bool, access: &Access) -> bool {
        self.statements
            .iter()
            .any(|statement| statement.is_allow == is_allow && statement.is_about(access, self.has_variables))
    }
}

impl Statement {
    fn read(value: &Value) -> Option<Self> {
        let members = value.as_object().filter(|members| has_only(members, &OF_STATEMENT))?;
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

    /// A name with a variable that the request has no value for is that of nothing.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value>
    fn is_about(&self, access: &Access, has_variables: bool) -> bool {
        let action = access.action.to_ascii_lowercase();
        let is_action = self
            .actions
            .names
            .iter()
            .any(|name| Pattern::new(&name.to_ascii_lowercase(), Wildcards::Count).is_match(&action));
        let is_resource = self.resources.names.iter().any(|name| {
            let pattern = Pattern::of(name, Wildcards::Count, has_variables.then_some(access));
            pattern.is_some_and(|pattern| pattern.is_match(&access.resource))
        });
        is_action != self.actions.all_but
            && is_resource != self.resources.all_but
            && self.conditions.iter().all(|condition| condition.is_met(access, has_variables))
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

fn has_only(members: &Map<String, Value>, known: &[&str]) -> bool {
    members.keys().all(|name| known.contains(&name.as_str()))
}

fn is_version(version: &str) -> bool {
    version == CURRENT || version == "2008-10-17"
}

const CURRENT: &str = "2012-10-17";
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
const OF_POLICY: [&str; 3] = ["Version", "Id", "Statement"];
/// Those of policies that belong to somebody: the others name a `Principal`, too.
const OF_STATEMENT: [&str; 7] =
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
