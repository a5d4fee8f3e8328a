//! JUnit's XML, which every CI system reads: a suite for each file, a case for each rule and object. Errors and warnings are
//! failures, infos pass with a remark, suppressed findings are skipped cases, unread inputs are errors.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::xml::Xml;
use super::{Located, Reporter, Sources, Tail};
use crate::finding::Severity;

/// How a case ended, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Skipped,
    Remark,
    Warning,
    Error,
    Unread,
}

/// All findings of one rule about one object.
struct Case {
    outcome: Outcome,
    line: usize,
    message: String,
    text: String,
}

pub(super) struct Junit<'a> {
    xml: Xml<'a>,
    begun: bool,
    file: String,
    /// Of the file, by object and rule.
    cases: BTreeMap<(String, String), Case>,
}

impl<'a> Junit<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>) -> Self {
        Self { xml: Xml::new(out), begun: false, file: String::new(), cases: BTreeMap::new() }
    }

    fn add(&mut self, file: &str, key: (String, String), case: Case) -> io::Result<()> {
        if self.file != file {
            self.suite()?;
            file.clone_into(&mut self.file);
        }
        let Some(known) = self.cases.get_mut(&key) else {
            self.cases.insert(key, case);
            return Ok(());
        };
        if case.outcome > known.outcome {
            (known.outcome, known.message) = (case.outcome, case.message);
        }
        known.text.push('\n');
        known.text.push_str(&case.text);
        Ok(())
    }

    /// Writes the cases of the file.
    fn suite(&mut self) -> io::Result<()> {
        self.begin()?;
        let cases = std::mem::take(&mut self.cases);
        if cases.is_empty() {
            return Ok(());
        }
        let count = |wanted: &[Outcome]| cases.values().filter(|case| wanted.contains(&case.outcome)).count().to_string();
        let (tests, failures) = (cases.len().to_string(), count(&[Outcome::Warning, Outcome::Error]));
        let (errors, skipped) = (count(&[Outcome::Unread]), count(&[Outcome::Skipped]));
        let totals = [("tests", &*tests), ("failures", &failures), ("errors", &errors), ("skipped", &skipped)];
        self.xml.open("testsuite", &[&[("name", &*self.file)], &totals[..]].concat())?;
        for ((object, rule), case) in &cases {
            self.xml.open(
                "testcase",
                &[
                    ("classname", &format!("{}.{object}", self.file)),
                    ("name", rule),
                    ("file", &self.file),
                    ("line", &case.line.to_string()),
                ],
            )?;
            let said = |kind| [("message", &*case.message), ("type", kind)];
            match case.outcome {
                Outcome::Skipped => self.xml.empty("skipped", &[("message", &case.message)])?,
                Outcome::Remark => self.xml.text("system-out", &[], &case.text)?,
                Outcome::Warning => self.xml.text("failure", &said("warning"), &case.text)?,
                Outcome::Error => self.xml.text("failure", &said("error"), &case.text)?,
                Outcome::Unread => self.xml.text("error", &said("unread"), &case.text)?,
            }
            self.xml.close("testcase")?;
        }
        self.xml.close("testsuite")
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        self.xml.declare()?;
        self.xml.open("testsuites", &[("name", "kubelint")])
    }
}

impl Reporter for Junit<'_> {
    fn finding(&mut self, located: &Located, sources: &dyn Sources) -> io::Result<()> {
        let finding = &located.finding;
        let outcome = match (&located.suppressed, finding.severity) {
            (Some(_), _) => Outcome::Skipped,
            (None, Severity::Error) => Outcome::Error,
            (None, Severity::Warning) => Outcome::Warning,
            (None, Severity::Info) => Outcome::Remark,
        };
        let message = match &located.suppressed {
            Some(suppressed) => format!("suppressed by {}: {}", suppressed.by, suppressed.reason),
            None => finding.message.clone(),
        };
        let case = Case { outcome, line: located.location.span.start.line.max(1), message, text: text(located, sources) };
        self.add(&located.location.file, (finding.object.to_string(), finding.rule.to_string()), case)
    }

    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()> {
        for failure in tail.errors {
            let line = failure.at.map_or(1, |at| at.line.max(1));
            let text = format!("{}:{line}: {}", failure.file, failure.message);
            let case = Case { outcome: Outcome::Unread, line, message: failure.message.clone(), text };
            self.add(&failure.file, ("input".to_owned(), "unread".to_owned()), case)?;
        }
        self.suite()?;
        // A report without a case is an error to many readers.
        if tail.errors.is_empty() && self.file.is_empty() {
            self.xml.open("testsuite", &[("name", "kubelint"), ("tests", "1"), ("failures", "0"), ("errors", "0"), ("skipped", "0")])?;
            self.xml.empty("testcase", &[("classname", "kubelint"), ("name", "no findings")])?;
            self.xml.close("testsuite")?;
        }
        self.xml.close("testsuites")?;
        self.xml.end()
    }
}

