//! kubelint's own webhook configurations: the CA bundle in them, and whose they are. Nothing else of them is changed, and
//! nothing is written that is there already.

use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Map, Value as Json, json};

/// Who is named as the author of changes.
const MANAGER: &str = "kubelint";

/// The two configurations of one name.
pub struct Configurations {
    apis: Vec<Api<DynamicObject>>,
    name: String,
}

/// A configuration as it is.
pub struct Configuration {
    api: Api<DynamicObject>,
    object: DynamicObject,
}

impl Configurations {
    /// Of this name; none of them has to be there.
    pub fn new(client: &Client, name: &str) -> Self {
        let api = |kind: &str| {
            let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
            Api::all_with(client.clone(), &ApiResource::from_gvk(&kind))
        };
        Self { apis: ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"].map(api).into(), name: name.to_owned() }
    }

    /// Those that are there.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn read(&self) -> Result<Vec<Configuration>, kube::Error> {
        let mut found = Vec::new();
        for api in &self.apis {
            found.extend(api.get_opt(&self.name).await?.map(|object| Configuration { api: api.clone(), object }));
        }
        Ok(found)
    }
}

impl Configuration {
    fn webhooks(&self) -> &[Json] {
        self.object.data.get("webhooks").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// The CA bundles of its webhooks, in PEM; what is no base64 or no text counts as empty.
    pub fn bundles(&self) -> Vec<String> {
        let decoded = |webhook: &Json| {
            let base64 = webhook.pointer("/clientConfig/caBundle")?.as_str()?;
            String::from_utf8(data_encoding::BASE64.decode(base64.as_bytes()).ok()?).ok()
        };
        self.webhooks().iter().map(|webhook| decoded(webhook).unwrap_or_default()).collect()
    }

    /// Writes the bundle into every webhook; the API server refuses it (409) if the configuration has changed since it was read.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn hold(&mut self, bundle: &str) -> Result<(), kube::Error> {
        let base64 = data_encoding::BASE64.encode(bundle.as_bytes());
        let names = self.webhooks().iter().filter_map(|webhook| webhook.get("name"));
        let webhooks: Vec<Json> = names.map(|name| json!({"name": name, "clientConfig": {"caBundle": base64}})).collect();
        self.patch(json!({"metadata": self.version(), "webhooks": webhooks})).await
    }

    /// Is the object with this uid one of its owners?
    pub fn is_owned_by(&self, uid: &str) -> bool {
        self.object.metadata.owner_references.iter().flatten().any(|owner| owner.uid == uid)
    }

    /// Makes a Namespace its owner, so that it goes when the Namespace is gone.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn belong_to(&mut self, namespace: &str, uid: &str) -> Result<(), kube::Error> {
        let owner = json!({"apiVersion": "v1", "kind": "Namespace", "name": namespace, "uid": uid});
        let mut metadata = self.version();
        metadata.insert("ownerReferences".into(), json!([owner]));
        self.patch(json!({"metadata": metadata})).await
    }

    /// What makes the API server refuse a change of something else than what was read.
    fn version(&self) -> Map<String, Json> {
        Map::from_iter([("resourceVersion".to_owned(), json!(self.object.metadata.resource_version))])
    }

    async fn patch(&mut self, body: Json) -> Result<(), kube::Error> {
        let name = self.object.metadata.name.clone().unwrap_or_default();
        let parameters = PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() };
        self.object = self.api.patch(&name, &parameters, &Patch::Strategic(body)).await?;
        Ok(())
    }
}
