//! Arguments to inputs: explicit files, the standard input, and walks through directories.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::chart::Chart;
use super::kustomization::Kustomizations;
use super::read::{ReadFailure, drain};
use super::render::{RenderError, Renderer};
use super::{Failure, Input, Options, RENDERED, STDIN, Skipped, Source};

/// What the arguments stand for, in the order of names.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// To be read.
    pub inputs: Vec<Input>,
    /// Not to be read, and why.
    pub skipped: Vec<Skipped>,
    /// What is not there, or cannot be walked.
    pub failures: Vec<Failure>,
    /// Inputs that are no manifests but parts of charts, by name.
    pub parts: BTreeMap<Arc<str>, Part>,
    /// The charts that were rendered.
    pub charts: Vec<RenderedChart>,
    /// Directories that a walk met and that could not be rendered, by their name in reports.
    pub unrendered: BTreeSet<Arc<str>>,
}

/// A file of a chart that has rules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `Chart.yaml`.
    Chart,
    /// Values that charts were rendered with.
    Values,
}

/// A chart that was rendered.
#[derive(Debug, Clone)]
pub struct RenderedChart {
    /// What the rendered text is called.
    pub file: Arc<str>,
    /// The chart.
    pub chart: Chart,
    /// What it rendered to a second time, where that may be something else.
    pub again: Option<Arc<[u8]>>,
}

/// What a directory was rendered to.
struct Rendered {
    text: Vec<u8>,
    chart: Option<(Chart, Option<Vec<u8>>)>,
}

impl Rendered {
    fn of(renderer: Renderer, directory: &Path, options: &Options) -> Result<Self, RenderError> {
        let render = || renderer.render(directory, &options.rendering, options.max_file_bytes);
        let chart = (renderer == Renderer::Helm).then(|| Chart::read(directory)).flatten();
        let Some(chart) = chart else { return Ok(Self { text: render()?, chart: None }) };
        if !chart.volatile {
            return Ok(Self { text: render()?, chart: Some((chart, None)) });
        }
        let (text, again) = rayon::join(render, render);
        // What rendered once and not again tells nothing of the chart.
        Ok(Self { text: text?, chart: Some((chart, again.ok())) })
    }
}

/// Turns arguments into inputs. `stdin` is asked only where an argument is `-`.
///
/// A file that several arguments reach is read once. The order of the arguments does not matter.
pub fn collect(arguments: &[PathBuf], options: &Options, stdin: &mut dyn io::Read) -> Collected {
    let mut collected = Collected::default();
    let (mut seen, mut stdin_read) = (HashSet::new(), false);
    for argument in arguments {
        if argument.as_os_str() == "-" {
            if !std::mem::replace(&mut stdin_read, true) {
                collected.stream(options, stdin);
            }
        } else if argument.is_dir() {
            match Renderer::of(argument) {
                Some(renderer) => collected.take(argument, Rendered::of(renderer, argument, options), true),
                None => collected.walk(argument, options, &mut seen),
            }
        } else {
            collected.file(argument, &mut seen);
        }
    }
    collected.values(options, &mut seen);
    collected.inputs.sort_by(|a, b| a.file.cmp(&b.file));
    collected.skipped.sort();
    collected.skipped.dedup();
    collected.failures.sort_by(|a, b| (&a.file, &a.message).cmp(&(&b.file, &b.message)));
    collected
}

impl Collected {
    fn fail(&mut self, file: &str, message: impl Into<String>) {
        self.failures.push(Failure { file: file.into(), message: message.into(), at: None });
    }

    fn stream(&mut self, options: &Options, stdin: &mut dyn io::Read) {
        let file: Arc<str> = options.stdin_filename.as_deref().unwrap_or(STDIN).into();
        match drain(stdin, options.max_file_bytes, 0) {
            Ok(bytes) => self.inputs.push(Input { file, source: Source::Bytes(bytes.into()), named: true }),
            Err(error @ (ReadFailure::Io(_) | ReadFailure::TooLarge { .. })) => self.fail(&file, error.to_string()),
        }
    }

    fn take(&mut self, directory: &Path, rendered: Result<Rendered, RenderError>, named: bool) {
        let Rendered { text, chart } = match rendered {
            Ok(rendered) => rendered,
            Err(error) => {
                if !named {
                    self.unrendered.insert(shown(directory).into());
                }
                return self.fail(&shown(directory), error.to_string());
            }
        };
        let file: Arc<str> = format!("{RENDERED}{}", shown(directory)).into();
        self.inputs.push(Input { file: Arc::clone(&file), source: Source::Bytes(text.into()), named });
        if let Some((chart, again)) = chart {
            let locked = chart.locked;
            self.charts.push(RenderedChart { file, chart, again: again.map(Into::into) });
            if !locked {
                self.part(&directory.join("Chart.yaml"), Part::Chart);
            }
        }
    }

