//! Findings and texts for the tests of formats.

use std::io;
use std::sync::{Arc, LazyLock};

use super::{Format, Located, Location, Replacement, SourceText, Sources, Summary, Tail, Template};
use crate::finding::{Finding, Fix, FixSafety, Place, Related, Severity};
use crate::input::{Failure, Skipped};
use crate::objects::Identity;
use crate::place::Path;
use crate::rules::Catalog;
use crate::yaml::{Position, Text};

/// A manifest's middle.
pub(super) const TEXT: &str = "spec:\n  containers:\n    - name: store\n      securityContext: {privileged: true}\n";

/// One text, perhaps rendered from a template.
pub(super) struct Texts {
    source: Arc<SourceText>,
    template: Option<Template>,
    pub(super) replacements: Vec<Replacement>,
}

impl Texts {
    pub(super) fn new(text: &str, template: Option<&str>) -> Self {
        let template = template.map(|text| Template { file: "chart/templates/x.yaml".into(), text: Some(text.into()) });
        let source = Arc::new(SourceText { text: Text::new(text), secret: Vec::new() });
        Self { source, template, replacements: Vec::new() }
    }

    pub(super) fn with_secret(mut self, text: &str, secret: &str) -> Self {
        let at = text.find(secret).unwrap();
        let secret = std::iter::once(at..at + secret.len()).collect();
        self.source = Arc::new(SourceText { text: Text::new(text), secret });
        self
    }
}

impl Sources for Texts {
    fn source(&self, _: u32) -> Option<Arc<SourceText>> {
        Some(Arc::clone(&self.source))
    }

    fn template(&self, _: &Location) -> Option<Template> {
        self.template.clone()
    }

    fn replacements(&self, _: &Located) -> Vec<Replacement> {
        self.replacements.clone()
    }
}

/// A finding at a part of a text, with a related place and a fix.
pub(super) fn located(message: &str, text: &str, place: &str) -> Located {
    let whole = Text::new(text);
    let at = text.find(place).unwrap();
    let span = whole.span(at, at + place.len());
    let object =
        Identity { api_version: "apps/v1".into(), kind: "StatefulSet".into(), namespace: Some("prod".into()), name: "store".into() };
    let location = Location { input: 0, file: "deploy/a b.yaml".into(), source: None, span };
    let related = Related { message: "the other".to_owned(), place: Place { object: None, path: Path::root(), within: None } };
    let finding = Finding {
        rule: "privileged-container".into(),
        severity: Severity::Error,
        object,
        container: Some("store".into()),
        path: Path::root().keys(&["spec", "securityContext"]),
        within: None,
        message: message.to_owned(),
        related: vec![related],
        fix: Some(Fix { title: "Remove it".to_owned(), safety: FixSafety::Safe, edits: Vec::new(), creates: Vec::new() }),
    };
    Located { finding, related: vec![Some(location.clone())], location, fingerprint: "f00d".to_owned(), suppressed: None }
}

/// The report of findings, with one unread and one skipped input where there are findings at all.
pub(super) fn report(format: Format, found: &[Located], sources: &dyn Sources) -> String {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap());
    let mut out = Vec::new();
    let mut summary = Summary { files: 1, objects: 1, ..Summary::default() };
    let mut reporter = format.reporter(Box::new(&mut out), &CATALOG);
    for located in found {
        if located.suppressed.is_none() {
            summary.count(located.finding.severity)
        } else {
            summary.suppressed += 1
        }
        reporter.finding(located, sources).unwrap();
    }
    let at = Position { line: 3, column: 7, offset: 20 };
    let errors = [Failure { file: "broken.yaml".into(), message: "no [value]\nhere".to_owned(), at: Some(at) }];
    let skipped = [Skipped { file: "values.yaml".into(), reason: "values of a chart".to_owned(), named: false }];
    let some = |n: usize| if found.is_empty() { 0 } else { n };
    let tail = Tail { skipped: &skipped[..some(1)], errors: &errors[..some(1)], summary };
    reporter.end(&tail).map_err(|error: io::Error| error.to_string()).unwrap();
    drop(reporter);
    String::from_utf8(out).unwrap()
}
