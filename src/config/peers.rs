//! Other linters: which of our rules look for what theirs look for (`compare.json`), and what their annotations ask to ignore. Their
//! annotations count only where somebody wants it: they were written for other checks.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use crate::finding::Finding;
use crate::objects::{Object, template};
use crate::place::Path;
use crate::value::Lookup;

/// Checks of other linters: by linter, the name of each check, and our rules.
const TABLE: &str = include_str!("compare.json");

static PEERS: LazyLock<Option<Peers>> = LazyLock::new(|| Peers::read().ok());

/// Another linter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// kube-linter.
    KubeLinter,
    /// kube-score.
    KubeScore,
    /// Polaris.
    Polaris,
}

impl Peer {
    /// All there are.
    pub const ALL: &'static [Self] = &[Self::KubeLinter, Self::KubeScore, Self::Polaris];

    /// What a suppression by its annotation is said to come from.
    const fn by(self) -> &'static str {
        match self {
            Self::KubeLinter => "kube-linter annotation",
            Self::KubeScore => "kube-score annotation",
            Self::Polaris => "polaris annotation",
        }
    }
}

/// A check of another linter, and the rules that look for the same; none where kubelint has nothing like it.
#[derive(Debug, Deserialize)]
pub struct Check {
    /// Its name there.
    pub check: String,
    /// Ours.
    pub rules: Vec<Arc<str>>,
    /// Those of them that look for more than it does: they outlive it.
    #[serde(default)]
    pub more: Vec<Arc<str>>,
    /// Does it run there unless configured?
    pub on: bool,
    /// It is only those findings of the rules whose path or message has this in it.
    #[serde(default)]
    at: Option<String>,
}

/// The checks of all other linters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Peers {
    kube_linter: Vec<Check>,
    kube_score: Vec<Check>,
    polaris: Vec<Check>,
}

impl Peers {
    /// The table.
    ///
    /// # Errors
    /// When it is no table: a mistake of the build.
    pub fn read() -> serde_json::Result<Self> {
        serde_json::from_str(TABLE)
    }

    /// The checks of one.
    pub fn of(&self, peer: Peer) -> &[Check] {
        match peer {
            Peer::KubeLinter => &self.kube_linter,
            Peer::KubeScore => &self.kube_score,
            Peer::Polaris => &self.polaris,
        }
    }
}

/// What an annotation of another linter asks to ignore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIgnore {
    peer: Peer,
    /// A check's name; `None`: all of them.
    check: Option<String>,
    /// Why; empty where it cannot be said there.
    pub reason: String,
}

impl PeerIgnore {
    /// What it is called in reports.
    pub const fn by(&self) -> &'static str {
        self.peer.by()
    }

    /// Is a finding what it asks to ignore? `all` of a linter means the checks of that linter, not every rule of ours.
    pub fn covers(&self, finding: &Finding) -> bool {
        let Some(peers) = &*PEERS else { return false };
        let named = |check: &&Check| self.check.as_ref().is_none_or(|name| *name == check.check);
        peers.of(self.peer).iter().filter(named).any(|check| {
            let at = |part: &String| finding.message.contains(part.as_str()) || finding.path.to_pointer().contains(part.as_str());
            check.rules.contains(&finding.rule) && check.at.as_ref().is_none_or(at)
        })
    }
}

/// What the annotations of other linters on an object ask to ignore; kube-score reads its pod template, too.
pub fn peer_ignores(object: &Object) -> Vec<PeerIgnore> {
    let mut found = Vec::new();
    let mut read = |keys: &[&str], template: bool| {
        let path = Path::root().keys(keys).keys(&["metadata", "annotations"]);
        for (key, value) in object.value.at_path(path.steps()).entries() {
            let value = value.text().unwrap_or_default();
            if key == "kube-score/ignore" {
                found.extend(value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|name| PeerIgnore {
                    peer: Peer::KubeScore,
                    check: (name != "*").then(|| name.to_owned()),
                    reason: String::new(),
                }));
            } else if let Some(ignore) = kube_linter(key, value).or_else(|| polaris(key, value)).filter(|_| !template) {
                found.push(ignore);
            }
        }
    };
    read(&[], false);
    if let Some(keys) = template::pod_template_path(object.group_kind()).filter(|keys| !keys.is_empty()) {
        read(keys, true);
    }
    found
}

