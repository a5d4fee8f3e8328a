//! Tests of the whole room: reading, notes and places over small texts.

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
