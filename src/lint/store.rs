//! Texts with their positions: kept while a run is small, read again where it is large.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{Directive, parse_comment};
use crate::input::{self, Input};
use crate::objects::{Identity, Object};
use crate::place::{Path, Within};
use crate::report::{SourceText, secret};
use crate::yaml::{self, Document, Limits, Position, Span, Stream};

/// Runs of up to this many bytes of text keep all texts with their positions. Larger runs keep none, and read a text again
/// when a finding needs it: parsing twice costs 80 us a file, keeping costs four times the text in memory.
const KEEP_BYTES: u64 = 24 << 20;

/// Texts read again that stay at hand.
const AT_HAND: usize = 8;

/// A comment that speaks to kubelint.
#[derive(Debug, Clone)]
pub(super) struct Remark {
    /// Where it begins.
    pub(super) at: Span,
    /// The line that it speaks of: its own, or the next one that is no comment.
    pub(super) line: usize,
    /// What it says, or why it cannot be understood.
    pub(super) says: Result<Directive, String>,
}

/// A text, its documents' positions, and the comments that matter.
pub(super) struct Opened {
    pub(super) source: Arc<SourceText>,
    pub(super) documents: Vec<Document>,
    pub(super) remarks: Vec<Remark>,
    /// `# Source:` of Helm, by document.
    sources: Vec<Option<Arc<str>>>,
}

impl Opened {
    /// Takes a stream apart; `objects` are those read from it.
    pub(super) fn new<'a>(stream: Stream, objects: impl Iterator<Item = &'a Object>) -> Self {
        let sources = sources(&stream);
        let remarks = remarks(&stream);
        let mut secret: Vec<Range<usize>> = objects.flat_map(|object| secrets(&stream, object)).collect();
        secret.extend(stream.documents.iter().flat_map(|document| secret::written(document, &stream.text)));
        secret.sort_by_key(|range| (range.start, range.end));
        let documents = stream.documents;
        Self { source: Arc::new(SourceText { text: stream.text, secret }), documents, remarks, sources }
    }

    /// Where a path of an object is.
    pub(super) fn locate(&self, document: u32, path: &Path, within: Option<Within>) -> Span {
        self.documents.get(document as usize).map(|d| d.locate(&self.source.text, path, within)).unwrap_or_default()
    }

    /// The chart's template that a document was rendered from.
    pub(super) fn template(&self, document: u32) -> Option<Arc<str>> {
        self.sources.get(document as usize).cloned().flatten()
    }
}

/// The path of an object inside its document, then a path inside it.
pub(super) fn joined(outer: &Path, inner: &Path) -> Path {
    outer.steps().iter().chain(inner.steps()).cloned().collect()
}

/// Where in the text the secrets of an object are.
fn secrets(stream: &Stream, object: &Object) -> Vec<Range<usize>> {
    let crate::objects::Origin::Document { document, path, .. } = &object.origin else { return Vec::new() };
    let Some(document) = stream.documents.get(*document as usize) else { return Vec::new() };
    secret::ranges(document, &stream.text, path, &object.value)
}

/// A text as it may be shown, its secrets replaced; what is no manifest is shown as it is.
pub fn shown(text: &str, file: &Arc<str>, limits: &Limits) -> String {
    let stream = yaml::read(text.as_bytes(), limits);
    let input::Outcome::Manifest(manifest) = input::interpret(&stream, file, 0, None) else { return text.to_owned() };
    Opened::new(stream, manifest.objects.iter()).source.redacted()
}

/// The comment `# Source: ...` of each document.
fn sources(stream: &Stream) -> Vec<Option<Arc<str>>> {
    let mut found = vec![None; stream.documents.len()];
    if !stream.text.as_str().contains("# Source: ") {
        return found;
    }
    for comment in stream.comments() {
        let Some(template) = comment.text.trim_start_matches('#').trim().strip_prefix("Source: ") else { continue };
        let document = stream.documents.partition_point(|document| document.end().offset <= comment.at.offset);
        if let Some(slot) = found.get_mut(document) {
            slot.get_or_insert_with(|| template.trim().into());
        }
    }
    found
}

fn remarks(stream: &Stream) -> Vec<Remark> {
    if !stream.text.as_str().contains("kubelint:") {
        return Vec::new();
    }
    let says = |comment: &yaml::Comment<'_>| {
        let line = comment.at.line;
        let line = if comment.alone { next_line(stream, line) } else { line };
        let at = stream.text.span(comment.at.offset, comment.at.offset + comment.text.len());
        parse_comment(comment.text).map(|says| Remark { at, line, says })
    };
    stream.comments().filter_map(|comment| says(&comment)).collect()
}

/// The first line below that is no comment.
fn next_line(stream: &Stream, line: usize) -> usize {
    let comment = |line: &usize| stream.text.line(*line).trim_start().starts_with('#');
    (line + 1..=stream.text.lines()).find(|line| !comment(line)).unwrap_or(line + 1)
}

/// Opened texts by input.
pub(super) struct Store {
    limits: Limits,
    max_file_bytes: u64,
    keeps: bool,
    recent: Mutex<VecDeque<(u32, Arc<Opened>)>>,
}

impl Store {
    pub(super) fn new(limits: Limits, max_file_bytes: u64, inputs: &[Input]) -> Self {
        let keeps = inputs.iter().map(input::length).sum::<u64>() <= KEEP_BYTES;
        Self { limits, max_file_bytes, keeps, recent: Mutex::default() }
    }

    /// Are texts kept?
    pub(super) const fn keeps(&self) -> bool {
        self.keeps
    }

    /// Reads a text again. `None` when it is not there any more.
    pub(super) fn reopen(&self, number: u32, input: &Input, objects: &[Arc<Object>]) -> Option<Arc<Opened>> {
        let lock = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, opened)) = lock().iter().find(|(other, _)| *other == number) {
            return Some(Arc::clone(opened));
        }
        let bytes = input::bytes(input, self.max_file_bytes).ok()?;
        let opened = Arc::new(Opened::new(yaml::read(&bytes, &self.limits), objects.iter().map(|object| &**object)));
        let mut recent = lock();
        recent.push_back((number, Arc::clone(&opened)));
        if recent.len() > AT_HAND {
            recent.pop_front();
        }
        Some(opened)
    }
}

/// Where a report points for an object that is in no text.
pub(super) fn beginning() -> Span {
    let at = Position { line: 1, column: 1, offset: 0 };
    Span { start: at, end: at }
}

/// Does the identity name an object that can be referred to?
pub(super) fn is_named(identity: &Identity) -> bool {
    !identity.name.is_empty()
}
