//! Did a workload have a pod template before? What the controllers keep of earlier templates, compared as the API server
//! stores them. Must not know what a rollback is forgiven.

use crate::objects::{GroupKind, Object, template};
use crate::value::{Lookup, Value, object};

/// Which objects hold the earlier templates of a kind.
pub(super) fn history(kind: GroupKind<'_>) -> Option<GroupKind<'static>> {
    match (kind.group, kind.kind) {
        ("apps", "StatefulSet" | "DaemonSet") => Some(GroupKind { group: "apps", kind: "ControllerRevision" }),
        ("apps", "Deployment") => Some(GroupKind { group: "apps", kind: "ReplicaSet" }),
        _ => None,
    }
}

/// What finds the history of a workload: the labels of its selector. `None` where only expressions select.
pub(super) fn labels(workload: &Object) -> Option<String> {
    let selector = workload.value.dig(&["spec", "selector"]);
    let plain = selector.at("matchExpressions").items().is_empty();
    let pairs: Vec<_> = selector.at("matchLabels").entries().filter_map(|(key, value)| Some(format!("{key}={}", value.text()?))).collect();
    (plain && !pairs.is_empty()).then(|| pairs.join(","))
}

/// Is this revision one of the workload's own, and its template the same as the workload has now?
pub(super) fn is_of(revision: &Object, workload: &Object) -> bool {
    let uid = workload.value.dig(&["metadata", "uid"]).text().filter(|uid| !uid.is_empty());
    let owners = revision.value.dig(&["metadata", "ownerReferences"]).items().iter();
    let mut controllers = owners.filter(|owner| owner.at("controller").flag() == Some(true));
    uid.is_some() && controllers.any(|owner| owner.at("uid").text() == uid) && {
        let kept = if &*revision.identity.kind == "ReplicaSet" {
            revision.value.dig(&["spec", "template"])
        } else {
            revision.value.dig(&["data", "spec", "template"])
        };
        matches!(kept, Value::Object(_)) && same_template(kept, workload)
    }
}

/// Do two versions of a workload have the same template?
pub(super) fn same_template(kept: &Value, workload: &Object) -> bool {
    template::pod_template(workload).is_some_and(|now| bare(kept) == bare(now))
}

/// Without what is empty and what the controllers add.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(_) => object(value.entries().filter_map(|(key, value)| {
            let value = bare(value);
            let empty = value.is_absent() || matches!(&value, Value::Object(map) if map.is_empty());
            (!empty && key != "$patch" && key != "pod-template-hash").then_some((key, value))
        })),
        Value::Array(items) => Value::from(items.iter().map(bare).collect::<Vec<_>>()),
        other => other.clone(),
    }
}

/// Is what the owner makes of its template in this object, without a container more? Anybody can write an owner into a manifest.
pub(super) fn stems_from(object: &Object, owner: &Object) -> bool {
    let (Some(made), Some(plan)) = (template::pod_template(object), template::pod_template(owner)) else { return false };
    let (made, plan) = (made.at("spec"), plan.at("spec"));
    let names = |spec: &Value, list| spec.at(list).items().iter().map(|container| container.at("name").clone()).collect::<Vec<_>>();
    ["initContainers", "containers"].iter().all(|list| names(made, list) == names(plan, list)) && holds(made, plan)
}

/// Has `value` everything that `wanted` has? Lists by position; longer ones may hold more.
fn holds(value: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Object(_) => wanted.entries().all(|(key, wanted)| wanted.is_absent() || holds(value.at(key), wanted)),
        Value::Array(wanted) => {
            let items = value.items();
            wanted.len() <= items.len() && wanted.iter().zip(items).all(|(wanted, item)| holds(item, wanted))
        }
        _ => value == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Origin;

    fn read(json: &str) -> Object {
        Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap()
    }

    fn workload(image: &str) -> Object {
        read(&format!(
            r#"{{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{{"name":"s","uid":"u"}},"spec":{{
                "selector":{{"matchLabels":{{"app":"s","tier":"db"}}}},
                "template":{{"metadata":{{"labels":{{"app":"s"}}}},"spec":{{"containers":[{{"name":"c","image":"{image}"}}]}}}}}}}}"#
        ))
    }

    fn revision(uid: &str, image: &str) -> Object {
        read(&format!(
            r#"{{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{{"name":"s-1","ownerReferences":[{{"uid":"{uid}","controller":true}}]}},
                "data":{{"spec":{{"template":{{"$patch":"replace","metadata":{{"creationTimestamp":null,"labels":{{"app":"s"}}}},
                "spec":{{"containers":[{{"name":"c","image":"{image}","resources":{{}}}}]}}}}}}}}}}"#
        ))
    }

    #[test]
    fn a_rollback_is_a_template_of_an_own_revision() {
        for (uid, image, is) in [("u", "a", true), ("u", "b", false), ("other", "a", false)] {
            assert_eq!(is_of(&revision(uid, image), &workload("a")), is, "{uid} {image}");
        }
        let unborn = Object { value: Value::from_json_str(r#"{"metadata":{}}"#).unwrap(), ..workload("a") };
        assert!(!is_of(&revision("u", "a"), &unborn));
        assert_eq!(labels(&workload("a")).as_deref(), Some("app=s,tier=db"));
    }

    #[test]
    fn an_owner_is_believed_only_for_what_its_template_says() {
        let owner = read(
            r#"{"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"r"},"spec":{"template":{"metadata":{},"spec":{"containers":[{"name":"c","image":"a"}]}}}}"#,
        );
        for (containers, stems) in [
            (r#"[{"name":"c","image":"a","volumeMounts":[{"name":"token"}]}]"#, true),
            (r#"[{"name":"c","image":"b"}]"#, false),
            (r#"[{"name":"c","image":"a"},{"name":"d","image":"a"}]"#, false),
            ("[]", false),
        ] {
            let pod = read(&format!(
                r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p"}},"spec":{{"nodeName":"n","containers":{containers}}}}}"#
            ));
            assert_eq!(stems_from(&pod, &owner), stems, "{containers}");
        }
    }
}
