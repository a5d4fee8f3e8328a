//! Workflow commands that GitHub Actions turns into annotations
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>). A step shows ten of each
//! severity, so that errors come first. Suppressed findings are left out: an annotation cannot say that it does not count.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::spot::Spot;
use super::worst::Worst;
use super::{Located, Reporter, Sources, Tail, clean};
use crate::finding::Severity;

/// Annotations of one run. A step shows thirty; the rest is for those who read the log.
const LIMIT: usize = 10_000;

pub(super) struct Github<'a> {
    out: Box<dyn Write + 'a>,
    lines: Worst<String>,
}

impl<'a> Github<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>) -> Self {
        Self { out, lines: Worst::new(LIMIT) }
    }
}

impl Reporter for Github<'_> {
    fn finding(&mut self, located: &Located, sources: &dyn Sources) -> io::Result<()> {
        if located.suppressed.is_none() {
            self.lines.push(located.finding.severity, line(located, sources));
        }
        Ok(())
    }

    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()> {
        for failure in tail.errors {
            let place = failure.at.map(|at| format!(",line={},col={}", at.line, at.column)).unwrap_or_default();
            writeln!(self.out, "::error {}{place},title=unread::{}", file(&failure.file), data(&clean(&failure.message)))?;
        }
        for line in self.lines.worst_first() {
            writeln!(self.out, "{line}")?;
        }
        if self.lines.dropped > 0 {
            writeln!(self.out, "::notice title=kubelint::{} more findings are not shown", self.lines.dropped)?;
        }
        self.out.flush()
    }
}

fn line(located: &Located, sources: &dyn Sources) -> String {
    let finding = &located.finding;
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let spot = Spot::of(&located.location, sources);
    let mut line = format!("::{command} {},line={},endLine={}", file(&spot.file), spot.line, spot.end_line);
    // Columns of a place of several lines are refused.
    if let Some((start, end)) = spot.columns.filter(|_| spot.line == spot.end_line) {
        let _ = write!(line, ",col={start},endColumn={end}");
    }
    let message = spot.message(finding);
    let _ = write!(line, ",title={}::{}", property(&finding.rule), data(&message));
    line
}

/// The property `file`. A stream has none that could be annotated; its name still helps in the log.
fn file(file: &str) -> String {
    format!("file={}", property(file))
}

/// A message: percent signs and line breaks are escaped; what else moves a cursor goes.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    let parts = |line: &str| line.split('\r').map(clean).collect::<Vec<_>>().join("%0D");
    text.split('\n').map(parts).collect::<Vec<_>>().join("%0A")
}

/// A property's value: colons and commas, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, Texts, report};
    use super::super::{Format, Located};
    use crate::finding::Severity;

    #[test]
    fn errors_come_first_and_properties_are_escaped() {
        let located = |severity, file: &str| {
            let mut located: Located = testing::located("100% bad,\r\n::error::x", testing::TEXT, "{privileged: true}");
            located.finding.severity = severity;
            located.location.file = file.into();
            located
        };
        let found = [located(Severity::Info, "a"), located(Severity::Error, "./a b%,:[x].yaml")];
        insta::assert_snapshot!(report(Format::Github, &found, &Texts::new(testing::TEXT, None)), @r#"
        ::error file=broken.yaml,line=3,col=7,title=unread::no [value] here
        ::error file=a b%25%2C%3A[x].yaml,line=4,endLine=4,col=24,endColumn=42,title=privileged-container::StatefulSet prod/store: 100%25 bad, ::error::x
        ::notice file=a,line=4,endLine=4,col=24,endColumn=42,title=privileged-container::StatefulSet prod/store: 100%25 bad, ::error::x
        "#);
    }

    #[test]
    fn rendered_lines_are_quoted_at_their_template() {
        let found = [testing::located("bad", testing::TEXT, "true")];
        insta::assert_snapshot!(report(Format::Github, &found, &Texts::new(testing::TEXT, Some("{{ x }}"))), @r#"
        ::error file=broken.yaml,line=3,col=7,title=unread::no [value] here
        ::error file=chart/templates/x.yaml,line=1,endLine=1,title=privileged-container::StatefulSet prod/store: bad (rendered: `securityContext: {privileged: true}`)
        "#);
    }
}
