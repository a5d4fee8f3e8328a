//! Facts of whole objects.

mod whole;

use super::*;
use crate::objects::{Origin, UnitSet};
use crate::value::Lookup;

fn object(json: &str) -> Arc<Object> {
    Arc::new(Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap())
}

/// The workload document of the first object, among all of them.
fn workload(objects: &[&str]) -> Value {
    workload_for(37, objects)
}

fn workload_for(kubernetes_minor: u32, objects: &[&str]) -> Value {
    let objects: Vec<_> = objects.iter().map(|json| object(json)).collect();
    let set = UnitSet::new(objects.clone(), true);
    workload::build(&objects[0], &Context { set: &set, kubernetes_minor })
}

fn stateful_set(pod: &str) -> String {
    format!(
        r#"{{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{{"name":"store","namespace":"prod"}},
            "spec":{{"serviceName":"s","selector":{{"matchLabels":{{"app":"a"}}}},
                    "template":{{"metadata":{{"labels":{{"app":"a"}}}},"spec":{pod}}}}}}}"#
    )
}

fn read(value: &Value, path: &str) -> String {
    let at = path.split('.').fold(value, |at, step| match step.parse::<usize>() {
        Ok(index) => at.items().get(index).unwrap_or(&Value::Undefined),
        Err(_) => at.at(step),
    });
    at.to_string()
}

/// Checks `path` = JSON pairs of a document.
fn check(document: &Value, expected: &[(&str, &str)]) {
    for (path, json) in expected {
        assert_eq!(read(document, path), *json, "{path}");
    }
}

