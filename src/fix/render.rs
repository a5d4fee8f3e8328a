//! Values as YAML or JSON text, in the manner of the text they go into. What is written without quotes here means the
//! same to YAML 1.1 and 1.2 readers.

use crate::value::{Lookup, Value};
use crate::yaml::{Style, read_value};

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    /// `\n` or `\r\n`.
    pub(super) eol: &'static str,
    /// Spaces that a mapping below a key is indented by.
    pub(super) step: usize,
    /// Spaces that the dashes of a list below a key are indented by.
    pub(super) dash: usize,
    /// Is it JSON?
    pub(super) json: bool,
}

impl Manner {
    /// What the first lines that tell anything tell.
    pub(super) fn of(text: &str, json: bool) -> Self {
        let eol = if text.split_once('\n').is_some_and(|(line, _)| line.ends_with('\r')) { "\r\n" } else { "\n" };
        let (mut step, mut dash) = (None, None);
        let mut above: Option<(usize, bool)> = None;
        for line in text.lines().take(2_000) {
            let content = line.trim_start_matches(' ');
            let indent = line.len() - content.len();
            let content = content.trim_end();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let item = content.starts_with("- ");
            if let Some((outer, true)) = above {
                match item {
                    true if indent >= outer => dash = dash.or(Some(indent - outer)),
                    false if indent > outer => step = step.or(Some(indent - outer)),
                    _ => {}
                }
            }
            let key_indent = if item { indent + 2 } else { indent };
            above = Some((key_indent, content.ends_with(':')));
        }
        let step = step.filter(|step| *step <= 8).unwrap_or(2);
        Self { eol, step, dash: dash.filter(|dash| *dash <= 8).unwrap_or(2), json }
    }

    /// On one line; `None` where that is not how one writes it in block style: content in containers, several lines of text.
    pub(super) fn inline(self, value: &Value, flow: bool) -> Option<String> {
        if self.json {
            return json(value);
        }
        match value {
            Value::String(text) => Some(scalar(text, flow)),
            Value::Object(_) if value.entries().next().is_none() => Some("{}".to_owned()),
            Value::Array(items) if items.is_empty() => Some("[]".to_owned()),
            Value::Object(_) if flow => {
                let entries = ordered(value).into_iter().map(|(key, value)| self.flow_entry(key, value));
                Some(format!("{{{}}}", entries.collect::<Option<Vec<_>>>()?.join(", ")))
            }
            Value::Array(items) if flow => {
                Some(format!("[{}]", items.iter().map(|item| self.inline(item, true)).collect::<Option<Vec<_>>>()?.join(", ")))
            }
            Value::Object(_) | Value::Array(_) => None,
            _ => json(value),
        }
    }

    /// `key: value` between brackets.
    pub(super) fn flow_entry(self, key: &str, value: &Value) -> Option<String> {
        let key = if self.json { json(&Value::from(key))? } else { scalar(key, true) };
        Some(format!("{key}: {}", self.inline(value, true)?))
    }

    /// `key: value` in block style: lines without the indentation of the first.
    pub(super) fn entry(self, key: &str, value: &Value) -> Vec<String> {
        let key = scalar(key, true);
        if let Some((header, lines)) = value.text().and_then(literal) {
            return under(format!("{key}: {header}"), lines, self.step);
        }
        match self.inline(value, false) {
            Some(text) => vec![format!("{key}: {text}")],
            None => under(format!("{key}:"), self.lines(value), self.below(value)),
        }
    }

    /// `- value` in block style.
    pub(super) fn item(self, value: &Value) -> Vec<String> {
        if let Some((header, lines)) = value.text().and_then(literal) {
            return under(format!("- {header}"), lines, 2);
        }
        let lines = self.inline(value, false).map_or_else(|| self.lines(value), |text| vec![text]);
        let mark = |(nth, line): (usize, String)| match (nth, line.is_empty()) {
            (0, _) => format!("- {line}"),
            (_, true) => line,
            (_, false) => format!("  {line}"),
        };
        lines.into_iter().enumerate().map(mark).collect()
    }

