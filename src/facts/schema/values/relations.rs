//! What several fields of one object must agree on, by definition.

use std::collections::BTreeSet;

use super::super::builtin::integer;
use super::super::{FaultKind, Faults};
use super::bounds::is;
use crate::facts::quantity::Quantity;
use crate::place::Path;
use crate::value::{Lookup, Value};

/// What the fields of an object must agree on. `root` is the whole object that it is a part of.
pub(in super::super) type Relation = fn(value: &Value, at: &Path, root: &Value, faults: &mut Faults);

const RELATIONS: &[(&str, Relation)] = &[
    ("apps.v1.StatefulSetSpec", set),
    ("apps.v1.DeploymentSpec", deployment),
    ("apps.v1.ReplicaSetSpec", restarting),
    ("apps.v1.DaemonSetSpec", restarting),
    ("core.v1.ReplicationControllerSpec", restarting),
    ("batch.v1.JobSpec", job),
    ("apps.v1.StatefulSetUpdateStrategy", only_rolling),
    ("apps.v1.DeploymentStrategy", only_rolling),
    ("apps.v1.RollingUpdateDeployment", some_progress),
    ("policy.v1.PodDisruptionBudgetSpec", budget),
    ("v1.HorizontalPodAutoscalerSpec", autoscaler),
    ("v2.HorizontalPodAutoscalerSpec", autoscaler),
    ("core.v1.PodSpec", pod),
    ("core.v1.Container", container),
    ("core.v1.Probe", handler),
    ("core.v1.EnvVar", variable),
    ("core.v1.Volume", volume),
    ("core.v1.SecurityContext", privileges),
    ("core.v1.PersistentVolumeClaimSpec", claim),
    ("core.v1.ServiceSpec", service),
    ("core.v1.LimitRangeItem", limits),
    ("core.v1.Secret", secret),
    ("rbac.v1.PolicyRule", powers),
    ("rbac.v1.Subject", subject),
    ("meta.v1.LabelSelectorRequirement", requirement),
];

/// What the fields of a definition must agree on; `None` where each stands for itself.
pub(in super::super) fn relation(definition: &str) -> Option<Relation> {
    RELATIONS.iter().find(|(name, _)| is(definition, name)).map(|(_, relation)| *relation)
}

/// Is a field there, and neither empty nor null?
fn given(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::String(text) => !text.is_empty(),
        value => !value.is_absent(),
    }
}

/// A number or a percentage that is nothing.
fn nothing(value: &Value) -> bool {
    integer(value) == Some(0) || value.text().is_some_and(|text| text.trim_start_matches('0') == "%")
}

fn selector(value: &Value, at: &Path, faults: &mut Faults) {
    let selector = value.at("selector");
    if matches!(selector, Value::Object(_)) && !given(selector.at("matchLabels")) && !given(selector.at("matchExpressions")) {
        faults.refused(&at.child("selector"), "an empty selector would select every pod, and is refused here".to_owned());
    }
}

/// The pods of anything but a Job are restarted for ever.
fn restarting(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    let spec = value.dig(&["template", "spec"]);
    let path = at.keys(&["template", "spec"]);
    if spec.at("restartPolicy").text().is_some_and(|policy| matches!(policy, "OnFailure" | "Never")) {
        faults.refused(&path.child("restartPolicy"), "only Always is accepted here: pods that end are the affair of a Job".to_owned());
    }
    if !spec.at("activeDeadlineSeconds").is_absent() {
        faults.refused(&path.child("activeDeadlineSeconds"), "it is accepted in a Job only".to_owned());
    }
    // A ReplicationController's selector is a plain map.
    selector(value, at, faults);
}

fn set(value: &Value, at: &Path, root: &Value, faults: &mut Faults) {
    restarting(value, at, root, faults);
    let rolling = at.keys(&["updateStrategy", "rollingUpdate", "maxUnavailable"]);
    if nothing(value.dig(&["updateStrategy", "rollingUpdate", "maxUnavailable"])) {
        faults.refused(&rolling, "it must not be 0: no member could ever be updated".to_owned());
    }
}

