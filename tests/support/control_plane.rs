//! A real control plane on loopback for the end-to-end tests: etcd and kube-apiserver at least, from `KUBEBUILDER_ASSETS`
//! (the envtest convention) or from `tests/control-plane`, which adds controllers and simulated nodes.
//! Include it with `#[path = "support/control_plane.rs"] mod control_plane;`.
//!
//! Where neither is there, [`ControlPlane::start`] says loudly what does not run and yields `None`;
//! with `KUBELINT_E2E=require`, as in CI, it fails instead.
#![allow(dead_code, reason = "every test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test fails by panicking and says on standard error what it leaves out"
)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long the API server may take to become ready. It takes 3 s on an idle machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a start can be told. The default: three nodes, Pods ready at once.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Time a Pod takes to become Ready, as Go writes durations: `1500ms`.
    pub ready_after: Option<&'static str>,
    /// More flags of kube-apiserver.
    pub apiserver_flags: Vec<String>,
    /// Let kube-scheduler bind Pods instead of the simulated nodes.
    pub scheduler: bool,
}

/// A running control plane. Dropping it kills its processes, by their ids, and removes its directory.
pub struct ControlPlane {
    kubectl: PathBuf,
    processes: Processes,
    dir: TempDir,
}

enum Processes {
    /// `control-plane up`, which starts and ends the others.
    Up { child: Child, input: Option<ChildStdin>, output: BufReader<std::process::ChildStdout> },
    /// etcd and kube-apiserver of `KUBEBUILDER_ASSETS`, in the order of their start.
    Assets(Vec<Child>),
}

impl ControlPlane {
    /// Starts one with the default options.
    pub fn start() -> Option<Self> {
        Self::start_with(&Options::default())
    }

    /// Starts one and waits until it is ready. `None` where there is nothing to start.
    pub fn start_with(options: &Options) -> Option<Self> {
        if let Some(assets) = std::env::var_os("KUBEBUILDER_ASSETS").filter(|dir| !dir.is_empty()) {
            return Some(Self::from_assets(Path::new(&assets), options));
        }
        let binary = built_binary();
        if binary.is_file() {
            return Some(Self::up(&binary, options));
        }
        let missing = format!(
            "no control plane: the end-to-end tests of {:?} did not run. Build it with tests/control-plane/build.sh (Go 1.26, some \
             minutes the first time), or set KUBEBUILDER_ASSETS to a directory with etcd, kube-apiserver and kubectl.",
            std::thread::current().name().unwrap_or("?")
        );
        assert!(std::env::var_os("KUBELINT_E2E").is_none_or(|v| v != "require"), "{missing}");
        eprintln!("\n*** SKIPPED: {missing}\n");
        None
    }

    fn up(binary: &Path, options: &Options) -> Self {
        // The ports are free when they are chosen, not reserved: try again once.
        Self::try_up(binary, options)
            .or_else(|first| {
                eprintln!("the control plane did not start, trying again: {first}");
                Self::try_up(binary, options)
            })
            .unwrap_or_else(|why| panic!("{why}"))
    }

