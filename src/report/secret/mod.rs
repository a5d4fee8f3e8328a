//! What of an object nobody may see in a report: the values of Secrets, variables and keys that are named like a secret, passwords among
//! arguments and in the configuration of caches, and those in URLs. Said once, for excerpts, diffs and documents alike. Goes by names
//! and forms: it cannot know a secret that looks like anything else.

mod names;
mod words;

use std::ops::Range;

use rustc_hash::FxHashSet;

use crate::finding::{Fix, PatchOp};
use crate::place::{Path, Step, Within};
use crate::value::{Lookup, Value, array, object};
use crate::yaml::{Document, Pair, Text};
use names::{is_harmless, is_secret_name};
use words::{Tools, is_flag, parts};

/// What stands for a value that nobody may see.
pub const REDACTED: &str = "<redacted>";

/// The copy of itself that `kubectl apply` leaves in an object.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What of a Secret may be seen, and is judged like everything else.
const OF_SECRETS: [&str; 5] = ["apiVersion", "kind", "type", "immutable", "metadata"];

/// Items of a list that are looked at for the command that it calls.
const MOST_BEFORE: usize = 64;

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

/// Where in a text secrets are by what is written, whether it counts or not: values that a later key of the same name overrides,
/// and all of a Secret. Anchors and tags before a value are part of it.
pub fn written(document: &Document, text: &Text) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut all_seen, mut seen) = (FxHashSet::default(), FxHashSet::default());
    document.each_mapping(text, |pairs| {
        let has = |key: &str| pairs.iter().any(|pair| pair.key == key);
        let secret = any(pairs, "kind", |kind| kind == "Secret") && is_whole(has);
        let named = any(pairs, "name", is_secret_name);
        let mut later: FxHashSet<&str> = FxHashSet::default();
        for pair in pairs.iter().rev() {
            let overridden = !later.insert(&pair.key);
            let all = secret && !OF_SECRETS.contains(&&*pair.key);
            if all || is_secret_name(&pair.key) && pair.scalar.is_some() || named && pair.key == "value" || overridden {
                let shows = |value: &str| !all && (is_harmless(value) || is_switch(pair, value, overridden, named));
                let mut alone = FxHashSet::default();
                let seen = if all {
                    &mut all_seen
                } else if pair.scalar.is_some() {
                    &mut alone
                } else {
                    &mut seen
                };
                document.each_scalar(text, pair, seen, |range, value| {
                    if !shows(value) {
                        found.push(range)
                    }
                });
            }
        }
    });
    found
}

