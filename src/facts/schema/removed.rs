//! API versions that Kubernetes serves no longer, or will not for long. Source: the deprecated API migration guide
//! (<https://kubernetes.io/docs/reference/using-api/deprecation-guide/>); from 1.34 on, the schemas of the versions themselves.

use super::table::{FIRST_MINOR, LAST_MINOR, Table};

/// What becomes of an API version of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    /// The first minor version that warns.
    pub(super) deprecated: Option<u32>,
    /// The first minor version that has it no longer.
    pub(super) removed: Option<u32>,
    /// The API version to write instead; `None` where there is none.
    pub(super) replacement: Option<&'static str>,
    /// Does the replacement take the object as it is, with the same meaning?
    pub(super) same_shape: bool,
}

/// API version, kinds, deprecated in, removed in, replacement.
type Row = (&'static str, &'static [&'static str], u32, u32, Option<&'static str>);

/// Rows for which the guide has no notable change: writing the other version is all there is to do. (The selector of
/// `apps/v1` became required, an empty selector of `policy/v1` selects everything, metrics of `autoscaling/v2` have another form, ...)
#[rustfmt::skip]
const SAME_SHAPE: &[(&str, &[&str])] = &[
    ("extensions/v1beta1", &["NetworkPolicy"]),
    ("apiregistration.k8s.io/v1beta1", &["APIService"]),
    ("coordination.k8s.io/v1beta1", &["Lease"]),
    ("networking.k8s.io/v1beta1", &["IngressClass", "IPAddress", "ServiceCIDR"]),
    ("rbac.authorization.k8s.io/v1beta1", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"]),
    ("storage.k8s.io/v1beta1", &["CSIDriver", "CSINode", "CSIStorageCapacity", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"]),
    ("batch/v1beta1", &["CronJob"]),
    ("node.k8s.io/v1beta1", &["RuntimeClass"]),
];

#[rustfmt::skip]
pub(super) const REMOVED: &[Row] = &[
    ("extensions/v1beta1", &["DaemonSet", "Deployment", "ReplicaSet"], 9, 16, Some("apps/v1")),
    ("extensions/v1beta1", &["NetworkPolicy"], 9, 16, Some("networking.k8s.io/v1")),
    ("extensions/v1beta1", &["PodSecurityPolicy"], 10, 16, None),
    ("extensions/v1beta1", &["Ingress"], 14, 22, Some("networking.k8s.io/v1")),
    ("apps/v1beta1", &["ControllerRevision", "Deployment", "ReplicaSet", "StatefulSet"], 9, 16, Some("apps/v1")),
    ("apps/v1beta2", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"], 9, 16, Some("apps/v1")),
    ("admissionregistration.k8s.io/v1beta1", &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"], 16, 22, Some("admissionregistration.k8s.io/v1")),
    ("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], 16, 22, Some("apiextensions.k8s.io/v1")),
    ("apiregistration.k8s.io/v1beta1", &["APIService"], 19, 22, Some("apiregistration.k8s.io/v1")),
    ("authentication.k8s.io/v1beta1", &["TokenReview"], 19, 22, Some("authentication.k8s.io/v1")),
    ("authorization.k8s.io/v1beta1", &["LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"], 19, 22, Some("authorization.k8s.io/v1")),
    ("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], 19, 22, Some("certificates.k8s.io/v1")),
    ("coordination.k8s.io/v1beta1", &["Lease"], 19, 22, Some("coordination.k8s.io/v1")),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], 19, 22, Some("networking.k8s.io/v1")),
    ("rbac.authorization.k8s.io/v1alpha1", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"], 17, 23, Some("rbac.authorization.k8s.io/v1")),
    ("rbac.authorization.k8s.io/v1beta1", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"], 17, 22, Some("rbac.authorization.k8s.io/v1")),
    ("scheduling.k8s.io/v1alpha1", &["PriorityClass"], 14, 23, Some("scheduling.k8s.io/v1")),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"], 14, 22, Some("scheduling.k8s.io/v1")),
    ("storage.k8s.io/v1beta1", &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"], 19, 22, Some("storage.k8s.io/v1")),
    ("batch/v2alpha1", &["CronJob"], 8, 21, Some("batch/v1")),
    ("batch/v1beta1", &["CronJob"], 21, 25, Some("batch/v1")),
    ("discovery.k8s.io/v1beta1", &["EndpointSlice"], 21, 25, Some("discovery.k8s.io/v1")),
    ("events.k8s.io/v1beta1", &["Event"], 19, 25, Some("events.k8s.io/v1")),
    ("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], 22, 25, Some("autoscaling/v2")),
    ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], 23, 26, Some("autoscaling/v2")),
    ("policy/v1beta1", &["PodDisruptionBudget"], 21, 25, Some("policy/v1")),
    ("policy/v1beta1", &["PodSecurityPolicy"], 21, 25, None),
    ("node.k8s.io/v1beta1", &["RuntimeClass"], 22, 25, Some("node.k8s.io/v1")),
    ("flowcontrol.apiserver.k8s.io/v1beta1", &["FlowSchema", "PriorityLevelConfiguration"], 23, 26, Some("flowcontrol.apiserver.k8s.io/v1")),
    ("flowcontrol.apiserver.k8s.io/v1beta2", &["FlowSchema", "PriorityLevelConfiguration"], 26, 29, Some("flowcontrol.apiserver.k8s.io/v1")),
    ("flowcontrol.apiserver.k8s.io/v1beta3", &["FlowSchema", "PriorityLevelConfiguration"], 29, 32, Some("flowcontrol.apiserver.k8s.io/v1")),
    ("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], 24, 27, Some("storage.k8s.io/v1")),
    ("admissionregistration.k8s.io/v1beta1", &["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"], 31, 34, Some("admissionregistration.k8s.io/v1")),
    ("networking.k8s.io/v1beta1", &["IPAddress", "ServiceCIDR"], 34, 37, Some("networking.k8s.io/v1")),
    ("storage.k8s.io/v1beta1", &["VolumeAttributesClass"], 34, 37, Some("storage.k8s.io/v1")),
];

/// What becomes of an API version; `None` for one that stays, or that Kubernetes never had.
pub(super) fn fate(api_version: &str, kind: &str) -> Option<Fate> {
    let row = REMOVED.iter().find(|(version, kinds, ..)| *version == api_version && kinds.contains(&kind));
    if let Some(&(_, _, deprecated, removed, replacement)) = row {
        let same_shape = SAME_SHAPE.iter().any(|(version, kinds)| *version == api_version && kinds.contains(&kind));
        return Some(Fate { deprecated: Some(deprecated), removed: Some(removed), replacement, same_shape });
    }
    // Alphas and betas go without a guide; what is newer than them is what to write.
    let removed = Table::get().gone(api_version, kind)?;
    Some(Fate { deprecated: None, removed: Some(removed), replacement: successor(api_version, kind, removed), same_shape: false })
}

/// The newest API version of the same group that a later Kubernetes serves for the kind.
fn successor(api_version: &str, kind: &str, removed: u32) -> Option<&'static str> {
    let (group, _) = api_version.split_once('/')?;
    const VERSIONS: &[(&str, &[&str])] = &[
        ("certificates.k8s.io", &["certificates.k8s.io/v1", "certificates.k8s.io/v1beta1"]),
        ("resource.k8s.io", &["resource.k8s.io/v1", "resource.k8s.io/v1beta2"]),
        ("scheduling.k8s.io", &["scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1alpha3", "scheduling.k8s.io/v1alpha2"]),
        ("storage.k8s.io", &["storage.k8s.io/v1"]),
        ("storagemigration.k8s.io", &["storagemigration.k8s.io/v1", "storagemigration.k8s.io/v1beta1"]),
    ];
    let (_, versions) = VERSIONS.iter().find(|(name, _)| *name == group)?;
    let serves = |version: &str| (removed.max(FIRST_MINOR)..=LAST_MINOR).any(|minor| Table::get().kind(version, kind, minor).is_some());
    versions.iter().copied().find(|version| serves(version))
}
