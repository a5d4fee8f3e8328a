//! Flags that all reading commands share, to settings.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::args::Reading;
use super::output::Streams;
use super::{Exit, Failed};
use crate::facts::KUBERNETES_MINOR;
use crate::finding::Severity;
use crate::input::{self, Base, Collected, Options, Rendering};
use crate::lint::{Extent, Session, Settings};
use crate::rules::Catalog;
use crate::yaml::Limits;

/// The rules of a run.
pub(super) fn catalog(policies: &[std::path::PathBuf]) -> Result<Arc<Catalog>, Failed> {
    let catalog = Catalog::builtin().map_err(Failed::said)?;
    if policies.is_empty() {
        return Ok(Arc::new(catalog));
    }
    let mut files = Vec::new();
    for directory in policies {
        policy_files(directory, &mut files).map_err(|error| Failed::Said(format!("--policies {}: {error}", directory.display())))?;
    }
    if files.is_empty() {
        return Err(Failed::Said("--policies: there is no .rego file".into()));
    }
    files.sort();
    Ok(Arc::new(catalog.with_user(&files).map_err(Failed::said)?))
}

/// Names and texts of the `.rego` files below a directory; tests of `opa test` are left out.
fn policy_files(directory: &Path, files: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.to_string_lossy();
        if path.is_dir() && !path.is_symlink() {
            policy_files(&path, files)?;
        } else if name.ends_with(".rego") && !name.ends_with("_test.rego") {
            files.push((name.replace('\\', "/"), fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

/// Settings from flags.
pub(super) fn settings(reading: &Reading) -> Result<Settings, Failed> {
    let extent = match (reading.complete, reading.partial) {
        (true, _) => Extent::Complete,
        (_, true) => Extent::Partial,
        _ => Extent::Unit,
    };
    let bytes = usize::try_from(reading.max_file_size).unwrap_or(usize::MAX);
    Ok(Settings {
        catalog: catalog(&reading.policies)?,
        kubernetes_minor: reading.kube_version.unwrap_or(KUBERNETES_MINOR),
        namespace: reading.namespace.as_deref().map(Into::into),
        extent,
        limits: Limits { bytes, nodes: reading.max_nodes, depth: reading.max_depth, ..Limits::default() },
        max_file_bytes: reading.max_file_size,
        require_reason: false,
        honor_peer_annotations: false,
        min_severity: Severity::Info,
        show_suppressed: false,
        config: reading.config.clone(),
        profile: reading.profile,
        isolated: reading.isolated,
        force_exclude: reading.force_exclude,
        base: base(reading)?,
        today: jiff::Zoned::now().date(),
    })
}

/// What the arguments stand for.
pub(super) fn collect(reading: &Reading) -> Collected {
    input::collect(&reading.paths, &options(reading), &mut io::stdin().lock())
}

/// What the inputs are compared with.
fn base(reading: &Reading) -> Result<Option<Arc<Base>>, Failed> {
    if let Some(revision) = &reading.base {
        return Ok(Some(Arc::new(Base::revision(revision, options(reading)))));
    }
    if reading.previous.is_empty() {
        return Ok(None);
    }
    let streamed = |paths: &[std::path::PathBuf]| paths.iter().any(|path| path.as_os_str() == "-");
    if streamed(&reading.previous) && streamed(&reading.paths) {
        return Err(Failed::Said("--previous -: the standard input is linted already: put the older manifests into a file".into()));
    }
    let older = Options { stdin_filename: None, ..options(reading) };
    let collected = input::collect(&reading.previous, &older, &mut io::stdin().lock());
    let names: Vec<_> = reading.previous.iter().map(|path| path.to_string_lossy()).collect();
    Ok(Some(Arc::new(Base::given(collected, &names.join(", "), older))))
}

fn options(reading: &Reading) -> Options {
    Options {
        stdin_filename: reading.stdin_filename.clone(),
        honour_ignore_files: !reading.no_ignore,
        max_file_bytes: reading.max_file_size,
        rendering: Rendering {
            helm_values: reading.helm_values.clone(),
            helm_set: reading.helm_set.clone(),
            release_name: reading.release_name.clone(),
            namespace: reading.namespace.clone(),
            kubernetes_minor: reading.kube_version,
            charts_in_walks: reading.render,
            timeout: Duration::from_secs(reading.render_timeout),
        },
    }
}

/// Says what was not read, and what that means for the exit code.
pub(super) fn unread(reading: &Reading, session: &Session<'_>, streams: &mut Streams) -> Exit {
    for failure in &session.failures {
        let at = failure.at.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
        streams.error(&format!("{}{at}: {}{}", failure.file, failure.message, meant_command(&failure.file)));
    }
    session.notices.iter().for_each(|notice| streams.note(notice));
    let counts = |skipped: &input::Skipped| reading.strict_input || skipped.named && !reading.allow_nothing;
    let (counting, passing): (Vec<_>, Vec<_>) = session.skipped.iter().partition(|skipped| counts(skipped));
    for skipped in &counting {
        streams.error(&format!("{}: skipped: {}", skipped.file, skipped.reason));
    }
    if reading.verbose {
        passing.iter().for_each(|skipped| streams.note(&format!("{}: skipped: {}", skipped.file, skipped.reason)));
    } else if !passing.is_empty() {
        let s = if passing.len() == 1 { " was" } else { "s were" };
        streams.note(&format!("{} input{s} skipped; -v says which and why", passing.len()));
    }
    let trouble = !session.failures.is_empty() || !counting.is_empty();
    let nothing = session.objects() == 0 && !reading.allow_nothing;
    if nothing && !trouble {
        streams.error("there is nothing to lint: no .yaml, .yml or .json file with a Kubernetes object was found");
    }
    if trouble || nothing { Exit::Trouble } else { Exit::Clean }
}

/// `kubelint lnit` is a file that is not there; perhaps a command was meant.
fn meant_command(file: &str) -> String {
    if file.contains(['/', '.']) {
        return String::new();
    }
    let commands = ["lint", "facts", "explain-memory", "rules", "explain", "new-rule", "test", "config", "completions", "serve", "scan"];
    crate::config::nearest(file, commands).map(|near| format!("; did you mean the command `{near}`?")).unwrap_or_default()
}
