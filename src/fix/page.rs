//! Ways to write one small operation into a document's text. Nothing here is trusted: whoever calls reads the result.

use std::ops::Range;

use super::Refusal;
use super::render::{self, Manner};
use crate::finding::PatchOp;
use crate::place::{Path, Step};
use crate::value::{Lookup, Value, array, object};
use crate::yaml::{Document, NodeInfo, Shared, Stream, Style};

/// A part of the text, in bytes, and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// Splices that belong together.
type Way = Vec<Splice>;
type Ways = Result<Vec<Way>, Refusal>;

fn splice(range: Range<usize>, text: impl Into<String>) -> Splice {
    Splice { range, text: text.into() }
}

/// The path that an operation is about.
pub(super) const fn path_of(op: &PatchOp) -> &Path {
    match op {
        PatchOp::Add(path, _) | PatchOp::Replace(path, _) | PatchOp::Remove(path) | PatchOp::Test(path, _) => path,
    }
}

pub(super) struct Page<'p> {
    stream: &'p Stream,
    document: &'p Document,
    text: &'p str,
    manner: Manner,
}

impl<'p> Page<'p> {
    pub(super) fn new(stream: &'p Stream, document: &'p Document) -> Self {
        let text = stream.text.as_str();
        Self { stream, document, text, manner: Manner::of(text, stream.is_json()) }
    }

    /// The ways to do it, the nicest first.
    pub(super) fn ways(&self, op: &PatchOp) -> Ways {
        let Some((last, parent)) = path_of(op).steps().split_last() else { return Ok(Vec::new()) };
        let parent: Path = parent.iter().cloned().collect();
        match (op, last) {
            (PatchOp::Test(..), _) => Ok(Vec::new()),
            (PatchOp::Replace(path, new), _) => self.replace(path, new),
            (PatchOp::Add(_, new), Step::Key(key)) => self.add_entry(&parent, key, new),
            (PatchOp::Add(_, new), Step::Index(index)) => self.add_item(&parent, *index, new),
            (PatchOp::Remove(path), _) => self.remove(path, &parent),
        }
    }

    /// What is at a path, if its text is its own.
    fn own(&self, path: &Path) -> Result<NodeInfo, Refusal> {
        let node = self.document.node(&self.stream.text, path).ok_or_else(|| Refusal::Layout(path.to_string()))?;
        match node.shared {
            Shared::Merge => Err(Refusal::Merge(path.to_string())),
            Shared::Alias => Err(Refusal::Alias(path.to_string())),
            Shared::No if node.style == Style::Alias => Err(Refusal::Alias(path.to_string())),
            Shared::No => Ok(node),
        }
    }

    /// The children of a container whose text is their own, in the order of the text.
    fn children(&self, path: &Path) -> Vec<NodeInfo> {
        let value = self.document.value.at_path(path.steps());
        let keys = value.entries().map(|(key, _)| path.child(key));
        let paths = keys.chain((0..value.items().len()).map(|index| path.child(index)));
        let mut found: Vec<_> = paths.filter_map(|path| self.document.node(&self.stream.text, &path)).collect();
        found.retain(|node| node.shared == Shared::No);
        found.sort_by_key(|node| (node.extent.start.offset, node.extent.end.offset));
        found
    }

