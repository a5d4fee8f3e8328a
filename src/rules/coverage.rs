//! Which lines of a rule ran, for tests of rules. A line that never ran may hold a misspelt field, which Rego answers with silence.

use std::collections::BTreeSet;

use super::catalog::Catalog;
use super::compile;
use super::rule::Rule;
use crate::value::Value;

/// Runs one rule in the interpreter and notes its lines.
pub struct Coverage {
    engine: regorus::Engine,
    file: String,
    entry_point: String,
}

impl Coverage {
    /// For one rule of a catalog.
    ///
    /// # Errors
    /// What the loader says about the rule's text.
    pub fn new(catalog: &Catalog, rule: &Rule) -> Result<Self, String> {
        let mut engine = compile::interpreter(rule, catalog.libraries()).map_err(|error| error.to_string())?;
        engine.set_enable_coverage(true);
        Ok(Self { engine, file: rule.file.to_string(), entry_point: compile::entry_point(rule) })
    }

    /// Runs it once.
    ///
    /// # Errors
    /// What the evaluator says.
    pub fn run(&mut self, input: Value) -> Result<Value, String> {
        self.engine.set_input(input);
        self.engine.eval_rule(self.entry_point.clone()).map_err(|error| error.to_string())
    }

    /// Number and text of the rule's lines that no run has reached.
    pub fn missed(&self) -> Vec<(usize, String)> {
        let Ok(report) = self.engine.get_coverage_report() else { return Vec::new() };
        let files = report.files.iter().filter(|file| file.path == self.file);
        let missed = files.flat_map(|file| file.not_covered.iter().map(|line| (*line as usize, line_of(&file.code, *line as usize))));
        missed.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

fn line_of(code: &str, line: usize) -> String {
    code.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned()
}
