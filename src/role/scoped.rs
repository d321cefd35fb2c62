//! The same role with fewer permissions.

use super::{Flaw, Role, SessionPolicy};
use crate::error::Error;

impl Role {
    /// The same request, narrowed by `policy`.
    ///
    /// ```
    /// use aws_credential_chain::policy::PolicyTemplate;
    /// use aws_credential_chain::Role;
    ///
    /// # fn main() -> Result<(), aws_credential_chain::Error> {
    /// # let json = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject",
    /// #     "Resource": "arn:aws:s3:::data/{{tenant}}/*" }] }"#;
    /// let (role, template) = (Role::builder("arn:aws:iam::123456789012:role/app").build()?, PolicyTemplate::from_json(json)?);
    /// let acme = role.scoped(template.fill([("tenant", "acme")])?)?;
    /// assert!(acme.policy().is_some());
    /// assert!(acme.scoped(template.fill([("tenant", "globex")])?).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The role has a session policy, or ARNs of managed ones. AWS allows a session what **one** of its session policies
    /// allows: another one beside them would widen it, and one in their place too.
    pub fn scoped(&self, policy: SessionPolicy) -> Result<Self, Error> {
        let has = match (self.policy(), self.policy_arns()) {
            (Some(_), _) => "a session policy",
            (None, [_, ..]) => "managed session policies",
            (None, []) => return self.to_builder().policy(policy).build(),
        };
        let what = format!("it has {has} already, and another one could let it do more");
        let remedy = "begin with the role without one, and give it a policy that says all";
        Err(Flaw::new(what, remedy).of_role(self.arn()))
    }
}
