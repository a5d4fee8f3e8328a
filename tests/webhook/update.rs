//! What an UPDATE may do: old debt stays, new debt is refused, recovering never is; and what was mended stays mended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kubelint::config::Config;
use kubelint::objects::{GroupKind, Object, ObjectSet, UnitSet};
use kubelint::webhook::admission::{Bench, Door, answer};
use kubelint::webhook::judge::{NamespaceModes, Unproven, World};
use kubelint::webhook::pool::JudgeSource as _;
use kubelint::webhook::rulebook::{Rulebook, Shelf};
use serde_json::{Value as Json, json};

use super::bench::{CATALOG, MINOR, review, taken};

const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

/// A cluster of which nothing is known but what is said here.
#[derive(Default)]
struct Cluster {
    rollback: bool,
    namespace: NamespaceModes,
    scaled: Option<Arc<Object>>,
    labelled: bool,
    /// Is what is not there known not to be there?
    known: bool,
}

impl World for Cluster {
    fn around(&self, object: &Arc<Object>) -> Arc<dyn ObjectSet> {
        if self.known {
            return Arc::new(UnitSet::new(vec![Arc::clone(object)], true));
        }
        Arc::new(Unproven(UnitSet::new(vec![Arc::clone(object)], false)))
    }

    fn read_now(&self, object: &Arc<Object>, _: &[GroupKind<'static>], _: Instant) -> Option<Arc<dyn ObjectSet>> {
        self.known.then(|| self.around(object))
    }

    fn knows_absence(&self) -> bool {
        self.known
    }

    fn namespace(&self, _: &str) -> NamespaceModes {
        self.namespace
    }

    fn owner_is_judged(&self, _: &Object, _: Instant) -> bool {
        false
    }

    fn is_rollback(&self, _: &Object, _: Instant) -> bool {
        self.rollback
    }

    fn scaled(&self, _: &str, _: &str, _: &str) -> Option<Arc<Object>> {
        self.scaled.clone()
    }

    fn mutation_needs_label(&self) -> bool {
        self.labelled
    }
}

fn ask_of(cluster: &Cluster, door: Door, request: &Json, config: &str) -> Json {
    let ids = kubelint::config::known_rules(&CATALOG);
    let shelf = Shelf::new(Rulebook::new(Arc::clone(&CATALOG), Config::parse(config.as_bytes(), &ids).unwrap(), MINOR));
    let until = Instant::now() + Duration::from_secs(600);
    let mut judge = shelf.make();
    let mut bench = Bench { judge: &mut *judge, world: cluster, now: Timestamp::UNIX_EPOCH, until };
    let reply = answer(request.to_string().as_bytes(), door, &mut bench);
    assert_eq!(reply.status, 200);
    taken(&reply.body, UID, door == Door::Mutate)
}

fn probe() -> Json {
    json!({"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 10, "timeoutSeconds": 3, "failureThreshold": 3})
}

/// A container that keeps every promise.
fn good(name: &str) -> Json {
    json!({
        "name": name, "image": "redis:7.4.1", "args": ["--maxmemory", "1gb"],
        "readinessProbe": probe(), "livenessProbe": probe(), "startupProbe": {"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 10, "failureThreshold": 60},
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}},
    })
}

/// One that keeps none.
fn bad(name: &str) -> Json {
    json!({"name": name, "image": "redis:7.4.1", "args": ["--maxmemory", "3gb"], "resources": {"limits": {"memory": "2Gi"}}})
}

fn set(containers: &[Json]) -> Json {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "store", "namespace": "shop"},
        "spec": {"replicas": 3, "serviceName": "store", "selector": {"matchLabels": {"app": "store"}}, "template": {
            "metadata": {"labels": {"app": "store"}}, "spec": {"containers": containers, "terminationGracePeriodSeconds": 60}}},
    })
}

fn changed(object: &Json, pointer: &str, value: Json) -> Json {
    let mut changed = object.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = changed.pointer_mut(parent).unwrap();
    match parent {
        Json::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        _ if value.is_null() => drop(parent.as_object_mut().unwrap().remove(key)),
        _ => parent[key] = value,
    }
    changed
}

/// `None`: admitted; else the message.
fn refusal(old: &Json, new: &Json) -> Option<String> {
    let response = ask_of(&Cluster::default(), Door::Validate, &review("UPDATE", new, old), "");
    (!response["allowed"].as_bool().unwrap()).then(|| response["status"]["message"].as_str().unwrap().to_owned())
}

