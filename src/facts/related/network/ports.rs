//! Which ports a rule of a NetworkPolicy is about.

use crate::objects::{Object, template};
use crate::value::{Lookup, Value, object};

/// Ports of one protocol, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    /// `TCP`, `UDP` or `SCTP`.
    pub(super) protocol: String,
    /// First port.
    pub(super) from: i64,
    /// Last port.
    pub(super) to: i64,
}

impl Range {
    fn full(protocol: &str) -> Self {
        Self { protocol: protocol.to_owned(), from: 1, to: 65_535 }
    }

    /// As the rules see it.
    pub(super) fn to_value(&self) -> Value {
        object([("protocol", Value::from(self.protocol.as_str())), ("from", Value::from(self.from)), ("to", Value::from(self.to))])
    }
}

/// All ports of all protocols.
pub(super) fn all() -> Vec<Range> {
    ["SCTP", "TCP", "UDP"].map(Range::full).into()
}

/// The ports of a rule on the pods of a workload; names are looked up there. No `ports` are all ports.
pub(super) fn of_rule(rule: &Value, workload: &Object) -> Vec<Range> {
    let listed = rule.at("ports").items();
    if listed.is_empty() { all() } else { listed.iter().flat_map(|port| of_port(port, workload)).collect() }
}

/// The protocol of an item of `ports`, TCP when left out.
pub(super) fn protocol(port: &Value) -> &str {
    port.at("protocol").text().unwrap_or("TCP")
}

/// The ports of an item that gives numbers or nothing: `port`, `port` to `endPort`, or all. `None` for a name.
pub(super) fn numbers(port: &Value) -> Option<Range> {
    let protocol = protocol(port);
    if port.at("port").is_absent() {
        return Some(Range::full(protocol));
    }
    let from = port.at("port").int()?;
    let to = port.at("endPort").int().unwrap_or(from);
    Some(Range { protocol: protocol.to_owned(), from, to })
}

fn of_port(port: &Value, workload: &Object) -> Vec<Range> {
    let named = || port.at("port").text().map(|name| declared(workload, name, protocol(port))).unwrap_or_default();
    numbers(port).map_or_else(named, |range| vec![range])
}

/// The ports that containers of a workload declare under a name.
fn declared(workload: &Object, name: &str, protocol: &str) -> Vec<Range> {
    let Some(template) = template::pod_template(workload) else { return Vec::new() };
    let spec = template.at("spec");
    let containers = ["initContainers", "containers"].into_iter().flat_map(|field| spec.at(field).items());
    let ports = containers.flat_map(|container| container.at("ports").items());
    let ports = ports.filter(|port| port.at("name").text() == Some(name) && self::protocol(port) == protocol);
    let range = |number: i64| Range { protocol: protocol.to_owned(), from: number, to: number };
    ports.filter_map(|port| port.at("containerPort").int().map(range)).collect()
}

/// These ranges in order, joined where they touch; empty ones left out.
pub(super) fn union(ranges: impl IntoIterator<Item = Range>) -> Vec<Range> {
    let mut ranges: Vec<Range> = ranges.into_iter().filter(|range| range.from <= range.to).collect();
    ranges.sort();
    let mut joined: Vec<Range> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.protocol == range.protocol && range.from <= last.to.saturating_add(1) => last.to = last.to.max(range.to),
            _ => joined.push(range),
        }
    }
    joined
}
