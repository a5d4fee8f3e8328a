//! Writes the parts of `webhook-manifests/` that follow from the rules that are on at admission: which requests the API server
//! sends (their kinds and operations, and the objects whose change touches a workload), and what kubelint may read (their needs).
//! Secrets never appear: the overlay `read-secrets` grants them by hand.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use kubelint::facts::Need;
use kubelint::objects::GroupKind;
use kubelint::objects::resources::{RESOURCES, Resource};
use kubelint::rules::{Catalog, Door, Operation, Rule};

/// Kinds that a rule may name and that no webhook is sent: the API server never sends the first (and a webhook must not
/// judge itself), the second are gone, the rest are the heartbeat of the cluster or full of secrets.
const NEVER: &[&str] = &[
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "PodSecurityPolicy",
    "Endpoints",
    "EndpointSlice",
    "Lease",
    "Node",
    "Secret",
];

/// Related objects whose change can take back what a workload was admitted for: judged with the workloads they touch.
const TOUCHING: &[Need] = &[Need::ConfigMaps, Need::Hpas, Need::LimitRanges, Need::Pdbs];

/// The file of the webhook configurations, and where the chart has their parts.
pub const WEBHOOKS: &str = "base/webhooks.yaml";
/// The file of the generated ClusterRole.
pub const RBAC: &str = "base/rbac-rules.yaml";

/// Group and version, resource, by which operations.
type Requests = BTreeMap<(&'static str, &'static str, &'static str), BTreeSet<Operation>>;

fn resources(kind: &str, group: Option<&str>) -> impl Iterator<Item = &'static Resource> {
    RESOURCES.iter().filter(move |resource| resource.kind == kind && group.is_none_or(|group| group == resource.group))
}

/// What the rules that are on at admission ask the API server to send.
fn requests(rules: &[&Rule]) -> Requests {
    let mut requests = Requests::new();
    for rule in rules {
        for kind in rule.kinds.iter().filter(|kind| kind.kind() != "*" && !NEVER.contains(&kind.kind())) {
            let mut found = resources(kind.kind(), kind.group()).peekable();
            assert!(found.peek().is_some(), "rule {} judges {}: add it to RESOURCES in src/objects/resources.rs", rule.id, kind.as_str());
            for Resource { group, version, plural, .. } in found {
                requests.entry((group, version, plural)).or_default().extend(rule.operations.iter().copied());
            }
        }
        for need in rule.needs.iter().filter(|need| TOUCHING.contains(need)) {
            for Resource { group, version, plural, .. } in need.kinds().iter().flat_map(|kind| resources(kind.kind, Some(kind.group))) {
                let entry = requests.entry((group, version, plural)).or_default();
                entry.extend([Operation::Create, Operation::Update, Operation::Delete]);
            }
        }
    }
    if requests.contains_key(&("apps", "v1", "statefulsets")) {
        requests.insert(("apps", "v1", "statefulsets/scale"), BTreeSet::from([Operation::Update]));
    }
    requests
}

/// `rules:` of a webhook, one entry a group and set of operations.
fn webhook_rules(requests: &Requests) -> String {
    let mut grouped: BTreeMap<(&str, &str, Vec<&str>), Vec<&str>> = BTreeMap::new();
    for ((group, version, resource), operations) in requests {
        let operations = operations.iter().map(|operation| operation.as_str()).collect();
        grouped.entry((group, version, operations)).or_default().push(resource);
    }
    grouped.into_iter().fold(String::new(), |mut text, ((group, version, operations), resources)| {
        writeln!(text, "- apiGroups: [{group:?}]\n  apiVersions: [{version}]\n  operations: [{}]", operations.join(", ")).unwrap();
        writeln!(text, "  resources: [{}]", resources.join(", ")).unwrap();
        text
    })
}

/// `rules:` of the ClusterRole, one entry a group.
fn role_rules(rules: &[&Rule]) -> String {
    let needs: BTreeSet<Need> = rules.iter().flat_map(|rule| rule.needs.iter().copied()).collect();
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for GroupKind { group, kind } in needs.iter().flat_map(|need| need.kinds()).copied().filter(|kind| kind.kind != "Secret") {
        let mut found = resources(kind, Some(group)).peekable();
        assert!(found.peek().is_some(), "a need reads {group}/{kind}: add it to RESOURCES in src/objects/resources.rs");
        groups.entry(group).or_default().extend(found.map(|resource| resource.plural));
    }
    groups.into_iter().fold(String::new(), |mut text, (group, resources)| {
        let resources: Vec<_> = resources.into_iter().collect();
        writeln!(text, "- apiGroups: [{group:?}]\n  resources: [{}]\n  verbs: [get, list, watch]", resources.join(", ")).unwrap();
        text
    })
}

fn indent(text: &str, by: usize) -> String {
    text.lines().fold(String::new(), |mut out, line| {
        let pad = if line.is_empty() { 0 } else { by };
        writeln!(out, "{:pad$}{line}", "").unwrap();
        out
    })
}

const HEAD: &str = "# Generated from the rules that are on at admission: KUBELINT_BLESS=1 cargo test --test manifests\n";

/// A StatefulSet that is going away, or whose spec stays as it is, is nobody's concern: with kubelint down, finalizers are
/// still removed and annotations still written.
const CLOSED_CONDITIONS: &str = "\
- name: spec-changes
  expression: request.operation != 'UPDATE' || object.spec != oldObject.spec
- name: not-going-away
  expression: object == null || !has(object.metadata.deletionTimestamp)
