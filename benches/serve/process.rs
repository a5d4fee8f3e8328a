//! `kubelint serve` as processes of their own, with a mounted certificate.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Certificate and key as the kubelet mounts them: below `..data`, a symbolic link.
pub(crate) struct Files {
    folder: tempfile::TempDir,
    version: AtomicUsize,
}

impl Files {
    pub(crate) fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap(), version: AtomicUsize::new(0) };
        for name in ["tls.crt", "tls.key"] {
            symlink(format!("..data/{name}"), files.folder.path().join(name)).unwrap();
        }
        files.swap();
        files
    }

    /// Another certificate, all at once; in DER.
    pub(crate) fn swap(&self) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["kubelint.kubelint-system.svc".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let version = format!("..{}", self.version.fetch_add(1, Ordering::Relaxed));
        let root = self.folder.path();
        fs::create_dir(root.join(&version)).unwrap();
        fs::write(root.join(&version).join("tls.crt"), certificate.pem()).unwrap();
        fs::write(root.join(&version).join("tls.key"), key.serialize_pem()).unwrap();
        symlink(&version, root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
        certificate.der().to_vec()
    }
}

/// One process. Dropping it kills it.
pub(crate) struct Replica {
    child: Child,
    pub(crate) address: SocketAddr,
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Replica {
    /// Starts one and waits until it is ready.
    pub(crate) async fn start(files: &Files) -> Self {
        let (address, health) = (free_address(), free_address());
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubelint"));
        command.args(["serve", "--no-cluster", "--log-format=json"]);
        command.arg(format!("--listen={address}")).arg(format!("--health-listen={health}"));
        command.arg("--tls-cert").arg(files.folder.path().join("tls.crt")).arg("--tls-key").arg(files.folder.path().join("tls.key"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let replica = Self { child, address };
        for _ in 0..1_000 {
            if ready(health).await {
                return replica;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("kubelint serve is not ready after ten seconds");
    }

    /// As the kubelet ends it.
    pub(crate) fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    pub(crate) async fn ended(mut self) {
        for _ in 0..3_000 {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("kubelint serve did not end");
    }

    fn status(&self, field: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the process is gone");
        let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap_or_default()
    }

    /// Time on all cores so far. The kernel counts in hundredths of a second.
    pub(crate) fn cpu(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the process is gone");
        let fields: Vec<u64> =
            text.rsplit(") ").next().unwrap_or_default().split(' ').map(|field| field.parse().unwrap_or_default()).collect();
        Duration::from_millis((fields[11] + fields[12]) * 10)
    }

    /// In KiB.
    pub(crate) fn resident(&self) -> u64 {
        self.status("VmRSS")
    }

    /// In KiB.
    pub(crate) fn resident_peak(&self) -> u64 {
        self.status("VmHWM")
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let mut answer = String::new();
    asked.is_ok() && stream.read_to_string(&mut answer).await.is_ok() && answer.starts_with("HTTP/1.1 200")
}
