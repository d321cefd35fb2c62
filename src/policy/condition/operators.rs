//! The operators, by what they compare.

use std::time::SystemTime;

use super::{Condition, Kind};
use crate::wall_time::WallTime;

/// Texts. Values may hold variables, as `${aws:username}`.
impl Condition {
    /// Is one of these, by case.
    pub fn string_equals<S: Into<String>>(
        key: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new("StringEquals", Kind::Text, key, values)
    }

    /// Is none of these.
    pub fn string_not_equals<S: Into<String>>(
        key: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new("StringNotEquals", Kind::Text, key, values)
    }

    /// Is one of these, whatever the case.
    pub fn string_equals_ignore_case<S: Into<String>>(
        key: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new("StringEqualsIgnoreCase", Kind::Text, key, values)
    }

    /// Is none of these, whatever the case.
    pub fn string_not_equals_ignore_case<S: Into<String>>(
        key: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new("StringNotEqualsIgnoreCase", Kind::Text, key, values)
    }

    /// Fits one of these, in which `*` stands for anything and `?` for one character.
    pub fn string_like<S: Into<String>>(key: impl Into<String>, values: impl IntoIterator<Item = S>) -> Self {
        Self::new("StringLike", Kind::Pattern, key, values)
    }

    /// Fits none of these.
    pub fn string_not_like<S: Into<String>>(
        key: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new("StringNotLike", Kind::Pattern, key, values)
    }
}

/// ARNs: `ArnEquals` means the same as `ArnLike`, so there is one of them.
impl Condition {
    /// Fits one of these ARNs, part by part.
    pub fn arn_like<S: Into<String>>(key: impl Into<String>, values: impl IntoIterator<Item = S>) -> Self {
        Self::new("ArnLike", Kind::Arn, key, values)
    }

    /// Fits none of these ARNs.
    pub fn arn_not_like<S: Into<String>>(
        key: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new("ArnNotLike", Kind::Arn, key, values)
    }
}

/// Addresses.
impl Condition {
    /// Lies in one of these networks: `203.0.113.0/24`, `2001:db8::/32`, or a single address.
    pub fn ip_address<S: Into<String>>(
        key: impl Into<String>,
        networks: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new("IpAddress", Kind::Address, key, networks)
    }

    /// Lies in none of these networks.
    pub fn not_ip_address<S: Into<String>>(
        key: impl Into<String>,
        networks: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new("NotIpAddress", Kind::Address, key, networks)
    }
}

/// Truth values, and whether there is a value at all.
impl Condition {
    /// Is true, or is false.
    pub fn bool(key: impl Into<String>, value: bool) -> Self {
        Self::new("Bool", Kind::Written, key, [value.to_string()])
    }

    /// The request has the key: `Null` is false.
    pub fn present(key: impl Into<String>) -> Self {
        Self::new("Null", Kind::Null, key, ["false"])
    }

    /// The request does not have the key: `Null` is true.
    pub fn absent(key: impl Into<String>) -> Self {
        Self::new("Null", Kind::Null, key, ["true"])
    }
}

/// Whole numbers.
impl Condition {
    /// Is one of these.
    pub fn numeric_equals(key: impl Into<String>, values: impl IntoIterator<Item = i64>) -> Self {
        Self::new("NumericEquals", Kind::Written, key, values.into_iter().map(|value| value.to_string()))
    }

    /// Is none of these.
    pub fn numeric_not_equals(key: impl Into<String>, values: impl IntoIterator<Item = i64>) -> Self {
        Self::new("NumericNotEquals", Kind::Written, key, values.into_iter().map(|value| value.to_string()))
    }

    /// Is less than this.
    pub fn numeric_less_than(key: impl Into<String>, value: i64) -> Self {
        Self::new("NumericLessThan", Kind::Written, key, [value.to_string()])
    }

    /// Is this, or less.
    pub fn numeric_less_than_equals(key: impl Into<String>, value: i64) -> Self {
        Self::new("NumericLessThanEquals", Kind::Written, key, [value.to_string()])
    }

    /// Is greater than this.
    pub fn numeric_greater_than(key: impl Into<String>, value: i64) -> Self {
        Self::new("NumericGreaterThan", Kind::Written, key, [value.to_string()])
    }

    /// Is this, or greater.
    pub fn numeric_greater_than_equals(key: impl Into<String>, value: i64) -> Self {
        Self::new("NumericGreaterThanEquals", Kind::Written, key, [value.to_string()])
    }
}

/// Times, of which whole seconds count.
///
/// A session policy that ends with a time differs from session to session: no cache takes one for the other.
impl Condition {
    /// Is before this: `aws:CurrentTime` before the end of a task.
    pub fn date_less_than(key: impl Into<String>, time: SystemTime) -> Self {
        Self::new("DateLessThan", Kind::Written, key, [written(time)])
    }

    /// Is this time, or before.
    pub fn date_less_than_equals(key: impl Into<String>, time: SystemTime) -> Self {
        Self::new("DateLessThanEquals", Kind::Written, key, [written(time)])
    }

    /// Is after this: `aws:TokenIssueTime` after a revocation.
    pub fn date_greater_than(key: impl Into<String>, time: SystemTime) -> Self {
        Self::new("DateGreaterThan", Kind::Written, key, [written(time)])
    }

    /// Is this time, or after.
    pub fn date_greater_than_equals(key: impl Into<String>, time: SystemTime) -> Self {
        Self::new("DateGreaterThanEquals", Kind::Written, key, [written(time)])
    }
}

/// In the form of RFC 3339.
fn written(time: SystemTime) -> String {
    WallTime::from(time).to_string()
}
