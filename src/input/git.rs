//! One revision of a git repository: which files it has, which of them are another now, and what they held. Asks the `git`
//! program, which knows worktrees, alternates, partial clones, SHA-256 and every configuration of the user's, and is there wherever a
//! revision can be named; nothing is checked out, and nothing of the repository is written.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use super::process::{Line, Stopped};

/// How long one call of git may take: it may fetch what a partial clone lacks.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Bytes of names, and of texts in one call, that git may print.
const MAX_OUTPUT: u64 = 1 << 30;

/// Blobs asked for in one call.
const BATCH: usize = 512;

/// What hooks set for git itself and what would make it ask, speak another language or take locks.
const ENVIRONMENT: &[(&str, Option<&str>)] = &[
    ("GIT_DIR", None),
    ("GIT_WORK_TREE", None),
    ("GIT_INDEX_FILE", None),
    ("GIT_PREFIX", None),
    ("GIT_LITERAL_PATHSPECS", None),
    ("GIT_OPTIONAL_LOCKS", Some("0")),
    ("GIT_TERMINAL_PROMPT", Some("0")),
    ("LC_ALL", Some("C")),
];

/// Why a revision cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error("--base needs the program `git`, which is not on the PATH")]
    NoGit,
    /// Outside of repositories.
    #[error("{} is in no git repository, so that there is no older version of it: {complaint}", directory.display())]
    NoRepository {
        /// Where was looked.
        directory: PathBuf,
        /// What git says.
        complaint: String,
    },
    /// No such commit.
    #[error("--base {revision}: there is no such commit in {}{}", root.display(), hint(*shallow))]
    NoRevision {
        /// As given.
        revision: String,
        /// Where was looked.
        root: PathBuf,
        /// Was the history cut off?
        shallow: bool,
    },
    /// Git could not be run, or not be read.
    #[error("`{command}` failed: {reason}")]
    Failed {
        /// What was run.
        command: String,
        /// What went wrong.
        reason: String,
    },
    /// Git printed something else than asked for.
    #[error("`{command}` cannot be understood: {reason}")]
    Odd {
        /// What was run.
        command: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the revision cannot be written where it is to be rendered.
    #[error("the revision cannot be written out to be rendered: {0}")]
    Export(String),
}

fn hint(shallow: bool) -> &'static str {
    if shallow {
        ": this clone is shallow, fetch more of it (actions/checkout: `fetch-depth: 0`; elsewhere `git fetch --unshallow`)"
    } else {
        ": fetch it first, or name another"
    }
}

/// A file of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    /// Its name, from the root of the repository, with slashes.
    pub(super) path: String,
    link: bool,
    id: String,
}

/// A revision of a repository.
#[derive(Debug)]
pub(super) struct Revision {
    /// The real path of the worktree.
    pub(super) root: PathBuf,
    blobs: Vec<Blob>,
    by_path: FxHashMap<String, usize>,
    /// Files that are another now, or gone.
    changed: FxHashSet<String>,
    /// Those that are gone.
    gone: FxHashSet<String>,
}

/// The root of the worktree that a directory is in.
pub(super) fn root(directory: &Path) -> Result<PathBuf, GitError> {
    let line = git(directory, &["rev-parse", "--show-toplevel"]);
    match line.run(TIMEOUT, MAX_OUTPUT) {
        Ok(text) => {
            let path = PathBuf::from(String::from_utf8_lossy(&text).trim_end_matches(['\n', '\r']));
            Ok(std::fs::canonicalize(&path).unwrap_or(path))
        }
        Err(Stopped::Refused(_, complaint)) => Err(GitError::NoRepository { directory: directory.to_owned(), complaint }),
        Err(stopped) => Err(failed(&line, stopped)),
    }
}

