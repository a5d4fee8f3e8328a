//! What a container asks for and may use, as it will be once the API server has applied its defaults: the container's own
//! figures, then the pod's (`spec.resources`), then those of a LimitRange. Must not know who judges the figures.

use super::quantity;
use super::record::{Trail, record, step, word};
use crate::objects::{GroupKind, ObjectSet};
use crate::value::{Lookup, Value};

/// Pod-level resources are on by default from this minor version (feature gate `PodLevelResources`, beta in 1.34).
const POD_LEVEL_SINCE: u32 = 34;

/// Where a figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Container,
    Pod,
    LimitRange,
    None,
}

impl Source {
    fn value(self) -> Value {
        match self {
            Self::Container => word!("container"),
            Self::Pod => word!("pod"),
            Self::LimitRange => word!("limitrange"),
            Self::None => word!("none"),
        }
    }
}

/// An effective figure. Its amount is `None` where it is unset, unreadable or 0, which the kubelet takes for unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) amount: Option<i64>,
    pub(super) source: Source,
}

impl Figure {
    const NONE: Self = Self { amount: None, source: Source::None };

    fn settled(found: Option<Self>) -> Self {
        found.filter(|figure| figure.amount != Some(0)).unwrap_or(Self::NONE)
    }
}

/// Request and limit of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effective {
    pub(super) request: Figure,
    pub(super) limit: Figure,
}

/// A resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In milli-CPU.
    Cpu,
    /// In bytes.
    Memory,
    /// In bytes.
    EphemeralStorage,
}

impl Kind {
    const fn key(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::EphemeralStorage => "ephemeral-storage",
        }
    }

    fn amount(self, quantity: &Value) -> Option<i64> {
        match self {
            Self::Cpu => quantity::milli(quantity),
            Self::Memory | Self::EphemeralStorage => quantity::units(quantity),
        }
    }
}

/// The defaults of the LimitRanges of a namespace for containers, as the LimitRanger applies them: the first that has one wins.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    items: Vec<Value>,
}

impl Defaults {
    /// From the LimitRanges that are visible from a namespace.
    pub(super) fn of(set: &dyn ObjectSet, namespace: Option<&str>) -> Self {
        let ranges = set.of_kind(GroupKind { group: "", kind: "LimitRange" }, namespace);
        let items = ranges.iter().flat_map(|range| range.value.dig(&["spec", "limits"]).items().to_vec());
        Self { items: items.filter(|item| item.at("type").text() == Some("Container")).collect() }
    }

    /// A missing `default` is the `max`; a missing `defaultRequest` is the default limit, or else the `min`
    /// (`SetDefaults_LimitRangeItem` of the API server).
    fn find(&self, fields: &[&str], kind: Kind) -> Option<i64> {
        self.items.iter().find_map(|item| {
            let given = fields.iter().map(|field| item.at(field).at(kind.key())).find(|value| !value.is_absent())?;
            kind.amount(given)
        })
    }

    fn limit(&self, kind: Kind) -> Option<i64> {
        self.find(&["default", "max"], kind)
    }

    fn request(&self, kind: Kind) -> Option<i64> {
        self.find(&["defaultRequest", "default", "max", "min"], kind)
    }
}

/// What the figures of a pod's containers fall back to.
pub(super) struct Fallback<'a> {
    /// `spec.resources` of the pod; `Undefined` where this Kubernetes ignores it.
    pub(super) pod: &'a Value,
    /// Absent for ephemeral containers, which may have no resources.
    pub(super) defaults: Option<&'a Defaults>,
}

/// `spec.resources` of a pod spec, where this Kubernetes heeds it.
pub(super) fn pod_level(spec: &Value, kubernetes_minor: u32) -> &Value {
    if kubernetes_minor < POD_LEVEL_SINCE { &Value::Undefined } else { spec.at("resources") }
}

/// The effective figures of a container.
pub(super) fn effective(container: &Value, kind: Kind, fallback: &Fallback<'_>) -> Effective {
    let own = container.at("resources");
    let given = |list: &Value, field, source| {
        let written = list.at(field).at(kind.key());
        (!written.is_absent()).then(|| Figure { amount: kind.amount(written), source })
    };
    let default = |amount: Option<i64>| amount.map(|amount| Figure { amount: Some(amount), source: Source::LimitRange });
    let limit = given(own, "limits", Source::Container)
        .or_else(|| given(fallback.pod, "limits", Source::Pod))
        .or_else(|| default(fallback.defaults?.limit(kind)));
    let request = given(own, "requests", Source::Container)
        .or_else(|| given(own, "limits", Source::Container))
        .or_else(|| given(fallback.pod, "requests", Source::Pod))
        .or_else(|| given(fallback.pod, "limits", Source::Pod))
        .or_else(|| default(fallback.defaults?.request(kind)));
    let (request, limit) = (Figure::settled(request), Figure::settled(limit));
    Effective { request, limit }
}

/// `containers[].cpu` and `.memory`. `resources` is the path of the container's, `pod` of the pod's own `resources`.
pub(super) fn facts(effective: Effective, kind: Kind, resources: &Trail, pod: &Trail) -> Value {
    let key = || if kind == Kind::Cpu { word!("cpu") } else { word!("memory") };
    let base = |figure: Figure| if figure.source == Source::Pod { pod } else { resources };
    let Effective { request, limit } = effective;
    record! {
        "request": request.amount,
        "limit": limit.amount,
        "request_source": request.source.value(),
        "limit_source": limit.source.value(),
        "request_path": base(request).then([word!("requests"), key()]),
        "limit_path": base(limit).then([word!("limits"), key()]),
    }
}

/// `containers[].ephemeral_storage`.
pub(super) fn storage(effective: Effective) -> Value {
    record! { "request": effective.request.amount, "limit": effective.limit.amount }
}

/// The path of a container's `resources`.
pub(super) fn path(container: &Trail) -> Trail {
    step!(container, "resources")
}
