//! The `workload` document: everything that a pod template says, with what Kubernetes makes of it and what other objects of the
//! set give it (LimitRanges, HorizontalPodAutoscalers, ConfigMaps).

use std::sync::Arc;

use super::container::{self, Container, Pod, Role};
use super::qos::{self, Share};
use super::record::{Fact, Trail, record, step, word};
use super::resources::{self, Defaults, Fallback};
use super::scale::{self, Scale};
use super::software::{self, ContainerSoftware, PodView};
use super::state::{self, Candidate};
use super::volume::{self, Sources};
use super::{Context, affinity, operator, refs};
use crate::objects::{Object, Selector, template};
use crate::place::Path;
use crate::value::{Lookup, Value};

/// The `workload` document of an object, computed independently of any other; `Null` if it carries no pod template.
pub fn build(object: &Arc<Object>, context: &Context<'_>) -> Value {
    let Some(keys) = template::pod_template_path(object.group_kind()) else { return of_operator(object, context) };
    let Some(template) = template::pod_template(object) else { return Value::Null };
    let make = || make(object, keys, template, context);
    match context.set.memo() {
        Some(memo) => memo.get(object, context.kubernetes_minor, make),
        None => make(),
    }
}

/// The document of a custom resource that an operator makes pods of.
fn of_operator(object: &Object, context: &Context<'_>) -> Value {
    let Some(stand) = operator::Stand::of(object, context) else { return Value::Null };
    let Some(template) = template::pod_template(&stand.object) else { return Value::Null };
    let keys = template::pod_template_path(stand.object.group_kind()).unwrap_or_default();
    stand.led_back(&make(&stand.object, keys, template, context), &Value::String(object.identity.kind.clone()))
}

/// The families of software in a workload's containers, each once, sorted.
pub(super) fn families(document: &Value) -> Vec<Arc<str>> {
    let family = |container: &Value| match container.dig(&["software", "family"]) {
        Value::String(family) => Some(family.clone()),
        _ => None,
    };
    let mut families: Vec<_> = document.at("containers").items().iter().filter_map(family).collect();
    families.sort_unstable();
    families.dedup();
    families
}

fn make(object: &Object, keys: &[&str], template: &Value, context: &Context<'_>) -> Value {
    let pod_path = Path::root().keys(keys);
    let trail = Trail::of(&pod_path);
    let spec_path = step!(trail, "spec");
    let spec = template.at("spec");

    let defaults = Defaults::of(context.set, object.namespace());
    let fallback = Fallback { pod: resources::pod_level(spec, context.kubernetes_minor), defaults: Some(&defaults) };
    let containers = container::all(spec, &spec_path, &fallback);
    let limits: Vec<Option<u64>> = containers.iter().map(Container::memory_limit).collect();
    let mut software = software::analyse(&PodView { object, pod_path: &pod_path, template, set: context.set, limits: &limits });
    software.resize(containers.len(), ContainerSoftware::nothing(false));

    let parts = Parts { object, template, spec, spec_path, containers, software, pod_level: fallback.pod };
    parts.document(&trail, context)
}

struct Parts<'a> {
    object: &'a Object,
    template: &'a Value,
    spec: &'a Value,
    spec_path: Trail,
    containers: Vec<Container<'a>>,
    software: Vec<ContainerSoftware>,
    pod_level: &'a Value,
}

