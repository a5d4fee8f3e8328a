//! The control plane of the end-to-end tests itself: it starts, stores an object, runs a StatefulSet, survives the death of
//! its API server, and takes everything along when it goes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/control_plane.rs"]
mod control_plane;

use control_plane::ControlPlane;

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: default}\ndata: {maxmemory: 3gb}\n";

const STATEFUL_SET: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: default}
spec:
  replicas: 3
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: redis, image: redis}]}
";

#[test]
fn an_object_is_stored_and_everything_ends_with_it() {
    let Some(plane) = ControlPlane::start() else { return };
    let applied = plane.apply(CONFIG, &[]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let stored = plane.kubectl_ok(["get", "configmap", "settings", "-o", "jsonpath={.data.maxmemory}"]);
    assert_eq!(stored, "3gb");

    if plane.has_controllers() {
        assert!(plane.apply(STATEFUL_SET, &[]).status.success());
        plane.kubectl_ok(["rollout", "status", "statefulset/store", "--timeout=60s"]);
    }

    let dir = plane.dir().to_owned();
    drop(plane);
    assert!(!dir.exists(), "its directory is left behind");
}

#[test]
fn a_killed_api_server_comes_back_with_its_objects() {
    let Some(mut plane) = ControlPlane::start() else { return };
    if !plane.has_controllers() {
        return;
    }
    assert!(plane.apply(CONFIG, &[]).status.success());
    plane.kill("kube-apiserver");
    assert!(!plane.kubectl(["get", "configmap", "settings", "--request-timeout=2s"]).status.success());
    plane.restart("kube-apiserver");
    plane.wait();
    assert!(plane.kubectl_ok(["get", "configmap", "settings", "-o", "name"]).contains("settings"));
}
