//! The text of a scalar as it is written: what libyaml makes of it, character by character, with the bytes each character
//! came from. Used for places inside scalars and for quoted keys; the values of documents come from libyaml itself.

use super::arena::Style;

/// Takes a decoded character and the bytes of the raw text it came from.
type Sink<'s> = &'s mut dyn FnMut(char, usize, usize);

/// Decodes `raw`, the scalar's text from its first to its last byte. `value` is what it is known to decode to, needed only
/// for the indentation of block scalars.
pub(super) fn decode(style: Style, raw: &str, value: &str, sink: Sink<'_>) {
    match style {
        Style::Literal => block(raw, value, false, sink),
        Style::Folded => block(raw, value, true, sink),
        Style::Single | Style::Double => {
            let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
            flow(inner, style, &mut |c, start, end| sink(c, start + 1, end + 1));
        }
        _ => flow(raw, Style::Plain, sink),
    }
}

/// The text of a plain or quoted scalar.
pub(super) fn text(style: Style, raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    decode(style, raw, "", &mut |c, _, _| out.push(c));
    out
}

/// The bytes of `raw` that the characters `start..end` of `value` come from; `None` if `raw` does not decode to `value`.
pub(super) fn within(style: Style, raw: &str, value: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let mut wanted = value.chars();
    let (mut nth, mut agrees) = (0, true);
    let (mut from, mut to) = (None, None);
    decode(style, raw, value, &mut |c, first, last| {
        // Chomping may leave out final line breaks.
        agrees &= wanted.next().map_or(c == '\n', |want| want == c);
        if nth == start {
            from = Some(first);
        }
        if nth < end {
            to = Some(last);
        }
        nth += 1;
    });
    let length = value.chars().count();
    let complete = agrees && wanted.next().is_none() && start <= end && start < length;
    let from = from.filter(|_| complete)?;
    Some((from, if end > start { to?.max(from) } else { from }))
}

/// Bytes of anchors, tags and what separates them from the node that they belong to.
pub(super) fn decorations(raw: &str) -> usize {
    let mut rest = raw;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        rest = match trimmed.chars().next() {
            Some('&' | '!') => trimmed.find([' ', '\t', '\r', '\n']).and_then(|at| trimmed.get(at..)).unwrap_or_default(),
            Some('#') if trimmed.len() < rest.len() => trimmed.find('\n').and_then(|at| trimmed.get(at..)).unwrap_or_default(),
            _ => return raw.len() - trimmed.len(),
        };
    }
}

/// The value of a block scalar at the end of the input, without the line break that was added for the parser's sake.
pub(super) fn without_added_break<'v>(raw: &str, value: &'v str) -> &'v str {
    let Some(stripped) = value.strip_suffix('\n') else { return value };
    let header = raw.split(is_break).next().unwrap_or_default();
    let last = raw.rsplit(is_break).next().unwrap_or_default();
    let keeps = header.split('#').next().is_some_and(|header| header.contains('+'));
    let is_content = !last.trim_matches([' ', '\t']).is_empty() || indentation(raw, value).is_some_and(|indent| last.len() > indent);
    if keeps || is_content { stripped } else { value }
}

/// A line break of YAML 1.1.
pub(super) const fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// The line break at the start of `rest`: the character it decodes to and its bytes.
fn line_break(rest: &str) -> Option<(char, usize)> {
    if rest.starts_with("\r\n") {
        return Some(('\n', 2));
    }
    let c = rest.chars().next().filter(|c| is_break(*c))?;
    Some((if c.len_utf8() == 3 { c } else { '\n' }, c.len_utf8()))
}

/// The spaces before the first line with content, less those that belong to the value.
fn indentation(raw: &str, value: &str) -> Option<usize> {
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let has_content = |line: &&str| !line.trim_matches(' ').is_empty();
    let body = raw.split(is_break).skip(1).find(has_content)?;
    let first = value.split(is_break).find(has_content)?;
    spaces(body).checked_sub(spaces(first))
}

struct Piece {
    c: char,
    start: usize,
    end: usize,
}

