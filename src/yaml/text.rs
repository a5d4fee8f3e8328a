//! The text of a stream: decoded to UTF-8 without its byte order mark, and where lines begin. Knows nothing of YAML or JSON.

use std::sync::OnceLock;

use super::ReadError;

/// A place in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// 1-based; lines end with `\n` or `\r\n`.
    pub line: usize,
    /// 1-based, in characters (Unicode scalar values).
    pub column: usize,
    /// 0-based, in bytes of the text without byte order mark.
    pub offset: usize,
}

/// A part of a text; `end` is exclusive, and may equal `start` only where there is nothing to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
}

/// How the bytes were encoded: `--fix` writes them back in the same way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 without byte order mark.
    #[default]
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// UTF-16 or UTF-32 with a byte order mark.
    Wide,
}

/// A decoded text and its lines.
#[derive(Debug, Clone, Default)]
pub struct Text {
    text: String,
    encoding: Encoding,
    /// Made when first asked for: a file without findings never pays for it.
    index: OnceLock<Index>,
}

#[derive(Debug, Clone)]
struct Index {
    /// Offsets of line starts but the first.
    starts: Box<[u32]>,
    /// Then columns are differences of offsets, however long the line.
    ascii: bool,
}

impl Text {
    /// A text that is already decoded.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Decodes by byte order mark. What does not decode becomes U+FFFD, and the first such place is returned beside the text.
    pub(super) fn decode(bytes: &[u8]) -> (Self, Option<ReadError>) {
        let (text, encoding, bad) = match bytes {
            [0xff, 0xfe, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes),
            [0, 0, 0xfe, 0xff, rest @ ..] => utf32(rest, u32::from_be_bytes),
            [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
            [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
            [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest, Encoding::Utf8Bom),
            _ => utf8(bytes, Encoding::Utf8),
        };
        let text = Self { text, encoding, index: OnceLock::new() };
        let error = bad.map(|(offset, name)| ReadError {
            message: format!("invalid {name} at this place: save the file as UTF-8"),
            at: Some(text.position(offset)),
        });
        (text, error)
    }

    /// The text, without byte order mark.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How it was encoded.
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The number of lines; a final line break does not begin another line, an empty text has one line.
    pub fn lines(&self) -> usize {
        let starts = self.starts();
        let trailing = starts.last().is_some_and(|last| *last as usize == self.text.len());
        starts.len() + 1 - usize::from(trailing)
    }

    /// The 1-based line `n` without its line break; empty when there is no such line.
    pub fn line(&self, n: usize) -> &str {
        let Some(start) = self.line_start(n) else { return "" };
        let end = self.line_start(n + 1).unwrap_or(self.text.len());
        let line = self.text.get(start..end).unwrap_or_default();
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// The byte offset where the 1-based line `n` begins.
    pub fn line_start(&self, n: usize) -> Option<usize> {
        match n {
            0 => None,
            1 => Some(0),
            _ => self.starts().get(n - 2).map(|start| *start as usize),
        }
    }

    /// Line and column of a byte offset. An offset inside a character counts as its start, one past the end as the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset.min(self.text.len()));
        let before = self.starts().partition_point(|start| *start as usize <= offset);
        let start = self.line_start(before + 1).unwrap_or_default();
        let passed = self.text.get(start..offset).unwrap_or_default();
        let characters = if self.index().ascii { passed.len() } else { passed.chars().count() };
        Position { line: before + 1, column: characters + 1, offset }
    }

    /// The span between two byte offsets.
    pub fn span(&self, start: usize, end: usize) -> Span {
        Span { start: self.position(start), end: self.position(end.max(start)) }
    }

    /// What a span covers.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start.offset..span.end.offset).unwrap_or_default()
    }

    fn starts(&self) -> &[u32] {
        &self.index().starts
    }

    fn index(&self) -> &Index {
        let breaks = || self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = || breaks().filter_map(|(at, _)| u32::try_from(at + 1).ok()).collect();
        self.index.get_or_init(|| Index { starts: starts(), ascii: self.text.is_ascii() })
    }
}

/// Positions going forward only, so that the bounds of many documents cost neither an index nor a second look at a line.
pub(super) struct LineCounter<'t> {
    text: &'t str,
    at: Position,
}

impl<'t> LineCounter<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, at: Position { line: 1, column: 1, offset: 0 } }
    }

    /// The position of an offset that is not before the last one.
    pub(super) fn advance(&mut self, offset: usize) -> Position {
        let passed = self.text.get(self.at.offset..offset).unwrap_or_default();
        match passed.rsplit_once('\n') {
            Some((lines, rest)) => {
                self.at.line += lines.bytes().filter(|byte| *byte == b'\n').count() + 1;
                self.at.column = rest.chars().count() + 1;
            }
            None => self.at.column += passed.chars().count(),
        }
        self.at.offset += passed.len();
        self.at
    }
}