/// What a person reads of a failed case.
fn text(located: &Located, sources: &dyn Sources) -> String {
    let (finding, at) = (&located.finding, &located.location);
    let start = at.span.start;
    let mut text = format!("{}:{}:{}: {}: {}", one(&at.file), start.line, start.column, finding.severity, one(&finding.message));
    if let Some(source) = sources.source(at.input) {
        let excerpt = source.excerpt(at.span);
        for (nth, line) in excerpt.text.lines().enumerate() {
            let _ = write!(text, "\n{:>5} | {line}", excerpt.line + nth);
        }
    }
    for (related, at) in finding.related.iter().zip(&located.related) {
        let place = at.as_ref().map(|at| format!("{}:{}: ", one(&at.file), at.span.start.line)).unwrap_or_default();
        let _ = write!(text, "\n  {place}{}", one(&related.message));
    }
    if let Some(fix) = &finding.fix {
        let _ = write!(text, "\n  fix: {}", one(&fix.title));
    }
    text
}

fn one(text: &str) -> std::borrow::Cow<'_, str> {
    super::clean(text)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, Texts, report};
    use super::super::{Format, Suppressed};
    use crate::finding::Severity;

    #[test]
    fn a_case_for_each_rule_and_object() {
        let located = |rule: &str, severity| {
            let mut located = testing::located("<bad> ]]> \u{1b}[31m\u{0}\n&", testing::TEXT, "{privileged: true}");
            (located.finding.rule, located.finding.severity) = (rule.into(), severity);
            located
        };
        let mut suppressed = located("c", Severity::Error);
        suppressed.suppressed = Some(Suppressed { by: "comment", reason: "why \"not\"".to_owned() });
        let found = [located("a", Severity::Warning), located("a", Severity::Error), located("b", Severity::Info), suppressed];
        insta::assert_snapshot!(report(Format::Junit, &found, &Texts::new(testing::TEXT, None)), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="kubelint">
          <testsuite name="deploy/a b.yaml" tests="3" failures="1" errors="0" skipped="1">
            <testcase classname="deploy/a b.yaml.StatefulSet prod/store" name="a" file="deploy/a b.yaml" line="4">
              <failure message="&lt;bad&gt; ]]&gt; [31m &amp;" type="error">deploy/a b.yaml:4:24: warning: &lt;bad&gt; ]]&gt; [31m &amp;
            4 |       securityContext: {privileged: true}
          deploy/a b.yaml:4: the other
          fix: Remove it
        deploy/a b.yaml:4:24: error: &lt;bad&gt; ]]&gt; [31m &amp;
            4 |       securityContext: {privileged: true}
          deploy/a b.yaml:4: the other
          fix: Remove it</failure>
            </testcase>
            <testcase classname="deploy/a b.yaml.StatefulSet prod/store" name="b" file="deploy/a b.yaml" line="4">
              <system-out>deploy/a b.yaml:4:24: info: &lt;bad&gt; ]]&gt; [31m &amp;
            4 |       securityContext: {privileged: true}
          deploy/a b.yaml:4: the other
          fix: Remove it</system-out>
            </testcase>
            <testcase classname="deploy/a b.yaml.StatefulSet prod/store" name="c" file="deploy/a b.yaml" line="4">
              <skipped message="suppressed by comment: why &quot;not&quot;"/>
            </testcase>
          </testsuite>
          <testsuite name="broken.yaml" tests="1" failures="0" errors="1" skipped="0">
            <testcase classname="broken.yaml.input" name="unread" file="broken.yaml" line="3">
              <error message="no [value] here" type="unread">broken.yaml:3: no [value]
        here</error>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn a_clean_run_has_a_case() {
        insta::assert_snapshot!(report(Format::Junit, &[], &Texts::new("", None)), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="kubelint">
          <testsuite name="kubelint" tests="1" failures="0" errors="0" skipped="0">
            <testcase classname="kubelint" name="no findings"/>
          </testsuite>
        </testsuites>
        "#);
    }
}
