//! A read stream to objects: lists are taken apart, what is not a manifest is named, what should be one and is not fails.

use std::sync::Arc;

use super::classify::{by_content, by_name, is_misspelt_head, is_own};
use super::{Failure, template};
use crate::objects::{Object, Origin};
use crate::place::Path;
use crate::value::{Lookup, Value};
use crate::yaml::{Document, Position, Stream};

/// Lists inside lists are taken apart up to this depth; kubectl takes apart one.
const MAX_LIST_DEPTH: usize = 8;

/// The objects of an input, and what could not be read beside them.
#[derive(Debug, Default)]
pub struct Manifest {
    /// In the order of the text.
    pub objects: Vec<Object>,
    /// In the order of the text.
    pub failures: Vec<Failure>,
}

/// What a text turned out to be.
#[derive(Debug)]
pub enum Outcome {
    /// Objects, or an attempt at them.
    Manifest(Manifest),
    /// Something else, with the reason.
    Skipped(String),
}

/// Takes a stream for what it is. `input` is the number that objects remember; `namespace` is that of objects which
/// leave theirs out.
pub fn interpret(stream: &Stream, file: &Arc<str>, input: u32, namespace: Option<&Arc<str>>) -> Outcome {
    if is_own(file) {
        return Outcome::Skipped("kubelint's own configuration, not a manifest".into());
    }
    if !stream.errors.is_empty()
        && let Some(line) = template::first_mark(stream.text.as_str())
    {
        return Outcome::Skipped(format!("an unrendered template (line {line}): lint what `helm template` renders"));
    }
    let mut reader = Reader { stream, file, input, namespace, manifest: Manifest::default(), skipped: None };
    for (number, document) in stream.documents.iter().enumerate() {
        reader.document(u32::try_from(number).unwrap_or(u32::MAX), document);
    }
    reader.finish()
}

struct Reader<'a> {
    stream: &'a Stream,
    file: &'a Arc<str>,
    input: u32,
    namespace: Option<&'a Arc<str>>,
    manifest: Manifest,
    /// The first document that is no manifest: where, and why.
    skipped: Option<(Position, &'static str)>,
}

impl Reader<'_> {
    fn finish(mut self) -> Outcome {
        self.manifest.failures.extend(self.stream.errors.iter().map(|error| Failure {
            file: Arc::clone(self.file),
            message: error.message.clone(),
            at: error.at,
        }));
        let nothing = self.manifest.objects.is_empty() && self.manifest.failures.is_empty();
        match self.skipped {
            Some((_, reason)) if nothing => return Outcome::Skipped(by_name(self.file).unwrap_or(reason).into()),
            // Among manifests, a document that is none is a mistake: nothing unread passes.
            Some((at, reason)) => {
                let message = format!("this document is {reason}");
                self.manifest.failures.push(Failure { file: Arc::clone(self.file), message, at: Some(at) });
            }
            None if nothing && self.stream.documents.iter().all(|d| d.value.is_absent()) => {
                return Outcome::Skipped("empty: there is no document in it".into());
            }
            None => {}
        }
        self.manifest.failures.sort_by_key(|failure| failure.at);
        Outcome::Manifest(self.manifest)
    }

    fn document(&mut self, number: u32, document: &Document) {
        let value = &document.value;
        if value.is_absent() {
            return;
        }
        if let Some(reason) = by_content(value) {
            if self.skipped.is_none() {
                self.skipped = Some((self.position(document, &Path::root()), reason));
            }
            return;
        }
        if let Some(list) = List::of(value) {
            self.list(number, document, value, &list, Path::root(), 1);
        } else {
            self.object(number, document, value.clone(), Path::root());
        }
    }

    fn list(&mut self, number: u32, document: &Document, value: &Value, list: &List, path: Path, depth: usize) {
        if depth > MAX_LIST_DEPTH {
            return self.fail(document, &path, format!("lists are nested deeper than {MAX_LIST_DEPTH}"));
        }
        for (index, item) in value.at("items").items().iter().enumerate() {
            let path = path.child("items").child(index);
            let item = list.complete(item);
            match List::of(&item) {
                Some(inner) => self.list(number, document, &item, &inner, path, depth + 1),
                None => self.object(number, document, item, path),
            }
        }
    }

    fn object(&mut self, number: u32, document: &Document, value: Value, path: Path) {
        if let Some(complaint) = head_complaint(&value) {
            return self.fail(document, &path, complaint);
        }
        let origin = Origin::Document { input: self.input, document: number, path };
        let Some(mut object) = Object::new(value, origin) else { return };
        let cluster_wide = crate::objects::cluster_scoped(object.group_kind());
        if object.identity.namespace.is_none() && !cluster_wide {
            object.identity.namespace = self.namespace.cloned();
        }
        self.manifest.objects.push(object);
    }

    fn fail(&mut self, document: &Document, path: &Path, message: String) {
        let at = Some(self.position(document, path));
        self.manifest.failures.push(Failure { file: Arc::clone(self.file), message, at });
    }

    fn position(&self, document: &Document, path: &Path) -> Position {
        document.locate(&self.stream.text, path, None).start
    }
}

/// What is wrong with the head of an object, if anything.
fn head_complaint(value: &Value) -> Option<String> {
    if !matches!(value, Value::Object(_)) {
        return Some("expected a Kubernetes object, a mapping with apiVersion and kind".into());
    }
    let missing: Vec<&str> = ["apiVersion", "kind"].into_iter().filter(|key| value.at(key).text().is_none_or(str::is_empty)).collect();
    if missing.is_empty() {
        return None;
    }
    let near = value.entries().map(|(key, _)| key).find(|key| is_misspelt_head(key) && !["apiVersion", "kind"].contains(key));
    let hint = near.map(|key| {
        let meant = if key.to_ascii_lowercase().contains("kind") { "kind" } else { "apiVersion" };
        format!("; did you mean `{meant}` instead of `{key}`?")
    });
    let verb = if missing.iter().any(|key| !matches!(value.at(key), Value::Undefined)) { "has no usable" } else { "has no" };
    Some(format!("this object {verb} {}{}", missing.join(" and no "), hint.unwrap_or_default()))
}

/// A `List`, or a typed list such as `ConfigMapList`.
struct List {
    /// `apiVersion` and `kind` of items that leave them out.
    item: Option<(Value, String)>,
}

impl List {
    fn of(value: &Value) -> Option<Self> {
        let kind = value.at("kind").text()?;
        let stem = kind.strip_suffix("List")?;
        if !matches!(value.at("items"), Value::Array(_)) {
            return None;
        }
        let item = (!stem.is_empty()).then(|| (value.at("apiVersion").clone(), stem.to_owned()));
        Some(Self { item })
    }

    /// The item with the head that its list implies.
    fn complete(&self, item: &Value) -> Value {
        let (Some((version, kind)), Value::Object(_)) = (&self.item, item) else { return item.clone() };
        if item.at("kind").text().is_some() {
            return item.clone();
        }
        let kept = item.entries().filter(|(key, _)| !["apiVersion", "kind"].contains(key)).map(|(key, value)| (key, value.clone()));
        crate::value::object(kept.chain([("apiVersion", version.clone()), ("kind", Value::from(kind.as_str()))]))
    }
}
