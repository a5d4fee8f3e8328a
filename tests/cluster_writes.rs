//! What kubelint writes into a cluster, against a real API server and with no more rights than `webhook-manifests/` grants: its CA,
//! its own webhook configurations, Events.
#![cfg(feature = "webhook")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/door.rs"]
mod door;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use control_plane::ControlPlane;
use door::{Door, said};
use kubelint::cluster::authority::{CA_LIFE, LEAF_LIFE, Leaf};
use kubelint::cluster::certificates::{KeepError, Keeper, Names, SECRET};
use kubelint::cluster::events::{Announcer, Happening, Notice};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::Value as Json;

const NAMESPACE: &str = "kubelint-system";
const SETTLE: Duration = Duration::from_millis(300);

/// A control plane with kubelint's manifests in it, and how kubelint sees it.
struct Stage {
    plane: ControlPlane,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    fn start() -> Option<Self> {
        let plane = ControlPlane::start()?;
        let stage = Self { plane, runtime: tokio::runtime::Runtime::new().unwrap() };
        stage.install();
        Some(stage)
    }

    fn install(&self) {
        let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("webhook-manifests");
        self.plane.kubectl_ok(["apply".as_ref(), "-k".as_ref(), manifests.as_os_str()]);
    }

    fn client(&self, user: &str) -> kube::Client {
        self.runtime.block_on(async {
            let file = kube::config::Kubeconfig::read_from(self.plane.kubeconfig()).unwrap();
            let mut config = kube::Config::from_custom_kubeconfig(file, &kube::config::KubeConfigOptions::default()).await.unwrap();
            config.auth_info.impersonate = Some(user.to_owned());
            kube::Client::try_from(config).unwrap()
        })
    }

    /// As the service account of the manifests, and nobody else.
    fn own_client(&self) -> kube::Client {
        self.client(&format!("system:serviceaccount:{NAMESPACE}:kubelint"))
    }

    fn keeper(&self) -> Keeper {
        let names = Names { namespace: NAMESPACE.into(), service: "kubelint".into(), configurations: "kubelint".into() };
        Keeper::new(&self.own_client(), names).settling(SETTLE)
    }

    fn look(&self, keeper: &mut Keeper, now: i64) {
        self.runtime.block_on(keeper.look(now)).unwrap_or_else(|error| panic!("{error}"));
    }

    fn get(&self, arguments: &[&str]) -> Json {
        let mut all = vec!["get", "-o", "json"];
        all.extend(arguments);
        serde_json::from_str(&self.plane.kubectl_ok(all)).unwrap()
    }

    fn configurations(&self) -> [Json; 2] {
        ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"].map(|kind| self.get(&[kind, "kubelint"]))
    }

    /// The bundle that every webhook holds, in PEM.
    fn bundle(&self) -> String {
        let configurations = self.configurations();
        let bundles: Vec<&str> = configurations
            .iter()
            .flat_map(|configuration| configuration["webhooks"].as_array().unwrap())
            .map(|webhook| webhook["clientConfig"]["caBundle"].as_str().unwrap_or_default())
            .collect();
        assert_eq!(bundles.len(), 3);
        assert!(bundles.iter().all(|bundle| *bundle == bundles[0]), "the webhooks hold different bundles");
        String::from_utf8(data_encoding::BASE64.decode(bundles[0].as_bytes()).unwrap()).unwrap()
    }

    fn secret(&self) -> Json {
        self.get(&["secret", SECRET, "-n", NAMESPACE])
    }
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// Would an API server with this bundle trust the leaf for this name?
fn trusts(bundle: &str, leaf: &Leaf, name: &str, at: i64) -> bool {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider())).build().unwrap();
    let leaf = CertificateDer::from_pem_slice(leaf.certificate.as_bytes()).unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at).unwrap()));
    verifier.verify_server_cert(&leaf, &[], &ServerName::try_from(name.to_owned()).unwrap(), &[], at).is_ok()
}

const NAME: &str = "kubelint.kubelint-system.svc";

fn certificates(pem: &str) -> usize {
    pem.matches("BEGIN CERTIFICATE").count()
}

