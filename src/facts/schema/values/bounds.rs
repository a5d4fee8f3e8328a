//! What one field may hold, as a table: definitions by the end of their names, fields, bound.

use super::super::Faults;
use super::super::builtin::integer;
use super::names;
use crate::facts::quantity::Quantity;
use crate::place::Path;
use crate::value::{Lookup, Value};

/// What a value of the right type must be besides.
#[derive(Debug)]
pub(in super::super) enum Bound {
    /// An integer, both ends included.
    Within(i64, i64),
    /// An integer not below 0, or a percentage.
    Share,
    /// The same, at most 100 %.
    ShareTo100,
    /// A text of these, or a list of them.
    OneOf(&'static [&'static str]),
    /// A list or a text with something in it.
    Filled,
    /// A DNS label.
    Label,
    /// A map of labels.
    Labels,
    /// A map whose keys are those of annotations.
    Annotations,
    /// A map of quantities, none below 0.
    Amounts,
    /// The same for a container: the names are those of resources.
    ContainerAmounts,
    /// A map whose keys are names of files.
    Data,
    /// The number of a port, not below this, or the name of one.
    Port(i64),
    /// The name of a port.
    PortName,
    /// The five fields of a cron line, or one word with `@`.
    Schedule,
}

const COUNT: Bound = Bound::Within(0, i64::MAX);
const POSITIVE: Bound = Bound::Within(1, i64::MAX);
const PORT: Bound = Bound::Within(1, 65_535);
const PORT_OR_NONE: Bound = Bound::Within(0, 65_535);
const USER: Bound = Bound::Within(0, 2_147_483_647);
const SELECTOR_OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist"];
const ACCESS: &[&str] = &["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

type Row = (&'static [&'static str], &'static [&'static str], Bound);

