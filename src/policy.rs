//! Session policies by type, and one for each tenant from a template.
//!
//! A session of a role may do what **all** of these allow, and what none of them denies:
//!
//! | | set by | when |
//! |---|---|---|
//! | the role's own policies | whoever administers the account | once |
//! | its permissions boundary, the organization's control policies | the same, if there are any | once |
//! | the session policies: the inline one **or** one of the managed ones allows it | whoever assumes the role, [`RoleBuilder::policy`] and [`RoleBuilder::policy_arn`] | for each session |
//!
//! So a session policy never adds anything. `docs/session-policies.md` tells the rest: what a bucket's own policy may add, how
//! large they may be, and what a role that narrows itself has to trust.
//!
//! ```
//! use aws_credential_chain::SessionPolicy;
//! use aws_credential_chain::policy::{Condition, Statement};
//!
//! # fn main() -> Result<(), aws_credential_chain::Error> {
//! let read_only = SessionPolicy::builder()
//!     .statement(Statement::allow(["s3:GetObject"]).on(["arn:aws:s3:::reports/2026/*"]))
//!     .statement(
//!         Statement::allow(["s3:ListBucket"])
//!             .on(["arn:aws:s3:::reports"])
//!             .when(Condition::string_like("s3:prefix", ["2026/*"])),
//!     )
//!     .build()?;
//! assert!(read_only.as_str().starts_with(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow""#));
//! # Ok(())
//! # }
//! ```
//!
//! For one policy that differs in a name alone, there is [`PolicyTemplate`].
//!
//! [`RoleBuilder::policy`]: crate::RoleBuilder::policy
//! [`RoleBuilder::policy_arn`]: crate::RoleBuilder::policy_arn

mod builder;
mod condition;
mod json;
mod statement;
mod template;
mod variable;

pub use self::builder::SessionPolicyBuilder;
pub use self::condition::Condition;
pub use self::statement::Statement;
pub use self::template::PolicyTemplate;
pub use self::variable::literal;

/// As errors name the parts of this module.
const NAME: &str = "session policy";

/// What policies with variables have to say.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
const VERSION: &str = "2012-10-17";

#[cfg(test)]
mod tests;
