//! Static refusals: what an evaluation cannot be protected from, or would answer with silence. Works on the syntax tree.
//!
//! Nothing bounds a single builtin call, a recursive function ends the process, and a misspelt function is noticed only when
//! it is reached: all three are found here, before anything runs.

use regorus::unstable::{AssignOp, BUILTINS, Expr, Module, Ref, Rule as Definition, RuleHead, Span};
use rustc_hash::{FxHashMap, FxHashSet};

use super::catalog::{Library, LoadError};
use super::compile;
use super::names;
use super::rule::Rule;
use super::walk::{self, Seen};
use crate::value::{Lookup, Value};

/// Builtins without effect on the answer, or whose answer is not a function of the input.
const REFUSED: &[(&str, &str)] = &[
    ("http.send", "rules do no network: what they need is in the facts"),
    ("net.", "rules do no network, and a network's expansion has no bound"),
    ("opa.runtime", "rules see only their input"),
    ("rego.", "rules see only their input"),
    ("time.now_ns", "a verdict must not depend on the clock"),
    ("rand.", "a verdict must not depend on chance"),
    ("uuid.", "a verdict must not depend on chance"),
    ("trace", "take it out"),
];

/// Longest width or precision in a format.
const WIDEST: usize = 1000;

/// Longest range of numbers.
const LONGEST_RANGE: i64 = 10_000;

/// Checks one rule together with the libraries it may import.
pub(super) fn rule(rule: &Rule, libraries: &[Library]) -> Result<(), Vec<LoadError>> {
    let mut engine = compile::engine(&rule.source, libraries).map_err(|error| vec![error])?;
    compile::add(&mut engine, &rule.file, &rule.source).map_err(|error| vec![error])?;
    let modules = engine.get_modules();
    let mut checker = Checker { rule, definitions: Definitions::of(modules), errors: Vec::new(), edges: FxHashMap::default() };
    checker.package(modules);
    for module in modules {
        checker.module(module);
    }
    checker.recursion();
    let mut errors = checker.errors;
    errors.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Full paths of all rules and functions: `data.kubelint.lib.text.bytes`.
struct Definitions(FxHashSet<String>);

impl Definitions {
    fn of(modules: &[Ref<Module>]) -> Self {
        let heads = modules.iter().flat_map(|module| module.policy.iter().filter_map(move |definition| names::full(module, definition)));
        Self(heads.collect())
    }

    /// The definition that a full path names or leads into.
    fn covering<'a>(&self, full: &'a str) -> Option<&'a str> {
        let ends = full.match_indices('.').map(|(at, _)| at).chain([full.len()]);
        ends.filter_map(|end| full.get(..end)).find(|prefix| self.0.contains(*prefix))
    }
}

struct Checker<'a> {
    rule: &'a Rule,
    definitions: Definitions,
    errors: Vec<LoadError>,
    /// Who refers to whom, with the place of the reference.
    edges: FxHashMap<String, Vec<(String, String, usize)>>,
}

