//! The report as JSON (design 8.1): versioned, in a stable order, one finding a line.

use std::io::{self, Write};

use serde_json::{Map, Value as Json, json};

use super::{Located, Location, Reporter, Sources, Tail};
use crate::finding::{Edit, Fix, PatchOp};
use crate::objects::Identity;
use crate::place::{Path, Step};
use crate::value::Value;
use crate::yaml::Position;

pub(super) struct Report<'a> {
    out: Box<dyn Write + 'a>,
    findings: usize,
}

impl<'a> Report<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>) -> Self {
        Self { out, findings: 0 }
    }

    fn head(&mut self) -> io::Result<()> {
        if self.findings == 0 { self.out.write_all(b"{\"version\":1,\"findings\":[") } else { Ok(()) }
    }
}

impl Reporter for Report<'_> {
    fn finding(&mut self, located: &Located, _: &dyn Sources) -> io::Result<()> {
        self.head()?;
        self.out.write_all(if self.findings == 0 { b"\n" } else { b",\n" })?;
        self.findings += 1;
        serde_json::to_writer(&mut self.out, &finding(located))?;
        Ok(())
    }

    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()> {
        self.head()?;
        let skipped: Vec<Json> = tail.skipped.iter().map(|skipped| json!({"file": &*skipped.file, "reason": skipped.reason})).collect();
        let errors: Vec<Json> = tail.errors.iter().map(failure).collect();
        let s = tail.summary;
        let summary = json!({"files": s.files, "objects": s.objects, "errors": s.errors, "warnings": s.warnings, "infos": s.infos, "suppressed": s.suppressed});
        let close = if self.findings == 0 { "" } else { "\n" };
        writeln!(self.out, "{close}],\n\"skipped\":{},\n\"errors\":{},\n\"summary\":{summary}}}", Json::from(skipped), Json::from(errors))?;
        self.out.flush()
    }
}

fn failure(failure: &crate::input::Failure) -> Json {
    let mut map = Map::new();
    map.insert("file".into(), json!(&*failure.file));
    map.insert("message".into(), json!(failure.message));
    if let Some(at) = failure.at {
        map.insert("location".into(), json!({"file": &*failure.file, "start": position(at), "end": position(at)}));
    }
    Json::Object(map)
}

/// One entry of `findings`.
pub fn finding(located: &Located) -> Json {
    let finding = &located.finding;
    let mut map = Map::new();
    let mut put = |key: &str, value: Json| map.insert(key.to_owned(), value);
    put("rule", json!(&*finding.rule));
    put("severity", json!(finding.severity.as_str()));
    put("message", json!(finding.message));
    put("object", identity(&finding.object));
    if let Some(container) = &finding.container {
        put("container", json!(&**container));
    }
    put("path", path(&finding.path));
    if let Some(within) = finding.within {
        put("within", json!({"start": within.start, "end": within.end}));
    }
    put("location", location(&located.location));
    let related = finding.related.iter().zip(&located.related).map(|(related, at)| {
        let object = related.place.object.as_ref().unwrap_or(&finding.object);
        json!({"message": related.message, "object": identity(object), "path": path(&related.place.path), "location": at.as_ref().map(location)})
    });
    put("related", related.collect());
    if let Some(found) = &finding.fix {
        put("fix", fix(found));
    }
    put("fingerprint", json!(located.fingerprint));
    if let Some(suppressed) = &located.suppressed {
        put("suppressed", json!({"by": suppressed.by, "reason": suppressed.reason}));
    }
    Json::Object(map)
}

/// A location: file, perhaps the chart's template, start and end.
pub fn location(location: &Location) -> Json {
    let mut map = Map::new();
    map.insert("file".into(), json!(&*location.file));
    if let Some(source) = &location.source {
        map.insert("source".into(), json!(&**source));
    }
    map.insert("start".into(), position(location.span.start));
    map.insert("end".into(), position(location.span.end));
    Json::Object(map)
}

fn position(at: Position) -> Json {
    json!({"line": at.line, "column": at.column, "offset": at.offset})
}

fn identity(object: &Identity) -> Json {
    json!({"apiVersion": &*object.api_version, "kind": &*object.kind, "namespace": object.namespace.as_deref(), "name": &*object.name})
}

fn path(path: &Path) -> Json {
    let step = |step: &Step| match step {
        Step::Key(key) => json!(&**key),
        Step::Index(index) => json!(index),
    };
    path.steps().iter().map(step).collect()
}

fn plain(value: &Value) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}

fn fix(fix: &Fix) -> Json {
    let safety = match fix.safety {
        crate::finding::FixSafety::Safe => "safe",
        crate::finding::FixSafety::Unsafe => "unsafe",
    };
    let edits: Vec<Json> = fix.edits.iter().map(edit).collect();
    json!({"title": fix.title, "safety": safety, "edits": edits, "creates": fix.creates.iter().map(plain).collect::<Vec<_>>()})
}

fn edit(edit: &Edit) -> Json {
    let op = |op: &PatchOp| match op {
        PatchOp::Add(path, value) => json!({"op": "add", "path": path.to_pointer(), "value": plain(value)}),
        PatchOp::Replace(path, value) => json!({"op": "replace", "path": path.to_pointer(), "value": plain(value)}),
        PatchOp::Remove(path) => json!({"op": "remove", "path": path.to_pointer()}),
        PatchOp::Test(path, value) => json!({"op": "test", "path": path.to_pointer(), "value": plain(value)}),
    };
    json!({"object": edit.object.as_ref().map(identity), "ops": edit.ops.iter().map(op).collect::<Vec<_>>()})
}
