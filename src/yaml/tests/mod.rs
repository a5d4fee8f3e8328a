//! Tests of the whole room: reading, notes and places over small texts.

mod hostile;
mod properties;

use super::*;
use crate::place::{Path, Within};

fn one(text: &str) -> (Text, Document) {
    let mut stream = read(text.as_bytes(), &Limits::default());
    assert_eq!(stream.errors, [], "{text:?}");
    assert_eq!(stream.documents.len(), 1, "{text:?}");
    (stream.text, stream.documents.remove(0))
}

fn value(text: &str) -> Value {
    one(text).1.value
}

fn error(text: &str) -> ReadError {
    let stream = read(text.as_bytes(), &Limits::default());
    stream.errors.into_iter().next().unwrap_or_else(|| panic!("no error in {text:?}: {:?}", stream.documents))
}

fn path(steps: &str) -> Path {
    steps.split('/').filter(|step| !step.is_empty()).map(|step| step.parse::<usize>().map_or_else(|_| step.into(), Into::into)).collect()
}

/// What the span of a path shows.
fn shown(text: &str, steps: &str) -> String {
    let (text, document) = one(text);
    text.slice(document.locate(&text, &path(steps), None)).to_owned()
}

#[test]
fn scalars_are_what_kubectl_stores() {
    let got =
        value("{a: yes, b: 017, c: 1_000, d: 0o17, e: off, f: 1e3, g: ~, h: 2001-01-01, i: '017', on: z, j: 12:30:45, k: 08, l: 1.10}");
    let want = r#"{"a":true,"b":15,"c":1000,"d":15,"e":false,"f":1000,"g":null,"h":"2001-01-01","i":"017","true":"z","j":"12:30:45","k":8,"l":1.1}"#;
    assert_eq!(got, Value::from_json_str(want).unwrap());
}

#[test]
fn merges_set_where_they_stand() {
    let got = value("a: &a {p: '1', q: '2'}\nb: {<<: *a, q: '3'}\nc: {<<: [*a, {p: '0', r: '4'}]}\nd: {q: '5', <<: *a}\n");
    let want = r#"{"a":{"p":"1","q":"2"},"b":{"p":"1","q":"3"},"c":{"p":"1","q":"2","r":"4"},"d":{"p":"1","q":"2"}}"#;
    assert_eq!(got, Value::from_json_str(want).unwrap());
}

#[test]
fn block_scalars_may_end_the_input() {
    for (text, want) in [
        ("a: |\n  x", "x"),
        ("a: |+\n  x\n\n ", "x\n\n"),
        ("a: |\n  x\n ", "x\n"),
        ("a: |\n  x\n    ", "x\n  "),
        ("a: >-\n  x\n  y", "x y"),
    ] {
        assert_eq!(value(text), crate::value::object([("a", Value::from(want))]), "{text:?}");
    }
}

#[test]
fn spans_show_what_a_person_looks_for() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: x\n      name: store\n      ports: []\n    - image: y\n";
    assert_eq!(shown(text, ""), "kind");
    assert_eq!(shown(text, "spec"), "spec");
    assert_eq!(shown(text, "spec/containers"), "containers");
    assert_eq!(shown(text, "spec/containers/0"), "store");
    assert_eq!(shown(text, "spec/containers/0/readinessProbe/httpGet"), "store");
    assert_eq!(shown(text, "spec/containers/0/image"), "x");
    assert_eq!(shown(text, "spec/containers/0/ports"), "ports");
    assert_eq!(shown(text, "spec/containers/1"), "image");
    assert_eq!(shown(text, "metadata/name"), "kind");
}

#[test]
fn characters_within_scalars_are_found() {
    let text = "a: |\n  one\n  maxmemory 6gb\nb: >\n  one\n  maxmemory 6gb\nc: 'it''s\n  maxmemory 6gb'\nd: \"\\u00e9 \\\n  maxmemory 6gb\"\ne: x maxmemory 6gb\n";
    let (text, document) = one(text);
    for key in ["a", "b", "c", "d", "e"] {
        let value = document.value_at(&path(key)).as_string().unwrap().clone();
        let start = value.split("maxmemory").next().unwrap().chars().count();
        let span = document.locate(&text, &path(key), Some(Within { start, end: start + 13 }));
        assert_eq!(text.slice(span), "maxmemory 6gb", "{key}: {value:?}");
    }
}