fn deployment(value: &Value, at: &Path, root: &Value, faults: &mut Faults) {
    restarting(value, at, root, faults);
    let (deadline, ready) = (integer(value.at("progressDeadlineSeconds")), integer(value.at("minReadySeconds")).unwrap_or(0));
    // 600 is the API server's default.
    if deadline.unwrap_or(600) <= ready {
        let path = at.child(if deadline.is_some() { "progressDeadlineSeconds" } else { "minReadySeconds" });
        faults.refused(&path, "progressDeadlineSeconds (600 when unset) must be greater than minReadySeconds".to_owned());
    }
}

fn job(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    let policy = value.dig(&["template", "spec", "restartPolicy"]);
    let path = at.keys(&["template", "spec", "restartPolicy"]);
    match policy.text() {
        Some("OnFailure" | "Never") => {}
        Some("Always") => faults.refused(&path, "a Job accepts only OnFailure or Never".to_owned()),
        None if policy.is_absent() && !value.dig(&["template", "spec"]).is_absent() => {
            let message = "a Job's restartPolicy is required: OnFailure or Never".to_owned();
            faults.push(path, FaultKind::Missing, message, None);
        }
        _ => {}
    }
    if value.at("completionMode").text() == Some("Indexed") && value.at("completions").is_absent() {
        faults.push(at.child("completions"), FaultKind::Missing, "an Indexed Job needs completions".to_owned(), None);
    }
}

fn only_rolling(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    let strategy = value.at("type").text().filter(|kind| *kind != "RollingUpdate");
    if let (Some(strategy), Value::Object(_)) = (strategy, value.at("rollingUpdate")) {
        faults.refused(&at.child("rollingUpdate"), format!("it is accepted with type RollingUpdate only, and the type is {strategy}"));
    }
}

fn some_progress(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    if nothing(value.at("maxUnavailable")) && nothing(value.at("maxSurge")) {
        let message = "maxUnavailable and maxSurge must not both be 0: no pod could ever be updated".to_owned();
        faults.refused(&at.child("maxUnavailable"), message);
    }
}

fn budget(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    if !value.at("minAvailable").is_absent() && !value.at("maxUnavailable").is_absent() {
        let message = "minAvailable and maxUnavailable exclude each other: keep one (maxUnavailable: 1 as a rule)".to_owned();
        faults.refused(&at.child("minAvailable"), message);
    }
}

fn autoscaler(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    if let (Some(least), Some(most)) = (integer(value.at("minReplicas")), integer(value.at("maxReplicas")))
        && least > most
    {
        faults.refused(&at.child("minReplicas"), format!("minReplicas {least} is above maxReplicas {most}"));
    }
}

/// Names that must be unique in a list, and are said of the later one.
fn unique<'v>(names: impl Iterator<Item = (&'v str, Path)>, of: &str, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for (name, path) in names {
        if !name.is_empty() && !seen.insert(name) {
            faults.refused(&path, format!("there is another {of} {name:?}"));
        }
    }
}

/// The texts of a field of the items of lists, each with its place.
fn texts<'v>(value: &'v Value, at: &Path, lists: &'static [&'static str], field: &'static str) -> impl Iterator<Item = (&'v str, Path)> {
    let at = at.clone();
    lists.iter().flat_map(move |list| {
        let path = at.child(*list);
        let items = value.at(list).items().iter().enumerate();
        items.filter_map(move |(nth, item)| Some((item.at(field).text()?, path.child(nth).child(field))))
    })
}

