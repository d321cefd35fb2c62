//! What policies allow. Written on its own: with the code that makes policies it would find its mistakes right.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>

mod condition;
mod document;
mod pattern;

use std::collections::HashMap;

pub(crate) use self::document::Policy;

/// What is asked for, as policies see it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// `s3:GetObject`
    pub(crate) action: String,
    /// An ARN.
    pub(crate) resource: String,
    /// What else the request tells, by key in lower case.
    context: HashMap<String, Vec<String>>,
}

impl Access {
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: HashMap::new() }
    }

    pub(crate) fn with<S: Into<String>>(
        mut self,
        key: impl AsRef<str>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.context.insert(key.as_ref().to_ascii_lowercase(), values);
        self
    }

    fn values(&self, key: &str) -> Option<&[String]> {
        self.context.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}

/// Policies of one kind: one of them has to allow what is asked for.
pub(crate) struct Layer {
    /// `session policy`, for the refusal.
    pub(crate) name: &'static str,
    pub(crate) policies: Vec<Policy>,
}

/// Nobody denies it, and each layer allows it; or why not, in AWS's words.
pub(crate) fn decide(access: &Access, layers: &[Layer]) -> Result<(), String> {
    let says =
        |layer: &Layer, is_allow: bool| layer.policies.iter().any(|policy| policy.says(is_allow, access));
    if let Some(layer) = layers.iter().find(|layer| says(layer, false)) {
        let a = if layer.name.starts_with('i') { "an" } else { "a" };
        return Err(format!("with an explicit deny in {a} {}", layer.name));
    }
    match layers.iter().find(|layer| !says(layer, true)) {
        Some(layer) => Err(format!("because no {} allows the {} action", layer.name, access.action)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
