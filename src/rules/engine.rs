//! Evaluates rules over the facts of one object, one rule at a time: a rule that fails silences no other.

use core::time::Duration;
use std::cell::OnceCell;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use regorus::rvm::vm::RegoVM;
use regorus::utils::limits::ExecutionTimerConfig;

use super::catalog::{Catalog, Selected};
use super::plan::{self, Inputs, Plan};
use super::rule::{Door, Rule};
use super::{compile, decode};
use crate::facts::{Facts, Fields};
use crate::finding::Finding;
use crate::objects::GroupKind;
use crate::value::Value;

/// The Redis family: what `software: [redis]` stands for.
const REDIS_FAMILY: &[&str] = &["redis", "valkey", "keydb", "dragonfly"];

/// Steps between two looks at the clock.
const CLOCK_INTERVAL: u32 = 256;

/// Which evaluator runs the built-in rules. Users' rules always run in the interpreter, the evaluator of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluator {
    /// A rule's plan, many times as fast, and the virtual machine where the plan cannot tell.
    Plan,
    /// The virtual machine, two to three times as fast as the interpreter; tests show that all three give equal answers.
    Rvm,
    /// The interpreter.
    Interpreter,
}

/// How an [`Engine`] evaluates.
#[derive(Debug, Clone, Copy)]
pub struct EngineSettings {
    /// Wall-clock limit of one rule on one object. Cooperative: a builtin call is not cut off, so the loader refuses those that can explode.
    pub deadline: Duration,
    /// Instructions of one rule on one object; the virtual machine only.
    pub max_instructions: usize,
    /// Rules of the other door are left out.
    pub door: Door,
    /// Who evaluates built-in rules.
    pub evaluator: Evaluator,
}

impl EngineSettings {
    /// One second and ten million instructions a rule: far above what an honest rule needs, and no run hangs.
    pub const fn offline() -> Self {
        Self { deadline: Duration::from_secs(1), max_instructions: 10_000_000, door: Door::Offline, evaluator: Evaluator::Plan }
    }

    /// A deadline that fits many times into the webhook's timeout.
    pub const fn admission(deadline: Duration) -> Self {
        Self { deadline, max_instructions: 10_000_000, door: Door::Admission, evaluator: Evaluator::Plan }
    }
}

/// A rule that could not be evaluated on an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// The rule.
    pub rule: Arc<str>,
    /// Why.
    pub message: String,
}

/// What the rules said about one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// In the order of the rules, then of path and message.
    pub findings: Vec<Finding>,
    /// Rules that judged nothing.
    pub errors: Vec<RuleError>,
}

/// Evaluates rules; one per thread. Programs are made when a rule first matches, and shared by all engines of a catalog.
pub struct Engine {
    catalog: Arc<Catalog>,
    settings: EngineSettings,
    /// One machine per rule of the catalog: loading a program into a machine costs more than running it.
    machines: Vec<Option<Box<Machine>>>,
    /// One plan per rule, once it was needed. Threads share none: counting references to its constants would be contended.
    plans: Vec<OnceCell<Option<Plan>>>,
}

enum Machine {
    Rvm(RegoVM),
    Interpreter(regorus::Engine, String),
}

impl Engine {
    /// For the rules of a catalog. Compiles nothing yet.
    pub fn new(catalog: Arc<Catalog>, settings: EngineSettings) -> Self {
        let machines = catalog.rules().iter().map(|_| None).collect();
        let plans = catalog.rules().iter().map(|_| OnceCell::new()).collect();
        Self { catalog, settings, machines, plans }
    }

    /// Evaluates those of the selected rules that can match the object.
    pub fn evaluate(&mut self, facts: &Facts<'_>, rules: &[Selected]) -> Outcome {
        let mut outcome = Outcome::default();
        let catalog = Arc::clone(&self.catalog);
        let object = facts.object();
        let kind = object.group_kind();
        for selected in rules {
            let Some(rule) = catalog.rules().get(selected.rule) else { continue };
            if !self.concerns(rule, kind, facts) {
                continue;
            }
            let fields = facts.fields(&rule.needs, &selected.params);
            let planned = self.planned(&catalog, selected.rule, &fields);
            let answer = planned.map_or_else(|| self.run(selected.rule, rule, fields.document()), Ok).and_then(|answer| {
                let judged = decode::Judged { rule, object: &object.identity, workload: facts.workload(), severity: selected.severity };
                decode::findings(&answer, &judged)
            });
            match answer {
                Ok(findings) => outcome.findings.extend(findings),
                Err(message) => outcome.errors.push(RuleError { rule: rule.id.clone(), message }),
            }
        }
        outcome
    }

