//! `related.services` and `related.governing`: which Services select a workload, and which one gives its pods their names.

use std::sync::Arc;

use super::{Entry, View, entry};
use crate::facts::record::record;
use crate::objects::{GroupKind, Object, Selector, template};
use crate::place::Path;
use crate::value::{Lookup, Value, array};

const SERVICE: GroupKind<'static> = GroupKind { group: "", kind: "Service" };

/// `services` and `governing` of a workload; `self` of a Service.
pub(super) fn entries(view: &View<'_>) -> Vec<Entry> {
    if view.object.group_kind() == SERVICE {
        return vec![("services", array::<Value>([])), ("governing", Value::Null), ("self", itself(view))];
    }
    let governing = service_name(view.object);
    let services = selecting(view, view.object);
    let record = |service: &Arc<Object>| {
        let governs = governing == Some(&service.identity.name);
        entry::with(&self::record(view, service), [("governing", Value::from(governs))])
    };
    vec![("services", array(services.iter().map(record))), ("governing", self::governing(view))]
}

/// The Services that select a workload's pods.
pub(super) fn selecting(view: &View<'_>, workload: &Object) -> Vec<Arc<Object>> {
    let Some(labels) = entry::template_labels(workload) else { return Vec::new() };
    view.context.set.selecting(SERVICE, workload.namespace(), &labels)
}

/// `spec.serviceName` of a StatefulSet; `None` where it is empty.
fn service_name(object: &Object) -> Option<&str> {
    if !entry::is(object, "apps", "StatefulSet") {
        return None;
    }
    object.value.dig(&["spec", "serviceName"]).text().filter(|name| !name.is_empty())
}

fn governing(view: &View<'_>) -> Value {
    let Some(name) = service_name(view.object) else { return Value::Null };
    let service = view.context.set.get(SERVICE, view.object.namespace(), name);
    let Some(service) = service else {
        let nothing = record! { "place": Value::Null, "name": Value::from(name) };
        return entry::with(&nothing, [("exists", entry::yes_no(false)), ("selects", Value::from(false)), ("headless", Value::Null)]);
    };
    let labels = entry::template_labels(view.object).unwrap_or_default();
    let selects = selector(&service).is_some_and(|selector| selector.matches(&labels));
    entry::with(
        &record(view, &service),
        [("exists", entry::yes_no(true)), ("selects", Value::from(selects)), ("governing", Value::from(true))],
    )
}

fn selector(service: &Object) -> Option<Selector> {
    Selector::from_map(service.value.dig(&["spec", "selector"]))
}

/// The record of a Service.
fn record(view: &View<'_>, service: &Object) -> Value {
    let spec = service.value.at("spec");
    let ports = spec.at("ports").items().iter().enumerate();
    record! {
        "place": entry::place(view, service, &["metadata", "name"]),
        "name": Value::String(service.identity.name.clone()),
        "type": Value::from(spec.at("type").text().unwrap_or("ClusterIP")),
        "headless": Value::from(spec.at("clusterIP").text() == Some("None")),
        "publish_not_ready": Value::from(publishes_not_ready(service)),
        "ports": array(ports.map(|(nth, port)| self::port(port, nth))),
        "selector": spec.at("selector"),
        "external_ips": array(spec.at("externalIPs").items().iter().cloned()),
        "source_ranges": array(spec.at("loadBalancerSourceRanges").items().iter().cloned()),
    }
}

/// The field, or the annotation that it replaced.
fn publishes_not_ready(service: &Object) -> bool {
    let annotation = service.value.dig(&["metadata", "annotations", "service.alpha.kubernetes.io/tolerate-unready-endpoints"]);
    service.value.dig(&["spec", "publishNotReadyAddresses"]).flag() == Some(true) || annotation.text() == Some("true")
}

/// One port of a Service; `target` is what `targetPort` says, the port itself when unset.
fn port(port: &Value, nth: usize) -> Value {
    let target = port.at("targetPort");
    let unset = target.is_absent() || target.text() == Some("") || target.int() == Some(0);
    record! {
        "name": port.at("name"),
        "port": port.at("port"),
        "target": if unset { port.at("port") } else { target },
        "protocol": Value::from(port.at("protocol").text().unwrap_or("TCP")),
        "node_port": port.at("nodePort"),
        "path": Path::root().keys(&["spec", "ports"]).child(nth).to_value(),
    }
}

