//! From events to a value and an arena, without recursion: a stack of open collections, and two shared stacks of their
//! finished children. Counts nodes, depth and what aliases expand to before anything is expanded; an alias costs one
//! reference, whatever it stands for. Knows neither YAML's nor JSON's syntax.

mod alias;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::place::{Path, Step};
use crate::value::Value;

use super::arena::{Arena, KeyText, Kind, Node, NodeId, Style};
use super::intern::intern;
use super::note::{MOST_NOTES, Note, NoteKind, ambiguity};
use super::resolve::{self, Resolved, shorten};
use super::{Limits, ReadError, Text};
use alias::{Anchor, Size};

/// In place of a key's node where a merge brought the entry.
const MERGED: NodeId = NodeId::MAX;

type Built<T = ()> = Result<T, ReadError>;

/// Where an event stands: byte offsets, and whether an anchor or tag came before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) style: Style,
    pub(super) decorated: bool,
}

/// A scalar as an event source saw it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalar<'e> {
    pub(super) text: &'e str,
    pub(super) tag: Option<&'e str>,
    pub(super) implicit: bool,
    pub(super) anchor: Option<&'e str>,
}

/// What is in the making of one document.
pub(super) struct Builder<'t> {
    text: &'t Text,
    limits: &'t Limits,
    nodes: Vec<Node>,
    frames: Vec<Frame>,
    entries: Vec<(Value, Value, NodeId)>,
    items: Vec<Value>,
    anchors: Vec<Anchor>,
    names: FxHashMap<Box<str>, usize>,
    notes: Vec<Note>,
    /// Nodes and bytes of text so far, everything that aliases stand for included.
    size: Size,
    aliased: Size,
    root: Option<Value>,
}

struct Frame {
    node: NodeId,
    sequence: bool,
    /// Where its children begin in `items` or `entries`.
    base: usize,
    key: Option<Key>,
    anchor: Option<usize>,
    before: Size,
    height: usize,
}

