//! `kubelint.yaml`: found, read, checked, and turned into settings. Every mistake is an error with a line and a hint.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};
use rustc_hash::FxHashMap;

use super::KnownRule;
use super::exemption::Exemption;
use super::shape::{self, FILE};
use super::webhook::Settings;
use crate::finding::Severity;
use crate::place::Path;
use crate::rules::Profile;
use crate::value::{Lookup, Value};
use crate::yaml::{self, Limits, Position};

/// What the file says about one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleSetting {
    /// `Some(None)` is off; `None` leaves the rule's own severity.
    pub severity: Option<Option<Severity>>,
    /// Parameters that differ from the rule's defaults.
    pub params: Vec<(Arc<str>, Value)>,
}

/// A checked configuration. The default is that of an empty file.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it was read; `None` where there is no file.
    pub file: Option<PathBuf>,
    /// The rules to start from.
    pub profile: Profile,
    /// By rule id.
    pub rules: FxHashMap<Arc<str>, RuleSetting>,
    /// Do annotations of other linters count, offline?
    pub honor_peer_annotations: bool,
    /// Accepted findings.
    pub exemptions: Vec<Exemption>,
    /// The section of the admission webhook.
    pub webhook: Settings,
    /// The file's own values, for `config show`.
    pub value: Value,
    exclude: GlobSet,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            file: None,
            profile: Profile::default(),
            rules: FxHashMap::default(),
            honor_peer_annotations: false,
            exemptions: Vec::new(),
            webhook: Settings::default(),
            value: Value::Undefined,
            exclude: GlobSet::empty(),
        }
    }
}

/// One mistake in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong and what may have been meant.
    pub message: String,
    /// Where.
    pub at: Option<Position>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is not there, or not readable.
    #[error("{}: cannot be read: {error}", file.display())]
    Io {
        /// Which.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It has mistakes.
    #[error("{}", Listed(file, problems))]
    Mistakes {
        /// Which.
        file: PathBuf,
        /// All of them.
        problems: Vec<Problem>,
    },
}

struct Listed<'a>(&'a FilePath, &'a [Problem]);

/// `kubelint.yaml:3:1: unknown key ...`, one a line.
impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, problem) in self.1.iter().enumerate() {
            if nth > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}:", self.0.display())?;
            if let Some(at) = problem.at {
                write!(f, "{}:{}:", at.line, at.column)?;
            }
            write!(f, " {}", problem.message)?;
        }
        Ok(())
    }
}

/// The nearest `kubelint.yaml` from a directory upwards, not beyond the root of its repository (where `.git` is).
pub fn find(directory: &FilePath) -> Option<PathBuf> {
    let start = fs::canonicalize(directory).ok()?;
    for directory in start.ancestors() {
        for name in ["kubelint.yaml", "kubelint.yml"] {
            let file = directory.join(name);
            if file.is_file() {
                return Some(file);
            }
        }
        if directory.join(".git").exists() {
            return None;
        }
    }
    None
}

