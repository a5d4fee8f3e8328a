//! From paths back to the text. A path may name what is not there, lead through an alias or a merge key, or stop inside a
//! scalar; there is always an answer, the nearest that a person would look at.

use rustc_hash::FxHashSet;

use crate::place::{Path, Step, Within};
use crate::value::{Lookup, Value};

use super::arena::{KeyText, Kind, Node, NodeId, Style};
use super::resolve;
use super::{Document, Span, Text, scalar};

/// Does a node's text stand where its path says, or does it serve several places?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shared {
    /// Its text is its own.
    No,
    /// It is reached through an alias: a change of its text changes other places too.
    Alias,
    /// It is reached through a merge key (`<<`).
    Merge,
}

/// Everything about the text of one node that exists, for those who change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeInfo {
    /// The key, quotes included; `None` for list items and the root.
    pub key: Option<Span>,
    /// The value, behind its anchor and tag; of block mappings and lists, from the first child to the end of the last.
    /// Empty (behind the colon) where null is written as nothing.
    pub value: Span,
    /// Key and value; of a block list's item from its dash on. Without line break, comment and comma behind it.
    pub extent: Span,
    /// How the value is written.
    pub style: Style,
    /// How the mapping or list around it is written; `None` for the root.
    pub parent: Option<Style>,
    /// Characters before the extent on its first line.
    pub indent: usize,
    /// Is its text also the text of other places?
    pub shared: Shared,
    /// An anchor or tag stands before the value.
    pub decorated: bool,
}

/// One step of the way down.
#[derive(Debug, Clone, Copy)]
struct Hop {
    key: Option<NodeId>,
    /// As written: it may be an alias.
    value: NodeId,
    shared: Shared,
}

impl Document {
    /// The span to show for a place. Of a mapping or list it is the key, of a scalar the value, of an item of a list the
    /// value of its `name` or else its first key, of the root the key `kind`; of a missing child that of the nearest
    /// ancestor. Characters `within` a scalar are found in its text; where that cannot be, it is the scalar's key.
    pub fn locate(&self, text: &Text, path: &Path, within: Option<Within>) -> Span {
        let hops = self.walk(text, path);
        let Some(last) = hops.last() else { return self.root_span(text) };
        if hops.len() <= path.steps().len() {
            return self.name_of(text, last);
        }
        let target = self.arena.target(last.value);
        let Some(node) = self.arena.get(target).filter(|node| node.kind == Kind::Scalar) else { return self.name_of(text, last) };
        if let Some(within) = within {
            return self.span_within(text, node, path, within).unwrap_or_else(|| self.name_of(text, last));
        }
        let shown = self.arena.get(last.value).unwrap_or(node);
        let span = written(text, shown);
        if span.0 == span.1 { self.name_of(text, last) } else { text.span(span.0, span.1) }
    }

    /// Key and value of what exists at a path.
    pub fn node_span(&self, text: &Text, path: &Path) -> Option<Span> {
        self.node(text, path).map(|node| node.extent)
    }

    /// Everything about what exists at a path; `None` if nothing does.
    pub fn node(&self, text: &Text, path: &Path) -> Option<NodeInfo> {
        let hops = self.walk(text, path);
        let last = hops.last().filter(|_| hops.len() == path.steps().len() + 1)?;
        let parent = hops.len().checked_sub(2).and_then(|nth| hops.get(nth)).map(|hop| self.arena.target(hop.value));
        let node = self.arena.get(last.value)?;
        let (start, end) = self.extent_of_value(text, last.value);
        let key = last.key.and_then(|key| self.arena.get(key)).map(|key| (key.start as usize, key.end as usize));
        let parent_style = parent.and_then(|parent| self.arena.get(parent)).map(|parent| parent.style);
        let first = match (key, parent_style) {
            (Some((key, _)), _) => key,
            (None, Some(Style::Block)) => dash_before(text.as_str(), start),
            _ => start,
        };
        let extent = text.span(first.min(start), end.max(start));
        Some(NodeInfo {
            key: key.map(|(start, end)| text.span(start, end)),
            value: text.span(start, end),
            extent,
            style: node.style,
            parent: parent_style,
            indent: extent.start.column - 1,
            shared: last.shared,
            decorated: node.decorated,
        })
    }

