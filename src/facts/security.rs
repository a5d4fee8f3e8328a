//! What a container may do: the effective security settings, the container's own before the pod's.

use super::record::{Fact, record};
use crate::value::{Lookup, Value};

/// The settings of a container.
pub(super) struct Security {
    pub(super) privileged: bool,
    pub(super) allow_privilege_escalation: bool,
    pub(super) read_only_root: bool,
    pub(super) run_as_user: Option<i64>,
    pub(super) run_as_non_root: bool,
    pub(super) capabilities: Value,
}

impl Security {
    pub(super) fn of(container: &Value, pod: &Value) -> Self {
        let (own, shared) = (container.at("securityContext"), pod.at("securityContext"));
        let either = |key| if own.at(key).is_absent() { shared.at(key) } else { own.at(key) };
        let is = |value: &Value| value.flag() == Some(true);
        let capabilities = own.at("capabilities");
        Self {
            privileged: is(own.at("privileged")),
            allow_privilege_escalation: own.at("allowPrivilegeEscalation").flag() != Some(false),
            read_only_root: is(own.at("readOnlyRootFilesystem")),
            run_as_user: either("runAsUser").int(),
            run_as_non_root: is(either("runAsNonRoot")),
            capabilities: record! { "add": upper(capabilities.at("add")), "drop": upper(capabilities.at("drop")) },
        }
    }
}

fn upper(names: &Value) -> Vec<Value> {
    let upper = |name: &Value| {
        let text = name.text()?;
        Some(if text.bytes().any(|b| b.is_ascii_lowercase()) { text.to_ascii_uppercase().as_str().fact() } else { name.clone() })
    };
    names.items().iter().filter_map(upper).collect()
}
