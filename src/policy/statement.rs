//! One statement of a policy.

use super::condition::{Condition, block};
use super::json::Json;
use super::variable::{self, Part};
use crate::error::printable_up_to;
use crate::role::Flaw;

/// What is allowed or denied, on what, and when: a part of a [`SessionPolicy`](crate::SessionPolicy).
///
/// ```
/// use aws_credential_chain::policy::{Condition, Statement};
///
/// let read = Statement::allow(["s3:GetObject"]).on(["arn:aws:s3:::reports/*"]);
/// let from_the_office = Statement::deny(["s3:*"])
///     .on(["*"])
///     .when(Condition::not_ip_address("aws:SourceIp", ["203.0.113.0/24"]));
/// ```
///
/// What is wrong in it, [`build`](super::SessionPolicyBuilder::build) says.
#[derive(Clone, Debug)]
#[must_use]
pub struct Statement {
    effect: &'static str,
    actions: Names,
    resources: Option<Names>,
    /// Both of `on` and `on_all_but` were called.
    is_torn: bool,
    conditions: Vec<Condition>,
    sid: Option<String>,
}

/// These, or all but these.
#[derive(Clone, Debug)]
struct Names {
    all_but: bool,
    names: Vec<String>,
}

impl Statement {
    /// Allows these actions: `service:Action`, with `*` and `?` for what may stand in the action's name, or `*` for all.
    pub fn allow<S: Into<String>>(actions: impl IntoIterator<Item = S>) -> Self {
        Self::new("Allow", Names::new(false, actions))
    }

    /// Denies them, whatever else allows them.
    pub fn deny<S: Into<String>>(actions: impl IntoIterator<Item = S>) -> Self {
        Self::new("Deny", Names::new(false, actions))
    }

    /// Allows all actions but these, of every service: `NotAction`.
    pub fn allow_all_but<S: Into<String>>(actions: impl IntoIterator<Item = S>) -> Self {
        Self::new("Allow", Names::new(true, actions))
    }

    /// Denies all actions but these, of every service: `NotAction`.
    pub fn deny_all_but<S: Into<String>>(actions: impl IntoIterator<Item = S>) -> Self {
        Self::new("Deny", Names::new(true, actions))
    }

    /// On these resources: ARNs, with `*` and `?` for what may stand there, or `*` for all. Called again, on those too.
    ///
    /// A name that comes from elsewhere has to be put in by [`literal`](super::literal).
    pub fn on<S: Into<String>>(self, resources: impl IntoIterator<Item = S>) -> Self {
        self.with_resources(Names::new(false, resources))
    }

    /// On all resources but these: `NotResource`.
    pub fn on_all_but<S: Into<String>>(self, resources: impl IntoIterator<Item = S>) -> Self {
        self.with_resources(Names::new(true, resources))
    }

    /// Only if this holds. Called again, only if both do.
    pub fn when(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Names the statement, in letters of ASCII and digits. The name counts towards the policy's size, and says nothing to
    /// AWS.
    pub fn sid(mut self, sid: impl Into<String>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Checks all of it.
    pub(super) fn json(&self) -> Result<Json, Flaw> {
        let mut members = Vec::new();
        if let Some(sid) = &self.sid {
            if sid.is_empty() || !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(Flaw::new(
                    "its sid is not made of letters and digits alone",
                    "write letters of ASCII and digits, or leave it out",
                ));
            }
            members.push(("Sid".to_owned(), Json::text(sid)));
        }
        members.push(("Effect".to_owned(), Json::text(self.effect)));
        members.push(self.actions.member("Action", "it names no action", check_action)?);
        if self.is_torn {
            let what = "it is on some resources and on all but some";
            return Err(Flaw::new(what, "write two statements"));
        }
        let nothing = Names { all_but: false, names: Vec::new() };
        let resources = self.resources.as_ref().unwrap_or(&nothing);
        members.push(resources.member("Resource", "it names no resource", check_resource)?);
        if !self.conditions.is_empty() {
            members.push(("Condition".to_owned(), block(&self.conditions)?));
        }
        Ok(Json::Object(members))
    }

    fn new(effect: &'static str, actions: Names) -> Self {
        Self { effect, actions, resources: None, is_torn: false, conditions: Vec::new(), sid: None }
    }

    fn with_resources(mut self, further: Names) -> Self {
        match &mut self.resources {
            None => self.resources = Some(further),
            Some(known) if known.all_but == further.all_but => known.names.extend(further.names),
            Some(_) => self.is_torn = true,
        }
        self
    }
}

impl Names {
    fn new<S: Into<String>>(all_but: bool, names: impl IntoIterator<Item = S>) -> Self {
        Self { all_but, names: names.into_iter().map(Into::into).collect() }
    }

    /// Sorted, each once: their order has no meaning.
    fn member(
        &self,
        name: &str,
        none: &'static str,
        check: fn(&str) -> Result<(), Flaw>,
    ) -> Result<(String, Json), Flaw> {
        if self.names.is_empty() {
            return Err(Flaw::new(none, "name what is meant, or write `*` for all"));
        }
        self.names.iter().try_for_each(|text| check(text))?;
        let name = if self.all_but { format!("Not{name}") } else { name.to_owned() };
        let mut names = self.names.clone();
        names.sort_unstable();
        names.dedup();
        Ok((name, Json::one_or_many(names)))
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
fn check_action(text: &str) -> Result<(), Flaw> {
    let is_service = |service: &str| {
        !service.is_empty() && service.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_action = |action: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"*?-_.".contains(&byte);
        !action.is_empty() && action.bytes().all(is_allowed)
    };
    let is_good = text == "*"
        || text.split_once(':').is_some_and(|(service, action)| is_service(service) && is_action(action));
    if is_good {
        return Ok(());
    }
    let what = format!("`{}` is no action", printable_up_to(SHOWN_MAX, text));
    Err(Flaw::new(what, "write it like `s3:GetObject` or `s3:Get*`"))
}

fn check_resource(text: &str) -> Result<(), Flaw> {
    if text == "*" {
        return Ok(());
    }
    check_arn(text).map_err(|trouble| {
        let what = format!("the resource `{}` {trouble}", printable_up_to(SHOWN_MAX, text));
        Flaw::new(what, "write it like `arn:aws:s3:::bucket/key`, all six parts of it, or `*` for all")
    })
}

/// An ARN as policies have it: six parts, with wildcards, and with variables in the last of them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
pub(super) fn check_arn(text: &str) -> Result<(), &'static str> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts.as_slice() else {
        return Err("is no ARN of six parts");
    };
    if partition.is_empty() || service.is_empty() || resource.is_empty() {
        return Err("lacks its partition, its service or what it names");
    }
    if [partition, service, region, account].into_iter().any(|part| part.contains('$')) {
        return Err("has a variable before its fifth colon, where there is none for AWS");
    }
    if text.chars().any(char::is_control) {
        return Err("has a control character");
    }
    variable::check(resource)
}

/// Whether `*` or `?` stands in it as a wildcard.
pub(super) fn has_wildcard(text: &str) -> bool {
    let mut found = false;
    let _ = variable::parts(text, |part| found |= part == Part::Wildcard);
    found
}

pub(super) const SHOWN_MAX: usize = 200;
