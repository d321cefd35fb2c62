//! What every action asks of the session of a role: which role, under which name, for how long, how narrowly.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use super::State;
use super::constraints::{Constraints, NAME, POLICY, Text};
use super::form::Form;
use super::refusal::Refusal;
use super::role::Trust;
use super::session_policy;
use super::xml::Element;
use crate::testing::arn::RoleArn;
use crate::testing::issuer::Issued;
use crate::testing::principal::{Principal, Session};
use crate::wall_time::WallTime;

/// As it came, before anybody looks whether it is allowed.
pub(super) struct SessionRequest<'f> {
    pub(super) role_arn: &'f str,
    pub(super) name: &'f str,
    limits: Limits<'f>,
}

/// How long, and how narrowly.
pub(super) struct Limits<'f> {
    pub(super) policy: Option<&'f str>,
    pub(super) policy_arns: Vec<&'f str>,
    pub(super) duration: Option<Duration>,
}

impl<'f> Limits<'f> {
    pub(super) fn read(
        form: &'f Form,
        constraints: &mut Constraints,
        seconds: &RangeInclusive<u64>,
    ) -> Result<Self, Refusal> {
        let policy_arns = form.list("PolicyArns", Some("arn"));
        constraints.at_most("PolicyArns", policy_arns.len(), POLICY_ARNS_MAX);
        for (number, arn) in policy_arns.iter().enumerate() {
            constraints.check(arn, &format!("policyArns.{}.member.arn", number + 1), &ARN);
        }
        Ok(Self {
            policy: constraints.optional(form, &SESSION_POLICY),
            policy_arns,
            duration: constraints.number(form, "DurationSeconds", seconds)?.map(Duration::from_secs),
        })
    }

    /// Once all constraints are met.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        self.policy.map_or(Ok(()), session_policy::check)
    }
}

impl<'f> SessionRequest<'f> {
    pub(super) fn read(form: &'f Form, constraints: &mut Constraints) -> Result<Self, Refusal> {
        let unnamed = Self::read_unnamed(form, constraints)?;
        Ok(Self { name: constraints.required(form, &SESSION_NAME), ..unnamed })
    }

    /// Where the name comes from elsewhere.
    pub(super) fn read_unnamed(form: &'f Form, constraints: &mut Constraints) -> Result<Self, Refusal> {
        Ok(Self {
            role_arn: constraints.required(form, &ROLE_ARN),
            name: "",
            limits: Limits::read(form, constraints, &DURATION_SECONDS)?,
        })
    }

    /// The role, once all constraints are met.
    pub(super) fn role(&self) -> Result<RoleArn, Refusal> {
        self.limits.check()?;
        RoleArn::parse(self.role_arn)
            .ok_or_else(|| Refusal::validation(format!("{} is invalid", self.role_arn)))
    }

    pub(super) fn duration(&self, trust: &Trust, is_chained: bool) -> Result<Duration, Refusal> {
        let given = |allowed| Ok(trust.credentials_lifetime.unwrap_or(allowed));
        let Some(asked) = self.limits.duration else { return given(DURATION_DEFAULT) };
        if is_chained && asked > CHAINED_MAX {
            return Err(Refusal::validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ));
        }
        if asked > trust.max_session_duration {
            return Err(Refusal::validation(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ));
        }
        given(asked)
    }

    /// What the request says of the session, without what it inherits.
    pub(super) fn session(&self, role: RoleArn, expiry: SystemTime) -> Session {
        Session {
            policy: self.limits.policy.map(str::to_owned),
            policy_arns: self.limits.policy_arns.iter().map(|arn| (*arn).to_owned()).collect(),
            ..Session::new(role, self.name, expiry)
        }
    }
}

/// Issues credentials for a session that is allowed, and tells of them.
pub(super) fn issue(state: &mut State, session: Session, result: Element) -> Result<Element, Refusal> {
    let packed = session_policy::check_packed_size(&session)?.map(|size| size.to_string());
    let user = Element::new("AssumedRoleUser")
        .leaf("AssumedRoleId", &session.assumed_role_id())
        .leaf("Arn", &session.arn());
    let (source_identity, expiry) = (session.source_identity.clone(), session.expiry);
    let issued = state.issuer.issue_to(Principal::Role(Box::new(session)), expiry);
    Ok(result
        .child(user)
        .child(credentials(&issued))
        .leaf_if("PackedPolicySize", packed.as_deref())
        .leaf_if("SourceIdentity", source_identity.as_deref()))
}

pub(super) fn credentials(issued: &Issued) -> Element {
    Element::new("Credentials")
        .leaf("AccessKeyId", &issued.access_key_id)
        .leaf("SecretAccessKey", &issued.secret_access_key)
        .leaf("SessionToken", &issued.token)
        .leaf("Expiration", &WallTime::from(issued.expiry).to_string())
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
pub(super) const ROLE_ARN: Text =
    Text { name: "RoleArn", length: 20..=2048, pattern: None, is_secret: false };
const ARN: Text = Text { name: "arn", ..ROLE_ARN };
const SESSION_NAME: Text =
    Text { name: "RoleSessionName", length: 2..=64, pattern: Some(&NAME), is_secret: false };
const SESSION_POLICY: Text =
    Text { name: "Policy", length: 1..=2048, pattern: Some(&POLICY), is_secret: false };
const POLICY_ARNS_MAX: usize = 10;
const DURATION_SECONDS: RangeInclusive<u64> = 900..=43_200;
const DURATION_DEFAULT: Duration = Duration::from_secs(3600);
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>
const CHAINED_MAX: Duration = Duration::from_secs(3600);