/// libyaml's `scan_block_scalar` over a text whose indentation is known.
fn block(raw: &str, value: &str, folded: bool, sink: Sink<'_>) {
    let Some(indent) = indentation(raw, value) else { return };
    let mut at = raw.find(is_break).unwrap_or(raw.len());
    at += line_break(raw.get(at..).unwrap_or_default()).map_or(0, |(_, bytes)| bytes);
    let mut leading: Option<Piece> = None;
    let mut trailing = Vec::new();
    let mut after_blank = false;
    loop {
        at = skip_breaks(raw, at, indent, &mut trailing);
        let rest = raw.get(at..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        let begins_blank = rest.starts_with(is_blank);
        if let Some(first) = leading.take() {
            let folds = folded && first.c == '\n' && !after_blank && !begins_blank;
            fold_break(first, folds, trailing.is_empty(), sink);
        }
        trailing.drain(..).for_each(|piece: Piece| sink(piece.c, piece.start, piece.end));
        after_blank = begins_blank;
        let length = rest.find(is_break).unwrap_or(rest.len());
        for (offset, c) in rest.get(..length).unwrap_or_default().char_indices() {
            sink(c, at + offset, at + offset + c.len_utf8());
        }
        at += length;
        let Some((c, bytes)) = line_break(raw.get(at..).unwrap_or_default()) else { break };
        leading = Some(Piece { c, start: at, end: at + bytes });
        at += bytes;
    }
    leading.into_iter().chain(trailing).for_each(|piece| sink(piece.c, piece.start, piece.end));
}

/// Passes blank lines and then the indentation of the next line with content; returns where its content begins.
fn skip_breaks(raw: &str, mut at: usize, indent: usize, breaks: &mut Vec<Piece>) -> usize {
    loop {
        let rest = raw.get(at..).unwrap_or_default();
        let spaces = rest.bytes().take(indent).take_while(|byte| *byte == b' ').count();
        let Some((c, bytes)) = line_break(rest.get(spaces..).unwrap_or_default()) else { return at + spaces };
        breaks.push(Piece { c, start: at + spaces, end: at + spaces + bytes });
        at += spaces + bytes;
    }
}

/// libyaml's `scan_flow_scalar` and `scan_plain_scalar`: escapes, and line folding.
fn flow(raw: &str, style: Style, sink: Sink<'_>) {
    let mut at = 0;
    while let Some(c) = raw.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = raw.get(at..).unwrap_or_default();
        let escaped_break = style == Style::Double && c == '\\' && rest.get(1..).is_some_and(|rest| line_break(rest).is_some());
        if is_blank(c) || is_break(c) || escaped_break {
            at = fold(raw, at, escaped_break, sink);
        } else if style == Style::Double && c == '\\' {
            let (decoded, bytes) = escape(rest);
            sink(decoded, at, at + bytes);
            at += bytes;
        } else {
            let bytes = if style == Style::Single && rest.starts_with("''") { 2 } else { c.len_utf8() };
            sink(c, at, at + bytes);
            at += bytes;
        }
    }
}

/// The first break of a run: when folded, it is a space if it is alone and nothing otherwise.
fn fold_break(first: Piece, folds: bool, alone: bool, sink: Sink<'_>) {
    match (folds, alone) {
        (true, true) => sink(' ', first.start, first.end),
        (true, false) => {}
        (false, _) => sink(first.c, first.start, first.end),
    }
}

/// A run of blanks and line breaks; returns where it ends.
fn fold(raw: &str, start: usize, escaped: bool, sink: Sink<'_>) -> usize {
    let mut at = start + usize::from(escaped);
    let mut breaks = Vec::new();
    while let Some(c) = raw.get(at..).and_then(|rest| rest.chars().next()) {
        let (decoded, bytes) = match line_break(raw.get(at..).unwrap_or_default()) {
            Some(found) => found,
            None if is_blank(c) => (' ', 1),
            None => break,
        };
        if is_break(c) {
            breaks.push(Piece { c: decoded, start: at, end: at + bytes });
        }
        at += bytes;
    }
    if breaks.is_empty() {
        for (offset, c) in raw.get(start..at).unwrap_or_default().char_indices() {
            sink(c, start + offset, start + offset + 1);
        }
        return at;
    }
    let mut breaks = breaks.into_iter();
    let folds = breaks.as_slice().first().is_some_and(|first| first.c == '\n');
    if !escaped && let Some(first) = breaks.next() {
        fold_break(first, folds, breaks.len() == 0, sink);
    }
    let skipped = usize::from(escaped);
    let breaks = breaks.skip(skipped);
    breaks.for_each(|piece| sink(piece.c, piece.start, piece.end));
    at
}

/// One escape of a double-quoted scalar and its bytes. JSON's surrogate pairs are one character.
fn escape(rest: &str) -> (char, usize) {
    let hex = |at: usize, digits: usize| rest.get(at..at + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
    let code = |digits: usize| (hex(2, digits).and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER), 2 + digits);
    let simple = |c: char| (c, 2);
    match rest.as_bytes().get(1) {
        Some(b'0') => simple('\0'),
        Some(b'a') => simple('\u{7}'),
        Some(b'b') => simple('\u{8}'),
        Some(b't' | b'\t') => simple('\t'),
        Some(b'n') => simple('\n'),
        Some(b'v') => simple('\u{b}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'r') => simple('\r'),
        Some(b'e') => simple('\u{1b}'),
        Some(b'N') => simple('\u{85}'),
        Some(b'_') => simple('\u{a0}'),
        Some(b'L') => simple('\u{2028}'),
        Some(b'P') => simple('\u{2029}'),
        Some(b'x') => code(2),
        Some(b'u') => match (hex(2, 4), hex(8, 4).filter(|_| rest.get(6..8) == Some("\\u"))) {
            (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) => {
                let joined = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                (char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
            }
            _ => code(4),
        },
        Some(b'U') => code(8),
        _ => rest.chars().nth(1).map_or(('\\', 1), |c| (c, 1 + c.len_utf8())),
    }
}
