//! What is kept of a document's text for places: one 16-byte node for each key, value and alias, in the order of the text.
//! A collection's node comes before its children and knows where its subtree ends; nothing else is linked.

/// Index of a node in its document's arena.
pub(super) type NodeId = u32;

/// Which kind a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mapping,
    Sequence,
    Scalar,
    Alias,
}

/// How a key's text becomes the key that the cluster sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyText {
    /// It is the key.
    AsWritten,
    /// It is quoted, an alias, or resolved to something else (`on` is `true`).
    Converted,
    /// It is no key: `<<` merges.
    Merge,
}

/// How a scalar or collection is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A scalar without quotes.
    Plain,
    /// A scalar in single quotes.
    Single,
    /// A scalar in double quotes; every JSON string.
    Double,
    /// A `|` scalar.
    Literal,
    /// A `>` scalar.
    Folded,
    /// A mapping or sequence by indentation.
    Block,
    /// A mapping or sequence in brackets; every JSON object and array.
    Flow,
    /// `*name`.
    Alias,
}

/// One key, value or alias. Byte offsets: a stream is never larger than 4 GiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// First byte, behind anchor and tag.
    pub(super) start: u32,
    /// One past the last byte. Of a block collection: where the next token begins.
    pub(super) end: u32,
    /// Of a collection: the node behind its subtree. Of an alias: its target.
    pub(super) link: NodeId,
    pub(super) kind: Kind,
    pub(super) style: Style,
    /// An anchor or tag stands before it.
    pub(super) decorated: bool,
    /// How to compare it, if it is a key.
    pub(super) key: KeyText,
}

/// The nodes of one document; the first is the root.
#[derive(Debug, Clone, Default)]
pub(super) struct Arena(pub(super) Box<[Node]>);

impl Arena {
    pub(super) fn get(&self, id: NodeId) -> Option<&Node> {
        self.0.get(id as usize)
    }

    /// The node behind `id` and all that is in it.
    pub(super) fn behind(&self, id: NodeId) -> NodeId {
        match self.get(id) {
            Some(Node { kind: Kind::Mapping | Kind::Sequence, link, .. }) => (*link).max(id + 1),
            _ => id + 1,
        }
    }

    /// The direct children of a collection; of a mapping, keys and values in turn.
    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let end = self.get(id).filter(|node| matches!(node.kind, Kind::Mapping | Kind::Sequence)).map_or(id, |_| self.behind(id));
        let first = (id + 1 < end).then_some(id + 1);
        std::iter::successors(first, move |at| Some(self.behind(*at)).filter(|next| *next < end))
    }

    /// What an alias stands for, else the node itself.
    pub(super) fn target(&self, id: NodeId) -> NodeId {
        match self.get(id) {
            Some(Node { kind: Kind::Alias, link, .. }) => *link,
            _ => id,
        }
    }
}