#[test]
fn old_debt_stays_and_new_debt_is_refused_by_name() {
    let old = set(&[bad("b")]);
    assert_eq!(refusal(&old, &old), None, "nothing changed");
    assert_eq!(refusal(&old, &changed(&old, "/metadata/labels", json!({"team": "shop"}))), None);
    assert_eq!(refusal(&old, &changed(&old, "/spec/template/spec/containers/0/image", json!("redis:7.4.2"))), None);
    // Another container before it moves its index, not its debt.
    assert_eq!(refusal(&old, &set(&[good("a"), bad("b")])), None);

    let message = refusal(&old, &set(&[bad("b"), bad("c")])).unwrap();
    assert!(message.contains("container c") && !message.contains("container b"), "{message}");
    let message = refusal(&old, &set(&[bad("renamed")])).unwrap();
    assert!(message.contains("container renamed"), "{message}");
    let healthy = set(&[good("a")]);
    for probe in ["readinessProbe", "startupProbe"] {
        let without = changed(&healthy, &format!("/spec/template/spec/containers/0/{probe}"), Json::Null);
        assert!(refusal(&healthy, &without).unwrap().contains(probe), "removing a {probe} is debt");
    }
    // The limit falls below maxmemory, or maxmemory rises above the limit.
    let lower = changed(&healthy, "/spec/template/spec/containers/0/resources/limits/memory", json!("512Mi"));
    assert!(refusal(&healthy, &lower).unwrap().contains("redis-limit-below-maxmemory"));
    let more = changed(&healthy, "/spec/template/spec/containers/0/args", json!(["--maxmemory", "4gb"]));
    assert!(refusal(&healthy, &more).unwrap().contains("redis-limit-below-maxmemory"));
}

#[test]
fn recovering_is_never_refused() {
    let (healthy, sick) = (set(&[good("a")]), set(&[bad("b")]));
    for old in [&healthy, &sick] {
        let container = "/spec/template/spec/containers/0";
        for (what, pointer, value) in [
            ("more replicas", "/spec/replicas".to_owned(), json!(9)),
            ("fewer replicas", "/spec/replicas".to_owned(), json!(0)),
            ("a higher limit", format!("{container}/resources/limits/memory"), json!("64Gi")),
            ("no finalizers", "/metadata/finalizers".to_owned(), json!([])),
            ("going away", "/metadata/deletionTimestamp".to_owned(), json!("2026-11-21T07:00:00Z")),
        ] {
            assert_eq!(refusal(old, &changed(old, &pointer, value)), None, "{what}");
        }
    }
    for (number, value) in [("periodSeconds", 1), ("timeoutSeconds", 1), ("failureThreshold", 1), ("initialDelaySeconds", 300)] {
        for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
            let tuned = changed(&healthy, &format!("/spec/template/spec/containers/0/{probe}/{number}"), json!(value));
            assert_eq!(refusal(&healthy, &tuned), None, "{probe}.{number}");
        }
    }
    // Recovering does not hide what comes with it.
    let mut both = changed(&healthy, "/spec/replicas", json!(9));
    both["spec"]["template"]["spec"]["containers"][0].as_object_mut().unwrap().remove("readinessProbe");
    assert!(refusal(&healthy, &both).unwrap().contains("readinessProbe"));

    let back = Cluster { rollback: true, ..Cluster::default() };
    let response = ask_of(&back, Door::Validate, &review("UPDATE", &sick, &healthy), "");
    assert_eq!(response["allowed"], true);
    assert!(response["warnings"][0].as_str().unwrap().contains("rollback"), "{response}");
    let first = ask_of(&back, Door::Validate, &review("CREATE", &sick, &Json::Null), "");
    assert_eq!(first["allowed"], false, "what is created is no rollback");
}

#[test]
fn deletion_and_scaling_only_warn() {
    let old = set(&[bad("b")]);
    assert_eq!(ask_of(&Cluster::default(), Door::Validate, &review("DELETE", &Json::Null, &old), "")["allowed"], true);
    let object = Object::new(kubelint::value::Value::from_json_str(&old.to_string()).unwrap(), kubelint::objects::Origin::Cluster).unwrap();
    let cluster = Cluster { scaled: Some(Arc::new(object)), ..Cluster::default() };
    let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "store", "namespace": "shop"}, "spec": {"replicas": 1}});
    let mut request = review("UPDATE", &scale, &scale);
    request["request"]["resource"] = json!({"group": "apps", "version": "v1", "resource": "statefulsets"});
    request["request"]["subResource"] = json!("scale");
    let response = ask_of(&cluster, Door::Validate, &request, "webhook: {enforce: info}");
    assert_eq!(response["allowed"], true);
    assert!(!response["warnings"].as_array().unwrap().is_empty(), "{response}");
}

