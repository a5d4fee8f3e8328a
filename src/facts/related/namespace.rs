//! `related.limit_ranges`, `related.quotas` and `related.namespace`: what a namespace gives its pods and asks of them.

use super::{Entry, View, entry};
use crate::facts::quantity;
use crate::facts::record::record;
use crate::objects::{GroupKind, Object};
use crate::place::Path;
use crate::value::{Lookup, Value, array, nullable, object};

const LIMIT_RANGE: GroupKind<'static> = GroupKind { group: "", kind: "LimitRange" };
const QUOTA: GroupKind<'static> = GroupKind { group: "", kind: "ResourceQuota" };
const NAMESPACE: GroupKind<'static> = GroupKind { group: "", kind: "Namespace" };

/// The objects of a kind in the namespace that the judged object speaks of.
fn all(view: &View<'_>, kind: GroupKind<'_>) -> Vec<std::sync::Arc<Object>> {
    let scope = entry::scope(view);
    let found = view.context.set.of_kind(kind, scope);
    entry::judged(view, found, |own| own.group_kind() == kind && entry::meets(own.namespace(), scope))
}

/// `limit_ranges`: an entry for each item of `spec.limits` that is about containers, with the API server's defaults.
pub(super) fn limit_ranges(view: &View<'_>) -> Vec<Entry> {
    let items = all(view, LIMIT_RANGE).into_iter().flat_map(|range| {
        let items = range.value.dig(&["spec", "limits"]).items().iter().enumerate();
        items
            .filter(|(_, item)| item.at("type").text() == Some("Container"))
            .map(|(nth, item)| limits(view, &range, item, nth))
            .collect::<Vec<_>>()
    });
    vec![("limit_ranges", array(items))]
}

/// `SetDefaults_LimitRangeItem`: the maximum is the default limit, and that is the default request, before
/// the minimum.
fn limits(view: &View<'_>, range: &Object, item: &Value, nth: usize) -> Value {
    let first = |fields: &[&str]| {
        let amount = |key: &str| fields.iter().map(|field| item.at(field).at(key)).find(|value| !value.is_absent()).cloned();
        amounts(amount("cpu").as_ref(), amount("memory").as_ref())
    };
    let path = Path::root().keys(&["spec", "limits"]).child(nth).to_value();
    let place = entry::with(&entry::place(view, range, &[]), [("path", path)]);
    record! {
        "place": place,
        "name": Value::String(range.identity.name.clone()),
        "type": item.at("type"),
        "default": first(&["default", "max"]),
        "default_request": first(&["defaultRequest", "default", "max", "min"]),
        "min": first(&["min"]),
        "max": first(&["max"]),
        "max_ratio": item.at("maxLimitRequestRatio"),
    }
}

/// CPU in thousandths, memory in bytes.
fn amounts(cpu: Option<&Value>, memory: Option<&Value>) -> Value {
    object([("cpu", nullable(cpu.and_then(quantity::milli))), ("memory", nullable(memory.and_then(quantity::units)))])
}

/// `quotas`: what may be used at most, and is used.
pub(super) fn quotas(view: &View<'_>) -> Vec<Entry> {
    let quota = |quota: &std::sync::Arc<Object>| {
        record! {
            "place": entry::place(view, quota, &["metadata", "name"]),
            "name": Value::String(quota.identity.name.clone()),
            "hard": figures(quota.value.dig(&["spec", "hard"])),
            "used": figures(quota.value.dig(&["status", "used"])),
            "scopes": array(quota.value.dig(&["spec", "scopes"]).items().iter().cloned()),
            "scope_selector": quota.value.dig(&["spec", "scopeSelector"]),
        }
    };
    vec![("quotas", array(all(view, QUOTA).iter().map(quota)))]
}

/// Resource names and amounts: CPU in thousandths, the rest in bytes or counts; `null` for what is no quantity.
fn figures(list: &Value) -> Value {
    let figure = |name: &str, amount: &Value| {
        let cpu = name == "cpu" || name.ends_with(".cpu");
        nullable(if cpu { quantity::milli(amount) } else { quantity::units(amount) })
    };
    object(list.entries().map(|(name, amount)| (name, figure(name, amount))))
}

