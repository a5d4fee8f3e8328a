//! What a [`Plan`](super::Plan) does with values, as the evaluators do it.

use std::borrow::Cow;

use regorus::unstable::{BuiltinFcn, Expr, Ref, Source, Span};

use super::{Comparison, Operator};
use crate::value::Value;

/// A value, `Undefined` included, or `None` where it cannot be told.
pub(super) type Told<'v> = Option<Cow<'v, Value>>;

pub(super) const UNDEFINED: Cow<'_, Value> = Cow::Borrowed(&Value::Undefined);

pub(super) fn owned<'v>(value: Value) -> Told<'v> {
    Some(Cow::Owned(value))
}

pub(super) fn either_undefined(a: &Value, b: &Value) -> bool {
    matches!(a, Value::Undefined) || matches!(b, Value::Undefined)
}

pub(super) fn child<'v>(value: Cow<'v, Value>, key: &Value) -> Cow<'v, Value> {
    match value {
        Cow::Borrowed(value) => index(value, key).map_or(UNDEFINED, Cow::Borrowed),
        Cow::Owned(value) => index(&value, key).map_or(UNDEFINED, |child| Cow::Owned(child.clone())),
    }
}

fn index<'v>(value: &'v Value, key: &Value) -> Option<&'v Value> {
    match (value, key) {
        (Value::Object(fields), key) => fields.get(key),
        (Value::Array(items), Value::Number(at)) => items.get(usize::try_from(at.as_u64()?).ok()?),
        (Value::Set(items), key) => items.get(key),
        _ => None,
    }
}

pub(super) fn compare(comparison: Comparison, left: &Value, right: &Value) -> bool {
    match comparison {
        Comparison::Less => left < right,
        Comparison::AtMost => left <= right,
        Comparison::Equal => left == right,
        Comparison::Unequal => left != right,
        Comparison::AtLeast => left >= right,
        Comparison::More => left > right,
    }
}

pub(super) fn arithmetic<'v>(operator: Operator, left: &Value, right: &Value) -> Told<'v> {
    let (Value::Number(left), Value::Number(right)) = (left, right) else { return None };
    let zero = || right.as_i64() == Some(0) || right.as_f64().is_none_or(|number| number == 0.0);
    let whole = || left.is_integer() && right.is_integer();
    let number = match operator {
        Operator::Add => left.add(right),
        Operator::Subtract => left.sub(right),
        Operator::Multiply => left.mul(right),
        Operator::Divide if !zero() => left.clone().divide(right),
        Operator::Modulo if !zero() && whole() => left.clone().modulo(right),
        Operator::Divide | Operator::Modulo => return None,
    };
    owned(Value::from(number.ok()?))
}

pub(super) fn contains(collection: &Value, item: &Value) -> bool {
    match collection {
        Value::Array(items) => items.contains(item),
        Value::Set(items) => items.contains(item),
        Value::Object(items) => items.values().any(|value| value == item),
        _ => false,
    }
}

/// Longest list of arguments that a builtin takes.
const MOST_ARGUMENTS: usize = 8;

thread_local! {
    /// Builtins name the place of a wrong argument. Here none is shown: what fails is left to the machine.
    static NOWHERE: Option<(Span, Vec<Ref<Expr>>)> = nowhere();
}

fn nowhere() -> Option<(Span, Vec<Ref<Expr>>)> {
    let source = Source::from_contents("plan".to_owned(), String::new()).ok()?;
    let span = Span { source, line: 1, col: 1, start: 0, end: 0 };
    let argument = Expr::Null { span: span.clone(), value: Value::Null, eidx: 0 };
    Some((span, vec![Ref::new(argument); MOST_ARGUMENTS]))
}

pub(super) fn apply<'v>(builtin: &BuiltinFcn, arguments: &[Value]) -> Told<'v> {
    NOWHERE.with(|nowhere| {
        let (span, places) = nowhere.as_ref()?;
        owned((builtin.0)(span, places.get(..arguments.len())?, arguments, false).ok()?)
    })
}
