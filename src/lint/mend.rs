//! One round of fixing: findings become changes of texts. Which findings, and what happens to the texts, is the caller's.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rustc_hash::{FxHashMap, FxHashSet};
use similar::{DiffTag, TextDiff};

use super::session::{Session, Subject};
use super::verdict::{Ledger, Run};
use crate::finding::{Fix, FixSafety};
use crate::fix::{Change, Creation, Refusal, Sheets, Tried};
use crate::input::Source;
use crate::objects::{Identity, Object, Origin};
use crate::place::Path;
use crate::report::{Located, Replacement, secret};
use crate::value::Lookup;
use crate::yaml::{Encoding, Text};

/// A text that is going to be another.
#[derive(Debug, Clone)]
pub struct Changed {
    /// What reports call it.
    pub file: Arc<str>,
    /// Where it was read.
    pub source: Source,
    /// As it was judged.
    pub before: Text,
    /// As it shall be.
    pub after: String,
}

/// A fix that was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The text of its finding.
    pub file: Arc<str>,
    /// The line of its finding.
    pub line: usize,
    /// The rule.
    pub rule: Arc<str>,
    /// What the fix would have done.
    pub title: String,
    /// Why not.
    pub reason: Refusal,
}

/// What a round did.
#[derive(Debug, Default)]
pub struct Round {
    /// Texts to judge again; empty when there is nothing (more) to do.
    pub changed: Vec<Changed>,
    /// Fixes in them.
    pub applied: usize,
    /// Fixes that cannot be applied.
    pub refused: Vec<Refused>,
    /// Fixes that are not safe, and were not asked for.
    pub withheld: usize,
}

/// Judges a session and applies the fixes of what counts, at most one at a place.
///
/// # Errors
/// Never of its own; judging hands on findings.
pub fn round(session: &Session<'_>, ledger: &mut Ledger, safety: FixSafety) -> io::Result<Round> {
    let mut round = Round::default();
    let mut open: Vec<Located> = Vec::new();
    Run::new(session).judge(ledger, &mut |located| {
        if let Some(fix) = located.finding.fix.as_ref().filter(|_| located.suppressed.is_none()) {
            match fix.safety <= safety {
                true => open.push(located),
                false => round.withheld += 1,
            }
        }
        Ok(())
    })?;
    let mut sheets = Sheets::default();
    let mut applied: Vec<(&Located, FxHashSet<u32>)> = Vec::new();
    for located in &open {
        let Some(fix) = &located.finding.fix else { continue };
        let tried = plan(session, located, fix, &mut sheets).and_then(|plan| {
            let tried = sheets.apply(&plan.0, &plan.1)?;
            Ok((tried, plan))
        });
        match tried {
            Ok((Tried::Applied, (changes, creations))) => {
                let texts = changes.iter().map(|change| change.text).chain(creations.iter().map(|creation| creation.text));
                applied.push((located, texts.collect()));
            }
            Ok((Tried::Later, _)) => {}
            Err(reason) => round.refused.push(refused(located, fix, reason)),
        }
    }
    settle(session, sheets, applied, &mut round);
    Ok(round)
}

/// Keeps the texts that were proved; a fix of a text that was not is undone in all texts.
fn settle(session: &Session<'_>, sheets: Sheets, mut applied: Vec<(&Located, FxHashSet<u32>)>, round: &mut Round) {
    let finished = sheets.finish();
    let mut failed: FxHashMap<u32, Refusal> =
        finished.iter().filter_map(|(number, text)| Some((*number, text.as_ref().err()?.clone()))).collect();
    loop {
        let before = applied.len();
        applied.retain(|(located, texts)| {
            let Some(reason) = texts.iter().find_map(|text| failed.get(text)).cloned() else { return true };
            failed.extend(texts.iter().map(|text| (*text, reason.clone())));
            round.refused.extend(located.finding.fix.as_ref().map(|fix| refused(located, fix, reason)));
            false
        });
        if applied.len() == before {
            break;
        }
    }
    round.applied = applied.len();
    for (number, text) in finished {
        let (Ok(after), false) = (text, failed.contains_key(&number)) else { continue };
        let Some((loaded, opened)) = session.loaded.get(number as usize).zip(session.opened(number)) else { continue };
        let input = &loaded.input;
        let before = opened.source.text.clone();
        round.changed.push(Changed { file: Arc::clone(&input.file), source: input.source.clone(), before, after });
    }
}

