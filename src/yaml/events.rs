//! YAML as a source of events: libyaml (the parser whose Go port kubectl uses) drives the builder, document by document.

use std::io::{self, BufRead, Read};

use libyaml_safer::{EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};

use super::arena::Style;
use super::build::{At, Builder, Scalar};
use super::note::NoteKind;
use super::resolve::is_known_tag;
use super::text::LineCounter;
use super::{Document, Limits, MOST_DOCUMENTS, ReadError, Text, hint, scalar, too_many};

/// Reads the documents of `text` from byte `from` on. `bad` is the first place that is not text.
pub(super) fn read(text: &Text, from: usize, limits: &Limits, bad: Option<ReadError>) -> (Vec<Document>, Option<ReadError>) {
    let bad = forbidden(text, from).into_iter().chain(bad).min_by_key(|error| error.at.map_or(0, |at| at.offset));
    let until = bad.as_ref().and_then(|error| error.at).map_or(text.as_str().len(), |at| at.offset);
    let source = text.as_str().get(from..until).unwrap_or_default();
    let mut reader = Reader::new(text, source, from, limits);
    let error = reader.run().err();
    let mut documents = reader.documents;
    match bad {
        Some(bad) if error.is_none() => {
            documents.truncate(reader.closed);
            (documents, Some(bad))
        }
        Some(bad) => (documents, Some(bad)),
        None => (documents, error),
    }
}

/// The first character that YAML does not allow in a text.
fn forbidden(text: &Text, from: usize) -> Option<ReadError> {
    let rest = text.as_str().get(from..)?;
    let suspect = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127 | 0xc2 | 0xef);
    let mut at = 0;
    loop {
        at += rest.as_bytes().get(at..)?.iter().position(suspect)?;
        let c = rest.get(at..)?.chars().next()?;
        let allowed = c == '\u{85}' || c >= '\u{a0}' && !matches!(c, '\u{fffe}' | '\u{ffff}');
        if !allowed {
            let message = format!("the control character U+{:04X} is not allowed: delete it", u32::from(c));
            return Some(ReadError { message, at: Some(text.position(from + at)) });
        }
        at += c.len_utf8();
    }
}

