//! Findings that are accepted: by rule, object and container, with a reason, perhaps for a while.

use globset::{GlobBuilder, GlobMatcher};
use jiff::civil::Date;

use super::shape::date;
use crate::finding::Finding;
use crate::objects::Identity;
use crate::value::{Lookup, Value};

/// One entry of `exemptions`.
#[derive(Debug, Clone)]
pub struct Exemption {
    /// A rule's id, or `*`.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// As written, for messages.
    pub object: String,
    parts: [GlobMatcher; 3],
    container: Option<GlobMatcher>,
}

impl Exemption {
    pub(super) fn decode(value: &Value) -> Result<Self, String> {
        let text = |key: &str| value.at(key).text().unwrap_or_default().to_owned();
        let object = text("object");
        let [kind, namespace, name] = object.split('/').collect::<Vec<_>>()[..] else {
            return Err("expected Kind/namespace/name".into());
        };
        let parts = [glob(kind)?, glob(namespace)?, glob(name)?];
        let container = value.at("container").text().map(glob).transpose()?;
        Ok(Self {
            rule: text("rule"),
            reason: text("reason"),
            expires: value.at("expires").text().and_then(date),
            parts,
            container,
            object,
        })
    }

    /// Has its last day passed?
    pub fn is_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| today > last)
    }

    /// Is this finding meant? An object without a namespace meets a namespace of `*` only.
    pub fn covers(&self, finding: &Finding) -> bool {
        let rule = self.rule == "*" || *self.rule == *finding.rule;
        rule && self.covers_object(&finding.object) && self.covers_container(finding.container.as_deref())
    }

    fn covers_object(&self, object: &Identity) -> bool {
        let names = [&*object.kind, object.namespace.as_deref().unwrap_or_default(), &*object.name];
        self.parts.iter().zip(names).all(|(glob, name)| glob.is_match(name))
    }

    fn covers_container(&self, container: Option<&str>) -> bool {
        self.container.as_ref().is_none_or(|glob| container.is_some_and(|name| glob.is_match(name)))
    }
}

fn glob(text: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(text).build().map_err(|error| error.kind().to_string())?;
    Ok(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::place::Path;

    #[test]
    fn rule_object_and_container_all_have_to_match() {
        let finding = |namespace: Option<&str>, container: Option<&str>| Finding {
            rule: "privileged-container".into(),
            severity: Severity::Error,
            object: Identity {
                api_version: "apps/v1".into(),
                kind: "DaemonSet".into(),
                namespace: namespace.map(Into::into),
                name: "agent".into(),
            },
            container: container.map(Into::into),
            path: Path::root(),
            within: None,
            message: String::new(),
            related: Vec::new(),
            fix: None,
        };
        for (rule, object, container, namespace, in_container, covered) in [
            ("privileged-container", "DaemonSet/kube-system/*", None, Some("kube-system"), Some("a"), true),
            ("privileged-container", "DaemonSet/kube-system/*", Some("a"), Some("kube-system"), Some("a"), true),
            ("privileged-container", "DaemonSet/kube-system/*", Some("a"), Some("kube-system"), Some("b"), false),
            ("privileged-container", "DaemonSet/kube-system/*", Some("a"), Some("kube-system"), None, false),
            ("pdb-missing", "*/*/*", None, Some("kube-system"), None, false),
            ("*", "*/*/age*", None, None, None, true),
            ("*", "*/prod/*", None, None, None, false),
            ("*", "Deployment/*/*", None, Some("kube-system"), None, false),
        ] {
            let entry = serde_json::json!({"rule": rule, "object": object, "container": container, "reason": "x"});
            let exemption = Exemption::decode(&Value::from_json_str(&entry.to_string()).unwrap()).unwrap();
            assert_eq!(exemption.covers(&finding(namespace, in_container)), covered, "{entry} {namespace:?} {in_container:?}");
        }
    }

    #[test]
    fn the_last_day_still_counts() {
        let value = Value::from_json_str(r#"{"rule":"*","object":"a/b/c","reason":"x","expires":"2027-01-31T00:00:00Z"}"#).unwrap();
        let exemption = Exemption::decode(&value).unwrap();
        assert!(!exemption.is_expired("2027-01-31".parse().unwrap()) && exemption.is_expired("2027-02-01".parse().unwrap()));
    }
}
