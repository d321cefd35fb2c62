//! The region that calls go to.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, Failure, FailureKind};

/// The name of an AWS region, `eu-central-1` for example.
///
/// ```
/// use aws_credential_chain::Region;
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// assert_eq!(Region::new("eu-central-1")?.as_str(), "eu-central-1");
/// assert!(Region::new("evil.example/#").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region(Cow<'static, str>);

impl Region {
    /// Checks that the name can be part of a host name: it becomes one.
    ///
    /// # Errors
    /// It is empty, longer than 63 characters, or holds anything but letters, digits and inner hyphens. The error
    /// does not repeat it.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, Error> {
        let name = name.into();
        let is_label = !name.is_empty()
            && name.len() <= 63
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-');
        if is_label {
            return Ok(Self(name));
        }
        Err(Failure::new(
            FailureKind::Misconfigured,
            "region",
            "the region's name cannot be part of a host name",
        )
        .with_remedy("write it like eu-central-1")
        .into())
    }

    /// A name of our own tables.
    #[cfg(feature = "sts")]
    pub(crate) const fn known(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A name that was set somewhere: the error says where.
    pub(crate) fn named(name: String, origin: &str) -> Result<Self, Error> {
        Self::new(name).map_err(|_| {
            Failure::new(
                FailureKind::Misconfigured,
                "region",
                format!("{origin}: the region's name cannot be part of a host name"),
            )
            .with_remedy("write it like eu-central-1")
            .into()
        })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Region {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_one_label_of_a_host_name() {
        for name in ["us-east-1", "eu-isoe-west-1", "local", "a", &"x".repeat(63)] {
            let region = Region::new(name.to_owned()).unwrap();
            assert_eq!((region.as_str(), region.as_ref(), region.to_string().as_str()), (name, name, name));
        }
        for name in ["", "-a", "a-", "a.b", "a b", "a/b", "ü", &"x".repeat(64)] {
            assert!(Region::new(name.to_owned()).is_err(), "{name}");
        }
        let error = Region::named("evil/".to_owned(), "AWS_REGION").unwrap_err().to_string();
        assert!(error.contains("AWS_REGION") && !error.contains("evil"), "{error}");
    }
}