    fn replace(&self, path: &Path, new: &Value) -> Ways {
        if path.steps().is_empty() {
            return Ok(Vec::new());
        }
        let node = self.own(path)?;
        let range = node.value.start.offset..node.value.end.offset;
        let flow = node.parent == Some(Style::Flow) || self.manner.json;
        let item = matches!(path.steps().last(), Some(Step::Index(_)));
        let written = match (new, self.manner.json) {
            (Value::String(text), false) => Some(render::like(node.style, text, flow)),
            _ => self.manner.inline(new, flow),
        };
        let mut ways = Vec::new();
        if let (Style::Literal, Some(text), false) = (node.style, new.text(), flow) {
            ways.extend(self.literal(&node, text));
        }
        let Some(written) = written else {
            ways.push(if item { self.nest_in_item(&node, new) } else { self.nest(&node, new) });
            ways.extend(self.with_comments(&node, None, &self.manner.lines(new), self.manner.below(new)));
            return Ok(ways);
        };
        let before = self.text.get(..range.start).unwrap_or_default();
        ways.push(match node.style {
            Style::Block if !item => vec![splice(before.trim_end().len()..range.end, format!(" {written}"))],
            _ if before.ends_with([':', '-', ',']) => vec![splice(range, format!(" {written}"))],
            _ => vec![splice(range, written.as_str())],
        });
        if !flow {
            ways.extend(self.with_comments(&node, Some(&written), &[], 0));
        }
        Ok(ways)
    }

    /// A value in the place of one with comments in it, which follow: one on the line, the others below it.
    fn with_comments(&self, node: &NodeInfo, written: Option<&str>, lines: &[String], below: usize) -> Option<Way> {
        let start = match node.key.map(|key| key.end.offset) {
            Some(end) => end + self.text.get(end..node.value.start.offset)?.find(':')? + 1,
            None => node.extent.start.offset + 1,
        };
        let (end, _) = self.line_end(node.value.end.offset);
        let comments = self.stream.comments().filter(|comment| (start..end).contains(&comment.at.offset)).map(|comment| comment.text);
        let comments: Vec<String> = comments.map(str::to_owned).collect();
        let (first, rest) = comments.split_first()?;
        let indent = node.indent + if node.key.is_some() { self.manner.step } else { 2 };
        let mut text = written.map(|written| format!(" {written}")).unwrap_or_default() + " " + first;
        let below = node.indent + if node.key.is_some() { below } else { 2 };
        for (lines, indent) in [(rest, indent), (lines, below)].into_iter().filter(|(lines, _)| !lines.is_empty()) {
            text = text + self.manner.eol + &self.indented(lines, indent);
        }
        Some(vec![splice(start..end, text)])
    }

    /// A `|` scalar stays one: only its lines change.
    fn literal(&self, node: &NodeInfo, text: &str) -> Option<Way> {
        let range = node.value.start.offset..node.value.end.offset;
        let raw = self.text.get(range.clone())?;
        let body = raw.split_once('\n')?.1;
        let first = body.lines().find(|line| !line.trim().is_empty())?;
        let indent = " ".repeat(first.len() - first.trim_start_matches(' ').len());
        let comment = raw.lines().next()?.find('#').and_then(|at| raw.lines().next()?.get(at..)).map(str::trim_end);
        let (header, lines) = render::literal(text)?;
        let header = comment.map_or_else(|| header.to_owned(), |comment| format!("{header} {comment}"));
        let lines = lines.iter().map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") });
        let all: Vec<String> = std::iter::once(header).chain(lines).collect();
        Some(vec![splice(range, all.join(self.manner.eol))])
    }

    /// A container with content below its key, instead of what is behind the colon.
    fn nest(&self, node: &NodeInfo, new: &Value) -> Way {
        let start = self.text.get(..node.value.start.offset).unwrap_or_default().trim_end().len();
        let (end, _) = self.line_end(node.value.end.offset);
        let indent = node.indent + self.manner.below(new);
        let gone = splice(start..node.value.end.offset, "");
        vec![gone, splice(end..end, format!("{}{}", self.manner.eol, self.indented(&self.manner.lines(new), indent)))]
    }

    /// A container with content behind a dash.
    fn nest_in_item(&self, node: &NodeInfo, new: &Value) -> Way {
        let range = node.value.start.offset..node.value.end.offset;
        let lines = self.manner.lines(new);
        let gap = if self.text.get(..range.start).is_some_and(|before| before.ends_with('-')) { " " } else { "" };
        let column = node.value.start.column - 1 + gap.len();
        let text = lines.join(&format!("{}{}", self.manner.eol, " ".repeat(column)));
        vec![splice(range, format!("{gap}{text}"))]
    }

