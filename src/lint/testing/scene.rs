//! A fixture as objects, marks and what its first comments set.

use std::sync::Arc;

use crate::facts::KUBERNETES_MINOR;
use crate::facts::{Context, Facts, Request};
use crate::finding::Finding;
use crate::objects::{Object, Origin, UnitSet};
use crate::place::Path;
use crate::rules::Rule;
use crate::value::Value;
use crate::yaml::{Document, Limits, Stream, read, read_value};

/// A marked file.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// The file's name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The text of the previous version, of a fixture about changes.
    pub old: Option<String>,
}

impl Fixture {
    /// Does a line of it expect a finding?
    pub(super) fn expects(&self) -> bool {
        marks(&self.text).next().is_some()
    }
}

/// A line on which something must be found: its number and a part of the message.
type Mark = (usize, String);

/// What is to be judged.
pub struct Scene {
    pub(super) stream: Stream,
    /// Each with the index of its document.
    pub(super) objects: Vec<(usize, Arc<Object>)>,
    old: Vec<Arc<Object>>,
    set: UnitSet,
    complete: bool,
    minor: u32,
    request: Request,
    pub(super) params: Value,
    marks: Vec<Mark>,
}

/// The marks of a text: at the end of their line, or alone above it (inside a block of text, such as a `redis.conf`).
fn marks(text: &str) -> impl Iterator<Item = Mark> {
    text.lines().enumerate().flat_map(|(nth, line)| {
        let below = line.trim().strip_prefix("# expect below");
        let behind = line.rfind("# expect").filter(|at| line.get(..*at).is_some_and(|before| before.ends_with(' ')));
        let behind = behind.and_then(|at| line.get(at + "# expect".len()..));
        let (line, rest) = match (below, behind) {
            (Some(rest), _) => (nth + 2, Some(rest)),
            (None, rest) => (nth + 1, rest),
        };
        let parts = match rest.map(str::trim) {
            None => Vec::new(),
            Some("") => vec![""],
            Some(rest) => rest.strip_prefix(':').map_or_else(Vec::new, |parts| parts.split(";;").map(str::trim).collect()),
        };
        parts.into_iter().map(move |part| (line, part.to_owned())).collect::<Vec<_>>()
    })
}

fn objects(stream: &Stream) -> Result<Vec<(usize, Arc<Object>)>, String> {
    if let Some(error) = stream.errors.first() {
        return Err(format!("cannot be read: {error}"));
    }
    let mut found = Vec::new();
    for (nth, document) in stream.documents.iter().enumerate() {
        let origin = Origin::Document { input: 0, document: u32::try_from(nth).unwrap_or(u32::MAX), path: Path::root() };
        let object =
            Object::new(document.value.clone(), origin).ok_or_else(|| format!("document {} has no apiVersion and kind", nth + 1))?;
        found.push((nth, Arc::new(object)));
    }
    Ok(found)
}