    /// A container with content in block style.
    pub(super) fn lines(self, value: &Value) -> Vec<String> {
        match value {
            Value::Array(items) => items.iter().flat_map(|item| self.item(item)).collect(),
            _ => ordered(value).into_iter().flat_map(|(key, value)| self.entry(key, value)).collect(),
        }
    }

    /// How far the lines of a container are indented below its key.
    pub(super) const fn below(self, value: &Value) -> usize {
        if matches!(value, Value::Array(_)) { self.dash } else { self.step }
    }
}

fn under(first: String, lines: Vec<String>, by: usize) -> Vec<String> {
    let indent = " ".repeat(by);
    let lines = lines.into_iter().map(|line| if line.is_empty() { line } else { format!("{indent}{line}") });
    std::iter::once(first).chain(lines).collect()
}

/// Entries as people write them: what identifies first.
fn ordered(value: &Value) -> Vec<(&str, &Value)> {
    let rank = |key: &str| ["apiVersion", "kind", "metadata", "name"].iter().position(|first| *first == key).unwrap_or(usize::MAX);
    let mut entries: Vec<_> = value.entries().collect();
    entries.sort_by_key(|(key, _)| rank(key));
    entries
}

fn json(value: &Value) -> Option<String> {
    let text = serde_json::to_string(value).ok()?;
    Some(text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
        out
    }))
}

/// A text as a scalar on one line.
pub(super) fn scalar(text: &str, flow: bool) -> String {
    if is_plain(text, flow) { text.to_owned() } else { double(text) }
}

/// In double quotes.
pub(super) fn double(text: &str) -> String {
    json(&Value::from(text)).unwrap_or_default()
}

/// A text in the quotes that were there.
pub(super) fn like(style: Style, text: &str, flow: bool) -> String {
    match style {
        Style::Single if !text.contains(|c: char| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        Style::Single | Style::Double => double(text),
        _ => scalar(text, flow),
    }
}

/// May it stand without quotes, for every reader?
fn is_plain(text: &str, flow: bool) -> bool {
    let bytes = text.as_bytes();
    let begins = match bytes {
        [b'-', rest @ ..] => rest.iter().find(|byte| **byte != b'-').is_some_and(u8::is_ascii_alphabetic),
        [first, ..] => first.is_ascii_alphanumeric() || matches!(first, b'/' | b'_'),
        [] => false,
    };
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b" _./@%+=~^()$-:".contains(byte);
    let colons = text.contains(": ") || text.ends_with(':') || flow && text.contains(':');
    if !begins || colons || text.ends_with(' ') || text.len() > 200 || !bytes.iter().all(allowed) {
        return false;
    }
    // Numbers, dates and times of any YAML version, and the one-letter booleans that readers disagree about.
    let like_number =
        bytes.first().is_some_and(u8::is_ascii_digit) && bytes.iter().all(|byte| b"0123456789abcdefABCDEFxXoO_.:+-TtZ ".contains(byte));
    let doubtful = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].iter().any(|word| text.eq_ignore_ascii_case(word));
    !like_number && !doubtful && read_value(text).is_ok_and(|value| value.text() == Some(text))
}

/// Header and lines of a `|` scalar, for texts of several lines that can be written so.
pub(super) fn literal(text: &str) -> Option<(&'static str, Vec<String>)> {
    let (header, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    let plain = |line: &str| line.is_empty() || !line.trim().is_empty();
    let printable = |c: char| c == '\n' || c == '\t' || !(c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'));
    let fits = body.contains('\n')
        && !body.starts_with([' ', '\n', '\t'])
        && !body.ends_with('\n')
        && body.chars().all(printable)
        && body.split('\n').all(plain);
    fits.then(|| (header, body.split('\n').map(str::to_owned).collect()))
}
