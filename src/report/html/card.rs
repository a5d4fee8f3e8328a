//! One finding as HTML.

use std::fmt::Write as _;

use super::super::{Excerpt, Located, Location, Sources};
use super::text;
use crate::finding::FixSafety;

/// An `article` with what the filters read in its data.
pub(super) fn card(located: &Located, sources: &dyn Sources) -> String {
    let (finding, at) = (&located.finding, &located.location);
    let (rule, severity) = (text(&finding.rule), finding.severity.as_str());
    let object = &finding.object;
    let namespace = text(object.namespace.as_deref().unwrap_or_default());
    let state = if located.suppressed.is_some() { " suppressed" } else { "" };
    let mut html = format!(
        "<article class=\"finding {severity}{state}\" data-rule=\"{rule}\" data-severity=\"{severity}\" data-namespace=\"{namespace}\" data-object=\"{}\">\n",
        text(&object.to_string())
    );
    let container = finding.container.as_deref().map(|name| format!(" <span class=\"in\">container {}</span>", text(name)));
    let _ = writeln!(
        html,
        "<header><span class=\"badge\">{severity}</span> <a class=\"rule\" href=\"#rule-{rule}\">{rule}</a>{} <span class=\"where\">{}</span></header>",
        container.unwrap_or_default(),
        place(at)
    );
    let _ = writeln!(html, "<p class=\"message\">{}</p>", text(&finding.message));
    if let Some(suppressed) = &located.suppressed {
        let _ = writeln!(html, "<p class=\"note\">Does not count: {}, {}</p>", suppressed.by, text(&suppressed.reason));
    }
    if let Some(source) = sources.source(at.input) {
        html.push_str(&snippet(&source.excerpt(at.span)));
    }
    html.push_str(&related(located, sources));
    if let Some(fix) = &finding.fix {
        let flag = if fix.safety == FixSafety::Safe { "--fix" } else { "--fix --unsafe-fixes" };
        let _ = writeln!(html, "<p class=\"fix\"><b>Fix</b> {} <code>{flag}</code></p>", text(&fix.title));
    }
    html.push_str("</article>\n");
    html
}

/// `file:line:column`.
fn place(at: &Location) -> String {
    let start = at.span.start;
    format!("<code>{}:{}:{}</code>", text(&at.file), start.line, start.column)
}

fn related(located: &Located, sources: &dyn Sources) -> String {
    let related = &located.finding.related;
    if related.is_empty() {
        return String::new();
    }
    let mut html = "<ul class=\"related\">\n".to_owned();
    for (related, at) in related.iter().zip(&located.related) {
        let _ = write!(html, "<li>{}", text(&related.message));
        if let Some(at) = at {
            let _ = write!(html, " <span class=\"where\">{}</span>", place(at));
            if let Some(source) = sources.source(at.input) {
                html.push_str(&snippet(&source.excerpt(at.span)));
            }
        }
        html.push_str("</li>\n");
    }
    html.push_str("</ul>\n");
    html
}

/// Numbered lines with the place marked.
fn snippet(excerpt: &Excerpt) -> String {
    let mut lines = Vec::new();
    let mut from = 0;
    for (nth, line) in excerpt.text.split('\n').enumerate() {
        let to = from + line.len();
        let cut = |at: usize| at.clamp(from, to) - from;
        let (start, end) = (cut(excerpt.place.start), cut(excerpt.place.end));
        let part = |from: usize, to: usize| text(line.get(from..to).unwrap_or_default());
        let (before, marked, after) = (part(0, start), part(start, end), part(end, line.len()));
        let marked = if marked.is_empty() { marked } else { format!("<mark>{marked}</mark>") };
        lines.push(format!("<span class=\"line\" data-n=\"{}\">{before}{marked}{after}</span>", excerpt.line + nth));
        from = to + 1;
    }
    format!("<pre class=\"snippet\"><code>{}</code></pre>\n", lines.join("\n"))
}