impl Revision {
    /// Reads the names of a revision. `A...` is the commit where HEAD left `A`, as in `git diff A...`.
    pub(super) fn open(root: &Path, revision: &str) -> Result<Self, GitError> {
        let commit = match revision.strip_suffix("...") {
            Some(branch) => {
                let branch = commit(root, branch, revision)?;
                text(&git(root, &["merge-base", &branch, "HEAD"])).map_err(|_| no_revision(root, revision))?
            }
            None => commit(root, revision, revision)?,
        };
        let commit = commit.trim_end();
        let mut opened = Self {
            root: root.to_owned(),
            blobs: Vec::new(),
            by_path: FxHashMap::default(),
            changed: FxHashSet::default(),
            gone: FxHashSet::default(),
        };
        opened.list(&git(root, &["ls-tree", "-r", "-z", "--full-tree", commit]))?;
        opened.compare(&git(root, &["diff", "--no-ext-diff", "--no-textconv", "--no-renames", "--name-status", "-z", commit, "--"]))?;
        Ok(opened)
    }

    /// `100644 blob 1234...<TAB>path`, ended by NUL. What is neither a file nor a link (a submodule) is left out.
    fn list(&mut self, line: &Line) -> Result<(), GitError> {
        for entry in run(line)?.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            let entry = String::from_utf8_lossy(entry);
            let parts = entry.split_once('\t').and_then(|(head, path)| {
                let mut words = head.split(' ');
                Some((words.next()?, words.next()?, words.next()?, path))
            });
            let Some((mode, kind, id, path)) = parts else { return Err(odd(line, &entry)) };
            if kind == "blob" {
                self.by_path.insert(path.to_owned(), self.blobs.len());
                self.blobs.push(Blob { path: path.to_owned(), link: mode == "120000", id: id.to_owned() });
            }
        }
        Ok(())
    }

    /// `M<NUL>path<NUL>`, again and again.
    fn compare(&mut self, line: &Line) -> Result<(), GitError> {
        let printed = run(line)?;
        let mut words = printed.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        while let Some(status) = words.next().filter(|status| !status.is_empty()) {
            let path = words.next().ok_or_else(|| odd(line, &status))?.into_owned();
            if *status == *"D" {
                self.gone.insert(path.clone());
            }
            self.changed.insert(path);
        }
        Ok(())
    }

    /// The file of this name; a link is none.
    pub(super) fn get(&self, path: &str) -> Option<&Blob> {
        self.by_path.get(path).and_then(|nth| self.blobs.get(*nth)).filter(|blob| !blob.link)
    }

    /// Is it another now, or gone?
    pub(super) fn is_changed(&self, blob: &Blob) -> bool {
        self.changed.contains(&blob.path)
    }

    /// Files that are not there any more, in the order of their names.
    pub(super) fn gone(&self) -> impl Iterator<Item = &Blob> {
        self.blobs.iter().filter(|blob| !blob.link && self.gone.contains(&blob.path))
    }

    /// What files held, in their order.
    pub(super) fn texts(&self, blobs: &[&Blob]) -> Result<Vec<Vec<u8>>, GitError> {
        let mut texts = Vec::with_capacity(blobs.len());
        for some in blobs.chunks(BATCH) {
            let ids: String = some.iter().map(|blob| format!("{}\n", blob.id)).collect();
            let line = Line { stdin: ids.into_bytes(), ..git(&self.root, &["cat-file", "--batch"]) };
            let printed = run(&line)?;
            let mut rest = printed.as_slice();
            for blob in some {
                let (text, behind) = object(rest).map_err(|reason| odd(&line, &format!("{}: {reason}", blob.path)))?;
                texts.push(text.to_vec());
                rest = behind;
            }
        }
        Ok(texts)
    }

    /// Writes all files of the revision below a directory.
    pub(super) fn export(&self, to: &Path) -> Result<(), GitError> {
        let export = |path: &Path, error: io::Error| GitError::Export(format!("{}: {error}", path.display()));
        let mut links = Vec::new();
        for some in self.blobs.chunks(BATCH) {
            let texts = self.texts(&some.iter().collect::<Vec<_>>())?;
            for (blob, text) in some.iter().zip(texts) {
                let inside = Path::new(&blob.path);
                if !inside.components().all(|part| matches!(part, Component::Normal(name) if !name.eq_ignore_ascii_case(".git"))) {
                    return Err(GitError::Export(format!("{} is no name of a file", blob.path)));
                }
                let path = to.join(inside);
                if blob.link {
                    links.push((path, text));
                    continue;
                }
                let folder = path.parent().unwrap_or(to);
                std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text)).map_err(|error| export(&path, error))?;
            }
        }
        // Last, so that nothing is written through them.
        for (path, target) in links {
            let folder = path.parent().unwrap_or(to);
            std::fs::create_dir_all(folder).and_then(|()| link(&target, &path)).map_err(|error| export(&path, error))?;
        }
        Ok(())
    }
}

