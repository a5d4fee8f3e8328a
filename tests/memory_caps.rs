//! Where memory caps come from: hand-made cases in `testdata/memory`, and every server of the Redis family in the rendered public charts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path as File, PathBuf};
use std::sync::Arc;

use kubelint::facts::{Context, Facts, KUBERNETES_MINOR, Request};
use kubelint::objects::{Object, UnitSet};
use kubelint::place::Path;
use kubelint::value::{Lookup, Value};

#[path = "support/corpus.rs"]
mod corpus;

/// Object, container, and the container's facts.
type Containers = Vec<(String, String, Value)>;

fn containers(file: &File) -> (Vec<Arc<Object>>, Containers) {
    let objects = corpus::objects(file);
    let set = UnitSet::new(objects.clone(), true);
    let request = Request::offline(false);
    let mut found = Vec::new();
    for object in &objects {
        let facts = Facts::new(object, None, &request, Context { set: &set, kubernetes_minor: KUBERNETES_MINOR });
        for container in facts.workload().at("containers").items() {
            let name = container.at("name").text().unwrap_or_default().to_owned();
            found.push((format!("{}/{}", object.identity.kind, object.identity.name), name, container.clone()));
        }
    }
    (objects, found)
}

/// The text that a candidate's place names; `None` where it names no part of a scalar.
fn pointed_at(objects: &[Arc<Object>], judged: &str, place: &Value) -> Option<String> {
    let object = objects.iter().find(|o| match place.at("object").dig(&["name"]).text() {
        Some(name) => *o.identity.name == *name && Some(&*o.identity.kind) == place.dig(&["object", "kind"]).text(),
        None => format!("{}/{}", o.identity.kind, o.identity.name) == judged,
    });
    let path = Path::from_value(place.at("path")).unwrap();
    let scalar = object.unwrap().value.at_path(path.steps());
    assert!(!scalar.is_absent(), "{place} names nothing");
    let within = |key: &str| place.dig(&["within", key]).int().map(|n| usize::try_from(n).unwrap());
    let (start, end) = (within("start")?, within("end")?);
    Some(scalar.text().unwrap().chars().skip(start).take(end - start).collect())
}

/// Every candidate's place holds its directive, or what stands for it.
fn check_places(objects: &[Arc<Object>], judged: &str, cap: &Value) {
    for candidate in cap.at("candidates").items() {
        let Some(text) = pointed_at(objects, judged, candidate.at("place")) else { continue };
        let (text, value) = (text.to_lowercase(), candidate.at("value").text().unwrap().to_lowercase());
        let named = ["maxmemory", "maxram", "xmx", "-m"].iter().any(|name| text.contains(name));
        assert!(named || text.contains(&value), "{candidate} points at {text:?}");
    }
}

fn check(name: &str, expected: &Value, container: &Value) {
    let cap = container.at("memory_cap");
    for (key, want) in expected.entries() {
        let got = match key {
            "role" | "family" | "persistence" => container.dig(&["software", key]).clone(),
            "cap" => cap.clone(),
            "readiness" => {
                let facts = container.dig(&["probes", "readiness", "redis"]);
                for (key, want) in want.entries() {
                    assert_eq!(facts.at(key), want, "{name}: {key} of {facts}");
                }
                let says_pong = ["grep", "test", "script"].iter().any(|form| name.ends_with(form));
                assert_eq!(facts.at("compares_at").is_absent(), !says_pong, "{name}: {facts}");
                continue;
            }
            "error" => Value::from(!cap.at("error").is_absent()),
            "winner" => cap.dig(&["winner", "text"]).clone(),
            "dead" => {
                let dead: Vec<_> = cap.at("candidates").items().iter().filter(|c| c.at("status").text() != Some("winner")).collect();
                assert_eq!(dead.len(), want.items().len(), "{name}: {dead:?}");
                for (dead, want) in dead.iter().zip(want.items()) {
                    let [text, status, reason] = want.items() else { panic!("{name}: dead wants text, status, reason") };
                    assert_eq!((dead.at("text"), dead.at("status")), (text, status), "{name}");
                    assert!(!dead.at("reason").is_absent(), "{name}: {dead}");
                    assert!(reason.is_absent() || reason == dead.at("reason"), "{name}: {dead}");
                }
                continue;
            }
            _ => cap.at(key).clone(),
        };
        let (got, want) = (if got.is_absent() { Value::Null } else { got }, want.clone());
        assert_eq!(got, want, "{name}: {key} of {}: {cap}", container.at("name"));
    }
    if cap.at("certainty").text() == Some("unresolved") {
        assert!(!cap.at("reason").is_absent(), "{name}: unresolved without a reason: {cap}");
    }
}

