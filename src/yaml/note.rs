//! What a reader of the text would not expect of its value. Rules make findings of notes; this room only sees them.

use crate::place::Path;

use super::resolve::{Resolved, shorten};
use super::text::Span;

/// Notes kept of one document: enough to see what is wrong, too few to fill the memory.
pub(super) const MOST_NOTES: usize = 1_000;

/// What kind of surprise a note speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NoteKind {
    /// A key is set twice in one mapping; kubectl silently keeps the last.
    DuplicateKey,
    /// Plain text that YAML 1.1 reads as something else than it looks.
    AmbiguousScalar,
    /// A tag that kubectl ignores.
    UnknownTag,
    /// `%YAML`, which kubectl refuses.
    VersionDirective,
}

/// Something in the text that a reader would not expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What kind of surprise.
    pub kind: NoteKind,
    /// Where in the document's value.
    pub path: Path,
    /// Where in the text: the second key, the scalar, the tagged node, the directive.
    pub span: Span,
    /// What it is and what to do. One line.
    pub message: String,
}

/// What to say of an untagged plain scalar, `None` where text and value agree. `key` is the key that it is the value of.
pub(super) fn ambiguity(text: &str, resolved: Resolved, key: Option<&str>) -> Option<String> {
    let shown = shorten(text);
    match resolved {
        Resolved::Bool(flag) if !matches!(text.as_bytes(), [b't' | b'T' | b'f' | b'F', ..]) => {
            Some(format!("`{shown}` is the boolean {flag} in YAML 1.1, which kubectl reads: write {flag}, or quote it"))
        }
        Resolved::Int(n) => odd_integer(text, key).map(|why| format!("`{shown}` is the number {n} ({why}): write {n}, or quote it")),
        Resolved::Uint(_) => Some(format!("`{shown}` is larger than any 64-bit integer and loses digits: quote it")),
        Resolved::Float(n) => odd_float(text, n, key),
        _ => None,
    }
}

fn odd_integer(text: &str, key: Option<&str>) -> Option<&'static str> {
    let digits = text.trim_start_matches(['+', '-']);
    match digits.as_bytes() {
        _ if digits.contains('_') => Some("YAML 1.1 drops underscores"),
        [b'0', b'0'..=b'9', ..] if !is_file_mode(digits, key) => Some("a leading 0 means octal in YAML 1.1"),
        [b'0', b'b', ..] => Some("0b means binary"),
        _ => None,
    }
}

/// `defaultMode: 0644` is how the Kubernetes documentation writes file modes.
fn is_file_mode(digits: &str, key: Option<&str>) -> bool {
    let names_a_mode = |key: &str| key.to_ascii_lowercase().ends_with("mode") || key.to_ascii_lowercase().ends_with("umask");
    (3..=5).contains(&digits.len()) && key.is_some_and(names_a_mode)
}

fn odd_float(text: &str, n: f64, key: Option<&str>) -> Option<String> {
    let shown = shorten(text);
    let digits = text.trim_start_matches(['+', '-']);
    if digits.contains('_') {
        return Some(format!("`{shown}` is the number {n} (YAML 1.1 drops underscores): write {n}, or quote it"));
    }
    if digits.contains(['e', 'E']) {
        return Some(format!("`{shown}` is the number {n}: write the number in full, or quote it"));
    }
    let Some((whole, fraction)) = digits.split_once('.') else {
        let octal = digits.len() > 1 && digits.starts_with('0');
        return Some(match octal {
            true => format!("`{shown}` looks octal but is the number {n}: write {n}, or quote it"),
            false => format!("`{shown}` is larger than any 64-bit integer and loses digits: quote it"),
        });
    };
    let loses_zero = fraction.ends_with('0');
    let like_version = fraction.len() > 1 && !whole.starts_with('0') && !is_amount(key);
    let of_version = key.is_some_and(|key| ["version", "tag", "release"].iter().any(|word| key.to_ascii_lowercase().ends_with(word)));
    (loses_zero && (like_version || of_version)).then(|| format!("`{shown}` is the number {n}, its last zero is lost: quote it"))
}

fn is_amount(key: Option<&str>) -> bool {
    const AMOUNTS: [&str; 8] = ["cpu", "memory", "storage", "value", "threshold", "ratio", "weight", "percent"];
    key.is_some_and(|key| AMOUNTS.iter().any(|amount| key.to_ascii_lowercase().ends_with(amount)))
}
