//! Certificates in files, replaced as the kubelet replaces a mounted Secret: everything below a symbolic link changes at once.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use kubelint::webhook::tls::{Files, Look, PairError, Served, server_config};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};

pub const NAME: &str = "kubelint.kubelint-system.svc";

pub struct Pem {
    pub certificate: String,
    pub key: String,
}

/// A certificate that is its own authority, until the end of a year.
pub fn pair(year: i32) -> Pem {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, 12, 31);
    Pem { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

/// What a handshake shows of the certificate in use; `None` where there is none.
fn shown(served: &Arc<Served>, trusted: &Pem) -> Option<bool> {
    let mut roots = RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(trusted.certificate.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    let mut client = ClientConnection::new(Arc::new(client), ServerName::try_from(NAME).unwrap()).unwrap();
    let mut server = ServerConnection::new(server_config(Arc::clone(served), true).unwrap()).unwrap();
    for _ in 0..10 {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        client.write_tls(&mut up).unwrap();
        server.read_tls(&mut up.as_slice()).unwrap();
        if server.process_new_packets().is_err() {
            return None;
        }
        server.write_tls(&mut down).unwrap();
        client.read_tls(&mut down.as_slice()).unwrap();
        if client.process_new_packets().is_err() {
            return Some(false);
        }
        if !client.is_handshaking() && !server.is_handshaking() {
            return Some(true);
        }
    }
    None
}

/// A volume as the kubelet mounts it: `tls.crt -> ..data/tls.crt`, `..data -> ..1`.
struct Volume {
    folder: tempfile::TempDir,
    version: usize,
}

impl Volume {
    fn new(pair: &Pem) -> Self {
        let mut volume = Self { folder: tempfile::tempdir().unwrap(), version: 0 };
        for name in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(name), volume.folder.path().join(name)).unwrap();
        }
        volume.swap(&pair.certificate, &pair.key);
        volume
    }

    fn swap(&mut self, certificate: &str, key: &str) {
        self.version += 1;
        let version = format!("..{}", self.version);
        let (root, folder) = (self.folder.path(), self.folder.path().join(&version));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("tls.crt"), certificate).unwrap();
        fs::write(folder.join("tls.key"), key).unwrap();
        symlink(&version, root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
        let _ = fs::remove_dir_all(root.join(format!("..{}", self.version - 1)));
    }

    fn files(&self) -> Files {
        Files::new(self.folder.path().join("tls.crt"), self.folder.path().join("tls.key"))
    }
}

#[test]
fn a_swapped_volume_is_served_and_a_bad_pair_never() {
    let (first, second, third) = (pair(2090), pair(2091), pair(2092));
    let mut volume = Volume::new(&first);
    let (mut files, served) = (volume.files(), Arc::new(Served::default()));
    let now = 1_800_000_000;
    assert_eq!(shown(&served, &first), None, "nothing is served yet");
    let look = |files: &mut Files| match files.look(now) {
        Look::Same => "same".to_owned(),
        Look::New(pair) => {
            served.replace(&pair);
            "new".to_owned()
        }
        Look::Bad(error) => match error {
            PairError::Io { .. } => "unreadable".into(),
            PairError::NoCertificate(_) => "no certificate".into(),
            PairError::NoKey(_) => "no key".into(),
            PairError::NoPair { .. } => "no pair".into(),
            PairError::OutOfTime { .. } => "out of time".into(),
        },
    };
    let served = Arc::clone(&served);
    assert_eq!((look(&mut files).as_str(), look(&mut files).as_str()), ("new", "same"));
    assert_eq!((shown(&served, &first), shown(&served, &second)), (Some(true), Some(false)));

    volume.swap(&second.certificate, &second.key);
    assert_eq!(look(&mut files), "new");
    assert_eq!((shown(&served, &first), shown(&served, &second)), (Some(false), Some(true)));
    // The same content below another link is no other pair.
    volume.swap(&second.certificate, &second.key);
    assert_eq!(look(&mut files), "same");

    let half = &third.certificate[..third.certificate.len() / 2];
    for (certificate, key, said) in [
        (third.certificate.as_str(), second.key.as_str(), "no pair"),
        (half, &third.key, "no certificate"),
        (&third.certificate, "", "no key"),
        ("", "", "no certificate"),
        (&pair(2021).certificate, &third.key, "out of time"),
    ] {
        volume.swap(certificate, key);
        assert_eq!((look(&mut files).as_str(), look(&mut files).as_str()), (said, "same"), "told once");
        assert_eq!(shown(&served, &second), Some(true), "after {said}");
    }
    fs::remove_file(volume.folder.path().join("..data")).unwrap();
    assert_eq!(look(&mut files), "unreadable");
    assert_eq!(shown(&served, &second), Some(true));

    volume.swap(&third.certificate, &third.key);
    assert_eq!(look(&mut files), "new");
    assert_eq!(shown(&served, &third), Some(true));
}