    /// The way down as far as it exists; the first hop is the root.
    fn walk(&self, text: &Text, path: &Path) -> Vec<Hop> {
        let mut hops = Vec::with_capacity(path.steps().len() + 1);
        if self.arena.get(0).is_none() {
            return hops;
        }
        let mut at = Hop { key: None, value: 0, shared: Shared::No };
        hops.push(at);
        for step in path.steps() {
            let target = self.arena.target(at.value);
            let through = if target == at.value { at.shared } else { at.shared.max(Shared::Alias) };
            let next = match step {
                Step::Index(index) => self.item(target, *index).map(|value| Hop { key: None, value, shared: through }),
                Step::Key(key) => self.entry(text, target, key).map(|hop| Hop { shared: hop.shared.max(through), ..hop }),
            };
            let Some(next) = next else { break };
            hops.push(next);
            at = next;
        }
        hops
    }

    fn item(&self, sequence: NodeId, index: usize) -> Option<NodeId> {
        let node = self.arena.get(sequence).filter(|node| node.kind == Kind::Sequence)?;
        debug_assert!(node.link > sequence);
        self.arena.children(sequence).nth(index)
    }

    /// The entry of a mapping that decides: the last with this key, where `<<` counts as setting what it merges.
    fn entry(&self, text: &Text, mapping: NodeId, key: &str) -> Option<Hop> {
        enum Task {
            Mapping(NodeId, Shared),
            Pair(NodeId, NodeId, Shared),
        }
        let mut tasks = vec![Task::Mapping(mapping, Shared::No)];
        let mut merged = FxHashSet::default();
        while let Some(task) = tasks.pop() {
            let (name, value, shared) = match task {
                Task::Mapping(id, shared) => {
                    tasks.extend(self.pairs(id).map(|(name, value)| Task::Pair(name, value, shared)));
                    continue;
                }
                Task::Pair(name, value, shared) => (name, value, shared),
            };
            if self.arena.get(name).is_some_and(|name| name.key == KeyText::Merge) {
                let target = self.arena.target(value);
                let sources = match self.arena.get(target).map(|node| node.kind) {
                    Some(Kind::Sequence) => self.arena.children(target).map(|item| self.arena.target(item)).collect(),
                    _ => vec![target],
                };
                let unseen: Vec<_> = sources.into_iter().filter(|source| merged.insert(*source)).collect();
                tasks.extend(unseen.into_iter().rev().map(|source| Task::Mapping(source, Shared::Merge)));
            } else if self.is_key(text, name, key) {
                return Some(Hop { key: Some(name), value, shared });
            }
        }
        None
    }

