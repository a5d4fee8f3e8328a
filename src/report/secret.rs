//! What of an object nobody may see in a report: the values of Secrets, variables and keys that are named like a secret, passwords among
//! arguments and in the configuration of caches, and those in URLs. Said once, for excerpts, diffs and documents alike. Goes by names
//! and forms: it cannot know a secret that looks like anything else.

use std::ops::Range;

use crate::finding::{Fix, PatchOp};
use crate::place::{Path, Step, Within};
use crate::value::{Lookup, Value, array, object};
use crate::yaml::{Document, Text};

/// What stands for a value that nobody may see.
pub const REDACTED: &str = "<redacted>";

/// The copy of itself that `kubectl apply` leaves in an object.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Words behind which a password stands: arguments and directives of Redis and its kin, and what clients call it.
const FLAGS: [&str; 8] =
    ["requirepass", "masterauth", "primaryauth", "masterpass", "pass", "password", "tls-key-file-pass", "tls-client-key-file-pass"];

/// How names of variables and keys end that hold secrets, behind a separator or as the whole name.
const NAMES: [&str; 12] = [
    "pass",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "access_key",
    "private_key",
    "credential",
    "credentials",
];

/// A value, or a part of one, to hide.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hidden {
    path: Path,
    /// `None`: all of it.
    within: Option<Within>,
}

/// Where in a text the secrets of an object are, as ranges of bytes. `inside` is the way to the object in its document.
pub fn ranges(document: &Document, text: &Text, inside: &Path, value: &Value) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    walk(value, &Frame::ROOT, &mut found);
    let range = |hidden: &Hidden| {
        let path: Path = inside.steps().iter().chain(hidden.path.steps()).cloned().collect();
        let whole = document.node(text, &path)?.value;
        let whole = whole.start.offset..whole.end.offset;
        let Some(within) = hidden.within else { return Some(whole) };
        // Where the text cannot be followed, all of it is hidden.
        let span = document.locate(text, &path, Some(within));
        let shown = text.as_str().get(span.start.offset..span.end.offset).unwrap_or_default();
        let meant =
            value.at_path(hidden.path.steps()).text().unwrap_or_default().chars().skip(within.start).take(within.end - within.start);
        Some(if shown.chars().eq(meant) { span.start.offset..span.end.offset } else { whole })
    };
    found.iter().filter_map(range).collect()
}

/// The value with every secret replaced.
pub fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(_) => object(value.entries().map(|(key, child)| {
            let child = if hides_entry(value, key, child) { hidden(child) } else { redacted(child) };
            (key, child)
        })),
        Value::Array(_) => {
            let items = value.items();
            array(items.iter().enumerate().map(|(nth, item)| if hides_item(items, nth) { hidden(item) } else { redacted(item) }))
        }
        Value::String(text) => {
            let parts = parts(text);
            if parts.is_empty() { value.clone() } else { Value::from(without(text, &parts).as_str()) }
        }
        _ => value.clone(),
    }
}

/// Is there anything to hide in it?
pub fn has_secret(value: &Value) -> bool {
    let mut found = Vec::new();
    walk(value, &Frame::ROOT, &mut found);
    !found.is_empty()
}

/// Does a fix copy something that has to be hidden?
pub fn in_fix(fix: &Fix) -> bool {
    let has = |op: &PatchOp| match op {
        PatchOp::Add(_, value) | PatchOp::Replace(_, value) | PatchOp::Test(_, value) => has_secret(value),
        PatchOp::Remove(_) => false,
    };
    fix.edits.iter().flat_map(|edit| &edit.ops).any(has) || fix.creates.iter().any(has_secret)
}

fn hidden(value: &Value) -> Value {
    match value {
        Value::Object(_) => object(value.entries().map(|(key, child)| (key, hidden(child)))),
        Value::Null | Value::Undefined => value.clone(),
        _ => Value::from(REDACTED),
    }
}

fn without(text: &str, parts: &[Within]) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    let mut chars = text.chars();
    for part in parts {
        out.extend(chars.by_ref().take(part.start - at));
        out.push_str(REDACTED);
        chars.by_ref().take(part.end - part.start).for_each(drop);
        at = part.end;
    }
    out.extend(chars);
    out
}

/// The way to a value, innermost last; steps are made only for what is found.
struct Frame<'a> {
    outer: Option<&'a Self>,
    key: &'a str,
    index: usize,
}

impl Frame<'_> {
    const ROOT: Frame<'static> = Frame { outer: None, key: "", index: 0 };

    fn path(&self) -> Path {
        let mut steps = Vec::new();
        let mut at = self;
        while let Some(outer) = at.outer {
            steps.push(if at.index == usize::MAX { Step::from(at.key) } else { Step::from(at.index) });
            at = outer;
        }
        steps.into_iter().rev().collect()
    }
}