    /// The files of values that all charts were rendered with.
    fn values(&mut self, options: &Options, seen: &mut HashSet<PathBuf>) {
        if self.charts.is_empty() {
            return;
        }
        for file in options.rendering.helm_values.iter().filter(|file| file.is_file()) {
            if fs::canonicalize(file).is_ok_and(|real| seen.insert(real)) {
                self.part(file, Part::Values);
            }
        }
    }

    fn part(&mut self, path: &Path, part: Part) {
        let file: Arc<str> = shown(path).into();
        self.inputs.push(Input { file: Arc::clone(&file), source: Source::File(path.to_owned()), named: false });
        self.parts.insert(file, part);
    }

    fn file(&mut self, path: &Path, seen: &mut HashSet<PathBuf>) {
        let file = shown(path);
        match fs::canonicalize(path) {
            Ok(real) if seen.insert(real.clone()) => {
                self.inputs.push(Input { file: file.into(), source: Source::File(path.to_owned()), named: true });
            }
            // A walk met it first; named as well, it counts as named.
            Ok(real) => {
                let same =
                    |input: &&mut Input| matches!(&input.source, Source::File(other) if fs::canonicalize(other).is_ok_and(|o| o == real));
                if let Some(input) = self.inputs.iter_mut().find(same) {
                    input.named = true;
                }
            }
            Err(error) => self.fail(&file, format!("cannot be read: {error}")),
        }
    }

    fn walk(&mut self, directory: &Path, options: &Options, seen: &mut HashSet<PathBuf>) {
        let charts = Arc::new(Mutex::new(Vec::new()));
        let mut entries = Vec::new();
        for entry in walker(directory, options, Arc::clone(&charts)).build() {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(error) => self.fail(&shown(directory), format!("cannot be walked: {error}")),
            }
        }
        let kustomizations = Kustomizations::among(entries.iter().map(DirEntry::path));
        let covered = self.kustomizations(&kustomizations, options);
        let patches = kustomizations.patches();
        for entry in &entries {
            let real = fs::canonicalize(entry.path()).unwrap_or_else(|_| entry.path().to_owned());
            if let Some(of) = patches.get(real.as_path()) {
                self.skip(entry.path(), format!("a patch, judged in what it changes: lint the kustomization {}", shown(of)));
            } else if !covered.contains(&real) {
                self.entry(entry, seen);
            } else if kustomizations.is_component(&real) {
                self.skip(entry.path(), "a kustomize component, judged in what uses it".to_owned());
            }
        }
        let charts = std::mem::take(&mut *charts.lock().unwrap_or_else(PoisonError::into_inner));
        if options.rendering.charts_in_walks {
            return self.render_all(Renderer::Helm, &charts.iter().map(PathBuf::as_path).collect::<Vec<_>>(), options);
        }
        for chart in &charts {
            let reason = "a Helm chart, which has to be rendered: pass --render, name it on the command line, or pipe `helm template` into `kubelint lint -`";
            self.skip(chart, reason.to_owned());
        }
    }

    fn skip(&mut self, path: &Path, reason: String) {
        self.skipped.push(Skipped { file: shown(path).into(), reason, named: false });
    }

    fn render_all(&mut self, renderer: Renderer, directories: &[&Path], options: &Options) {
        let texts: Vec<_> = directories.par_iter().map(|directory| Rendered::of(renderer, directory, options)).collect();
        for (directory, text) in directories.iter().zip(texts) {
            self.take(directory, text, false);
        }
    }

    /// Renders the topmost kustomizations of a walk; gives the files that are judged in what was rendered. Without a renderer,
    /// and where rendering fails, the files are read as they are.
    fn kustomizations(&mut self, all: &Kustomizations, options: &Options) -> HashSet<PathBuf> {
        let topmost = all.topmost();
        let texts: Vec<_> = topmost.par_iter().map(|directory| Rendered::of(Renderer::Kustomize, directory, options)).collect();
        let mut covered = HashSet::new();
        for (directory, text) in topmost.into_iter().zip(texts) {
            match text {
                Err(error @ RenderError::Missing { .. }) => self.skip(directory, error.to_string()),
                Err(error) => self.take(directory, Err(error), false),
                Ok(text) => {
                    covered.extend(all.covered(directory));
                    self.take(directory, Ok(text), false);
                }
            }
        }
        covered
    }

    fn entry(&mut self, entry: &DirEntry, seen: &mut HashSet<PathBuf>) {
        let path = entry.path();
        let Some(kind) = entry.file_type() else { return };
        if kind.is_dir() || !is_manifest_name(path) {
            return;
        }
        let mut skip = |reason: &str| self.skipped.push(Skipped { file: shown(path).into(), reason: reason.into(), named: false });
        // A link is followed to a file, never to a directory: no loops.
        let kind = if kind.is_symlink() {
            match fs::metadata(path) {
                Ok(target) => target.file_type(),
                Err(_) => return skip("a symbolic link that leads nowhere"),
            }
        } else {
            kind
        };
        if kind.is_dir() {
            return skip("a symbolic link to a directory, which is not followed");
        }
        if !kind.is_file() {
            return skip("neither a file nor a directory (a pipe, a socket or a device)");
        }
        if fs::canonicalize(path).is_ok_and(|real| seen.insert(real)) {
            self.inputs.push(Input { file: shown(path).into(), source: Source::File(path.to_owned()), named: false });
        }
    }
}