/// `ignore-check.kube-linter.io/CHECK: reason`, `kube-linter.io/ignore-all: reason`.
fn kube_linter(key: &str, reason: &str) -> Option<PeerIgnore> {
    let check = match key {
        "kube-linter.io/ignore-all" => None,
        _ => Some(key.strip_prefix("ignore-check.kube-linter.io/")?.to_owned()),
    };
    Some(PeerIgnore { peer: Peer::KubeLinter, check, reason: reason.trim().to_owned() })
}

/// `polaris.fairwinds.com/CHECK-exempt: "true"`, `polaris.fairwinds.com/exempt: "true"`.
fn polaris(key: &str, value: &str) -> Option<PeerIgnore> {
    let name = key.strip_prefix("polaris.fairwinds.com/").filter(|_| value == "true")?;
    let check = match name {
        "exempt" => None,
        _ => Some(name.strip_suffix("-exempt")?.to_owned()),
    };
    Some(PeerIgnore { peer: Peer::Polaris, check, reason: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::objects::Origin;
    use crate::value::Value;

    fn finding(rule: &str, path: &[&str]) -> Finding {
        Finding {
            rule: rule.into(),
            severity: Severity::Error,
            object: crate::objects::Identity { api_version: "v1".into(), kind: "Pod".into(), namespace: None, name: "a".into() },
            container: None,
            path: Path::root().keys(path),
            within: None,
            message: String::new(),
            related: Vec::new(),
            fix: None,
        }
    }

    fn ignores(annotations: &str, template: &str) -> Vec<PeerIgnore> {
        let json = format!(
            r#"{{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{{"name":"s","annotations":{annotations}}},"spec":{{"template":{{"metadata":{{"annotations":{template}}}}}}}}}"#
        );
        peer_ignores(&Object::new(Value::from_json_str(&json).unwrap(), Origin::Cluster).unwrap())
    }

    #[test]
    fn annotations_of_others_name_their_checks() {
        let privileged = finding("privileged-container", &["spec"]);
        let network = finding("host-namespaces", &["spec", "hostNetwork"]);
        let own = finding("redis-limit-below-maxmemory", &["spec"]);
        for (annotations, covered) in [
            (r#"{"ignore-check.kube-linter.io/privileged-container":"the host's"}"#, [true, false, false]),
            (r#"{"ignore-check.kube-linter.io/host-network":"x"}"#, [false, true, false]),
            (r#"{"ignore-check.kube-linter.io/host-ipc":"x"}"#, [false, false, false]),
            (r#"{"kube-linter.io/ignore-all":"x"}"#, [true, true, false]),
            (r#"{"polaris.fairwinds.com/runAsPrivileged-exempt":"true"}"#, [true, false, false]),
            (r#"{"polaris.fairwinds.com/runAsPrivileged-exempt":"false"}"#, [false, false, false]),
            (r#"{"polaris.fairwinds.com/exempt":"true"}"#, [true, true, false]),
            (r#"{"kube-score/ignore":"container-security-context-privileged, other"}"#, [true, false, false]),
            (r#"{"example.com/ignore":"x"}"#, [false, false, false]),
        ] {
            let found = ignores(annotations, "{}");
            let covers = |finding: &Finding| found.iter().any(|ignore| ignore.covers(finding));
            assert_eq!([covers(&privileged), covers(&network), covers(&own)], covered, "{annotations}");
        }
        assert_eq!(ignores("{}", r#"{"kube-score/ignore":"a,b"}"#).len(), 2);
        assert_eq!(ignores("{}", r#"{"polaris.fairwinds.com/exempt":"true"}"#), []);
        let reason = &ignores(r#"{"ignore-check.kube-linter.io/privileged-container":" why "}"#, "{}")[0];
        assert_eq!((reason.by(), reason.reason.as_str()), ("kube-linter annotation", "why"));
    }
}
