//! What the threads and tasks of a cache meet in. Whatever one of them does that another can see goes through here, so
//! that a build with `--cfg aws_credential_chain_model` can put shuttle's in its place and choose who runs when: see
//! `cache/model.rs`.
//!
//! Two things are the same in both. `Arc`: nothing depends on when the last one goes. The passengers of a flight: a hint to
//! providers, on which no answer depends.

#[cfg(all(test, aws_credential_chain_model))]
pub(crate) mod model;

#[cfg(not(all(test, aws_credential_chain_model)))]
mod real {
    pub(crate) use std::sync::atomic::AtomicBool;
    pub(crate) use std::sync::{Mutex, MutexGuard};

    pub(crate) use arc_swap::ArcSwap;
    pub(crate) use tokio::runtime::{Handle, Id};
    pub(crate) use tokio::sync::Notify;
    pub(crate) use tokio::time::{Instant, sleep, timeout};
}

#[cfg(all(test, aws_credential_chain_model))]
pub(crate) use self::model::{
    ArcSwap, AtomicBool, Handle, Id, Instant, Mutex, MutexGuard, Notify, sleep, timeout,
};
#[cfg(not(all(test, aws_credential_chain_model)))]
pub(crate) use self::real::{
    ArcSwap, AtomicBool, Handle, Id, Instant, Mutex, MutexGuard, Notify, sleep, timeout,
};
