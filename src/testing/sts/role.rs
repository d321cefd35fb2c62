//! Roles, whom they trust, and what they may do.

use std::fmt;
use std::time::Duration;

use super::Sts;
use crate::testing::principal::{Principal, Session};

/// A role of the local AWS, to be changed while it runs. [`Sts::role`] registers it.
///
/// It starts as one that trusts every principal and every registered identity provider, with sessions of an hour at
/// most. As soon as somebody is named whom it trusts, it trusts only those who are named.
pub struct StsRole<'a> {
    sts: &'a Sts,
    arn: String,
}

#[allow(clippy::must_use_candidate, reason = "called for what they change")]
impl<'a> StsRole<'a> {
    pub(super) fn new(sts: &'a Sts, arn: String) -> Self {
        Self { sts, arn }
    }

    /// Trusts these principals: an account (`111111111111`, or the ARN of its root), a user, a role (all of its sessions), or
    /// one session of a role. More of them with more calls.
    pub fn trusts(&self, principal: impl Into<String>) -> &Self {
        self.change(|trust| trust.principals.push(principal.into()))
    }

    /// Trusts the tokens of this issuer, in `AssumeRoleWithWebIdentity`.
    pub fn trusts_identity_provider(&self, issuer: impl Into<String>) -> &Self {
        self.change(|trust| trust.issuers.push(issuer.into()))
    }

    /// Trusts the assertions of this provider, in `AssumeRoleWithSAML`.
    pub fn trusts_saml_provider(&self, arn: impl Into<String>) -> &Self {
        self.change(|trust| trust.saml_providers.push(arn.into()))
    }

    /// Only web identities with this subject: `system:serviceaccount:NAMESPACE:NAME`. More of them with more calls.
    pub fn requires_subject(&self, subject: impl Into<String>) -> &Self {
        self.change(|trust| trust.subjects.push(subject.into()))
    }

    /// Only with this external id.
    pub fn requires_external_id(&self, external_id: impl Into<String>) -> &Self {
        self.change(|trust| trust.external_id = Some(external_id.into()))
    }

    /// Only with a code of an MFA device: see [`Sts::accept_mfa_code`].
    pub fn requires_mfa(&self) -> &Self {
        self.change(|trust| trust.needs_mfa = true)
    }

    /// Only with a session tag of this key, whatever its value.
    pub fn requires_tag(&self, key: impl Into<String>) -> &Self {
        self.change(|trust| trust.tag_keys.push(key.into()))
    }

    /// Refuses session tags, as a role does whose trust policy does not allow `sts:TagSession`.
    pub fn refuses_tags(&self) -> &Self {
        self.change(|trust| trust.allows_tags = false)
    }

    /// Refuses a source identity, as a role does whose trust policy does not allow `sts:SetSourceIdentity`. One that the
    /// caller's session has already counts, too.
    pub fn refuses_source_identity(&self) -> &Self {
        self.change(|trust| trust.allows_source_identity = false)
    }

    /// May do what this policy allows, and what other calls have allowed it; without one, everything. A session may do what its
    /// session policies allow too. Text that is no policy allows nothing.
    ///
    /// Obeyed by [`S3`](crate::testing::S3) and by `AssumeRole`, which asks the caller's policies for `sts:AssumeRole`.
    pub fn allows(&self, policy: impl Into<String>) -> &Self {
        self.change(|trust| trust.policies.get_or_insert_default().push(policy.into()))
    }

    /// How long its sessions may be: an hour to twelve hours; what lies outside counts as the nearer end.
    pub fn max_session_duration(&self, limit: Duration) -> &Self {
        self.change(|trust| trust.max_session_duration = limit.clamp(SESSION_MAX_LEAST, SESSION_MAX_MOST))
    }

    /// How long credentials live that are issued from now on, whatever is asked for. STS itself gives them 15 minutes at
    /// least; this is for tests in real time.
    pub fn credentials_lifetime(&self, lifetime: Duration) -> &Self {
        self.change(|trust| trust.credentials_lifetime = Some(lifetime))
    }

    fn change(&self, change: impl FnOnce(&mut Trust)) -> &Self {
        change(self.sts.state().roles.entry(self.arn.clone()).or_default());
        self
    }
}

impl fmt::Debug for StsRole<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StsRole").field("arn", &self.arn).finish_non_exhaustive()
    }
}

