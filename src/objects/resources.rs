//! Where the API server keeps the objects of a kind: the version that the facts read, and the plural name in its paths. One table
//! for what is watched, what RBAC is generated from, and what the webhook configurations ask for.

use super::GroupKind;

/// One kind that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// The API group, empty for the core group.
    pub group: &'static str,
    /// The version that the facts read.
    pub version: &'static str,
    /// The name in paths, RBAC and webhook rules.
    pub plural: &'static str,
    /// The kind.
    pub kind: &'static str,
}

impl Resource {
    /// Group and kind.
    pub const fn group_kind(&self) -> GroupKind<'static> {
        GroupKind { group: self.group, kind: self.kind }
    }

    /// `apps/v1`, or `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// Where this kind is; `None` for one that no rule of kubelint reads.
pub fn of_kind(kind: GroupKind<'_>) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.group_kind() == kind)
}

/// The kind behind a group and a plural name.
pub fn of_plural(group: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.group == group && resource.plural == plural)
}

const fn at(group: &'static str, version: &'static str, plural: &'static str, kind: &'static str) -> Resource {
    Resource { group, version, plural, kind }
}

/// Every kind that a rule judges or reads. A custom resource of a rule is added here.
pub const RESOURCES: &[Resource] = &[
    at("", "v1", "configmaps", "ConfigMap"),
    at("", "v1", "endpoints", "Endpoints"),
    at("", "v1", "limitranges", "LimitRange"),
    at("", "v1", "namespaces", "Namespace"),
    at("", "v1", "nodes", "Node"),
    at("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    at("", "v1", "persistentvolumes", "PersistentVolume"),
    at("", "v1", "pods", "Pod"),
    at("", "v1", "podtemplates", "PodTemplate"),
    at("", "v1", "replicationcontrollers", "ReplicationController"),
    at("", "v1", "resourcequotas", "ResourceQuota"),
    at("", "v1", "secrets", "Secret"),
    at("", "v1", "serviceaccounts", "ServiceAccount"),
    at("", "v1", "services", "Service"),
    at("apiregistration.k8s.io", "v1", "apiservices", "APIService"),
    at("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"),
    at("apps", "v1", "controllerrevisions", "ControllerRevision"),
    at("apps", "v1", "daemonsets", "DaemonSet"),
    at("apps", "v1", "deployments", "Deployment"),
    at("apps", "v1", "replicasets", "ReplicaSet"),
    at("apps", "v1", "statefulsets", "StatefulSet"),
    at("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    at("batch", "v1", "cronjobs", "CronJob"),
    at("batch", "v1", "jobs", "Job"),
    at("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest"),
    at("coordination.k8s.io", "v1", "leases", "Lease"),
    at("databases.spotahome.com", "v1", "redisfailovers", "RedisFailover"),
    at("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    at("dragonflydb.io", "v1alpha1", "dragonflies", "Dragonfly"),
    at("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema"),
    at("flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations", "PriorityLevelConfiguration"),
    at("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject"),
    at("networking.k8s.io", "v1", "ingressclasses", "IngressClass"),
    at("networking.k8s.io", "v1", "ingresses", "Ingress"),
    at("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
    at("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass"),
    at("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    at("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding"),
    at("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole"),
    at("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
    at("rbac.authorization.k8s.io", "v1", "roles", "Role"),
    at("redis.redis.opstreelabs.in", "v1beta2", "redis", "Redis"),
    at("redis.redis.opstreelabs.in", "v1beta2", "redisclusters", "RedisCluster"),
    at("redis.redis.opstreelabs.in", "v1beta2", "redisreplications", "RedisReplication"),
    at("redis.redis.opstreelabs.in", "v1beta2", "redissentinels", "RedisSentinel"),
    at("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass"),
    at("storage.k8s.io", "v1", "csidrivers", "CSIDriver"),
    at("storage.k8s.io", "v1", "storageclasses", "StorageClass"),
    at("storage.k8s.io", "v1", "volumeattributesclasses", "VolumeAttributesClass"),
    at("valkey.io", "v1alpha1", "valkeyclusters", "ValkeyCluster"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_either_name() {
        let sets = of_plural("apps", "statefulsets").unwrap();
        assert_eq!((sets.kind, sets.api_version().as_str()), ("StatefulSet", "apps/v1"));
        assert_eq!(of_kind(GroupKind { group: "", kind: "Service" }).map(Resource::api_version).as_deref(), Some("v1"));
        assert_eq!(of_kind(GroupKind { group: "serving.knative.dev", kind: "Service" }), None);
        let mut kinds: Vec<_> = RESOURCES.iter().map(Resource::group_kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), RESOURCES.len(), "a kind occurs twice");
    }
}
