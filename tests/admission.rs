//! `kubelint serve` beside a real API server: installed from `webhook-manifests/` as they ship, with no more rights than they
//! grant, asked through the shipped Service and webhook configurations by kubectl.
#![cfg(feature = "webhook")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking and says on standard error what it leaves out"
)]

#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/door.rs"]
mod door;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Output;

use control_plane::ControlPlane;
use door::{Door, said};

/// A cache as many run it: no probes, no budget, no request, and `maxmemory` as large as the limit.
const INCIDENT: &str = r#"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, labels: {app: store}}
spec:
  replicas: 3
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      containers:
      - name: redis
        image: redis:7.2.4
        args: [redis-server, --maxmemory, 1gb]
        resources: {limits: {memory: 1Gi}}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 8Gi}}}
"#;

/// The same, mended.
const MENDED: &str = r#"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, labels: {app: store}}
spec:
  replicas: 3
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      containers:
      - name: redis
        image: redis:7.2.4
        args: [redis-server, --maxmemory, 1gb]
        ports: [{name: redis, containerPort: 6379}]
        startupProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 5, failureThreshold: 60}
        readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 5, timeoutSeconds: 2}
        resources: {requests: {cpu: 500m, memory: 2Gi}, limits: {memory: 2Gi}}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 8Gi}}}
"#;

const BUDGET: &str = r#"
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: store}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: store}}}
"#;

fn named(manifest: &str, name: &str) -> String {
    manifest.replace("name: store", &format!("name: {name}")).replace("app: store", &format!("app: {name}"))
}

/// An apply that has to be admitted.
fn admitted(door: &Door, namespace: &str, manifest: &str) -> String {
    let output = door.plane.apply(manifest, &["-n", namespace]);
    assert!(output.status.success(), "{namespace}: {}", said(&output));
    said(&output)
}

/// An apply that kubelint has to refuse for these rules.
fn refused(output: &Output, rules: &[&str]) -> String {
    let text = said(output);
    assert!(!output.status.success(), "it was admitted: {text}");
    assert!(text.contains("denied the request: StatefulSet "), "it was not kubelint that refused it: {text}");
    for rule in rules {
        assert!(text.contains(&format!("- {rule}: ")), "no {rule} in {text}");
    }
    text
}

fn both(first: &str, second: &str) -> String {
    format!("{first}---{second}")
}

/// What goes wrong is refused with what to do about it; the same thing mended is admitted.
fn incidents_are_refused_and_mended_ones_are_not(door: &Door) {
    let namespace = door.namespace("incident", "");
    let output = door.plane.apply(INCIDENT, &["-n", &namespace]);
    let rules = [
        "pdb-missing",
        "redis-startup-probe-missing",
        "redis-readiness-missing",
        "redis-limit-below-maxmemory",
        "resources-cpu-request-missing",
    ];
    let text = refused(&output, &rules);
    assert!(text.contains("StatefulSet incident/store is refused for "), "{text}");
    assert!(text.contains("apply the PodDisruptionBudget first, or apply again"), "{text}");
    assert!(text.contains("`kubelint lint FILE` finds the same offline"), "{text}");

    // A budget for something else is none for this one.
    admitted(door, &namespace, &named(BUDGET, "other"));
    refused(&door.plane.apply(MENDED, &["-n", &namespace]), &["pdb-missing"]);
    let text = admitted(door, &namespace, &both(BUDGET, MENDED));
    assert!(!text.contains("pdb-missing"), "{text}");
}

/// However little time lies between a budget and what it covers, it is seen.
fn a_budget_is_seen_a_moment_later(door: &Door) {
    let namespace = door.namespace("moment", "");
    for round in 0..20 {
        let name = format!("store-{round}");
        admitted(door, &namespace, &named(&both(BUDGET, MENDED), &name));
    }
    let stored = door.plane.kubectl_ok(["get", "statefulsets", "-n", &namespace, "-o", "name"]);
    assert_eq!(stored.lines().count(), 20);
}

