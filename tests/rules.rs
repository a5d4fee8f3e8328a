//! Every rule of `policies/` against its folder of `testdata/rules/`. Policies are read from the files, so that the test binary
//! judges a changed rule without building kubelint again. `KUBELINT_RULE=<id>` checks one rule.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubelint::lint::testing;
use kubelint::rules::Catalog;
use rayon::prelude::*;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn policies(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            policies(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rego") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn catalog() -> Arc<Catalog> {
    let mut files = Vec::new();
    policies(&root().join("policies"), &mut files);
    files.sort();
    let sources = files.iter().map(|(name, text)| (name.as_str(), Cow::Owned(text.clone())));
    Arc::new(Catalog::from_sources(sources).unwrap_or_else(|errors| panic!("{errors}")))
}

/// The one rule that is asked for, or all.
fn wanted(catalog: &Catalog) -> BTreeSet<String> {
    match std::env::var("KUBELINT_RULE") {
        Ok(id) if !id.is_empty() => BTreeSet::from([id]),
        _ => catalog.rules().iter().filter(|rule| rule.is_rego()).map(|rule| rule.id.to_string()).collect(),
    }
}

#[test]
fn every_rule_does_what_its_fixtures_say() {
    let catalog = catalog();
    let failures: Vec<String> = wanted(&catalog)
        .into_par_iter()
        .flat_map_iter(|id| {
            let folder = root().join("testdata/rules").join(&id);
            let found = match testing::fixtures(&folder) {
                Ok(fixtures) => testing::check(&catalog, &id, &fixtures),
                Err(error) => vec![format!("testdata/rules/{id} cannot be read: {error}")],
            };
            found.into_iter().map(move |failure| format!("{id}: {failure}"))
        })
        .collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_rule_passes_the_loader() {
    catalog().check_builtin().unwrap_or_else(|errors| panic!("{errors}"));
}

#[test]
fn every_folder_has_its_rule() {
    let catalog = catalog();
    for entry in fs::read_dir(root().join("testdata/rules")).unwrap() {
        let id = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(catalog.get(&id).is_some_and(|rule| rule.is_rego()), "testdata/rules/{id} has no policies/*/{}.rego", id.replace('-', "_"));
    }
}

#[test]
fn rules_are_short() {
    for rule in catalog().rules() {
        let lines = rule.source.lines().skip_while(|line| line.starts_with('#')).count();
        assert!(
            lines <= 60,
            "{} has {lines} lines below its header: split it into two rules, or move what is hard into the facts",
            rule.file
        );
    }
}
