//! `related.storage_classes` and `related.pvcs`: where a workload's data lies.

use std::sync::Arc;

use super::{Entry, View, entry, scale};
use crate::facts::quantity;
use crate::facts::record::record;
use crate::objects::{GroupKind, Object, template};
use crate::value::{Lookup, Value, array, nullable, object};

const CLASS: GroupKind<'static> = GroupKind { group: "storage.k8s.io", kind: "StorageClass" };
const CLAIM: GroupKind<'static> = GroupKind { group: "", kind: "PersistentVolumeClaim" };
const STATEFUL_SET: GroupKind<'static> = GroupKind { group: "apps", kind: "StatefulSet" };
/// As many claims of a StatefulSet's template are looked up, however many replicas it asks for.
const CLAIMS: i64 = 1_024;

/// A claim of a workload: its name, what it says, and the template and ordinal it comes from.
struct Claim<'a> {
    name: String,
    object: Option<Arc<Object>>,
    template: Option<&'a str>,
    ordinal: Option<i64>,
}

/// `storage_classes` of a workload or a claim; `self` of a StorageClass.
pub(super) fn class_entries(view: &View<'_>) -> Vec<Entry> {
    let own = view.object;
    if own.group_kind() == CLASS {
        return vec![("storage_classes", array::<Value>([])), ("self", class(view, own, &[]))];
    }
    let uses: Vec<(Option<String>, String)> = if own.group_kind() == CLAIM {
        vec![(class_name(own.value.at("spec")), (*own.identity.name).to_owned())]
    } else {
        let templates = claim_templates(own).iter().map(|claim| (class_name(claim.at("spec")), claim_name(claim).to_owned()));
        let mounted = mounted(view).into_iter().filter_map(|claim| Some((class_name(claim.object?.value.at("spec")), claim.name)));
        templates.chain(mounted).collect()
    };
    vec![("storage_classes", array(classes(view, &uses)))]
}

/// The classes of these claims, each once, with the claims that use it. A claim without a class gets the default one.
fn classes(view: &View<'_>, uses: &[(Option<String>, String)]) -> Vec<Value> {
    let mut found: Vec<(Arc<Object>, Vec<&str>)> = Vec::new();
    for (name, claim) in uses {
        let class = match name.as_deref() {
            None => default_class(view),
            Some(name) => view.context.set.get(CLASS, None, name),
        };
        let Some(class) = class else { continue };
        match found.iter_mut().find(|(known, _)| entry::same(known, &class)) {
            Some((_, claims)) => claims.push(claim),
            None => found.push((class, vec![claim])),
        }
    }
    found.iter().map(|(class, claims)| self::class(view, class, claims)).collect()
}

/// `spec.storageClassName`, or the annotation that it replaced; `None` leaves the choice to the cluster, `""` wants no class.
fn class_name(spec: &Value) -> Option<String> {
    spec.at("storageClassName").text().map(str::to_owned)
}

/// The class that claims without one get: the newest of those that say they are.
fn default_class(view: &View<'_>) -> Option<Arc<Object>> {
    let mut classes = view.context.set.of_kind(CLASS, None);
    classes.retain(|class| is_default(class));
    let created = |class: &Arc<Object>| class.value.dig(&["metadata", "creationTimestamp"]).text().map(str::to_owned);
    classes.into_iter().rev().max_by_key(created)
}

fn is_default(class: &Object) -> bool {
    let annotations = class.value.dig(&["metadata", "annotations"]);
    let mut keys = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"].into_iter();
    keys.any(|key| annotations.at(key).text() == Some("true"))
}

/// The record of a StorageClass, with the API server's defaults.
fn class(view: &View<'_>, class: &Object, used_by: &[&str]) -> Value {
    let value = &class.value;
    record! {
        "place": entry::place(view, class, &["metadata", "name"]),
        "name": Value::String(class.identity.name.clone()),
        "provisioner": value.at("provisioner"),
        "reclaim_policy": Value::from(value.at("reclaimPolicy").text().unwrap_or("Delete")),
        "binding_mode": Value::from(value.at("volumeBindingMode").text().unwrap_or("Immediate")),
        "expandable": Value::from(value.at("allowVolumeExpansion").flag() == Some(true)),
        "parameters": mapping(value.at("parameters")),
        "default": Value::from(is_default(class)),
        "used_by": array(used_by.iter().copied()),
    }
}

fn mapping(value: &Value) -> Value {
    if matches!(value, Value::Object(_)) { value.clone() } else { object::<&str>([]) }
}