fn pod(value: &Value, at: &Path, root: &Value, faults: &mut Faults) {
    unique(texts(value, at, &["initContainers", "containers"], "name"), "container", faults);
    unique(texts(value, at, &["volumes"], "name"), "volume", faults);
    let claims = root.dig(&["spec", "volumeClaimTemplates"]).items();
    let claimed = claims.iter().filter_map(|claim| claim.dig(&["metadata", "name"]).text());
    let volumes: BTreeSet<&str> = texts(value, at, &["volumes"], "name").map(|(name, _)| name).chain(claimed).collect();
    for list in ["initContainers", "containers"] {
        for (nth, container) in value.at(list).items().iter().enumerate() {
            let path = at.child(list).child(nth);
            for (name, path) in texts(container, &path, &["volumeMounts", "volumeDevices"], "name") {
                if !volumes.contains(name) {
                    let near = super::super::nearest(name, volumes.iter().copied());
                    let hint = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
                    faults.suggested(&path, format!("the pod has no volume {name:?}{hint}"), near);
                }
            }
        }
    }
}

fn container(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    if !given(value.at("image")) {
        faults.missing(at, "image");
    }
    unique(texts(value, at, &["ports"], "name"), "port", faults);
    unique(texts(value, at, &["volumeMounts"], "mountPath"), "mount at", faults);
    if !value.dig(&["readinessProbe", "terminationGracePeriodSeconds"]).is_absent() {
        let path = at.keys(&["readinessProbe", "terminationGracePeriodSeconds"]);
        faults.refused(&path, "a readiness probe ends nothing: it is accepted on liveness and startup probes only".to_owned());
    }
}

fn handler(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    let given: Vec<&str> =
        ["exec", "httpGet", "tcpSocket", "grpc"].into_iter().filter(|name| matches!(value.at(name), Value::Object(_))).collect();
    match given.as_slice() {
        [] => faults.refused(at, "a probe needs a handler: exec, httpGet, tcpSocket or grpc".to_owned()),
        ["exec"] if value.dig(&["exec", "command"]).items().is_empty() => faults.missing(&at.child("exec"), "command"),
        [_] => {}
        [_, second, ..] => faults.refused(&at.child(*second), format!("a probe has one handler, and this has {}", given.join(" and "))),
    }
}

fn variable(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    if given(value.at("value")) && matches!(value.at("valueFrom"), Value::Object(_)) {
        faults.refused(&at.child("valueFrom"), "value and valueFrom exclude each other".to_owned());
    }
    let from = value.at("valueFrom");
    if matches!(from, Value::Object(_)) && !from.entries().any(|(_, source)| matches!(source, Value::Object(_))) {
        faults.refused(&at.child("valueFrom"), "it needs a source: configMapKeyRef, secretKeyRef, fieldRef or resourceFieldRef".to_owned());
    }
}

fn volume(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    let given: Vec<&str> =
        value.entries().filter(|(key, child)| *key != "name" && matches!(child, Value::Object(_))).map(|(key, _)| key).collect();
    if let [_, second, ..] = given.as_slice() {
        faults.refused(&at.child(*second), format!("a volume is of one kind, and this has {}", given.join(" and ")));
    }
    for (kind, field) in [("configMap", "name"), ("secret", "secretName")] {
        if matches!(value.at(kind), Value::Object(_)) && !given_text(value.dig(&[kind, field])) {
            faults.missing(&at.child(kind), field);
        }
    }
}

fn given_text(value: &Value) -> bool {
    value.text().is_some_and(|text| !text.is_empty()) || !matches!(value, Value::String(_)) && !value.is_absent()
}

fn privileges(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    if value.at("privileged").flag() == Some(true) && value.at("allowPrivilegeEscalation").flag() == Some(false) {
        let message = "false contradicts privileged: true, and the API server refuses the pair".to_owned();
        faults.refused(&at.child("allowPrivilegeEscalation"), message);
    }
}

fn claim(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    let modes = value.at("accessModes").items();
    if modes.is_empty() {
        faults.missing(at, "accessModes");
    }
    if modes.len() > 1 && modes.iter().any(|mode| mode.text() == Some("ReadWriteOncePod")) {
        faults.refused(&at.child("accessModes"), "ReadWriteOncePod excludes other access modes".to_owned());
    }
    let path = at.keys(&["resources", "requests"]);
    let size = value.dig(&["resources", "requests", "storage"]);
    if size.is_absent() {
        faults.missing(&path, "storage");
    } else if Quantity::of(size).is_ok_and(Quantity::is_zero) {
        faults.refused(&path.child("storage"), "a claim of nothing is refused: it must be greater than 0".to_owned());
    }
}