    /// Can the rule say anything about such an object?
    fn concerns(&self, rule: &Rule, kind: GroupKind<'_>, facts: &Facts<'_>) -> bool {
        rule.is_rego()
            && rule.doors.open(self.settings.door)
            && rule.judges(kind)
            && rule.operations.iter().any(|operation| *operation.as_str() == *facts.request().operation)
            && (rule.software.is_empty() || rule.software.iter().any(|family| runs(family, facts.software())))
    }

    /// The answer of the rule's plan, if there is one and it can tell.
    fn planned(&self, catalog: &Catalog, index: usize, fields: &Fields<'_>) -> Option<Value> {
        if self.settings.evaluator != Evaluator::Plan {
            return None;
        }
        let lower = || plan::plan(catalog.modules(index)?, &catalog.rules().get(index)?.package);
        let plan = self.plans.get(index)?.get_or_init(lower).as_ref()?;
        catch_unwind(AssertUnwindSafe(|| plan::run(plan, fields))).ok().flatten()
    }

    /// One evaluation. After a failure of any sort the machine is thrown away.
    fn run(&mut self, index: usize, rule: &Rule, input: Value) -> Result<Value, String> {
        let Some(slot) = self.machines.get_mut(index) else { return Err("the rule is not of this catalog".to_owned()) };
        let mut machine = match slot.take() {
            Some(machine) => machine,
            None => Box::new(machine(&self.catalog, index, rule, &self.settings)?),
        };
        let answer = catch_unwind(AssertUnwindSafe(|| machine.answer(input)));
        match answer {
            Ok(Ok(answer)) => {
                *slot = Some(machine);
                Ok(answer)
            }
            Ok(Err(message)) => Err(message),
            Err(panic) => Err(format!("the evaluator panicked: {}", panic_text(&*panic))),
        }
    }
}

fn machine(catalog: &Catalog, index: usize, rule: &Rule, settings: &EngineSettings) -> Result<Machine, String> {
    let interval = NonZeroU32::new(CLOCK_INTERVAL).unwrap_or(NonZeroU32::MIN);
    let timer = ExecutionTimerConfig { limit: settings.deadline, check_interval: interval };
    if rule.builtin && settings.evaluator != Evaluator::Interpreter {
        let mut vm = RegoVM::new();
        vm.load_program(catalog.program(index).map_err(|error| error.to_string())?);
        // Strict, it would drop all that a body has left to find after the first failure, without a word. The tests of rules run the
        // interpreter, strict, on damaged objects, so that a built-in rule has no such failure.
        vm.set_strict_builtin_errors(false);
        vm.set_max_instructions(settings.max_instructions);
        vm.set_execution_timer_config(Some(timer));
        return Ok(Machine::Rvm(vm));
    }
    let mut engine = compile::interpreter(rule, catalog.libraries()).map_err(|error| error.to_string())?;
    engine.set_execution_timer_config(timer);
    Ok(Machine::Interpreter(engine, compile::entry_point(rule)))
}

impl Inputs for Fields<'_> {
    fn field(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }
}

impl Machine {
    fn answer(&mut self, input: Value) -> Result<Value, String> {
        match self {
            Self::Rvm(vm) => {
                vm.set_input(input);
                let answer = vm.execute_entry_point_by_index(0).map_err(|error| error.to_string());
                vm.set_input(Value::Null);
                answer
            }
            Self::Interpreter(engine, entry_point) => {
                engine.set_input(input);
                let answer = engine.eval_rule(entry_point.clone()).map_err(|error| one_line(&error.to_string()));
                // What a rule prints goes nowhere, and is not kept.
                engine.take_prints().map_err(|error| error.to_string()).and(answer)
            }
        }
    }
}