#[test]
fn hand_made_cases() {
    let folder = File::new(env!("CARGO_MANIFEST_DIR")).join("testdata/memory");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    cases.sort();
    assert!(cases.len() > 40, "the cases are gone");
    let mut wrong = Vec::new();
    for case in cases {
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        let expected = Value::from_json_str(&fs::read_to_string(case.with_extension("json")).unwrap()).unwrap();
        let (objects, found) = containers(&case);
        let checked = std::panic::catch_unwind(|| {
            for (container, want) in expected.entries() {
                let (judged, _, facts) = found.iter().find(|(_, n, _)| n == container).unwrap_or_else(|| panic!("{name}: no {container}"));
                check(&name, want, facts);
                check_places(&objects, judged, facts.at("memory_cap"));
            }
        });
        wrong.extend(checked.err().map(|_| name));
    }
    assert!(wrong.is_empty(), "wrong cases: {wrong:?}");
}

#[test]
fn a_secret_is_never_quoted() {
    let manifest = "
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
    - name: redis
      image: redis
      command: [sh, -c, 'redis-server /etc/r/redis.conf --requirepass $PASS --maxmemory $CAP']
      env:
        - {name: PASS, valueFrom: {secretKeyRef: {name: s, key: pass}}}
        - {name: CAP, valueFrom: {secretKeyRef: {name: s, key: cap}}}
      volumeMounts: [{name: c, mountPath: /etc/r}]
  volumes: [{name: c, secret: {secretName: s}}]
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {pass: hunter2, cap: 3gb, redis.conf: \"maxmemory 10gb\\nmasterauth hunter2\\nmaxmemory hunter2\\n\"}
";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("manifest.yaml");
    fs::write(&file, manifest).unwrap();
    let (_, found) = containers(&file);
    let (_, _, container) = &found[0];
    let said = ["software", "memory_cap", "redis_conf"].map(|key| container.at(key).to_json_str().unwrap()).concat();
    assert_eq!(container.dig(&["memory_cap", "bytes"]).int(), Some(3 << 30), "{said}");
    assert!(said.contains("maxmemory 3221225472") && said.contains("maxmemory 10737418240"), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("10gb") && !said.contains("3gb"), "{said}");
}

/// Read by eye in the renderings: bytes, 0 for unlimited, or why it cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Bytes(u64),
    Unlimited,
    Unresolved,
}
use Truth::{Bytes, Unlimited, Unresolved};

const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;

