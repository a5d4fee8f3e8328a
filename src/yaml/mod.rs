//! Bytes to values, as kubectl reads them, and paths back to lines and columns. The only room that knows where text is;
//! it knows no rules, no facts and no files.
//!
//! ```text
//!  bytes -> Text (UTF-8, lines) -> events (libyaml) or json -> build -> Value + Arena (16 bytes a node) + Notes
//!                                                                             |
//!                                         Path, Within -> Document::locate -> Span
//! ```
//!
//! Nothing here recurses, and everything a file can make large is counted before it is made.

mod arena;
mod build;
mod comments;
mod events;
mod hint;
mod intern;
mod json;
mod locate;
mod note;
mod resolve;
mod scalar;
#[cfg(test)]
mod tests;
mod text;
mod written;

pub use arena::Style;
pub use comments::Comment;
pub use locate::{NodeInfo, Shared};
pub use note::{Note, NoteKind};
pub use text::{Encoding, Position, Span, Text};
pub use written::Pair;

use crate::value::Value;

/// What a file may cost before it is refused, each with an error that says which limit it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub bytes: usize,
    /// Keys, values and aliases of one document.
    pub nodes: usize,
    /// Nesting of mappings and lists, aliases followed. One limit for files and admission (kubectl's own is 10,000).
    pub depth: usize,
    /// Nodes that the aliases and merge keys of one document stand for (kubectl: about 400,000).
    pub alias_nodes: usize,
    /// Bytes of text that the aliases of one document stand for.
    pub alias_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, nodes: 2_000_000, depth: 512, alias_nodes: 400_000, alias_bytes: 16 << 20 }
    }
}

/// Documents of one file: more than any rendered cluster has, few enough for the memory.
const MOST_DOCUMENTS: usize = 200_000;

fn too_many(at: Position) -> ReadError {
    ReadError { message: format!("more than {MOST_DOCUMENTS} documents in one file: split it"), at: Some(at) }
}

/// Why a text could not be read (further).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", at.map(|at| format!("line {}, column {}: ", at.line, at.column)).unwrap_or_default())]
pub struct ReadError {
    /// What is wrong and what to do. One line, without the position.
    pub message: String,
    /// Where; `None` if the whole file is meant.
    pub at: Option<Position>,
}

/// All documents of one file.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// The decoded text that all positions refer to.
    pub text: Text,
    /// The documents that are not empty, up to the first error.
    pub documents: Vec<Document>,
    /// What ended the reading, if anything did.
    pub errors: Vec<ReadError>,
    /// Was it read as JSON, which has no comments?
    json: bool,
    /// The end of what was understood.
    read: usize,
}

impl Stream {
    /// Was it read as JSON? Then there are no comments, and what is written must be JSON.
    pub const fn is_json(&self) -> bool {
        self.json
    }
}

/// One document that is not empty: its value, and what is needed to find places in its text again.
#[derive(Debug, Clone)]
pub struct Document {
    /// As the cluster would see it; never null.
    pub value: Value,
    /// What a reader of the text would not expect, in the order of the text.
    pub notes: Vec<Note>,
    arena: arena::Arena,
    start: Position,
    end: Position,
}

impl Document {
    /// Where it begins: at its `---`; the first document of a file at the file's start, so that leading comments are its own.
    pub const fn start(&self) -> Position {
        self.start
    }

    /// Where the next document, or nothing more, begins.
    pub const fn end(&self) -> Position {
        self.end
    }

    /// Bytes that are kept for places.
    pub fn arena_bytes(&self) -> usize {
        size_of_val(&*self.arena.0)
    }
}

/// Reads all documents of a file: UTF-8, or UTF-16 and UTF-32 with a byte order mark; YAML, or JSON where the first
/// character that is not blank is `{` or `[`. Like kubectl, what is no JSON after all is tried as YAML.
pub fn read(bytes: &[u8], limits: &Limits) -> Stream {
    if bytes.len() > limits.bytes.min(u32::MAX as usize) {
        let message = format!("larger than {} bytes: split it, or raise the limit", limits.bytes);
        return Stream { errors: vec![ReadError { message, at: None }], ..Stream::default() };
    }
    let (text, bad) = Text::decode(bytes);
    let like_json = text.as_str().trim_start().starts_with(['{', '[']) && bad.is_none();
    let (documents, error, json) = if like_json { read_json_first(&text, limits) } else { with_kind(events::read(&text, 0, limits, bad)) };
    let error = error.map(|error| hint::template(error, &text));
    let read = error.as_ref().and_then(|error| error.at).map_or(text.as_str().len(), |at| at.offset);
    Stream { text, documents, errors: error.into_iter().collect(), json, read }
}

type Read = (Vec<Document>, Option<ReadError>, bool);

fn with_kind((documents, error): (Vec<Document>, Option<ReadError>)) -> Read {
    (documents, error, false)
}

fn read_json_first(text: &Text, limits: &Limits) -> Read {
    let (mut documents, stop) = json::read(text, limits);
    let Some(stop) = stop else { return (documents, None, true) };
    if !stop.syntax || documents.len() > 1 {
        return (documents, Some(stop.error), true);
    }
    let (more, error) = events::read(text, stop.resume, limits, None);
    documents.extend(more);
    let error = error.map(|error| if json::looks_meant(text.as_str()) { stop.error } else { error });
    (documents, error, false)
}

/// Reads one JSON value of any depth up to the limit, and nothing behind it: the body of a request.
///
/// # Errors
/// What is no JSON or exceeds a limit, with its position.
pub fn read_json(bytes: &[u8], limits: &Limits) -> Result<Value, ReadError> {
    if bytes.len() > limits.bytes.min(u32::MAX as usize) {
        return Err(ReadError { message: format!("larger than {} bytes", limits.bytes), at: None });
    }
    match Text::decode(bytes) {
        (_, Some(bad)) => Err(bad),
        (text, None) => json::read_one(&text, limits),
    }
}

/// Reads one YAML document, such as a rule's header or a configuration; an empty text is null.
///
/// # Errors
/// What cannot be read, or a second document, with its position.
pub fn read_value(text: &str) -> Result<Value, ReadError> {
    let mut stream = read(text.as_bytes(), &Limits::default());
    if let Some(error) = stream.errors.pop() {
        return Err(error);
    }
    let mut documents = stream.documents.into_iter();
    match (documents.next(), documents.next()) {
        (None, _) => Ok(Value::Null),
        (Some(only), None) => Ok(only.value),
        (Some(_), Some(second)) => {
            Err(ReadError { message: "only one document is expected: delete this one".to_owned(), at: Some(second.start) })
        }
    }
}