/// `pvcs` of a workload; `self` of a claim.
pub(super) fn claim_entries(view: &View<'_>) -> Vec<Entry> {
    if view.object.group_kind() == CLAIM {
        let claim =
            Claim { name: (*view.object.identity.name).to_owned(), object: Some(view.object.clone()), template: None, ordinal: None };
        let owner = owner(view, view.object);
        let made_from = owner.as_ref().map_or(Value::Null, |(set, template, ordinal)| {
            let request =
                claim_templates(set).iter().find(|claim| claim_name(claim) == template).and_then(|claim| request(claim.at("spec")));
            record! {
                "place": entry::place(view, set, &["spec", "volumeClaimTemplates"]),
                "name": Value::String(set.identity.name.clone()),
                "template": Value::from(template.as_str()),
                "ordinal": Value::from(*ordinal),
                "request": nullable(request),
            }
        });
        return vec![("pvcs", array::<Value>([])), ("self", entry::with(&record(view, &claim), [("owner", made_from)]))];
    }
    let claims = mounted(view).into_iter().chain(generated(view));
    vec![("pvcs", array(claims.map(|claim| record(view, &claim))))]
}

/// The claims that the judged workload mounts by name.
fn mounted<'a>(view: &View<'a>) -> Vec<Claim<'a>> {
    let Some(template) = template::pod_template(view.object) else { return Vec::new() };
    let volumes = template.dig(&["spec", "volumes"]).items().iter();
    let names = volumes.filter_map(|volume| volume.dig(&["persistentVolumeClaim", "claimName"]).text());
    let claim = |name: &str| {
        let object = view.context.set.get(CLAIM, view.object.namespace(), name);
        Claim { name: name.to_owned(), object, template: None, ordinal: None }
    };
    names.map(claim).collect()
}

/// The claims that were made from the templates of the judged StatefulSet and are there.
fn generated<'a>(view: &View<'a>) -> Vec<Claim<'a>> {
    let own = view.object;
    if own.group_kind() != STATEFUL_SET {
        return Vec::new();
    }
    let first = own.value.dig(&["spec", "ordinals", "start"]).int().unwrap_or(0).max(0);
    let count = scale::of(view, own).map_or(0, |scale| scale.ceiling).min(CLAIMS);
    let templates = claim_templates(own).iter().map(claim_name).filter(|name| !name.is_empty());
    let claim = |template: &'a str, ordinal: i64| {
        let name = format!("{template}-{}-{ordinal}", own.identity.name);
        let object = view.context.set.get(CLAIM, own.namespace(), &name)?;
        Some(Claim { name, object: Some(object), template: Some(template), ordinal: Some(ordinal) })
    };
    templates.flat_map(|template| (first..first.saturating_add(count)).filter_map(move |ordinal| claim(template, ordinal))).collect()
}

/// The record of a claim.
fn record(view: &View<'_>, claim: &Claim<'_>) -> Value {
    let value = claim.object.as_ref().map_or(&Value::Undefined, |object| &object.value);
    let spec = value.at("spec");
    record! {
        "place": claim.object.as_ref().map_or(Value::Null, |object| entry::place(view, object, &["metadata", "name"])),
        "name": Value::from(claim.name.as_str()),
        "exists": entry::yes_no(claim.object.is_some()),
        "access_modes": array(spec.at("accessModes").items().iter().cloned()),
        "storage_class": spec.at("storageClassName"),
        "request": nullable(request(spec)),
        "capacity": nullable(quantity::units(value.dig(&["status", "capacity", "storage"]))),
        "annotations": mapping(value.dig(&["metadata", "annotations"])),
        "template": nullable(claim.template),
        "ordinal": nullable(claim.ordinal),
    }
}

/// `resources.requests.storage` of a claim's `spec`, in bytes.
fn request(spec: &Value) -> Option<i64> {
    quantity::units(spec.dig(&["resources", "requests", "storage"]))
}

fn claim_templates(workload: &Object) -> &[Value] {
    if workload.group_kind() == STATEFUL_SET { workload.value.dig(&["spec", "volumeClaimTemplates"]).items() } else { &[] }
}

fn claim_name(template: &Value) -> &str {
    template.dig(&["metadata", "name"]).text().unwrap_or("")
}

/// The StatefulSet that made a claim, with the template's name and the ordinal: claims are named `<template>-<set>-<ordinal>`,
/// and all three may contain dashes but the last.
fn owner(view: &View<'_>, claim: &Object) -> Option<(Arc<Object>, String, i64)> {
    let (rest, ordinal) = claim.identity.name.rsplit_once('-')?;
    let number: i64 = ordinal.parse().ok().filter(|number: &i64| number.to_string() == ordinal)?;
    rest.match_indices('-').find_map(|(at, _)| {
        let (template, set) = (rest.get(..at)?, rest.get(at + 1..)?);
        let set = view.context.set.get(STATEFUL_SET, claim.namespace(), set)?;
        let made = claim_templates(&set).iter().any(|claim| claim_name(claim) == template);
        made.then(|| (set, template.to_owned(), number))
    })
}

