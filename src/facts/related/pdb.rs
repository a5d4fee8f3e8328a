//! `related.pdbs`: which disruption budgets cover a workload, and what they allow.

use std::sync::Arc;

use super::rounding::{Amount, Budget};
use super::{Entry, View, entry, scale};
use crate::facts::record::record;
use crate::objects::{GroupKind, Object, Selector};
use crate::value::{Lookup, Value, array, nullable};

const PDB: GroupKind<'static> = GroupKind { group: "policy", kind: "PodDisruptionBudget" };

/// How many budgets of a workload, and overlaps of a budget, are told: more say nothing new, and all of them grow with the cube.
const TOLD: usize = 8;

/// `pdbs` of a workload, or of the target of an autoscaler; `self` of a budget.
pub(super) fn entries(view: &View<'_>) -> Vec<Entry> {
    if view.object.group_kind() == PDB {
        return vec![("pdbs", array::<Value>([])), ("self", itself(view))];
    }
    let workload = if scale::is_scaler(view.object) {
        scale::target(view.object).and_then(|(kind, name)| entry::get(view, kind, view.object.namespace(), name))
    } else {
        Some(view.object.clone())
    };
    let pdbs = workload.map(|workload| covering(view, &workload)).unwrap_or_default();
    vec![("pdbs", array(pdbs.iter().take(TOLD).map(|pdb| budget(view, pdb, &counted(view, pdb)))))]
}

/// The budgets whose selector matches a workload's template labels.
fn covering(view: &View<'_>, workload: &Object) -> Vec<Arc<Object>> {
    let Some(labels) = entry::template_labels(workload) else { return Vec::new() };
    let found = view.context.set.selecting(PDB, workload.namespace(), &labels);
    entry::judged(view, found, |own| {
        own.group_kind() == PDB
            && entry::meets(own.namespace(), workload.namespace())
            && selector(own).is_some_and(|selector| selector.matches(&labels))
    })
}

/// The selector of a budget. An empty one selects all pods in policy/v1 and none in v1beta1; `null` selects none.
pub(super) fn selector(pdb: &Object) -> Option<Selector> {
    let selector = Selector::from_label_selector(pdb.value.dig(&["spec", "selector"]))?;
    if selector.is_empty() && *pdb.identity.api_version == *"policy/v1beta1" { None } else { Some(selector) }
}

/// The workloads whose pods a budget counts for good.
fn counted(view: &View<'_>, pdb: &Object) -> Vec<Arc<Object>> {
    let mut found = entry::selected(view, selector(pdb).as_ref(), pdb.namespace());
    found.retain(|workload| !entry::passing(workload));
    found
}

/// The record of one budget. The numbers are those of all workloads together; `null` where one of them has no scale, such
/// as a DaemonSet, and where a value of the budget cannot be read: the schema says so then.
fn budget(view: &View<'_>, pdb: &Object, workloads: &[Arc<Object>]) -> Value {
    let spec = pdb.value.at("spec");
    let budget = Budget::read(spec);
    let unreadable = |field: &str| !spec.at(field).is_absent() && Amount::read(spec.at(field)).is_none();
    let readable = !unreadable("maxUnavailable") && !unreadable("minAvailable");
    let scales: Option<Vec<scale::Scale>> = workloads.iter().map(|workload| scale::of(view, workload)).collect();
    let scales = scales.filter(|_| readable);
    let sum = |pick: fn(&scale::Scale) -> i64| scales.as_ref().map(|all| all.iter().map(pick).fold(0_i64, i64::saturating_add));
    let (expected, lowest) = (sum(|scale| scale.floor), sum(|scale| scale.lowest));
    let blocks = |count: Option<i64>| Value::from(readable && count.map_or(budget.always_blocks(), |count| budget.blocks(count)));
    record! {
        "place": entry::place(view, pdb, &["metadata", "name"]),
        "name": Value::String(pdb.identity.name.clone()),
        "min_available": spec.at("minAvailable"),
        "max_unavailable": spec.at("maxUnavailable"),
        "expected": nullable(expected),
        "desired_healthy": nullable(expected.map(|expected| budget.desired_healthy(expected))),
        "allowed": nullable(expected.map(|expected| budget.allowed(expected))),
        "blocks": blocks(expected),
        "lowest": nullable(lowest),
        "blocks_at_lowest": blocks(lowest),
        "selector_empty": Value::from(selector(pdb).is_some_and(|selector| selector.is_empty())),
        "unhealthy_policy": spec.at("unhealthyPodEvictionPolicy"),
    }
}