    fn add_entry(&self, parent: &Path, key: &str, new: &Value) -> Ways {
        let node = self.own(parent)?;
        let children = self.children(parent);
        let empty = self.document.value.at_path(parent.steps()).entries().next().is_none();
        if node.style == Style::Flow {
            let block_around = matches!(node.parent, Some(Style::Block)) && !self.manner.json;
            if empty && block_around {
                return self.replace(parent, &object([(key, new.clone())]));
            }
            let Some(entry) = self.manner.flow_entry(key, new) else { return Ok(Vec::new()) };
            return Ok(self.insert_in_flow(&node, &children, children.len(), empty, &entry));
        }
        let column = children.first().and_then(|first| first.key).map_or(node.value.start.column, |key| key.start.column);
        let lines = self.manner.entry(key, new);
        Ok(self.insert_lines(&children, children.len(), node.value.end.offset, column - 1, &lines))
    }

    fn add_item(&self, parent: &Path, index: usize, new: &Value) -> Ways {
        let node = self.own(parent)?;
        let children = self.children(parent);
        if node.style == Style::Flow {
            if children.is_empty() && matches!(node.parent, Some(Style::Block)) && !self.manner.json {
                return self.replace(parent, &array([new.clone()]));
            }
            let Some(item) = self.manner.inline(new, true) else { return Ok(Vec::new()) };
            return Ok(self.insert_in_flow(&node, &children, index, children.is_empty(), &item));
        }
        let column = children.first().map_or(node.value.start.column, |first| first.extent.start.column);
        Ok(self.insert_lines(&children, index, node.value.end.offset, column - 1, &self.manner.item(new)))
    }

    /// Lines behind the child before `index`, or before the first child.
    fn insert_lines(&self, children: &[NodeInfo], index: usize, end: usize, indent: usize, lines: &[String]) -> Vec<Way> {
        let eol = self.manner.eol;
        // Blank lines may belong to the block of text before them.
        let behind = |offset: usize| {
            let (at, next) = self.line_end(offset);
            let rest = self.text.get(next..).unwrap_or_default();
            let blank = rest.len() - rest.trim_start_matches(['\n', '\r']).len();
            let last = if blank > 0 { self.line_end(next + blank - 1).0 } else { at };
            let places = if last > at { vec![at, last] } else { vec![at] };
            places.into_iter().map(|at| vec![splice(at..at, format!("{eol}{}", self.indented(lines, indent)))])
        };
        let before = |child: &NodeInfo| {
            let at = child.extent.start.offset;
            let text = self.indented(lines, indent);
            vec![splice(at..at, format!("{}{eol}{}", text.trim_start_matches(' '), " ".repeat(indent)))]
        };
        let mut ways = Vec::new();
        match index.checked_sub(1).and_then(|before| children.get(before)) {
            _ if index >= children.len() => ways.extend(behind(end)),
            Some(child) => ways.extend(behind(child.extent.end.offset)),
            None => {}
        }
        ways.extend(children.get(index).or(children.first()).map(before));
        ways
    }

    fn insert_in_flow(&self, node: &NodeInfo, children: &[NodeInfo], index: usize, empty: bool, text: &str) -> Vec<Way> {
        let inside = node.value.start.offset + 1;
        let lead = || vec![splice(inside..inside, if empty { text.to_owned() } else { format!("{text}, ") })];
        if let Some(next) = children.get(index) {
            let at = next.extent.start.offset;
            let gap = self.own_line(at).map_or_else(|| " ".to_owned(), |indent| format!("{}{indent}", self.manner.eol));
            return vec![vec![splice(at..at, format!("{text},{gap}"))], lead()];
        }
        let Some(last) = children.last() else { return vec![lead()] };
        let end = last.extent.end.offset;
        let (line_end, _) = self.line_end(end);
        let rest = self.text.get(end..node.value.end.offset).unwrap_or_default();
        let comma = rest.trim_start().starts_with(',');
        let tight = vec![splice(end..end, format!(", {text}"))];
        match self.own_line(last.extent.start.offset) {
            Some(indent) if line_end < node.value.end.offset => {
                let mut way = Vec::new();
                if !comma {
                    way.push(splice(end..end, ","));
                }
                let trailing = if comma { "," } else { "" };
                way.push(splice(line_end..line_end, format!("{}{indent}{text}{trailing}", self.manner.eol)));
                vec![way, tight, lead()]
            }
            Some(indent) => vec![vec![splice(end..end, format!(",{}{indent}{text}", self.manner.eol))], tight, lead()],
            None => vec![tight, lead()],
        }
    }

