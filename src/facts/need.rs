//! The related facts that a rule can ask for in its header's `needs`.

use crate::objects::GroupKind;

macro_rules! needs {
    ($($(#[$doc:meta])* $variant:ident $name:literal [$($group:literal / $kind:literal),*];)*) => {
        /// A related fact. Drives what is watched in the cluster, and the RBAC for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Need { $($(#[$doc])* $variant,)* }

        impl Need {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in a rule's header.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The kinds that have to be known for it.
            pub const fn kinds(self) -> &'static [GroupKind<'static>] {
                match self { $(Self::$variant => &[$(GroupKind { group: $group, kind: $kind },)*],)* }
            }
        }
    };
}

needs! {
    /// ConfigMaps: references, and the configuration of caches and databases.
    ConfigMaps "configmaps" [""/"ConfigMap"];
    /// Secrets.
    Secrets "secrets" [""/"Secret"];
    /// PodDisruptionBudgets.
    Pdbs "pdbs" ["policy"/"PodDisruptionBudget"];
    /// Services.
    Services "services" [""/"Service"];
    /// HorizontalPodAutoscalers.
    Hpas "hpas" ["autoscaling"/"HorizontalPodAutoscaler"];
    /// NetworkPolicies.
    NetworkPolicies "networkpolicies" ["networking.k8s.io"/"NetworkPolicy"];
    /// LimitRanges.
    LimitRanges "limitranges" [""/"LimitRange"];
    /// ResourceQuotas.
    Quotas "quotas" [""/"ResourceQuota"];
    /// StorageClasses.
    StorageClasses "storageclasses" ["storage.k8s.io"/"StorageClass"];
    /// PersistentVolumeClaims.
    Pvcs "pvcs" [""/"PersistentVolumeClaim"];
    /// ServiceAccounts.
    ServiceAccounts "serviceaccounts" [""/"ServiceAccount"];
    /// Roles and their bindings, of both scopes.
    Bindings "bindings" [
        "rbac.authorization.k8s.io"/"Role", "rbac.authorization.k8s.io"/"RoleBinding",
        "rbac.authorization.k8s.io"/"ClusterRole", "rbac.authorization.k8s.io"/"ClusterRoleBinding"
    ];
    /// Workloads: whatever carries a pod template.
    Workloads "workloads" ["apps"/"StatefulSet", "apps"/"Deployment", "apps"/"DaemonSet", "batch"/"CronJob", "batch"/"Job"];
    /// Namespaces.
    Namespaces "namespaces" [""/"Namespace"];
    /// Pods, as they run, and the revisions they run.
    Pods "pods" [""/"Pod", "apps"/"ControllerRevision"];
    /// Custom resources of operators.
    CustomResources "crs" [];
    /// What the API server would say of the object's shape: schemas of Kubernetes, and of the CustomResourceDefinitions that are there.
    Schemas "schemas" ["apiextensions.k8s.io"/"CustomResourceDefinition"];
}

impl Need {
    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|need| need.as_str() == name)
    }
}
