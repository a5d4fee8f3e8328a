//! `file:line:column: severity rule message`, one line a finding: for editors and `grep`.

use std::io::{self, Write};

use super::{Located, Reporter, Sources, Tail, clean};

pub(super) struct Compact<'a> {
    out: Box<dyn Write + 'a>,
}

impl<'a> Compact<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>) -> Self {
        Self { out }
    }
}

impl Reporter for Compact<'_> {
    fn finding(&mut self, located: &Located, _: &dyn Sources) -> io::Result<()> {
        let (finding, at) = (&located.finding, located.location.span.start);
        let mark = if located.suppressed.is_some() { " (suppressed)" } else { "" };
        writeln!(
            self.out,
            "{}:{}:{}: {} {} {}{mark}",
            clean(&located.location.file),
            at.line,
            at.column,
            finding.severity,
            finding.rule,
            clean(&finding.message)
        )
    }

    fn end(&mut self, _: &Tail<'_>) -> io::Result<()> {
        self.out.flush()
    }
}