fn walk(value: &Value, frame: &Frame<'_>, found: &mut Vec<Hidden>) {
    match value {
        Value::Object(_) => {
            for (key, child) in value.entries() {
                let here = Frame { outer: Some(frame), key, index: usize::MAX };
                if hides_entry(value, key, child) { leaves(child, &here, found) } else { walk(child, &here, found) }
            }
        }
        Value::Array(_) => {
            let items = value.items();
            for (index, item) in items.iter().enumerate() {
                let here = Frame { outer: Some(frame), key: "", index };
                if hides_item(items, index) { leaves(item, &here, found) } else { walk(item, &here, found) }
            }
        }
        Value::String(text) => {
            found.extend(parts(text).into_iter().map(|within| Hidden { path: frame.path(), within: Some(within) }));
        }
        _ => {}
    }
}

/// Every value below a place.
fn leaves(value: &Value, frame: &Frame<'_>, found: &mut Vec<Hidden>) {
    match value {
        Value::Object(_) if value.entries().next().is_some() => {
            value.entries().for_each(|(key, child)| leaves(child, &Frame { outer: Some(frame), key, index: usize::MAX }, found));
        }
        Value::Null | Value::Undefined => {}
        _ => found.push(Hidden { path: frame.path(), within: None }),
    }
}

/// Is a value of a mapping a secret, by its key and its neighbours?
fn hides_entry(map: &Value, key: &str, value: &Value) -> bool {
    let of_secret = || map.at("kind").text() == Some("Secret") && map.at("apiVersion").text() == Some("v1");
    match (key, value) {
        ("data" | "stringData", _) => of_secret(),
        (APPLIED, _) => true,
        ("value", Value::String(text)) if map.at("name").text().is_some_and(is_secret_name) => !is_harmless(text),
        (_, Value::String(text)) => is_secret_name(key) && !is_harmless(text),
        _ => false,
    }
}

/// Is an item of a list a secret, by the item before it (`[--requirepass, hunter2]`)?
fn hides_item(items: &[Value], index: usize) -> bool {
    let Some(text) = items.get(index).and_then(Value::text) else { return false };
    let before = index.checked_sub(1).and_then(|before| items.get(before)).and_then(Value::text);
    if before.is_some_and(is_flag) {
        return !is_harmless(text) && !text.starts_with("--");
    }
    text.len() > 1 && text.starts_with('>') && items.iter().take(index).any(|item| matches!(item.text(), Some("--user" | "user")))
}

fn is_flag(word: &str) -> bool {
    let name = word.trim_start_matches('-').to_ascii_lowercase();
    FLAGS.contains(&name.as_str()) && (word.starts_with('-') || !matches!(&*name, "pass" | "password"))
}

/// Is it called like something that holds a secret: `REDIS_PASSWORD`, `api-key`, `token`?
fn is_secret_name(name: &str) -> bool {
    if name.len() < 4 || name.len() > 128 {
        return false;
    }
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    name.ends_with("password")
        || NAMES.iter().any(|end| name.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('_')))
}

/// A value that is no secret: a switch, a number, a path, or a reference to what is elsewhere.
fn is_harmless(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || matches!(text.to_ascii_lowercase().as_str(), "yes" | "no" | "true" | "false" | "on" | "off" | "none" | "null")
        || text.chars().all(|c| c.is_ascii_digit()) && text.len() < 4
        || text.starts_with(['/', '$', '<'])
        || text.contains("{{")
}

/// The secret parts of a text, in order: behind the names of directives and arguments, in assignments and in URLs.
fn parts(text: &str) -> Vec<Within> {
    const MARKS: [&str; 9] = ["-cli", "pass", "auth", "://", "PASS", "TOKEN", "SECRET", "KEY", "user "];
    let mut found = Vec::new();
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return found;
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim_start().starts_with('#') && MARKS.iter().any(|mark| line.contains(mark)) {
            line_parts(line, at, &mut found);
        }
        at += line.chars().count();
    }
    found
}

fn line_parts(line: &str, at: usize, found: &mut Vec<Within>) {
    let words = words(line);
    let acl = words.iter().any(|(_, word)| *word == "--user") || words.first().is_some_and(|(_, word)| *word == "user");
    let client = words.iter().any(|(_, word)| word.ends_with("redis-cli") || word.ends_with("valkey-cli"));
    for (nth, (start, word)) in words.iter().enumerate() {
        let mut hide = |from: usize, text: &str| {
            if !text.is_empty() && !is_harmless(text) {
                found.push(Within { start: at + from, end: at + from + text.chars().count() });
            }
        };
        let before = |back: usize| nth.checked_sub(back).and_then(|nth| words.get(nth)).map_or("", |(_, word)| *word);
        let chars = |text: &str| text.chars().count();
        if is_flag(before(1)) || client && before(1) == "-a" || before(2) == "auth-pass" {
            if !word.starts_with("--") {
                hide(*start, word);
            }
        } else if let Some(password) = word.strip_prefix('>').filter(|_| acl) {
            hide(start + 1, password);
        } else if let Some((name, value)) = word.split_once('=').filter(|(name, _)| is_flag(name) || is_secret_name(name)) {
            let value = value.trim_matches(['"', '\'']);
            let quoted = usize::from(word.get(name.len() + 1..).is_some_and(|rest| rest.starts_with(['"', '\''])));
            hide(start + chars(name) + 1 + quoted, value);
        } else if let Some((from, password)) = in_url(word) {
            hide(start + from, password);
        }
    }
}