    /// Keys and values of a mapping; nothing for everything else.
    fn pairs(&self, mapping: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> {
        let is_mapping = self.arena.get(mapping).is_some_and(|node| node.kind == Kind::Mapping);
        let mut children = is_mapping.then(|| self.arena.children(mapping)).into_iter().flatten();
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    fn is_key(&self, text: &Text, name: NodeId, key: &str) -> bool {
        let Some(node) = self.arena.get(self.arena.target(name)) else { return false };
        let raw = raw(text, node);
        match node.key {
            KeyText::AsWritten => raw == key,
            KeyText::Merge => false,
            KeyText::Converted if matches!(node.style, Style::Single | Style::Double) && !raw.contains(['\\', '\n', '\r', '\'']) => {
                raw.get(1..raw.len().saturating_sub(1)) == Some(key)
            }
            KeyText::Converted => {
                let written = scalar::text(node.style, raw);
                let resolved = resolve::resolve(None, node.style == Style::Plain, &written).ok();
                written == key || resolved.and_then(|resolved| resolve::key(resolved, &written)).is_some_and(|name| name == key)
            }
        }
    }

    fn span_within(&self, text: &Text, node: &Node, path: &Path, within: Within) -> Option<Span> {
        let value = self.value.at_path(path.steps()).text()?;
        let raw = raw(text, node);
        let (start, end) = scalar::within(node.style, raw, value, within.start, within.end)?;
        Some(text.span(node.start as usize + start, node.start as usize + end))
    }

    /// What stands for a node that cannot be shown itself: its key, or what names an item of a list.
    fn name_of(&self, text: &Text, hop: &Hop) -> Span {
        if let Some(key) = hop.key.and_then(|key| self.arena.get(key)) {
            return text.span(key.start as usize, key.end as usize);
        }
        if hop.value == 0 {
            return self.root_span(text);
        }
        let mut at = self.arena.target(hop.value);
        if let Some(name) = self.entry(text, at, "name").and_then(|name| self.arena.get(self.arena.target(name.value))) {
            let span = written(text, name);
            if name.kind == Kind::Scalar && span.0 < span.1 {
                return text.span(span.0, span.1);
            }
        }
        while let Some(first) = self.arena.children(at).next() {
            at = first;
        }
        let Some(node) = self.arena.get(at) else { return self.root_span(text) };
        let (start, end) = written(text, node);
        if start < end {
            return text.span(start, end);
        }
        let dash = dash_before(text.as_str(), start);
        text.span(dash, dash + usize::from(dash < start))
    }

    fn root_span(&self, text: &Text) -> Span {
        let keys = |name: &'static str| self.entry(text, 0, name).and_then(|entry| self.arena.get(entry.key?));
        let first = || self.pairs(0).next().and_then(|(key, _)| self.arena.get(key));
        if let Some(key) = keys("kind").or_else(first).filter(|key| key.start < key.end) {
            return text.span(key.start as usize, key.end as usize);
        }
        let start = self.arena.get(0).map_or(self.start.offset, |root| root.start as usize);
        let line = text.line(text.position(start).line);
        let line_start = text.line_start(text.position(start).line).unwrap_or(start);
        text.span(start, line_start + line.trim_end().len())
    }

    fn extent_of_value(&self, text: &Text, id: NodeId) -> (usize, usize) {
        let Some(node) = self.arena.get(id) else { return (0, 0) };
        let (start, mut end) = written(text, node);
        let mut at = id;
        while let Some(last) = self.arena.children(at).last() {
            let Some(inner) = self.arena.get(last).filter(|_| self.arena.get(at).is_some_and(|node| node.style == Style::Block)) else {
                break;
            };
            (at, end) = (last, written(text, inner).1);
        }
        (start, end.max(start))
    }

    /// Is the value at a path the one that the cluster sees there? For those who compare texts.
    pub fn value_at(&self, path: &Path) -> &Value {
        self.value.at_path(path.steps())
    }
}

fn raw<'t>(text: &'t Text, node: &Node) -> &'t str {
    text.as_str().get(node.start as usize..node.end as usize).unwrap_or_default()
}

/// The bytes of a node without the blank lines behind a block scalar, and without what follows a block collection's start.
fn written(text: &Text, node: &Node) -> (usize, usize) {
    let (start, end) = (node.start as usize, node.end as usize);
    match node.style {
        Style::Literal | Style::Folded => {
            let raw = raw(text, node);
            let content = raw.trim_end();
            let rest = raw.get(content.len()..).unwrap_or_default();
            (start, start + content.len() + rest.find(scalar::is_break).unwrap_or(rest.len()))
        }
        Style::Block => (start, start),
        _ => (start, end),
    }
}

/// The dash of the list item that begins at `start`; `start` itself if there is none.
fn dash_before(text: &str, start: usize) -> usize {
    let before = text.get(..start).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let dash = |before: &str| before.rfind("- ").or_else(|| before.strip_suffix('-').map(str::len));
    dash(before.get(line..).unwrap_or_default()).map_or_else(|| dash_above(before.get(..line).unwrap_or_default(), start), |at| line + at)
}

/// The dash on a line further up, where only comments, anchors and tags stand between it and its item.
fn dash_above(above: &str, start: usize) -> usize {
    let mut end = above.len();
    for line in above.split_inclusive('\n').rev() {
        end -= line.len();
        let content = line.trim_start_matches(['-', ' ', '\t']);
        let marks = line.get(..line.len() - content.len()).unwrap_or_default();
        let nothing = content.trim().is_empty() || content.starts_with(['#', '&', '!']);
        match marks.rfind('-') {
            _ if !nothing => return start,
            Some(at) => return end + at,
            None => {}
        }
    }
    start
}
