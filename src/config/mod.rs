//! The shared files `~/.aws/config` and `~/.aws/credentials`, as pure functions: text → profiles → plan.
//! Reading the files and carrying out the plan is done elsewhere.

#[cfg(feature = "process")]
mod command;
#[cfg(feature = "profile")]
mod endpoint_override;
#[cfg(feature = "profile")]
mod ini;
#[cfg(feature = "profile")]
mod plan;
#[cfg(feature = "profile")]
mod printable;
#[cfg(feature = "profile")]
mod profiles;

#[cfg(feature = "process")]
pub(crate) use command::Invocation;
#[cfg(feature = "profile")]
pub(crate) use endpoint_override::{EndpointSettings, endpoint_override};
#[cfg(feature = "profile")]
pub(crate) use plan::{
    Base, CredentialSource, Mfa, Plan, PlanError, RoleStep, RoleVariables, WebIdentity, flag, plan, setting,
};
#[cfg(feature = "profile")]
pub(crate) use profiles::{Profile, Profiles, Value};
