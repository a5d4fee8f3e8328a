//! What libyaml says, in words that tell a person what to do.

use libyaml_safer::Error;

use super::{ReadError, Text};

/// A libyaml error with its place in `text`, whose bytes `from..until` were parsed. `open` is the innermost open bracket.
pub(super) fn explain(error: &Error, text: &Text, from: usize, until: usize, open: Option<usize>) -> ReadError {
    let offset = |mark: Option<libyaml_safer::Mark>| mark.map(|mark| (from + usize::try_from(mark.index).unwrap_or(until)).min(until));
    let (problem, context) = (offset(error.problem_mark()), offset(error.context_mark()));
    let at_end = problem.is_some_and(|at| text.as_str().get(at..until).is_none_or(|rest| rest.trim().is_empty()));
    let quoted = error.context() == Some("while scanning a quoted scalar");
    let place = match at_end {
        _ if quoted => context.or(problem),
        true => open.or(context).or(problem),
        false => problem.or(context),
    };
    let here = text.as_str().get(problem.unwrap_or(until)..until).and_then(|rest| rest.chars().next());
    let message = wording(error.problem(), error.context().unwrap_or_default(), here, at_end);
    ReadError { message, at: Some(text.position(place.unwrap_or(until))) }
}

fn wording(problem: &str, context: &str, here: Option<char>, at_end: bool) -> String {
    match (problem, context) {
        (_, "while scanning a quoted scalar") if problem.contains("unexpected") => "this quote is never closed".to_owned(),
        ("found character that cannot start any token", _) => match here {
            Some('\t') => "a tab cannot indent: use spaces".to_owned(),
            Some(c) => format!("a plain value cannot begin with `{c}`: quote it"),
            None => problem.to_owned(),
        },
        (_, _) if problem.contains("tab character") => "a tab cannot indent: use spaces".to_owned(),
        (_, "while parsing a flow sequence" | "while parsing a flow mapping" | "while parsing a flow node") if at_end => {
            "this bracket is never closed".to_owned()
        }
        ("mapping values are not allowed in this context", _) => {
            "a second `: ` in one value: quote the value, or check the indentation".to_owned()
        }
        ("did not find expected key", _) => "a key is expected here: check the indentation of this line and the ones before".to_owned(),
        ("could not find expected ':'", _) => "a key without `:`: check this line and its indentation".to_owned(),
        ("did not find expected '-' indicator", _) => "a list item (`- `) is expected here: check the indentation".to_owned(),
        ("block sequence entries are not allowed in this context", _) => "a list cannot begin here: put `- ` on its own line".to_owned(),
        ("did not find expected <document start>", _) => "a new document needs a line `---` before it".to_owned(),
        ("found incompatible YAML document", _) => "this YAML version is not understood: delete the %YAML line".to_owned(),
        (_, "") => problem.to_owned(),
        _ => format!("{problem} {context}"),
    }
}

/// Most unreadable manifests are templates that nobody rendered.
pub(super) fn template(mut error: ReadError, text: &Text) -> ReadError {
    let line = error.at.map_or("", |at| text.line(at.line));
    let before = error.at.map_or("", |at| text.line(at.line.saturating_sub(1)));
    if [line, before].iter().any(|line| line.contains("{{") || line.contains("{%")) {
        error.message.push_str("; this looks like an unrendered template: render it first, as with `helm template`");
    }
    error
}
