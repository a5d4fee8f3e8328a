//! Custom resources, by the structural OpenAPI v3 schema of their CustomResourceDefinition: types, `nullable`, `required`, unknown
//! fields (the API server would drop them, strict validation refuses them), `additionalProperties`, `x-kubernetes-int-or-string`,
//! `-preserve-unknown-fields` and `-embedded-resource`. Not judged: what only compares values (`enum`, `pattern`, bounds, CEL).

use super::builtin::{check_part, integer};
use super::{DEPTH, Faults};
use crate::place::Path;
use crate::value::{Lookup, Value};

const OBJECT_META: &str = "apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Checks a whole object.
pub(super) fn check(value: &Value, schema: &Value, minor: u32, faults: &mut Faults) {
    Check { minor, faults }.object(value, schema, &Path::root(), true);
}

struct Check<'f> {
    minor: u32,
    faults: &'f mut Faults,
}

impl Check<'_> {
    /// `resource`: it has `apiVersion`, `kind` and `metadata` whatever the schema says.
    fn object(&mut self, value: &Value, schema: &Value, at: &Path, resource: bool) {
        let properties = schema.at("properties");
        let more = schema.at("additionalProperties");
        let keeps = schema.at("x-kubernetes-preserve-unknown-fields").flag() == Some(true) || more.flag() == Some(true);
        for (key, child) in value.entries() {
            let place = at.child(key);
            let property = properties.at(key);
            match key {
                "metadata" if resource => check_part(child, OBJECT_META, &place, self.minor, self.faults),
                "apiVersion" | "kind" if resource => match child.text() {
                    None => self.faults.wrong(&place, "a text", child),
                    Some("") => self.faults.refused(&place, "it must not be empty".to_owned()),
                    Some(_) => {}
                },
                // A null that may not be one counts as unset; in a list it is refused.
                _ if child.is_absent() && (!property.is_absent() || matches!(more, Value::Object(_))) => {}
                _ if !property.is_absent() => self.value(child, property, &place),
                _ if matches!(more, Value::Object(_)) => self.value(child, more, &place),
                _ if keeps => {}
                _ => self.faults.unknown(at, key, properties.entries().map(|(name, _)| name)),
            }
        }
        for field in ["apiVersion", "kind"].into_iter().filter(|field| resource && matches!(value.at(field), Value::Undefined)) {
            self.faults.missing(at, field);
        }
        for field in schema.at("required").items().iter().filter_map(Lookup::text) {
            // A default is filled in before the schema is asked, also for a null that may not be one.
            let (property, child) = (properties.at(field), value.at(field));
            let unset = child == &Value::Undefined || child == &Value::Null && property.at("nullable").flag() != Some(true);
            if unset && property.at("default").is_absent() {
                self.faults.missing(at, field);
            }
        }
    }

    fn value(&mut self, value: &Value, schema: &Value, at: &Path) {
        if at.steps().len() > DEPTH || !matches!(schema, Value::Object(_)) {
            return;
        }
        if value.is_absent() {
            if schema.at("nullable").flag() != Some(true)
                && let Some(wanted) = wanted(schema)
            {
                self.faults.wrong(at, wanted, value);
            }
            return;
        }
        let embedded = schema.at("x-kubernetes-embedded-resource").flag() == Some(true);
        match (schema.at("type").text(), value) {
            (Some("object"), Value::Object(_)) => self.object(value, schema, at, embedded),
            (Some("array"), Value::Array(items)) => {
                for (nth, child) in items.iter().enumerate() {
                    self.value(child, schema.at("items"), &at.child(nth));
                }
            }
            _ if fits(schema, value) => {}
            _ => self.faults.wrong(at, wanted(schema).unwrap_or("another type"), value),
        }
    }
}

fn is_int_or_string(schema: &Value) -> bool {
    schema.at("x-kubernetes-int-or-string").flag() == Some(true)
}

/// Does a value that is not null have the type of the schema?
fn fits(schema: &Value, value: &Value) -> bool {
    if is_int_or_string(schema) {
        return value.text().is_some() || integer(value).is_some();
    }
    match schema.at("type").text() {
        Some("string") => value.text().is_some(),
        Some("integer") => integer(value).is_some(),
        Some("number") => matches!(value, Value::Number(_)),
        Some("boolean") => value.flag().is_some(),
        Some("object") => matches!(value, Value::Object(_)),
        Some("array") => matches!(value, Value::Array(_)),
        _ => true,
    }
}

fn wanted(schema: &Value) -> Option<&'static str> {
    if is_int_or_string(schema) {
        return Some("an integer or a text");
    }
    match schema.at("type").text()? {
        "string" => Some("a text"),
        "integer" => Some("an integer"),
        "number" => Some("a number"),
        "boolean" => Some("a boolean"),
        "object" => Some("a mapping"),
        "array" => Some("a list"),
        _ => None,
    }
}
