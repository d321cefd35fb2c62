//! Conditions.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::net::IpAddr;

use super::Access;
use super::pattern::{Pattern, Wildcards};
use crate::wall_time::WallTime;

#[derive(Clone, Debug)]
pub(super) struct Condition {
    set: Set,
    test: Test,
    is_negated: bool,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    One,
    ForAll,
    ForAny,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equal,
    EqualIgnoringCase,
    Like,
    Arn,
    Number(Order),
    Date(Order),
    Bool,
    Address,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    /// `None` if the operator is none.
    pub(super) fn new(operator: &str, key: &str, values: Vec<String>) -> Option<Self> {
        let (set, rest) = match operator.split_once(':') {
            None => (Set::One, operator),
            Some(("ForAllValues", rest)) => (Set::ForAll, rest),
            Some(("ForAnyValue", rest)) => (Set::ForAny, rest),
            Some(_) => return None,
        };
        let (rest, if_exists) = match rest.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (test, is_negated) = match rest {
            "StringEquals" => (Test::Equal, false),
            "StringNotEquals" => (Test::Equal, true),
            "StringEqualsIgnoreCase" => (Test::EqualIgnoringCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualIgnoringCase, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            "ArnLike" | "ArnEquals" => (Test::Arn, false),
            "ArnNotLike" | "ArnNotEquals" => (Test::Arn, true),
            "Bool" => (Test::Bool, false),
            "IpAddress" => (Test::Address, false),
            "NotIpAddress" => (Test::Address, true),
            "Null" if set == Set::One && !if_exists => (Test::Null, false),
            _ => {
                let (of, order) = rest.strip_prefix("Numeric").map_or_else(
                    || rest.strip_prefix("Date").map(|order| (Test::Date as fn(Order) -> Test, order)),
                    |order| Some((Test::Number as fn(Order) -> Test, order)),
                )?;
                let order_and_negation = match order {
                    "Equals" => (Order::Equal, false),
                    "NotEquals" => (Order::Equal, true),
                    "LessThan" => (Order::Less, false),
                    "LessThanEquals" => (Order::LessOrEqual, false),
                    "GreaterThan" => (Order::Greater, false),
                    "GreaterThanEquals" => (Order::GreaterOrEqual, false),
                    _ => return None,
                };
                (of(order_and_negation.0), order_and_negation.1)
            }
        };
        Some(Self { set, test, is_negated, if_exists, key: key.to_owned(), values })
    }

    /// `None` if it has a variable that the request has no value for.
    pub(super) fn is_met(&self, access: &Access, has_variables: bool) -> Option<bool> {
        let found = access.values(&self.key);
        if self.test == Test::Null {
            let is_absent = found.is_none();
            return Some(self.values.iter().any(|value| (value == "true") == is_absent));
        }
        let found = match found {
            Some(found) if !found.is_empty() => found,
            // Nothing is not one of them; and all of nothing are.
            _ => {
                return Some(
                    self.if_exists || self.set == Set::ForAll || (self.set == Set::One && self.is_negated),
                );
            }
        };
        let mut fits = Vec::with_capacity(found.len());
        for value in found {
            let mut is_one = false;
            for wanted in &self.values {
                is_one |= self.test.compare(value, wanted, has_variables.then_some(access))?;
            }
            fits.push(is_one != self.is_negated);
        }
        Some(match self.set {
            Set::ForAny => fits.contains(&true),
            Set::One | Set::ForAll => !fits.contains(&false),
        })
    }
}

impl Test {
    fn compare(self, value: &str, wanted: &str, access: Option<&Access>) -> Option<bool> {
        let pattern = |wildcards| Pattern::of(wanted, wildcards, access);
        Some(match self {
            Self::Equal => pattern(Wildcards::AreCharacters)?.is_match(value),
            Self::EqualIgnoringCase => {
                pattern(Wildcards::AreCharacters)?.lowered().is_match(&value.to_lowercase())
            }
            Self::Like => pattern(Wildcards::Count)?.is_match(value),
            Self::Arn => pattern(Wildcards::Count)?.is_match_by_parts(value),
            Self::Bool => value.eq_ignore_ascii_case(wanted),
            Self::Address => is_in(value, wanted),
            Self::Number(order) => match (value.parse::<f64>(), wanted.parse::<f64>()) {
                (Ok(value), Ok(wanted)) => value.partial_cmp(&wanted).is_some_and(|is| order.takes(is)),
                _ => false,
            },
            Self::Date(order) => {
                let dates = WallTime::parse_rfc3339(value).zip(WallTime::parse_rfc3339(wanted));
                dates.is_some_and(|(value, wanted)| order.takes(value.cmp(&wanted)))
            }
            Self::Null => false,
        })
    }
}

impl Order {
    fn takes(self, is: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => is.is_eq(),
            Self::Less => is.is_lt(),
            Self::LessOrEqual => is.is_le(),
            Self::Greater => is.is_gt(),
            Self::GreaterOrEqual => is.is_ge(),
        }
    }
}

fn is_in(address: &str, network: &str) -> bool {
    let (network, length) = network.split_once('/').unwrap_or((network, ""));
    let (Ok(address), Ok(network)) = (address.parse::<IpAddr>(), network.parse::<IpAddr>()) else {
        return false;
    };
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let ((address, most), (network, of)) = (bits(address), bits(network));
    let Ok(length) = (if length.is_empty() { Ok(of) } else { length.parse::<u32>() }) else { return false };
    let differs = (address ^ network).checked_shr(128 - length.min(128)).unwrap_or(0);
    most == of && length <= of && differs == 0
}
