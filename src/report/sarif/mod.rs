//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>) as GitHub's code scanning reads it
//! (<https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>):
//! all rules are listed, whether they found something or not, and results carry kubelint's own fingerprints.

mod results;
mod rules;
mod uri;

use std::io::{self, Write};

use serde_json::{Value as Json, json};

use super::worst::Worst;
use super::{Located, Reporter, Sources, Tail, clean};
use crate::input::Failure;
use crate::rules::Catalog;

/// Results of one run that GitHub takes.
pub(super) const RESULTS: usize = 25_000;

/// Unread inputs that are listed.
const NOTIFICATIONS: usize = 1_000;

pub(super) struct Sarif<'a> {
    out: Box<dyn Write + 'a>,
    catalog: &'a Catalog,
    /// Results as JSON: smaller than the findings, and they need no texts any more.
    results: Worst<String>,
}

impl<'a> Sarif<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>, catalog: &'a Catalog) -> Self {
        Self { out, catalog, results: Worst::new(RESULTS) }
    }
}

impl Reporter for Sarif<'_> {
    fn finding(&mut self, located: &Located, sources: &dyn Sources) -> io::Result<()> {
        let index = self.catalog.position(&located.finding.rule);
        self.results.push(located.finding.severity, results::result(located, index, sources).to_string());
        Ok(())
    }

    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()> {
        let out = &mut self.out;
        writeln!(out, "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{")?;
        writeln!(out, "\"tool\":{},", json!({ "driver": rules::driver(self.catalog) }))?;
        writeln!(out, "\"columnKind\":\"unicodeCodePoints\",")?;
        writeln!(out, "\"invocations\":[{}],", invocation(tail, self.results.dropped))?;
        out.write_all(b"\"results\":[")?;
        for (nth, result) in self.results.in_order().iter().enumerate() {
            write!(out, "{}\n{result}", if nth == 0 { "" } else { "," })?;
        }
        out.write_all(b"\n]}]}\n")?;
        out.flush()
    }
}

fn invocation(tail: &Tail<'_>, dropped: usize) -> Json {
    let mut notifications: Vec<Json> = tail.errors.iter().take(NOTIFICATIONS).map(unread).collect();
    if dropped > 0 {
        let text = format!("{dropped} findings of the least severity are left out: code scanning takes {RESULTS} results of a run");
        notifications.push(json!({ "level": "warning", "message": { "text": text } }));
    }
    json!({ "executionSuccessful": tail.errors.is_empty(), "toolExecutionNotifications": notifications })
}

fn unread(failure: &Failure) -> Json {
    let mut place = json!({ "artifactLocation": { "uri": uri::uri(&failure.file) } });
    if let (Some(at), Some(place)) = (failure.at, place.as_object_mut()) {
        place.insert("region".to_owned(), json!({ "startLine": at.line.max(1), "startColumn": at.column.max(1) }));
    }
    json!({ "level": "error", "message": { "text": results::plain(&clean(&failure.message)) }, "locations": [{ "physicalLocation": place }] })
}

#[cfg(test)]
pub(super) mod tests;
