//! What kubelint reads is what kubectl reads: every document goes through `sigs.k8s.io/yaml` (the Go program in
//! `tests/differential/yaml`) and through `kubelint::yaml`, and both must agree, on values and on refusals.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a test fails by panicking and reports by printing")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kubelint::value::{Lookup, Value};
use kubelint::yaml::{Limits, NoteKind, read};

/// Differences shown before the test gives up.
const SHOWN: usize = 25;

/// The Go program, built once; `None` where there is no Go, or it cannot fetch its modules.
fn oracle() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/yaml");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("yaml-oracle-{}", std::process::id()));
    let built = Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(source).output();
    match built {
        Ok(output) if output.status.success() => Some(program),
        Ok(output) => skip(&String::from_utf8_lossy(&output.stderr)),
        Err(error) => skip(&error.to_string()),
    }
}

fn skip<T>(why: &str) -> Option<T> {
    println!("SKIPPED, nothing was compared with sigs.k8s.io/yaml: {why}");
    None
}

/// Beyond 64 bits, a float and the integer it was read back as are written with different last digits.
const ROUNDING: f64 = 1e-14;

/// What `sigs.k8s.io/yaml` makes of each document.
fn ask(program: &Path, documents: &[String]) -> Vec<Result<Value, String>> {
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut bytes = Vec::new();
    for document in documents {
        write!(bytes, "{}\n{document}", document.len()).unwrap();
    }
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let answers: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(answer).collect();
    assert_eq!(answers.len(), documents.len(), "one answer for each document");
    answers
}

fn answer(line: &str) -> Result<Value, String> {
    let answer = Value::from_json_str(line).unwrap();
    match answer.at("error").text() {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer.at("value").clone()),
    }
}

/// What kubelint makes of the first document and whether that is all there is, and whether a key is set twice: if both
/// keys differ before they become text, Go's order is random.
fn ours(document: &str) -> (Option<Value>, Option<String>, bool) {
    let stream = read(document.as_bytes(), &Limits::default());
    let duplicate = stream.documents.iter().flat_map(|document| &document.notes).any(|note| note.kind == NoteKind::DuplicateKey);
    let error = stream.errors.first().map(ToString::to_string);
    (stream.documents.into_iter().next().map(|document| document.value), error, duplicate)
}

/// Equal as kubectl sees numbers: beyond 64 bits everything is a float.
fn same(left: &Value, right: &Value) -> bool {
    let float = |value: &Value| value.to_string().parse::<f64>().unwrap();
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => left == right || (float(left) - float(right)).abs() <= float(left).abs() * ROUNDING,
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|((k, v), (l, w))| k == l && same(v, w)),
        _ => left == right,
    }
}

/// Go reads the first document of a text only, which makes texts of several incomparable.
fn is_single(document: &str) -> bool {
    let marker = |line: &str| line.starts_with("---") || line.starts_with("...");
    !document.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).any(marker)
}

/// The one known difference of the parsers: Go's takes `,`, `[` and `]` into a tag, libyaml ends it there and refuses the text.
fn has_odd_tag(document: &str) -> bool {
    document.split(char::is_whitespace).any(|word| word.find('!').is_some_and(|at| word[at..].contains([',', '[', ']'])))
}

fn compare(program: &Path, documents: &[String]) {
    let comparable = |document: &&String| is_single(document) && !has_odd_tag(document);
    let documents: Vec<String> = documents.iter().filter(comparable).cloned().collect();
    let (mut differences, mut refused, mut undefined, mut cut_off) = (Vec::new(), 0, 0, 0);
    for (document, want) in documents.iter().zip(ask(program, &documents)) {
        let (got, error, duplicate) = ours(document);
        refused += usize::from(want.is_err());
        match (&got, &error, &want) {
            (_, None, Ok(want)) if same(got.as_ref().unwrap_or(&Value::Null), want) => {}
            // Behind a complete first document kubectl overlooks everything, which kubelint does not.
            (_, Some(_), Ok(want)) if same(got.as_ref().unwrap_or(&Value::Null), want) => cut_off += 1,
            (_, Some(_), Err(_)) => {}
            _ if duplicate => undefined += 1,
            _ => differences.push(format!("{document:?}\n  kubelint {got:?} {error:?}\n  kubectl  {want:?}")),
        }
    }
    println!(
        "{} documents compared: {refused} refused by both, {cut_off} silently cut off by kubectl only, {undefined} undefined in Go, {} differ",
        documents.len(),
        differences.len()
    );
    let shown: Vec<_> = differences.iter().take(SHOWN).map(String::as_str).collect();
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), shown.join("\n"));
}

/// xorshift64*: the same documents on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % limit
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Manifests of the corpus, one document each.
fn corpus() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let mut folders = vec![root];
    let mut documents = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some("yaml" | "yml") => {
                    let text = fs::read_to_string(&path).unwrap();
                    documents.extend(text.split("\n---").map(|document| document.trim_start_matches("---").to_owned() + "\n"));
                }
                _ => {}
            }
        }
    }
    documents.sort();
    documents.dedup();
    documents
}

#[test]
fn the_corpus_reads_the_same() {
    let Some(program) = oracle() else { return };
    let documents = corpus();
    if documents.is_empty() {
        skip::<()>("there is no ../shared/corpus");
        return;
    }
    compare(&program, &documents);
}

