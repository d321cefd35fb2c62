//! The ARN of a role.

use std::fmt;

use super::Flaw;
use super::rules::{ARN, is_name};
use crate::error::{Error, printable_up_to};

/// The ARN of an IAM role: `arn:aws:iam::123456789012:role/path/name`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
///
/// ```
/// use aws_credential_chain::RoleArn;
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let arn = RoleArn::new("arn:aws-cn:iam::123456789012:role/team/reports")?;
/// assert_eq!((arn.partition(), arn.account_id(), arn.name()), ("aws-cn", "123456789012", "reports"));
/// assert!(RoleArn::new("arn:aws:iam::123456789012:user/alice").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleArn(Box<str>);

impl RoleArn {
    /// Checks that it is the ARN of a role.
    ///
    /// # Errors
    /// It has not the form above, or more than 2048 characters.
    pub fn new(arn: impl Into<String>) -> Result<Self, Error> {
        Self::parse(arn.into()).map_err(Flaw::into_error)
    }

    pub(super) fn parse(arn: String) -> Result<Self, Flaw> {
        match trouble(&arn) {
            None => Ok(Self(arn.into())),
            Some(trouble) => Err(Flaw::new(format!("the role's ARN{} {trouble}", shown(&arn)), LIKE)),
        }
    }

    /// The whole of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part of AWS that the role lives in: `aws`, `aws-cn`, `aws-us-gov` and others.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// The twelve digits of the account that the role lives in.
    #[must_use]
    pub fn account_id(&self) -> &str {
        self.part(4)
    }

    /// The role's name, without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    fn part(&self, index: usize) -> &str {
        self.0.split(':').nth(index).unwrap_or_default()
    }
}

impl AsRef<str> for RoleArn {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RoleArn> for String {
    fn from(arn: RoleArn) -> Self {
        arn.0.into()
    }
}

/// What an ARN of a managed policy has to be, to go with a role.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_PolicyDescriptorType.html>
pub(super) fn check_policy_arn(arn: &str, role: &RoleArn) -> Result<(), Flaw> {
    let name = || format!("the policy ARN{}", shown(arn));
    ARN.check(name(), arn)?;
    let account = match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", partition, "iam", "", account, resource]
            if partition == role.partition()
                && resource.strip_prefix("policy/").is_some_and(|policy| !policy.is_empty()) =>
        {
            account
        }
        _ => {
            let like =
                format!("write it like arn:{}:iam::{}:policy/path/name", role.partition(), role.account_id());
            return Err(Flaw::new(
                format!("{} is not one of a managed policy in the role's partition", name()),
                like,
            ));
        }
    };
    if account == "aws" || account == role.account_id() {
        return Ok(());
    }
    Err(Flaw::new(
        format!("{} lies in another account than the role", name()),
        "name a policy of the role's account, or one of AWS's own",
    ))
}

/// A context provider is named by an ARN of any kind.
pub(super) fn check_provider_arn(arn: &str) -> Result<(), Flaw> {
    let name = format!("the ARN of a context provider{}", shown(arn));
    ARN.check(&name, arn)?;
    if arn.starts_with("arn:") {
        return Ok(());
    }
    Err(Flaw::new(format!("{name} does not begin with `arn:`"), "name the provider by its ARN"))
}

fn trouble(arn: &str) -> Option<&'static str> {
    if arn.chars().count() > ARN_MAX {
        return Some("has more than 2048 characters");
    }
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &[prefix, partition, service, region, account, resource] = parts.as_slice() else {
        return Some("is no ARN");
    };
    if prefix != "arn" {
        return Some("does not begin with `arn:`");
    }
    if !is_partition(partition) {
        return Some("has no partition, as `aws`, for its second part");
    }
    if service == "sts" && resource.starts_with("assumed-role/") {
        return Some("is that of a session, not of a role");
    }
    if service != "iam" {
        return Some("is not one of IAM: its third part is not `iam`");
    }
    if !region.is_empty() {
        return Some("has a region, which IAM has not: leave its fourth part empty");
    }
    if !is_account_id(account) {
        return Some("has no account of twelve digits for its fifth part");
    }
    let Some(path) = resource.strip_prefix("role/") else {
        return Some("names no role: its last part does not begin with `role/`");
    };
    let (path, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(is_name) {
        return Some("ends in no role's name: 1 to 64 letters of ASCII, digits and `_+=,.@-`");
    }
    let is_path = path.len() <= PATH_MAX && path.bytes().all(|byte| byte.is_ascii_graphic());
    (!is_path).then_some("has a path that is too long, or holds blanks or letters beyond ASCII")
}

/// Twelve digits.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_partition(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// ` arn:…`, if it looks like one: something else could be a password in the wrong place.
pub(super) fn shown(arn: &str) -> String {
    if arn.starts_with("arn:") { format!(" {}", printable_up_to(SHOWN_MAX, arn)) } else { String::new() }
}

const LIKE: &str = "write it like arn:aws:iam::123456789012:role/path/name";
const SHOWN_MAX: usize = 200;

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
const ARN_MAX: usize = 2048;
const NAME_MAX: usize = 64;
/// With its two slashes, of which the first belongs to `role/` and the last to the name.
const PATH_MAX: usize = 510;