/// The workloads that mount a claim, or made it.
pub(super) fn users_of_claim(view: &View<'_>, claim: &Object) -> Vec<Arc<Object>> {
    let mut found = view.context.set.workloads_using(CLAIM, claim.namespace(), &claim.identity.name);
    if let Some((owner, ..)) = owner(view, claim)
        && !found.iter().any(|user| entry::same(user, &owner))
    {
        found.push(owner);
    }
    found
}

/// The workloads whose claim templates name a class, or that mount a claim which does. Claims have no index by class; there
/// are few classes, so all claims are walked once for each.
pub(super) fn users_of_class(view: &View<'_>, class: &Object) -> Vec<Arc<Object>> {
    let mut found = view.context.set.workloads_using(CLASS, None, &class.identity.name);
    let claims = view.context.set.of_kind(CLAIM, None);
    let of_class = claims.iter().filter(|claim| claim.value.dig(&["spec", "storageClassName"]).text() == Some(&class.identity.name));
    for user in of_class.flat_map(|claim| view.context.set.workloads_using(CLAIM, claim.namespace(), &claim.identity.name)) {
        if !found.iter().any(|known| entry::same(known, &user)) {
            found.push(user);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Unit, text};
    use crate::facts::Need;
    use crate::value::Lookup;

    const SET: &str = r#"{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"my-db","namespace":"p"},"spec":{"replicas":2,
        "template":{"spec":{"volumes":[{"persistentVolumeClaim":{"claimName":"backup"}}]}},
        "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"storageClassName":"fast","resources":{"requests":{"storage":"1Gi"}}}},
                                {"metadata":{"name":"log"},"spec":{}}]}}"#;

    fn class(name: &str, rest: &str) -> String {
        format!(r#"{{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{{"name":"{name}"{rest}}}"#)
    }

    fn claim(name: &str, storage: &str) -> String {
        format!(
            r#"{{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{{"name":"{name}","namespace":"p"}},
                "spec":{{"accessModes":["ReadWriteOnce"],"storageClassName":"fast","resources":{{"requests":{{"storage":"{storage}"}}}}}}}}"#
        )
    }

    #[test]
    fn classes_carry_the_defaults_and_who_uses_them() {
        let fast =
            class("fast", r#"},"provisioner":"ebs.csi.aws.com","volumeBindingMode":"WaitForFirstConsumer","allowVolumeExpansion":true"#);
        let standard = class("standard", r#","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"x""#);
        let unit = Unit::new(&[SET, &fast, &standard, &class("unused", "}"), &claim("backup", "5Gi")]);
        let related = unit.related("my-db", Need::StorageClasses);
        let facts = |class: &crate::value::Value| {
            ["name", "reclaim_policy", "binding_mode", "expandable", "default", "used_by"].map(|key| text(class.at(key))).join(" ")
        };
        let found: Vec<String> = related.at("storage_classes").items().iter().map(facts).collect();
        assert_eq!(
            found,
            [r#"fast Delete WaitForFirstConsumer true false ["data","backup"]"#, r#"standard Delete Immediate false true ["log"]"#]
        );
    }

    #[test]
    fn a_workload_knows_the_claims_it_mounts_and_those_made_for_it() {
        let unit = Unit::new(&[SET, &claim("data-my-db-0", "2Gi"), &claim("data-my-db-7", "2Gi"), &claim("data-other-0", "2Gi")]);
        let related = unit.related("my-db", Need::Pvcs);
        let facts =
            |claim: &crate::value::Value| ["name", "exists", "request", "template", "ordinal"].map(|key| text(claim.at(key))).join(" ");
        let found: Vec<String> = related.at("pvcs").items().iter().map(facts).collect();
        assert_eq!(found, ["backup no null null null", "data-my-db-0 yes 2147483648 data 0"]);
    }

    #[test]
    fn a_claim_knows_the_set_and_template_that_made_it() {
        for (name, owner) in [
            ("data-my-db-0", "my-db data 0 1073741824"),
            ("log-my-db-11", "my-db log 11 null"),
            ("x-my-db-0", ""),
            ("data-my-db-01", ""),
            ("data", ""),
        ] {
            let own = Unit::new(&[SET, &claim(name, "2Gi")]).related(name, Need::Pvcs).at("self").clone();
            let found = ["name", "template", "ordinal", "request"].map(|key| text(own.at("owner").at(key))).join(" ");
            if owner.is_empty() {
                assert!(own.at("owner").is_absent(), "{name}");
            } else {
                assert_eq!(found, owner, "{name}");
            }
        }
    }
}
