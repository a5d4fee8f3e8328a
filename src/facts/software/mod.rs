//! What a container runs: recognising software, and where its memory cap comes from. Knows the pod and the objects its
//! configuration may come from, nothing of other facts.

use std::sync::Arc;

use crate::objects::{Object, ObjectSet};
use crate::place::Path;
use crate::value::{Lookup, Value};

/// A pod, and what its configuration may come from.
#[derive(Clone, Copy)]
pub struct PodView<'a> {
    /// The object that owns the template.
    pub object: &'a Object,
    /// The way to the template.
    pub pod_path: &'a Path,
    /// The pod template, or the Pod.
    pub template: &'a Value,
    /// Where ConfigMaps and Secrets are looked up.
    pub set: &'a dyn ObjectSet,
    /// Effective memory limits in bytes, in the order initContainers, containers, ephemeralContainers.
    pub limits: &'a [Option<u64>],
}

/// What one container runs. The values are those of `docs/facts.md`, `Null` where there is none.
#[derive(Debug, Clone)]
pub struct ContainerSoftware {
    /// `software`.
    pub software: Value,
    /// `memory_cap`.
    pub memory_cap: Value,
    /// `redis_conf`.
    pub redis_conf: Value,
    /// `probes.*.redis` of startup, readiness, liveness.
    pub redis_probes: [Value; 3],
    /// The family, of helpers too.
    pub family: Option<Arc<str>>,
    /// A server of any family.
    pub server: bool,
    /// A datastore's server.
    pub datastore: bool,
    /// A sentinel, an exporter, a client: never a holder of state.
    pub helper: bool,
}

/// One entry per container, in the order initContainers, containers, ephemeralContainers.
pub fn analyse(pod: &PodView<'_>) -> Vec<ContainerSoftware> {
    let spec = pod.template.at("spec");
    let count = ["initContainers", "containers", "ephemeralContainers"].iter().map(|field| spec.at(field).items().len()).sum();
    let unknown = ContainerSoftware {
        software: Value::Null,
        memory_cap: Value::Null,
        redis_conf: Value::Null,
        redis_probes: [Value::Null, Value::Null, Value::Null],
        family: None,
        server: false,
        datastore: false,
        helper: false,
    };
    vec![unknown; count]
}