impl Parts<'_> {
    fn document(&self, pod_path: &Trail, context: &Context<'_>) -> Value {
        let Self { object, template, spec, spec_path, .. } = self;
        let (own, stateful_set) = (object.value.at("spec"), &*object.identity.kind == "StatefulSet");
        let claim_templates = if stateful_set { own.at("volumeClaimTemplates") } else { &Value::Undefined };
        let labels: Vec<_> = template::labels(template).collect();
        let scale = Scale::of(object, context.set);
        let volumes = Sources::of(spec, claim_templates);
        let (qos, breakers) = self.qos();
        let is = |value: &Value| value.flag() == Some(true);
        let stateful =
            |value: &Value| if stateful_set && value.text().is_some_and(|t| !t.is_empty()) { value.clone() } else { Value::Null };
        record! {
            "kind": Value::String(object.identity.kind.clone()),
            "name": Value::String(object.identity.name.clone()),
            "place": record! { "object": Value::Null, "path": step!(Trail::default(), "metadata", "name"), "within": Value::Null },
            "retention": if stateful_set { retention(own) } else { Value::Null },
            "path": Trail::default(),
            "pod_path": pod_path,
            "spec_path": spec_path,
            "labels": volume::map(template.dig(&["metadata", "labels"])),
            "annotations": volume::map(template.dig(&["metadata", "annotations"])),
            "selector_matches": selector_matches(object, &labels),
            "replicas": scale.replicas,
            "replicas_set": scale.set,
            "replicas_floor": scale.floor,
            "replicas_ceiling": scale.ceiling,
            "hpa": scale.hpa,
            "update_strategy": scale::update_strategy(object),
            "min_ready_seconds": own.at("minReadySeconds").int().unwrap_or(0),
            "pod_management_policy": if stateful_set { management_policy(own) } else { Value::Null },
            "service_name": stateful(own.at("serviceName")),
            "service_account": service_account(spec),
            "host_network": is(spec.at("hostNetwork")),
            "host_pid": is(spec.at("hostPID")),
            "host_ipc": is(spec.at("hostIPC")),
            "grace_seconds": spec.at("terminationGracePeriodSeconds").int().unwrap_or(30),
            "hook": object.value.dig(&["metadata", "annotations", "helm.sh/hook"]),
            "owned": owned(object),
            "spec": *spec,
            "containers": self.containers(&volumes, stateful_set),
            "qos": qos,
            "qos_breakers": breakers,
            "volumes": volume::volumes(spec, spec_path),
            "claims": volume::claims(claim_templates),
            "config_refs": refs::facts(object, spec, spec_path, &self.containers, context.set),
            "datastore": self.containers.iter().zip(&self.software).any(|(c, s)| c.runs() && s.datastore),
            "anti_affinity": affinity::facts(spec, spec_path, &labels, object.namespace()),
        }
    }

    fn containers(&self, volumes: &Sources, stateful_set: bool) -> Vec<Value> {
        let pairs = || self.containers.iter().zip(&self.software);
        let candidates: Vec<_> =
            pairs().map(|(c, software)| Candidate { spec: c.spec, app: c.role == Role::App, runs: c.runs(), software }).collect();
        let holders = state::holders(stateful_set, &candidates, volumes);
        let resources_path = step!(self.spec_path, "resources");
        let pod = Pod { spec: self.spec, resources_path: &resources_path, volumes };
        pairs().zip(holders).map(|((container, software), holds)| container.facts(&pod, software, holds)).collect()
    }

    fn qos(&self) -> (Value, Vec<Value>) {
        let counted = self.containers.iter().filter(|container| container.role != Role::Ephemeral);
        let shares: Vec<_> = counted.map(|c| Share { name: c.name(), cpu: c.cpu, memory: c.memory }).collect();
        let (class, breakers) = qos::class(self.pod_level, &shares);
        (class.fact(), breakers)
    }
}

/// Does `spec.selector` match the template's labels? `None` where the kind has no selector, or none is set.
fn selector_matches(object: &Object, labels: &[(&str, &str)]) -> Option<bool> {
    let selector = object.value.dig(&["spec", "selector"]);
    if selector.is_absent() {
        return None;
    }
    let selector = match &*object.identity.kind {
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" | "Job" => Selector::from_label_selector(selector),
        "ReplicationController" => Selector::from_map(selector),
        _ => return None,
    };
    Some(selector.is_some_and(|selector| selector.matches(labels)))
}

/// What becomes of the claims of a StatefulSet.
fn retention(spec: &Value) -> Value {
    let policy = |key| spec.dig(&["persistentVolumeClaimRetentionPolicy", key]).text().map_or_else(|| word!("Retain"), Value::from);
    record! { "when_deleted": policy("whenDeleted"), "when_scaled": policy("whenScaled") }
}

fn management_policy(spec: &Value) -> Value {
    let policy = spec.at("podManagementPolicy");
    if policy.is_absent() { word!("OrderedReady") } else { policy.clone() }
}

/// `serviceAccount` is the name of the field before Kubernetes 1.0, and still read.
fn service_account(spec: &Value) -> Value {
    let given = |key| Some(spec.at(key)).filter(|name| name.text().is_some_and(|name| !name.is_empty()));
    given("serviceAccountName").or_else(|| given("serviceAccount")).map_or_else(|| word!("default"), Clone::clone)
}

/// Does a controller own the object?
fn owned(object: &Object) -> bool {
    let owners = object.value.dig(&["metadata", "ownerReferences"]).items();
    owners.iter().any(|owner| owner.at("controller").flag() == Some(true))
}
