//! Tests of rules by example: fixtures with marked lines, and everything that can be checked without the author writing it.
//! `tests/rules.rs` runs it over the built-in rules, `kubelint test` over users' own. `CONTRIBUTING.md` says what fixtures look like.
//!
//! ```text
//!  fixture --scene--> marks, objects --Engine (both evaluators)--> findings --locate--> lines == marks ?
//!                                        |                            +--> span == what the path names ?
//!                                        +--> every line of the rule ran ?    fixes mend ?    damaged copies agree ?
//! ```

mod damage;
mod fixes;
mod scene;
mod spans;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

pub use scene::{Fixture, Scene};

use crate::finding::Finding;
use crate::rules::{Catalog, Coverage, Engine, EngineSettings, Evaluator, Outcome, Rule, Selected};
use crate::value::Value;

/// Reads a folder of fixtures, by name. `old-x.yaml` is read together with `new-x.yaml`.
///
/// # Errors
/// What the file system says; a file that is no fixture is [`io::ErrorKind::InvalidInput`].
pub fn fixtures(folder: &Path) -> io::Result<Vec<Fixture>> {
    let mut names =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    let mut found = Vec::new();
    for name in &names {
        let wrong = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {why}", folder.join(name).display()));
        let old = match name.strip_prefix("new") {
            Some(rest) => Some(
                fs::read_to_string(folder.join(format!("old{rest}"))).map_err(|_| wrong(&format!("there is no old{rest} beside it")))?,
            ),
            None => None,
        };
        if name.starts_with("old") && names.contains(&name.replacen("old", "new", 1)) {
            continue;
        }
        let fixture = ["pass", "fail", "new"].iter().any(|prefix| name.starts_with(prefix)) && name.ends_with(".yaml");
        if !fixture {
            return Err(wrong("a fixture is called pass*.yaml, fail*.yaml, or old*.yaml and new*.yaml"));
        }
        found.push(Fixture { name: name.clone(), text: fs::read_to_string(folder.join(name))?, old });
    }
    Ok(found)
}

/// Everything that is wrong with a rule, judged by its fixtures; empty if nothing is. Each entry is one line.
pub fn check(catalog: &Arc<Catalog>, id: &str, fixtures: &[Fixture]) -> Vec<String> {
    let Some((index, rule)) = catalog.position(id).zip(catalog.get(id)) else { return vec![format!("there is no rule {id}")] };
    let mut bench = match Bench::new(catalog, index, rule) {
        Ok(bench) => bench,
        Err(message) => return vec![message],
    };
    let mut failures = Vec::new();
    for fixture in fixtures {
        let found = Scene::read(fixture, rule).map_or_else(|error| vec![error], |scene| bench.scene(&scene));
        failures.extend(found.into_iter().map(|failure| format!("{}: {failure}", fixture.name)));
    }
    if !fixtures.iter().any(|fixture| fixture.expects()) {
        failures.push("no fixture expects a finding: a rule needs a fail*.yaml with a line that ends in `# expect`".to_owned());
    }
    if !fixtures.iter().any(|fixture| fixture.name.starts_with("pass")) {
        failures.push("no pass*.yaml shows what the rule must leave alone".to_owned());
    }
    let missed = bench.coverage.missed().into_iter();
    failures.extend(missed.map(|(line, text)| format!("{}:{line}: no fixture reaches `{text}`", rule.file)));
    failures
}

/// The input documents of all objects of fixtures that a rule judges, of damaged copies too, each with the interpreter's answer:
/// what another implementation of Rego is compared with.
///
/// # Errors
/// What is wrong with the rule or a fixture.
pub fn answers(catalog: &Catalog, rule: &Rule, fixtures: &[Fixture]) -> Result<Vec<(Value, Value)>, String> {
    let mut interpreter = Coverage::new(catalog, rule)?;
    let mut found = Vec::new();
    for fixture in fixtures {
        let scene = Scene::read(fixture, rule)?;
        for nth in 0..scene.objects.len() {
            for scene in
                std::iter::once(scene.with_objects(scene.objects.clone())).chain(damage::copies(&scene, nth).map(|(_, scene)| scene))
            {
                let input = scene
                    .with_facts(nth, |facts| rule.judges(facts.object().group_kind()).then(|| facts.input(&rule.needs, &scene.params)));
                if let Some(input) = input {
                    let answer = interpreter.run(input.clone())?;
                    found.push((input, answer));
                }
            }
        }
    }
    Ok(found)
}

/// One rule in all evaluators.
struct Bench {
    rule: Arc<Rule>,
    index: usize,
    /// What runs at the doors, and what it falls back to.
    fast: [(Evaluator, Engine); 2],
    reference: Engine,
    coverage: Coverage,
}

impl Bench {
    fn new(catalog: &Arc<Catalog>, index: usize, rule: &Arc<Rule>) -> Result<Self, String> {
        let engine = |evaluator| {
            let mut settings = EngineSettings::offline();
            settings.evaluator = evaluator;
            settings.door = if rule.doors.offline { settings.door } else { crate::rules::Door::Admission };
            Engine::new(Arc::clone(catalog), settings)
        };
        let coverage = Coverage::new(catalog, rule)?;
        let fast = [Evaluator::Plan, Evaluator::Rvm].map(|evaluator| (evaluator, engine(evaluator)));
        Ok(Self { rule: Arc::clone(rule), index, fast, reference: engine(Evaluator::Interpreter), coverage })
    }

    fn scene(&mut self, scene: &Scene) -> Vec<String> {
        let mut failures = Vec::new();
        let mut found: Vec<(usize, Finding)> = Vec::new();
        for nth in 0..scene.objects.len() {
            match self.agreed(scene, nth) {
                Ok(outcome) => {
                    failures.extend(outcome.errors.into_iter().map(|error| format!("the rule failed: {}", error.message)));
                    found.extend(outcome.findings.into_iter().map(|finding| (nth, finding)));
                }
                Err(failure) => failures.push(failure),
            }
            self.cover(scene, nth);
        }
        failures.extend(scene.compare(&found));
        for (nth, finding) in &found {
            failures.extend(spans::check(scene, *nth, finding));
            failures.extend(fixes::check(self, scene, *nth, finding));
        }
        failures.extend(fixes::converge(self, scene));
        failures.extend(damage::check(self, scene));
        failures
    }

    fn cover(&mut self, scene: &Scene, nth: usize) {
        let (rule, coverage) = (&self.rule, &mut self.coverage);
        scene.with_facts(nth, |facts| {
            if rule.judges(facts.object().group_kind()) {
                let input = facts.input(&rule.needs, &scene.params);
                // An error was reported by the evaluation already.
                drop(coverage.run(input));
            }
        });
    }

    /// What all evaluators say about one object.
    fn agreed(&mut self, scene: &Scene, nth: usize) -> Result<Outcome, String> {
        let selected = [Selected { rule: self.index, params: scene.params.clone(), severity: None }];
        let reference = scene.with_facts(nth, |facts| self.reference.evaluate(facts, &selected));
        for (evaluator, engine) in &mut self.fast {
            let fast = scene.with_facts(nth, |facts| engine.evaluate(facts, &selected));
            // The fast ones take a failed builtin for undefined, as OPA does; that the interpreter fails is said by the caller.
            if reference.errors.is_empty() && fast != reference {
                return Err(format!("the evaluators disagree: the interpreter says {reference:?}, {evaluator:?} {fast:?}"));
            }
        }
        Ok(reference)
    }
}