/// kubectl sends a StatefulSet before its budget: the first apply says to apply again, the second goes through.
fn either_order_ends_well(door: &Door) {
    let namespace = door.namespace("order", "");
    refused(&door.plane.apply(&both(MENDED, BUDGET), &["-n", &namespace]), &["pdb-missing"]);
    admitted(door, &namespace, &both(MENDED, BUDGET));

    let folder = door.plane.dir().join("kustomization");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("kustomization.yaml"), "namespace: kustomized\nresources: [budget.yaml, store.yaml]\n").unwrap();
    fs::write(folder.join("budget.yaml"), BUDGET).unwrap();
    fs::write(folder.join("store.yaml"), MENDED).unwrap();
    door.namespace("kustomized", "");
    let apply = || door.plane.kubectl(["apply".as_ref(), "-k".as_ref(), folder.as_os_str()]);
    let first = apply();
    if !first.status.success() {
        refused(&first, &["pdb-missing"]);
    }
    let second = apply();
    assert!(second.status.success(), "{}", said(&second));
}

/// A dry run of a whole set comes before any of it is there: what is missing refuses nothing, what is wrong does.
fn a_dry_run_is_not_refused_for_what_is_missing(door: &Door) {
    let namespace = door.namespace("dry", "");
    let dry = |manifest: &str| door.plane.apply(manifest, &["-n", &namespace, "--dry-run=server"]);
    let output = dry(&both(MENDED, BUDGET));
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("pdb-missing"), "nothing is said of the missing budget: {}", said(&output));
    let text = refused(&dry(INCIDENT), &["redis-limit-below-maxmemory"]);
    assert!(!text.contains("- pdb-missing"), "{text}");
}

/// What was there before is not refused again, and recovering never is.
fn recovering_is_not_refused(door: &Door) {
    let namespace = door.namespace("recover", "kubelint.dev/enforce=none");
    admitted(door, &namespace, INCIDENT);
    let single = named(MENDED, "single").replace("replicas: 3", "replicas: 1");
    admitted(door, &namespace, &single);
    door.enforce(&namespace, "promise");

    let ok = |output: Output| assert!(output.status.success(), "{}", said(&output));
    ok(door.plane.kubectl(["scale", "statefulset", "single", "--replicas=3", "-n", &namespace]));
    admitted(door, &namespace, &single.replace("replicas: 1", "replicas: 5"));
    let more = INCIDENT.replace("limits: {memory: 1Gi}", "limits: {memory: 1100Mi}");
    admitted(door, &namespace, &more);
    admitted(door, &namespace, &more.replace("redis:7.2.4", "redis:7.2.5"));
    // A probe that was there and goes is new debt.
    let without = single.lines().filter(|line| !line.contains("startupProbe")).collect::<Vec<_>>().join("\n");
    refused(&door.plane.apply(&without, &["-n", &namespace]), &["redis-startup-probe-missing"]);
}

/// A rollback goes to what ran before, whatever is wrong with it; the same fault in a new template is refused.
fn a_rollback_is_not_refused(door: &Door) {
    if !door.plane.has_controllers() {
        return;
    }
    let namespace = door.namespace("rollback", "kubelint.dev/enforce=none");
    admitted(door, &namespace, &both(BUDGET, INCIDENT));
    door.wait_for(|| {
        let history = door.plane.kubectl_ok(["get", "controllerrevisions", "-n", &namespace, "-o", "name"]);
        history.lines().count() == 1
    });
    admitted(door, &namespace, MENDED);
    door.wait_for(|| {
        let history = door.plane.kubectl_ok(["get", "controllerrevisions", "-n", &namespace, "-o", "name"]);
        history.lines().count() == 2
    });
    door.enforce(&namespace, "promise");
    refused(&door.plane.apply(&INCIDENT.replace("7.2.4", "7.2.9"), &["-n", &namespace]), &["redis-limit-below-maxmemory"]);
    let undone = door.plane.kubectl(["rollout", "undo", "statefulset/store", "-n", &namespace]);
    assert!(undone.status.success(), "{}", said(&undone));
    assert!(said(&undone).contains("rollback"), "nothing is said of it: {}", said(&undone));
}