/// `namespace`: the Namespace of the judged object; `null` where the manifest leaves it out.
pub(super) fn namespace(view: &View<'_>) -> Vec<Entry> {
    let Some(name) = entry::scope(view) else { return vec![("namespace", Value::Null)] };
    let found = entry::get(view, NAMESPACE, None, name);
    let metadata = found.as_ref().map_or(&Value::Undefined, |found| found.value.at("metadata"));
    let text = |key| object(metadata.at(key).entries().map(|(key, value)| (key.to_owned(), value.clone())));
    let record = record! {
        "place": found.as_ref().map_or(Value::Null, |found| entry::place(view, found, &["metadata", "name"])),
        "name": Value::from(name),
        "exists": entry::yes_no(found.is_some()),
        "labels": text("labels"),
        "annotations": text("annotations"),
    };
    vec![("namespace", record)]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Unit, text};
    use crate::facts::Need;
    use crate::value::Lookup;

    const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"w","namespace":"p"},"spec":{}}"#;

    #[test]
    fn limit_ranges_fill_in_as_the_api_server_does() {
        for (item, wanted) in [
            (r#"{"type":"Container","default":{"memory":"1Gi"}}"#, r#"{"cpu":null,"memory":1073741824} {"cpu":null,"memory":1073741824}"#),
            (r#"{"type":"Container","max":{"cpu":"2"}}"#, r#"{"cpu":2000,"memory":null} {"cpu":2000,"memory":null}"#),
            (r#"{"type":"Container","min":{"cpu":"100m"}}"#, r#"{"cpu":null,"memory":null} {"cpu":100,"memory":null}"#),
        ] {
            let range = format!(
                r#"{{"apiVersion":"v1","kind":"LimitRange","metadata":{{"name":"l","namespace":"p"}},"spec":{{"limits":[{item}]}}}}"#
            );
            let related = Unit::new(&[POD, &range]).related("w", Need::LimitRanges);
            let first = related.at("limit_ranges").items().first().unwrap().clone();
            assert_eq!(format!("{} {}", text(first.at("default")), text(first.at("default_request"))), wanted, "{item}");
            assert_eq!(text(first.dig(&["place", "path"])), r#"["spec","limits",0]"#);
        }
    }

    #[test]
    fn limits_of_pods_and_claims_are_not_those_of_containers() {
        let range = r#"{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l","namespace":"p"},"spec":{"limits":[{"type":"Pod","max":{"cpu":"2"}}]}}"#;
        assert_eq!(Unit::new(&[POD, range]).related("w", Need::LimitRanges).at("limit_ranges").items().len(), 0);
    }

    #[test]
    fn quotas_are_numbers_and_belong_to_a_namespace() {
        let quota = r#"{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q","namespace":"p"},
            "spec":{"hard":{"requests.cpu":"20","limits.memory":"1Gi","pods":"50","cpu":"x"}}}"#;
        let namespace = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"p","labels":{"env":"prod"}}}"#;
        let unit = Unit::new(&[POD, quota, namespace]);
        for name in ["w", "p"] {
            let related = unit.related(name, Need::Quotas);
            let hard = text(related.at("quotas").items().first().unwrap().at("hard"));
            assert_eq!(hard, r#"{"cpu":null,"limits.memory":1073741824,"pods":50,"requests.cpu":20000}"#, "{name}");
        }
        let related = unit.related("w", Need::Namespaces);
        assert_eq!(text(related.dig(&["namespace", "labels"])), r#"{"env":"prod"}"#);
        let elsewhere = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"v","namespace":"other"},"spec":{}}"#;
        assert_eq!(unit.related_of(elsewhere, Need::Quotas).at("quotas").items().len(), 0);
        assert_eq!(text(unit.related_of(elsewhere, Need::Namespaces).dig(&["namespace", "exists"])), "no");
    }
}
