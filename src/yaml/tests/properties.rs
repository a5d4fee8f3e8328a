//! What must hold of every text.

use proptest::prelude::*;

use super::super::{Document, Limits, Position, Style, Text, read, read_json, read_value, scalar};
use crate::place::{Path, Step, Within};
use crate::value::{Lookup, Value};

/// Documents of all styles, with text that needs quoting, folding and escaping.
fn document() -> impl Strategy<Value = String> {
    let word = prop_oneof!["[a-z]{1,6}", "[ -~]{0,12}", "[a-z é🚀:#'\"\\\\]{0,12}", Just("it's a\n\nlong \n text".to_owned())];
    let leaf = word.prop_flat_map(|word| {
        let plain: String = word.chars().filter(|c| c.is_ascii_lowercase()).collect();
        let lines = word.replace('\n', "\n        ");
        prop_oneof![
            Just(format!("x{plain}")),
            Just(format!("'{}'", word.replace('\'', "''"))),
            Just(serde_json::to_string(&word).unwrap()),
            Just(format!("|\n        x{lines}\n")),
            Just(format!(">-\n        x{lines}\n\n         y\n")),
        ]
    });
    prop::collection::vec((leaf, any::<bool>()), 1..6).prop_map(|leaves| {
        let entry = |(nth, (leaf, nested)): (usize, (String, bool))| match nested {
            true => format!("k{nth}:\n  - name: n{nth}\n    'v': {leaf}\n"),
            false => format!("k{nth}: {leaf}\n"),
        };
        leaves.into_iter().enumerate().map(entry).collect::<String>().replace("\n\n\n", "\n\n")
    })
}

/// The paths of all scalars.
fn scalars(value: &Value) -> Vec<(Path, Value)> {
    let mut open = vec![(Path::root(), value.clone())];
    let mut found = Vec::new();
    while let Some((path, value)) = open.pop() {
        match &value {
            Value::Array(items) => open.extend(items.iter().enumerate().map(|(nth, item)| (path.child(nth), item.clone()))),
            Value::Object(_) => open.extend(value.entries().map(|(key, value)| (path.child(key), value.clone()))),
            _ => found.push((path, value)),
        }
    }
    found
}

fn check_position(text: &Text, at: Position) -> Result<(), TestCaseError> {
    prop_assert_eq!(text.position(at.offset), at);
    let line = text.line(at.line);
    let start = text.line_start(at.line).unwrap();
    prop_assert!(at.offset <= text.as_str().len());
    prop_assert!(at.column <= line.chars().count() + 2, "{:?} in {:?}", at, line);
    prop_assert_eq!(text.as_str()[start..at.offset].chars().count() + 1, at.column);
    Ok(())
}

fn check(text: &Text, document: &Document) -> Result<(), TestCaseError> {
    for (path, value) in scalars(&document.value) {
        let span = document.locate(text, &path, None);
        check_position(text, span.start)?;
        check_position(text, span.end)?;
        let Some(node) = document.node(text, &path) else { return Err(TestCaseError::fail(format!("nothing at {path}"))) };
        prop_assert!(node.extent.start <= node.value.start && node.value.end <= node.extent.end);
        let Some(wanted) = value.text().filter(|_| node.style != Style::Alias) else { continue };
        let raw = text.slice(node.value);
        let mut decoded = String::new();
        scalar::decode(node.style, raw, wanted, &mut |c, _, _| decoded.push(c));
        prop_assert_eq!(decoded.trim_end(), wanted.trim_end(), "{} in {:?}", path, raw);
        let length = wanted.chars().count();
        for (nth, c) in wanted.chars().enumerate().filter(|(_, c)| !c.is_whitespace()) {
            let span = document.locate(text, &path, Some(Within { start: nth, end: nth + 1 }));
            let shown = text.slice(span);
            prop_assert!(
                shown == c.to_string() || shown.starts_with('\\') || shown == "''",
                "{} {:?} of {:?}: {:?}",
                path,
                c,
                wanted,
                shown
            );
        }
        let past = document.locate(text, &path, Some(Within { start: length + 1, end: length + 2 }));
        check_position(text, past.start)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn places_of_scalars_show_their_text(source in document()) {
        let stream = read(source.as_bytes(), &Limits::default());
        for document in &stream.documents {
            check(&stream.text, document)?;
        }
        for comment in stream.comments() {
            prop_assert!(stream.text.as_str()[comment.at.offset..].starts_with(comment.text));
            prop_assert!(comment.text.starts_with('#'));
        }
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let stream = read(&bytes, &Limits::default());
        for document in &stream.documents {
            check(&stream.text, document)?;
        }
        drop(read_json(&bytes, &Limits::default()));
    }

    #[test]
    fn nothing_panics_on_likely_text(source in "([a-c]|: |\\[|\\]|\\{|\\}|, |\n|  |- |'|\"|\\||>|#|&a |\\*a|!!int |<<: |\\\\|é|\r\n|\t|1|---\n){0,40}") {
        let stream = read(source.as_bytes(), &Limits::default());
        for document in &stream.documents {
            for (path, _) in scalars(&document.value) {
                check_position(&stream.text, document.locate(&stream.text, &path.child("missing"), None).start)?;
                let span = document.locate(&stream.text, &path, Some(Within { start: 0, end: 3 }));
                check_position(&stream.text, span.end)?;
            }
            for note in &document.notes {
                check_position(&stream.text, note.span.start)?;
            }
        }
        stream.errors.iter().filter_map(|error| error.at).try_for_each(|at| check_position(&stream.text, at))?;
        prop_assert!(stream.comments().count() <= source.matches('#').count());
        drop(read_value(&source));
    }

    #[test]
    fn json_reads_as_serde_reads_it(value in arbitrary_json()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let got = read_json(text.as_bytes(), &Limits::default()).unwrap();
            prop_assert_eq!(&got, &Value::from_json_str(&text).unwrap());
            let stream = read(text.as_bytes(), &Limits::default());
            for document in &stream.documents {
                check(&stream.text, document)?;
            }
        }
    }
}

fn arbitrary_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<i32>().prop_map(|n| (f64::from(n) / 8.0).into()),
        "[ -~é🚀\\u{0}-\\u{1f}]{0,10}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map("[a-zé\"\\\\]{0,5}", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn paths_of_steps_are_found_again() {
    let stream = read(b"a:\n  - b: [c, {d: e}]\n", &Limits::default());
    let path: Path = [Step::from("a"), Step::from(0), Step::from("b"), Step::from(1), Step::from("d")].into_iter().collect();
    assert_eq!(stream.text.slice(stream.documents[0].locate(&stream.text, &path, None)), "e");
}