fn refused(located: &Located, fix: &Fix, reason: Refusal) -> Refused {
    let (file, line) = (Arc::clone(&located.location.file), located.location.span.start.line);
    Refused { file, line, rule: Arc::clone(&located.finding.rule), title: fix.title.clone(), reason }
}

/// The fix of a finding as changes of texts, the smallest that do it; nothing where it cannot be applied, where it would carry a
/// secret into a report, and where the texts are larger than what `budget`, in bytes, has left.
pub(super) fn replacements(session: &Session<'_>, located: &Located, budget: &AtomicUsize) -> Vec<Replacement> {
    let Some(fix) = located.finding.fix.as_ref().filter(|fix| !secret::in_fix(fix)) else { return Vec::new() };
    let mut sheets = Sheets::default();
    let Ok((changes, creations)) = plan(session, located, fix, &mut sheets) else { return Vec::new() };
    let texts = changes.iter().map(|change| change.text).chain(creations.iter().map(|creation| creation.text));
    let opened: FxHashMap<u32, _> = texts.filter_map(|number| Some((number, session.opened(number)?))).collect();
    let size: usize = opened.values().map(|opened| opened.source.text.as_str().len()).sum();
    if budget.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(size)).is_err() || sheets.apply(&changes, &creations).is_err() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, after) in sheets.finish() {
        let (Ok(after), Some(opened), Some(loaded)) = (after, opened.get(&number), session.loaded.get(number as usize)) else {
            return Vec::new();
        };
        let text = &opened.source.text;
        let between = differences(text.as_str(), &after).into_iter();
        found.extend(between.map(|(range, text_there)| Replacement {
            file: Arc::clone(&loaded.input.file),
            span: text.span(range.start, range.end),
            text: text_there.to_owned(),
        }));
    }
    found
}

/// What of a text is another in a second one, as ranges of bytes with what stands there instead.
fn differences<'t>(before: &str, after: &'t str) -> Vec<(Range<usize>, &'t str)> {
    let diff = TextDiff::from_lines(before, after);
    let starts = |text: &str| -> Vec<usize> {
        let ends = text.split_inclusive('\n').scan(0, |at, line| {
            *at += line.len();
            Some(*at)
        });
        std::iter::once(0).chain(ends).collect()
    };
    let (old, new) = (starts(before), starts(after));
    let bytes = |starts: &[usize], lines: Range<usize>| {
        let at = |line: usize| starts.get(line).or(starts.last()).copied().unwrap_or(0);
        at(lines.start)..at(lines.end)
    };
    let changed = diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal);
    changed.map(|op| narrowed(before, bytes(&old, op.old_range()), after, bytes(&new, op.new_range()))).collect()
}

