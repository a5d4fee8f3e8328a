//! The world of a cluster: what admission asks, answered by the watch cache and by direct reads. Must not know how either works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::admission::controller;
use super::judge::{NamespaceModes, World};
use super::metrics::Metrics;
use super::rulebook::Shelf;
use super::settings::Level;
use crate::cluster::Cluster;
use crate::objects::{GroupKind, Object, ObjectSet, resources};
use crate::value::Lookup;

/// For the labels of a namespace that was made a moment ago, and for what is scaled.
const SHORT: Duration = Duration::from_millis(500);
/// How often it is looked whether the rules read more.
const LOOK: Duration = Duration::from_secs(2);

/// A cluster, as admission sees it.
pub struct Live {
    cluster: Arc<Cluster>,
}

impl Live {
    /// Of a cluster that is watched.
    pub fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster }
    }
}

/// Watches what the rules in use read, and says when all of it is known. Configurations that come later may read more.
pub(super) async fn keep_watching(cluster: Arc<Cluster>, shelf: Arc<Shelf>, metrics: Arc<Metrics>, synced: Arc<AtomicBool>) {
    cluster.watch(shelf.current().kinds_read());
    let begun = Instant::now();
    cluster.settled().await;
    synced.store(true, Ordering::Release);
    tracing::info!(objects = cluster.cached(), millis = begun.elapsed().as_millis(), "the watch caches are synced");
    loop {
        cluster.watch(shelf.current().kinds_read());
        metrics.cached.set(i64::try_from(cluster.cached()).unwrap_or(i64::MAX));
        sleep(LOOK).await;
    }
}

impl World for Live {
    fn around(&self, object: &Arc<Object>) -> Arc<dyn ObjectSet> {
        self.cluster.around(object)
    }

    fn read_now(&self, object: &Arc<Object>, kinds: &[GroupKind<'static>], until: Instant) -> Option<Arc<dyn ObjectSet>> {
        self.cluster.read_now(object, kinds, until)
    }

    fn knows_absence(&self) -> bool {
        true
    }

    fn namespace(&self, name: &str) -> NamespaceModes {
        self.cluster.namespace(name, Instant::now() + SHORT).map_or_else(NamespaceModes::default, |namespace| modes(&namespace))
    }

    fn owner_is_judged(&self, object: &Object, until: Instant) -> bool {
        controller(object).is_some_and(|owner| self.cluster.is_made_by(object, owner, until))
    }

    fn is_rollback(&self, object: &Object, until: Instant) -> bool {
        self.cluster.had_template(object, until)
    }

    fn scaled(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        let (group, plural) = resource.split_once('/').unwrap_or(("", resource));
        self.cluster.find(resources::of_plural(group, plural)?, Some(namespace), name, Instant::now() + SHORT)
    }

    fn mutation_needs_label(&self) -> bool {
        true
    }
}

/// What the labels of a namespace choose. A value that means nothing chooses nothing: the default is in force.
pub fn modes(namespace: &Object) -> NamespaceModes {
    let labels = namespace.value.dig(&["metadata", "labels"]);
    let level = |key| labels.at(key).text().and_then(Level::parse);
    NamespaceModes {
        enforce: level("kubelint.dev/enforce"),
        warn: level("kubelint.dev/warn"),
        audit: level("kubelint.dev/audit"),
        mutate: match labels.at("kubelint.dev/mutate").text() {
            Some("safe") => Some(true),
            Some("none") => Some(false),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::objects::Origin;
    use crate::value::Value;

    #[test]
    fn labels_choose_and_nonsense_does_not() {
        let json = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n","labels":{"kubelint.dev/enforce":"none",
            "kubelint.dev/warn":"info","kubelint.dev/audit":"loud","kubelint.dev/mutate":"safe"}}}"#;
        let namespace = Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap();
        let expected =
            NamespaceModes { enforce: Some(Level::None), warn: Some(Level::From(Severity::Info)), audit: None, mutate: Some(true) };
        assert_eq!(modes(&namespace), expected);
    }
}