#[test]
fn a_container_has_its_figures_and_their_paths() {
    let pod = r#"{"containers":[{"name":"db","image":"redis:7",
        "resources":{"requests":{"cpu":"1500m"},"limits":{"memory":"0.5Gi","cpu":2,"ephemeral-storage":"1Gi"}}}]}"#;
    check(
        &workload(&[&stateful_set(pod)]),
        &[
            ("containers.0.name", r#""db""#),
            ("containers.0.path", r#"["spec","template","spec","containers",0]"#),
            ("containers.0.cpu.request", "1500"),
            ("containers.0.cpu.limit", "2000"),
            ("containers.0.memory.request", "536870912"),
            ("containers.0.memory.request_source", r#""container""#),
            ("containers.0.memory.limit", "536870912"),
            ("containers.0.memory.limit_path", r#"["spec","template","spec","containers",0,"resources","limits","memory"]"#),
            ("containers.0.ephemeral_storage.limit", "1073741824"),
            ("containers.0.image.tag", r#""7""#),
            ("qos", r#""Burstable""#),
            ("qos_breakers", r#"["db"]"#),
            ("replicas", "1"),
            ("replicas_set", "false"),
            ("selector_matches", "true"),
            ("service_name", r#""s""#),
        ],
    );
}

#[test]
fn limit_ranges_fill_what_is_missing_as_the_limit_ranger_does() {
    let range = |limits: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"LimitRange","metadata":{{"name":"l","namespace":"prod"}},"spec":{{"limits":[{{"type":"Pod","max":{{"memory":"9Gi"}}}},{limits}]}}}}"#
        )
    };
    let bare = stateful_set(r#"{"containers":[{"name":"a"}]}"#);
    let limited = stateful_set(r#"{"containers":[{"name":"a","resources":{"limits":{"memory":"64Mi"}}}]}"#);
    let requested = stateful_set(r#"{"containers":[{"name":"a","resources":{"requests":{"memory":"64Mi"}}}]}"#);
    let both = range(r#"{"type":"Container","default":{"memory":"512Mi"},"defaultRequest":{"memory":"256Mi"}}"#);
    let max = range(r#"{"type":"Container","max":{"memory":"1Gi"}}"#);
    let min = range(r#"{"type":"Container","min":{"memory":"32Mi"}}"#);
    let memory = |workload: &str, range: &str, namespace: &str| {
        let memory = self::workload(&[workload, &range.replace("prod", namespace)]);
        let mega = |path: &str| read(&memory, &format!("containers.0.memory.{path}")).parse::<i64>().map_or(0, |bytes| bytes >> 20);
        let source = |path: &str| read(&memory, &format!("containers.0.memory.{path}_source")).replace('"', "");
        format!("{} {} {} {}", mega("request"), source("request"), mega("limit"), source("limit"))
    };
    assert_eq!(memory(&bare, &both, "prod"), "256 limitrange 512 limitrange");
    assert_eq!(memory(&bare, &both, "other"), "0 none 0 none");
    assert_eq!(memory(&limited, &both, "prod"), "64 container 64 container");
    assert_eq!(memory(&requested, &both, "prod"), "64 container 512 limitrange");
    assert_eq!(memory(&bare, &max, "prod"), "1024 limitrange 1024 limitrange");
    assert_eq!(memory(&bare, &min, "prod"), "32 limitrange 0 none");
    let range_only = workload(&[&bare, &both]);
    check(&range_only, &[("qos", r#""Burstable""#)]);
    let ephemeral = stateful_set(r#"{"containers":[{"name":"a"}],"ephemeralContainers":[{"name":"debug"}]}"#);
    check(&workload(&[&ephemeral, &both]), &[("containers.1.memory.limit_source", r#""none""#)]);
}

#[test]
fn resources_of_the_pod_count_where_kubernetes_heeds_them() {
    let pod = r#"{"resources":{"limits":{"memory":"1Gi","cpu":"1"}},"containers":[{"name":"a","resources":{"limits":{"memory":"64Mi"}}},{"name":"b"}]}"#;
    check(
        &workload(&[&stateful_set(pod)]),
        &[
            ("containers.0.memory.limit_source", r#""container""#),
            ("containers.1.memory.limit", "1073741824"),
            ("containers.1.memory.limit_source", r#""pod""#),
            ("containers.1.memory.request_source", r#""pod""#),
            ("containers.1.memory.limit_path", r#"["spec","template","spec","resources","limits","memory"]"#),
            ("qos", r#""Guaranteed""#),
            ("qos_breakers", "[]"),
        ],
    );
    check(
        &workload_for(33, &[&stateful_set(pod)]),
        &[("containers.1.memory.limit_source", r#""none""#), ("qos", r#""Burstable""#), ("qos_breakers", r#"["a","b"]"#)],
    );
}

#[test]
fn zero_and_nonsense_are_no_figures() {
    let container =
        |limits: &str| stateful_set(&format!(r#"{{"containers":[{{"name":"a","resources":{{"limits":{{"memory":{limits}}}}}}}]}}"#));
    for (limits, limit, source) in [
        ("\"0\"", "null", r#""none""#),
        ("\"4GB\"", "null", r#""container""#),
        ("true", "null", r#""container""#),
        ("null", "null", r#""none""#),
        ("\"512m\"", "1", r#""container""#),
        ("1e9", "1000000000", r#""container""#),
    ] {
        let document = workload(&[&container(limits)]);
        check(&document, &[("containers.0.memory.limit", limit), ("containers.0.memory.limit_source", source)]);
    }
}

#[test]
fn the_quality_of_service_counts_every_container_but_ephemeral_ones() {
    let full = r#""resources":{"limits":{"cpu":"1","memory":"1Gi"}}"#;
    for (pod, class, breakers) in [
        (format!(r#"{{"containers":[{{"name":"a",{full}}}]}}"#), "Guaranteed", "[]"),
        (format!(r#"{{"containers":[{{"name":"a",{full}}}],"ephemeralContainers":[{{"name":"e"}}]}}"#), "Guaranteed", "[]"),
        (format!(r#"{{"containers":[{{"name":"a",{full}}},{{"name":"metrics"}}]}}"#), "Burstable", r#"["metrics"]"#),
        (format!(r#"{{"initContainers":[{{"name":"init"}}],"containers":[{{"name":"a",{full}}}]}}"#), "Burstable", r#"["init"]"#),
        (r#"{"containers":[{"name":"a"},{"name":"b"}]}"#.to_owned(), "BestEffort", r#"["a","b"]"#),
        (
            r#"{"containers":[{"name":"a","resources":{"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"1000m","memory":"1024Mi"}}}]}"#.to_owned(),
            "Guaranteed",
            "[]",
        ),
        (
            r#"{"containers":[{"name":"a","resources":{"requests":{"memory":"1Gi"},"limits":{"cpu":"1","memory":"2Gi"}}}]}"#.to_owned(),
            "Burstable",
            r#"["a"]"#,
        ),
        (r#"{"containers":[{"name":"a","resources":{"requests":{"ephemeral-storage":"1Gi"}}}]}"#.to_owned(), "BestEffort", r#"["a"]"#),
    ] {
        let document = workload(&[&stateful_set(&pod)]);
        check(&document, &[("qos", &format!("{class:?}")), ("qos_breakers", breakers)]);
    }
}

#[test]
fn replicas_depend_on_the_kind_and_on_autoscalers() {
    let object = |version: &str, kind: &str, spec: &str| {
        format!(r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"w","namespace":"prod"}},"spec":{spec}}}"#)
    };
    let template = r#""template":{"spec":{"containers":[{"name":"a"}]}}"#;
    let with = |rest: &str| format!("{{{rest}{template}}}");
    let hpa = |kind: &str, namespace: &str| {
        format!(
            r#"{{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{{"name":"h","namespace":"{namespace}"}},
                "spec":{{"scaleTargetRef":{{"apiVersion":"apps/v1","kind":"{kind}","name":"w"}},"minReplicas":3,"maxReplicas":9}}}}"#
        )
    };
    let replicas = |object: &str, hpa: &str| {
        let document = workload(&[object, hpa]);
        ["replicas", "replicas_set", "replicas_floor", "replicas_ceiling"].map(|path| read(&document, path)).join(" ")
    };
    let (deployment, other) = (hpa("Deployment", "prod"), hpa("StatefulSet", "prod"));
    assert_eq!(replicas(&object("apps/v1", "Deployment", &with("")), &deployment), "1 false 3 9");
    assert_eq!(replicas(&object("apps/v1", "Deployment", &with("\"replicas\":5,")), &deployment), "5 true 5 9");
    assert_eq!(replicas(&object("apps/v1", "Deployment", &with("\"replicas\":20,")), &deployment), "20 true 20 20");
    assert_eq!(replicas(&object("apps/v1", "Deployment", &with("\"replicas\":0,")), &other), "0 true 0 0");
    assert_eq!(replicas(&object("apps/v1", "Deployment", &with("")), &hpa("Deployment", "dev")), "1 false 1 1");
    assert_eq!(replicas(&object("apps/v1", "Deployment", &with("\"replicas\":\"5\",")), &other), "null true null null");
    assert_eq!(replicas(&object("apps/v1", "DaemonSet", &with("")), &deployment), "null false null null");
    assert_eq!(replicas(&object("batch/v1", "Job", &with("")), &deployment), "null false null null");
    assert_eq!(replicas(&object("v1", "Pod", r#"{"containers":[]}"#), &deployment), "1 false 1 1");
    let document = workload(&[&object("apps/v1", "Deployment", &with("")), &deployment]);
    check(
        &document,
        &[
            ("hpa.object.name", r#""h""#),
            ("hpa.path", "[]"),
            ("update_strategy.type", r#""RollingUpdate""#),
            ("update_strategy.max_surge", r#""25%""#),
            ("update_strategy.path", r#"["spec","strategy"]"#),
            ("selector_matches", "null"),
            ("service_name", "null"),
            ("pod_management_policy", "null"),
        ],
    );
}

#[test]
fn every_built_in_kind_has_its_template_found() {
    let pod = r#"{"initContainers":[{"name":"i"},{"name":"s","restartPolicy":"Always"}],"containers":[{"name":"a"}],"ephemeralContainers":[{"name":"e"}]}"#;
    for (version, kind, before, after, path) in [
        ("v1", "Pod", "{\"spec\":", "}", "[]"),
        ("v1", "PodTemplate", "{\"template\":{\"spec\":", "}}", r#"["template"]"#),
        ("v1", "ReplicationController", "{\"spec\":{\"template\":{\"spec\":", "}}}", r#"["spec","template"]"#),
        ("apps/v1", "Deployment", "{\"spec\":{\"template\":{\"spec\":", "}}}", r#"["spec","template"]"#),
        ("apps/v1", "ReplicaSet", "{\"spec\":{\"template\":{\"spec\":", "}}}", r#"["spec","template"]"#),
        ("apps/v1", "StatefulSet", "{\"spec\":{\"template\":{\"spec\":", "}}}", r#"["spec","template"]"#),
        ("apps/v1", "DaemonSet", "{\"spec\":{\"template\":{\"spec\":", "}}}", r#"["spec","template"]"#),
        ("batch/v1", "Job", "{\"spec\":{\"template\":{\"spec\":", "}}}", r#"["spec","template"]"#),
        (
            "batch/v1",
            "CronJob",
            "{\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":{\"spec\":",
            "}}}}}",
            r#"["spec","jobTemplate","spec","template"]"#,
        ),
    ] {
        let json = format!(r#"{{"apiVersion":"{version}","kind":"{kind}",{}"#, &format!("{before}{pod}{after}")[1..]);
        let document = workload(&[&json]);
        let roles: Vec<_> = document.at("containers").items().iter().map(|c| c.at("role").text().unwrap()).collect();
        assert_eq!(roles, ["init", "sidecar", "app", "ephemeral"], "{kind}");
        let spec_path = if path == "[]" { r#"["spec"]"#.to_owned() } else { path.replace(']', r#","spec"]"#) };
        check(&document, &[("pod_path", path), ("spec_path", &spec_path), ("path", "[]"), ("kind", &format!("{kind:?}"))]);
        for container in document.at("containers").items() {
            let path = crate::place::Path::from_value(container.at("path")).unwrap();
            let whole = object(&json);
            assert_eq!(whole.value.at_path(path.steps()).at("name"), container.at("name"), "{kind}");
        }
    }
    for json in [
        r#"{"apiVersion":"v1","kind":"ConfigMap","spec":{"template":{}}}"#,
        r#"{"apiVersion":"apps/v1","kind":"StatefulSet","spec":{"template":"x"}}"#,
        r#"{"apiVersion":"apps/v1","kind":"StatefulSet"}"#,
        r#"{"apiVersion":"example.org/v1","kind":"Deployment","spec":{"template":{}}}"#,
    ] {
        assert_eq!(workload(&[json]), Value::Null, "{json}");
    }
}

#[test]
fn references_say_what_exists_and_what_may_have_been_meant() {
    let config = |name: &str, data: &str| {
        format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}","namespace":"prod"}},"data":{data}}}"#)
    };
    let pod = r#"{
        "volumes":[
            {"name":"v","configMap":{"name":"here","items":[{"key":"a","path":"x"},{"key":"b","path":"y"}]}},
            {"name":"w","secret":{"secretName":"gone","optional":true}},
            {"name":"p","projected":{"sources":[{"configMap":{"name":"conf"}},{"secret":{"name":"plain"}}]}},
            {"name":"q","configMap":{"name":7}}],
        "containers":[{"name":"c",
            "envFrom":[{"configMapRef":{"name":"her"}}],
            "env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"plain","key":"none"}}},{"name":"B","value":"x"}]}]}"#;
    let secret = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"plain","namespace":"prod"},"stringData":{"k":"v"}}"#;
    let document = workload(&[&stateful_set(pod), &config("here", r#"{"a":"1"}"#), &config("conf-12fef3", "{}"), secret]);
    let line = |reference: &Value| {
        let fields = ["kind", "name", "key", "container", "optional", "via", "exists", "key_exists", "near", "hash_twin"];
        fields.map(|field| read(reference, field).replace('"', "")).join(" ")
    };
    let lines: Vec<_> = document.at("config_refs").items().iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "ConfigMap here null null false volume yes unknown [] null",
            "ConfigMap here a null false volume yes yes [] null",
            "ConfigMap here b null false volume yes no [] null",
            "Secret gone null null true volume no unknown [] null",
            "ConfigMap conf null null false projected no unknown [conf-12fef3] conf-12fef3",
            "Secret plain null null false projected yes unknown [] null",
            "ConfigMap 7 null null false volume unknown unknown [] null",
            "ConfigMap her null c false envFrom no unknown [here] null",
            "Secret plain none c false env yes no [] null",
        ]
    );
    let path = |index: usize| read(&document, &format!("config_refs.{index}.path"));
    assert_eq!(path(0), r#"["spec","template","spec","volumes",0,"configMap","name"]"#);
    assert_eq!(path(2), r#"["spec","template","spec","volumes",0,"configMap","items",1,"key"]"#);
    assert_eq!(path(3), r#"["spec","template","spec","volumes",1,"secret","secretName"]"#);
    assert_eq!(path(4), r#"["spec","template","spec","volumes",2,"projected","sources",0,"configMap","name"]"#);
    assert_eq!(path(7), r#"["spec","template","spec","containers",0,"envFrom",0,"configMapRef","name"]"#);
    assert_eq!(path(8), r#"["spec","template","spec","containers",0,"env",0,"valueFrom","secretKeyRef","key"]"#);
}

#[test]
fn pods_are_kept_apart_only_by_terms_that_select_them() {
    let term = |labels: &str, key: &str, rest: &str| format!(r#"{{"labelSelector":{labels},"topologyKey":"{key}"{rest}}}"#);
    let required =
        |term: &str| format!(r#""affinity":{{"podAntiAffinity":{{"requiredDuringSchedulingIgnoredDuringExecution":[{term}]}}}}"#);
    let preferred = |term: &str| {
        format!(
            r#""affinity":{{"podAntiAffinity":{{"preferredDuringSchedulingIgnoredDuringExecution":[{{"weight":1,"podAffinityTerm":{term}}}]}}}}"#
        )
    };
    let spread = |term: &str| format!(r#""topologySpreadConstraints":[{term}]"#);
    let (own, other, node) = (r#"{"matchLabels":{"app":"a"}}"#, r#"{"matchLabels":{"app":"b"}}"#, "kubernetes.io/hostname");
    for (spec, spreads, is_required) in [
        (r#""x":1"#.to_owned(), false, false),
        (required(&term(own, node, "")), true, true),
        (preferred(&term(own, node, "")), true, false),
        (preferred(&term(own, "topology.kubernetes.io/zone", "")), true, false),
        (required(&term(own, "rack", "")), false, false),
        (required(&term(other, node, "")), false, false),
        (required(&term("null", node, "")), false, false),
        (required(&term(own, node, r#","mismatchLabelKeys":["app"]"#)), false, false),
        (required(&term(own, node, r#","mismatchLabelKeys":["tenant"]"#)), true, true),
        (required(&term("{}", node, "")), true, true),
        (required(&term(own, node, r#","namespaces":["dev"]"#)), false, false),
        (required(&term(own, node, r#","namespaces":["prod"]"#)), true, true),
        (required(&term(own, node, r#","namespaceSelector":{}"#)), true, true),
        (spread(&term(own, node, "")), true, true),
        (spread(&term(own, node, r#","whenUnsatisfiable":"ScheduleAnyway""#)), true, false),
        (spread(&term("null", node, "")), false, false),
    ] {
        let document = workload(&[&stateful_set(&format!(r#"{{"containers":[],{spec}}}"#))]);
        let expected = [("anti_affinity.spreads", spreads.to_string()), ("anti_affinity.required", is_required.to_string())];
        assert_eq!(expected.each_ref().map(|(path, _)| read(&document, path)), expected.each_ref().map(|(_, json)| json.clone()), "{spec}");
    }
}

#[test]
fn volumes_mounts_claims_variables_and_security_are_read() {
    let json = r#"{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"s","annotations":{"helm.sh/hook":"test"},
        "ownerReferences":[{"controller":true}]},"spec":{"template":{"spec":{
          "hostNetwork":true,"serviceAccount":"old","terminationGracePeriodSeconds":5,"securityContext":{"runAsUser":5,"runAsNonRoot":true},
          "containers":[{"name":"c","image":"x","securityContext":{"runAsNonRoot":false,"allowPrivilegeEscalation":false,"capabilities":{"drop":["all"],"add":["NET_ADMIN"]}},
            "env":[{"name":"A","value":"1"},{"name":"B"},{"name":"C","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}},{"name":"D","value":7},
              {"name":"E","valueFrom":{"configMapKeyRef":{"name":"cm","key":"k","optional":true}}}],
            "ports":[{"containerPort":1,"hostPort":2},{"name":"u","containerPort":3,"protocol":"UDP"}],
            "volumeMounts":[{"name":"data","mountPath":"/d"},{"name":"tmp","mountPath":"/t","subPath":"s","readOnly":true},{"name":"nope","mountPath":"/n"}]}],
          "volumes":[{"name":"tmp","emptyDir":{"medium":"Memory","sizeLimit":"1Gi"}},{"name":"pvc","persistentVolumeClaim":{"claimName":"p"}},{"name":"bare"},{"name":"nfs","nfs":{}}]}},
        "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"8Gi"}}}}]}}"#;
    check(
        &workload(&[json]),
        &[
            ("containers.0.env.0.value", r#""1""#),
            ("containers.0.env.1.value", r#""""#),
            ("containers.0.env.2.value", "null"),
            ("containers.0.env.2.from", r#"{"key":"spec.nodeName","kind":"field","name":null,"optional":false}"#),
            ("containers.0.env.3.value", "null"),
            ("containers.0.env.4.from", r#"{"key":"k","kind":"ConfigMap","name":"cm","optional":true}"#),
            ("containers.0.ports.0.protocol", r#""TCP""#),
            ("containers.0.ports.0.host_port", "2"),
            ("containers.0.ports.1.name", r#""u""#),
            ("containers.0.mounts.0.source", r#""claim""#),
            ("containers.0.mounts.0.at", r#"["spec","template","spec","containers",0,"volumeMounts",0]"#),
            ("containers.0.mounts.1.source", r#""emptyDir""#),
            ("containers.0.mounts.1.read_only", "true"),
            ("containers.0.mounts.1.sub_path", r#""s""#),
            ("containers.0.mounts.2.source", "null"),
            ("containers.0.run_as_user", "5"),
            ("containers.0.run_as_non_root", "false"),
            ("containers.0.allow_privilege_escalation", "false"),
            ("containers.0.privileged", "false"),
            ("containers.0.capabilities", r#"{"add":["NET_ADMIN"],"drop":["ALL"]}"#),
            ("containers.0.holds_state", "true"),
            ("volumes.0.size_limit", "1073741824"),
            ("volumes.0.medium", r#""Memory""#),
            ("volumes.1.claim", r#""p""#),
            ("volumes.2.source", r#""emptyDir""#),
            ("volumes.3.source", r#""other""#),
            ("claims.0.name", r#""data""#),
            ("claims.0.path", r#"["spec","volumeClaimTemplates",0]"#),
            ("claims.0.request", "8589934592"),
            ("claims.0.storage_class", "null"),
            ("host_network", "true"),
            ("grace_seconds", "5"),
            ("service_account", r#""old""#),
            ("hook", r#""test""#),
            ("owned", "true"),
            ("pod_management_policy", r#""OrderedReady""#),
            ("update_strategy.max_unavailable", "1"),
            ("update_strategy.max_surge", "null"),
            ("labels", "{}"),
        ],
    );
}
