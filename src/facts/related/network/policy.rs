//! What one NetworkPolicy says, with the API server's defaults.

use crate::objects::{Object, Selector};
use crate::value::{Lookup, Value};

/// A NetworkPolicy.
pub(super) struct Policy<'a> {
    /// `spec.podSelector`; an empty one selects all pods of the namespace, `None` selects none.
    pub(super) selector: Option<Selector>,
    /// Does it isolate the pods it selects against incoming traffic?
    pub(super) isolates_ingress: bool,
    /// Does it isolate them against outgoing traffic?
    pub(super) isolates_egress: bool,
    /// Its ingress rules, none where it does not isolate for ingress.
    pub(super) ingress: &'a [Value],
    /// Its egress rules, none where it does not isolate for egress.
    pub(super) egress: &'a [Value],
}

impl<'a> Policy<'a> {
    /// Left-out `policyTypes` are `Ingress`, and `Egress` too where there are egress rules (`SetDefaults_NetworkPolicy`).
    pub(super) fn read(object: &'a Object) -> Self {
        let spec = object.value.at("spec");
        let (ingress, egress) = (spec.at("ingress").items(), spec.at("egress").items());
        let types = spec.at("policyTypes").items();
        let says = |name: &str| types.iter().any(|kind| kind.text() == Some(name));
        let isolates_ingress = types.is_empty() || says("Ingress");
        let isolates_egress = if types.is_empty() { !egress.is_empty() } else { says("Egress") };
        Self {
            selector: Selector::from_label_selector(spec.at("podSelector")),
            isolates_ingress,
            isolates_egress,
            ingress: if isolates_ingress { ingress } else { &[] },
            egress: if isolates_egress { egress } else { &[] },
        }
    }
}