/// Does a key stand in a mapping with such a value?
fn any(pairs: &[Pair<'_>], key: &str, is: impl Fn(&str) -> bool) -> bool {
    pairs.iter().filter(|pair| pair.key == key).filter_map(|pair| pair.scalar.as_deref()).any(is)
}

/// A scalar that is overridden and neither named like a secret nor looks like one.
fn is_switch(pair: &Pair<'_>, value: &str, overridden: bool, named: bool) -> bool {
    overridden && pair.scalar.is_some() && !is_secret_name(&pair.key) && !(named && pair.key == "value") && parts(value).is_empty()
}

/// Does a path lead to something that nobody may see, by the keys on its way?
pub fn hides(value: &Value, path: &Path) -> bool {
    let mut at = value;
    for step in path.steps() {
        at = match step {
            Step::Index(index) => at.items().get(*index).unwrap_or(&Value::Undefined),
            Step::Key(key) => {
                let named = &**key == "value" && at.at("name").text().is_some_and(is_secret_name);
                if named || is_secret_name(key) || &**key == APPLIED || is_secret(at) && !OF_SECRETS.contains(&&**key) {
                    return true;
                }
                at.at(key)
            }
        };
    }
    false
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
    match (key, value) {
        _ if is_secret(map) && !OF_SECRETS.contains(&key) => true,
        (APPLIED, _) => true,
        ("value", Value::String(text)) if map.at("name").text().is_some_and(is_secret_name) => !is_harmless(text),
        (_, Value::String(text)) => is_secret_name(key) && !is_harmless(text),
        (_, Value::Number(_)) => is_secret_name(key) && !is_harmless(&value.to_string()),
        _ => false,
    }
}

/// Is a mapping a Secret, and not a reference to one?
fn is_secret(map: &Value) -> bool {
    map.at("kind").text() == Some("Secret") && is_whole(|key| !matches!(map.at(key), Value::Undefined))
}

/// Has a mapping the keys of an object and not those of a reference?
fn is_whole(has: impl Fn(&str) -> bool) -> bool {
    ["metadata", "data", "stringData"].iter().any(|key| has(key)) || has("apiVersion") && !has("name")
}

/// Is an item of a list a secret, by the item before it (`[--requirepass, hunter2]`)?
fn hides_item(items: &[Value], index: usize) -> bool {
    let Some(text) = items.get(index).and_then(Value::text) else { return false };
    let before = index.checked_sub(1).and_then(|before| items.get(before)).and_then(Value::text);
    if before.is_some_and(is_flag) {
        return !is_harmless(text) && !text.starts_with("--");
    }
    if before.is_some_and(words::is_short) || words::is_short(text) {
        let tools = items.iter().take(index.min(MOST_BEFORE)).filter_map(Value::text).fold(Tools::default(), Tools::with);
        return tools.hides(before.unwrap_or_default(), text).is_some();
    }
    text.len() > 1 && text.starts_with('>') && items.iter().take(index).any(|item| matches!(item.text(), Some("--user" | "user")))
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
        secret.extend(written(document, &stream.text));
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
            ("args: [redis-cli, -a, hunter2, ping]\n", "args: [redis-cli, -a, <redacted>, ping]\n"),
            ("args: [redis-cli, -ahunter2, ping]\n", "args: [redis-cli, <redacted>, ping]\n"),
            ("args: [mysqladmin, -phunter2, ping]\n", "args: [mysqladmin, <redacted>, ping]\n"),
            ("args: [mongosh, -p, hunter2]\n", "args: [mongosh, -p, <redacted>]\n"),
            ("args: [mkdir, -p, hunter2]\n", "args: [mkdir, -p, hunter2]\n"),
            ("args: [--token=hunter2, --api-key, hunter2, -v]\n", "args: [--token=<redacted>, --api-key, <redacted>, -v]\n"),
            ("args: [curl, -u, 'u:hunter2', x]\n", "args: [curl, -u, <redacted>, x]\n"),
            ("args: [sh, -c, 'curl -u u:hunter2 x']\n", "args: [sh, -c, 'curl -u u:<redacted> x']\n"),
            ("args: [sh, -c, 'REDISCLI_AUTH=hunter2 redis-cli ping']\n", "args: [sh, -c, 'REDISCLI_AUTH=<redacted> redis-cli ping']\n"),
            ("args: [curl, -H, 'Authorization: Bearer hunter2']\n", "args: [curl, -H, 'Authorization: Bearer <redacted>']\n"),
            ("args:\n- |\n  mysql -h x \\\n    -phunter2\n", "args:\n- |\n  mysql -h x \\\n    -p<redacted>\n"),
            ("env: [{name: MYSQL_PWD, value: $hunter2}]\n", "env: [{name: MYSQL_PWD, value: <redacted>}]\n"),
            ("spec: {password: 123456}\n", "spec: {password: <redacted>}\n"),
            (
                "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nbogus: hunter2\ntype: Opaque\n",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nbogus: <redacted>\ntype: Opaque\n",
            ),
            ("ref: {kind: Secret, name: s, apiVersion: v1}\n", "ref: {kind: Secret, name: s, apiVersion: v1}\n"),
        ] {
            assert_eq!(shown(text), wanted);
            let value = &read(text.as_bytes(), &Limits::default()).documents[0].value;
            assert_eq!(has_secret(value), text != wanted, "{text}");
            let left = redacted(value).to_string();
            assert!(!left.contains("hunter2") || wanted.contains("hunter2"), "{left}");
            assert_eq!(&redacted(&redacted(value)), &redacted(value));
        }
    }

    #[test]
    fn what_is_overridden_is_hidden_too() {
        for text in [
            "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {p: LEAK, p: second}}",
            "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"stringData\": {\"p\": \"LEAK\", \"p\": \"LEAK\"}}",
            "apiVersion: v1\nkind: Secret\nstringData:\n  p: |\n    LEAK\n    LEAK\n  p: x\n",
            "apiVersion: v1\rkind: Secret\rstringData:\r  p: LEAK\r  p: x\r",
            "apiVersion: v1\nkind: Secret\ndata: {p: LEAK}\ndata: {p: x}\n",
            "apiVersion: v1\nkind: Secret\ndata: LEAK\ndata: {p: &LEAK !LEAK x, q: *LEAK}\n",
            "apiVersion: v1\nkind: Secret\nbogus: [LEAK, {a: LEAK}]\nmetadata: {name: s}\n",
            "spec: {password: LEAK, password: x}\n",
            "spec: {password: !LEAK x}\n",
            "env: [{name: A_TOKEN, value: LEAK, value: x}]\n",
            "env: [{name: A_TOKEN, value: LEAK}]\nenv: []\n",
            "args: 'redis-cli -a LEAK'\nargs: []\n",
            "spec: {<<: {password: LEAK}, password: x}\n",
        ] {
            assert!(!shown(text).contains("LEAK"), "{}", shown(text));
        }
        assert_eq!(shown("image: redis:7\nimage: redis:8\n"), "image: redis:7\nimage: redis:8\n");
    }

    #[test]
    fn a_path_to_a_secret_is_known_by_its_keys() {
        let read = |text: &str| read(text.as_bytes(), &Limits::default()).documents[0].value.clone();
        let secret = read("{apiVersion: v1, kind: Secret, metadata: {name: s, labels: {x: 1}}, stringData: {p: 1}, bogus: 1}");
        assert!(hides(&secret, &Path::root().keys(&["stringData", "p"])) && hides(&secret, &Path::root().keys(&["bogus"])));
        assert!(!hides(&secret, &Path::root().keys(&["metadata", "labels", "x"])));
        assert!(hides(&read("{spec: {password: 1}}"), &Path::root().keys(&["spec", "password"])));
    }
}