impl Checker<'_> {
    fn error(&mut self, span: &Span, message: String) {
        self.errors.push(LoadError { file: span.source.get_path().clone(), line: span.line as usize, message });
    }

    /// The rule's own module is called as its file is, and finds something.
    fn package(&mut self, modules: &[Ref<Module>]) {
        for module in modules {
            let package = names::package(module);
            if *module.package.span.source.get_path() != *self.rule.file {
                if !package.starts_with("data.kubelint.lib.") {
                    self.error(
                        &module.package.span,
                        format!("a library's package is kubelint.lib.<name>, this is {}", package.trim_start_matches("data.")),
                    );
                }
                continue;
            }
            let leaf = self.rule.id.replace('-', "_");
            let expected = format!("data.kubelint.{leaf}");
            if package != expected {
                let message = format!(
                    "the package of this file must be `{}`: file, package and rule have one name",
                    expected.trim_start_matches("data.")
                );
                self.error(&module.package.span, message);
            }
            let is_findings = |definition: &Ref<Definition>| {
                matches!(&**definition, Definition::Spec { head: RuleHead::Set { .. }, .. })
                    && names::name(definition).as_deref() == Some("findings")
            };
            if !module.policy.iter().any(is_findings) {
                self.error(
                    &module.package.span,
                    "no `findings contains finding if { ... }`: a rule's answer is the set `findings`".to_owned(),
                );
            }
        }
    }

    fn module(&mut self, module: &Module) {
        let scope = Scope::of(module);
        for definition in &module.policy {
            self.constructs(definition);
            let from = names::name(definition).map_or_else(String::new, |name| format!("{}.{name}", scope.package));
            let bound = bound(definition);
            walk::expressions(definition, &mut |seen| {
                if let Seen::Use(expr) = seen {
                    self.expression(&scope, &from, &bound, expr);
                }
            });
        }
    }

    /// What the fast evaluator gets wrong without a word.
    fn constructs(&mut self, definition: &Definition) {
        if !self.rule.builtin {
            return;
        }
        match definition {
            Definition::Default { args, span, .. } if !args.is_empty() => {
                self.error(
                    span,
                    "a default function is not allowed in a built-in rule: write a second body with the opposite condition".to_owned(),
                );
            }
            Definition::Spec { bodies, .. } => {
                for body in bodies.iter().filter(|body| body.is_else) {
                    self.error(
                        &body.span,
                        "`else` is not allowed in a built-in rule: write a second body with the opposite condition".to_owned(),
                    );
                }
            }
            Definition::Default { .. } => {}
        }
        if walk::has_with(definition) {
            let (Definition::Spec { span, .. } | Definition::Default { span, .. }) = definition;
            self.error(span, "`with` is not allowed in a built-in rule".to_owned());
        }
    }

    fn expression(&mut self, scope: &Scope, from: &str, bound: &FxHashSet<String>, expr: &Expr) {
        let parts = match expr {
            Expr::Call { fcn, params, span, .. } => {
                let parts = names::prefix(fcn);
                self.call(scope, span, &parts, params);
                parts
            }
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => names::prefix(expr),
            _ => return,
        };
        let Some(full) = scope.full(&parts, &self.definitions) else {
            return self.variable(expr, parts.first().map_or("", String::as_str), bound);
        };
        let span = expr.span();
        if let Some(to) = self.definitions.covering(&full) {
            let reference = (to.to_owned(), span.source.get_path().clone(), span.line as usize);
            self.edges.entry(from.to_owned()).or_default().push(reference);
        } else if parts.len() > 1 && full.starts_with("data.") && !self.is_folder(&full) {
            self.error(
                span,
                format!("there is no `{}`: a rule sees its input, its own package and kubelint.lib", full.trim_start_matches("data.")),
            );
        }
    }

    /// A variable that nothing binds is undefined, and so is every body that uses it: silence.
    fn variable(&mut self, expr: &Expr, name: &str, bound: &FxHashSet<String>) {
        if !matches!(expr, Expr::Call { .. }) && !matches!(name, "" | "input" | "data" | "_") && !bound.contains(name) {
            self.error(expr.span(), format!("`{name}` is neither a variable that something binds nor a rule of this file"));
        }
    }

    /// Is it the path of a package, or of something above one?
    fn is_folder(&self, full: &str) -> bool {
        self.definitions.0.iter().any(|known| known.strip_prefix(full).is_some_and(|rest| rest.starts_with('.')))
    }

    fn call(&mut self, scope: &Scope, span: &Span, parts: &[String], params: &[Ref<Expr>]) {
        let called = parts.join(".");
        if scope.full(parts, &self.definitions).is_some_and(|full| self.definitions.covering(&full).is_some()) {
            return;
        }
        if let Some((_, reason)) =
            REFUSED.iter().find(|(refused, _)| called == *refused || (refused.ends_with('.') && called.starts_with(refused)))
        {
            return self.error(span, format!("`{called}` is not allowed: {reason}"));
        }
        if called == "print" {
            if self.rule.builtin {
                self.error(span, "`print` is not allowed in a built-in rule: take it out".to_owned());
            }
            return;
        }
        if called != "set" && !BUILTINS.contains_key(called.as_str()) {
            let near = BUILTINS.keys().find(|known| strsim::levenshtein(known, &called) <= 2);
            let near = near.map_or(String::new(), |near| format!(": did you mean `{near}`?"));
            return self.error(span, format!("there is no function `{called}`{near}"));
        }
        if let Some(message) = exploding(&called, params) {
            self.error(span, message);
        }
    }

    /// A cycle of references: regorus ends the process on a recursive function.
    fn recursion(&mut self) {
        let mut done = FxHashSet::default();
        let mut starts: Vec<&String> = self.edges.keys().collect();
        starts.sort();
        let mut found = Vec::new();
        for start in starts {
            let mut way = vec![(start.as_str(), 0_usize)];
            let mut on_way: FxHashSet<&str> = [start.as_str()].into_iter().collect();
            while let Some((at, next)) = way.pop() {
                let edge = if done.contains(at) { None } else { self.edges.get(at).and_then(|edges| edges.get(next)) };
                let Some((to, file, line)) = edge else {
                    done.insert(at);
                    on_way.remove(at);
                    continue;
                };
                way.push((at, next + 1));
                if on_way.contains(to.as_str()) {
                    let (at, to) = (at.trim_start_matches("data."), to.trim_start_matches("data."));
                    let message = format!(
                        "`{at}` refers to `{to}`, which leads back to it: recursion is not allowed (rename a variable that is called like a rule)"
                    );
                    found.push(LoadError { file: file.clone(), line: *line, message });
                } else if !done.contains(to.as_str()) {
                    on_way.insert(to);
                    way.push((to, 0));
                }
            }
        }
        found.dedup();
        self.errors.extend(found);
    }
}

