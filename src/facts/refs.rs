//! The ConfigMaps and Secrets that a pod refers to: do they exist, do they have the key, and what else may have been meant?
//! Must not know what is written in them.

use super::container::Container;
use super::record::{Trail, record, step, word};
use crate::objects::{GroupKind, Object, ObjectSet, names};
use crate::value::{Lookup, Value};

/// How many like-named objects are offered.
const NEAR: usize = 3;
/// One edit for each so many letters of a name still makes it like another, but never more than [`EDITS`].
const LETTERS_PER_EDIT: usize = 5;
/// The most edits between like names.
const EDITS: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    ConfigMap,
    Secret,
}

impl Kind {
    const fn group_kind(self) -> GroupKind<'static> {
        GroupKind { group: "", kind: self.as_str() }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }

    fn value(self) -> Value {
        match self {
            Self::ConfigMap => word!("ConfigMap"),
            Self::Secret => word!("Secret"),
        }
    }
}

/// How the pod refers to something.
struct Reference<'a> {
    kind: Kind,
    name: &'a Value,
    /// Path of the name.
    path: Trail,
    /// The one key that is asked for, and its path.
    key: Option<(&'a Value, Trail)>,
    optional: bool,
    via: Value,
    container: Value,
}

/// Collects the references of one pod, looking each object up once.
struct Collector<'a> {
    set: &'a dyn ObjectSet,
    namespace: Option<&'a str>,
    seen: Vec<(Kind, &'a str, Option<std::sync::Arc<Object>>)>,
    facts: Vec<Value>,
}