#[test]
fn labels_of_the_namespace_choose_the_mode() {
    use kubelint::finding::Severity;
    use kubelint::webhook::settings::Level;
    let request = review("CREATE", &set(&[bad("b")]), &Json::Null);
    let with = |enforce, warn| Cluster { namespace: NamespaceModes { enforce, warn, ..NamespaceModes::default() }, ..Cluster::default() };
    let quiet = ask_of(&with(Some(Level::None), Some(Level::None)), Door::Validate, &request, "");
    assert!(quiet["allowed"] == true && quiet["warnings"].is_null(), "{quiet}");
    let warned = ask_of(&with(Some(Level::None), None), Door::Validate, &request, "webhook: {enforce: info}");
    assert!(warned["allowed"] == true && warned["warnings"].to_string().contains("redis-readiness-missing"), "{warned}");
    let strict = ask_of(&with(Some(Level::From(Severity::Warning)), None), Door::Validate, &request, "webhook: {enforce: none}");
    assert!(strict["status"]["message"].as_str().unwrap().contains("run-as-non-root"), "{strict}");
}

#[test]
fn what_is_missing_may_come_later_but_not_never() {
    let (alone, grace) = (Cluster { known: true, ..Cluster::default() }, "webhook: {missingRelated: grace}\n");
    let lonely = set(&[good("a")]);
    let ask = |new: &Json, old: &Json, config: &str| {
        let operation = if old.is_null() { "CREATE" } else { "UPDATE" };
        let response = ask_of(&alone, Door::Validate, &review(operation, new, old), config);
        (response["allowed"] == true, response)
    };
    let (allowed, response) = ask(&lonely, &Json::Null, "");
    assert!(!allowed && response["status"]["message"].as_str().unwrap().contains("pdb-missing"), "{response}");
    let (allowed, response) = ask(&lonely, &Json::Null, grace);
    assert!(allowed && response["warnings"].to_string().contains("pdb-missing"), "{response}");

    let image = |object: &Json| changed(object, "/spec/template/spec/containers/0/image", json!("redis:7.4.2"));
    // The clock of these tests stands at 1970.
    let young = changed(&lonely, "/metadata/creationTimestamp", json!("1969-12-31T23:59:30Z"));
    assert!(ask(&image(&young), &young, grace).0, "its grace is not over");
    let mature = changed(&lonely, "/metadata/creationTimestamp", json!("1969-12-31T23:58:00Z"));
    let (allowed, response) = ask(&image(&mature), &mature, grace);
    assert!(!allowed && response["status"]["message"].as_str().unwrap().contains("pdb-missing"), "{response}");
    assert!(ask(&image(&mature), &mature, "").0, "without grace it is old debt");
    let recovering = changed(&mature, "/spec/template/spec/containers/0/resources/limits/memory", json!("64Gi"));
    assert!(ask(&recovering, &mature, grace).0 && ask(&mature, &mature, grace).0);
    assert!(ask(&changed(&mature, "/metadata/labels", json!({"a": "b"})), &mature, grace).0);
}

#[test]
fn broken_glass_admits_once_and_says_so() {
    let broken = json!({"kubelint.dev/break-glass": "disk full; until=1970-01-01T12:00:00Z"});
    let emergency = changed(&set(&[bad("b")]), "/metadata/annotations", broken);
    let request = review("CREATE", &emergency, &Json::Null);
    let response = ask_of(&Cluster::default(), Door::Validate, &request, "");
    assert!(response["allowed"] == true && response["auditAnnotations"]["break-glass"] == "disk full", "{response}");
    assert!(response["warnings"].to_string().contains("redis-readiness-missing"));
    let response = ask_of(&Cluster::default(), Door::Validate, &request, "webhook: {breakGlass: {groups: [sre]}}");
    assert!(response["allowed"] == false && response["warnings"][0].as_str().unwrap().contains("breakGlass"), "{response}");
}

/// RFC 6902, as far as kubelint writes it.
fn patched(object: &Json, response: &Json) -> Json {
    let mut object = object.clone();
    let Some(patch) = response["patch"].as_str() else { return object };
    let ops: Json = serde_json::from_slice(&data_encoding::BASE64.decode(patch.as_bytes()).unwrap()).unwrap();
    for op in ops.as_array().unwrap() {
        let (parent, key) = op["path"].as_str().unwrap().rsplit_once('/').unwrap();
        let key = key.replace("~1", "/").replace("~0", "~");
        let parent = object.pointer_mut(parent).unwrap_or_else(|| panic!("{op} does not apply"));
        match (op["op"].as_str().unwrap(), parent) {
            ("add" | "replace", Json::Object(entries)) => drop(entries.insert(key, op["value"].clone())),
            ("replace", Json::Array(items)) => items[key.parse::<usize>().unwrap()] = op["value"].clone(),
            ("add", Json::Array(items)) if key == "-" => items.push(op["value"].clone()),
            ("add", Json::Array(items)) => items.insert(key.parse().unwrap(), op["value"].clone()),
            ("remove", Json::Object(entries)) => drop(entries.remove(&key).unwrap()),
            (other, _) => panic!("{other}"),
        }
    }
    object
}

