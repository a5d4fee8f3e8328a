//! What a kustomization refers to, and which of several is nobody's base. Reads kustomization files; renders nothing.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::value::{Lookup, Value};
use crate::yaml::{Limits, read};

/// The names that kustomize looks for.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Bytes of a kustomization that are read.
const MAX_BYTES: u64 = 1 << 20;

/// A kustomization and what it refers to; paths are real ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kustomization {
    /// The file itself.
    pub(super) file: PathBuf,
    /// A component is part of others, and cannot be rendered alone.
    pub(super) component: bool,
    /// Directories that it builds on.
    pub(super) bases: Vec<PathBuf>,
    /// Files that become part of what it renders.
    pub(super) files: Vec<PathBuf>,
    /// Files that change what it renders.
    pub(super) patches: Vec<PathBuf>,
}

impl Kustomization {
    /// The one in a directory, if there is one. A file that cannot be read is one that refers to nothing: rendering tells what is wrong.
    pub(super) fn of(directory: &Path) -> Option<Self> {
        let file = NAMES.iter().map(|name| directory.join(name)).find(|file| file.is_file())?;
        let small = fs::metadata(&file).is_ok_and(|metadata| metadata.len() <= MAX_BYTES);
        let bytes = if small { fs::read(&file).unwrap_or_default() } else { Vec::new() };
        let stream = read(&bytes, &Limits::default());
        let nothing = Value::Undefined;
        let value = stream.documents.first().map_or(&nothing, |document| &document.value);
        // Flux calls an object of its own a Kustomization, and people keep it in a file of that name.
        if value.at("apiVersion").text().is_some_and(|version| !version.starts_with("kustomize.config.k8s.io/")) {
            return None;
        }
        let mut found = Self { file: real(&file), component: value.at("kind").text() == Some("Component"), ..Self::default() };
        found.refer(directory, value);
        Some(found)
    }

    fn refer(&mut self, directory: &Path, value: &Value) {
        let texts = |key: &str| value.at(key).items().iter().filter_map(Value::text).map(str::to_owned).collect::<Vec<_>>();
        for key in ["resources", "bases", "components", "generators", "transformers", "validators", "configurations", "crds"] {
            for name in texts(key) {
                let path = directory.join(&name);
                if path.is_dir() {
                    self.bases.push(real(&path));
                } else if path.is_file() {
                    self.files.push(real(&path));
                }
            }
        }
        let mut patches = texts("patchesStrategicMerge");
        for key in ["patches", "patchesJson6902", "replacements"] {
            patches.extend(value.at(key).items().iter().filter_map(|patch| patch.at("path").text()).map(str::to_owned));
        }
        self.patches = existing(directory, patches);
        for generator in ["configMapGenerator", "secretGenerator"].iter().flat_map(|key| value.at(key).items()) {
            let listed = ["files", "envs"].iter().flat_map(|key| generator.at(key).items()).filter_map(Value::text);
            let names = listed.chain(generator.at("env").text()).map(|name| name.rsplit('=').next().unwrap_or(name).to_owned());
            self.files.extend(existing(directory, names.collect()));
        }
    }
}

