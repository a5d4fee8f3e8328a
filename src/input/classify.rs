//! What is not a manifest, and why: by name, and by content (`reference/admission.md` D.3 of the design papers lists them).

use crate::value::{Lookup, Value};

/// Names that kubelint itself reads, and never lints.
pub const OWN_NAMES: [&str; 2] = ["kubelint.yaml", "kubelint.yml"];

/// The reason that a file's name alone gives; content that is a manifest beats it, except for kubelint's own file.
pub fn by_name(file: &str) -> Option<&'static str> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))?;
    match stem {
        "values" => Some("Helm values, not manifests: lint what `helm template` renders with them"),
        _ if stem.starts_with("values") || stem.ends_with("values") => {
            Some("Helm values, not manifests: lint what `helm template` renders with them")
        }
        "Chart" => Some("a Helm chart's metadata, not a manifest: lint what `helm template` renders"),
        "kustomization" => Some("a kustomization, not a manifest: lint what `kubectl kustomize` renders"),
        "docker-compose" | "compose" => Some("a Compose file, not a Kubernetes manifest"),
        _ => None,
    }
}

/// Is it kubelint's own configuration?
pub fn is_own(file: &str) -> bool {
    OWN_NAMES.contains(&file.rsplit('/').next().unwrap_or(file))
}

/// The reason that a document's content gives not to take it for a Kubernetes object; `None` if it looks like one,
/// be it a faulty one.
pub fn by_content(value: &Value) -> Option<&'static str> {
    let has = |key: &str| !matches!(value.at(key), Value::Undefined);
    if !matches!(value, Value::Object(_)) {
        return None;
    }
    let sops = value.at("sops");
    if has("sops") && (!matches!(sops.at("mac"), Value::Undefined) || !matches!(sops.at("lastmodified"), Value::Undefined)) {
        return Some("encrypted with SOPS: lint the decrypted text, `sops decrypt FILE | kubelint lint -`");
    }
    if value.at("apiVersion").text().is_some_and(|version| version.starts_with("kustomize.config.k8s.io/")) {
        return Some("a kustomization, not a manifest: lint what `kubectl kustomize` renders");
    }
    if has("kind") {
        let head = [value.at("kind"), value.at("apiVersion"), value.at("metadata").at("name")];
        let templated = head.iter().any(|v| v.text().is_some_and(|text| text.contains("{{")));
        return templated.then_some("an unrendered template: lint what `helm template` renders");
    }
    if has("apiVersion") {
        let chart = ["v1", "v2"].contains(&value.at("apiVersion").text().unwrap_or_default()) && has("name") && has("version");
        return chart.then_some("a Helm chart's metadata, not a manifest: lint what `helm template` renders");
    }
    if value.entries().any(|(key, _)| is_misspelt_head(key)) {
        return None;
    }
    if has("jobs") && (has("on") || has("true")) {
        return Some("a GitHub workflow, not a Kubernetes manifest");
    }
    if has("services") && matches!(value.at("services"), Value::Object(_)) {
        return Some("a Compose file, not a Kubernetes manifest");
    }
    Some("not a Kubernetes manifest: it has neither apiVersion nor kind")
}

/// `Kind`, `APIVersion`, `api-version`: meant as the head of an object.
pub(super) fn is_misspelt_head(key: &str) -> bool {
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    plain == "kind" || plain == "apiversion"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_what_is_no_manifest() {
        for (json, part) in [
            (r#"{"apiVersion":"v1","kind":"Pod"}"#, None),
            (r#"{"kind":"Pod"}"#, None),
            (r#"{"kind":"Pod","metadata":{"name":"{{ .Release.Name }}-x"}}"#, Some("template")),
            (r#"{"Kind":"Pod","metadata":{}}"#, None),
            (r#"{"apiVersion":"v2","name":"c","version":"1"}"#, Some("chart")),
            (r#"{"apiVersion":"kustomize.config.k8s.io/v1beta1","kind":"Kustomization"}"#, Some("kustomization")),
            (r#"{"apiVersion":"v1","kind":"Secret","sops":{"mac":"x"}}"#, Some("SOPS")),
            (r#"{"services":{"a":{}}}"#, Some("Compose")),
            (r#"{"true":{"push":{}},"jobs":{}}"#, Some("workflow")),
            (r#"{"replicaCount":3}"#, Some("neither apiVersion nor kind")),
            ("[1]", None),
        ] {
            let reason = by_content(&Value::from_json_str(json).unwrap());
            assert_eq!(reason.is_some(), part.is_some(), "{json}");
            assert!(reason.unwrap_or_default().contains(part.unwrap_or_default()), "{json}: {reason:?}");
        }
    }
}
