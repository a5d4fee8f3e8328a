//! Which configuration holds for which input, and what it makes of the rules.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Settings;
use crate::config::{self, Config, ConfigError, KnownRule};
use crate::finding::Severity;
use crate::input::{Collected, Input, RENDERED, Skipped, Source};
use crate::rules::{Catalog, Door, Profile, Selected};

/// Why an input is skipped that a configuration excludes.
const EXCLUDED: &str = "excluded by kubelint.yaml";

/// A configuration with what it selects.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) config: Config,
    /// What to evaluate.
    pub(super) selected: Vec<Selected>,
    catalog: Arc<Catalog>,
}

impl Policy {
    fn new(config: Config, catalog: &Arc<Catalog>) -> Self {
        let selected = config::select(catalog, &config, Door::Offline);
        Self { config, selected, catalog: Arc::clone(catalog) }
    }

    /// The severity of one of kubelint's own findings; `None` where it is off.
    pub(super) fn native(&self, id: &str) -> Option<Severity> {
        self.native_as(id, self.catalog.get(id).map_or(Severity::Warning, |rule| rule.severity))
    }

    /// The same, for a finding that is milder than its rule.
    pub(super) fn native_as(&self, id: &str, severity: Severity) -> Option<Severity> {
        let on = self.catalog.get(id).is_none_or(|rule| self.config.profile.has(rule));
        self.config.rules.get(id).and_then(|setting| setting.severity).unwrap_or(on.then_some(severity))
    }

    /// Is there a rule of this name?
    pub(super) fn knows(&self, id: &str) -> bool {
        self.catalog.get(id).is_some()
    }

    /// A rule's name like this one.
    pub(super) fn nearest(&self, id: &str) -> Option<&str> {
        config::nearest(id, self.catalog.rules().iter().map(|rule| &*rule.id))
    }
}

/// The configurations of a run, each read once.
#[derive(Debug)]
pub struct Policies {
    catalog: Arc<Catalog>,
    known: Vec<KnownRule>,
    profile: Option<Profile>,
    fixed: Option<usize>,
    list: Vec<Arc<Policy>>,
    /// By directory of an input: its real path, and its configuration.
    directories: FxHashMap<PathBuf, (PathBuf, usize)>,
    /// By file.
    files: FxHashMap<PathBuf, usize>,
}