/// The judged Service: what it selects, what it governs, and which of its target ports the selected pods do not declare.
fn itself(view: &View<'_>) -> Value {
    let workloads = entry::selected(view, selector(view.object).as_ref(), view.object.namespace());
    let record = record(view, view.object);
    let governs = workloads.iter().filter(|workload| service_name(workload) == Some(&view.object.identity.name));
    let ports = record.at("ports").items().iter().map(|port| {
        let without = workloads.iter().filter(|workload| !entry::passing(workload) && !declares(workload, port));
        entry::with(port, [("undeclared_on", array(without.map(|workload| entry::place(view, workload, &["metadata", "name"]))))])
    });
    let fields = [
        ("ports", array(ports)),
        ("selects", Value::from(!workloads.is_empty())),
        ("governs", array(governs.map(|workload| entry::place(view, workload, &["metadata", "name"])))),
    ];
    entry::with(&record, fields)
}

/// Does a container of the workload declare the target of this port, by name or number and for the protocol?
fn declares(workload: &Object, port: &Value) -> bool {
    let Some(template) = template::pod_template(workload) else { return false };
    let spec = template.at("spec");
    let containers = ["initContainers", "containers"].into_iter().flat_map(|field| spec.at(field).items());
    let protocol = port.at("protocol").text();
    containers.flat_map(|container| container.at("ports").items()).any(|declared| {
        let same = match port.at("target") {
            name @ Value::String(_) => declared.at("name") == name,
            number => declared.at("containerPort") == number,
        };
        same && Some(declared.at("protocol").text().unwrap_or("TCP")) == protocol
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Unit, text};
    use crate::facts::Need;
    use crate::value::{Lookup, Value};

    const STORE: &str = r#"{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"s","namespace":"p"},"spec":{"serviceName":"head",
        "template":{"metadata":{"labels":{"app":"a","tier":"x"}},"spec":{"containers":[{"ports":[{"name":"redis","containerPort":6379}]}]}}}}"#;

    fn service(name: &str, spec: &str) -> String {
        format!(r#"{{"apiVersion":"v1","kind":"Service","metadata":{{"name":"{name}","namespace":"p"}},"spec":{spec}}}"#)
    }

    #[test]
    fn a_service_selects_by_a_subset_of_the_template_labels() {
        for (selector, selects) in [(r#"{"app":"a"}"#, true), (r#"{"app":"a","role":"master"}"#, false), ("{}", false), ("null", false)] {
            let related = Unit::new(&[STORE, &service("v", &format!(r#"{{"selector":{selector}}}"#))]).related("s", Need::Services);
            assert_eq!(related.at("services").items().len(), usize::from(selects), "{selector}");
        }
    }

    #[test]
    fn the_governing_service_is_there_headless_and_selects_or_not() {
        for (name, spec, wanted) in [
            ("head", r#"{"clusterIP":"None","selector":{"app":"a"}}"#, "yes true true"),
            ("head", r#"{"selector":{"app":"a"}}"#, "yes false true"),
            ("head", r#"{"clusterIP":"None","selector":{"app":"b"}}"#, "yes true false"),
            ("head", r#"{"clusterIP":"None"}"#, "yes true false"),
            ("other", r#"{"clusterIP":"None","selector":{"app":"a"}}"#, "no null false"),
        ] {
            let related = Unit::new(&[STORE, &service(name, spec)]).related("s", Need::Services);
            let governing = related.at("governing");
            assert_eq!(["exists", "headless", "selects"].map(|key| text(governing.at(key))).join(" "), wanted, "{name} {spec}");
        }
    }

    #[test]
    fn a_service_says_which_target_ports_nobody_declares() {
        for (port, undeclared) in [
            (r#"{"port":6379}"#, 0),
            (r#"{"port":80,"targetPort":"redis"}"#, 0),
            (r#"{"port":80,"targetPort":"http"}"#, 1),
            (r#"{"port":80}"#, 1),
            (r#"{"port":6379,"protocol":"UDP"}"#, 1),
        ] {
            let related = Unit::new(&[STORE, &service("head", &format!(r#"{{"selector":{{"app":"a"}},"ports":[{port}]}}"#))])
                .related("head", Need::Services);
            let own = related.at("self");
            let port_facts = own.at("ports").items().first().unwrap().clone();
            assert_eq!(port_facts.at("undeclared_on").items().len(), undeclared, "{port}");
            assert_eq!(own.at("governs").items().len(), 1);
        }
    }

    #[test]
    fn malformed_services_are_no_reason_to_panic() {
        for spec in ["null", "[]", r#"{"ports":"x","selector":[1]}"#, r#"{"ports":[null,7],"selector":{"app":3},"type":4}"#] {
            let related = Unit::new(&[STORE, &service("head", spec)]);
            assert_eq!(related.related("s", Need::Services).at("services"), &Value::from(Vec::new()), "{spec}");
            assert_eq!(text(related.related("head", Need::Services).dig(&["self", "selects"])), "false");
        }
    }
}
