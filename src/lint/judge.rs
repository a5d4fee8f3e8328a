//! One input to its findings, without lines: what the rules say, and what kubelint itself sees.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::policy::Policy;
use super::session::{Loaded, Session, Subject, is_repeatable};
use super::store::Opened;
use crate::finding::{Finding, Severity};
use crate::objects::Origin;
use crate::place::Path;
use crate::report::secret;
use crate::rules::Engine;
use crate::value::Lookup;
use crate::yaml::NoteKind;

/// Engines at rest; a thread takes one and puts it back.
pub(super) struct Engines<F> {
    idle: Mutex<Vec<Engine>>,
    make: F,
}

impl<F: Fn() -> Engine> Engines<F> {
    pub(super) fn new(make: F) -> Self {
        Self { idle: Mutex::default(), make }
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Engine) -> T) -> T {
        let taken = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut engine = taken.unwrap_or_else(&self.make);
        let done = work(&mut engine);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(engine);
        done
    }
}

/// What the rules say of an object. A rule that could not be evaluated is a finding of `rule-error`.
pub(super) fn rules(session: &Session<'_>, subject: &Subject<'_>, policy: &Policy, engine: &mut Engine) -> Vec<Finding> {
    let Some(facts) = session.facts(subject) else { return Vec::new() };
    let outcome = engine.evaluate(&facts, &policy.selected);
    let mut findings = outcome.findings;
    findings.extend(outcome.errors.into_iter().map(|error| {
        let message = format!("rule {} could not be evaluated: {}", error.rule, error.message);
        own("rule-error", Severity::Error, subject, Path::root(), message)
    }));
    findings
}

/// A finding of kubelint's own.
pub(super) fn own(rule: &str, severity: Severity, subject: &Subject<'_>, path: Path, message: String) -> Finding {
    Finding {
        rule: rule.into(),
        severity,
        object: subject.object.identity.clone(),
        container: None,
        path,
        within: None,
        message,
        related: Vec::new(),
        fix: None,
    }
}

/// What was seen of a chart in one of its objects.
pub(super) fn seen<'s>(
    subject: &'s Subject<'_>,
    index: usize,
    loaded: &'s Loaded,
    policy: &'s Policy,
) -> impl Iterator<Item = Finding> + 's {
    let here = loaded.seen.iter().filter(move |seen| seen.object == index);
    here.filter_map(|seen| {
        let severity = policy.native_as(seen.rule, seen.severity)?;
        Some(own(seen.rule, severity, subject, seen.path.clone(), seen.message.clone()))
    })
}

/// Which objects of an input are given again further down, by index: the first copy's index.
pub(super) fn repeated(loaded: &Loaded) -> FxHashMap<usize, usize> {
    let mut first = FxHashMap::default();
    let mut repeated = FxHashMap::default();
    for (index, object) in loaded.objects.iter().enumerate().filter(|(_, object)| is_repeatable(object)) {
        let id = &object.identity;
        match first.get(&(id.group_kind(), &id.namespace, &id.name)) {
            Some(earlier) => {
                repeated.insert(index, *earlier);
            }
            None => {
                first.insert((id.group_kind(), &id.namespace, &id.name), index);
            }
        }
    }
    repeated
}

/// `duplicate-object` for the later copy.
pub(super) fn duplicate(subject: &Subject<'_>, severity: Severity, first_line: usize) -> Finding {
    let path = Path::root().keys(&["metadata", "name"]);
    let message = format!(
        "{} is given twice in this file, first in line {first_line}: the later one silently wins; remove one or rename it",
        subject.object.identity
    );
    own("duplicate-object", severity, subject, path, message)
}

/// What is said of an ambiguous scalar that nobody may see.
const UNQUOTED: &str = "YAML 1.1, which kubectl reads, takes this plain value for a number or a boolean: quote it";

/// Notes of the YAML reader that lie inside the object become findings, with the note's place.
pub(super) fn notes(subject: &Subject<'_>, opened: &Opened, policy: &Policy) -> Vec<(Finding, crate::yaml::Span)> {
    let Origin::Document { document, path: inside, .. } = &subject.object.origin else { return Vec::new() };
    let Some(document) = opened.documents.get(*document as usize) else { return Vec::new() };
    let mut found = Vec::new();
    for note in &document.notes {
        let Some(rest) = note.path.steps().strip_prefix(inside.steps()) else { continue };
        let rule = match note.kind {
            NoteKind::DuplicateKey => "yaml-duplicate-key",
            NoteKind::AmbiguousScalar => "yaml-ambiguous-scalar",
            _ => continue,
        };
        let Some(severity) = policy.native(rule) else { continue };
        let path: Path = rest.iter().cloned().collect();
        let quoted = note.kind == NoteKind::AmbiguousScalar && secret::hides(&subject.object.value, &path);
        let message = if quoted { UNQUOTED.to_owned() } else { note.message.clone() };
        found.push((own(rule, severity, subject, path, message), note.span));
    }
    found
}

/// The container that a path leads into: rules say it themselves, kubelint's own findings derive it.
pub(super) fn container_of(subject: &Subject<'_>, path: &Path) -> Option<std::sync::Arc<str>> {
    let steps = path.steps();
    let at = steps.iter().position(
        |step| matches!(step, crate::place::Step::Key(key) if matches!(&**key, "containers" | "initContainers" | "ephemeralContainers")),
    )?;
    let item = steps.get(..at + 2)?;
    subject.object.value.at_path(item).at("name").text().map(Into::into)
}
