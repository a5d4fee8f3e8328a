//! All evaluators give one answer, for every built-in rule and every object of the public charts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking, and says what it skips")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubelint::facts::{Context, Facts, Request};
use kubelint::objects::{Object, Origin, UnitSet};
use kubelint::rules::{Catalog, Door, Engine, EngineSettings, Evaluator, Outcome, Selected};
use kubelint::value::Lookup as _;
use kubelint::yaml::{Limits, read};
use rayon::prelude::*;

fn renderings() -> Vec<PathBuf> {
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/charts");
    let Ok(charts) = fs::read_dir(charts) else { return Vec::new() };
    let folders = charts.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>());
    files.filter(|path| path.extension().is_some_and(|e| e == "yaml") && !path.to_string_lossy().ends_with(".values.yaml")).collect()
}

fn objects(file: &Path) -> Vec<Arc<Object>> {
    let documents = read(&fs::read(file).unwrap(), &Limits::default()).documents;
    let values = documents.into_iter().flat_map(|document| match document.value.at("kind").text() {
        Some(kind) if kind.ends_with("List") => document.value.at("items").items().to_vec(),
        _ => vec![document.value],
    });
    values.filter_map(|value| Object::new(value, Origin::Cluster)).map(Arc::new).collect()
}

#[test]
fn every_evaluator_gives_the_same_findings_over_the_charts() {
    let files = renderings();
    if files.is_empty() {
        eprintln!("SKIPPED: the corpus is not beside this checkout, so the evaluators were compared on fixtures only");
        return;
    }
    let catalog = Arc::new(Catalog::builtin().unwrap());
    let rules = catalog.defaults(Door::Offline);
    let disagreements: BTreeSet<String> = files.par_iter().flat_map_iter(|file| compare(&catalog, &rules, file)).collect();
    assert!(disagreements.is_empty(), "{}", disagreements.into_iter().collect::<Vec<_>>().join("\n"));
}

/// What the evaluators see differently in one rendering, and what the interpreter cannot evaluate.
fn compare(catalog: &Arc<Catalog>, rules: &[Selected], file: &Path) -> Vec<String> {
    let mut engines = [Evaluator::Interpreter, Evaluator::Plan, Evaluator::Rvm].map(|evaluator| {
        let settings = EngineSettings { evaluator, ..EngineSettings::offline() };
        (evaluator, Engine::new(Arc::clone(catalog), settings))
    });
    let objects = objects(file);
    assert!(!objects.is_empty(), "{}", file.display());
    let set = UnitSet::new(objects.clone(), false);
    let request = Request::offline(false);
    let mut found = Vec::new();
    for object in &objects {
        let facts = Facts::new(object, None, &request, Context { set: &set, kubernetes_minor: 37 });
        let [(_, reference), others @ ..] = engines.each_mut().map(|(who, engine)| (*who, engine.evaluate(&facts, rules)));
        let name = file.display();
        found.extend(reference.errors.iter().map(|error| format!("{}: {} ({name})", error.rule, error.message)));
        for (who, outcome) in others {
            let differing = |a: &Outcome, b: &Outcome| a.findings.iter().find(|finding| !b.findings.contains(finding)).cloned();
            if let Some(finding) = differing(&outcome, &reference).or_else(|| differing(&reference, &outcome)) {
                found.push(format!("{}: {who:?} and the interpreter differ on {} of {name}: {finding:?}", finding.rule, object.identity));
            }
        }
    }
    found
}
