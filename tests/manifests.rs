//! `webhook-manifests/`: what follows from the rules has not drifted, and a real API server takes all of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/manifests.rs"]
mod manifests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use control_plane::ControlPlane;
use data_encoding::BASE64;
use kubelint::rules::Catalog;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("webhook-manifests")
}

#[test]
fn generated_parts_follow_from_the_rules() {
    let catalog = Catalog::builtin().unwrap();
    let bless = std::env::var_os("KUBELINT_BLESS").is_some();
    for (file, text) in manifests::generate(&catalog) {
        let path = root().join(file);
        if bless {
            fs::write(&path, &text).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "webhook-manifests/{file} is not what the rules need: KUBELINT_BLESS=1 cargo test --test manifests");
    }
}

#[test]
fn secrets_and_heartbeats_are_never_asked_for() {
    let catalog = Catalog::builtin().unwrap();
    let generated = manifests::generate(&catalog);
    assert!(generated.len() > 5, "nothing is generated any more");
    for (file, text) in generated {
        for word in ["secrets", "leases", "events", "endpointslices", "\"*\"", "'*'", "*/"] {
            assert!(!text.contains(word), "{file} names {word}");
        }
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// `kubectl kustomize` of a folder of `webhook-manifests/`.
fn render(plane: &ControlPlane, folder: &str) -> String {
    plane.kubectl_ok(["kustomize".as_ref(), root().join(folder).as_os_str()])
}

#[test]
fn a_real_api_server_takes_every_overlay() {
    let Some(plane) = ControlPlane::start() else { return };
    // Namespaces first: a dry run of what lies in a namespace needs it.
    let base = plane.kubectl(["apply".as_ref(), "--server-side".as_ref(), "-k".as_ref(), root().as_os_str()]);
    assert!(base.status.success(), "{}", said(&base));
    assert!(!said(&base).contains("would violate PodSecurity"), "{}", said(&base));

    for (overlay, closed) in [("read-secrets", "Fail"), ("audit-only", "Ignore"), ("fail-open", "Ignore")] {
        let manifests = render(&plane, &format!("overlays/{overlay}"));
        let applied = plane.apply(&manifests, &["--server-side", "--force-conflicts"]);
        assert!(applied.status.success(), "{overlay}: {}", said(&applied));
        let policy = ["get", "validatingwebhookconfiguration", "kubelint", "-o", "jsonpath={.webhooks[0].failurePolicy}"];
        assert_eq!(plane.kubectl_ok(policy), closed, "{overlay}");
    }

    if plane.has_controllers() {
        // Its own pods are admitted under the restricted standard and its own configurations.
        plane.kubectl_ok(["rollout", "status", "-n", "kubelint-system", "deployment/kubelint", "--timeout=60s"]);
    }
}

#[test]
fn applying_again_keeps_the_certificates_that_kubelint_wrote() {
    let Some(plane) = ControlPlane::start() else { return };
    let install = || {
        let applied = plane.kubectl(["apply".as_ref(), "-k".as_ref(), root().as_os_str()]);
        assert!(applied.status.success(), "{}", said(&applied));
    };
    install();
    plane.kubectl_ok(["patch", "secret", "kubelint-webhook-ca", "-n", "kubelint-system", "-p", r#"{"data":{"ca.crt":"eA=="}}"#]);
    let bundle =
        BASE64.encode(&fs::read(plane.dir().join("ca.crt")).unwrap_or_else(|_| fs::read(plane.dir().join("certs/apiserver.crt")).unwrap()));
    let patch = format!(r#"[{{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"{bundle}"}}]"#);
    plane.kubectl_ok(["patch", "validatingwebhookconfiguration", "kubelint", "--type=json", "-p", &patch]);
    install();
    let secret = ["get", "secret", "kubelint-webhook-ca", "-n", "kubelint-system", "-o", "jsonpath={.data.ca\\.crt}"];
    assert_eq!(plane.kubectl_ok(secret), "eA==");
    let kept = ["get", "validatingwebhookconfiguration", "kubelint", "-o", "jsonpath={.webhooks[0].clientConfig.caBundle}"];
    assert_eq!(plane.kubectl_ok(kept), bundle);
}

const WITH_WEBHOOK_DOWN: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: NAME, namespace: NAMESPACE, finalizers: [example.com/kept]}
spec:
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: store, image: store}]}
";

#[test]
fn only_new_stateful_sets_wait_for_a_webhook_that_is_down() {
    let Some(plane) = ControlPlane::start() else { return };
    let set = |name: &str, namespace: &str| WITH_WEBHOOK_DOWN.replace("NAMESPACE", namespace).replace("NAME", name);
    assert!(plane.apply(&set("before", "default"), &[]).status.success());
    let installed = plane.kubectl(["apply".as_ref(), "-k".as_ref(), root().as_os_str()]);
    assert!(installed.status.success(), "{}", said(&installed));

    // The configuration is in force once the first is refused; nobody listens.
    let refused = (0..100).map(|_| plane.apply(&set("refused", "default"), &["--dry-run=server"])).find(|answer| !answer.status.success());
    let refused = said(&refused.expect("a StatefulSet is admitted unseen"));
    assert!(refused.contains("statefulsets.kubelint.dev"), "{refused}");
    let changed = set("before", "default").replace("image: store", "image: other");
    assert!(!plane.apply(&changed, &[]).status.success(), "a new template is admitted unseen");

    let kube_system = plane.apply(&set("inside", "kube-system"), &[]);
    assert!(kube_system.status.success(), "kube-system is held up: {}", said(&kube_system));
    let annotate = ["annotate", "statefulset", "before", "seen=yes"];
    let scale = ["scale", "statefulset", "before", "--replicas=2"];
    let delete = ["delete", "statefulset", "before", "--wait=false"];
    let release = ["patch", "statefulset", "before", "--type=json", "-p", r#"[{"op":"remove","path":"/metadata/finalizers"}]"#];
    let config = ["create", "configmap", "settings", "--from-literal=a=b"];
    for args in [&annotate[..], &scale, &delete, &release, &config] {
        let output = plane.kubectl(args);
        assert!(output.status.success(), "{args:?} is held up: {}", said(&output));
    }
}

#[test]
fn the_cert_manager_overlay_needs_no_secret_of_its_own() {
    let Some(plane) = ControlPlane::start() else { return };
    let manifests = render(&plane, "overlays/cert-manager");
    assert!(!manifests.contains("kubelint-webhook-ca"), "the self-managed CA is still there");
    assert!(!manifests.contains("kubelint-certificates"), "access to the Secret is still granted");
    assert_eq!(manifests.matches("cert-manager.io/inject-ca-from: kubelint-system/kubelint").count(), 2);
    assert!(manifests.contains("--tls-cert=/etc/kubelint-tls/tls.crt"));
}

/// Kind and name of every object, with what it says beside its labels.
fn objects(plane: &ControlPlane, manifests: &str) -> BTreeMap<String, serde_json::Value> {
    let output = plane.apply(manifests, &["--dry-run=client", "-o", "json"]);
    assert!(output.status.success(), "{}", said(&output));
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let items = list["items"].as_array().unwrap().iter().cloned();
    items
        .map(|mut object| {
            let name = format!("{}/{}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
            object.as_object_mut().unwrap().remove("metadata");
            (name, without_labels(object))
        })
        .collect()
}

/// The two installs label their objects differently, and select by those labels.
fn without_labels(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let labels = ["labels", "matchLabels"];
            let kept = map.into_iter().filter(|(key, _)| !labels.contains(&key.as_str()) && key != "selector");
            Value::Object(kept.map(|(key, value)| (key, without_labels(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_labels).collect()),
        other => other,
    }
}

fn helm(args: &[&str]) -> Option<String> {
    let chart = root().join("chart/kubelint");
    let output = Command::new("helm")
        .args(["template", "kubelint", "--namespace", "kubelint-system", "--kube-version", "1.37.0"])
        .arg(&chart)
        .args(args)
        .output()
        .ok()?;
    Some(said(&output))
}

#[test]
fn the_chart_installs_what_the_base_installs() {
    let Some(chart) = helm(&[]) else {
        eprintln!("\n*** SKIPPED: no helm on PATH: the chart was not compared with the base.\n");
        return;
    };
    let Some(plane) = ControlPlane::start() else { return };
    let (mut base, mut chart) = (objects(&plane, &render(&plane, "base")), objects(&plane, &chart));
    // The chart's namespace is Helm's.
    base.remove("Namespace/kubelint-system");
    // The same document, written otherwise.
    for set in [&mut base, &mut chart] {
        let config = set.remove("ConfigMap/kubelint-config").unwrap();
        assert_eq!(config["data"]["kubelint.yaml"].as_str().unwrap().trim(), "version: 1");
    }
    assert_eq!(base.keys().collect::<Vec<_>>(), chart.keys().collect::<Vec<_>>());
    for (name, object) in &base {
        assert_eq!(serde_json::to_string_pretty(object).unwrap(), serde_json::to_string_pretty(&chart[name]).unwrap(), "{name}");
    }

    let misspelt = helm(&["--set", "webhok.timeoutSeconds=1"]).unwrap();
    assert!(misspelt.contains("webhok"), "{misspelt}");
    let slow = helm(&["--set", "webhook.timeoutSeconds=30"]).unwrap();
    assert!(slow.contains("timeoutSeconds"), "{slow}");
    let every = ["podMonitor", "prometheusRule", "dashboard"].map(|what| format!("--set=monitoring.{what}=true"));
    let every = helm(&[every[0].as_str(), &every[1], &every[2], "--set=certificates.mode=cert-manager", "--set=readSecrets=true"]).unwrap();
    for part in [
        "kind: PrometheusRule",
        "kind: PodMonitor",
        "KubelintBlocksStatefulSets",
        "--tls-cert=",
        "inject-ca-from: kubelint-system/kubelint",
    ] {
        assert!(every.contains(part), "no {part}");
    }
    assert!(!every.contains("kubelint-webhook-ca"));
}

/// Every `kubelint_...` word of a text, without the suffixes that Prometheus adds.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let own = words.filter_map(|word| word.strip_prefix("kubelint_"));
    own.map(|name| ["_total", "_bucket"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name).to_owned()).collect()
}

#[test]
fn every_metric_is_documented_and_every_alert_explained() {
    let at = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let operations = at("../docs/operations.md");
    let documented = metrics(&operations);
    let used: BTreeSet<_> = metrics(&at("monitoring/alerts.yaml")).union(&metrics(&at("monitoring/dashboard.json"))).cloned().collect();
    assert!(used.len() > 8, "the dashboard and the alerts name no metrics any more");
    assert!(used.is_subset(&documented), "not in docs/operations.md: {:?}", used.difference(&documented));
    for alert in at("monitoring/alerts.yaml").lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(operations.contains(&format!("`{alert}`")), "docs/operations.md does not explain {alert}");
    }
    serde_json::from_str::<serde_json::Value>(&at("monitoring/dashboard.json")).unwrap();

    let Ok(source) = fs::read_to_string(root().join("../src/webhook/metrics.rs")) else { return };
    let names = source.split(".register(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    let registered: BTreeSet<_> = names.map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    assert_eq!(registered, documented, "docs/operations.md and src/webhook/metrics.rs differ");
}

#[test]
fn kubelint_has_nothing_against_its_own_manifests() {
    let Some(plane) = ControlPlane::start() else { return };
    for overlay in ["base", "overlays/audit-only", "overlays/cert-manager", "overlays/fail-open", "overlays/read-secrets"] {
        let mut lint = Command::new(env!("CARGO_BIN_EXE_kubelint"));
        lint.args(["lint", "--fail-on", "warning", "--require-reason", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut lint = lint.current_dir(plane.dir()).spawn().unwrap();
        lint.stdin.take().unwrap().write_all(render(&plane, overlay).as_bytes()).unwrap();
        let output = lint.wait_with_output().unwrap();
        assert!(output.status.success(), "{overlay}: {}", said(&output));
    }
}