#[rustfmt::skip]
const BOUNDS: &[Row] = &[
    (&["apps.v1.StatefulSetSpec", "apps.v1.DeploymentSpec", "apps.v1.ReplicaSetSpec", "apps.v1.DaemonSetSpec", "core.v1.ReplicationControllerSpec"],
        &["replicas", "minReadySeconds"], COUNT),
    (&["apps.v1.DeploymentSpec", "apps.v1.DaemonSetSpec"], &["revisionHistoryLimit", "progressDeadlineSeconds"], COUNT),
    (&["apps.v1.StatefulSetSpec"], &["podManagementPolicy"], Bound::OneOf(&["OrderedReady", "Parallel"])),
    (&["apps.v1.StatefulSetSpec"], &["serviceName"], Bound::Label),
    (&["apps.v1.StatefulSetUpdateStrategy"], &["type"], Bound::OneOf(&["RollingUpdate", "OnDelete", "Recreate"])),
    (&["apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy"], &["whenDeleted", "whenScaled"], Bound::OneOf(&["Retain", "Delete"])),
    (&["apps.v1.RollingUpdateStatefulSetStrategy"], &["partition"], COUNT),
    (&["apps.v1.RollingUpdateStatefulSetStrategy", "apps.v1.RollingUpdateDeployment", "apps.v1.RollingUpdateDaemonSet"], &["maxUnavailable"], Bound::ShareTo100),
    (&["apps.v1.RollingUpdateDeployment"], &["maxSurge"], Bound::Share),
    (&["apps.v1.RollingUpdateDaemonSet"], &["maxSurge"], Bound::ShareTo100),
    (&["apps.v1.DeploymentStrategy"], &["type"], Bound::OneOf(&["RollingUpdate", "Recreate"])),
    (&["apps.v1.DaemonSetUpdateStrategy"], &["type"], Bound::OneOf(&["RollingUpdate", "OnDelete"])),
    (&["batch.v1.JobSpec"], &["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"], COUNT),
    (&["batch.v1.JobSpec"], &["completionMode"], Bound::OneOf(&["NonIndexed", "Indexed"])),
    (&["batch.v1.CronJobSpec"], &["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"], COUNT),
    (&["batch.v1.CronJobSpec"], &["concurrencyPolicy"], Bound::OneOf(&["Allow", "Forbid", "Replace"])),
    (&["batch.v1.CronJobSpec"], &["schedule"], Bound::Schedule),
    (&["policy.v1.PodDisruptionBudgetSpec"], &["minAvailable", "maxUnavailable"], Bound::ShareTo100),
    (&["policy.v1.PodDisruptionBudgetSpec"], &["unhealthyPodEvictionPolicy"], Bound::OneOf(&["IfHealthyBudget", "AlwaysAllow"])),
    (&["v1.HorizontalPodAutoscalerSpec", "v2.HorizontalPodAutoscalerSpec"], &["minReplicas"], COUNT),
    (&["v1.HorizontalPodAutoscalerSpec", "v2.HorizontalPodAutoscalerSpec"], &["maxReplicas"], POSITIVE),
    (&["core.v1.PodSpec"], &["containers"], Bound::Filled),
    (&["core.v1.PodSpec"], &["restartPolicy"], Bound::OneOf(&["Always", "OnFailure", "Never"])),
    (&["core.v1.PodSpec"], &["dnsPolicy"], Bound::OneOf(&["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"])),
    (&["core.v1.PodSpec"], &["activeDeadlineSeconds"], POSITIVE),
    (&["core.v1.PodSpec"], &["nodeSelector"], Bound::Labels),
    (&["core.v1.PodSecurityContext", "core.v1.SecurityContext"], &["runAsUser", "runAsGroup", "fsGroup"], USER),
    (&["core.v1.PodSecurityContext"], &["fsGroupChangePolicy"], Bound::OneOf(&["OnRootMismatch", "Always"])),
    (&["core.v1.SeccompProfile"], &["type"], Bound::OneOf(&["Localhost", "RuntimeDefault", "Unconfined"])),
    (&["core.v1.TopologySpreadConstraint"], &["maxSkew", "minDomains"], POSITIVE),
    (&["core.v1.TopologySpreadConstraint"], &["whenUnsatisfiable"], Bound::OneOf(&["DoNotSchedule", "ScheduleAnyway"])),
    (&["core.v1.TopologySpreadConstraint", "core.v1.PodAffinityTerm"], &["topologyKey"], Bound::Filled),
    (&["core.v1.WeightedPodAffinityTerm", "core.v1.PreferredSchedulingTerm"], &["weight"], Bound::Within(1, 100)),
    (&["core.v1.NodeSelectorRequirement"], &["operator"], Bound::OneOf(&["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"])),
    (&["core.v1.Toleration"], &["operator"], Bound::OneOf(&["Exists", "Equal", "Lt", "Gt"])),
    (&["core.v1.Toleration"], &["effect"], Bound::OneOf(&["NoSchedule", "PreferNoSchedule", "NoExecute"])),
    (&["core.v1.Container", "core.v1.Volume"], &["name"], Bound::Label),
    (&["core.v1.Container"], &["imagePullPolicy"], Bound::OneOf(&["Always", "IfNotPresent", "Never"])),
    (&["core.v1.Container"], &["terminationMessagePolicy"], Bound::OneOf(&["File", "FallbackToLogsOnError"])),
    (&["core.v1.ContainerPort"], &["containerPort"], PORT),
    (&["core.v1.ContainerPort"], &["hostPort"], PORT_OR_NONE),
    (&["core.v1.ContainerPort"], &["name"], Bound::PortName),
    (&["core.v1.ContainerPort", "core.v1.ServicePort"], &["protocol"], Bound::OneOf(&["TCP", "UDP", "SCTP"])),
    (&["core.v1.Probe"], &["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"], COUNT),
    (&["core.v1.Probe"], &["terminationGracePeriodSeconds"], POSITIVE),
    (&["core.v1.HTTPGetAction", "core.v1.TCPSocketAction"], &["port"], Bound::Port(1)),
    (&["core.v1.GRPCAction"], &["port"], PORT),
    (&["core.v1.HTTPGetAction"], &["scheme"], Bound::OneOf(&["HTTP", "HTTPS"])),
    (&["core.v1.ResourceRequirements"], &["limits", "requests"], Bound::ContainerAmounts),
    (&["core.v1.VolumeResourceRequirements"], &["limits", "requests"], Bound::Amounts),
    (&["core.v1.ResourceQuotaSpec"], &["hard"], Bound::Amounts),
    (&["core.v1.PersistentVolumeClaimSpec", "core.v1.PersistentVolumeSpec"], &["accessModes"], Bound::OneOf(ACCESS)),
    (&["core.v1.PersistentVolumeClaimSpec", "core.v1.PersistentVolumeSpec"], &["volumeMode"], Bound::OneOf(&["Block", "Filesystem"])),
    (&["core.v1.PersistentVolumeSpec"], &["persistentVolumeReclaimPolicy"], Bound::OneOf(&["Delete", "Recycle", "Retain"])),
    (&["storage.v1.StorageClass"], &["reclaimPolicy"], Bound::OneOf(&["Delete", "Retain"])),
    (&["storage.v1.StorageClass"], &["volumeBindingMode"], Bound::OneOf(&["Immediate", "WaitForFirstConsumer"])),
    (&["core.v1.ServiceSpec"], &["type"], Bound::OneOf(&["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"])),
    (&["core.v1.ServiceSpec"], &["sessionAffinity"], Bound::OneOf(&["ClientIP", "None"])),
    (&["core.v1.ServiceSpec"], &["externalTrafficPolicy", "internalTrafficPolicy"], Bound::OneOf(&["Cluster", "Local"])),
    (&["core.v1.ServiceSpec", "core.v1.ReplicationControllerSpec"], &["selector"], Bound::Labels),
    (&["core.v1.ServicePort"], &["port"], PORT),
    (&["core.v1.ServicePort"], &["nodePort"], PORT_OR_NONE),
    (&["core.v1.ServicePort"], &["targetPort"], Bound::Port(0)),
    (&["core.v1.ServicePort"], &["name"], Bound::Label),
    (&["core.v1.ConfigMap", "core.v1.Secret"], &["data", "binaryData", "stringData"], Bound::Data),
    (&["networking.v1.NetworkPolicySpec"], &["policyTypes"], Bound::OneOf(&["Ingress", "Egress"])),
    (&["networking.v1.HTTPIngressPath"], &["pathType"], Bound::OneOf(&["Exact", "Prefix", "ImplementationSpecific"])),
    (&["core.v1.ServiceSpec"], &["ipFamilies"], Bound::OneOf(&["IPv4", "IPv6"])),
    (&["core.v1.ServiceSpec"], &["ipFamilyPolicy"], Bound::OneOf(&["SingleStack", "PreferDualStack", "RequireDualStack"])),
    (&["networking.v1.NetworkPolicyPort"], &["port"], Bound::Port(1)),
    (&["networking.v1.NetworkPolicyPort"], &["protocol"], Bound::OneOf(&["TCP", "UDP", "SCTP"])),
    (&["v2.MetricSpec"], &["type"], Bound::OneOf(&["ContainerResource", "External", "Object", "Pods", "Resource"])),
    (&["admissionregistration.v1.ValidatingWebhook", "admissionregistration.v1.MutatingWebhook"], &["failurePolicy"], Bound::OneOf(&["Fail", "Ignore"])),
    (&["admissionregistration.v1.RuleWithOperations"], &["operations"], Bound::OneOf(&["*", "CONNECT", "CREATE", "DELETE", "UPDATE"])),
    (&["rbac.v1.RoleRef"], &["apiGroup"], Bound::OneOf(&["rbac.authorization.k8s.io"])),
    (&["rbac.v1.RoleRef"], &["kind"], Bound::OneOf(&["Role", "ClusterRole"])),
    (&["rbac.v1.Subject"], &["kind"], Bound::OneOf(&["User", "Group", "ServiceAccount"])),
    (&["rbac.v1.PolicyRule"], &["verbs"], Bound::Filled),
    (&["meta.v1.ObjectMeta"], &["labels"], Bound::Labels),
    (&["meta.v1.ObjectMeta"], &["annotations"], Bound::Annotations),
    (&["meta.v1.ObjectMeta"], &["namespace"], Bound::Label),
    (&["meta.v1.LabelSelector"], &["matchLabels"], Bound::Labels),
    (&["meta.v1.LabelSelectorRequirement"], &["operator"], Bound::OneOf(SELECTOR_OPERATORS)),
];