/// `workload.config_refs`: volumes first, then the containers' variables. `path` leads to the name; to the key where it is the
/// key that is missing.
pub(super) fn facts(object: &Object, spec: &Value, spec_path: &Trail, containers: &[Container<'_>], set: &dyn ObjectSet) -> Vec<Value> {
    let mut collector = Collector { set, namespace: object.namespace(), seen: Vec::new(), facts: Vec::new() };
    for (index, volume) in spec.at("volumes").items().iter().enumerate() {
        let path = || step!(spec_path, "volumes").index(index);
        collector.volume(volume, path);
    }
    for container in containers {
        collector.environment(container);
    }
    collector.facts
}

impl<'a> Collector<'a> {
    fn volume(&mut self, volume: &'a Value, path: impl Fn() -> Trail) {
        let (config_map, secret) = (volume.at("configMap"), volume.at("secret"));
        if is_map(config_map) {
            self.source(Kind::ConfigMap, config_map, word!("name"), &step!(path(), "configMap"), &word!("volume"));
        }
        if is_map(secret) {
            self.source(Kind::Secret, secret, word!("secretName"), &step!(path(), "secret"), &word!("volume"));
        }
        for (index, source) in volume.dig(&["projected", "sources"]).items().iter().enumerate() {
            let base = || step!(path(), "projected", "sources").index(index);
            let (config_map, secret) = (source.at("configMap"), source.at("secret"));
            if is_map(config_map) {
                self.source(Kind::ConfigMap, config_map, word!("name"), &step!(base(), "configMap"), &word!("projected"));
            }
            if is_map(secret) {
                self.source(Kind::Secret, secret, word!("name"), &step!(base(), "secret"), &word!("projected"));
            }
        }
    }

    /// A volume's source: the object, and each of its `items` where the object is there to be asked.
    fn source(&mut self, kind: Kind, source: &'a Value, name: Value, path: &Trail, via: &Value) {
        let reference = |key| Reference {
            kind,
            name: source.at(name.text().unwrap_or_default()),
            path: path.then([name.clone()]),
            key,
            optional: source.at("optional").flag().unwrap_or(false),
            via: via.clone(),
            container: Value::Null,
        };
        let found = self.add(reference(None));
        if !found {
            return;
        }
        for (index, item) in source.at("items").items().iter().enumerate() {
            let key_path = step!(step!(path, "items").index(index), "key");
            self.add(reference(Some((item.at("key"), key_path))));
        }
    }

    fn environment(&mut self, container: &Container<'a>) {
        let spec = container.spec;
        for (index, from) in spec.at("envFrom").items().iter().enumerate() {
            for (kind, field, key) in
                [(Kind::ConfigMap, from.at("configMapRef"), "configMapRef"), (Kind::Secret, from.at("secretRef"), "secretRef")]
            {
                if is_map(field) {
                    let path = step!(container.path, "envFrom").index(index).then([Value::from(key), word!("name")]);
                    self.variable(kind, field, path, None, container, word!("envFrom"));
                }
            }
        }
        for (index, variable) in spec.at("env").items().iter().enumerate() {
            let from = variable.at("valueFrom");
            for (kind, field, key) in
                [(Kind::ConfigMap, from.at("configMapKeyRef"), "configMapKeyRef"), (Kind::Secret, from.at("secretKeyRef"), "secretKeyRef")]
            {
                if is_map(field) {
                    let base = step!(container.path, "env").index(index).then([word!("valueFrom"), Value::from(key)]);
                    let asked = Some((field.at("key"), step!(base, "key")));
                    self.variable(kind, field, step!(base, "name"), asked, container, word!("env"));
                }
            }
        }
    }

    fn variable(
        &mut self,
        kind: Kind,
        field: &'a Value,
        path: Trail,
        key: Option<(&'a Value, Trail)>,
        container: &Container<'_>,
        via: Value,
    ) {
        let optional = field.at("optional").flag().unwrap_or(false);
        self.add(Reference { kind, name: field.at("name"), path, key, optional, via, container: container.name() });
    }

    /// Writes a reference down; says whether its object is there.
    fn add(&mut self, reference: Reference<'a>) -> bool {
        let name = reference.name.text().filter(|name| !name.is_empty());
        let found = name.and_then(|name| self.find(reference.kind, name));
        let exists = match (name, &found) {
            (None, _) => word!("unknown"),
            (_, Some(_)) => word!("yes"),
            (_, None) => word!("no"),
        };
        let key_exists = match (&reference.key, &found) {
            (Some((key, _)), Some(object)) => has_key(object, reference.kind, key),
            _ => None,
        };
        let (near, twin) = match (name, &found) {
            (Some(name), None) => self.meant(reference.kind, name),
            _ => (Vec::new(), None),
        };
        let (key, path) = match reference.key {
            Some((key, path)) if key_exists == Some(false) => (key, path),
            Some((key, _)) => (key, reference.path),
            None => (&Value::Null, reference.path),
        };
        let facts = record! {
            "kind": reference.kind.value(),
            "name": reference.name,
            "key": key,
            "path": path,
            "container": reference.container,
            "optional": reference.optional,
            "via": reference.via,
            "exists": exists,
            "key_exists": key_exists.map_or_else(|| word!("unknown"), |has| if has { word!("yes") } else { word!("no") }),
            "near": near,
            "hash_twin": twin,
        };
        self.facts.push(facts);
        found.is_some()
    }

    fn find(&mut self, kind: Kind, name: &'a str) -> Option<std::sync::Arc<Object>> {
        if let Some((.., found)) = self.seen.iter().find(|(k, n, _)| *k == kind && *n == name) {
            return found.clone();
        }
        let found = self.set.get(kind.group_kind(), self.namespace, name);
        self.seen.push((kind, name, found.clone()));
        found
    }

    /// The names most like `name`, and the first that differs from it by a content hash only.
    fn meant(&self, kind: Kind, name: &str) -> (Vec<Value>, Option<Value>) {
        let candidates = self.set.like_named(kind.group_kind(), self.namespace, name);
        let twin = candidates.iter().find(|object| is_twin(&object.identity.name, name));
        let mut near: Vec<_> =
            candidates.iter().filter_map(|object| Some((distance(&object.identity.name, name)?, &object.identity.name))).collect();
        near.sort();
        let text = |name: &std::sync::Arc<str>| Value::String(name.clone());
        (near.into_iter().take(NEAR).map(|(_, name)| text(name)).collect(), twin.map(|object| text(&object.identity.name)))
    }
}

/// How far apart like names are; `None` if they are not alike: too many edits, and neither is the other with a word or more
/// before or after it, such as a release's name.
fn distance(found: &str, asked: &str) -> Option<usize> {
    let allowed = (asked.len() / LETTERS_PER_EDIT).clamp(1, EDITS);
    if found.len().abs_diff(asked.len()) <= allowed {
        return Some(strsim::osa_distance(found, asked)).filter(|edits| *edits <= allowed);
    }
    let (long, short) = if found.len() > asked.len() { (found, asked) } else { (asked, found) };
    let extended = |rest: Option<&str>, dash: fn(&str) -> bool| !short.is_empty() && rest.is_some_and(dash);
    let prefixed = extended(long.strip_suffix(short), |rest| rest.ends_with('-'));
    (prefixed || extended(long.strip_prefix(short), |rest| rest.starts_with('-'))).then_some(EDITS + 1)
}

fn is_map(value: &Value) -> bool {
    matches!(value, Value::Object(_))
}

/// The same name but for a content hash on one side or both.
fn is_twin(a: &str, b: &str) -> bool {
    let (x, y) = (names::without_hash(a), names::without_hash(b));
    a != b && (x == Some(b) || y == Some(a) || (x.is_some() && x == y))
}

/// `None` where that cannot be told: a key that is no text, or a Secret that shows no data, as its data may be withheld or
/// filled in by a controller.
fn has_key(object: &Object, kind: Kind, key: &Value) -> Option<bool> {
    let key = key.text()?;
    let fields = match kind {
        Kind::ConfigMap => ["data", "binaryData"],
        Kind::Secret => ["data", "stringData"],
    };
    let maps = fields.map(|field| object.value.at(field));
    if kind == Kind::Secret && !maps.iter().any(|map| is_map(map)) {
        return None;
    }
    Some(maps.iter().any(|map| !matches!(map.at(key), Value::Undefined)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_names_differ_by_few_edits_or_by_a_release() {
        for (found, asked, expected) in [
            ("redis-conf", "redis-config", Some(2)),
            ("redis-cofnig", "redis-config", Some(1)),
            ("data-redis-config", "redis-config", Some(4)),
            ("redis-config", "redis-config-prod", Some(4)),
            ("xredis-configuration", "redis-config", None),
            ("a", "b", Some(1)),
            ("abc", "xyz", None),
            ("web-config", "redis-config", None),
            ("", "redis", None),
        ] {
            assert_eq!(distance(found, asked), expected, "{found} for {asked}");
        }
    }
}
