//! Which kinds a rule names: `StatefulSet`, `group/Kind`, `Workload`, `*`.

use std::sync::Arc;

use crate::objects::GroupKind;

/// Built-in kinds that carry a pod template: what `Workload` in a header stands for.
pub const WORKLOAD_KINDS: &[&str] =
    &["StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "Pod", "PodTemplate", "ReplicationController", "Job", "CronJob"];

/// Further kinds of the API groups that come with Kubernetes (`kubectl api-resources`, 1.37, and removed ones that manifests still name).
const BUILTIN_KINDS: &[&str] = &[
    "APIService",
    "CSIDriver",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "ControllerRevision",
    "CustomResourceDefinition",
    "EndpointSlice",
    "Endpoints",
    "FlowSchema",
    "HorizontalPodAutoscaler",
    "Ingress",
    "IngressClass",
    "Lease",
    "LimitRange",
    "MutatingWebhookConfiguration",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "PodSecurityPolicy",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "RuntimeClass",
    "Secret",
    "Service",
    "ServiceAccount",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttributesClass",
];

/// A kind as a header names it. A plain name means the kind of an API group that comes with Kubernetes (a group without a
/// dot, or below `k8s.io`): a Knative `Service` is not a `Service`. A custom resource is named with its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindPattern {
    text: Arc<str>,
    /// Length of the group in `text`; `None` for a plain name.
    group: Option<usize>,
}

impl KindPattern {
    /// From a header's entry; `Workload` stands for several.
    pub(super) fn parse(text: &str) -> Result<Vec<Self>, String> {
        let plain = |name: &str| Self { text: name.into(), group: None };
        if text == "Workload" {
            return Ok(WORKLOAD_KINDS.iter().map(|name| plain(name)).collect());
        }
        if text == "*" || WORKLOAD_KINDS.contains(&text) || BUILTIN_KINDS.contains(&text) {
            return Ok(vec![plain(text)]);
        }
        if let Some((group, kind)) = text.split_once('/') {
            let versioned = kind.contains('/') || kind.is_empty() || group.is_empty();
            let message = || format!("`{text}` is no kind: write group/Kind without a version, such as redis.redis.opstreelabs.in/Redis");
            return if versioned { Err(message()) } else { Ok(vec![Self { text: text.into(), group: Some(group.len()) }]) };
        }
        let near = WORKLOAD_KINDS.iter().chain(BUILTIN_KINDS).chain(&["Workload"]).find(|name| strsim::levenshtein(name, text) <= 2);
        let near = near.map_or(String::new(), |name| format!("did you mean `{name}`? "));
        Err(format!("`{text}` is no kind that comes with Kubernetes; {near}name a custom resource as group/Kind"))
    }

    /// As written, `Workload` resolved.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The kind without a group; `*` for all.
    pub fn kind(&self) -> &str {
        self.group.and_then(|len| self.text.get(len + 1..)).unwrap_or(&self.text)
    }

    /// The group, where the header names one.
    pub fn group(&self) -> Option<&str> {
        self.group.and_then(|len| self.text.get(..len))
    }

    /// Does it mean this kind?
    pub fn matches(&self, kind: GroupKind<'_>) -> bool {
        match self.group() {
            Some(group) => group == kind.group && self.kind() == kind.kind,
            None if &*self.text == "*" => true,
            None => *self.text == *kind.kind && (!kind.group.contains('.') || kind.group.ends_with(".k8s.io")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_mean_kubernetes_own_groups() {
        let service = &KindPattern::parse("Service").unwrap()[0];
        assert!(service.matches(GroupKind { group: "", kind: "Service" }));
        assert!(!service.matches(GroupKind { group: "serving.knative.dev", kind: "Service" }));
        let ingress = &KindPattern::parse("Ingress").unwrap()[0];
        assert!(ingress.matches(GroupKind { group: "networking.k8s.io", kind: "Ingress" }));
        assert!(ingress.matches(GroupKind { group: "extensions", kind: "Ingress" }));
        let redis = &KindPattern::parse("redis.redis.opstreelabs.in/Redis").unwrap()[0];
        assert!(redis.matches(GroupKind { group: "redis.redis.opstreelabs.in", kind: "Redis" }));
        assert!(!redis.matches(GroupKind { group: "", kind: "Redis" }));
        assert_eq!(KindPattern::parse("Workload").unwrap().len(), WORKLOAD_KINDS.len());
    }

    #[test]
    fn misspelt_kinds_are_refused_with_a_hint() {
        assert!(KindPattern::parse("StatefullSet").unwrap_err().contains("did you mean `StatefulSet`?"));
        assert!(KindPattern::parse("RedisFailover").unwrap_err().contains("group/Kind"));
        assert!(KindPattern::parse("apps/v1/StatefulSet").unwrap_err().contains("without a version"));
    }
}
