//! From what the API server sends to objects as they are kept: without what no rule reads and what changes all the time.

use std::sync::Arc;

use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::{Client, ResourceExt as _};

use crate::objects::resources::Resource;
use crate::objects::{Object, Origin, cluster_scoped};
use crate::yaml::{self, Limits};

/// Objects a page of a list.
const PAGE: u32 = 500;
/// The same of kinds whose objects may take a MiB each.
const PAGE_OF_LARGE: u32 = 50;

/// Longest JSON value of a ConfigMap that is kept, in bytes. Dashboards and schemas are longer; no cache and no database reads its
/// settings from JSON. Other text is kept whole: who pads a `redis.conf` shall gain nothing by it.
const LONGEST_JSON: usize = 16 << 10;

/// Kinds whose status the facts read. Of all others it is left out: it changes with every Pod, and nothing depends on it.
const WITH_STATUS: &[&str] = &["PersistentVolumeClaim", "ResourceQuota", "Pod"];

/// What `kubectl apply` writes beside the object: the object once more.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How many objects of a kind are asked for at a time.
pub(super) fn page(resource: &Resource) -> u32 {
    if matches!(resource.kind, "ConfigMap" | "Secret") { PAGE_OF_LARGE } else { PAGE }
}

/// Empties the values that are no configuration; the keys stay.
fn without_bulk(object: &mut serde_json::Value) {
    let bulky = |value: &serde_json::Value| {
        let text = value.as_str().unwrap_or_default();
        text.len() > LONGEST_JSON && text.trim_start().starts_with(['{', '['])
    };
    let values = object.get_mut("data").and_then(serde_json::Value::as_object_mut);
    for (_, value) in values.into_iter().flatten().filter(|(_, value)| bulky(value)) {
        *value = serde_json::Value::String(String::new());
    }
}

/// The API of a kind.
pub(super) fn api(client: &Client, resource: &Resource, namespace: Option<&str>) -> Api<DynamicObject> {
    let described = ApiResource {
        group: resource.group.into(),
        version: resource.version.into(),
        api_version: resource.api_version(),
        kind: resource.kind.into(),
        plural: resource.plural.into(),
    };
    match namespace.filter(|_| !cluster_scoped(resource.group_kind())) {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &described),
        None => Api::all_with(client.clone(), &described),
    }
}

/// The object as it is kept; `None` if it is none.
pub(super) fn kept(mut object: DynamicObject, resource: &Resource) -> Option<Arc<Object>> {
    object.metadata.managed_fields = None;
    object.metadata.resource_version = None;
    object.metadata.generation = None;
    object.annotations_mut().remove(LAST_APPLIED);
    if object.metadata.annotations.as_ref().is_some_and(std::collections::BTreeMap::is_empty) {
        object.metadata.annotations = None;
    }
    if let (Some(data), false) = (object.data.as_object_mut(), WITH_STATUS.contains(&resource.kind)) {
        data.remove("status");
    }
    if resource.kind == "ConfigMap" {
        without_bulk(&mut object.data);
    }
    // Items of a list do not say what they are.
    object.types = Some(kube::core::TypeMeta { api_version: resource.api_version(), kind: resource.kind.into() });
    // Read as requests are: one copy of each key and name, however many objects have it.
    let json = serde_json::to_vec(&object).ok()?;
    let value = yaml::read_json(&json, &Limits::default()).ok()?;
    Object::new(value, Origin::Cluster).map(Arc::new)
}

/// Everything of a kind in a namespace, as it is now. `labels`: only what matches this selector.
pub(super) async fn list(
    client: &Client,
    resource: &Resource,
    namespace: Option<&str>,
    labels: Option<&str>,
) -> Result<Vec<Arc<Object>>, kube::Error> {
    let api = api(client, resource, namespace);
    let mut params = ListParams { label_selector: labels.map(str::to_owned), ..ListParams::default().limit(page(resource)) };
    let mut found = Vec::new();
    loop {
        let page = api.list(&params).await?;
        found.extend(page.items.into_iter().filter_map(|object| kept(object, resource)));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(found),
        }
    }
}

/// One object, as it is now; `None` if it is not there.
pub(super) async fn get(
    client: &Client,
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<Arc<Object>>, kube::Error> {
    let found = api(client, resource, namespace).get_opt(name).await?;
    Ok(found.and_then(|object| kept(object, resource)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::resources;
    use crate::value::Lookup as _;

    #[test]
    fn what_no_rule_reads_is_not_kept() {
        let json = serde_json::json!({
            "metadata": {
                "name": "store", "namespace": "shop", "uid": "u", "resourceVersion": "7", "generation": 3,
                "annotations": {LAST_APPLIED: "{}"}, "managedFields": [{"manager": "kubectl"}],
            },
            "spec": {"replicas": 3}, "status": {"readyReplicas": 3},
        });
        let object: DynamicObject = serde_json::from_value(json).unwrap();
        let resource = resources::of_plural("apps", "statefulsets").unwrap();
        let kept = kept(object, resource).unwrap();
        assert_eq!(kept.identity.to_string(), "StatefulSet shop/store");
        assert_eq!(&*kept.identity.api_version, "apps/v1");
        let text = kept.value.to_string();
        for gone in ["managedFields", "resourceVersion", "generation", "annotations", "status"] {
            assert!(!text.contains(gone), "{gone} is kept: {text}");
        }
        assert_eq!(kept.value.dig(&["metadata", "uid"]).text(), Some("u"));
        assert_eq!(kept.value.dig(&["spec", "replicas"]).int(), Some(3));
    }

    #[test]
    fn values_that_are_no_configuration_are_not_kept() {
        let dashboard = format!("{{\"panels\": \"{}\"}}", "x".repeat(LONGEST_JSON));
        let padded = "# comment\n".repeat(60_000);
        let data = serde_json::json!({"redis.conf": padded, "small.json": "{\"a\":1}", "dashboard.json": dashboard});
        let json = serde_json::json!({"metadata": {"name": "c", "namespace": "n"}, "data": data});
        let kept = kept(serde_json::from_value(json).unwrap(), resources::of_plural("", "configmaps").unwrap()).unwrap();
        let lengths = ["redis.conf", "small.json", "dashboard.json"].map(|key| kept.value.at("data").at(key).text().map(str::len));
        assert_eq!(lengths, [Some(600_000), Some(7), Some(0)]);
    }
}
