//! What is measured: one cached read of each contestant, and what a process pays until it has its first credentials.
//!
//! Instructions are counted by callgrind over two runs of different length, and allocations by a counting allocator:
//! both come out the same on every machine of a kind, whatever else it is doing. Times are not looked at.

pub mod allocations;
pub mod cold;
pub mod reads;
