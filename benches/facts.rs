//! What the facts of one object cost: a StatefulSet of three containers, a plain Deployment, an object without pods; and what a
//! rule's input document costs once they are there.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use kubelint::facts::{Context, Facts, Need, Request};
use kubelint::objects::{Object, Origin, UnitSet};
use kubelint::value::{Value, object as map};

const STATEFUL_SET: &str = r#"{
  "apiVersion": "apps/v1", "kind": "StatefulSet",
  "metadata": {"name": "store-node", "namespace": "prod", "labels": {"app.kubernetes.io/name": "redis", "app.kubernetes.io/instance": "store"}},
  "spec": {
    "replicas": 3, "serviceName": "store-headless", "podManagementPolicy": "Parallel", "updateStrategy": {"type": "RollingUpdate"},
    "selector": {"matchLabels": {"app.kubernetes.io/name": "redis", "app.kubernetes.io/instance": "store"}},
    "template": {
      "metadata": {"labels": {"app.kubernetes.io/name": "redis", "app.kubernetes.io/instance": "store"}, "annotations": {"checksum/configmap": "0a1b"}},
      "spec": {
        "serviceAccountName": "store", "securityContext": {"fsGroup": 1001}, "terminationGracePeriodSeconds": 60,
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm":
          {"labelSelector": {"matchLabels": {"app.kubernetes.io/instance": "store"}}, "topologyKey": "kubernetes.io/hostname"}}]}},
        "containers": [
          {"name": "redis", "image": "docker.io/bitnami/redis:7.2.4-debian-12-r9", "command": ["/bin/bash"], "args": ["-c", "/opt/scripts/start-node.sh"],
           "securityContext": {"runAsUser": 1001, "runAsNonRoot": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
           "env": [{"name": "REDIS_PORT", "value": "6379"}, {"name": "ALLOW_EMPTY_PASSWORD", "value": "no"},
             {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "store", "key": "redis-password"}}}],
           "ports": [{"name": "redis", "containerPort": 6379}],
           "startupProbe": {"failureThreshold": 22, "periodSeconds": 10, "timeoutSeconds": 5, "exec": {"command": ["sh", "-c", "/health/ping_liveness_local.sh 5"]}},
           "livenessProbe": {"initialDelaySeconds": 20, "periodSeconds": 5, "timeoutSeconds": 5, "exec": {"command": ["sh", "-c", "/health/ping_liveness_local.sh 5"]}},
           "readinessProbe": {"initialDelaySeconds": 20, "periodSeconds": 5, "timeoutSeconds": 1, "exec": {"command": ["sh", "-c", "/health/ping_readiness_local.sh 1"]}},
           "resources": {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
           "volumeMounts": [{"name": "scripts", "mountPath": "/opt/scripts"}, {"name": "health", "mountPath": "/health"},
             {"name": "data", "mountPath": "/data"}, {"name": "config", "mountPath": "/opt/etc"}, {"name": "tmp", "mountPath": "/tmp"}]},
          {"name": "sentinel", "image": "docker.io/bitnami/redis-sentinel:7.2.4", "command": ["/bin/bash"], "args": ["-c", "/opt/scripts/start-sentinel.sh"],
           "env": [{"name": "REDIS_SENTINEL_PORT", "value": "26379"}], "ports": [{"name": "sentinel", "containerPort": 26379}],
           "livenessProbe": {"exec": {"command": ["sh", "-c", "/health/ping_sentinel.sh 5"]}},
           "readinessProbe": {"exec": {"command": ["sh", "-c", "/health/ping_sentinel.sh 5"]}},
           "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "200m", "memory": "256Mi"}},
           "volumeMounts": [{"name": "scripts", "mountPath": "/opt/scripts"}, {"name": "health", "mountPath": "/health"}]},
          {"name": "metrics", "image": "docker.io/bitnami/redis-exporter:1.58.0", "env": [{"name": "REDIS_ALIAS", "value": "store"}],
           "ports": [{"name": "metrics", "containerPort": 9121}], "readinessProbe": {"httpGet": {"path": "/", "port": "metrics"}}}
        ],
        "volumes": [{"name": "scripts", "configMap": {"name": "store-scripts", "defaultMode": 493}}, {"name": "health", "configMap": {"name": "store-health"}},
          {"name": "config", "configMap": {"name": "store-configuration"}}, {"name": "tmp", "emptyDir": {}}]
      }
    },
    "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}}}]
  }
}"#;

const DEPLOYMENT: &str = r#"{
  "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "prod"},
  "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "nginx:1.27", "ports": [{"containerPort": 80}],
      "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
      "readinessProbe": {"httpGet": {"port": 80}}}]}}}
}"#;

const OTHERS: &[&str] = &[
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"store-scripts","namespace":"prod"},"data":{"start-node.sh":"exec redis-server /opt/etc/redis.conf"}}"#,
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"store-health","namespace":"prod"},"data":{"ping_readiness_local.sh":"redis-cli ping"}}"#,
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"store-configuration","namespace":"prod"},"data":{"redis.conf":"maxmemory 3gb\n"}}"#,
    r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"store","namespace":"prod"},"stringData":{"redis-password":"x"}}"#,
    r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"store-headless","namespace":"prod"},"spec":{"clusterIP":"None","selector":{"app.kubernetes.io/instance":"store"}}}"#,
    r#"{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"store","namespace":"prod"},"spec":{"maxUnavailable":1,"selector":{"matchLabels":{"app.kubernetes.io/instance":"store"}}}}"#,
];

fn object(json: &str) -> Arc<Object> {
    Value::from_json_str(json).ok().and_then(|value| Object::new(value, Origin::Cluster)).map(Arc::new).unwrap_or_else(|| unreachable!())
}

fn facts(criterion: &mut Criterion) {
    let (stateful_set, deployment) = (object(STATEFUL_SET), object(DEPLOYMENT));
    let others: Vec<_> = OTHERS.iter().map(|json| object(json)).collect();
    let config_map = others.first().cloned().unwrap_or_else(|| unreachable!());
    let all = others.iter().chain([&stateful_set, &deployment]).cloned().collect();
    let set = UnitSet::new(all, true);
    let context = Context { set: &set, kubernetes_minor: 37 };
    let request = Request::offline(false);

    let mut group = criterion.benchmark_group("facts");
    for (name, object) in [("stateful_set", &stateful_set), ("deployment", &deployment), ("config_map", &config_map)] {
        group.bench_function(name, |bench| bench.iter(|| Facts::new(black_box(object), None, &request, context)));
    }
    let params = map([("min_replicas", Value::from(2_u64))]);
    group.bench_function("first_input_with_budgets", |bench| {
        bench.iter(|| Facts::new(black_box(&stateful_set), None, &request, context).input(&[Need::Pdbs], &params));
    });
    group.bench_function("next_input", |bench| {
        let facts = Facts::new(&stateful_set, None, &request, context);
        bench.iter(|| facts.input(black_box(&[Need::Pdbs]), &params));
    });
    group.finish();
}

criterion_group!(benches, facts);
criterion_main!(benches);