";

/// Leader election's ConfigMaps hold nothing but an annotation, and are written every two seconds under a short deadline.
/// What a controller of the control plane makes for an owner was judged with the owner; anybody else's word is not taken.
const OPEN_CONDITIONS: &str = "\
- name: no-leader-election
  expression: >-
    request.resource.resource != 'configmaps' || object == null || has(object.data) || has(object.binaryData) ||
    !has(object.metadata.annotations) || !('control-plane.alpha.kubernetes.io/leader' in object.metadata.annotations)
- name: not-made-for-an-owner
  expression: >-
    object == null || !has(object.metadata.ownerReferences) ||
    !object.metadata.ownerReferences.exists(owner, has(owner.controller) && owner.controller) ||
    !(request.userInfo.username == 'system:kube-controller-manager' || request.userInfo.username.startsWith('system:serviceaccount:kube-system:'))
- name: not-going-away
  expression: request.operation == 'DELETE' || object == null || !has(object.metadata.deletionTimestamp)
";

/// What a mutating webhook is sent: workloads as they are made, and changes of what was mended.
fn mutated(requests: &Requests) -> Requests {
    let workload = |resource: &str| matches!(resource, "statefulsets" | "deployments" | "daemonsets" | "pods" | "jobs" | "cronjobs");
    let keep = [Operation::Create, Operation::Update];
    let all = requests.iter().filter(|((_, _, resource), _)| workload(resource));
    all.map(|(key, operations)| (*key, operations.iter().copied().filter(|o| keep.contains(o)).collect())).collect()
}

const SELECTOR: &str = "\
namespaceSelector:
  matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values: [kube-system, kube-node-lease, kubelint-system]
";

/// One webhook of a configuration.
fn webhook(name: &str, path: &str, policy: &str, selector: &str, conditions: &str, rules: &str, more: &str) -> String {
    format!(
        "- name: {name}.kubelint.dev\n  admissionReviewVersions: [v1]\n  clientConfig:\n    service: {{namespace: kubelint-system, name: kubelint, port: 8443, path: {path}}}\n  \
         failurePolicy: {policy}\n  timeoutSeconds: 3\n  matchPolicy: Equivalent\n  sideEffects: NoneOnDryRun\n{more}{}  matchConditions:\n{}  rules:\n{}",
        indent(selector, 2),
        indent(conditions, 2),
        indent(rules, 2)
    )
}

fn configuration(kind: &str, webhooks: &[String]) -> String {
    format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: kubelint\n  labels:\n    app.kubernetes.io/name: kubelint\nwebhooks:\n{}",
        webhooks.concat()
    )
}

/// Every generated file: its path below `webhook-manifests/` and its text.
pub fn generate(catalog: &Catalog) -> Vec<(&'static str, String)> {
    let selected = catalog.defaults(Door::Admission);
    let rules: Vec<&Rule> = selected.iter().filter_map(|selected| catalog.rules().get(selected.rule)).map(AsRef::as_ref).collect();
    let requests = requests(&rules);
    let (closed, open): (Requests, Requests) = requests.iter().map(|(k, v)| (*k, v.clone())).partition(|(k, _)| k.2 == "statefulsets");
    let (closed, open, mutated) = (webhook_rules(&closed), webhook_rules(&open), webhook_rules(&mutated(&requests)));
    let role = role_rules(&rules);
    let label = "namespaceSelector:\n  matchExpressions:\n  - {key: kubelint.dev/mutate, operator: In, values: [safe]}\n";
    let mutating_selector = format!("{label}{}", SELECTOR.trim_start_matches("namespaceSelector:\n  matchExpressions:\n"));
    let validating = configuration(
        "ValidatingWebhookConfiguration",
        &[
            webhook("statefulsets", "/validate", "Fail", SELECTOR, CLOSED_CONDITIONS, &closed, ""),
            webhook("objects", "/validate", "Ignore", SELECTOR, OPEN_CONDITIONS, &open, ""),
        ],
    );
    let reinvoke = "  reinvocationPolicy: IfNeeded\n";
    let mutating = configuration(
        "MutatingWebhookConfiguration",
        &[webhook("mutate", "/mutate", "Ignore", &mutating_selector, OPEN_CONDITIONS, &mutated, reinvoke)],
    );
    let cluster_role = format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: kubelint-rules\n  labels:\n    \
         app.kubernetes.io/name: kubelint\nrules:{}",
        if role.is_empty() { " []\n".to_owned() } else { format!("\n{role}") }
    );
    vec![
        (WEBHOOKS, format!("{HEAD}{validating}---\n{mutating}")),
        (RBAC, format!("{HEAD}{cluster_role}")),
        ("chart/kubelint/files/statefulsets.rules.yaml", closed),
        ("chart/kubelint/files/statefulsets.conditions.yaml", CLOSED_CONDITIONS.to_owned()),
        ("chart/kubelint/files/objects.rules.yaml", open),
        ("chart/kubelint/files/objects.conditions.yaml", OPEN_CONDITIONS.to_owned()),
        ("chart/kubelint/files/mutate.rules.yaml", mutated),
        ("chart/kubelint/files/role.rules.yaml", role),
        ("chart/kubelint/files/alerts.yaml", include_str!("../../webhook-manifests/monitoring/alerts.yaml").to_owned()),
        ("chart/kubelint/files/dashboard.json", include_str!("../../webhook-manifests/monitoring/dashboard.json").to_owned()),
    ]
}
