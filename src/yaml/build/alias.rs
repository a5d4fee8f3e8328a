//! What aliases and merge keys stand for, counted before it is used. An alias costs one reference; a merge copies entries.

use std::sync::Arc;

use crate::value::Value;

use super::super::arena::{KeyText, Kind, NodeId};
use super::{At, Builder, Built, Key, MERGED};

/// How much there is of something, aliases followed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) nodes: u64,
    pub(super) bytes: u64,
}

impl Size {
    pub(super) const fn since(self, before: Self) -> Self {
        Self { nodes: self.nodes.saturating_sub(before.nodes), bytes: self.bytes.saturating_sub(before.bytes) }
    }

    pub(super) const fn add(&mut self, more: Self) {
        self.nodes = self.nodes.saturating_add(more.nodes);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }
}

/// What an alias needs to know of its target; the value is there once the target is complete.
pub(super) struct Anchor {
    pub(super) node: NodeId,
    pub(super) value: Option<Value>,
    pub(super) key: Option<Arc<str>>,
    pub(super) size: Size,
    pub(super) height: usize,
}

impl Builder<'_> {
    /// `*name`, spanning `at`.
    pub(in crate::yaml) fn alias(&mut self, name: &str, at: At) -> Built {
        let target = self.names.get(name).and_then(|anchor| self.anchors.get(*anchor));
        let Some(target) = target else {
            return self.fault(
                at.start,
                "no anchor of this name stands before this alias in its document: correct it, or quote the value".to_owned(),
            );
        };
        let Some(value) = target.value.clone() else {
            return self.fault(at.start, "this anchor would contain itself".to_owned());
        };
        let (id, key, size, height) = (target.node, target.key.clone(), target.size, target.height);
        self.aliased.add(size);
        let (nodes, bytes) = (self.limits.alias_nodes as u64, self.limits.alias_bytes as u64);
        if self.aliased.nodes > nodes || self.aliased.bytes > bytes {
            return self.fault(at.start, format!("aliases expand to more than {nodes} nodes or {bytes} bytes"));
        }
        if self.frames.len() + height > self.limits.depth {
            return self.fault(at.start, format!("nested deeper than {} levels through aliases", self.limits.depth));
        }
        let node = self.node(Kind::Alias, at)?;
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.link = id;
        }
        self.size.add(size);
        if !self.expects_key() {
            return self.attach(value, height, true);
        }
        self.mark_key(node, KeyText::Converted);
        match key {
            Some(key) => self.expect_value(Key::Named(key, node)),
            None => self.fault(at.start, "what this alias stands for cannot be a key".to_owned()),
        }
    }

    /// Remembers an anchor; its value follows when it is complete.
    pub(super) fn anchor(&mut self, name: &str, node: NodeId) -> usize {
        let id = self.anchors.len();
        self.anchors.push(Anchor { node, value: None, key: None, size: Size::default(), height: 0 });
        self.names.insert(name.into(), id);
        id
    }

    /// As go-yaml v2: entries are set where the `<<` stands, so that later keys win; of a list, its first mapping wins.
    pub(super) fn merge(&mut self, value: Value, aliased: bool, start: usize) -> Built {
        const WANTED: &str = "`<<` needs a mapping, or a list of mappings";
        match &value {
            Value::Object(map) => self.merge_map(map, start),
            Value::Array(items) if !aliased => items.iter().rev().try_for_each(|item| match item {
                Value::Object(map) => self.merge_map(map, start),
                _ => self.fault(start, WANTED.to_owned()),
            }),
            _ => self.fault(start, WANTED.to_owned()),
        }
    }

    /// Every merged entry is held again by this mapping, so it counts as expanded by an alias even when written in place.
    fn merge_map(&mut self, map: &regorus::value::Object, start: usize) -> Built {
        self.aliased.add(Size { nodes: map.len() as u64, bytes: 0 });
        if self.aliased.nodes > self.limits.alias_nodes as u64 {
            return self.fault(start, format!("merge keys and aliases expand to more than {} nodes", self.limits.alias_nodes));
        }
        self.entries.extend(map.iter_sorted().map(|(key, value)| (key.clone(), value.clone(), MERGED)));
        Ok(())
    }
}
