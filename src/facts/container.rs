//! One container: everything that its spec says, with what Kubernetes makes of it.

use super::image;
use super::probe::{self, OfSoftware, Ports};
use super::record::{Fact, Trail, record, step, word};
use super::resources::{self, Effective, Fallback, Kind};
use super::security::Security;
use super::software::ContainerSoftware;
use super::volume::Sources;
use crate::value::{Lookup, Value};

/// What a container is for in its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    App,
    Init,
    /// An init container that keeps running (`restartPolicy: Always`).
    Sidecar,
    Ephemeral,
}

impl Role {
    fn value(self) -> Value {
        match self {
            Self::App => word!("app"),
            Self::Init => word!("init"),
            Self::Sidecar => word!("sidecar"),
            Self::Ephemeral => word!("ephemeral"),
        }
    }
}

/// A container of a pod spec, before its facts are written down.
pub(super) struct Container<'a> {
    pub(super) spec: &'a Value,
    pub(super) role: Role,
    pub(super) path: Trail,
    pub(super) cpu: Effective,
    pub(super) memory: Effective,
    storage: Effective,
}

/// All containers in the order initContainers, containers, ephemeralContainers.
pub(super) fn all<'a>(spec: &'a Value, spec_path: &Trail, fallback: &Fallback<'_>) -> Vec<Container<'a>> {
    let fields = [
        ("initContainers", word!("initContainers"), Role::Init),
        ("containers", word!("containers"), Role::App),
        ("ephemeralContainers", word!("ephemeralContainers"), Role::Ephemeral),
    ];
    let mut all = Vec::new();
    for (field, key, role) in fields {
        let items = spec.at(field).items();
        if items.is_empty() {
            continue;
        }
        let base = spec_path.then([key]);
        all.extend(items.iter().enumerate().map(|(index, item)| Container::of(item, role, base.index(index), fallback)));
    }
    all
}

impl<'a> Container<'a> {
    fn of(spec: &'a Value, role: Role, path: Trail, fallback: &Fallback<'_>) -> Self {
        let always = spec.at("restartPolicy").text() == Some("Always");
        let role = if role == Role::Init && always { Role::Sidecar } else { role };
        let none = Fallback { pod: &Value::Undefined, defaults: None };
        let fallback = if role == Role::Ephemeral { &none } else { fallback };
        let effective = |kind| resources::effective(spec, kind, fallback);
        let (cpu, memory, storage) = (effective(Kind::Cpu), effective(Kind::Memory), effective(Kind::EphemeralStorage));
        Self { spec, role, path, cpu, memory, storage }
    }

    /// Its name, empty when unset.
    pub(super) fn name(&self) -> Value {
        let name = self.spec.at("name");
        if name.text().is_some() { name.clone() } else { word!("") }
    }

    /// Does it run as long as its pod: an app container or a native sidecar?
    pub(super) fn runs(&self) -> bool {
        matches!(self.role, Role::App | Role::Sidecar)
    }

    /// Its effective memory limit in bytes.
    pub(super) fn memory_limit(&self) -> Option<u64> {
        self.memory.limit.amount.and_then(|bytes| u64::try_from(bytes).ok())
    }

    /// An entry of `workload.containers`.
    pub(super) fn facts(&self, pod: &Pod<'_>, software: &ContainerSoftware, holds_state: bool) -> Value {
        let Self { spec, path, .. } = self;
        let resources = resources::path(path);
        let security = Security::of(spec, pod.spec);
        record! {
            "name": self.name(),
            "role": self.role.value(),
            "path": path,
            "spec": *spec,
            "holds_state": holds_state,
            "image": image::facts(spec),
            "cpu": resources::facts(self.cpu, Kind::Cpu, &resources, pod.resources_path),
            "memory": resources::facts(self.memory, Kind::Memory, &resources, pod.resources_path),
            "ephemeral_storage": resources::storage(self.storage),
            "ports": ports(spec, path),
            "probes": probes(spec, path, software),
            "env": env(spec, path),
            "mounts": pod.volumes.mounts(spec, path),
            "resources_path": resources,
            "privileged": security.privileged,
            "allow_privilege_escalation": security.allow_privilege_escalation,
            "read_only_root": security.read_only_root,
            "run_as_user": security.run_as_user,
            "run_as_non_root": security.run_as_non_root,
            "capabilities": security.capabilities,
            "software": &software.software,
            "datastore": software.datastore,
            "memory_cap": &software.memory_cap,
            "redis_conf": &software.redis_conf,
        }
    }
}

