//! Where formats that annotate files point. Rendered lines are in no file that a reviewer sees: the template that they came
//! from stands for them, and the message quotes the rendered line (design 3).

use super::{Location, Sources, clean};
use crate::finding::Finding;
use crate::yaml::Span;

/// Characters of a rendered line that are quoted.
const QUOTE: usize = 160;

/// A place in a file that is, as far as known, in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// The path as given, without a leading `./`.
    pub(super) file: String,
    /// 1-based.
    pub(super) line: usize,
    /// 1-based, at least `line`.
    pub(super) end_line: usize,
    /// 1-based first and one past the last character; `None` where only the file is meant.
    pub(super) columns: Option<(usize, usize)>,
    /// The rendered line, where the place itself does not show it.
    pub(super) quote: Option<String>,
}

impl Spot {
    /// Where to point for a location.
    pub(super) fn of(at: &Location, sources: &dyn Sources) -> Self {
        let Some(template) = sources.template(at) else { return Self::plain(&at.file, at.span) };
        let text = sources.source(at.input);
        let rendered = text.as_deref().map(|source| source.text.line(at.span.start.line)).unwrap_or_default();
        let same = template.text.as_deref().and_then(|text| only_line(text, rendered));
        if let Some(line) = same {
            let start = at.span.start.column;
            let end = if at.span.end.line == at.span.start.line { at.span.end.column } else { rendered.chars().count() + 1 };
            let columns = Some((start, end.max(start)));
            return Self { file: repository_path(&template.file), line, end_line: line, columns, quote: None };
        }
        let start = Span { start: at.span.start, end: at.span.start };
        let quote = text.map(|source| source.excerpt(start).text);
        let quote = quote.map(|line| clean(line.trim()).chars().take(QUOTE).collect::<String>()).filter(|line| !line.is_empty());
        Self { file: repository_path(&template.file), line: 1, end_line: 1, columns: None, quote }
    }

    fn plain(file: &str, span: Span) -> Self {
        let (line, end_line) = (span.start.line.max(1), span.end.line.max(span.start.line).max(1));
        let columns = Some((span.start.column.max(1), span.end.column.max(1)));
        Self { file: repository_path(file), line, end_line, columns, quote: None }
    }

    /// What annotations say: the object and the message.
    pub(super) fn message(&self, finding: &Finding) -> String {
        format!("{}: {}", clean(&finding.object.to_string()), self.quoting(&finding.message))
    }

    /// A message with the rendered line behind it, if that is not to be seen at the place.
    pub(super) fn quoting(&self, message: &str) -> String {
        let message = clean(message);
        match &self.quote {
            Some(quote) => format!("{message} (rendered: `{quote}`)"),
            None => message.into_owned(),
        }
    }
}

/// The number of the only line that is literally this one.
fn only_line(text: &str, line: &str) -> Option<usize> {
    if line.trim().is_empty() {
        return None;
    }
    let mut same = text.lines().enumerate().filter(|(_, other)| *other == line);
    let (index, _) = same.next()?;
    same.next().is_none().then_some(index + 1)
}

/// Annotations name files without `./`.
pub(super) fn repository_path(file: &str) -> String {
    let mut file = file;
    while let Some(rest) = file.strip_prefix("./") {
        file = rest.trim_start_matches('/');
    }
    file.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, Texts};
    use super::*;

    fn spot(template: Option<&str>, rendered: &str, place: &str) -> Spot {
        let texts = Texts::new(rendered, template);
        let located = testing::located("m", rendered, place);
        Spot::of(&located.location, &texts)
    }

    #[test]
    fn a_plain_file_is_pointed_at_itself() {
        let spot = spot(None, "a: 1\nb: two\n", "two");
        assert_eq!((spot.file.as_str(), spot.line, spot.columns, spot.quote), ("deploy/a b.yaml", 2, Some((4, 7)), None));
    }

    #[test]
    fn a_rendered_line_is_found_in_its_template_or_quoted() {
        let rendered = "# x\na: 1\nb: two\n";
        let same = spot(Some("{{ if x }}\nb: two\n{{ end }}"), rendered, "two");
        assert_eq!((same.file.as_str(), same.line, same.columns, &same.quote), ("chart/templates/x.yaml", 2, Some((4, 7)), &None));
        for template in ["b: {{ .Values.b }}", "b: two\nb: two\n", " b: two", ""] {
            let spot = spot(Some(template), rendered, "two");
            assert_eq!((spot.line, spot.columns, spot.quote.as_deref()), (1, None, Some("b: two")), "{template}");
            assert_eq!(spot.quoting("bad"), "bad (rendered: `b: two`)");
        }
    }

    #[test]
    fn secrets_are_not_quoted() {
        let rendered = "kind: Secret\nk: hunter2\n";
        let texts = Texts::new(rendered, Some("")).with_secret(rendered, "hunter2");
        let spot = Spot::of(&testing::located("m", rendered, "hunter2").location, &texts);
        assert_eq!(spot.quote.as_deref(), Some("k: <redacted>"));
    }

    #[test]
    fn paths_are_as_a_repository_knows_them() {
        for (given, known) in [("./a/b", "a/b"), ("a", "a"), (".//./a", "a"), ("../a", "../a"), ("/a", "/a"), ("<stdin>", "<stdin>")] {
            assert_eq!(repository_path(given), known);
        }
    }
}