/// Whoever writes an owner into a manifest gets nothing for it.
fn an_owner_by_hand_is_not_believed(door: &Door) {
    let namespace = door.namespace("owner", "");
    door.plane.kubectl_ok(["create", "configmap", "owner", "-n", &namespace]);
    let uid = door.plane.kubectl_ok(["get", "configmap", "owner", "-n", &namespace, "-o", "jsonpath={.metadata.uid}"]);
    let owned = |manifest: &str, kind: &str, uid: &str| {
        let owner = format!("ownerReferences: [{{apiVersion: {kind}, name: owner, uid: {uid}, controller: true}}], name: store");
        manifest.replacen("name: store", &owner, 1)
    };
    let output = door.plane.apply(&owned(INCIDENT, "v1, kind: ConfigMap", &uid), &["-n", &namespace]);
    refused(&output, &["redis-limit-below-maxmemory", "pdb-missing"]);

    // Not even for a service account, as which controllers run.
    door.plane.kubectl_ok(["create", "serviceaccount", "deployer", "-n", &namespace]);
    door.plane.kubectl_ok([
        "create",
        "rolebinding",
        "deployer",
        "-n",
        &namespace,
        "--clusterrole=admin",
        "--serviceaccount=owner:deployer",
    ]);
    let as_account = ["-n", &namespace, "--as=system:serviceaccount:owner:deployer"];
    refused(&door.plane.apply(&owned(MENDED, "v1, kind: ConfigMap", &uid), &as_account), &["pdb-missing"]);

    let replicas = "
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: owner}
spec:
  replicas: 0
  selector: {matchLabels: {app: owner}}
  template:
    metadata: {labels: {app: owner}}
    spec: {containers: [{name: redis, image: 'redis:7.2.4'}]}
";
    admitted(door, &namespace, replicas);
    let uid = door.plane.kubectl_ok(["get", "replicaset", "owner", "-n", &namespace, "-o", "jsonpath={.metadata.uid}"]);
    let pod = |image: &str| {
        let pod =
            format!("\napiVersion: v1\nkind: Pod\nmetadata: {{name: store}}\nspec: {{containers: [{{name: redis, image: '{image}'}}]}}\n");
        owned(&pod, "apps/v1, kind: ReplicaSet", &uid)
    };
    door.plane.wait_for_pods_allowed(&namespace);
    let dry = |image: &str| said(&door.plane.apply(&pod(image), &["-n", &namespace, "--dry-run=server"]));
    let other = dry("redis:latest");
    assert!(other.contains("Warning: ") && other.contains("resources-memory-limit-missing"), "a forged owner is believed: {other}");
    let same = dry("redis:7.2.4");
    assert!(!same.contains("Warning: "), "what the owner's template says is judged again: {same}");
}

/// What hollows a promise out from the side is told where it happens.
fn a_config_map_that_breaks_a_promise_is_told(door: &Door) {
    let namespace = door.namespace("side", "");
    let config = |maxmemory: &str| {
        format!(
            "\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: store}}\ndata:\n  redis.conf: |\n    maxmemory {maxmemory}\n    maxmemory-policy allkeys-lru\n"
        )
    };
    let store = MENDED
        .replace("args: [redis-server, --maxmemory, 1gb]", "args: [redis-server, /etc/redis/redis.conf]")
        .replace("volumeMounts: [", "volumeMounts: [{name: config, mountPath: /etc/redis}, ")
        .replace("      containers:", "      volumes: [{name: config, configMap: {name: store}}]\n      containers:");
    admitted(door, &namespace, &both(&config("1gb"), BUDGET));
    admitted(door, &namespace, &store);
    let quiet = admitted(door, &namespace, &config("1100mb"));
    assert!(!quiet.contains("redis-limit"), "{quiet}");
    let told = admitted(door, &namespace, &config("3gb"));
    assert!(
        told.contains("Warning: ") && told.contains("redis-limit-below-maxmemory") && told.contains("StatefulSet side/store"),
        "{told}"
    );
    // It is so now; a change that adds nothing to it is not told again.
    let again = admitted(door, &namespace, &config("3gb").replace("allkeys-lru", "volatile-lru"));
    assert!(!again.contains("redis-limit-below-maxmemory"), "{again}");

    let gone = door.plane.kubectl(["delete", "pdb", "store", "-n", &namespace]);
    assert!(gone.status.success() && said(&gone).contains("pdb-missing"), "{}", said(&gone));
}

