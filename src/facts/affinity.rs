//! Does a workload keep its pods apart? Anti-affinity terms and spread constraints that really select its own pods.

use super::record::{Fact, Trail, record, step, word};
use crate::objects::Selector;
use crate::value::{Lookup, Value};

/// The topologies over which pods count as spread: nodes and zones, under their names of today and of yesterday.
const SPREADING: &[&str] = &["kubernetes.io/hostname", "topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];

/// A rule that keeps pods apart.
struct Term<'a> {
    path: Trail,
    topology: &'a Value,
    matches_own: bool,
    kind: Value,
    required: bool,
}

/// `workload.anti_affinity`.
pub(super) fn facts(spec: &Value, spec_path: &Trail, labels: &[(&str, &str)], namespace: Option<&str>) -> Value {
    let mut terms = Vec::new();
    let anti = spec.dig(&["affinity", "podAntiAffinity"]);
    if matches!(anti, Value::Object(_)) {
        let avoids = |term: &Value| {
            let keys = term.at("mismatchLabelKeys").items();
            keys.iter().any(|key| labels.iter().any(|(label, _)| key.text() == Some(*label)))
        };
        let own = |term: &Value| selects(term.at("labelSelector"), labels) && reaches(term, namespace) && !avoids(term);
        let anti_path = step!(spec_path, "affinity", "podAntiAffinity");
        let base = step!(anti_path, "requiredDuringSchedulingIgnoredDuringExecution");
        for (index, term) in anti.at("requiredDuringSchedulingIgnoredDuringExecution").items().iter().enumerate() {
            let (path, topology) = (base.index(index), term.at("topologyKey"));
            terms.push(Term { path, topology, matches_own: own(term), kind: word!("required"), required: true });
        }
        let base = step!(anti_path, "preferredDuringSchedulingIgnoredDuringExecution");
        for (index, weighted) in anti.at("preferredDuringSchedulingIgnoredDuringExecution").items().iter().enumerate() {
            let term = weighted.at("podAffinityTerm");
            let (path, topology) = (base.index(index), term.at("topologyKey"));
            terms.push(Term { path, topology, matches_own: own(term), kind: word!("preferred"), required: false });
        }
    }
    for (index, constraint) in spec.at("topologySpreadConstraints").items().iter().enumerate() {
        terms.push(Term {
            path: step!(spec_path, "topologySpreadConstraints").index(index),
            topology: constraint.at("topologyKey"),
            matches_own: selects(constraint.at("labelSelector"), labels),
            kind: word!("spread"),
            required: constraint.at("whenUnsatisfiable").text() != Some("ScheduleAnyway"),
        });
    }
    let spreading = |term: &&Term<'_>| term.matches_own && term.topology.text().is_some_and(|key| SPREADING.contains(&key));
    let spreads = terms.iter().any(|term| spreading(&term));
    let required = terms.iter().filter(spreading).any(|term| term.required);
    let term = |term: Term<'_>| {
        record! { "path": term.path, "topology_key": term.topology, "matches_own": term.matches_own, "kind": term.kind }
    };
    record! { "spreads": spreads, "required": required, "terms": terms.into_iter().map(term).collect::<Vec<_>>().fact() }
}

/// A missing selector selects no pod.
fn selects(selector: &Value, labels: &[(&str, &str)]) -> bool {
    Selector::from_label_selector(selector).is_some_and(|selector| selector.matches(labels))
}

/// Does an affinity term look into the pod's own namespace? Without namespaces of its own it looks there only.
fn reaches(term: &Value, namespace: Option<&str>) -> bool {
    let (named, selector) = (term.at("namespaces").items(), term.at("namespaceSelector"));
    if named.is_empty() && selector.is_absent() {
        return true;
    }
    let by_name = named.iter().any(|name| namespace.is_none() || name.text() == namespace);
    by_name || Selector::from_label_selector(selector).is_some_and(|selector| selector.is_empty())
}
