//! The text of one document, changed operation by operation, each proved by reading the result.

use super::narrow::narrow;
use super::page::{Page, Splice};
use super::{Refusal, page};
use crate::finding::PatchOp;
use crate::place::Path;
use crate::rules::apply;
use crate::value::Value;
use crate::yaml::{Document, Limits, Stream, read};

/// The text of a document (YAML with its comments and `---`, or one JSON value) after a JSON Patch of what is at `object`
/// in it: the document itself, or an item of a `List`. Comments, quotes, order, anchors and line ends stay as they are.
///
/// # Errors
/// Why no text was found that is the patched document and has all comments.
pub fn edit(text: &str, object: &Path, ops: &[PatchOp]) -> Result<String, Refusal> {
    let mut state = State::read(text)?;
    for op in ops {
        let op = below(object, op);
        let target = apply(state.value(), std::slice::from_ref(&op))?;
        for small in narrow(state.value(), &op) {
            state = state.step(&small)?;
        }
        if *state.value() != target {
            return Err(Refusal::Layout(page::path_of(&op).to_string()));
        }
    }
    Ok(state.stream.text.as_str().to_owned())
}

fn below(object: &Path, op: &PatchOp) -> PatchOp {
    let whole = |path: &Path| object.steps().iter().chain(path.steps()).cloned().collect::<Path>();
    match op {
        PatchOp::Add(path, value) => PatchOp::Add(whole(path), value.clone()),
        PatchOp::Replace(path, value) => PatchOp::Replace(whole(path), value.clone()),
        PatchOp::Remove(path) => PatchOp::Remove(whole(path)),
        PatchOp::Test(path, value) => PatchOp::Test(whole(path), value.clone()),
    }
}

struct State {
    stream: Stream,
    document: Document,
}

impl State {
    fn read(text: &str) -> Result<Self, Refusal> {
        let mut stream = read(text.as_bytes(), &Limits::default());
        let same = stream.text.as_str() == text && stream.errors.is_empty() && stream.documents.len() == 1;
        match stream.documents.first().cloned().filter(|_| same) {
            Some(document) => {
                stream.documents.truncate(1);
                Ok(Self { stream, document })
            }
            None => Err(Refusal::Document),
        }
    }

    const fn value(&self) -> &Value {
        &self.document.value
    }

    fn comments(&self) -> Vec<&str> {
        let mut comments: Vec<&str> = self.stream.comments().map(|comment| comment.text).collect();
        comments.sort_unstable();
        comments
    }

    /// The first of the ways to write it that is what is meant.
    fn step(self, op: &PatchOp) -> Result<Self, Refusal> {
        let target = apply(self.value(), std::slice::from_ref(op))?;
        if target == *self.value() {
            return Ok(self);
        }
        let path = page::path_of(op);
        let mut refusal = Refusal::Layout(path.to_string());
        for splices in Page::new(&self.stream, &self.document).ways(op)? {
            let Some(text) = spliced(self.stream.text.as_str(), splices) else { continue };
            let Ok(next) = Self::read(&text) else { continue };
            if *next.value() != target {
                continue;
            }
            if next.comments() == self.comments() {
                return Ok(next);
            }
            refusal = Refusal::Comment(path.to_string());
        }
        Err(refusal)
    }
}

/// The text with splices that do not overlap; of two at the same place, the first comes first.
fn spliced(text: &str, mut splices: Vec<Splice>) -> Option<String> {
    splices.sort_by_key(|splice| splice.range.start);
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for Splice { range, text: new } in splices {
        out.push_str(text.get(at..range.start)?);
        out.push_str(&new);
        at = range.end.max(at);
    }
    out.push_str(text.get(at..)?);
    Some(out)
}
