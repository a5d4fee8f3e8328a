//! Mappings as they are written: every key with its value, those included that a later key of the same name overrides. For
//! those who must see what stands in the text and not only what it means.

use std::borrow::Cow;
use std::ops::Range;

use rustc_hash::FxHashSet;

use super::arena::{KeyText, Kind, Node, NodeId, Style};
use super::{Document, Text, scalar};

/// A key and its value, as written.
#[derive(Debug, Clone)]
pub struct Pair<'t> {
    /// The key's text, decoded.
    pub key: Cow<'t, str>,
    /// The value's text, decoded, if it is a scalar or an alias of one.
    pub scalar: Option<Cow<'t, str>>,
    value: NodeId,
}

impl Document {
    /// Shows each mapping of the text.
    pub fn each_mapping(&self, text: &Text, mut visit: impl FnMut(&[Pair<'_>])) {
        let mut pairs = Vec::new();
        for (id, _) in self.arena.0.iter().enumerate().filter(|(_, node)| node.kind == Kind::Mapping) {
            let mut children = self.arena.children(u32::try_from(id).unwrap_or(u32::MAX));
            while let (Some(key), Some(value)) = (children.next(), children.next()) {
                pairs.push(Pair { key: self.decoded(text, key).unwrap_or_default(), scalar: self.decoded(text, value), value });
            }
            visit(&pairs);
            pairs.clear();
        }
    }

    /// Every scalar and alias in a value, keys aside, anchors and tags before them included; what its aliases stand for too. `each` is
    /// given the bytes and the decoded text. What is in `seen` is passed over, and what was shown is put there.
    pub fn each_scalar(&self, text: &Text, pair: &Pair<'_>, seen: &mut FxHashSet<u32>, mut each: impl FnMut(Range<usize>, &str)) {
        let mut todo = vec![pair.value];
        while let Some(id) = todo.pop() {
            let Some(node) = self.arena.get(id).filter(|_| seen.insert(id)) else { continue };
            match node.kind {
                // Of a mapping the values only: what a secret is called is no secret.
                Kind::Mapping => todo.extend(self.arena.children(id).skip(1).step_by(2)),
                Kind::Sequence => todo.extend(self.arena.children(id)),
                Kind::Alias | Kind::Scalar => {
                    if node.kind == Kind::Alias {
                        todo.push(node.link);
                    }
                    let start = if node.decorated { before_decorations(text.as_str(), node.start as usize) } else { node.start as usize };
                    each(start..trimmed_end(text, node), &self.decoded(text, id).unwrap_or_default());
                }
            }
        }
    }

    fn decoded<'t>(&self, text: &'t Text, id: NodeId) -> Option<Cow<'t, str>> {
        let node = self.arena.get(self.arena.target(id)).filter(|node| node.kind == Kind::Scalar)?;
        let raw = raw(text, node);
        let plain = node.style == Style::Plain && !raw.contains(scalar::is_break);
        Some(if plain || node.key == KeyText::Merge { Cow::Borrowed(raw) } else { unquoted(node.style, raw) })
    }
}

fn unquoted(style: Style, raw: &str) -> Cow<'_, str> {
    let simple = matches!(style, Style::Single | Style::Double) && !raw.contains(['\\', '\n', '\r', '\'']);
    let inner = raw.get(1..raw.len().saturating_sub(1)).filter(|_| simple && style == Style::Double);
    inner.map_or_else(|| Cow::Owned(scalar::text(style, raw)), Cow::Borrowed)
}

fn raw<'t>(text: &'t Text, node: &Node) -> &'t str {
    text.as_str().get(node.start as usize..node.end as usize).unwrap_or_default()
}

fn trimmed_end(text: &Text, node: &Node) -> usize {
    node.start as usize + raw(text, node).trim_end().len()
}

/// Where the anchor and the tag before a scalar begin.
fn before_decorations(text: &str, start: usize) -> usize {
    let mut start = start;
    loop {
        let before = text.get(..start).unwrap_or_default().trim_end();
        let word = before.rfind([' ', '\t', '\r', '\n', ',', '[', '{']).map_or(0, |at| at + 1);
        if !before.get(word..).is_some_and(|word| word.starts_with(['&', '!'])) {
            return start;
        }
        start = word;
    }
}
