//! What is related: proven missing before it refuses, and judged when it changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kubelint::config::Config;
use kubelint::objects::{GroupKind, Layered, Object, ObjectSet, Origin, UnitSet};
use kubelint::value::Value;
use kubelint::webhook::admission::{Bench, Door, answer};
use kubelint::webhook::judge::{NamespaceModes, World};
use kubelint::webhook::pool::JudgeSource as _;
use kubelint::webhook::rulebook::{Rulebook, Shelf};
use serde_json::{Value as Json, json};

use super::bench::{CATALOG, MINOR, review, taken};

const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

/// What is watched, and what a direct read would show. `None`: it cannot be read.
struct Cluster {
    watched: Arc<UnitSet>,
    real: Option<Arc<UnitSet>>,
}

fn set(objects: &[Json]) -> Arc<UnitSet> {
    let object = |json: &Json| Arc::new(Object::new(Value::from_json_str(&json.to_string()).unwrap(), Origin::Cluster).unwrap());
    Arc::new(UnitSet::new(objects.iter().map(object).collect(), true))
}

impl World for Cluster {
    fn around(&self, object: &Arc<Object>) -> Arc<dyn ObjectSet> {
        Arc::new(Layered::with(Arc::clone(&self.watched) as Arc<_>, object))
    }

    fn read_now(&self, object: &Arc<Object>, kinds: &[GroupKind<'static>], _: Instant) -> Option<Arc<dyn ObjectSet>> {
        assert!(!kinds.is_empty(), "nothing is asked for");
        Some(Arc::new(Layered::with(Arc::clone(self.real.as_ref()?) as Arc<_>, object)))
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
        None
    }

    fn mutation_needs_label(&self) -> bool {
        false
    }
}

/// Is it admitted, and everything that is said.
fn ask(cluster: &Cluster, request: &Json, config: &str) -> (bool, String) {
    let ids = kubelint::config::known_rules(&CATALOG);
    let shelf = Shelf::new(Rulebook::new(Arc::clone(&CATALOG), Config::parse(config.as_bytes(), &ids).unwrap(), MINOR));
    let mut judge = shelf.make();
    let until = Instant::now() + Duration::from_secs(600);
    let mut bench = Bench { judge: &mut *judge, world: cluster, now: Timestamp::UNIX_EPOCH, until };
    let reply = answer(request.to_string().as_bytes(), Door::Validate, &mut bench);
    let response = taken(&reply.body, UID, false);
    (response["allowed"].as_bool().unwrap(), format!("{} {}", response["status"]["message"], response["warnings"]))
}

fn store() -> Json {
    let probe = json!({"exec": {"command": ["sh", "-c", "redis-cli ping | grep PONG"]}, "periodSeconds": 10, "timeoutSeconds": 3});
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "store", "namespace": "shop"},
        "spec": {"replicas": 3, "serviceName": "store", "selector": {"matchLabels": {"app": "store"}}, "template": {
            "metadata": {"labels": {"app": "store"}},
            "spec": {
                "volumes": [{"name": "config", "configMap": {"name": "store"}}],
                "containers": [{
                    "name": "redis", "image": "redis:7.4.1", "args": ["redis-server", "/etc/redis/redis.conf"],
                    "volumeMounts": [{"name": "config", "mountPath": "/etc/redis"}],
                    "readinessProbe": probe, "startupProbe": probe,
                    "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}},
                }],
            },
        }},
    })
}

fn config(maxmemory: &str) -> Json {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "store", "namespace": "shop"},
        "data": {"redis.conf": format!("maxmemory {maxmemory}\n")}})
}

fn budget(app: &str) -> Json {
    json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "store", "namespace": "shop"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": app}}}})
}

fn scaler(least: u32) -> Json {
    json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "store", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "store"}, "minReplicas": least, "maxReplicas": 9}})
}

#[test]
fn what_is_missing_is_proven_before_it_refuses() {
    let (request, none) = (review("CREATE", &store(), &Json::Null), set(&[config("1gb")]));
    let (allowed, said) = ask(&Cluster { watched: Arc::clone(&none), real: Some(Arc::clone(&none)) }, &request, "");
    assert!(!allowed && said.contains("pdb-missing") && said.contains("apply the PodDisruptionBudget first, or apply again"), "{said}");
    // The watch is a moment behind.
    let real = set(&[config("1gb"), budget("store")]);
    let (allowed, said) = ask(&Cluster { watched: Arc::clone(&none), real: Some(real) }, &request, "");
    assert!(allowed && !said.contains("pdb-missing"), "{said}");
    // What cannot be read is not known to be missing.
    let (allowed, said) = ask(&Cluster { watched: Arc::clone(&none), real: None }, &request, "");
    assert!(allowed && said.contains("pdb-missing"), "{said}");
    // A dry run of everything comes before anything.
    let mut dry = request.clone();
    dry["request"]["dryRun"] = true.into();
    let (allowed, said) = ask(&Cluster { watched: Arc::clone(&none), real: Some(none) }, &dry, "");
    assert!(allowed && said.contains("pdb-missing"), "{said}");
}

