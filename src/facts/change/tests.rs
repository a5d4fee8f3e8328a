use crate::objects::{Object, Origin};
use crate::place::Path;
use crate::value::{Lookup, Value};

fn parse(json: &str) -> Object {
    Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap()
}

fn set(spec: &str, template: &str) -> Object {
    parse(&format!(r#"{{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{{"name":"s"}},"spec":{{{spec}"template":{template}}}}}"#))
}

fn change(old: &Object, new: &Object, minor: u32) -> Value {
    super::facts(old, new, minor)
}

fn paths(list: &Value) -> Vec<String> {
    let path = |item: &Value| Path::from_value(if item.at("path").is_absent() { item } else { item.at("path") }).unwrap().to_pointer();
    list.items().iter().map(path).collect()
}

#[test]
fn what_the_api_server_fills_in_is_no_difference() {
    let manifest = r#"{"metadata":{"labels":{"app":"a"}},"spec":{"serviceAccountName":"x","containers":[{"name":"c","image":"redis:7",
        "ports":[{"containerPort":6379}],"resources":{"limits":{"memory":"1024Mi","cpu":"0.5"}},"env":[{"name":"E"},{"name":"F","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],
        "livenessProbe":{"httpGet":{"port":80}}}],"volumes":[{"name":"v"},{"name":"k","configMap":{"name":"c"}}]}}"#;
    let stored = r#"{"metadata":{"creationTimestamp":null,"labels":{"app":"a"},"annotations":{}},"spec":{"serviceAccountName":"x","serviceAccount":"x",
        "restartPolicy":"Always","dnsPolicy":"ClusterFirst","schedulerName":"default-scheduler","terminationGracePeriodSeconds":30,"securityContext":{},
        "containers":[{"name":"c","image":"redis:7","imagePullPolicy":"IfNotPresent","terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",
        "ports":[{"containerPort":6379,"protocol":"TCP"}],"resources":{"limits":{"memory":"1Gi","cpu":"500m"}},"env":[{"name":"E","value":""},{"name":"F","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}}],
        "livenessProbe":{"httpGet":{"port":80,"path":"/","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}}],
        "volumes":[{"name":"v","emptyDir":{}},{"name":"k","configMap":{"name":"c","defaultMode":420}}]}}"#;
    let change = change(&set("", stored), &set("", manifest), 34);
    assert_eq!(paths(change.at("template_diff")), Vec::<String>::new());
    assert_eq!(change.dig(&["restarts", "any"]).flag(), Some(false));
}

#[test]
fn differences_are_named_where_they_are() {
    let base = r#"{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"x"}},"spec":{"containers":[{"name":"a","image":"a:1"},{"name":"b","image":"b:1"}],
        "volumes":[{"name":"v","configMap":{"name":"c-12fef3"}}]}}"#;
    for (new, wanted, class) in [
        (base.replace("a:1", "a:2"), "/spec/template/spec/containers/0/image", "image"),
        (
            base.replace(r#""kubectl.kubernetes.io/restartedAt":"x""#, ""),
            "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt",
            "restart",
        ),
        (base.replace("c-12fef3", "c"), "/spec/template/spec/volumes/0/configMap/name", "config"),
        (base.replace(r#"{"name":"a","image":"a:1"},"#, ""), "/spec/template/spec/containers", "other"),
        (
            base.replace(r#"{"name":"a","image":"a:1"},"#, r#"{"name":"n"},{"name":"a","image":"a:1"},"#),
            "/spec/template/spec/containers/0",
            "other",
        ),
        (
            base.replace(r#""image":"a:1""#, r#""image":"a:1","resources":{"limits":{"cpu":1}}"#),
            "/spec/template/spec/containers/0/resources",
            "resources",
        ),
        (
            base.replace(r#""image":"a:1""#, r#""image":"a:1","imagePullPolicy":"Always""#),
            "/spec/template/spec/containers/0/imagePullPolicy",
            "other",
        ),
        (
            base.replace(
                r#"{"name":"a","image":"a:1"},{"name":"b","image":"b:1"}"#,
                r#"{"name":"b","image":"b:1"},{"name":"a","image":"a:1"}"#,
            ),
            "/spec/template/spec/containers",
            "other",
        ),
    ] {
        let change = change(&set(r#""replicas":3,"#, base), &set(r#""replicas":3,"#, &new), 34);
        assert_eq!(paths(change.at("template_diff")), [wanted], "{new}");
        assert_eq!(change.at("template_diff").items().first().unwrap().at("class").text(), Some(class), "{new}");
        assert_eq!(change.dig(&["restarts", "ordinals"]).items().len(), 3);
    }
}

#[test]
fn an_empty_selector_is_not_no_selector() {
    let term = |selector: &str| format!(r#"{{"spec":{{"topologySpreadConstraints":[{{"maxSkew":1{selector}}}]}}}}"#);
    let change = change(&set("", &term("")), &set("", &term(r#","labelSelector":{}"#)), 34);
    assert_eq!(paths(change.at("template_diff")), ["/spec/template/spec/topologySpreadConstraints/0/labelSelector"]);
}

#[test]
fn the_strategy_says_which_ordinals_restart() {
    for (spec, ordinals) in [
        (r#""replicas":3,"#, "[2,1,0]"),
        (r#""replicas":3,"updateStrategy":{"rollingUpdate":{"partition":1}},"#, "[2,1]"),
        (r#""replicas":3,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":9}},"#, "[]"),
        (r#""replicas":3,"updateStrategy":{"type":"OnDelete"},"#, "[]"),
        (r#""replicas":3,"updateStrategy":{"type":"Recreate"},"#, "[2,1,0]"),
        (r#""replicas":2,"ordinals":{"start":5},"#, "[6,5]"),
        (r#""replicas":0,"#, "[]"),
        ("", "[0]"),
        (r#""replicas":100000000,"#, "null"),
    ] {
        let change = change(&set(spec, r#"{"spec":{"hostname":"a"}}"#), &set(spec, r#"{"spec":{"hostname":"b"}}"#), 34);
        assert_eq!(change.dig(&["restarts", "ordinals"]).to_string(), ordinals, "{spec}");
    }
}

#[test]
fn fields_of_a_stateful_set_may_change_from_some_version_on() {
    let claims = |size: &str| {
        format!(r#""volumeClaimTemplates":[{{"metadata":{{"name":"d"}},"spec":{{"resources":{{"requests":{{"storage":"{size}"}}}}}}}}],"#)
    };
    let storage = "/spec/volumeClaimTemplates/0/spec/resources/requests/storage";
    for (old, new, minor, wanted) in [
        (claims("1Gi"), claims("2Gi"), 37, vec![storage]),
        (claims("1Gi"), claims("1024Mi"), 37, vec![]),
        (String::new(), claims("1Gi"), 37, vec!["/spec/volumeClaimTemplates"]),
        (r#""serviceName":"a","#.into(), r#""serviceName":"b","#.into(), 37, vec!["/spec/serviceName"]),
        (r#""serviceName":"","#.into(), String::new(), 37, vec![]),
        (String::new(), r#""podManagementPolicy":"OrderedReady","#.into(), 37, vec![]),
        (String::new(), r#""podManagementPolicy":"Parallel","#.into(), 37, vec!["/spec/podManagementPolicy"]),
        (r#""replicas":1,"#.into(), r#""replicas":9,"#.into(), 20, vec![]),
        (String::new(), r#""minReadySeconds":5,"#.into(), 21, vec!["/spec/minReadySeconds"]),
        (String::new(), r#""minReadySeconds":5,"#.into(), 22, vec![]),
        (String::new(), r#""ordinals":{"start":1},"#.into(), 25, vec!["/spec/ordinals"]),
        (String::new(), r#""ordinals":{"start":1},"#.into(), 26, vec![]),
        (r#""revisionHistoryLimit":10,"#.into(), String::new(), 32, vec![]),
        (r#""revisionHistoryLimit":5,"#.into(), String::new(), 32, vec!["/spec/revisionHistoryLimit"]),
        (r#""revisionHistoryLimit":5,"#.into(), String::new(), 33, vec![]),
    ] {
        let change = change(&set(&old, "{}"), &set(&new, "{}"), minor);
        assert_eq!(paths(change.at("immutable_fields")), wanted, "{old} to {new} on {minor}");
    }
}

#[test]
fn other_kinds_have_fields_that_stay() {
    for (kind, old, new, wanted) in [
        (
            "apps/v1 Deployment",
            r#""spec":{"selector":{"matchLabels":{"a":"b"}}}"#,
            r#""spec":{"selector":{"matchLabels":{"a":"c"}}}"#,
            vec!["/spec/selector/matchLabels/a"],
        ),
        ("v1 Service", r#""spec":{"clusterIP":"10.0.0.1"}"#, r#""spec":{"clusterIP":"None"}"#, vec!["/spec/clusterIP"]),
        ("v1 Service", r#""spec":{"clusterIP":"10.0.0.1"}"#, r#""spec":{}"#, vec![]),
        ("v1 Service", r#""spec":{"type":"ExternalName","clusterIP":"x"}"#, r#""spec":{"clusterIP":"None"}"#, vec![]),
        ("v1 ConfigMap", r#""immutable":true,"data":{"a":"1"}"#, r#""immutable":true,"data":{"a":"2"}"#, vec!["/data/a"]),
        ("v1 ConfigMap", r#""data":{"a":"1"}"#, r#""data":{"a":"2"}"#, vec![]),
        ("v1 ConfigMap", r#""immutable":true"#, r#""data":{}"#, vec!["/immutable"]),
        (
            "v1 PersistentVolumeClaim",
            r#""spec":{"storageClassName":"a"}"#,
            r#""spec":{"storageClassName":"b"}"#,
            vec!["/spec/storageClassName"],
        ),
        (
            "v1 PersistentVolumeClaim",
            r#""spec":{"resources":{"requests":{"storage":"2Gi"}}}"#,
            r#""spec":{"storageClassName":"b"}"#,
            vec![],
        ),
        ("storage.k8s.io/v1 StorageClass", r#""provisioner":"x""#, r#""provisioner":"x","reclaimPolicy":"Retain""#, vec!["/reclaimPolicy"]),
        ("storage.k8s.io/v1 StorageClass", r#""provisioner":"x""#, r#""provisioner":"x","allowVolumeExpansion":true"#, vec![]),
        (
            "batch/v1 Job",
            r#""spec":{"template":{"spec":{"a":"1"}}}"#,
            r#""spec":{"template":{"spec":{"a":"2"}}}"#,
            vec!["/spec/template/spec/a"],
        ),
        ("batch/v1 Job", r#""spec":{"suspend":true,"template":{"spec":{"a":"1"}}}"#, r#""spec":{"template":{"spec":{"a":"2"}}}"#, vec![]),
        ("rbac.authorization.k8s.io/v1 RoleBinding", r#""roleRef":{"name":"a"}"#, r#""roleRef":{"name":"b"}"#, vec!["/roleRef/name"]),
    ] {
        let (version, kind) = kind.split_once(' ').unwrap();
        let object = |rest: &str| parse(&format!(r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"x"}},{rest}}}"#));
        let change = change(&object(old), &object(new), 34);
        assert_eq!(paths(change.at("immutable_fields")), wanted, "{kind} {old} to {new}");
    }
}

#[test]
fn replicas_and_storage_of_both_versions_are_numbers() {
    let claim = |size: &str| {
        parse(&format!(
            r#"{{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{{"name":"c"}},"spec":{{"resources":{{"requests":{{"storage":"{size}"}}}}}}}}"#
        ))
    };
    let storage = change(&claim("2Gi"), &claim("1Gi"), 34).at("storage").clone();
    assert_eq!(change(&claim("2Gi"), &claim("1Gi"), 34).at("shrinks").items().len(), 1);
    assert_eq!(change(&claim("1Gi"), &claim("2Gi"), 34).at("shrinks").items().len(), 0);
    let first = storage.items().first().unwrap();
    assert_eq!((first.at("old").int(), first.at("new").int()), (Some(2_147_483_648), Some(1_073_741_824)));
    let scale = |replicas: &str| {
        parse(&format!(r#"{{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{{"name":"c"}},"spec":{{{replicas}}}}}"#))
    };
    let replicas = change(&scale(r#""replicas":3"#), &scale(""), 34).at("replicas").clone();
    assert_eq!((replicas.at("old").int(), replicas.at("new").int()), (Some(3), Some(0)));
}

#[test]
fn malformed_objects_are_no_reason_to_panic() {
    for spec in [
        "null",
        "[]",
        r#""x""#,
        r#"{"template":[],"volumeClaimTemplates":{"a":1},"replicas":"three"}"#,
        r#"{"template":{"spec":{"containers":[null,7]}},"volumeClaimTemplates":[null]}"#,
    ] {
        let object =
            |spec: &str| parse(&format!(r#"{{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{{"name":"x"}},"spec":{spec}}}"#));
        let change = change(&object(spec), &set(r#""replicas":3,"#, "{}"), 34);
        assert!(matches!(change.at("template_diff"), Value::Array(_)), "{spec}");
    }
}