impl Config {
    /// That of an empty file, with other rules to start from.
    pub fn of_profile(profile: Profile) -> Self {
        Self { profile, ..Self::default() }
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it cannot be read or has mistakes: all of them at once.
    pub fn load(file: &FilePath, rules: &[KnownRule]) -> Result<Self, ConfigError> {
        let bytes = fs::read(file).map_err(|error| ConfigError::Io { file: file.to_owned(), error })?;
        let mut config = Self::parse(&bytes, rules).map_err(|problems| ConfigError::Mistakes { file: file.to_owned(), problems })?;
        config.file = Some(file.to_owned());
        Ok(config)
    }

    /// Checks a text.
    ///
    /// # Errors
    /// All mistakes in it, in the order of the text.
    pub fn parse(bytes: &[u8], rules: &[KnownRule]) -> Result<Self, Vec<Problem>> {
        let stream = yaml::read(bytes, &Limits::default());
        let mut problems: Vec<Problem> =
            stream.errors.iter().map(|error| Problem { message: error.message.clone(), at: error.at }).collect();
        let mut documents = stream.documents.iter().filter(|document| !document.value.is_absent());
        let Some(document) = documents.next() else {
            return if problems.is_empty() { Ok(Self::default()) } else { Err(problems) };
        };
        if documents.next().is_some() {
            problems.push(Problem { message: "expected one document, found several".into(), at: None });
        }
        let at = |path: &Path| Some(document.locate(&stream.text, path, None).start);
        let mut complaints = Vec::new();
        shape::check(&FILE, &document.value, &Path::root(), rules, &mut complaints);
        let mut config = Self { value: document.value.clone(), ..Self::default() };
        config.decode(&document.value, &mut complaints);
        problems.extend(
            document
                .notes
                .iter()
                .filter(|note| note.kind == yaml::NoteKind::DuplicateKey)
                .map(|note| Problem { message: note.message.clone(), at: Some(note.span.start) }),
        );
        problems.extend(complaints.into_iter().map(|(path, message)| Problem { message, at: at(&path) }));
        problems.sort_by_key(|problem| problem.at);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// May a walk read this file? The path is relative to the configuration's directory, with slashes.
    pub fn excludes(&self, relative: &str) -> bool {
        self.exclude.is_match(relative)
    }

    fn decode(&mut self, value: &Value, complaints: &mut Vec<(Path, String)>) {
        self.webhook = Settings::decode(value.at("webhook"), complaints);
        for (id, setting) in value.at("rules").entries() {
            self.rules.insert(id.into(), rule_setting(setting));
        }
        self.profile = value.at("profile").text().and_then(Profile::parse).unwrap_or_default();
        self.honor_peer_annotations = value.at("honorPeerAnnotations").flag() == Some(true);
        let mut exclude = GlobSetBuilder::new();
        for (nth, glob) in value.at("exclude").items().iter().enumerate() {
            match Glob::new(glob.text().unwrap_or_default()) {
                Ok(glob) => {
                    exclude.add(glob);
                }
                Err(error) => complaints.push((Path::root().child("exclude").child(nth), error.kind().to_string())),
            }
        }
        match exclude.build() {
            Ok(set) => self.exclude = set,
            Err(error) => complaints.push((Path::root().child("exclude"), error.to_string())),
        }
        for (nth, item) in value.at("exemptions").items().iter().enumerate() {
            match Exemption::decode(item) {
                Ok(exemption) => self.exemptions.push(exemption),
                Err(message) => complaints.push((Path::root().child("exemptions").child(nth).child("object"), message)),
            }
        }
    }
}

fn rule_setting(value: &Value) -> RuleSetting {
    let severity = |value: &Value| match value {
        Value::Bool(false) => Some(None),
        _ => value.text().map(Severity::parse),
    };
    match value {
        Value::Object(_) => RuleSetting {
            severity: severity(value.at("severity")),
            params: value.at("params").entries().map(|(name, value)| (name.into(), value.clone())).collect(),
        },
        _ => RuleSetting { severity: severity(value), params: Vec::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KnownParam;

    fn rules() -> Vec<KnownRule> {
        let params = vec![KnownParam { name: "min_replicas".into(), default: Value::from(2_u64), description: "From how many.".into() }];
        vec![KnownRule { id: "pdb-missing".into(), title: "A budget".into(), params }]
    }

    fn problems(text: &str) -> Vec<String> {
        let at = |p: &Problem| p.at.map_or(0, |at| at.line);
        match Config::parse(text.as_bytes(), &rules()) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(|p| format!("{}: {}", at(p), p.message)).collect(),
        }
    }

    #[test]
    fn settings_are_read() {
        let text = "version: 1\nrules:\n  pdb-missing: {severity: off, params: {min_replicas: 4}}\nexclude: ['vendor/**']\n\
                    exemptions:\n  - {rule: '*', object: 'DaemonSet/kube-system/*', reason: host, expires: 2027-01-31}\nwebhook: {mutate: safe}\n";
        let config = Config::parse(text.as_bytes(), &rules()).unwrap();
        let setting = &config.rules["pdb-missing"];
        assert_eq!(setting.severity, Some(None));
        assert_eq!(setting.params[0].1, Value::from(4_u64));
        assert!(config.excludes("vendor/a/b.yaml") && !config.excludes("src/vendor.yaml"));
        assert_eq!(config.exemptions.len(), 1);
        assert!(config.webhook.mutate);
        for text in ["rules:\n  pdb-missing: warning\n", "rules:\n  pdb-missing: {severity: 'off'}\n", "", "# nothing\n", "{}\n"] {
            assert_eq!(problems(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn every_mistake_is_named_with_its_line_and_a_hint() {
        for (text, wanted) in [
            ("ruels: {}\n", "1: unknown key `ruels`; did you mean `rules`?"),
            ("rules:\n  pdb-mising: {severity: off}\n", "2: unknown rule `pdb-mising`; did you mean `pdb-missing`?"),
            (
                "rules:\n  pdb-missing: {min_replicas: 3}\n",
                "2: unknown key `min_replicas`; put it under `params`, as in `params: {min_replicas: 2}`",
            ),
            (
                "rules:\n  pdb-missing: {parameters: {min_replicas: 3}}\n",
                "2: unknown key `parameters`; put it under `params`, as in `params: {min_replicas: 2}`",
            ),
            (
                "exemptions: [{rule: pdb-missing, object: a/b/c, reason: x, until: 2027-01-31}]\n",
                "1: unknown key `until`; did you mean `expires`?",
            ),
            ("rules:\n  pdb-missing: {serverity: off}\n", "2: unknown key `serverity`; did you mean `severity`?"),
            ("rules:\n  pdb-missing: {severity: fatal}\n", "2: expected one of off, info, warning, error"),
            (
                "rules:\n  pdb-missing:\n    params: {replicas: 1}\n",
                "3: rule `pdb-missing` has no parameter `replicas`; did you mean `min_replicas`?",
            ),
            ("rules:\n  pdb-missing:\n    params: {min_replicas: many}\n", "3: expected a number"),
            ("version: 2\n", "1: this kubelint reads version 1"),
            ("exclude: vendor\n", "1: expected a list"),
            ("exemptions:\n  - {rule: pdb-missing, object: A/b/c}\n", "2: `reason` is missing: Why. Shown wherever the finding is."),
            ("exemptions:\n  - {rule: pdb-missing, object: store, reason: x}\n", "2: expected Kind/namespace/name"),
            ("exemptions:\n  - {rule: pdb-missing, object: A/b/c, reason: x, expires: soon}\n", "2: expected a date such as 2027-01-31"),
        ] {
            assert_eq!(problems(text), [wanted], "{text}");
        }
        assert_eq!(problems("a: 1\nb: 2\n").len(), 2, "all mistakes at once");
        assert_eq!(problems("rules: [\n").len(), 1);
    }
}
