//! The rendered public charts, which lie beside a checkout where they are there at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubelint::objects::{Object, Origin};
use kubelint::value::Lookup as _;
use kubelint::yaml::{Limits, read};

/// Every rendering, in order; none where the corpus is not there, which a test that uses it has to say loudly.
pub(crate) fn renderings() -> Vec<PathBuf> {
    let Ok(charts) = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/charts")) else { return Vec::new() };
    let folders = charts.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>());
    let manifest = |path: &PathBuf| path.extension().is_some_and(|e| e == "yaml") && !path.to_string_lossy().ends_with(".values.yaml");
    let mut files: Vec<_> = files.filter(manifest).collect();
    files.sort();
    files
}

/// The objects of one file, those of lists included.
pub(crate) fn objects(file: &Path) -> Vec<Arc<Object>> {
    let stream = read(&fs::read(file).unwrap(), &Limits::default());
    assert!(stream.errors.is_empty(), "{}: {:?}", file.display(), stream.errors);
    let values = stream.documents.into_iter().flat_map(|document| match document.value.at("kind").text() {
        Some(kind) if kind.ends_with("List") => document.value.at("items").items().to_vec(),
        _ => vec![document.value],
    });
    values.filter_map(|value| Object::new(value, Origin::Cluster)).map(Arc::new).collect()
}