/// Not required by the schemas, and yet refused without: what is left out is empty, and an empty one lacks what it needs.
const ASKED_FOR: &[(&str, &str)] =
    &[("core.v1.Pod", "spec"), ("core.v1.PodTemplateSpec", "spec"), ("core.v1.PersistentVolumeClaim", "spec"), ("core.v1.Service", "spec")];

/// Is a field required that the schemas leave open?
pub(in super::super) fn asked_for(definition: &str, field: &str) -> bool {
    ASKED_FOR.iter().any(|(of, name)| *name == field && is(definition, of))
}

/// What a field of a definition may hold; `None` where its type says all.
pub(in super::super) fn bound(definition: &str, field: &str) -> Option<&'static Bound> {
    let of = |row: &&Row| row.1.contains(&field) && row.0.iter().any(|name| is(definition, name));
    BOUNDS.iter().find(of).map(|(_, _, bound)| bound)
}

/// Is this the definition of that name, whatever package it is from?
pub(super) fn is(definition: &str, name: &str) -> bool {
    definition.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

impl Bound {
    /// Reports a value that is not within the bound; one of another type is not its affair.
    pub(in super::super) fn check(&self, value: &Value, at: &Path, faults: &mut Faults) {
        match self {
            Self::Within(least, most) => within(value, *least, *most, at, faults),
            Self::Share => share(value, i64::MAX, at, faults),
            Self::ShareTo100 => share(value, 100, at, faults),
            Self::OneOf(words) => one_of(value, words, at, faults),
            Self::Filled => {
                if matches!(value, Value::Array(items) if items.is_empty()) {
                    faults.refused(at, "at least one is required, and the list is empty".to_owned());
                } else if value.text() == Some("") {
                    faults.refused(at, "it must not be empty".to_owned());
                }
            }
            Self::Label => named(value, names::label, at, faults),
            Self::PortName => named(value, names::port, at, faults),
            Self::Port(least) => match integer(value) {
                Some(_) => within(value, *least, 65_535, at, faults),
                None => named(value, names::port, at, faults),
            },
            Self::Labels => {
                keys(value, names::key, at, faults);
                for (key, child) in value.entries() {
                    if let Some(Err(wanted)) = child.text().map(names::label_value) {
                        faults.refused(&at.child(key), format!("{:?} is no value of a label: {wanted}", child.text().unwrap_or_default()));
                    }
                }
            }
            Self::Annotations => keys(value, |key| names::key(&key.to_lowercase()), at, faults),
            Self::Data => keys(value, names::data_key, at, faults),
            Self::Amounts => amounts(value, at, faults),
            Self::ContainerAmounts => {
                amounts(value, at, faults);
                resources(value, at, faults);
            }
            Self::Schedule => schedule(value, at, faults),
        }
    }
}

fn within(value: &Value, least: i64, most: i64, at: &Path, faults: &mut Faults) {
    let Some(number) = integer(value).filter(|number| !(least..=most).contains(number)) else { return };
    let asked = match (least, most) {
        (0, i64::MAX) => "must not be negative".to_owned(),
        (least, i64::MAX) => format!("must be at least {least}"),
        (least, most) => format!("must be from {least} to {most}"),
    };
    faults.refused(at, format!("it {asked}, and is {number}"));
}

fn share(value: &Value, most: i64, at: &Path, faults: &mut Faults) {
    if integer(value).is_some() {
        return within(value, 0, i64::MAX, at, faults);
    }
    let Some(text) = value.text() else { return };
    let digits = text.strip_suffix('%').filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    match digits {
        None => faults.refused(at, format!("{text:?} is neither a number nor a percentage such as \"25%\"")),
        Some(digits) if digits.parse::<i64>().map_or(true, |percent| percent > most) => {
            faults.refused(at, format!("it must not be more than {most} %, and is {text}"));
        }
        Some(_) => {}
    }
}

fn one_of(value: &Value, words: &'static [&'static str], at: &Path, faults: &mut Faults) {
    for (nth, item) in value.items().iter().enumerate() {
        if item.text().is_some_and(|text| !words.contains(&text)) {
            unknown_word(item, words, &at.child(nth), faults);
        }
    }
    // An empty text is an unset one, and gets the default.
    if value.text().is_some_and(|text| !text.is_empty() && !words.contains(&text)) {
        unknown_word(value, words, at, faults);
    }
}