impl Policies {
    /// Reads the configuration that was named, if one was.
    ///
    /// # Errors
    /// When it has mistakes.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let mut policies = Self {
            catalog: Arc::clone(&settings.catalog),
            known: config::known_rules(&settings.catalog),
            fixed: None,
            list: vec![Arc::new(Policy::new(Config::of_profile(settings.profile.unwrap_or_default()), &settings.catalog))],
            profile: settings.profile,
            directories: FxHashMap::default(),
            files: FxHashMap::default(),
        };
        policies.fixed = match (&settings.config, settings.isolated) {
            (Some(file), _) => Some(policies.load(file)?),
            (None, true) => Some(0),
            (None, false) => None,
        };
        Ok(policies)
    }

    /// The configuration of a directory, as a person would ask for it.
    ///
    /// # Errors
    /// When it has mistakes.
    pub fn config_of(&mut self, directory: &Path) -> Result<Config, ConfigError> {
        let index = self.of_directory(directory)?.1;
        Ok(self.get(index).config.clone())
    }

    /// Exemptions that have ended.
    pub(super) fn notices(&self, today: jiff::civil::Date) -> Vec<String> {
        let ended = |policy: &Arc<Policy>| {
            let file = policy.config.file.as_deref().unwrap_or(Path::new("kubelint.yaml")).display().to_string();
            let ended = policy.config.exemptions.iter().filter(|exemption| exemption.is_expired(today));
            let say = |exemption: &config::Exemption| {
                let last = exemption.expires.map(|last| last.to_string()).unwrap_or_default();
                format!("{file}: the exemption of {} for {} ended on {last}: renew or remove it", exemption.rule, exemption.object)
            };
            ended.map(say).collect::<Vec<_>>()
        };
        self.list.iter().flat_map(ended).collect()
    }

    pub(super) fn get(&self, index: usize) -> Arc<Policy> {
        let policy = self.list.get(index).or(self.list.first());
        policy.map_or_else(|| Arc::new(Policy::new(Config::default(), &self.catalog)), Arc::clone)
    }

    /// The configuration of each input, in their order; takes out what one of them excludes.
    ///
    /// # Errors
    /// When one of them has mistakes.
    pub(super) fn assign(&mut self, collected: &mut Collected, force: bool) -> Result<Vec<usize>, ConfigError> {
        let mut assigned = Vec::with_capacity(collected.inputs.len());
        let mut kept = Vec::with_capacity(collected.inputs.len());
        for input in std::mem::take(&mut collected.inputs) {
            let (real, index) = self.of_directory(&directory(&input))?;
            if (force || !input.named) && self.get(index).excludes(&real, &input) {
                let reason = EXCLUDED.to_owned();
                collected.skipped.push(Skipped { file: input.file, reason, named: false });
                continue;
            }
            assigned.push(index);
            kept.push(input);
        }
        collected.inputs = kept;
        // What a walk could not render is no trouble where nobody wants it rendered.
        for failure in std::mem::take(&mut collected.failures) {
            let rendered =
                Input { file: format!("{RENDERED}{}", failure.file).into(), source: Source::Bytes(Arc::default()), named: false };
            if collected.unrendered.contains(&failure.file) {
                let (real, index) = self.of_directory(&directory(&rendered))?;
                if self.get(index).excludes(&real, &rendered) {
                    collected.skipped.push(Skipped { file: failure.file, reason: EXCLUDED.to_owned(), named: false });
                    continue;
                }
            }
            collected.failures.push(failure);
        }
        collected.skipped.sort();
        Ok(assigned)
    }

    fn of_directory(&mut self, directory: &Path) -> Result<(PathBuf, usize), ConfigError> {
        if let Some(found) = self.directories.get(directory) {
            return Ok(found.clone());
        }
        let real = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
        let index = match (self.fixed, config::find(directory)) {
            (Some(index), _) => index,
            (None, Some(file)) => self.load(&file)?,
            (None, None) => 0,
        };
        self.directories.insert(directory.to_owned(), (real.clone(), index));
        Ok((real, index))
    }

    fn load(&mut self, file: &Path) -> Result<usize, ConfigError> {
        if let Some(index) = self.files.get(file) {
            return Ok(*index);
        }
        let mut config = Config::load(file, &self.known)?;
        config.profile = self.profile.unwrap_or(config.profile);
        self.list.push(Arc::new(Policy::new(config, &self.catalog)));
        self.files.insert(file.to_owned(), self.list.len() - 1);
        Ok(self.list.len() - 1)
    }
}

impl Policy {
    /// `real` is the real path of the input's directory.
    fn excludes(&self, real: &Path, input: &Input) -> bool {
        let name = match &input.source {
            Source::File(path) | Source::Edited(path, _) => path.file_name(),
            // A glob of files excludes a rendered directory where it would exclude the file that asks for rendering.
            Source::Bytes(_) if input.file.starts_with(RENDERED) => Some(OsStr::new("kustomization.yaml")),
            Source::Bytes(_) => return false,
        };
        let Some(root) = self.config.file.as_deref().map(config_directory) else { return false };
        let file = name.map_or_else(|| real.to_owned(), |name| real.join(name));
        let relative = file.strip_prefix(&root).unwrap_or(&file);
        self.config.excludes(&relative.to_string_lossy().replace('\\', "/"))
    }
}

/// The real path of the directory that a configuration's globs are relative to.
fn config_directory(file: &Path) -> PathBuf {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned())
}

/// Where to look for an input's configuration: its directory, for a stream the working directory or that of its name.
fn directory(input: &Input) -> PathBuf {
    let parent = |path: &Path| path.parent().filter(|p| !p.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    match &input.source {
        Source::File(path) | Source::Edited(path, _) => parent(path),
        Source::Bytes(_) if input.file.starts_with(RENDERED) => PathBuf::from(input.file.trim_start_matches(RENDERED)),
        Source::Bytes(_) if input.file.starts_with('<') => PathBuf::from("."),
        Source::Bytes(_) => parent(Path::new(&*input.file)),
    }
}