#[test]
fn mutated_documents_read_the_same() {
    let Some(program) = oracle() else { return };
    let mut seeds: Vec<String> = corpus().into_iter().filter(|document| document.len() < 3_000).collect();
    seeds.extend(SEEDS.iter().map(|seed| (*seed).to_owned()));
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let documents: Vec<_> = (0..12_000).map(|_| mutate(&mut random, &seeds)).collect();
    compare(&program, &documents);
}

const SEEDS: [&str; 8] = [
    "a: &x {p: 1, q: [a, b]}\nb: {<<: *x, q: 2}\nc: [*x, *x]\n<<: *x\n",
    "a: &x\n  - 1\n  - &y two\nb: *x\n*y : z\n? complex\n: value\n? |\n  block\n: >-\n  folded\n  text\n\n   more\n",
    "a: |+\n  text\n\n    deeper\n \nb: >\n one\n two\n\n three\n  four\nc: |2-\n   x\n",
    "a: \"x\\u00e9\\n\\\n  y  \\\n  z\"\nb: 'it''s\n\n  long'\nc: plain\n  text\n\n  on lines\n",
    "- !!str 12\n- !!int \"3\"\n- !local {a: b}\n- !!binary aGVsbG8=\n- !!float 1\n- ! 7\n- !!bool yes\n- !!null ''\n- !<tag:yaml.org,2002:int> 5\n",
    "a: [1, 2, {b: c, d}, 'x': y, ]\nb: {\"k\":v, e: , 'f' : [g]}\nc: []\nd: {}\n",
    "{on: off, 1: one, 1.5: x, 0x10: y, 1e6: z, true: a, 2001-01-01: b}\n",
    "a:\tb\t\n\nc: d # comment\n# comment\ne:\n- f\n-\n  g: h\n- - i\n  - j\n",
];

const PIECES: [&str; 46] = [
    "\n", " ", "  ", "\t", ":", ": ", "- ", "-", "?", "? ", "[", "]", "{", "}", ",", ", ", "&x ", "*x", "*x ", "<<: *x\n", "<<", "!!str ",
    "!!int ", "!foo ", "!", "|", ">", "|-", ">+", "\"", "'", "#", " # c", "\\", "\r\n", "\r", "\u{85}", "\u{2028}", "é", "🚀", "@", "`",
    "%", "~", "0o7", "1_0",
];

fn mutate(random: &mut Random, seeds: &[String]) -> String {
    let mut text: Vec<char> = random.pick(seeds).chars().collect();
    let start = random.below(text.len().max(1));
    if text.len() > 400 {
        let line = text[..start].iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1);
        let indent = text[line..].iter().take_while(|c| **c == ' ').count();
        let lines: String = text[line..].iter().collect();
        let block = lines.lines().take_while(|line| line.trim().is_empty() || line.len() - line.trim_start().len() >= indent);
        text = block.flat_map(|line| line.chars().chain(['\n'])).take(600).collect();
    }
    for _ in 0..=random.below(4) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(6)).min(text.len());
        match random.below(4) {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..at, random.pick(&PIECES).chars())),
            2 => drop(text.splice(at..end, random.pick(&PIECES).chars())),
            _ => {
                let copied = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                drop(text.splice(to..to, copied));
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn generated_scalars_read_the_same() {
    let Some(program) = oracle() else { return };
    let mut random = Random(0x0123_4567_89ab_cdef);
    let documents: Vec<_> = (0..40_000).map(|_| scalar_document(&mut random)).collect();
    compare(&program, &documents);
}

const WORDS: [&str; 62] = [
    "y",
    "Y",
    "yes",
    "Yes",
    "YES",
    "n",
    "No",
    "on",
    "On",
    "off",
    "OFF",
    "true",
    "True",
    "TRUE",
    "tRue",
    "false",
    "~",
    "null",
    "Null",
    "NULL",
    "nULL",
    ".nan",
    ".NaN",
    ".inf",
    "-.inf",
    "+.INF",
    "<<",
    "=",
    "0",
    "00",
    "08",
    "017",
    "0o17",
    "0x1F",
    "0X1f",
    "0b11",
    "0b-11",
    "0b+1",
    "-0b11",
    "1_000",
    "_1",
    "1_",
    "1__2",
    "12:30:45",
    "1e3",
    "1E+3",
    "1e400",
    ".5",
    ".5_0",
    "._5",
    "5.",
    "1.10",
    "-0",
    "-0.0",
    "+1",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "-9223372036854775809",
    "2001-01-01",
    "2001-1-1T1:1:1Z",
    "1152921504606846976.0",
];

const TAGS: [&str; 12] =
    ["!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!binary", "!", "!local", "!!set", "!!merge", "&a"];

fn scalar_document(random: &mut Random) -> String {
    let mut scalar = if random.below(3) == 0 { String::new() } else { (*random.pick(&WORDS)).to_owned() };
    for _ in 0..random.below(9) {
        let at = random.below(scalar.len() + 1);
        if scalar.is_char_boundary(at) {
            scalar.insert(
                at,
                *random.pick(&['0', '1', '7', '8', '9', '.', '_', 'e', 'E', '+', '-', 'x', 'o', 'b', 'f', 'a', ':', 'T', 'Z', 'n', 'i']),
            );
        }
    }
    let scalar = match random.below(5) {
        0 => format!("{} {scalar}", random.pick(&TAGS)),
        1 => format!("{} \"{scalar}\"", random.pick(&TAGS)),
        2 => format!("'{scalar}'"),
        _ => scalar,
    };
    match random.below(3) {
        0 => format!("{scalar}: x\n"),
        1 => format!("- {scalar}\n- y\n"),
        _ => format!("k: {scalar}"),
    }
}
