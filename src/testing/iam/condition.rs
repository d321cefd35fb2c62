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
    /// `None` if the operator is none, or a value is none for it: left out of account, it would make a policy wider than it
    /// says.
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
        let is_good = values.iter().all(|value| test.takes(value));
        is_good.then(|| Self { set, test, is_negated, if_exists, key: key.to_owned(), values })
    }

    pub(super) fn is_met(&self, access: &Access, has_variables: bool) -> bool {
        let found = access.values(&self.key);
        if self.test == Test::Null {
            let is_absent = found.is_none();
            return self.values.iter().any(|value| value.eq_ignore_ascii_case("true") == is_absent);
        }
        let found = match found {
            Some(found) if !found.is_empty() => found,
            // Nothing is not one of them; and all of nothing are.
            _ => {
                return self.if_exists
                    || self.set == Set::ForAll
                    || (self.set == Set::One && self.is_negated);
            }
        };
        let variables = has_variables.then_some(access);
        let mut fits = found.iter().map(|value| {
            self.values.iter().any(|wanted| self.test.compare(value, wanted, variables)) != self.is_negated
        });
        match self.set {
            Set::ForAny => fits.any(|fits| fits),
            Set::One | Set::ForAll => fits.all(|fits| fits),
        }
    }
}

impl Test {
    /// Whether a policy may have this value.
    fn takes(self, wanted: &str) -> bool {
        match self {
            Self::Equal | Self::EqualIgnoringCase | Self::Like | Self::Arn => true,
            Self::Bool | Self::Null => {
                ["true", "false"].iter().any(|known| wanted.eq_ignore_ascii_case(known))
            }
            Self::Number(_) => wanted.parse().is_ok_and(f64::is_finite),
            Self::Date(_) => date(wanted).is_some(),
            Self::Address => network(wanted).is_some(),
        }
    }

    /// What a variable without a value stands in fits nothing.
    fn compare(self, value: &str, wanted: &str, access: Option<&Access>) -> bool {
        let fits = |wildcards, is_match: fn(Pattern, &str) -> bool| {
            Pattern::of(wanted, wildcards, access).is_some_and(|pattern| is_match(pattern, value))
        };
        match self {
            Self::Equal => fits(Wildcards::AreCharacters, |pattern, value| pattern.is_match(value)),
            Self::EqualIgnoringCase => fits(Wildcards::AreCharacters, |pattern, value| {
                pattern.lowered().is_match(&value.to_lowercase())
            }),
            Self::Like => fits(Wildcards::Count, |pattern, value| pattern.is_match(value)),
            Self::Arn => fits(Wildcards::Count, |pattern, value| pattern.is_match_by_parts(value)),
            Self::Bool => value.eq_ignore_ascii_case(wanted),
            Self::Address => is_in(value, wanted),
            Self::Number(order) => match (value.parse::<f64>(), wanted.parse::<f64>()) {
                (Ok(value), Ok(wanted)) => value.partial_cmp(&wanted).is_some_and(|is| order.takes(is)),
                _ => false,
            },
            Self::Date(order) => {
                date(value).zip(date(wanted)).is_some_and(|(value, wanted)| order.takes(value.cmp(&wanted)))
            }
            Self::Null => false,
        }
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

/// `2026-11-25T12:00:00Z`, a day, or the seconds since 1970.
fn date(text: &str) -> Option<WallTime> {
    let of_seconds = || text.parse().ok().map(|seconds| WallTime::from_unix(seconds, 0));
    let of_day = || WallTime::parse_rfc3339(&format!("{text}T00:00:00Z"));
    WallTime::parse_rfc3339(text).or_else(of_seconds).or_else(of_day)
}

fn is_in(address: &str, wanted: &str) -> bool {
    let (Ok(address), Some((network, length))) = (address.parse::<IpAddr>(), network(wanted)) else {
        return false;
    };
    let ((address, most), (network, of)) = (bits(address), bits(network));
    let differs = (address ^ network).checked_shr(128 - length).unwrap_or(0);
    most == of && differs == 0
}

/// An address, and how many of its first bits count.
fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) =
        text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address = address.parse().ok()?;
    let (_, most) = bits(address);
    let length = length.map_or(Some(most), |length| length.parse().ok())?;
    (length <= most).then_some((address, length))
}

/// From the left, and how many there are.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}
