//! The volumes of a pod before anything runs: what ConfigMaps and Secrets put into them, and every text that the pod refers to.
//! Knows neither shells nor Redis.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::PodView;
use super::files::clean;
use super::text::{At, Source, Text};
use crate::objects::{Completeness, GroupKind, Object};
use crate::place::Path;
use crate::value::{Lookup, Value};

/// What a volume holds before anything runs.
#[derive(Debug, Clone)]
pub(super) enum Volume {
    /// Files from objects, by relative path. `missing` says what could not be read.
    Config { files: BTreeMap<String, Text>, missing: Option<String> },
    /// Empty when the pod starts.
    Scratch,
    /// Holds what earlier runs left.
    Claim,
    /// Anything. Says why.
    Opaque(String),
}

/// The volumes of a pod by name, and every text that its pod refers to.
#[derive(Debug, Default)]
pub(super) struct Volumes {
    pub(super) by_name: BTreeMap<String, Volume>,
    /// Every readable key of every ConfigMap and Secret that the pod mounts or takes its environment from.
    pub texts: Vec<Text>,
}

impl Volumes {
    pub(super) fn read(pod: &PodView<'_>) -> Self {
        let mut volumes = Self::default();
        let spec = pod.template.at("spec");
        for volume in spec.at("volumes").items() {
            let Some(name) = volume.at("name").text() else { continue };
            let content = volumes.volume(pod, volume);
            volumes.by_name.insert(name.to_owned(), content);
        }
        for claim in pod.object.value.dig(&["spec", "volumeClaimTemplates"]).items() {
            if let Some(name) = claim.dig(&["metadata", "name"]).text() {
                volumes.by_name.insert(name.to_owned(), Volume::Claim);
            }
        }
        volumes
    }

    fn volume(&mut self, pod: &PodView<'_>, volume: &Value) -> Volume {
        let mut files = BTreeMap::new();
        let mut missing = None;
        let mut add = |kind, name: &Value, source: &Value| self.config(pod, kind, name, source, &mut files, &mut missing);
        let (config, secret) = (volume.at("configMap"), volume.at("secret"));
        if !config.is_absent() {
            add("ConfigMap", config.at("name"), config);
        } else if !secret.is_absent() {
            add("Secret", secret.at("secretName"), secret);
        } else if !volume.at("projected").is_absent() {
            for source in volume.dig(&["projected", "sources"]).items() {
                for (kind, key) in [("ConfigMap", "configMap"), ("Secret", "secret")] {
                    let inner = source.at(key);
                    if !inner.is_absent() {
                        add(kind, inner.at("name"), inner);
                    }
                }
            }
        } else if !volume.at("emptyDir").is_absent() {
            return Volume::Scratch;
        } else if !volume.at("persistentVolumeClaim").is_absent() || !volume.at("ephemeral").is_absent() {
            return Volume::Claim;
        } else {
            let name = volume.at("name").text().unwrap_or_default();
            // `- name: tmp` alone is an emptyDir.
            return if volume.entries().count() <= 1 { Volume::Scratch } else { Volume::Opaque(format!("volume {name} cannot be read")) };
        }
        Volume::Config { files, missing }
    }

    fn config(
        &mut self,
        pod: &PodView<'_>,
        kind: &str,
        name: &Value,
        source: &Value,
        files: &mut BTreeMap<String, Text>,
        missing: &mut Option<String>,
    ) {
        let name = name.text().unwrap_or_default();
        let gk = GroupKind { group: "", kind };
        let Some(object) = pod.set.get(gk, pod.object.namespace(), name) else {
            let gone =
                source.at("optional").flag() == Some(true) && pod.set.completeness(gk, pod.object.namespace()) == Completeness::Complete;
            if !gone {
                *missing = Some(format!("{kind} {name} is not among the objects given"));
            }
            return;
        };
        let keys = keys(&object);
        for (_, text) in &keys {
            self.note(text);
        }
        let items = source.at("items").items();
        for (key, text) in keys {
            if items.is_empty() {
                files.insert(key, text);
                continue;
            }
            for item in items.iter().filter(|item| item.at("key").text() == Some(&key)) {
                files.insert(clean(item.at("path").text().unwrap_or(&key)), text.clone());
            }
        }
    }

    /// Remembers a text that the pod can reach, once.
    pub(super) fn note(&mut self, text: &Text) {
        let Some(at) = text.at() else { return };
        if !self.texts.iter().any(|t| t.at().is_some_and(|t| t.source == at.source)) {
            self.texts.push(text.clone());
        }
    }
}

/// The keys of a ConfigMap or Secret, decoded.
pub(super) fn keys(object: &Arc<Object>) -> Vec<(String, Text)> {
    let secret = &*object.identity.kind == "Secret";
    let source = |field: &str, key: &str, mapped| {
        let path = Path::root().keys(&[field, key]);
        At::new(&Arc::new(Source { object: Some(object.identity.clone()), path, name: key.to_owned(), secret, mapped }), 0)
    };
    let decoded = |text: &str| {
        let bytes = data_encoding::BASE64.decode(text.split_ascii_whitespace().collect::<String>().as_bytes()).ok()?;
        String::from_utf8(bytes).ok()
    };
    let mut found: BTreeMap<String, Text> = BTreeMap::new();
    for field in ["binaryData", "data", "stringData"] {
        for (key, value) in object.value.at(field).entries() {
            let base64 = field == "binaryData" || (secret && field == "data");
            let text = match value.text() {
                Some(text) if base64 => decoded(text).map(|text| Text::known(text, Some(source(field, key, false)))),
                Some(text) => Some(Text::known(text, Some(source(field, key, true)))),
                None => None,
            };
            found.insert(key.to_owned(), text.unwrap_or_else(|| Text::unknown(format!("key {key} of {} is no text", object.identity))));
        }
    }
    found.into_iter().collect()
}