/// The files among names; an inline patch is none.
fn existing(directory: &Path, names: Vec<String>) -> Vec<PathBuf> {
    let files = names.iter().filter(|name| !name.contains('\n')).map(|name| directory.join(name));
    files.filter(|file| file.is_file()).map(|file| real(&file)).collect()
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The kustomizations of a walk: by the directory as the walk names it.
#[derive(Debug, Default)]
pub(super) struct Kustomizations {
    found: Vec<(PathBuf, Kustomization)>,
    /// Indices by real directory.
    real: HashMap<PathBuf, usize>,
}

impl Kustomizations {
    /// Reads those among directories.
    pub(super) fn among<'a>(files: impl Iterator<Item = &'a Path>) -> Self {
        let mut all = Self::default();
        for file in files.filter(|file| file.file_name().is_some_and(|name| NAMES.iter().any(|known| name == *known))) {
            let Some(directory) = file.parent() else { continue };
            let Some(one) = Kustomization::of(directory) else { continue };
            if !all.real.contains_key(&real(directory)) {
                all.real.insert(real(directory), all.found.len());
                all.found.push((directory.to_owned(), one));
            }
        }
        all
    }

    /// The topmost ones: those that no other refers to. Components are none.
    pub(super) fn topmost(&self) -> Vec<&Path> {
        let bases: HashSet<&PathBuf> = self.found.iter().flat_map(|(_, one)| &one.bases).collect();
        let top = |(directory, one): &&(PathBuf, Kustomization)| !one.component && !bases.contains(&real(directory));
        self.found.iter().filter(top).map(|(directory, _)| directory.as_path()).collect()
    }

    /// All components: skipped where nothing uses them.
    pub(super) fn is_component(&self, file: &Path) -> bool {
        self.found.iter().any(|(_, one)| one.component && one.file == file)
    }

    /// Every patch, of each the kustomization's directory.
    pub(super) fn patches(&self) -> HashMap<&Path, &Path> {
        self.found.iter().flat_map(|(directory, one)| one.patches.iter().map(move |patch| (patch.as_path(), directory.as_path()))).collect()
    }

    /// What is read through a rendered kustomization: its file, its resources, and those of what it builds on.
    pub(super) fn covered(&self, directory: &Path) -> HashSet<PathBuf> {
        let (mut covered, mut seen, mut open) = (HashSet::new(), HashSet::new(), vec![real(directory)]);
        while let Some(at) = open.pop() {
            if !seen.insert(at.clone()) {
                continue;
            }
            let outside;
            let one = match self.real.get(&at).and_then(|nth| self.found.get(*nth)) {
                Some((_, one)) => one,
                None => match Kustomization::of(&at) {
                    Some(one) => {
                        outside = one;
                        &outside
                    }
                    None => continue,
                },
            };
            covered.insert(one.file.clone());
            covered.extend(one.files.iter().cloned());
            open.extend(one.bases.iter().cloned());
        }
        covered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn overlays_are_topmost_and_cover_their_bases() {
        let folder = folder(&[
            (
                "base/kustomization.yaml",
                "resources: [store.yaml, https://example.com/x.yaml]\nconfigMapGenerator: [{name: c, files: [redis.conf=my.conf]}]\n",
            ),
            ("base/store.yaml", ""),
            ("base/my.conf", ""),
            ("tls/Kustomization", "kind: Component\npatches: [{path: tls.yaml}, {patch: 'a: 1'}]\n"),
            ("tls/tls.yaml", ""),
            ("prod/kustomization.yml", "resources: [../base]\ncomponents: [../tls]\npatchesStrategicMerge: [more.yaml, \"a: 1\\nb: 2\"]\n"),
            ("prod/more.yaml", ""),
            ("flux/kustomization.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"),
        ]);
        let names =
            ["base/kustomization.yaml", "tls/Kustomization", "prod/kustomization.yml", "flux/kustomization.yaml", "base/store.yaml"];
        let files: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
        let all = Kustomizations::among(files.iter().map(PathBuf::as_path));
        let prod = folder.path().join("prod");
        assert_eq!(all.topmost(), [prod.as_path()]);
        let root = real(folder.path());
        let relative = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let mut covered: Vec<String> = all.covered(&prod).iter().map(|path| relative(path)).collect();
        covered.sort();
        assert_eq!(covered, ["base/kustomization.yaml", "base/my.conf", "base/store.yaml", "prod/kustomization.yml", "tls/Kustomization"]);
        let mut patches: Vec<String> = all.patches().keys().map(|path| relative(path)).collect();
        patches.sort();
        assert_eq!(patches, ["prod/more.yaml", "tls/tls.yaml"]);
    }

    #[test]
    fn a_circle_is_covered_once() {
        let folder = folder(&[("a/kustomization.yaml", "resources: [../b]\n"), ("b/kustomization.yaml", "resources: [../a]\n")]);
        let files = ["a", "b"].map(|name| folder.path().join(name).join("kustomization.yaml"));
        let all = Kustomizations::among(files.iter().map(PathBuf::as_path));
        assert!(all.topmost().is_empty());
        assert_eq!(all.covered(&folder.path().join("a")).len(), 2);
    }
}
