//! Session policies: whether they are policies at all, and how much room they take.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::testing::iam::Policy;
use crate::testing::principal::Session;

/// Refuses what is no policy.
pub(super) fn check(policy: &str) -> Result<(), Refusal> {
    let malformed = |message: &'static str| Refusal::new(400, "MalformedPolicyDocument", message);
    let syntax = || malformed("Syntax errors in policy.");
    let Ok(Value::Object(document)) = serde_json::from_str(policy) else {
        return Err(malformed("This policy contains invalid Json"));
    };
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.as_slice(),
        Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
        _ => return Err(syntax()),
    };
    for statement in statements {
        let statement = statement.as_object().ok_or_else(syntax)?;
        if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
            return Err(malformed("Policy document should not specify a principal."));
        }
        let has_effect = statement.get("Effect").is_some_and(|effect| effect == "Allow" || effect == "Deny");
        if !(has_effect && has_one_of(statement, "Action") && has_one_of(statement, "Resource")) {
            return Err(syntax());
        }
    }
    // The rest: elements, operators and values that nobody knows.
    Policy::parse(policy).map(|_| ()).ok_or_else(syntax)
}

/// How much of the room for policies and tags a session takes, in per cent; `None` if it has none of them. AWS packs them
/// in a way that it does not tell: this counts characters.
pub(super) fn check_packed_size(session: &Session) -> Result<Option<usize>, Refusal> {
    let arns: Vec<&str> = session.policy_arns.iter().map(String::as_str).collect();
    let tags: Vec<_> = session.tags.iter().map(|(key, value)| [key.as_str(), value.as_str()]).collect();
    check_packed(session.policy.as_deref(), &arns, &tags)
}

pub(super) fn check_packed(
    policy: Option<&str>,
    arns: &[&str],
    tags: &[[&str; 2]],
) -> Result<Option<usize>, Refusal> {
    let of_arns: usize = arns.iter().map(|arn| arn.len()).sum();
    let of_tags: usize = tags.iter().flatten().map(|text| text.len()).sum();
    let all = policy.map_or(0, str::len) + of_arns + of_tags;
    let size = (all > 0).then(|| all.div_ceil(CHARACTERS_PER_PERCENT));
    match size {
        Some(size) if size > 100 => {
            let has_policy = policy.is_some() || !arns.is_empty();
            let message = if has_policy {
                format!("Packed policy consumes {size}% of allotted space, please use smaller policy.")
            } else {
                format!("Packed size of session tags consumes {size}% of allotted space.")
            };
            Err(Refusal::new(400, "PackedPolicyTooLarge", message))
        }
        _ => Ok(size),
    }
}

/// `Action` or `NotAction`, for example: one of them, a text or a list of texts.
fn has_one_of(statement: &Map<String, Value>, name: &str) -> bool {
    let is_text_or_texts = |value: &Value| match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(texts) => !texts.is_empty() && texts.iter().all(Value::is_string),
        _ => false,
    };
    match (statement.get(name), statement.get(&format!("Not{name}"))) {
        (Some(value), None) | (None, Some(value)) => is_text_or_texts(value),
        _ => false,
    }
}

const CHARACTERS_PER_PERCENT: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_policy() {
        let statement = |inner: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{{{inner}}}]}}"#);
        let good = r#""Effect":"Allow","Action":"s3:*","Resource":["*"]"#;
        for policy in [
            statement(good),
            statement(&format!(r#"{good},"Sid":"x","Condition":{{}}"#)),
            statement(r#""Effect":"Deny","NotAction":["a:b"],"NotResource":"*""#),
            format!(r#"{{"Statement":{{{good}}}}}"#),
            format!("\n {} ", statement(good)),
        ] {
            assert_eq!(check(&policy), Ok(()), "{policy}");
        }
        let json = "This policy contains invalid Json";
        let syntax = "Syntax errors in policy.";
        for (policy, message) in [
            (String::new(), json),
            ("{".to_owned(), json),
            ("[]".to_owned(), json),
            ("{}".to_owned(), syntax),
            (r#"{"Statement":[]}"#.to_owned(), syntax),
            (r#"{"Statement":["x"]}"#.to_owned(), syntax),
            (statement(r#""Action":"s3:*","Resource":"*""#), syntax),
            (statement(r#""Effect":"allow","Action":"s3:*","Resource":"*""#), syntax),
            (statement(r#""Effect":"Allow","Resource":"*""#), syntax),
            (statement(r#""Effect":"Allow","Action":[],"Resource":"*""#), syntax),
            (statement(&format!(r#"{good},"NotAction":"a:b""#)), syntax),
            (statement(good).replace("2012", "2013"), syntax),
            (statement(&format!(r#"{good},"condition":{{}}"#)), syntax),
            (statement(&format!(r#"{good},"Condition":{{"StringAlike":{{"a:b":"c"}}}}"#)), syntax),
            (statement(&format!(r#"{good},"Condition":{{"IpAddress":{{"a:b":"c"}}}}"#)), syntax),
            (
                statement(&format!(r#"{good},"Principal":"*""#)),
                "Policy document should not specify a principal.",
            ),
        ] {
            let refusal = check(&policy).unwrap_err();
            assert_eq!((refusal.status, &*refusal.code), (400, "MalformedPolicyDocument"), "{policy}");
            assert_eq!(refusal.message, message, "{policy}");
        }
    }
}
