//! Text that remembers where it was written, and sequences whose parts may or may not be there.
//! Knows neither shells nor Redis; everything that moves configuration about is made of these.

use std::sync::Arc;

use crate::objects::Identity;
use crate::place::{Path, Within};
use crate::value::{Value, nullable, object};

/// A scalar of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// `None` for the judged object.
    pub object: Option<Identity>,
    /// Where the scalar is.
    pub path: Path,
    /// What it is called in a sentence: `redis.conf`, `command[2]`.
    pub name: String,
    /// Its text is never printed.
    pub secret: bool,
    /// Do character offsets in the text mean anything in the scalar? Not where it is base64.
    pub mapped: bool,
}

/// A character of a source.
#[derive(Debug, Clone)]
pub(super) struct At {
    pub source: Arc<Source>,
    /// 0-based character offset.
    pub start: usize,
}

impl At {
    pub(super) fn new(source: &Arc<Source>, start: usize) -> Self {
        Self { source: source.clone(), start }
    }

    /// The place of `length` characters from here.
    pub(super) fn place(&self, length: usize) -> Value {
        let within = self.source.mapped.then_some(Within { start: self.start, end: self.start + length });
        let within = within.map(|w| object([("start", Value::from(w.start as u64)), ("end", Value::from(w.end as u64))]));
        object([
            ("object", nullable(self.source.object.as_ref().map(Identity::to_value))),
            ("path", self.source.path.to_value()),
            ("within", nullable(within)),
        ])
    }
}

/// A run of text: known, or not.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// Known, and where its first character was written, if that is in an object.
    Known { text: Arc<str>, at: Option<At> },
    /// Not known. `splits`: an unquoted expansion, which may be any number of words. `why` names what hides it.
    Unknown { why: Arc<str>, splits: bool },
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known { text: a, .. }, Self::Known { text: b, .. }) => Arc::ptr_eq(a, b) || a == b,
            (Self::Unknown { why: a, splits: s }, Self::Unknown { why: b, splits: t }) => a == b && s == t,
            _ => false,
        }
    }
}

/// Text in pieces.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Text(pub Vec<Piece>);

impl Text {
    pub(super) fn known(text: impl Into<Arc<str>>, at: Option<At>) -> Self {
        let text: Arc<str> = text.into();
        if text.is_empty() { Self::default() } else { Self(vec![Piece::Known { text, at }]) }
    }

    pub(super) fn unknown(why: impl Into<Arc<str>>) -> Self {
        Self(vec![Piece::Unknown { why: why.into(), splits: false }])
    }

    pub(super) fn push(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The text, if all of it is known.
    pub(super) fn plain(&self) -> Option<String> {
        self.0.iter().try_fold(String::new(), |mut all, piece| match piece {
            Piece::Known { text, .. } => {
                all.push_str(text);
                Some(all)
            }
            Piece::Unknown { .. } => None,
        })
    }

    /// The known text before the first unknown piece.
    pub(super) fn prefix(&self) -> String {
        let known = self.0.iter().map_while(|piece| match piece {
            Piece::Known { text, .. } => Some(&**text),
            Piece::Unknown { .. } => None,
        });
        known.collect()
    }

    /// Why it is not known; `None` if it is.
    pub(super) fn why(&self) -> Option<&Arc<str>> {
        self.0.iter().find_map(|piece| match piece {
            Piece::Unknown { why, .. } => Some(why),
            Piece::Known { .. } => None,
        })
    }

    /// May it be any number of words?
    pub(super) fn splits(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Unknown { splits: true, .. }))
    }

    /// Where its first known character was written.
    pub(super) fn at(&self) -> Option<&At> {
        self.0.iter().find_map(|piece| match piece {
            Piece::Known { at, .. } => at.as_ref(),
            Piece::Unknown { .. } => None,
        })
    }

    /// How many characters are known.
    pub(super) fn chars(&self) -> usize {
        self.0.iter().map(|piece| if let Piece::Known { text, .. } = piece { text.chars().count() } else { 0 }).sum()
    }

    /// How many bytes are known.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|piece| if let Piece::Known { text, .. } = piece { text.len() } else { 0 }).sum()
    }

    /// Does any of it come from a Secret?
    pub(super) fn secret(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Known { at: Some(at), .. } if at.source.secret))
    }

    /// The words, split at blanks.
    pub(super) fn fields(&self) -> Vec<Self> {
        let (mut fields, mut open) = (Vec::new(), Self::default());
        for piece in &self.0 {
            let Piece::Known { text, at } = piece else {
                open.0.push(piece.clone());
                continue;
            };
            let (mut from, mut start, mut nth) = (0, 0, 0);
            for (byte, c) in text.char_indices() {
                if c.is_ascii_whitespace() {
                    open.push(slice(text, from, byte, at.as_ref(), start));
                    if !open.0.is_empty() {
                        fields.push(std::mem::take(&mut open));
                    }
                    (from, start) = (byte + c.len_utf8(), nth + 1);
                }
                nth += 1;
            }
            open.push(slice(text, from, text.len(), at.as_ref(), start));
        }
        if !open.0.is_empty() {
            fields.push(open);
        }
        fields
    }
}

/// Bytes `from..to` of a known piece; its first character is the `chars`-th of the piece.
pub(super) fn slice(text: &Arc<str>, from: usize, to: usize, at: Option<&At>, chars: usize) -> Text {
    let part = text.get(from..to).unwrap_or_default();
    Text::known(part, at.map(|at| At::new(&at.source, at.start + chars)))
}

/// A part of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item<T> {
    /// There for certain.
    One(T),
    /// One of two ways, and it is not known which.
    Either(Vec<Self>, Vec<Self>),
}

/// Deepest nesting of alternatives that is kept apart.
const DEEPEST: usize = 24;

/// What is common to both, then both rests as alternatives. `None` if that would nest too deep.
pub(super) fn merge<T: Clone + PartialEq>(a: &[Item<T>], b: &[Item<T>]) -> Option<Vec<Item<T>>> {
    let common = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (head, rest) = a.split_at(common);
    let mut merged = head.to_vec();
    let (rest, other) = (rest.to_vec(), b.get(common..).unwrap_or_default().to_vec());
    if !(rest.is_empty() && other.is_empty()) {
        merged.push(Item::Either(rest, other));
    }
    (depth(&merged) <= DEEPEST).then_some(merged)
}

fn depth<T>(items: &[Item<T>]) -> usize {
    let each = items.iter().map(|item| match item {
        Item::One(_) => 0,
        Item::Either(a, b) => 1 + depth(a).max(depth(b)),
    });
    each.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_offsets() {
        let source = Arc::new(Source { object: None, path: Path::root(), name: "x".into(), secret: false, mapped: true });
        let text = Text::known(" --maxmemory  3gb ", Some(At::new(&source, 10)));
        let fields: Vec<_> = text.fields().iter().map(|f| (f.plain().unwrap(), f.at().unwrap().start)).collect();
        assert_eq!(fields, [("--maxmemory".to_owned(), 11), ("3gb".to_owned(), 24)]);
    }

    #[test]
    fn a_merge_keeps_the_common_head_and_both_tails() {
        let one = |n: u8| Item::One(n);
        assert_eq!(merge(&[one(1), one(2)], &[one(1)]), Some(vec![one(1), Item::Either(vec![one(2)], vec![])]));
        assert_eq!(merge(&[one(1)], &[one(1)]), Some(vec![one(1)]));
    }
}