/// The judged budget with the workloads it covers and the budgets that cover them too.
fn itself(view: &View<'_>) -> Value {
    let workloads = counted(view, view.object);
    let overlaps = workloads.iter().flat_map(|workload| {
        let others = covering(view, workload).into_iter().filter(|pdb| !entry::same(pdb, view.object));
        let overlap = |pdb: Arc<Object>| {
            record! {
                "place": entry::place(view, &pdb, &["metadata", "name"]),
                "name": Value::String(pdb.identity.name.clone()),
                "workload": workload.identity.to_value(),
            }
        };
        others.take(TOLD).map(overlap).collect::<Vec<_>>()
    });
    let workload = |workload: &Arc<Object>| {
        let scale = scale::of(view, workload);
        record! {
            "place": entry::place(view, workload, &["metadata", "name"]),
            "kind": Value::String(workload.identity.kind.clone()),
            "name": Value::String(workload.identity.name.clone()),
            "replicas": nullable(scale.map(|scale| scale.replicas)),
            "replicas_floor": nullable(scale.map(|scale| scale.floor)),
            "lowest": nullable(scale.map(|scale| scale.lowest)),
        }
    };
    let own = budget(view, view.object, &workloads);
    entry::with(&own, [("workloads", array(workloads.iter().map(workload))), ("overlaps", array(overlaps.take(TOLD)))])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Unit, text};
    use crate::facts::Need;
    use crate::value::Lookup;

    fn pdb(version: &str, name: &str, spec: &str) -> String {
        format!(
            r#"{{"apiVersion":"policy/{version}","kind":"PodDisruptionBudget","metadata":{{"name":"{name}","namespace":"p"}},"spec":{spec}}}"#
        )
    }

    fn workload(kind: &str, name: &str, app: &str, replicas: i64) -> String {
        format!(
            r#"{{"apiVersion":"apps/v1","kind":"{kind}","metadata":{{"name":"{name}","namespace":"p"}},
                "spec":{{"replicas":{replicas},"template":{{"metadata":{{"labels":{{"app":"{app}","id":"{name}"}}}},"spec":{{}}}}}}}}"#
        )
    }

    const HPA: &str = r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"h","namespace":"p"},
        "spec":{"minReplicas":2,"maxReplicas":5,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"w"}}}"#;

    #[test]
    fn a_workload_sees_the_budgets_that_select_its_template() {
        let store = workload("StatefulSet", "s", "a", 3);
        for (version, selector, found, empty) in [
            ("v1", r#"{"matchLabels":{"app":"a"}}"#, 1, "false"),
            ("v1", r#"{"matchExpressions":[{"key":"job-name","operator":"NotIn","values":["x"]}]}"#, 1, "false"),
            ("v1", r#"{"matchLabels":{"app":"b"}}"#, 0, ""),
            ("v1", "{}", 1, "true"),
            ("v1", "null", 0, ""),
            ("v1beta1", "{}", 0, ""),
        ] {
            let unit = Unit::new(&[&store, &pdb(version, "b", &format!(r#"{{"maxUnavailable":1,"selector":{selector}}}"#))]);
            let pdbs = unit.related("s", Need::Pdbs).at("pdbs").clone();
            assert_eq!(pdbs.items().len(), found, "{version} {selector}");
            if let Some(first) = pdbs.items().first() {
                assert_eq!(text(first.at("selector_empty")), empty, "{selector}");
            }
        }
    }

    #[test]
    fn expected_is_the_sum_of_all_workloads_and_autoscalers_raise_it() {
        let select = r#""selector":{"matchLabels":{"app":"a"}}"#;
        let (a, b) = (workload("StatefulSet", "s", "a", 3), workload("Deployment", "w", "a", 1));
        for (objects, budget, wanted) in [
            (vec![&*a], r#""minAvailable":3"#, "3 3 0 true 3 true"),
            (vec![&*a, &*b], r#""minAvailable":3"#, "4 3 1 false 4 false"),
            (vec![&*b, HPA], r#""minAvailable":2"#, "2 2 0 true 2 true"),
            (vec![&*b, HPA], r#""minAvailable":1"#, "2 1 1 false 2 false"),
            (vec![&*b], r#""maxUnavailable":"50%""#, "1 0 1 false 1 false"),
        ] {
            let budget = pdb("v1", "b", &format!("{{{budget},{select}}}"));
            let mut objects = objects.clone();
            objects.push(&budget);
            let own = Unit::new(&objects).related("b", Need::Pdbs).at("self").clone();
            let keys = ["expected", "desired_healthy", "allowed", "blocks", "lowest", "blocks_at_lowest"];
            assert_eq!(keys.map(|key| text(own.at(key))).join(" "), wanted, "{budget}");
        }
    }

    #[test]
    fn an_autoscaler_may_go_below_the_replicas_that_a_manifest_names() {
        let five = workload("Deployment", "w", "a", 5);
        let budget = pdb("v1", "b", r#"{"minAvailable":2,"selector":{"matchLabels":{"app":"a"}}}"#);
        let own = Unit::new(&[&five, HPA, &budget]).related("b", Need::Pdbs).at("self").clone();
        assert_eq!(
            (text(own.at("blocks")), text(own.at("lowest")), text(own.at("blocks_at_lowest"))),
            ("false".into(), "2".into(), "true".into())
        );
    }

    #[test]
    fn what_has_no_scale_leaves_the_numbers_unknown() {
        let select = r#""selector":{"matchLabels":{"app":"a"}}"#;
        for (budget, blocks) in [(r#""maxUnavailable":0"#, "true"), (r#""minAvailable":1"#, "false"), (r#""minAvailable":"100%""#, "true")]
        {
            let unit = Unit::new(&[&workload("DaemonSet", "d", "a", 1), &pdb("v1", "b", &format!("{{{budget},{select}}}"))]);
            let own = unit.related("b", Need::Pdbs).at("self").clone();
            assert_eq!((text(own.at("expected")), text(own.at("blocks"))), ("null".into(), blocks.into()), "{budget}");
        }
    }

    #[test]
    fn budgets_overlap_on_a_workload_that_both_select() {
        let first = pdb("v1", "b", r#"{"maxUnavailable":1,"selector":{"matchLabels":{"app":"a"}}}"#);
        let both = workload("StatefulSet", "s", "a", 3);
        for (version, selector, overlaps) in
            [("v1", "{}", 1), ("v1beta1", "{}", 0), ("v1", r#"{"matchLabels":{"id":"s"}}"#, 1), ("v1", r#"{"matchLabels":{"id":"t"}}"#, 0)]
        {
            let second = pdb(version, "c", &format!(r#"{{"maxUnavailable":1,"selector":{selector}}}"#));
            let own = Unit::new(&[&both, &first, &second]).related("b", Need::Pdbs).at("self").clone();
            let found = own.at("overlaps").items();
            assert_eq!(found.len(), overlaps, "{version} {selector}");
            for overlap in found {
                assert_eq!((overlap.at("name").text(), overlap.dig(&["workload", "name"]).text()), (Some("c"), Some("s")));
            }
        }
    }

    #[test]
    fn of_many_overlaps_a_few_are_told() {
        let of = |nth: usize| {
            let select = r#"{"maxUnavailable":1,"selector":{"matchLabels":{"app":"a"}}}"#;
            [pdb("v1", &format!("b{nth}"), select), workload("StatefulSet", &format!("s{nth}"), "a", 3)]
        };
        let objects: Vec<String> = (0..80).flat_map(of).collect();
        let unit = Unit::new(&objects.iter().map(String::as_str).collect::<Vec<_>>());
        let own = unit.related("b0", Need::Pdbs).at("self").clone();
        assert_eq!((own.at("workloads").items().len(), own.at("overlaps").items().len()), (80, 8));
        assert_eq!(unit.related("s0", Need::Pdbs).at("pdbs").items().len(), 8);
    }

    #[test]
    fn a_value_that_cannot_be_read_blocks_nothing() {
        let store = workload("StatefulSet", "s", "a", 3);
        for value in [r#""1""#, r#""99999999999999999999%""#] {
            let budget = pdb("v1", "b", &format!(r#"{{"maxUnavailable":{value},"selector":{{"matchLabels":{{"app":"a"}}}}}}"#));
            let own = Unit::new(&[&store, &budget]).related("b", Need::Pdbs).at("self").clone();
            assert_eq!((text(own.at("expected")), text(own.at("blocks"))), ("null".into(), "false".into()), "{value}");
        }
    }

    #[test]
    fn the_judged_version_counts_not_the_stored_one() {
        let budget = pdb("v1", "b", r#"{"minAvailable":2,"selector":{"matchLabels":{"app":"a"}}}"#);
        let unit = Unit::new(&[&workload("StatefulSet", "s", "a", 2), &budget]);
        let judged = |json: &str| unit.related_of(json, Need::Pdbs).at("pdbs").items().first().map(|pdb| text(pdb.at("expected")));
        assert_eq!(judged(&workload("StatefulSet", "s", "a", 5)), Some("5".into()));
        assert_eq!(judged(&workload("StatefulSet", "new", "a", 1)), Some("3".into()));
        assert_eq!(judged(&workload("StatefulSet", "s", "b", 5)), None);
    }
}