    fn remove(&self, path: &Path, parent: &Path) -> Ways {
        let node = self.own(path)?;
        let around = self.own(parent)?;
        let children = self.children(parent);
        let at = children.iter().position(|child| child.extent == node.extent);
        let next = at.and_then(|at| children.get(at + 1));
        let previous = at.and_then(|at| children.get(at.checked_sub(1)?));
        let (start, end) = (node.extent.start.offset, node.extent.end.offset);
        if around.style == Style::Flow {
            let range = match (next, previous) {
                (Some(next), _) => start..next.extent.start.offset,
                (None, Some(previous)) => previous.extent.end.offset..end,
                (None, None) => start..end,
            };
            return Ok(vec![vec![splice(range, "")], vec![splice(start..end, "")]]);
        }
        let mut ways = Vec::new();
        match self.own_line(start) {
            Some(indent) => ways.extend(self.remove_lines(start, end, indent)),
            None => ways.extend(next.map(|next| vec![splice(start..next.extent.start.offset, "")])),
        }
        if next.is_none() && previous.is_none() {
            let empty = if node.key.is_some() { object::<&str>([]) } else { array::<Value>([]) };
            // A mapping or list without content has to be written.
            ways.extend(self.replace(parent, &empty)?);
        }
        Ok(ways)
    }

    /// Whole lines; comments that were on them stay. At the end of a text without final line break there is none afterwards
    /// either, unless it is part of the value before.
    fn remove_lines(&self, start: usize, end: usize, indent: &str) -> Vec<Way> {
        let (line_end, behind) = self.line_end(end);
        let from = start - indent.len();
        let kept = self.stream.comments().filter(|comment| (start..line_end).contains(&comment.at.offset)).map(|comment| comment.text);
        let kept: Vec<String> = kept.map(|comment| format!("{indent}{comment}")).collect();
        let mut text = kept.join(self.manner.eol);
        if behind > line_end && !text.is_empty() {
            text.push_str(self.manner.eol);
        }
        let mut ways = Vec::new();
        if behind == line_end && text.is_empty() {
            let before = self.text.get(..from).unwrap_or_default();
            let before = before.strip_suffix('\n').unwrap_or(before);
            ways.push(vec![splice(before.strip_suffix('\r').unwrap_or(before).len()..behind, "")]);
        }
        ways.push(vec![splice(from..behind, text)]);
        ways
    }

    /// Where the line of an offset ends, without and with its line break.
    fn line_end(&self, offset: usize) -> (usize, usize) {
        let rest = self.text.get(offset..).unwrap_or_default();
        let Some(at) = rest.find('\n') else { return (self.text.len(), self.text.len()) };
        let line = rest.get(..at).unwrap_or_default();
        (offset + line.strip_suffix('\r').unwrap_or(line).len(), offset + at + 1)
    }

    /// The blanks before an offset, if nothing else is before it on its line.
    fn own_line(&self, offset: usize) -> Option<&'p str> {
        let before = self.text.get(..offset)?;
        let line = before.get(before.rfind('\n').map_or(0, |at| at + 1)..)?;
        line.trim_matches(' ').is_empty().then_some(line)
    }

    fn indented(&self, lines: &[String], by: usize) -> String {
        let indent = " ".repeat(by);
        let lines = lines.iter().map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") });
        lines.collect::<Vec<_>>().join(self.manner.eol)
    }
}
