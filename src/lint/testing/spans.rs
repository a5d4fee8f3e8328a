//! Does the text that a report would underline say what the finding's path names? Lines alone would not show a slip.

use crate::finding::Finding;
use crate::place::{Path, Step};
use crate::value::{Lookup, Value};
use crate::yaml::read_value;

use super::scene::Scene;

pub(super) fn check(scene: &Scene, nth: usize, finding: &Finding) -> Vec<String> {
    let mut failures = Vec::new();
    let Some(document) = scene.document(nth) else { return failures };
    let span = document.locate(&scene.stream.text, &finding.path, finding.within);
    let text = scene.stream.text.slice(span);
    let named = match finding.within {
        Some(within) => names_part(scene.value(nth), &finding.path, within.start, within.end, text),
        None => names(scene.value(nth), &finding.path, text),
    };
    if !named {
        failures.push(format!("line {}: the text `{text}` is not what {} names", span.start.line, finding.path));
    }
    if existing(scene.value(nth), &finding.path).steps().is_empty() && !finding.path.steps().is_empty() {
        failures.push(format!("{} does not exist, and none of its parents: name what is there", finding.path));
    }
    for related in &finding.related {
        match &related.place.object {
            Some(identity) if !scene.has(identity) => {
                failures.push(format!("a related place is in {identity}, which is not in the fixture"))
            }
            None if existing(scene.value(nth), &related.place.path).steps().is_empty() && !related.place.path.steps().is_empty() => {
                failures.push(format!("the related place {} does not exist", related.place.path));
            }
            _ => {}
        }
    }
    failures
}

/// The longest prefix of a path that exists.
fn existing(value: &Value, path: &Path) -> Path {
    let steps = path.steps();
    let there = |len: &usize| !matches!(value.at_path(steps.get(..*len).unwrap_or_default()), Value::Undefined);
    let longest = (0..=steps.len()).rev().find(there).unwrap_or_default();
    steps.iter().take(longest).cloned().collect()
}

/// A part of a scalar: literally, unless the scalar's text is folded, escaped or encoded; then its key.
fn names_part(value: &Value, path: &Path, start: usize, end: usize, text: &str) -> bool {
    let Some(scalar) = value.at_path(path.steps()).text() else { return false };
    let part: String = scalar.chars().skip(start).take(end.saturating_sub(start)).collect();
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    squeezed(text) == squeezed(&part) || names(value, path, text)
}

/// A scalar's own text, else the name of what holds it.
fn names(value: &Value, path: &Path, text: &str) -> bool {
    let target = existing(value, path);
    let at = value.at_path(target.steps());
    let read = read_value(text).unwrap_or(Value::Undefined);
    if target == *path && (read == *at || at.text().is_some_and(|scalar| scalar.contains(text.trim()) && !text.trim().is_empty())) {
        return true;
    }
    let key = |step: &Step| matches!(step, Step::Key(key) if read.text() == Some(&**key) || text == &**key);
    match target.steps().last() {
        None => text == "kind",
        Some(step @ Step::Key(_)) => key(step),
        Some(Step::Index(_)) => {
            let first = at.entries().any(|(name, _)| name == text);
            first || read == *at || read == *at.at("name")
        }
    }
}
