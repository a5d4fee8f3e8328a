//! Does a policy let a pod ask the cluster's DNS?
//!
//! The DNS pods are known by convention only: in `kube-system`, labelled `k8s-app`. So the answer leans on what the rule is
//! about. One that names port 53 means DNS, and any peer that may be the cluster's DNS will do; one for all ports has to
//! reach `kube-system`, everything, or a private network.

use super::peer::{self, NAME_LABEL};
use super::policy::Policy;
use super::{View, cidr, namespace_labels, ports};
use crate::objects::Selector;
use crate::value::{Lookup, Value};

const HOME: &str = "kube-system";
/// 53, and where OpenShift's DNS pods listen, which is what its policies have to name.
const PORTS: [i64; 2] = [53, 5353];
/// A range of more ports than this is not about DNS.
const NARROW: i64 = 1_024;

/// What is known of the cluster's DNS.
pub(super) struct Resolver {
    /// Labels of its namespace.
    namespace: Vec<(String, String)>,
}

impl Resolver {
    /// Reads the labels of `kube-system`, where the set knows it.
    pub(super) fn new(view: &View<'_>) -> Self {
        Self { namespace: namespace_labels(view, Some(HOME)) }
    }

    /// Does a policy of `namespace` allow UDP to the cluster's DNS?
    pub(super) fn admitted(&self, policy: &Policy<'_>, namespace: Option<&str>) -> bool {
        policy.egress.iter().any(|rule| {
            let Some(about_dns) = about(rule) else { return false };
            let peers = rule.at("to").items();
            peers.is_empty() || peers.iter().any(|peer| self.may_be(peer, about_dns, namespace))
        })
    }

    fn may_be(&self, peer: &Value, about_dns: bool, namespace: Option<&str>) -> bool {
        if !peer.at("ipBlock").is_absent() {
            return cidr::Block::read(peer.at("ipBlock")).is_some_and(|block| block.may_hold_dns(about_dns));
        }
        let (pods, namespaces) = (peer.at("podSelector"), peer.at("namespaceSelector"));
        if pods.is_absent() && namespaces.is_absent() {
            return false;
        }
        let home = if namespaces.is_absent() { namespace == Some(HOME) } else { self.may_be_home(namespaces, about_dns) };
        home && (pods.is_absent() || may_be_server(pods, about_dns))
    }

    /// May a namespace selector select the namespace of the DNS? Its name is known; other labels may be set, and those that
    /// name it are believed to be.
    fn may_be_home(&self, selector: &Value, about_dns: bool) -> bool {
        let known: Vec<(&str, &str)> = self.namespace.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let believed = |key: &str, value: &str| {
            if key == NAME_LABEL { value.contains("dns") } else { about_dns || value.contains("dns") || value.contains(HOME) }
        };
        may_match(selector, &known, believed)
    }
}

/// May a pod selector select the DNS pods?
fn may_be_server(selector: &Value, about_dns: bool) -> bool {
    may_match(selector, &[("k8s-app", "kube-dns")], |_, value| about_dns || value.contains("dns"))
}

/// Does a selector match the known labels, or these with labels that it asks for and that are believed?
fn may_match(selector: &Value, known: &[(&str, &str)], believed: impl Fn(&str, &str) -> bool) -> bool {
    let Some(parsed) = Selector::from_label_selector(selector) else { return false };
    let asked: Vec<(&str, &str)> = peer::asked_labels(selector).into_iter().filter(|(key, value)| believed(key, value)).collect();
    let kept = known.iter().filter(|(key, _)| !asked.iter().any(|(other, _)| other == key));
    let labels: Vec<(&str, &str)> = kept.chain(&asked).copied().collect();
    parsed.matches(known) || parsed.matches(&labels)
}

/// Does a rule allow UDP to a DNS port, and if so, does it mean it? `None` where it does not allow it.
fn about(rule: &Value) -> Option<bool> {
    let listed = rule.at("ports").items();
    if listed.is_empty() {
        return Some(false);
    }
    let meant = |port: &Value| {
        if ports::protocol(port) != "UDP" {
            return None;
        }
        let Some(range) = ports::numbers(port) else {
            let name = port.at("port").text()?;
            return (name.contains("dns") || name.contains("53")).then_some(true);
        };
        let inside = PORTS.iter().any(|port| range.from <= *port && *port <= range.to);
        inside.then_some(range.to.saturating_sub(range.from) < NARROW)
    };
    listed.iter().filter_map(meant).max()
}