const MUTATE: &str = "webhook: {mutate: safe}\n";

fn mutated(cluster: &Cluster, new: &Json, old: &Json) -> (Json, bool) {
    let operation = if old.is_null() { "CREATE" } else { "UPDATE" };
    let response = ask_of(cluster, Door::Mutate, &review(operation, new, old), MUTATE);
    assert_eq!(response["allowed"], true, "the mutating door never refuses");
    (patched(new, &response), response["patch"].is_string())
}

#[test]
fn what_was_mended_stays_mended_and_causes_no_rollout() {
    let here = Cluster::default();
    let written = set(&[good("a")]);
    let (stored, mended) = mutated(&here, &written, &Json::Null);
    assert!(mended);
    let record = stored["metadata"]["annotations"]["kubelint.dev/mutated"].as_str().unwrap();
    assert!(record.starts_with("probe-timeout-one-second sha256:"), "{record}");
    assert_eq!(stored["spec"]["template"]["spec"]["containers"][0]["startupProbe"]["timeoutSeconds"], 5);

    // A second call, of the same request or of what it made, changes nothing more.
    assert_eq!(mutated(&here, &written, &Json::Null).0, stored);
    assert_eq!(mutated(&here, &stored, &Json::Null), (stored.clone(), false));
    // `replace` with the manifest as it was written: what was injected comes back, and the template is the same.
    let (replaced, mended) = mutated(&here, &written, &stored);
    assert!(mended);
    assert_eq!(replaced["spec"], stored["spec"]);
    assert_eq!(replaced["metadata"]["annotations"], stored["metadata"]["annotations"]);
    // With another image as well.
    let next = changed(&written, "/spec/template/spec/containers/0/image", json!("redis:7.4.2"));
    let (replaced, _) = mutated(&here, &next, &stored);
    assert_eq!(replaced["spec"]["template"]["spec"]["containers"][0]["startupProbe"]["timeoutSeconds"], 5);
    assert_eq!(replaced["spec"]["template"]["spec"]["containers"][0]["image"], "redis:7.4.2");
    // What somebody has decided since then stands.
    let decided = changed(&stored, "/spec/template/spec/containers/0/startupProbe/timeoutSeconds", json!(3));
    assert_eq!(mutated(&here, &decided, &stored), (decided, false));
}

#[test]
fn only_what_asks_for_it_is_mended() {
    let (here, written) = (Cluster::default(), set(&[good("a")]));
    // Stored before kubelint was there, or with nothing to mend: an UPDATE is left alone.
    assert_eq!(mutated(&here, &written, &written), (written.clone(), false));
    let response = ask_of(&here, Door::Mutate, &review("CREATE", &written, &Json::Null), "");
    assert!(response["patch"].is_null(), "it is off by default");
    let labelled =
        |mutate| Cluster { labelled: true, namespace: NamespaceModes { mutate, ..NamespaceModes::default() }, ..Cluster::default() };
    assert!(mutated(&labelled(Some(true)), &written, &Json::Null).1);
    assert!(!mutated(&labelled(None), &written, &Json::Null).1 && !mutated(&labelled(Some(false)), &written, &Json::Null).1);

    let template =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"containers": [good("a")]}});
    assert!(mutated(&here, &template, &Json::Null).1, "a Pod of its own is mended");
    let owner = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "store", "uid": "1", "controller": true}]);
    let owned = changed(&template, "/metadata/ownerReferences", owner);
    assert!(!mutated(&here, &owned, &Json::Null).1, "its owner is mended instead");
    let mirror = changed(&template, "/metadata/annotations", json!({"kubernetes.io/config.mirror": "1"}));
    assert!(!mutated(&here, &mirror, &Json::Null).1, "mirror pods cannot be changed");
    let system = changed(&written, "/metadata/namespace", json!("kube-system"));
    assert!(!mutated(&here, &system, &Json::Null).1);
    let delete = ask_of(&here, Door::Mutate, &review("DELETE", &Json::Null, &written), MUTATE);
    assert!(delete["patch"].is_null());
}
