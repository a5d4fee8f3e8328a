//! Volumes, volume claim templates, and where containers mount them. Must not know what lies in a volume.

use super::quantity;
use super::record::{Trail, record, step, word};
use crate::value::{Lookup, Value};

/// What a volume is made of, and whether it can be written.
#[derive(Debug, Clone)]
struct Source {
    name: Value,
    source: Value,
    read_only: bool,
}

/// The volumes of a pod by name, those that its volume claim templates stand for included.
#[derive(Debug, Default)]
pub(super) struct Sources(Vec<Source>);

impl Sources {
    /// Of a pod spec and the volume claim templates of its StatefulSet. A template beats a volume of the same name, as the
    /// StatefulSet controller has it.
    pub(super) fn of(spec: &Value, claim_templates: &Value) -> Self {
        let claims = claim_templates.items().iter().map(|claim| Source {
            name: claim.dig(&["metadata", "name"]).clone(),
            source: word!("claim"),
            read_only: false,
        });
        let volumes = spec.at("volumes").items().iter().map(|volume| Source {
            name: volume.at("name").clone(),
            source: kind(volume),
            read_only: volume.dig(&["persistentVolumeClaim", "readOnly"]).flag() == Some(true),
        });
        Self(claims.chain(volumes).collect())
    }

    fn find(&self, name: &Value) -> Option<&Source> {
        name.text().and_then(|_| self.0.iter().find(|source| source.name == *name))
    }

    fn is_writable_claim(&self, name: &Value) -> bool {
        self.find(name).is_some_and(|source| source.source.text() == Some("claim") && !source.read_only)
    }

    /// Does the container mount, or use as a device, a claim that it can write?
    pub(super) fn writes_a_claim(&self, container: &Value) -> bool {
        let writable = |mount: &&Value| mount.at("readOnly").flag() != Some(true);
        let mounts = container.at("volumeMounts").items().iter().filter(writable);
        mounts.chain(container.at("volumeDevices").items()).any(|mount| self.is_writable_claim(mount.at("name")))
    }

    /// `containers[].mounts`.
    pub(super) fn mounts(&self, container: &Value, path: &Trail) -> Vec<Value> {
        let mounts = container.at("volumeMounts").items();
        if mounts.is_empty() {
            return Vec::new();
        }
        let base = step!(path, "volumeMounts");
        let mount = |(index, mount): (usize, &Value)| {
            let sub_path = if mount.at("subPath").is_absent() { mount.at("subPathExpr") } else { mount.at("subPath") };
            record! {
                "volume": mount.at("name"),
                "path": mount.at("mountPath"),
                "sub_path": text(sub_path),
                "read_only": mount.at("readOnly").flag().unwrap_or(false),
                "at": base.index(index),
                "source": self.find(mount.at("name")).map(|source| source.source.clone()),
            }
        };
        mounts.iter().enumerate().map(mount).collect()
    }
}

/// A text that is not empty.
fn text(value: &Value) -> Option<Value> {
    value.text().filter(|text| !text.is_empty()).map(|_| value.clone())
}

/// The kind of a volume. A volume that names none is an `emptyDir` (`SetDefaults_Volume` of the API server).
fn kind(volume: &Value) -> Value {
    let Some((kind, _)) = volume.entries().find(|(key, value)| *key != "name" && !value.is_absent()) else {
        return word!("emptyDir");
    };
    match kind {
        "configMap" => word!("configMap"),
        "secret" => word!("secret"),
        "projected" => word!("projected"),
        "emptyDir" => word!("emptyDir"),
        "persistentVolumeClaim" => word!("claim"),
        "hostPath" => word!("hostPath"),
        "csi" => word!("csi"),
        "downwardAPI" => word!("downwardAPI"),
        "ephemeral" => word!("ephemeral"),
        _ => word!("other"),
    }
}

/// `workload.volumes`.
pub(super) fn volumes(spec: &Value, spec_path: &Trail) -> Vec<Value> {
    let base = step!(spec_path, "volumes");
    let volume = |(index, volume): (usize, &Value)| {
        let empty = volume.at("emptyDir");
        record! {
            "name": volume.at("name"),
            "path": base.index(index),
            "source": kind(volume),
            "spec": volume,
            "size_limit": quantity::units(empty.at("sizeLimit")),
            "medium": text(empty.at("medium")),
            "claim": text(volume.dig(&["persistentVolumeClaim", "claimName"])),
        }
    };
    spec.at("volumes").items().iter().enumerate().map(volume).collect()
}

/// `workload.claims`.
pub(super) fn claims(templates: &Value) -> Vec<Value> {
    let base = Trail::default().then([word!("spec"), word!("volumeClaimTemplates")]);
    let claim = |(index, claim): (usize, &Value)| {
        let spec = claim.at("spec");
        record! {
            "name": claim.dig(&["metadata", "name"]),
            "path": base.index(index),
            "access_modes": list(spec.at("accessModes")),
            "storage_class": spec.at("storageClassName"),
            "request": quantity::units(spec.dig(&["resources", "requests", "storage"])),
            "annotations": map(claim.dig(&["metadata", "annotations"])),
        }
    };
    templates.items().iter().enumerate().map(claim).collect()
}

/// An array as it is; for everything else an empty one.
pub(super) fn list(value: &Value) -> Value {
    if matches!(value, Value::Array(_)) { value.clone() } else { Value::from(Vec::new()) }
}

/// An object as it is; for everything else an empty one.
pub(super) fn map(value: &Value) -> Value {
    thread_local! {
        static EMPTY: Value = Value::new_object();
    }
    if matches!(value, Value::Object(_)) { value.clone() } else { EMPTY.with(Clone::clone) }
}
