//! `related.network`: what NetworkPolicies make of a pod. Policies only ever add up: a pod is isolated once any policy that
//! selects it says so, and then may do what any of them allows. A pod on the host's network is never isolated.

mod cidr;
mod dns;
#[cfg(test)]
mod model;
mod peer;
mod policy;
mod ports;

use std::sync::Arc;

use super::{Entry, View, entry};
use crate::facts::record::record;
use crate::facts::workload;
use crate::objects::{GroupKind, Object, Selector, template};
use crate::value::{Lookup, Value, array, object};
use peer::Source;
use policy::Policy;
use ports::Range;

const POLICY: GroupKind<'static> = GroupKind { group: "networking.k8s.io", kind: "NetworkPolicy" };
/// Redis's own port, where none is declared.
const REDIS: i64 = 6_379;
/// How far above its port the bus of a Redis Cluster member lies (`cluster-port` unset).
const BUS: i64 = 10_000;
const NAMESPACE: GroupKind<'static> = GroupKind { group: "", kind: "Namespace" };

/// `network` of a workload, `policies` of a Namespace, `self` of a NetworkPolicy.
pub(super) fn entries(view: &View<'_>) -> Vec<Entry> {
    let own = view.object;
    if own.group_kind() == POLICY {
        return vec![("network", Value::Null), ("self", itself(view))];
    }
    if own.group_kind() == NAMESPACE {
        return vec![("network", Value::Null), ("policies", of_namespace(view))];
    }
    let network = entry::template_labels(own).map_or(Value::Null, |labels| of_workload(view, own, &labels));
    vec![("network", network)]
}

/// The policies that select pods with these labels, the judged one in its judged version.
fn selecting(view: &View<'_>, namespace: Option<&str>, labels: &[(&str, &str)]) -> Vec<Arc<Object>> {
    let found = view.context.set.selecting(POLICY, namespace, labels);
    entry::judged(view, found, |own| {
        own.group_kind() == POLICY
            && entry::meets(own.namespace(), namespace)
            && Policy::read(own).selector.is_some_and(|selector| selector.matches(labels))
    })
}

/// All policies of a namespace, for the questions that are about a namespace as a whole.
fn in_namespace(view: &View<'_>, namespace: Option<&str>) -> Vec<Arc<Object>> {
    let found = view.context.set.of_kind(POLICY, namespace);
    entry::judged(view, found, |own| own.group_kind() == POLICY && entry::meets(own.namespace(), namespace))
}

/// The labels of a namespace: those of its object, and the one that every namespace carries.
fn namespace_labels(view: &View<'_>, namespace: Option<&str>) -> Vec<(String, String)> {
    let Some(name) = namespace else { return Vec::new() };
    let stored = entry::get(view, NAMESPACE, None, name);
    let labels = stored.iter().flat_map(|namespace| namespace.labels()).map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut labels: Vec<_> = labels.filter(|(key, _)| key != peer::NAME_LABEL).collect();
    labels.push((peer::NAME_LABEL.to_owned(), name.to_owned()));
    labels
}

fn host_network(workload: &Object) -> bool {
    template::pod_template(workload).is_some_and(|template| template.dig(&["spec", "hostNetwork"]).flag() == Some(true))
}

