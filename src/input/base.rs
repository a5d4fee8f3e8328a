//! What inputs were before: in a revision of their git repository, or in manifests that were kept. Gives texts; which objects
//! belong together is decided where objects meet.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::git::{self, GitError, Revision};
use super::render::Renderer;
use super::walk::is_manifest_name;
use super::{Collected, Failure, Input, Options, RENDERED, STDIN, Source};

/// A text.
type Bytes = Arc<[u8]>;

/// A file of the revision: the input it belongs to, what to call it, its name in the repository.
type Wanted = (Option<usize>, Arc<str>, String);

/// Where previous versions come from.
#[derive(Debug)]
pub struct Base {
    origin: Origin,
    options: Options,
    /// Repositories by directory, and revisions by root.
    roots: Mutex<HashMap<PathBuf, PathBuf>>,
    revisions: Mutex<HashMap<PathBuf, Arc<Opened>>>,
    /// What directories rendered to, by their name in reports.
    rendered: Mutex<HashMap<Arc<str>, Option<Bytes>>>,
}

#[derive(Debug)]
enum Origin {
    Git(String),
    Given { collected: Collected, name: Arc<str> },
}

/// A revision, and where it was written out once something had to be rendered.
#[derive(Debug)]
struct Opened {
    revision: Revision,
    export: Mutex<Option<Arc<tempfile::TempDir>>>,
}

/// The previous version of a text.
#[derive(Debug, Clone)]
pub struct Before {
    /// The input that it is the previous version of, by its number; `None` where what it held may be anywhere now.
    pub of: Option<usize>,
    /// What to call it.
    pub file: Arc<str>,
    /// `None`: the text is the same.
    pub text: Option<Arc<[u8]>>,
    /// How much of it has to be read.
    pub must: Must,
}

/// How much of a previous version has to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Must {
    /// What of it can be: a commit may have been broken.
    Nothing,
    /// All of it, unless it holds no manifests: a walk met it.
    Manifests,
    /// All of it: somebody named it.
    All,
}

