//! For people: the message, the lines it is about with a caret, other places that matter, and where to read more.

use std::io::{self, Write};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Located, Location, Reporter, Sources, Summary, Tail, clean};
use crate::finding::{Finding, FixSafety, Severity};

pub(super) struct Text<'a> {
    out: Box<dyn Write + 'a>,
    renderer: Renderer,
}

impl<'a> Text<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>) -> Self {
        Self { out, renderer: Renderer::styled().decor_style(DecorStyle::Ascii) }
    }
}

impl Reporter for Text<'_> {
    fn finding(&mut self, located: &Located, sources: &dyn Sources) -> io::Result<()> {
        let finding = &located.finding;
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Info => Level::INFO,
        };
        let mut group =
            level.primary_title(clean(&finding.message)).id(finding.rule.to_string()).elements(std::iter::empty::<Origin<'_>>());
        group = show(group, &located.location, AnnotationKind::Primary, label(finding), sources);
        for (related, at) in finding.related.iter().zip(&located.related) {
            match at {
                Some(at) => group = show(group, at, AnnotationKind::Context, clean(&related.message).into_owned(), sources),
                None => group = group.element(Level::NOTE.message(clean(&related.message).into_owned())),
            }
        }
        group = group.element(Level::NOTE.message(subject(finding)));
        if let Some(suppressed) = &located.suppressed {
            group = group.element(Level::NOTE.message(format!("suppressed by {}: {}", suppressed.by, clean(&suppressed.reason))));
        }
        if let Some(fix) = &finding.fix {
            let flag = if fix.safety == FixSafety::Safe { "--fix" } else { "--fix --unsafe-fixes" };
            group = group.element(Level::HELP.message(format!("{} (`{flag}`)", clean(&fix.title))));
        }
        group = group.element(Level::HELP.message(format!("`kubelint explain {}` says more", finding.rule)));
        writeln!(self.out, "{}\n", self.renderer.render(&[group]))
    }

    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()> {
        if tail.summary.files > 0 {
            writeln!(self.out, "{}", total(&tail.summary))?;
        }
        self.out.flush()
    }
}

/// Adds the lines of a place, or at least its file and line.
fn show<'a>(group: Group<'a>, at: &Location, kind: AnnotationKind, label: String, sources: &dyn Sources) -> Group<'a> {
    let mut file = clean(&at.file).into_owned();
    if let Some(source) = &at.source {
        file = format!("{file} ({})", clean(source));
    }
    let Some(source) = sources.source(at.input) else {
        return group.element(Origin::path(file).line(at.span.start.line).char_column(at.span.start.column));
    };
    let excerpt = source.excerpt(at.span);
    let mut place = excerpt.place;
    if place.is_empty() && place.end < excerpt.text.len() {
        place.end = excerpt.text.ceil_char_boundary(place.end + 1);
    }
    let annotation: Annotation<'_> = kind.span(place).label(label);
    group.element(Snippet::source(excerpt.text).line_start(excerpt.line).path(file).annotation(annotation))
}

/// What the caret points at.
fn label(finding: &Finding) -> String {
    clean(&finding.path.to_string()).into_owned()
}

fn subject(finding: &Finding) -> String {
    let object = finding.object.to_string();
    let subject = match &finding.container {
        Some(container) => format!("in {object}, container {container}"),
        None => format!("in {object}"),
    };
    clean(&subject).into_owned()
}

fn total(summary: &Summary) -> String {
    let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let found: Vec<String> = [(summary.errors, "error"), (summary.warnings, "warning"), (summary.infos, "info")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, noun)| count(n, noun))
        .collect();
    let found = if found.is_empty() { "No findings".to_owned() } else { found.join(", ") };
    let suppressed = if summary.suppressed > 0 { format!("; {} suppressed", summary.suppressed) } else { String::new() };
    format!("{found} in {} of {}{suppressed}", count(summary.objects, "object"), count(summary.files, "file"))
}