/// The labels of a namespace choose.
fn namespaces_choose_their_mode(door: &Door) {
    let none = door.namespace("mode-none", "kubelint.dev/enforce=none");
    let text = admitted(door, &none, INCIDENT);
    assert!(text.contains("Warning: redis-limit-below-maxmemory"), "{text}");
    let silent = door.namespace("mode-silent", "kubelint.dev/enforce=none,kubelint.dev/warn=none");
    let text = admitted(door, &silent, INCIDENT);
    assert!(!text.contains("Warning: "), "{text}");
    let strict = door.namespace("mode-strict", "kubelint.dev/enforce=warning");
    let deployment = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
";
    let output = door.plane.apply(deployment, &["-n", &strict]);
    assert!(!output.status.success() && said(&output).contains("denied the request: Deployment"), "{}", said(&output));
}

/// What was mended on CREATE stays so, and never causes a rollout by itself.
fn what_was_mended_stays(door: &Door) {
    let namespace = door.namespace("mend", "kubelint.dev/mutate=safe");
    let without = MENDED.lines().filter(|line| !line.contains("startupProbe")).collect::<Vec<_>>().join("\n");
    admitted(door, &namespace, &both(BUDGET, &without));
    let template = || door.plane.kubectl_ok(["get", "statefulset", "store", "-n", &namespace, "-o", "jsonpath={.spec.template}"]);
    let generation = || door.plane.kubectl_ok(["get", "statefulset", "store", "-n", &namespace, "-o", "jsonpath={.metadata.generation}"]);
    let (mended, first) = (template(), generation());
    assert!(mended.contains("startupProbe"), "no probe was put in: {mended}");
    let file = door.plane.dir().join("store.yaml");
    fs::write(&file, &without).unwrap();
    let replaced = door.plane.kubectl(["replace".as_ref(), "-n".as_ref(), namespace.as_ref(), "-f".as_ref(), file.as_os_str()]);
    assert!(replaced.status.success(), "{}", said(&replaced));
    assert_eq!(template(), mended, "replace changed the template");
    assert_eq!(generation(), first, "replace is a change");
}

