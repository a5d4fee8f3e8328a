//! `new-rule` and `test`: rules of one's own, begun and checked as kubelint's are.
//!
//! ```text
//! DIR/policies/FAMILY/my_rule.rego      DIR/testdata/rules/my-rule/{pass,fail}.yaml
//! ```

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::Streams;
use super::{Ended, Exit, Failed, settings};
use crate::lint::testing;

/// `kubelint new-rule`.
#[derive(Debug, Args)]
pub(super) struct NewRule {
    /// The rule's id: kebab-case, the fault and not the cure, as in `privileged-container`.
    name: String,
    /// The folder of rules that it belongs to, as `redis` or `team`.
    #[arg(long, value_name = "FAMILY", default_value = "custom")]
    family: String,
    /// Where `policies` and `testdata` are, or are to be.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

/// `kubelint test`.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// Where `policies` (or the .rego files) and `testdata/rules` are.
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
}

/// Writes the beginning of a rule that passes `kubelint test`.
pub(super) fn new_rule(new: &NewRule, streams: &mut Streams) -> Ended {
    for (what, name) in [("a rule's id", &new.name), ("a family", &new.family)] {
        if !is_kebab(name) {
            return Err(Failed::Said(format!("`{name}` cannot be {what}: write it in kebab-case, as `privileged-container`")));
        }
    }
    if settings::catalog(&[])?.get(&new.name).is_some() {
        return Err(Failed::Said(format!(
            "kubelint has a rule `{}` already: `kubelint explain {}` tells what it does",
            new.name, new.name
        )));
    }
    let snake = new.name.replace('-', "_");
    let fixtures = new.dir.join("testdata/rules").join(&new.name);
    let files = [
        (new.dir.join("policies").join(&new.family).join(format!("{snake}.rego")), RULE.replace("SNAKE", &snake)),
        (
            fixtures.join("fail.yaml"),
            format!("# A set that nobody answers for.\n{}", SET.replace("NAME", "store # expect: no label").replace("LABELS", "")),
        ),
        (
            fixtures.join("pass.yaml"),
            format!("# A set with an owner.\n{}", SET.replace("NAME", "store").replace("LABELS", "  labels: {team: data}\n")),
        ),
    ];
    if let Some((file, _)) = files.iter().find(|(file, _)| file.exists()) {
        return Err(Failed::Said(format!("{} is there already, and nothing was written", file.display())));
    }
    let mut out = streams.out();
    for (file, text) in &files {
        let said = |error: std::io::Error| Failed::Said(format!("{}: cannot be written: {error}", file.display()));
        file.parent().map_or(Ok(()), fs::create_dir_all).map_err(said)?;
        fs::write(file, text).map_err(said)?;
        writeln!(out, "{}", file.display())?;
    }
    out.flush()?;
    streams.note(&format!("check it with `kubelint test {0}`, use it with `kubelint lint --policies {0}/policies ...`", new.dir.display()));
    Ok(Exit::Clean)
}

fn is_kebab(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(part)
}

/// Checks every rule of a folder by its fixtures.
pub(super) fn test(test: &Test, streams: &mut Streams) -> Ended {
    let inner = test.dir.join("policies");
    let catalog = settings::catalog(&[if inner.is_dir() { inner } else { test.dir.clone() }])?;
    let (mut rules, mut failed) = (0_usize, 0_usize);
    let mut out = streams.out();
    for rule in catalog.rules().iter().filter(|rule| !rule.builtin && rule.is_rego()) {
        let folder = test.dir.join("testdata/rules").join(&*rule.id);
        let failures = match testing::fixtures(&folder) {
            Ok(fixtures) => testing::check(&catalog, &rule.id, &fixtures),
            Err(error) => vec![unreadable(&folder, &error)],
        };
        rules += 1;
        failed += usize::from(!failures.is_empty());
        writeln!(out, "{:<4} {}", if failures.is_empty() { "ok" } else { "FAIL" }, rule.id)?;
        for failure in failures {
            writeln!(out, "     {}", crate::report::clean(&failure))?;
        }
    }
    writeln!(out, "{rules} rules, {failed} failed")?;
    out.flush()?;
    if rules == 0 {
        return Err(Failed::Said(format!("{}: there is no rule to test; `kubelint new-rule NAME` begins one", test.dir.display())));
    }
    Ok(if failed == 0 { Exit::Clean } else { Exit::Findings })
}

fn unreadable(folder: &Path, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => format!("there are no fixtures: write {}/fail.yaml and pass.yaml", folder.display()),
        _ => error.to_string(),
    }
}

const RULE: &str = r##"# METADATA
# title: Nobody answers for it
# description: |
#   Why this matters, in two or three sentences. This one asks for a label that says whom to call.
# related_resources:
# - https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
# custom:
#   severity: warning
#   kinds: [StatefulSet]
package kubelint.SNAKE

import rego.v1

# METADATA
# description: each set without an owner
findings contains finding if {
	not input.object.metadata.labels.team
	finding := {
		"path": ["metadata", "name"],
		"message": "no label `team` says whom to call; add metadata.labels.team",
	}
}
"##;

const SET: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: NAME
LABELSspec:
  serviceName: store
  selector:
    matchLabels: {app: store}
  template:
    metadata:
      labels: {app: store}
    spec:
      containers:
        - name: store
          image: registry.example.com/store:1.2.3
";
