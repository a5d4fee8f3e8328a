//! The interpreter against OPA itself: every built-in rule, on the input documents of its fixtures and of damaged copies of them.
//! OPA is built from `tests/differential/opa` with the Go tool chain; where there is none the test says so and proves nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking and says when it was skipped")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use kubelint::lint::testing;
use kubelint::rules::{Catalog, Rule};
use serde_json::{Value, json};

/// The program, built once; `None` where it cannot be.
fn opa() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/opa");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("opa-differential");
    let build = Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(source).output();
    match build {
        Ok(output) if output.status.success() => Some(program),
        Ok(output) => {
            eprintln!("SKIPPED: OPA cannot be built: {}", String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(error) => {
            eprintln!("SKIPPED: no Go tool chain ({error}): built-in rules are not compared with OPA");
            None
        }
    }
}

/// A set as OPA and regorus print it: an array, here in one order.
fn as_set(answer: &Value) -> BTreeSet<String> {
    answer.as_array().into_iter().flatten().map(ToString::to_string).collect()
}

fn request(catalog: &Catalog, rule: &Rule, inputs: &[Value]) -> String {
    let mut modules: serde_json::Map<String, Value> =
        catalog.library_sources().map(|(file, text)| (file.to_owned(), json!(text))).collect();
    modules.insert(rule.file.to_string(), json!(rule.source));
    json!({"modules": modules, "query": format!("data.{}.findings", rule.package), "inputs": inputs}).to_string()
}

#[test]
fn the_interpreter_answers_as_opa_does() {
    let Some(opa) = opa() else { return };
    let catalog = Arc::new(Catalog::builtin().unwrap());
    let rules: Vec<_> = catalog.rules().iter().filter(|rule| rule.is_rego()).cloned().collect();
    let mut child = Command::new(opa).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut expected = Vec::new();
    let mut lines = String::new();
    for rule in &rules {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rules").join(&*rule.id);
        let fixtures = testing::fixtures(&folder).unwrap();
        let answers = testing::answers(&catalog, rule, &fixtures).unwrap_or_else(|error| panic!("{}: {error}", rule.id));
        let json = |value: &kubelint::value::Value| serde_json::from_str::<Value>(&value.to_json_str().unwrap()).unwrap();
        let inputs: Vec<Value> = answers.iter().map(|(input, _)| json(input)).collect();
        lines += &(request(&catalog, rule, &inputs) + "\n");
        expected.push(answers.iter().map(|(_, answer)| as_set(&json(answer))).collect::<Vec<_>>());
    }
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let mut compared = 0;
    for ((rule, expected), line) in rules.iter().zip(&expected).zip(String::from_utf8(output.stdout).unwrap().lines()) {
        let answer: Value = serde_json::from_str(line).unwrap();
        assert!(answer["error"].is_null(), "{}: OPA says {}", rule.id, answer["error"]);
        let answers = answer["answers"].as_array().unwrap();
        assert_eq!(answers.len(), expected.len(), "{}", rule.id);
        for (nth, (opa, ours)) in answers.iter().zip(expected).enumerate() {
            assert_eq!(as_set(opa), *ours, "{}, input {nth}: OPA's answer is on the left", rule.id);
        }
        assert!(expected.iter().any(|found| !found.is_empty()), "{}: no fixture has a finding", rule.id);
        compared += 1;
    }
    assert_eq!(compared, rules.len(), "OPA stopped early");
}