fn unknown_word(value: &Value, words: &'static [&'static str], at: &Path, faults: &mut Faults) {
    let text = value.text().unwrap_or_default();
    let near = super::super::nearest(text, words.iter().copied());
    let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    let message = format!("{text:?} is none of {}{hint}", words.join(", "));
    faults.suggested(at, message, near);
}

fn named(value: &Value, judge: fn(&str) -> Result<(), &'static str>, at: &Path, faults: &mut Faults) {
    // An empty text is an unset one; where it may not be, `required` or a relation says so.
    let Some(text) = value.text().filter(|text| !text.is_empty()) else { return };
    if let Err(wanted) = judge(text) {
        faults.refused(at, format!("{text:?} is no valid name: {wanted}"));
    }
}

fn keys(value: &Value, judge: impl Fn(&str) -> Result<(), &'static str>, at: &Path, faults: &mut Faults) {
    for (key, _) in value.entries() {
        if let Err(wanted) = judge(key) {
            faults.refused(&at.child(key), format!("{key:?} is no valid key: {wanted}"));
        }
    }
}

fn amounts(value: &Value, at: &Path, faults: &mut Faults) {
    for (key, amount) in value.entries() {
        if Quantity::of(amount).is_ok_and(|amount| amount.is_negative()) {
            faults.refused(&at.child(key), "a quantity must not be negative".to_owned());
        }
    }
}

/// Resources without a domain are those that Kubernetes knows.
fn resources(value: &Value, at: &Path, faults: &mut Faults) {
    const KNOWN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
    for (key, _) in value.entries() {
        if key.contains('/') || KNOWN.contains(&key) || key.starts_with("hugepages-") {
            continue;
        }
        let near = super::super::nearest(key, KNOWN.into_iter());
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        faults.suggested(&at.child(key), format!("a container has no resource {key:?}{hint}"), near);
    }
}

fn schedule(value: &Value, at: &Path, faults: &mut Faults) {
    let Some(text) = value.text() else { return };
    let line = text.trim();
    let fields = line.split_whitespace().count();
    let word = line.starts_with('@') && (fields == 1 || line.starts_with("@every "));
    if line.starts_with("TZ=") || line.starts_with("CRON_TZ=") {
        faults.refused(at, "a schedule takes no time zone: write it into timeZone".to_owned());
    } else if !word && fields != 5 {
        faults.refused(
            at,
            format!("a schedule has five fields (minute, hour, day, month, weekday) or one word such as @daily, and this has {fields}"),
        );
    }
}