/// `redis://user:password@host`: where the password begins, in characters, and the password.
fn in_url(word: &str) -> Option<(usize, &str)> {
    let (scheme, rest) = word.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, password) = host.rsplit_once('@')?.0.split_once(':')?;
    Some((scheme.chars().count() + 3 + user.chars().count() + 1, password))
}

/// The words of a line without quotes and brackets around them, each with its first character.
fn words(line: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let (mut start, mut begin, mut count) = (0, None, 0);
    let around = ['"', '\'', ',', '[', ']', ';', '(', ')', '`'];
    for (offset, c) in line.char_indices().chain([(line.len(), ' ')]) {
        if c.is_whitespace() {
            if let Some(from) = begin.take()
                && let Some(word) = line.get(from..offset)
            {
                let inner = word.trim_start_matches(around);
                let skipped = word.chars().count() - inner.chars().count();
                words.push((start + skipped, inner.trim_end_matches(around)));
            }
        } else if begin.is_none() {
            (begin, start) = (Some(offset), count);
        }
        count += 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Limits, read};

    /// The text as excerpts may show it.
    fn shown(text: &str) -> String {
        let stream = read(text.as_bytes(), &Limits::default());
        let document = &stream.documents[0];
        let mut secret = ranges(document, &stream.text, &Path::root(), &document.value);
        secret.sort_by_key(|range| range.start);
        super::super::SourceText { text: stream.text, secret }.redacted()
    }

    #[test]
    fn what_nobody_may_see_is_replaced_and_nothing_else() {
        for (text, wanted) in [
            ("apiVersion: v1\nkind: Secret\ndata: {a: aHVudGVy}\n", "apiVersion: v1\nkind: Secret\ndata: {a: <redacted>}\n"),
            ("kind: ConfigMap\ndata: {a: aHVudGVy}\n", "kind: ConfigMap\ndata: {a: aHVudGVy}\n"),
            ("env:\n- name: REDIS_PASSWORD\n  value: hunter2\n", "env:\n- name: REDIS_PASSWORD\n  value: <redacted>\n"),
            ("env:\n- name: REDIS_PASSWORD_FILE\n  value: hunter2\n", "env:\n- name: REDIS_PASSWORD_FILE\n  value: hunter2\n"),
            ("env:\n- name: ALLOW_PASSWORD\n  value: 'yes'\n", "env:\n- name: ALLOW_PASSWORD\n  value: 'yes'\n"),
            (
                "env:\n- {name: A, value: \"redis://u:hunter2@host:6379/0\"}\n",
                "env:\n- {name: A, value: \"redis://u:<redacted>@host:6379/0\"}\n",
            ),
            ("args: [--requirepass, hunter2, --port, '1']\n", "args: [--requirepass, <redacted>, --port, '1']\n"),
            ("args: [--requirepass, $(PASSWORD), --masterauth=hunter2]\n", "args: [--requirepass, $(PASSWORD), --masterauth=<redacted>]\n"),
            ("args: [--user, app, on, '>hunter2', '~*']\n", "args: [--user, app, on, <redacted>, '~*']\n"),
            (
                "args:\n- |\n  redis-cli -a hunter2 ping\n  exec redis-server --requirepass 'hunter2'\n",
                "args:\n- |\n  redis-cli -a <redacted> ping\n  exec redis-server --requirepass '<redacted>'\n",
            ),
            (
                "data:\n  redis.conf: |\n    # requirepass foo\n    requirepass hunter2\n    user app on >hunter2 ~*\n    maxmemory 1gb\n",
                "data:\n  redis.conf: |\n    # requirepass foo\n    requirepass <redacted>\n    user app on ><redacted> ~*\n    maxmemory 1gb\n",
            ),
            ("data: {x: \"requirepass \\x68unter2\"}\n", "data: {x: <redacted>}\n"),
            ("auth:\n  password: hunter2\n  existingSecret: name\n", "auth:\n  password: <redacted>\n  existingSecret: name\n"),
            ("spec: {secretName: tls, imagePullSecrets: [{name: a}]}\n", "spec: {secretName: tls, imagePullSecrets: [{name: a}]}\n"),
        ] {
            assert_eq!(shown(text), wanted);
            let value = &read(text.as_bytes(), &Limits::default()).documents[0].value;
            assert_eq!(has_secret(value), text != wanted, "{text}");
            let left = redacted(value).to_string();
            assert!(!left.contains("hunter2") || wanted.contains("hunter2"), "{left}");
            assert_eq!(&redacted(&redacted(value)), &redacted(value));
        }
    }
}