fn walker(directory: &Path, options: &Options, charts: Arc<Mutex<Vec<PathBuf>>>) -> WalkBuilder {
    let honour = options.honour_ignore_files;
    let mut builder = WalkBuilder::new(directory);
    builder.ignore(honour).git_ignore(honour).git_exclude(honour).git_global(false).parents(honour).require_git(false);
    if honour {
        builder.add_custom_ignore_filename(".kubelintignore");
    }
    builder.follow_links(false).sort_by_file_path(Path::cmp).filter_entry(move |entry| {
        let chart =
            entry.depth() > 0 && entry.file_type().is_some_and(|kind| kind.is_dir()) && Renderer::of(entry.path()) == Some(Renderer::Helm);
        if chart {
            charts.lock().unwrap_or_else(PoisonError::into_inner).push(entry.path().to_owned());
        }
        !chart
    });
    builder
}

/// `.yaml`, `.yml` or `.json`, in any case.
pub(super) fn is_manifest_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// A path as reports print it: with slashes, without a leading `./`.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = text.strip_prefix("./").filter(|rest| !rest.is_empty()).unwrap_or(&text);
    if std::path::MAIN_SEPARATOR == '\\' { text.replace('\\', "/") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&Path], options: &Options) -> (Vec<String>, Vec<String>) {
        let arguments: Vec<PathBuf> = arguments.iter().map(|p| p.to_path_buf()).collect();
        let root = arguments[0].clone();
        let collected = collect(&arguments, options, &mut io::empty());
        let short = |file: &str| file.strip_prefix(&*root.to_string_lossy()).unwrap_or(file).trim_start_matches('/').to_owned();
        assert!(collected.failures.is_empty(), "{:?}", collected.failures);
        (collected.inputs.iter().map(|i| short(&i.file)).collect(), collected.skipped.iter().map(|s| short(&s.file)).collect())
    }

    #[test]
    fn a_walk_reads_manifests_and_names_what_it_skips() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.yaml", "deep/b.YML", "deep/c.json", "notes.txt", "ignored/d.yaml", "chart/Chart.yaml", "chart/templates/e.yaml"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "a: 1\n").unwrap();
        }
        fs::write(dir.path().join(".kubelintignore"), "ignored/\n").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), dir.path().join("deep/loop.yaml")).unwrap();
        let (read, skipped) = names(&[dir.path()], &Options::default());
        assert_eq!(read, ["a.yaml", "deep/b.YML", "deep/c.json"]);
        assert_eq!(skipped, if cfg!(unix) { vec!["chart", "deep/loop.yaml"] } else { vec!["chart"] });
        let (read, _) = names(&[dir.path()], &Options { honour_ignore_files: false, ..Options::default() });
        assert!(read.contains(&"ignored/d.yaml".to_owned()));
    }

    #[test]
    fn a_file_reached_twice_is_read_once_and_counts_as_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.yaml");
        fs::write(&file, "a: 1\n").unwrap();
        for arguments in [[dir.path().to_owned(), file.clone()], [file, dir.path().to_owned()]] {
            let collected = collect(&arguments, &Options::default(), &mut io::empty());
            assert_eq!(collected.inputs.iter().map(|i| i.named).collect::<Vec<_>>(), [true]);
        }
    }

    #[test]
    fn the_standard_input_is_limited() {
        let options = Options { max_file_bytes: 3, ..Options::default() };
        let read = |text: &str| collect(&["-".into()], &options, &mut io::Cursor::new(text.to_owned()));
        assert_eq!(read("abc").inputs.len(), 1);
        assert!(read("abcd").failures[0].message.contains("--max-file-size"));
    }
}
