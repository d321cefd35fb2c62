//! What a principal may do.

use std::time::SystemTime;

use super::State;
use crate::testing::iam::{Access, Layer, Policy, decide};
use crate::testing::principal::{Principal, Session};
use crate::wall_time::WallTime;

impl State {
    /// Whether its policies let it do this; or why not, in AWS's words. Who has no policies may do everything.
    pub(super) fn permits(
        &self,
        principal: &Principal,
        access: Access,
        now: SystemTime,
    ) -> Result<(), String> {
        let Some(session) = principal.session() else { return Ok(()) };
        decide(&told(access, session, now), &self.layers(session))
    }

    fn layers(&self, session: &Session) -> Vec<Layer> {
        let read = |json: &String| Policy::parse(json).unwrap_or_default();
        let of_role = self.roles.get(session.role_arn()).and_then(|trust| trust.policies.as_ref());
        let of_role = of_role.map(|policies| Layer {
            name: "identity-based policy",
            policies: policies.iter().map(read).collect(),
        });
        let managed = session.policy_arns.iter().map(|arn| self.managed_policies.get(arn).map(read));
        let of_session: Vec<Policy> =
            session.policy.iter().map(read).chain(managed.map(Option::unwrap_or_default)).collect();
        let of_session =
            (!of_session.is_empty()).then_some(Layer { name: "session policy", policies: of_session });
        of_role.into_iter().chain(of_session).collect()
    }
}

/// With what AWS itself knows of a request.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn told(access: Access, session: &Session, now: SystemTime) -> Access {
    let now = WallTime::from(now);
    let mut access = access
        .with("aws:PrincipalArn", [session.role_arn()])
        .with("aws:PrincipalAccount", [session.account_id()])
        .with("aws:PrincipalType", ["AssumedRole"])
        .with("aws:userid", [session.assumed_role_id()])
        .with("aws:CurrentTime", [now.to_string()])
        .with("aws:EpochTime", [(now.unix_millis() / 1000).to_string()])
        .with("aws:SourceIp", ["127.0.0.1"])
        .with("aws:SecureTransport", ["false"]);
    for (key, value) in &session.tags {
        access = access.with(format!("aws:PrincipalTag/{key}"), [value]);
    }
    if let Some(identity) = &session.source_identity {
        access = access.with("aws:SourceIdentity", [identity]);
    }
    access
}