#[test]
fn replicas_keep_one_authority_and_lose_no_call_when_it_changes() {
    let Some(stage) = Stage::start() else { return };
    let begin = now();

    // Two replicas begin at once on an empty Secret: one CA, in every webhook, and both serve what it signed.
    let (mut one, mut two) = (stage.keeper(), stage.keeper());
    let (first, second) = stage.runtime.block_on(async { tokio::join!(one.look(begin), two.look(begin)) });
    first.unwrap_or_else(|error| panic!("{error}"));
    second.unwrap_or_else(|error| panic!("{error}"));
    std::thread::sleep(SETTLE);
    let bundle = stage.bundle();
    assert_eq!(certificates(&bundle), 1);
    let leaves = [one.leaf(begin).unwrap().unwrap(), two.leaf(begin).unwrap().unwrap()];
    assert!(leaves.iter().all(|leaf| trusts(&bundle, leaf, NAME, begin)), "a leaf is not of the CA in the bundle");
    assert!(!trusts(&bundle, &leaves[0], "kubelint.other.svc", begin));
    assert!(leaves[0].key != leaves[1].key && one.leaf(begin).unwrap().is_none());

    // It belongs to its namespace, and what is as it should be is not written again.
    let uid = stage.get(&["namespace", NAMESPACE])["metadata"]["uid"].clone();
    let before = (stage.configurations(), stage.secret());
    for configuration in &before.0 {
        let owners = configuration["metadata"]["ownerReferences"].as_array().unwrap();
        assert_eq!(owners.len(), 1);
        assert_eq!((&owners[0]["kind"], &owners[0]["uid"]), (&Json::from("Namespace"), &uid));
    }
    stage.look(&mut one, begin + 5);
    stage.look(&mut two, begin + 5);
    stage.look(&mut stage.keeper(), begin + 6);
    assert_eq!((stage.configurations(), stage.secret()), before);

    // A replica that starts later serves at once: everything is in place.
    let mut late = stage.keeper();
    stage.look(&mut late, begin);
    assert!(late.leaf(begin).unwrap().is_some());

    // A bundle that is lost, or somebody else's, is put back.
    for value in ["", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="] {
        let patch = format!(r#"[{{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"{value}"}}]"#);
        let patched = stage.plane.kubectl(["patch", "validatingwebhookconfiguration", "kubelint", "--type=json", "-p", &patch]);
        if patched.status.success() {
            stage.look(&mut two, begin + 10);
        }
        assert_eq!(stage.bundle(), bundle);
    }
    assert!(two.leaf(begin + 10).unwrap().is_none(), "the CA is the same, and so is the leaf");

    // The Secret is deleted and applied again, empty: a new CA, and the old one stays in the bundle while its leaves are served.
    stage.plane.kubectl_ok(["delete", "secret", SECRET, "-n", NAMESPACE]);
    let error = stage.runtime.block_on(one.look(begin + 20)).unwrap_err();
    assert!(matches!(error, KeepError::NoSecret(_)) && error.to_string().contains("webhook-manifests"), "{error}");
    stage.install();
    stage.look(&mut one, begin + 25);
    stage.look(&mut two, begin + 25);
    let both = stage.bundle();
    assert_eq!(certificates(&both), 2);
    assert!(both.contains(&bundle) && leaves.iter().all(|leaf| trusts(&both, leaf, NAME, begin + 25)));
    assert!(one.leaf(begin + 25).unwrap().is_none(), "the new CA is used before API servers can have seen it");
    std::thread::sleep(SETTLE);
    let renewed = one.leaf(begin + 25).unwrap().unwrap();
    assert!(trusts(&both, &renewed, NAME, begin + 25) && !trusts(&bundle, &renewed, NAME, begin + 25));
}

#[test]
fn authorities_and_leaves_are_renewed_in_time() {
    let Some(stage) = Stage::start() else { return };
    let begin = now();
    let mut keeper = stage.keeper();
    stage.look(&mut keeper, begin);
    std::thread::sleep(SETTLE);
    let first = keeper.leaf(begin).unwrap().unwrap();
    assert_eq!(first.not_after, begin + LEAF_LIFE);

    // A leaf after two thirds of its life, even while the API server cannot be asked.
    assert!(keeper.leaf(begin + LEAF_LIFE / 2).unwrap().is_none());
    let second = keeper.leaf(begin + LEAF_LIFE * 2 / 3).unwrap().unwrap();
    assert!(trusts(&stage.bundle(), &second, NAME, begin + LEAF_LIFE));

    // The CA after two thirds of its, with the old one in the bundle until its last leaf has expired.
    let due = begin + CA_LIFE * 2 / 3;
    let old = keeper.leaf(due - 60).unwrap().unwrap();
    stage.look(&mut keeper, due);
    let both = stage.bundle();
    assert_eq!(certificates(&both), 2);
    assert!(keeper.leaf(due).unwrap().is_none());
    std::thread::sleep(SETTLE);
    let new = keeper.leaf(due).unwrap().unwrap();
    assert!(trusts(&both, &old, NAME, due) && trusts(&both, &new, NAME, due));
    stage.look(&mut keeper, due + LEAF_LIFE);
    assert_eq!(stage.bundle(), both);
    stage.look(&mut keeper, due + LEAF_LIFE + 2 * 86_400);
    assert_eq!(certificates(&stage.bundle()), 1);
    assert!(trusts(&stage.bundle(), &new, NAME, due + LEAF_LIFE - 60));

    // What is no CA is replaced; who may not is told what to do.
    stage.plane.kubectl_ok(["patch", "secret", SECRET, "-n", NAMESPACE, "-p", r#"{"data":{"ca.crt":"eA==","ca.key":"eA=="}}"#]);
    stage.look(&mut stage.keeper(), begin);
    assert_ne!(stage.secret()["data"]["ca.crt"], "eA==");
    let names = Names { namespace: NAMESPACE.into(), service: "kubelint".into(), configurations: "kubelint".into() };
    let mut stranger = Keeper::new(&stage.client("mallory"), names);
    let error = stage.runtime.block_on(stranger.look(begin)).unwrap_err();
    assert!(matches!(error, KeepError::Forbidden { .. }) && error.to_string().contains("roles of webhook-manifests"), "{error}");
    assert!(stranger.leaf(begin).unwrap().is_none());
}

#[test]
fn a_refusal_is_an_event_of_its_namespace() {
    let Some(stage) = Stage::start() else { return };
    let notice = Notice {
        happening: Happening::Refused,
        operation: "CREATE",
        api_version: "apps/v1".into(),
        kind: "StatefulSet".into(),
        namespace: "default".into(),
        name: "store".into(),
        rules: vec!["pdb-missing".into()],
    };
    let client = stage.own_client();
    stage.runtime.block_on(async {
        let (announcer, writing) = Announcer::new(client, "kubelint-0".into());
        announcer.tell(notice.clone());
        announcer.tell(notice.clone());
        announcer.tell(Notice { name: String::new(), ..notice });
        drop(announcer);
        writing.await;
    });
    let events = stage.get(&["events.events.k8s.io", "-n", "default"]);
    let ours = events["items"].as_array().unwrap().iter().filter(|event| event["reportingController"] == "kubelint.dev/webhook");
    let ours: Vec<&Json> = ours.collect();
    assert_eq!(ours.len(), 1, "{events}");
    assert_eq!(ours[0]["note"], "CREATE was refused by pdb-missing");
    assert_eq!((&ours[0]["regarding"]["name"], &ours[0]["reason"]), (&Json::from("store"), &Json::from("AdmissionRefused")));
}

const REFUSED: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: default}
spec:
  replicas: 2
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: redis, image: redis}]}
";

