//! `related.service_account` and `related.bindings`: who a workload is to the API server, and what that may do.

use std::sync::Arc;

use super::{Entry, View, entry};
use crate::facts::record::record;
use crate::objects::{GroupKind, Object, Selector, template};
use crate::place::Path;
use crate::value::{Lookup, Value, array, nullable};

const GROUP: &str = "rbac.authorization.k8s.io";
const ACCOUNT: GroupKind<'static> = GroupKind { group: "", kind: "ServiceAccount" };
const ROLE: GroupKind<'static> = GroupKind { group: GROUP, kind: "Role" };
const CLUSTER_ROLE: GroupKind<'static> = GroupKind { group: GROUP, kind: "ClusterRole" };

/// `service_account` of a workload; `self` of a ServiceAccount.
pub(super) fn account_entries(view: &View<'_>) -> Vec<Entry> {
    if view.object.group_kind() == ACCOUNT {
        let own = account(view, &view.object.identity.name, Some(view.object));
        return vec![("service_account", own.clone()), ("self", own)];
    }
    let Some(name) = account_name(view.object) else { return vec![("service_account", Value::Null)] };
    let found = view.context.set.get(ACCOUNT, view.object.namespace(), name);
    vec![("service_account", account(view, name, found.as_ref()))]
}

/// The account a workload runs as, `default` when it names none; `None` for what is no workload.
fn account_name(workload: &Object) -> Option<&str> {
    let spec = template::pod_template(workload)?.at("spec");
    let given = ["serviceAccountName", "serviceAccount"].into_iter().filter_map(|key| spec.at(key).text());
    Some(given.into_iter().find(|name| !name.is_empty()).unwrap_or("default"))
}

/// The record of an account. Every namespace has one called `default`, whether or not the set holds it.
fn account(view: &View<'_>, name: &str, found: Option<&Arc<Object>>) -> Value {
    record! {
        "place": found.map_or(Value::Null, |found| entry::place(view, found, &["metadata", "name"])),
        "name": Value::from(name),
        "exists": entry::yes_no(found.is_some() || name == "default"),
        "automount": nullable(found.and_then(|found| found.value.at("automountServiceAccountToken").flag())),
    }
}

/// `bindings` of a workload, a ServiceAccount, a Role or a ClusterRole; `self` of a role or a binding.
pub(super) fn binding_entries(view: &View<'_>) -> Vec<Entry> {
    let own = view.object;
    let kind = own.group_kind();
    if kind.group == GROUP && matches!(kind.kind, "RoleBinding" | "ClusterRoleBinding") {
        return vec![("bindings", array::<Value>([])), ("self", binding(view, own, None))];
    }
    if kind == ROLE || kind == CLUSTER_ROLE {
        let found = bindings_to(view);
        let rules = record! { "rules": nullable(rules_of(view, own)), "aggregated": Value::from(aggregated(own)) };
        return vec![("bindings", array(found.iter().map(|found| binding(view, found, None)))), ("self", rules)];
    }
    let name = if kind == ACCOUNT { Some(&*own.identity.name) } else { account_name(own) };
    let found = name.map(|name| bindings_of(view, name, own.namespace())).unwrap_or_default();
    vec![("bindings", array(found.iter().map(|(found, via)| binding(view, found, Some(via)))))]
}

/// The bindings whose role is the judged one.
fn bindings_to(view: &View<'_>) -> Vec<Arc<Object>> {
    let own = view.object;
    let mut found = view.context.set.bindings_to(&own.identity.kind, &own.identity.name);
    if own.group_kind() == ROLE {
        found.retain(|binding| entry::meets(binding.namespace(), own.namespace()));
    }
    found
}

