//! Every row of what is known of bad input, as a file in `testdata/yaml` with what must come of it beside it.
//! `KUBELINT_BLESS=1` writes the expectations anew; they are read by a person before they are committed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kubelint::yaml::{Limits, read};

fn outcome(bytes: &[u8]) -> String {
    let stream = read(bytes, &Limits::default());
    let mut out = String::new();
    for document in &stream.documents {
        let value: serde_json::Value = serde_json::from_str(&document.value.to_json_str().unwrap()).unwrap();
        writeln!(out, "lines {} to {}: {value}", document.start().line, document.end().line).unwrap();
        for note in &document.notes {
            let (start, shown) = (note.span.start, stream.text.slice(note.span));
            writeln!(out, "  {:?} at {}:{} {shown:?} ({}): {}", note.kind, start.line, start.column, note.path, note.message).unwrap();
        }
    }
    stream.errors.iter().for_each(|error| writeln!(out, "error: {error}").unwrap());
    out
}

#[test]
fn fixtures_come_out_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/yaml");
    let mut inputs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.retain(|path| path.extension().is_some_and(|extension| extension != "want"));
    inputs.sort();
    assert!(inputs.len() > 40, "the fixtures are gone");
    let mut wrong = Vec::new();
    for input in inputs {
        let (got, expected) = (outcome(&fs::read(&input).unwrap()), input.with_extension("want"));
        if std::env::var_os("KUBELINT_BLESS").is_some() {
            fs::write(&expected, &got).unwrap();
        }
        let want = fs::read_to_string(&expected).unwrap_or_default();
        if got != want {
            wrong.push(format!("{}\n--- got\n{got}--- want\n{want}", input.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
