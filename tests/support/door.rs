//! `kubelint serve` beside a control plane: the shipped manifests are applied, and the process that they would run in a Pod runs
//! here, under the same account, on the address of the shipped Service.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::print_stderr, unreachable_pub, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::control_plane::{ControlPlane, free_ports};

/// How long something may take that takes a moment on an idle machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a command said, on both streams.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// An installed kubelint. It ends with this.
pub struct Door {
    /// Where it is installed.
    pub plane: ControlPlane,
    serving: Option<Child>,
    address: String,
    health: u16,
}

impl Door {
    /// Installs, starts, and waits until it is asked.
    pub fn install(plane: ControlPlane, config: &str) -> Self {
        let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("webhook-manifests");
        plane.kubectl_ok(["apply".as_ref(), "-k".as_ref(), manifests.as_os_str()]);
        let address = ["get", "service", "kubelint", "-n", "kubelint-system", "-o", "jsonpath={.spec.clusterIP}"];
        let address = plane.kubectl_ok(address);
        fs::write(plane.dir().join("kubelint.yaml"), config).unwrap();
        let mut kubeconfig: serde_json::Value =
            serde_json::from_str(&plane.kubectl_ok(["config", "view", "--raw", "--flatten", "-o", "json"])).unwrap();
        // The administrator's certificate, in the name of the account that the manifests bind.
        kubeconfig["users"][0]["user"]["as"] = "system:serviceaccount:kubelint-system:kubelint".into();
        kubeconfig["contexts"][0]["context"]["namespace"] = "kubelint-system".into();
        fs::write(plane.dir().join("kubelint.kubeconfig"), kubeconfig.to_string()).unwrap();
        let [health] = free_ports();
        let mut door = Self { plane, serving: None, address, health };
        door.start();
        door.wait_for(|| door.is_ready());
        // The configurations are in force once something is refused that they refuse.
        let probe = "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: probe}, spec: {replicas: 2, serviceName: p, selector: \
                     {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: redis, image: redis}]}}}}";
        door.wait_for(|| said(&door.plane.apply(probe, &["--dry-run=server"])).contains("denied the request: StatefulSet"));
        door
    }

    /// Does its readiness probe succeed?
    pub fn is_ready(&self) -> bool {
        self.get("/readyz").is_some_and(|answer| answer.contains("200 OK"))
    }

    /// Ends the process and starts it anew.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
        self.wait_for(|| self.is_ready());
    }

    fn start(&mut self) {
        let at = |name: &str| self.plane.dir().join(name);
        let log = File::create(at("kubelint.log")).unwrap();
        let serving = Command::new(env!("CARGO_BIN_EXE_kubelint"))
            .args(["serve", "-v", "--listen", &format!("{}:8443", self.address), "--health-listen", &format!("127.0.0.1:{}", self.health)])
            .args(["--lame-duck=0", "--drain=1", "--config"])
            .arg(at("kubelint.yaml"))
            .env("KUBECONFIG", at("kubelint.kubeconfig"))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.serving = Some(serving);
    }

    /// Ends the process.
    pub fn stop(&mut self) {
        if let Some(mut serving) = self.serving.take() {
            serving.kill().ok();
            serving.wait().ok();
        }
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.plane.dir().join("kubelint.log")).unwrap_or_default()
    }

    /// The answer of the health listener, with its head.
    pub fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.health)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: kubelint\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// A new namespace with labels, `a=b,c=d`.
    pub fn namespace(&self, name: &str, labels: &str) -> String {
        let labels = labels.split(',').filter_map(|label| label.split_once('=')).map(|(key, value)| format!("{key}: {value}"));
        let labels = labels.collect::<Vec<_>>().join(", ");
        let output =
            self.plane.apply(&format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, labels: {{{labels}}}}}}}"), &[]);
        assert!(output.status.success(), "{}", said(&output));
        name.to_owned()
    }

    /// Labels a namespace, and waits until that is in force.
    pub fn enforce(&self, namespace: &str, level: &str) {
        self.plane.kubectl_ok(["label", "namespace", namespace, &format!("kubelint.dev/enforce={level}"), "--overwrite"]);
        let probe = "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: probe}, spec: {serviceName: p, selector: {matchLabels: \
                     {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: redis, image: redis}]}}}}";
        let refuses = || !self.plane.apply(probe, &["-n", namespace, "--dry-run=server"]).status.success();
        self.wait_for(|| refuses() == (level != "none"));
    }

    /// `kubelint scan` as an administrator: exit code and output.
    pub fn scan(&self, args: &[&str]) -> (i32, String) {
        self.scan_as(&self.plane.kubeconfig(), args)
    }

    /// `kubelint scan` with the rights of the account that it serves under.
    pub fn scan_as_itself(&self, args: &[&str]) -> (i32, String) {
        self.scan_as(&self.plane.dir().join("kubelint.kubeconfig"), args)
    }

    fn scan_as(&self, kubeconfig: &Path, args: &[&str]) -> (i32, String) {
        let mut scan = Command::new(env!("CARGO_BIN_EXE_kubelint"));
        let output = scan.arg("scan").args(args).env("KUBECONFIG", kubeconfig).output().unwrap();
        (output.status.code().unwrap(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    }

    /// Tries until it is so.
    pub fn wait_for(&self, holds: impl Fn() -> bool) {
        let begin = Instant::now();
        while !holds() {
            assert!(begin.elapsed() < PATIENCE, "it is not so after {PATIENCE:?}; kubelint says:\n{}", self.log());
            sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop();
    }
}
