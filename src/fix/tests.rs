//! What texts become, and what is refused.

use super::*;
use crate::finding::PatchOp;
use crate::place::Path;
use crate::rules::apply;
use crate::value::Value;
use crate::yaml::read_value;

fn path(pointer: &str) -> Path {
    let step = |part: &str| part.parse::<usize>().map_or_else(|_| part.replace("~1", "/").as_str().into(), Into::into);
    pointer.split('/').skip(1).map(step).collect()
}

fn value(yaml: &str) -> Value {
    read_value(yaml).unwrap()
}

fn op(text: &str) -> PatchOp {
    let mut parts = text.splitn(3, ' ');
    let (name, at) = (parts.next().unwrap(), path(parts.next().unwrap()));
    let new = || value(text.splitn(3, ' ').nth(2).unwrap());
    match name {
        "add" => PatchOp::Add(at, new()),
        "replace" => PatchOp::Replace(at, new()),
        "remove" => PatchOp::Remove(at),
        "test" => PatchOp::Test(at, new()),
        other => panic!("{other}"),
    }
}

fn edited(text: &str, ops: &[&str]) -> Result<String, Refusal> {
    let ops: Vec<PatchOp> = ops.iter().map(|text| op(text)).collect();
    edit(text, &Path::root(), &ops)
}

