//! Files made to hurt: each ends in an error that names a limit, at a place, soon.

use super::super::{Limits, ReadError, read, read_json};

const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\n";

fn error(text: &str) -> ReadError {
    read(text.as_bytes(), &Limits::default()).errors.into_iter().next().expect("refused")
}

fn refused(text: &str, limit: &str) {
    let error = error(text);
    assert!(error.message.contains(limit), "{error}");
    assert!(error.at.is_some(), "{error}");
}

#[test]
fn depth_is_limited() {
    refused(&"[".repeat(200_000), "deeper than 512");
    refused(&"{\"a\":".repeat(50_000), "deeper than 512");
    refused(&format!("x: {}", "[".repeat(200_000)), "deeper than 512");
    refused(&(0..3_000).map(|depth| " ".repeat(depth) + "a:\n").collect::<String>(), "deeper than 512");
    refused(&("- ".repeat(100_000) + "a"), "deeper than 512");
    let chain: String = (1..600).map(|nth| format!("a{nth}: &a{nth} [*a{}]\n", nth - 1)).collect();
    refused(&format!("a0: &a0 []\n{chain}"), "through aliases");
    assert!(read_json("[".repeat(200_000).as_bytes(), &Limits::default()).is_err());
    let deepest = "[".repeat(512) + &"]".repeat(512);
    assert!(read_json(deepest.as_bytes(), &Limits::default()).is_ok());
    assert_eq!(read(format!("- {}", &deepest[1..1023]).as_bytes(), &Limits::default()).errors, []);
    assert!(error(&"? ".repeat(20_000)).at.is_some());
}

fn bomb(seed: &str) -> String {
    let level = |nth: usize| format!("a{nth}: &a{nth} [{}]\n", vec![format!("*a{}", nth - 1); 9].join(","));
    format!("{HEAD}a0: &a0 {seed}\n") + &(1..12).map(level).collect::<String>()
}

#[test]
fn aliases_are_counted_before_they_are_followed() {
    refused(&bomb("[x,x,x,x,x,x,x,x,x]"), "aliases expand");
    refused(&bomb("[[],[],[],[],[],[],[],[],[]]"), "aliases expand");
    refused(&format!("{HEAD}a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 20_000].join(",")), "aliases expand");
    let wide: String = (0..2_000).map(|nth| format!("k{nth}: 1,")).collect();
    let merges: String = (0..2_000).map(|nth| format!("b{nth}: {{<<: *a}}\n")).collect();
    refused(&format!("a: &a {{{wide}}}\n{merges}"), "expand");
    let anchors: String = (0..50_000).map(|nth| format!("k{nth}: &a{nth} v\n")).collect();
    assert_eq!(read(anchors.as_bytes(), &Limits::default()).errors, []);
}

#[test]
fn size_is_limited() {
    let small = Limits { bytes: 10, ..Limits::default() };
    assert_eq!(read(b"a: 1234567890", &small).errors.len(), 1);
    assert!(read_json(b"[1,2,3,4,5,6,7]", &small).is_err());
    let few = Limits { nodes: 5, ..Limits::default() };
    let error = read(b"a: 1\nb: 2\nc: 3\n", &few).errors.remove(0);
    assert_eq!((error.at.unwrap().line, error.message.as_str()), (3, "more than 5 nodes in one document"));
    assert_eq!(read(b"a: 1\nb: 2\n---\na: 1\nb: 2\n", &few).documents.len(), 2);
}

#[test]
fn many_documents_are_read() {
    assert_eq!(read("---\n".repeat(50_000).as_bytes(), &Limits::default()).documents.len(), 0);
    let stream = read("---\na: 1\n".repeat(20_000).as_bytes(), &Limits::default());
    assert_eq!((stream.documents.len(), stream.documents[19_999].start().line), (20_000, 39_999));
}

#[test]
fn documents_on_one_line_are_counted_once() {
    let documents = "{\"é\":1}".repeat(30_000);
    let stream = read(documents.as_bytes(), &Limits::default());
    assert_eq!((stream.documents.len(), stream.documents[29_999].start().column), (30_000, 7 * 29_999 + 1));
    refused(&"[]".repeat(200_001), "more than 200000 documents");
    refused(&"---\n[]\n".repeat(200_001), "more than 200000 documents");
}

#[test]
fn a_thousand_notes_are_enough() {
    let stream = read("a: yes\n".repeat(5_000).as_bytes(), &Limits::default());
    assert_eq!(stream.documents[0].notes.len(), super::super::note::MOST_NOTES);
}
