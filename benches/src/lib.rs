//! What is measured: one cached read of each contestant, and what a process pays until it has its first credentials.
//!
//! Instructions are counted by callgrind over two runs of different length, and allocations by a counting allocator:
//! both come out the same on every machine of a kind, whatever else it is doing. Times are not looked at.
//!
//! With the feature `peers` also what no count can tell: how long reads take while the source is in trouble.

pub mod allocations;
#[cfg(feature = "peers")]
pub mod cached;
pub mod callgrind;
pub mod cold;
#[cfg(feature = "peers")]
pub mod contestant;
pub mod fake_sts;
#[cfg(feature = "peers")]
pub mod load;
#[cfg(feature = "peers")]
pub mod outage;
pub mod pools;
pub mod reads;
pub mod tenants;
