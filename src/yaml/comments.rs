//! The comments of a stream: what stands behind a `#` that is not part of a scalar. libyaml gives none, but its scalars
//! tell where no comment can be.

use super::arena::{Kind, Style};
use super::{Position, Stream};

/// One comment, to the end of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment<'s> {
    /// Where its `#` is.
    pub at: Position,
    /// From the `#` on, without blanks at the end.
    pub text: &'s str,
    /// Nothing but blanks stands before it on its line.
    pub alone: bool,
}

impl Stream {
    /// The comments, in order, up to where an error ended the reading.
    pub fn comments(&self) -> impl Iterator<Item = Comment<'_>> {
        let text = self.text.as_str();
        let mut at = 0;
        let mut scalars = self.scalars().chain([(self.read, self.read)]);
        let mut gap_end = None;
        std::iter::from_fn(move || {
            loop {
                let (end, resume) = match gap_end {
                    Some(gap) => gap,
                    None => *gap_end.insert(scalars.next()?),
                };
                if let Some(hash) = next_hash(text, at, end) {
                    let line = text.get(hash..).unwrap_or_default().lines().next().unwrap_or_default();
                    at = hash + line.len();
                    return Some(self.comment(hash, line));
                }
                (at, gap_end) = (at.max(resume), None);
            }
        })
    }

    fn comment<'s>(&'s self, hash: usize, line: &'s str) -> Comment<'s> {
        let at = self.text.position(hash);
        let before = self.text.line(at.line).get(..hash - self.text.line_start(at.line).unwrap_or_default()).unwrap_or_default();
        Comment { at, text: line.trim_end(), alone: before.trim().is_empty() }
    }

    /// The bytes of scalars that hold a `#`, in order; JSON is one large scalar. A block scalar's first line may end with a comment.
    fn scalars(&self) -> impl Iterator<Item = (usize, usize)> {
        let text = self.text.as_str();
        let json = self.json.then_some((0, text.len()));
        let nodes = self.documents.iter().flat_map(|document| document.arena.0.iter());
        let scalars = nodes.filter(|node| node.kind == Kind::Scalar && node.style != Style::Alias);
        json.into_iter().chain(scalars.filter_map(move |node| {
            let (start, end) = (node.start as usize, node.end as usize);
            let raw = text.get(start..end).filter(|raw| raw.contains('#'))?;
            let header = if matches!(node.style, Style::Literal | Style::Folded) { raw.find('\n').unwrap_or(raw.len()) } else { 0 };
            Some((start + header, end))
        }))
    }
}

/// The next `#` in `from..to` that begins a line or follows a blank.
fn next_hash(text: &str, from: usize, to: usize) -> Option<usize> {
    let gap = text.get(from..to)?;
    let opens = |at: usize| from + at == 0 || text.as_bytes().get(from + at - 1).is_some_and(u8::is_ascii_whitespace);
    gap.match_indices('#').map(|(at, _)| at).find(|at| opens(*at)).map(|at| from + at)
}
