//! GitLab's Code Quality report: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>. Findings with
//! one fingerprint are shown once, so that it must tell them apart. Suppressed findings are left out: nothing can say so.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::spot::{Spot, repository_path};
use super::{Located, Reporter, Sources, Tail, clean};
use crate::finding::Severity;

pub(super) struct Gitlab<'a> {
    out: Box<dyn Write + 'a>,
    written: usize,
}

impl<'a> Gitlab<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>) -> Self {
        Self { out, written: 0 }
    }

    fn row(&mut self, row: &Row<'_>) -> io::Result<()> {
        self.out.write_all(if self.written == 0 { b"[\n" } else { b",\n" })?;
        self.written += 1;
        Ok(serde_json::to_writer(&mut self.out, row)?)
    }
}

impl Reporter for Gitlab<'_> {
    fn finding(&mut self, located: &Located, sources: &dyn Sources) -> io::Result<()> {
        if located.suppressed.is_some() {
            return Ok(());
        }
        let finding = &located.finding;
        let spot = Spot::of(&located.location, sources);
        let description = spot.message(finding);
        let severity = match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Info => "info",
        };
        let location = Place { path: &spot.file, lines: Lines { begin: spot.line, end: spot.end_line } };
        self.row(&Row { description: &description, check_name: &finding.rule, fingerprint: &located.fingerprint, severity, location })
    }

    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()> {
        for failure in tail.errors {
            let line = failure.at.map_or(1, |at| at.line.max(1));
            let fingerprint = Sha256::digest(format!("unread\n{}\n{}", failure.file, failure.message));
            let fingerprint = data_encoding::HEXLOWER.encode(&fingerprint);
            let (path, description) = (repository_path(&failure.file), clean(&failure.message));
            let location = Place { path: &path, lines: Lines { begin: line, end: line } };
            self.row(&Row { description: &description, check_name: "unread", fingerprint: &fingerprint, severity: "blocker", location })?;
        }
        self.out.write_all(if self.written == 0 { b"[]\n" } else { b"\n]\n" })?;
        self.out.flush()
    }
}

#[derive(Serialize)]
struct Row<'a> {
    description: &'a str,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Place<'a>,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::testing::{self, Texts, report};

    #[test]
    fn one_object_a_finding() {
        let found = [testing::located("bad \u{1b}[31m\"x\"", testing::TEXT, "{privileged: true}")];
        insta::assert_snapshot!(report(Format::Gitlab, &found, &Texts::new(testing::TEXT, None)), @r#"
        [
        {"description":"StatefulSet prod/store: bad [31m\"x\"","check_name":"privileged-container","fingerprint":"f00d","severity":"critical","location":{"path":"deploy/a b.yaml","lines":{"begin":4,"end":4}}},
        {"description":"no [value] here","check_name":"unread","fingerprint":"408814d60bd0ef7954bc3d5428f9073ccb1d0ba3d82be2ee66d37aeb9fd6aaed","severity":"blocker","location":{"path":"broken.yaml","lines":{"begin":3,"end":3}}}
        ]
        "#);
        assert_eq!(report(Format::Gitlab, &[], &Texts::new("", None)), "[]\n");
    }
}
