//! `webhook.missingRelated: grace` (design 9): what is missing when a workload comes in may come a moment later, so it is admitted with a
//! warning and looked at again. What is still missing then is said in an Event and a metric, and the next change of the workload
//! that does more than recover is refused.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;

use super::admission::Bench;
use super::handler::App;
use super::judge::Case;
use super::reply::Told;
use crate::cluster::events::{Happening, Notice};
use crate::facts::Request;
use crate::finding::Finding;
use crate::objects::Object;
use crate::value::Lookup;

/// How long something may be missing.
pub(super) const GRACE: Duration = Duration::from_secs(60);
/// Time for the second look.
const LOOK: Duration = Duration::from_secs(5);
/// Workloads that are looked at again at one time; more are not.
pub(super) const LOOKS: usize = 256;

/// May something of it still be missing? `old` is what it was; what is created may.
pub(super) fn is_open(old: Option<&Arc<Object>>, now: Timestamp) -> bool {
    let created = old.and_then(|old| old.value.dig(&["metadata", "creationTimestamp"]).text()?.parse::<Timestamp>().ok());
    created.is_none_or(|created| now.duration_since(created) < SignedDuration::try_from(GRACE).unwrap_or(SignedDuration::MAX))
}

/// What of it is still missing: judged as it is now, with what is read now. `None`: the object is gone, or nothing could be read.
fn still_missing(told: &Told, bench: &mut Bench<'_>) -> Option<(Arc<Object>, Vec<Finding>)> {
    let object = bench.world.scaled(&told.resource, &told.namespace, &told.name)?;
    let mut kinds: Vec<_> = told.graced.iter().flat_map(|rule| bench.judge.reads(rule)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let set = bench.world.read_now(&object, &kinds, bench.until)?;
    let request = Request::offline(false);
    let case = Case { object: &object, old: None, request: &request, set: &*set, rules: Some(&told.graced), until: bench.until };
    let judged = bench.judge.judge(&case);
    let kind = object.group_kind();
    let promised = judged.findings.into_iter().filter(|finding| bench.judge.promises(&finding.rule, kind)).collect();
    Some((object, promised))
}

impl App {
    /// Looks again later at what was admitted although something is missing. Nobody waits for it, and it may not happen.
    pub(super) fn look_again(self: &Arc<Self>, told: &Told) {
        if told.graced.is_empty() || told.dry_run || told.name.is_empty() {
            return;
        }
        let Ok(slot) = Arc::clone(&self.looks).try_acquire_owned() else { return };
        let (app, told) = (Arc::clone(self), told.clone());
        tokio::spawn(async move {
            sleep(GRACE).await;
            app.look(told).await;
            drop(slot);
        });
    }

    async fn look(self: &Arc<Self>, told: Told) {
        let (app, until) = (Arc::clone(self), std::time::Instant::now() + LOOK);
        let asked = told.clone();
        let submitted = self.pool.submit(move |judge| {
            let mut bench = Bench { judge, world: &*app.world, now: Timestamp::now(), until };
            still_missing(&asked, &mut bench)
        });
        let Ok(mut ticket) = submitted else { return };
        let Ok(Some((object, missing))) = (&mut ticket.result).await else { return };
        self.metrics.still_missing(missing.iter().map(|finding| &*finding.rule));
        if missing.is_empty() {
            return;
        }
        let mut rules: Vec<Arc<str>> = missing.iter().map(|finding| Arc::clone(&finding.rule)).collect();
        rules.dedup();
        tracing::warn!(namespace = told.namespace, name = told.name, rules = rules.join(","), "what was to come is still missing");
        if let Some(announcer) = &self.announcer {
            announcer.tell(Notice {
                happening: Happening::StillMissing,
                operation: told.operation,
                api_version: object.identity.api_version.to_string(),
                kind: object.identity.kind.to_string(),
                namespace: told.namespace.clone(),
                name: told.name.clone(),
                rules,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::config::Config;
    use crate::objects::{GroupKind, ObjectSet, Origin, UnitSet};
    use crate::rules::Catalog;
    use crate::value::Value;
    use crate::webhook::judge::{NamespaceModes, World};
    use crate::webhook::metrics::Metrics;
    use crate::webhook::pool::Pool;
    use crate::webhook::rulebook::{Rulebook, Shelf};

    /// A cluster with nothing in it but one workload, or nothing at all.
    struct Lonely(Option<Arc<Object>>);

    impl World for Lonely {
        fn around(&self, object: &Arc<Object>) -> Arc<dyn ObjectSet> {
            Arc::new(UnitSet::new(vec![Arc::clone(object)], true))
        }

        fn read_now(&self, object: &Arc<Object>, _: &[GroupKind<'static>], _: Instant) -> Option<Arc<dyn ObjectSet>> {
            Some(self.around(object))
        }

        fn knows_absence(&self) -> bool {
            true
        }

        fn namespace(&self, _: &str) -> NamespaceModes {
            NamespaceModes::default()
        }

        fn owner_is_judged(&self, _: &Object, _: Instant) -> bool {
            false
        }

        fn is_rollback(&self, _: &Object, _: Instant) -> bool {
            false
        }

        fn scaled(&self, _: &str, _: &str, _: &str) -> Option<Arc<Object>> {
            self.0.clone()
        }

        fn mutation_needs_label(&self) -> bool {
            false
        }
    }

    #[test]
    fn the_second_look_counts_what_is_still_missing_of_what_is_still_there() {
        let json = r#"{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"store","namespace":"shop"},"spec":{"replicas":3,
            "serviceName":"store","selector":{"matchLabels":{"app":"store"}},"template":{"metadata":{"labels":{"app":"store"}},
            "spec":{"containers":[{"name":"redis","image":"redis:7"}]}}}}"#;
        let object = Arc::new(Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap());
        let catalog = Arc::new(Catalog::builtin().unwrap());
        let told =
            Told { resource: "apps/statefulsets".into(), name: "store".into(), graced: vec!["pdb-missing".into()], ..Told::default() };
        for (there, counted) in [(Some(object), true), (None, false)] {
            let source = Shelf::new(Rulebook::new(Arc::clone(&catalog), Config::default(), 33));
            let app = Arc::new(App::new(Pool::new(1, Arc::new(source)), Arc::new(Lonely(there)), Metrics::new()));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(app.look(told.clone()));
            let text = app.metrics.text();
            assert_eq!(text.contains(r#"kubelint_still_missing_total{rule="pdb-missing"} 1"#), counted, "{text}");
            assert!(!text.contains(r#"rule="probe-startup-missing"#), "only what was missing is looked at");
        }
    }

    #[test]
    fn grace_ends() {
        let of = |created: &str| {
            let json = format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"creationTimestamp":"{created}"}}}}"#);
            Arc::new(Object::new(Value::from_json_str(&json).unwrap(), Origin::Cluster).unwrap())
        };
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        assert!(is_open(None, now) && is_open(Some(&of("2026-11-21T11:59:01Z")), now) && is_open(Some(&of("soon")), now));
        assert!(!is_open(Some(&of("2026-11-21T11:59:00Z")), now));
    }
}
