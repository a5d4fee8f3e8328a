//! The lines around a place, as they may be shown: values of Secrets are replaced, very long lines are cut.

use std::ops::Range;

use super::secret::REDACTED;
use crate::yaml::{Span, Text};

/// Bytes of a line that are shown before and after the place of interest.
const REACH: usize = 240;

/// Lines of one place that are shown.
const MAX_LINES: usize = 4;

/// A text and what of it may not be shown.
#[derive(Debug, Default)]
pub struct SourceText {
    /// The text.
    pub text: Text,
    /// Byte ranges of secret values, ordered, not overlapping.
    pub secret: Vec<Range<usize>>,
}

/// Lines to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// 1-based number of the first line.
    pub line: usize,
    /// The lines, without the last line break.
    pub text: String,
    /// The place in `text`, in bytes.
    pub place: Range<usize>,
}

impl SourceText {
    /// The lines of a place. One that covers many lines is cut to its first.
    pub fn excerpt(&self, span: Span) -> Excerpt {
        let (first, mut last) = (span.start.line.max(1), span.end.line);
        let mut end = span.end.offset;
        // A span that ends at the beginning of a line does not show that line.
        if last > first && self.text.line_start(last) == Some(end) {
            last -= 1;
        }
        if last + 1 > first + MAX_LINES {
            last = first;
        }
        let line_end = |line: usize| self.text.line_start(line).unwrap_or(0) + self.text.line(line).len();
        end = end.min(line_end(last));
        let from = self.text.line_start(first).unwrap_or(0);
        let start = span.start.offset.clamp(from, line_end(last).max(from));
        let end = end.max(start);
        let whole = self.text.as_str();
        let cut_from = if start - from > REACH { whole.floor_char_boundary(start - REACH) } else { from };
        let to = line_end(last).max(from);
        let cut_to = if to - end > REACH { whole.floor_char_boundary(end + REACH) } else { to };
        self.render(first, cut_from..cut_to, start..end)
    }

    /// All of the text, with every secret stretch replaced; no line break more or less.
    pub fn redacted(&self) -> String {
        if self.secret.is_empty() {
            return self.text.as_str().to_owned();
        }
        let mut shown = String::with_capacity(self.text.as_str().len());
        for piece in self.pieces(0..self.text.as_str().len()) {
            let text = self.text.as_str().get(piece.range).unwrap_or_default();
            if piece.secret {
                shown.push_str(REDACTED);
                shown.extend(std::iter::repeat_n('\n', text.matches('\n').count()));
            } else {
                shown.push_str(text);
            }
        }
        shown
    }

    /// Copies a range line by line, with every secret stretch replaced.
    fn render(&self, line: usize, range: Range<usize>, place: Range<usize>) -> Excerpt {
        let whole = self.text.as_str();
        let mut shown = String::new();
        let (mut start, mut end) = (None, None);
        let mut at = range.start;
        let mut mark = |from: usize, to: usize, shown_from: usize, shown_to: usize, secret: bool| {
            let map = |offset: usize| if secret { shown_from } else { shown_from + (offset - from) };
            if start.is_none() && place.start < to.max(from + 1) {
                start = Some(map(place.start.max(from)));
            }
            if end.is_none() && place.end <= to {
                end = Some(if secret { shown_to } else { map(place.end.max(from)) });
            }
        };
        for piece in self.pieces(range.clone()) {
            let before = shown.len();
            let text = whole.get(piece.range.clone()).unwrap_or_default();
            if piece.secret {
                let breaks = text.matches('\n').count();
                shown.push_str(REDACTED);
                let shown_to = shown.len();
                shown.extend(std::iter::repeat_n('\n', breaks));
                mark(piece.range.start, piece.range.end, before, shown_to, true);
            } else {
                shown.push_str(text);
                mark(piece.range.start, piece.range.end, before, shown.len(), false);
            }
            at = piece.range.end;
        }
        let length = shown.len();
        let start = start.unwrap_or(length);
        let place = start..end.unwrap_or(length).max(start);
        debug_assert!(at >= range.start);
        Excerpt { line, text: shown.replace('\r', " "), place }
    }

    fn pieces(&self, range: Range<usize>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut at = range.start;
        for secret in self.secret.iter().filter(|secret| secret.end > range.start && secret.start < range.end) {
            let (from, to) = (secret.start.max(at), secret.end.min(range.end));
            if from > at {
                pieces.push(Piece { range: at..from, secret: false });
            }
            if to > from {
                pieces.push(Piece { range: from..to, secret: true });
            }
            at = at.max(to);
        }
        if at < range.end || pieces.is_empty() {
            pieces.push(Piece { range: at..range.end, secret: false });
        }
        pieces
    }
}

struct Piece {
    range: Range<usize>,
    secret: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, place: &str, secret: &str) -> (usize, String, String) {
        let range = |part: &str| {
            let at = text.find(part).unwrap();
            at..at + part.len()
        };
        let source = SourceText { text: Text::new(text), secret: if secret.is_empty() { vec![] } else { vec![range(secret)] } };
        let place = range(place);
        let excerpt = source.excerpt(source.text.span(place.start, place.end));
        (excerpt.line, excerpt.text.clone(), excerpt.text[excerpt.place].to_owned())
    }

    #[test]
    fn the_place_stays_marked_whatever_is_replaced() {
        let shown = |line, text: &str, place: &str| (line, text.to_owned(), place.to_owned());
        assert_eq!(excerpt("a: 1\nb: two\nc: 3\n", "two", ""), shown(2, "b: two", "two"));
        assert_eq!(excerpt("a: 1\nk: hunter2\n", "k", "hunter2"), shown(2, "k: <redacted>", "k"));
        assert_eq!(excerpt("k: hunter2 # c\n", "hunter2", "hunter2"), shown(1, "k: <redacted> # c", "<redacted>"));
        assert_eq!(excerpt("k: hunter2 # c\n", "c", "hunter2"), shown(1, "k: <redacted> # c", "c"));
        assert_eq!(
            excerpt("k: |\n  maxmemory 1\n  pass x\n", "maxmemory 1", "maxmemory 1\n  pass x\n"),
            shown(2, "  <redacted>", "<redacted>")
        );
        assert_eq!(excerpt("a:\n  b: 1\n  c: 2\nd: 3\n", "b: 1\n  c: 2\n", ""), shown(2, "  b: 1\n  c: 2", "b: 1\n  c: 2"));
    }

    #[test]
    fn long_places_and_long_lines_are_cut() {
        let many: String = (0..20).map(|n| format!("k{n}: v\n")).collect();
        assert_eq!(excerpt(&many, &many, ""), (1, "k0: v".to_owned(), "k0: v".to_owned()));
        let long = format!("a: {} X {}\n", "é".repeat(4000), "é".repeat(4000));
        let (_, text, place) = excerpt(&long, "X", "");
        assert!(text.len() < 600 && place == "X");
    }
}