fn service(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    let kind = value.at("type").text().unwrap_or("ClusterIP");
    let headless = value.at("clusterIP").text() == Some("None");
    let ports = value.at("ports").items();
    if ports.is_empty() && !headless && kind != "ExternalName" {
        faults.missing(at, "ports");
    }
    if headless && matches!(kind, "LoadBalancer" | "NodePort") {
        faults.refused(&at.child("clusterIP"), format!("a Service of type {kind} cannot be headless"));
    }
    if kind == "ExternalName" && !given(value.at("externalName")) {
        faults.missing(at, "externalName");
    }
    unique(texts(value, at, &["ports"], "name"), "port", faults);
    let mut seen = BTreeSet::new();
    for (nth, port) in ports.iter().enumerate() {
        let path = at.child("ports").child(nth);
        if ports.len() > 1 && !given(port.at("name")) {
            faults.missing(&path, "name");
        }
        let key = (port.at("protocol").text().unwrap_or("TCP"), integer(port.at("port")));
        if key.1.is_some() && !seen.insert(key) {
            faults.refused(&path.child("port"), "another port of this Service has the same number and protocol".to_owned());
        }
        if kind == "ClusterIP" && integer(port.at("nodePort")).is_some_and(|number| number != 0) {
            faults.refused(&path.child("nodePort"), "a Service of type ClusterIP has no node ports".to_owned());
        }
    }
}

/// Each of these must not be above any that follows.
const ORDER: [&str; 4] = ["min", "defaultRequest", "default", "max"];

fn limits(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    for (nth, low) in ORDER.iter().enumerate() {
        for high in ORDER.iter().skip(nth + 1) {
            for (resource, amount) in value.at(low).entries() {
                let (Ok(amount), Ok(bound)) = (Quantity::of(amount), Quantity::of(value.dig(&[high, resource]))) else { continue };
                if amount > bound {
                    faults.refused(&at.child(*low).child(resource), format!("{low} is above {high}"));
                }
            }
        }
    }
}

/// The keys that Secrets of these types must have.
const KEYS: &[(&str, &[&str])] = &[
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
];

fn secret(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    let keys = KEYS.iter().find(|(kind, _)| value.at("type").text() == Some(kind)).map(|(_, keys)| *keys).unwrap_or_default();
    for key in keys {
        if value.dig(&["data", key]).is_absent() && value.dig(&["stringData", key]).is_absent() {
            faults.missing(&at.child("data"), key);
        }
    }
}

/// A RoleBinding's account may leave out the namespace, though that binds nobody.
fn subject(value: &Value, at: &Path, root: &Value, faults: &mut Faults) {
    let bare = value.at("kind").text() == Some("ServiceAccount") && !given(value.at("namespace"));
    if bare && root.at("kind").text() == Some("ClusterRoleBinding") {
        faults.missing(at, "namespace");
    }
}

/// What a role may do: to resources of groups, or to paths of the API server.
fn powers(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    if given(value.at("nonResourceURLs")) {
        return;
    }
    for field in ["apiGroups", "resources"] {
        if !given(value.at(field)) {
            faults.missing(at, field);
        }
    }
}

fn requirement(value: &Value, at: &Path, _: &Value, faults: &mut Faults) {
    let values = given(value.at("values"));
    match value.at("operator").text() {
        Some(operator @ ("In" | "NotIn")) if !values => {
            faults.push(at.child("values"), FaultKind::Missing, format!("{operator} needs values"), None);
        }
        Some(operator @ ("Exists" | "DoesNotExist")) if values => {
            faults.refused(&at.child("values"), format!("{operator} takes no values"));
        }
        _ => {}
    }
}
