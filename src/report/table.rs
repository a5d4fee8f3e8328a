//! What was found in numbers: a table of rules. Its text is Markdown that reads well on a terminal, too, so that it serves as
//! the summary of a CI job.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{Located, Reporter, Sources, Tail, clean};
use crate::finding::Severity;

#[derive(Default)]
struct Row {
    /// Errors, warnings, infos.
    counts: [usize; 3],
    objects: BTreeSet<String>,
    fixes: usize,
}

pub(super) struct Table<'a> {
    out: Box<dyn Write + 'a>,
    rows: BTreeMap<String, Row>,
}

impl<'a> Table<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>) -> Self {
        Self { out, rows: BTreeMap::new() }
    }

    fn line(&mut self, cells: &[String], widths: &[usize]) -> io::Result<()> {
        let mut line = String::new();
        for (nth, (cell, width)) in cells.iter().zip(widths).enumerate() {
            line.push_str(if nth == 0 { "| " } else { " | " });
            line.push_str(&if nth == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") });
        }
        writeln!(self.out, "{line} |")
    }
}

const HEAD: [&str; 6] = ["rule", "errors", "warnings", "infos", "objects", "fixable"];

impl Reporter for Table<'_> {
    fn finding(&mut self, located: &Located, _: &dyn Sources) -> io::Result<()> {
        if located.suppressed.is_some() {
            return Ok(());
        }
        let row = self.rows.entry(located.finding.rule.to_string()).or_default();
        let [errors, warnings, infos] = &mut row.counts;
        *match located.finding.severity {
            Severity::Error => errors,
            Severity::Warning => warnings,
            Severity::Info => infos,
        } += 1;
        row.objects.insert(located.finding.object.to_string());
        row.fixes += usize::from(located.finding.fix.is_some());
        Ok(())
    }

    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()> {
        let mut rows: Vec<(String, Row)> = std::mem::take(&mut self.rows).into_iter().collect();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.counts));
        let cells = |(rule, row): &(String, Row)| {
            let [errors, warnings, infos] = row.counts;
            let numbers = [errors, warnings, infos, row.objects.len(), row.fixes];
            std::iter::once(format!("`{}`", clean(rule))).chain(numbers.map(|n| n.to_string())).collect::<Vec<String>>()
        };
        let summary = &tail.summary;
        let mut lines: Vec<Vec<String>> = rows.iter().map(cells).collect();
        let fixes: usize = rows.iter().map(|(_, row)| row.fixes).sum();
        let objects = rows.iter().flat_map(|(_, row)| &row.objects).collect::<BTreeSet<_>>().len();
        let totals = [summary.errors, summary.warnings, summary.infos, objects, fixes];
        lines.push(std::iter::once("all".to_owned()).chain(totals.map(|n| n.to_string())).collect());
        let head: Vec<String> = HEAD.iter().map(|&name| name.to_owned()).collect();
        let width = |nth: usize| {
            let lengths = lines.iter().chain([&head]).filter_map(|line| line.get(nth)).map(|cell| cell.chars().count());
            lengths.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
        self.line(&head, &widths)?;
        let rule = |(nth, width): (usize, &usize)| if nth == 0 { "-".repeat(*width) } else { format!("{}:", "-".repeat(width - 1)) };
        self.line(&widths.iter().enumerate().map(rule).collect::<Vec<_>>(), &widths)?;
        lines.iter().try_for_each(|line| self.line(line, &widths))?;
        let of = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        write!(self.out, "\n{} in {}", of(summary.objects, "object"), of(summary.files, "file"))?;
        for (n, what) in [(summary.suppressed, "suppressed"), (tail.errors.len(), "unread"), (tail.skipped.len(), "skipped")] {
            if n > 0 {
                write!(self.out, ", {n} {what}")?;
            }
        }
        writeln!(self.out)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::testing::{self, Texts, report};
    use crate::finding::Severity;

    #[test]
    fn worst_rules_come_first() {
        let located = |rule: &str, severity, name: &str| {
            let mut located = testing::located("m", testing::TEXT, "true");
            (located.finding.rule, located.finding.severity, located.finding.object.name) = (rule.into(), severity, name.into());
            located
        };
        let found = [
            located("b-mild", Severity::Warning, "x"),
            located("b-mild", Severity::Warning, "y"),
            located("c-bad", Severity::Error, "x"),
            located("c-bad", Severity::Info, "x"),
        ];
        insta::assert_snapshot!(report(Format::Summary, &found, &Texts::new(testing::TEXT, None)), @r#"
        | rule     | errors | warnings | infos | objects | fixable |
        | -------- | -----: | -------: | ----: | ------: | ------: |
        | `c-bad`  |      1 |        0 |     1 |       1 |       2 |
        | `b-mild` |      0 |        2 |     0 |       2 |       2 |
        | all      |      1 |        2 |     1 |       2 |       4 |

        1 object in 1 file, 1 unread, 1 skipped
        "#);
    }
}