    fn try_up(binary: &Path, options: &Options) -> Result<Self, String> {
        let dir = TempDir::with_prefix("control-plane-").unwrap();
        let log = File::create(dir.path().join("up.log")).unwrap();
        let mut command = Command::new(binary);
        command.arg("up").arg("--dir").arg(dir.path()).arg("--apiserver-flags").arg(options.apiserver_flags.join(" "));
        command.arg(format!("--scheduler={}", options.scheduler));
        command.args(options.ready_after.map(|after| format!("--ready-after={after}")));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().map_err(|e| e.to_string())?;
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).map_err(|e| e.to_string())?;
        let kubectl = binary.with_file_name("kubectl");
        let plane = Self { kubectl, processes: Processes::Up { child, input, output }, dir };
        if line.starts_with("ready ") { Ok(plane) } else { Err(plane.logs()) }
    }

    fn from_assets(assets: &Path, options: &Options) -> Self {
        let dir = TempDir::with_prefix("control-plane-").unwrap();
        let at = |name: &str| dir.path().join(name);
        let [client, peer, secure] = free_ports();
        let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
        let key = rcgen::KeyPair::generate().unwrap();
        fs::write(at("sa.key"), key.serialize_pem()).unwrap();
        fs::write(at("sa.pub"), key.public_key_pem()).unwrap();
        fs::write(at("tokens.csv"), "admin-token,admin,admin,system:masters\n").unwrap();
        let spawn = |name: &str, flags: Vec<String>| {
            let log = File::create(dir.path().join(format!("{name}.log"))).unwrap();
            let mut command = Command::new(assets.join(name));
            command.args(flags).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
            command.spawn().unwrap_or_else(|e| panic!("KUBEBUILDER_ASSETS: {name} cannot be started: {e}"))
        };
        let mut etcd = vec![format!("--data-dir={}", at("etcd").display()), "--name=test".into(), "--unsafe-no-fsync".into()];
        etcd.extend(["listen-client-urls", "advertise-client-urls"].map(|flag| format!("--{flag}={client}")));
        etcd.extend(["listen-peer-urls", "initial-advertise-peer-urls"].map(|flag| format!("--{flag}={peer}")));
        etcd.push(format!("--initial-cluster=test={peer}"));
        let mut apiserver: Vec<String> = [
            "--bind-address=127.0.0.1 --advertise-address=127.0.0.1 --endpoint-reconciler-type=none --authorization-mode=RBAC",
            "--service-cluster-ip-range=127.96.0.0/16 --allow-privileged=true --disable-admission-plugins=ServiceAccount",
            "--service-account-issuer=https://kubernetes.default.svc --profiling=false",
        ]
        .iter()
        .flat_map(|flags| flags.split(' ').map(str::to_owned))
        .collect();
        apiserver.push(format!("--etcd-servers={client}"));
        apiserver.push(format!("--secure-port={secure}"));
        for (flag, file) in [
            ("cert-dir", "certs"),
            ("service-account-key-file", "sa.pub"),
            ("service-account-signing-key-file", "sa.key"),
            ("token-auth-file", "tokens.csv"),
        ] {
            apiserver.push(format!("--{flag}={}", at(file).display()));
        }
        apiserver.extend(options.apiserver_flags.iter().cloned());
        let server = format!("https://127.0.0.1:{secure}");
        let certificate = at("certs").join("apiserver.crt");
        let kubeconfig = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "admin" } }],
            "clusters": [{ "name": "test", "cluster": { "server": server, "certificate-authority": certificate } }],
            "users": [{ "name": "admin", "user": { "token": "admin-token" } }],
        });
        fs::write(at("kubeconfig"), kubeconfig.to_string()).unwrap();
        let processes = Processes::Assets(vec![spawn("etcd", etcd), spawn("kube-apiserver", apiserver)]);
        let plane = Self { kubectl: assets.join("kubectl"), processes, dir };
        plane.wait_until_ready();
        plane
    }

    fn wait_until_ready(&self) {
        let begin = Instant::now();
        while !self.kubectl(["get", "--raw", "/readyz"]).status.success() {
            assert!(begin.elapsed() < PATIENCE, "the control plane is not ready after {PATIENCE:?}:\n{}", self.logs());
            sleep(Duration::from_millis(100));
        }
    }

    /// Does it run controllers and simulated nodes? `KUBEBUILDER_ASSETS` has none: no Pod ever starts there.
    pub fn has_controllers(&self) -> bool {
        matches!(self.processes, Processes::Up { .. })
    }

    /// An administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("kubeconfig")
    }

    /// Where its files are: `ca.crt`, NAME.log and NAME.pid of every component. Gone when it is dropped.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// kubectl with the administrator's kubeconfig and nothing of the caller's own configuration.
    pub fn kubectl_command(&self) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.env("KUBECONFIG", self.kubeconfig()).env("HOME", self.dir.path()).stdin(Stdio::null());
        command
    }

    /// Runs kubectl to its end.
    pub fn kubectl<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        let mut command = self.kubectl_command();
        command.args(args).output().unwrap_or_else(|e| panic!("{} cannot be started: {e}", self.kubectl.display()))
    }

    /// What kubectl prints; panics with its message where it fails.
    pub fn kubectl_ok<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> String {
        let output = self.kubectl(args);
        assert!(output.status.success(), "kubectl failed: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// `kubectl apply -f -` of this manifest, with more arguments.
    pub fn apply(&self, manifest: &str, more: &[&str]) -> Output {
        let mut command = self.kubectl_command();
        command.args(["apply", "-f", "-"]).args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let manifest = manifest.to_owned();
        // From a thread of its own: kubectl may answer before it has read everything.
        let writer = std::thread::spawn(move || input.write_all(manifest.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().ok();
        output
    }

    /// Waits until Pods can be created directly in a namespace (its default ServiceAccount is made by a controller).
    pub fn wait_for_pods_allowed(&self, namespace: &str) {
        if self.has_controllers() {
            self.kubectl_ok(["wait", "--for=create", "--timeout=60s", "-n", namespace, "serviceaccount/default"]);
        }
    }

    /// Kills a component (`etcd`, `kube-apiserver`, `kube-controller-manager`, `nodes`) as SIGKILL does.
    pub fn kill(&mut self, component: &str) {
        self.command(&format!("kill {component}"));
    }

    /// Starts a killed component again, with its data and its address. Does not wait for readiness.
    pub fn restart(&mut self, component: &str) {
        self.command(&format!("start {component}"));
    }

    /// Waits until the API server is ready again.
    pub fn wait(&mut self) {
        self.command("wait");
    }

    fn command(&mut self, line: &str) {
        let Processes::Up { input, output, .. } = &mut self.processes else {
            panic!("components of KUBEBUILDER_ASSETS are not started again: use tests/control-plane")
        };
        writeln!(input.as_mut().unwrap(), "{line}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert_eq!(answer, "ok\n", "{line}");
    }

    /// The ends of all logs, for a failure's message.
    fn logs(&self) -> String {
        let mut text = String::new();
        for name in ["up", "etcd", "kube-apiserver"] {
            let log = fs::read_to_string(self.dir.path().join(format!("{name}.log"))).unwrap_or_default();
            let lines: Vec<_> = log.lines().rev().take(10).collect();
            text.extend(lines.iter().rev().map(|line| format!("{name}: {line}\n")));
        }
        text
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        match &mut self.processes {
            Processes::Up { child, input, .. } => {
                // It kills its children when its input ends; they die with it in any case.
                drop(input.take());
                for _ in 0..100 {
                    if !matches!(child.try_wait(), Ok(None)) {
                        return;
                    }
                    sleep(Duration::from_millis(20));
                }
                child.kill().ok();
                child.wait().ok();
            }
            Processes::Assets(children) => {
                for child in children.iter_mut().rev() {
                    child.kill().ok();
                    child.wait().ok();
                }
            }
        }
    }
}

/// Where `tests/control-plane/build.sh` puts its binary, there or not.
fn built_binary() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control-plane/build.sh");
    let output = Command::new("bash").arg(script).arg("--path").output();
    output.map_or_else(|_| PathBuf::new(), |output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Ports of 127.0.0.1 that are free now.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