impl Scene {
    /// Reads a fixture.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn read(fixture: &Fixture, rule: &Rule) -> Result<Self, String> {
        let stream = read(fixture.text.as_bytes(), &Limits::default());
        let objects = objects(&stream)?;
        let old = match &fixture.old {
            Some(text) => self::objects(&read(text.as_bytes(), &Limits::default()))?.into_iter().map(|(_, object)| object).collect(),
            None => Vec::new(),
        };
        let marks: Vec<Mark> = marks(&fixture.text).collect();
        match (fixture.name.get(..4), marks.is_empty()) {
            (Some("pass"), false) => return Err("a pass fixture has marks".to_owned()),
            (Some("fail"), true) => return Err("a fail fixture has no mark: end a line in `# expect`".to_owned()),
            _ => {}
        }
        let set = UnitSet::new(objects.iter().map(|(_, object)| object.clone()).collect(), false);
        let params = rule.default_params();
        let request = Request::offline(fixture.old.is_some());
        let mut scene = Self { stream, objects, old, set, complete: false, minor: KUBERNETES_MINOR, request, params, marks };
        let head = fixture.text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with('#'));
        for line in head {
            scene.direct(line.trim_start_matches('#').trim(), rule)?;
        }
        let objects = scene.objects.iter().map(|(_, object)| object.clone()).collect();
        scene.set = UnitSet::new(objects, scene.complete);
        Ok(scene)
    }

    /// One comment of the head; most are for people.
    fn direct(&mut self, line: &str, rule: &Rule) -> Result<(), String> {
        match line.split_once(": ").unwrap_or((line, "")) {
            ("complete", "") => self.complete = true,
            ("kubernetes", version) => {
                let minor = version.strip_prefix("1.").and_then(|minor| minor.parse().ok());
                self.minor = minor.ok_or_else(|| format!("`# kubernetes: {version}` is no version such as 1.33"))?;
            }
            ("operation", operation) => self.request.operation = operation.into(),
            ("params", params) => {
                let params = read_value(params).map_err(|error| format!("`# params:` {error}"))?;
                self.params =
                    rule.params_with(&params).map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The document of an object.
    pub(super) fn document(&self, nth: usize) -> Option<&Document> {
        let (document, _) = self.objects.get(nth)?;
        self.stream.documents.get(*document)
    }

    /// Is there such an object?
    pub(super) fn has(&self, identity: &crate::objects::Identity) -> bool {
        self.set.objects().iter().chain(&self.old).any(|object| object.identity == *identity)
    }

    /// The facts of one object, for a moment.
    pub(super) fn with_facts<T>(&self, nth: usize, then: impl FnOnce(&Facts<'_>) -> T) -> T
    where
        T: Default,
    {
        let Some((_, object)) = self.objects.get(nth) else { return T::default() };
        let old = self
            .old
            .iter()
            .find(|old| old.identity.group_kind() == object.identity.group_kind() && old.identity.name == object.identity.name);
        let context = Context { set: &self.set, kubernetes_minor: self.minor };
        then(&Facts::new(object, old, &self.request, context))
    }

    /// The same scene with other objects.
    pub(super) fn with_objects(&self, objects: Vec<(usize, Arc<Object>)>) -> Self {
        let set = UnitSet::new(objects.iter().map(|(_, object)| object.clone()).collect(), self.complete);
        Self {
            stream: Stream::default(),
            objects,
            old: self.old.clone(),
            set,
            complete: self.complete,
            minor: self.minor,
            request: self.request.clone(),
            params: self.params.clone(),
            marks: Vec::new(),
        }
    }

    /// What is marked but not found, and what is found but not marked.
    pub(super) fn compare(&self, found: &[(usize, Finding)]) -> Vec<String> {
        let mut open = self.marks.clone();
        let mut failures = Vec::new();
        for (nth, finding) in found {
            let line =
                self.document(*nth).map_or(0, |document| document.locate(&self.stream.text, &finding.path, finding.within).start.line);
            let fits = |(marked, part): &Mark| *marked == line && finding.message.contains(part.as_str());
            // The most exact mark first: an empty part fits every message.
            let best = open.iter().enumerate().filter(|(_, mark)| fits(mark)).max_by_key(|(_, (_, part))| part.len()).map(|(at, _)| at);
            match best {
                Some(at) => drop(open.swap_remove(at)),
                None => failures.push(format!("line {line} is not marked for `{}` (at {})", finding.message, finding.path)),
            }
        }
        open.sort();
        failures.extend(open.iter().map(|(line, part)| {
            format!("line {line} expects a finding{}", if part.is_empty() { String::new() } else { format!(" that says `{part}`") })
        }));
        failures
    }

    /// All objects as values, in order.
    pub(super) fn value(&self, nth: usize) -> &Value {
        self.objects.get(nth).map_or(&Value::Undefined, |(_, object)| &object.value)
    }
}
