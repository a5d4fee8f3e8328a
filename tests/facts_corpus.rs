//! Facts of every object of the rendered public charts: what must hold whatever a chart does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use kubelint::facts::{Context, Facts, Need, Request};
use kubelint::objects::{Object, UnitSet};
use kubelint::place::Path;
use kubelint::value::{Lookup, Value};

#[path = "support/corpus.rs"]
mod corpus;

fn at<'a>(object: &'a Object, path: &Value) -> &'a Value {
    object.value.at_path(Path::from_value(path).unwrap_or_else(|| panic!("{path} is no path")).steps())
}

/// Rules see JSON: nothing undefined, no sets.
fn assert_json(value: &Value, way: &str) {
    match value {
        Value::Undefined | Value::Set(_) => panic!("{way} is {value:?}"),
        Value::Array(_) => value.items().iter().for_each(|item| assert_json(item, way)),
        Value::Object(map) => {
            assert_eq!(value.entries().count(), map.len(), "{way} has a key that is no text");
            value.entries().for_each(|(key, value)| assert_json(value, &format!("{way}.{key}")));
        }
        _ => {}
    }
}

fn check_container(object: &Object, container: &Value) {
    let who = format!("{} {}", object.identity, container.at("name"));
    assert_eq!(at(object, container.at("path")), container.at("spec"), "{who}");
    for list in ["ports", "env"] {
        let written = container.at("spec").at(list).items();
        let facts = container.at(list).items();
        assert_eq!(written.len(), facts.len(), "{who}");
        for (written, fact) in written.iter().zip(facts) {
            assert_eq!(at(object, fact.at("path")), written, "{who}");
        }
    }
    for mount in container.at("mounts").items() {
        assert_eq!(at(object, mount.at("at")).at("mountPath"), mount.at("path"), "{who}");
        assert!(!mount.at("source").is_absent(), "{who} mounts {mount} from nowhere");
    }
    for (name, probe) in container.at("probes").entries() {
        let written = container.at("spec").at(&format!("{name}Probe"));
        assert_eq!(probe.is_absent(), written.is_absent(), "{who}");
        if !probe.is_absent() {
            assert_eq!(at(object, probe.at("path")), written, "{who}");
            assert!(probe.at("budget").int().is_some_and(|budget| budget > 0), "{who} {name}");
            assert_ne!(probe.at("kind").text(), Some("none"), "{who} {name}");
        }
    }
    for resource in ["cpu", "memory"] {
        let facts = container.at(resource);
        for figure in ["request", "limit"] {
            let (amount, source) = (facts.at(figure), facts.at(&format!("{figure}_source")).text().unwrap());
            assert_eq!(amount.is_absent(), source == "none", "{who}: {facts}");
            if figure == "limit" && source == "container" {
                assert!(!at(object, facts.at("limit_path")).is_absent(), "{who}: {facts}");
            }
        }
    }
}

fn check(object: &Object, workload: &Value) {
    let who = &object.identity;
    // The document of an operator's resource is that of what the operator makes of it: only its places are the resource's own.
    if who.group().contains('.') {
        for container in workload.at("containers").items() {
            assert!(!at(object, container.at("path")).is_absent(), "{who} {}", container.at("name"));
        }
        return;
    }
    assert_eq!(at(object, workload.at("spec_path")), workload.at("spec"), "{who}");
    assert_ne!(workload.at("selector_matches").flag(), Some(false), "{who}");
    let containers = workload.at("containers").items();
    containers.iter().for_each(|container| check_container(object, container));
    let guaranteed = workload.at("qos").text() == Some("Guaranteed");
    assert_eq!(guaranteed, workload.at("qos_breakers").items().is_empty(), "{who}");
    if &*who.kind == "StatefulSet" {
        assert!(containers.iter().any(|container| container.at("holds_state").flag() == Some(true)), "{who} has no state");
        assert!(workload.at("replicas").int().is_some(), "{who}");
    }
    for reference in workload.at("config_refs").items() {
        let named = at(object, reference.at("path"));
        assert!(named == reference.at("name") || named == reference.at("key"), "{who}: {reference}");
    }
    for list in ["volumes", "claims"] {
        for entry in workload.at(list).items() {
            let written = at(object, entry.at("path"));
            assert!([written.at("name"), written.dig(&["metadata", "name"])].contains(&entry.at("name")), "{who}: {entry}");
        }
    }
}

#[test]
fn facts_of_public_charts_hold_together() {
    let files = corpus::renderings();
    if files.is_empty() {
        eprintln!("SKIPPED: no rendered charts here, so the facts of public charts were not checked");
        return;
    }
    let (mut seen, mut stateful_sets) = (0, 0);
    for file in files {
        let objects = corpus::objects(&file);
        let set = UnitSet::new(objects.clone(), true);
        let context = Context { set: &set, kubernetes_minor: 37 };
        let request = Request::offline(false);
        for object in &objects {
            let facts = Facts::new(object, None, &request, context);
            let input = facts.input(Need::ALL, &Value::Null);
            assert_json(&input, &format!("{}: {}", file.display(), object.identity));
            assert_eq!(input, Facts::new(object, None, &request, context).input(Need::ALL, &Value::Null), "{}", object.identity);
            if !facts.workload().is_absent() {
                check(object, facts.workload());
                seen += 1;
            }
            stateful_sets += usize::from(&*object.identity.kind == "StatefulSet");
        }
    }
    assert!(seen > 300 && stateful_sets > 100, "only {seen} workloads, {stateful_sets} StatefulSets");
}