/// What names mean in a module.
struct Scope {
    package: String,
    /// Alias and full path.
    imports: Vec<(String, String)>,
}

impl Scope {
    fn of(module: &Module) -> Self {
        let import = |import: &regorus::unstable::Import| {
            let parts = names::path(&import.refr)?;
            let alias = import.r#as.as_ref().map_or_else(|| parts.last().cloned(), |span| Some(span.text().to_owned()))?;
            (parts.first()? == "data").then(|| (alias, parts.join(".")))
        };
        Self { package: names::package(module), imports: module.imports.iter().filter_map(import).collect() }
    }

    /// The full path of a reference to a rule or to data; `None` for variables, the input and builtins.
    fn full(&self, parts: &[String], definitions: &Definitions) -> Option<String> {
        let (first, rest) = parts.split_first()?;
        let join = |head: &str| rest.iter().fold(head.to_owned(), |full, part| full + "." + part);
        if first == "data" {
            return Some(join("data"));
        }
        if let Some((_, target)) = self.imports.iter().find(|(alias, _)| alias == first) {
            return Some(join(target));
        }
        let own = format!("{}.{first}", self.package);
        definitions.0.contains(&own).then(|| join(&own))
    }
}

/// The variables of a definition that something gives a value.
fn bound(definition: &Definition) -> FxHashSet<String> {
    let mut names = FxHashSet::default();
    walk::expressions(definition, &mut |seen| match seen {
        Seen::Name(name) => {
            names.insert(name.to_owned());
        }
        Seen::Pattern(expr) | Seen::Use(expr @ (Expr::RefBrack { .. } | Expr::RefDot { .. })) => pattern(expr, &mut names),
        Seen::Use(Expr::AssignExpr { lhs, op: AssignOp::ColEq, .. }) => pattern(lhs, &mut names),
        Seen::Use(Expr::AssignExpr { lhs, rhs, op: AssignOp::Eq, .. }) => {
            pattern(lhs, &mut names);
            pattern(rhs, &mut names);
        }
        Seen::Use(_) => {}
    });
    names
}

fn pattern(expr: &Expr, names: &mut FxHashSet<String>) {
    match expr {
        Expr::Var { value, .. } => names.extend(value.text().map(str::to_owned)),
        Expr::Array { items, .. } => items.iter().for_each(|item| pattern(item, names)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| pattern(value, names)),
        // The inner brackets of `xs[i].ys[j]`.
        Expr::RefBrack { refr, index, .. } => {
            pattern(index, names);
            inner(refr, names);
        }
        Expr::RefDot { refr, .. } => inner(refr, names),
        _ => {}
    }
}

/// Only computed keys: the root of a reference is no pattern.
fn inner(expr: &Expr, names: &mut FxHashSet<String>) {
    match expr {
        Expr::RefBrack { .. } | Expr::RefDot { .. } => pattern(expr, names),
        _ => {}
    }
}

/// Calls whose result can be far larger than their arguments.
fn exploding(called: &str, params: &[Ref<Expr>]) -> Option<String> {
    let literal = |nth: usize| params.get(nth).and_then(|param| literal(param));
    match called {
        "sprintf" => match literal(0) {
            Some(Value::String(format)) if widest(&format) > WIDEST => Some(format!("a width over {WIDEST} in a format is not allowed")),
            Some(Value::String(_)) => None,
            _ => Some("the format of `sprintf` must be a literal: from data, a width could have any size".to_owned()),
        },
        "numbers.range" | "numbers.range_step" => match (literal(0).and_then(|v| v.int()), literal(1).and_then(|v| v.int())) {
            (Some(from), Some(to)) if from.abs_diff(to) <= LONGEST_RANGE.unsigned_abs() => None,
            _ => Some(format!("`{called}` takes two literals at most {LONGEST_RANGE} apart: iterate over what is in the input instead")),
        },
        "bits.lsh" if literal(1).and_then(|v| v.int()).is_none_or(|shift| shift > 1024) => {
            Some("`bits.lsh` takes a literal shift of at most 1024".to_owned())
        }
        "replace" if literal(2).is_none() => Some("the new text of `replace` must be a literal: long texts from data multiply".to_owned()),
        "concat" if literal(0).is_none() => Some("the delimiter of `concat` must be a literal: long texts from data multiply".to_owned()),
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } | Expr::Number { value, .. } => Some(value.clone()),
        _ => None,
    }
}

/// The largest number in a verb of a format; `*` counts as without bound.
fn widest(format: &str) -> usize {
    let mut widest = 0;
    for verb in format.replace("%%", "").split('%').skip(1) {
        let flags: String = verb.chars().take_while(|c| c.is_ascii_digit() || "+-# .*[]".contains(*c)).collect();
        if flags.contains('*') {
            return usize::MAX;
        }
        for number in flags.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()) {
            widest = widest.max(number.parse().unwrap_or(usize::MAX));
        }
    }
    widest
}