#[test]
fn errors_have_their_place_and_a_hint() {
    let at = |text: &str| error(text).to_string();
    assert_eq!(at("a: b\n\tc: d\n"), "line 2, column 1: a tab cannot indent: use spaces");
    assert_eq!(at("kind: \"Pod\n"), "line 1, column 7: this quote is never closed");
    assert_eq!(at("kind: [\n"), "line 1, column 7: this bracket is never closed");
    assert!(at("name: {{ .Values.name }}\n").ends_with("render it first, as with `helm template`"));
}

#[test]
fn comments_are_not_looked_for_in_scalars() {
    let text = "# head\na: b # behind\nc: \"# no\"\nd: |  # header\n  # no\n  text\n# after\ne: x#no\nf: [g, # flow\n  h]\n---\n# empty\n---\ni: 'j' #k\n";
    let stream = read(text.as_bytes(), &Limits::default());
    let got: Vec<_> = stream.comments().map(|comment| (comment.at.line, comment.at.column, comment.text, comment.alone)).collect();
    let want = [
        (1, 1, "# head", true),
        (2, 6, "# behind", false),
        (4, 7, "# header", false),
        (7, 1, "# after", true),
        (9, 8, "# flow", false),
        (12, 1, "# empty", true),
        (14, 8, "#k", false),
    ];
    assert_eq!(got, want);
    assert_eq!(read(b"{\"a\": \"x\"} ", &Limits::default()).comments().count(), 0);
}

#[test]
fn nodes_say_what_a_fix_must_know() {
    let text = "a: &x\n  b: c   # d\ne:\n  - f: g\n    h: |\n      i\n\n  -\n    j\nk: *x\nl: {<<: *x, m: [n, o]}\np:\n";
    let (text, document) = one(text);
    let node = |steps: &str| document.node(&text, &path(steps)).unwrap();
    let extent = |steps: &str| text.slice(node(steps).extent).to_owned();
    assert_eq!(extent("a"), "a: &x\n  b: c");
    assert_eq!(extent("e/0"), "- f: g\n    h: |\n      i");
    assert_eq!(extent("e/0/h"), "h: |\n      i");
    assert_eq!(extent("e/1"), "-\n    j");
    assert_eq!(extent("k"), "k: *x");
    assert_eq!(extent("l/m/1"), "o");
    assert_eq!(extent("p"), "p:");
    assert_eq!((node("a").decorated, node("a").style, node("a").parent), (true, Style::Block, Some(Style::Block)));
    assert_eq!((node("a/b").indent, node("e/0").indent, node("e/0/h").indent), (2, 2, 4));
    assert_eq!((node("a/b").shared, node("k/b").shared, node("l/b").shared), (Shared::No, Shared::Alias, Shared::Merge));
    assert_eq!((node("k").shared, node("k").style, node("l/m").shared), (Shared::No, Style::Alias, Shared::No));
    assert_eq!(node("l/m/1").parent, Some(Style::Flow));
    assert!(document.node(&text, &path("a/missing")).is_none());
}

#[test]
fn one_value_is_one_value() {
    assert_eq!(read_value("").unwrap(), Value::Null);
    assert_eq!(read_value("a: 1").unwrap(), crate::value::object([("a", Value::from(1u64))]));
    assert_eq!(read_value("a: 1\n---\nb: 2\n").unwrap_err().at.unwrap().line, 2);
    assert_eq!(read_json(b" {\"a\": [1, -2, 0.5]} ", &Limits::default()).unwrap(), Value::from_json_str(r#"{"a":[1,-2,0.5]}"#).unwrap());
    for bad in ["", "{", "[1,]", "{\"a\" 1}", "{} {}", "nul", "01", "1.", "\"\t\"", "\"\\x\"", "[1e400]", "\"x"] {
        assert!(read_json(bad.as_bytes(), &Limits::default()).is_err(), "{bad:?}");
    }
}