enum Key {
    Named(Arc<str>, NodeId),
    Merge(usize),
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t Text, limits: &'t Limits) -> Self {
        Self {
            text,
            limits,
            nodes: Vec::new(),
            frames: Vec::new(),
            entries: Vec::new(),
            items: Vec::new(),
            anchors: Vec::new(),
            names: FxHashMap::default(),
            notes: Vec::new(),
            size: Size::default(),
            aliased: Size::default(),
            root: None,
        }
    }

    /// The document that was built, and a clean slate for the next one.
    pub(super) fn finish(&mut self) -> (Option<Value>, Arena, Vec<Note>) {
        let root = self.root.take();
        let arena = Arena(self.nodes.as_slice().into());
        let mut notes = std::mem::take(&mut self.notes);
        notes.sort_by_key(|note| note.span.start.offset);
        self.nodes.clear();
        self.frames.clear();
        self.entries.clear();
        self.items.clear();
        self.anchors.clear();
        self.names.clear();
        (self.size, self.aliased) = (Size::default(), Size::default());
        (root, arena, notes)
    }

    /// A mapping (`sequence` false) or sequence begins.
    pub(super) fn begin(&mut self, sequence: bool, at: At, anchor: Option<&str>) -> Built {
        if self.frames.len() >= self.limits.depth {
            return self.fault(at.start, format!("nested deeper than {} levels", self.limits.depth));
        }
        if self.expects_key() {
            return self.fault(at.start, "a mapping or list cannot be a key".to_owned());
        }
        let before = self.size;
        let node = self.node(if sequence { Kind::Sequence } else { Kind::Mapping }, at)?;
        let anchor = anchor.map(|name| self.anchor(name, node));
        let base = if sequence { self.items.len() } else { self.entries.len() };
        self.frames.push(Frame { node, sequence, base, key: None, anchor, before, height: 0 });
        Ok(())
    }

    /// The innermost collection is complete.
    pub(super) fn end(&mut self, end: usize) -> Built {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let behind = to_u32(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(frame.node as usize) {
            (node.end, node.link) = (to_u32(end).max(node.start), behind);
        }
        let value = if frame.sequence { self.array(frame.base) } else { self.object(frame.base) };
        let height = frame.height + 1;
        if let Some(anchor) = frame.anchor.and_then(|anchor| self.anchors.get_mut(anchor)) {
            (anchor.value, anchor.size, anchor.height) = (Some(value.clone()), self.size.since(frame.before), height);
        }
        self.attach(value, height, false)
    }

    /// A scalar: a key, or a value.
    pub(super) fn scalar(&mut self, scalar: Scalar<'_>, at: At) -> Built {
        let before = self.size;
        let node = self.node(Kind::Scalar, at)?;
        self.size.bytes = self.size.bytes.saturating_add(scalar.text.len() as u64);
        let is_key = self.expects_key();
        if is_key && scalar.anchor.is_none() && resolve::is_merge(scalar.tag, scalar.implicit, scalar.text) {
            self.mark_key(node, KeyText::Merge);
            return self.expect_value(Key::Merge(at.start));
        }
        let resolved = resolve::resolve(scalar.tag, scalar.implicit, scalar.text).or_else(|why| self.fault(at.start, why))?;
        let key = (is_key || scalar.anchor.is_some()).then(|| resolve::key(resolved, scalar.text)).flatten();
        let key = key.map(|key| intern(&key));
        if let Some(name) = scalar.anchor {
            let value = self.value(resolved, scalar.text, at)?;
            let (anchor, size) = (self.anchor(name, node), self.size.since(before));
            if let Some(anchor) = self.anchors.get_mut(anchor) {
                (anchor.value, anchor.key, anchor.size) = (Some(value), key.clone(), size);
            }
        }
        if is_key {
            return self.key(key, resolved, scalar, node, at);
        }
        let value = self.value(resolved, scalar.text, at)?;
        self.remark(scalar, resolved, at);
        self.attach(value, 0, false)
    }

    /// A number, boolean or null of JSON.
    pub(super) fn value_of_json(&mut self, value: Value, at: At) -> Built {
        self.node(Kind::Scalar, at)?;
        self.attach(value, 0, false)
    }

    /// Remembers a note, unless the document has more than enough of them.
    pub(super) fn note(&mut self, kind: NoteKind, start: usize, end: usize, key: Option<&Arc<str>>, message: String) {
        if self.notes.len() < MOST_NOTES {
            let path = self.path(key);
            self.notes.push(Note { kind, path, span: self.text.span(start, end), message });
        }
    }

    /// Where the innermost collection began, if it is written in brackets.
    pub(super) fn open_bracket(&self) -> Option<usize> {
        let node = self.nodes.get(self.frames.last()?.node as usize)?;
        (node.style == Style::Flow).then_some(node.start as usize)
    }

    /// Is the next node a key?
    pub(super) fn expects_key(&self) -> bool {
        self.frames.last().is_some_and(|frame| !frame.sequence && frame.key.is_none())
    }

    fn key(&mut self, key: Option<Arc<str>>, resolved: Resolved, scalar: Scalar<'_>, node: NodeId, at: At) -> Built {
        let Some(key) = key else {
            let what = if resolved == Resolved::Null { "null" } else { "this number" };
            return self.fault(at.start, format!("{what} cannot be a key: quote it"));
        };
        if at.style != Style::Plain || *key != *scalar.text || at.decorated {
            self.mark_key(node, KeyText::Converted);
        }
        if scalar.implicit
            && scalar.tag.is_none()
            && let Some(message) = ambiguity(scalar.text, resolved, None)
        {
            self.note(NoteKind::AmbiguousScalar, at.start, at.end, Some(&key), message);
        }
        self.expect_value(Key::Named(key, node))
    }

    fn remark(&mut self, scalar: Scalar<'_>, resolved: Resolved, at: At) {
        if resolved == Resolved::Text || scalar.tag.is_some() || at.style != Style::Plain {
            return;
        }
        let key = match self.frames.last() {
            Some(Frame { key: Some(Key::Named(key, _)), .. }) => Some(Arc::clone(key)),
            _ => None,
        };
        if let Some(message) = ambiguity(scalar.text, resolved, key.as_deref()) {
            self.note(NoteKind::AmbiguousScalar, at.start, at.end, None, message);
        }
    }

    fn value(&self, resolved: Resolved, text: &str, at: At) -> Built<Value> {
        Ok(match resolved {
            Resolved::Text => Value::String(intern(text)),
            Resolved::Null => Value::Null,
            Resolved::Bool(flag) => Value::Bool(flag),
            Resolved::Int(n) => integer(n),
            Resolved::Uint(n) => Value::from(n as f64),
            Resolved::Float(n) if n.is_finite() => float(n),
            Resolved::Float(_) => return self.fault(at.start, format!("`{text}` cannot be stored: JSON has no such number")),
            Resolved::Binary => match resolve::binary(text) {
                Ok(text) => Value::String(text.into()),
                Err(why) => return self.fault(at.start, why),
            },
        })
    }

    fn attach(&mut self, value: Value, height: usize, aliased: bool) -> Built {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(value);
            return Ok(());
        };
        frame.height = frame.height.max(height);
        if frame.sequence {
            self.items.push(value);
            return Ok(());
        }
        match frame.key.take() {
            Some(Key::Named(key, node)) => self.entries.push((Value::String(key), value, node)),
            Some(Key::Merge(start)) => return self.merge(value, aliased, start),
            None => {}
        }
        Ok(())
    }

    fn array(&mut self, base: usize) -> Value {
        Value::from(self.items.drain(base.min(self.items.len())..).collect::<Vec<_>>())
    }

    fn object(&mut self, base: usize) -> Value {
        let base = base.min(self.entries.len());
        if let Some(own) = self.entries.get_mut(base..) {
            own.sort_by(|(left, ..), (right, ..)| left.cmp(right));
        }
        self.note_duplicates(base);
        let map: BTreeMap<Value, Value> = self.entries.drain(base..).map(|(key, value, _)| (key, value)).collect();
        Value::from(regorus::value::Object::from(map))
    }

    fn note_duplicates(&mut self, base: usize) {
        let own = self.entries.get(base..).unwrap_or_default();
        let twice = |pair: &&[(Value, Value, NodeId)]| matches!(pair, [(a, _, x), (b, _, y)] if *x != MERGED && *y != MERGED && a == b);
        let pairs: Vec<_> = own.windows(2).filter(twice).take(MOST_NOTES).filter_map(|pair| Some((pair.first()?, pair.get(1)?))).collect();
        let found: Vec<_> = pairs.into_iter().map(|(first, second)| (first.2, second.2, second.0.clone())).collect();
        for (first, second, key) in found {
            let (Value::String(key), Some(first), Some(second)) = (key, self.span_of(first), self.span_of(second)) else { continue };
            let line = self.text.position(first.0).line;
            let message = format!("`{}` is set twice in this mapping (first on line {line}); kubectl keeps the last", shorten(&key));
            self.note(NoteKind::DuplicateKey, second.0, second.1, Some(&key), message);
        }
    }

    fn span_of(&self, node: NodeId) -> Option<(usize, usize)> {
        self.nodes.get(node as usize).map(|node| (node.start as usize, node.end as usize))
    }

    fn expect_value(&mut self, key: Key) -> Built {
        if let Some(frame) = self.frames.last_mut() {
            frame.key = Some(key);
        }
        Ok(())
    }

    fn node(&mut self, kind: Kind, at: At) -> Built<NodeId> {
        if self.nodes.len() >= self.limits.nodes {
            return self.fault(at.start, format!("more than {} nodes in one document", self.limits.nodes));
        }
        let id = to_u32(self.nodes.len());
        let (start, end) = (to_u32(at.start), to_u32(at.end.max(at.start)));
        self.nodes.push(Node { start, end, link: 0, kind, style: at.style, decorated: at.decorated, key: KeyText::AsWritten });
        self.size.nodes = self.size.nodes.saturating_add(1);
        Ok(id)
    }

    fn mark_key(&mut self, node: NodeId, key: KeyText) {
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.key = key;
        }
    }

    /// The path of what is being built, or of `key` in the innermost mapping.
    fn path(&self, key: Option<&Arc<str>>) -> Path {
        let innermost = self.frames.len().saturating_sub(1);
        let step = |(nth, frame): (usize, &Frame)| match &frame.key {
            _ if frame.sequence => Some(Step::Index(self.index(nth))),
            _ if nth == innermost && key.is_some() => None,
            Some(Key::Named(key, _)) => Some(Step::Key(Arc::clone(key))),
            _ => None,
        };
        self.frames.iter().enumerate().filter_map(step).chain(key.map(|key| Step::Key(Arc::clone(key)))).collect()
    }

    /// The index of the item that is being built in the open sequence `nth`: what follows it on the stack of items is its own.
    fn index(&self, nth: usize) -> usize {
        let base = self.frames.get(nth).map_or(0, |frame| frame.base);
        let inner = self.frames.iter().skip(nth + 1).find(|frame| frame.sequence);
        inner.map_or(self.items.len(), |frame| frame.base) - base
    }

    fn fault<T>(&self, offset: usize, message: String) -> Built<T> {
        Err(ReadError { message, at: Some(self.text.position(offset)) })
    }
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn integer(n: i64) -> Value {
    u64::try_from(n).map_or_else(|_| Value::from(n), Value::from)
}

/// Go writes a float with the fewest digits that identify it, and reads what then looks like an integer as one.
fn float(n: f64) -> Value {
    const BEYOND_INTEGERS: f64 = 1e19;
    if n.fract() == 0.0
        && n.abs() < BEYOND_INTEGERS
        && let Ok(whole) = n.to_string().parse::<i64>()
    {
        return integer(whole);
    }
    Value::from(n)
}
