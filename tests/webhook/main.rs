//! The admission door in memory: routes, limits, hostile bodies, and that it finds what the offline door finds.
#![cfg(feature = "webhook")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test fails by panicking and says on standard error what it leaves out"
)]

mod bench;
mod doors;
mod drain;
mod hostile;
mod reload;
mod router;
mod silence;
mod touched;
mod update;
mod wire;
