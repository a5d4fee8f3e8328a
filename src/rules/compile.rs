//! From Rego text to something that can be evaluated, by either evaluator.

use std::num::NonZeroU32;
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::Program;
use regorus::unstable::{Module, Ref};
use regorus::{Engine, PolicyLengthConfig};

use super::catalog::{Library, LoadError};
use super::rule::Rule;

/// An interpreter that holds the libraries that a text may name: most rules need none, and parsing is most of a cold start.
pub(super) fn engine(source: &str, libraries: &[Library]) -> Result<Engine, LoadError> {
    let mut engine = empty();
    for library in imported(source, libraries) {
        add(&mut engine, &library.file, &library.source)?;
    }
    Ok(engine)
}

fn empty() -> Engine {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    let max_col = NonZeroU32::new(4096).unwrap_or(NonZeroU32::MAX);
    engine.set_policy_length_config(PolicyLengthConfig { max_col, ..PolicyLengthConfig::default() });
    engine
}

/// The libraries that a text names, and those that these name.
fn imported<'l>(source: &str, libraries: &'l [Library]) -> Vec<&'l Library> {
    if !source.contains("kubelint.lib") {
        return Vec::new();
    }
    let mut wanted: Vec<bool> = libraries.iter().map(|library| names(source, library)).collect();
    loop {
        let before = wanted.clone();
        for (library, _) in libraries.iter().zip(&before).filter(|(_, wanted)| **wanted) {
            libraries.iter().zip(&mut wanted).for_each(|(other, wanted)| *wanted |= names(&library.source, other));
        }
        if wanted == before {
            return libraries.iter().zip(wanted).filter_map(|(library, wanted)| wanted.then_some(library)).collect();
        }
    }
}

/// May a text mean a library? It does if it has the name of its package, or speaks of all libraries at once.
fn names(source: &str, library: &Library) -> bool {
    let whole = |(at, root): (usize, &str)| !source.get(at + root.len()..).is_some_and(|rest| rest.starts_with('.'));
    let package = library.source.lines().find_map(|line| line.trim_end().strip_prefix("package "));
    package.is_none_or(|package| source.contains(package.trim())) || source.match_indices("kubelint.lib").any(whole)
}

/// Parses a policy into an interpreter.
pub(super) fn add(engine: &mut Engine, file: &str, source: &str) -> Result<(), LoadError> {
    engine.add_policy(file.to_owned(), source.to_owned()).map(drop).map_err(|error| located(file, &error.to_string()))
}

/// An interpreter for one rule.
pub(super) fn interpreter(rule: &Rule, libraries: &[Library]) -> Result<Engine, LoadError> {
    let mut engine = engine(&rule.source, libraries)?;
    add(&mut engine, &rule.file, &rule.source)?;
    Ok(engine)
}

/// The program of one rule, for the RVM. Its only entry point is [`entry_point`].
pub(super) fn program(rule: &Rule, libraries: &[Library]) -> Result<Arc<Program>, LoadError> {
    let mut engine = interpreter(rule, libraries)?;
    let entry = entry_point(rule);
    let failed = |error: String| located(&rule.file, &error);
    let compiled = engine.compile_with_entrypoint(&entry.as_str().into()).map_err(|error| failed(error.to_string()))?;
    let program = Compiler::compile_from_policy(&compiled, &[&entry]).map_err(|error| failed(error.to_string()))?;
    Ok(slim(program))
}

/// The syntax trees of a rule and of the libraries it imports; none if one cannot be read.
pub(super) fn modules(rule: &Rule, libraries: &[Library]) -> Option<Vec<Ref<Module>>> {
    let library = |library: &Library| library.module.get_or_init(|| module(&library.file, &library.source)).clone();
    let mut modules: Vec<Ref<Module>> = imported(&rule.source, libraries).into_iter().map(library).collect::<Option<_>>()?;
    modules.push(module(&rule.file, &rule.source)?);
    Some(modules)
}

/// The syntax tree of one file.
fn module(file: &str, source: &str) -> Option<Ref<Module>> {
    let mut engine = empty();
    add(&mut engine, file, source).ok()?;
    engine.get_modules().first().cloned()
}

/// The program without what running it does not read: the machine copies a rule's description at every call of it, and each
/// of these is an allocation.
fn slim(program: Arc<Program>) -> Arc<Program> {
    let mut program = Arc::unwrap_or_clone(program);
    for rule in &mut program.rule_infos {
        rule.name = String::new();
        if let Some(function) = &mut rule.function_info {
            function.param_names = Vec::new();
        }
        // What is not listed is no block, and no `else`.
        if rule.destructuring_blocks.iter().all(Option::is_none) {
            rule.destructuring_blocks = Vec::new();
        }
        if rule.else_bodies.iter().flatten().all(|is_else| !is_else) {
            rule.else_bodies = Vec::new();
        }
    }
    program.sources = Vec::new();
    program.instruction_spans = Vec::new();
    Arc::new(program)
}

/// Where a rule's answer is.
pub(super) fn entry_point(rule: &Rule) -> String {
    format!("data.{}.findings", rule.package)
}

/// What only compiling shows: unsafe variables, and for built-in rules what the RVM cannot do.
pub(super) fn dry_run(rule: &Rule, libraries: &[Library]) -> Vec<LoadError> {
    let compiled = if rule.builtin {
        program(rule, libraries).map(drop)
    } else {
        interpreter(rule, libraries).and_then(|mut engine| {
            let compiled = engine.compile_with_entrypoint(&entry_point(rule).as_str().into());
            compiled.map(drop).map_err(|error| located(&rule.file, &error.to_string()))
        })
    };
    compiled.err().into_iter().collect()
}

/// regorus says where in the second line of its messages, after an arrow: `--> file:line:column`.
fn located(file: &str, message: &str) -> LoadError {
    let place = message.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
    let mut parts = place.unwrap_or_default().rsplitn(3, ':');
    let (_, line, named) = (parts.next(), parts.next(), parts.next());
    let said = message.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it does not compile");
    LoadError {
        file: named.filter(|named| !named.is_empty()).unwrap_or(file).to_owned(),
        line: line.and_then(|line| line.trim().parse().ok()).unwrap_or(1),
        message: said.trim_start_matches("error: ").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(name: &str, imports: &str) -> Library {
        let source = format!("# METADATA\n# description: D\npackage kubelint.lib.{name}\n\nimport rego.v1\n{imports}\nf(x) := x\n");
        Library::new(format!("lib/{name}.rego").into(), source.into())
    }

    #[test]
    fn only_libraries_that_may_be_meant_are_parsed() {
        let libraries = [library("a", ""), library("b", "import data.kubelint.lib.a"), library("c", "import data.kubelint.lib.b")];
        for (source, expected) in [
            ("import data.kubelint.lib.a", &["lib/a.rego"][..]),
            ("import data.kubelint.lib.b", &["lib/a.rego", "lib/b.rego"]),
            ("x := data.kubelint.lib.c.f(1)", &["lib/a.rego", "lib/b.rego", "lib/c.rego"]),
            ("import data.kubelint.lib\nx := lib.a.f(1)", &["lib/a.rego", "lib/b.rego", "lib/c.rego"]),
            ("import data.kubelint.lib as l", &["lib/a.rego", "lib/b.rego", "lib/c.rego"]),
            ("import data.kubelint.lib.z", &[]),
        ] {
            let found: Vec<&str> = imported(source, &libraries).into_iter().map(|library| &*library.file).collect();
            assert_eq!(found, expected, "{source}");
        }
    }
}
