//! Flags. Their help is the manual of the command line; `man` and `completions` derive from it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Peer;
use crate::finding::Severity;
use crate::rules::Profile;

/// Lints Kubernetes manifests of stateful workloads, offline and as an admission webhook.
#[derive(Debug, Parser)]
#[command(name = "kubelint", version, about, max_term_width = 110, subcommand_required = true, arg_required_else_help = true)]
#[command(
    after_help = "`kubelint PATH...` is `kubelint lint PATH...`.\n\nExit codes: 0 nothing found at or above --fail-on, 1 findings, 2 the job could not be done."
)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
    /// Colour: on a terminal, always, or never. NO_COLOR and CLICOLOR_FORCE are honoured.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(super) color: Colour,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lint files, directories and the standard input (`-`).
    Lint(Box<Lint>),
    /// Print the input documents of the rules.
    Facts(Facts),
    /// Show where the memory cap of each cache comes from, and which settings are dead.
    ExplainMemory(Facts),
    /// List the rules.
    Rules(Rules),
    /// Explain a rule.
    Explain(Explain),
    /// Begin a rule of your own: its policy and its fixtures.
    NewRule(super::author::NewRule),
    /// Check rules of your own by their fixtures.
    Test(super::author::Test),
    /// Show the configuration, or its JSON Schema.
    Config(Config),
    /// Print a script that completes commands in a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
    /// Serve the admission webhook.
    #[cfg(feature = "webhook")]
    Serve(super::serve::Serve),
    /// Serve the admission webhook (needs the feature `webhook`).
    #[cfg(not(feature = "webhook"))]
    Serve(Rest),
    /// Show what enforcing would refuse in a live cluster today.
    #[cfg(feature = "webhook")]
    Scan(super::scan::Scan),
    /// Show what enforcing would refuse in a live cluster today (needs the feature `webhook`).
    #[cfg(not(feature = "webhook"))]
    Scan(Rest),
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Arguments of a command that this build does not have.
#[cfg(not(feature = "webhook"))]
#[derive(Debug, Args)]
pub(super) struct Rest {
    /// Passed on as they are.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub(super) arguments: Vec<String>,
}

