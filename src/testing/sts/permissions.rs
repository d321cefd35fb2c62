//! What a principal may do.

use std::time::SystemTime;

use super::State;
use crate::testing::iam::{Access, Layer, Policy, decide};
use crate::testing::principal::{Principal, Session};
use crate::wall_time::WallTime;

impl State {
    /// Whether its policies let it do this; or why not, in AWS's words. Users, and a role without policies, may do everything.
    pub(super) fn permits(
        &self,
        principal: &Principal,
        access: Access,
        now: SystemTime,
    ) -> Result<(), String> {
        decide(&told(access, principal, now), &self.layers(principal))
    }

    fn layers(&self, principal: &Principal) -> Vec<Layer> {
        match principal {
            Principal::Root { .. } | Principal::User { .. } | Principal::UserSession { .. } => Vec::new(),
            // Without session policies it may do nothing, whatever the user may.
            Principal::Federated { policy, policy_arns, .. } => {
                vec![self.of_session(policy.as_deref(), policy_arns)]
            }
            Principal::Role(session) => {
                let of_role = self.roles.get(session.role_arn()).and_then(|trust| trust.policies.as_ref());
                let of_role = of_role.map(|policies| Layer {
                    name: "identity-based policy",
                    policies: policies.iter().map(|json| read(json)).collect(),
                });
                let of_session = self.of_session(session.policy(), session.policy_arns());
                let of_session = (!of_session.policies.is_empty()).then_some(of_session);
                of_role.into_iter().chain(of_session).collect()
            }
        }
    }

    fn of_session(&self, policy: Option<&str>, policy_arns: &[String]) -> Layer {
        let managed = policy_arns.iter().map(|arn| self.managed_policies.get(arn));
        let managed = managed.map(|json| json.map(|json| read(json)).unwrap_or_default());
        Layer { name: "session policy", policies: policy.map(read).into_iter().chain(managed).collect() }
    }
}

/// What is no policy allows nothing.
fn read(json: &str) -> Policy {
    Policy::parse(json).unwrap_or_default()
}

/// With what AWS itself knows of a request.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn told(access: Access, principal: &Principal, now: SystemTime) -> Access {
    let session = principal.session();
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut access = access
        // That of the role, for its sessions.
        .with(
            "aws:PrincipalArn",
            [session.map_or_else(|| principal.arn(), |session| session.role_arn().to_owned())],
        )
        .with("aws:PrincipalAccount", [principal.account_id()])
        .with("aws:PrincipalType", [principal.kind()])
        .with("aws:userid", [principal.user_id()])
        .with("aws:CurrentTime", [WallTime::from(now).to_string()])
        .with("aws:EpochTime", [seconds.to_string()])
        .with("aws:SourceIp", ["127.0.0.1"])
        .with("aws:SecureTransport", ["false"]);
    let tags = match principal {
        Principal::Federated { tags, .. } => tags.as_slice(),
        _ => session.map(Session::tags).unwrap_or_default(),
    };
    for (key, value) in tags {
        access = access.with(format!("aws:PrincipalTag/{key}"), [value]);
    }
    if let Some(identity) = session.and_then(Session::source_identity) {
        access = access.with("aws:SourceIdentity", [identity]);
    }
    access
}
