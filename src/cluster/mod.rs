//! The cluster as the rules see it: a watch cache that implements [`crate::objects::ObjectSet`], direct reads, and what kubelint
//! writes about itself. The only room that knows the API server; it knows neither rules nor admission.
//!
//! ```text
//! API server --watch--> watch (a task a kind) --> cache (shards by namespace) --> View: ObjectSet
//!            --list/get--> read ----------------> live (what must not be old) --> Layered over a View
//!            <--Secret, caBundle, Events-- certificates, configurations, events
//! ```

pub mod authority;
mod cache;
pub mod certificates;
pub mod configurations;
pub mod events;
mod live;
mod read;
mod revision;
mod scan;
mod watch;

pub use cache::{Cache, View};
pub use live::{Cluster, ClusterError, connect, minor};
pub use scan::{Snapshot, snapshot};
