//! Tests: tables of cases, and the union of policies against a brute-force model.

use proptest::prelude::*;

use super::super::testing::{Unit, text};
use crate::facts::Need;
use crate::value::{Lookup, Value};

fn policy(name: &str, spec: &str) -> String {
    format!(
        r#"{{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{{"name":"{name}","namespace":"p"}},"spec":{spec}}}"#
    )
}

fn pod(host: bool) -> String {
    format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"w","namespace":"p"}},"spec":{{"template":{{"metadata":{{"labels":{{"app":"a"}}}},
            "spec":{{"hostNetwork":{host},"containers":[{{"ports":[{{"name":"redis","containerPort":6379}}]}}]}}}}}}}}"#
    )
}

const DENY: &str = r#"{"podSelector":{},"policyTypes":["Ingress","Egress"]}"#;

#[test]
fn left_out_policy_types_follow_the_rules_that_are_there() {
    for (spec, isolated) in [
        (r#"{"podSelector":{}}"#, "true false"),
        (r#"{"podSelector":{},"policyTypes":[]}"#, "true false"),
        (r#"{"podSelector":{},"egress":[]}"#, "true false"),
        (r#"{"podSelector":{},"egress":[{}]}"#, "true true"),
        (r#"{"podSelector":{},"policyTypes":["Egress"]}"#, "false true"),
        (r#"{"podSelector":{"matchLabels":{"app":"b"}}}"#, "false false"),
        (r#"{"podSelector":null}"#, "false false"),
        (DENY, "true true"),
    ] {
        let network = Unit::new(&[&pod(false), &policy("n", spec)]).related("w", Need::NetworkPolicies).at("network").clone();
        assert_eq!(format!("{} {}", text(network.at("ingress_isolated")), text(network.at("egress_isolated"))), isolated, "{spec}");
        let host = Unit::new(&[&pod(true), &policy("n", spec)]).related("w", Need::NetworkPolicies).at("network").clone();
        assert_eq!((text(host.at("ingress_isolated")), text(host.at("dns"))), ("false".into(), "unrestricted".into()), "{spec}");
    }
}

#[test]
fn dns_is_allowed_by_what_may_reach_it() {
    let system = r#""namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}}"#;
    let udp = r#""ports":[{"protocol":"UDP","port":53}]"#;
    for (rule, allowed) in [
        ("{}".to_owned(), true),
        (format!("{{{udp}}}"), true),
        (r#"{"ports":[{"port":53}]}"#.to_owned(), false),
        (r#"{"ports":[{"protocol":"UDP"}]}"#.to_owned(), true),
        (r#"{"ports":[{"protocol":"UDP","port":50,"endPort":60}]}"#.to_owned(), true),
        (r#"{"ports":[{"protocol":"UDP","port":54,"endPort":60}]}"#.to_owned(), false),
        (r#"{"ports":[{"protocol":"UDP","port":"dns"}]}"#.to_owned(), true),
        (r#"{"ports":[{"protocol":"TCP","port":6379},{"protocol":"UDP","port":53}]}"#.to_owned(), true),
        (format!(r#"{{"to":[{{{system}}}]}}"#), true),
        (format!(r#"{{"to":[{{"namespaceSelector":{{}}}}],{udp}}}"#), true),
        (format!(r#"{{"to":[{{{system},"podSelector":{{"matchLabels":{{"k8s-app":"kube-dns"}}}}}}],{udp}}}"#), true),
        (format!(r#"{{"to":[{{{system},"podSelector":{{"matchLabels":{{"app":"metrics"}}}}}}]}}"#), false),
        (format!(r#"{{"to":[{{"namespaceSelector":{{"matchLabels":{{"name":"kube-system"}}}}}}],{udp}}}"#), true),
        (format!(r#"{{"to":[{{"namespaceSelector":{{"matchLabels":{{"kubernetes.io/metadata.name":"monitoring"}}}}}}],{udp}}}"#), false),
        (r#"{"to":[{"namespaceSelector":{"matchLabels":{"env":"prod"}}}]}"#.to_owned(), false),
        (format!(r#"{{"to":[{{"podSelector":{{"matchLabels":{{"k8s-app":"kube-dns"}}}}}}],{udp}}}"#), false),
        (format!(r#"{{"to":[{{"podSelector":{{}}}}],{udp}}}"#), false),
        (r#"{"to":[{"ipBlock":{"cidr":"0.0.0.0/0"}}]}"#.to_owned(), true),
        (r#"{"to":[{"ipBlock":{"cidr":"0.0.0.0/0","except":["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16","100.64.0.0/10","169.254.0.0/16"]}}]}"#.to_owned(), false),
        (r#"{"to":[{"ipBlock":{"cidr":"0.0.0.0/0","except":["169.254.169.254/32"]}}]}"#.to_owned(), true),
        (r#"{"to":[{"ipBlock":{"cidr":"10.0.0.0/8"}}]}"#.to_owned(), true),
        (r#"{"to":[{"ipBlock":{"cidr":"10.1.2.3/32"}}]}"#.to_owned(), false),
        (format!(r#"{{"to":[{{"ipBlock":{{"cidr":"10.96.0.10/32"}}}}],{udp}}}"#), true),
        (r#"{"to":[{"ipBlock":{"cidr":"8.8.8.0/24"}}]}"#.to_owned(), false),
        (r#"{"to":[{}]}"#.to_owned(), false),
    ] {
        let spec = format!(r#"{{"podSelector":{{}},"policyTypes":["Egress"],"egress":[{rule}]}}"#);
        let network = Unit::new(&[&pod(false), &policy("n", &spec)]).related("w", Need::NetworkPolicies).at("network").clone();
        assert_eq!(text(network.at("dns")), if allowed { "allowed" } else { "blocked" }, "{rule}");
        assert_eq!(network.at("dns_blockers").items().len(), usize::from(!allowed), "{rule}");
    }
}

#[test]
fn the_isolating_policy_is_judged_by_the_union() {
    let dns = policy("dns", r#"{"podSelector":{},"policyTypes":["Egress"],"egress":[{"ports":[{"protocol":"UDP","port":53}]}]}"#);
    let for_others = policy("other", r#"{"podSelector":{"matchLabels":{"app":"b"}},"policyTypes":["Egress"],"egress":[{}]}"#);
    let redis = policy("redis", r#"{"podSelector":{"matchLabels":{"app":"redis"}},"ingress":[{}]}"#);
    let (deny, pod) = (policy("deny", DENY), pod(false));
    for (objects, blocks, workloads) in [
        (vec![&pod, &deny, &redis], "true", 1),
        (vec![&pod, &deny, &for_others], "true", 1),
        (vec![&pod, &deny, &dns], "false", 0),
        (vec![&deny, &redis], "true", 0),
        (vec![&deny, &dns], "false", 0),
        (vec![&deny, &for_others], "false", 0),
    ] {
        let objects: Vec<&str> = objects.into_iter().map(String::as_str).collect();
        let own = Unit::new(&objects).related("deny", Need::NetworkPolicies).at("self").clone();
        assert_eq!((text(own.at("blocks_dns")), own.at("blocks_dns_for").items().len()), (blocks.into(), workloads), "{objects:?}");
    }
    let own = Unit::new(&[&pod, &redis]).related("redis", Need::NetworkPolicies).at("self").clone();
    assert_eq!((text(own.at("egress_isolates")), text(own.at("blocks_dns"))), ("false".into(), "false".into()));
}

#[test]
fn a_policy_that_admits_only_its_own_pods_is_known() {
    let select = r#""podSelector":{"matchLabels":{"app":"a"}}"#;
    for (from, only) in [
        (r#"[{"podSelector":{"matchLabels":{"app":"a"}}}]"#, true),
        (r#"[{"podSelector":{"matchLabels":{"app":"a","role":"x"}}}]"#, true),
        (r#"[{"podSelector":{"matchLabels":{"app":"b"}}}]"#, false),
        (r#"[{"podSelector":{"matchLabels":{"app":"a"}},"namespaceSelector":{}}]"#, false),
        (r#"[{"podSelector":{}}]"#, false),
        (r#"[{"ipBlock":{"cidr":"10.0.0.0/8"}}]"#, false),
        ("[]", false),
    ] {
        let spec = format!(r#"{{{select},"ingress":[{{"from":{from}}}]}}"#);
        let own = Unit::new(&[&policy("n", &spec)]).related("n", Need::NetworkPolicies).at("self").clone();
        assert_eq!(text(own.at("admits_only_self")), only.to_string(), "{from}");
        let clients = policy("c", &format!(r#"{{{select},"ingress":[{{"from":[{{"podSelector":{{}}}}]}}]}}"#));
        let own = Unit::new(&[&policy("n", &spec), &clients]).related("n", Need::NetworkPolicies).at("self").clone();
        assert_eq!(text(own.at("admits_only_self")), "false", "clients are admitted by another policy");
    }
}

#[test]
fn a_namespace_lists_its_policies() {
    let namespace = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"p"}}"#;
    for (spec, wanted) in [
        (DENY, "true true true"),
        (r#"{"podSelector":{}}"#, "true true false"),
        (r#"{"podSelector":{"matchLabels":{"app":"a"}}}"#, "false true false"),
    ] {
        let policies = Unit::new(&[namespace, &policy("n", spec)]).related("p", Need::NetworkPolicies).at("policies").clone();
        let first = policies.items().first().unwrap();
        assert_eq!(["selects_all", "ingress", "egress"].map(|key| text(first.at(key))).join(" "), wanted, "{spec}");
    }
}

#[test]
fn the_bus_of_a_cluster_is_blocked_where_its_port_is_not() {
    let document =
        |ports: &str| Value::from_json_str(&format!(r#"{{"containers":[{{"software":{{"cluster":true}},"ports":[{ports}]}}]}}"#)).unwrap();
    let range = |from, to| super::Range { protocol: "TCP".into(), from, to };
    for (ports, open, blocked) in [
        (r#"{"number":6379},{"number":16379}"#, vec![range(6379, 6379)], true),
        (r#"{"number":6379},{"number":16379}"#, vec![range(6379, 6379), range(16379, 16379)], false),
        ("", vec![range(6379, 6379)], true),
        ("", vec![range(1, 65535)], false),
        (r#"{"number":60000}"#, vec![range(1, 65535)], false),
        (r#"{"number":7000}"#, vec![range(6379, 6379)], false),
    ] {
        assert_eq!(super::bus_blocked(&document(ports), std::slice::from_ref(&open)), blocked, "{ports} {open:?}");
    }
    assert!(!super::bus_blocked(&Value::Null, &[vec![range(6379, 6379)]]));
}

#[test]
fn named_ports_are_those_that_the_containers_declare() {
    for (port, open) in [(r#""redis""#, "6379"), (r#""http""#, "none"), ("16379", "16379"), (r#"6000,"endPort":7000"#, "6000-7000")] {
        let spec = format!(r#"{{"podSelector":{{}},"ingress":[{{"ports":[{{"port":{port}}}]}}]}}"#);
        let network = Unit::new(&[&pod(false), &policy("n", &spec)]).related("w", Need::NetworkPolicies).at("network").clone();
        let range = |range: &Value| match (text(range.at("from")), text(range.at("to"))) {
            (from, to) if from == to => from,
            (from, to) => format!("{from}-{to}"),
        };
        assert_eq!(network.at("open_ports").items().first().map_or("none".to_owned(), range), open, "{port}");
    }
}

#[test]
fn malformed_policies_are_no_reason_to_panic() {
    for spec in [
        "null",
        "3",
        r#"{"podSelector":{},"egress":"x","ingress":[null,{"from":7,"ports":[null,{"port":-1,"endPort":-5}]}]}"#,
        r#"{"podSelector":{},"egress":[{"to":[null,{"ipBlock":{"cidr":"10.0.0.0/99"}},{"ipBlock":{"cidr":"::/0"}}],"ports":[{"port":[]}]}]}"#,
    ] {
        let unit = Unit::new(&[&pod(false), &policy("n", spec)]);
        assert!(matches!(unit.related("w", Need::NetworkPolicies).at("network").at("dns"), Value::String(_)), "{spec}");
        assert!(unit.related("n", Need::NetworkPolicies).dig(&["self", "blocks_dns"]).flag().is_some(), "{spec}");
    }
}

/// A selector of the model, over one label.
#[derive(Debug, Clone)]
enum Sel {
    All,
    Is(&'static str, &'static str),
    Has(&'static str),
    Not(&'static str, &'static str),
}

impl Sel {
    fn json(&self) -> String {
        match self {
            Self::All => "{}".into(),
            Self::Is(key, value) => format!(r#"{{"matchLabels":{{"{key}":"{value}"}}}}"#),
            Self::Has(key) => format!(r#"{{"matchExpressions":[{{"key":"{key}","operator":"Exists"}}]}}"#),
            Self::Not(key, value) => format!(r#"{{"matchExpressions":[{{"key":"{key}","operator":"NotIn","values":["{value}"]}}]}}"#),
        }
    }

    fn holds(&self, labels: &[(&'static str, &'static str)]) -> bool {
        match self {
            Self::All => true,
            Self::Is(key, value) => labels.contains(&(key, value)),
            Self::Has(key) => labels.iter().any(|(other, _)| other == key),
            Self::Not(key, value) => !labels.contains(&(key, value)),
        }
    }
}

#[derive(Debug, Clone)]
struct Peer {
    namespaces: Option<Sel>,
    pods: Option<Sel>,
}

#[derive(Debug, Clone)]
struct Rule {
    peers: Vec<Peer>,
    ports: Vec<(i64, i64)>,
}

#[derive(Debug, Clone)]
struct Model {
    pods: Sel,
    types: Option<(bool, bool)>,
    ingress: Vec<Rule>,
    egress: Vec<Rule>,
}

type Labels = Vec<(&'static str, &'static str)>;

/// Pods that a rule may be about: the labels of their namespace, and their own.
fn universe() -> Vec<(Labels, Labels)> {
    let options: [&[(&str, &str)]; 4] = [&[], &[("app", "a")], &[("app", "b")], &[("app", "a"), ("tier", "x")]];
    let spaces: [&[(&str, &str)]; 3] = [
        &[("team", "1"), (super::peer::NAME_LABEL, "p")],
        &[(super::peer::NAME_LABEL, "q")],
        &[("team", "2"), (super::peer::NAME_LABEL, "r")],
    ];
    spaces.iter().flat_map(|space| options.iter().map(move |pod| (space.to_vec(), pod.to_vec()))).collect()
}

impl Rule {
    fn json(&self, side: &str) -> String {
        let field = |name: &str, selector: &Option<Sel>| selector.as_ref().map(|selector| format!(r#""{name}":{}"#, selector.json()));
        let peer = |peer: &Peer| {
            let fields = [field("namespaceSelector", &peer.namespaces), field("podSelector", &peer.pods)];
            format!("{{{}}}", fields.into_iter().flatten().collect::<Vec<_>>().join(","))
        };
        let peers: Vec<String> = self.peers.iter().map(peer).collect();
        let ports: Vec<String> = self.ports.iter().map(|(from, to)| format!(r#"{{"port":{from},"endPort":{to}}}"#)).collect();
        format!(r#"{{"{side}":[{}],"ports":[{}]}}"#, peers.join(","), ports.join(","))
    }

    /// The rule in the words of the Kubernetes documentation.
    fn allows(&self, (space, pod): &(Labels, Labels), port: i64) -> bool {
        let peer = self.peers.is_empty()
            || self.peers.iter().any(|peer| match (&peer.namespaces, &peer.pods) {
                (Some(namespaces), pods) => namespaces.holds(space) && pods.as_ref().is_none_or(|pods| pods.holds(pod)),
                (None, Some(pods)) => space.contains(&(super::peer::NAME_LABEL, "p")) && pods.holds(pod),
                (None, None) => false,
            });
        peer && (self.ports.is_empty() || self.ports.iter().any(|(from, to)| *from <= port && port <= *to))
    }
}

impl Model {
    fn json(&self, name: usize) -> String {
        let rules = |rules: &[Rule], side: &str| rules.iter().map(|rule| rule.json(side)).collect::<Vec<_>>().join(",");
        let types = self.types.map(|(ingress, egress)| {
            let types: Vec<&str> =
                [(ingress, r#""Ingress""#), (egress, r#""Egress""#)].into_iter().filter(|(on, _)| *on).map(|(_, text)| text).collect();
            format!(r#","policyTypes":[{}]"#, types.join(","))
        });
        let body = format!(
            r#"{{"podSelector":{},"ingress":[{}],"egress":[{}]{}}}"#,
            self.pods.json(),
            rules(&self.ingress, "from"),
            rules(&self.egress, "to"),
            types.unwrap_or_default()
        );
        policy(&format!("n{name}"), &body)
    }

    fn types(&self) -> (bool, bool) {
        match self.types {
            None | Some((false, false)) => (true, !self.egress.is_empty()),
            Some(types) => types,
        }
    }
}

fn selector() -> impl Strategy<Value = Sel> {
    prop_oneof![
        Just(Sel::All),
        Just(Sel::Is("app", "a")),
        Just(Sel::Is("tier", "x")),
        Just(Sel::Has("tier")),
        Just(Sel::Not("app", "b")),
        Just(Sel::Is("app", "b"))
    ]
}

fn peer() -> impl Strategy<Value = Peer> {
    let pods = prop_oneof![Just(Sel::All), Just(Sel::Is("app", "a")), Just(Sel::Has("tier"))];
    let namespaces = prop_oneof![Just(Sel::All), Just(Sel::Is("team", "1")), Just(Sel::Is("team", "2"))];
    (proptest::option::of(namespaces), proptest::option::of(pods)).prop_map(|(namespaces, pods)| Peer { namespaces, pods })
}

fn rule() -> impl Strategy<Value = Rule> {
    let port = (1_i64..10, 0_i64..4).prop_map(|(from, more)| (from, from + more));
    (proptest::collection::vec(peer(), 0..3), proptest::collection::vec(port, 0..3)).prop_map(|(peers, ports)| Rule { peers, ports })
}

fn model() -> impl Strategy<Value = Model> {
    let rules = || proptest::collection::vec(rule(), 0..3);
    (selector(), proptest::option::of(any::<(bool, bool)>()), rules(), rules()).prop_map(|(pods, types, ingress, egress)| Model {
        pods,
        types,
        ingress,
        egress,
    })
}

fn holds(ranges: &Value, port: i64) -> bool {
    ranges.items().iter().any(|range| {
        range.at("protocol").text() == Some("TCP") && range.at("from").int().unwrap() <= port && port <= range.at("to").int().unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_union_is_what_every_single_connection_says(models in proptest::collection::vec(model(), 0..4)) {
        let namespace = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"p","labels":{"team":"1"}}}"#;
        let mut objects = vec![pod(false), namespace.to_owned()];
        objects.extend(models.iter().enumerate().map(|(name, model)| model.json(name)));
        let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
        let network = Unit::new(&objects).related("w", Need::NetworkPolicies).at("network").clone();

        let own: (Labels, Labels) = (vec![("team", "1"), (super::peer::NAME_LABEL, "p")], vec![("app", "a")]);
        let mine: Vec<&Model> = models.iter().filter(|model| model.pods.holds(&own.1)).collect();
        let (ingress, egress) = (mine.iter().any(|model| model.types().0), mine.iter().any(|model| model.types().1));
        prop_assert_eq!(network.at("ingress_isolated").flag(), Some(ingress));
        prop_assert_eq!(network.at("egress_isolated").flag(), Some(egress));
        let from = |peer: &(Labels, Labels), port| {
            !ingress || mine.iter().any(|model| model.types().0 && model.ingress.iter().any(|rule| rule.allows(peer, port)))
        };
        let to = |peer: &(Labels, Labels), port| {
            !egress || mine.iter().any(|model| model.types().1 && model.egress.iter().any(|rule| rule.allows(peer, port)))
        };
        for port in 1..16 {
            prop_assert_eq!(holds(network.at("own_ingress"), port), from(&own, port), "own ingress on {}", port);
            prop_assert_eq!(holds(network.at("own_egress"), port), to(&own, port), "own egress on {}", port);
            let open = universe().iter().all(|peer| from(peer, port));
            prop_assert_eq!(holds(network.at("open_ports"), port), open, "open on {}", port);
        }
    }
}