struct Reader<'t> {
    text: &'t Text,
    from: usize,
    until: usize,
    parser: Parser<Chunks<'t>>,
    builder: Builder<'t>,
    documents: Vec<Document>,
    /// How many documents ended before the input did.
    closed: usize,
    lines: LineCounter<'t>,
    open: Option<super::Position>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t Text, source: &'t str, from: usize, limits: &'t Limits) -> Self {
        let mut parser = Parser::new();
        parser.set_encoding(libyaml_safer::Encoding::Utf8);
        parser.set_input(Chunks { rest: source, end: if source.ends_with(scalar::is_break) { "" } else { "\n" } });
        let lines = LineCounter::new(text.as_str());
        let builder = Builder::new(text, limits);
        Self { text, from, until: from + source.len(), parser, builder, documents: Vec::new(), closed: 0, lines, open: None }
    }

    fn run(&mut self) -> Result<(), ReadError> {
        loop {
            let event = self.parser.parse().map_err(|error| self.explain(&error))?;
            let offset = |index: u64| (self.from + usize::try_from(index).unwrap_or(usize::MAX)).min(self.until);
            let (start, end) = (offset(event.start_mark.index), offset(event.end_mark.index));
            let reached_end = event.end_mark.index as usize > self.until - self.from;
            match event.data {
                EventData::StreamStart { .. } => {}
                EventData::StreamEnd => {
                    self.close(self.until);
                    return Ok(());
                }
                EventData::DocumentStart { version_directive, .. } => {
                    let start = if self.documents.is_empty() && self.open.is_none() { self.from } else { start };
                    self.close(start);
                    self.closed = self.documents.len();
                    self.open = Some(self.lines.advance(start));
                    if self.documents.len() >= MOST_DOCUMENTS {
                        return Err(too_many(self.lines.advance(start)));
                    }
                    if version_directive.is_some() {
                        self.note_directive(start, end);
                    }
                }
                EventData::DocumentEnd { implicit } => self.document_end(start, implicit),
                EventData::Alias { anchor } => {
                    let at = At { start, end, style: Style::Alias, decorated: false };
                    self.builder.alias(&anchor, at)?;
                }
                EventData::Scalar { anchor, tag, value, plain_implicit, style, .. } => {
                    let style = scalar_style(style);
                    let block = matches!(style, Style::Literal | Style::Folded);
                    let at = self.at(start, end, style, anchor.is_some() || tag.is_some());
                    let raw = self.text.as_str().get(at.start..at.end).unwrap_or_default();
                    let text = if block && reached_end { scalar::without_added_break(raw, &value) } else { &value };
                    let tag = tag.as_deref();
                    self.note_tag(tag, at);
                    self.builder.scalar(Scalar { text, tag, implicit: plain_implicit, anchor: anchor.as_deref() }, at)?;
                }
                EventData::SequenceStart { anchor, tag, style, .. } => {
                    let style = if style == SequenceStyle::Flow { Style::Flow } else { Style::Block };
                    let at = self.at(start, end, style, anchor.is_some() || tag.is_some());
                    self.note_tag(tag.as_deref(), at);
                    self.builder.begin(true, at, anchor.as_deref())?;
                }
                EventData::MappingStart { anchor, tag, style, .. } => {
                    let style = if style == MappingStyle::Flow { Style::Flow } else { Style::Block };
                    let at = self.at(start, end, style, anchor.is_some() || tag.is_some());
                    self.note_tag(tag.as_deref(), at);
                    self.builder.begin(false, at, anchor.as_deref())?;
                }
                EventData::SequenceEnd | EventData::MappingEnd => self.builder.end(end)?,
            }
        }
    }

    fn explain(&self, error: &libyaml_safer::Error) -> ReadError {
        hint::explain(error, self.text, self.from, self.until, self.builder.open_bracket())
    }

    /// Anchor and tag are part of a libyaml event's span, but of nobody's value.
    fn at(&self, start: usize, end: usize, style: Style, decorated: bool) -> At {
        let skipped = if decorated { scalar::decorations(self.text.as_str().get(start..).unwrap_or_default()) } else { 0 };
        At { start: (start + skipped).min(end.max(start)), end, style, decorated }
    }

    fn document_end(&mut self, end: usize, implicit: bool) {
        let (value, arena, notes) = self.builder.finish();
        let start = self.open.unwrap_or_default();
        if let Some(value) = value.filter(|value| *value != crate::value::Value::Null) {
            self.documents.push(Document { value, notes, arena, start, end: start });
        }
        if !implicit && end < self.until {
            self.closed = self.documents.len();
        }
    }

    /// The open document, if it was kept, reaches to `end`.
    fn close(&mut self, end: usize) {
        let end = self.lines.advance(end);
        if let Some(last) = self.documents.last_mut().filter(|last| Some(last.start) == self.open) {
            last.end = end;
        }
    }

    fn note_directive(&mut self, start: usize, end: usize) {
        let line = self.text.as_str().get(start..end).unwrap_or_default().lines().next().unwrap_or_default();
        let message = "kubectl refuses a file with a %YAML directive: delete it".to_owned();
        self.builder.note(NoteKind::VersionDirective, start, start + line.trim_end().len(), None, message);
    }

    fn note_tag(&mut self, tag: Option<&str>, at: At) {
        if tag.is_some_and(|tag| !is_known_tag(tag)) {
            let message = "this tag means nothing to kubectl, which ignores it: delete it, or quote the value".to_owned();
            self.builder.note(NoteKind::UnknownTag, at.start, at.end, None, message);
        }
    }
}

const fn scalar_style(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
        _ => Style::Plain,
    }
}

/// The text in pieces: libyaml decodes all that it is offered at once, at four bytes a character. `end` follows the text,
/// because libyaml-safer panics on a block scalar that ends the input without a line break.
struct Chunks<'t> {
    rest: &'t str,
    end: &'static str,
}

/// Large enough that refilling costs nothing, small enough for the cache.
const CHUNK: usize = 4096;

impl BufRead for Chunks<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() {
            self.rest = std::mem::take(&mut self.end);
        }
        let end = self.rest.floor_char_boundary(CHUNK);
        Ok(self.rest.as_bytes().get(..end).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.rest = self.rest.get(amount..).unwrap_or_default();
    }
}

impl Read for Chunks<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let read = available.read(buf)?;
        self.consume(read);
        Ok(read)
    }
}
