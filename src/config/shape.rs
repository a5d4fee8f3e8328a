//! The structure of `kubelint.yaml`, said once: what is accepted, what a mistake is called, and the JSON Schema all
//! derive from it.

use super::KnownRule;
use super::near::hint;
use super::webhook::SECTION;
use crate::place::Path;
use crate::rules::Profile;
use crate::value::{Lookup, Value};

/// What may stand somewhere.
pub(super) enum Shape {
    /// A mapping with exactly these keys.
    Map(&'static [Key]),
    /// A mapping from rule ids to a severity, or to the settings of a rule.
    Rules,
    /// A sequence.
    List(&'static Self),
    /// Any text that is not empty.
    Text,
    /// `2027-01-31`.
    Date,
    /// A rule's id, or `*`.
    Rule,
    /// This number.
    Version(i64),
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// True or false.
    Flag,
    /// A mapping from rule ids.
    ByRule(&'static Self),
}

/// A key of a mapping.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) shape: Shape,
    pub(super) doc: &'static str,
}

pub(super) const fn key(name: &'static str, required: bool, shape: Shape, doc: &'static str) -> Key {
    Key { name, required, shape, doc }
}

static EXEMPTION: Shape = Shape::Map(&[
    key("rule", true, Shape::Rule, "The rule's id, or `*` for every rule."),
    key("object", true, Shape::Text, "Kind/namespace/name, each a glob: `DaemonSet/kube-system/*`."),
    key("container", false, Shape::Text, "Only findings in containers whose name this glob matches."),
    key("reason", true, Shape::Text, "Why. Shown wherever the finding is."),
    key("expires", false, Shape::Date, "The last day on which it counts."),
]);

static GLOB: Shape = Shape::Text;

/// The whole file.
pub(super) static FILE: Shape = Shape::Map(&[
    key("version", false, Shape::Version(1), "The version of this format."),
    key("profile", false, Shape::Choice(Profile::NAMES), "The rules to start from; `kubelint rules --profile NAME` lists them."),
    key("rules", false, Shape::Rules, "Settings of rules, by id."),
    key("exclude", false, Shape::List(&GLOB), "Globs of paths, relative to this file, that walks do not lint."),
    key("exemptions", false, Shape::List(&EXEMPTION), "Findings that are accepted, with the reason."),
    key(
        "honorPeerAnnotations",
        false,
        Shape::Flag,
        "Heed the annotations of kube-linter, kube-score and Polaris that ask to ignore something. Never at admission.",
    ),
    key("webhook", false, Shape::Map(SECTION), "Settings of the admission webhook (`kubelint serve`)."),
]);

pub(super) const RULE_KEYS: [(&str, &str); 2] =
    [("severity", "`off`, `info`, `warning` or `error`."), ("params", "Parameters of the rule; `kubelint explain RULE` names them.")];

pub(super) const SEVERITIES: [&str; 4] = ["off", "info", "warning", "error"];

/// Keys that people write for others, too far from them to be found by their letters.
const MEANT: [(&str, &str); 5] =
    [("until", "expires"), ("expiry", "expires"), ("expiration", "expires"), ("because", "reason"), ("justification", "reason")];

/// A mistake and where it is.
pub(super) type Complaint = (Path, String);

/// Every mistake in a value, in its order.
pub(super) fn check(shape: &Shape, value: &Value, path: &Path, rules: &[KnownRule], found: &mut Vec<Complaint>) {
    let mut say = |text: String| found.push((path.clone(), text));
    match shape {
        Shape::Choice(choices) => {
            let written = value.text().unwrap_or_default();
            if !choices.contains(&written) {
                say(format!("expected one of {}{}", choices.join(", "), hint(written, choices.iter().copied())));
            }
        }
        Shape::Flag => {
            if value.flag().is_none() {
                say("expected true or false".into());
            }
        }
        Shape::ByRule(item) => {
            if !expect_map(value, path, found) {
                return;
            }
            for (id, value) in value.entries() {
                let path = path.child(id);
                known(id, &path, rules, found);
                check(item, value, &path, rules, found);
            }
        }
        Shape::Map(keys) => map(keys, value, path, rules, found),
        Shape::Rules => {
            if !expect_map(value, path, found) {
                return;
            }
            for (id, setting) in value.entries() {
                rule(id, setting, &path.child(id), rules, found);
            }
        }
        Shape::List(item) => match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(nth, value)| check(item, value, &path.child(nth), rules, found));
            }
            Value::Null => {}
            _ => say("expected a list".into()),
        },
        Shape::Text => {
            if value.text().is_none_or(|text| text.trim().is_empty()) {
                say("expected text".into());
            }
        }
        Shape::Date => {
            if value.text().and_then(date).is_none() {
                say("expected a date such as 2027-01-31".into());
            }
        }
        Shape::Rule => match value.text() {
            Some("*") => {}
            Some(id) => known(id, path, rules, found),
            None => say("expected a rule's id, or \"*\"".into()),
        },
        Shape::Version(version) => {
            if value.int() != Some(*version) {
                say(format!("this kubelint reads version {version}"));
            }
        }
    }
}

