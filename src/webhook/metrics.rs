//! What is counted, under the names that dashboards and alerts use. Labels come from short fixed lists, so that no client
//! can make the number of series grow.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::reply::Told;

/// Upper bounds in seconds.
const SECONDS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Upper bounds in seconds for one rule on one object.
const RULE_SECONDS: [f64; 6] = [0.000_05, 0.000_2, 0.001, 0.005, 0.025, 0.1];

/// Resources with a label of their own; everything else is `other`.
const RESOURCES: &[&str] = &[
    "apps/daemonsets",
    "apps/deployments",
    "apps/replicasets",
    "apps/statefulsets",
    "autoscaling/horizontalpodautoscalers",
    "batch/cronjobs",
    "batch/jobs",
    "configmaps",
    "limitranges",
    "namespaces",
    "networking.k8s.io/networkpolicies",
    "persistentvolumeclaims",
    "pods",
    "policy/poddisruptionbudgets",
    "resourcequotas",
    "secrets",
    "serviceaccounts",
    "services",
    "storage.k8s.io/storageclasses",
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: &'static str,
    resource: &'static str,
    verdict: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DoorLabels {
    door: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RuleLabels {
    rule: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BundleLabels {
    version: &'static str,
    digest: String,
}

type GaugeI = Gauge<i64, AtomicI64>;

/// All metrics of `kubelint serve`.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Family<DoorLabels, Histogram, fn() -> Histogram>,
    queue_wait: Histogram,
    shed: Family<ReasonLabels, Counter>,
    rule_errors: Family<RuleLabels, Counter>,
    denials: Family<RuleLabels, Counter>,
    still_missing: Family<RuleLabels, Counter>,
    rule_duration: Family<RuleLabels, Histogram, fn() -> Histogram>,
    bundle: Family<BundleLabels, GaugeI>,
    /// Seconds since the API server last answered: so much older than usual may be what is watched. 0 without a cluster.
    pub watch_lag: Gauge<f64, AtomicU64>,
    /// Requests that are being answered.
    pub inflight: GaugeI,
    /// Requests that were too large to be read.
    pub oversize: Counter,
    /// Open connections.
    pub connections: GaugeI,
    /// Seconds since 1970.
    pub certificate_not_after: GaugeI,
    /// Pairs that were found and could not be served.
    pub certificate_failures: Counter,
    /// Configurations that were found and could not be used.
    pub config_failures: Counter,
    /// Seconds since 1970.
    pub config_loaded: GaugeI,
    /// Objects in the watch cache.
    pub cached: GaugeI,
    /// Evaluations that ended in a panic.
    pub panics: Counter<u64, AtomicU64>,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    /// With every metric registered.
    pub fn new() -> Arc<Self> {
        let mut metrics = Self {
            registry: Registry::with_prefix("kubelint"),
            requests: Family::default(),
            duration: Family::new_with_constructor(seconds as fn() -> Histogram),
            queue_wait: seconds(),
            shed: Family::default(),
            rule_errors: Family::default(),
            denials: Family::default(),
            still_missing: Family::default(),
            rule_duration: Family::new_with_constructor((|| Histogram::new(RULE_SECONDS)) as fn() -> Histogram),
            bundle: Family::default(),
            watch_lag: Gauge::default(),
            inflight: GaugeI::default(),
            oversize: Counter::default(),
            connections: GaugeI::default(),
            certificate_not_after: GaugeI::default(),
            certificate_failures: Counter::default(),
            config_failures: Counter::default(),
            config_loaded: GaugeI::default(),
            cached: GaugeI::default(),
            panics: Counter::default(),
        };
        metrics.register();
        Arc::new(metrics)
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("admission_requests", "Admission requests by operation, resource and verdict", self.requests.clone());
        registry.register("admission_duration_seconds", "Time from the first byte of a body to its answer", self.duration.clone());
        registry.register("admission_queue_wait_seconds", "Time a request waits for a thread that evaluates", self.queue_wait.clone());
        registry.register("admission_inflight", "Requests being answered", self.inflight.clone());
        registry.register("admission_shed", "Requests answered with 429, by what was used up", self.shed.clone());
        registry.register("admission_oversize", "Requests larger than what is read", self.oversize.clone());
        registry.register("rule_errors", "Evaluations of a rule that failed", self.rule_errors.clone());
        registry.register("rule_denials", "Refusals by rule", self.denials.clone());
        registry.register(
            "still_missing",
            "Workloads whose related object was still missing after its grace, by rule",
            self.still_missing.clone(),
        );
        registry.register("rule_duration_seconds", "Time of one rule on one object of a kind that it judges", self.rule_duration.clone());
        registry.register(
            "bundle_info",
            "The rules and the configuration in use, by the digest of the audit log; always 1",
            self.bundle.clone(),
        );
        registry.register(
            "watch_lag_seconds",
            "Time since the API server last answered; what is watched may be that old",
            self.watch_lag.clone(),
        );
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "tls_cert_not_after_seconds",
            "End of the served certificate, in seconds since 1970",
            self.certificate_not_after.clone(),
        );
        registry.register("tls_reload_failures", "Certificates that were found and could not be served", self.certificate_failures.clone());
        registry.register("config_reload_failures", "Configurations that were found and could not be used", self.config_failures.clone());
        registry.register("config_loaded_timestamp_seconds", "When the configuration in use was loaded", self.config_loaded.clone());
        registry.register("watched_objects", "Objects in the watch cache", self.cached.clone());
        registry.register("evaluation_panics", "Evaluations that ended in a panic", self.panics.clone());
    }

    /// Counts one answered request.
    pub fn answered(&self, door: &'static str, told: &Told, took: Duration) {
        let resource = RESOURCES.iter().find(|known| **known == told.resource).copied().unwrap_or("other");
        let operation = if told.operation.is_empty() { "other" } else { told.operation };
        self.requests.get_or_create(&RequestLabels { operation, resource, verdict: told.verdict }).inc();
        self.duration.get_or_create(&DoorLabels { door }).observe(took.as_secs_f64());
        for rule in &told.failed {
            self.rule_errors.get_or_create(&RuleLabels { rule: rule.to_string() }).inc();
        }
        for rule in told.denied_by.iter().filter(|_| told.verdict == "denied") {
            self.denials.get_or_create(&RuleLabels { rule: rule.to_string() }).inc();
        }
    }

    /// Counts what is still missing after its grace.
    pub fn still_missing<'a>(&self, rules: impl Iterator<Item = &'a str>) {
        for rule in rules {
            self.still_missing.get_or_create(&RuleLabels { rule: rule.to_owned() }).inc();
        }
    }

    /// What counts the time of one rule; a copy of it counts into the same.
    pub fn rule_clock(&self, rule: &str) -> Histogram {
        self.rule_duration.get_or_create_owned(&RuleLabels { rule: rule.to_owned() })
    }

    /// Names the rules and the configuration that are in use from now on.
    pub fn uses(&self, digest: &str) {
        self.bundle.clear();
        self.bundle.get_or_create(&BundleLabels { version: env!("CARGO_PKG_VERSION"), digest: digest.to_owned() }).set(1);
    }

    /// Counts how long a request waited for a thread.
    pub fn waited(&self, time: Duration) {
        self.queue_wait.observe(time.as_secs_f64());
    }

    /// Counts one shed request.
    pub fn shed(&self, reason: &'static str) {
        self.shed.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// The OpenMetrics text, which Prometheus reads.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
