//! All evaluators give one answer, for every built-in rule and every object of the public charts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking, and says what it skips")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use kubelint::facts::{Context, Facts, Request};
use kubelint::objects::UnitSet;
use kubelint::rules::{Catalog, Door, Engine, EngineSettings, Evaluator, Outcome, Selected};
use rayon::prelude::*;

#[path = "support/corpus.rs"]
mod corpus;

#[test]
fn every_evaluator_gives_the_same_findings_over_the_charts() {
    let files = corpus::renderings();
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
    let objects = corpus::objects(file);
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