type Decoded = (String, Encoding, Option<(usize, &'static str)>);

fn utf8(bytes: &[u8], encoding: Encoding) -> Decoded {
    match std::str::from_utf8(bytes) {
        Ok(text) => (without_inner_marks(text), encoding, None),
        Err(error) => (String::from_utf8_lossy(bytes).into_owned(), encoding, Some((error.valid_up_to(), "UTF-8"))),
    }
}

/// Files that were joined keep their byte order marks, each after a `---`: they would become part of the first key.
fn without_inner_marks(text: &str) -> String {
    const MARK: &str = "\u{feff}";
    if !text.contains(MARK) {
        return text.to_owned();
    }
    let mut after_marker = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let kept = if after_marker { line.strip_prefix(MARK).unwrap_or(line) } else { line };
        out.push_str(kept.strip_prefix(MARK).filter(|rest| rest.starts_with("---")).unwrap_or(kept));
        after_marker = line.trim_start_matches(MARK).trim_end() == "---";
    }
    out
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Decoded {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).map(Result::ok);
    collect(text, !rest.is_empty(), "UTF-16")
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Decoded {
    let (quads, rest) = bytes.as_chunks::<4>();
    collect(quads.iter().map(|quad| char::from_u32(unit(*quad))), !rest.is_empty(), "UTF-32")
}

fn collect(chars: impl Iterator<Item = Option<char>>, cut_off: bool, name: &'static str) -> Decoded {
    let (mut text, mut bad) = (String::new(), None);
    for c in chars {
        if c.is_none() && bad.is_none() {
            bad = Some((text.len(), name));
        }
        text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    let bad = bad.or_else(|| cut_off.then_some((text.len(), name)));
    (text, Encoding::Wide, bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (String, Option<Position>) {
        let (text, error) = Text::decode(bytes);
        (text.as_str().to_owned(), error.and_then(|e| e.at))
    }

    #[test]
    fn every_byte_order_mark_is_understood() {
        let wide = |bom: &[u8], units: Vec<u8>| [bom, &units].concat();
        let want = ("a: ü🚀\n".to_owned(), None);
        let text = want.0.as_str();
        assert_eq!(decoded(text.as_bytes()), want);
        assert_eq!(decoded(&wide(b"\xef\xbb\xbf", text.bytes().collect())), want);
        assert_eq!(decoded(&wide(b"\xff\xfe", text.encode_utf16().flat_map(u16::to_le_bytes).collect())), want);
        assert_eq!(decoded(&wide(b"\xfe\xff", text.encode_utf16().flat_map(u16::to_be_bytes).collect())), want);
        assert_eq!(decoded(&wide(b"\xff\xfe\0\0", text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect())), want);
        assert_eq!(decoded(&wide(b"\0\0\xfe\xff", text.chars().flat_map(|c| (c as u32).to_be_bytes()).collect())), want);
    }

    #[test]
    fn what_does_not_decode_has_a_place() {
        let at = |line, column, offset| Some(Position { line, column, offset });
        assert_eq!(decoded(b"a: b\nk: \xffz").1, at(2, 4, 8));
        assert_eq!(decoded(b"\xff\xfea\0\n\0\x00\xd8b\0").1, at(2, 1, 2));
        assert_eq!(decoded(b"\xff\xfea\0b").1, at(1, 2, 1));
        assert_eq!(decoded(b"\xff\xfe\0\0a\0\0\0\0\0\x11\0").1, at(1, 2, 1));
    }

    #[test]
    fn marks_of_joined_files_are_dropped() {
        assert_eq!(decoded("a: 1\n---\n\u{feff}b: 2\n\u{feff}---\nc: 3".as_bytes()).0, "a: 1\n---\nb: 2\n---\nc: 3");
        assert_eq!(decoded("a: \u{feff}x\n".as_bytes()).0, "a: \u{feff}x\n");
    }

    #[test]
    fn lines_and_positions_agree() {
        let text = Text::new("é: 1\r\n\nlast");
        assert_eq!((text.lines(), text.line(1), text.line(2), text.line(3), text.line(4)), (3, "é: 1", "", "last", ""));
        assert_eq!(text.position(2), Position { line: 1, column: 2, offset: 2 });
        assert_eq!(text.position(1), Position { line: 1, column: 1, offset: 0 });
        assert_eq!(text.position(8), Position { line: 3, column: 1, offset: 8 });
        assert_eq!(text.position(99), Position { line: 3, column: 5, offset: 12 });
        assert_eq!(text.slice(text.span(8, 10)), "la");
        assert_eq!((Text::new("").lines(), Text::new("a\n").lines(), Text::new("a\n\n").lines()), (1, 1, 2));
    }
}