/// The date at the beginning of a text: YAML readers may add a time to it.
pub(super) fn date(text: &str) -> Option<jiff::civil::Date> {
    text.get(..10)?.parse().ok()
}

fn expect_map(value: &Value, path: &Path, found: &mut Vec<Complaint>) -> bool {
    let map = matches!(value, Value::Object(_));
    if !map && !value.is_absent() {
        found.push((path.clone(), "expected a mapping".into()));
    }
    map
}

fn map(keys: &[Key], value: &Value, path: &Path, rules: &[KnownRule], found: &mut Vec<Complaint>) {
    if !expect_map(value, path, found) {
        return;
    }
    for (name, child) in value.entries() {
        match keys.iter().find(|key| key.name == name) {
            Some(key) => check(&key.shape, child, &path.child(name), rules, found),
            None => {
                let meant = MEANT.iter().find(|(written, meant)| *written == name && keys.iter().any(|key| key.name == *meant));
                let near = match meant {
                    Some((_, meant)) => format!("; did you mean `{meant}`?"),
                    None => hint(name, keys.iter().map(|key| key.name)),
                };
                found.push((path.child(name), format!("unknown key `{name}`{near}")));
            }
        }
    }
    for key in keys.iter().filter(|key| key.required && value.at(key.name).is_absent()) {
        found.push((path.clone(), format!("`{}` is missing: {}", key.name, key.doc)));
    }
}

fn known(id: &str, path: &Path, rules: &[KnownRule], found: &mut Vec<Complaint>) {
    if !rules.iter().any(|rule| rule.id == id) {
        found.push((path.clone(), format!("unknown rule `{id}`{}", hint(id, rules.iter().map(|rule| &*rule.id)))));
    }
}

fn rule(id: &str, setting: &Value, path: &Path, rules: &[KnownRule], found: &mut Vec<Complaint>) {
    known(id, path, rules, found);
    if !matches!(setting, Value::Object(_)) {
        return severity(setting, path, found);
    }
    for (name, child) in setting.entries() {
        let path = path.child(name);
        match name {
            "severity" => severity(child, &path, found),
            "params" => params(id, child, &path, rules, found),
            _ => found.push((path, format!("unknown key `{name}`{}", misplaced(id, name, rules)))),
        }
    }
}

/// What to do about a key that rules do not have: parameters belong under `params`.
fn misplaced(id: &str, name: &str, rules: &[KnownRule]) -> String {
    let params = rules.iter().find(|rule| rule.id == id).map(|rule| rule.params.as_slice()).unwrap_or_default();
    let meant = params.iter().find(|param| param.name == name);
    let meant = meant.or_else(|| params.first().filter(|_| ["parameters", "parameter", "param", "options"].contains(&name)));
    let Some(param) = meant else { return hint(name, RULE_KEYS.map(|(key, _)| key)) };
    let value = param.default.to_json_str().unwrap_or_else(|_| "...".into());
    format!("; put it under `params`, as in `params: {{{}: {value}}}`", param.name)
}

/// Unquoted `off` is false to a YAML 1.1 reader.
fn severity(value: &Value, path: &Path, found: &mut Vec<Complaint>) {
    let known = value.flag() == Some(false) || value.text().is_some_and(|text| SEVERITIES.contains(&text));
    if !known {
        let written = value.text().unwrap_or_default();
        let near = hint(written, SEVERITIES);
        found.push((path.clone(), format!("expected one of off, info, warning, error{near}")));
    }
}

fn params(id: &str, value: &Value, path: &Path, rules: &[KnownRule], found: &mut Vec<Complaint>) {
    let Some(rule) = rules.iter().find(|rule| rule.id == id) else { return };
    if !expect_map(value, path, found) {
        return;
    }
    for (name, given) in value.entries() {
        let path = path.child(name);
        match rule.params.iter().find(|param| param.name == name) {
            None => {
                let near = hint(name, rule.params.iter().map(|param| &*param.name));
                found.push((path, format!("rule `{id}` has no parameter `{name}`{near}")));
            }
            Some(param) if std::mem::discriminant(given) != std::mem::discriminant(&param.default) => {
                found.push((path, format!("expected {}", type_of(&param.default).1)));
            }
            Some(_) => {}
        }
    }
}

/// The JSON Schema type of a value, and what people call it.
pub(super) fn type_of(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Bool(_) => ("boolean", "true or false"),
        Value::Number(_) => ("integer", "a number"),
        Value::Array(_) | Value::Set(_) => ("array", "a list"),
        Value::Object(_) => ("object", "a mapping"),
        Value::Null | Value::Undefined => ("null", "null"),
        Value::String(_) => ("string", "text"),
    }
}