/// What a role asks of those who assume it.
#[derive(Clone)]
pub(super) struct Trust {
    principals: Vec<String>,
    issuers: Vec<String>,
    saml_providers: Vec<String>,
    subjects: Vec<String>,
    external_id: Option<String>,
    tag_keys: Vec<String>,
    /// What the role itself may do; `None`: everything.
    pub(super) policies: Option<Vec<String>>,
    pub(super) needs_mfa: bool,
    pub(super) allows_tags: bool,
    pub(super) allows_source_identity: bool,
    pub(super) max_session_duration: Duration,
    pub(super) credentials_lifetime: Option<Duration>,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            principals: Vec::new(),
            issuers: Vec::new(),
            saml_providers: Vec::new(),
            subjects: Vec::new(),
            external_id: None,
            tag_keys: Vec::new(),
            policies: None,
            needs_mfa: false,
            allows_tags: true,
            allows_source_identity: true,
            max_session_duration: SESSION_MAX_LEAST,
            credentials_lifetime: None,
        }
    }
}

impl Trust {
    pub(super) fn admits(&self, principal: &Principal) -> bool {
        let arn = principal.arn();
        let root = Principal::Root { account_id: principal.account_id().to_owned() }.arn();
        let names = [Some(principal.account_id()), Some(&root), Some(&arn)];
        let role = principal.session().map(Session::role_arn);
        self.admits_anyone()
            || self.principals.iter().any(|trusted| {
                trusted == "*" || names.contains(&Some(trusted)) || role == Some(trusted.as_str())
            })
    }

    pub(super) fn admits_web_identity(&self, issuer: &str, subject: &str) -> bool {
        let is_one_of = |list: &[String], text: &str| list.iter().any(|known| known == text);
        (self.admits_anyone() || is_one_of(&self.issuers, issuer))
            && (self.subjects.is_empty() || is_one_of(&self.subjects, subject))
    }

    pub(super) fn admits_saml(&self, provider_arn: &str) -> bool {
        self.admits_anyone() || self.saml_providers.iter().any(|known| known == provider_arn)
    }

    pub(super) fn takes_external_id(&self, external_id: Option<&str>) -> bool {
        self.external_id.is_none() || self.external_id.as_deref() == external_id
    }

    pub(super) fn takes_tags(&self, tags: &[(String, String)]) -> bool {
        let has = |key: &String| tags.iter().any(|(known, _)| known.eq_ignore_ascii_case(key));
        self.tag_keys.iter().all(has)
    }

    fn admits_anyone(&self) -> bool {
        self.principals.is_empty() && self.issuers.is_empty() && self.saml_providers.is_empty()
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
const SESSION_MAX_LEAST: Duration = Duration::from_secs(3600);
const SESSION_MAX_MOST: Duration = Duration::from_secs(43_200);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::arn::RoleArn;

    #[test]
    fn whom_a_role_admits() {
        let role = RoleArn::parse("arn:aws:iam::111111111111:role/ci/deploy").unwrap();
        let session =
            Principal::Role(Box::new(Session::new(role, "run-7", std::time::SystemTime::UNIX_EPOCH)));
        let user = Principal::User { account_id: "111111111111".to_owned(), name: "alice".to_owned() };
        for (trusted, admits_user, admits_session) in [
            (vec![], true, true),
            (vec!["*"], true, true),
            (vec!["111111111111"], true, true),
            (vec!["arn:aws:iam::111111111111:root"], true, true),
            (vec!["arn:aws:iam::111111111111:user/alice"], true, false),
            (vec!["arn:aws:iam::111111111111:role/ci/deploy"], false, true),
            (vec!["arn:aws:iam::111111111111:role/deploy"], false, false),
            (vec!["arn:aws:sts::111111111111:assumed-role/deploy/run-7"], false, true),
            (vec!["arn:aws:sts::111111111111:assumed-role/deploy/run-8"], false, false),
            (vec!["222222222222", "arn:aws:iam::111111111111:user/bob"], false, false),
            (vec!["222222222222", "arn:aws:iam::111111111111:user/alice"], true, false),
        ] {
            let principals: Vec<_> = trusted.into_iter().map(str::to_owned).collect();
            let trust = Trust { principals, ..Trust::default() };
            let shown = &trust.principals;
            assert_eq!(
                (trust.admits(&user), trust.admits(&session)),
                (admits_user, admits_session),
                "{shown:?}"
            );
        }
        let federated = Trust { issuers: vec!["https://i".to_owned()], ..Trust::default() };
        assert!(!federated.admits(&user));
        assert!(federated.admits_web_identity("https://i", "s"));
        assert!(!federated.admits_web_identity("https://j", "s"));
        assert!(Trust::default().admits_web_identity("https://j", "s"));
        let named = Trust { subjects: vec!["s".to_owned()], ..Trust::default() };
        assert!(named.admits_web_identity("https://j", "s") && !named.admits_web_identity("https://j", "t"));
        let principal_only = Trust { principals: vec!["1".to_owned()], ..Trust::default() };
        assert!(!principal_only.admits_web_identity("https://i", "s"));
    }
}
