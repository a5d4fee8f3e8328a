//! How many pods a workload runs, with what scales it.

use std::sync::Arc;

use super::{View, entry};
use crate::objects::{GroupKind, Object};
use crate::value::Lookup;

pub(in crate::facts) const HPA: GroupKind<'static> = GroupKind { group: "autoscaling", kind: "HorizontalPodAutoscaler" };
/// KEDA's autoscaler, which makes an HPA of its own.
pub(in crate::facts) const SCALED_OBJECT: GroupKind<'static> = GroupKind { group: "keda.sh", kind: "ScaledObject" };

/// Numbers of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    /// `spec.replicas`, 1 when unset.
    pub(super) replicas: i64,
    /// The larger of that and the autoscaler's minimum.
    pub(super) floor: i64,
    /// The larger of that and the autoscaler's maximum.
    pub(super) ceiling: i64,
    /// The fewest it ever runs: the autoscaler's minimum where there is one, else `replicas`.
    pub(super) lowest: i64,
}

/// The scale of a workload; `None` for a kind without one (DaemonSet, Job, CronJob). A bare Pod is one.
pub(super) fn of(view: &View<'_>, workload: &Object) -> Option<Scale> {
    let replicas = match (workload.identity.group(), &*workload.identity.kind) {
        ("", "Pod") => return Some(Scale { replicas: 1, floor: 1, ceiling: 1, lowest: 1 }),
        ("apps" | "extensions", "Deployment" | "ReplicaSet") | ("apps", "StatefulSet") | ("", "ReplicationController") => {
            workload.value.dig(&["spec", "replicas"]).int().unwrap_or(1).max(0)
        }
        _ => return None,
    };
    let bounds: Vec<(i64, i64)> = scalers(view, workload).iter().map(|scaler| bounds(scaler)).collect();
    let least = bounds.iter().map(|(min, _)| *min).max();
    let most = bounds.iter().map(|(_, max)| *max).max();
    Some(Scale {
        replicas,
        floor: replicas.max(least.unwrap_or(0)),
        ceiling: replicas.max(most.unwrap_or(0)),
        lowest: least.unwrap_or(replicas),
    })
}

/// Autoscalers that target a workload, the judged object in its judged version.
pub(super) fn scalers(view: &View<'_>, workload: &Object) -> Vec<Arc<Object>> {
    let target = workload.group_kind();
    let found = |kind| view.context.set.targeting(kind, workload.namespace(), target, &workload.identity.name);
    let all = found(HPA).into_iter().chain(found(SCALED_OBJECT)).collect();
    entry::judged(view, all, |own| {
        is_scaler(own)
            && entry::meets(own.namespace(), workload.namespace())
            && self::target(own) == Some((target, workload.identity.name.as_ref()))
    })
}

/// Is it an autoscaler?
pub(super) fn is_scaler(object: &Object) -> bool {
    matches!(object.group_kind(), HPA | SCALED_OBJECT)
}

/// What an autoscaler targets. A ScaledObject may leave out kind and version: then it is a Deployment.
pub(super) fn target(scaler: &Object) -> Option<(GroupKind<'_>, &str)> {
    let target = scaler.value.dig(&["spec", "scaleTargetRef"]);
    let version = target.at("apiVersion").text().unwrap_or("apps/v1");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    Some((GroupKind { group, kind: target.at("kind").text().unwrap_or("Deployment") }, target.at("name").text()?))
}

/// The least and most replicas of an autoscaler. An HPA's minimum defaults to 1; a ScaledObject's bounds to 0 and 100.
pub(in crate::facts) fn bounds(scaler: &Object) -> (i64, i64) {
    let spec = scaler.value.at("spec");
    let (min, max) = if scaler.group_kind() == SCALED_OBJECT {
        (spec.at("minReplicaCount").int().unwrap_or(0), spec.at("maxReplicaCount").int().unwrap_or(100))
    } else {
        let min = spec.at("minReplicas").int().unwrap_or(1);
        (min, spec.at("maxReplicas").int().unwrap_or(min))
    };
    (min.max(0), max.max(0))
}
