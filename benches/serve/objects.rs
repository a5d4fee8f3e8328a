//! What is sent: a StatefulSet of three containers with findings, one without, a Deployment, a Pod, a ConfigMap of 100 KiB, a Service.

use bytes::Bytes;
use serde_json::{Value as Json, json};

fn container(name: &str, good: bool) -> Json {
    let mut container = json!({
        "name": name, "image": "registry.example.com/redis:7.4.1", "args": ["--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru"],
        "ports": [{"name": "redis", "containerPort": 6379}],
        "env": (0..12).map(|nth| json!({"name": format!("SETTING_{nth}"), "value": "x".repeat(40)})).collect::<Vec<_>>(),
        "resources": {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "2Gi"}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    });
    if good {
        let probe = json!({"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 10, "timeoutSeconds": 3, "failureThreshold": 3});
        container["readinessProbe"] = probe.clone();
        container["livenessProbe"] = probe.clone();
        container["startupProbe"] = probe;
        container["securityContext"] = json!({"runAsNonRoot": true, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}});
    }
    container
}

fn workload(kind: &str, name: &str, containers: usize, good: bool) -> Json {
    let containers: Vec<Json> = (0..containers).map(|nth| container(&format!("redis-{nth}"), good)).collect();
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}, "uid": "8d3c1f2e-6393-11e8-b7cc-42010a800002"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": containers, "terminationGracePeriodSeconds": 60, "serviceAccountName": name,
                "volumes": [{"name": "config", "configMap": {"name": name}}]}}},
    });
    if kind == "StatefulSet" {
        object["spec"]["serviceName"] = json!(name);
        object["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}}}}]);
    }
    object
}

pub(crate) fn review(object: &Json, resource: &str) -> Json {
    let (group, version) = object["apiVersion"].as_str().unwrap().rsplit_once('/').unwrap_or(("", "v1"));
    json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": group, "version": version, "kind": object["kind"]},
            "resource": {"group": group, "version": version, "resource": resource},
            "name": object["metadata"]["name"], "namespace": "shop", "operation": "CREATE",
            "userInfo": {"username": "ada", "groups": ["system:authenticated"]},
            "object": object, "oldObject": null, "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })
}

/// The one that most figures of design 10 are about.
pub(crate) fn stateful_set() -> Json {
    workload("StatefulSet", "store", 3, false)
}

pub(crate) fn reviews() -> Vec<Bytes> {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shell", "namespace": "shop"}});
    pod["spec"] = workload("Deployment", "x", 2, true)["spec"]["template"]["spec"].clone();
    let large = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large", "namespace": "shop"},
        "data": {"text": "0123456789abcde\n".repeat(6_400)}});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "store", "namespace": "shop"},
        "spec": {"clusterIP": "None", "selector": {"app": "store"}, "ports": [{"name": "redis", "port": 6379}]}});
    let all = [
        (stateful_set(), "statefulsets"),
        (workload("StatefulSet", "cache", 1, true), "statefulsets"),
        (workload("Deployment", "shop", 2, false), "deployments"),
        (pod, "pods"),
        (service, "services"),
        (large, "configmaps"),
    ];
    all.iter().map(|(object, resource)| Bytes::from(review(object, resource).to_string())).collect()
}
