use std::sync::Arc;

use super::*;
use crate::objects::{Origin, UnitSet};

fn object_of(json: &str) -> Object {
    Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap()
}

/// Every fault as `path kind suggestion`.
fn faults_with(json: &str, minor: u32, crds: &[&str]) -> Vec<String> {
    let crds = UnitSet::new(crds.iter().map(|json| Arc::new(object_of(json))).collect(), false);
    let errors = errors(&object_of(json), minor, &crds);
    let line = |error: &Value| {
        let path = Path::from_value(error.at("path")).unwrap();
        format!("{path} {} {}", error.at("kind").text().unwrap(), error.at("suggestion").text().unwrap_or("-"))
    };
    errors.items().iter().map(line).collect()
}

fn faults(json: &str) -> Vec<String> {
    faults_with(json, LAST_MINOR, &[])
}

fn pod(container: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"a"}},"spec":{{"containers":[{{"name":"a","image":"a",{container}}}]}}}}"#
    )
}

#[test]
fn every_name_in_the_table_is_defined() {
    let table = Table::get();
    assert!(table.kind_names().count() > 100, "the data is empty");
    for (name, line) in table.names() {
        for reference in line.split('@').skip(1).map(|rest| rest.split([' ', '|']).next().unwrap()) {
            let defined = (FIRST_MINOR..=LAST_MINOR).any(|minor| table.definition(reference, minor).is_some());
            assert!(defined, "{name} names {reference}, which is not there");
        }
    }
}

