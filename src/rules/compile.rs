//! From Rego text to something that can be evaluated, by either evaluator.

use std::num::NonZeroU32;
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::Program;
use regorus::{Engine, PolicyLengthConfig};

use super::catalog::{Library, LoadError};
use super::rule::Rule;

/// An interpreter that holds the libraries that a text names: most rules need none, and parsing is most of a cold start.
pub(super) fn engine(source: &str, libraries: &[Library]) -> Result<Engine, LoadError> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    let max_col = NonZeroU32::new(4096).unwrap_or(NonZeroU32::MAX);
    engine.set_policy_length_config(PolicyLengthConfig { max_col, ..PolicyLengthConfig::default() });
    if source.contains("kubelint.lib") {
        for library in libraries {
            add(&mut engine, &library.file, &library.source)?;
        }
    }
    Ok(engine)
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
    Compiler::compile_from_policy(&compiled, &[&entry]).map_err(|error| failed(error.to_string()))
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
