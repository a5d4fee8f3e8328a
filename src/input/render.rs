//! Directories that have to be rendered before they are manifests: Helm charts and kustomizations. Runs the renderer that is
//! on the PATH, without a shell, for a bounded time and with bounded output. Knows nothing of what it renders.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use super::kustomization::Kustomization;
use super::process::{Line, Stopped};

/// How long a renderer may take unless a flag says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// What a directory has to be rendered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renderer {
    /// A Helm chart: `Chart.yaml` in it.
    Helm,
    /// A kustomization: `kustomization.yaml`, `kustomization.yml` or `Kustomization` in it.
    Kustomize,
}

/// How directories are rendered.
#[derive(Debug, Clone)]
pub struct Rendering {
    /// Files of values, passed to `helm template --values` in this order.
    pub helm_values: Vec<PathBuf>,
    /// `key=value`, passed to `helm template --set` in this order.
    pub helm_set: Vec<String>,
    /// The release; the directory's name unless given.
    pub release_name: Option<String>,
    /// The release's namespace.
    pub namespace: Option<String>,
    /// The minor version of Kubernetes that charts see in `.Capabilities`; Helm's own default unless given.
    pub kubernetes_minor: Option<u32>,
    /// Render charts that a walk meets, too? Named ones are always rendered.
    pub charts_in_walks: bool,
    /// How long one directory may take.
    pub timeout: Duration,
}

impl Default for Rendering {
    fn default() -> Self {
        Self {
            helm_values: Vec::new(),
            helm_set: Vec::new(),
            release_name: None,
            namespace: None,
            kubernetes_minor: None,
            charts_in_walks: false,
            timeout: TIMEOUT,
        }
    }
}

/// Why there is no rendered text.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The renderer is not on the PATH.
    #[error(
        "is a {what}, and {programs} is not on the PATH to render it: install it, or pass its output from where it is: `{command} | kubelint lint -`"
    )]
    Missing {
        /// What it is.
        what: &'static str,
        /// What was looked for.
        programs: &'static str,
        /// What was tried.
        command: String,
    },
    /// The renderer could not be started, or not be read.
    #[error("is a {what}, and `{command}` cannot be run: {error}")]
    Io {
        /// What it is.
        what: &'static str,
        /// What was tried.
        command: String,
        /// What the system says.
        error: io::Error,
    },
    /// The renderer refused.
    #[error("is a {what} that cannot be rendered: `{command}` ended with {status}:\n{complaint}")]
    Refused {
        /// What it is.
        what: &'static str,
        /// What was run.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to the standard error: the beginning, without control characters.
        complaint: String,
    },
    /// The renderer was still at work.
    #[error("is a {what}, and `{command}` did not end within {} s: raise --render-timeout, or pass its output: `{command} | kubelint lint -`", timeout.as_secs())]
    Slow {
        /// What it is.
        what: &'static str,
        /// What was run.
        command: String,
        /// How long it had.
        timeout: Duration,
    },
    /// The renderer wrote more than a file may have.
    #[error("is a {what}, and `{command}` prints more than {limit} bytes: raise --max-file-size to read it")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// What was run.
        command: String,
        /// The limit, in bytes.
        limit: u64,
    },
}

impl Renderer {
    /// What a directory needs, if anything. A chart that holds a kustomization is a chart.
    pub fn of(directory: &Path) -> Option<Self> {
        if directory.join("Chart.yaml").is_file() {
            return Some(Self::Helm);
        }
        Kustomization::of(directory).map(|_| Self::Kustomize)
    }