const TRUTH: &[(&str, &str, &str, Truth)] = &[
    ("airflow-helm-airflow/default", "StatefulSet/data-redis-master", "data-redis", Unlimited),
    ("argoproj-argo-cd/default", "Deployment/argocd-redis", "redis", Unlimited),
    ("argoproj-argo-cd/ha-redis", "StatefulSet/argocd-redis-ha-server", "redis", Unlimited),
    ("bitnami-airflow/default", "StatefulSet/data-redis-master", "redis", Unlimited),
    ("bitnami-harbor/default", "StatefulSet/data-redis-master", "redis", Bytes(100 * MB)),
    ("bitnami-keydb/default", "StatefulSet/data-keydb-master", "keydb", Unlimited),
    ("bitnami-keydb/default", "StatefulSet/data-keydb-replica", "keydb", Unlimited),
    ("bitnami-keydb/maxmemory-metrics", "StatefulSet/data-keydb-master", "keydb", Bytes(2 * GB)),
    ("bitnami-keydb/maxmemory-metrics", "StatefulSet/data-keydb-replica", "keydb", Unlimited),
    ("bitnami-oauth2-proxy/redis", "StatefulSet/data-redis-master", "redis", Unlimited),
    ("bitnami-redis-cluster/default", "StatefulSet/data-redis-cluster", "data-redis-cluster", Unlimited),
    ("bitnami-redis-cluster/maxmemory-metrics", "StatefulSet/data-redis-cluster", "data-redis-cluster", Bytes(2 * GB)),
    ("bitnami-redis-cluster/override-no-pdb", "StatefulSet/data-redis-cluster", "data-redis-cluster", Bytes(1500 * MB)),
    ("bitnami-redis/autoscaling-replicas", "StatefulSet/data-redis-master", "redis", Bytes(700 * MB)),
    ("bitnami-redis/autoscaling-replicas", "StatefulSet/data-redis-replicas", "redis", Bytes(700 * MB)),
    ("bitnami-redis/default", "StatefulSet/data-redis-master", "redis", Unlimited),
    ("bitnami-redis/default", "StatefulSet/data-redis-replicas", "redis", Unlimited),
    ("bitnami-redis/deployment-cache", "Deployment/data-redis-master", "redis", Bytes(400 * MB)),
    // The ConfigMap is somebody else's.
    ("bitnami-redis/existing-configmap", "StatefulSet/data-redis-master", "redis", Unresolved),
    ("bitnami-redis/existing-configmap", "StatefulSet/data-redis-replicas", "redis", Unresolved),
    ("bitnami-redis/extra-env-ignored", "StatefulSet/data-redis-master", "redis", Unlimited),
    ("bitnami-redis/replication-layered-config", "StatefulSet/data-redis-master", "redis", Bytes(3 * GB)),
    ("bitnami-redis/replication-layered-config", "StatefulSet/data-redis-replicas", "redis", Bytes(2 * GB)),
    ("bitnami-redis/sentinel-dead-maxmemory", "StatefulSet/data-redis-node", "redis", Unlimited),
    ("bitnami-redis/standalone-maxmemory", "StatefulSet/data-redis-master", "redis", Bytes(3 * GB)),
    ("bitnami-valkey-cluster/default", "StatefulSet/data-valkey-cluster", "data-valkey-cluster", Unlimited),
    ("bitnami-valkey-cluster/maxmemory", "StatefulSet/data-valkey-cluster", "data-valkey-cluster", Bytes(800 * MB)),
    ("bitnami-valkey/default", "StatefulSet/data-valkey-primary", "valkey", Unlimited),
    ("bitnami-valkey/default", "StatefulSet/data-valkey-replicas", "valkey", Unlimited),
    ("bitnami-valkey/sentinel-maxmemory", "StatefulSet/data-valkey-node", "valkey", Bytes(GB)),
    ("cloudpirates-redis/cluster", "StatefulSet/data-redis", "redis", Bytes(2 * GB)),
    ("cloudpirates-redis/default", "StatefulSet/data-redis", "redis", Unlimited),
    ("cloudpirates-redis/deployment-cache", "Deployment/data-redis", "redis", Bytes(200 * MB)),
    ("cloudpirates-redis/replication-sentinel", "StatefulSet/data-redis", "redis", Bytes(GB)),
    ("cloudpirates-valkey/default", "StatefulSet/data-valkey", "valkey", Unlimited),
    ("cloudpirates-valkey/replication", "StatefulSet/data-valkey", "valkey", Bytes(700 * MB)),
    ("dandydeveloper-redis-ha/default", "StatefulSet/data-redis-ha-server", "redis", Unlimited),
    ("dandydeveloper-redis-ha/maxmemory-haproxy", "StatefulSet/data-redis-ha-server", "redis", Bytes(2 * GB)),
    ("dandydeveloper-redis-ha/no-persistence", "StatefulSet/data-redis-ha-server", "redis", Bytes(512 * MB)),
    // /etc/keydb/redis.conf lies in the image.
    ("enapter-keydb/default", "StatefulSet/data-keydb", "keydb", Unresolved),
    // So does this one's configuration.
    ("goharbor-harbor/default", "StatefulSet/data-harbor-redis", "redis", Unresolved),
    ("groundhog2k-redis/args-maxmemory", "StatefulSet/data-redis", "redis-server", Bytes(600 * MB)),
    ("groundhog2k-redis/default", "Deployment/data-redis", "redis-server", Unlimited),
    ("groundhog2k-valkey/ha", "StatefulSet/data-valkey", "valkey-server", Unlimited),
    ("helm-incubator-redis-cache/default", "StatefulSet/data-redis-cache", "redis", Unlimited),
    ("helm-stable-redis-ha/default", "StatefulSet/data-redis-ha-server", "redis", Unlimited),
    ("helm-stable-redis/cluster-configmap", "StatefulSet/data-redis-master", "data-redis", Bytes(GB)),
    ("helm-stable-redis/cluster-configmap", "StatefulSet/data-redis-slave", "data-redis", Bytes(GB)),
    ("helm-stable-redis/sentinel", "StatefulSet/data-redis-master", "data-redis", Unlimited),
    ("helm-stable-redis/sentinel", "StatefulSet/data-redis-slave", "data-redis", Unlimited),
    ("langfuse-langfuse/default", "Deployment/data-redis", "data-redis", Unlimited),
    ("oauth2-proxy-oauth2-proxy/redis-ha", "StatefulSet/data-redis-ha-server", "redis", Unlimited),
    ("ot-container-kit-redis-cluster/default", "RedisCluster/shop", "redisLeader", Unlimited),
    ("ot-container-kit-redis-cluster/default", "RedisCluster/shop", "redisFollower", Unlimited),
    // Set with CONFIG SET once the server runs.
    ("ot-container-kit-redis-replication/sentinel", "RedisReplication/sess", "redis", Bytes(400 * MB)),
    // The operator includes the ConfigMap behind what it makes of maxMemoryPercentOfLimit.
    ("ot-container-kit-redis-cluster/external-config", "RedisCluster/shop", "redisLeader", Bytes(3 * GB)),
    ("ot-container-kit-redis-cluster/external-config", "RedisCluster/shop", "redisFollower", Bytes(3 * GB)),
    ("sentry-kubernetes-sentry/default", "StatefulSet/data-sentry-redis-master", "redis", Unlimited),
    ("sentry-kubernetes-sentry/default", "StatefulSet/data-sentry-redis-replicas", "redis", Unlimited),
    ("valkey-io-valkey/default", "Deployment/data-valkey", "data-valkey", Unlimited),
    ("valkey-io-valkey/replica-maxmemory", "StatefulSet/data-valkey", "data-valkey", Bytes(GB)),
];

