//! The shared files `~/.aws/config` and `~/.aws/credentials`, as pure functions: text → profiles → plan.
//! Reading the files and carrying out the plan is done elsewhere.

mod endpoint_override;
mod ini;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the plan is whole; providers for roles, SSO, login and processes will carry it out"
    )
)]
mod plan;
mod printable;
mod profiles;

pub(crate) use endpoint_override::{EndpointSettings, endpoint_override};
pub(crate) use plan::{Base, Plan, PlanError, plan};
pub(crate) use profiles::{Profiles, Value};