    /// What such a directory is called.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Helm => "Helm chart",
            Self::Kustomize => "kustomization",
        }
    }

    /// The manifests of a directory, as one stream of at most `limit` bytes.
    ///
    /// # Errors
    /// When they cannot be rendered; the message says what to do.
    pub fn render(self, directory: &Path, rendering: &Rendering, limit: u64) -> Result<Vec<u8>, RenderError> {
        let what = self.noun();
        let mut tried = String::new();
        for line in self.lines(directory, rendering) {
            match line.run(rendering.timeout, limit) {
                Ok(text) => return Ok(text),
                Err(Stopped::Io(error)) if error.kind() == io::ErrorKind::NotFound => tried = line.shown(),
                Err(stopped) => return Err(stopped.explained(what, line.shown(), rendering.timeout)),
            }
        }
        let programs = if self == Self::Helm { "`helm`" } else { "neither `kustomize` nor `kubectl`" };
        Err(RenderError::Missing { what, programs, command: tried })
    }

    /// The command lines that would do, the best first.
    fn lines(self, directory: &Path, rendering: &Rendering) -> Vec<Line> {
        let target = [OsString::from("--"), directory.into()];
        match self {
            Self::Helm => vec![helm(directory, rendering)],
            Self::Kustomize => vec![
                Line {
                    program: "kustomize",
                    arguments: std::iter::once("build".into()).chain(target.clone()).collect(),
                    ..Line::default()
                },
                Line { program: "kubectl", arguments: std::iter::once("kustomize".into()).chain(target).collect(), ..Line::default() },
            ],
        }
    }
}

fn helm(directory: &Path, rendering: &Rendering) -> Line {
    let mut arguments: Vec<OsString> = vec!["template".into()];
    let mut flag = |name: &str, value: OsString| arguments.extend([name.into(), value]);
    rendering.helm_values.iter().for_each(|file| flag("--values", file.into()));
    rendering.helm_set.iter().for_each(|set| flag("--set", set.into()));
    if let Some(namespace) = &rendering.namespace {
        flag("--namespace", namespace.into());
    }
    if let Some(minor) = rendering.kubernetes_minor {
        flag("--kube-version", format!("1.{minor}.0").into());
    }
    let release = rendering.release_name.clone().unwrap_or_else(|| release_name(directory));
    arguments.extend(["--".into(), release.into(), directory.into()]);
    Line { program: "helm", arguments, ..Line::default() }
}

/// A name that Helm takes for a release (a DNS label of at most 53 characters), after the directory.
pub(super) fn release_name(directory: &Path) -> String {
    let real = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let name = real.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let label: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(53).collect();
    let label = label.trim_matches('-');
    if label.is_empty() { "release".to_owned() } else { label.to_owned() }
}

impl Stopped {
    fn explained(self, what: &'static str, command: String, timeout: Duration) -> RenderError {
        match self {
            Self::Io(error) => RenderError::Io { what, command, error },
            Self::TooLarge(limit) => RenderError::TooLarge { what, command, limit },
            Self::Slow => RenderError::Slow { what, command, timeout },
            Self::Refused(status, complaint) => RenderError::Refused { what, command, status, complaint },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_shown_as_they_would_be_typed() {
        let rendering = Rendering {
            helm_values: vec!["my values.yaml".into()],
            helm_set: vec!["a=b".into()],
            namespace: Some("prod".into()),
            kubernetes_minor: Some(33),
            release_name: Some("store".into()),
            ..Rendering::default()
        };
        let shown = |renderer: Renderer, directory: &str| renderer.lines(Path::new(directory), &rendering)[0].shown();
        assert_eq!(
            shown(Renderer::Helm, "charts/redis"),
            "helm template --values 'my values.yaml' --set a=b --namespace prod --kube-version 1.33.0 store charts/redis"
        );
        assert_eq!(shown(Renderer::Kustomize, "overlays/prod"), "kustomize build overlays/prod");
        assert_eq!(shown(Renderer::Kustomize, "-x"), "kustomize build -- -x");
    }

    #[test]
    fn a_directory_names_its_release() {
        for (directory, name) in [("charts/redis", "redis"), ("a/My_Chart.", "my-chart"), ("/", "release"), ("x/---", "release")] {
            assert_eq!(release_name(Path::new(directory)), name, "{directory}");
        }
    }
}
