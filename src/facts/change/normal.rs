//! Objects without what makes no difference: `null`, empty maps and lists, `creationTimestamp`, and fields that say what the API
//! server would have put there anyway (`pkg/apis/core/v1/defaults.go`). So a manifest compares equal to what the cluster made
//! of it.

use crate::value::{Lookup, Value, object};

/// A field with its default, by the key of the map that holds it; a list gives its key to its items.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("spec", "restartPolicy", r#""Always""#),
    ("spec", "dnsPolicy", r#""ClusterFirst""#),
    ("spec", "schedulerName", r#""default-scheduler""#),
    ("spec", "terminationGracePeriodSeconds", "30"),
    ("spec", "enableServiceLinks", "true"),
    ("spec", "hostNetwork", "false"),
    ("spec", "hostPID", "false"),
    ("spec", "hostIPC", "false"),
    ("spec", "volumeMode", r#""Filesystem""#),
    ("containers", "terminationMessagePath", r#""/dev/termination-log""#),
    ("containers", "terminationMessagePolicy", r#""File""#),
    ("containers", "stdin", "false"),
    ("containers", "stdinOnce", "false"),
    ("containers", "tty", "false"),
    ("ports", "protocol", r#""TCP""#),
    ("ports", "hostPort", "0"),
    ("env", "value", r#""""#),
    ("fieldRef", "apiVersion", r#""v1""#),
    ("resourceFieldRef", "divisor", r#""0""#),
    ("probe", "timeoutSeconds", "1"),
    ("probe", "periodSeconds", "10"),
    ("probe", "successThreshold", "1"),
    ("probe", "failureThreshold", "3"),
    ("probe", "initialDelaySeconds", "0"),
    ("httpGet", "scheme", r#""HTTP""#),
    ("httpGet", "path", r#""/""#),
    ("grpc", "service", r#""""#),
    ("volumeMounts", "readOnly", "false"),
    ("configMap", "defaultMode", "420"),
    ("secret", "defaultMode", "420"),
    ("projected", "defaultMode", "420"),
    ("downwardAPI", "defaultMode", "420"),
    ("serviceAccountToken", "expirationSeconds", "3600"),
    ("hostPath", "type", r#""""#),
    ("persistentVolumeClaim", "readOnly", "false"),
    ("csi", "readOnly", "false"),
    ("volumeClaimTemplates", "apiVersion", r#""v1""#),
    ("volumeClaimTemplates", "kind", r#""PersistentVolumeClaim""#),
];

/// Where an empty map says something else than no map: an empty selector matches everything, none matches nothing.
const TELLING: [&str; 2] = ["labelSelector", "namespaceSelector"];

/// A pod template in normal form.
pub(in crate::facts) fn template(template: &Value) -> Value {
    value(template, "template")
}

/// A value in normal form, `Undefined` where it is empty.
pub(super) fn top(value: &Value, key: &str) -> Value {
    let value = self::value(value, key);
    if is_empty(&value) { Value::Undefined } else { value }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Undefined => true,
        Value::Object(_) => value.entries().next().is_none(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// A value in normal form; `key` is where it stands.
pub(super) fn value(value: &Value, key: &str) -> Value {
    match value {
        Value::Object(_) => map(value, key),
        Value::Array(items) => Value::from(items.iter().map(|item| self::value(item, key)).collect::<Vec<_>>()),
        other => other.clone(),
    }
}

fn map(map: &Value, key: &str) -> Value {
    let context = context(key);
    let fields = map.entries().filter_map(|(field, value)| {
        let value = self::value(value, field);
        (!drops(context, field, &value, map)).then_some((field, value))
    });
    let fields: Vec<(&str, Value)> = fields.collect();
    // `serviceAccount` is the older name of `serviceAccountName`, and the API server fills in whichever is missing.
    let named = fields.iter().any(|(field, _)| *field == "serviceAccountName");
    let fields = fields.into_iter().filter(|(field, _)| !(named && *field == "serviceAccount"));
    object(fields.map(|(field, value)| (if context == "spec" && field == "serviceAccount" { "serviceAccountName" } else { field }, value)))
}

/// What the tables call the place under a key.
fn context(key: &str) -> &str {
    match key {
        "initContainers" | "ephemeralContainers" => "containers",
        "livenessProbe" | "readinessProbe" | "startupProbe" => "probe",
        other => other,
    }
}

/// Does a field, already in normal form, make no difference?
fn drops(context: &str, field: &str, value: &Value, holder: &Value) -> bool {
    let telling = TELLING.contains(&field) && matches!(value, Value::Object(_));
    let empty = is_empty(value) && !telling;
    if empty {
        return true;
    }
    if context == "volumeClaimTemplates" && field == "status" {
        return true;
    }
    if context == "containers" && field == "imagePullPolicy" {
        return value.text() == Some(pull_policy(holder.at("image").text().unwrap_or("")));
    }
    DEFAULTS.iter().any(|(place, name, default)| *place == context && *name == field && text(value) == *default)
}

/// A scalar as JSON, as far as the table needs it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Bool(flag) => flag.to_string(),
        _ => value.int().map_or_else(String::new, |number| number.to_string()),
    }
}

/// `Always` for the tag `latest` or no tag, unless a digest pins the image.
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    let last = name.rsplit('/').next().unwrap_or(name);
    let tag = last.split_once(':').map_or("latest", |(_, tag)| tag);
    if tag == "latest" && !digest { "Always" } else { "IfNotPresent" }
}