/// The bindings that name an account: itself, as the user it is, or a group that it is in; with how they name it.
fn bindings_of(view: &View<'_>, account: &str, namespace: Option<&str>) -> Vec<(Arc<Object>, &'static str)> {
    let mut groups = vec!["system:serviceaccounts".to_owned(), "system:authenticated".to_owned()];
    let mut subjects = vec![("ServiceAccount", account.to_owned())];
    if let Some(namespace) = namespace {
        groups.push(format!("system:serviceaccounts:{namespace}"));
        subjects.push(("User", format!("system:serviceaccount:{namespace}:{account}")));
    }
    subjects.extend(groups.into_iter().map(|group| ("Group", group)));
    let mut all: Vec<(Arc<Object>, &'static str)> = Vec::new();
    for (kind, name) in subjects {
        let mut found = view.context.set.bindings_of(kind, &name);
        found.retain(|binding| kind != "ServiceAccount" || names_account(binding, account, namespace));
        found.retain(|binding| !all.iter().any(|(known, _)| entry::same(known, binding)));
        all.extend(found.into_iter().map(|binding| (binding, kind)));
    }
    all
}

/// Does a binding name the account of this namespace? A subject without a namespace is meant to be of the binding's own.
fn names_account(binding: &Object, account: &str, namespace: Option<&str>) -> bool {
    binding.value.at("subjects").items().iter().any(|subject| {
        let theirs = subject.at("namespace").text().or(binding.namespace());
        subject.at("kind").text() == Some("ServiceAccount") && subject.at("name").text() == Some(account) && entry::meets(theirs, namespace)
    })
}

/// The record of a binding.
fn binding(view: &View<'_>, of: &Object, via: Option<&str>) -> Value {
    let role = of.value.at("roleRef");
    let name = role.at("name").text().unwrap_or("");
    let kind = if role.at("kind").text() == Some("Role") { ROLE } else { CLUSTER_ROLE };
    let namespace = if kind == ROLE { of.namespace() } else { None };
    let found = entry::get(view, kind, namespace, name);
    let rules = found.as_ref().map_or_else(|| built_in(kind, name), |found| rules_of(view, found));
    let subjects = of.value.at("subjects").items().iter().enumerate();
    record! {
        "place": entry::place(view, of, &["metadata", "name"]),
        "kind": Value::String(of.identity.kind.clone()),
        "name": Value::String(of.identity.name.clone()),
        "namespace": nullable(of.identity.namespace.clone().map(Value::String)),
        "role": record! { "kind": role.at("kind"), "name": role.at("name") },
        "role_exists": entry::yes_no(found.is_some() || (kind == CLUSTER_ROLE && always_there(name))),
        "rules": nullable(rules),
        "via": nullable(via),
        "subjects": array(subjects.map(|(nth, subject)| self::subject(view, of, subject, nth))),
    }
}

/// One subject; `exists` is `null` for users and groups, which are no objects.
fn subject(view: &View<'_>, binding: &Object, subject: &Value, nth: usize) -> Value {
    let kind = subject.at("kind").text().unwrap_or("");
    let name = subject.at("name").text().unwrap_or("");
    let account = kind == "ServiceAccount";
    let namespace = subject.at("namespace").text().or(binding.namespace()).filter(|_| account);
    let system = name.starts_with("system:") || namespace.is_some_and(|namespace| namespace == "kube-system");
    let found = || entry::get(view, ACCOUNT, namespace, name).is_some() || name == "default";
    record! {
        "kind": Value::from(kind),
        "name": Value::from(name),
        "namespace": nullable(namespace),
        "system": Value::from(system),
        "exists": if account { entry::yes_no(found()) } else { Value::Null },
        "path": Path::root().child("subjects").child(nth).to_value(),
    }
}

fn aggregated(role: &Object) -> bool {
    !role.value.dig(&["aggregationRule", "clusterRoleSelectors"]).items().is_empty()
}

/// The rules of a role, each with its `place`. An aggregated ClusterRole has those of the ClusterRoles that its selectors
/// select, which the controller writes over its own; there are few enough to walk them all.
fn rules_of(view: &View<'_>, role: &Object) -> Option<Value> {
    let own = || Some(array(located(view, role)));
    if role.group_kind() != CLUSTER_ROLE || !aggregated(role) {
        return own();
    }
    let selectors = role.value.dig(&["aggregationRule", "clusterRoleSelectors"]).items();
    let selectors: Vec<Selector> = selectors.iter().filter_map(Selector::from_label_selector).collect();
    let all = view.context.set.of_kind(CLUSTER_ROLE, None);
    let selected = all.iter().filter(|other| {
        let labels: Vec<(&str, &str)> = other.labels().collect();
        !entry::same(other, role) && selectors.iter().any(|selector| selector.matches(&labels))
    });
    Some(array(selected.flat_map(|other| located(view, other))))
}

fn located(view: &View<'_>, role: &Object) -> Vec<Value> {
    let rules = role.value.at("rules").items().iter().enumerate();
    let place = |nth: usize| entry::with(&entry::place(view, role, &[]), [("path", Path::root().child("rules").child(nth).to_value())]);
    rules.map(|(nth, rule)| entry::with(rule, [("place", place(nth))])).collect()
}

/// The ClusterRoles that every API server makes for itself.
fn always_there(name: &str) -> bool {
    matches!(name, "cluster-admin" | "admin" | "edit" | "view") || name.starts_with("system:")
}

/// The rules of `cluster-admin`, which every cluster has and no file holds.
fn built_in(kind: GroupKind<'_>, name: &str) -> Option<Value> {
    if kind != CLUSTER_ROLE || name != "cluster-admin" {
        return None;
    }
    let everything = || array(["*"]);
    let resources = record! { "apiGroups": everything(), "resources": everything(), "verbs": everything(), "place": Value::Null };
    let urls = record! { "nonResourceURLs": everything(), "verbs": everything(), "place": Value::Null };
    Some(array([resources, urls]))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Unit, text};
    use crate::facts::Need;
    use crate::value::{Lookup, Value};

    const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"w","namespace":"p"},"spec":{"serviceAccountName":"sa"}}"#;

    fn rbac(kind: &str, name: &str, rest: &str) -> String {
        format!(r#"{{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"{kind}","metadata":{{"name":"{name}"{rest}}}"#)
    }

    #[test]
    fn a_workload_knows_its_account() {
        let account =
            |rest: &str| format!(r#"{{"apiVersion":"v1","kind":"ServiceAccount","metadata":{{"name":"sa","namespace":"p"}}{rest}}}"#);
        let facts = |objects: &[&str]| {
            let related = Unit::new(objects).related("w", Need::ServiceAccounts);
            ["name", "exists", "automount"].map(|key| text(related.at("service_account").at(key))).join(" ")
        };
        assert_eq!(facts(&[POD]), "sa no null");
        assert_eq!(facts(&[POD, &account("")]), "sa yes null");
        assert_eq!(facts(&[POD, &account(r#","automountServiceAccountToken":false"#)]), "sa yes false");
        assert_eq!(facts(&[&POD.replace(r#""serviceAccountName":"sa""#, "")]), "default yes null");
    }

    #[test]
    fn bindings_name_an_account_directly_or_by_its_groups() {
        for (subject, via) in [
            (r#"{"kind":"ServiceAccount","name":"sa","namespace":"p"}"#, "ServiceAccount"),
            (r#"{"kind":"ServiceAccount","name":"sa"}"#, "ServiceAccount"),
            (r#"{"kind":"ServiceAccount","name":"sa","namespace":"q"}"#, ""),
            (r#"{"kind":"User","name":"system:serviceaccount:p:sa"}"#, "User"),
            (r#"{"kind":"Group","name":"system:serviceaccounts:p"}"#, "Group"),
            (r#"{"kind":"Group","name":"system:serviceaccounts:q"}"#, ""),
            (r#"{"kind":"Group","name":"system:serviceaccounts"}"#, "Group"),
        ] {
            let binding =
                rbac("RoleBinding", "b", &format!(r#","namespace":"p"}},"subjects":[{subject}],"roleRef":{{"kind":"Role","name":"r"}}"#));
            let role = rbac("Role", "r", r#","namespace":"p"},"rules":[{"verbs":["get"],"resources":["pods"]}]"#);
            let related = Unit::new(&[POD, &binding, &role]).related("w", Need::Bindings);
            let found = related.at("bindings").items();
            assert_eq!(found.first().map(|found| text(found.at("via"))).unwrap_or_default(), via, "{subject}");
            if let Some(found) = found.first() {
                assert_eq!(text(found.at("rules").items().first().unwrap().at("verbs")), r#"["get"]"#);
            }
        }
    }

    #[test]
    fn aggregated_roles_are_the_sum_of_those_they_select() {
        let part = |name: &str, label: &str| {
            rbac("ClusterRole", name, &format!(r#","labels":{{"to":"{label}"}}}},"rules":[{{"verbs":["{name}"]}}]"#))
        };
        let whole =
            rbac("ClusterRole", "whole", r#"},"rules":[],"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"to":"whole"}}]}"#);
        let unit = Unit::new(&[&whole, &part("a", "whole"), &part("b", "other"), &part("c", "whole")]);
        let related = unit.related("whole", Need::Bindings);
        let verbs = |rules: &Value| rules.items().iter().map(|rule| text(rule.at("verbs"))).collect::<Vec<_>>();
        assert_eq!(verbs(related.dig(&["self", "rules"])), [r#"["a"]"#, r#"["c"]"#]);
        assert_eq!(text(related.dig(&["self", "aggregated"])), "true");
    }

    #[test]
    fn a_binding_knows_its_role_and_its_subjects() {
        let subjects = r#"[{"kind":"ServiceAccount","name":"cleanup","namespace":"p"},{"kind":"Group","name":"system:masters"}]"#;
        for (role, exists, rules) in [("cluster-admin", "yes", 2), ("view", "yes", 0), ("absent", "no", 0)] {
            let binding =
                rbac("ClusterRoleBinding", "b", &format!(r#"}},"subjects":{subjects},"roleRef":{{"kind":"ClusterRole","name":"{role}"}}"#));
            let own = Unit::new(&[&binding]).related("b", Need::Bindings).at("self").clone();
            assert_eq!((text(own.at("role_exists")), own.at("rules").items().len()), (exists.into(), rules), "{role}");
            let facts = |subject: &Value| ["name", "system", "exists"].map(|key| text(subject.at(key))).join(" ");
            let found: Vec<String> = own.at("subjects").items().iter().map(facts).collect();
            assert_eq!(found, ["cleanup false no", "system:masters true null"]);
        }
    }
}
