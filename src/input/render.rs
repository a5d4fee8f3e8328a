//! Directories that have to be rendered before they are manifests: Helm charts and kustomizations.

use std::path::Path;

/// What a directory has to be rendered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renderer {
    /// A Helm chart: `Chart.yaml` in it.
    Helm,
    /// A kustomization: `kustomization.yaml`, `kustomization.yml` or `Kustomization` in it.
    Kustomize,
}

/// Why there is no rendered text.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// No renderer is built in.
    #[error("is a {what}, and this build does not render: pass its output instead, `{command} | kubelint lint -`")]
    Unsupported {
        /// What it is.
        what: &'static str,
        /// What prints its manifests.
        command: String,
    },
}

impl Renderer {
    /// What a directory needs, if anything. A chart that holds a kustomization is a chart.
    pub fn of(directory: &Path) -> Option<Self> {
        if directory.join("Chart.yaml").is_file() {
            return Some(Self::Helm);
        }
        let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
        names.iter().any(|name| directory.join(name).is_file()).then_some(Self::Kustomize)
    }

    /// What such a directory is called.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Helm => "Helm chart",
            Self::Kustomize => "kustomization",
        }
    }

    /// The manifests of a directory, as one stream.
    ///
    /// # Errors
    /// When they cannot be rendered; the message says what to do.
    pub fn render(self, directory: &Path) -> Result<Vec<u8>, RenderError> {
        let directory = directory.display();
        let command = match self {
            Self::Helm => format!("helm template {directory}"),
            Self::Kustomize => format!("kubectl kustomize {directory}"),
        };
        Err(RenderError::Unsupported { what: self.noun(), command })
    }
}
