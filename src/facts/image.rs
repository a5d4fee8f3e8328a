//! Image references, taken apart: `[registry[:port]/]repository[:tag][@digest]`. Must not know what an image contains.

use super::record::record;
use crate::value::{Lookup, Value};

/// The parts of an image reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// `docker.io` where it is left out.
    pub registry: &'a str,
    /// As written, without the registry: `redis`, `bitnami/redis`.
    pub repository: &'a str,
    /// The last segment of the repository.
    pub name: &'a str,
    /// `None` where it is left out, even though the runtime then takes `latest` or the digest.
    pub tag: Option<&'a str>,
    /// `sha256:...`
    pub digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    /// Takes a reference apart; `None` for an empty one. Does not judge whether it is well formed.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        // A colon before a slash belongs to the registry's port.
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (rest, None),
        };
        let is_registry = |host: &str| host.contains(['.', ':']) || host == "localhost";
        let (registry, repository) = match path.split_once('/') {
            Some((host, repository)) if is_registry(host) => (host, repository),
            _ => ("docker.io", path),
        };
        if repository.is_empty() {
            return None;
        }
        let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
        let name = repository.rsplit('/').next().unwrap_or(repository);
        Some(Self { registry, repository, name, tag: tag.filter(|tag| !tag.is_empty()), digest })
    }
}

/// `containers[].image`.
pub(super) fn facts(container: &Value) -> Value {
    let written = container.at("image");
    let Some(image) = written.text().and_then(|text| Image::parse(text.trim())) else { return Value::Null };
    record! {
        "text": written,
        "registry": image.registry,
        "repository": image.repository,
        "name": image.name,
        "tag": image.tag,
        "digest": image.digest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        for (text, registry, repository, name, tag, digest) in [
            ("redis", "docker.io", "redis", "redis", None, None),
            ("redis:7.2", "docker.io", "redis", "redis", Some("7.2"), None),
            ("bitnami/redis@sha256:ab", "docker.io", "bitnami/redis", "redis", None, Some("sha256:ab")),
            ("index.docker.io/library/redis", "docker.io", "library/redis", "redis", None, None),
            ("registry:5000/redis", "registry:5000", "redis", "redis", None, None),
            ("registry:5000/a/redis:7@sha256:ab", "registry:5000", "a/redis", "redis", Some("7"), Some("sha256:ab")),
            ("localhost/redis", "localhost", "redis", "redis", None, None),
            ("ghcr.io/x/y/z:v1", "ghcr.io", "x/y/z", "z", Some("v1"), None),
            ("redis:", "docker.io", "redis", "redis", None, None),
        ] {
            let expected = Image { registry, repository, name, tag, digest };
            assert_eq!(Image::parse(text), Some(expected), "{text}");
        }
        for text in ["", ":7", "ghcr.io/"] {
            assert_eq!(Image::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_text_has_no_image() {
        for json in ["{}", r#"{"image":7}"#, r#"{"image":null}"#, r#"{"image":""}"#, "null", "7"] {
            assert_eq!(facts(&Value::from_json_str(json).unwrap()), Value::Null, "{json}");
        }
    }
}
