//! Checkstyle's XML, which many review tools read. It knows files, lines and severities, and nothing of suppressions:
//! suppressed findings are left out.

use std::io::{self, Write};

use super::xml::Xml;
use super::{Located, Reporter, Sources, Tail};

pub(super) struct Checkstyle<'a> {
    xml: Xml<'a>,
    begun: bool,
    file: Option<String>,
}

impl<'a> Checkstyle<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>) -> Self {
        Self { xml: Xml::new(out), begun: false, file: None }
    }

    /// Opens the element of a file unless it is open.
    fn file(&mut self, file: &str) -> io::Result<()> {
        self.begin()?;
        if self.file.as_deref() == Some(file) {
            return Ok(());
        }
        if self.file.is_some() {
            self.xml.close("file")?;
        }
        self.file = Some(file.to_owned());
        self.xml.open("file", &[("name", file)])
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        self.xml.declare()?;
        self.xml.open("checkstyle", &[("version", "4.3")])
    }
}

impl Reporter for Checkstyle<'_> {
    fn finding(&mut self, located: &Located, _: &dyn Sources) -> io::Result<()> {
        if located.suppressed.is_some() {
            return Ok(());
        }
        let (finding, at) = (&located.finding, located.location.span.start);
        self.file(&located.location.file)?;
        let attributes = [
            ("line", at.line.max(1).to_string()),
            ("column", at.column.max(1).to_string()),
            ("severity", finding.severity.as_str().to_owned()),
            ("message", format!("{}: {}", finding.object, finding.message)),
            ("source", format!("kubelint.{}", finding.rule)),
        ];
        self.xml.empty("error", &attributes.each_ref().map(|(key, value)| (*key, value.as_str())))
    }

    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()> {
        self.begin()?;
        for failure in tail.errors {
            self.file(&failure.file)?;
            let line = failure.at.map_or(1, |at| at.line.max(1)).to_string();
            let attributes = [("line", &*line), ("severity", "error"), ("message", &failure.message), ("source", "kubelint.unread")];
            self.xml.empty("error", &attributes)?;
        }
        if self.file.is_some() {
            self.xml.close("file")?;
        }
        self.xml.close("checkstyle")?;
        self.xml.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::testing::{self, Texts, report};

    #[test]
    fn one_element_a_file() {
        let located = || testing::located("<bad> & \"worse\" ]]> \u{1b}[31m\u{0}", testing::TEXT, "{privileged: true}");
        let mut other = located();
        other.location.file = "other\n.yaml".into();
        let texts = Texts::new(testing::TEXT, None);
        insta::assert_snapshot!(report(Format::Checkstyle, &[located(), located(), other], &texts), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <checkstyle version="4.3">
          <file name="deploy/a b.yaml">
            <error line="4" column="24" severity="error" message="StatefulSet prod/store: &lt;bad&gt; &amp; &quot;worse&quot; ]]&gt; [31m" source="kubelint.privileged-container"/>
            <error line="4" column="24" severity="error" message="StatefulSet prod/store: &lt;bad&gt; &amp; &quot;worse&quot; ]]&gt; [31m" source="kubelint.privileged-container"/>
          </file>
          <file name="other .yaml">
            <error line="4" column="24" severity="error" message="StatefulSet prod/store: &lt;bad&gt; &amp; &quot;worse&quot; ]]&gt; [31m" source="kubelint.privileged-container"/>
          </file>
          <file name="broken.yaml">
            <error line="3" severity="error" message="no [value] here" source="kubelint.unread"/>
          </file>
        </checkstyle>
        "#);
        insta::assert_snapshot!(report(Format::Checkstyle, &[], &texts), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <checkstyle version="4.3">
        </checkstyle>
        "#);
    }
}