/// Without what is the same at both ends.
fn narrowed<'t>(before: &str, old: Range<usize>, after: &'t str, new: Range<usize>) -> (Range<usize>, &'t str) {
    let (from, to) = (before.get(old.clone()).unwrap_or_default(), after.get(new).unwrap_or_default());
    let head: usize = from.chars().zip(to.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (from, to) = (from.get(head..).unwrap_or_default(), to.get(head..).unwrap_or_default());
    let tail: usize = from.chars().rev().zip(to.chars().rev()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let start = old.start + head;
    (start..start + from.len() - tail, to.get(..to.len() - tail).unwrap_or_default())
}

type Plan = (Vec<Change>, Vec<Creation>);

/// Where the objects of a fix are written.
fn plan(session: &Session<'_>, located: &Located, fix: &Fix, sheets: &mut Sheets) -> Result<Plan, Refusal> {
    let (judged, scope) = judged(session, located)?;
    let subject = Subject { object: &judged, before: None, scope };
    let mut changes = Vec::with_capacity(fix.edits.len());
    for edit in &fix.edits {
        let other = match &edit.object {
            Some(identity) if *identity != judged.identity => Some(session.find(&subject, identity).ok_or_else(|| unknown(identity))?),
            _ => None,
        };
        let (text, document, object) = open(session, other.as_ref().unwrap_or(&judged), sheets)?;
        changes.push(Change { text, document, object, ops: edit.ops.clone() });
    }
    let mut creations = Vec::with_capacity(fix.creates.len());
    for object in &fix.creates {
        let (text, document, _) = open(session, &judged, sheets)?;
        creations.push(Creation { text, document, object: object.clone() });
    }
    Ok((changes, creations))
}

fn unknown(identity: &Identity) -> Refusal {
    Refusal::Unknown(identity.to_string())
}

/// The object that a finding is about: the one of this identity in the document of the finding's place.
fn judged(session: &Session<'_>, located: &Located) -> Result<(Arc<Object>, usize), Refusal> {
    let identity = &located.finding.object;
    let number = located.location.input;
    let found = session.loaded.get(number as usize).zip(session.opened(number));
    let (loaded, opened) = found.ok_or_else(|| unknown(identity))?;
    let offset = located.location.span.start.offset;
    let nth = opened.documents.partition_point(|document| document.end().offset <= offset);
    let is_it = |subject: &Subject<'_>| {
        subject.object.identity == *identity
            && matches!(&subject.object.origin, Origin::Document { document, .. } if *document as usize == nth)
    };
    let mut all = session.subjects_of(loaded).filter(is_it);
    match (all.next(), all.next()) {
        (Some(only), None) => Ok((Arc::clone(only.object), only.scope)),
        _ => Err(unknown(identity)),
    }
}

/// Makes the text of an object known, and says where in it the object is.
fn open(session: &Session<'_>, object: &Object, sheets: &mut Sheets) -> Result<(u32, usize, Path), Refusal> {
    let missing = || unknown(&object.identity);
    let Origin::Document { input, document, path } = &object.origin else { return Err(missing()) };
    let (loaded, opened) = session.loaded.get(*input as usize).zip(session.opened(*input)).ok_or_else(missing)?;
    if let Some(template) = opened.template(*document) {
        return Err(Refusal::Rendered(template.to_string()));
    }
    if loaded.input.file.starts_with(crate::input::RENDERED) {
        return Err(Refusal::Rendered(loaded.input.file.to_string()));
    }
    if opened.source.text.encoding() == Encoding::Wide {
        return Err(Refusal::Encoding);
    }
    let read = opened.documents.get(*document as usize).ok_or_else(missing)?;
    // The text of a large run is read again: it may have become another.
    let unchanged = if path.steps().is_empty() { read.value == object.value } else { !read.value.at_path(path.steps()).is_absent() };
    if !unchanged {
        return Err(missing());
    }
    sheets.open(*input, &opened.source.text, &opened.documents);
    Ok((*input, *document as usize, path.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_small_and_together_the_whole_change() {
        for (before, after, count) in [
            ("a: 1\nb: 2\nc: 3\n", "a: 1\nb: 20\nc: 3\n", 1),
            ("a: 1\n", "a: 1\nb: 2\n", 1),
            ("a: 1", "a: 1\nb: 2", 1),
            ("a: é1\nx: y\nx: y\nx: y\nb: 2\n", "a: è1\nx: y\nx: y\nx: y\n", 2),
            ("a\r\nb\r\n", "a\r\nc\r\nb\r\n", 1),
            ("same\n", "same\n", 0),
        ] {
            let found = differences(before, after);
            assert_eq!(found.len(), count, "{before:?} {after:?} {found:?}");
            let mut text = before.to_owned();
            for (range, new) in found.iter().rev() {
                text.replace_range(range.clone(), new);
            }
            assert_eq!(text, after);
        }
        assert_eq!(differences("a: 1\nb: 2\n", "a: 1\nb: 20\n"), [(9..9, "0")]);
    }
}
