//! The shared files `~/.aws/config` and `~/.aws/credentials`, as pure functions: text → profiles → plan.
//! Reading the files and carrying out the plan is done elsewhere.

mod endpoint_override;
mod ini;
mod plan;
mod printable;
mod profiles;

pub(crate) use endpoint_override::{EndpointSettings, endpoint_override};
pub(crate) use plan::{Base, CredentialSource, Plan, PlanError, RoleStep, plan, setting};
pub(crate) use profiles::{Profiles, Value};
