//! The admission door: `AdmissionReview` in, verdict or JSON Patch out, over TLS. The only room that knows HTTP. It is
//! never the outage: bounded in time, memory and connections, it drains without losing a request, and what is broken
//! never replaces what works. The verdict itself is a pure function ([`admission::answer`]).
//!
//! ```text
//! server (TLS, connections) -> router -> handler (limits, deadlines, shedding) -> pool (threads) -> admission -> reply
//!                                                                                                    |-- judge (rules) , world (cluster)
//! ```

pub mod admission;
pub mod alone;
mod certificates;
mod connection;
mod debt;
pub mod envelope;
mod glass;
mod grace;
pub mod handler;
pub mod health;
pub mod judge;
pub mod live;
pub mod metrics;
mod mutate;
pub mod pool;
pub mod reply;
pub mod review;
pub mod router;
pub mod rulebook;
pub mod scan;
mod serve;
pub mod server;
pub mod tls;
mod touched;
pub mod verdict;

pub use crate::config::webhook as settings;
pub use certificates::Certificates;
pub use serve::{LogFormat, Options, Place, ServeError, serve, start_logging};
