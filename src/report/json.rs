//! The report as JSON (design 8.1): versioned, in a stable order, one finding a line.

use std::io::{self, Write};

use serde::Serialize;

use super::{Located, Location, Reporter, Sources, Summary, Tail, secret};
use crate::finding::{Edit, Fix, FixSafety, PatchOp, Related};
use crate::input::{Failure, Skipped};
use crate::objects::Identity;
use crate::place::{Path, Step, Within};
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

    fn section(&mut self, name: &str, content: &impl Serialize) -> io::Result<()> {
        write!(self.out, ",\n\"{name}\":")?;
        Ok(serde_json::to_writer(&mut self.out, content)?)
    }
}

impl Reporter for Report<'_> {
    fn finding(&mut self, located: &Located, _: &dyn Sources) -> io::Result<()> {
        self.head()?;
        self.out.write_all(if self.findings == 0 { b"\n" } else { b",\n" })?;
        self.findings += 1;
        Ok(serde_json::to_writer(&mut self.out, &JsonFinding::new(located))?)
    }

    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()> {
        self.head()?;
        self.out.write_all(if self.findings == 0 { b"]" } else { b"\n]" })?;
        self.section("skipped", &tail.skipped.iter().map(JsonSkipped::new).collect::<Vec<_>>())?;
        self.section("errors", &tail.errors.iter().map(JsonFailure::new).collect::<Vec<_>>())?;
        self.section("summary", &JsonSummary::new(tail.summary))?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

#[derive(Serialize)]
struct JsonSkipped<'a> {
    file: &'a str,
    reason: &'a str,
}

impl<'a> JsonSkipped<'a> {
    fn new(skipped: &'a Skipped) -> Self {
        Self { file: &skipped.file, reason: &skipped.reason }
    }
}

#[derive(Serialize)]
struct JsonFailure<'a> {
    file: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<JsonLocation<'a>>,
}

impl<'a> JsonFailure<'a> {
    fn new(failure: &'a Failure) -> Self {
        let at = |at: Position| JsonLocation { file: &failure.file, source: None, start: at.into(), end: at.into() };
        Self { file: &failure.file, message: &failure.message, location: failure.at.map(at) }
    }
}

#[derive(Serialize)]
struct JsonSummary {
    files: usize,
    objects: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
}

impl JsonSummary {
    const fn new(summary: Summary) -> Self {
        let Summary { files, objects, errors, warnings, infos, suppressed } = summary;
        Self { files, objects, errors, warnings, infos, suppressed }
    }
}

/// One entry of `findings`.
#[derive(Serialize)]
pub struct JsonFinding<'a> {
    rule: &'a str,
    severity: &'static str,
    message: &'a str,
    object: JsonObject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a str>,
    path: Vec<JsonStep<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<JsonWithin>,
    location: JsonLocation<'a>,
    related: Vec<JsonRelated<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<JsonFix<'a>>,
    fingerprint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<JsonSuppressed<'a>>,
}

impl<'a> JsonFinding<'a> {
    /// Of a finding.
    pub fn new(located: &'a Located) -> Self {
        let finding = &located.finding;
        let related = finding.related.iter().zip(&located.related);
        Self {
            rule: &finding.rule,
            severity: finding.severity.as_str(),
            message: &finding.message,
            object: (&finding.object).into(),
            container: finding.container.as_deref(),
            path: steps(&finding.path),
            within: finding.within.map(|Within { start, end }| JsonWithin { start, end }),
            location: (&located.location).into(),
            related: related.map(|(related, at)| JsonRelated::new(related, at.as_ref(), &finding.object)).collect(),
            // One that copies a secret is for `--fix`, not for a report.
            fix: finding.fix.as_ref().filter(|fix| !secret::in_fix(fix)).map(JsonFix::new),
            fingerprint: &located.fingerprint,
            suppressed: located.suppressed.as_ref().map(|s| JsonSuppressed { by: s.by, reason: &s.reason }),
        }
    }
}

#[derive(Serialize)]
struct JsonWithin {
    start: usize,
    end: usize,
}

#[derive(Serialize)]
struct JsonSuppressed<'a> {
    by: &'a str,
    reason: &'a str,
}

/// A location: file, perhaps the chart's template, start and end.
#[derive(Serialize)]
pub struct JsonLocation<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    start: JsonPosition,
    end: JsonPosition,
}

impl<'a> From<&'a Location> for JsonLocation<'a> {
    fn from(location: &'a Location) -> Self {
        let span = location.span;
        Self { file: &location.file, source: location.source.as_deref(), start: span.start.into(), end: span.end.into() }
    }
}

#[derive(Serialize)]
struct JsonPosition {
    line: usize,
    column: usize,
    offset: usize,
}

impl From<Position> for JsonPosition {
    fn from(Position { line, column, offset }: Position) -> Self {
        Self { line, column, offset }
    }
}

/// An object's identity.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JsonObject<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> From<&'a Identity> for JsonObject<'a> {
    fn from(id: &'a Identity) -> Self {
        Self { api_version: &id.api_version, kind: &id.kind, namespace: id.namespace.as_deref(), name: &id.name }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonStep<'a> {
    Key(&'a str),
    Index(usize),
}

fn steps(path: &Path) -> Vec<JsonStep<'_>> {
    let steps = path.steps().iter();
    steps
        .map(|step| match step {
            Step::Key(key) => JsonStep::Key(key),
            Step::Index(index) => JsonStep::Index(*index),
        })
        .collect()
}

#[derive(Serialize)]
struct JsonRelated<'a> {
    message: &'a str,
    object: JsonObject<'a>,
    path: Vec<JsonStep<'a>>,
    location: Option<JsonLocation<'a>>,
}

impl<'a> JsonRelated<'a> {
    fn new(related: &'a Related, at: Option<&'a Location>, judged: &'a Identity) -> Self {
        let object = related.place.object.as_ref().unwrap_or(judged);
        Self { message: &related.message, object: object.into(), path: steps(&related.place.path), location: at.map(Into::into) }
    }
}

#[derive(Serialize)]
struct JsonFix<'a> {
    title: &'a str,
    safety: &'static str,
    edits: Vec<JsonEdit<'a>>,
    creates: &'a [Value],
}

impl<'a> JsonFix<'a> {
    fn new(fix: &'a Fix) -> Self {
        let safety = match fix.safety {
            FixSafety::Safe => "safe",
            FixSafety::Unsafe => "unsafe",
        };
        Self { title: &fix.title, safety, edits: fix.edits.iter().map(JsonEdit::new).collect(), creates: &fix.creates }
    }
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    object: Option<JsonObject<'a>>,
    ops: Vec<JsonOp<'a>>,
}

#[derive(Serialize)]
struct JsonOp<'a> {
    op: &'static str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Value>,
}

impl<'a> JsonEdit<'a> {
    fn new(edit: &'a Edit) -> Self {
        let op = |op: &'a PatchOp| {
            let (op, path, value) = match op {
                PatchOp::Add(path, value) => ("add", path, Some(value)),
                PatchOp::Replace(path, value) => ("replace", path, Some(value)),
                PatchOp::Remove(path) => ("remove", path, None),
                PatchOp::Test(path, value) => ("test", path, Some(value)),
            };
            JsonOp { op, path: path.to_pointer(), value }
        };
        Self { object: edit.object.as_ref().map(Into::into), ops: edit.ops.iter().map(op).collect() }
    }
}
