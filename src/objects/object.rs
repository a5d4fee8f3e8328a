//! One object: its value, who it is, and where it came from.

use std::fmt;
use std::sync::Arc;

use crate::place::Path;
use crate::value::{Lookup, Value, nullable, object};

/// Kind and API group, without a version: `apps/v1` and `apps/v1beta1` StatefulSets are the same objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKind<'a> {
    /// The API group, empty for the core group.
    pub group: &'a str,
    /// The kind.
    pub kind: &'a str,
}

/// Which object: what a person would name it by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// `group/version`, or `v1`.
    pub api_version: Arc<str>,
    /// The kind.
    pub kind: Arc<str>,
    /// `None` for a cluster-scoped object, and for a manifest that leaves it out.
    pub namespace: Option<Arc<str>>,
    /// `metadata.name`, or `metadata.generateName`; may be empty.
    pub name: Arc<str>,
}

impl Identity {
    /// The API group, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Group and kind.
    pub fn group_kind(&self) -> GroupKind<'_> {
        GroupKind { group: self.group(), kind: &self.kind }
    }

    /// As reports and the rules see it; `namespace` is `null` where there is none.
    pub fn to_value(&self) -> Value {
        object([
            ("apiVersion", Value::String(self.api_version.clone())),
            ("kind", Value::String(self.kind.clone())),
            ("namespace", nullable(self.namespace.clone().map(Value::String))),
            ("name", Value::String(self.name.clone())),
        ])
    }

    /// The inverse of [`Self::to_value`].
    pub fn from_value(value: &Value) -> Option<Self> {
        let text = |key| match value.at(key) {
            Value::String(text) => Some(text.clone()),
            _ => None,
        };
        Some(Self { api_version: text("apiVersion")?, kind: text("kind")?, namespace: text("namespace"), name: text("name")? })
    }
}

/// `StatefulSet prod/store`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// Where an object was read. Opaque to everything below `lint`: only the suppliers of objects read it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// A request, or a watch.
    #[default]
    Cluster,
    /// A document of an input.
    Document {
        /// Which input of the run.
        input: u32,
        /// Which document of it.
        document: u32,
        /// The way to the object inside the document: empty, or `items`, n for a `List`.
        path: Path,
    },
}

/// A Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Which.
    pub identity: Identity,
    /// The object as the cluster would store it.
    pub value: Value,
    /// Where it was read.
    pub origin: Origin,
}

impl Object {
    /// From a value that has `kind` and `apiVersion` as text; otherwise `None`.
    /// A missing name becomes `metadata.generateName`, or empty. An empty namespace is none.
    pub fn new(value: Value, origin: Origin) -> Option<Self> {
        let text = |value: &Value| match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        };
        let metadata = value.at("metadata");
        let identity = Identity {
            api_version: text(value.at("apiVersion"))?,
            kind: text(value.at("kind"))?,
            namespace: text(metadata.at("namespace")),
            name: text(metadata.at("name")).or_else(|| text(metadata.at("generateName"))).unwrap_or_default(),
        };
        let cluster_wide = cluster_scoped(identity.group_kind());
        let identity = if cluster_wide { Identity { namespace: None, ..identity } } else { identity };
        Some(Self { identity, value, origin })
    }

    /// Group and kind.
    pub fn group_kind(&self) -> GroupKind<'_> {
        self.identity.group_kind()
    }

    /// The namespace, if it has one.
    pub fn namespace(&self) -> Option<&str> {
        self.identity.namespace.as_deref()
    }

    /// `metadata.labels` as pairs; what is no text is left out, as the API server would refuse it.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.value.dig(&["metadata", "labels"]).entries().filter_map(|(k, v)| Some((k, v.text()?)))
    }
}

/// Kinds of the built-in API groups that have no namespace (`kubectl api-resources --namespaced=false`, Kubernetes 1.37).
/// Custom resources count as namespaced: an absent namespace is then unknown, which is the careful reading.
pub fn cluster_scoped(kind: GroupKind<'_>) -> bool {
    match kind.group {
        "" => matches!(kind.kind, "Namespace" | "Node" | "PersistentVolume" | "ComponentStatus"),
        "rbac.authorization.k8s.io" => kind.kind.starts_with("Cluster"),
        "storage.k8s.io" => matches!(kind.kind, "StorageClass" | "CSIDriver" | "CSINode" | "VolumeAttachment" | "VolumeAttributesClass"),
        "apiextensions.k8s.io" | "admissionregistration.k8s.io" | "apiregistration.k8s.io" | "flowcontrol.apiserver.k8s.io" => true,
        "scheduling.k8s.io" => kind.kind == "PriorityClass",
        "node.k8s.io" => kind.kind == "RuntimeClass",
        "networking.k8s.io" => matches!(kind.kind, "IngressClass" | "IPAddress" | "ServiceCIDR"),
        "certificates.k8s.io" => matches!(kind.kind, "CertificateSigningRequest" | "ClusterTrustBundle"),
        "policy" => kind.kind == "PodSecurityPolicy",
        _ => false,
    }
}