#[test]
fn a_good_object_has_no_faults_in_any_version() {
    for minor in [20, 33, 34, 35, 36, 37, 40] {
        let good = pod(r#""ports":[{"containerPort":6379}],"resources":{"limits":{"cpu":1,"memory":"1Gi"}},"command":null"#);
        assert_eq!(faults_with(&good, minor, &[]), [""; 0], "{minor}");
    }
}

#[test]
fn faults_of_built_in_kinds_are_named_with_their_place() {
    for (container, fault) in [
        (r#""imgePullPolicy":"Always""#, "spec.containers[0].imgePullPolicy unknown-field imagePullPolicy"),
        (r#""ImagePullPolicy":"Always""#, "spec.containers[0].ImagePullPolicy unknown-field imagePullPolicy"),
        (r#""zzz":null"#, "spec.containers[0].zzz unknown-field -"),
        (r#""command":"sh""#, "spec.containers[0].command wrong-type -"),
        (r#""args":[1]"#, "spec.containers[0].args[0] wrong-type -"),
        (r#""tty":"true""#, "spec.containers[0].tty wrong-type -"),
        (r#""env":[{"name":"A","value":1}]"#, "spec.containers[0].env[0].value wrong-type -"),
        (r#""env":[{"value":"1"}]"#, "spec.containers[0].env[0].name missing -"),
        (r#""ports":[{"containerPort":"80"}]"#, "spec.containers[0].ports[0].containerPort wrong-type -"),
        (r#""ports":[{"containerPort":4294967296}]"#, "spec.containers[0].ports[0].containerPort wrong-type -"),
        (r#""resources":{"limits":{"memory":"1Gb"}}"#, "spec.containers[0].resources.limits.memory wrong-type -"),
        (r#""resources":{"limits":{"memory":true}}"#, "spec.containers[0].resources.limits.memory wrong-type -"),
        (r#""livenessProbe":{"httpGet":{"port":true}}"#, "spec.containers[0].livenessProbe.httpGet.port wrong-type -"),
        (r#""livenessProbe":[]"#, "spec.containers[0].livenessProbe wrong-type -"),
    ] {
        assert_eq!(faults(&pod(container)), [fault], "{container}");
    }
}

#[test]
fn a_field_exists_from_the_version_on_that_brought_it() {
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","image":"a","restartPolicyRules":[]}]}}"#;
    assert_eq!(faults_with(pod, 33, &[]).len(), 1);
    assert_eq!(faults_with(pod, 37, &[]), [""; 0]);
}

#[test]
fn texts_of_secrets_are_checked_and_never_shown() {
    let secret = |value: &str| format!(r#"{{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"a"}},"data":{{"k":{value}}}}}"#);
    assert_eq!(faults(&secret(r#""aGk=""#)), [""; 0]);
    assert_eq!(faults(&secret(r#""aGk=\n""#)), [""; 0]);
    assert_eq!(faults(&secret(r#""hunter2!""#)), ["data.k wrong-type -"]);
    let errors = errors(&object_of(&secret(r#""hunter2!""#)), 37, &UnitSet::new(Vec::new(), false));
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
}

#[test]
fn encrypted_objects_and_unknown_kinds_are_opaque() {
    for opaque in [
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":{"k":"ENC[AES256_GCM,data:x]"},"sops":{"mac":"ENC[x]"}}"#,
        r#"{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","spec":{"encryptedData":1}}"#,
        r#"{"apiVersion":"example.com/v1","kind":"Thing","spce":1}"#,
    ] {
        assert_eq!(faults(opaque), [""; 0], "{opaque}");
    }
}

const CRD_JSON: &str = r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"stores.example.com"},
"spec":{"group":"example.com","names":{"kind":"Store","plural":"stores"},"scope":"Namespaced","versions":[{"name":"v1","served":true,"storage":true,
"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","required":["size","mode"],"properties":{
"size":{"type":"integer"},"mode":{"type":"string","default":"a"},"port":{"x-kubernetes-int-or-string":true},"note":{"type":"string","nullable":true},
"free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"labels":{"type":"object","additionalProperties":{"type":"string"}},
"list":{"type":"array","items":{"type":"object","properties":{"a":{"type":"boolean"}}}},
"pod":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}}}}}}]}}"#;

#[test]
fn custom_resources_are_judged_by_their_definition() {
    let store = |spec: &str| format!(r#"{{"apiVersion":"example.com/v1","kind":"Store","metadata":{{"name":"a"}},"spec":{spec}}}"#);
    for (spec, fault) in [
        (r#"{"size":1,"port":"http","note":null,"free":{"any":[1]},"labels":{"a":"b"},"list":[{"a":true}]}"#, None),
        (r#"{}"#, Some("spec.size missing -")),
        (r#"{"size":"1"}"#, Some("spec.size wrong-type -")),
        (r#"{"size":1,"ports":1}"#, Some("spec.ports unknown-field port")),
        (r#"{"size":1,"port":true}"#, Some("spec.port wrong-type -")),
        (r#"{"size":1,"labels":{"a":1}}"#, Some("spec.labels.a wrong-type -")),
        (r#"{"size":1,"list":[{"b":true}]}"#, Some("spec.list[0].b unknown-field a")),
        (r#"{"size":1,"list":{}}"#, Some("spec.list wrong-type -")),
        (r#"{"size":1,"list":null,"labels":null}"#, None),
        (r#"{"size":1,"labels":{"a":null}}"#, None),
        (r#"{"size":1,"list":[null]}"#, Some("spec.list[0] wrong-type -")),
        (r#"{"size":1,"pod":{"apiVersion":"v1"}}"#, Some("spec.pod.kind missing -")),
        (
            r#"{"size":1,"pod":{"apiVersion":"v1","kind":"Pod","metadata":{"labls":{}}}}"#,
            Some("spec.pod.metadata.labls unknown-field labels"),
        ),
    ] {
        assert_eq!(faults_with(&store(spec), 37, &[CRD_JSON]), fault.into_iter().collect::<Vec<_>>(), "{spec}");
    }
    let other = r#"{"apiVersion":"example.com/v2","kind":"Store","spce":1}"#;
    assert_eq!(faults_with(other, 37, &[CRD_JSON]), [""; 0]);
}

#[test]
fn the_list_of_faults_ends() {
    let fields: Vec<String> = (0..1000).map(|n| format!(r#""field{n}":1"#)).collect();
    assert_eq!(faults(&pod(&fields.join(","))).len(), MOST);
}

#[test]
fn removed_versions_name_their_replacement() {
    let fate = |version: &str, kind: &str, minor: u32| {
        let object = object_of(&format!(r#"{{"apiVersion":"{version}","kind":"{kind}"}}"#));
        let api = api(&object, minor, &UnitSet::new(Vec::new(), false));
        let text = api.at("replacement").text().unwrap_or("-").to_owned();
        (api.at("removed_in").int(), text, api.at("known").flag().unwrap())
    };
    assert_eq!(fate("apps/v1beta1", "StatefulSet", 37), (Some(16), "apps/v1".into(), false));
    assert_eq!(fate("policy/v1beta1", "PodSecurityPolicy", 37), (Some(25), "-".into(), false));
    assert_eq!(fate("networking.k8s.io/v1beta1", "ServiceCIDR", 36), (Some(37), "networking.k8s.io/v1".into(), true));
    assert_eq!(fate("networking.k8s.io/v1beta1", "ServiceCIDR", 37), (Some(37), "networking.k8s.io/v1".into(), false));
    assert_eq!(fate("certificates.k8s.io/v1alpha1", "ClusterTrustBundle", 36), (Some(37), "certificates.k8s.io/v1".into(), true));
    assert_eq!(fate("apps/v1", "StatefulSet", 33), (None, "-".into(), true));
    assert_eq!(fate("example.com/v1", "Store", 37), (None, "-".into(), false));
}

#[test]
fn the_guide_and_the_schemas_agree() {
    for &(version, kinds, deprecated, removed, replacement) in removed::REMOVED {
        assert!(deprecated < removed, "{version}");
        for kind in kinds {
            assert!(Table::get().kind(version, kind, LAST_MINOR).is_none(), "{version} {kind} is served");
            let last = removed.saturating_sub(1).max(FIRST_MINOR);
            assert_eq!(Table::get().kind(version, kind, last).is_some(), removed > FIRST_MINOR, "{version} {kind} in 1.{last}");
            if let Some(replacement) = replacement
                && !kind.ends_with("Review")
            {
                let served = (FIRST_MINOR..=LAST_MINOR).any(|minor| Table::get().kind(replacement, kind, minor).is_some());
                assert!(served, "{replacement} {kind} is not served");
            }
        }
    }
}