/// What is read, and how.
#[derive(Debug, Args)]
pub(super) struct Reading {
    /// Files, directories, `-` for the standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// What the standard input is called in reports.
    #[arg(long, value_name = "PATH")]
    pub(super) stdin_filename: Option<String>,
    /// Walk into what .gitignore, .ignore and .kubelintignore exclude.
    #[arg(long)]
    pub(super) no_ignore: bool,
    /// Files larger than this many bytes are errors.
    #[arg(long, value_name = "BYTES", default_value_t = crate::input::MAX_FILE_BYTES)]
    pub(super) max_file_size: u64,
    /// Mappings, lists and scalars of one document.
    #[arg(long, value_name = "N", default_value_t = crate::yaml::Limits::default().nodes, hide_short_help = true)]
    pub(super) max_nodes: usize,
    /// Nesting of one document.
    #[arg(long, value_name = "N", default_value_t = crate::yaml::Limits::default().depth, hide_short_help = true)]
    pub(super) max_depth: usize,
    /// The minor version of Kubernetes that the objects are for: `1.33` or `33`.
    #[arg(long, value_name = "VERSION", value_parser = kube_version)]
    pub(super) kube_version: Option<u32>,
    /// The namespace of objects that leave theirs out.
    #[arg(short, long, value_name = "NAME")]
    pub(super) namespace: Option<String>,
    /// A file of values for Helm charts.
    #[arg(long, value_name = "FILE")]
    pub(super) helm_values: Vec<PathBuf>,
    /// A value for Helm charts.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) helm_set: Vec<String>,
    /// The release of Helm charts; the directory's name unless given.
    #[arg(long, value_name = "NAME")]
    pub(super) release_name: Option<String>,
    /// Render the Helm charts that a walk meets, too; named ones are always rendered.
    #[arg(long)]
    pub(super) render: bool,
    /// How long `helm` and `kustomize` may take for one directory.
    #[arg(long, value_name = "SECONDS", default_value_t = crate::input::render::TIMEOUT.as_secs(), hide_short_help = true)]
    pub(super) render_timeout: u64,
    /// The paths are whole namespaces: what is absent does not exist.
    #[arg(long, conflicts_with = "partial")]
    pub(super) complete: bool,
    /// The paths are some files of many: what is absent is unknown (changed-files hooks pass this).
    #[arg(long)]
    pub(super) partial: bool,
    /// Compare with this git revision: what changed is judged as an update (immutable fields, restarts, shrinking volumes). A
    /// branch, tag or commit; `main...` is where HEAD left main.
    #[arg(long, value_name = "REV", conflicts_with = "previous")]
    pub(super) base: Option<String>,
    /// Compare with these manifests instead of a revision: what `helm get manifest` or `kubectl get -o yaml` printed;
    /// `-` for the standard input.
    #[arg(long, value_name = "PATH")]
    pub(super) previous: Vec<PathBuf>,
    /// This configuration instead of the kubelint.yaml found upwards from each file.
    #[arg(long, value_name = "FILE", conflicts_with = "isolated")]
    pub(super) config: Option<PathBuf>,
    /// The rules to start from: recommended, stateful, strict (all there are), security. Beats `profile` of the configuration.
    #[arg(long, value_enum, value_name = "NAME")]
    pub(super) profile: Option<Profile>,
    /// Read no configuration.
    #[arg(long)]
    pub(super) isolated: bool,
    /// Excluded paths are excluded even when named.
    #[arg(long)]
    pub(super) force_exclude: bool,
    /// Rules of your own: a folder of .rego files.
    #[arg(long, value_name = "DIR")]
    pub(super) policies: Vec<PathBuf>,
    /// Inputs skipped for a stated reason are fine, even all of them.
    #[arg(long)]
    pub(super) allow_nothing: bool,
    /// Every skipped input counts as unread.
    #[arg(long, conflicts_with = "allow_nothing")]
    pub(super) strict_input: bool,
    /// List the inputs that a walk skipped.
    #[arg(short, long)]
    pub(super) verbose: bool,
}

/// `kubelint lint`.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// What is read.
    #[command(flatten)]
    pub(super) reading: Reading,
    /// A format of the report: text, compact, json, sarif, junit, github, gitlab, checkstyle, html, summary. May be given several times.
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub(super) format: Vec<crate::report::Format>,
    /// Where the format before it goes, instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Vec<PathBuf>,
    /// A table of rules and numbers instead of the findings: short for `--format summary`.
    #[arg(long)]
    pub(super) summary: bool,
    /// Findings from this severity on make the exit code 1.
    #[arg(long, value_enum, default_value_t = FailOn::Error, value_name = "SEVERITY")]
    pub(super) fail_on: FailOn,
    /// Findings below this severity are not shown. They count all the same: for --fail-on, --fix, the baseline and the totals.
    #[arg(long, value_enum, default_value_t = Level::Info, value_name = "SEVERITY")]
    pub(super) min_severity: Level,
    /// Show findings that are suppressed, too.
    #[arg(long)]
    pub(super) show_suppressed: bool,
    /// Suppressions without a reason do not count.
    #[arg(long)]
    pub(super) require_reason: bool,
    /// Heed annotations that other linters are told by to ignore something: kube-linter's, kube-score's and Polaris'.
    #[arg(long)]
    pub(super) honor_peer_annotations: bool,
    /// Apply the fixes that are safe; `-` is fixed onto the standard output, and the report goes to the standard error.
    #[arg(long, group = "fixing")]
    pub(super) fix: bool,
    /// With --fix or --diff: fixes that a person has to agree with, too.
    #[arg(long, requires = "fixing")]
    pub(super) unsafe_fixes: bool,
    /// Print what --fix would change, and write nothing. The report goes to the standard error.
    #[arg(long, group = "fixing", conflicts_with = "fix")]
    pub(super) diff: bool,
    /// Findings listed in this file do not count.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Write all findings to the baseline.
    #[arg(long, requires = "baseline", conflicts_with = "prune_baseline")]
    pub(super) write_baseline: bool,
    /// Remove from the baseline what is not found any more.
    #[arg(long, requires = "baseline")]
    pub(super) prune_baseline: bool,
}