/// `kubelint scan` tells what is in the cluster already.
fn a_scan_tells_what_is_there(door: &Door) {
    let namespace = door.namespace("scanned", "kubelint.dev/enforce=none");
    admitted(door, &namespace, INCIDENT);
    admitted(door, &namespace, &named(&both(BUDGET, MENDED), "mended"));
    // What its namespace does not enforce would not be refused.
    let (status, text) = door.scan(&["-n", &namespace]);
    assert_eq!(status, 0, "{text}");
    door.enforce(&namespace, "promise");
    let (status, text) = door.scan(&["-n", &namespace]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("StatefulSet scanned/store would be refused:") && text.contains("error pdb-missing: "), "{text}");
    assert!(!text.contains("StatefulSet scanned/mended would be refused"), "{text}");
    let (status, text) = door.scan(&["-n", &namespace, "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, report["summary"]["refused"].as_u64()), (1, Some(1)), "{text}");
    assert_eq!(report["refused"][0]["object"]["name"], "store");
}

/// The API server dies and comes back: kubelint stays ready, and knows again what is there.
fn it_outlives_the_api_server(door: &mut Door) {
    if !door.plane.has_controllers() {
        return;
    }
    let namespace = door.namespace("outlive", "");
    admitted(door, &namespace, &both(BUDGET, MENDED));
    door.plane.kill("kube-apiserver");
    assert!(door.is_ready(), "it is not ready without the API server");
    door.plane.restart("kube-apiserver");
    door.plane.wait();
    // Until the API server trusts its own webhooks again.
    door.wait_for(|| said(&door.plane.apply(INCIDENT, &["-n", "default", "--dry-run=server"])).contains("denied the request: StatefulSet"));
    assert!(door.is_ready());
    admitted(door, &namespace, &named(&both(BUDGET, MENDED), "later"));
    refused(&door.plane.apply(&named(MENDED, "alone"), &["-n", &namespace]), &["pdb-missing"]);
    let gone = door.plane.kubectl(["delete", "pdb", "store", "-n", &namespace]);
    assert!(said(&gone).contains("pdb-missing: StatefulSet outlive/store"), "{}", said(&gone));
}

/// What it may not read is unknown, refuses nothing, and holds up nothing; what the object says itself is refused all the same.
fn without_rights_it_knows_less_and_serves(door: &mut Door) {
    let namespace = door.namespace("rightless", "");
    door.plane.kubectl_ok(["delete", "clusterrolebinding", "kubelint-rules"]);
    door.restart();
    assert!(door.log().contains("it cannot be watched"), "nothing is said of it:\n{}", door.log());
    let text = admitted(door, &namespace, MENDED);
    assert!(!text.contains("denied"), "{text}");
    let output = door.plane.apply(&named(INCIDENT, "incident"), &["-n", &namespace]);
    let text = refused(&output, &["redis-limit-below-maxmemory"]);
    assert!(!text.contains("- pdb-missing"), "{text}");
    // A scan says what it could not read, and does not call that clean.
    let (status, text) = door.scan_as_itself(&["-n", &namespace]);
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("StatefulSet could not be read: ") && text.contains("is forbidden"), "{text}");
}

/// With its namespace goes everything that could hold anybody up.
fn uninstalling_leaves_nothing_held_up(door: &mut Door) {
    let namespace = door.namespace("after", "");
    refused(&door.plane.apply(INCIDENT, &["-n", &namespace]), &["redis-limit-below-maxmemory"]);
    if !door.plane.has_controllers() {
        return;
    }
    door.stop();
    door.plane.kubectl_ok(["delete", "namespace", "kubelint-system", "--wait=false"]);
    door.wait_for(|| door.plane.apply(INCIDENT, &["-n", &namespace]).status.success());
}

type Scene = (&'static str, fn(&Door));

#[test]
fn the_door_beside_a_real_api_server() {
    let Some(plane) = ControlPlane::start() else { return };
    let mut door = Door::install(plane, "version: 1\nwebhook: {mutate: safe}\n");
    let scenes: &[Scene] = &[
        ("incidents_are_refused_and_mended_ones_are_not", incidents_are_refused_and_mended_ones_are_not),
        ("a_budget_is_seen_a_moment_later", a_budget_is_seen_a_moment_later),
        ("either_order_ends_well", either_order_ends_well),
        ("a_dry_run_is_not_refused_for_what_is_missing", a_dry_run_is_not_refused_for_what_is_missing),
        ("recovering_is_not_refused", recovering_is_not_refused),
        ("a_rollback_is_not_refused", a_rollback_is_not_refused),
        ("an_owner_by_hand_is_not_believed", an_owner_by_hand_is_not_believed),
        ("a_config_map_that_breaks_a_promise_is_told", a_config_map_that_breaks_a_promise_is_told),
        ("namespaces_choose_their_mode", namespaces_choose_their_mode),
        ("what_was_mended_stays", what_was_mended_stays),
        ("a_scan_tells_what_is_there", a_scan_tells_what_is_there),
    ];
    // One control plane for all of them, so each tells its own end.
    let failed: Vec<&str> = scenes
        .iter()
        .filter(|(name, scene)| {
            eprintln!("scene: {name}");
            catch_unwind(AssertUnwindSafe(|| scene(&door))).is_err()
        })
        .map(|(name, _)| *name)
        .collect();
    let outlived = catch_unwind(AssertUnwindSafe(|| it_outlives_the_api_server(&mut door)));
    assert!(outlived.is_ok(), "{}", door.log());
    without_rights_it_knows_less_and_serves(&mut door);
    uninstalling_leaves_nothing_held_up(&mut door);
    assert!(failed.is_empty(), "failed: {failed:?}\n{}", door.log());
}
