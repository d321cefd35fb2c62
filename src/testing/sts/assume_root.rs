//! `AssumeRoot`: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>. Every account counts as the
//! management account of every other one.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use super::State;
use super::constraints::{Constraints, Text};
use super::form::Form;
use super::refusal::Refusal;
use super::session_request::{ROLE_ARN, credentials};
use super::xml::Element;
use crate::testing::arn::is_account_id;
use crate::testing::principal::Principal;

pub(super) fn assume_root(
    state: &mut State,
    form: &Form,
    caller: &Principal,
    now: SystemTime,
) -> Result<Element, Refusal> {
    let mut constraints = Constraints::default();
    let target = constraints.required(form, &TARGET);
    let task = constraints.required(form, &TASK);
    let seconds = constraints.number(form, "DurationSeconds", &DURATION_SECONDS)?;
    constraints.finish()?;
    if !is_account_id(target) {
        return Err(Refusal::validation(format!("{target} is invalid")));
    }
    let name = task.strip_prefix("arn:aws:iam::aws:policy/root-task/");
    if !name.is_some_and(|name| TASKS.contains(&name)) {
        return Err(Refusal::validation(format!("{task} is not a valid task policy")));
    }
    let is_member = target != caller.account_id();
    if !is_member || matches!(caller, Principal::Federated { .. } | Principal::UserSession { .. }) {
        return Err(Refusal::not_authorized(&caller.arn(), "sts:AssumeRoot", target));
    }
    let lifetime = seconds.map_or(DURATION_MAX, Duration::from_secs);
    let root = Principal::Root { account_id: target.to_owned() };
    let source_identity = caller.session().and_then(|session| session.source_identity.clone());
    let issued = state.issuer.issue_to(root, now + lifetime);
    Ok(Element::new("AssumeRootResult")
        .child(credentials(&issued))
        .leaf_if("SourceIdentity", source_identity.as_deref()))
}

const TARGET: Text = Text { name: "TargetPrincipal", length: 12..=2048, pattern: None, is_secret: false };
const TASK: Text = Text { name: "TaskPolicyArn.arn", ..ROLE_ARN };
const DURATION_SECONDS: RangeInclusive<u64> = 0..=900;
const DURATION_MAX: Duration = Duration::from_secs(900);
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/security-iam-awsmanpol.html>
const TASKS: [&str; 5] = [
    "IAMAuditRootUserCredentials",
    "IAMCreateRootUserPassword",
    "IAMDeleteRootUserCredentials",
    "S3UnlockBucketPolicy",
    "SQSUnlockQueuePolicy",
];
