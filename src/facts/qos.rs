//! The quality of service class of a pod, as `ComputePodQOS` of Kubernetes computes it: by the pod's own resources where it has
//! any, else by all containers, init containers included, ephemeral ones not.

use super::quantity::Quantity;
use super::resources::Effective;
use crate::value::{Lookup, Value};

/// What one container has of CPU and memory.
pub(super) struct Share {
    pub(super) name: Value,
    pub(super) cpu: Effective,
    pub(super) memory: Effective,
}

impl Share {
    /// Both limits are set, and each request equals its limit.
    fn guaranteed(&self) -> bool {
        [self.cpu, self.memory].iter().all(|r| r.limit.amount.is_some() && r.request.amount == r.limit.amount)
    }

    fn asks_nothing(&self) -> bool {
        [self.cpu, self.memory].iter().all(|r| r.limit.amount.is_none() && r.request.amount.is_none())
    }
}

/// The class, and the names of the containers that keep the pod from `Guaranteed`.
pub(super) fn class(pod_resources: &Value, shares: &[Share]) -> (&'static str, Vec<Value>) {
    if let Some(class) = pod_class(pod_resources) {
        return (class, Vec::new());
    }
    let breakers: Vec<Value> = shares.iter().filter(|share| !share.guaranteed()).map(|share| share.name.clone()).collect();
    let class = if shares.iter().all(Share::asks_nothing) {
        "BestEffort"
    } else if breakers.is_empty() {
        "Guaranteed"
    } else {
        "Burstable"
    };
    (class, breakers)
}

/// The class by the pod's own resources; `None` where it has none of CPU, memory and huge pages.
fn pod_class(resources: &Value) -> Option<&'static str> {
    let list = |field| resources.at(field).entries();
    let counts = |name: &str| name == "cpu" || name == "memory" || name.starts_with("hugepages-");
    if !list("requests").chain(list("limits")).any(|(name, _)| counts(name)) {
        return None;
    }
    let amount = |field, name| Quantity::of(resources.at(field).at(name)).ok().filter(|quantity| !quantity.is_zero());
    let amounts = ["cpu", "memory"].map(|name| {
        let limit = amount("limits", name);
        // The API server defaults a missing request to the limit.
        (amount("requests", name).or(limit), limit)
    });
    Some(if amounts.iter().all(|(request, limit)| request.is_none() && limit.is_none()) {
        "BestEffort"
    } else if amounts.iter().all(|(request, limit)| limit.is_some() && request == limit) {
        "Guaranteed"
    } else {
        "Burstable"
    })
}