/// Why there are no previous versions at all.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// Git has none.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Base {
    /// The files of a revision: whatever `git rev-parse` takes for a commit; `A...` is the commit where HEAD left `A`.
    pub fn revision(revision: &str, options: Options) -> Self {
        Self::new(Origin::Git(revision.to_owned()), options)
    }

    /// These manifests; `name` is what to call all of them.
    pub fn given(collected: Collected, name: &str, options: Options) -> Self {
        Self::new(Origin::Given { collected, name: name.into() }, options)
    }

    fn new(origin: Origin, options: Options) -> Self {
        Self { origin, options, roots: Mutex::default(), revisions: Mutex::default(), rendered: Mutex::default() }
    }

    /// What of these inputs there was before. What cannot be had is a failure of that input.
    ///
    /// # Errors
    /// When the revision cannot be read at all.
    pub fn before(&self, inputs: &[Input], failures: &mut Vec<Failure>) -> Result<Vec<Before>, BaseError> {
        match &self.origin {
            Origin::Given { collected, .. } => Ok(self.kept(collected, failures)),
            Origin::Git(revision) => self.in_git(revision, inputs, failures),
        }
    }

    /// What to call manifests that were given; `None` of a revision, which may hold none.
    pub fn name(&self) -> Option<&Arc<str>> {
        match &self.origin {
            Origin::Given { name, .. } => Some(name),
            Origin::Git(_) => None,
        }
    }

    fn kept(&self, collected: &Collected, failures: &mut Vec<Failure>) -> Vec<Before> {
        failures.extend(collected.failures.iter().cloned());
        let named = collected.skipped.iter().filter(|skipped| skipped.named);
        failures.extend(named.map(|skipped| unread(&skipped.file, &skipped.reason)));
        let mut found = Vec::with_capacity(collected.inputs.len());
        for input in collected.inputs.iter().filter(|input| !collected.parts.contains_key(&input.file)) {
            let must = if input.named { Must::All } else { Must::Manifests };
            match super::bytes(input, self.options.max_file_bytes) {
                Ok(bytes) => found.push(Before { of: None, file: Arc::clone(&input.file), text: Some(bytes.into()), must }),
                Err(error) => failures.push(Failure { file: Arc::clone(&input.file), message: error.to_string(), at: None }),
            }
        }
        found
    }

    fn in_git(&self, name: &str, inputs: &[Input], failures: &mut Vec<Failure>) -> Result<Vec<Before>, BaseError> {
        let mut found = Vec::new();
        let mut wanted: HashMap<PathBuf, Vec<Wanted>> = HashMap::new();
        for (number, input) in inputs.iter().enumerate() {
            let fail = |message: String| Failure { file: Arc::clone(&input.file), message, at: None };
            if *input.file == *STDIN {
                let message = "the standard input has no older version in git: name its file with --stdin-filename, or pass the older manifests with --previous FILE";
                failures.push(fail(message.to_owned()));
                continue;
            }
            let directory = input.file.strip_prefix(RENDERED).filter(|_| input.source.path().is_none());
            let path = directory.map(Path::new).or(input.source.path()).unwrap_or(Path::new(&*input.file));
            let (opened, name_there) = self.locate(name, path, directory.is_some())?;
            if directory.is_some() {
                match self.render(&opened, name, &input.file, path, &name_there) {
                    Ok(Some(text)) => {
                        found.push(Before { of: Some(number), file: Arc::clone(&input.file), text: Some(text), must: Must::Nothing });
                    }
                    Ok(None) => {}
                    Err(message) => failures.push(fail(message)),
                }
                wanted.entry(opened.revision.root.clone()).or_default();
                continue;
            }
            let asked = wanted.entry(opened.revision.root.clone()).or_default();
            match opened.revision.get(&name_there) {
                Some(blob) if matches!(input.source, Source::File(_)) && !opened.revision.is_changed(blob) => {
                    found.push(Before { of: Some(number), file: Arc::clone(&input.file), text: None, must: Must::Nothing });
                }
                Some(_) => asked.push((Some(number), Arc::clone(&input.file), name_there)),
                None => {}
            }
        }
        for (root, mut asked) in wanted {
            let opened = self.open(name, &root)?;
            let revision = &opened.revision;
            let taken: HashSet<String> = asked.iter().map(|(.., inside)| inside.clone()).collect();
            let gone = revision.gone().filter(|blob| is_manifest_name(Path::new(&blob.path)) && !taken.contains(&blob.path));
            asked.extend(gone.map(|blob| (None, Arc::from(blob.path.as_str()), blob.path.clone())));
            let blobs: Vec<_> = asked.iter().filter_map(|(.., inside)| revision.get(inside)).collect();
            let texts = revision.texts(&blobs)?;
            found.extend(asked.into_iter().zip(texts).map(|((of, file, _), text)| Before {
                of,
                file,
                text: Some(text.into()),
                must: Must::Nothing,
            }));
        }
        Ok(found)
    }

    /// The revision of the repository that a path is in, and the path inside it.
    fn locate(&self, name: &str, path: &Path, directory: bool) -> Result<(Arc<Opened>, String), BaseError> {
        let around = if directory { Some(path) } else { path.parent() };
        let around = around.filter(|around| !around.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let known = self.roots.lock().unwrap_or_else(PoisonError::into_inner).get(around).cloned();
        let root = match known {
            Some(root) => root,
            None => {
                let root = git::root(around)?;
                self.roots.lock().unwrap_or_else(PoisonError::into_inner).insert(around.to_owned(), root.clone());
                root
            }
        };
        Ok((self.open(name, &root)?, inside(&root, path, around, directory)))
    }

    fn open(&self, name: &str, root: &Path) -> Result<Arc<Opened>, BaseError> {
        let mut revisions = self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = revisions.get(root) {
            return Ok(Arc::clone(opened));
        }
        let opened = Arc::new(Opened { revision: Revision::open(root, name)?, export: Mutex::default() });
        revisions.insert(root.to_owned(), Arc::clone(&opened));
        Ok(opened)
    }

    /// What a directory rendered to; `None` where there was nothing to render.
    fn render(&self, opened: &Opened, name: &str, file: &Arc<str>, directory: &Path, inside: &str) -> Result<Option<Bytes>, String> {
        if let Some(known) = self.rendered.lock().unwrap_or_else(PoisonError::into_inner).get(file) {
            return Ok(known.clone());
        }
        let export = opened.export().map_err(|error| error.to_string())?;
        let there = export.path().join(inside);
        let mut rendering = self.options.rendering.clone();
        rendering.release_name.get_or_insert_with(|| super::render::release_name(directory));
        for values in &mut rendering.helm_values {
            let real = std::fs::canonicalize(&*values).unwrap_or_else(|_| values.clone());
            let older = real.strip_prefix(&opened.revision.root).map(|inside| export.path().join(inside));
            if let Some(older) = older.ok().filter(|older| older.is_file()) {
                *values = older;
            }
        }
        let text = match Renderer::of(&there) {
            None => None,
            Some(renderer) => {
                let text = renderer.render(&there, &rendering, self.options.max_file_bytes);
                Some(text.map_err(|error| format!("at {name}, {error}"))?.into())
            }
        };
        self.rendered.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(file), text.clone());
        Ok(text)
    }
}

/// A text that was given as a previous version and holds none.
pub(crate) fn unread(file: &Arc<str>, reason: &str) -> Failure {
    let message = format!(
        "as --previous it has to hold the older manifests, and would be skipped: {reason}; leave --previous out where nothing is older"
    );
    Failure { file: Arc::clone(file), message, at: None }
}

impl Opened {
    /// The revision written out, once.
    fn export(&self) -> Result<Arc<tempfile::TempDir>, GitError> {
        let mut export = self.export.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = &*export {
            return Ok(Arc::clone(done));
        }
        let folder = tempfile::Builder::new().prefix("kubelint-base-").tempdir().map_err(|error| GitError::Export(error.to_string()))?;
        self.revision.export(folder.path())?;
        let folder = Arc::new(folder);
        *export = Some(Arc::clone(&folder));
        Ok(folder)
    }
}

/// The name that git has for a path, from the root of its repository, with slashes: links on the way to it resolved.
fn inside(root: &Path, path: &Path, around: &Path, directory: bool) -> String {
    let real = std::fs::canonicalize(path).or_else(|_| {
        let name = path.file_name().filter(|_| !directory).unwrap_or_default();
        std::fs::canonicalize(around).map(|around| around.join(name))
    });
    let real = real.unwrap_or_else(|_| path.to_owned());
    let inside = real.strip_prefix(root).unwrap_or(&real).to_string_lossy().into_owned();
    if std::path::MAIN_SEPARATOR == '\\' { inside.replace('\\', "/") } else { inside }
}
