//! What can be seen of Helm charts beside their manifests: keys of values that nobody reads, and templates that give another text
//! each time. Findings of kubelint's own, for they come from comparing texts; `Chart.yaml` is judged by rules as an object is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Settings;
use super::session::Loaded;
use crate::finding::Severity;
use crate::input::{self, Manifest, Outcome, Part, RENDERED, RenderedChart, UnknownKey};
use crate::objects::{Identity, Object, Origin, template};
use crate::place::Path;
use crate::value::{Lookup, Value};
use crate::yaml::{self, Stream};

/// The group of objects that are files of a chart, for which Kubernetes has no kind.
const VERSION: &str = "helm.sh/v2";

/// Places of one object that are reported as volatile.
const MOST: usize = 5;

/// Labels that every version of a chart changes.
const CHART_LABELS: [&str; 3] = ["helm.sh/chart", "app.kubernetes.io/version", "chart"];

/// Something seen of an object, before the configuration is asked.
#[derive(Debug)]
pub(super) struct Seen {
    /// Which object of its input.
    pub(super) object: usize,
    pub(super) rule: &'static str,
    pub(super) severity: Severity,
    pub(super) path: Path,
    pub(super) message: String,
}

/// A file of a chart as an object: `Chart` or `Values` of the group `helm.sh`.
pub(super) fn part(stream: &Stream, part: Part, file: &Arc<str>, input: u32) -> Outcome {
    let value = stream.documents.first().map(|document| document.value.clone()).unwrap_or(Value::Undefined);
    if !stream.errors.is_empty() || !matches!(value, Value::Object(_)) {
        // Helm has read it, or has complained.
        return Outcome::Skipped("a part of a Helm chart without a mapping in it".into());
    }
    let (kind, name) = match part {
        Part::Chart => ("Chart", value.at("name").text().unwrap_or_default().into()),
        Part::Values => ("Values", Arc::clone(file)),
    };
    let identity = Identity { api_version: VERSION.into(), kind: kind.into(), namespace: None, name };
    let object = Object { identity, value, origin: Origin::Document { input, document: 0, path: Path::root() } };
    Outcome::Manifest(Manifest { objects: vec![object], failures: Vec::new() })
}

/// Fills in [`Loaded::seen`].
pub(super) fn look(loaded: &mut [Loaded], charts: &[RenderedChart], parts: &BTreeMap<Arc<str>, Part>, settings: &Settings) {
    for loaded in loaded {
        let file = &loaded.input.file;
        if parts.get(file) == Some(&Part::Values) {
            loaded.seen = loaded.objects.first().map(|object| values(object, charts)).unwrap_or_default();
            continue;
        }
        if let Some(chart) = charts.iter().find(|chart| chart.file == *file) {
            loaded.seen = volatile(&loaded.objects, chart, settings);
        }
        if file.starts_with(RENDERED) || loaded.objects.iter().any(|object| managed(object)) {
            loaded.seen.extend(loaded.objects.iter().enumerate().flat_map(|(nth, object)| versioned(nth, object)));
        }
    }
}

/// Keys of values that none of the charts knows.
fn values(object: &Object, charts: &[RenderedChart]) -> Vec<Seen> {
    let mut each = charts.iter().map(|chart| chart.chart.unknown(&object.value));
    let Some(mut unknown) = each.next() else { return Vec::new() };
    for other in each {
        unknown.retain(|key| other.iter().any(|theirs| theirs.path == key.path));
    }
    let names: Vec<&str> = charts.iter().map(|chart| &*chart.chart.name).collect();
    let nobody = if let [name] = names[..] { format!("chart {name} does not") } else { "none of the charts does".to_owned() };
    let say = |key: UnknownKey| {
        let hint = if key.near.is_empty() { String::new() } else { format!("; did you mean {}?", key.near.join(" or ")) };
        let message = format!("{} has no effect: {nobody} know such a value, and Helm drops it without a word{hint}", key.path);
        Seen { object: 0, rule: "helm-values-unknown-key", severity: Severity::Warning, path: key.path, message }
    };
    unknown.into_iter().map(say).collect()
}

