//! The texts of a run on their way to being fixed, one round: fixes of the same place wait for the next round, a fix of
//! several places is applied whole or not at all, and a whole file is proved before it is handed back.

use std::collections::BTreeMap;
use std::ops::Range;

use super::render::Manner;
use super::{Refusal, edit};
use crate::finding::PatchOp;
use crate::place::{Path, Step};
use crate::value::{Lookup, Value};
use crate::yaml::{Document, Limits, Text, read};

/// A change of an object in a text.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which text, by a number of the caller's.
    pub text: u32,
    /// Which document of it.
    pub document: usize,
    /// Where the object is in the document.
    pub object: Path,
    /// What to do with the object.
    pub ops: Vec<PatchOp>,
}

/// An object to write behind a document.
#[derive(Debug, Clone)]
pub struct Creation {
    /// Which text.
    pub text: u32,
    /// Which document it follows.
    pub document: usize,
    /// The object.
    pub object: Value,
}

/// What became of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// It is in the texts.
    Applied,
    /// Another fix of this round touches the same place: judge again, then try again.
    Later,
}

/// Texts being fixed, by number.
#[derive(Debug, Default)]
pub struct Sheets {
    sheets: BTreeMap<u32, Sheet>,
    created: Vec<Value>,
}

#[derive(Debug)]
struct Sheet {
    text: String,
    slices: Vec<Slice>,
    changed: bool,
}

/// One document of a text.
#[derive(Debug)]
struct Slice {
    range: Range<usize>,
    text: String,
    /// What fixes of this round read or wrote.
    touched: Vec<Path>,
    behind: Vec<Value>,
}

impl Sheets {
    /// Makes a text known; a second time does nothing.
    pub fn open(&mut self, number: u32, text: &Text, documents: &[Document]) {
        let text = text.as_str();
        let slice = |document: &Document| {
            let range = document.start().offset..document.end().offset;
            let own = text.get(range.clone()).unwrap_or_default().to_owned();
            Slice { range, text: own, touched: Vec::new(), behind: Vec::new() }
        };
        let sheet = || Sheet { text: text.to_owned(), slices: documents.iter().map(slice).collect(), changed: false };
        self.sheets.entry(number).or_insert_with(sheet);
    }

    /// Applies all of it, or nothing.
    ///
    /// # Errors
    /// Why it cannot be applied, in any round.
    pub fn apply(&mut self, changes: &[Change], creations: &[Creation]) -> Result<Tried, Refusal> {
        let mut drafts: BTreeMap<(u32, usize), (String, Vec<Path>)> = BTreeMap::new();
        for change in changes {
            let slice = self.slice(change.text, change.document)?;
            let touches: Vec<Path> = change.ops.iter().map(|op| footprint(&change.object, op)).collect();
            if touches.iter().any(|path| slice.touched.iter().any(|other| overlap(path, other))) {
                return Ok(Tried::Later);
            }
            let draft = drafts.entry((change.text, change.document)).or_insert_with(|| (slice.text.clone(), Vec::new()));
            draft.0 = edit(&draft.0, &change.object, &change.ops)?;
            draft.1.extend(touches);
        }
        for creation in creations {
            let slice = self.slice(creation.text, creation.document)?;
            if slice.text.trim_start().starts_with(['{', '[']) {
                return Err(Refusal::JsonCreate);
            }
            if self.created.iter().any(|other| head(other) == head(&creation.object)) {
                return Ok(Tried::Later);
            }
        }
        for ((text, document), (draft, touches)) in drafts {
            if let Some(slice) = self.sheets.get_mut(&text).and_then(|sheet| sheet.slices.get_mut(document)) {
                slice.text = draft;
                slice.touched.extend(touches);
            }
        }
        for creation in creations {
            if let Some(slice) = self.sheets.get_mut(&creation.text).and_then(|sheet| sheet.slices.get_mut(creation.document)) {
                slice.behind.push(creation.object.clone());
                self.created.push(creation.object.clone());
            }
        }
        for number in changes.iter().map(|change| change.text).chain(creations.iter().map(|creation| creation.text)) {
            if let Some(sheet) = self.sheets.get_mut(&number) {
                sheet.changed = true;
            }
        }
        Ok(Tried::Applied)
    }

    fn slice(&self, text: u32, document: usize) -> Result<&Slice, Refusal> {
        self.sheets.get(&text).and_then(|sheet| sheet.slices.get(document)).ok_or(Refusal::Document)
    }

    /// The texts that changed, each proved as a whole or with the reason why it is given up.
    pub fn finish(self) -> Vec<(u32, Result<String, Refusal>)> {
        self.sheets.into_iter().filter(|(_, sheet)| sheet.changed).map(|(number, sheet)| (number, sheet.finish())).collect()
    }
}

impl Sheet {
    fn finish(self) -> Result<String, Refusal> {
        let manner = Manner::of(&self.text, false);
        let (mut text, mut at) = (String::with_capacity(self.text.len() + 256), 0);
        let mut expected = Vec::new();
        for slice in &self.slices {
            text.push_str(self.text.get(at..slice.range.start).unwrap_or_default());
            text.push_str(&slice.text);
            at = slice.range.end;
            expected.extend(read(slice.text.as_bytes(), &Limits::default()).documents.into_iter().map(|document| document.value));
            for object in &slice.behind {
                append(&mut text, object, manner, at == self.text.len());
                expected.push(object.clone());
            }
        }
        text.push_str(self.text.get(at..).unwrap_or_default());
        let stream = read(text.as_bytes(), &Limits::default());
        let same = stream.documents.iter().map(|document| &document.value).eq(&expected);
        if same && stream.errors.is_empty() { Ok(text) } else { Err(Refusal::Document) }
    }
}

/// A document more. At the end of a file without a final line break there will be none either.
fn append(text: &mut String, object: &Value, manner: Manner, last: bool) {
    let ended = text.is_empty() || text.ends_with('\n');
    if !ended {
        text.push_str(manner.eol);
    }
    text.push_str("---");
    for line in manner.lines(object) {
        text.push_str(manner.eol);
        text.push_str(&line);
    }
    if ended || !last {
        text.push_str(manner.eol);
    }
}

/// What an operation reads or writes: of a list that shifts, all of it.
fn footprint(object: &Path, op: &PatchOp) -> Path {
    let path = super::page::path_of(op).steps();
    let shifts = match (op, path.last()) {
        (PatchOp::Remove(_) | PatchOp::Add(..), Some(Step::Index(_))) => true,
        (PatchOp::Add(..), Some(Step::Key(key))) => &**key == "-",
        _ => false,
    };
    let path = if shifts { path.get(..path.len().saturating_sub(1)).unwrap_or_default() } else { path };
    object.steps().iter().chain(path).cloned().collect()
}

fn overlap(a: &Path, b: &Path) -> bool {
    a.steps().starts_with(b.steps()) || b.steps().starts_with(a.steps())
}

fn head(object: &Value) -> [&Value; 4] {
    let metadata = object.at("metadata");
    [object.at("apiVersion"), object.at("kind"), metadata.at("namespace"), metadata.at("name")]
}