#[test]
fn a_running_replica_mends_its_bundle_and_announces_what_it_refuses() {
    let Some(plane) = ControlPlane::start() else { return };
    let door = Door::install(plane, "version: 1\n");
    let ours = || -> Vec<Json> {
        let events = door.plane.kubectl_ok(["get", "events.events.k8s.io", "-n", "default", "-o", "json"]);
        let events: Json = serde_json::from_str(&events).unwrap();
        let ours = events["items"].as_array().unwrap().iter().filter(|event| event["reportingController"] == "kubelint.dev/webhook");
        ours.cloned().collect()
    };
    // The door was probed with dry runs, which leave nothing behind.
    assert!(!door.plane.apply(REFUSED, &["--dry-run=server"]).status.success());
    let refused = door.plane.apply(REFUSED, &[]);
    assert!(said(&refused).contains("denied the request"), "{}", said(&refused));
    door.wait_for(|| !ours().is_empty());
    let events = ours();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((&events[0]["regarding"]["name"], &events[0]["reason"]), (&Json::from("store"), &Json::from("AdmissionRefused")));
    assert!(events[0]["note"].as_str().unwrap().starts_with("CREATE was refused by "), "{}", events[0]["note"]);

    let metrics = door.get("/metrics").unwrap();
    for metric in ["kubelint_bundle_info{", "kubelint_rule_duration_seconds_bucket{", "kubelint_watch_lag_seconds 0."] {
        assert!(metrics.contains(metric), "no {metric}");
    }
    let lost = r#"[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]"#;
    door.plane.kubectl_ok(["patch", "validatingwebhookconfiguration", "kubelint", "--type=json", "-p", lost]);
    door.wait_for(|| said(&door.plane.apply(REFUSED, &["--dry-run=server"])).contains("denied the request"));
    assert_eq!(ours().len(), 1);
}
