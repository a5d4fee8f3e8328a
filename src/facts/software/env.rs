//! The environment of a container as the pod declares it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::PodView;
use super::text::{At, Source, Text};
use super::volumes::{Volumes, keys};
use crate::objects::{Completeness, GroupKind};
use crate::place::Path;
use crate::value::{Lookup, Value};

/// Bytes that all `$(NAME)` of a pod's containers may become: Linux starts no process with more (2 MiB for arguments and
/// environment at the usual limit of the stack). Twenty variables that each name the one before twice are more.
const MOST_EXPANDED: usize = 2 << 20;

/// Bytes that a piece of a text takes beside its characters.
const PIECE: usize = 64;

/// Longest name that is looked for between `$(` and `)`.
const LONGEST_NAME: usize = 256;

/// Variables by name.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub variables: BTreeMap<String, Text>,
    /// Why variables that are not listed may be set all the same.
    pub open: Option<String>,
    /// See [`MOST_EXPANDED`].
    expanded: Rc<Cell<usize>>,
}

impl Environment {
    /// `before`: that of another container of the pod, with which it shares what may be expanded.
    pub(super) fn read(
        pod: &PodView<'_>,
        container: &Value,
        path: &Path,
        limit: Option<u64>,
        volumes: &mut Volumes,
        before: Option<&Self>,
    ) -> Self {
        let expanded = before.map(|before| Rc::clone(&before.expanded)).unwrap_or_default();
        let mut environment = Self { expanded, ..Self::default() };
        for from in container.at("envFrom").items() {
            let prefix = from.at("prefix").text().unwrap_or_default();
            for (kind, field) in [("ConfigMap", "configMapRef"), ("Secret", "secretRef")] {
                let Some(name) = from.at(field).at("name").text() else { continue };
                match pod.set.get(GroupKind { group: "", kind }, pod.object.namespace(), name) {
                    Some(object) => {
                        for (key, text) in keys(&object) {
                            volumes.note(&text);
                            environment.variables.insert(format!("{prefix}{key}"), text);
                        }
                    }
                    None => environment.open = Some(format!("{kind} {name} is not among the objects given")),
                }
            }
        }
        for (nth, entry) in container.at("env").items().iter().enumerate() {
            let Some(name) = entry.at("name").text() else { continue };
            let at = path.child("env").child(nth);
            if let Some(text) = environment.value(pod, entry, &at, name, limit, volumes) {
                environment.variables.insert(name.to_owned(), text);
            }
        }
        environment
    }

    fn value(&self, pod: &PodView<'_>, entry: &Value, at: &Path, name: &str, limit: Option<u64>, volumes: &mut Volumes) -> Option<Text> {
        let from = entry.at("valueFrom");
        if from.is_absent() {
            let text = entry.at("value").text().unwrap_or_default();
            return Some(self.expand(text, &source(at.child("value"), format!("env {name}"))));
        }
        for (kind, field) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
            let reference = from.at(field);
            let (Some(object), Some(key)) = (reference.at("name").text(), reference.at("key").text()) else { continue };
            let gk = GroupKind { group: "", kind };
            let optional = reference.at("optional").flag() == Some(true);
            let Some(found) = pod.set.get(gk, pod.object.namespace(), object) else {
                let gone = optional && pod.set.completeness(gk, pod.object.namespace()) == Completeness::Complete;
                return (!gone).then(|| Text::unknown(format!("${name} comes from {kind} {object}, which is not among the objects given")));
            };
            let text = keys(&found).into_iter().find(|(k, _)| k == key).map(|(_, text)| text);
            if let Some(text) = &text {
                volumes.note(text);
            }
            return text.or_else(|| {
                (!optional).then(|| Text::unknown(format!("${name} comes from key {key} of {kind} {object}, which does not exist")))
            });
        }
        let resource = from.at("resourceFieldRef");
        if resource.at("resource").text() == Some("limits.memory")
            && let (Some(limit), Some(divisor)) = (limit, divisor(resource.at("divisor").text()))
        {
            return Some(Text::known(limit.div_ceil(divisor).to_string(), Some(At::new(&unmapped(at.child("valueFrom"), name), 0))));
        }
        Some(Text::unknown(format!("${name} is known only when the pod runs")))
    }

    /// A variable's text, as long as what was expanded is no more than a process can be given.
    fn affordable(&self, name: &str, text: &Text) -> Text {
        let expanded = self.expanded.get().saturating_add(text.bytes() + text.0.len() * PIECE);
        if expanded > MOST_EXPANDED {
            return Text::unknown(format!("${name} makes the arguments and variables larger than 2 MiB"));
        }
        self.expanded.set(expanded);
        text.clone()
    }

    /// `$(NAME)` as Kubernetes expands it: an undeclared name stays as it is, `$$` is a dollar.
    pub(super) fn expand(&self, text: &str, source: &Arc<Source>) -> Text {
        let mut out = Text::default();
        let mut literal = String::new();
        let (mut start, mut chars, mut rest) = (0, 0, text);
        while let Some(c) = rest.chars().next() {
            let name = reference(rest);
            if let Some((name, text)) = name.and_then(|name| self.variables.get_key_value(name)) {
                out.push(Text::known(std::mem::take(&mut literal), Some(At::new(source, start))));
                out.push(self.affordable(name, text));
            } else if let (Some(name), Some(why)) = (name, &self.open) {
                out.push(Text::known(std::mem::take(&mut literal), Some(At::new(source, start))));
                out.push(Text::unknown(format!("${name}: {why}")));
            } else {
                let double = rest.starts_with("$$");
                literal.push(c);
                let eaten = if double { 2 } else { 1 };
                chars += eaten;
                rest = rest.get(if double { 2 } else { c.len_utf8() }..).unwrap_or_default();
                if double {
                    out.push(Text::known(std::mem::take(&mut literal), Some(At::new(source, start))));
                    start = chars;
                }
                continue;
            }
            let length = name.unwrap_or_default().len() + 3;
            chars += name.unwrap_or_default().chars().count() + 3;
            rest = rest.get(length..).unwrap_or_default();
            start = chars;
        }
        out.push(Text::known(literal, Some(At::new(source, start))));
        out
    }
}

