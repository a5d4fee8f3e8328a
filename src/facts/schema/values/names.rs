//! The syntax of names, labels and keys, as `k8s.io/apimachinery` has it. Answers are what is asked for, to be put after "must be".

use super::super::{FaultKind, Faults};
use crate::place::Path;
use crate::value::{Lookup, Value};

/// Kinds whose names are labels, not subdomains.
const LABELS: &[&str] = &["StatefulSet", "Namespace", "Service"];
/// Kinds whose names are subdomains. Others have rules of their own and are left alone.
const SUBDOMAINS: &[&str] = &[
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "LimitRange",
    "NetworkPolicy",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "PriorityClass",
    "ReplicaSet",
    "ReplicationController",
    "ResourceQuota",
    "Secret",
    "ServiceAccount",
    "StorageClass",
];
/// A CronJob's name, which gets a dash and ten digits.
const CRON_JOB: usize = 52;

const LABEL: &str = "lower case letters, digits and dashes, at most 63 characters, a letter or digit at both ends";
const SUBDOMAIN: &str = "lower case letters, digits, dashes and dots, at most 253 characters, a letter or digit at both ends of each part";
const KEY: &str = "letters, digits, dashes, underscores and dots, at most 63 characters, after an optional domain and a slash";
const LABEL_VALUE: &str = "letters, digits, dashes, underscores and dots, at most 63 characters, a letter or digit at both ends";
const PORT: &str = "lower case letters, digits and single dashes, at most 15 characters, with at least one letter";

/// Checks `metadata.name` of a whole object.
pub(in super::super) fn of_object(object: &Value, kind: &str, faults: &mut Faults) {
    let at = Path::root().keys(&["metadata", "name"]);
    let name = object.dig(&["metadata", "name"]);
    let asked = if LABELS.contains(&kind) { label } else { subdomain };
    if !LABELS.contains(&kind) && !SUBDOMAINS.contains(&kind) {
        return;
    }
    match name.text() {
        None | Some("") if object.dig(&["metadata", "generateName"]).is_absent() => {
            faults.push(at, FaultKind::Missing, "a name is required (or generateName)".to_owned(), None);
        }
        Some(text) if kind == "CronJob" && text.len() > CRON_JOB => {
            faults.refused(&at, format!("name has {} characters, and that of a CronJob at most {CRON_JOB}", text.len()));
        }
        Some(text) if !text.is_empty() => {
            if let Err(wanted) = asked(text) {
                faults.refused(&at, format!("{text:?} is no name of a {kind}: {wanted}"));
            }
        }
        _ => {}
    }
}

fn inner(text: &str, also: fn(char) -> bool, most: usize) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let all = text.chars().all(|c| c.is_ascii_alphanumeric() || also(c));
    all && text.len() <= most && edge(text.chars().next()) && edge(text.chars().next_back())
}

fn lower(text: &str) -> bool {
    !text.contains(|c: char| c.is_ascii_uppercase())
}

/// A DNS label.
pub(super) fn label(text: &str) -> Result<(), &'static str> {
    if lower(text) && inner(text, |c| c == '-', 63) { Ok(()) } else { Err(LABEL) }
}

/// Labels with dots between them.
pub(super) fn subdomain(text: &str) -> Result<(), &'static str> {
    let parts = text.split('.').all(|part| lower(part) && inner(part, |c| c == '-', 253));
    if parts && text.len() <= 253 { Ok(()) } else { Err(SUBDOMAIN) }
}

/// The key of a label or an annotation, or the name of a resource.
pub(super) fn key(text: &str) -> Result<(), &'static str> {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let named = inner(name, |c| matches!(c, '-' | '_' | '.'), 63);
    if named && prefix.is_none_or(|prefix| subdomain(prefix).is_ok()) { Ok(()) } else { Err(KEY) }
}

/// The value of a label; it may be empty.
pub(super) fn label_value(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || inner(text, |c| matches!(c, '-' | '_' | '.'), 63) { Ok(()) } else { Err(LABEL_VALUE) }
}

/// The name of a port.
pub(super) fn port(text: &str) -> Result<(), &'static str> {
    let fits = lower(text) && inner(text, |c| c == '-', 15) && !text.contains("--") && text.contains(|c: char| c.is_ascii_alphabetic());
    if fits { Ok(()) } else { Err(PORT) }
}

/// A key of a ConfigMap or Secret.
pub(super) fn data_key(text: &str) -> Result<(), &'static str> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let plain = !text.is_empty() && text != "." && !text.starts_with("..") && text.len() <= 253;
    if fits && plain { Ok(()) } else { Err("letters, digits, dashes, underscores and dots, at most 253 characters") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_kubernetes_does() {
        let long = "a".repeat(64);
        for (judge, text, good) in [
            (label as fn(&str) -> Result<(), &'static str>, "redis-0", true),
            (label, "0redis", true),
            (label, "Redis", false),
            (label, "redis_0", false),
            (label, "redis-", false),
            (label, "a.b", false),
            (label, &long, false),
            (subdomain, "a.b-c.d", true),
            (subdomain, "a..b", false),
            (subdomain, "a.-b", false),
            (key, "app.kubernetes.io/name", true),
            (key, "Some_Key.x", true),
            (key, "a/b/c", false),
            (key, "Upper.io/name", false),
            (key, "app.kubernetes.io/", false),
            (label_value, "", true),
            (label_value, "v1.2_3", true),
            (label_value, "a b", false),
            (label_value, "-a", false),
            (label_value, &long, false),
            (port, "http-metrics", true),
            (port, "8080", false),
            (port, "http--x", false),
            (port, "a-very-long-port-name", false),
            (data_key, "..data", false),
            (data_key, "redis.conf", true),
            (data_key, "a/b", false),
        ] {
            assert_eq!(judge(text).is_ok(), good, "{text}");
        }
    }
}
