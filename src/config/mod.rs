//! The shared files `~/.aws/config` and `~/.aws/credentials`, as pure functions: text → profiles → plan.
//! Reading the files and carrying out the plan is done elsewhere.

mod endpoint_override;
mod ini;
mod plan;
mod printable;
mod profiles;

pub(crate) use endpoint_override::{
    EndpointOverride, EndpointOverrideError, EndpointSettings, OverrideOrigin, endpoint_override,
};
pub(crate) use plan::{
    Base, CredentialSource, Invalid, Plan, PlanError, Problem, RoleStep, Shadowed, Sso, plan,
};
pub(crate) use profiles::{ConfigError, Origin, Profile, Profiles, Remark, RemarkKind, Section, Value};