fn of_workload(view: &View<'_>, workload: &Object, labels: &[(&str, &str)]) -> Value {
    let namespace = workload.namespace();
    let found = if host_network(workload) { Vec::new() } else { selecting(view, namespace, labels) };
    let policies: Vec<(&Object, Policy<'_>)> = found.iter().map(|found| (&**found, Policy::read(found))).collect();
    let ingress = policies.iter().any(|(_, policy)| policy.isolates_ingress);
    let egress = policies.iter().any(|(_, policy)| policy.isolates_egress);
    let resolver = dns::Resolver::new(view);
    let allowed = policies.iter().any(|(object, policy)| resolver.admitted(policy, object.namespace()));
    let blocked = egress && !allowed;
    let blockers = policies.iter().filter(|(_, policy)| blocked && policy.isolates_egress);
    let open = open_ports(workload, &policies, ingress);
    let own = own_ports(view, workload, labels, &policies, (ingress, egress));
    let dns = match (egress, allowed) {
        (false, _) => "unrestricted",
        (true, true) => "allowed",
        (true, false) => "blocked",
    };
    record! {
        "ingress_isolated": ingress,
        "egress_isolated": egress,
        "dns": dns,
        "dns_blockers": array(blockers.map(|(object, _)| entry::place(view, object, &["metadata", "name"]))),
        "policies": array(policies.iter().map(|(object, policy)| record(view, object, policy, &resolver))),
        "allows_all_ingress": !open.is_empty(),
        "open_ports": array(open.iter().map(Range::to_value)),
        "own_ingress": array(own.0.iter().map(Range::to_value)),
        "own_egress": array(own.1.iter().map(Range::to_value)),
        "bus_blocked": bus_blocked(view.workload, &[own.0, own.1]),
    }
}

/// Do the members of a Redis Cluster reach one another's port, but not its bus, 10,000 above? A declared port that is the bus
/// of another one has no bus itself.
fn bus_blocked(document: &Value, sides: &[Vec<Range>]) -> bool {
    let servers = document.at("containers").items().iter().filter(|server| server.dig(&["software", "cluster"]).flag() == Some(true));
    let open = |side: &[Range], port: i64| side.iter().any(|range| range.protocol == "TCP" && range.from <= port && port <= range.to);
    servers.into_iter().any(|server| {
        let declared: Vec<i64> = server.at("ports").items().iter().filter_map(|port| port.at("number").int()).collect();
        let clients = declared.iter().copied().filter(|port| !declared.contains(&(port - BUS)));
        let mut clients: Vec<i64> = clients.filter(|port| *port <= 65_535 - BUS).collect();
        if clients.is_empty() {
            clients.push(REDIS);
        }
        clients.iter().any(|port| sides.iter().any(|side| open(side, *port) && !open(side, port + BUS)))
    })
}

/// The ports of a workload that everybody may reach: all of them unless it is isolated.
fn open_ports(workload: &Object, policies: &[(&Object, Policy<'_>)], isolated: bool) -> Vec<Range> {
    if !isolated {
        return ports::all();
    }
    let rules = policies.iter().flat_map(|(_, policy)| policy.ingress);
    ports::union(rules.filter(|rule| peer::everybody(rule.at("from"))).flat_map(|rule| ports::of_rule(rule, workload)))
}

/// The ports on which the pods of a workload may reach one another: as their ingress allows it, and as their egress does.
fn own_ports(
    view: &View<'_>,
    workload: &Object,
    labels: &[(&str, &str)],
    policies: &[(&Object, Policy<'_>)],
    isolated: (bool, bool),
) -> (Vec<Range>, Vec<Range>) {
    let namespace = namespace_labels(view, workload.namespace());
    let namespace: Vec<(&str, &str)> = namespace.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let source = Source { labels, namespace: &namespace };
    let side = |isolated: bool, rules: Vec<&Value>, peers: &str| {
        if !isolated {
            return ports::all();
        }
        let admitted = rules.into_iter().filter(|rule| peer::admits(rule.at(peers), &source));
        ports::union(admitted.flat_map(|rule| ports::of_rule(rule, workload)))
    };
    let ingress = policies.iter().flat_map(|(_, policy)| policy.ingress).collect();
    let egress = policies.iter().flat_map(|(_, policy)| policy.egress).collect();
    (side(isolated.0, ingress, "from"), side(isolated.1, egress, "to"))
}

/// The record of a policy.
fn record(view: &View<'_>, of: &Object, policy: &Policy<'_>, resolver: &dns::Resolver) -> Value {
    record! {
        "place": entry::place(view, of, &["metadata", "name"]),
        "name": Value::String(of.identity.name.clone()),
        "ingress": Value::from(policy.isolates_ingress),
        "egress": Value::from(policy.isolates_egress),
        "ingress_rules": array(policy.ingress.iter().cloned()),
        "egress_rules": array(policy.egress.iter().cloned()),
        "selects_all": Value::from(policy.selector.as_ref().is_some_and(Selector::is_empty)),
        "allows_dns": Value::from(resolver.admitted(policy, of.namespace())),
    }
}

/// The judged policy, with what the union of policies makes of the workloads it selects.
fn itself(view: &View<'_>) -> Value {
    let own = view.object;
    let policy = Policy::read(own);
    let resolver = dns::Resolver::new(view);
    let workloads = entry::selected(view, policy.selector.as_ref(), own.namespace());
    let blocked: Vec<&Arc<Object>> =
        workloads.iter().filter(|workload| policy.isolates_egress && blocks_dns(view, workload, &resolver)).collect();
    let allowed = if workloads.is_empty() { unknown_pods_resolve(view, &policy, &resolver) } else { blocked.is_empty() };
    let workload = |workload: &Arc<Object>| {
        object([
            ("place", entry::place(view, workload, &["metadata", "name"])),
            ("kind", Value::String(workload.identity.kind.clone())),
            ("name", Value::String(workload.identity.name.clone())),
            ("datastore", entry::known(workload::build(workload, &view.context).at("datastore"))),
        ])
    };
    let cut_off = |workload: &&Arc<Object>| {
        let place = entry::place(view, workload, &["metadata", "name"]);
        entry::with(&workload.identity.to_value(), [("place", place)])
    };
    let fields = [
        ("egress_isolates", Value::from(policy.isolates_egress)),
        ("ingress_isolates", Value::from(policy.isolates_ingress)),
        ("workloads", array(workloads.iter().map(workload))),
        ("dns_allowed_by_union", Value::from(!policy.isolates_egress || allowed)),
        ("blocks_dns", Value::from(policy.isolates_egress && !allowed)),
        ("blocks_dns_for", array(blocked.iter().map(cut_off))),
        ("admits_only_self", Value::from(admits_only_self(view, &policy))),
    ];
    entry::with(&record(view, own, &policy, &resolver), fields)
}

/// Is a workload that some policy isolates for egress left without DNS?
fn blocks_dns(view: &View<'_>, workload: &Object, resolver: &dns::Resolver) -> bool {
    if host_network(workload) {
        return false;
    }
    let labels = entry::template_labels(workload).unwrap_or_default();
    let found = selecting(view, workload.namespace(), &labels);
    !found.iter().any(|found| resolver.admitted(&Policy::read(found), found.namespace()))
}

/// For pods that the set does not hold: does a policy that would select them too allow DNS? A policy for all pods asks all
/// policies of the namespace, another one those that select a pod with just the labels it asks for.
fn unknown_pods_resolve(view: &View<'_>, policy: &Policy<'_>, resolver: &dns::Resolver) -> bool {
    let Some(selector) = &policy.selector else { return true };
    let namespace = view.object.namespace();
    let found = if selector.is_empty() {
        in_namespace(view, namespace)
    } else {
        let labels = peer::asked_labels(view.object.value.dig(&["spec", "podSelector"]));
        selecting(view, namespace, &labels)
    };
    found.iter().any(|found| resolver.admitted(&Policy::read(found), found.namespace()))
}

/// Does the union of policies admit to the pods of this one nobody but these pods? `false` for a policy without rules, which
/// denies on purpose, and for one that selects all pods.
fn admits_only_self(view: &View<'_>, policy: &Policy<'_>) -> bool {
    let Some(selector) = policy.selector.as_ref().filter(|selector| !selector.is_empty()) else { return false };
    if !policy.isolates_ingress || policy.ingress.is_empty() {
        return false;
    }
    let labels = peer::asked_labels(view.object.value.dig(&["spec", "podSelector"]));
    let found = selecting(view, view.object.namespace(), &labels);
    let others = found.iter().map(|found| Policy::read(found));
    let mut rules = others.flat_map(|policy| policy.ingress).chain(policy.ingress);
    rules.all(|rule| peer::only(rule.at("from"), selector))
}

/// The policies of a namespace.
fn of_namespace(view: &View<'_>) -> Value {
    let resolver = dns::Resolver::new(view);
    let found = in_namespace(view, entry::scope(view));
    array(found.iter().map(|found| record(view, found, &Policy::read(found), &resolver)))
}