/// What containers share.
pub(super) struct Pod<'a> {
    pub(super) spec: &'a Value,
    /// The path of the pod's own `resources`.
    pub(super) resources_path: &'a Trail,
    pub(super) volumes: &'a Sources,
}

fn ports(spec: &Value, path: &Trail) -> Vec<Value> {
    let ports = spec.at("ports").items();
    if ports.is_empty() {
        return Vec::new();
    }
    let base = step!(path, "ports");
    let port = |(index, port): (usize, &Value)| {
        record! {
            "name": port.at("name"),
            "number": port.at("containerPort").int(),
            "protocol": if port.at("protocol").is_absent() { word!("TCP") } else { port.at("protocol").clone() },
            "host_port": port.at("hostPort").int().filter(|number| *number != 0),
            "path": base.index(index),
        }
    };
    ports.iter().enumerate().map(port).collect()
}

fn probes(spec: &Value, path: &Trail, software: &ContainerSoftware) -> Value {
    let ports = Ports::of(spec);
    let mut known = software.redis_probes.iter().zip(&software.hollow_probes).map(|(redis, hollow)| OfSoftware { redis, hollow });
    let mut probe = |key: Value| {
        let probe = spec.at(key.text().unwrap_or_default());
        let known = known.next().filter(|_| matches!(probe, Value::Object(_)));
        known.map_or(Value::Null, |known| probe::facts(probe, &path.then([key]), &ports, &known))
    };
    record! {
        "startup": probe(word!("startupProbe")),
        "readiness": probe(word!("readinessProbe")),
        "liveness": probe(word!("livenessProbe")),
    }
}

fn env(spec: &Value, path: &Trail) -> Vec<Value> {
    let variables = spec.at("env").items();
    if variables.is_empty() {
        return Vec::new();
    }
    let base = step!(path, "env");
    let variable = |(index, variable): (usize, &Value)| {
        let (value, from) = (variable.at("value"), variable.at("valueFrom"));
        let value = match value {
            Value::String(_) => value.clone(),
            // Without a source, a variable that has no value is empty.
            Value::Null | Value::Undefined if from.is_absent() => word!(""),
            _ => Value::Null,
        };
        record! { "name": variable.at("name"), "value": value, "from": source(from), "path": base.index(index) }
    };
    variables.iter().enumerate().map(variable).collect()
}

/// Where a variable gets its value from.
fn source(from: &Value) -> Value {
    let Some((kind, reference)) = from.entries().find(|(_, reference)| matches!(reference, Value::Object(_))) else {
        return Value::Null;
    };
    let key = |kind| {
        let optional = reference.at("optional").flag().unwrap_or(false);
        record! { "kind": kind, "name": reference.at("name"), "key": reference.at("key"), "optional": optional }
    };
    match kind {
        "configMapKeyRef" => key(word!("ConfigMap")),
        "secretKeyRef" => key(word!("Secret")),
        "fieldRef" => {
            record! { "kind": word!("field"), "name": Value::Null, "key": reference.at("fieldPath"), "optional": false }
        }
        "resourceFieldRef" => {
            let name = reference.at("containerName");
            record! { "kind": word!("resource"), "name": name, "key": reference.at("resource"), "optional": false }
        }
        _ => record! { "kind": kind.fact(), "name": Value::Null, "key": Value::Null, "optional": false },
    }
}
