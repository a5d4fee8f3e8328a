//! A promise can be hollowed out from the side: by what a workload mounts, is covered by, is scaled by or is limited by. Such a
//! change is judged with the workloads it touches: what they have with it, and did not have without it.

use std::sync::Arc;

use super::admission::Bench;
use super::debt;
use super::judge::{Case, Judged, without};
use crate::facts::Request;
use crate::finding::Finding;
use crate::objects::{GroupKind, Layered, Object, ObjectSet, Selector, template};
use crate::value::Lookup;

/// So many workloads are judged with a change, at most: the answer has a deadline.
const MOST: usize = 32;

/// What is done to an object, as the workloads around it see it.
pub(super) enum Change<'a> {
    /// It comes.
    Made(&'a Arc<Object>),
    /// It becomes another one.
    Changed(&'a Arc<Object>, &'a Arc<Object>),
    /// It goes.
    Gone(&'a Arc<Object>),
}

/// A workload that a change touches, and what comes of it.
pub(super) struct Touched {
    /// Which.
    pub(super) workload: Arc<Object>,
    /// What it has with the change only; every message says whose it is.
    pub(super) judged: Judged,
}

/// Judges the workloads that a change touches.
pub(super) fn judge(change: &Change<'_>, bench: &mut Bench<'_>) -> Vec<Touched> {
    let world = bench.world;
    let (before, after, versions): (_, _, Vec<&Arc<Object>>) = match change {
        Change::Made(object) => (world.without(object), world.around(object), vec![object]),
        Change::Changed(old, object) => (world.around(old), world.around(object), vec![old, object]),
        Change::Gone(object) => (world.around(object), world.without(object), vec![object]),
    };
    let Some(kind) = versions.first().and_then(|object| touching(object.group_kind())) else { return Vec::new() };
    let rules = bench.judge.readers(kind);
    if rules.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Arc<Object>> = Vec::new();
    for workload in versions.iter().flat_map(|object| workloads(object, &*after)) {
        if !found.iter().any(|known| known.identity == workload.identity) {
            found.push(workload);
        }
    }
    found.truncate(MOST);
    let mut touched = Vec::new();
    for workload in found {
        let mut judged = verdict(&workload, &*after, &rules, bench);
        let had = verdict(&workload, &*before, &rules, bench);
        judged.findings = added(&judged.findings, &had.findings, &workload);
        judged.annotated = added(&judged.annotated, &had.annotated, &workload);
        judged.failures.clear();
        touched.push(Touched { workload, judged });
    }
    touched
}

/// Those of the findings about a workload that are so with what is read now. What cannot be read proves nothing.
pub(super) fn proven(change: &Change<'_>, workload: &Arc<Object>, denied: Vec<Finding>, bench: &mut Bench<'_>) -> Vec<Finding> {
    let mut rules: Vec<Arc<str>> = denied.iter().map(|finding| Arc::clone(&finding.rule)).collect();
    rules.dedup();
    let mut kinds: Vec<_> = rules.iter().flat_map(|rule| bench.judge.reads(rule)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let Some(read) = bench.world.read_now(workload, &kinds, bench.until) else { return Vec::new() };
    let now: Arc<dyn ObjectSet> = match change {
        Change::Made(object) | Change::Changed(_, object) => Arc::new(Layered::with(read, object)),
        Change::Gone(object) => Arc::new(without(read, object)),
    };
    let judged = verdict(workload, &*now, &rules, bench);
    let is = |finding: &Finding| judged.findings.iter().any(|found| found.rule == finding.rule && found.path == finding.path);
    denied.into_iter().filter(is).collect()
}

/// The kinds whose change touches workloads: those that the webhook configurations ask to be sent for that.
fn touching(kind: GroupKind<'_>) -> Option<GroupKind<'static>> {
    let found = match (kind.group, kind.kind) {
        ("", "ConfigMap") => GroupKind { group: "", kind: "ConfigMap" },
        ("", "LimitRange") => GroupKind { group: "", kind: "LimitRange" },
        ("policy", "PodDisruptionBudget") => GroupKind { group: "policy", kind: "PodDisruptionBudget" },
        ("autoscaling", "HorizontalPodAutoscaler") => GroupKind { group: "autoscaling", kind: "HorizontalPodAutoscaler" },
        _ => return None,
    };
    Some(found)
}

/// The workloads that an object touches. What a controller made is judged as what made it.
fn workloads(object: &Object, set: &dyn ObjectSet) -> Vec<Arc<Object>> {
    let (kind, namespace) = (object.group_kind(), object.namespace());
    let mut found = match kind.kind {
        "ConfigMap" => set.workloads_using(kind, namespace, &object.identity.name),
        "PodDisruptionBudget" => {
            let selector = Selector::from_label_selector(object.value.dig(&["spec", "selector"]));
            selector.map_or_else(Vec::new, |selector| set.workloads_matching(&selector, namespace))
        }
        "HorizontalPodAutoscaler" => {
            let target = object.value.dig(&["spec", "scaleTargetRef"]);
            let group = target.at("apiVersion").text().and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
            let kind = GroupKind { group, kind: target.at("kind").text().unwrap_or_default() };
            set.get(kind, namespace, target.at("name").text().unwrap_or_default()).into_iter().collect()
        }
        _ => set.of_kind(GroupKind { group: "apps", kind: "StatefulSet" }, namespace),
    };
    found.retain(|workload| template::pod_template(workload).is_some() && super::admission::controller(workload).is_none());
    found
}

fn verdict(workload: &Arc<Object>, set: &dyn ObjectSet, rules: &[Arc<str>], bench: &mut Bench<'_>) -> Judged {
    let request = Request::offline(false);
    bench.judge.judge(&Case { object: workload, old: None, request: &request, set, rules: Some(rules), until: bench.until })
}

fn added(now: &[Finding], had: &[Finding], workload: &Object) -> Vec<Finding> {
    let of = |finding: &Finding| Finding { message: format!("{}: {}", workload.identity, finding.message), ..finding.clone() };
    debt::added(now, workload, had, workload).into_iter().map(of).collect()
}
