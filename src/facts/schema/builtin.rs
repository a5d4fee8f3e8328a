//! Objects of Kubernetes' own kinds, as the API server decodes them: null is unset everywhere, a list's null item is an empty
//! one, texts are never numbers, integers have 32 or 64 bits.

use data_encoding::{BASE64, Specification};

use super::table::{Definition, Field, Table, Type};
use super::{DEPTH, Faults};
use crate::facts::quantity::Quantity;
use crate::place::Path;
use crate::value::{Lookup, Value};

/// Required in the schemas, and yet admitted without: what the API server defaults or does not ask for.
/// Found by asking a kube-apiserver 1.37.1 for every required field (`tests/schema.rs`).
const NOT_ASKED_FOR: &[(&str, &str)] = &[];

/// Checks a whole object.
pub(super) fn check(value: &Value, definition: &Definition, minor: u32, faults: &mut Faults) {
    Check { minor, faults, root: value }.object(value, definition, "", &Path::root());
}

/// Checks a value of a definition by its name, such as the metadata of a custom resource.
pub(super) fn check_part(value: &Value, name: &'static str, at: &Path, minor: u32, faults: &mut Faults) {
    Check { minor, faults, root: value }.value(value, &Type::Definition(name), at);
}

struct Check<'f> {
    minor: u32,
    faults: &'f mut Faults,
    /// The whole object.
    root: &'f Value,
}

impl Check<'_> {
    fn object(&mut self, value: &Value, definition: &Definition, name: &str, at: &Path) {
        if at.steps().len() > DEPTH {
            return;
        }
        if !matches!(value, Value::Object(_)) && !value.is_absent() {
            return self.faults.wrong(at, "a mapping", value);
        }
        for (key, child) in value.entries() {
            match definition.field(key) {
                Some(field) => self.field(child, field, &at.child(key)),
                None => self.faults.unknown(at, key, definition.fields.iter().map(|field| field.name)),
            }
        }
        // The server writes the status, and ignores what an applied manifest says there.
        if is_status(at) {
            return;
        }
        let asked = |field: &&Field| field.required && !NOT_ASKED_FOR.contains(&(name, field.name));
        for field in definition.fields.iter().filter(asked) {
            if value.at(field.name).is_absent() {
                self.faults.missing(at, field.name);
            }
        }
        if let Some(relation) = definition.relation {
            relation(value, at, self.root, self.faults);
        }
    }

    fn field(&mut self, value: &Value, field: &Field, at: &Path) {
        let before = self.faults.0.len();
        self.value(value, &field.of, at);
        let right = self.faults.0.len() == before && !value.is_absent() && !is_status(at);
        if let Some(bound) = field.bound.filter(|_| right) {
            bound.check(value, at, self.faults);
        }
    }

    fn value(&mut self, value: &Value, of: &Type, at: &Path) {
        match of {
            Type::Definition(name) => {
                if let Some(definition) = Table::get().definition(name, self.minor)
                    && (!value.is_absent() || is_item(at))
                {
                    self.object(value, definition, name, at);
                }
            }
            _ if value.is_absent() => {}
            Type::List(item) => match value {
                Value::Array(items) => {
                    for (nth, child) in items.iter().enumerate() {
                        self.value(child, item, &at.child(nth));
                    }
                }
                _ => self.faults.wrong(at, "a list", value),
            },
            Type::Map(item) => match value {
                Value::Object(_) => {
                    for (key, child) in value.entries() {
                        self.value(child, item, &at.child(key));
                    }
                }
                _ => self.faults.wrong(at, "a mapping", value),
            },
            _ => {
                if let Err(wanted) = scalar(value, of) {
                    self.faults.wrong(at, wanted, value);
                }
            }
        }
    }
}

fn is_status(at: &Path) -> bool {
    at.steps().first().is_some_and(|step| *step == "status".into())
}

/// Is the place an item of a list? A null there is an empty item, not an unset field.
fn is_item(at: &Path) -> bool {
    matches!(at.steps().last(), Some(crate::place::Step::Index(_)))
}

/// Does a value that is not null have this type? If not, what is wanted.
fn scalar(value: &Value, of: &Type) -> Result<(), &'static str> {
    let (fits, wanted) = match of {
        Type::Text => (value.text().is_some(), "a text"),
        Type::Int32 => (integer(value).is_some_and(|n| i32::try_from(n).is_ok()), "an integer of 32 bits"),
        Type::Int64 => (integer(value).is_some(), "an integer of 64 bits"),
        Type::Number => (matches!(value, Value::Number(_)), "a number"),
        Type::Boolean => (value.flag().is_some(), "a boolean"),
        Type::Base64 => (value.text().is_some_and(is_base64) || is_bytes(value), "a text in base64"),
        Type::Time => (value.text().is_some_and(|text| is_time(text, false)), "a time such as \"2026-01-31T12:00:00Z\""),
        Type::MicroTime => (value.text().is_some_and(|text| is_time(text, true)), "a time such as \"2026-01-31T12:00:00.000000Z\""),
        Type::Quantity => (Quantity::of(value).is_ok(), "a quantity such as 500m or 2Gi"),
        Type::IntOrText => {
            (value.text().is_some() || integer(value).is_some_and(|n| i32::try_from(n).is_ok()), "an integer of 32 bits, or a text")
        }
        Type::AnyObject => (matches!(value, Value::Object(_)), "a mapping"),
        _ => (true, ""),
    };
    if fits { Ok(()) } else { Err(wanted) }
}

/// An integer, also one that is written `3.0`: kubectl sends it as 3.
pub(super) fn integer(value: &Value) -> Option<i64> {
    let Value::Number(number) = value else { return None };
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        let whole = float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0;
        #[expect(clippy::cast_possible_truncation, reason = "whole, and below 2^53")]
        whole.then_some(float as i64)
    })
}

/// Standard base64 with padding, as Go decodes it: line breaks anywhere, nothing else.
fn is_base64(text: &str) -> bool {
    let mut lenient: Specification = BASE64.specification();
    lenient.check_trailing_bits = false;
    let plain: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    lenient.encoding().is_ok_and(|encoding| encoding.decode(plain.as_bytes()).is_ok())
}

/// A list of numbers, which Go takes for bytes too.
fn is_bytes(value: &Value) -> bool {
    matches!(value, Value::Array(_))
        && value.items().iter().all(|byte| byte.is_absent() || integer(byte).is_some_and(|n| u8::try_from(n).is_ok()))
}

/// RFC 3339 with a zone; `micro` wants the fraction that `MicroTime` is read with.
fn is_time(text: &str, micro: bool) -> bool {
    let fraction = text.contains('.');
    text.contains('T') && (fraction || !micro) && text.parse::<jiff::Timestamp>().is_ok()
}