/// A rendering as the table calls it: chart and variant.
fn name(path: &File) -> String {
    format!("{}/{}", path.parent().unwrap().file_name().unwrap().to_string_lossy(), path.file_stem().unwrap().to_string_lossy())
}

#[test]
fn every_redis_of_the_charts() {
    let renderings = corpus::renderings();
    if renderings.is_empty() {
        eprintln!("SKIPPED: ../shared/corpus/charts is not there");
        return;
    }
    let row = |file: &str, object: &str, container: &str| format!("{file} {object} {container}");
    let mut truth: BTreeMap<_, _> = TRUTH.iter().map(|(file, object, container, truth)| (row(file, object, container), *truth)).collect();
    assert_eq!(truth.len(), TRUTH.len(), "a row is there twice");
    let mut wrong = Vec::new();
    for path in &renderings {
        let name = name(path);
        let (objects, found) = containers(path);
        for (object, container, facts) in &found {
            let family = facts.dig(&["software", "family"]).text().unwrap_or_default();
            let cap = facts.at("memory_cap");
            if !matches!(family, "redis" | "valkey" | "keydb" | "dragonfly") || cap.is_absent() {
                continue;
            }
            check_places(&objects, object, cap);
            let want = truth.remove(&row(&name, object, container));
            let got = match (cap.at("bytes").int(), cap.at("unlimited").flag(), cap.at("certainty").text()) {
                (None, Some(false), Some("unresolved")) => Some(Unresolved),
                (None, Some(true), Some("exact" | "inferred")) => Some(Unlimited),
                (Some(bytes), Some(false), Some("exact" | "inferred")) => Some(Bytes(u64::try_from(bytes).unwrap())),
                _ => None,
            };
            if got != want {
                wrong.push(format!("{name} {object} {container}: {got:?}, not {want:?}: {cap}"));
            }
        }
    }
    wrong.extend(truth.keys().map(|row| format!("{row} was not recognised")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