#[test]
fn only_an_operator_may_bring_the_rest_later() {
    let none = set(&[config("1gb")]);
    let cluster = Cluster { watched: Arc::clone(&none), real: Some(none) };
    let of = |version: &str, kind: &str, user: &str| {
        let mut object = store();
        object["metadata"]["ownerReferences"] =
            json!([{"apiVersion": version, "kind": kind, "name": "store", "uid": "u", "controller": true}]);
        let mut request = review("CREATE", &object, &Json::Null);
        request["request"]["userInfo"]["username"] = user.into();
        ask(&cluster, &request, "").0
    };
    let (operator, person) = ("system:serviceaccount:redis-operator:redis-operator", "ada");
    assert!(of("databases.spotahome.com/v1", "RedisFailover", operator));
    for (version, kind, user) in [
        ("databases.spotahome.com/v1", "RedisFailover", person),
        ("v1", "ConfigMap", operator),
        ("apps/v1", "Deployment", operator),
        ("networking.k8s.io/v1", "Ingress", operator),
    ] {
        assert!(!of(version, kind, user), "{kind} of {user}");
    }
}

/// A change, what is there beside it, and what is said of whom.
struct Side {
    what: &'static str,
    beside: Vec<Json>,
    old: Json,
    new: Json,
    says: Option<&'static str>,
}

fn sides() -> Vec<Side> {
    let (no, pdb, low, maxmemory) = (Json::Null, Some("pdb-missing"), || config("1gb"), Some("redis-limit-below-maxmemory"));
    let single = || {
        let mut store = store();
        store["spec"]["replicas"] = 1.into();
        store
    };
    let side = |what, beside: &[Json], old: &Json, new: &Json, says| Side {
        what,
        beside: beside.to_vec(),
        old: old.clone(),
        new: new.clone(),
        says,
    };
    vec![
        side("a larger maxmemory", &[store(), budget("store")], &low(), &config("3gb"), maxmemory),
        side("a smaller one", &[store(), budget("store")], &config("3gb"), &low(), None),
        side("one that was too large before", &[store(), budget("store")], &config("3gb"), &config("4gb"), None),
        side("a new ConfigMap", &[store(), budget("store")], &no, &config("3gb"), maxmemory),
        side("one for nobody", &[budget("store")], &low(), &config("3gb"), None),
        side("a budget that goes", &[store(), low()], &budget("store"), &no, pdb),
        side("a budget that covers something else", &[store(), low()], &budget("store"), &budget("other"), pdb),
        side("a budget that comes", &[store(), low()], &no, &budget("store"), None),
        side("an autoscaler that needs a budget", &[single(), low()], &scaler(1), &scaler(3), pdb),
        side("an autoscaler of what has one", &[single(), low(), budget("store")], &scaler(1), &scaler(3), None),
    ]
}

#[test]
fn a_change_from_the_side_is_told_by_what_it_adds() {
    for Side { what, beside, old, new, says } in sides() {
        let mut watched = beside;
        watched.extend(Some(old.clone()).filter(|old| !old.is_null()));
        let operation = match (old.is_null(), new.is_null()) {
            (true, _) => "CREATE",
            (_, true) => "DELETE",
            _ => "UPDATE",
        };
        let cluster = Cluster { watched: set(&watched), real: Some(set(&watched)) };
        let request = review(operation, &new, &old);
        let (allowed, said) = ask(&cluster, &request, "");
        assert!(allowed, "{what}: {said}");
        for rule in ["pdb-missing", "redis-limit-below-maxmemory"] {
            assert_eq!(said.contains(&format!("{rule}: StatefulSet shop/store: ")), says == Some(rule), "{what}: {said}");
        }
        // Where the configuration says so it is refused, and then only if it is so now.
        let Some(rule) = says else { continue };
        let strict = format!("webhook: {{actions: {{{rule}: deny}}}}\n");
        let (allowed, said) = ask(&cluster, &request, &strict);
        assert!(!allowed && said.contains(rule), "{what}: {said}");
        let (allowed, _) = ask(&Cluster { real: None, ..cluster }, &request, &strict);
        assert!(allowed, "{what} is refused without proof");
    }
}
