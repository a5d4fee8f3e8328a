//! The files that rendered manifests came from: a chart's template by the `# Source:` that Helm writes, a kustomization by its
//! folder. What is not there is still named, as Helm named it.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::input::RENDERED;
use crate::report::{Location, Template};

/// Bytes of a template that is looked into.
const MAX_BYTES: u64 = 1 << 20;

/// Templates that are remembered.
const MAX_KNOWN: usize = 4096;

/// The input's file and the `# Source:`.
type Key = (Arc<str>, Arc<str>);

/// Templates met so far.
#[derive(Debug, Default)]
pub(super) struct Templates {
    known: Mutex<FxHashMap<Key, Template>>,
}

impl Templates {
    /// What a place was rendered from; `None` for a place in a file that people write.
    pub(super) fn of(&self, at: &Location) -> Option<Template> {
        let source = match &at.source {
            Some(source) => Arc::clone(source),
            None => {
                at.file.strip_prefix(RENDERED)?;
                "".into()
            }
        };
        let key = (Arc::clone(&at.file), source);
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = lock().get(&key) {
            return Some(template.clone());
        }
        let template = find(&key.0, &key.1);
        let mut known = lock();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(key, template.clone());
        Some(template)
    }
}

/// The first candidate that is a file; else what names it best.
fn find(file: &str, source: &str) -> Template {
    let candidates = candidates(file, source);
    let there = candidates.iter().find(|path| Path::new(path).is_file());
    let name = there.or(candidates.first()).map_or(source, String::as_str);
    let small = there.filter(|path| fs::metadata(path).is_ok_and(|meta| meta.len() <= MAX_BYTES));
    let text = small.and_then(|path| fs::read_to_string(path).ok()).map(Into::into);
    Template { file: name.into(), text }
}

/// Where the template may be. Helm names it by the chart's name, which need not be the folder's. A name that leads out of the
/// chart is nobody's template, and is not looked for.
fn candidates(file: &str, source: &str) -> Vec<String> {
    let inside = source.split_once('/').map_or(source, |(_, inside)| inside);
    if source.starts_with('/') || source.split(['/', '\\']).any(|part| part == "..") {
        return vec![file.trim_start_matches(RENDERED).to_owned()];
    }
    if let Some(folder) = file.strip_prefix(RENDERED) {
        let in_chart = ["Chart.yaml"].map(|name| format!("{folder}/{name}"));
        if !source.is_empty() {
            return std::iter::once(format!("{folder}/{inside}")).chain(in_chart).collect();
        }
        return ["kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml"].map(|name| format!("{folder}/{name}")).into();
    }
    let mut candidates = vec![source.to_owned(), format!("charts/{source}")];
    if inside != source && Path::new("Chart.yaml").is_file() {
        candidates.push(inside.to_owned());
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendered_folder_holds_its_templates() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("templates")).unwrap();
        fs::write(folder.path().join("templates/x.yaml"), "a: 1\n").unwrap();
        fs::write(folder.path().join("Chart.yaml"), "name: other\n").unwrap();
        let file = format!("<rendered>/{}", folder.path().display());
        let found = |source| {
            let template = find(&file, source);
            let name = template.file.strip_prefix(&format!("{}/", folder.path().display())).unwrap().to_owned();
            (name, template.text.as_deref().map(str::to_owned))
        };
        assert_eq!(found("redis/templates/x.yaml"), ("templates/x.yaml".to_owned(), Some("a: 1\n".to_owned())));
        assert_eq!(found("redis/charts/common/templates/y.yaml").0, "Chart.yaml", "packed in an archive");
        assert_eq!(found("").0, "Chart.yaml");
    }

    #[test]
    fn what_is_not_there_is_named_as_helm_named_it() {
        let name = |file, source| find(file, source).file.to_string();
        assert_eq!(name("<stdin>", "redis/templates/x.yaml"), "redis/templates/x.yaml");
        assert_eq!(name("out.yaml", "redis/templates/x.yaml"), "redis/templates/x.yaml");
        assert_eq!(name("out.yaml", "../../etc/passwd"), "out.yaml");
        assert_eq!(name("<rendered>/chart", "x/../../etc/passwd"), "chart");
        assert_eq!(name("<rendered>/overlay", ""), "overlay/kustomization.yaml");
    }
}