/// Places of pod templates that a second rendering made another.
fn volatile(objects: &[Arc<Object>], chart: &RenderedChart, settings: &Settings) -> Vec<Seen> {
    let Some(again) = &chart.again else { return Vec::new() };
    let stream = yaml::read(again, &settings.limits);
    let Outcome::Manifest(second) = input::interpret(&stream, &chart.file, u32::MAX, settings.namespace.as_ref()) else {
        return Vec::new();
    };
    let (severity, why) = if chart.chart.looks_up {
        (Severity::Info, "unless the chart finds the older value in the cluster, which neither Argo CD nor `helm template` let it")
    } else {
        (Severity::Warning, "whatever else is changed or not")
    };
    let mut seen = Vec::new();
    for (nth, object) in objects.iter().enumerate() {
        let Some(keys) = template::pod_template_path(object.group_kind()).filter(|_| !is_hook(object)) else { continue };
        let Some(other) = second.objects.iter().find(|other| other.identity == object.identity) else { continue };
        let mut paths = Vec::new();
        let path = Path::root().keys(keys);
        differing(object.value.dig(keys), other.value.dig(keys), &path, &mut paths);
        seen.extend(paths.into_iter().map(|path| {
            let message = format!("{path} is another each time chart {} is rendered: every upgrade and every sync restarts the pods, {why}; give the value yourself, or keep it in a Secret that is made once", chart.chart.name);
            Seen { object: nth, rule: "helm-template-volatile", severity, path, message }
        }));
    }
    seen
}

fn is_hook(object: &Object) -> bool {
    !object.value.dig(&["metadata", "annotations", "helm.sh/hook"]).is_absent()
}

/// The smallest parts that differ, up to [`MOST`].
fn differing(a: &Value, b: &Value, path: &Path, found: &mut Vec<Path>) {
    if a == b || found.len() >= MOST {
        return;
    }
    match (a, b) {
        (Value::Object(_), Value::Object(_)) => a.entries().for_each(|(key, value)| differing(value, b.at(key), &path.child(key), found)),
        (Value::Array(_), Value::Array(_)) if a.items().len() == b.items().len() => {
            a.items().iter().zip(b.items()).enumerate().for_each(|(nth, (a, b))| differing(a, b, &path.child(nth), found));
        }
        _ => found.push(path.clone()),
    }
}

/// Does its label say that Helm manages it?
fn managed(object: &Object) -> bool {
    object.labels().any(|label| label == ("app.kubernetes.io/managed-by", "Helm"))
}

/// Is there a version in it? `harbor` alone stays what it is.
fn has_version(text: &str) -> bool {
    text.as_bytes().windows(3).any(|part| matches!(part, [before, b'.', after] if before.is_ascii_digit() && after.is_ascii_digit()))
}

/// Labels of a StatefulSet that change with every version of the chart, where that restarts pods or is refused.
fn versioned(nth: usize, object: &Object) -> Vec<Seen> {
    if (object.identity.group(), &*object.identity.kind) != ("apps", "StatefulSet") {
        return Vec::new();
    }
    let mut seen = Vec::new();
    let mut look = |path: Path, severity, consequence: &str| {
        let labels = object.value.at_path(path.steps());
        for (key, value) in CHART_LABELS.iter().map(|key| (key, labels.at(key))).filter(|(_, value)| value.text().is_some_and(has_version))
        {
            let value = value.text().unwrap_or_default();
            let message = format!("label {key}: {value} is another in every version of the chart, and {consequence}");
            seen.push(Seen { object: nth, rule: "helm-template-volatile", severity, path: path.child(*key), message });
        }
    };
    let claims = object.value.dig(&["spec", "volumeClaimTemplates"]).items().len();
    for claim in 0..claims {
        let path = Path::root().keys(&["spec", "volumeClaimTemplates"]).child(claim).keys(&["metadata", "labels"]);
        look(
            path,
            Severity::Warning,
            "volumeClaimTemplates cannot be changed: the next upgrade is refused; keep such labels out of claim templates",
        );
    }
    let path = Path::root().keys(&["spec", "template", "metadata", "labels"]);
    look(path, Severity::Info, "a label of the pod template: each upgrade restarts all pods, for nothing; keep such labels out of it");
    seen
}