/// `kubelint facts`, `kubelint explain-memory`.
#[derive(Debug, Args)]
pub(super) struct Facts {
    /// What is read.
    #[command(flatten)]
    pub(super) reading: Reading,
    /// For people, or as JSON.
    #[arg(long, value_enum, default_value_t = Simple::Text, value_name = "FORMAT")]
    pub(super) format: Simple,
}

/// `kubelint rules`.
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Only the rules of a profile.
    #[arg(long, value_enum, value_name = "NAME", conflicts_with = "compare")]
    pub(super) profile: Option<Profile>,
    /// The checks of another linter, and the rules that look for the same.
    #[arg(long, value_enum, value_name = "LINTER")]
    pub(super) compare: Option<Peer>,
    /// For people, or as JSON.
    #[arg(long, value_enum, default_value_t = Simple::Text, value_name = "FORMAT")]
    pub(super) format: Simple,
    /// Rules of your own: a folder of .rego files.
    #[arg(long, value_name = "DIR")]
    pub(super) policies: Vec<PathBuf>,
}

/// `kubelint explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The rule's id.
    pub(super) rule: String,
    /// Rules of your own: a folder of .rego files.
    #[arg(long, value_name = "DIR")]
    pub(super) policies: Vec<PathBuf>,
}

/// `kubelint config`.
#[derive(Debug, Args)]
pub(super) struct Config {
    /// What of it.
    #[command(subcommand)]
    pub(super) what: ConfigCommand,
}

/// What of the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the configuration that holds for a path, checked.
    Show {
        /// A file or directory.
        #[arg(default_value = ".")]
        path: PathBuf,
        /// This configuration instead of the one found.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print the JSON Schema of kubelint.yaml.
    Schema,
    /// Print a kubelint.yaml that says what a configuration of kube-linter or Polaris says.
    Import {
        /// As `.kube-linter.yaml`.
        file: PathBuf,
    },
}

impl ValueEnum for Profile {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.as_str()))
    }
}

impl ValueEnum for Peer {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(match self {
            Self::KubeLinter => "kube-linter",
            Self::KubeScore => "kube-score",
            Self::Polaris => "polaris",
        }))
    }
}

/// A simple choice of format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Simple {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Which findings make the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// All.
    Info,
    /// None.
    Never,
}

impl FailOn {
    /// The least severity that fails.
    pub(super) const fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }
}

/// A severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// All.
    Info,
}

impl Level {
    /// As findings carry it.
    pub(super) const fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Info => Severity::Info,
        }
    }
}

fn format(text: &str) -> Result<crate::report::Format, String> {
    let all = crate::report::Format::ALL;
    let names = || all.iter().map(|format| format.as_str());
    all.iter().copied().find(|format| format.as_str() == text).ok_or_else(|| {
        let near = crate::config::nearest(text, names()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        format!("{near}formats are {}", names().collect::<Vec<_>>().join(", "))
    })
}

/// `1.33`, `v1.33.2` or `33`.
pub(super) fn kube_version(text: &str) -> Result<u32, String> {
    let plain = text.trim_start_matches('v');
    let minor = match plain.split('.').collect::<Vec<_>>()[..] {
        [minor] | ["1", minor] | ["1", minor, _] => minor.parse().ok(),
        _ => None,
    };
    minor.ok_or_else(|| "expected a version such as 1.33".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn flags_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn kubernetes_versions_are_minor_versions_of_one() {
        for (text, minor) in [("1.33", Some(33)), ("v1.33.2", Some(33)), ("33", Some(33)), ("2.1", None), ("x", None), ("1.x", None)] {
            assert_eq!(kube_version(text).ok(), minor, "{text}");
        }
    }
}
