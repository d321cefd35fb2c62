//! What several test files share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

pub mod approver;
pub mod example;
pub mod outcome;
pub mod phone;
pub mod reads;
pub mod receiver;
pub mod script;
pub mod seen;
pub mod sts_client;
#[cfg(feature = "sts")]
pub mod tenants;
