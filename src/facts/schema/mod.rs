//! What the API server would say about an object's shape: fields that do not exist, values of a wrong type, required fields that
//! are missing, values that it refuses, kinds that nobody serves, and API versions that are no longer served. Judged as server-side strict field validation does, for
//! Kubernetes 1.33 to 1.37; custom resources by the CustomResourceDefinitions of the object's own unit.
//! Must not know how a finding is worded in a report; values of Secrets never appear in a message.
//!
//! ```text
//!  kubernetes.zlib --table--> definitions --builtin--+
//!  CustomResourceDefinition --structural-------------+--> Fault { path, kind, message, suggestion }
//! ```

mod builtin;
mod removed;
mod structural;
mod table;
mod unknown;
mod values;

pub use table::{FIRST_MINOR, LAST_MINOR};

use self::table::Table;
use crate::objects::{GroupKind, Object, ObjectSet};
use crate::place::Path;
use crate::value::{Lookup, Value, array, nullable, object};

/// More faults of one object than this are not listed.
const MOST: usize = 100;
/// Deeper values are left alone: no schema of Kubernetes goes that far.
const DEPTH: usize = 128;

const CRD: GroupKind<'static> = GroupKind { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition" };

/// What is wrong at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FaultKind {
    UnknownField,
    WrongType,
    Missing,
    InvalidValue,
}

impl FaultKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownField => "unknown-field",
            Self::WrongType => "wrong-type",
            Self::Missing => "missing",
            Self::InvalidValue => "invalid-value",
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    path: Path,
    kind: FaultKind,
    message: String,
    suggestion: Option<String>,
}

/// The faults of an object, at most [`MOST`].
#[derive(Debug, Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn push(&mut self, path: Path, kind: FaultKind, message: String, suggestion: Option<String>) {
        if self.0.len() < MOST {
            self.0.push(Fault { path, kind, message, suggestion });
        }
    }

    /// A field that the schema has not; `known` are those it has.
    fn unknown<'k>(&mut self, at: &Path, field: &str, known: impl Iterator<Item = &'k str>) {
        let near = nearest(field, known);
        let hint = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        self.push(at.child(field), FaultKind::UnknownField, format!("unknown field {field:?}{hint}"), near.map(str::to_owned));
    }

    fn missing(&mut self, at: &Path, field: &str) {
        self.push(at.child(field), FaultKind::Missing, format!("required field {field:?} is missing"), None);
    }

    /// A value of the right type that is refused all the same.
    fn refused(&mut self, at: &Path, message: String) {
        self.push(at.clone(), FaultKind::InvalidValue, message, None);
    }

    /// The same, where it is known what was probably meant.
    fn suggested(&mut self, at: &Path, message: String, meant: Option<&str>) {
        self.push(at.clone(), FaultKind::InvalidValue, message, meant.map(str::to_owned));
    }

    fn wrong(&mut self, at: &Path, wanted: &str, value: &Value) {
        self.push(at.clone(), FaultKind::WrongType, format!("expected {wanted}, found {}", found(value)), None);
    }
}

/// How a value is called in a message; never the value itself.
fn found(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_integer() => "an integer",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
        Value::Null | Value::Undefined | Value::Set(_) => "nothing",
    }
}

/// The field that was probably meant: equal but for case, or the nearest within a third of its length.
fn nearest<'k>(field: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let far = (field.chars().count() / 3).max(1);
    let distance = |name: &str| if name.eq_ignore_ascii_case(field) { 0 } else { strsim::damerau_levenshtein(field, name) };
    known.map(|name| (distance(name), name)).filter(|(distance, _)| *distance <= far).min().map(|(_, name)| name)
}

/// What the API server would refuse about the object's shape, as `input.schema.errors`: an array of
/// `{path, message, kind: "unknown-field"|"wrong-type"|"missing"|"invalid-value", suggestion}`, in the order of the fields.
/// Empty where the kind has no known schema. `crds` is asked for CustomResourceDefinitions. An encrypted object is opaque.
pub fn errors(object: &Object, minor: u32, crds: &dyn ObjectSet) -> Value {
    let mut faults = Faults::default();
    if !is_encrypted(object) {
        let identity = &object.identity;
        match Table::get().kind(&identity.api_version, &identity.kind, minor) {
            Some(definition) => {
                builtin::check(&object.value, definition, minor, &mut faults);
                values::name(&object.value, &identity.kind, &mut faults);
            }
            None => {
                if let Some(schema) = custom_schema(object, crds) {
                    structural::check(&object.value, &schema, minor, &mut faults);
                }
            }
        }
    }
    array(faults.0.into_iter().map(|fault| {
        self::object([
            ("path", fault.path.to_value()),
            ("message", Value::from(fault.message)),
            ("kind", Value::from(fault.kind.as_str())),
            ("suggestion", nullable(fault.suggestion)),
        ])
    }))
}

/// What becomes of the object's API version, as `input.schema.api`:
/// `{removed_in, deprecated_in, replacement, same_shape, known}`. The first two are minor versions of Kubernetes 1.x or `null`;
/// `replacement` is an `apiVersion` or `null`, which with `same_shape` takes the object as it is; `known` says whether the target version serves it itself
/// (what a CustomResourceDefinition brings is not known here).
/// `stranger` is what is wrong with a kind that no Kubernetes has, `null` for one that some API server may know.
pub fn api(object: &Object, minor: u32, crds: &dyn ObjectSet) -> Value {
    let (version, kind) = (&*object.identity.api_version, &*object.identity.kind);
    let known = Table::get().kind(version, kind, minor).is_some();
    let fate = removed::fate(version, kind);
    let target = minor;
    let minor = |minor: Option<u32>| nullable(minor.map(u64::from));
    self::object([
        ("removed_in", minor(fate.and_then(|fate| fate.removed))),
        ("deprecated_in", minor(fate.and_then(|fate| fate.deprecated))),
        ("replacement", nullable(fate.and_then(|fate| fate.replacement))),
        ("same_shape", Value::from(fate.is_some_and(|fate| fate.same_shape))),
        ("known", Value::from(known)),
        ("stranger", if known || fate.is_some() { Value::Null } else { unknown::stranger(object, target, crds) }),
    ])
}

/// Is the object not what the cluster will store? SOPS leaves its metadata under `sops`; what it encrypted has other types.
fn is_encrypted(object: &Object) -> bool {
    !object.value.dig(&["sops", "mac"]).is_absent() || &*object.identity.kind == "SealedSecret"
}

/// The OpenAPI schema that a CustomResourceDefinition of the unit has for the object.
fn custom_schema(object: &Object, crds: &dyn ObjectSet) -> Option<Value> {
    let (group, version) = object.identity.api_version.split_once('/')?;
    let of_kind = crds.of_kind(CRD, None);
    let spec = of_kind.iter().map(|crd| crd.value.at("spec")).find(|spec| defines(spec, group, &object.identity.kind))?;
    let served = spec.at("versions").items().iter().find(|served| served.at("name").text() == Some(version))?;
    let schema = served.dig(&["schema", "openAPIV3Schema"]);
    matches!(schema, Value::Object(_)).then(|| schema.clone())
}

/// Is this the spec of the CustomResourceDefinition of a kind?
fn defines(spec: &Value, group: &str, kind: &str) -> bool {
    spec.at("group").text() == Some(group) && spec.dig(&["names", "kind"]).text() == Some(kind)
}

#[cfg(test)]
mod tests;