/// The name in the `$(NAME)` that a text begins with.
fn reference(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("$(")?;
    let end = inside.bytes().take(LONGEST_NAME).position(|byte| byte == b')')?;
    inside.get(..end)
}

/// A scalar of the judged object.
pub(super) fn source(path: Path, name: String) -> Arc<Source> {
    Arc::new(Source { object: None, path, name, secret: false, mapped: true })
}

fn unmapped(path: Path, name: &str) -> Arc<Source> {
    Arc::new(Source { object: None, path, name: format!("env {name}"), secret: false, mapped: false })
}

fn divisor(text: Option<&str>) -> Option<u64> {
    match text {
        None | Some("" | "0" | "1") => Some(1),
        Some("1k") => Some(1000),
        Some("1M") => Some(1_000_000),
        Some("1G") => Some(1_000_000_000),
        Some("1Ki") => Some(1 << 10),
        Some("1Mi") => Some(1 << 20),
        Some("1Gi") => Some(1 << 30),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollar_parentheses_expand_as_kubernetes_does() {
        let mut environment = Environment::default();
        environment.variables.insert("A".into(), Text::known("3gb", None));
        let expand = |text: &str| environment.expand(text, &source(Path::root(), "x".into())).plain().unwrap();
        for (text, expanded) in [("--m $(A)!", "--m 3gb!"), ("$$(A)", "$(A)"), ("$(B)$", "$(B)$"), ("ä$(A)", "ä3gb"), ("$(A", "$(A")] {
            assert_eq!(expand(text), expanded);
        }
    }

    #[test]
    fn what_no_process_could_be_given_is_not_known() {
        let mut environment = Environment::default();
        let source = source(Path::root(), "x".into());
        environment.variables.insert("E0".into(), Text::known("x", None));
        for nth in 1..60 {
            let text = environment.expand(&format!("$(E{0})$(E{0})", nth - 1), &source);
            environment.variables.insert(format!("E{nth}"), text);
        }
        assert!(environment.variables["E8"].plain().is_some());
        assert!(environment.variables["E59"].why().unwrap().contains("larger than 2 MiB"));
        assert!(environment.expanded.get() <= MOST_EXPANDED);
    }

    #[test]
    fn references_that_never_end_cost_no_square_of_their_number() {
        let text = "$(".repeat(20_000);
        let expanded = Environment::default().expand(&format!("{text})"), &source(Path::root(), "x".into()));
        assert_eq!(expanded.plain().map(|plain| plain.len()), Some(text.len() + 1));
    }
}
