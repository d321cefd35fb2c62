//! When a statement counts.

mod operators;

use super::json::Json;
use super::statement::{SHOWN_MAX, check_arn, has_wildcard};
use super::variable;
use crate::error::printable_up_to;
use crate::role::Flaw;

/// When a [`Statement`](super::Statement) counts: an operator, a key of the request, and the values to compare it with.
///
/// With several values one of them has to fit (with the operators that say "not", none of them may). What the request does
/// not tell fits no value: a condition on it is not met, or, with "not", is met. [`if_exists`](Self::if_exists) makes it met
/// in either case.
///
/// ```
/// use aws_credential_chain::policy::Condition;
///
/// let over_tls = Condition::bool("aws:SecureTransport", true);
/// let own_rows = Condition::string_equals("dynamodb:LeadingKeys", ["${aws:PrincipalTag/tenant}"]).for_all_values();
/// let few_at_a_time = Condition::numeric_less_than_equals("s3:max-keys", 100).if_exists();
/// ```
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[derive(Clone, Debug)]
#[must_use]
pub struct Condition {
    operator: &'static str,
    kind: Kind,
    set: Option<&'static str>,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Text as it stands.
    Text,
    /// Text with wildcards.
    Pattern,
    Arn,
    Address,
    /// What its constructor has written itself: numbers, dates, truth values.
    Written,
    /// Whether the key is there at all.
    Null,
}

impl Condition {
    /// Is met, too, if the request does not have the key: `…IfExists`.
    pub fn if_exists(mut self) -> Self {
        self.if_exists = true;
        self
    }

    /// For keys with many values: each of the request's has to fit one of these. Is also met if the request has none: where
    /// it allows something, put [`Condition::present`] beside it.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    pub fn for_all_values(mut self) -> Self {
        self.set = Some("ForAllValues:");
        self
    }

    /// For keys with many values: one of the request's has to fit one of these.
    pub fn for_any_value(mut self) -> Self {
        self.set = Some("ForAnyValue:");
        self
    }

    fn new<S: Into<String>>(
        operator: &'static str,
        kind: Kind,
        key: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self { operator, kind, set: None, if_exists: false, key: key.into(), values }
    }

    fn name(&self) -> String {
        let if_exists = if self.if_exists { "IfExists" } else { "" };
        format!("{}{}{if_exists}", self.set.unwrap_or_default(), self.operator)
    }

    fn check(&self) -> Result<(), Flaw> {
        let name = self.name();
        let shown = printable_up_to(SHOWN_MAX, &self.key);
        if !is_key(&self.key) {
            return Err(Flaw::new(
                format!("`{shown}`, under {name}, is no key"),
                "write it like `aws:SourceIp`",
            ));
        }
        if self.kind == Kind::Null && (self.if_exists || self.set.is_some()) {
            let what = format!("{name} is no operator");
            return Err(Flaw::new(what, "`present` and `absent` stand for themselves"));
        }
        if self.values.is_empty() {
            let what = format!("{name} has no value to compare `{shown}` with");
            return Err(Flaw::new(what, "give one, or leave the condition out"));
        }
        self.values.iter().try_for_each(|value| {
            self.check_value(value).map_err(|(trouble, remedy)| {
                let value = printable_up_to(SHOWN_MAX, value);
                Flaw::new(format!("the value `{value}` of `{shown}`, under {name}, {trouble}"), remedy)
            })
        })
    }

    fn check_value(&self, value: &str) -> Result<(), (&'static str, &'static str)> {
        match self.kind {
            Kind::Arn if value == "*" => Ok(()),
            // Other than in resources, variables may stand in each part of it.
            Kind::Arn => variable::filled(value)
                .and_then(|example| check_arn(&example))
                .map_err(|trouble| (trouble, "write it like `arn:aws:s3:::bucket/key`")),
            Kind::Address if is_network(value) => Ok(()),
            Kind::Address => Err(("is no address", "write it like `203.0.113.0/24` or `2001:db8::/32`")),
            Kind::Text | Kind::Pattern => {
                if value.chars().any(char::is_control) {
                    return Err(("has a control character", "leave it out"));
                }
                variable::check(value)
                    .map_err(|trouble| (trouble, "put it in by `literal` if it is a name"))?;
                if self.kind == Kind::Text && has_wildcard(value) {
                    return Err((
                        "has a wildcard, which this operator takes for itself",
                        "use `string_like`, or put the value in by `literal`",
                    ));
                }
                Ok(())
            }
            Kind::Written | Kind::Null => Ok(()),
        }
    }
}

/// All of them together. Each key once under each operator: JSON has no place for it a second time, and values side by side
/// mean "or".
pub(super) fn block(conditions: &[Condition]) -> Result<Json, Flaw> {
    let mut sorted: Vec<(String, &Condition)> =
        conditions.iter().map(|condition| (condition.name(), condition)).collect();
    sorted.sort_by(|(a_name, a), (b_name, b)| (a_name, &a.key).cmp(&(b_name, &b.key)));
    let mut operators: Vec<(String, Vec<(String, Json)>)> = Vec::new();
    for (name, condition) in sorted {
        condition.check()?;
        let mut values = condition.values.clone();
        values.sort_unstable();
        values.dedup();
        let member = (condition.key.clone(), Json::one_or_many(values));
        match operators.last_mut().filter(|(last, _)| *last == name) {
            None => operators.push((name, vec![member])),
            Some((_, keys)) => {
                // AWS does not tell keys apart by case.
                if keys.iter().any(|(key, _)| key.eq_ignore_ascii_case(&condition.key)) {
                    let what = format!("`{}` stands under {name} twice", condition.key);
                    return Err(Flaw::new(
                        what,
                        "put the values into one condition if either may fit; if both have to, use another operator \
                         or a `deny`",
                    ));
                }
                keys.push(member);
            }
        }
    }
    Ok(Json::Object(operators.into_iter().map(|(name, keys)| (name, Json::Object(keys))).collect()))
}

/// `prefix:name`, as `aws:PrincipalTag/cost center` or `oidc.example/id/1:sub`.
fn is_key(text: &str) -> bool {
    let is_allowed = |c: char| !c.is_control() && !matches!(c, '*' | '?' | '$' | '{' | '}');
    text.split_once(':')
        .is_some_and(|(prefix, name)| !prefix.is_empty() && !prefix.contains(' ') && !name.trim().is_empty())
        && text.chars().all(is_allowed)
}

/// An address, or a network in CIDR.
fn is_network(text: &str) -> bool {
    let (address, length) =
        text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let is_length = |length: &str| {
        length.bytes().all(|byte| byte.is_ascii_digit())
            && length.parse::<u8>().is_ok_and(|length| length <= most)
    };
    length.is_none_or(is_length)
}