/// The first of the objects that `git cat-file --batch` prints (`ID blob SIZE`, the text, a line's end), and the rest.
fn object(printed: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let end = printed.iter().position(|byte| *byte == b'\n').ok_or("it ends too early")?;
    let (head, rest) = printed.split_at(end);
    let head = String::from_utf8_lossy(head);
    let size = match head.split(' ').collect::<Vec<_>>()[..] {
        [_, "blob", size] => size.parse::<usize>().map_err(|_| head.to_string())?,
        // `ID missing`
        _ => return Err(format!("git says `{head}`: the repository lacks it")),
    };
    let rest = rest.get(1..).unwrap_or_default();
    match (rest.get(..size), rest.get(size + 1..)) {
        (Some(text), Some(behind)) => Ok((text, behind)),
        _ => Err("it ends too early".to_owned()),
    }
}

#[cfg(unix)]
fn link(target: &[u8], path: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), path)
}

/// Where links are no matter of course, git writes their target into a file, too.
#[cfg(not(unix))]
fn link(target: &[u8], path: &Path) -> io::Result<()> {
    std::fs::write(path, target)
}

/// The commit that a name stands for.
fn commit(root: &Path, name: &str, given: &str) -> Result<String, GitError> {
    let line = git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")]);
    match text(&line) {
        Ok(text) => Ok(text.trim_end().to_owned()),
        Err(Stopped::Refused(..)) => Err(no_revision(root, given)),
        Err(stopped) => Err(failed(&line, stopped)),
    }
}

fn no_revision(root: &Path, revision: &str) -> GitError {
    let shallow = text(&git(root, &["rev-parse", "--is-shallow-repository"])).is_ok_and(|text| text.trim_end() == "true");
    GitError::NoRevision { revision: revision.to_owned(), root: root.to_owned(), shallow }
}

fn git(directory: &Path, arguments: &[&str]) -> Line {
    let quoted = ["-c", "core.quotePath=false", "-c", "core.fsmonitor=false"];
    let arguments = quoted.iter().chain(arguments).map(OsString::from).collect();
    Line { program: "git", arguments, directory: Some(directory.to_owned()), environment: ENVIRONMENT, stdin: Vec::new() }
}

fn text(line: &Line) -> Result<String, Stopped> {
    line.run(TIMEOUT, MAX_OUTPUT).map(|text| String::from_utf8_lossy(&text).into_owned())
}

fn run(line: &Line) -> Result<Vec<u8>, GitError> {
    line.run(TIMEOUT, MAX_OUTPUT).map_err(|stopped| failed(line, stopped))
}

fn failed(line: &Line, stopped: Stopped) -> GitError {
    let reason = match stopped {
        Stopped::Io(error) if error.kind() == io::ErrorKind::NotFound => return GitError::NoGit,
        Stopped::Io(error) => error.to_string(),
        Stopped::TooLarge(limit) => format!("it prints more than {limit} bytes"),
        Stopped::Slow => format!("it did not end within {} s", TIMEOUT.as_secs()),
        Stopped::Refused(status, complaint) => format!("{status}: {complaint}"),
    };
    GitError::Failed { command: line.shown(), reason }
}

fn odd(line: &Line, reason: &str) -> GitError {
    GitError::Odd { command: line.shown(), reason: reason.chars().take(200).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_objects_are_taken_apart() {
        let printed = b"aa blob 3\nx\ny\nbb blob 0\n\ncc missing\n";
        let (first, rest) = object(printed).unwrap();
        assert_eq!(first, b"x\ny");
        let (second, rest) = object(rest).unwrap();
        assert_eq!(second, b"");
        assert!(object(rest).unwrap_err().contains("lacks"));
        for cut in 0..13 {
            assert!(object(&printed[..cut]).is_err(), "{cut}");
        }
    }
}
