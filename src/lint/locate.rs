//! Findings of one input get lines, and an order.

use std::sync::Arc;

use super::judge;
use super::policy::Policy;
use super::session::{Loaded, Session, Subject};
use super::store::{Opened, beginning};
use super::suppress::{Cover, Suppressions};
use crate::config::{Seed, named_path};
use crate::finding::{Finding, Place};
use crate::objects::Origin;
use crate::report::{Located, Location};
use crate::rules::Engine;
use crate::yaml::Span;

/// A finding on its way to the report: its fingerprint needs the number of those before it.
pub(super) struct Pending {
    pub(super) located: Located,
    pub(super) seed: Seed,
}

/// All findings of one input, in report order.
pub(super) fn input(session: &Session<'_>, loaded: &Loaded, number: u32, engine: &mut Engine) -> Vec<Pending> {
    let policy = session.policy(loaded);
    let mut judged: Vec<(Subject<'_>, Vec<Finding>)> = session
        .subjects_of(loaded)
        .map(|subject| {
            let found = judge::rules(session, &subject, &policy, engine);
            (subject, found)
        })
        .collect();
    let repeated = judge::repeated(loaded);
    if !loaded.remarkable && loaded.seen.is_empty() && repeated.is_empty() && judged.iter().all(|(_, found)| found.is_empty()) {
        return Vec::new();
    }
    let Some(opened) = session.opened(number) else {
        return judged.drain(..).flat_map(|(subject, found)| unlocated(loaded, number, &subject, found)).collect();
    };
    let mut suppressions = Suppressions::new(loaded, &opened, &policy, session.settings);
    let mut pending = Vec::new();
    for (index, (subject, found)) in judged.into_iter().enumerate() {
        let place = Placing { session, number, file: &loaded.input.file, opened: &opened, subject: &subject };
        let mut all: Vec<(Finding, Option<Span>)> = found.into_iter().map(|finding| (finding, None)).collect();
        all.extend(judge::notes(&subject, &opened, &policy).into_iter().map(|(finding, span)| (finding, Some(span))));
        if let (Some(first), Some(severity)) = (repeated.get(&index), policy.native("duplicate-object")) {
            let line = loaded.objects.get(*first).map_or(1, |object| start_line(&opened, object));
            all.push((judge::duplicate(&subject, severity, line), None));
        }
        all.extend(judge::seen(&subject, index, loaded, &policy).map(|finding| (finding, None)));
        for (mut finding, span) in all {
            if finding.container.is_none() {
                finding.container = judge::container_of(&subject, &finding.path);
            }
            let mut made = place.pending(finding, span);
            let cover = Cover::new(&opened, &subject, &made.located);
            made.located.suppressed = suppressions.find(&made.located.finding, index, &cover, &policy, session.settings.today);
            pending.push(made);
        }
    }
    pending.extend(unused(session, loaded, number, &opened, &suppressions, &policy));
    pending.sort_by(|a, b| key(&a.located).cmp(&key(&b.located)));
    pending
}

fn key(located: &Located) -> (usize, usize, &str, &str, &crate::place::Path) {
    let (at, finding) = (located.location.span.start, &located.finding);
    (at.line, at.column, &finding.rule, &finding.message, &finding.path)
}

fn start_line(opened: &Opened, object: &crate::objects::Object) -> usize {
    let Origin::Document { document, path, .. } = &object.origin else { return 1 };
    if path.steps().is_empty() {
        return opened.documents.get(*document as usize).map_or(1, |document| document.start().line);
    }
    opened.locate(*document, path, None).start.line
}

struct Placing<'p> {
    session: &'p Session<'p>,
    number: u32,
    file: &'p Arc<str>,
    opened: &'p Opened,
    subject: &'p Subject<'p>,
}

impl Placing<'_> {
    fn pending(&self, finding: Finding, span: Option<Span>) -> Pending {
        let location = match span {
            Some(span) => self.location(span),
            None => {
                let place = Place { object: None, path: finding.path.clone(), within: finding.within };
                self.session.locate(self.subject, &place).unwrap_or_else(|| self.location(beginning()))
            }
        };
        let related = finding.related.iter().map(|related| self.session.locate(self.subject, &related.place)).collect();
        let seed = Seed::new(&finding, &named_path(&self.subject.object.value, &finding.path));
        Pending { located: Located { finding, location, related, fingerprint: String::new(), suppressed: None }, seed }
    }

    fn location(&self, span: Span) -> Location {
        let source = match &self.subject.object.origin {
            Origin::Document { document, .. } => self.opened.template(*document),
            Origin::Cluster => None,
        };
        Location { input: self.number, file: Arc::clone(self.file), source, span }
    }
}

/// `suppression-unused`, at the comment or annotation.
fn unused(
    session: &Session<'_>,
    loaded: &Loaded,
    number: u32,
    opened: &Opened,
    suppressions: &Suppressions,
    policy: &Policy,
) -> Vec<Pending> {
    let Some(severity) = policy.native("suppression-unused") else { return Vec::new() };
    let subjects: Vec<Subject<'_>> = session.subjects_of(loaded).collect();
    let document = |subject: &Subject<'_>| match &subject.object.origin {
        Origin::Document { document, .. } => *document as usize,
        Origin::Cluster => 0,
    };
    let made = suppressions.unused(policy).into_iter().filter_map(|complaint| {
        let index = complaint.object.or_else(|| {
            // The object that a comment is in: the first of its document, or of the last one before it.
            let offset = complaint.at?.start.offset;
            let inside = opened.documents.partition_point(|document| document.end().offset <= offset);
            let first = subjects.partition_point(|subject| document(subject) < inside);
            Some(first.min(subjects.len().saturating_sub(1)))
        })?;
        let subject = subjects.get(index)?;
        let place = Placing { session, number, file: &loaded.input.file, opened, subject };
        Some(place.pending(judge::own("suppression-unused", severity, subject, complaint.path, complaint.message), complaint.at))
    });
    made.collect()
}

/// Findings of an input whose text is gone: at its first line.
fn unlocated(loaded: &Loaded, number: u32, subject: &Subject<'_>, found: Vec<Finding>) -> Vec<Pending> {
    let at = || Location { input: number, file: Arc::clone(&loaded.input.file), source: None, span: beginning() };
    let pending = |finding: Finding| {
        let seed = Seed::new(&finding, &named_path(&subject.object.value, &finding.path));
        let related = vec![None; finding.related.len()];
        Pending { located: Located { finding, location: at(), related, fingerprint: String::new(), suppressed: None }, seed }
    };
    found.into_iter().map(pending).collect()
}