/// The last line of a regorus message says what; the lines before it show where.
fn one_line(message: &str) -> String {
    let place = message.lines().find_map(|line| line.trim().strip_prefix("--> "));
    let said = message.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it failed");
    place.map_or_else(|| said.to_owned(), |place| format!("{place}: {said}"))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Is a family of software, as a header names it, among what runs?
fn runs(family: &str, software: &[Arc<str>]) -> bool {
    let wanted = |runs: &Arc<str>| **runs == *family || (family == "redis" && REDIS_FAMILY.contains(&&**runs));
    software.iter().any(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Context, Request};
    use crate::objects::{Object, Origin, UnitSet};

    fn catalog(rules: &[(&str, &str)]) -> Arc<Catalog> {
        let header = "# METADATA\n# title: T\n# description: D\n# custom:\n#   severity: warning\n#   kinds: [ConfigMap]\n";
        let file =
            |(name, body): &(&str, &str)| (format!("a/{name}.rego"), format!("{header}package kubelint.{name}\nimport rego.v1\n{body}"));
        let files: Vec<_> = rules.iter().map(file).collect();
        Arc::new(Catalog::builtin().unwrap().with_user(&files).unwrap())
    }

    fn evaluate(catalog: &Arc<Catalog>, ids: &[&str], settings: EngineSettings, json: &str) -> Outcome {
        let object = Arc::new(Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap());
        let set = UnitSet::new(vec![object.clone()], false);
        let request = Request::offline(false);
        let facts = Facts::new(&object, None, &request, Context { set: &set, kubernetes_minor: 37 });
        let select = |id: &&str| {
            let rule = catalog.position(id).unwrap();
            Selected { rule, params: catalog.rules()[rule].default_params(), severity: None }
        };
        let rules: Vec<_> = ids.iter().map(select).collect();
        Engine::new(catalog.clone(), settings).evaluate(&facts, &rules)
    }

    const BINDING: &str = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"b"},
        "roleRef":{"kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"User","name":"u"}]}"#;

    #[test]
    fn both_evaluators_find_the_same() {
        let catalog = catalog(&[]);
        for evaluator in [Evaluator::Rvm, Evaluator::Interpreter] {
            let settings = EngineSettings { evaluator, ..EngineSettings::offline() };
            let outcome = evaluate(&catalog, &["rbac-cluster-admin-binding", "privileged-container"], settings, BINDING);
            assert_eq!(outcome.errors, []);
            let [finding] = outcome.findings.as_slice() else { panic!("{outcome:?}") };
            assert_eq!((&*finding.rule, finding.path.to_string().as_str()), ("rbac-cluster-admin-binding", "subjects[0]"));
        }
    }

    const CONFIG: &str = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"b"}}"#;

    #[test]
    fn a_rule_that_fails_silences_no_other() {
        let catalog = catalog(&[
            (
                "bad",
                "findings contains {\"path\": [], \"message\": \"m\"} if 1 / count(object.remove(input.object, object.keys(input.object))) > 0",
            ),
            ("good", "findings contains {\"path\": [\"data\"], \"message\": \"m\"} if input.object.data"),
            ("malformed", "findings contains {\"message\": \"m\"} if input.object.data"),
        ]);
        let outcome = evaluate(&catalog, &["bad", "good", "malformed"], EngineSettings::offline(), CONFIG);
        assert_eq!(outcome.findings.iter().map(|f| &*f.rule).collect::<Vec<_>>(), ["good"]);
        assert_eq!(outcome.errors.iter().map(|e| &*e.rule).collect::<Vec<_>>(), ["bad", "malformed"]);
    }

    #[test]
    fn a_runaway_is_stopped_and_reported() {
        let body = "findings contains {\"path\": [], \"message\": \"m\"} if {\n\tr := numbers.range(1, 900)\n\tsome a in r\n\tsome b in r\n\tsome c in r\n\ta + b + c < 0\n}";
        let catalog = catalog(&[("slow", body)]);
        let settings = EngineSettings { deadline: Duration::from_millis(20), ..EngineSettings::offline() };
        let outcome = evaluate(&catalog, &["slow"], settings, CONFIG);
        assert!(outcome.errors[0].message.contains("time limit"), "{outcome:?}");
    }
}
