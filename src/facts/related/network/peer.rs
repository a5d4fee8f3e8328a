//! Whom a rule of a NetworkPolicy is about: its `from` or `to`.

use super::cidr;
use crate::objects::Selector;
use crate::value::{Lookup, Value};

/// The label that the API server gives every namespace.
pub(super) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Pods of the policy's own namespace, and that namespace.
pub(super) struct Source<'a> {
    /// The pods' labels.
    pub(super) labels: &'a [(&'a str, &'a str)],
    /// The labels of their namespace.
    pub(super) namespace: &'a [(&'a str, &'a str)],
}

/// Selectors of one peer that names pods.
struct Pods {
    /// `None`: the policy's own namespace.
    namespaces: Option<Selector>,
    pods: Selector,
}

/// `None` where the peer is an `ipBlock`, names nothing, or has a selector that the API server refuses.
fn pods(peer: &Value) -> Option<Pods> {
    let (pods, namespaces) = (peer.at("podSelector"), peer.at("namespaceSelector"));
    if !peer.at("ipBlock").is_absent() || (pods.is_absent() && namespaces.is_absent()) {
        return None;
    }
    let read = |selector: &Value| if selector.is_absent() { Some(None) } else { Selector::from_label_selector(selector).map(Some) };
    Some(Pods { namespaces: read(namespaces)?, pods: read(pods)?.unwrap_or_default() })
}

/// Is a rule with these peers about everybody? No peers are everybody; so are all pods of all namespaces, and all addresses.
pub(super) fn everybody(peers: &Value) -> bool {
    let anyone = |peer: &Value| match pods(peer) {
        Some(pods) => pods.namespaces.is_some_and(|namespaces| namespaces.is_empty()) && pods.pods.is_empty(),
        None => cidr::Block::read(peer.at("ipBlock")).is_some_and(|block| block.is_everything()),
    };
    peers.items().is_empty() || peers.items().iter().any(anyone)
}

/// Is a rule with these peers about pods of the policy's own namespace with these labels?
pub(super) fn admits(peers: &Value, source: &Source<'_>) -> bool {
    let admits = |peer: &Value| match pods(peer) {
        Some(pods) => pods.pods.matches(source.labels) && pods.namespaces.is_none_or(|namespaces| namespaces.matches(source.namespace)),
        None => cidr::Block::read(peer.at("ipBlock")).is_some_and(|block| block.is_everything()),
    };
    peers.items().is_empty() || peers.items().iter().any(admits)
}

/// Are the peers pods of the own namespace that `selector` selects, whatever else they are, and nobody else?
pub(super) fn only(peers: &Value, selector: &Selector) -> bool {
    let own =
        |peer: &Value| pods(peer).is_some_and(|pods| pods.namespaces.is_none()) && selector.matches(&asked_labels(peer.at("podSelector")));
    !peers.items().is_empty() && peers.items().iter().all(own)
}

/// The labels that a label selector asks for: its `matchLabels`, the first value of each `In`.
pub(super) fn asked_labels(selector: &Value) -> Vec<(&str, &str)> {
    let plain = selector.at("matchLabels").entries().filter_map(|(key, value)| Some((key, value.text()?)));
    let expressions = selector.at("matchExpressions").items().iter().filter(|expression| expression.at("operator").text() == Some("In"));
    let first = expressions.filter_map(|expression| Some((expression.at("key").text()?, expression.at("values").items().first()?.text()?)));
    plain.chain(first).collect()
}