#[test]
fn texts_keep_their_manner() {
    let mut wrong = Vec::new();
    for (what, text, ops, expected) in [
        ("a scalar", "a: 1 # one\nb: 2\n", &["replace /a 5"][..], "a: 5 # one\nb: 2\n"),
        ("quotes stay", "a: 'x'\nb: \"y\"\n", &["replace /a z", "replace /b w"], "a: 'z'\nb: \"w\"\n"),
        ("quotes where they are needed", "a: x\n", &["replace /a 'yes'"], "a: \"yes\"\n"),
        ("a number as text", "a: x\n", &["replace /a '123'"], "a: \"123\"\n"),
        ("a quantity", "a: x\n", &["replace /a 500Mi"], "a: 500Mi\n"),
        ("nothing becomes something", "a: # why\nb: 1\n", &["replace /a x"], "a: x # why\nb: 1\n"),
        (
            "null becomes a mapping",
            "a: null # why\nb: 1\n",
            &["replace /a {c: 1, d: [x, w]}"],
            "a: # why\n  c: 1\n  d:\n    - x\n    - w\nb: 1\n",
        ),
        (
            "a mapping in brackets gets content",
            "a:\n  r: {}\nb: 1\n",
            &["add /a/r/limits {memory: 1Gi}"],
            "a:\n  r:\n    limits:\n      memory: 1Gi\nb: 1\n",
        ),
        ("a key more", "a:\n  b: 1 # one\n# of c\nc: 2\n", &["add /a/x w"], "a:\n  b: 1 # one\n  x: w\n# of c\nc: 2\n"),
        (
            "a key behind a block of text",
            "a:\n  t: |\n    one\n\n    two\n\nb: 1\n",
            &["add /a/x w"],
            "a:\n  t: |\n    one\n\n    two\n  x: w\n\nb: 1\n",
        ),
        (
            "a key before a block of text that keeps its end",
            "a:\n  t: |+\n    one\n\nb: 1\n",
            &["add /a/x w"],
            "a:\n  t: |+\n    one\n\n  x: w\nb: 1\n",
        ),
        ("a key in brackets", "a: {b: 1} # c\n", &["add /a/x w"], "a: {b: 1, x: w} # c\n"),
        (
            "a key in brackets of several lines",
            "a: {\n  b: 1, # one\n  c: 2 # two\n}\n",
            &["add /a/x w"],
            "a: {\n  b: 1, # one\n  c: 2, # two\n  x: w\n}\n",
        ),
        ("an item more", "l:\n- a\n- b\nz: 1\n", &["add /l/- c"], "l:\n- a\n- b\n- c\nz: 1\n"),
        ("an item first", "l:\n  - a\n  - b\n", &["add /l/0 c"], "l:\n  - c\n  - a\n  - b\n"),
        (
            "an item between keeps comments where they are",
            "l:\n  - a # a\n  # of b\n  - b\n",
            &["add /l/1 c"],
            "l:\n  - a # a\n  - c\n  # of b\n  - b\n",
        ),
        (
            "a mapping as an item",
            "l:\n  - name: a\n    x: 1\n",
            &["add /l/- {x: 2, name: b, 'y': [1]}"],
            "l:\n  - name: a\n    x: 1\n  - name: b\n    x: 2\n    \"y\":\n      - 1\n",
        ),
        ("an item in brackets", "l: [a, b]\n", &["add /l/- c", "add /l/0 d"], "l: [d, a, b, c]\n"),
        ("an empty list", "l: []\n", &["add /l/- c"], "l:\n  - c\n"),
        ("a list without indentation", "k:\n- a\nl: []\n", &["add /l/- c"], "k:\n- a\nl:\n- c\n"),
        ("four spaces", "a:\n    b: {}\n", &["add /a/b/c {d: 1}"], "a:\n    b:\n        c:\n            d: 1\n"),
        ("a removed key", "a:\n  b: 1\n  c: 2\n", &["remove /a/b"], "a:\n  c: 2\n"),
        ("a removed key with its comment", "a:\n  b: 1 # why\n  c: 2\n", &["remove /a/b"], "a:\n  # why\n  c: 2\n"),
        ("the only key", "a:\n  b: 1\nc: 2\n", &["remove /a/b"], "a: {}\nc: 2\n"),
        ("the only item", "a:\n- b: 1\nc: 2\n", &["remove /a/0"], "a: []\nc: 2\n"),
        ("the first key of an item", "l:\n  - a: 1\n    b: 2\n", &["remove /l/0/a"], "l:\n  - b: 2\n"),
        ("an item with its lines", "l:\n  - a: 1\n    b: 2\n  - a: 3\n", &["remove /l/0"], "l:\n  - a: 3\n"),
        ("keys in brackets", "a: {b: 1, c: 2, d: 3}\n", &["remove /a/c", "remove /a/d"], "a: {b: 1}\n"),
        ("the last key without a line break", "a: 1\nb: 2", &["remove /b"], "a: 1"),
        ("a key more without a line break", "a:\n  b: 2", &["add /a/c x"], "a:\n  b: 2\n  c: x"),
        (
            "CRLF",
            "a:\r\n  b: 1 # c\r\nd: {}\r\n",
            &["add /a/c x", "add /d/e [f]"],
            "a:\r\n  b: 1 # c\r\n  c: x\r\nd:\r\n  e:\r\n    - f\r\n",
        ),
        (
            "JSON",
            "{\n  \"a\": 1,\n  \"b\": {}\n}\n",
            &["add /c yes", "replace /b {x: [1]}"],
            "{\n  \"a\": 1,\n  \"b\": {\"x\":[1]},\n  \"c\": true\n}\n",
        ),
        ("JSON on a line", r#"{"a":{"b":1}}"#, &["add /a/c x", "remove /a/b"], r#"{"a":{"c": "x"}}"#),
        (
            "lines of a literal",
            "d:\n  conf: |\n    maxmemory 1gb\n    # kept\n    save 60 1\ne: 1\n",
            &["replace /d/conf 'maxmemory 2gb\n\n    # kept\n\n    save 60 1\n\n    '"],
            "d:\n  conf: |\n    maxmemory 2gb\n    # kept\n    save 60 1\ne: 1\n",
        ),
        ("an anchor that nothing else uses", "a: &x {}\n", &["add /a/b 1"], "a: &x\n  b: 1\n"),
        (
            "a mapping beside a merge key",
            "b: &b {x: 1}\nc:\n  <<: *b\n  y: 2\n",
            &["add /c/z 3"],
            "b: &b {x: 1}\nc:\n  <<: *b\n  y: 2\n  z: 3\n",
        ),
        (
            "only what differs in a whole mapping",
            "a:\n  b: 1 # one\n  c: 'x'\n",
            &["replace /a {b: 1, c: z, d: 3}"],
            "a:\n  b: 1 # one\n  c: 'z'\n  d: 3\n",
        ),
        (
            "only what differs in a list",
            "l:\n  - a # a\n  - b # b\n  - c # c\n",
            &["replace /l [a, x, c]"],
            "l:\n  - a # a\n  - x # b\n  - c # c\n",
        ),
        ("a block in the place of a scalar", "l:\n  - null\n  - x\n", &["replace /l/0 {a: 1, b: 2}"], "l:\n  - a: 1\n    b: 2\n  - x\n"),
        ("a scalar in the place of a block", "a:\n  b: 1\n  c: 2\nd: 3\n", &["replace /a x"], "a: x\nd: 3\n"),
        ("a test that holds", "a: 1\n", &["test /a 1", "replace /a 2"], "a: 2\n"),
        (
            "keys that need quotes",
            "a:\n  b: 1\n",
            &["add /a/on x", "add /a/example.com~1x w z"],
            "a:\n  b: 1\n  \"on\": x\n  example.com/x: w z\n",
        ),
        ("a document marker", "--- # first\na: 1\n", &["add /b 2"], "--- # first\na: 1\nb: 2\n"),
    ] {
        let found = edited(text, ops);
        if found.as_deref() != Ok(expected) {
            wrong.push(format!("{what}:\n  want {expected:?}\n  have {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_would_change_more_is_refused() {
    for (text, ops, expected) in [
        ("a: &x {k: 1}\nb: *x\n", &["replace /b/k 2"][..], Refusal::Alias("b.k".into())),
        ("a: &x {k: 1}\nb: *x\n", &["replace /b 2"], Refusal::Alias("b".into())),
        ("a: &x {k: 1}\nb: *x\n", &["replace /a/k 2"], Refusal::Layout("a.k".into())),
        ("a: &x {k: 1}\nb: *x\n", &["add /a/l 2"], Refusal::Layout("a.l".into())),
        ("a: &x {k: 1}\nb:\n  <<: *x\n", &["replace /b/k 2"], Refusal::Merge("b.k".into())),
        ("a: &x {k: 1}\nb:\n  <<: *x\n", &["remove /b/k"], Refusal::Merge("b.k".into())),
        ("a: {b: 1, # one\n  c: 2}\n", &["remove /a/b"], Refusal::Comment("a.b".into())),
        ("a: 1\na: 2\nb: 3\n", &["remove /a"], Refusal::Layout("a".into())),
        ("a: 1\n---\nb: 2\n", &["remove /a"], Refusal::Document),
        ("a: [\n", &["remove /a"], Refusal::Document),
    ] {
        assert_eq!(edited(text, ops), Err(expected), "{text:?} {ops:?}");
    }
    assert!(matches!(edited("a: 1\n", &["test /a 2"]), Err(Refusal::Patch(_))));
    assert!(matches!(edited("a: 1\n", &["add /b/c 2"]), Err(Refusal::Patch(_))));
}

#[test]
fn a_text_without_operations_stays() {
    let text = "# c\na: {b: [1, 2] }   \n\n";
    assert_eq!(edited(text, &[]).as_deref(), Ok(text));
    assert_eq!(edited(text, &["replace /a/b [1, 2]", "test /a/b [1, 2]"]).as_deref(), Ok(text));
    let same = apply(&value(text), &[op("add /a/b [1, 2]")]).unwrap();
    assert_eq!(same, value(text));
}

mod random {
    use proptest::prelude::*;

    use super::super::{Refusal, edit};
    use crate::finding::PatchOp;
    use crate::place::Path;
    use crate::rules::apply;
    use crate::value::{Lookup, Value, array, object};
    use crate::yaml::{Limits, Stream, read};

    /// A value with how it is written.
    #[derive(Debug, Clone)]
    enum Tree {
        Scalar(&'static str),
        Map { entries: Vec<(&'static str, Self, bool)>, flow: bool },
        List { items: Vec<(Self, bool)>, flow: bool, dedented: bool },
    }

    const KEYS: [&str; 6] = ["a", "b-c", "example.com/d", "\"on\"", "'quoted key'", "name"];
    const SCALARS: [&str; 13] = [
        "1",
        "true",
        "null",
        "",
        "plain text",
        "'single'",
        "\"double\\n\"",
        "~",
        "1.5",
        "'#no'",
        "|\n  one\n  two\n",
        "|+\n  kept\n\n",
        ">-\n  folded\n  text\n",
    ];

    fn tree() -> impl Strategy<Value = Tree> {
        let scalar = prop::sample::select(&SCALARS[..]).prop_map(Tree::Scalar);
        scalar.prop_recursive(4, 24, 4, |inner| {
            let keys = prop::sample::subsequence(&KEYS[..], 0..=4);
            let map = (keys, prop::collection::vec((inner.clone(), any::<bool>()), 4), any::<bool>()).prop_map(|(keys, values, flow)| {
                Tree::Map { entries: keys.into_iter().zip(values).map(|(key, (value, comment))| (key, value, comment)).collect(), flow }
            });
            let list = (prop::collection::vec((inner, any::<bool>()), 0..4), any::<bool>(), any::<bool>())
                .prop_map(|(items, flow, dedented)| Tree::List { items, flow, dedented });
            prop_oneof![map, list]
        })
    }

    /// Brackets around everything inside; what cannot stand there is replaced.
    fn flow(tree: &Tree) -> String {
        match tree {
            Tree::Scalar(text) if text.starts_with(['|', '>']) || text.is_empty() => "x".to_owned(),
            Tree::Scalar(text) => (*text).to_owned(),
            Tree::Map { entries, .. } => {
                format!("{{{}}}", entries.iter().map(|(key, value, _)| format!("{key}: {}", flow(value))).collect::<Vec<_>>().join(", "))
            }
            Tree::List { items, .. } => format!("[{}]", items.iter().map(|(item, _)| flow(item)).collect::<Vec<_>>().join(", ")),
        }
    }

    /// Text behind a colon or dash, with its line break.
    fn block(tree: &Tree, indent: usize, comment: bool, item: bool, out: &mut String) {
        let note = if comment { format!(" # note {}", out.len()) } else { String::new() };
        let pad = " ".repeat(indent);
        match tree {
            Tree::Scalar(text) if text.contains('\n') => {
                let (head, body) = text.split_once('\n').unwrap();
                out.push_str(&format!(" {head}{note}\n"));
                for line in body.strip_suffix('\n').unwrap_or(body).split('\n') {
                    out.push_str(&if line.is_empty() { "\n".to_owned() } else { format!("{pad}{line}\n") });
                }
            }
            Tree::Scalar("") => out.push_str(&format!("{note}\n")),
            Tree::Scalar(text) => out.push_str(&format!(" {text}{note}\n")),
            Tree::Map { entries, flow: false } if !entries.is_empty() => {
                let mut first = true;
                if !item {
                    out.push_str(&format!("{note}\n"));
                }
                for (key, value, comment) in entries {
                    let lead = if item && first { " ".to_owned() } else { pad.clone() };
                    if *comment && !(item && first) {
                        out.push_str(&format!("{pad}# above {}\n", out.len()));
                    }
                    out.push_str(&format!("{lead}{key}:"));
                    block(value, indent + 2, *comment, false, out);
                    first = false;
                }
            }
            Tree::List { items, flow: false, dedented } if !items.is_empty() && !item => {
                out.push_str(&format!("{note}\n"));
                let indent = if *dedented && indent >= 2 { indent - 2 } else { indent };
                for (value, comment) in items {
                    out.push_str(&format!("{}-", " ".repeat(indent)));
                    block(value, indent + 2, *comment, true, out);
                }
            }
            other => out.push_str(&format!(" {}{note}\n", flow(other))),
        }
    }

    fn document(root: &[(&'static str, Tree, bool)]) -> String {
        let mut text = "# head\n".to_owned();
        for (key, value, comment) in root {
            text.push_str(&format!("{key}:"));
            block(value, 2, *comment, false, &mut text);
        }
        text + "# tail\n"
    }

    fn paths(value: &Value, path: &Path, out: &mut Vec<Path>) {
        out.push(path.clone());
        value.entries().for_each(|(key, child)| paths(child, &path.child(key), out));
        value.items().iter().enumerate().for_each(|(nth, child)| paths(child, &path.child(nth), out));
    }

    fn new_value() -> impl Strategy<Value = Value> {
        let texts = prop::sample::select(vec![
            "x",
            "yes",
            "12:30",
            "a: b",
            "# c",
            "",
            " s",
            "two\nlines\n",
            "tab\t",
            "é\u{2028}",
            "-",
            "- a",
            "{",
            "1e3",
            "null",
        ]);
        let leaf = prop_oneof![
            texts.prop_map(Value::from),
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 10, 3, |inner| {
            prop_oneof![
                prop::collection::vec((prop::sample::select(vec!["k", "no", "x/y", "a b", "n:"]), inner.clone()), 0..3).prop_map(object),
                prop::collection::vec(inner, 0..3).prop_map(array),
            ]
        })
    }

    fn comments(stream: &Stream) -> Vec<String> {
        let mut comments: Vec<String> = stream.comments().map(|comment| comment.text.to_owned()).collect();
        comments.sort_unstable();
        comments
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        /// What is written is the patched value with all comments; only brackets that hold comments may be refused.
        #[test]
        fn texts_become_what_the_patch_says(
            values in prop::collection::vec((tree(), any::<bool>()), 1..4),
            ops in prop::collection::vec((0..3_u8, any::<prop::sample::Index>(), new_value(), any::<prop::sample::Index>()), 1..4),
            crlf in any::<bool>(),
            cut in any::<bool>(),
        ) {
            let root: Vec<_> = ["kind", "spec", "last"].into_iter().zip(values).map(|(key, (value, comment))| (key, value, comment)).collect();
            let mut text = document(&root);
            if cut {
                text.truncate(text.trim_end_matches("# tail\n").trim_end_matches('\n').len());
            }
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            let start = read(text.as_bytes(), &Limits::default());
            prop_assume!(start.errors.is_empty() && start.documents.len() == 1);
            for (what, at, new, nth) in ops {
                let before = read(text.as_bytes(), &Limits::default());
                let value = before.documents[0].value.clone();
                let mut all = Vec::new();
                paths(&value, &Path::root(), &mut all);
                let path = at.get(&all).clone();
                let op = match (what, value.at_path(path.steps())) {
                    (0, Value::Object(_)) => PatchOp::Add(path.child("new key"), new),
                    (0, Value::Array(items)) => PatchOp::Add(path.child(nth.index(items.len() + 1)), new),
                    (1, _) => PatchOp::Remove(path),
                    _ => PatchOp::Replace(path, new),
                };
                let about = super::super::page::path_of(&op);
                if about.steps().is_empty() || (matches!(op, PatchOp::Remove(_)) && about.steps().len() == 1 && value.entries().count() == 1) {
                    continue;
                }
                match edit(&text, &Path::root(), std::slice::from_ref(&op)) {
                    Ok(new) => {
                        let after = read(new.as_bytes(), &Limits::default());
                        prop_assert!(after.errors.is_empty() && after.documents.len() == 1, "{new}");
                        prop_assert_eq!(&after.documents[0].value, &apply(&value, &[op]).unwrap());
                        prop_assert_eq!(comments(&before), comments(&after));
                        prop_assert!(!crlf || !new.replace("\r\n", "").contains('\n'), "a line end without CR: {new:?}");
                        text = new;
                    }
                    Err(Refusal::Comment(_)) => {}
                    // A block of text without final line break changes when anything follows.
                    Err(Refusal::Layout(_)) if !text.ends_with('\n') => {}
                    // One that keeps its trailing breaks takes in the blank lines that anything behind it would be put under.
                    Err(Refusal::Layout(_)) if text.contains("|+") => {}
                    Err(refusal) => prop_assert!(false, "{refusal}: {op:?} in\n{text}"),
                }
            }
        }
    }
}
